"""The map of a battle: a grid of cells and what the ground is like, from the tables of `seeds/map`.

Every column is flat and row-major: cell c = y * nx + x, row 0 is the southernmost. Shares are 0..1 of the cell's area,
sampled on one 250 m lattice, so that 500 m, 1 km and 2 km cells see the same ground. Roads, railway, rivers and works
are hand-drawn (1-4 km); woods are a made-up stand-in with a plausible share; see seeds/README.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, did_you_mean
from sim.sector.grid import Grid
from sim.sector.places import SAMPLE_KM, line_rows, places_of, settlement_rows
from sim.sector.starting_control import starting_control

if TYPE_CHECKING:
    from sim.scenario import Scenario

ROAD_CLASS = {"local": 1, "regional": 2, "national": 3, "international": 4}
WATER_WIDTH_KM = {"river": 0.15, "stream": 0.06, "reservoir": 1.0}  # obstacle with its banks: assumed
BUILT_PEAK = {"city": 0.8, "town": 0.55, "village": 0.35, "hamlet": 0.2}  # share of the ground built over in the middle
HIGH_PEAK = ((40_000, 0.6), (20_000, 0.45), (9_000, 0.25), (0, 0.12))  # people at least -> high-rise share
LOCAL_ROAD_KM = 12.0  # longest link of the local road net


@dataclass
class Sector:
    """The ground of one battle: n cells, s settlements, o objectives."""

    grid: Grid
    control0: np.ndarray  # (n,) share held by the attacker at the start
    wood: np.ndarray  # (n,) share of forest
    built: np.ndarray  # (n,) share built over
    high: np.ndarray  # (n,) share of high-rise buildings
    industry: np.ndarray  # (n,) share of spoil heaps and works
    water: np.ndarray  # (n,) share of water and river banks, an obstacle
    road: np.ndarray  # (n,) int8: 0 none, 1 local, 2 regional, 3 national, 4 international
    rail: np.ndarray  # (n,) int8: 0 or 1
    closable: np.ndarray  # (n, 2) int8: 1 on the roads that the scenario names, by the side to which a lever closes them
    direction: np.ndarray  # (n,) bool: center inside the polygon of the scenario's direction
    cities: np.ndarray  # (c,) numbers of the settlements whose supply is measured
    settlement_id: list[str]
    settlement_name: list[str]
    settlement_kind: list[str]
    settlement_x: np.ndarray  # (s,) km
    settlement_y: np.ndarray  # (s,) km
    settlement_cell: np.ndarray  # (s,) cell of the center
    objective_name: list[str]
    objective_x: np.ndarray  # (o,) km
    objective_y: np.ndarray  # (o,) km
    objective_weight: np.ndarray  # (o,)

    @property
    def n(self) -> int:
        return self.grid.n


def build_sector(scenario: Scenario) -> Sector:
    """The sector of a scenario, with control on its first day. Deterministic: the battle's seed plays no part."""
    grid = Grid.of(scenario)
    fine = _Samples(grid)
    places = [r for r in settlement_rows(scenario) if grid.cell_of(r["x"], r["y"]) >= 0]
    x, y = np.array([r["x"] for r in places], float), np.array([r["y"] for r in places], float)
    lines = _lines(scenario)
    built, high = _buildings(fine, places)
    water, industry = _water(fine, lines), _industry(fine, scenario)
    road, rail = _roads(grid, lines, x, y)
    names, ox, oy, ow = _objectives(scenario, places)
    return Sector(
        grid=grid,
        control0=starting_control(scenario, grid).ravel(),
        wood=fine.mean(_wood(fine, water, built)), built=fine.mean(built), high=fine.mean(high),
        industry=fine.mean(industry), water=fine.mean(water), road=road, rail=rail, closable=_closable(grid, scenario),
        direction=_inside_direction(scenario, grid), cities=_cities(scenario, places),
        settlement_id=[r["id"] for r in places], settlement_name=[r["name"] for r in places],
        settlement_kind=[r["kind"] for r in places], settlement_x=x, settlement_y=y,
        settlement_cell=grid.cell_of(x, y),
        objective_name=names, objective_x=ox, objective_y=oy, objective_weight=ow,
    )  # fmt: skip


