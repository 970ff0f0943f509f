"""The scorecard: judges the rows one by one and keeps the card after each, as plain data (`scorecard.json`).

A stop loses no row and no run: the same command goes on, and a row that was not asked for is taken from the card that is
there, if it was made by the same code with the same effort.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from experiments.runs.json_values import plain
from experiments.validation.checks import FAIL, PASS, Check, Result, Row
from experiments.validation.fit_targets import fitted, unplaced
from sim.errors import InputError


def check_as_dict(check: Check, null: Check | None = None) -> dict[str, Any]:
    """A check as JSON has it, with what the null model gets: what is no finite number is null."""
    low, high = check.interval
    return {
        "what": check.what,
        "value": _figure(check.value),
        "low": _figure(low),
        "high": _figure(high),
        "interval": check.level,
        "n": check.n,
        "unit": check.unit,
        "record": check.record,
        "band": None if check.band is None else [_figure(v) for v in check.band],
        "rule": None if check.is_informational else check.rule,
        "exact": check.exact,
        "verdict": check.verdict,
        "null": _figure(null.value) if null else None,
        "null_verdict": null.verdict if null else "",
    }


def result_as_dict(result: Result, null: Result | None = None) -> dict[str, Any]:
    """A row with what came of it, as JSON has it.

    `null`: what a null model gets, where it has what the row asks for. `fitted`: targets of the fit that are figures of the row.
    """
    r = result.row
    others = {c.what: c for c in null.checks} if null else {}
    return {
        "id": r.id,
        "kind": r.kind,
        "title": r.title,
        "source": r.source,
        "formula": r.formula,
        "band": r.band,
        "verdict": result.verdict,
        "note": result.note,
        "seconds": round(result.seconds, 1),
        "null": null.verdict if null else "",
        "fitted": fitted(r),
        "sharper": r.sharper,
        "checks": [check_as_dict(c, others.get(c.what)) for c in result.checks],
    }


def apart(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The rows that pass, by what they say: ids of those that the fit did not see and the null model fails, and of the others."""
    passed = [row for row in rows if row["verdict"] == PASS]
    unseen = [row for row in passed if not row["fitted"]]
    ids = lambda some: [row["id"] for row in some]  # noqa: E731
    return {
        "unseen_and_null_fails": ids(row for row in unseen if row["null"] == FAIL),
        "unseen_without_null": ids(row for row in unseen if not row["null"]),
        "null_passes": ids(row for row in passed if row["null"] == PASS),
        "fitted": ids(row for row in passed if row["fitted"] and row["null"] != PASS),
    }


def judge_null(row: Row, null: Any) -> Result | None:
    """What the null model gets on a row; None when the row asks for what it has not. `null`: as `NullInputs.get`."""
    from experiments.validation import checks

    found = checks.judge(row, null)
    return found if found.verdict in (PASS, FAIL) else None


def _figure(value: Any) -> float | None:
    """A figure of a check with six significant digits; None for what is no finite number."""
    return None if value is None else plain(float(value), digits=6)


SCHEMA = 1  # `null` and `fitted` are absent from cards written before 2026-12
OUT = Path("runs") / "scorecard"
CARD = "scorecard.json"
FEWEST, MOST = 2, 100_000  # runs of an ensemble


