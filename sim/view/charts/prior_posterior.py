"""Prior and posterior of parameters, one row a parameter.

Pale bars are the prior, dark ones the posterior (middle 90 and 50 %), each over the parameter's own range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.marks import names_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_IN = 0.2
SIZE_PT = 7.5
HEAD_IN, FOOT_IN = 0.2, 0.34
Five = tuple[float, float, float, float, float]  # 5, 25, 50, 75 and 95 %


@dataclass(frozen=True)
class PriorPosterior:
    """One row. `prior` and `posterior` are quantiles as places in the range, 0 low and 1 high; `marks` are places too."""

    name: str
    prior: Five
    posterior: Five
    default: float
    medoid: float
    ends: tuple[str, str]  # low and high in words
    cells: tuple[str, ...]  # of its row in the table, after the name
    clear: bool


def prior_posterior_chart(rows: Sequence[PriorPosterior], *, heads: Sequence[str], about: About, title: str, what: str) -> Chart:
    """Prior and posterior of parameters over their ranges, in the order given."""
    clear = sum(r.clear for r in rows)
    return Chart(
        title=title,
        what=what,
        caption=about.caption(
            more="Pale: prior, middle 90 and 50 %; dark: posterior, the same. Ring: default; dot: medoid of the posterior. "
            "Gray names: the posterior is no narrower than sampling error alone could make it."
        ),
        alt=f"{clear} of {len(rows)} parameters are informed by the record.",
        table=Table(("parameter", *heads), tuple((r.name, *r.cells) for r in rows)),
        paint=lambda plate: _paint(plate, rows),
        body_in=lambda _: HEAD_IN + FOOT_IN + ROW_IN * max(len(rows), 2),
        wide=True,
    )


def _paint(plate: Plate, rows: Sequence[PriorPosterior]) -> None:
    if not rows:
        return plate.note("no parameter")
    p = plate.p
    names, room = names_column([r.name for r in rows], SIZE_PT, 0.36 * plate.width)
    ends = [[style.fitted(word, 0.16 * plate.width * 72, 7) for word in r.ends] for r in rows]
    low, high = (max(style.text_width(pair[k], 7) for pair in ends) / 72 + 0.1 for k in (0, 1))
    left = room + low + 0.08
    ax = plate.axes(left, FOOT_IN, plate.width - left - high, plate.height - FOOT_IN - HEAD_IN)
    ax.set(xlim=(0, 1), ylim=(max(len(rows), 2) - 0.4, -0.6))
    bare(ax)
    for k, (row, name) in enumerate(zip(rows, names)):
        ax.plot([0, 1], [k, k], color=p.hairline, lw=0.5, zorder=0)
        bars(ax, row.prior, k, 0.34, (p.bands[0], p.bands[1]))
        bars(ax, row.posterior, k, 0.15, (p.tertiary, p.ink))
        ax.plot(row.default, k, marker="o", ms=4.2, mfc="none", mec=p.side_text[1], mew=0.9, zorder=5)
        ax.plot(row.medoid, k, marker="o", ms=2.6, mfc=p.side_text[0], mec="none", zorder=6)
        color = p.ink if row.clear else p.tertiary
        beside: dict[str, Any] = {"textcoords": "offset points", "va": "center_baseline", "annotation_clip": False}
        ax.annotate(name, (0, k), (-72 * (low + 0.06), 0), ha="right", fontsize=SIZE_PT, color=color, **beside)
        for at, word, shift, side in ((0, ends[k][0], -4, "right"), (1, ends[k][1], 4, "left")):
            ax.annotate(word, (at, k), (shift, 0), ha=side, fontsize=7, color=p.tertiary, **beside)
    ax.set_xticks([])
    wide = 72 * (plate.width - left - high)
    for x, words, share, ha in ((left, "low end of the range", 0.62, "left"), (plate.width - high, "high end", 0.35, "right")):
        plate.text(x, FOOT_IN - 0.2, style.fitted(words, share * wide, 7), fontsize=7, color=p.tertiary, ha=ha)


def bare(ax: Axes) -> None:
    """An axis of rows: no frame, no marks at its side."""
    ax.set_yticks([])
    ax.grid(False)
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)


def bars(ax: Axes, five: Five, at: float, height: float, colors: tuple[str, str]) -> None:
    """The middle 90 and 50 % of a distribution as two bars of one row; the narrower of two pairs lies above the wider."""
    ax.barh(at, five[4] - five[0], 2 * height, left=five[0], color=colors[0], lw=0, zorder=1 + (height < 0.2))
    ax.barh(at, five[3] - five[1], 2 * height, left=five[1], color=colors[1], lw=0, zorder=1.5 + (height < 0.2))
