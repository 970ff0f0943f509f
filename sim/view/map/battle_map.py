"""The map of a battle on a matplotlib Axes, layer by layer, from one Frame of plain arrays.

Bottom to top: land, the attacker's tint and the kill zone (one raster), water, grey zone, rail and roads, supply,
works, pockets, fronts, impacts, units, labels, scale bar and credit. The front is always the 0.5 contour of the
smoothed control.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from scipy.ndimage import gaussian_filter

from sim.fields import BLOCK_KM
from sim.frame import Frame
from sim.view.label_placement import Wish
from sim.view.map import overlays, place_labels, unit_glyphs
from sim.view.map.canvas import MapCanvas
from sim.view.map.terrain import ROAD_WIDTH, Terrain, sample, smooth_control, terrain_of
from sim.view.style import LIGHT, Palette, size_pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "LAYERS",
    "STEPS",
    "Frame",
    "MapCanvas",
    "danger_color",
    "draw_map",
    "terrain_of",
]

LAYERS = ("kill_zone", "grey", "roads", "supply", "works", "pockets", "start", "months", "front", "impacts", "units",
          "labels")  # fmt: skip
STEPS = (0.1, 0.25, 0.5, 0.8)  # expected hits per km where the kill zone darkens by one step
DANGER_STEP = 0.11  # strength of one step
RASTER = 1100  # most pixels of the land raster along its longer side


def draw_map(
    ax: Axes,
    frame: Frame,
    *,
    palette: Palette = LIGHT,
    months: Sequence[tuple[dt.date, np.ndarray]] = (),
    layers: Collection[str] = LAYERS,
    extent: tuple[float, float, float, float] | None = None,
    ground: Terrain | None = None,
    furniture: bool = True,
) -> MapCanvas:
    """Draws the map of a frame and returns what was shared, for notes of one's own.

    `months`: earlier fronts as (date, control (ny, nx)); `extent`: west, east, south, north in km (the box).
    """
    ground = ground or terrain_of(frame.scenario)
    w, e, s, n = extent or frame.extent
    ax.set(xlim=(w, e), ylim=(s, n), xticks=[], yticks=[])
    ax.set_aspect("equal")
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=palette.control_line, linewidth=0.6, zorder=30)
    ax.apply_aspect()
    width_pt, _ = size_pt(ax)
    view = MapCanvas(
        ax,
        frame,
        ground,
        palette,
        (w, e, s, n),
        width_pt / (e - w),
        smooth_control(frame.control, frame.scenario.cell_km),
        moving_threat(frame),
    )
    _land(view, "kill_zone" in layers)
    _water(view)
    if "grey" in layers:
        overlays.grey_zone(view)
    if "roads" in layers:
        _roads(view)
    if "supply" in layers:
        overlays.supply(view)
    if "works" in layers:
        overlays.works(view)
    if "pockets" in layers:
        overlays.pockets(view)
    if "start" in layers:
        overlays.start(view)
    if furniture:
        place_labels.scale_bar(view)
        place_labels.credit(view)
    line_labels: list[Wish] = []
    if "months" in layers:
        line_labels += overlays.months(view, months)
    front = overlays.front(view) if "front" in layers else []
    view.busy += [view.points(line) for line in front for _ in range(3)]
    if "kill_zone" in layers:
        line_labels += overlays.kill_zone_lines(view, front)
    if "impacts" in layers:
        unit_glyphs.draw_impacts(ax, frame, palette, view.scale)
    if "units" in layers:
        unit_glyphs.draw_units(ax, frame, palette, view.scale)
        view.busy.append(view.points(np.column_stack([frame.x, frame.y])[:: 1 + frame.x.size // 3000]))
    if "labels" in layers:
        place_labels.labels(view, line_labels)
    return view


def danger_color(p: Palette, steps: int) -> tuple[float, float, float]:
    """The color of open land under so many steps of the kill zone."""
    rgb, danger = np.array(to_rgb(p.land)), np.array(to_rgb(p.danger))
    for _ in range(steps):
        rgb = rgb + DANGER_STEP * ((rgb * danger if p.multiply else danger) - rgb)
    return tuple(rgb)


def moving_threat(frame: Frame) -> np.ndarray:
    """Expected hits per km on whoever moves on own ground: (block rows, block columns)."""
    w, _, s, _ = frame.extent
    rows, columns = frame.threat.shape[:2]
    x, y = w + (np.arange(columns) + 0.5) * BLOCK_KM, s + (np.arange(rows) + 0.5) * BLOCK_KM
    held = sample(smooth_control(frame.control, frame.scenario.cell_km), 1.0, w, s, x, y)
    return gaussian_filter(held * frame.threat[..., 0] + (1 - held) * frame.threat[..., 1], 0.7, mode="nearest")


def _land(v: MapCanvas, kill_zone: bool) -> None:
    """One raster: land, tree belts, woods, built-up ground, the attacker's tint with its inner edge, the kill zone."""
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
    lay(v.p.wood, 0.14 * sample(blur(ground.trees, 0.3), ground.step, west, south, x, y))
    lay(v.p.wood, np.clip(1.25 * sample(blur(ground.wood, 0.15), ground.step, west, south, x, y), 0, 1))
    lay(v.p.built, np.clip(1.3 * sample(blur(ground.built, 0.12), ground.step, west, south, x, y) ** 1.25, 0, 1))
    held = sample(v.smooth, 1.0, west, south, x, y)
    inside = np.clip((held - 0.5) * 8 + 0.5, 0, 1)
    wide = sample(gaussian_filter(v.smooth, 0.8, mode="nearest"), 1.0, west, south, x, y)
    tint, strength = v.p.held
    lay(tint, inside * (strength + 0.16 * np.clip(1 - (wide - 0.45) / 0.42, 0, 1)))
    if kill_zone:
        threat = sample(v.threat, BLOCK_KM, west, south, x, y, order=3)
        for level in STEPS:
            lay(v.p.danger, DANGER_STEP * np.clip((threat - level) * 60 + 0.5, 0, 1), darken=True)
    v.ax.imshow(np.clip(rgb, 0, 1), extent=v.extent, origin="lower", interpolation="bilinear", zorder=1, aspect="equal")


