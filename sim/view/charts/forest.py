"""Forest plot: a dot with its 95 % interval a row, the smallest effect that would matter as a tick, one panel a scale.

What is shown by form: filled is supported, hollow plum is not supported, hollow gray is undecided; small rows are reported,
not judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.marks import level_ticks
from sim.view.numbers import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.view.palette import Palette

LINE_IN = 0.155  # a line of words
GAP_IN = 0.07  # between rows
HEAD_IN = 0.26  # of a panel
AXIS_IN = 0.46
ID_IN = 0.42  # column of the claims' ids
MOST_WORDS = 300  # characters of a row's words


@dataclass(frozen=True)
class Scale:
    """What the axis of a panel measures. Effects beyond `low` and `high` are cut with an arrow."""

    title: str  # what its rows compare
    label: str  # of the axis, with its unit
    reference: float = 0.0  # where a line stands: no effect, or the bound
    factor: float = 1.0  # from the values of rows to the numbers on the axis
    low: float = -math.inf
    high: float = math.inf
    signed: bool = True


@dataclass(frozen=True)
class Row:
    """One effect in the values of its scale. `margin` is the smallest that matters, with its sign; NaN: the reference line."""

    scale: Scale
    group: str  # "C1"; printed at the first row of a group
    words: str
    estimate: float
    low: float
    high: float
    margin: float
    verdict: str  # "supported", "not supported", "undecided"
    value: str  # estimate and interval as text, in the unit that `words` or the axis name
    minor: bool = False


def forest_chart(rows: Sequence[Row], *, about: About, title: str, what: str, more: str = "") -> Chart:
    """A chart of effects with intervals, one row each, in the order given, scale by scale."""
    scales = list(dict.fromkeys(r.scale for r in rows))
    panels = [[r for r in rows if r.scale == scale] for scale in scales]
    cells = tuple(
        (r.group, r.scale.title, r.words, r.value, _margin_text(r), "reported, not judged" if r.minor else r.verdict)
        for panel in panels
        for r in panel
    )
    counts = {v: sum(r.verdict == v and not r.minor for r in rows) for v in ("supported", "not supported", "undecided")}
    return Chart(
        title=title,
        what=what,
        caption=about.caption(more=f"Tick: smallest effect that would matter. Small rows are reported, not judged. {more}"),
        alt="Effects with intervals: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()) + ".",
        table=Table(("claim", "kind", "comparison", "effect (95 % interval)", "smallest that matters", "verdict"), cells),
        paint=lambda plate: _paint(plate, panels),
        body_in=lambda width: sum(_panel_in(panel, width) for panel in panels),
        wide=True,
    )


def _margin_text(row: Row) -> str:
    if not math.isfinite(row.margin):
        return ""
    return significant(row.scale.factor * row.margin, signed=row.scale.signed)


def _words_in(width: float) -> float:
    return 0.40 * width


def _wrapped(row: Row, width: float) -> str:
    words = row.words if len(row.words) <= MOST_WORDS else row.words[: MOST_WORDS - 1] + "…"
    return style.wrap(words, _words_in(width) - ID_IN - 0.08, _size(row))


def _size(row: Row) -> float:
    return 7.0 if row.minor else 8.0


def _heights(rows: Sequence[Row], width: float) -> list[float]:
    out = []
    for k, row in enumerate(rows):
        lines = 1 + _wrapped(row, width).count("\n")
        first = k > 0 and rows[k - 1].group != row.group
        out.append(lines * LINE_IN * _size(row) / 8 + GAP_IN + (0.09 if first else 0.0))
    return out


def _panel_in(rows: Sequence[Row], width: float) -> float:
    return HEAD_IN + sum(_heights(rows, width)) + AXIS_IN


def _paint(plate: Plate, panels: Sequence[Sequence[Row]]) -> None:
    figures = max((style.text_width(r.value, _size(r)) for panel in panels for r in panel), default=0.0) / 72 + 0.1
    top = plate.height
    for panel in panels:
        _paint_panel(plate, panel, top, min(figures, 0.35 * plate.width))
        top -= _panel_in(panel, plate.width)


def _paint_panel(plate: Plate, rows: Sequence[Row], top: float, figures: float) -> None:
    """One panel below `top`, with `figures` inches for the values at the right."""
    p, width, scale = plate.p, plate.width, rows[0].scale
    heights, words = _heights(rows, width), _words_in(plate.width)
    tall, across = sum(heights), width - words - figures
    bottom = top - HEAD_IN - tall
    plate.text(0.0, top - 0.03, style.fitted(scale.title, width * 72, 8.0, bold=True), fontsize=8.0, weight="bold", color=p.secondary, va="top")
    ax = plate.axes(words, bottom, across, tall)
    low, high = _limits(rows)
    ax.set(xlim=(low, high), ylim=(0, tall), yticks=[])
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    ax.grid(False)
    ax.axvline(scale.reference, color=p.control_line, lw=0.8, zorder=0)
    y = tall
    for k, (row, height) in enumerate(zip(rows, heights)):
        begins = not k or rows[k - 1].group != row.group
        if k and begins:
            line = y - 0.045
            ax.axhline(line, -words / across, 1 + figures / across, color=p.hairline, lw=0.6, zorder=0, clip_on=False)
            y, height = y - 0.09, height - 0.09
        middle = y - height / 2
        if begins:
            plate.text(0.0, bottom + y - GAP_IN / 2, row.group, fontsize=8.5, weight="bold", va="top")
        look = {"fontsize": _size(row), "color": p.secondary if row.minor else p.ink, "va": "center"}
        plate.text(ID_IN, bottom + middle, _wrapped(row, width), linespacing=1.15, **look)
        plate.text(width, bottom + middle, row.value, ha="right", **look)
        _mark(ax, p, row, middle, low, high)
        y -= height
    ax.set_xlabel(style.fitted(scale.label, (across + figures) * 72, 7.5), fontsize=7.5)
    ax.locator_params(axis="x", nbins=6)
    ticks = [t for t in ax.get_xticks() if low <= t <= high]
    level_ticks(ax.xaxis, np.array(ticks), [significant(scale.factor * t, signed=scale.signed) for t in ticks], across * 72)


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    """Limits of the axis: all that is drawn, within those of the scale."""
    scale = rows[0].scale
    ends = np.array([[r.low, r.estimate, r.high, r.margin, scale.reference] for r in rows], float)
    ends = ends[np.isfinite(ends)]
    low, high = max(float(ends.min()), scale.low), min(float(ends.max()), scale.high)
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def _mark(ax: Axes, p: Palette, row: Row, y: float, low: float, high: float) -> None:
    judged = row.verdict if not row.minor else ""
    color = {"not supported": p.danger, "supported": p.ink}.get(judged, p.tertiary)
    if math.isfinite(row.margin) and row.margin != row.scale.reference and low <= row.margin <= high:
        ax.plot([row.margin] * 2, [y - 0.05, y + 0.05], color=p.control_line, lw=1.2, zorder=1)
    if math.isfinite(row.low) and math.isfinite(row.high):
        ends = np.clip([row.low, row.high], low, high)
        ax.plot(ends, [y, y], color=color, lw=1.0 if row.minor else 1.5, solid_capstyle="butt", zorder=2)
    reach = [v for v in (row.low, row.estimate, row.high) if math.isfinite(v)]
    pad = 0.012 * (high - low)  # arrows stay within the axes
    for beyond, at, marker in ((max(reach, default=low) > high, high - pad, ">"), (min(reach, default=high) < low, low + pad, "<")):
        if beyond:
            ax.plot(at, y, marker=marker, ms=4, color=color, zorder=3)
    if low <= row.estimate <= high:
        filled = row.verdict == "supported" or row.minor
        ax.plot(row.estimate, y, marker="o", ms=3.2 if row.minor else 5.0, mew=1.1, color=color, mfc=color if filled else p.paper, zorder=4)
