"""Tables of the map: settlements and lines, with their places in km of the scenario's own projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import seeds
from sim import sector_files
from sim.errors import InputError, did_you_mean
from sim.scenario import LAEA

if TYPE_CHECKING:
    from sim.scenario import Scenario

SAMPLE_KM = 0.25  # and sampled on this one, so that all cell sizes see the same ground


def settlement_rows(scenario: Scenario) -> list[dict[str, Any]]:
    """Settlements of a scenario with their place `x`, `y` in km of its own projection."""
    if scenario.map.synthetic:
        return _made_up_places(scenario)
    if scenario.map.tables:
        rows = [{"population": "", "coord_source": "own table", **r} for r in own_rows(scenario, "settlements")]
    else:
        rows = [dict(r) for name in scenario.map.settlements for r in map_table(name, "footprint_radius_km")]
    return placed(rows, scenario)


def own_rows(scenario: Scenario, name: str) -> list[dict[str, Any]]:
    """The rows of a table of the scenario's own; none of one that it has not."""
    return sector_files.rows(scenario.map.tables.get(name, ""))


def line_rows(scenario: Scenario, name: str) -> dict[str, list[dict[str, Any]]]:
    """The corners of the lines of a table in order, by line, with `class`, `name` and place `x`, `y` in km."""
    if scenario.map.tables:
        rows = [{"class": "railway", "name": "", **r} for r in own_rows(scenario, name)]
    else:
        rows = map_table(name, "line_id")
    return sector_files.lines(placed(rows, scenario))


def places_of(scenario: Scenario, name: str | None) -> list[dict[str, Any]]:
    """Rows of a table that has a place in each: the scenario's own one of that name, or ours; none where there is none."""
    if scenario.map.tables:
        return placed(own_rows(scenario, "industry" if name == "industry" else "direction"), scenario)
    return placed([dict(r) for r in seeds.table(name)], scenario) if name and not scenario.map.synthetic else []


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
    if scenario.box.projection != LAEA and scenario.map.is_ours:
        rows = [{k: v for k, v in r.items() if k not in ("x_km", "y_km")} for r in rows]  # they are those of LAEA
    return sector_files.projected(rows, scenario.box.projection)


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
