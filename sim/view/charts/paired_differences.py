"""Paired differences under common random numbers: one bar a pair of runs with and without a change, sorted, and the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.marks import halo, level_space, value_ticks
from sim.view.names import HARD, Named
from sim.view.numbers import interval, mean_text, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BODY_IN = 1.95
SHAPE_IN = 0.5  # room for the density
MOST_ROWS = 200  # pairs in the table


def paired_differences_chart(
    difference: Sequence[float] | np.ndarray,
    seeds: Sequence[int],
    *,
    measure: Named,
    change: str,
    about: About,
    mean: float,
    low: float,
    high: float,
    noise: float | None = None,
    title: str | None = None,
    more: str = "",
) -> Chart:
    """A chart of paired differences.

    `change` is what differs, "relief after 2 days minus after 14 days". `mean` with its 95 % interval `low` to `high`
    comes from whoever computed it. `noise`: half the width of the band in which a pair is not evidence of a difference.
    """
    values, names = np.asarray(difference, float), np.asarray(seeds)
    known = np.isfinite(values)
    order = np.argsort(values[known], kind="stable")
    values, names = values[known][order], names[known][order]
    unit = f"{HARD}{measure.unit}" if measure.unit else ""
    parts = [
        "One bar, one seed; the two runs of a pair share seed and weather.",
        f"Mean {mean_text(mean, low, high)}{unit}, 95 % interval {interval(low, high)}." if np.isfinite(mean) else "",
        "Tan: noise floor, the same arm run with other draws; bars inside it are hollow." if noise is not None else "",
        f"{int((~known).sum())} pairs are not finished." if (~known).any() else "",
        more,
    ]
    return Chart(
        title=title or finding(values, measure, change, low, high),
        what=f"{measure.title}{f', {measure.unit}' if measure.unit else ''}: {change}",
        caption=about.caption(more=" ".join(p for p in parts if p)),
        alt=f"Differences of {len(values)} pairs in {measure.name}, {change}: mean {mean_text(mean, low, high)}{unit}, "
        f"95 % interval {interval(low, high)}; {int((values < 0).sum())} below zero, {int((values > 0).sum())} above.",
        table=Table(
            ("seed", f"difference{f', {measure.unit}' if measure.unit else ''}"),
            tuple((str(s), significant(v, signed=True)) for s, v in list(zip(names, values))[:MOST_ROWS]),
        ),
        paint=lambda plate: _paint(plate, values, mean, low, high, noise),
        body_in=lambda _: BODY_IN,
    )


def finding(values: np.ndarray, measure: Named, change: str, low: float, high: float) -> str:
    """In how many pairs the change goes which way, and whether that is settled."""
    if not len(values):
        return "No pair is finished"
    down = np.mean(values) < 0
    share = f"{int((values < 0).sum() if down else (values > 0).sum())} of {len(values)} pairs"
    text = f"{measure.title}: {'lower' if down else 'higher'} in {share}"
    if not (values != 0).any():
        return f"{measure.title}: the same in all {len(values)} pairs"
    return text if low > 0 or high < 0 else f"{text}: the sign is not settled"


def _paint(plate: Plate, values: np.ndarray, mean: float, low: float, high: float, noise: float | None) -> None:
    if not len(values):
        return plate.note("no pair is finished")
    p, n = plate.p, len(values)
    every = np.array([*values, 0.0, low, high, *((noise, -noise) if noise is not None else ())])
    every = every[np.isfinite(every)]
    reach = float(np.ptp(every)) or 1.0
    limits = (every.min() - 0.09 * reach, every.max() + 0.09 * reach)
    left = level_space(limits) + 0.06
    label = f"mean\n{mean_text(mean, low, high)}" if np.isfinite(mean) else ""
    word = max((style.text_width(line, 7.5, bold=True) for line in label.split("\n")), default=0.0) / 72
    aside = SHAPE_IN + 0.12 + min(word, 0.3 * plate.width)
    wide = plate.width - left - aside - 0.08
    ax = plate.axes(left, 0.05, wide, plate.height - 0.1)
    ax.set(xlim=(-0.8, max(n, 1) - 0.2), ylim=limits, xticks=[])
    ax.spines["bottom"].set_visible(False)
    if noise is not None:
        ax.axhspan(-noise, noise, color=p.bands[0], lw=0, zorder=0.5)
    sure = np.abs(values) > (noise or 0.0)
    k = np.arange(n)
    thin = 0.86 if n <= 120 else 1.0
    ax.bar(k[sure], values[sure], thin, color=p.tertiary, lw=0)
    ax.bar(k[~sure], values[~sure], thin * 0.9, fc=p.paper, ec=p.tertiary, lw=0.6)
    ax.axhline(0, color=p.ink, lw=0.9)
    value_ticks(ax.yaxis, 5)
    ax.yaxis.set_major_formatter(lambda v, _: significant(v, signed=True))
    corner = (0.995, 0.0, "right", "bottom") if n and np.mean(values[-max(n // 3, 1) :]) > limits[0] / 2 else (0.995, 1.0, "right", "top")
    if n:
        ax.annotate("seeds, ordered by difference", corner[:2], xycoords="axes fraction", fontsize=7, color=p.secondary,
                    ha=corner[2], va=corner[3], path_effects=halo(p))  # fmt: skip
    side = plate.axes(left + wide + 0.08, 0.05, aside, plate.height - 0.1)
    _density(side, values, limits, 0.88 * SHAPE_IN / aside, p)
    if np.isfinite(mean):
        x = SHAPE_IN / aside
        side.plot([x, x], [low, high], color=p.ink, lw=1.6, solid_capstyle="butt")
        side.plot(x, mean, marker="o", ms=4.6, mfc=p.ink, mec=p.paper, mew=0.7)
        side.annotate(label, (x, mean), (6, 0), textcoords="offset points", fontsize=7.5,
                      weight="bold", va="center", linespacing=1.1, path_effects=halo(p), annotation_clip=False)  # fmt: skip
    side.axhline(0, color=p.ink, lw=0.9)


def _density(ax: Axes, values: np.ndarray, limits: tuple[float, float], reach: float, p: style.Palette) -> None:
    """How the differences are spread, as a shape beside the bars."""
    ax.grid(False)
    ax.set(xlim=(0, 1), ylim=limits, xticks=[], yticks=[])
    ax.spines["bottom"].set_visible(False)
    if len(values) < 8 or np.ptp(values) < 1e-12:
        return
    from scipy.stats import gaussian_kde

    y = np.linspace(*limits, 160)
    height = gaussian_kde(values)(y)
    ax.fill_betweenx(y, 0, reach * height / height.max(), color=p.bands[0], lw=0, zorder=0.5)
