"""Fan charts of a measure by day, one fan for each level of a factor, on the same axes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.dates as mdates
import numpy as np

from sim.view import style
from sim.view.charts import ensemble_fan
from sim.view.charts.chart import About, Chart, Plate, Table
from sim.view.charts.marks import BANDS, FEW, bands, end_labels, level_space, quantiles, span, value_ticks
from sim.view.names import Named, level
from sim.view.numbers import QUANTILES, significant
from sim.view.public_record import RECORD, Area

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_IN = 1.25  # height of a panel
ALONE_IN = 2.0  # height of the only panel
HEAD_IN, FOOT_IN = 0.24, 0.24
MOST = 8  # levels that are drawn
RIGHT_IN = 0.48  # room for the words at the ends of lines


def fans_chart(
    runs: Mapping[object, np.ndarray],
    start: dt.date,
    *,
    measure: Named,
    about: About,
    factor: Named | None = None,
    record: Area | None = None,
    title: str | None = None,
    more: str = "",
) -> Chart:
    """A chart of a measure by day.

    `runs`: for each level of the factor (runs, days + 1) values; one entry without a `factor` for all runs together.
    `record`: ground held in the record, drawn in ink.
    """
    kept = {k: np.atleast_2d(np.asarray(v, float)) for k, v in runs.items() if np.isfinite(v).any()}
    ends = {k: _ends(v) for k, v in kept.items()}
    levels = _chosen(list(kept))
    shown = {k: kept[k] for k in levels}
    few = any(1 < len(v) < FEW for v in shown.values())
    parts = [
        "Dashed: median of all runs." if len(shown) > 1 else "",
        f"{len(levels)} of {len(kept)} levels are drawn." if len(kept) > len(levels) else "",
        more,
    ]
    size = sorted({len(v) for v in shown.values()})
    each = f"{size[0]} runs a panel" if len(size) == 1 else f"{size[0]} to {size[-1]} runs a panel" if size else ""
    return Chart(
        title=title or _title(kept, measure, factor, record, start),
        what=f"{measure.title}{f', {measure.unit}' if measure.unit else ''}, by day"
        + (f" and {factor.axis}; {each}" if factor else ""),
        caption=about.caption(
            bands=BANDS if shown and not few and max(size) > 1 else "",
            record=RECORD if record is not None else "",
            more=" ".join(p for p in parts if p),
        ),
        alt=f"{measure.title} by day. At the end: "
        + "; ".join(f"{level(k) if factor else 'all runs'} {middle} ({low} to {high})" for k, (low, _, middle, _, high) in ends.items())
        + f" {measure.unit}.",
        table=Table(
            (factor.axis if factor else "runs", "n", "median at the end", "middle 50 %", "middle 90 %"),
            tuple(
                (level(k) if factor else "all", str(len(kept[k])), middle, f"{quarter} to {three}", f"{low} to {high}")
                for k, (low, quarter, middle, three, high) in ends.items()
            ),
        ),
        paint=lambda plate: _paint(plate, shown, start, factor, record),
        body_in=lambda width: _rows(len(shown), width) * ((PANEL_IN if len(shown) > 1 else ALONE_IN) + HEAD_IN + FOOT_IN),
        wide=len(shown) > 1,
    )


def _chosen(levels: list) -> list:
    """At most so many levels, evenly taken, the first and last among them."""
    if len(levels) <= MOST:
        return levels
    return [levels[k] for k in np.unique(np.linspace(0, len(levels) - 1, MOST).round().astype(int))]


def columns(n: int, width: float) -> int:
    """How many panels stand side by side: full rows where that is possible."""
    most = max(1, min(n, round(width / 1.75)))
    rows = -(-n // most)
    return -(-n // rows)


def _rows(n: int, width: float) -> int:
    return -(-max(n, 1) // columns(max(n, 1), width))


def _ends(values: np.ndarray) -> list[str]:
    """5, 25, 50, 75 and 95 % of the last day's values."""
    return [significant(v) for v in quantiles(values[:, -1:], QUANTILES)[:, 0]]


def _title(
    runs: Mapping[object, np.ndarray], measure: Named, factor: Named | None, record: Area | None, start: dt.date
) -> str:
    """Against the record, where there is one for all runs together; else what comes out."""
    if record is not None and factor is None and len(runs) == 1:
        (values,) = runs.values()
        return ensemble_fan.finding(values, record.between(start, start + dt.timedelta(days=values.shape[1] - 1)))
    return finding(runs, measure, factor)


