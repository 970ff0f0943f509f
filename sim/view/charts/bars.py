"""Sensitivity indices as sorted bars, and the tornado diagram of one factor at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.marks import halo, names_column, span, under, value_ticks
from sim.view.names import Named, level
from sim.view.numbers import interval, number, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_IN = 0.155  # height of a row
SIZE_PT = 7.5
MOST = 24  # rows that are drawn; the rest stand in the table
HEAD_IN = 0.16  # room above the rows for "alone" and "total"
FOOT_IN = 0.21  # ticks under the rows
AXIS_IN = 0.15  # and the words under them


@dataclass(frozen=True)
class Index:
    """How much one factor matters: `total` with its 95 % interval, what it does `alone`, and the `floor`: the index that
    it would have if it did nothing. NaN where unknown."""

    name: str
    total: float
    low: float = np.nan
    high: float = np.nan
    alone: float = np.nan
    floor: float = np.nan
    clear: bool | None = None

    @property
    def is_sure(self) -> bool:
        """Whether it is clear: what its table says, else whether it rises above its floor."""
        return not self.total <= self.floor if self.clear is None else self.clear


def index_chart(
    indices: Sequence[Index],
    *,
    what: str,
    measure: Named,
    about: About,
    marks: tuple[str, str] = ("total", "alone"),
    noise_words: str = "a factor that does nothing",
    title: str | None = None,
    axis: str = "share of the variance",
    more: str = "",
) -> Chart:
    """Sorted bars of indices, for example Sobol's total effects with the first-order ones as ticks.

    Bars that are not clear are pale. Where all floors are the same, one line marks it; else each bar has a
    mark of its own. `marks` names bar and tick.
    """
    known = sorted((i for i in indices if np.isfinite(i.total)), key=lambda i: -i.total)
    lost = [i for i in indices if not np.isfinite(i.total)]
    shown = known[:MOST]
    has_alone = any(np.isfinite(i.alone) for i in shown)
    floors = {i.floor for i in shown if np.isfinite(i.floor)}
    line = floors.pop() if len(floors) == 1 else None
    parts = [
        f"Bars: {marks[0]}." if not has_alone else f"Bars: {marks[0]}; ticks: {marks[1]}.",
        "Whiskers: 95 %." if any(np.isfinite(i.low) for i in shown) else "",
        f"{'Dashed' if line is not None else 'Rings'}: {noise_words}; paler bars are not clear." if line is not None or floors else "",
        f"{len(known) - len(shown)} smaller factors stand in the table." if len(known) > len(shown) else "",
        f"No index for {len(lost)}." if lost else "",
        more,
    ]
    head = (marks[0], *((marks[1],) if has_alone else ()), "95 % interval")
    rows = tuple(
        (i.name, significant(i.total, 3), *((significant(i.alone, 3),) if has_alone else ()), interval(i.low, i.high))
        for i in [*known, *lost]
    )
    return Chart(
        title=title or measure.title,
        what=what,
        caption=about.caption(more=" ".join(p for p in parts if p)),
        alt=f"{what}: " + ("; ".join(f"{i.name} {significant(i.total, 2)}" for i in shown[:8]) or "nothing known") + ".",
        table=Table(("factor", *head), rows),
        paint=lambda plate: _paint_indices(plate, shown, line, marks if has_alone else None, axis),
        body_in=lambda _: HEAD_IN + FOOT_IN + AXIS_IN + ROW_IN * (max(len(shown), 3) + (line is not None)),
    )


def _paint_indices(
    plate: Plate, shown: list[Index], line: float | None, marks: tuple[str, str] | None, axis: str
) -> None:
    if not shown:
        return plate.note("no index is known")
    p = plate.p
    words, room = names_column([i.name for i in shown], SIZE_PT, 0.42 * plate.width)
    total = np.array([i.total for i in shown])
    low, high, floor = (np.array([getattr(i, k) for i in shown]) for k in ("low", "high", "floor"))
    reach = float(np.nanmax([*total, *high, *floor, 0.0])) or 1.0
    values = [number(v, 2 if reach < 2 else 1 if reach < 20 else 0) for v in total]
    right = max((style.text_width(v, SIZE_PT) for v in values), default=0) / 72 + 0.1
    foot = FOOT_IN + AXIS_IN
    ax = plate.axes(room + 0.08, foot, plate.width - room - 0.08 - right, plate.height - foot - HEAD_IN)
    y = np.arange(len(shown), dtype=float)
    ax.set(xlim=(min(0.0, np.nanmin([0.0, *low])), reach * 1.02), ylim=(max(len(shown), 3) - 0.4 + (line is not None), -0.6))
    ax.grid(False)
    ax.grid(True, axis="x")
    for k, index in enumerate(shown):
        ax.barh(k, index.total, 0.62, color=p.tertiary if index.is_sure else p.bands[1], lw=0)
        if np.isfinite(index.alone):
            a = [index.alone] * 2
            ax.plot(a, [k - 0.31, k + 0.31], color=p.paper, lw=2.4, solid_capstyle="butt", zorder=3)
            ax.plot(a, [k - 0.31, k + 0.31], color=p.ink, lw=0.9, solid_capstyle="butt", zorder=3.1)
        if np.isfinite(index.low) and np.isfinite(index.high):
            ax.plot([index.low, index.high], [k, k], color=p.ink, lw=0.9, zorder=4, clip_on=False)
        if line is None and np.isfinite(index.floor):
            ax.plot([index.floor], [k], "o", ms=2.6, mfc=p.paper, mec=p.ink, mew=0.8, zorder=4.5, clip_on=False)
        end = np.nanmax([index.total, index.high, index.floor if line is None else np.nan])
        ax.annotate(values[k], (end, k), (4, 0), textcoords="offset points", fontsize=SIZE_PT, va="center_baseline",
                    color=p.ink if index.is_sure else p.secondary, annotation_clip=False, path_effects=halo(p), zorder=5)  # fmt: skip
    if line is not None:
        _noise_line(ax, line, len(shown), p)
    ax.axvline(0, color=p.control_line, lw=0.6)
    _rows(ax, y, words)
    value_ticks(ax.xaxis, 5)
    if marks and len(shown):
        _over(ax, plate, shown[0], marks)
    under(plate, ax, axis)


def _noise_line(ax: Axes, noise: float, rows: int, p: style.Palette) -> None:
    """The index of a factor that does nothing, with its value under the rows, on the side that has room."""
    ax.axvline(noise, color=p.ink, lw=0.8, ls=(0, (3, 2)), zorder=2.5)
    low, high = ax.get_xlim()
    right = noise < (low + high) / 2
    ax.annotate(f"noise floor {significant(noise, 2)}", (noise, max(rows, 3) + 0.1), (3 if right else -3, 0),
                textcoords="offset points", fontsize=7, color=p.secondary, va="center_baseline",
                ha="left" if right else "right", path_effects=halo(p))  # fmt: skip


def _rows(ax: Axes, y: np.ndarray, words: list[str]) -> None:
    """Names of rows, no axis line; ticks without marks."""
    ax.set_yticks(y, words, fontsize=SIZE_PT, color=ax.figure.axes[0].xaxis.label.get_color())
    ax.tick_params(length=0, pad=4)
    ax.spines["bottom"].set_visible(False)


def _over(ax: Axes, plate: Plate, first: Index, marks: tuple[str, str]) -> None:
    """ "alone" and "total" above the first row, over its tick and the end of its bar."""
    wide, _ = style.size_pt(ax)
    low, high = ax.get_xlim()
    to = lambda v: (v - low) / (high - low) * wide  # noqa: E731
    half = [style.text_width(m, 7) / 2 for m in marks]
    bar = min(to(first.total), wide - half[0])
    tick = min(to(first.alone), bar - half[0] - half[1] - 5) if np.isfinite(first.alone) else None
    for at, word in ((bar, marks[0]), (tick, marks[1])):
        if at is not None:
            ax.annotate(word, (max(at, 0) / wide, 1), (0, 1.5), xycoords="axes fraction", textcoords="offset points",
                        fontsize=7, color=plate.p.secondary, ha="center", va="bottom")  # fmt: skip


# One factor at a time


@dataclass(frozen=True)
class Swing:
    """Effect of one factor between two of its levels: the mean of the measure at each, with 95 % intervals."""

    name: str
    levels: tuple[object, object]
    mean: tuple[float, float]
    low: tuple[float, float] = (np.nan, np.nan)
    high: tuple[float, float] = (np.nan, np.nan)

    @property
    def width(self) -> float:
        return float(np.nanmax(self.mean) - np.nanmin(self.mean)) if np.isfinite(self.mean).any() else np.nan


def tornado_chart(
    swings: Sequence[Swing],
    baseline: float,
    *,
    measure: Named,
    about: About,
    noise: float | None = None,
    title: str | None = None,
    more: str = "",
) -> Chart:
    """Bars from the baseline to the mean at each factor's low and high level, the widest on top.

    `noise`: half the width of the band around the baseline within which no difference is clear.
    """
    order = sorted(swings, key=lambda s: -np.nan_to_num(s.width, nan=-1.0))
    shown = [s for s in order if np.isfinite(s.width)][:MOST]
    parts = [
        "Pale: the lower level; dark: the higher. Whiskers: 95 %.",
        f"Line: the baseline, {measure.value_text(float(baseline), 3)}" + (", with its noise." if noise else "."),
        f"{len(order) - len(shown)} more factors stand in the table." if len(order) > len(shown) else "",
        more,
    ]
    rows = tuple(
        (s.name, *(text for k in (0, 1) for text in (level(s.levels[k]), significant(s.mean[k]), interval(s.low[k], s.high[k]))))
        for s in order
    )
    named = f"{measure.title}{f', {measure.unit}' if measure.unit else ''}"
    return Chart(
        title=title or measure.title,
        what=f"{named}, each factor alone at its lower and higher level",
        caption=about.caption(more=" ".join(p for p in parts if p)),
        alt=f"{named}, baseline {significant(baseline)}: "
        + ("; ".join(f"{s.name} {significant(s.mean[0])} to {significant(s.mean[1])}" for s in shown[:8]) or "nothing known")
        + ".",
        table=Table(("factor", "lower level", "mean", "95 %", "higher level", "mean", "95 %"), rows),
        paint=lambda plate: _paint_swings(plate, shown, baseline, noise, measure),
        body_in=lambda _: FOOT_IN + AXIS_IN + 0.04 + 1.15 * ROW_IN * max(len(shown), 3),
    )


def _paint_swings(plate: Plate, shown: list[Swing], baseline: float, noise: float | None, measure: Named) -> None:
    if not shown:
        return plate.note("no finished run")
    p = plate.p
    words, room = names_column([s.name for s in shown], SIZE_PT, 0.36 * plate.width)
    foot = FOOT_IN + AXIS_IN
    wide = plate.width - room - 0.08
    ax = plate.axes(room + 0.08, foot, wide, plate.height - foot - 0.04)
    every = np.array([v for s in shown for v in (*s.mean, *s.low, *s.high)] + [baseline])
    low, high = span(every, air=0.02)
    labels = [[style.fitted(level(v), 0.15 * wide * 72, 7) for v in s.levels] for s in shown]
    longest = max((style.text_width(w, 7) for pair in labels for w in pair), default=0.0) + 9
    air = (high - low) * longest / max(wide * 72 - 2 * longest, 40)
    ax.set(xlim=(low - air, high + air), ylim=(max(len(shown), 3) - 0.4, -0.6))
    ax.grid(False)
    ax.grid(True, axis="x")
    if noise:
        ax.axvspan(baseline - noise, baseline + noise, color=p.bands[0], lw=0, zorder=0.4)
    for k, s in enumerate(shown):
        for j in (0, 1):
            if not np.isfinite(s.mean[j]):
                continue
            ax.barh(k, s.mean[j] - baseline, 0.62, left=baseline, color=(p.bands[2], p.tertiary)[j], lw=0, zorder=2 + j * _over_other(s, j, baseline))
            if np.isfinite(s.low[j]) and np.isfinite(s.high[j]):
                ax.plot([s.low[j], s.high[j]], [k, k], color=p.ink, lw=0.9, zorder=5)
        _level_words(ax, k, s, labels[k], baseline, p)
    ax.axvline(baseline, color=p.ink, lw=0.8, zorder=4)
    _rows(ax, np.arange(len(shown), dtype=float), words)
    value_ticks(ax.xaxis, 5)
    under(plate, ax, measure.axis)


def _over_other(s: Swing, j: int, baseline: float) -> float:
    """The shorter of two bars to one side lies on top."""
    a, b = abs(s.mean[j] - baseline), abs(s.mean[1 - j] - baseline)
    return 0.5 if not a > b else 0.1


def _level_words(ax: Axes, row: int, s: Swing, words: list[str], baseline: float, p: style.Palette) -> None:
    """The levels beyond the ends of their bars; when both bars go to one side, the level of the longer one."""
    every = [v for v in (baseline, *s.mean, *s.low, *s.high) if np.isfinite(v)]
    sides = [m >= baseline for m in s.mean]
    if np.isfinite(s.mean).all() and sides[0] == sides[1]:
        if s.mean[0] == s.mean[1]:
            sides = [False, True]
        elif baseline in s.mean:
            sides = [not sides[k] if m == baseline else sides[k] for k, m in enumerate(s.mean)]
        else:
            far = int(np.argmax(np.abs(np.array(s.mean) - baseline)))
            words, sides = [words[far]], [sides[far]]
    ends = [max(every) if right else min(every) for right in sides]
    for end, right, word in zip(ends, sides, words):
        if np.isfinite(end):
            ax.annotate(word, (end, row), (4 if right else -4, 0), textcoords="offset points", fontsize=7, zorder=6,
                        color=p.secondary, ha="left" if right else "right", va="center_baseline")  # fmt: skip
