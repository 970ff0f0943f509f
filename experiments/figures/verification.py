"""The score of a forecast as charts: skill against each reference, and maps of chances with the front that came."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from experiments.figures.forecasts import about, control
from experiments.forecasting.files import SavedForecast
from experiments.forecasting.verification import MODEL, Verification
from sim.view.charts.chart import Chart, Table
from sim.view.charts.control_probability import SURE
from sim.view.charts.forest import Row, Scale, forest_chart
from sim.view.names import upper_first
from sim.view.numbers import interval, significant
from sim.view.style import day_text

BETTER, WORSE, OPEN = "supported", "not supported", "undecided"  # the marks of a forest plot: filled, hollow, gray
WORDS = {BETTER: "better", WORSE: "worse", OPEN: "not settled"}
LEAST_SKILL = -2.0  # of the axis


def skill(score: dict[str, Any], saved: SavedForecast, *kinds: str) -> Chart:
    """Skill of a scored forecast against each reference; `kinds`: items whose names begin so ("monthly"), else all."""
    rows = []
    for item in score["scores"]:
        if kinds and not item["what"].startswith(kinds):
            continue
        scale = Scale(f"{upper_first(item['words'])} ({item['score']})", "skill", low=LEAST_SKILL, high=1.0)
        for name, by in item["forecasts"].items():
            if name != MODEL:
                rows.append(_row(scale, f"against {name} ({significant(by['mean'])})", by["skill"]))
    better, clearly = sum(r.estimate > 0 for r in rows), sum(r.verdict == BETTER for r in rows)
    worse = sum(r.verdict == WORSE for r in rows)
    title = f"Better than the reference in {better} of {len(rows)} comparisons, clearly in {clearly}; clearly worse in {worse}"
    chart = forest_chart(
        rows,
        about=about(saved),
        title=title,
        what="Skill, 1 − score / score of the reference (its score in brackets), with its 95 % interval",
    )
    cells = tuple((r.scale.title, r.words, r.value, WORDS[r.verdict]) for r in rows)
    return replace(
        chart,
        caption=about(saved).caption(
            more=f"Scored to {score['record']['scored_to']}. Filled: clearly better; hollow plum: clearly worse; hollow gray: not settled. "
            "Intervals: bootstrap over months, or over blocks of 10 km."
        ),
        alt=title + ".",
        table=Table(("what", "comparison", "skill (95 % interval)", "verdict"), cells),
    )


def _row(scale: Scale, words: str, found: dict[str, Any]) -> Row:
    value, low, high = (math.nan if found[k] is None else found[k] for k in ("skill", "low", "high"))
    verdict = BETTER if low > 0 else WORSE if high < 0 else OPEN
    text = f"{significant(value, 2, signed=True)} ({interval(low, high)})"
    return Row(scale, "", words, value, low, high, math.nan, verdict, text)


def maps(found: Verification) -> Chart:
    """Chances of control on the dates that are scored, with the front of the record; the title is of the last one."""
    dates = {date: found.saved.chance[date] for date in found.dates}
    came = {date: found.evidence.rasters.control(date) for date in found.dates}
    chart = control(replace(found.saved, chance=dates), came)
    last = found.dates[-1]
    sure = (dates[last] >= SURE) & ~found.evidence.rasters.control(found.saved.first)
    title = f"Of {significant(float(sure.sum()))} km² that were to be taken with a chance of 0.9, {significant(100 * float(came[last][sure].mean()), 2)} % were held on {day_text(last)}"
    return replace(
        chart,
        title=title if sure.any() else f"No ground was to be taken with a chance of 0.9 by {day_text(last)}",
        caption=f"{chart.caption} Brier scores on the maps are those of the whole box.",
    )