class _Samples:
    """The 250 m lattice under a grid: points, and means over cells."""

    def __init__(self, grid: Grid):
        self.grid = grid
        self.k = max(1, round(grid.cell_km / SAMPLE_KM))
        self.step = grid.cell_km / self.k
        self.x = grid.x0_km + (np.arange(grid.nx * self.k) + 0.5) * self.step
        self.y = grid.y0_km + (np.arange(grid.ny * self.k) + 0.5) * self.step

    def zeros(self) -> np.ndarray:
        return np.zeros((len(self.y), len(self.x)))

    def window(self, x0: float, x1: float, y0: float, y1: float) -> tuple[slice, slice]:
        """The part of the lattice within these bounds, as row and column slices."""
        rows = slice(*np.searchsorted(self.y, (y0, y1)))
        return rows, slice(*np.searchsorted(self.x, (x0, x1)))

    def mean(self, value: np.ndarray) -> np.ndarray:
        """Flat cell means of a lattice field."""
        g, k = self.grid, self.k
        return value.reshape(g.ny, k, g.nx, k).mean(axis=(1, 3)).ravel()


# Lines and objectives


def _lines(scenario: Scenario) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Roads, rail and water as (class, (m, 2) corners in km), by table."""
    if scenario.map.synthetic:
        b = scenario.box
        middle = b.y0_km + b.height_km / 2 + 0.1 * b.height_km * np.array([0.0, 0.0, 0.2, -0.2, 0.0])
        across = b.x0_km + b.width_km * np.array([0.0, 0.22, 0.45, 0.8, 1.0])
        return {"roads": [("regional", np.column_stack([across, middle]))], "rail": [], "water": []}
    found: dict[str, list[tuple[str, np.ndarray]]] = {"roads": [], "rail": [], "water": []}
    for name in found if scenario.map.tables else scenario.map.lines:
        for part in line_rows(scenario, name).values():
            corners = np.array([(r["x"], r["y"]) for r in part])
            found.setdefault(name, []).append((part[0]["class"], corners))
    return found


def _objectives(scenario: Scenario, places: list[dict[str, Any]]) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Objectives with their place; one given by a settlement must be in the box."""
    by_id = {r["id"]: r for r in places}
    names, xs, ys, weights = [], [], [], []
    for o in scenario.objective:
        if o.settlement is not None:
            if o.settlement not in by_id:
                hint = did_you_mean(o.settlement, by_id)
                raise InputError(f"{scenario.name}: objective {o.name!r}: {o.settlement!r} is not in the box.{hint}")
            x, y = by_id[o.settlement]["x"], by_id[o.settlement]["y"]
        else:
            x, y = o.x_km, o.y_km
        names.append(o.name)
        xs.append(x)
        ys.append(y)
        weights.append(o.weight)
    return names, np.array(xs, float), np.array(ys, float), np.array(weights, float)


def _cities(scenario: Scenario, places: list[dict[str, Any]]) -> np.ndarray:
    """Numbers of the settlements whose supply is measured, -1 for one outside the box: those named, else those of the first two objectives that are settlements."""
    ids = [r["id"] for r in places]
    named = scenario.map.cities
    if scenario.map.tables:
        for name in named:
            if name not in ids:
                raise InputError(f"{scenario.name}: map.cities: {name!r} is not in the box.{did_you_mean(name, ids)}")
    wanted = named or [o.settlement for o in scenario.objective if o.settlement is not None][:2]
    return np.array([ids.index(name) if name in ids else -1 for name in wanted], int)


# Ground


def _distance(fine: _Samples, corners: np.ndarray, reach: float) -> np.ndarray:
    """Distance in km from the lattice points to a polyline, infinite beyond `reach`."""
    out = np.full((len(fine.y), len(fine.x)), np.inf)
    for (ax, ay), (bx, by) in itertools.pairwise(corners):
        part = fine.window(min(ax, bx) - reach, max(ax, bx) + reach, min(ay, by) - reach, max(ay, by) + reach)
        px, py = fine.x[part[1]] - ax, fine.y[part[0]][:, None] - ay
        length2 = (bx - ax) ** 2 + (by - ay) ** 2 or 1e-12
        t = np.clip((px * (bx - ax) + py * (by - ay)) / length2, 0, 1)
        out[part] = np.minimum(out[part], np.hypot(px - t * (bx - ax), py - t * (by - ay)))
    return out