def validate(
    *,
    only: list[str] | None = None,
    quick: bool = False,
    record: Path | None = None,
    ensemble: Path | None = None,
    open_: Path | None = None,
    runs: int | None = None,
    workers: int | None = None,
    out: Path | None = None,
    quiet: bool = True,
) -> dict[str, Any]:
    """Judges the rows (all unless `only` names some) and returns the card as plain data; see the README for its keys."""
    from experiments.validation import catalog, checks, cost, inputs
    from experiments.validation.null_inputs import NullInputs

    rows = catalog.chosen(only)
    folder = Path(out) if out is not None else OUT
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {str(folder)!r} is a file; allowed: a folder.")
    wanted = inputs.effort(quick, runs)
    given = inputs.RowInputs(folder, wanted, ensemble, record, open_, workers or os.cpu_count() or 1, quiet)
    card = _begun(given, quick)
    kept = _kept(folder, card["key"])
    if not quiet:
        stated = cost.stated(rows, given)
        if stated:
            print(f"{stated}; runs that are there are kept", file=sys.stderr)
    null = NullInputs(given)
    try:
        for number, row in enumerate(rows, start=1):
            if not quiet:
                print(f"{row.id} {row.title} ({number} of {len(rows)})", file=sys.stderr)
            found = checks.judge(row, given.get)
            kept[row.id] = result_as_dict(found, judge_null(row, null.get) if found.checks else None)
            _finish(card, kept, given)
            _write(folder, card)
    except KeyboardInterrupt:
        card["stopped"] = True
    _finish(card, kept, given)
    return card


def _begun(given: Any, quick: bool) -> dict[str, Any]:
    """The head of a card: what makes it, with how much effort, and the key by which its rows can be kept."""
    from dataclasses import asdict

    from experiments.observation.ensembles import LEAST_RUNS
    from experiments.runs.provenance import versions
    from experiments.runs.simulation import code_key
    from experiments.validation import catalog
    from sim.identity import git_commit

    effort = asdict(given.effort)
    parts = [
        code_key(),
        catalog.rows_key(),
        effort,
        given.rasters_found is not None,
        _identity(given.ensemble),
        _identity(given.open_folder),
    ]
    return {
        "schema": SCHEMA,
        "title": "Scorecard",
        "made": dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat(),
        "versions": versions(),
        "commit": git_commit() or "",
        "code": code_key(),
        "rows_code": catalog.rows_key(),
        "key": hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24],
        "quick": quick,
        "effort": effort,
        "record": given.rasters_found is not None,
        "parameters": "the defaults",
        "ensemble": None,
        "least_runs": LEAST_RUNS,
    }


def _identity(folder: Path | None) -> Any:
    """What a given folder of runs is: its own keys and how many runs it has."""
    if folder is None:
        return None
    from experiments.results.loading import read_manifest

    manifest = read_manifest(Path(folder))
    return [manifest.get(k) for k in ("name", "key", "code", "seeds", "n_runs")]


def _kept(folder: Path, key: str) -> dict[str, dict[str, Any]]:
    """Rows of the card that the folder holds, when it was made by the same code with the same effort."""
    try:
        old = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return {r["id"]: r for r in old["rows"] if old["key"] == key and r["verdict"] != "not run"}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _finish(card: dict[str, Any], kept: dict[str, dict[str, Any]], given: Any) -> None:
    """Puts all rows in order, those without a result as not run, and counts verdicts."""
    from experiments.validation import catalog, checks

    card["rows"] = [kept.get(r.id) or result_as_dict(checks.Result(r, checks.NOT_RUN)) for r in catalog.rows()]
    card["counts"] = {v: sum(r["verdict"] == v for r in card["rows"]) for v in checks.VERDICTS}
    card["apart"] = apart(card["rows"])
    card["unplaced_targets"] = unplaced()
    if "results" in given.made:
        found = given.made["results"]
        changed = found.manifest.get("overrides") or {}
        if found.study is not None:
            card["parameters"] = f"{found.study.title} (study {found.name})"
        elif changed:
            card["parameters"] = "changed: " + ", ".join(changed)
        card["ensemble"] = {
            "scenario": str(found.done["scenario"].iloc[0]),
            "runs": len(found.done),
            "seeds": [int(s) for s in found.seeds],
            "code": str(found.manifest.get("code") or ""),
            "same_code": found.manifest.get("code") == card["code"],
        }


def _write(folder: Path, card: dict[str, Any]) -> None:
    from experiments.storage.files import filed

    with filed(folder / CARD, f"--out {str(folder)!r}") as draft:
        draft.write_text(json.dumps(card, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
