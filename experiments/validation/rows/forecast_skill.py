"""T28: whether a fitted model forecasts what it has not seen, May to August 2025, better than simple forecasts do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from experiments.forecasting import reference_forecasts, scores
from experiments.forecasting.reference_forecasts import Horizon, Past
from experiments.forecasting.scores import AREA_WORDS, Forecast, Outcome, Scores
from experiments.observation import areas, publication, record
from experiments.observation.areas import days_after
from experiments.observation.publication import PublishedMaps
from experiments.observation.record import Rasters
from experiments.validation.checks import LEVEL_95, NO_POSTERIOR, NO_RECORD, CannotJudge, Check, row
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.forecasting.files import SavedForecast

OPEN = dt.date(2025, 5, 1)  # first day of the open validation
MAPS = (dt.date(2025, 6, 1), dt.date(2025, 8, 10), dt.date(2025, 8, 31))  # on which control is scored
JUDGED = ("persistence", "linear extrapolation", "random walk")
WORDS = {
    **{f"{span} {area}": f"{span} net gain of {AREA_WORDS[area]}" for span in scores.SPANS for area in scores.AREAS},
    "cells": "control by cell",
    "captures": "days of capture",
}
SCORE = dict.fromkeys(WORDS, "CRPS") | {"cells": "Brier score"}
UNITS = dict.fromkeys(WORDS, "km2") | {"cells": "", "captures": "days"}
MUST = ("monthly box", "monthly direction", "cells", "captures")


@dataclass(frozen=True)
class Skill:
    """Scores of the model's forecast and of the benchmarks, on the same items."""

    ours: Scores
    others: list[Scores]


@row(
    "T28",
    "H",
    "Skill of forecasts",
    source="evidence: maps, areas and dates of control, May to August 2025, after fitting to April 2025",
    formula="CRPS of monthly net gain, box and direction apart, and of days of capture, Brier score of control within 15 km of the front of the start; skill 1 - score by score",
    band="skill above 0 against persistence, linear extrapolation and a random walk, from the same starting control",
    needs="validation",
)
def skill(found: Skill) -> list[Check]:
    """Skill against each reference, item by item, with its interval; coverage of the bands by area, months and weeks apart."""
    checks = []
    for what in found.ours.items:
        for other in found.others:
            s = scores.skill(found.ours, other, what)
            band = (0.0, None) if what in MUST and other.name in JUDGED else None
            checks.append(Check(f"{WORDS[what]} against {other.name}", s.estimate, band, (s.low, s.high), LEVEL_95, n=s.n))
    for what in found.ours.items:
        n = len(found.ours.independent(what))
        checks.append(Check(f"{SCORE[what]} of {WORDS[what]}", found.ours.mean(what), unit=UNITS[what], n=n))
    for (what, width), share in found.ours.coverage.items():
        name = f"coverage of {width:.0%} bands, {WORDS[what]}"
        checks.append(Check(name, share.estimate, None, (share.low, share.high), LEVEL_95, record=f"{width:g}", n=share.n))
    return checks


def monthly_skill(saved: SavedForecast) -> Skill:
    """Scores of a saved forecast's months by area, from its files and the record alone; InputError beyond the record."""
    happened = np.column_stack([saved.recorded(area) for area in scores.AREAS])
    there = np.isfinite(happened).all(axis=1)
    if not there.any():
        raise InputError(f"the record ends on {record.END}: no month of this forecast, from {saved.first}, can be scored.")
    outcome = Outcome(happened[there])
    ours = Forecast("model", np.stack([saved.net(area)[:, there] for area in scores.AREAS], axis=2))
    known = reference_forecasts.known_before(saved.first)
    others = [
        Forecast(name, gains(known, len(there))[:, there]) for name, gains in reference_forecasts.REFERENCES.items()
    ]
    return Skill(scores.score(ours, outcome), [scores.score(f, outcome) for f in others])


def horizon() -> Horizon:
    """The open validation period."""
    return Horizon.of(OPEN, (record.SPAN_END - OPEN).days, [(d - OPEN).days for d in MAPS])


def outcome(rasters: Rasters) -> Outcome:
    """What happened in the period, as the record has it."""
    ahead, start_day, free, places = horizon(), (OPEN - record.START).days, _free(), record.places()

    def gains(edges: np.ndarray) -> np.ndarray:
        dates = areas.days_after(OPEN, edges)
        return np.column_stack([np.diff(record.areas(area).held_on(dates)) for area in scores.AREAS])

    return Outcome(
        monthly=gains(ahead.months),
        weekly=gains(ahead.weeks),
        cells=np.stack([rasters.control(d) for d in MAPS]),
        captured=places.day[free] - start_day,
        places=np.column_stack([places.x[free], places.y[free]]),
        start=rasters.control(OPEN),
        days=ahead.days,
    )


def _free() -> np.ndarray:
    """Places that were not held on the first day of the period."""
    return record.places().day > (OPEN - record.START).days


def past(rasters: Rasters) -> Past:
    """What reference forecasts may know: the fit period, and the ground of the first day."""
    free, places = _free(), record.places()
    return replace(reference_forecasts.known_before(OPEN), start=rasters.control(OPEN), x=places.x[free], y=places.y[free])


def forecast_of(runs: Sequence[PublishedMaps]) -> Forecast:
    """The ensemble's forecast as the record would publish it; monthly gains carry their measurement error."""
    ahead, free, places = horizon(), _free(), record.places()
    months, weeks = (days_after(OPEN, edges) for edges in (ahead.months, ahead.weeks))

    def gains(s: PublishedMaps, dates: np.ndarray) -> list[np.ndarray]:
        return [np.diff(getattr(s, area).held_on(dates)) for area in scores.AREAS]

    def erring(s: PublishedMaps) -> list[np.ndarray]:
        return [publication.with_error(v, s.seed, area) for v, area in zip(gains(s, months), scores.AREAS)]

    return Forecast(
        "model",
        np.stack([np.column_stack(erring(s)) for s in runs]),
        np.stack([np.column_stack(gains(s, weeks)) for s in runs]),
        np.mean([[s.on(d) for d in MAPS] for s in runs], axis=0),
        np.stack([s.captured(places.x[free], places.y[free]) for s in runs]),
    )


def validation(runs: Sequence[PublishedMaps] | None, rasters: Rasters | None) -> Skill:
    """Scores of an ensemble that begins on OPEN with fitted parameters; CannotJudge names what is missing."""
    if runs is None:
        raise CannotJudge(NO_POSTERIOR, "needs fitted parameters and runs of them from 2025-05-01 (--open DIR)")
    if rasters is None:
        raise CannotJudge(NO_RECORD, "needs the rasters of the record (--record DIR)")
    happened, known, ahead = outcome(rasters), past(rasters), horizon()
    others = [scores.score(f, happened) for f in reference_forecasts.all_of_them(known, ahead)]
    return Skill(scores.score(forecast_of(runs), happened), others)
