"""Who holds what on the first day: built from dated settlement facts, or read from a user's own file.

No map polygon is shipped, and nothing dated after the first day is used. Each settlement tells for how many days it
has been held, or (below zero) not; a surface through these signed days crosses zero where the front ran. Its form is
ordinary radial basis interpolation with the kernel -distance, exact at every settlement.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

import seeds
from sim.errors import InputError
from sim.sector.front_file import front_from_file
from sim.sector.places import SAMPLE_KM, map_table, own_rows, settlement_rows

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.sector.grid import Grid

FRESH_DAYS = 10.0  # least weight of a change of hands just seen: modelling assumption
CAP_DAYS = 45.0  # a settlement taken longer ago than this is simply held: modelling assumption, see seeds/README.md
LATTICE_KM = 0.5  # the surface is solved on this lattice, whatever the cell
# Share of the footprint (percent) reached by that date -> factor on the signed days: the front runs through the place.
CONTESTED_HELD = {0: 0.05, 5: 0.05, 50: 0.2, 80: 0.5, 95: 1.0}
CONTESTED_FREE = {0: 1.0, 5: 0.5, 50: 0.05, 80: 0.05, 95: 0.05}


def starting_control(scenario: Scenario, grid: Grid) -> np.ndarray:
    """Share of each cell that the attacker holds at the scenario's start: (ny, nx), 0..1, row 0 southern."""
    if scenario.front:
        return front_from_file(scenario.front, scenario, grid)
    if scenario.map.synthetic or scenario.map.front_x_km is not None:
        return _straight_front(scenario, grid)
    if scenario.map.tables and "control" not in scenario.map.tables:
        raise InputError(f"{scenario.name}: who holds what is missing: give control.csv in map.folder, a front file (front), or map.front_x_km.")
    x, y, days = settlement_days(scenario, scenario.start)
    if not len(x):
        raise InputError(f"{scenario.name}: map.settlements: no settlement with dates of control; give a front file.")
    return _share_from_surface(x, y, days, grid)


def settlement_days(scenario: Scenario, date: dt.date) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Settlement positions (km) and signed days: above 0 held, below 0 not held, at most CAP_DAYS either way.

    A place whose footprint is partly taken is pulled towards zero, since the front runs through it.
    """
    rows = settlement_rows(scenario)
    if scenario.map.tables:
        early, control = {}, {r["id"]: r for r in own_rows(scenario, "control")}
    else:
        early = {r["id"]: r["captured"] for r in seeds.table("control_early")}
        names = [name.replace("settlements", "control") for name in scenario.map.settlements]
        control = {r["id"]: r for name in names for r in map_table(name, "held_at_start")}
    x, y, days = [], [], []
    for row in rows:
        record = control.get(row["id"])
        if record is None or "unverified" in row["coord_source"]:
            continue
        x.append(row["x"])
        y.append(row["y"])
        days.append(_signed_days(record, early.get(row["id"]), date))
    return np.array(x), np.array(y), np.array(days)


def _signed_days(record: dict[str, str], early: str | None, date: dt.date) -> float:
    """Signed days of one settlement since it last changed hands, from dates on or before `date` only.

    Recaptures are changes of hand like any other; a change just seen counts as FRESH_DAYS.
    """
    since_start = dt.date.fromisoformat(early) if early else dt.date.min
    changes = [(since_start, True)] if record["held_at_start"] == "1" else []
    for key, held in (("captured", True), ("recaptured", False), ("captured_2", True), ("recaptured_2", False)):
        if record.get(key):
            changes.append((dt.date.fromisoformat(record[key]), held))
    past = [c for c in changes if c[0] <= date]
    held = past[-1][1] if past else False
    since = (date - past[-1][0]).days + 0.5 if past else CAP_DAYS
    near = min(max(since, FRESH_DAYS), CAP_DAYS)
    if "foot_95" not in record:  # a table of the user's own knows no shares of footprints
        return near if held else -near
    reached = 0
    for percent in (5, 50, 80, 95):
        text = record.get(f"foot_{percent}")
        when = since_start if text == "start" else text and dt.date.fromisoformat(text)
        if when and when <= date:
            reached = percent
    return near * CONTESTED_HELD[reached] if held else -near * CONTESTED_FREE[reached]


def _share_from_surface(x: np.ndarray, y: np.ndarray, value: np.ndarray, grid: Grid) -> np.ndarray:
    """Share of each cell where the surface through (x, y, value) is above zero."""
    from scipy.ndimage import map_coordinates

    n = len(x)
    system = np.zeros((n + 1, n + 1))
    system[:n, :n] = -np.hypot(x[:, None] - x, y[:, None] - y)
    system[:n, n] = system[n, :n] = 1.0
    weight = np.linalg.solve(system, np.append(value, 0.0))
    lx = np.arange(grid.x0_km, grid.x0_km + grid.nx * grid.cell_km + LATTICE_KM, LATTICE_KM)
    ly = np.arange(grid.y0_km, grid.y0_km + grid.ny * grid.cell_km + LATTICE_KM, LATTICE_KM)
    surface = np.empty((len(ly), len(lx)))
    across = (lx[:, None] - x) ** 2
    for j, north in enumerate(ly):
        surface[j] = weight[n] - np.sqrt(across + (north - y) ** 2) @ weight[:n]
    k = max(1, round(grid.cell_km / SAMPLE_KM))
    offset = (np.arange(grid.nx * k) + 0.5) * grid.cell_km / k / LATTICE_KM
    up = (np.arange(grid.ny * k) + 0.5) * grid.cell_km / k / LATTICE_KM
    fine = map_coordinates(surface, np.meshgrid(up, offset, indexing="ij"), order=1) > 0
    return fine.reshape(grid.ny, k, grid.nx, k).mean(axis=(1, 3))


def _straight_front(scenario: Scenario, grid: Grid) -> np.ndarray:
    """A made-up sector: the attacker holds all ground east of `map.front_x_km` (the middle, if none is given)."""
    front = scenario.map.front_x_km
    if front is None:
        front = scenario.box.x0_km + scenario.box.width_km / 2
    east = grid.x0_km + (np.arange(grid.nx) + 1) * grid.cell_km
    return np.tile(np.clip((east - front) / grid.cell_km, 0.0, 1.0), (grid.ny, 1))
