"""The score of a forecast as plain data: every figure with its interval, its N and the references beside it; `score.json`."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from experiments.analysis import intervals
from experiments.analysis.intervals import Interval
from experiments.forecasting import scores
from experiments.forecasting.reference_forecasts import REFERENCES
from experiments.forecasting.scores import AREA_WORDS, AREAS, BANDS, Scores
from experiments.forecasting.verification import FIT_WALK, MODEL, Verification, words_of
from experiments.runs.json_values import plain
from experiments.storage.files import filed, known_schema, reading
from sim.errors import InputError
from sim.view.numbers import QUANTILES, significant

SCHEMA = 1
FILE = "score.json"
NEEDED = {"forecast", "record", "findings", "references", "scores", "coverage", "pit", "months", "reliability", "captures"}
CHANCES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)  # edges of the classes of chances whose frequencies are compared
DIGITS = 4  # significant ones, of what is written
COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def document(found: Verification) -> dict[str, Any]:
    """The score of a forecast as JSON has it."""
    from experiments.runs import provenance
    from sim.identity import git_commit

    told, area = found.saved.manifest, found.evidence.areas()
    all_of_them = (found.ours, *found.others)
    out = {
        "schema": SCHEMA,
        "kind": "score",
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "git_commit": git_commit() or "",
        "versions": provenance.versions(),
        "forecast": {name: told.get(name) for name in ("from", "to", "written", "runs", "seeds", "scenario", "code", "git_commit", "posterior")},
        "record": {
            "first": area.date[0].astype(dt.date),
            "end": found.evidence.end,
            "scored_to": found.last,
            "months": found.months,
            "maps": list(found.dates),
            "places": len(found.places),
        },
        "findings": findings(found),
        "references": _references(found),
        "scores": [_score(found, what) for what in found.ours.items],
        "coverage": [row for one in all_of_them for row in _coverage(one)],
        "pit": [row for one in all_of_them for row in _pits(one)],
        "months": _months(found),
        "reliability": _reliability(found),
        "captures": _captures(found),
    }
    return plain(out, digits=DIGITS)


def _references(found: Verification) -> dict[str, str]:
    """Each reference in a sentence, in the order in which they are scored."""
    words = {name: " ".join((of.__doc__ or "").split("\n\n")[0].split()) for name, of in REFERENCES.items()}
    words[FIT_WALK] = "As the random walk, with mean and sd of the months that the parameters were fitted to."
    return {other.name: words[other.name] for other in found.others}


def _figures(name: str, one: Interval) -> dict[str, Any]:
    return {name: one.estimate, "low": one.low, "high": one.high, "n": one.n} | ({"note": one.note} if one.note else {})


def _score(found: Verification, what: str) -> dict[str, Any]:
    words, score, unit = words_of(what)
    by: dict[str, Any] = {MODEL: _figures("mean", found.ours.interval(what))}
    for other in found.others:
        skill = _figures("skill", scores.skill(found.ours, other, what))
        by[other.name] = _figures("mean", other.interval(what)) | {"skill": skill}
    return {"what": what, "words": words, "score": score, "unit": unit, "items": len(found.ours.items[what]), "forecasts": by}


def _coverage(one: Scores) -> list[dict[str, Any]]:
    return [
        {"forecast": one.name, "what": what, "band": band, "inside": round(share.estimate * share.n), **_figures("share", share)}
        for (what, band), share in one.coverage.items()
    ]


def _pits(one: Scores) -> list[dict[str, Any]]:
    """PIT of each month, their mean (0.5 without bias), and the chance of values as uneven if the forecast were calibrated."""
    from scipy.stats import kstest

    return [
        {
            "forecast": one.name,
            "what": what,
            "values": [float(v) for v in ranks],
            **_figures("mean", intervals.of_mean(ranks, "bootstrap")),
            "uniform_p": float(kstest(ranks, "uniform").pvalue),
        }
        for what, ranks in one.pit.items()
    ]


def _months(found: Verification) -> list[dict[str, Any]]:
    """Each month: the record beside the quantiles of the runs, and the CRPS of every forecast."""
    out = []
    assert found.outcome.monthly is not None
    for j, month in enumerate(found.months):
        row: dict[str, Any] = {"month": month}
        for k, area in enumerate(AREAS):
            drawn = np.quantile(found.forecast.monthly[:, j, k], QUANTILES)
            row[area] = {
                "record": found.outcome.monthly[j, k],
                "forecast": {f"{q:.0%}": float(v) for q, v in zip(QUANTILES, drawn)},
                "pit": found.ours.pit[f"monthly {area}"][j] if found.ours.pit else math.nan,
                "crps": {one.name: one.items[f"monthly {area}"][j] for one in (found.ours, *found.others)},
            }
        out.append(row)
    return out


def _reliability(found: Verification) -> list[dict[str, Any]]:
    """Cells near the first front by the chance that the forecast gave them: how often they were held, with intervals over blocks."""
    if not found.dates or found.outcome.cells is None or found.forecast.cells is None or found.outcome.start is None:
        return []
    near = scores.near_front(found.outcome.start)
    chance, held = (np.concatenate([m[near] for m in maps]).astype(float) for maps in (found.forecast.cells, found.outcome.cells))
    block = np.tile(scores.block_of(near), len(found.dates))
    kind = np.digitize(chance, CHANCES[1:-1])
    return [
        {
            "from": CHANCES[k],
            "to": CHANCES[k + 1],
            "cells": int((kind == k).sum()),
            "mean_chance": float(chance[kind == k].mean()),
            **_figures("held", scores.mean_by_block(held[kind == k], block[kind == k])),
        }
        for k in np.unique(kind)
    ]


def _captures(found: Verification) -> list[dict[str, Any]]:
    """Places that fell or were as likely as not to fall by the last day, the likeliest first."""
    from sim.sector.places import settlement_rows

    name = {r["id"]: r["name"] for r in settlement_rows(found.saved.scenario)}
    days, fell = found.forecast.captured, found.outcome.captured
    assert days is not None and fell is not None
    day = lambda d: found.saved.first + dt.timedelta(days=int(d))  # noqa: E731
    out = []
    for k, place in enumerate(found.places):
        by = np.sort(days[:, k][days[:, k] <= found.outcome.days])
        share = intervals.of_share(len(by), len(days))
        is_taken = fell[k] <= found.outcome.days
        if is_taken or share.estimate >= 0.5:
            out.append(
                {
                    **{"settlement": place, "place": name[place], **_figures("chance", share)},
                    **{"middle": day(by[(len(by) - 1) // 2]) if len(by) else None, "captured": day(fell[k]) if is_taken else None},
                }
            )
    return sorted(out, key=lambda row: (-row["chance"], row["place"]))


def flat(score: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a score and forecast: its mean with the interval, and the model's skill against it."""
    rows = []
    for item in score["scores"]:
        for name, by in item["forecasts"].items():
            skill = by.get("skill", {})
            row = {k: item[k] for k in ("what", "score", "unit")} | {"forecast": name} | {k: by[k] for k in ("mean", "low", "high", "n")}
            rows.append(row | {f"skill{end}": skill.get(k) for end, k in (("", "skill"), ("_low", "low"), ("_high", "high"))})
    return rows


