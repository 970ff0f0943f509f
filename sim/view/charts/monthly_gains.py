"""Gains by month in an ensemble, beside the record: one panel an area.

Bars are the middle 90 and 50 % of the runs, a tick the median, a dot the record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.marks import BANDS, FEW, halo, level_space, quantiles, shares
from sim.view.numbers import QUANTILES, significant
from sim.view.public_record import RECORD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.view.palette import Palette

PANEL_IN = 2.2  # height of the panels with their names and months
HEAD_IN, FOOT_IN = 0.24, 0.24
HALF = 0.31  # of the width of a bar, in months
MOST_NAMES = 6  # months that are named under one panel


@dataclass(frozen=True)
class Gains:
    """One panel: net gains (runs, months) in km2, and those of the record (months,), NaN where there is none."""

    name: str
    runs: np.ndarray
    record: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """Months (months,) bool that the record covers."""
        return np.zeros(self.runs.shape[1], bool) if self.record is None else np.isfinite(self.record)

    @property
    def inside(self) -> int:
        """In how many months the record lies in the middle 90 % of the runs."""
        low, high = np.quantile(self.runs, (0.05, 0.95), axis=0)
        record, at = self.record, self.known
        return 0 if record is None else int(((record[at] >= low[at]) & (record[at] <= high[at])).sum())


def monthly_gains_chart(
    panels: Sequence[Gains], months: Sequence[dt.date], *, about: About, title: str, more: str = ""
) -> Chart:
    """A chart of monthly net gains, panels side by side. `months`: a day in each month, for its name."""
    recorded = any(g.known.any() for g in panels)
    few = any(len(g.runs) < FEW for g in panels)
    return Chart(
        title=title,
        what="Net gain of the attacker, km² a month",
        caption=about.caption(
            bands="" if few else BANDS,
            record=RECORD if recorded else "",
            more=" ".join(part for part in ("Line: median.", "Dot: record." if recorded else "", more) if part),
        ),
        alt="Net gain by month. " + "; ".join(f"{g.name}: {_alt(g)}" for g in panels) + ".",
        table=Table(
            ("part", "month", "median, km²", "middle 50 %", "middle 90 %", *(("record",) if recorded else ())),
            tuple(row for g in panels for row in _rows(g, months, recorded)),
        ),
        paint=lambda plate: _paint(plate, panels, months),
        body_in=lambda _: PANEL_IN,
        wide=len(panels) > 1,
    )


def _alt(g: Gains) -> str:
    return ", ".join(significant(float(v)) for v in np.median(g.runs, axis=0)) + " km² (medians)"


def _rows(g: Gains, months: Sequence[dt.date], recorded: bool) -> list[tuple[str, ...]]:
    texts = np.vectorize(significant, otypes=[object])(quantiles(g.runs, QUANTILES))
    record = np.full(len(months), np.nan) if g.record is None else g.record
    return [
        (g.name, f"{month:%Y-%m}", middle, f"{quarter} to {three}", f"{low} to {high}", *((significant(float(r)),) if recorded else ()))
        for month, (low, quarter, middle, three, high), r in zip(months, texts.T, record)
    ]  # fmt: skip


def _paint(plate: Plate, panels: Sequence[Gains], months: Sequence[dt.date]) -> None:
    left = max(level_space(limits(g.runs, g.record)) for g in panels)
    axes = plate.grid(len(panels), len(panels), left=left, right=0.05, gap=left + 0.12, head=HEAD_IN, foot=FOOT_IN)
    for ax, g in zip(axes, panels):
        month_bars(ax, g.runs, months, g.record, plate.p)
        wide = ax.get_position().width * plate.fig.get_figwidth() * 72
        ax.annotate(
            style.fitted(g.name, wide, 8, bold=True), (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=8, weight="bold",
            color=plate.p.ink, va="bottom",
        )  # fmt: skip


def limits(runs: np.ndarray, record: np.ndarray | None) -> tuple[float, float]:
    """The value axis: from 0 or what lies below it, so that bars stand on the same ground."""
    low, high = np.quantile(runs, shares(runs), axis=0)[[0, -1]]
    known = np.array([]) if record is None else record[np.isfinite(record)]
    top = max(float(high.max()), float(known.max(initial=0.0)), 1.0)
    return min(float(low.min()), float(known.min(initial=0.0)), 0.0) - 0.03 * top, 1.07 * top


def month_bars(ax: Axes, runs: np.ndarray, months: Sequence[dt.date], record: np.ndarray | None, p: Palette) -> None:
    """Paints monthly gains (runs, months) and the record's (months,); the record is named where it is farthest away."""
    k = np.arange(runs.shape[1])
    low, quarter, middle, three, high = np.quantile(runs, shares(runs), axis=0)
    if 1 < len(runs) < FEW:
        for one in runs:
            ax.hlines(one, k - HALF, k + HALF, color=p.bands[2], lw=0.7)
    elif len(runs) > 1:
        ax.bar(k, high - low, 2 * HALF, bottom=low, color=p.bands[1], lw=0)
        ax.bar(k, three - quarter, 2 * HALF, bottom=quarter, color=p.bands[2], lw=0)
    ax.hlines(middle, k - HALF, k + HALF, color=p.median, lw=1.4)
    if record is not None and np.isfinite(record).any():
        ax.plot(k, record, ls="", marker="o", ms=4.2, mfc=p.ink, mec=p.paper, mew=0.7, zorder=5)
        i = int(np.nanargmax(np.abs(record - middle)))
        bottom, top = limits(runs, record)
        is_low = (record[i] - bottom) / (top - bottom) < 0.15  # under it stand the months
        ax.annotate(
            "record", (i, record[i]), (0, 5 if is_low else -5), textcoords="offset points", fontsize=8, weight="bold",
            ha="center", va="bottom" if is_low else "top", path_effects=halo(p),
        )  # fmt: skip
    ax.axhline(0, color=p.ink, lw=0.7)
    ax.set_ylim(*limits(runs, record))
    step = max(1, -(-len(k) // MOST_NAMES))
    names = [str(d.year) if d.month == 1 else style.MONTHS[d.month - 1] for d in months]
    shown = [i for i in range(len(k)) if (months[i].month - 1) % step == 0] if len(k) > MOST_NAMES else list(k)
    ax.set_xticks(shown, [names[i] for i in shown])
    ax.set_xlim(-0.6, len(k) - 0.4)
    style.ticks_of_numbers(ax.yaxis)
