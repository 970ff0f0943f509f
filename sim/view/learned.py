"""What was learned: beliefs before and after, one row a parameter; and figures of a model beside cited ones.

Pale bars are the prior, dark ones the posterior (middle 90 and 50 %), each over the parameter's own range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.view import style
from sim.view.chart import About, Chart, Plate, Table
from sim.view.marks import names_column
from sim.view.named import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.view.style import Palette

ROW_IN = 0.2
SIZE_PT = 7.5
HEAD_IN, FOOT_IN = 0.2, 0.34
Five = tuple[float, float, float, float, float]  # 5, 25, 50, 75 and 95 %


@dataclass(frozen=True)
class Belief:
    """One row. `prior` and `posterior` are quantiles as places in the range, 0 low and 1 high; `marks` are places too."""

    name: str
    prior: Five
    posterior: Five
    default: float
    medoid: float
    ends: tuple[str, str]  # low and high in words
    told: tuple[str, ...]  # what the table says of it
    clear: bool


def beliefs_chart(rows: Sequence[Belief], *, heads: Sequence[str], about: About, title: str, what: str) -> Chart:
    """Prior and posterior of parameters over their ranges, in the order given."""
    clear = sum(r.clear for r in rows)
    return Chart(
        title=title,
        what=what,
        caption=about.caption(
            more="Pale: prior, middle 90 and 50 %; dark: posterior, the same. Ring: default; dot: medoid of the posterior. "
            "Gray names: no surer than luck would make a sample of this size."
        ),
        alt=f"{clear} of {len(rows)} parameters are told something by the record.",
        table=Table(("parameter", *heads), tuple((r.name, *r.told) for r in rows)),
        paint=lambda plate: _paint_beliefs(plate, rows),
        body_in=lambda _: HEAD_IN + FOOT_IN + ROW_IN * max(len(rows), 2),
        wide=True,
    )


def _paint_beliefs(plate: Plate, rows: Sequence[Belief]) -> None:
    p = plate.p
    names, room = names_column([r.name for r in rows], SIZE_PT, 0.36 * plate.width)
    low = max((style.text_width(r.ends[0], 7) for r in rows), default=0) / 72 + 0.08
    high = max((style.text_width(r.ends[1], 7) for r in rows), default=0) / 72 + 0.08
    left = room + low + 0.08
    ax = plate.axes(left, FOOT_IN, plate.width - left - high, plate.height - FOOT_IN - HEAD_IN)
    ax.set(xlim=(0, 1), ylim=(max(len(rows), 2) - 0.4, -0.6))
    _bare(ax)
    for k, (row, name) in enumerate(zip(rows, names)):
        ax.plot([0, 1], [k, k], color=p.hairline, lw=0.5, zorder=0)
        _bars(ax, row.prior, k, 0.34, (p.bands[0], p.bands[1]))
        _bars(ax, row.posterior, k, 0.15, (p.tertiary, p.ink))
        ax.plot(row.default, k, marker="o", ms=4.2, mfc="none", mec=p.side_text[1], mew=0.9, zorder=5)
        ax.plot(row.medoid, k, marker="o", ms=2.6, mfc=p.side_text[0], mec="none", zorder=6)
        color = p.ink if row.clear else p.tertiary
        told = {"textcoords": "offset points", "va": "center_baseline", "annotation_clip": False}
        ax.annotate(name, (0, k), (-72 * (low + 0.06), 0), ha="right", fontsize=SIZE_PT, color=color, **told)
        for at, word, shift, side in ((0, row.ends[0], -4, "right"), (1, row.ends[1], 4, "left")):
            ax.annotate(word, (at, k), (shift, 0), ha=side, fontsize=7, color=p.tertiary, **told)
    ax.set_xticks([])
    plate.text(left, FOOT_IN - 0.2, "low end of the range", fontsize=7, color=p.tertiary)
    plate.text(plate.width - high, FOOT_IN - 0.2, "high end", fontsize=7, color=p.tertiary, ha="right")


@dataclass(frozen=True)
class Beside:
    """One row of figures: quantiles of the model, and cited figures (value, low, high, words)."""

    name: str
    model: Five
    cited: tuple[tuple[float, float, float, str], ...] = ()


def beside_chart(rows: Sequence[Beside], *, axis: str, about: About, title: str, what: str, log: bool = False) -> Chart:
    """Bands of the model beside cited figures, one row each."""
    heads = ("", f"model, median ({axis})", "middle 50 %", "middle 90 %", "cited")
    told = tuple(
        (r.name, significant(r.model[2]), *(f"{significant(r.model[a])} to {significant(r.model[b])}" for a, b in ((1, 3), (0, 4))),
         "; ".join(words for *_, words in r.cited) or "none")
        for r in rows
    )  # fmt: skip
    return Chart(
        title=title,
        what=what,
        caption=about.caption(bands="middle 50 and 90 % of the runs", more="Ink: cited figures, with their range where one is given."),
        alt="; ".join(f"{r.name}: {significant(r.model[2])} {axis}" for r in rows) + ".",
        table=Table(heads, told),
        paint=lambda plate: _paint_beside(plate, rows, axis, log),
        body_in=lambda _: 0.05 + FOOT_IN + 2 * ROW_IN * max(len(rows), 1),
        wide=True,
    )


def _paint_beside(plate: Plate, rows: Sequence[Beside], axis: str, log: bool) -> None:
    from sim.view.marks import span, value_ticks

    p = plate.p
    names, room = names_column([r.name for r in rows], SIZE_PT, 0.36 * plate.width)
    ax = plate.axes(room + 0.1, FOOT_IN, plate.width - room - 0.25, plate.height - FOOT_IN - 0.05)
    import numpy as np

    every = np.array([v for r in rows for v in (*r.model, *(x for c in r.cited for x in c[:3]))], float)
    every = every[np.isfinite(every) & (every > 0 if log else True)]
    low, high = span(np.log(every)) if log else span(every)
    ax.set(xlim=(np.exp(low), np.exp(high)) if log else (low, high), ylim=(len(rows) - 0.4, -0.6))
    if log:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: significant(v)))
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        value_ticks(ax.xaxis)
    _bare(ax)
    ax.grid(True, axis="x")
    for k, (row, name) in enumerate(zip(rows, names)):
        _bars(ax, row.model, k, 0.3, (p.bands[1], p.bands[2]))
        ax.plot([row.model[2]] * 2, [k - 0.3, k + 0.3], color=p.median, lw=1.4, zorder=3)
        for value, a, b, words in row.cited:
            if np.isfinite(a) and np.isfinite(b) and b > a:
                ax.plot([a, b], [k, k], color=p.ink, lw=1.1, zorder=4)
            ax.plot(value, k, marker="o", ms=4, color=p.ink, zorder=5)
            del words
        ax.annotate(name, (0, k), (-5, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
                    va="center_baseline", fontsize=SIZE_PT, annotation_clip=False)  # fmt: skip
    ax.set_xlabel(axis, fontsize=7.5)


def _bare(ax: Axes) -> None:
    ax.set_yticks([])
    ax.grid(False)
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)


def _bars(ax: Axes, five: Five, at: float, height: float, colors: tuple[str, str]) -> None:
    ax.barh(at, five[4] - five[0], 2 * height, left=five[0], color=colors[0], lw=0, zorder=1 + (height < 0.2))
    ax.barh(at, five[3] - five[1], 2 * height, left=five[1], color=colors[1], lw=0, zorder=1.5 + (height < 0.2))
