"""Tables of the map: settlements and lines, with their places in km of the scenario's own projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import seeds
from sim.errors import InputError, did_you_mean
from sim.scenario import LAEA

if TYPE_CHECKING:
    from sim.scenario import Scenario

SAMPLE_KM = 0.25  # and sampled on this one, so that all cell sizes see the same ground


def settlement_rows(scenario: Scenario) -> list[dict[str, Any]]:
    """Settlements of a scenario with their place `x`, `y` in km of its own projection."""
    if scenario.map.synthetic:
        return _made_up_places(scenario)
    rows = [dict(r) for name in scenario.map.settlements for r in map_table(name, "footprint_radius_km")]
    return placed(rows, scenario)


def map_table(name: str, column: str) -> list[dict[str, str]]:
    """Rows of a map table that has this column; another name is an InputError."""
    tables = {p.stem: seeds.table(p.stem) for p in sorted(seeds.path("map").glob("*.csv"))}
    known = [table for table, rows in tables.items() if column in rows[0]]
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"map: {'unsuitable' if name in tables else 'unknown'} table {name!r}; allowed: {', '.join(known)}.{hint}")
    return tables[name]


def placed(rows: list[dict[str, Any]], scenario: Scenario) -> list[dict[str, Any]]:
    """Rows with numbers `x`, `y`: the table's kilometres, or its lon/lat in the scenario's own projection."""
    if scenario.box.projection == LAEA:
        return [{**r, "x": float(r["x_km"]), "y": float(r["y_km"])} for r in rows]
    from pyproj import Transformer

    to_km = Transformer.from_crs(4326, scenario.box.projection, always_xy=True)
    east, north = to_km.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])
    return [{**r, "x": a, "y": b} for r, a, b in zip(rows, east, north, strict=True)]


def _made_up_places(scenario: Scenario) -> list[dict[str, Any]]:
    """Four invented places in an open box, spread by shares of its size."""
    b = scenario.box
    kinds = (
        ("west_town", "West Town", "town", 0.22, 0.5, 1.0),
        ("mid_village", "Mid Village", "village", 0.45, 0.52, 0.6),
        ("north_hamlet", "North Hamlet", "hamlet", 0.35, 0.8, 0.4),
        ("east_village", "East Village", "village", 0.8, 0.48, 0.6),
    )
    return [
        {"id": i, "name": n, "kind": kind, "population": "", "footprint_radius_km": r, "coord_source": "made up",
         "x": b.x0_km + fx * b.width_km, "y": b.y0_km + fy * b.height_km} for i, n, kind, fx, fy, r in kinds
    ]  # fmt: skip
