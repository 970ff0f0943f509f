"""The map of a battle on a matplotlib Axes, layer by layer, from one Frame of plain arrays.

Bottom to top: land, the attacker's tint and the kill zone (one raster), water, grey zone, rail and roads, supply, works,
pockets, fronts, impacts, units, labels, scale bar and credit. The front is always the 0.5 contour of the smoothed control.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import patheffects
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from sim.fields import BLOCK_KM
from sim.frame import Frame, frame_from_arrays, frame_from_run, frame_of
from sim.view import glyphs
from sim.view.labels import Box, Wish, place
from sim.view.style import LIGHT, MONTHS, Palette, plain_weight, text_width
from sim.view.terrain import Terrain, at_points, contours, front_lines, sample, smooth_control, terrain_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LAYERS", "Frame", "draw_map", "frame_from_arrays", "frame_from_run", "frame_of", "terrain_of"]

LAYERS = ("kill_zone", "grey", "roads", "supply", "works", "pockets", "start", "months", "front", "impacts", "units", "labels")
STEPS = (0.1, 0.25, 0.5, 0.8)  # expected hits per km where the kill zone darkens by one step
ROAD_WIDTH = {"international": 1.5, "national": 1.3, "regional": 0.9, "local": 0.6}  # points
RIBBON_PT = 2.6  # width of a ribbon when everything arrives
CREDIT = "Places © OpenStreetMap contributors (ODbL), GeoNames (CC BY 4.0)"
MADE_UP = "Made-up ground and places"
RASTER = 1100  # most pixels of the land raster along its longer side


@dataclass
class View:
    """What all layers share: axes, data, colors, points per km, and the boxes that labels must leave free."""

    ax: Axes
    frame: Frame
    ground: Terrain
    p: Palette
    extent: tuple[float, float, float, float]
    scale: float
    smooth: np.ndarray  # smoothed control, 1 km
    threat: np.ndarray  # hits per km on whoever moves, blocks
    reserved: list[Box] = field(default_factory=list)
    busy: list[np.ndarray] = field(default_factory=list)

    @property
    def cell(self) -> float:
        return self.frame.scenario.cell_km

    def points(self, xy: np.ndarray) -> np.ndarray:
        """Places in km as points from the lower left corner of the map."""
        return (np.asarray(xy, float) - (self.extent[0], self.extent[2])) * self.scale

    def km(self, x: float, y: float) -> tuple[float, float]:
        return self.extent[0] + x / self.scale, self.extent[2] + y / self.scale

    @property
    def bounds(self) -> Box:
        w, e, s, n = self.extent
        return Box(2, 2, (e - w) * self.scale - 2, (n - s) * self.scale - 2)


def draw_map(ax: Axes, frame: Frame, *, palette: Palette = LIGHT, months: Sequence[tuple[dt.date, np.ndarray]] = (),
             layers: Collection[str] = LAYERS, extent: tuple[float, float, float, float] | None = None,
             ground: Terrain | None = None, furniture: bool = True) -> View:  # fmt: skip
    """Draws the map of a frame and returns what was shared, for notes of one's own.

    `months`: earlier fronts as (date, control (ny, nx)); `extent`: west, east, south, north in km, the whole box if none.
    """
    ground = ground or terrain_of(frame.scenario)
    w, e, s, n = extent or frame.extent
    ax.set(xlim=(w, e), ylim=(s, n), xticks=[], yticks=[])
    ax.set_aspect("equal")
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=palette.control_line, linewidth=0.6, zorder=30)
    ax.apply_aspect()
    width_pt = ax.get_position().width * ax.figure.get_figwidth() * 72
    view = View(ax, frame, ground, palette, (w, e, s, n), width_pt / (e - w), smooth_control(frame.control, frame.scenario.cell_km),
                moving_threat(frame))  # fmt: skip
    _land(view, "kill_zone" in layers)
    _water(view)
    if "grey" in layers:
        _grey_zone(view)
    if "roads" in layers:
        _roads(view)
    if "supply" in layers:
        _supply(view)
    if "works" in layers:
        _works(view)
    if "pockets" in layers:
        _pockets(view)
    if "start" in layers:
        _start(view)
    if furniture:
        _scale_bar(view)
        _credit(view)
    line_labels: list[Wish] = []
    if "months" in layers:
        line_labels += _months(view, months)
    front = _front(view) if "front" in layers else []
    view.busy += [view.points(line) for line in front for _ in range(3)]
    if "kill_zone" in layers:
        line_labels += _kill_zone_lines(view, front)
    if "impacts" in layers:
        glyphs.draw_impacts(ax, frame, palette, view.scale)
    if "units" in layers:
        glyphs.draw_units(ax, frame, palette, view.scale)
        view.busy.append(view.points(np.column_stack([frame.x, frame.y])[:: 1 + frame.x.size // 3000]))
    if "labels" in layers:
        _labels(view, line_labels)
    return view


def moving_threat(frame: Frame) -> np.ndarray:
    """Expected hits per km on whoever moves on own ground: (block rows, block columns)."""
    w, _, s, _ = frame.extent
    rows, columns = frame.threat.shape[:2]
    x, y = w + (np.arange(columns) + 0.5) * BLOCK_KM, s + (np.arange(rows) + 0.5) * BLOCK_KM
    held = sample(smooth_control(frame.control, frame.scenario.cell_km), 1.0, w, s, x, y)
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(held * frame.threat[..., 0] + (1 - held) * frame.threat[..., 1], 0.7, mode="nearest")


# Ground


def _land(v: View, kill_zone: bool) -> None:
    """One raster: land, belts of trees, woods, built-up ground, the attacker's tint with its inner edge, the kill zone."""
    from scipy.ndimage import gaussian_filter

    w, e, s, n = v.extent
    k = min(RASTER / max(e - w, n - s), v.scale * 3)
    x = np.linspace(w, e, round((e - w) * k), endpoint=False) + 0.5 / k
    y = np.linspace(s, n, round((n - s) * k), endpoint=False) + 0.5 / k
    west, _, south, _ = v.frame.extent
    rgb = np.empty((len(y), len(x), 3), np.float32)
    rgb[:] = to_rgb(v.p.land)

    def lay(color: str, share: np.ndarray, darken: bool = False) -> None:
        c = np.array(to_rgb(color), np.float32)
        over = rgb * c if darken and v.p.multiply else c
        rgb[:] += share[..., None] * (over - rgb)

    ground = v.ground
    blur = lambda a, km: gaussian_filter(a, km / ground.step)  # noqa: E731
    lay(v.p.wood, 0.28 * sample(blur(ground.trees, 0.3), ground.step, west, south, x, y))
    lay(v.p.wood, np.clip(1.25 * sample(blur(ground.wood, 0.15), ground.step, west, south, x, y), 0, 1))
    lay(v.p.built, np.clip(1.2 * sample(blur(ground.built, 0.12), ground.step, west, south, x, y), 0, 1))
    held = sample(v.smooth, 1.0, west, south, x, y)
    inside = np.clip((held - 0.5) * 8 + 0.5, 0, 1)
    wide = sample(gaussian_filter(v.smooth, 0.8, mode="nearest"), 1.0, west, south, x, y)
    tint, strength = v.p.held
    lay(tint, inside * (strength + 0.16 * np.clip(1 - (wide - 0.45) / 0.42, 0, 1)))
    if kill_zone:
        threat = sample(v.threat, BLOCK_KM, west, south, x, y, order=3)
        for level in STEPS:
            lay(v.p.danger, 0.085 * np.clip((threat - level) * 60 + 0.5, 0, 1), darken=True)
    v.ax.imshow(np.clip(rgb, 0, 1), extent=v.extent, origin="lower", interpolation="bilinear", zorder=1, aspect="equal")


