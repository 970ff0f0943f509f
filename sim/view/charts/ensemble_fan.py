"""An ensemble beside the record: the fan of ground held, and the gains by month."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.dates as mdates
import numpy as np

from sim.view import style
from sim.view.charts.marks import BANDS, FEW, bands, end_labels, shares
from sim.view.charts.monthly_gains import month_bars
from sim.view.numbers import number
from sim.view.public_record import RECORD, Area, recorded
from sim.view.run_data import changes_of, changes_text, commit_of, daily_columns, manifest, seeds_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.scenario import Scenario

HEIGHT_IN = 88 / 25.4


def fan_chart(
    folder: str | Path,
    path: str | Path,
    *,
    dark: bool = False,
    formats: tuple[str, ...] = ("png", "svg", "pdf"),
) -> list[Path]:
    """Draws the fan of an output folder with several runs; returns the files written."""
    folder = Path(folder)
    table = daily_columns(folder)
    values = by_run(table, "held_km2")
    scenario = _scenario_of(folder)
    start = _first_date(table)
    with style.styled(style.DARK if dark else style.LIGHT) as palette:
        about = caption_parts(folder, table)
        fig = _figure(values, start, scenario, about, palette)
        return style.save(fig, path, formats)


def caption_parts(folder: Path, table: dict[str, np.ndarray]) -> dict[str, object]:
    """The caption about the runs, besides their number: seeds, commit and changed parameters."""
    more = f"{changes_text(changes_of(folder))} The first and the last month may be partial."
    return {"seeds": seeds_of(table), "commit": commit_of(folder), "more": more.strip()}


def by_run(table: dict[str, np.ndarray], measure: str) -> np.ndarray:
    """A measure as (runs, days + 1); days that some run does not have are left out."""
    runs = [np.asarray(table[measure], float)[table["run"] == run] for run in np.unique(table["run"])]
    days = min(len(r) for r in runs)
    return np.stack([r[:days] for r in runs])


def _first_date(table: dict[str, np.ndarray]) -> dt.date:
    return np.datetime64(table["date"].min(), "D").astype(dt.date)


def _scenario_of(folder: Path) -> Scenario:
    from sim.frame import FRAME_FILE, frame_from_run
    from sim.scenario import Scenario

    fields = manifest(folder).get("scenario")
    if fields is not None:
        return Scenario.model_validate(fields)
    if (folder / FRAME_FILE).is_file():
        return frame_from_run(folder).scenario
    raise FileNotFoundError(f"{folder} holds neither a manifest.toml with its scenario nor {FRAME_FILE}")


def _figure(
    values: np.ndarray, start: dt.date, scenario: Scenario, about: dict[str, Any], p: style.Palette
) -> Figure:
    days = values.shape[1] - 1
    end = start + dt.timedelta(days=days)
    record = recorded(scenario)
    record = record.between(start, end) if record else None
    fig = style.figure(style.PAGE_IN, HEIGHT_IN)
    inch = lambda x, y, w, h: (x / style.PAGE_IN, y / HEIGHT_IN, w / style.PAGE_IN, h / HEIGHT_IN)  # noqa: E731
    title = finding(values, record)
    fig.text(
        0.08 / style.PAGE_IN,
        1 - 0.17 / HEIGHT_IN,
        style.wrap(title, style.PAGE_IN - 0.4, style.TITLE_PT * 1.08),
        fontsize=style.TITLE_PT,
        weight="bold",
        va="center",
    )
    wide = 4.02
    left = fig.add_axes(inch(0.42, 0.72, wide - 0.42, HEIGHT_IN - 1.22))
    right = fig.add_axes(inch(wide + 1.02, 0.72, style.PAGE_IN - wide - 1.12, HEIGHT_IN - 1.22))
    _fan(left, values, start, record, p)
    _by_month(right, values, start, end, record, p)
    words = style.caption_text(
        runs=len(values),
        scenario=scenario.name,
        bands=BANDS if len(values) >= FEW else "",
        record=RECORD if record else "",
        **about,
    )
    style.caption(fig, words, left_in=0.08, bottom_in=0.08, width_in=style.PAGE_IN - 0.16, palette=p)
    return fig


def finding(values: np.ndarray, record: Area | None) -> str:
    """Whether the record stays in the band, in a sentence."""
    middle = number(float(np.median(values[:, -1])))
    if record is None or len(record.held) < 2:
        return f"Half of the runs end above {middle} km² held"
    gap = record.held[-1] - np.median(values[:, int((record.date[-1] - record.date[0]).astype(int))])
    where = f"{number(abs(gap))} km² {'above' if gap > 0 else 'below'} the median run"
    if len(values) < FEW:
        return f"The record ends {where.replace('median run', 'median run' if len(values) > 1 else 'run')}"
    day = (record.date - record.date[0]).astype(int)
    inside = np.array([_within(values[:, d], held) for d, held in zip(day, record.held)][1:])
    if inside.all():
        return f"The record stays in the middle 90 % of the runs and ends {where}"
    if inside[-1]:
        return f"The record ends {where}, inside the middle 90 %"
    return f"The record ends {where}, outside the middle 90 %"


def _within(runs: np.ndarray, value: float) -> bool:
    low, high = np.quantile(runs, (0.05, 0.95))
    return bool(low <= value <= high)


def _fan(ax: Axes, values: np.ndarray, start: dt.date, record: Area | None, p: style.Palette) -> None:
    x = mdates.date2num(start) + np.arange(values.shape[1])
    low, high = np.quantile(values, shares(values), axis=0)[[0, -1]]
    ends = bands(ax, x, values, p)
    if record is not None and len(record.date):
        rx = mdates.date2num(record.date)
        ax.plot(rx, record.held, color=p.ink, lw=1.3)
        if abs(rx[-1] - x[-1]) <= 5:
            ends.append((record.held[-1], "record", p.ink))
        else:
            ax.annotate(
                "record",
                (rx[-1], record.held[-1]),
                (3, -3),
                textcoords="offset points",
                fontsize=8,
                weight="bold",
                va="top",
            )
    every = np.concatenate([low, high, record.held if record is not None and len(record.held) else high])
    pad = 0.05 * (every.max() - every.min() + 1)
    ax.set_ylim(max(every.min() - pad, 0), every.max() + pad)
    style.time_axis(ax, start, start + dt.timedelta(days=values.shape[1] - 1), most=7)
    style.ticks_of_numbers(ax.yaxis)
    end_labels(ax, x[-1], ends)
    _under(ax, "Ground held by the attacker in the box, km²", p)


def _by_month(
    ax: Axes, values: np.ndarray, start: dt.date, end: dt.date, record: Area | None, p: style.Palette
) -> None:
    """Net ground gained in each month: bars are the middle 90 and 50 %, a tick the median, a dot the record."""
    edges = _month_edges(start, end)
    days = [(d - start).days for d in edges]
    gain = values[:, days[1:]] - values[:, days[:-1]]
    net = None
    if record is not None and len(record.date):
        held = [_held_on(record, d) for d in edges]
        net = np.array([b - a if a is not None and b is not None else np.nan for a, b in itertools.pairwise(held)])
    month_bars(ax, gain, edges[:-1], net, p)
    _under(ax, "Net gain, km² a month", p)


def _month_edges(start: dt.date, end: dt.date) -> list[dt.date]:
    """The start, the firsts of months within, and the end; pieces shorter than ten days join their neighbor."""
    from sim.view.map.terrain import month_starts

    edges = [start, *month_starts(start, end), end]
    if len(edges) > 2 and (edges[1] - edges[0]).days < 10:
        del edges[1]
    if len(edges) > 2 and (edges[-1] - edges[-2]).days < 10:
        del edges[-2]
    return edges


def _held_on(record: Area, date: dt.date) -> float | None:
    """The record's area on a date, or up to three days before when that day has no map."""
    back = (np.datetime64(date) - record.date).astype(int)
    near = np.flatnonzero((back >= 0) & (back <= 3))
    return float(record.held[near[-1]]) if len(near) else None


def _under(ax: Axes, text: str, p: style.Palette) -> None:
    """The line under the title: what is drawn and its unit."""
    ax.annotate(
        text,
        (0, 1),
        (-24.5, 7),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=8.5,
        color=p.secondary,
        va="bottom",
    )
