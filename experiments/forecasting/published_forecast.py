"""A forecast through the observation model: monthly gains, days of capture and probabilities of control as the record would show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.observation import publication
from experiments.observation.publication import PublishedMaps
from sim.scenario import Scenario


@dataclass(frozen=True)
class ForecastWindow:
    """What is forecast: from the end of one date to the end of another, with maps on some dates between."""

    first: dt.date
    last: dt.date
    maps: tuple[dt.date, ...]

    @property
    def days(self) -> int:
        return (self.last - self.first).days

    @property
    def months(self) -> list[tuple[str, dt.date, dt.date]]:
        """Each month's name, the date of the map before it (its own first date: `first`), and that of its last map."""
        out = []
        end = self.first
        while end < self.last:
            begin = end
            month = begin + dt.timedelta(days=1)
            following = dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)
            end = min(following - dt.timedelta(days=1), self.last)
            out.append((f"{month:%Y-%m}", begin, end))
        return out


@dataclass(frozen=True)
class PublishedForecast:
    """What the record would show of all runs. `monthly` and `captures` are columns; `chance` by date (ny, nx)."""

    monthly: dict[str, list[Any]]
    captures: dict[str, list[Any]]
    chance: dict[dt.date, np.ndarray]
    start_km2: float
    n: int


def publish_forecast(runs: Iterator[tuple[int, PublishedMaps]], window: ForecastWindow, scenario: Scenario) -> PublishedForecast:
    """The columns of the forecast's files from published runs, one at a time."""
    from sim.sector.places import settlement_rows

    rows = settlement_rows(scenario)
    x, y = (np.array([float(r[k]) for r in rows]) for k in ("x", "y"))
    monthly: dict[str, list[Any]] = {
        k: [] for k in ("run", "month", "net_box_km2", "net_direction_km2", "gained_box_km2", "lost_box_km2")
    }
    captures: dict[str, list[Any]] = {k: [] for k in ("run", "settlement", "captured")}
    total: dict[dt.date, np.ndarray] = {}
    n, start = 0, 0.0
    for run, maps in runs:
        n += 1
        start = float(maps.box.held[0])
        for name, column in months_of(maps, window).items():
            monthly[name] += column
        monthly["run"] += [run] * len(window.months)
        for date in window.maps:
            total[date] = total.get(date, 0) + maps.on(date)
        day = maps.captured(x, y)
        for r, d in zip(rows, day):
            if d > 0:  # free on the first map
                captures["run"].append(run)
                captures["settlement"].append(r["id"])
                captures["captured"].append(window.first + dt.timedelta(days=int(d)) if np.isfinite(d) else None)
    return PublishedForecast(monthly, captures, {d: t / n for d, t in total.items()}, start, n)


def months_of(maps: PublishedMaps, window: ForecastWindow) -> dict[str, list[Any]]:
    """Columns of one run: net gain by the error of published areas, gained and lost between the month's first and last map."""
    names = [name for name, _, _ in window.months]
    pairs = [(maps.on(a), maps.on(b)) for _, a, b in window.months]
    gained = np.array([float((b & ~a).sum()) for a, b in pairs])
    lost = np.array([float((a & ~b).sum()) for a, b in pairs])
    ends = np.array([window.first, *(b for _, _, b in window.months)], "M8[D]")
    direction = np.diff(maps.direction.held_on(ends))
    erring = lambda values, part: publication.with_error(values, maps.seed, part)  # noqa: E731
    return {
        "month": names,
        # gained and lost err as their difference does, so that net is gained less lost
        "net_box_km2": erring(gained - lost, "box").tolist(),
        "net_direction_km2": erring(direction, "direction").tolist(),
        "gained_box_km2": erring(gained, "box").tolist(),
        "lost_box_km2": erring(lost, "box").tolist(),
    }


def publish_runs(folder: Path, scenario: Scenario, first: dt.date) -> Iterator[tuple[int, PublishedMaps]]:
    """Every finished run of a sweep's folder as the record would show it from the map of `first` on, in the order of its maps."""
    from experiments.observation.publication import direction_of
    from experiments.results.loading import load
    from experiments.results.maps import maps_of

    seed = load(folder).done.set_index("run")["seed"]
    direction = direction_of(scenario)
    for run, control in maps_of(folder):
        if run in seed.index:
            yield run, publication.publish_maps(control, scenario, int(seed[run]), direction, first=first)