def _water(v: View) -> None:
    for line in v.ground.water:
        width = {"river": 1.0, "stream": 0.6, "reservoir": max(1.8, 0.45 * v.scale)}.get(line.kind, 0.6)
        v.ax.plot(*line.points.T, color=v.p.water, lw=width * max(1.0, v.scale / 14), zorder=3)


def _roads(v: View) -> None:
    """Rail as a barred line, roads as paper on a casing by class, the local net as hairlines."""
    grow = max(1.0, min(v.scale / 12, 2.2))
    track = glyphs.mixed(v.p.control_line, v.p.land, 0.5)
    v.ax.add_collection(LineCollection(v.ground.tracks, colors=[track], linewidths=0.35 * grow, zorder=3.5), autolim=False)
    for line in v.ground.rail:
        v.ax.plot(*line.points.T, color=v.p.tertiary, lw=0.5 * grow, zorder=5)
        v.ax.plot(*line.points.T, color=v.p.tertiary, lw=1.9 * grow, dashes=(0.28, 2.6), dash_capstyle="butt", alpha=0.8, zorder=5)
    order = sorted(v.ground.roads, key=lambda r: ROAD_WIDTH.get(r.kind, 0.6))
    for extra, color, z in ((0.75, v.p.control_line, 5.1), (0.0, v.p.paper, 5.2)):
        for road in order:
            width = ROAD_WIDTH.get(road.kind, 0.6) * grow
            v.ax.plot(*road.points.T, color=color, lw=width + extra, zorder=z)


