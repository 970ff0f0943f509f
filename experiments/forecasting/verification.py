"""A registered forecast scored against a record that has been opened since: what it was for, what came, and the references.

Scored are the months, maps and places that the record reaches, each forecast on the same items: CRPS of monthly net gain and of
days of capture, Brier scores of control by cell and of capture by the last day, coverage of bands, PIT. Areas are never pooled.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from experiments.forecasting import reference_forecasts, scores
from experiments.forecasting.files import SavedForecast
from experiments.forecasting.reference_forecasts import REFERENCES, Horizon, Past
from experiments.forecasting.scores import AREA_WORDS, AREAS, Forecast, Outcome, Scores
from experiments.observation.evidence import Evidence
from experiments.observation.record import SIDE
from sim.errors import InputError

MODEL = "model"
FIT_WALK = "random walk of the fit period"
TAKEN = "taken"  # capture by the last day, yes or no
CAPTURES = "captures"  # days of capture


@dataclass(frozen=True)
class Verification:
    """A forecast, what the record shows of the same, and scores: the model's and those of the references, in their order."""

    saved: SavedForecast
    evidence: Evidence
    horizon: Horizon
    dates: tuple[dt.date, ...]  # of the maps that are scored
    places: tuple[str, ...]
    forecast: Forecast
    outcome: Outcome
    ours: Scores
    others: tuple[Scores, ...]

    @property
    def last(self) -> dt.date:
        """The last day that is scored."""
        return self.horizon.date + dt.timedelta(days=self.horizon.days)

    @property
    def months(self) -> list[str]:
        """Names of the months that are scored."""
        return self.saved.months[: len(self.horizon.months) - 1]


def words_of(what: str) -> tuple[str, str, str]:
    """What an item of scores is in words, its score, and its unit: "monthly box", "cells 2025-11-01", "captures", "taken"."""
    kind, _, rest = what.partition(" ")
    if kind == "cells":
        return f"control by cell on {rest}", "Brier score", ""
    if what == CAPTURES:
        return "days of capture", "CRPS", "days"
    if what == TAKEN:
        return "capture by the last day", "Brier score", ""
    return f"{kind} net gain of {AREA_WORDS[rest]}", "CRPS", "km2"


def verify(saved: SavedForecast, evidence: Evidence) -> Verification:
    """Scores a forecast as far as the record goes; InputError when nothing of it, or not its ground, is in the record."""
    name = f"the forecast from {saved.first}"
    if not saved.scenario.map.is_ours:
        raise InputError(f"{name} is of made-up ground, {saved.scenario.name!r}, which has no record.")
    if any(chance.shape != (SIDE, SIDE) for chance in saved.chance.values()):
        raise InputError(f"{name} has maps of another ground; needed: {SIDE} by {SIDE} cells of 1 km, the box of the record.")
    reached = saved.edges[saved.edges <= np.datetime64(evidence.end)]
    if len(reached) < 2:
        raise InputError(
            f"{str(evidence.rasters.folder)!r}: its record ends on {evidence.end}, before the first month of {name} does "
            f"({saved.edges[1]}): nothing to score."
        )
    edges = (reached - reached[0]).astype(int)
    last = reached[-1].astype(dt.date)
    dates = tuple(d for d in saved.chance if d <= last)
    maps = np.array([(d - saved.first).days for d in dates], int)
    horizon = Horizon(saved.first, int(edges[-1]), edges, np.arange(0, edges[-1] + 1, 7), maps)
    days, places, where = _captures(saved, evidence)
    outcome = Outcome(
        monthly=np.column_stack([np.diff(evidence.areas(area).held_on(reached)) for area in AREAS]),
        cells=np.stack([evidence.rasters.control(d) for d in dates]) if dates else None,
        captured=np.array([evidence.captured_after(saved.first)[p] for p in places]),
        places=where,
        start=evidence.rasters.control(saved.first),
        days=horizon.days,
    )
    ours = Forecast(
        MODEL,
        np.stack([saved.net(area)[:, : len(edges) - 1] for area in AREAS], axis=2),
        cells=np.stack([saved.chance[d] for d in dates]) if dates else None,
        captured=days,
    )
    past = reference_forecasts.known_before(saved.first, evidence.areas)
    past = replace(past, start=outcome.start, x=where[:, 0], y=where[:, 1])
    others = [reference_forecasts.reference(other, past, horizon) for other in REFERENCES]
    others += _of_the_fit(saved, evidence, past, horizon)
    scored = [_scored(f, outcome, dates) for f in (ours, *others)]
    return Verification(saved, evidence, horizon, dates, tuple(places), ours, outcome, scored[0], tuple(scored[1:]))


def _scored(forecast: Forecast, outcome: Outcome, dates: tuple[dt.date, ...]) -> Scores:
    """Scores of a forecast, with one item a map date, and with capture by the last day as a chance."""
    whole = scores.score(forecast, replace(outcome, cells=None))
    items, blocks = dict(whole.items), dict(whole.blocks)
    for k, date in enumerate(dates):
        assert forecast.cells is not None and outcome.cells is not None
        one = scores.score(
            replace(forecast, cells=forecast.cells[k : k + 1]),
            Outcome(cells=outcome.cells[k : k + 1], start=outcome.start),
        )
        items[f"cells {date}"], blocks[f"cells {date}"] = one.items["cells"], one.blocks["cells"]
    assert forecast.captured is not None and outcome.captured is not None
    items[CAPTURES] = items.pop(CAPTURES)  # after the maps
    items[TAKEN] = scores.brier((forecast.captured <= outcome.days).mean(axis=0), outcome.captured <= outcome.days)
    blocks[TAKEN] = blocks[CAPTURES]
    return replace(whole, items=items, blocks=blocks)


def _of_the_fit(saved: SavedForecast, evidence: Evidence, past: Past, horizon: Horizon) -> list[Forecast]:
    """The random walk that knows the months of the fit and no later ones; none where these are all months, or too few."""
    fitted = dt.date.fromisoformat(str(saved.manifest["posterior"].get("last") or saved.first))
    try:
        months = reference_forecasts.known_before(min(fitted, saved.first), evidence.areas).monthly
    except InputError:
        return []
    if len(months) == len(past.monthly):
        return []
    walk = reference_forecasts.reference("random walk", replace(past, monthly=months), horizon)
    return [replace(walk, name=FIT_WALK)]


def _captures(saved: SavedForecast, evidence: Evidence) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Days of capture (runs, places) of places that were free on the first day in the record too; their ids; where they lie, km.

    Places whose position is not verified are left out.
    """
    from sim.sector.places import settlement_rows

    rows = {r["id"]: r for r in settlement_rows(saved.scenario) if "unverified" not in r["coord_source"]}
    if saved.captures.duplicated(["run", "settlement"]).any():
        raise InputError(f"the forecast from {saved.first}: captures.parquet has a place twice in one run.")
    table = saved.captures.pivot(index="run", columns="settlement", values="captured")
    unknown = sorted(set(table) - set(evidence.control["id"]))
    if unknown:
        raise InputError(f"{str(evidence.rasters.folder)!r}: control.csv has no settlement {unknown[0]!r} of the forecast.")
    free = evidence.captured_after(saved.first)
    places = [name for name in table if name in free and name in rows]
    if not places:
        raise InputError(f"the forecast from {saved.first} has no place that was free on that day in the record.")
    since = table[places].apply(lambda column: (column - pd.Timestamp(saved.first)).dt.days)
    where = np.array([[float(rows[p]["x"]), float(rows[p]["y"])] for p in places])
    return since.fillna(np.inf).to_numpy(float), places, where