# In words


def findings(found: Verification) -> list[str]:
    """What went right and wrong, in sentences made of the figures alone."""
    assert found.outcome.monthly is not None
    n, out = len(found.months), []
    for k, area in enumerate(AREAS):
        total, runs = found.outcome.monthly[:, k].sum(), found.forecast.monthly[:, :, k].sum(axis=1)
        low, middle, high = np.quantile(runs, (0.05, 0.5, 0.95))
        below = int((found.outcome.monthly[:, k] < np.median(found.forecast.monthly[:, :, k], axis=0)).sum())
        held = [round(c.estimate * c.n) for band in BANDS if (c := found.ours.coverage.get((f"monthly {area}", band)))]
        bands = f"; bands of 50 and 90 % hold {held[0]} and {held[1]} of {n} months" if held else ""
        out.append(
            f"Net gain of {AREA_WORDS[area]} over {n} months: record {significant(total)} km2, forecast {significant(middle)} "
            f"({significant(low)} to {significant(high)}, 90 % of runs). The record is below the middle run in {below} of {n} months{bands}."
        )
    for what in found.ours.items:
        words, score, unit = words_of(what)
        beaten = [o.name for o in found.others if found.ours.mean(what) < o.mean(what)]
        lost = [f"{o.name} ({significant(o.mean(what))})" for o in found.others if o.name not in beaten]
        skills = [scores.skill(found.ours, o, what) for o in found.others]
        clear = sum(s.is_clear for s in skills)
        settled = f"{COUNTS[clear]} of the {COUNTS[len(skills)]} differences {'is' if clear == 1 else 'are'} clear of zero"
        if not any(math.isfinite(s.low) for s in skills):
            settled = f"{len(found.ours.independent(what))} values are too few for an interval of a difference"
        out.append(
            f"{score} of {words}: {significant(found.ours.mean(what))} {unit}".rstrip()
            + f"; better than {COUNTS[len(beaten)]} of {COUNTS[len(found.others)]} references"
            + (f", no better than {', '.join(lost)}" if lost else "")
            + f"; {settled}."
        )
    return out


# The file


def write(out: Path, score: dict[str, Any]) -> Path:
    """Writes `score.json` into a folder."""
    with filed(out / FILE, f"--out {str(out)!r}") as draft:
        draft.write_text(json.dumps(score, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
    return out / FILE


def read(folder: str | Path) -> dict[str, Any]:
    """The score in the folder of a forecast, as it was written; InputError says what is missing."""
    file = Path(folder) / FILE
    if not file.is_file():
        raise InputError(f"{str(folder)!r} holds no score ({FILE}); `pokrovsk score` makes one.")
    with reading(repr(str(file))):
        score = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(score, dict) or score.get("kind") != "score":
        raise InputError(f"{str(file)!r} is not the score of a forecast.")
    known_schema(repr(str(file)), score.get("schema"), SCHEMA)
    lost = sorted(NEEDED - set(score))
    if lost:
        raise InputError(f"{str(file)!r}: no {lost[0]!r} in it.")
    return score
