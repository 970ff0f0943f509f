"""T28: whether a fitted model forecasts what it has not seen, May to August 2025, better than simple forecasts do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.forecasting import reference_forecasts, scores
from experiments.forecasting.reference_forecasts import Horizon, Past
from experiments.forecasting.scores import Forecast, Outcome, Scores
from experiments.observation import areas, publication, record
from experiments.observation.areas import days_after
from experiments.observation.publication import PublishedMaps
from experiments.observation.record import Rasters
from experiments.validation.checks import LEVEL_95, NO_POSTERIOR, NO_RECORD, CannotJudge, Check, row

OPEN = dt.date(2025, 5, 1)  # first day of the open validation
MAPS = (dt.date(2025, 6, 1), dt.date(2025, 8, 10), dt.date(2025, 8, 31))  # on which control is scored
JUDGED = ("persistence", "linear extrapolation", "random walk")
WORDS = {
    "monthly": "monthly net gain",
    "weekly": "weekly net gain",
    "cells": "control by cell",
    "captures": "days of capture",
}
SCORE = {"monthly": "CRPS", "weekly": "CRPS", "cells": "Brier score", "captures": "CRPS"}
UNITS = {"monthly": "km2", "weekly": "km2", "cells": "", "captures": "days"}
MUST = ("monthly", "cells", "captures")


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
    formula="CRPS of monthly net gain and of days of capture, Brier score of control within 15 km of the front of the start; skill 1 - score by score",
    band="skill above 0 against persistence, linear extrapolation and a random walk, from the same starting control",
    needs="validation",
)
def skill(found: Skill) -> list[Check]:
    """Skill against each benchmark, item by item, with its interval; coverage of the bands is reported."""
    checks = []
    for what in found.ours.items:
        for other in found.others:
            s = scores.skill(found.ours, other, what)
            judged = what in MUST and other.name in JUDGED
            checks.append(
                Check(
                    f"{WORDS[what]} against {other.name}",
                    s.estimate,
                    (0.0, None) if judged else None,
                    (s.low, s.high),
                    LEVEL_95,
                    n=s.n,
                )
            )
    for what in found.ours.items:
        n = len(found.ours.items[what])
        checks.append(Check(f"{SCORE[what]} of {WORDS[what]}", found.ours.mean(what), None, unit=UNITS[what], n=n))
    for band, share in found.ours.coverage.items():
        checks.append(
            Check(
                f"coverage of {band:.0%} bands",
                share.estimate,
                None,
                (share.low, share.high),
                LEVEL_95,
                record=f"{band:g}",
                n=share.n,
            )
        )
    return checks


def horizon() -> Horizon:
    """The open validation period."""
    return Horizon.of(OPEN, (record.END - OPEN).days, [(d - OPEN).days for d in MAPS])


def outcome(rasters: Rasters) -> Outcome:
    """What happened in the period, as the record has it."""
    ahead, start_day, free = horizon(), (OPEN - record.START).days, _free()
    gains = lambda part, edges: np.diff(record.areas(part).held_on(areas.days_after(OPEN, edges)))  # noqa: E731
    return Outcome(
        monthly=np.column_stack([gains(part, ahead.months) for part in ("box", "direction")]),
        weekly=gains("box", ahead.weeks),
        cells=np.stack([rasters.control(d) for d in MAPS]),
        captured=record.places().day[free] - start_day,
        start=rasters.control(OPEN),
        days=ahead.days,
    )


def _free() -> np.ndarray:
    """Places that were not held on the first day of the period."""
    return record.places().day > (OPEN - record.START).days


def past(rasters: Rasters) -> Past:
    """What benchmarks may know: the fit period, and the ground of the first day."""
    months = record.areas().months()
    known = months <= np.datetime64(record.FIT_END, "M")
    losses = record.losses()
    free, places = _free(), record.places()
    return Past(
        monthly=np.column_stack([record.areas(part).monthly()[known] for part in ("box", "direction")]),
        losses=losses["casualties"][np.isin(losses["month"], months[known])],
        start=rasters.control(OPEN),
        x=places.x[free],
        y=places.y[free],
    )


def forecast_of(runs: Sequence[PublishedMaps]) -> Forecast:
    """The ensemble's forecast as the record would publish it; monthly gains carry their measurement error."""
    ahead, free, places = horizon(), _free(), record.places()
    months, weeks = (days_after(OPEN, edges) for edges in (ahead.months, ahead.weeks))
    monthly = np.stack(
        [
            np.column_stack(
                [
                    publication.with_error(np.diff(areas.held_on(months)), s.seed, name)
                    for name, areas in (("box", s.box), ("direction", s.direction))
                ]
            )
            for s in runs
        ]
    )
    return Forecast(
        "model",
        monthly,
        np.stack([np.diff(s.box.held_on(weeks)) for s in runs]),
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
