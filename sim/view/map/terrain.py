"""The ground of a sector as smooth pictures want it: fine rasters, curves instead of corners, contours of fields."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from sim.geometry import common_grid, smoothed
from sim.sector import build
from sim.sector.grid import Grid
from sim.sector.places import line_rows, settlement_rows

if TYPE_CHECKING:
    from sim.scenario import Belt, Scenario

ROAD_WIDTH = {"international": 1.5, "national": 1.3, "regional": 0.9, "local": 0.6}  # points
CURVE_KM = 0.35  # spacing of the points of a drawn curve


@dataclass(frozen=True)
class Line:
    """A road, railway or river: its class, name and a smooth curve (m, 2) in km."""

    kind: str
    name: str
    points: np.ndarray


@dataclass(frozen=True)
class Terrain:
    """What does not change in a battle. Rasters are (rows, columns) of `step` km, row 0 southern."""

    extent: tuple[float, float, float, float]
    step: float
    wood: np.ndarray
    built: np.ndarray
    trees: np.ndarray  # density of tree belts between fields
    roads: list[Line]
    tracks: list[np.ndarray]  # links of the local net, a stand-in
    rail: list[Line]
    water: list[Line]
    places: list[dict]  # name, kind, population, x, y, radius
    belts: list[Belt]

    @property
    def area_km2(self) -> float:
        w, e, s, n = self.extent
        return (e - w) * (n - s)


def terrain_of(scenario: Scenario) -> Terrain:
    """The ground of a scenario, on the 250 m lattice that the model samples."""
    s = build
    grid = Grid.of(scenario)
    fine = s._Samples(grid)
    rows = [r for r in settlement_rows(scenario) if grid.cell_of(r["x"], r["y"]) >= 0]
    lines = s._lines(scenario)
    built, _ = s._buildings(fine, rows)
    water, industry = s._water(fine, lines), s._industry(fine, scenario)
    wood = s._wood(fine, water, built)
    x, y = np.array([r["x"] for r in rows], float), np.array([r["y"] for r in rows], float)
    tracks = [np.array([(x[i], y[i]), (x[j], y[j])]) for i, j in s._relative_neighbors(x, y)]
    places = [
        {
            "name": r["name"],
            "kind": r["kind"],
            "population": float(r["population"] or 0),
            "x": r["x"],
            "y": r["y"],
            "radius": float(r["footprint_radius_km"]),
        }
        for r in rows
    ]
    b = scenario.box
    named = {t: _named(scenario, t, lines[t]) for t in ("roads", "rail", "water")}
    return Terrain(
        extent=(b.x0_km, b.x0_km + b.width_km, b.y0_km, b.y0_km + b.height_km),
        step=fine.step,
        wood=wood,
        built=np.maximum(built, 0.8 * industry),
        trees=_tree_belts(fine, wood, water, built),
        roads=named["roads"],
        tracks=tracks,
        rail=named["rail"],
        water=named["water"],
        places=places,
        belts=list(scenario.belt),
    )


def _tree_belts(fine: build._Samples, wood: np.ndarray, water: np.ndarray, built: np.ndarray) -> np.ndarray:
    """Density of tree belts between fields: fixed noise, a stand-in that only the map shows; no rule of the model reads it."""
    return np.clip(0.25 + 0.5 * build._noise(fine, 2.3, 3), 0, 1) * (1 - built) * (1 - water) * (1 - wood)


def _named(scenario: Scenario, table: str, lines: list) -> list[Line]:
    if scenario.map.synthetic or (scenario.map.is_ours and table not in scenario.map.lines):
        return [Line(kind, "", curve(corners)) for kind, corners in lines]
    parts = line_rows(scenario, table).values()
    return [Line(part[0]["class"], part[0]["name"], curve(np.array([(r["x"], r["y"]) for r in part]))) for part in parts]


def curve(corners: np.ndarray, spacing: float = CURVE_KM) -> np.ndarray:
    """A smooth curve through all corners (centripetal Catmull-Rom), (m, 2) about `spacing` km apart."""
    p = np.asarray(corners, float)
    p = p[np.r_[True, np.hypot(*np.diff(p, axis=0).T) > 1e-6]]
    if len(p) < 3:
        return _straight(p, spacing)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    out = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:]):
        t0 = 0.0
        t1, t2, t3 = np.cumsum([np.hypot(*(v - u)) ** 0.5 for u, v in itertools.pairwise((a, b, c, d))])
        n = max(2, int(np.hypot(*(c - b)) / spacing))
        t = np.linspace(t1, t2, n, endpoint=False)[:, None]
        ab, bc, cd = _between(t, t0, t1, a, b), _between(t, t1, t2, b, c), _between(t, t2, t3, c, d)
        out.append(_between(t, t1, t2, _between(t, t0, t2, ab, bc), _between(t, t1, t3, bc, cd)))
    return np.vstack([*out, p[-2]])


def _between(t: np.ndarray, t0: float, t1: float, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((t1 - t) * a + (t - t0) * b) / (t1 - t0)


def _straight(p: np.ndarray, spacing: float) -> np.ndarray:
    out = [p[:1]]
    for a, b in itertools.pairwise(p):
        n = max(2, int(np.hypot(*(b - a)) / spacing))
        out.append(a + (b - a) * np.linspace(0, 1, n + 1)[1:, None])
    return np.vstack(out)


def sample(
    field: np.ndarray, cell: float, x0: float, y0: float, x: np.ndarray, y: np.ndarray, order: int = 1
) -> np.ndarray:
    """A field of cell centers at the crossings of x (km) and y (km): (len(y), len(x)); beyond the edge, the edge."""
    from scipy.ndimage import map_coordinates

    rows, columns = np.meshgrid((y - y0) / cell - 0.5, (x - x0) / cell - 0.5, indexing="ij")
    return map_coordinates(field.astype(np.float32), [rows, columns], order=order, mode="nearest", output=np.float32)


def at_points(field: np.ndarray, cell: float, x0: float, y0: float, points: np.ndarray) -> np.ndarray:
    """A field of cell centers at points (m, 2) in km, linear between centers."""
    from scipy.ndimage import map_coordinates

    where = [(points[:, 1] - y0) / cell - 0.5, (points[:, 0] - x0) / cell - 0.5]
    return map_coordinates(field.astype(np.float32), where, order=1, mode="nearest", output=np.float32)


def smooth_control(control: np.ndarray, cell: float) -> np.ndarray:
    """Control on the common 1 km grid, smoothed as the length of the front is measured."""
    ny, nx = control.shape
    return smoothed(common_grid(np.ascontiguousarray(control, dtype=float).ravel(), nx, ny, cell))


def contours(
    field: np.ndarray,
    cell: float,
    extent: tuple[float, float, float, float],
    level: float,
    per_km: int = 4,
    least_km: float = 2.0,
) -> list[np.ndarray]:
    """Lines (m, 2) in km where a field of cell centers equals a level, smooth to the edge; short ones are dropped."""
    from contourpy import contour_generator

    w, e, s, n = extent
    x = np.linspace(w - 0.4, e + 0.4, round((e - w) * per_km) + 1)
    y = np.linspace(s - 0.4, n + 0.4, round((n - s) * per_km) + 1)
    found = cast("list[np.ndarray]", contour_generator(x, y, sample(field, cell, w, s, x, y, order=3)).lines(level))  # of its default line type
    return [line for line in found if np.hypot(*np.diff(line, axis=0).T).sum() >= least_km]


def front_lines(
    control: np.ndarray,
    cell: float,
    extent: tuple[float, float, float, float],
    least_km: float = 4.0,
    more_km: float = 0.0,
) -> list[np.ndarray]:
    """The front as curves: the 0.5 contour of the smoothed control (`more_km`: smoothed further, for faint lines)."""
    from scipy.ndimage import gaussian_filter

    field = smooth_control(control, cell)
    field = gaussian_filter(field, more_km, mode="nearest") if more_km else field
    return contours(field, 1.0, extent, 0.5, least_km=least_km)


def month_starts(start: dt.date, end: dt.date) -> list[dt.date]:
    """First days of the months after `start` and before `end`."""
    months = (end.year - start.year) * 12 + end.month - start.month
    firsts = [dt.date(start.year + (start.month + k) // 12, (start.month + k) % 12 + 1, 1) for k in range(months)]
    return [d for d in firsts if start < d < end]