# Zones


def _grey_zone(v: View) -> None:
    """Ground where the attacker is but does not hold: hatched at 45 degrees."""
    w, _, s, _ = v.frame.extent
    e, n = v.frame.extent[1], v.frame.extent[3]
    from scipy.ndimage import gaussian_filter

    zone = gaussian_filter(v.frame.grey.astype(float), 0.45 / v.cell)
    x, y = np.linspace(w, e, round((e - w) * 3)), np.linspace(s, n, round((n - s) * 3))
    zone = sample(zone, v.cell, w, s, x, y, order=1)
    if zone.max() > 0.33:
        v.ax.contourf(x, y, zone, [0.33, 9], colors="none", hatches=["///////"], zorder=4)


def _kill_zone_lines(v: View, front: list[np.ndarray]) -> list[Wish]:
    """Contours of the kill zone; returns the labels that want to sit on them."""
    wishes = []
    for level, style, width in ((0.25, (0, (1, 2)), 0.6), (0.5, "solid", 0.55), (0.8, "solid", 0.8)):
        for line in contours(v.threat, BLOCK_KM, v.frame.extent, level, per_km=2, least_km=12):
            v.ax.plot(*line.T, color=v.p.danger, lw=width, ls=style, alpha=0.75, zorder=5.5)
            wishes += _on_line(v, line, f"{level:g}", 6.5, 30, 5)
    return wishes


def _on_line(v: View, line: np.ndarray, text: str, size: float, apart_km: float, rank: float) -> list[Wish]:
    """Wishes for a label on a line, one each `apart_km`, from its middle outward."""
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    count = max(1, int(along[-1] / apart_km))
    places = [np.interp((k + 0.5) / count * along[-1], along, np.arange(len(line))) for k in range(count)]
    spots = v.points(line[np.round(places).astype(int)])
    return [Wish(text, float(x), float(y), size, rank, apart=6, centered=True) for x, y in spots]


# Supply and works


def _supply(v: View) -> None:
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
                v.ax.add_collection(LineCollection(segments, linewidths=(0.25 + (width[:-1] + width[1:])[pieces] / 2), zorder=6,
                                                   colors=v.p.ribbon[side], capstyle="round"), autolim=False)  # fmt: skip
    _cuts(v, w, s)


def _cuts(v: View, w: float, s: float) -> None:
    """A cross where a road of the defender stops carrying anything although he holds the ground beyond."""
    spots = []
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
        v.ax.plot([q[0] for q in spots], [q[1] for q in spots], ls="", marker="x", ms=4, mew=width, color=color, zorder=6.5)


def _works(v: View) -> None:
    """Belts with teeth toward the enemy; a triangle every few km is filled as far as the works are in order."""
    from sim.view.terrain import curve

    w, _, s, _ = v.frame.extent
    grow = max(1.0, min(v.scale / 12, 2.0))
    across = np.gradient(sample(v.smooth, 1.0, w, s, *_lattice(v), order=1))
    for belt in v.ground.belts:
        if belt.built_from is not None and belt.built_from > v.frame.date:
            continue
        line = curve(np.array(belt.points, float), 0.25)
        facing = 0 if belt.side == "defender" else 1
        condition = np.maximum.reduce([at_points(v.frame.works[..., facing], v.cell, w, s, line + shift) for shift in
                                       ((0, 0), (0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5))])  # fmt: skip
        held = at_points(v.smooth, 1.0, w, s, line) >= 0.5
        standing = (condition > 0.08) & (held != (facing == 0))
        pieces = np.stack([line[:-1], line[1:]], axis=1)[standing[:-1] & standing[1:]]
        v.ax.add_collection(LineCollection(pieces, colors=v.p.ink, linewidths=0.7 * grow, zorder=9), autolim=False)
        _teeth(v, line, condition, standing, facing, across, grow)


