"""The public record that is drawn beside a run: occupied ground by day, and claimed prices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import seeds

if TYPE_CHECKING:
    from sim.scenario import Scenario

RECORD = "DeepState areas, computed from the public daily archive"
PRICES = ("derived_cas_2024_12", "derived_cas_2025_01", "isw_cas_2025_summer")  # claimed casualties per km2


@dataclass(frozen=True)
class Area:
    """Occupied ground in the box by day, from the record. `gained` and `lost` since the map before, km2."""

    date: np.ndarray  # datetime64[D]
    held: np.ndarray  # km2
    gained: np.ndarray
    lost: np.ndarray

    def between(self, start: dt.date, end: dt.date) -> Area:
        """The part from `start` to `end`, both included."""
        part = (self.date >= np.datetime64(start)) & (self.date <= np.datetime64(end))
        return Area(self.date[part], self.held[part], self.gained[part], self.lost[part])


def recorded(scenario: Scenario) -> Area | None:
    """The record for a scenario's box; None for made-up ground, another box, or dates without a record."""
    box = scenario.box
    if scenario.map.synthetic or (box.x0_km, box.y0_km, box.width_km, box.height_km) != (0.0, 0.0, 80.0, 80.0):
        return None
    rows = [r for r in seeds.table("area_daily") if r["occ_box_km2"]]
    column = lambda name: np.array([float(r[name] or 0) for r in rows])  # noqa: E731
    date = np.array([np.datetime64(r["date"]) for r in rows])
    area = Area(date, column("occ_box_km2"), column("gained_box"), column("lost_box"))
    end = scenario.start + dt.timedelta(days=scenario.days)
    area = area.between(scenario.start, end)
    return area if len(area.date) > 7 else None


def claimed_prices(start: dt.date, end: dt.date) -> list[tuple[dt.date, float, str]]:
    """Claimed casualties per km2 with the middle of their period, for periods that meet these dates."""
    found = []
    for name in PRICES:
        fact = seeds.facts().get(name)
        if fact is None or fact.value is None:
            continue
        first, last = dt.date.fromisoformat(fact.period_start), dt.date.fromisoformat(fact.period_end)
        middle = first + (last - first) / 2
        if start <= middle <= end:
            found.append((middle, float(fact.value), "theatre" if "theatre" in fact.quantity.lower() else ""))
    return found
