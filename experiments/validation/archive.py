"""Scorecards as they were written: the shipped one or that of a folder, its rows, and the skills that one of them holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import seeds
from experiments.storage.files import known_schema, reading
from experiments.validation.checks import FAIL, REPORTED
from experiments.validation.scorecard import CARD, SCHEMA, check_as_dict
from sim.errors import InputError, did_you_mean
from sim.view.charts.scorecard import figures_of, named
from sim.view.numbers import significant

if TYPE_CHECKING:
    from experiments.forecasting.files import SavedForecast

SHIPPED = "scorecards"  # in the seeds: a folder a card
POOLED = "monthly net gain"  # of box and direction together, on cards from before areas were scored apart
AGAINST = " against "  # between what is forecast and by whom, in the figures of the skill row


def read(folder: str | Path | None = None) -> dict[str, Any]:
    """The card of a folder, as plain data; without one that with the most judged rows of those shipped, of equals the last."""
    if folder is not None:
        return _card(Path(folder) / CARD)
    cards = [_card(file) for file in sorted(seeds.path(SHIPPED).glob(f"*/{CARD}"))]
    if not cards:
        raise InputError("no scorecard is shipped; `pokrovsk validate` makes one.")
    return max(cards, key=lambda card: (card["counts"]["pass"] + card["counts"]["fail"], card["made"]))


def _card(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InputError(f"{str(file.parent)!r} holds no scorecard ({CARD}); `pokrovsk validate` makes one.")
    with reading(repr(str(file))):
        card = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(card, dict) or not {"schema", "made", "rows", "counts"} <= set(card):
        raise InputError(f"{str(file)!r} is not a scorecard.")
    known_schema(repr(str(file)), card["schema"], SCHEMA)
    for check in (check for row in card["rows"] for check in row["checks"]):
        if check["verdict"] == "told":  # cards written before 2026-12
            check["verdict"] = REPORTED
    return card


def only(card: dict[str, Any], *ids: str) -> dict[str, Any]:
    """The card with some rows only, and their counts."""
    known = {r["id"]: r for r in card["rows"]}
    for name in ids:
        if name not in known:
            raise InputError(f"no row {name!r} on this card; allowed: {', '.join(known)}.{did_you_mean(name, known)}")
    rows = [known[name] for name in ids]
    return {**card, "rows": rows, "counts": {v: sum(r["verdict"] == v for r in rows) for v in card["counts"]}}


def figures(card: dict[str, Any], verdict: str = FAIL) -> pd.DataFrame:
    """The figures with a verdict beside their bands: `row, figure, record, model, interval, accepted`, in words."""
    rows = [
        (row["id"], row["title"], named(check), *figures_of(check))
        for row in card["rows"]
        for check in row["checks"]
        if check["verdict"] == verdict
    ]
    heads = ["row", "title", "figure", "record or law", "model", "interval", "accepted"]
    return pd.DataFrame(rows, columns=heads).set_index("row")


def skills(card: dict[str, Any], saved: SavedForecast | None = None) -> pd.DataFrame:
    """Skill (row T28) by what is forecast and by reference, each with its interval, in words; InputError without any.

    With the saved forecast that a card scored, as in the others here, months by area come from its files where the card pools them.
    """
    table: dict[str, dict[str, str]] = {}
    for check in skill_row(card, saved)["checks"]:
        what, _, other = check["what"].partition(AGAINST)
        if other:
            span = figures_of(check)[2]
            words = significant(check["value"], 2, signed=True) + (f" ({span})" if span else "")
            table.setdefault(what, {})[other] = words
    return pd.DataFrame(table).T.rename_axis("skill").fillna("")  # an older card has fewer references


def mean_scores(card: dict[str, Any], saved: SavedForecast | None = None) -> list[str]:
    """Mean CRPS and Brier score of the forecast (row T28), in sentences; lower is better."""
    scores = [c for c in skill_row(card, saved)["checks"] if c["what"].startswith(("CRPS", "Brier"))]
    return [f"{c['what']}: {significant(c['value'])} {c['unit']}".rstrip() + f", n = {c['n']}." for c in scores]


def coverage(card: dict[str, Any], saved: SavedForecast | None = None) -> list[str]:
    """How often the bands of the forecast held what came, in sentences."""
    rest = [c for c in skill_row(card, saved)["checks"] if c["what"].startswith("coverage")]
    return [
        f"{c['what']}: {c['value']:.0%} (95% interval {c['low']:.0%} to {c['high']:.0%}), n = {c['n']}.".replace(
            "%", " %"
        )
        for c in rest
    ]


def skill_row(card: dict[str, Any], saved: SavedForecast | None = None) -> dict[str, Any]:
    """The row of the card that scores forecasts, without figures that pool areas or spans; InputError when it was not judged."""
    from experiments.validation.rows import forecast_skill

    (row,) = only(card, "T28")["rows"]
    if not row["checks"]:
        raise InputError(f"this card holds no skills: T28 {row['verdict']}. {row['note']}".strip())
    apart = [c for c in row["checks"] if not _is_pooled(c["what"])]
    if saved is None or len(apart) == len(row["checks"]):
        return {**row, "checks": apart}
    months = [check_as_dict(check) for check in forecast_skill.skill(forecast_skill.monthly_skill(saved))]
    return {**row, "checks": [*months, *apart]}


def _is_pooled(what: str) -> bool:
    """Whether a figure of the skill row is one of box and direction, or of months and weeks, together."""
    item = what.partition(AGAINST)[0].rpartition(" of ")[2]
    return item == POOLED or (what.startswith("coverage") and "," not in what)
