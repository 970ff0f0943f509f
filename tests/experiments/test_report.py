"""The page of a study: whole HTML that asks nothing of the network, with figures, captions, tables and ways to reproduce it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

import experiments
from experiments.analysis import findings
from experiments.analysis.effects import paired
from experiments.figures import ensembles, factors
from experiments.figures.plotting import PlottedResults
from experiments.reporting.study_report import render, report
from experiments.studies.files import study_of
from experiments.sweep.study_sweep import sweep
from sim.errors import InputError

NASTY = "</title><script>alert('1')</script> & \"quoted\" $x^2$"
VOID = {"meta", "link", "img", "br", "hr", "input"}
STUDY = {
    "name": "tiny",
    "title": NASTY,
    "question": f"What of {NASTY}?",
    "scenario": "skirmish",
    "design": "factorial",
    "replicates": 4,
    "days": 3,
    "daily": True,
    "maps": "last",
    "measures": ["held_km2", "casualties_attacker"],
    "factors": {"manpower_ratio": [1.0, 4.0], "<b>works</b>": {"bundles": {"with <i>": {}, "without": {"belts": False}}}},
}


class Page(HTMLParser):
    """What a test asks of a page: its elements, whether they close, ids, references, and text by element."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.classes = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.tags.append((tag, told))
        self.ids += [told["id"]] if "id" in told else []
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action", "data", "poster", "srcset") and v]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def count(self, tag, **wanted):
        return sum(t == tag and all(a.get(k) == v for k, v in wanted.items()) for t, a in self.tags)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("sweep") / "tiny"
    told = sweep(study_of(STUDY).checked(), out, workers=1, quiet=True)
    assert told.done == 16
    return out


@pytest.fixture(scope="module")
def results(folder):
    return experiments.load(folder)


@pytest.fixture(scope="module")
def page(folder):
    file, n = report(folder, formats=("svg",))
    assert file == folder / "report.html"
    return file.read_text("utf-8"), n


def test_page_is_whole(page):
    text, n = page
    told = Page(text)
    assert told.open == [] and len(told.ids) == len(set(told.ids))
    assert n >= 4 and told.count("figure") == n == told.count("figcaption")
    assert told.count("html", lang="en") == 1 and told.count("h1") == 1 and told.count("main") == 1
    assert all(t[1].get("aria-label") for t in told.tags if t[1].get("role") in ("img", "region"))
    here = {link.removeprefix("#") for link in told.links if link.startswith("#")}
    assert here <= set(told.ids)


def test_a_handful_of_figures_is_in_view(page):
    """The rest is folded away, under a heading that the navigation names, and no figure is lost."""
    text, n = page
    in_view, folded = text.split('<section id="more">')
    folded = folded.split('<section id="tables">')[0]
    assert 3 <= in_view.count("<figure ") <= 6 and in_view.count("<figure ") + folded.count("<figure ") == n
    assert '<a href="#more">' in text and folded.count('<details class="more"><summary>') >= 2
    numbers = [int(k) for k in re.findall(r"<b>Figure (\d+)\.</b>", text)]
    assert numbers == list(range(1, n + 1))


def test_nothing_leaves_the_page(page):
    told = Page(page[0])
    assert all(link.startswith(("#", "data:")) for link in told.links)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", page[0].replace('url("#', "url(#"))
    assert told.count("script") == told.count("iframe") == told.count("link") == 0
    assert "default-src 'none'" in page[0]


def test_what_users_wrote_is_only_text(page):
    text = page[0]
    assert "<script" not in text and "<b>works" not in text and "with <i>" not in text
    assert "&lt;script&gt;" in text and "&lt;b&gt;works&lt;/b&gt;" in text


def test_every_figure_says_how_many_runs(page):
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page[0], re.DOTALL)
    assert all("16 runs, seeds 1 to 4, scenario skirmish, commit" in c for c in captions)
    drawings = re.findall(r"<figure.*?</figure>", page[0], re.DOTALL)
    assert all("<svg viewBox" in d and "<table>" in d and "<h3>" in d for d in drawings)