def _water(v: MapCanvas) -> None:
    for line in v.ground.water:
        width = {"river": 1.0, "stream": 0.6, "reservoir": max(1.8, 0.45 * v.scale)}.get(line.kind, 0.6)
        v.ax.plot(*line.points.T, color=v.p.water, lw=width * max(1.0, v.scale / 14), zorder=3)


def _roads(v: MapCanvas) -> None:
    """Rail as a barred line, roads as paper on a casing by class, the local net as hairlines."""
    grow = max(1.0, min(v.scale / 12, 2.2))
    track = unit_glyphs.mixed(v.p.control_line, v.p.land, 0.34)
    v.ax.add_collection(
        LineCollection(v.ground.tracks, colors=[track], linewidths=0.35 * grow, zorder=3.5), autolim=False
    )
    for line in v.ground.rail:
        v.ax.plot(*line.points.T, color=v.p.tertiary, lw=0.5 * grow, zorder=5)
        v.ax.plot(
            *line.points.T,
            color=v.p.tertiary,
            lw=1.9 * grow,
            dashes=(0.28, 2.6),
            dash_capstyle="butt",
            alpha=0.8,
            zorder=5,
        )
    order = sorted(v.ground.roads, key=lambda r: ROAD_WIDTH.get(r.kind, 0.6))
    for extra, color, z in ((0.75, v.p.control_line, 5.1), (0.0, v.p.paper, 5.2)):
        for road in order:
            width = ROAD_WIDTH.get(road.kind, 0.6) * grow
            v.ax.plot(*road.points.T, color=color, lw=width + extra, zorder=z)
