"""Four charts beside the map of a battle, on one time axis: ground, casualties, infantry, price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib import patheffects

from sim.view import style
from sim.view.numbers import brief, number
from sim.view.public_record import Area, claimed_prices
from sim.view.run_data import RunData

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CAUSES = {"drone": "drone", "shell": "shell", "direct_fire": "direct fire", "bomb": "bomb", "pocket": "pocket"}
SIDES = ("attacker", "defender")
PRICE_DAYS = 28


def ground(ax: Axes, run: RunData, p: style.Palette, record: Area | None) -> None:
    """Ground gained (up) and lost (down) per week, in a short run per day, with the record as an outline."""
    width = 7 if run.days > 21 else 1
    n = run.days // width
    edges = np.arange(n + 1) * width
    x = mdates.date2num(run.start) + edges
    up, down = (np.diff(np.asarray(run.daily[k], float)[edges]) for k in ("gained_km2", "lost_km2"))
    ax.bar(x[:-1], up, width * 0.86, align="edge", color=p.side_bar[0], lw=0)
    ax.bar(x[:-1], -down, width * 0.86, align="edge", color=p.side_bar[1], lw=0)
    right = []
    if n:
        ends = ("+" + brief(up[-1]) if up[-1] >= 0.05 else "0", "−" + brief(down[-1]) if down[-1] >= 0.05 else "0")
        right = [(ends[0], p.side_text[0]), (ends[1], p.side_text[1])]
    high, low = [up.max(initial=0.1)], [down.max(initial=0)]
    if record is not None and width == 7 and n:
        gained, lost = _weeks_of_record(record, run, n)
        for values in (gained, -lost):
            ax.stairs(values, x[: len(values) + 1], color=p.ink, lw=0.8, baseline=None)
        high.append(gained.max(initial=0))
        low.append(lost.max(initial=0))
        right.insert(0, ("outline: record", p.secondary))
    ax.axhline(0, color=p.ink, lw=0.7)
    ax.set_ylim(-max(low) * 1.1 - 0.02 * max(high), max(high) * 1.06)
    _ticks(ax)
    _heading(ax, f"Ground, km² a {'week' if width == 7 else 'day'}", right)


def _weeks_of_record(record: Area, run: RunData, weeks: int) -> tuple[np.ndarray, np.ndarray]:
    """The record's gains and losses by weeks of the run, as far as it goes."""
    week = ((record.date - np.datetime64(run.start)).astype(int) - 1) // 7
    inside = (week >= 0) & (week < weeks)
    known = int(week[inside].max()) + 1 if inside.any() else 0
    gained, lost = (np.bincount(week[inside], v[inside], minlength=weeks)[:known] for v in (record.gained, record.lost))
    return gained, lost


