"""Fit to targets: each figure of the record beside the runs of the fit, each on its own scale.

The gray band is the middle 90 % of the runs, the mark the record: a filled dot inside, a hollow plum diamond outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.view import style
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.scorecard import beside_band
from sim.view.names import unit_text
from sim.view.numbers import significant

if TYPE_CHECKING:
    from typing import Any

LINE_IN = 0.155
HEAD_IN = 0.22
SIZE_PT = 7.0
COLUMNS = {"record": 0.46, "strip": 0.48, "runs": 0.76}  # edges, as shares of the width


@dataclass(frozen=True)
class Target:
    """One figure: the record's, and median and middle 90 % of the runs; `is_log` where ratios are compared."""

    name: str
    unit: str
    record: float
    runs: tuple[float, float, float]  # 5, 50 and 95 %
    is_log: bool = False

    @property
    def is_inside(self) -> bool:
        return self.runs[0] <= self.record <= self.runs[2]

    @property
    def words(self) -> tuple[str, str, str, str]:
        """Name with unit, the record, the median of the runs and their band."""
        unit = unit_text(self.unit)
        low, middle, high = map(significant, self.runs)
        name = f"{self.name}, {unit}" if unit not in ("", self.name) else self.name
        return name, significant(self.record), middle, f"{low} to {high}"


def targets_chart(rows: Sequence[Target], *, about: About, more: str = "") -> Chart:
    """A chart of targets, in the order given."""
    inside = sum(r.is_inside for r in rows)
    title = f"The record lies in the middle 90 % of the fitted runs in {inside} of {len(rows)} targets"
    return Chart(
        title=title,
        what="The record (mark) beside the middle 90 % of the fitted runs (gray), each on its own scale",
        caption=about.caption(more=f"Hollow plum: outside the band. {more}".strip()),
        alt=f"{title}.",
        table=Table(
            ("target", "record", "runs, median", "middle 90 %", "record is"),
            tuple((*r.words, "inside" if r.is_inside else "outside") for r in rows),
        ),
        paint=lambda plate: _paint(plate, rows),
        body_in=lambda _: HEAD_IN + LINE_IN * max(len(rows), 1),
        wide=True,
    )


def _paint(plate: Plate, rows: Sequence[Target]) -> None:
    if not rows:
        return plate.note("no target")
    p, tall = plate.p, LINE_IN * len(rows)
    record, left, right = (share * plate.width for share in COLUMNS.values())
    ax = plate.axes(left, 0.0, right - left - 0.1, tall)
    ax.set(xlim=(0, 1), ylim=(0, len(rows)))
    ax.set_axis_off()
    last = 72 * (plate.width - right)
    head = {"fontsize": 6.5, "color": p.secondary, "va": "bottom"}
    plate.text(record, tall + 0.05, "record", ha="right", **head)
    plate.text(right, tall + 0.05, style.fitted("fitted runs: median (middle 90 %)", last, 6.5), **head)
    for k, row in enumerate(rows):
        y = len(rows) - k - 0.5
        name, observed, middle, band = row.words
        plain = {"fontsize": SIZE_PT, "va": "center"}
        room = 72 * record - style.text_width(observed, SIZE_PT) - 14
        plate.text(0.0, LINE_IN * y, style.fitted(name, room, SIZE_PT), **plain)
        plate.text(record, LINE_IN * y, observed, ha="right", color=p.ink if row.is_inside else p.danger, **plain)
        plate.text(right, LINE_IN * y, style.fitted(f"{middle} ({band})", last, SIZE_PT), color=p.secondary, **plain)
        if all(map(math.isfinite, (*row.runs, row.record))):
            beside_band(ax, p, _check(row), y)


def _check(row: Target) -> dict[str, Any]:
    """The record as a figure and the runs as its band, in the form of a scorecard's check."""
    to = math.log if row.is_log and min(row.runs[0], row.record) > 0 else float
    return {
        "value": to(row.record),
        "low": None,
        "high": None,
        "band": [to(row.runs[0]), to(row.runs[2])],
        "rule": "value",
        "verdict": "pass" if row.is_inside else "fail",
    }