def _lattice(v: View) -> tuple[np.ndarray, np.ndarray]:
    w, e, s, n = v.frame.extent
    return np.arange(w + 0.5, e), np.arange(s + 0.5, n)


def _teeth(v: View, line: np.ndarray, condition: np.ndarray, standing: np.ndarray, facing: int, across, grow: float) -> None:
    """Ticks on the side of the threat: the side on which the front lies nearer, judged by wide means of control."""
    from scipy.ndimage import gaussian_filter

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
    v.ax.add_collection(LineCollection(np.stack([line[ticks], line[ticks] + length * normal[ticks]], axis=1), colors=v.p.ink,
                                       linewidths=0.6 * grow, zorder=9), autolim=False)  # fmt: skip
    strong = np.arange(2 * every, len(line), 5 * every)
    for k in strong[standing[strong]]:
        fill = glyphs.mixed(v.p.ink, v.p.paper, float(np.clip(condition[k], 0, 1)))
        v.ax.plot(*line[k], marker="^", ms=3.0 * grow, mfc=fill, mec=v.p.ink, mew=0.5, zorder=9.2)


# Pockets and fronts


def _pockets(v: View) -> None:
    """Cut-off ground of at least 4 km2 with a dashed edge in the color of the side inside."""
    from scipy.ndimage import gaussian_filter

    w, e, s, n = v.frame.extent
    x, y = np.linspace(w, e, round((e - w) * 3)), np.linspace(s, n, round((n - s) * 3))
    for side in (0, 1):
        sizes = np.bincount(v.frame.cut[..., side].ravel())
        large = np.flatnonzero(sizes * v.cell**2 >= 4.0)
        inside = np.isin(v.frame.cut[..., side], large[large > 0]).astype(float)
        if inside.any():
            zone = sample(gaussian_filter(inside, 0.4 / v.cell), v.cell, w, s, x, y)
            v.ax.contour(x, y, zone, [0.5], colors=[v.p.side_text[side]], linewidths=0.9, linestyles=[(0, (2.2, 1.6))], zorder=11)


def _start(v: View) -> None:
    for line in front_lines(v.frame.control_start, v.cell, v.frame.extent):
        v.ax.plot(*line.T, color=v.p.ink, lw=1.0, ls=(0, (0.1, 2.1)), dash_capstyle="round", zorder=11.5)


def _months(v: View, months: Sequence[tuple[dt.date, np.ndarray]]) -> list[Wish]:
    """Earlier fronts as thin lines; returns their labels, each where it is farthest from the other lines."""
    drawn = [(date, front_lines(control, v.cell, v.frame.extent, 12.0)) for date, control in months]
    for _, lines in drawn:
        for line in lines:
            v.ax.plot(*line.T, color=v.p.secondary, lw=0.55, zorder=11.4)
    fixed = front_lines(v.frame.control, v.cell, v.frame.extent) + front_lines(v.frame.control_start, v.cell, v.frame.extent)
    wishes = []
    for k, (date, lines) in enumerate(drawn):
        if not lines:
            continue
        line = max(lines, key=len)
        others = np.vstack([*fixed, *(q for j, (_, more) in enumerate(drawn) if j != k for q in more), [(1e6, 1e6)]])[::3]
        spots = line[6:-6:8]
        if not len(spots):
            continue
        room = np.hypot(spots[:, None, 0] - others[:, 0], spots[:, None, 1] - others[:, 1]).min(axis=1)
        text = MONTHS[date.month - 1] + (f" {date.year}" if date.month == 1 else "")
        for rank, q in enumerate(spots[np.argsort(-room)[:1]]):
            x, y = v.points(q)
            if room.max() * v.scale > 3.5:
                wishes.append(Wish(text, float(x), float(y), 6.5, 2.5 + rank, apart=2, centered=True))
    return wishes


def _front(v: View) -> list[np.ndarray]:
    """The front in ink on a casing of paper."""
    lines = front_lines(v.frame.control, v.cell, v.frame.extent, 2.5)
    for width, color, z in ((3.3, v.p.paper, 12.0), (1.4, v.p.ink, 12.1)):
        for line in lines:
            v.ax.plot(*line.T, color=color, lw=width, zorder=z)
    return lines


# Words