def casualties(ax: Axes, run: RunData, p: style.Palette, record: Area | None) -> None:
    """Casualties a day by cause, mean of a week: the attacker up, the defender down."""
    rows = [[run.rate(f"casualties_{side}_{cause}", 7) for cause in CAUSES] for side in SIDES]
    total = [np.sum(stack, axis=0) for stack in rows]
    peak = max(t.max(initial=1) for t in total)
    x = mdates.date2num(run.start) + np.arange(1, run.days + 1)
    for side, (stack, sign) in enumerate(zip(rows, (1, -1))):
        base = np.zeros(len(x))
        for cause, color, values in zip(CAUSES, p.causes, stack):
            edge = color if cause == "pocket" else p.paper
            ax.fill_between(x, sign * base, sign * (base + values), color=color, lw=0.25, ec=edge)
            if side == 0:
                _inside(ax, x, base, values, cause, peak, p)
            base = base + values
        if not len(x):
            continue
        k = int(np.clip(np.argmax(total[side]), 0.18 * len(x), 0.82 * len(x)))
        near = total[side][max(k - len(x) // 9, 0) : k + len(x) // 9 + 1].max()
        _note(ax, SIDES[side], (x[k], sign * near), (0, 3 * sign), p, p.side_text[side], ha="center",
              va="bottom" if sign > 0 else "top")  # fmt: skip
    ax.axhline(0, color=p.paper, lw=1.2)
    air = 0.14 * (total[0].max(initial=1) + total[1].max(initial=1))
    ax.set_ylim(-total[1].max(initial=1) - air, total[0].max(initial=1) + air)
    _ticks(ax, most=5)
    ax.yaxis.set_major_formatter(lambda v, _: number(abs(v)))
    last = [(f"{side} {brief(t[-1])}", c) for side, t, c in zip(SIDES, total, p.side_text)] if len(x) else []
    _heading(ax, "Casualties a day, by cause", last)


def _inside(
    ax: Axes, x: np.ndarray, base: np.ndarray, values: np.ndarray, cause: str, peak: float, p: style.Palette
) -> None:
    """The name of a band inside it, where it is thickest in the middle of the time, if it is thick enough there."""
    if len(x) < 4:
        return
    near = max(1, len(x) // 13)  # a word reaches about that many days to each side
    middle = range(near, len(x) - near)
    low = np.array([base[k - near : k + near + 1].max() for k in middle])
    high = np.array([(base + values)[k - near : k + near + 1].min() for k in middle])
    if not len(low) or (high - low).max() < 0.14 * peak:
        return
    k = int(np.argmax(high - low))
    at = (x[near + k], (low[k] + high[k]) / 2)
    color = p.paper if cause in ("drone", "shell", "pocket") else p.ink
    ax.text(
        *at,
        CAUSES[cause],
        fontsize=7,
        color=color,
        ha="center",
        va="center_baseline",
        zorder=6,
    )


def infantry(ax: Axes, run: RunData, p: style.Palette, record: Area | None) -> None:
    """Fit infantry of both sides on the map, thousand soldiers (soldiers in a small battle)."""
    values = [np.asarray(run.daily[f"infantry_{side}"], float) for side in SIDES]
    unit, words = (1, "soldiers") if max(v.max() for v in values) < 5000 else (1000, "thousand")
    x = mdates.date2num(run.start) + np.arange(run.days + 1)
    k = len(x) // 12
    for side, line in enumerate(values):
        ax.plot(x, line / unit, color=p.side_text[side], lw=1.4)
        top = line[k : 4 * k + 1].max() / unit
        _note(ax, SIDES[side], (x[k], top), (0, 3), p, p.side_text[side], va="bottom")
    ax.set_ylim(0, max(v.max() for v in values) / unit * 1.24)
    _ticks(ax, most=3)
    right = [(f"{values[0][-1] / values[1][-1]:.1f} : 1", p.secondary)] if values[1][-1] > 0 else []
    _heading(ax, f"Infantry in the sector, {words}", right)


def price(ax: Axes, run: RunData, p: style.Palette, record: Area | None) -> None:
    """The attacker's casualties for each km2 gained, over four weeks, on a scale of ratios; rings are claims."""
    gained, lost = (np.asarray(run.daily[k], float) for k in ("gained_km2", "casualties_attacker"))
    day = np.arange(run.days + 1)
    back = np.maximum(day - PRICE_DAYS, 0)
    km2, men = gained - gained[back], lost - lost[back]
    known = (day >= min(7, run.days)) & (km2 > 0.3) & (men > 0)
    values = np.where(known, men / np.maximum(km2, 1e-9), np.nan)
    ax.plot(mdates.date2num(run.start) + day, values, color=p.ink, lw=1.2)
    claims = [] if not run.scenario.map.is_ours else claimed_prices(run.start, run.end)
    for date, value, scope in claims:
        late = (date - run.start).days > 0.8 * run.days
        ax.plot(mdates.date2num(date), value, marker="o", ms=4.2, mfc=p.paper, mec=p.ink, mew=0.9, zorder=5)
        text = number(value) + (f", {scope}" if scope else "")
        shift, ha = ((-4.5, 0), "right") if late else ((4.5, 0), "left")
        _note(ax, text, (mdates.date2num(date), value), shift, p, p.secondary, ha=ha, va="center_baseline")
    _ratio_scale(ax, [*values[np.isfinite(values)], *(c[1] for c in claims)])
    last = values[np.isfinite(values)][-1:]
    span = "last 4 weeks" if run.days >= PRICE_DAYS else "in all"
    right = [(f"{span} {brief(v)}" + ("; rings: claims" if claims else ""), p.secondary) for v in last]
    _heading(ax, "Price, attacker’s casualties per km²", right)


def _ratio_scale(ax: Axes, known: list[float]) -> None:
    """A logarithmic y axis over the numbers known, at least a factor of six, with a few round ticks."""
    known = known or [10.0, 100.0]
    low, high = min(known) / 1.35, max(known) * 1.35
    if high / low < 6:
        middle = (low * high) ** 0.5
        low, high = middle / 6**0.5, middle * 6**0.5
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    ticks = [m * 10.0**k for k in range(-1, 6) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
    ticks = ticks[:: max(1, len(ticks) // 4)]
    ax.set_yticks(ticks, [number(t, 0 if t >= 1 else 1) for t in ticks])
    ax.minorticks_off()


def _ticks(ax: Axes, most: int = 4) -> None:
    """A few ticks on the y axis, with as many digits as their spacing needs."""
    from matplotlib.ticker import MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(most, steps=[1, 2, 4, 5, 10]))
    ticks = ax.get_yticks()
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    style.ticks_of_numbers(ax.yaxis, 0 if step >= 1 else 1 if step >= 0.1 else 2)


def _heading(ax: Axes, title: str, right: list[tuple[str, str]]) -> None:
    """Title on the left, figures of the last moment on the right (words, color), both above the chart."""
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    ax.annotate(title, (0, 1), (-16, 7), fontsize=8.5, weight="bold", **above)
    x = 0.0
    for words, color in reversed(right):
        ax.annotate(words, (1, 1), (x, 7), fontsize=8, color=color, ha="right", **above)
        x -= style.text_width(words, 8) + 5


def _note(
    ax: Axes, words: str, at: tuple[float, float], shift: tuple[float, float], p: style.Palette, color: str, **kw: Any
) -> None:
    """Words beside a point of a chart (`shift` in points), with a halo."""
    halo = [patheffects.withStroke(linewidth=2, foreground=p.paper)]
    ax.annotate(
        words, at, shift, textcoords="offset points", fontsize=7.5, color=color, path_effects=halo, zorder=7, **kw
    )
