"""One battle on one page: the map at the end, and beside it gains and losses by week."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.view import style
from sim.view.charts import battle_panels
from sim.view.map import unit_glyphs
from sim.view.map.battle_map import draw_map
from sim.view.map.canvas import MapCanvas
from sim.view.map.legend import draw_key
from sim.view.map.terrain import month_starts
from sim.view.numbers import brief, number
from sim.view.public_record import RECORD, Area, recorded
from sim.view.run_data import RunData, changes_text, run_data_of
from sim.view.style import day_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.world import World

WIDTH_MM, HEIGHT_MM = 297.0, 210.0


def battle_picture(
    source: str | Path | World, path: str | Path, *, dark: bool = False, formats: tuple[str, ...] = ("png",)
) -> list[Path]:
    """Draws battle.png from a live world or an output folder; returns the files written."""
    run = run_data_of(source)
    with style.styled(style.DARK if dark else style.LIGHT) as palette:
        fig = _page(run, palette)
        return style.save(fig, path, formats, levels=128)


def _page(run: RunData, p: style.Palette) -> Figure:
    fig = style.figure(WIDTH_MM / 25.4, HEIGHT_MM / 25.4)
    mm = lambda x, y, w, h: (x / WIDTH_MM, y / HEIGHT_MM, w / WIDTH_MM, h / HEIGHT_MM)  # noqa: E731
    record = recorded(run.scenario)
    record = record.between(run.start, run.end) if record else None
    fig.text(
        10 / WIDTH_MM,
        1 - 9 / HEIGHT_MM,
        finding(run, record),
        fontsize=14,
        weight="bold",
        family=style.font(serif=True),
        va="center",
    )
    under = f"{run.scenario.title}. {day_text(run.start)} to {day_text(run.end)}, day {run.days}"
    fig.text(10 / WIDTH_MM, 1 - 15.4 / HEIGHT_MM, under, fontsize=style.TEXT_PT + 0.5, color=p.secondary, va="center")
    w, e, s, n = run.frame.extent
    high = 169.5
    wide = min(high * (e - w) / (n - s), high)
    ax = fig.add_axes(mm(10, 22, wide, high))
    view = draw_map(ax, run.frame, palette=p, months=_months(run))
    draw_key(fig.add_axes(mm(10, 12.2, wide, 8.4)), p)
    left, width = 10 + wide + 17, WIDTH_MM - wide - 17 - 20
    charts = (battle_panels.ground, battle_panels.casualties, battle_panels.infantry, battle_panels.price)
    heights, gap = (33.0, 38.0, 27.0, 31.0), 12.6
    top = HEIGHT_MM - 21.0
    for k, (draw, height) in enumerate(zip(charts, heights)):
        top -= height + (gap if k else 5.0)
        chart = fig.add_axes(mm(left, top, width, height))
        draw(chart, run, p, record)
        style.time_axis(chart, run.start, run.end, labels=k == len(charts) - 1, most=6)
        chart.spines["bottom"].set_color(p.control_line)
    words = style.caption_text(
        runs=1,
        seeds=[run.seed],
        scenario=run.scenario.name,
        commit=run.commit,
        record=f"{RECORD} (outline)" if record else "",
        more=_more(run, view),
    )
    style.caption(fig, words, left_in=10 / 25.4, bottom_in=3.2 / 25.4, width_in=(WIDTH_MM - 20) / 25.4, palette=p)
    return fig


def _more(run: RunData, view: MapCanvas) -> str:
    parts = [
        changes_text(run.changes),
        "Thin lines: the front on first days of months, where it had moved." if view.n_months else "",
        f"Infantry within {1000 * unit_glyphs.GRAIN_KM:.0f} m is one grain." if view.scale < unit_glyphs.FAR else "",
    ]
    if run.runs > 1:
        parts.append(f"First of {run.runs} runs.")
    return " ".join(part for part in parts if part)


def finding(run: RunData, record: Area | None = None) -> str:
    """The result of the run as one sentence."""
    d = run.daily
    net = float(d["held_km2"][-1] - d["held_km2"][0])
    lost = [int(d[f"casualties_{side}"][-1]) for side in ("attacker", "defender")]
    size = brief(abs(net)) if abs(net) < 100 else number(abs(net))
    done = f"The attacker {'gained' if net > 0 else 'lost'} {size} km²" if abs(net) >= 0.05 else "The front held"
    text = f"{done} in {run.days} days"
    if (
        record is not None
        and len(record.held) > 1
        and record.date[-1] >= np.datetime64(run.end - dt.timedelta(days=3))
    ):
        text += f" (record: {number(record.held[-1] - record.held[0])})"
    if min(lost) > 0:
        return text + f", with {brief(lost[0] / lost[1])} casualties for each of the defender’s"
    return text + f", with {number(sum(lost))} casualties of both sides"


def _months(run: RunData) -> list[tuple[dt.date, np.ndarray]]:
    dates = month_starts(run.start, run.end)
    every = max(1, -(-len(dates) // 7))
    return [(d, run.maps[(d - run.start).days]) for d in dates[::-1][::every][::-1]] if run.days > 45 else []
