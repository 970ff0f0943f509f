"""Convergence of a mean: its value and 95 % interval against the number of replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.marks import halo, level_space, span, value_ticks
from sim.view.names import HARD, Named
from sim.view.numbers import interval, number, significant

BODY_IN = 1.85
FOOT_IN = 0.36
FEW = 7  # replicates up to which intervals stand as bars
WITHIN = 0.05  # half width of the interval, as a share of the mean, that is called enough


@dataclass(frozen=True)
class RunningMean:
    """The mean over the first `n` replicates with its 95 % interval."""

    n: Sequence[int]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]

    @property
    def half(self) -> np.ndarray:
        return (np.asarray(self.high, float) - np.asarray(self.low, float)) / 2

    def enough(self, within: float = WITHIN) -> int | None:
        """The first number of replicates from which the interval stays narrow; None when it never does."""
        mean = np.abs(np.asarray(self.mean, float))
        good = (self.half <= within * np.maximum(mean, 1e-12)) & np.isfinite(self.half)
        last_bad = np.flatnonzero(~good)
        first = int(last_bad[-1]) + 1 if len(last_bad) else 0
        return int(self.n[first]) if first < len(good) else None


def convergence_chart(
    running: RunningMean,
    *,
    measure: Named,
    about: About,
    where: str = "mean of all points",
    others: Mapping[str, RunningMean] | None = None,
    title: str | None = None,
    more: str = "",
) -> Chart:
    """A chart of the mean against the number of replicates; `where`: of which runs. `others`: rows of the table."""
    last = len(running.n) - 1
    named = f"{measure.title}{f', {measure.unit}' if measure.unit else ''}"
    rows = [
        (name, str(s.n[-1]), significant(s.mean[-1]), interval(s.low[-1], s.high[-1]), str(s.enough() or "more"))
        for name, s in {where: running, **(others or {})}.items()
        if len(s.n)
    ]
    return Chart(
        title=title or finding(running, measure),
        what=f"{named}, {where}, by number of replicates",
        caption=about.caption(bands="95 % interval of the mean", more=" ".join(p for p in ("Dashed: the last mean.", more) if p)),
        alt=f"{named} against replicates: "
        + (f"{significant(running.mean[last])} after {running.n[last]}, 95 % interval {interval(running.low[last], running.high[last])}." if last >= 0 else "nothing known."),
        table=Table(("mean of", "replicates", named, "95 % interval", f"enough for ± {WITHIN:.0%}".replace("%", " %")), tuple(rows)),
        paint=lambda plate: _paint(plate, running),
        body_in=lambda _: BODY_IN + FOOT_IN,
    )


def finding(s: RunningMean, measure: Named) -> str:
    """Precision of the mean, and the number of replicates it takes, as a sentence."""
    if not len(s.n) or not np.isfinite(s.half[-1]):
        return f"{measure.title}: too few replicates for an interval"
    mean, half = abs(float(s.mean[-1])), float(s.half[-1])
    count = f"{s.n[-1]} replicates" if s.n[-1] != 1 else "1 replicate"
    if mean <= 1e-12 or half / mean > 1:
        return f"After {count} {measure.name} is known to ±{HARD}{measure.value_text(half, 2)}"
    share = half / mean
    return f"After {count} {measure.name} is known to ±{HARD}{number(100 * share, 0 if share >= 0.0095 else 1)}{HARD}%"


def _paint(plate: Plate, s: RunningMean) -> None:
    p = plate.p
    n, mean, low, high = (np.asarray(v, float) for v in (s.n, s.mean, s.low, s.high))
    narrow = np.isfinite(low) & np.isfinite(high)
    # The first intervals, of a few runs, would squeeze all the rest flat.
    core = narrow & (n >= min(6, n[-1] if len(n) else 6))
    limits = span(np.concatenate([mean, low[core], high[core]]), air=0.1)
    left = level_space(limits)
    ax = plate.axes(left, FOOT_IN, plate.width - left - 0.14, plate.height - FOOT_IN - 0.05)
    few = len(n) < FEW
    if few:
        ax.vlines(n[narrow], low[narrow], high[narrow], color=p.bands[2], lw=5)
    else:
        ax.fill_between(n[narrow], low[narrow], high[narrow], color=p.bands[1], lw=0)
    dots: dict[str, Any] = {"marker": "o", "ms": 3.4} if few else {}
    ax.plot(n, mean, color=p.median, lw=1.4, **dots)
    if len(n):
        ax.axhline(mean[-1], color=p.ink, lw=0.7, ls=(0, (4, 2.5)))
    ax.set_ylim(*limits)
    ax.set_xlim(min(1.0, n.min(initial=1)) - 0.3 * few, max(n.max(initial=2), 2) + 0.3 * few)
    enough = s.enough()
    if enough is not None and len(n) > 2:
        ax.axvline(enough, color=p.ink, lw=0.7, ls=(0, (1, 2)))
        late = enough > 0.6 * n[-1]
        ax.annotate(f"± {WITHIN:.0%}".replace("%", " %") + f" from {enough}", (enough, 1), (-4 if late else 4, -1),
                    xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=7.5, color=p.secondary,
                    ha="right" if late else "left", va="top", path_effects=halo(p))  # fmt: skip
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    value_ticks(ax.yaxis, 5)
    plate.text(left + (plate.width - left - 0.14) / 2, 0.06, "replicates, number of seeds", fontsize=style.TEXT_PT,
               color=p.secondary, ha="center", va="center")  # fmt: skip
