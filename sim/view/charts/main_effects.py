"""Main effects: the mean of a measure at each level of a factor, over all others, with its interval; one panel a factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.daily_fans import columns
from sim.view.charts.marks import level_space, level_ticks, span, value_ticks
from sim.view.names import Named, level
from sim.view.numbers import interval, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_IN, HEAD_IN, FOOT_IN = 1.05, 0.36, 0.24
MOST = 12  # factors that are drawn; the rest stand in the table


@dataclass(frozen=True)
class Effect:
    """The mean of a measure at each level of a factor, with a 95 % interval; `points` are single results behind it."""

    factor: Named
    levels: Sequence
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    points: tuple[np.ndarray, np.ndarray] | None = field(default=None)  # (level or value, result)

    @property
    def reach(self) -> float:
        """How far the mean moves over the levels."""
        known = np.asarray(self.mean, float)
        known = known[np.isfinite(known)]
        return float(np.ptp(known)) if len(known) else -1.0


def main_effects_chart(
    effects: Sequence[Effect],
    *,
    measure: Named,
    about: About,
    title: str | None = None,
    more: str = "",
    bands: str = "95 % interval of the mean",
) -> Chart:
    """A chart of main effects, the strongest first, all on one scale."""
    order = sorted(effects, key=lambda e: -e.reach)
    shown = [e for e in order if e.reach >= 0][:MOST]
    dots = any(e.points is not None for e in shown)
    parts = [
        "Dots: single points of the design." if dots else "",
        "Thin line: mean of all.",
        f"The {len(shown)} strongest of {len(order)} factors are drawn." if len(order) > len(shown) else "",
        more,
    ]
    rows = tuple(
        (e.factor.axis, level(v), significant(m), interval(l, h))
        for e in order
        for v, m, l, h in zip(e.levels, e.mean, e.low, e.high)
    )
    named = f"{measure.title}{f', {measure.unit}' if measure.unit else ''}"
    return Chart(
        title=title or measure.title,
        what=f"{named}, mean at each level over all others",
        caption=about.caption(bands=bands, more=" ".join(p for p in parts if p)),
        alt=f"Main effects on {measure.name}: "
        + "; ".join(f"{e.factor.name} {significant(e.mean[0])} to {significant(e.mean[-1])}" for e in shown[:8])
        + ".",
        table=Table(("factor", "level", named, "95 % interval"), rows),
        paint=lambda plate: _paint(plate, shown),
        body_in=lambda width: -(-max(len(shown), 1) // columns(max(len(shown), 1), width)) * (PANEL_IN + HEAD_IN + FOOT_IN),
        wide=len(shown) > 2,
    )


def _paint(plate: Plate, shown: list[Effect]) -> None:
    if not shown:
        plate.note("no finished run")
        return
    p, n = plate.p, len(shown)
    every = [v for e in shown for v in (e.mean, e.low, e.high)] + [e.points[1] for e in shown if e.points is not None]
    limits = span(np.concatenate([np.asarray(v, float) for v in every]), air=0.08)
    middle = float(np.nanmean(np.concatenate([np.asarray(e.mean, float) for e in shown])))
    across = columns(n, plate.width)
    panels = plate.grid(n, across, left=level_space(limits, 4), right=0.1, gap=0.16, head=HEAD_IN, foot=FOOT_IN)
    for k, (ax, effect) in enumerate(zip(panels, shown)):
        _panel(ax, effect, p)
        ax.axhline(middle, color=p.tertiary, lw=0.6, zorder=1.5)
        ax.set_ylim(*limits)
        value_ticks(ax.yaxis, 4)
        if k % across:
            ax.tick_params(labelleft=False)


def _panel(ax: Axes, effect: Effect, p: style.Palette) -> None:
    """One factor: a line through the means with the interval as a band, or dots with whiskers for words."""
    wide, _ = style.size_pt(ax)
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in effect.levels)
    at = np.asarray(effect.levels, float) if numeric else np.arange(len(effect.levels), dtype=float)
    mean, low, high = (np.asarray(v, float) for v in (effect.mean, effect.low, effect.high))
    if effect.points is not None and numeric:
        ax.plot(*effect.points, ls="", marker="o", ms=1.7, mfc=p.bands[2], mec="none", zorder=1.2, rasterized=False)
    if numeric and len(at) > 1:
        ax.fill_between(at, low, high, color=p.bands[1], lw=0, zorder=2)
        ax.plot(at, mean, color=p.median, lw=1.3, zorder=3)
    else:
        ax.vlines(at, low, high, color=p.bands[2], lw=4, zorder=2)
    if len(at) <= 12:
        ax.plot(at, mean, ls="", marker="o", ms=3.2, mfc=p.ink, mec=p.paper, mew=0.6, zorder=4)
    pad = 0.07 * (np.ptp(at) or 1.0) if numeric else 0.6
    ax.set_xlim(at.min() - pad, at.max() + pad)
    if numeric and len(at) > 6:
        value_ticks(ax.xaxis, 4)
    else:
        words = [style.fitted(level(v), max(wide / max(len(at), 1) - 3, 20), style.TICK_PT) for v in effect.levels]
        level_ticks(ax.xaxis, at, words, wide)
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    ax.annotate(style.fitted(effect.factor.name, wide, 8, bold=True), (0, 1), (0, 13), fontsize=8, weight="bold", **above)
    ax.annotate(style.fitted(effect.factor.unit, wide, 7.5), (0, 1), (0, 3.5), fontsize=7.5, color=p.secondary, **above)
