"""The public record of ground: `area_daily`, read once, for the view and for what a run is compared with.

Areas that DeepState's daily maps show as occupied, in the box of 80 x 80 km and in the Pokrovsk direction.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

import numpy as np

import seeds
from sim.scenario import Box, Scenario

PARTS = {"box": "box", "direction": "pd"}  # part of the ground -> its name in the table
BOX = Box(width_km=80.0, height_km=80.0)  # the box of the record


@dataclass(frozen=True)
class RecordedAreas:
    """Occupied ground by published map, (m,) each. `gained` and `lost` since the map before."""

    date: np.ndarray  # datetime64[D]
    held: np.ndarray  # km2
    gained: np.ndarray  # km2
    lost: np.ndarray  # km2

    def between(self, start: dt.date, end: dt.date) -> RecordedAreas:
        """The maps from `start` to `end`, both included."""
        part = (self.date >= np.datetime64(start)) & (self.date <= np.datetime64(end))
        return RecordedAreas(self.date[part], self.held[part], self.gained[part], self.lost[part])


@cache
def area_columns(*names: str) -> dict[str, np.ndarray]:
    """Columns of the table by name, one value a published map, and its `date`; an empty field is 0."""
    rows = [r for r in seeds.table("area_daily") if r["map_available"] == "1"]
    out = {name: np.array([float(r[name] or 0) for r in rows]) for name in names}
    return {"date": np.array([r["date"] for r in rows], "M8[D]"), **out}


@cache
def recorded_areas(part: str = "box") -> RecordedAreas:
    """Occupied ground of the "box" or the "direction" on every published map."""
    suffix = PARTS[part]
    return RecordedAreas(*area_columns(f"occ_{suffix}_km2", f"gained_{suffix}", f"lost_{suffix}").values())


def missing_maps() -> np.ndarray:
    """Dates without a published map, datetime64[D]."""
    return np.array([r["date"] for r in seeds.table("area_daily") if r["map_available"] == "0"], "M8[D]")


def has_record(scenario: Scenario) -> bool:
    """True where the record speaks of the scenario's ground: the real sector, in the box of the record."""
    box = scenario.box
    return scenario.map.is_ours and all(
        getattr(box, name) == getattr(BOX, name) for name in ("x0_km", "y0_km", "width_km", "height_km"))
