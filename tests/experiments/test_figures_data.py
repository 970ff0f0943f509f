"""Every chart function under awkward data: one row, none, negative, missing, huge and tiny numbers, long names."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from helpers.drawings import check_drawing

from sim.view import style
from sim.view.charts import fit_to_targets, forest, monthly_gains, prior_posterior, projections, scorecard
from sim.view.charts.chart import About

ABOUT = About(16, range(1, 17), "skirmish", "abc1234")
NAN, LONG = float("nan"), "a quantity whose name goes on for longer than any figure is wide, by quite a bit " * 3
CHANGE = forest.Scale("Two arms of a study", "change in % of the first arm", factor=100, low=-1.0, high=2.0)
BOUND = forest.Scale("One arm beside a bound", "mean in multiples of the bound (line)", reference=1.0, high=3.0, signed=False)


def forest_of(*rows, scale=CHANGE, group="C1", words="net gain: drones 1 to 2"):
    values = [(*row, "undecided", "+1,234,567 (−1,000,000 to 3,000,000)") for row in rows]
    return forest.forest_chart([forest.Row(scale, f"{group}{k // 2}", words, *v) for k, v in enumerate(values)], about=ABOUT, title="Of 1 claim", what="Effects")


def card_of(*checks, title="a row"):
    rows = [{"id": "T1", "kind": "L", "title": title, "checks": list(checks), "verdict": "fail" if checks else "no record", "note": ""}]
    counts = {"pass": 0, "fail": 1, "no record": 0}
    head = {"counts": counts, "ensemble": None, "parameters": "the defaults", "commit": "abc", "quick": True, "least_runs": 16}
    return scorecard.scorecard_chart({**head, "rows": rows})


def check(value, low, high, band, rule="value", **more):
    return {"what": "a figure", "value": value, "low": low, "high": high, "band": band, "rule": rule, "exact": 1.0, "unit": "km2", "record": "", "verdict": "fail", **more}


def parameters(*rows):
    rows = [prior_posterior.PriorPosterior(name, prior, after, 0.5, 0.4, ends, ("x",) * 6, True) for name, prior, after, ends in rows]
    return prior_posterior.prior_posterior_chart(rows, heads=("a",) * 6, about=ABOUT, title="Title", what="What")


def beside(*rows, **more):
    return projections.cited_comparison_chart([projections.CitedComparison(*r) for r in rows], axis="casualties per km²", about=ABOUT, title="Title", what="What", **more)


def courses(*names, top=6600.0):
    left = top * np.linspace(1, 0, 40)[None] * np.ones((9, 1))
    return projections.projections_chart([projections.Projection(n, np.linspace(0, 9, 40), left, ("a", "b")) for n in names], axis="years", heads=("a", "b"), about=ABOUT, title="Title", what="What")


def gains(runs, record=None, months=4, name="Box"):
    days = [dt.date(2025, 1 + k, 1) for k in range(months)]
    return monthly_gains.monthly_gains_chart([monthly_gains.Gains(name, np.asarray(runs, float), record)], days, about=ABOUT, title="Title")


FIVE, SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95), np.random.default_rng(1).normal(100, 40, (20, 4))
CHARTS = {
    "forest": lambda: forest_of((0.2, 0.1, 0.3, 0.1), (-0.3, -0.4, -0.2, -0.1), (0.0, -0.1, 0.1, 0.0)),
    "forest, one row": lambda: forest_of((0.0, 0.0, 0.0, 0.0)),
    "forest, no interval": lambda: forest_of((0.4, NAN, NAN, 0.1), (NAN, NAN, NAN, 0.1)),
    "forest, far beyond": lambda: forest_of((40.0, 30.0, 900.0, 0.1), (-8.0, -9.0, -7.0, -0.1), (0.1, -5.0, 5.0, 0.1)),
    "forest, long names": lambda: forest_of((0.2, 0.1, 0.3, 0.1), words=LONG, group="C123"),
    "forest, bound": lambda: forest_of((0.0, 0.0, 0.4, NAN), (9.0, 7.0, 12.0, NAN), scale=BOUND),
    "forest, huge": lambda: forest_of((2e9, -1e9, 3e9, NAN), scale=forest.Scale(LONG, LONG)),
    "card": lambda: card_of(check(5, 4, 6, [1, 3]), check(5, None, None, [None, 3]), check(-1e9, -2e9, 0, [0, None], "clear"), check(1e-9, 0, 1, [None, 0.3], "covers")),
    "card, no value": lambda: card_of(check(None, None, None, [1, 3]), check(NAN, None, None, [2, 2])),
    "card, long": lambda: card_of(check(5, 4, 6, [1, 3], what=LONG, record=LONG), title=LONG),
    "card, not judged": lambda: card_of(title=LONG),
    "parameters": lambda: parameters(("a", FIVE, (0.3, 0.4, 0.5, 0.6, 0.7), ("0", "1"))),
    "parameters, long": lambda: parameters((LONG, FIVE, (0.5,) * 5, ("−1,000,000", "1,000,000 soldiers a day"))),
    "no parameter": parameters,
    "cited": lambda: beside(("a", FIVE, ((0.4, 0.2, 0.9, "cited"),)), ("b", FIVE), log=True),
    "cited, one value": lambda: beside(("a", (3.0,) * 5)),
    "cited, negative and unknown": lambda: beside(("a", (-5.0, -1.0, 0.0, 1.0, 5.0), ((-90.0, NAN, NAN, "x"),)), (LONG, (NAN,) * 5)),
    "cited, unknown on a log scale": lambda: beside(("a", (NAN,) * 5), ("b", (0.0, 0.0, 1.0, 2.0, 1e9)), log=True),
    "courses": lambda: courses("pace of the box", "pace of the theater"),
    "courses, long and at nothing": lambda: courses(LONG, top=0.0),
    "courses, huge": lambda: courses("a", "b", "c", top=3e9),
    "months": lambda: gains(SPREAD, np.array([1.0, NAN, 90.0, 400.0])),
    "months, one and negative": lambda: gains(-SPREAD[:3, :1], months=1, name=LONG),
    "months, all the same": lambda: gains(np.zeros((20, 4)), np.zeros(4)),
    "months, huge": lambda: gains(1e7 * SPREAD, 1e9 * np.ones(4)),
    "targets": lambda: targets((5.0, (1.0, 3.0, 9.0)), (-5.0, (1.0, 3.0, 9.0)), (NAN, (1.0, 3.0, 9.0)), (2.0, (2.0, 2.0, 2.0))),
    "targets, log and long": lambda: targets((1e9, (1.0, 3.0, 9.0)), (0.0, (0.0, 3.0, 9.0)), name=LONG, is_log=True),
    "no target": lambda: targets(),
}  # fmt: skip


def targets(*rows, name="a target", is_log=False):
    return fit_to_targets.targets_chart([fit_to_targets.Target(name, "km2", record, runs, is_log) for record, runs in rows], about=ABOUT)


@pytest.mark.parametrize("name", CHARTS)
def test_awkward_data_stays_inside_and_legible(name, quiet):
    chart = CHARTS[name]()
    check_drawing(chart.figure())
    check_drawing(chart.figure(style.DARK, style.COLUMN_IN, words=False))


def test_a_value_stands_beside_its_own_mark(quiet):
    """The row of each printed value is the row of its mark, panel by panel."""
    rows = [forest.Row(scale, "C1", f"row {k}", x, x - 0.1, x + 0.1, 0.1, "supported", f"value {k}") for k, (scale, x) in enumerate(((CHANGE, 0.5), (BOUND, 1.5), (CHANGE, -0.5)))]
    fig = forest.forest_chart(rows, about=ABOUT, title="Title", what="What").figure()
    fig.canvas.draw()
    value_y = {t.get_text(): t.get_window_extent().y0 + t.get_window_extent().height / 2 for t in fig.texts if t.get_text().startswith("value")}
    marks = {}
    for ax in fig.axes:
        for line in ax.lines:
            if line.get_marker() == "o":
                x, y = line.get_xydata()[0]
                marks[x] = ax.transData.transform((x, y))[1]
    for k, x in enumerate((0.5, 1.5, -0.5)):
        assert abs(marks[x] - value_y[f"value {k}"]) < 3
    labels = [ax.get_xlabel() for ax in fig.axes]
    assert labels == [CHANGE.label, BOUND.label]
