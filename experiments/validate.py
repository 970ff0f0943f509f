"""What `pokrovsk validate` does: makes what the rows need, judges them one by one, and keeps the card after each.

The card is a table on the screen and `scorecard.json`, `.html` and `.png` in a folder. A stop loses no row and no
run: the same command goes on, and a row that was not asked for is taken from the card that is there, if it was made by
the same code with the same effort.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from sim.quantity import InputError

SCHEMA = 1
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
    from experiments.battery import card, supply

    rows = card.chosen(only)
    folder = Path(out) if out is not None else OUT
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {str(folder)!r} is a file; allowed: a folder.")
    wanted = supply.effort(quick, runs)
    given = supply.Supply(folder, wanted, ensemble, record, open_, workers or os.cpu_count() or 1, quiet)
    told = _begun(given, quick)
    kept = _kept(folder, told["key"])
    try:
        for number, row in enumerate(rows, start=1):
            if not quiet:
                print(f"{row.id} {row.title} ({number} of {len(rows)})", file=sys.stderr)
            kept[row.id] = card.result_told(card.judge(row, given.get))
            _finish(told, kept, given)
            _write(folder, told)
    except KeyboardInterrupt:
        told["stopped"] = True
    _finish(told, kept, given)
    return told


def _begun(given: Any, quick: bool) -> dict[str, Any]:
    """The head of a card: what makes it, with how much effort, and the key by which its rows can be kept."""
    from dataclasses import asdict

    from experiments.battery.ensemble import LEAST_RUNS
    from experiments.outputs import git_commit, versions
    from experiments.runs import code_key

    effort = asdict(given.effort)
    parts = [
        code_key(),
        battery_key(),
        effort,
        given.rasters_found is not None,
        _identity(given.ensemble),
        _identity(given.open_folder),
    ]
    return {
        "schema": SCHEMA,
        "title": "Validation battery",
        "made": dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat(),
        "versions": versions(),
        "commit": git_commit() or "",
        "code": code_key(),
        "battery": battery_key(),
        "key": hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24],
        "quick": quick,
        "effort": effort,
        "record": given.rasters_found is not None,
        "parameters": "the defaults",
        "ensemble": None,
        "least_runs": LEAST_RUNS,
    }


def battery_key() -> str:
    """Hash of the rows' own code, the observation model and the facts behind it."""
    import experiments
    import seeds

    home = Path(experiments.__file__).parent
    names = ("observe", "record", "scores", "benchmarks", "sandbox", "salient", "intervals")
    files = [*sorted((home / "battery").glob("*.py")), *(home / f"{n}.py" for n in names)]
    told = hashlib.sha256()
    for file in [*files, seeds.path("facts", "observation.toml"), seeds.path("scenarios", "division.toml")]:
        told.update(file.name.encode() + file.read_bytes())
    return told.hexdigest()[:16]


def _identity(folder: Path | None) -> Any:
    """What a given folder of runs is: its own keys and how many runs it has."""
    if folder is None:
        return None
    from experiments.results import read_manifest

    manifest = read_manifest(Path(folder))
    return [manifest.get(k) for k in ("name", "key", "code", "seeds", "n_runs")]


def _kept(folder: Path, key: str) -> dict[str, dict[str, Any]]:
    """Rows of the card that the folder holds, when it was made by the same code with the same effort."""
    try:
        old = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return {r["id"]: r for r in old["rows"] if old["key"] == key and r["verdict"] != "not run"}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _finish(told: dict[str, Any], kept: dict[str, dict[str, Any]], given: Any) -> None:
    """Puts all rows of the battery in order, those without a result as not run, and counts verdicts."""
    from experiments.battery import card

    told["rows"] = [kept.get(r.id) or card.result_told(card.Result(r, card.NOT_RUN)) for r in card.rows()]
    told["counts"] = {v: sum(r["verdict"] == v for r in told["rows"]) for v in card.VERDICTS}
    if "results" in given.made:
        found = given.made["results"]
        changed = found.manifest.get("overrides") or {}
        if found.study is not None:
            told["parameters"] = f"{found.study.title} (study {found.name})"
        elif changed:
            told["parameters"] = "changed: " + ", ".join(changed)
        told["ensemble"] = {
            "scenario": str(found.done["scenario"].iloc[0]),
            "runs": len(found.done),
            "seeds": [int(s) for s in found.seeds],
            "code": str(found.manifest.get("code") or ""),
            "same_code": found.manifest.get("code") == told["code"],
        }


def _write(folder: Path, told: dict[str, Any]) -> None:
    from experiments.outputs import replacing, writing

    with writing(f"--out {str(folder)!r}"):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / CARD) as draft:
            draft.write_text(json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")


def draw(folder: Path, told: dict[str, Any]) -> list[Path]:
    """The page and the figure of a card, written beside it."""
    from experiments.outputs import replacing
    from sim.view.scorecard import scorecard_chart
    from sim.view.scorecard_page import scorecard_page

    with replacing(folder / "scorecard.html") as draft:
        draft.write_text(scorecard_page(told), encoding="utf-8")
    return [folder / "scorecard.html", *scorecard_chart(told).save(folder / "scorecard", formats=("png",))]


# The command


def carry_out(
    *, only: str | None, runs: str | None, workers: str | None, json_: bool, quiet: bool, **order: Any
) -> int:
    """Judges as ordered, prints the card and writes it; returns the exit code (a failed row is none)."""
    from experiments.order import whole

    told = validate(
        only=only.split(",") if only is not None else None,
        runs=whole("--runs", runs, FEWEST, MOST),
        workers=whole("--workers", workers, 1, 1024),
        quiet=quiet or json_,
        **order,
    )
    folder = order["out"] or OUT
    if json_:
        print(json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False))
    else:
        show(told)
    if told.get("stopped"):
        print("pokrovsk: stopped; the same command goes on.", file=sys.stderr)
        return 130
    draw(folder, told)
    if not json_:
        print(f"\n{folder / CARD}, scorecard.html, scorecard.png")
    return 0


def show(told: dict[str, Any]) -> None:
    """Prints the card as a table: one line a figure, the verdict of the row on its first line."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from sim.view.scorecard import about, figures_of, finding, named

    console = Console()
    console.print(f"[bold]{finding(told)}[/]", highlight=False)
    console.print(about(told), style="dim", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0), expand=True)
    table.add_column("row and figures", ratio=1, min_width=30)
    table.add_column("record or law", max_width=20)
    for name in ("model", "interval", "accepted", "verdict"):
        table.add_column(name, no_wrap=True, justify="right" if name == "model" else "left")
    for row in told["rows"]:
        style = "magenta" if row["verdict"] == "fail" else None
        table.add_row(
            f"[bold]{row['id']} {row['kind']} {escape(row['title'])}[/]", "", "", "", "", row["verdict"], style=style
        )
        for check in row["checks"]:
            record, model, span, band = figures_of(check)
            is_told = check["verdict"] == "told"
            judged = ("", "") if is_told else (band, check["verdict"])
            table.add_row(
                f"  {escape(named(check))}", escape(record), model, span, *judged, style="dim" if is_told else None
            )
        if row["note"]:
            table.add_row(f"  {escape(row['note'])}", style="dim")
    console.print(table, highlight=False)
