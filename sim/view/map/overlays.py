"""Layers over the land: grey zone, kill zone, supply, works, pockets and the fronts, drawn on a map canvas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from scipy.ndimage import gaussian_filter

from sim.fields import BLOCK_KM
from sim.view.label_placement import Wish
from sim.view.map import unit_glyphs
from sim.view.map.canvas import MapCanvas
from sim.view.map.terrain import ROAD_WIDTH, at_points, contours, curve, front_lines, sample
from sim.view.style import MONTHS

RIBBON_PT = 2.1  # width of a ribbon when everything arrives
MOVED_KM2 = 110.0  # ground that must change hands between two drawn fronts of a box of 6,400 km2


def grey_zone(v: MapCanvas) -> None:
    """Ground where the attacker is but does not hold: hatched at 45 degrees."""
    w, _, s, _ = v.frame.extent
    e, n = v.frame.extent[1], v.frame.extent[3]
    zone = gaussian_filter(v.frame.grey.astype(float), 0.55 / v.cell)
    x, y = np.linspace(w, e, round((e - w) * 3)), np.linspace(s, n, round((n - s) * 3))
    zone = sample(zone, v.cell, w, s, x, y) * np.clip((0.5 - sample(v.smooth, 1.0, w, s, x, y)) * 12, 0, 1)
    if zone.max() > 0.38:
        v.ax.contourf(x, y, zone, [0.38, 9], colors="none", hatches=["/////"], zorder=4)


def kill_zone_lines(v: MapCanvas, front: list[np.ndarray]) -> list[Wish]:
    """Contours of the kill zone; returns the labels that want to sit on them."""
    wishes = []
    for level, style, width in ((0.25, (0, (1, 2)), 0.6), (0.5, "solid", 0.55), (0.8, "solid", 0.8)):
        for line in contours(v.threat, BLOCK_KM, v.frame.extent, level, per_km=2, least_km=12):
            v.ax.plot(*line.T, color=v.p.danger, lw=width, ls=style, alpha=0.75, zorder=5.5)
            wishes += _on_line(v, line, f"{level:g}", 6.5, 30, 5)
    return wishes


def _on_line(v: MapCanvas, line: np.ndarray, text: str, size: float, apart_km: float, rank: float) -> list[Wish]:
    """Wishes for a label on a line, one each `apart_km`, from its middle outward."""
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    count = max(1, int(along[-1] / apart_km))
    places = [np.interp((k + 0.5) / count * along[-1], along, np.arange(len(line))) for k in range(count)]
    spots = v.points(line[np.round(places).astype(int)])
    return [
        Wish(text, float(x), float(y), size, rank, apart=6, centered=True, tone="danger", group=f"{text} {line[0]}")
        for x, y in spots
    ]


# Supply and works


def supply(v: MapCanvas) -> None:
    """Roads as ribbons in the color of the side that holds them, as wide as the share of supply that arrives there."""
    w, _, s, _ = v.frame.extent
    grow = max(1.0, min(v.scale / 12, 2.2))
    for road in v.ground.roads:
        if ROAD_WIDTH.get(road.kind, 0) < ROAD_WIDTH["regional"]:
            continue
        mine = at_points(v.smooth, 1.0, w, s, road.points) >= 0.5
        for side in (0, 1):
            share = at_points(v.frame.supply[..., side], v.cell, w, s, road.points)
            there = (mine == (side == 0)) & (share > 0.03)
            width = RIBBON_PT * grow * share
            pieces = there[:-1] & there[1:]
            segments = np.stack([road.points[:-1], road.points[1:]], axis=1)[pieces]
            if len(segments):
                v.ax.add_collection(
                    LineCollection(
                        segments,
                        linewidths=(0.25 + (width[:-1] + width[1:])[pieces] / 2),
                        zorder=6,
                        colors=v.p.ribbon[side],
                        capstyle="round",
                    ),
                    autolim=False,
                )
    _cuts(v, w, s)


def _cuts(v: MapCanvas, w: float, s: float) -> None:
    """A cross where a road of the defender stops carrying anything although he holds the ground beyond."""
    spots: list[np.ndarray] = []
    for road in v.ground.roads:
        if ROAD_WIDTH.get(road.kind, 0) < ROAD_WIDTH["regional"]:
            continue
        free = at_points(v.smooth, 1.0, w, s, road.points) < 0.42
        share = at_points(v.frame.supply[..., 1], v.cell, w, s, road.points)
        stop = free & (share <= 0.03)
        ends = np.flatnonzero((stop[1:] & free[:-1] & ~stop[:-1]) | (stop[:-1] & free[1:] & ~stop[1:]))
        for k in ends:
            if all(np.hypot(*(road.points[k] - q)) > 3 for q in spots):
                spots.append(road.points[k])
    for width, color in ((2.2, v.p.paper), (1.0, v.p.ink)):
        v.ax.plot(
            [q[0] for q in spots], [q[1] for q in spots], ls="", marker="x", ms=4, mew=width, color=color, zorder=6.5
        )


def works(v: MapCanvas) -> None:
    """Belts with teeth toward the enemy; a triangle every few km is filled as far as the works are in order."""
    w, _, s, _ = v.frame.extent
    grow = max(1.0, min(v.scale / 12, 2.0))
    across = np.gradient(sample(v.smooth, 1.0, w, s, *_lattice(v), order=1))
    for belt in v.ground.belts:
        if belt.built_from is not None and belt.built_from > v.frame.date:
            continue
        line = curve(np.array(belt.points, float), 0.25)
        facing = 0 if belt.side == "defender" else 1
        condition = np.maximum.reduce(
            [
                at_points(v.frame.works[..., facing], v.cell, w, s, line + shift)
                for shift in ((0, 0), (0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5))
            ]
        )
        held = at_points(v.smooth, 1.0, w, s, line) >= 0.5
        standing = (condition > 0.08) & (held != (facing == 0))
        pieces = np.stack([line[:-1], line[1:]], axis=1)[standing[:-1] & standing[1:]]
        v.ax.add_collection(LineCollection(pieces, colors=v.p.ink, linewidths=0.7 * grow, zorder=9), autolim=False)
        _teeth(v, line, condition, standing, facing, across, grow)


def _lattice(v: MapCanvas) -> tuple[np.ndarray, np.ndarray]:
    w, e, s, n = v.frame.extent
    return np.arange(w + 0.5, e), np.arange(s + 0.5, n)


def _teeth(
    v: MapCanvas, line: np.ndarray, condition: np.ndarray, standing: np.ndarray, facing: int, across, grow: float
) -> None:
    """Ticks on the side of the threat: the side on which the front lies nearer, judged by wide means of control."""
    w, _, s, _ = v.frame.extent
    wide = gaussian_filter(v.smooth, 6, mode="nearest")
    along = np.gradient(line, axis=0)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    ahead = at_points(wide, 1.0, w, s, line + 2 * normal) - at_points(wide, 1.0, w, s, line - 2 * normal)
    flip = np.sign(ahead.mean() or 1.0) * (1 if facing == 0 else -1)
    normal = normal * flip
    every = max(2, round(6.0 * grow / v.scale / 0.25))
    ticks = np.arange(every // 2, len(line), every)
    ticks = ticks[standing[ticks]]
    length = 2.0 * grow / v.scale
    v.ax.add_collection(
        LineCollection(
            list(np.stack([line[ticks], line[ticks] + length * normal[ticks]], axis=1)),
            colors=v.p.ink,
            linewidths=0.6 * grow,
            zorder=9,
        ),
        autolim=False,
    )
    strong = np.arange(2 * every, len(line), 5 * every)
    for k in strong[standing[strong]]:
        fill = unit_glyphs.mixed(v.p.ink, v.p.paper, float(np.clip(condition[k], 0, 1)))
        v.ax.plot(*line[k], marker="^", ms=3.0 * grow, mfc=fill, mec=v.p.ink, mew=0.5, zorder=9.2)


# Pockets and fronts


def pockets(v: MapCanvas) -> None:
    """Cut-off ground of at least 6 km2 with a dashed edge in the color of the side inside."""
    w, e, s, n = v.frame.extent
    x, y = np.linspace(w, e, round((e - w) * 3)), np.linspace(s, n, round((n - s) * 3))
    for side in (0, 1):
        sizes = np.bincount(v.frame.cut[..., side].ravel())
        large = np.flatnonzero(sizes * v.cell**2 >= 6.0)
        inside = np.isin(v.frame.cut[..., side], large[large > 0]).astype(float)
        if inside.any():
            zone = sample(gaussian_filter(inside, 0.4 / v.cell), v.cell, w, s, x, y)
            v.ax.contour(
                x, y, zone, [0.5], colors=[v.p.side_text[side]], linewidths=0.9, linestyles=[(0, (2.2, 1.6))], zorder=11
            )


def start(v: MapCanvas) -> None:
    for line in front_lines(v.frame.control_start, v.cell, v.frame.extent):
        v.ax.plot(*line.T, color=v.p.ink, lw=1.0, ls=(0, (0.1, 2.1)), dash_capstyle="round", zorder=11.5)


def months(v: MapCanvas, earlier: Sequence[tuple[dt.date, np.ndarray]]) -> list[Wish]:
    """Earlier fronts as thin lines, those that lie apart; returns their labels, each where other lines are farthest."""
    drawn, last = [], v.frame.control_start
    for date, control in earlier:
        moved = min(np.abs(control - other).sum() * v.cell**2 for other in (last, v.frame.control))
        if moved > MOVED_KM2 * v.ground.area_km2 / 6400:
            last = control
            drawn.append((date, front_lines(control, v.cell, v.frame.extent, 20.0, more_km=1.0)))
    v.n_months = len(drawn)
    color = unit_glyphs.mixed(v.p.secondary, v.p.land, 0.75)
    for _, lines in drawn:
        for line in lines:
            v.ax.plot(*line.T, color=color, lw=0.5, zorder=11.4)
    fixed = front_lines(v.frame.control, v.cell, v.frame.extent) + front_lines(
        v.frame.control_start, v.cell, v.frame.extent
    )
    wishes = []
    for k, (date, lines) in enumerate(drawn):
        if not lines:
            continue
        line = max(lines, key=len)
        others = np.vstack([*fixed, *(q for j, (_, more) in enumerate(drawn) if j != k for q in more), [(1e6, 1e6)]])[
            ::3
        ]
        spots = line[6:-6:8]
        if not len(spots):
            continue
        room = np.hypot(spots[:, None, 0] - others[:, 0], spots[:, None, 1] - others[:, 1]).min(axis=1)
        text = f"{date.day} {MONTHS[date.month - 1]}" + (f" {date.year}" if date.month == 1 else "")
        for rank, spot in enumerate(np.argsort(-room)[:12]):
            x, y = v.points(spots[spot])
            if room[spot] * v.scale > 4.0:
                wishes.append(
                    Wish(
                        text, float(x), float(y), 6.5, 2.5 + rank / 20, apart=2, centered=True, tone="line", group=text
                    )
                )
    return wishes


def front(v: MapCanvas) -> list[np.ndarray]:
    """The front in ink on a casing of paper."""
    lines = front_lines(v.frame.control, v.cell, v.frame.extent, 2.5)
    for line in lines:
        island = (
            0.6 if np.hypot(*(line[0] - line[-1])) < 0.01 and np.hypot(*np.diff(line, axis=0).T).sum() < 15 else 1.0
        )
        for width, color, z in ((3.3, v.p.paper, 12.0), (1.4, v.p.ink, 12.1)):
            v.ax.plot(*line.T, color=color, lw=width * island, zorder=z)
    return lines
