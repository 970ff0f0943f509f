"""Maps of the probability that the attacker controls a cell, on one color ramp and extent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgb

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.daily_fans import columns
from sim.view.charts.marks import halo
from sim.view.label_placement import Box, Wish, place
from sim.view.map.terrain import contours, front_lines, sample
from sim.view.numbers import significant
from sim.view.public_record import RECORD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.view.palette import Palette

HEAD_IN, TOP_IN, GAP_IN = 0.22, 0.26, 0.1
MOST = 12  # maps that are drawn
TINT = "#B5651D"  # the attacker's ochre, on light and dark paper alike
SURE, OPEN = 0.9, 0.1
FINE_PT = 1.2  # a pixel of the raster


@dataclass(frozen=True)
class ControlMap:
    """One map: its heading, the probability of control (ny, nx), and the record's control of that day, if there is one."""

    name: str
    probability: np.ndarray
    record: np.ndarray | None = None

    @property
    def brier(self) -> float | None:
        """Brier score: mean squared error of the probability against the record, 0 is best."""
        if self.record is None:
            return None
        return float(np.nanmean((self.probability - (self.record >= 0.5)) ** 2))


def control_maps_chart(
    maps: Sequence[ControlMap],
    *,
    extent: tuple[float, float, float, float],
    cell_km: float,
    about: About,
    places: Sequence[tuple[str, float, float]] = (),
    title: str | None = None,
    more: str = "",
) -> Chart:
    """A chart of small multiples.

    `extent`: west, east, south, north in km. `places`: (name, x, y) in km, the most important first.
    """
    kept = [maps[k] for k in np.unique(np.linspace(0, len(maps) - 1, min(len(maps), MOST)).round().astype(int))]
    recorded = any(m.record is not None for m in kept)
    area = cell_km**2
    sure = [float((m.probability >= SURE).sum()) * area for m in maps]
    unsure = [float(((m.probability > OPEN) & (m.probability < SURE)).sum()) * area for m in maps]
    parts = [
        f"{len(kept)} of {len(maps)} maps are drawn." if len(maps) > len(kept) else "",
        more,
    ]
    aspect = (extent[3] - extent[2]) / (extent[1] - extent[0])
    return Chart(
        title=title or _finding(maps, sure, unsure),
        what=f"Probability that the attacker controls the cell, {cell_km:g} km cells. Thin: 0.9, dashed: 0.1"
        + (". Black: the record’s front" if recorded else ""),
        caption=about.caption(record=RECORD if recorded else "", more=" ".join(p for p in parts if p)),
        alt="Maps of the probability of control. "
        + "; ".join(f"{m.name}: sure {significant(a, 3)} km², open {significant(b, 3)} km²" for m, a, b in zip(maps, sure, unsure))
        + ".",
        table=Table(
            ("map", "held (0.9 or more), km²", "open (0.1 to 0.9), km²", *(("Brier score",) if recorded else ())),
            tuple(
                (m.name, significant(a, 4), significant(b, 4), *((_brier(m),) if recorded else ()))
                for m, a, b in zip(maps, sure, unsure)
            ),
        ),
        paint=lambda plate: _paint(plate, kept, extent, cell_km, places),
        body_in=lambda width: TOP_IN + _grid(len(kept), width, aspect)[1],
        wide=len(kept) > 2,
    )


def _brier(m: ControlMap) -> str:
    return "none" if m.brier is None else f"{m.brier:.3f}"


def _finding(maps: Sequence[ControlMap], sure: list[float], unsure: list[float]) -> str:
    if not maps:
        return "No maps were kept"
    last = maps[-1].name
    if len(maps) == 1:
        return f"The attacker holds {significant(sure[0], 3)} km² with a probability of 0.9 or more; {significant(unsure[0], 3)} km² are open"
    return f"Surely held by the attacker: {significant(sure[0], 3)} km² ({maps[0].name}), {significant(sure[-1], 3)} km² ({last})"


