"""The score of a registered forecast: it is that of the record given, on the same items for all, and says what is wrong with its input."""

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.made_up_evidence import evidence_folder
from helpers.made_up_forecast import written

import seeds
from experiments.cli import app
from experiments.figures import verification as figures
from experiments.forecasting import files, reference_forecasts, score_document, scores
from experiments.forecasting.verification import FIT_WALK, MODEL, verify
from experiments.observation import evidence, record
from experiments.observation.areas import month_ends
from experiments.reporting import score_page
from experiments.validation.rows import forecast_skill
from sim.errors import InputError

START, LAST = dt.date(2025, 8, 31), dt.date(2025, 11, 30)
OPENED = Path(__file__).resolve().parents[3] / "shared" / "evidence-2026-01"
ITEMS = ["monthly box", "monthly direction", "cells 2025-11-01", "captures", "taken"]
PLACES = [r["id"] for r in seeds.table("settlements") if "unverified" not in r["coord_source"]]


@pytest.fixture(scope="module")
def forecast(tmp_path_factory):
    """Run k of twenty gains 10 k km2 a month, see `written`; its parameters were fitted to April 2025."""
    folder = written(tmp_path_factory.mktemp("forecast") / "made-up", "2025-08-31", "2025-12-31")
    file = folder / files.MANIFEST
    told = json.loads(file.read_text("utf-8"))
    told["posterior"]["last"] = "2025-04-30"
    file.write_text(json.dumps(told), "utf-8")
    return folder


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A record of 100 km2 a month to 30 November 2025; one place has fallen before, one is retaken and falls again, one falls."""
    dates = {PLACES[0]: ("2025-03-01",), PLACES[1]: ("2025-01-01", "2025-02-01", "2025-09-10"), PLACES[2]: ("2025-10-01",), PLACES[3]: ("2025-12-24",)}
    return evidence_folder(tmp_path_factory.mktemp("evidence") / "to-november", LAST, dates)


@pytest.fixture(scope="module")
def found(forecast, opened):
    return verify(files.read(forecast), evidence.read(opened))


@pytest.fixture(scope="module")
def told(found):
    return score_document.document(found)


def test_evidence_is_read_as_it_stands(opened):
    known = evidence.read(opened)
    assert known.end == LAST and known.areas("direction").monthly() == pytest.approx(50.0)
    days = known.captured_after(START)
    assert PLACES[0] not in days and days[PLACES[1]] == 10 and days[PLACES[2]] == 31 and np.isinf(days[PLACES[4]])
    assert known.captured_after(dt.date(2025, 1, 15)).get(PLACES[1]) is None, "it was held then"


def test_what_the_record_reaches_is_scored_and_nothing_else(found):
    assert found.months == ["2025-09", "2025-10", "2025-11"] and found.last == LAST and found.dates == (dt.date(2025, 11, 1),)
    assert list(found.ours.items) == ITEMS and all(list(o.items) == ITEMS for o in found.others)
    assert found.outcome.monthly == pytest.approx(np.tile([100.0, 50.0], (3, 1)))
    assert PLACES[0] not in found.places and {PLACES[1], PLACES[2]} <= set(found.places)
    assert found.outcome.captured[found.places.index(PLACES[3])] > found.outcome.days, "it falls after the last day"
    assert np.isfinite(found.ours.items["taken"]).all()


def test_scores_are_those_of_the_definition(found):
    """CRPS by the mean difference form; the Brier score of a cell that is held with a chance of a half is a quarter."""
    members = 10.0 * np.arange(20)
    exact = np.abs(members - 100).mean() - 0.5 * np.abs(members[:, None] - members).mean()
    assert found.ours.items["monthly box"] == pytest.approx(exact) and found.ours.mean("monthly direction") == pytest.approx(exact / 2)
    assert found.ours.pit["monthly box"] == pytest.approx(10.5 / 20)
    assert found.ours.coverage["monthly box", 0.9].estimate == 1.0 and found.ours.coverage["monthly box", 0.9].n == 3
    near, held, chance = scores.near_front(found.outcome.start), found.outcome.cells[0], found.forecast.cells[0]
    assert found.ours.mean("cells 2025-11-01") == pytest.approx(((chance - held)[near] ** 2).mean())


def test_references_know_what_was_known_and_no_more(found):
    """Every month of the past gained 100 km2: what goes on is right, what stays is 100 km2 off."""
    by = {o.name: o for o in found.others}
    assert set(by) == {*reference_forecasts.REFERENCES, FIT_WALK}
    assert by["persistence"].mean("monthly box") == pytest.approx(100)
    for name in ("linear extrapolation", "climatology", "random walk on the gain", "mean of three months", "random walk", FIT_WALK):
        assert by[name].mean("monthly box") == pytest.approx(0, abs=1e-6), name
    assert not by["persistence"].pit and by["climatology"].pit


@pytest.mark.parametrize(("fitted", "named"), [("2025-08-31", False), ("2025-07-30", True), ("2024-09-30", False), (None, False)])
def test_the_walk_of_the_fit_stands_apart_where_the_fit_ends_earlier(fitted, named, forecast, opened):
    """None where the months of the fit are all months, too few for a reference, or not told."""
    saved = files.read(forecast)
    saved.manifest["posterior"]["last"] = fitted
    assert (FIT_WALK in {o.name for o in verify(saved, evidence.read(opened)).others}) == named


def test_gains_of_references_are_those_of_their_names():
    past = reference_forecasts.Past(np.array([[10.0, 1], [20, 2], [60, 3], [40, 4], [80, 5]]), np.ones(5))
    walk = reference_forecasts.random_walk_on_the_gain(past, 9)[:, :, 0]
    step = np.sqrt(np.mean(np.square([10, 40, -20, 40])))
    assert walk.mean(axis=0) == pytest.approx(80, abs=1)
    assert walk.std(axis=0) == pytest.approx(step * np.sqrt(np.arange(1, 10)), rel=0.02)
    three = reference_forecasts.three_months(past, 2)[:, :, 0]
    assert three.mean(axis=0) == pytest.approx(60, abs=0.5) and three.std(axis=0) == pytest.approx(past.monthly[:, 0].std(ddof=1), rel=0.02)
    again = reference_forecasts.climatology(past, 7)
    assert again.shape == (5, 7, 2) and all(sorted(month[:, 0]) == sorted(past.monthly[:, 0]) for month in again.transpose(1, 0, 2))
    assert again[3, :3, 0].tolist() == [40, 80, 10]


@pytest.mark.parametrize(
    ("name", "box", "direction"),
    [("random walk on the gain", (58, 93, 107), (35, 46, 46)), ("mean of three months", (75, 96, 95), (35, 39, 35)),
     ("climatology", (67, 77, 76), (33, 36, 34)), ("persistence", (128, 123, 127), (52, 51, 55))],
)  # fmt: skip
def test_references_have_the_scores_published_with_the_evidence(name, box, direction):
    """Rolling origins at month ends from 2024-12-31 on, months up to January 2026: mean CRPS in km2 at leads of 1, 2 and 3 months."""
    gains = np.column_stack([record.areas(area).monthly() for area in scores.AREAS])
    missed = [[] for _ in range(3)]
    for origin in month_ends(record.areas().months())[:-1]:
        if origin >= np.datetime64("2024-12-31"):
            past = reference_forecasts.known_before(origin.astype(dt.date))
            drawn = reference_forecasts.REFERENCES[name](past, 3)
            for lead, row in enumerate(gains[len(past.monthly) : len(past.monthly) + 3]):
                missed[lead].append([scores.crps(drawn[:, lead, k], row[k]) for k in range(2)])
    assert [len(m) for m in missed] == [13, 12, 11]
    mean = np.array([np.mean(m, axis=0) for m in missed]).T
    assert mean == pytest.approx(np.array([box, direction], float), abs=1.0)


def test_every_figure_is_told_with_its_interval_and_every_reference(told, found, tmp_path):
    json.dumps(told, allow_nan=False)
    assert [item["what"] for item in told["scores"]] == ITEMS
    for item in told["scores"]:
        assert set(item["forecasts"]) == {MODEL, *told["references"]} and item["items"] == len(found.ours.items[item["what"]])
        for name, by in item["forecasts"].items():
            assert {"mean", "low", "high", "n"} <= set(by) and (name == MODEL) == ("skill" not in by)
    walk = told["scores"][0]["forecasts"]["persistence"]
    assert walk["skill"]["low"] is None and "fewer than" in walk["skill"]["note"], "three months have no bootstrap interval"
    assert {c["forecast"] for c in told["coverage"]} == {p["forecast"] for p in told["pit"]} == {MODEL, *told["references"]} - {"persistence", "linear extrapolation"}
    assert [m["month"] for m in told["months"]] == found.months and told["months"][0]["box"]["record"] == 100
    assert sum(r["cells"] for r in told["reliability"]) == int(scores.near_front(found.outcome.start).sum())
    taken = {c["settlement"]: c["captured"] for c in told["captures"] if c["captured"]}
    assert taken == {PLACES[1]: "2025-09-10", PLACES[2]: "2025-10-01"}
    assert told["findings"][2].endswith("3 values are too few for an interval of a difference.")
    assert told["findings"][-1].endswith("clear of zero.") and "record 300 km2" in told["findings"][0] and "hold 3 and 3 of 3 months" in told["findings"][0]
    score_document.write(tmp_path, told)
    assert score_document.read(tmp_path) == told


def test_the_page_and_its_charts(told, found, quiet):
    chart = figures.skill(told, found.saved, "monthly")
    assert len(chart.table.rows) == 2 * len(told["references"]) and "of 16 comparisons" in chart.title and len(chart._repr_png_()) > 10_000
    maps = figures.maps(found)
    assert maps.title.endswith("held on 1 Nov 2025") and "whole box" in maps.caption
    page = score_page.page_of(told, found, None)
    assert all(line in page for line in ("The forecast of 2025-08-31, scored", "Reliability", "Coverage", "random walk on the gain"))
    assert "—" not in page and "nan" not in page


# By command


def call(capsys, *args):
    code = app._status(["score", *map(str, args)])
    return code, *capsys.readouterr()


def test_the_command_writes_score_page_and_figures(forecast, opened, tmp_path, capsys, quiet):
    code, out, err = call(capsys, forecast, "--record", opened, "--out", tmp_path / "score", "--csv")
    assert code == 0 and not err
    table = pd.read_csv(pd.io.common.StringIO(out))
    assert len(table) == len(ITEMS) * 9 and table["skill"].isna().sum() >= len(ITEMS)
    assert {f.name for f in (tmp_path / "score").iterdir()} == {"score.json", "score.html", "figures"}
    assert len(list((tmp_path / "score" / "figures").glob("*.png"))) == 4
    code, out, _ = call(capsys, forecast, "--record", opened, "--out", tmp_path / "score")
    assert code == 0 and "scored to 2025-11-30; months: 3, maps: 1," in out and "Skill" in out


BAD_RECORD = {
    "a column is missing": ("area_daily.csv", lambda t: t.replace("occ_pd_km2", "other"), "no column 'occ_pd_km2'"),
    "a date column is missing": ("control.csv", lambda t: t.replace(",captured_2", ",other"), "no column 'captured_2'"),
    "a wrong number": ("area_daily.csv", lambda t: t.replace("2024-07-08,1,", "2024-07-08,1,much", 1), "is no number"),
    "a wrong date": ("control.csv", lambda t: t.replace("2025-10-01", "autumn"), "'autumn' is no date"),
    "no table": ("area_daily.csv", None, "area_daily.csv' cannot be read"),
    "no rasters": ("cell_capture_day.csv", None, "no cell_capture_day.csv"),
    "another place": ("control.csv", lambda t: t.replace(PLACES[5], "atlantis"), f"no settlement '{PLACES[5]}'"),
    "after the record": ("area_daily.csv", lambda t: t + "2026-02-01,1,9,,,9,,\n", "nothing after 2026-01-31"),
    "no map": ("area_daily.csv", lambda t: t.splitlines()[0], "no map"),
}


@pytest.mark.parametrize("case", BAD_RECORD)
def test_a_bad_record_is_one_line_and_code_2(case, forecast, opened, tmp_path, capsys):
    name, change, words = BAD_RECORD[case]
    folder = shutil.copytree(opened, tmp_path / "copy")
    if change is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(change((folder / name).read_text()))
    code, _, err = call(capsys, forecast, "--record", folder, "--out", tmp_path / "out")
    assert code == 2 and words in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_bad_forecasts_and_records_that_end_too_early_are_one_line_and_code_2(forecast, opened, tmp_path, capsys):
    early = evidence_folder(tmp_path / "early", dt.date(2025, 9, 15), {})
    late = evidence_folder(tmp_path / "late", dt.date(2024, 10, 31), {})
    (tmp_path / "empty").mkdir()
    lost = shutil.copytree(forecast, tmp_path / "lost")
    pd.read_parquet(lost / "captures.parquet").drop(columns="captured").to_parquet(lost / "captures.parquet")
    for args, words in (
        (("2025-08-30", "--record", opened), "Did you mean '2025-08-31'"),
        ((tmp_path / "empty", "--record", opened), "holds no forecast"),
        ((lost, "--record", opened), "no column 'captured'"),
        ((forecast, "--record", early), "ends on 2025-09-15, before the first month"),
        ((forecast, "--record", late), "nothing to score"),
        ((forecast, "--record", tmp_path / "nowhere"), "not found"),
        ((forecast,), "Missing option '--record'"),
        ((forecast, "--record", opened, "--out", opened / "control.csv"), "is a file; allowed: a folder"),
        ((forecast, "--record", opened, "--json", "--csv"), "give one of them"),
    ):
        code, _, err = call(capsys, *args)
        assert code == 2 and words in err and err.count("\n") == 1, err


def test_made_up_ground_has_no_record(tmp_path, opened):
    made_up = files.read(written(tmp_path, "2025-08-31", "2025-11-01", scenario="skirmish"))
    with pytest.raises(InputError, match="made-up ground"):
        verify(made_up, evidence.read(opened))


@pytest.mark.parametrize("spoil", [None, "{", "[]", '{"kind": "score", "schema": 99}', '{"kind": "score", "schema": 1}'])
def test_a_broken_score_is_one_line(spoil, tmp_path):
    if spoil is not None:
        (tmp_path / "score.json").write_text(spoil)
    with pytest.raises(InputError) as caught:
        score_document.read(tmp_path)
    assert "\n" not in str(caught.value)


# The score that is shipped


def test_the_shipped_score_is_that_of_the_shipped_forecast_and_record():
    """Months are scored again from the files that come with the project."""
    folder = seeds.path("forecasts", "2025-08-31")
    saved, told = files.read(folder), score_document.read(folder)
    again = forecast_skill.monthly_skill(saved)
    assert told["record"]["scored_to"] == "2026-01-31" and len(told["months"]) == 5
    by = {item["what"]: item["forecasts"] for item in told["scores"]}
    for what in ("monthly box", "monthly direction"):
        assert by[what][MODEL]["mean"] == pytest.approx(again.ours.mean(what), rel=1e-3)
        for other in again.others:
            assert by[what][other.name]["mean"] == pytest.approx(other.mean(what), rel=0.02)


def test_the_shipped_score_is_the_one_published_with_the_evidence():
    """The table of the evidence: CRPS, months that the bands hold, Brier scores within 15 km."""
    told = score_document.read(seeds.path("forecasts", "2025-08-31"))
    mean = {item["what"]: {name: by["mean"] for name, by in item["forecasts"].items()} for item in told["scores"]}
    names = (MODEL, "persistence", "linear extrapolation", FIT_WALK)
    assert [mean["monthly box"][n] for n in names] == pytest.approx([65.9, 68.1, 162.5, 60.5], abs=0.06)
    assert [mean["monthly direction"][n] for n in names] == pytest.approx([36.8, 46.8, 52.1, 30.0], abs=0.1)
    assert [mean[f"cells {d}"][n] for d in ("2025-11-01", "2026-01-15") for n in names[:2]] == pytest.approx([0.050, 0.025, 0.069, 0.093], abs=5e-4)
    assert [c["inside"] for c in told["coverage"] if c["forecast"] == MODEL] == [2, 2, 1, 5]


@pytest.mark.skipif(not OPENED.is_dir(), reason="the evidence package is not beside the repository")
def test_the_shipped_score_is_made_again():
    folder = seeds.path("forecasts", "2025-08-31")
    again, told = score_document.document(verify(files.read(folder), evidence.read(OPENED))), score_document.read(folder)
    for key in score_document.NEEDED - {"findings"}:
        assert again[key] == told[key], key
