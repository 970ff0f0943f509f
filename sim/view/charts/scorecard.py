"""The scorecard: every row beside its acceptance band, each figure on its own scale; failed rows stay.

Reads the plain data of a card (`scorecard.json`). A figure inside its band is a filled dot, one outside a hollow plum
diamond; a row that could not be judged says why in words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.view import style
from sim.view.charts.chart import Chart, Plate, Table
from sim.view.numbers import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.view.palette import Palette

LINE_IN = 0.175
HEAD_IN = 0.24
SIZE = 7.0  # type of the lines, points
LEFT, RIGHT = 0.3, 0.7  # where a band begins and ends, as shares of the strip
REACH = 0.02  # a mark beyond the strip stands this far from its edge, as an arrow
UNITS = {"km2": "km²", "km2/day": "km² a day", "casualties/km2": "per km²", "%/day": "% a day"}


@dataclass(frozen=True)
class Line:
    """One line of the picture: a check of a row, or a row without any (`check` None)."""

    row: dict[str, Any]
    check: dict[str, Any] | None
    is_first: bool


def lines_of(card: dict[str, Any]) -> list[Line]:
    """The lines of a card: every check that has a band, rows that were not judged as one line."""
    out = []
    for row in card["rows"]:
        judged = [c for c in row["checks"] if c["verdict"] in ("pass", "fail")] or [None]
        out += [Line(row, check, k == 0) for k, check in enumerate(judged)]
    return out


def finding(card: dict[str, Any]) -> str:
    """How many rows pass, in words."""
    counts = card["counts"]
    judged = counts["pass"] + counts["fail"]
    rest = {what: n for what, n in counts.items() if n and what not in ("pass", "fail")}
    others = ", ".join(f"{n} {what}" for what, n in rest.items())
    return f"Scorecard: {counts['pass']} of {judged} rows pass" + (
        f"; {sum(rest.values())} not judged ({others})" if rest else ""
    )


def about(card: dict[str, Any]) -> str:
    """Provenance of the card: runs, seeds, scenario, commit, effort."""
    ensemble = card.get("ensemble")
    runs = "No ensemble."
    if ensemble:
        few = (
            f" Fewer than {card['least_runs']} runs: a look, no verdict."
            if ensemble["runs"] < card["least_runs"]
            else ""
        )
        other = "" if ensemble["same_code"] else " They were made by another version of the model."
        runs = f"{ensemble['runs']} runs, {style.seeds_text(ensemble['seeds'])}, scenario {ensemble['scenario']}.{other}{few}"
    effort = " Quick card: fewer battles, shorter paired runs." if card["quick"] else ""
    return (
        f"{runs} Parameters: {card['parameters']}. Commit {card['commit'] or 'unversioned'}.{effort} L: limit with an exact answer, "
        "P: pattern across battles, H: this battle. Bands were fixed before fitting. Runs are seen as the record would have shown them. "
        "Record: DeepState areas and claims of the General Staff of Ukraine."
    )


def remarks(row: dict[str, Any]) -> list[str]:
    """What to say of a row beside its verdict: what it asks beyond the battery, that a null model passes it, which figures the fit aimed at."""
    if not row["checks"]:
        return []
    out = [f"Sharper than the battery: {row['sharper']}"] if row.get("sharper") else []
    if row.get("null") == "pass":
        out.append("A null model, a belt that rolls on without a battle, passes this row too: it says little.")
    if row.get("fitted"):
        names = dict.fromkeys(re.sub(r"-\d{4}(-\d\d)?$", "", name) for name in row["fitted"])  # one of several dates
        out.append(f"Targets of the fit: {', '.join(names)}.")
    return out


def null_of(check: dict[str, Any]) -> str:
    """What the null model gets on a figure, in words; "" where it has none."""
    if not check.get("null_verdict"):
        return ""
    value = significant(check["null"])
    return value if check["null_verdict"] == "reported" else f"{value}, {check['null_verdict']}"


def _little(card: dict[str, Any]) -> str:
    """Rows that say little, in a sentence."""
    rows = [row["id"] for row in card["rows"] if row.get("null") == "pass"]
    return f" A null model without a battle passes {', '.join(rows)} too: such a row says little." if rows else ""


APART = {  # of rows that pass, by what they say
    "unseen_and_null_fails": "the null model fails and the fit did not see",
    "unseen_without_null": "the fit did not see and the null model has nothing for",
    "null_passes": "the null model passes too",
    "fitted": "had targets of the fit among their figures",
}


def apart(card: dict[str, Any]) -> str:
    """The rows that pass counted apart by what they say, in a sentence; "" on cards that do not know."""
    found = card.get("apart") or {}
    parts = [f"{len(found[key])} {words}{_ids(found[key])}" for key, words in APART.items() if found.get(key)]
    late = card.get("unplaced_targets")
    missing = f" Targets of the fit that are figures of no row: {', '.join(late)}." if late else ""
    return f"Of the rows that pass, {'; '.join(parts)}.{missing}" if parts else missing.strip()


def _ids(rows: Sequence[str]) -> str:
    return f" ({', '.join(rows)})" if rows else ""


def scorecard_chart(card: dict[str, Any]) -> Chart:
    """The card as a chart."""
    lines = lines_of(card)
    rows = tuple(
        (line.row["id"], line.row["kind"], words_of(line), *figures_of(line.check), verdict_of(line)) for line in lines
    )
    return Chart(
        title=finding(card),
        what="Estimate (or median of runs) and interval beside the acceptance band (gray), each on its own scale",
        caption=about(card)
        + " Hollow plum: outside its band. A row passes when all its figures do; failed rows stay on the card."
        + _little(card)
        + (f" {apart(card)}" if apart(card) else ""),
        alt=finding(card) + ".",
        table=Table(("row", "kind", "figure", "record or law", "model", "interval", "band", "verdict"), rows),
        paint=lambda plate: _paint(plate, lines),
        body_in=lambda width: HEAD_IN + LINE_IN * len(lines),
        wide=True,
    )


# Words


def words_of(line: Line) -> str:
    return named(line.check) if line.check else line.row["title"]


def named(check: dict[str, Any]) -> str:
    """What a figure is, with its unit."""
    unit = UNITS.get(check["unit"], check["unit"])
    return f"{check['what']}, {unit}" if unit and unit != "%" else check["what"]


def verdict_of(line: Line) -> str:
    return line.check["verdict"] if line.check else line.row["verdict"]


def figures_of(check: dict[str, Any] | None) -> tuple[str, str, str, str]:
    """Record, model, interval and band of a check in words."""
    if check is None:
        return "", "", "", ""
    span = "" if check["low"] is None or check["high"] is None else f"{significant(check['low'])} to {significant(check['high'])}"
    percent = " %" if check["unit"] == "%" else ""
    record = "−" + check["record"][1:] if check["record"].startswith("-") else check["record"]
    return record, significant(check["value"]) + percent, span, band_of(check)


def band_of(check: dict[str, Any]) -> str:
    """The band in words."""
    low, high = check["band"] or (None, None)
    if check["rule"] == "covers":
        assert high is not None, "a band of coverage has a width"
        return f"covers {significant(check['exact'])}, ± {significant(0.5 * high)}"
    if low is not None and high is not None:
        return significant(low) if low == high else f"{significant(low)} to {significant(high)}"
    words = f"{significant(low)} or more" if low is not None else f"below {significant(high)}"
    return words + (", interval" if check["rule"] in ("clear", "interval") else "")


# The picture


def scale_of(check: dict[str, Any]) -> tuple[float, float, bool, bool]:
    """Scale of the strip of a check: value at the left and right edge of the band, and which sides of it are open."""
    low, high = check["band"] or (None, None)
    if check["rule"] == "covers":
        assert high is not None, "a band of coverage has a width"
        return check["exact"] - 0.5 * high, check["exact"] + 0.5 * high, False, False
    if low is not None and high is not None:
        return (low, high, False, False) if high > low else (low - 0.5, low + 0.5, False, False)
    limit, inward = (low, 1.0) if low is not None else (high, -1.0)
    assert limit is not None, "a band has a limit"
    away = [inward * (v - limit) for v in (check["value"], check["low"], check["high"]) if v is not None]
    inside, outside = max([*away, 0.0]), max([*(-v for v in away), 0.0])  # the strip has more room on the open side
    wide = max(abs(limit), 0.7 * inside, 1.5 * outside) or 1.0
    return (limit, limit + wide, False, True) if low is not None else (limit - wide, limit, True, False)


def place(value: float, low: float, high: float) -> float:
    """Where a value lies on the strip, 0 to 1 when it is in sight."""
    return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)


def columns(width: float) -> dict[str, float]:
    """Left edges of the columns in inches; the strip takes what is left."""
    return {
        "id": 0.0,
        "kind": 0.27,
        "what": 0.42,
        "record": 0.47 * width,
        "strip": 0.475 * width,
        "model": 0.72 * width,
        "band": 0.815 * width,
        "verdict": width,
    }


def _paint(plate: Plate, lines: Sequence[Line]) -> None:
    p, width = plate.p, plate.width
    at = columns(width)
    tall = LINE_IN * len(lines)
    strip = at["model"] - at["strip"] - 0.12
    ax = plate.axes(at["strip"], 0.0, strip, tall)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, len(lines))
    ax.set_axis_off()
    head = {"fontsize": 6.5, "color": p.secondary, "va": "bottom"}
    for name, words, ha in (
        ("record", "record or law", "right"),
        ("model", "model", "left"),
        ("band", "accepted", "left"),
        ("verdict", "verdict", "right"),
    ):
        plate.text(at[name] - (0.06 if name == "record" else 0.0), tall + 0.06, words, ha=ha, **head)
    for k, line in enumerate(lines):
        y = len(lines) - k - 0.5
        if line.is_first:
            ax.axhline(
                y + 0.5, -at["strip"] / strip, (width - at["strip"]) / strip, color=p.hairline, lw=0.5, clip_on=False
            )
        _words(plate, line, LINE_IN * y, at)
        if line.check is not None:
            beside_band(ax, p, line.check, y)


def _words(plate: Plate, line: Line, y: float, at: dict[str, float]) -> None:
    p = plate.p
    is_out = verdict_of(line) == "fail"
    plain = {"fontsize": SIZE, "va": "center"}
    if line.is_first:
        plate.text(at["id"], y, line.row["id"], weight="bold", **plain)
        plate.text(at["kind"], y, line.row["kind"], color=p.secondary, **plain)
    record, model, _, band = figures_of(line.check)
    room = at["record"] - at["what"] - 0.1
    recorded = style.fitted(record, min(1.0, 0.45 * room) * 72, SIZE)
    plate.text(
        at["what"],
        y,
        style.fitted(words_of(line), (room - style.text_width(recorded, SIZE) / 72 - 0.1) * 72, SIZE),
        **plain,
    )
    plate.text(at["record"] - 0.06, y, recorded, color=p.secondary, ha="right", **plain)
    plate.text(
        at["model"], y, style.fitted(model, (at["band"] - at["model"] - 0.05) * 72, SIZE), weight="bold", **plain
    )
    plate.text(
        at["band"], y, style.fitted(band, (at["verdict"] - at["band"] - 0.28) * 72, SIZE), color=p.secondary, **plain
    )
    word = verdict_of(line)
    plate.text(
        at["verdict"],
        y,
        word,
        ha="right",
        color=p.danger if is_out else p.secondary,
        weight="bold" if is_out else style.plain_weight(),
        **plain,
    )


def beside_band(ax: Axes, p: Palette, check: dict[str, Any], y: float) -> None:
    """One figure beside its band on the line at `y` of axes from 0 to 1: a dot inside, a hollow diamond outside."""
    low, high, open_left, open_right = scale_of(check)
    a, b = (0.0 if open_left else LEFT), (1.0 if open_right else RIGHT)
    ax.fill_between([a, b], y - 0.5, y + 0.5, color=p.bands[0], lw=0)
    ax.plot([0, 1], [y, y], color=p.hairline, lw=0.4, zorder=1)
    is_out = check["verdict"] == "fail"
    color = p.danger if is_out else p.ink
    if check["low"] is not None and check["high"] is not None:
        ends = [min(max(place(v, low, high), 0.0), 1.0) for v in (check["low"], check["high"])]
        if ends[1] > ends[0]:
            ax.plot(ends, [y, y], color=color, lw=1.1, solid_capstyle="butt", zorder=2)
    value = check["value"]
    if value is None or not math.isfinite(value):
        return
    x = place(value, low, high)
    if not 0 <= x <= 1:
        ax.plot(
            1 - REACH if x > 1 else REACH,
            y,
            marker=">" if x > 1 else "<",
            ms=4.2,
            color=color,
            mfc=p.paper if is_out else color,
            mew=1.0,
            zorder=3,
        )
        return
    mark: dict[str, Any] = (
        {"marker": "D", "ms": 3.6, "mfc": p.paper, "mew": 1.0}
        if is_out
        else {"marker": "o", "ms": 3.8, "mfc": color, "mew": 0.8}
    )
    ax.plot(x, y, color=color, zorder=3, **mark)
