"""Forest plot of effects: a dot with its 95 % interval a row, the smallest effect that would matter as a tick.

What is shown by form: filled is supported, hollow plum is not supported, hollow gray is undecided; small rows are secondary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.numbers import interval, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.view.palette import Palette

LINE_IN = 0.155  # a line of words
GAP_IN = 0.07  # between rows
AXIS_IN = 0.42
WIDEST = 2.0  # effects beyond three times are cut with an arrow


@dataclass(frozen=True)
class Row:
    """One effect, as a share (0.25 is a quarter more). `margin` is the smallest that matters, with its sign."""

    group: str  # "C1"; printed at the first row of a group
    words: str
    estimate: float
    low: float
    high: float
    margin: float
    verdict: str  # "supported", "not supported", "undecided"
    minor: bool = False


def forest_chart(rows: Sequence[Row], *, about: About, title: str, what: str, more: str = "") -> Chart:
    """A chart of effects with intervals, one row each, in the order given."""
    table = Table(
        ("", "comparison", "effect, %", "95 % interval, %", "smallest that matters, %", "verdict"),
        tuple(
            (r.group, r.words, significant(100 * r.estimate, signed=True), interval(100 * r.low, 100 * r.high), significant(100 * r.margin, signed=True), "secondary" if r.minor else r.verdict)
            for r in rows
        ),
    )
    counts = {v: sum(r.verdict == v and not r.minor for r in rows) for v in ("supported", "not supported", "undecided")}
    alt = "Effects with intervals: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()) + "."
    return Chart(
        title=title,
        what=what,
        caption=about.caption(more="Tick: smallest effect that would matter. Small rows are secondary to the claim. " + more),
        alt=alt,
        table=table,
        paint=lambda plate: _paint(plate, rows),
        body_in=lambda width: sum(_heights(rows, width)) + AXIS_IN,
        wide=True,
    )


def _words_in(width: float) -> float:
    return 0.40 * width


def _wrapped(row: Row, width: float) -> str:
    return style.wrap(row.words, _words_in(width) - 0.5, _size(row))


def _size(row: Row) -> float:
    return 7.0 if row.minor else 8.0


def _heights(rows: Sequence[Row], width: float) -> list[float]:
    out = []
    for k, row in enumerate(rows):
        lines = 1 + _wrapped(row, width).count("\n")
        first = k > 0 and rows[k - 1].group != row.group
        out.append(lines * LINE_IN * _size(row) / 8 + GAP_IN + (0.09 if first else 0.0))
    return out


def _paint(plate: Plate, rows: Sequence[Row]) -> None:
    p, width = plate.p, plate.width
    heights = _heights(rows, width)
    words, figures = _words_in(width), 1.15
    tall = sum(heights)
    ax = plate.axes(words, AXIS_IN, width - words - figures, tall)
    low, high = _limits(rows)
    ax.set_xlim(low, high)
    ax.set_ylim(0, tall)
    ax.set_yticks([])
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    ax.axvline(0, color=p.control_line, lw=0.8, zorder=0)
    y = tall
    for k, (row, height) in enumerate(zip(rows, heights)):
        if k and rows[k - 1].group != row.group:
            line = y - 0.045
            across = width - words - figures
            ax.axhline(line, -words / across, 1 + figures / across, color=p.hairline, lw=0.6, zorder=0, clip_on=False)
            y -= 0.09
            height -= 0.09
        middle = y - height / 2
        if not k or rows[k - 1].group != row.group:
            plate.text(0.0, AXIS_IN + y - GAP_IN / 2, row.group, fontsize=8.5, weight="bold", va="top")
        color = p.secondary if row.minor else p.ink
        plate.text(0.42, AXIS_IN + middle, _wrapped(row, width), fontsize=_size(row), color=color, va="center", linespacing=1.15)
        _mark(ax, p, row, middle, low, high)
        label = f"{significant(100 * row.estimate, 2, signed=True)} ({interval(100 * row.low, 100 * row.high)})" if math.isfinite(row.low) else "no value"
        plate.text(width, AXIS_IN + middle, label, fontsize=_size(row), color=color, va="center", ha="right")
        y -= height
    ax.set_xlabel("effect in % of the first arm (shares of variance: percentage points)", fontsize=7.5)
    ticks = [t for t in (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0) if low <= t <= high]
    ax.set_xticks(ticks, [significant(100 * t, signed=True) for t in ticks])


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    ends = np.array([[r.low, r.high, r.margin, 0.0] for r in rows], float)
    ends = ends[np.isfinite(ends)]
    low, high = max(float(ends.min()), -1.0), min(float(ends.max()), WIDEST)
    pad = 0.05 * (high - low)
    return low - pad, high + pad


def _mark(ax: Axes, p: Palette, row: Row, y: float, low: float, high: float) -> None:
    color = p.danger if row.verdict == "not supported" and not row.minor else p.tertiary if row.minor or row.verdict == "undecided" else p.ink
    if row.margin:
        ax.plot([row.margin] * 2, [y - 0.05, y + 0.05], color=p.control_line, lw=1.2, zorder=1)
    if not math.isfinite(row.low):
        return
    a, b = np.clip([row.low, row.high], low, high)
    ax.plot([a, b], [y, y], color=color, lw=1.0 if row.minor else 1.5, solid_capstyle="butt", zorder=2)
    if row.high > high or row.low < low:
        beyond = row.high > high
        ax.plot(high if beyond else low, y, marker=">" if beyond else "<", ms=4, color=color, clip_on=False, zorder=3)
    if low <= row.estimate <= high:
        filled = row.verdict == "supported" or row.minor
        size = 3.2 if row.minor else 5.0
        ax.plot(row.estimate, y, marker="o", ms=size, mew=1.1, color=color, mfc=color if filled else p.paper, zorder=4)