def _grid(n: int, width: float, aspect: float) -> tuple[int, float]:
    """Panels in a row, and the height of all rows."""
    across = columns(max(n, 1), width)
    wide = (width - GAP_IN * (across - 1)) / across
    return across, -(-max(n, 1) // across) * (wide * aspect + HEAD_IN + GAP_IN)


def _paint(
    plate: Plate,
    maps: list[ControlMap],
    extent: tuple[float, float, float, float],
    cell: float,
    places: Sequence[tuple[str, float, float]],
) -> None:
    w, e, s, n = extent
    if not maps:
        return
    across, high = _grid(len(maps), plate.width, (n - s) / (e - w))
    wide = (plate.width - GAP_IN * (across - 1)) / across
    row = high / -(-len(maps) // across)
    for k, one in enumerate(maps):
        x = (k % across) * (wide + GAP_IN)
        y = high - (k // across + 1) * row + GAP_IN
        ax = plate.axes(x, y, wide, row - HEAD_IN - GAP_IN)
        _map(ax, one, extent, cell, plate.p)
        _names(ax, places, extent, wide * 72, plate.p, with_scale=k == len(maps) - 1, words=k == 0)
        score = one.brier
        right = f"Brier {score:.3f}" if score is not None else ""
        room = wide * 72 - style.text_width(right, 7) - (6 if right else 0)
        above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
        ax.annotate(style.fitted(one.name, room, 8, bold=True), (0, 1), (0, 3), fontsize=8, weight="bold", **above)
        if right:
            ax.annotate(right, (1, 1), (0, 3), fontsize=7, color=plate.p.secondary, ha="right", **above)
    _ramp_key(plate)


def _map(ax: Axes, one: ControlMap, extent: tuple[float, float, float, float], cell: float, p: Palette) -> None:
    w, e, s, n = extent
    ax.set(xlim=(w, e), ylim=(s, n), xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=p.control_line, linewidth=0.6, zorder=30)
    wide_pt, _ = style.size_pt(ax)
    count = int(wide_pt / FINE_PT)
    x = np.linspace(w, e, count, endpoint=False) + (e - w) / count / 2
    y = np.linspace(s, n, max(2, round(count * (n - s) / (e - w))), endpoint=False)
    shade = np.clip(np.nan_to_num(sample(np.nan_to_num(one.probability), cell, w, s, x, y)), 0, 1)
    tint = np.empty((*shade.shape, 4), np.float32)
    tint[..., :3], tint[..., 3] = to_rgb(TINT), 0.92 * shade
    ax.imshow(tint, extent=extent, origin="lower", interpolation="bilinear", aspect="auto", zorder=1)
    field = np.nan_to_num(one.probability)
    for level, dash in ((SURE, "solid"), (OPEN, (0, (3, 2)))):
        for line in contours(field, cell, extent, level, least_km=0.03 * (e - w)):
            ax.plot(*line.T, color=p.side_text[0], lw=0.6, ls=dash, zorder=3)
    if one.record is not None:
        for line in front_lines(one.record, cell, extent, least_km=0.05 * (e - w)):
            ax.plot(*line.T, color=p.paper, lw=2.2, zorder=4)
            ax.plot(*line.T, color=p.ink, lw=1.0, zorder=4.1)


def _names(
    ax: Axes,
    places: Sequence[tuple[str, float, float]],
    extent: tuple[float, float, float, float],
    wide_pt: float,
    p: Palette,
    *,
    with_scale: bool,
    words: bool,
) -> None:
    """Places as small rings, with names on the first map only; the scale bar on the last."""
    w, e, s, n = extent
    scale = wide_pt / (e - w)
    bounds = Box(2, 2, wide_pt - 2, (n - s) * scale - 2)
    reserved = [Box(wide_pt * 0.55, 0, wide_pt, 16)] if with_scale else []
    inside = [(name, x, y) for name, x, y in places if w < x < e and s < y < n]
    for _, x, y in inside:
        ax.plot(x, y, marker="o", ms=2.6, mfc=p.paper, mec=p.ink, mew=0.7, zorder=6)
    wishes = [Wish(name, (x - w) * scale, (y - s) * scale, 7, rank=k, gap=3.2) for k, (name, x, y) in enumerate(inside)]
    for label in place(wishes, bounds, reserved) if words else []:
        cx, cy = label.center
        ax.text(w + cx / scale, s + cy / scale, label.wish.text, fontsize=7, ha="center", va="center_baseline",
                path_effects=halo(p), zorder=7)  # fmt: skip
    if with_scale:
        length = next(k for k in (50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1) if k <= (e - w) * 0.34)
        x1, y0 = e - 5 / scale, s + 5 / scale
        ax.plot([x1 - length, x1], [y0, y0], color=p.paper, lw=3, zorder=8, solid_capstyle="butt")
        ax.plot([x1 - length, x1], [y0, y0], color=p.ink, lw=1.3, zorder=8.1, solid_capstyle="butt")
        ax.annotate(f"{length:g} km", (x1 - length / 2, y0), (0, 3), textcoords="offset points", fontsize=7, zorder=8.2,
                    ha="center", va="bottom", path_effects=halo(p))  # fmt: skip


def _ramp_key(plate: Plate) -> None:
    """The ramp from 0 to 1, top right."""
    wide = min(1.3, 0.5 * plate.width)
    ax = plate.axes(plate.width - wide - 0.06, plate.height - 0.09, wide, 0.07)
    tint = np.empty((1, 128, 4), np.float32)
    tint[..., :3], tint[..., 3] = to_rgb(TINT), 0.92 * np.linspace(0, 1, 128)
    ax.imshow(tint, extent=(0, 1, 0, 1), aspect="auto", interpolation="bilinear")
    ax.grid(False)
    ax.set(xticks=[0, 0.5, 1], yticks=[])
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"], fontsize=7)
    ax.tick_params(length=0, pad=1.5)
    for spine in ax.spines.values():
        spine.set(visible=True, color=plate.p.hairline, linewidth=0.4)
