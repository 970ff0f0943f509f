"""Every number of a report's tables is found again from the Parquet files of its sweep, by pandas and SciPy alone."""

import html
import re

import pandas as pd
import pytest
from scipy import stats

from experiments import load
from experiments.reporting import study_report
from experiments.sweep import pool
from experiments.sweep.study_sweep import sweep

STUDY = """
title = "Three factors"
scenario = "skirmish"
design = "factorial"
replicates = 4
days = 3
measures = ["held_km2", "casualties_attacker", "price_per_km2"]
[factors]
manpower_ratio = [1.0, 4.0]
morale = [0.5, 1.0]
drones_attacker = [0.5, 2.0]
"""
FACTORS = {"manpower ratio": "manpower_ratio", "morale": "morale", "drones of the attacker": "drones_attacker"}
GROUND, MEN, PRICE = "Ground held by the attacker", "Casualties of the attacker", "Price of ground"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("numbers")
    (home / "three.toml").write_text(STUDY)
    sweep(home / "three.toml", home / "o", executor=pool.Here(), quiet=True)
    return home / "o"


@pytest.fixture(scope="module")
def runs(folder):
    return pd.concat(pd.read_parquet(file) for file in sorted((folder / "runs").glob("*.parquet")))


@pytest.fixture(scope="module")
def page(folder):
    return study_report.render(load(folder), None, ())[0]


def words(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


@pytest.fixture(scope="module")
def tables(page):
    """The rows of each table, cells as text, by its caption or the heading before it."""
    out = {}
    for found in re.finditer(r"<table.*?</table>", page, re.S):
        rows = [[words(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)] for row in re.findall(r"<tr.*?</tr>", found[0], re.S)]
        caption = re.search(r"<caption[^>]*>(.*?)</caption>", found[0], re.S)
        heading = re.findall(r"<h[2-4][^>]*>(.*?)</h[2-4]>|<summary[^>]*>(.*?)</summary>", page[: found.start()], re.S)[-1]
        out[words(caption[1]) if caption else words("".join(heading))] = [row for row in rows if row]
    return out


def table(tables, *parts):
    """The only table whose title has all of these words, without its head."""
    found = [rows for title, rows in tables.items() if all(part in title for part in parts)]
    assert len(found) == 1, (parts, list(tables))
    return found[0][1:]


def agrees(text, value):
    """True when a number as it is printed is this value, rounded to the digits that are shown."""
    text = text.replace("−", "-").replace(",", "").lstrip("+")
    decimals = len(text.partition(".")[2])
    digits = len(text.lstrip("-").replace(".", "").lstrip("0"))
    unit = 10.0**-decimals if decimals else 10.0 ** max(len(text.lstrip("-")) - min(digits, 3), 0)
    return abs(float(text) - value) <= 0.5001 * unit


def interval(text):
    return text.split(" to ")


def t_interval(values):
    return stats.t.interval(0.95, len(values) - 1, values.mean(), values.std(ddof=1) / len(values) ** 0.5)


def test_measures_over_all_runs(tables, runs):
    rows = {row[0]: row for row in table(tables, "Measures over all runs")}
    for name, title in (("held_km2", GROUND), ("casualties_attacker", MEN)):
        _title, _unit, n, *figures = rows[f"{title} ({name})"]
        values = runs[name]
        wanted = (values.mean(), values.std(), values.quantile(0.05), values.median(), values.quantile(0.95))
        assert int(n) == len(values) == 32
        assert all(agrees(text, value) for text, value in zip(figures, wanted, strict=True)), (figures, wanted)


@pytest.mark.parametrize(("name", "title"), [("held_km2", GROUND), ("casualties_attacker", MEN)])
def test_means_and_intervals_of_levels(tables, runs, name, title):
    rows = table(tables, f"{title}, ", "mean at each level over all others")
    assert len(rows) == 6
    for factor, level, mean, ends in rows:
        by_seed = runs[runs[FACTORS[factor]] == float(level)].groupby("seed")[name].mean()
        assert agrees(mean, by_seed.mean()), (factor, level)
        assert all(agrees(a, b) for a, b in zip(interval(ends), t_interval(by_seed), strict=True)), (factor, level, ends)


@pytest.mark.parametrize(("name", "title"), [("held_km2", GROUND), ("casualties_attacker", MEN)])
def test_effects_are_paired_differences_by_seed(tables, runs, page, name, title):
    rows = [row for row in table(tables, f"Effects on {title.lower()}") if " × " not in row[0]]
    found = 0
    for factor, low, high, effect, ends, seeds, *_ in rows:
        column = FACTORS.get(factor, factor)
        if column not in runs:
            continue  # a pair of factors
        means = runs.groupby(["seed", column])[name].mean().unstack()
        gaps = means[float(high)] - means[float(low)]
        assert agrees(effect, gaps.mean()), (factor, effect, gaps.mean())
        assert int(seeds) == 4
        if gaps.nunique() > 1:
            assert all(agrees(a, b) for a, b in zip(interval(ends), t_interval(gaps), strict=True)), (factor, ends)
        found += 1
    assert found == 3


@pytest.mark.parametrize(("name", "title"), [("held_km2", GROUND), ("casualties_attacker", MEN)])
def test_planes_are_means_of_points(tables, runs, name, title):
    (head, *rows) = next(rows for key, rows in tables.items() if f"{title}, " in key and ", by " in key and "Share" not in key)
    down, across = (FACTORS[word.partition(" (")[0]] for word in head[0].split(", ") )
    for level, *cells in rows:
        for column, text in zip(head[1:], cells, strict=True):
            here = runs[(runs[down] == float(level)) & (runs[across] == float(column))]
            assert agrees(text, here[name].mean())


def test_the_price_is_that_of_all_runs_of_a_point(tables, runs):
    """Cost of all runs of a point by the ground of all, and the mean of that over the other points."""
    (head, *rows) = next(rows for key, rows in tables.items() if f"{PRICE}, " in key and ", by " in key and "Share" not in key)
    down, across = (FACTORS[word.partition(" (")[0]] for word in head[0].split(", "))
    sums = runs.groupby(["manpower_ratio", "morale", "drones_attacker"])[["casualties_attacker", "gained_km2"]].sum()
    price = (sums["casualties_attacker"] / sums["gained_km2"]).rename("price").reset_index()
    for level, *cells in rows:
        for column, text in zip(head[1:], cells, strict=True):
            here = price[(price[down] == float(level)) & (price[across] == float(column))]
            assert agrees(text, here["price"].mean())


def test_pairs_of_seeds(tables, runs):
    rows = table(tables, f"{GROUND}, km²: manpower ratio at 4 minus at 1")
    means = runs.groupby(["seed", "manpower_ratio"])["held_km2"].mean().unstack()
    assert {int(seed) for seed, _ in rows} == {*means.index}
    assert all(agrees(text, (means[4.0] - means[1.0])[int(seed)]) for seed, text in rows)


def test_the_answer_in_short_says_what_the_files_say(page, runs):
    text = words(page)
    means = runs.groupby(["seed", "manpower_ratio"])["held_km2"].mean().unstack()
    gaps = means[4.0] - means[1.0]
    said = re.search(r"Manpower ratio from 1 to 4: (\S+) km² \(95 % (\S+) to (\S+)\), 4 seeds", text)
    assert said, "the strongest factor is in the answer"
    assert all(agrees(a, b) for a, b in zip(said.groups(), (gaps.mean(), *t_interval(gaps)), strict=True))