def test_how_to_reproduce_it(page, folder):
    assert "uv run pokrovsk sweep tiny.toml --out runs/tiny" in page[0] and "uv run pokrovsk report runs/tiny" in page[0]
    assert "replicates = 4" in page[0] and "3 days from 2024-08-01" in page[0] and "4 × 4 = 16 runs" in page[0]
    assert experiments.load(folder).manifest["key"] in page[0]


def test_figures_lie_beside_the_page(page, folder):
    files = sorted((folder / "figures").iterdir())
    assert all(re.fullmatch(r"\d\d-[\w.-]+\.svg", f.name) for f in files)
    assert len(files) == page[1] and all(f.stat().st_size > 2000 for f in files)


def test_command_writes_elsewhere(folder, tmp_path):
    from experiments.cli.app import _status

    assert _status(["report", str(folder), "--out", str(tmp_path / "deep" / "page.html")]) == 0
    assert (tmp_path / "deep" / "page.html").stat().st_size > 50_000
    kinds = {f.suffix for f in (tmp_path / "deep" / "figures").iterdir()}
    assert kinds == {".png", ".svg", ".pdf"}


def test_failed_runs_are_told(results):
    runs = results.runs.copy()
    runs.loc[runs["run"] == 3, ["status", "error"]] = ["failed", "Traceback\nValueError: no <men> left"]
    text, _ = render(replace(results, runs=runs))
    assert "ValueError: no &lt;men&gt; left" in text and "15 of 16" in text
    assert "15 runs, seeds 1 to 4" in text and "1 run failed and is left out." in text


def test_answers_have_intervals(results):
    told = findings.findings(results)
    assert [a.measure.name for a in told] == ["ground held by the attacker", "casualties of the attacker"]
    assert all(re.search(r"95 %", line) for a in told for line in a.lines)
    ratio = next(line for line in told[1].lines if "anpower ratio" in line)
    assert "4 seeds" in ratio or "No clear effect" in ratio


def test_measures_that_never_change_are_left_out(results):
    flat = results.with_measure("held_km2", results.runs["held_km2"] * 0)
    assert "held_km2" not in findings.focus(replace(flat, kept=["held_km2", "casualties_attacker"]))


def test_results_draw_themselves(results):
    kinds = [
        results.plot_fan("held_km2", by="manpower_ratio"),
        results.plot_heat("held_km2", "<b>works</b>", "manpower_ratio"),
        results.plot_effects("casualties_attacker"),
        results.plot_indices("held_km2"),
        results.plot_twins("casualties_attacker", "manpower_ratio", 1.0, 4.0),
        results.plot_control(by="manpower_ratio"),
        results.plot_convergence("held_km2"),
    ]
    assert all("16 runs" in chart.caption and chart.table.rows for chart in kinds)
    assert results.plot_fan("held_km2").table.rows[0][1] == "16"
    told = paired(results, "casualties_attacker", "manpower_ratio", 1.0, 4.0)
    assert kinds[4].table.rows and len(kinds[4].table.rows) == told.n == 4


def test_a_plane_holds_the_means_of_its_points(results):
    chart = factors.heat(results, "casualties_attacker", "manpower_ratio", "<b>works</b>")
    means = results.done.groupby(["<b>works</b>", "manpower_ratio"])["casualties_attacker"].mean()
    shown = {(row[0], float(head)): float(v.replace(",", "")) for row in chart.table.rows for head, v in zip(chart.table.columns[1:], row[1:])}
    for key, value in means.items():
        assert shown[key] == pytest.approx(value, rel=5e-3)


def test_what_cannot_be_drawn_is_said(results):
    for wrong in (
        lambda: ensembles.fan(results, "held_km"),
        lambda: ensembles.fan(results, "breakthroughs"),
        lambda: ensembles.fan(results, "held_km2", "manpower"),
        lambda: factors.heat(results, "held_km2", "manpower_ratio", "manpower_ratio"),
        lambda: factors.tornado(results, "held_km2"),
        lambda: ensembles.control(replace(results, read_maps=None)),
        lambda: ensembles.fan(replace(results, read_daily=None), "held_km2"),
    ):
        with pytest.raises(InputError):
            wrong()