def finding(runs: Mapping[object, np.ndarray], measure: Named, factor: Named | None) -> str:
    """Where the median ends, or how it moves over the levels."""
    ends = {k: float(quantiles(v[:, -1:], (0.5,))[0, 0]) for k, v in runs.items()}
    ends = {k: v for k, v in ends.items() if np.isfinite(v)}
    if not ends:
        return f"No finished run has a value of {measure.name}"
    if factor is None or len(ends) == 1:
        every = np.concatenate([v[:, -1] for v in runs.values()])
        low, high = np.nanquantile(every, (0.05, 0.95))
        if len(every) < FEW or not high > low:
            return f"{measure.title}: {measure.value_text(float(np.nanmedian(every)), 3)} at the end of the middle run"
        return f"Nine in ten runs end with {measure.name} from {significant(low, 2)} to {measure.value_text(float(high), 2)}"
    name = measure.title
    if max(ends.values()) == min(ends.values()):  # counts that are mostly zero
        ends, name = {k: float(np.nanmean(runs[k][:, -1])) for k in ends}, f"{measure.title}, mean"
    (first, a), *_, (last, b) = ends.items()
    digits = 3 if min(map(abs, ends.values())) >= 10 else 2
    if len(ends) > 2 and not (max(a, b) >= max(ends.values()) and min(a, b) <= min(ends.values())):
        top, low = max(ends, key=lambda k: ends[k]), min(ends, key=lambda k: ends[k])
        return (
            f"{name}: {measure.value_text(ends[low], digits)} with {factor.name} at {factor.value_text(low)}, "
            f"{measure.value_text(ends[top], digits)} at {factor.value_text(top)}"
        )
    return (
        f"{name}: {measure.value_text(a, digits)} with {factor.name} at {factor.value_text(first)}, "
        f"{measure.value_text(b, digits)} at {factor.value_text(last)}"
    )


# Painting


def _paint(
    plate: Plate, runs: dict[object, np.ndarray], start: dt.date, factor: Named | None, record: Area | None
) -> None:
    if not runs:
        plate.note("no finished run")
        return
    p, n = plate.p, len(runs)
    days = max(v.shape[1] for v in runs.values()) - 1
    end = start + dt.timedelta(days=days)
    record = record.between(start, end) if record is not None else None
    limits = span(_extremes(runs, record), least=0.0)
    across = columns(n, plate.width)
    left = level_space(limits, 4)
    panels = plate.grid(n, across, left=left, right=RIGHT_IN, gap=0.14, head=HEAD_IN if factor else 0.06, foot=FOOT_IN)
    whole = _pooled(runs) if n > 1 else None
    for k, (ax, (name, values)) in enumerate(zip(panels, runs.items())):
        x = mdates.date2num(start) + np.arange(values.shape[1])
        ends = bands(ax, x, values, p)
        if whole is not None:
            ax.plot(x, whole[: len(x)], color=p.ink, lw=0.8, ls=(0, (4, 2.5)))
        if record is not None and len(record.date):
            ax.plot(mdates.date2num(record.date), record.held, color=p.ink, lw=1.2)
            ends.append((float(record.held[-1]), "record", p.ink))
        ax.set_ylim(*limits)
        _dates(ax, start, end, last=k % across == across - 1 or k == n - 1)
        value_ticks(ax.yaxis, 4)
        if k % across:
            ax.tick_params(labelleft=False)
        if factor:
            _heading(ax, factor, name, k == 0, p)
        if k == min(across, n) - 1:
            end_labels(ax, x[-1], ends, size=7.5)


def _dates(ax: Axes, start: dt.date, end: dt.date, last: bool) -> None:
    """Dates under a panel, without those that would reach into the next one."""
    wide, _ = style.size_pt(ax)
    style.time_axis(ax, start, end, most=max(3, int(wide / 36)))
    low, high = ax.get_xlim()
    marks = [(t, w.get_text()) for t, w in zip(ax.get_xticks(), ax.get_xticklabels())]
    room = wide + (30 if last else 0)
    fits = [(t, w) for t, w in marks if (t - low) / (high - low) * wide + style.text_width(w, style.TICK_PT) / 2 <= room]
    ax.set_xticks([t for t, _ in fits], [w for _, w in fits])


def _extremes(runs: dict[object, np.ndarray], record: Area | None) -> np.ndarray:
    """What has to fit on the value axis: the outermost quantiles that are drawn, and the record."""
    ends = [quantiles(v, (0.05, 0.95) if len(v) >= FEW else (0, 1)).ravel() for v in runs.values()]
    return np.concatenate([*ends, record.held if record is not None else []])


def _pooled(runs: dict[object, np.ndarray]) -> np.ndarray:
    days = min(v.shape[1] for v in runs.values())
    return quantiles(np.concatenate([v[:, :days] for v in runs.values()]), (0.5,))[0]


def _heading(ax: Axes, factor: Named, name: object, first: bool, p: style.Palette) -> None:
    """The level over its panel; the first names the factor too."""
    wide, _ = style.size_pt(ax)
    words = factor.value_text(name)
    full = f"{factor.name} {words}"
    shown = full if first and style.text_width(full, 8, bold=True) <= wide else words
    ax.annotate(
        style.fitted(shown, wide, 8, bold=True), (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points",
        fontsize=8, weight="bold", color=p.ink, va="bottom",
    )  # fmt: skip
