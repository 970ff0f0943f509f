"""Model figures beside cited ones, and projections by year with their bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.daily_fans import columns
from sim.view.charts.marks import BANDS, level_space, level_ticks, names_column, span, under, value_ticks
from sim.view.charts.prior_posterior import FOOT_IN, ROW_IN, SIZE_PT, Five, bare, bars
from sim.view.numbers import QUANTILES, significant

STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)  # ticks of a decade
PANEL_IN = 2.0


@dataclass(frozen=True)
class CitedComparison:
    """One row of figures: quantiles of the model, and cited figures (value, low, high, words)."""

    name: str
    model: Five
    cited: tuple[tuple[float, float, float, str], ...] = ()


def cited_comparison_chart(rows: Sequence[CitedComparison], *, axis: str, about: About, title: str, what: str, log: bool = False) -> Chart:
    """Bands of the model beside cited figures, one row each."""
    heads = ("", f"model, median ({axis})", "middle 50 %", "middle 90 %", "cited")
    cells = tuple(
        (r.name, significant(r.model[2]), *(f"{significant(r.model[a])} to {significant(r.model[b])}" for a, b in ((1, 3), (0, 4))),
         "; ".join(words for *_, words in r.cited) or "none")
        for r in rows
    )  # fmt: skip
    return Chart(
        title=title,
        what=what,
        caption=about.caption(
            bands=BANDS,
            more="Ink: cited figures, with their range where one is given." if any(r.cited for r in rows) else "",
        ),
        alt="; ".join(f"{r.name}: {significant(r.model[2])} {axis}" for r in rows) + ".",
        table=Table(heads, cells),
        paint=lambda plate: _paint_cited(plate, rows, axis, log),
        body_in=lambda _: 0.05 + FOOT_IN + 2 * ROW_IN * max(len(rows), 1),
        wide=True,
    )


def _paint_cited(plate: Plate, rows: Sequence[CitedComparison], axis: str, log: bool) -> None:
    if not any(np.isfinite(r.model).any() or r.cited for r in rows):
        return plate.note("no value")
    p = plate.p
    names, room = names_column([r.name for r in rows], SIZE_PT, 0.36 * plate.width)
    ax = plate.axes(room + 0.1, FOOT_IN, plate.width - room - 0.25, plate.height - FOOT_IN - 0.05)
    every = np.array([v for r in rows for v in (*r.model, *(x for c in r.cited for x in c[:3]))], float)
    every = every[np.isfinite(every) & (every > 0 if log else True)]
    low, high = span(np.log(every)) if log else span(every)
    ax.set(xlim=(np.exp(low), np.exp(high)) if log else (low, high), ylim=(len(rows) - 0.4, -0.6))
    if log:
        ax.set_xscale("log")
        at = np.array([m * 10.0**k for k in range(-3, 7) for m in STEPS])
        at = at[(at >= np.exp(low)) & (at <= np.exp(high))]
        level_ticks(ax.xaxis, at, [significant(float(v)) for v in at], 72 * (plate.width - room - 0.25))
    else:
        value_ticks(ax.xaxis)
    bare(ax)
    ax.grid(True, axis="x")
    for k, (row, name) in enumerate(zip(rows, names)):
        bars(ax, row.model, k, 0.3, (p.bands[1], p.bands[2]))
        ax.plot([row.model[2]] * 2, [k - 0.3, k + 0.3], color=p.median, lw=1.4, zorder=3)
        for value, a, b, _ in row.cited:
            if np.isfinite(a) and np.isfinite(b) and b > a:
                ax.plot([a, b], [k, k], color=p.ink, lw=1.1, zorder=4)
            ax.plot(value, k, marker="o", ms=4, color=p.ink, zorder=5)
        ax.annotate(name, (0, k), (-5, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
                    va="center_baseline", fontsize=SIZE_PT, annotation_clip=False)  # fmt: skip
    under(plate, ax, axis, 0.28)


@dataclass(frozen=True)
class Projection:
    """One panel: what is left (draws, points) at `years` (points,), and when it was all gone in each draw, in words."""

    name: str
    years: np.ndarray
    left: np.ndarray
    cells: tuple[str, ...]  # of its row in the table, after the name


def projections_chart(
    projections: Sequence[Projection], *, axis: str, heads: Sequence[str], about: About, title: str, what: str, more: str = ""
) -> Chart:
    """Fans of what is left by year, one panel an assumption, on the same axes."""
    return Chart(
        title=title,
        what=what,
        caption=about.caption(bands="middle 50 and 90 % of the draws", more=more),
        alt="; ".join(f"{c.name}: {c.cells[0]}" for c in projections) + ".",
        table=Table(("assumption", *heads), tuple((c.name, *c.cells) for c in projections)),
        paint=lambda plate: _paint_projections(plate, projections, axis),
        body_in=lambda width: rows_of(len(projections), width) * PANEL_IN,
        wide=len(projections) > 1,
    )


def rows_of(n: int, width: float) -> int:
    return -(-n // columns(n, width))


def _paint_projections(plate: Plate, projections: Sequence[Projection], axis: str) -> None:
    top = max(float(c.left.max()) for c in projections) or 1.0
    last = max(float(c.years[-1]) for c in projections)
    across = columns(len(projections), plate.width)
    panels = plate.grid(len(projections), across, left=level_space((0.0, top)), right=0.1, gap=0.2, head=0.22, foot=0.36)
    for k, (ax, projection) in enumerate(zip(panels, projections)):
        low, quarter, middle, three, high = np.quantile(projection.left, QUANTILES, axis=0)
        ax.fill_between(projection.years, low, high, color=plate.p.bands[1], lw=0)
        ax.fill_between(projection.years, quarter, three, color=plate.p.bands[2], lw=0)
        ax.plot(projection.years, middle, color=plate.p.median, lw=1.4)
        ax.set(xlim=(0, last), ylim=(0, 1.03 * top))
        value_ticks(ax.xaxis)
        value_ticks(ax.yaxis, 4)
        if k % across:
            ax.tick_params(labelleft=False)
        under(plate, ax, axis, 0.3)
        wide = ax.get_position().width * plate.fig.get_figwidth() * 72
        ax.annotate(
            style.fitted(projection.name, wide, 8, bold=True),
            (0, 1),
            (0, 4),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=8,
            weight="bold",
            va="bottom",
        )