def test_a_cloud_of_points_is_drawn_by_a_surrogate():
    """Points of a sample with a known answer: the surrogate's line rises, and the page has its figures."""
    import numpy as np

    rng = np.random.default_rng(3)
    n, seeds = 40, 3
    x, y = rng.uniform(1, 5, n), rng.uniform(10, 90, n)
    rows = [
        {"run": 3 * p + s, "point": p, "seed": s + 1, "status": "done", "scenario": "skirmish", "manpower_ratio": x[p], "rotation_interval_days": y[p],
         "held_km2": 60 + 10 * x[p] + rng.normal(0, 1)}
        for p in range(n) for s in range(seeds)
    ]  # fmt: skip
    cloud = PlottedResults(runs=pd.DataFrame(rows), factors=["manpower_ratio", "rotation_interval_days"], units={"held_km2": "km2"})
    line = cloud.plot_effects("held_km2")
    means = [float(row[2]) for row in line.table.rows if row[0] == "manpower ratio"]
    assert means == sorted(means) and means[-1] - means[0] == pytest.approx(40, abs=6)
    assert "Surrogate" in line.caption and "manpower ratio" in line.title
    text, n_figures = render(cloud)
    assert n_figures >= 3 and Page(text).open == []


def test_a_run_is_told_too(tmp_path):
    from experiments.cli.app import _status

    assert _status(["run", "skirmish", "--days", "2", "--runs", "2", "--workers", "1", "--quiet", "--out", str(tmp_path / "r")]) == 0
    page, n = report(tmp_path / "r", tmp_path / "p" / "r.html", formats=())
    text = page.read_text("utf-8")
    assert n >= 2 and Page(text).open == [] and "pokrovsk run skirmish" in text and "2 runs, seeds 1 to 2" in text


# Bad input


def test_bad_folders(folder, tmp_path, capsys):
    from experiments.cli.app import _status

    (tmp_path / "empty").mkdir()
    for bad in (tmp_path / "none", tmp_path / "empty"):
        assert _status(["report", str(bad)]) == 2
    (tmp_path / "other.html").mkdir()
    assert _status(["report", str(folder), "--out", str(tmp_path / "other.html")]) == 2
    (tmp_path / "file").write_text("x")
    assert _status(["report", str(folder), "--out", str(tmp_path / "file" / "page.html")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4 and all(line.startswith("pokrovsk: ") for line in lines)


def test_a_study_that_only_failed(results):
    with pytest.raises(InputError, match="no run that ended well"):
        failed = replace(results, runs=results.runs.assign(status="failed"))
        report_of(failed)


def report_of(results):
    from unittest import mock

    with mock.patch("experiments.results.loading.load", return_value=results):
        return report("anywhere")


def test_help_stays_light():
    code = "import sys; sys.argv = ['pokrovsk', 'report', '--help']\nfrom experiments.cli.app import _status\n_status(None)\n"
    code += "print([m for m in ('matplotlib', 'pandas', 'numba', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.browser
def test_in_a_browser(folder, page):
    """Nothing is asked of the network, nothing is wider than a phone, and light and dark differ."""
    chrome = os.environ.get("CHROME_BIN") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chrome:
        pytest.skip("there is no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chrome, args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        shown = {}
        for scheme, width in (("light", 390), ("dark", 1280)):
            tab = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
            asked, said = [], []
            tab.on("request", lambda r, asked=asked: asked.append(r.url))
            tab.on("console", lambda m, said=said: said.append(m.text))
            tab.goto((folder / "report.html").as_uri())
            assert len(asked) == 1 and said == []
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            tab.evaluate("document.querySelectorAll('details.more').forEach(d => { d.open = true })")
            seen = "[...document.querySelectorAll('.drawing svg')].filter(s => s.getBoundingClientRect().width > 100).length"
            assert tab.evaluate(seen) == page[1]
            shown[scheme] = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert shown["light"] != shown["dark"]
