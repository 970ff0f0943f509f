"""Heat map of a measure over two factors: filled steps with labelled contours, or tiles when levels are few.

Hatched cells do not differ clearly from the best of their row; a ring is the default; a line goes through the best of each row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.heatmap_data import Plane, boundaries
from sim.view.charts.marks import halo, level_ticks, names_column
from sim.view.color_ramps import ramp, readable
from sim.view.label_placement import Box, Wish, place
from sim.view.names import Named, level
from sim.view.numbers import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FINE = 90  # points a side between which a smooth plane is drawn
FOOT_IN = 0.34  # room for the words under the x axis


def heatmap_chart(
    x: Sequence,
    y: Sequence,
    z: np.ndarray,
    *,
    x_named: Named,
    y_named: Named,
    measure: Named,
    about: About,
    noise: np.ndarray | float | None = None,
    best: str | None = None,
    default: tuple[object, object] | None = None,
    sampled: bool = False,
    title: str | None = None,
    more: str = "",
) -> Chart:
    """A chart of a measure over two factors.

    `z`: (len(y), len(x)) means, NaN where there is none. `noise`: least difference that is clear (half the
    width of the 95 % interval of a paired difference), one number or like `z`. `best`: "low" or "high" marks the best
    of each row. `default`: levels (x, y) of the scenario as it is. `sampled`: `z` is predicted by a surrogate, no point was run there.
    """
    z = np.asarray(z, float)
    wide = None if noise is None else np.broadcast_to(np.asarray(noise, float), z.shape)
    plane = Plane(tuple(x), tuple(y), z, wide, best, default, sampled)
    low, high = (np.nanmin(z), np.nanmax(z)) if np.isfinite(z).any() else (np.nan, np.nan)
    rows = tuple((level(b), *(significant(v) for v in row)) for b, row in zip(y, z))
    return Chart(
        title=title or measure.title,
        what=f"{measure.title}{f', {measure.unit}' if measure.unit else ''}, by {x_named.name} and {y_named.name}",
        caption=about.caption(more=legend(plane, more)),
        alt=f"{measure.title} over {len(x)} levels of {x_named.name} and {len(y)} levels of {y_named.name}: "
        + f"from {significant(low)} to {significant(high)} {measure.unit}".strip()
        + ".",
        table=Table((f"{y_named.axis} (down), {x_named.axis} (across)", *map(level, x)), rows),
        paint=lambda plate: _paint(plate, plane, x_named, y_named, measure.tone),
        body_in=lambda width: min(max(0.74 * width, 1.9), 3.6),
    )


def legend(plane: Plane, more: str = "") -> str:
    """What marks mean, for the caption; only those that are there."""
    extreme = {"low": "lowest", "high": "highest"}.get(plane.best or "", "")
    parts = [
        "Dots: points that were run; color between them is interpolated." if plane.smooth and not plane.sampled else "",
        f"Hatched: no clear difference from the {extreme} of its row (95 %)."
        if plane.best and plane.noise is not None
        else "",
        _best_words(plane, extreme),
        "Ring: the scenario as it is." if plane.ring() else "",
        "Empty: no finished run." if not np.isfinite(plane.z).all() else "",
        more,
    ]
    return " ".join(part for part in parts if part)


def _best_words(plane: Plane, extreme: str) -> str:
    if not plane.best:
        return ""
    mark = f"Line: {extreme} of each row" if plane.smooth else f"Framed: {extreme} of its row"
    return f"{mark}, where that is settled." if plane.settled().any() else ""


# Painting


def _paint(plate: Plate, plane: Plane, x_named: Named, y_named: Named, tone: str) -> None:
    steps = boundaries(plane.z[np.isfinite(plane.z)])
    colors = ramp(plate.p, tone, len(steps) - 1)
    scale_words = [significant(v) for v in steps]
    right = 0.2 + max(style.text_width(w, style.TICK_PT) for w in scale_words) / 72
    rows = _marks(plane, 1, [level(v) for v in plane.y])[1]
    words, room = names_column(rows, style.TICK_PT, 0.28 * plate.width)
    left, high = room + 0.25, plate.height - FOOT_IN - 0.04
    wide = plate.width - left - right - 0.12
    ax = plate.axes(left, FOOT_IN, wide, high)
    ax.grid(False)
    (_smooth if plane.smooth else _tiles)(ax, plane, steps, colors, plate.p)
    level_ticks(ax.xaxis, *_marks(plane, 0, _cut([level(v) for v in plane.x], wide * 72)), wide * 72)
    level_ticks(ax.yaxis, _marks(plane, 1, words)[0], words, high * 72)
    ax.tick_params(length=0, pad=4)
    ax.spines["bottom"].set_visible(False)
    plain = {"ha": "center", "va": "center", "color": plate.p.secondary, "fontsize": style.TEXT_PT}
    plate.text(left + wide / 2, 0.06, style.fitted(x_named.axis, wide * 72, style.TEXT_PT), **plain)
    plate.text(0.07, FOOT_IN + high / 2, style.fitted(y_named.axis, high * 72, style.TEXT_PT), rotation=90, **plain)
    bar = plate.axes(left + wide + 0.1, FOOT_IN, 0.09, high)
    _scale(bar, steps, colors, scale_words, high * 72)


def _marks(plane: Plane, axis: int, words: list[str]) -> tuple[np.ndarray, list[str]]:
    """Ticks of an axis: its levels, or round numbers where the plane is predicted and has no levels."""
    from matplotlib.ticker import MaxNLocator

    places = plane.places(axis)
    if not (plane.sampled and plane.smooth):
        return places, words
    low, high = places.min(), places.max()
    if plane.is_log(axis):
        ticks = [m * 10.0**k for k in range(-9, 10) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
    else:
        ticks = [t for t in MaxNLocator(5).tick_values(low, high) if low <= t <= high]
    return np.array(ticks), [level(float(t)) for t in ticks]


def _cut(words: list[str], width_pt: float) -> list[str]:
    """Words under tiles, none longer than its tile (at least as long as a short word)."""
    return [style.fitted(w, max(width_pt / max(len(words), 1) - 4, 24), style.TICK_PT) for w in words]


def _scale(bar: Axes, steps: np.ndarray, colors: list[str], words: list[str], high_pt: float) -> None:
    """The steps of color with their boundaries, in the room beside the plane."""
    bar.grid(False)
    bar.set(xlim=(0, 1), ylim=(0, len(colors)), xticks=[])
    bar.bar([0.5] * len(colors), 1.0, 1.0, bottom=range(len(colors)), color=colors, lw=0)
    bar.yaxis.tick_right()
    level_ticks(bar.yaxis, np.arange(len(steps), dtype=float), words, high_pt)
    bar.tick_params(length=0, pad=2.5)
    bar.spines["bottom"].set_visible(False)


def _smooth(ax: Axes, plane: Plane, steps: np.ndarray, colors: list[str], p: style.Palette) -> None:
    """Filled steps between the points, boundaries as lines of paper, every other one in ink with its value."""
    x, y = plane.places(0), plane.places(1)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    for axis, name in ((0, "x"), (1, "y")):
        if plane.is_log(axis):
            getattr(ax, f"set_{name}scale")("log")
    fx, fy = (_fine(v, plane.is_log(k)) for k, v in enumerate((x, y)))
    z = _between(plane, plane.z, fx, fy)
    ax.contourf(fx, fy, z, steps, colors=colors)
    ax.contour(fx, fy, z, steps[1:-1], colors=[p.paper], linewidths=0.5)
    if plane.best and plane.noise is not None:
        free = _between(plane, plane.noise - plane.away(), fx, fy)
        ax.contourf(fx, fy, free, [0, np.inf], colors="none", hatches=["////"])
        ax.contour(fx, fy, free, [0], colors=[p.ink], linewidths=0.7)
    inked = [v for k, v in enumerate(steps[1:-1]) if k % 2 == len(steps[1:-1]) // 2 % 2]
    lines = ax.contour(fx, fy, z, inked, colors=[p.ink], linewidths=0.6)
    named = ax.clabel(lines, fmt=significant, fontsize=7, inline_spacing=3)
    for text in named:
        text.set(color=p.ink, path_effects=halo(p, 1.8), zorder=6)
    if not plane.sampled:
        grid = np.meshgrid(x, y)
        ax.plot(*map(np.ravel, grid), ls="", marker="o", ms=1.5, mfc=p.paper, mec=p.ink, mew=0.3, zorder=3, clip_on=False)
    settled = plane.settled() if plane.best else np.zeros(len(y), bool)
    line = np.column_stack([plane.best_x(), y])
    for rows in np.split(np.flatnonzero(settled), np.flatnonzero(np.diff(np.flatnonzero(settled)) > 1) + 1):
        dot: dict[str, Any] = {"marker": "o", "ms": 3.4} if len(rows) == 1 else {}
        ax.plot(*line[rows].T, color=p.ink, lw=1.5, zorder=4, **dot)
    ring = plane.ring()
    if ring:
        _ring(ax, ring, p, [t.get_window_extent() for t in named], line[settled] if settled.any() else None)


def _fine(levels: np.ndarray, log: bool) -> np.ndarray:
    """Many places between the first and the last level."""
    return np.geomspace(levels[0], levels[-1], FINE) if log else np.linspace(levels[0], levels[-1], FINE)


def _between(plane: Plane, z: np.ndarray, fx: np.ndarray, fy: np.ndarray) -> np.ndarray:
    """A field between its points, smooth, and nowhere beyond its neighbors (Fritsch and Carlson 1980)."""
    from scipy.interpolate import PchipInterpolator

    for axis, fine in ((0, fx), (1, fy)):
        at, to = plane.places(axis), fine
        if plane.is_log(axis):
            at, to = np.log(at), np.clip(np.log(fine), np.log(at[0]), np.log(at[-1]))
        z = PchipInterpolator(at, z, axis=1 - axis)(to)
    return z


def _tiles(ax: Axes, plane: Plane, steps: np.ndarray, colors: list[str], p: style.Palette) -> None:
    """A tile for each pair of levels with its value; the best of a row framed where it is settled, what may be as good hatched."""
    from matplotlib.patches import Rectangle

    ny, nx = plane.z.shape
    ax.set(xlim=(-0.5, nx - 0.5), ylim=(-0.5, ny - 0.5))
    away = plane.away() if plane.best else np.full(plane.z.shape, np.inf)
    settled = plane.settled() if plane.best else np.zeros(ny, bool)
    wide = style.size_pt(ax)[0] / max(nx, 1)
    for i, j in np.ndindex(ny, nx):
        value = float(plane.z[i, j])
        if not np.isfinite(value):
            ax.add_patch(Rectangle((j - 0.46, i - 0.45), 0.92, 0.9, fill=False, ec=p.control_line, lw=0.6, ls=(0, (3, 3))))
            continue
        k = int(np.clip(np.searchsorted(steps, value, "right") - 1, 0, len(colors) - 1))
        unsure = plane.noise is not None and 0 < away[i, j] <= plane.noise[i, j]
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fc=colors[k], ec=p.paper, lw=1.2))
        ink = readable(colors[k])
        if unsure:
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, hatch="////", ec=ink, lw=0, alpha=0.55))
        if away[i, j] == 0 and settled[i]:
            ax.add_patch(Rectangle((j - 0.47, i - 0.46), 0.94, 0.92, fill=False, ec=p.ink, lw=1.3, zorder=4))
        text = significant(value)
        if style.text_width(text, 7.5) < wide - 4:
            patch = {"facecolor": colors[k], "edgecolor": "none", "pad": 1.2} if unsure else None
            ax.text(j, i, text, fontsize=7.5, color=ink, ha="center", va="center_baseline", bbox=patch, zorder=5)
    ring = plane.ring()
    if ring:
        j, i = ring
        ax.plot(j + 0.36, i + 0.3, marker="o", ms=4.4, mfc=p.paper, mec=p.ink, mew=1.1, zorder=6)


def _ring(ax: Axes, at: tuple[float, float], p: style.Palette, boxes: list, line: np.ndarray | None) -> None:
    """The default as a ring, its name beside it where no label of a contour is, and if it can off the line."""
    ax.plot(*at, marker="o", ms=5.4, mfc=p.paper, mec=p.ink, mew=1.4, zorder=7, clip_on=False)
    frame = ax.get_window_extent()
    scale = 72 / ax.figure.dpi
    x, y = (ax.transData.transform(at) - (frame.x0, frame.y0)) * scale
    taken = [
        Box((b.x0 - frame.x0) * scale, (b.y0 - frame.y0) * scale, (b.x1 - frame.x0) * scale, (b.y1 - frame.y0) * scale)
        for b in boxes
    ]
    bounds = Box(2, 2, frame.width * scale - 2, frame.height * scale - 2)
    busy = None
    if line is not None:
        dense = np.column_stack([np.interp(np.linspace(0, 1, 200), np.linspace(0, 1, len(line)), v) for v in line.T])
        busy = (ax.transData.transform(dense) - (frame.x0, frame.y0)) * scale
    for label in place([Wish("default", x, y, 8, gap=5)], bounds, taken, busy):
        cx, cy = label.center
        ax.annotate("default", (cx, cy), xycoords="axes points", fontsize=8, ha="center", va="center_baseline",
                    color=p.ink, path_effects=halo(p, 2.2), zorder=7)  # fmt: skip