def _labels(v: View, line_labels: list[Wish]) -> None:
    """Names of places by rank, then words on lines; what does not fit is left out."""
    w, e, s, n = v.extent
    wishes, kinds = [], {}
    for place_ in v.ground.places:
        x, y = v.points((place_["x"], place_["y"]))
        if not (w < place_["x"] < e and s < place_["y"] < n):
            continue
        city, town = place_["kind"] == "city", place_["kind"] == "town"
        big = city and place_["population"] >= 40_000
        village = not city and not town
        if village and v.scale < 7 and not v.frame.scenario.map.synthetic:
            continue
        name = " ".join(place_["name"].upper()) if big else place_["name"]
        size = 8.5 if big else 8.0 if city else 7.5 if town else 7.0
        rank = (0 if city else 1 if town else 4) - min(place_["population"], 9e4) / 1e5
        wish = Wish(name, float(x), float(y), size, rank, bold=city, gap=3.4 if city else 2.8, apart=14 if village else 3)
        kinds[wish] = place_["kind"]
        wishes.append(wish)
    busy = np.vstack(v.busy) if v.busy else None
    placed = place([*wishes, *line_labels], v.bounds, v.reserved, busy)
    halo = [patheffects.withStroke(linewidth=2.4, foreground=v.p.paper, alpha=0.92)]
    for label in placed:
        x, y = v.km(*label.center)
        wish = label.wish
        kind = kinds.get(wish)
        line = kind is None
        plum = line and wish.text[0].isdigit()
        color = v.p.danger if plum else v.p.secondary if line or kind not in ("city", "town") else v.p.ink
        v.ax.text(x, y, wish.text, fontsize=wish.size, weight="bold" if wish.bold else plain_weight(), color=color, ha="center",
                  va="center_baseline", zorder=16, path_effects=halo, clip_on=True)  # fmt: skip
        if not line:
            v.ax.plot(*v.km(wish.x, wish.y), marker="o", ms=3.4 if kind == "city" else 2.6, mfc=v.p.paper, mec=v.p.ink, mew=0.7,
                      zorder=15)  # fmt: skip


def _scale_bar(v: View) -> None:
    """0, half and full length of a round number of km, lower left, with north beside it."""
    width = v.extent[1] - v.extent[0]
    length = next(k for k in (50, 20, 10, 5, 2, 1, 0.5, 0.2) if k <= width * 0.27)
    x0, y0 = v.km(9, 9)
    halo = [patheffects.withStroke(linewidth=2.4, foreground=v.p.paper, alpha=0.92)]
    v.ax.plot([x0, x0 + length], [y0, y0], color=v.p.paper, lw=3.2, zorder=20, solid_capstyle="butt")
    v.ax.plot([x0, x0 + length], [y0, y0], color=v.p.ink, lw=1.2, zorder=20.1, solid_capstyle="butt")
    for part, text in ((0, "0"), (0.5, f"{length / 2:g}"), (1, f"{length:g} km")):
        x = x0 + part * length
        v.ax.plot([x, x], [y0, y0 + 2.6 / v.scale], color=v.p.ink, lw=0.8, zorder=20.1)
        v.ax.annotate(text, (x, y0), (0 if part < 1 else -3, 4), textcoords="offset points", fontsize=7, ha="center" if part < 1 else "left",
                      va="bottom", zorder=21, path_effects=halo)  # fmt: skip
    right = length * v.scale + 9
    x, y = v.km(right + 30, 8)
    v.ax.annotate("", (x, y + 13 / v.scale), (x, y), zorder=21, arrowprops={"arrowstyle": "-|>", "lw": 0.8, "color": v.p.ink,
                  "mutation_scale": 6, "shrinkA": 0, "shrinkB": 0})  # fmt: skip
    v.ax.annotate("N", (x, y), (5, 1), textcoords="offset points", fontsize=7, ha="left", va="bottom", zorder=21, path_effects=halo)
    v.reserved.append(Box(2, 2, right + 46, 24))


def _credit(v: View) -> None:
    text = MADE_UP if v.frame.scenario.map.synthetic else CREDIT
    size = 6.2
    right = (v.extent[1] - v.extent[0]) * v.scale - 5
    x, y = v.km(right, 5)
    v.ax.text(x, y, text, fontsize=size, ha="right", va="bottom", color=v.p.secondary, zorder=21,
              path_effects=[patheffects.withStroke(linewidth=2.2, foreground=v.p.paper, alpha=0.9)])  # fmt: skip
    v.reserved.append(Box(right - text_width(text, size) - 4, 2, right + 4, 5 + size + 3))