def _water(fine: _Samples, lines: dict) -> np.ndarray:
    """Share of a lattice square under a band of the class's width along each river, stream or reservoir."""
    share = fine.zeros()
    for kind, corners in lines["water"]:
        half, h = WATER_WIDTH_KM.get(kind, 0.1) / 2, fine.step / 2
        d = _distance(fine, corners, half + 2 * fine.step)
        band = np.minimum(d + h, half) - np.maximum(d - h, -half)
        share = np.maximum(share, np.clip(np.where(np.isfinite(d), band, 0.0) / fine.step, 0, 1))
    return share


def _buildings(fine: _Samples, places: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Built-up share and high-rise share: flat in the middle of a footprint, fading out at 1.15 radii."""
    built, high = fine.zeros(), fine.zeros()
    for r in places:
        radius = float(r["footprint_radius_km"])
        reach = 1.15 * radius
        part = fine.window(r["x"] - reach, r["x"] + reach, r["y"] - reach, r["y"] + reach)
        d = np.hypot(fine.x[part[1]] - r["x"], fine.y[part[0]][:, None] - r["y"]) / radius
        built[part] = np.maximum(built[part], BUILT_PEAK.get(r["kind"], 0.3) * np.clip((1.15 - d) / 0.45, 0, 1))
        if r["kind"] == "city":
            peak = next(p for people, p in HIGH_PEAK if float(r["population"] or 0) >= people)
            high[part] = np.maximum(high[part], peak * np.clip((0.7 - d) / 0.4, 0, 1))
    return built, high


def _industry(fine: _Samples, scenario: Scenario) -> np.ndarray:
    """Share of spoil heaps, mines and works: discs of the table `industry` with a soft edge."""
    share = fine.zeros()
    for r in places_of(scenario, "industry"):
        radius = float(r["radius_km"])
        part = fine.window(r["x"] - radius - 0.2, r["x"] + radius + 0.2, r["y"] - radius - 0.2, r["y"] + radius + 0.2)
        d = np.hypot(fine.x[part[1]] - r["x"], fine.y[part[0]][:, None] - r["y"])
        share[part] = np.maximum(share[part], 0.8 * np.clip((radius + 0.15 - d) / 0.3, 0, 1))
    return share


def _wood(fine: _Samples, water: np.ndarray, built: np.ndarray) -> np.ndarray:
    """Share of wood: fixed noise of the ground, a stand-in for data not in hand.

    Patches of 1-3 km, about 4 % of the ground, thicker within about 1 km of water (ravines and flood plains carry the
    sector's woods).
    """
    from scipy.ndimage import gaussian_filter

    near_water = np.minimum(gaussian_filter(water, 0.8 / fine.step) * 6, 1.0)
    patch = 0.6 * _noise(fine, 3.1, 1) + 0.4 * _noise(fine, 1.1, 2) + 0.13 * near_water
    return np.clip((patch - 0.735) / 0.08, 0, 1) * (1 - built) * (1 - water)


def _noise(fine: _Samples, scale_km: float, layer: int) -> np.ndarray:
    """Value noise in 0..1, a fixed function of the place in km: hashed lattice values, smoothly interpolated."""

    def axis(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low = np.floor(v / scale_km)
        t = v / scale_km - low
        return low.astype(np.int64), t * t * (3 - 2 * t)

    def corner(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        seed = np.uint64(layer * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
        h = seed ^ i.astype(np.uint64)[None, :] * np.uint64(0xBF58476D1CE4E5B9)
        h = h ^ j.astype(np.uint64)[:, None] * np.uint64(0x94D049BB133111EB)
        for shift in (30, 27, 31):  # the finalizer of splitmix64
            h = (h ^ (h >> np.uint64(shift))) * np.uint64(0xBF58476D1CE4E5B9)
        return (h >> np.uint64(11)).astype(float) / 2.0**53

    (i, u), (j, v) = axis(fine.x), axis(fine.y)
    v = v[:, None]
    south = corner(i, j) * (1 - u) + corner(i + 1, j) * u
    north = corner(i, j + 1) * (1 - u) + corner(i + 1, j + 1) * u
    return south * (1 - v) + north * v


# Lines on cells


def _mark(grid: Grid, column: np.ndarray, a: Sequence[float], b: Sequence[float], value: int) -> None:
    """Write `value` (if higher) into every cell that the line from a to b touches."""
    (ax, ay), (bx, by) = a, b
    m = max(2, int(np.hypot(bx - ax, by - ay) / min(0.2, grid.cell_km / 3)) + 2)
    t = np.linspace(0, 1, m)
    cells = grid.cell_of(ax + t * (bx - ax), ay + t * (by - ay))
    np.maximum.at(column, cells[cells >= 0], value)


def _roads(grid: Grid, lines: dict, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Road class and railway per cell. Local roads are a stand-in: each settlement is linked to its relative neighbors.

    Two places are relative neighbors if no third is nearer to both than they are to each other: a connected net with
    some loops, like country roads (Toussaint 1980). Each place also gets a link to the nearest hand-drawn road.
    """
    road, rail = np.zeros(grid.n, np.int8), np.zeros(grid.n, np.int8)
    for i, j in _relative_neighbors(x, y):
        _mark(grid, road, (x[i], y[i]), (x[j], y[j]), 1)
    for kind, corners in lines["roads"]:
        for a, b in itertools.pairwise(corners):
            _mark(grid, road, a, b, ROAD_CLASS.get(kind, 1))
    for _, corners in lines["rail"]:
        for a, b in itertools.pairwise(corners):
            _mark(grid, rail, a, b, 1)
    _link_to_roads(grid, road, lines["roads"], x, y)
    return road, rail


def _closable(grid: Grid, scenario: Scenario) -> np.ndarray:
    """Cells of the roads that the scenario names, by the side to which a lever closes them."""
    out = np.zeros((grid.n, 2), np.int8)
    for road in scenario.road:
        for a, b in itertools.pairwise(road.points):
            _mark(grid, out[:, ("attacker", "defender").index(road.side)], a, b, 1)
    return out


def _relative_neighbors(x: np.ndarray, y: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of the relative neighborhood graph, longest links left out."""
    if len(x) < 2:
        return []
    d = np.hypot(x[:, None] - x, y[:, None] - y)
    pairs = []
    for i in range(len(x)):
        near = np.nonzero((d[i] <= LOCAL_ROAD_KM) & (np.arange(len(x)) > i))[0]
        blocked = (np.maximum(d[i][None, :], d[near]) < d[i, near][:, None] - 1e-9).any(axis=1)
        pairs += [(i, int(j)) for j in near[~blocked]]
    return pairs


def _link_to_roads(grid: Grid, road: np.ndarray, lines: list, x: np.ndarray, y: np.ndarray) -> None:
    """A local road from each settlement within 4 km of a hand-drawn road to the nearest point of it."""
    if not lines:
        return
    step = 0.25
    points = np.concatenate([
        a + np.linspace(0, 1, int(np.hypot(*(b - a)) / step) + 2)[:, None] * (b - a)
        for _, corners in lines for a, b in itertools.pairwise(corners)
    ])  # fmt: skip
    d2 = (points[:, 0] - x[:, None]) ** 2 + (points[:, 1] - y[:, None]) ** 2
    best = d2.argmin(axis=1)
    for i, p in enumerate(best):
        if d2[i, p] <= 16.0:
            _mark(grid, road, (x[i], y[i]), points[p], 1)


def _inside_direction(scenario: Scenario, grid: Grid) -> np.ndarray:
    """Cells whose center lies in the polygon of the direction (even-odd rule); all where the scenario names none."""
    ring = [(r["x"], r["y"]) for r in places_of(scenario, scenario.map.direction)]
    if not ring:
        return np.ones(grid.n, bool)
    x, y = grid.centers()
    inside = np.zeros(grid.n, bool)
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside
