"""A forecast as charts: gains by month beside the record, maps of the chance of control, and skill by benchmark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.figures.ensembles import places_of
from experiments.forecasting.files import PARTS, SavedForecast
from experiments.validation import archive
from sim.view.charts.chart import About, Chart
from sim.view.charts.control_probability import ControlMap, control_maps_chart
from sim.view.charts.monthly_gains import Gains, monthly_gains_chart
from sim.view.charts.scorecard import scorecard_chart
from sim.view.numbers import brief
from sim.view.run_data import commit_text
from sim.view.style import day_text

SHOWN = "As the record would publish it."


def about(saved: SavedForecast, more: str = SHOWN) -> About:
    """What captions state: runs, seeds, scenario, commit, and from when to when."""
    span = f"Forecast from {day_text(saved.first)} to {day_text(saved.last)}, one set of the posterior a run."
    more = f"{more} {saved.note}.".strip() if saved.note else more
    return About(saved.n, saved.seeds, saved.manifest["scenario"], commit_text(saved.manifest), f"{span} {more}".strip())


def months(saved: SavedForecast) -> Chart:
    """Net gain by month in the box and the direction, beside the record where it reaches."""
    box = saved.scenario.box
    names = (f"Box of {box.width_km:g} by {box.height_km:g} km", "Pokrovsk direction")
    panels = [Gains(name, saved.net(part), saved.recorded(part)) for part, name in zip(PARTS, names)]
    days = [dt.date.fromisoformat(f"{name}-01") for name in saved.months]
    known = int(panels[0].known.sum())
    if known:
        hits = ", ".join(
            f"{g.inside} of {known} {'months ' * (k == 0)}in the {part}"
            for k, (part, g) in enumerate(zip(PARTS, panels))
        )
        title = f"The record lies in the middle 90 % of the runs in {hits}"
    else:
        low, high = np.quantile(panels[0].runs.sum(axis=1), (0.05, 0.95))
        title = f"In nine of ten runs the attacker gains {brief(low)} to {brief(high)} km² in the box by {day_text(saved.last)}"
    return monthly_gains_chart(panels, days, about=about(saved), title=title)


def control(saved: SavedForecast, came: Mapping[dt.date, np.ndarray] | None = None) -> Chart:
    """Maps of the chance that the attacker controls a cell, one a date; `came`: ground held in the record on some of the dates."""
    box = saved.scenario.box
    maps = [ControlMap(day_text(date), chance, (came or {}).get(date)) for date, chance in saved.chance.items()]
    ny, nx = maps[0].probability.shape
    places, credit = places_of(saved.scenario)
    extent = (box.x0_km, box.x0_km + nx, box.y0_km, box.y0_km + ny)
    return control_maps_chart(maps, extent=extent, cell_km=1.0, about=about(saved), places=places, more=credit)


def skill(card: dict[str, Any], saved: SavedForecast) -> Chart:
    """Skill of a forecast against reference forecasts by area, as row T28 of a scorecard judges it."""
    row = archive.skill_row(card, saved)
    judged = [c for c in row["checks"] if c["verdict"] != "reported"]
    above = sum(c["verdict"] == "pass" for c in judged)
    clear = sum(c["low"] is not None and c["low"] > 0 for c in judged)
    return replace(
        scorecard_chart({**card, "rows": [row], "counts": archive.only(card, row["id"])["counts"]}),
        title=f"Skill is above 0 in {above} of {len(judged)} comparisons, and its interval in {clear}",
        what="Skill, 1 − score / score of the benchmark, with its 95 % interval; gray: better than the benchmark",
        caption=about(saved).caption(
            more="Scores: CRPS of monthly gains (box and direction apart) and of days of capture, Brier score of control near the first front. "
            "Hollow plum: no better than the benchmark."
        ),
        alt=f"Skill is above 0 in {above} of {len(judged)} comparisons.",
    )
