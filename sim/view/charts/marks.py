"""Marks that charts share: ticks, words at the ends of lines, bands of an ensemble, whiskers, halos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import patheffects

from sim.view import style
from sim.view.numbers import QUANTILES, number
from sim.view.palette import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis, XAxis, YAxis

    from sim.view.charts.chart import Plate

FEW = 8  # below this many runs each is drawn by itself, since shares of so few mean nothing
BANDS = "middle 50 and 90 % of the runs"


def halo(p: Palette, width: float = 2.0) -> list:
    """A ring of paper around words or lines."""
    return [patheffects.withStroke(linewidth=width, foreground=p.paper)]


def value_ticks(axis: Axis, most: int = 5) -> None:
    """A few ticks with as many digits as their spacing needs."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    ticks = axis.get_majorticklocs()
    style.ticks_of_numbers(axis, digits_of(abs(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0))


def digits_of(step: float) -> int:
    """Decimals that tell values apart that lie `step` apart: 0 for 20, 1 for 0.5, 2 for 0.25."""
    return next((k for k in range(8) if abs(step * 10**k - round(step * 10**k)) < 1e-6 * max(step * 10**k, 1)), 8)


def span(values: np.ndarray, air: float = 0.06, least: float | None = None) -> tuple[float, float]:
    """Limits around all finite values with a little air; around a constant, room to see that it is one."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    if high - low < 1e-9 * max(abs(high), 1e-9):
        half = max(0.1 * abs(high), 0.5)
        low, high = low - half, high + half
    pad = air * (high - low)
    low, high = low - pad, high + pad
    return (max(low, least) if least is not None and known.min() >= least else low), high


def spread_apart(at: np.ndarray, gap: float, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
    """Positions moved apart, in their order, until neighbors are `gap` away; inside the bounds if there is room."""
    order = np.argsort(at, kind="stable")
    y = np.asarray(at, float)[order]
    for _ in range(200):
        short = np.diff(y) - gap
        push = np.where(short < -1e-9, -short / 2 + 0.005, 0.0)
        if not push.any():
            break
        y[:-1] -= push
        y[1:] += push
    if len(y) and y[0] < low:
        y += low - y[0]
    if len(y) and y[-1] > high:
        y -= y[-1] - high
    out = np.empty_like(y)
    out[order] = y
    return out


def end_labels(ax: Axes, x: float, ends: list[tuple[float, str, str]], size: float = 8.0) -> None:
    """Words at the ends of lines (value, word, color), moved apart where they would touch. "record" is bold."""
    low, high = ax.get_ylim()
    _, height = style.size_pt(ax)
    ends = [end for end in ends if np.isfinite(end[0])]
    at = (np.array([value for value, _, _ in ends]) - low) / (high - low) * height
    for (_, word, color), where in zip(ends, spread_apart(at, size * 1.15, low=0.35 * size)):
        ax.annotate(
            word,
            (x, low + where / height * (high - low)),
            (4, 0),
            textcoords="offset points",
            fontsize=size,
            color=color,
            weight="bold" if word == "record" else style.plain_weight(),
            va="center_baseline",
            annotation_clip=False,
        )


def bands(ax: Axes, x: np.ndarray, values: np.ndarray, p: Palette) -> list[tuple[float, str, str]]:
    """An ensemble (runs, n) over x: bands and median, or single lines when runs are few. Returns its end labels."""
    low, quarter, middle, three, high = quantiles(values, shares(values))
    ends = [(middle[-1], "median" if len(values) > 1 else "run", p.median)]
    dot: dict[str, Any] = {"marker": "o", "ms": 3.5} if len(x) == 1 else {}
    if 1 < len(values) < FEW:
        ax.plot(x, values.T, color=p.bands[2], lw=0.7, **dot)
        ends.append((high[-1], "runs", p.secondary))
    elif len(values) > 1 and high[-1] > low[-1]:
        ax.fill_between(x, low, high, color=p.bands[1], lw=0)
        ax.fill_between(x, quarter, three, color=p.bands[2], lw=0)
        ends += [(high[-1], "90 %", p.secondary), (three[-1], "50 %", p.secondary)]
    ax.plot(x, middle, color=p.median, lw=1.4, **dot)
    return ends


def quantiles(values: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """Quantiles over runs (first axis) of what is known; NaN where nothing is."""
    out = np.full((len(at), *values.shape[1:]), np.nan)
    there = np.isfinite(values).any(axis=0)
    out[:, there] = np.nanquantile(values[:, there], at, axis=0)
    return out


def shares(values: np.ndarray) -> tuple[float, ...]:
    """The quantiles that are drawn; the ends are the extremes when runs are few."""
    return QUANTILES if len(values) >= FEW else (0.0, 0.25, 0.5, 0.75, 1.0)


def names_column(names: list[str], size: float, most_in: float) -> tuple[list[str], float]:
    """Names of rows cut to a column of at most so many inches, and the width the column needs (inches)."""
    cut = [middle_cut(name, most_in * 72, size) for name in names]
    return cut, max((style.text_width(name, size) for name in cut), default=0.0) / 72


def middle_cut(text: str, width_pt: float, size: float) -> str:
    """A name cut in the middle where it is too long: names that begin alike differ at their ends."""
    if style.text_width(text, size) <= width_pt:
        return text
    keep = len(text) - 1
    while keep > 2:
        short = f"{text[: (keep + 1) // 2].rstrip()}…{text[len(text) - keep // 2 :].lstrip()}"
        if style.text_width(short, size) <= width_pt:
            return short
        keep -= 1
    return style.fitted(text, width_pt, size)


def fitting(at: np.ndarray, extent: np.ndarray, gap: float = 5.0) -> list[int]:
    """Which of some labels stand free: centers `at` and lengths `extent` in points, from the lowest on."""
    kept, edge = [], -np.inf
    for k in np.argsort(at, kind="stable"):
        if at[k] - extent[k] / 2 > edge + gap:
            kept.append(int(k))
            edge = at[k] + extent[k] / 2
    return kept


def level_ticks(axis: XAxis | YAxis, at: np.ndarray, words: list[str], length_pt: float) -> None:
    """Ticks at the levels of a factor, without labels that would touch; the axis has its limits and scale."""
    is_x = axis.axis_name == "x"
    low, high = axis.get_view_interval()
    to = np.log if axis.get_scale() == "log" else np.asarray
    place = (to(at) - to(low)) / (to(high) - to(low)) * length_pt
    sizes = [style.text_width(w, style.TICK_PT) if is_x else 1.05 * style.TICK_PT for w in words]
    kept = fitting(place, np.array(sizes), 5.0 if is_x else 2.0)
    axis.set_ticks([float(at[k]) for k in kept], [words[k] for k in kept])
    axis.axes.minorticks_off()


def level_space(limits: tuple[float, float], most: int = 5) -> float:
    """Room in inches for the labels that `value_ticks` gives a vertical axis with these limits."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(*limits)
    words = [number(t, digits_of(ticks[1] - ticks[0])) for t in ticks]
    return max(style.text_width(w, style.TICK_PT) for w in words) / 72 + 0.07


def under(plate: Plate, ax: Axes, words: str, drop: float = 0.3) -> None:
    """What the horizontal axis measures, `drop` inches under it, as near to its middle as the figure has room."""
    box, (wide, high) = ax.get_position(), plate.fig.get_size_inches()
    words = style.fitted(words, plate.width * 72, style.TEXT_PT)
    half = style.text_width(words, style.TEXT_PT) / 144
    middle = min(max((box.x0 + box.x1) / 2 * wide - plate.left, half), plate.width - half)
    look = {"ha": "center", "va": "center", "fontsize": style.TEXT_PT, "color": plate.p.secondary}
    plate.text(middle, box.y0 * high - plate.bottom - drop, words, **look)
