"""What the public record would show of a forecast: monthly gains, days of capture, chances of control; and what is told of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.observation import publication
from experiments.observation.publication import Sight
from sim.scenario import Scenario

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Question:
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
class Published:
    """What the record would show of all runs. `monthly` and `captures` are columns; `chance` by date (ny, nx)."""

    monthly: dict[str, list[Any]]
    captures: dict[str, list[Any]]
    chance: dict[dt.date, np.ndarray]
    start_km2: float
    n: int


def published(sights: Iterator[tuple[int, Sight]], asked: Question, scenario: Scenario) -> Published:
    """The columns of the forecast's files from runs as they are shown, one at a time."""
    from sim.sector.places import settlement_rows

    rows = settlement_rows(scenario)
    x, y = (np.array([float(r[k]) for r in rows]) for k in ("x", "y"))
    monthly: dict[str, list[Any]] = {
        k: [] for k in ("run", "month", "net_box_km2", "net_direction_km2", "gained_box_km2", "lost_box_km2")
    }
    captures: dict[str, list[Any]] = {k: [] for k in ("run", "settlement", "captured")}
    total: dict[dt.date, np.ndarray] = {}
    n, start = 0, 0.0
    for run, sight in sights:
        n += 1
        start = float(sight.box.held[0])
        for name, column in months_of(sight, asked).items():
            monthly[name] += column
        monthly["run"] += [run] * len(asked.months)
        for date in asked.maps:
            total[date] = total.get(date, 0) + sight.on(date)
        day = sight.captured(x, y)
        for r, d in zip(rows, day):
            if d > 0:  # free on the first map
                captures["run"].append(run)
                captures["settlement"].append(r["id"])
                captures["captured"].append(asked.first + dt.timedelta(days=int(d)) if np.isfinite(d) else None)
    return Published(monthly, captures, {d: t / n for d, t in total.items()}, start, n)


def months_of(sight: Sight, asked: Question) -> dict[str, list[Any]]:
    """Columns of one run: net gain by the error of published areas, gained and lost between the month's first and last map."""
    names = [name for name, _, _ in asked.months]
    pairs = [(sight.on(a), sight.on(b)) for _, a, b in asked.months]
    gained = np.array([float((b & ~a).sum()) for a, b in pairs])
    lost = np.array([float((a & ~b).sum()) for a, b in pairs])
    ends = np.array([asked.first, *(b for _, _, b in asked.months)], "M8[D]")
    direction = np.diff(sight.direction.held_on(ends))
    erring = lambda values, part: publication.with_error(values, sight.seed, part)  # noqa: E731
    return {
        "month": names,
        # gained and lost err as their difference does, so that net is gained less lost
        "net_box_km2": erring(gained - lost, "box").tolist(),
        "net_direction_km2": erring(direction, "direction").tolist(),
        "gained_box_km2": erring(gained, "box").tolist(),
        "lost_box_km2": erring(lost, "box").tolist(),
    }


def sights_of(folder: Path, scenario: Scenario, first: dt.date) -> Iterator[tuple[int, Sight]]:
    """Every finished run of a sweep's folder as the record would show it from the map of `first` on, in the order of its maps."""
    from experiments.observation.publication import direction_of
    from experiments.results.loading import load
    from experiments.results.maps import maps_of

    seed = load(folder).done.set_index("run")["seed"]
    direction = direction_of(scenario)
    for run, control in maps_of(folder):
        if run in seed.index:
            yield run, publication.sight(control, scenario, int(seed[run]), direction, first=first)
