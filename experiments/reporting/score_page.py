"""`pokrovsk score`: the score of a forecast as a page with its figures and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.analysis.findings import Finding
from experiments.figures import forecasts, verification
from experiments.forecasting.files import SavedForecast
from experiments.forecasting.scores import AREA_WORDS
from experiments.forecasting.verification import MODEL, Verification
from sim.view.charts.chart import Table
from sim.view.names import Named, upper_first
from sim.view.numbers import interval, significant

PAGE = "score.html"
FIGURES = "figures"
SCORES = (
    "CRPS of net gains and of days of capture (cut at the last day that is scored), Brier scores of control by cell within 15 km of "
    "the first front and of capture by the last day; skill 1 - score / score of the reference."
)
CARE = (
    "Months are few and follow one another, so that their intervals are rough: those of one course cannot settle much. "
    "Cells and places that are neighbors fall together: blocks of 10 km are what is resampled."
)


def write(out: Path, score: dict[str, Any], found: Verification) -> Path:
    """The page, in a folder, with its figures beside it."""
    from experiments.storage.files import replacing, writing

    with writing(f"--out {str(out)!r}"), replacing(out / PAGE) as draft:
        draft.write_text(page_of(score, found, out / FIGURES), encoding="utf-8")
    return out / PAGE


def page_of(score: dict[str, Any], found: Verification, figures: Path | None) -> str:
    """The page as text, in the form of all reports."""
    from experiments.reporting.page import Section, draw, render
    from sim.view.charts.chart import Inks

    inks, saved, told = Inks(), found.saved, score["record"]
    charts = [
        ("gains", "Net gain by month", SCORES, [("months", forecasts.months(saved)), ("skill-gains", verification.skill(score, saved, "monthly"))]),
        ("ground", "Control and captures", "Where the front came to lie, and when places fell.",
         [*([("maps", verification.maps(found))] if found.dates else []),
          ("skill-ground", verification.skill(score, saved, "cells", "captures", "taken"))]),
    ]  # fmt: skip
    sections, number = [], 0
    for key, title, lead, shown in charts:
        drawn = []
        for name, chart in shown:
            number += 1
            drawn.append(draw(chart, number, name, inks, figures))
        sections.append(Section(key, title, lead, drawn))
    return render(
        "report.html.jinja",
        inks,
        kind="forecast",
        title=f"The forecast of {saved.first}, scored",
        question=f"How good was it over {', '.join(told['months'])}, and was it better than forecasts without a model?",
        answer_lead="Made of the figures alone. " + CARE,
        claim=None,
        note=saved.note,
        facts=[
            ("runs", str(saved.n)),
            ("scored to", told["scored_to"]),
            ("months", str(len(told["months"]))),
            ("places", str(told["places"])),
            ("commit of the forecast", str(saved.manifest["git_commit"])),
        ],
        answers=_answers(score),
        design=_design(score, saved),
        factors=[],
        sections=sections,
        tables=tables(score),
        failures=[],
        versions=[(k, str(v)) for k, v in score["versions"].items()],
        reproduce={"commands": f"uv run pokrovsk score {saved.first} --record DIR", "dirty": "", "note": "DIR is the evidence folder; nothing of it is copied but what the figures show.", "study": ""},
    )


def _answers(score: dict[str, Any]) -> list[Finding]:
    gains, ground = score["findings"][: len(AREA_WORDS)], score["findings"][len(AREA_WORDS) :]
    return [Finding(Named("net gain"), tuple(gains)), Finding(Named("against the references"), tuple(ground))]


def _design(score: dict[str, Any], saved: SavedForecast) -> list[tuple[str, str]]:
    return [
        ("scores", SCORES),
        ("care", CARE),
        *((upper_first(name), words) for name, words in score["references"].items()),
        *(("assumed", words) for words in saved.assumed[:2]),
    ]


# Tables


def tables(score: dict[str, Any]) -> list[tuple[str, str, Table]]:
    """Every figure of the score as tables: name, what it shows, numbers as text."""
    return [
        *by_forecast(score),
        ("Months", "Net gain, km²: the record beside the runs, and CRPS of the model.", _months(score)),
        ("Coverage", "Months that the bands hold, with Wilson's interval of the share.", _coverage(score)),
        ("PIT", "Rank of each month among the members: uniform from 0 to 1 if the forecast is calibrated (p: Kolmogorov and Smirnov).", _pit(score)),
        ("Reliability", "Cells within 15 km of the first front, all map dates together, by the chance they were given.", _reliability(score)),
        ("Captures", "Places that fell, and those that were as likely as not to fall, by the last day that is scored.", _captures(score)),
    ]


def by_forecast(score: dict[str, Any]) -> list[tuple[str, str, Table]]:
    """Scores and skill, a row a forecast."""
    names, items = list(score["scores"][0]["forecasts"]), score["scores"]
    scores = tuple((n, *(_text(item["forecasts"][n], "mean") for item in items)) for n in names)
    skills = tuple((n, *(_text(item["forecasts"][n]["skill"], "skill", True) for item in items)) for n in names if n != MODEL)
    lead = f"N is {', '.join(str(item['forecasts'][MODEL]['n']) for item in items)}: months, or blocks of 10 km."
    return [
        ("Scores", f"Mean score of each forecast with its 95 % interval; lower is better. {lead}", Table(("forecast", *map(_words, items)), scores)),
        ("Skill", "Of the model against each reference, with its 95 % interval.", Table(("against", *(item["words"] for item in items)), skills)),
    ]


def _text(found: dict[str, Any], name: str, signed: bool = False) -> str:
    if found[name] is None:
        return "none"
    value = significant(found[name], 3, signed=signed)
    return value if found["low"] is None else f"{value} ({interval(found['low'], found['high'])})"


def _words(item: dict[str, Any]) -> str:
    unit = f", {item['unit']}" if item["unit"] else ""
    return f"{item['words']}: {item['score']}{unit}"


def _months(score: dict[str, Any]) -> Table:
    rows = []
    for month in score["months"]:
        for area, words in AREA_WORDS.items():
            one = month[area]
            low, _, middle, _, high = (significant(v) for v in one["forecast"].values())
            figures = (significant(one["record"]), middle, f"{low} to {high}", significant(one["crps"][MODEL]))
            rows.append((words, month["month"], *figures, "none" if one["pit"] is None else significant(one["pit"])))
    return Table(("part", "month", "record", "median", "middle 90 %", "CRPS", "PIT"), tuple(rows))


def _coverage(score: dict[str, Any]) -> Table:
    rows = tuple(
        (c["forecast"], c["what"], f"{c['band']:.0%}".replace("%", " %"), f"{c['inside']} of {c['n']}", interval(c["low"], c["high"]))
        for c in score["coverage"]
    )
    return Table(("forecast", "what", "band", "holds", "share, 95 % interval"), rows)


def _pit(score: dict[str, Any]) -> Table:
    rows = tuple(
        (p["forecast"], p["what"], ", ".join(significant(v, 2) for v in p["values"]), _text(p, "mean"), significant(p["uniform_p"], 2))
        for p in score["pit"]
    )
    return Table(("forecast", "what", "by month", "mean", "p"), rows)


def _reliability(score: dict[str, Any]) -> Table:
    rows = tuple(
        (f"{significant(r['from'])} to {significant(r['to'])}", f"{r['cells']:,}", significant(r["mean_chance"]), _text(r, "held"))
        for r in score["reliability"]
    )
    return Table(("chance", "cells", "mean chance", "held in the record"), rows)


def _captures(score: dict[str, Any]) -> Table:
    rows = tuple(
        (c["place"], _text(c, "chance"), c["middle"] or "none", c["captured"] or "not taken") for c in score["captures"]
    )
    return Table(("place", "chance", "day in the middle run", "captured"), rows)
