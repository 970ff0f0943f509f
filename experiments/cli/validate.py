"""`pokrovsk validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Csv, Quiet, Workers

if TYPE_CHECKING:
    from typing import Any


def validate(
    quick: Annotated[bool, typer.Option("--quick", help="Some minutes: fewer battles, no T14.")] = False,
    only: Annotated[str | None, typer.Option(metavar="T1,...", help="These rows only; others stay as they are.")] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Evidence folder with the rasters of control.")
    ] = None,
    ensemble: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs of the baseline with all maps; else they are made.")
    ] = None,
    open_: Annotated[
        Path | None, typer.Option("--open", metavar="DIR", help="Runs of `pokrovsk forecast --from 2025-05-01`, for T28.")
    ] = None,
    runs: Annotated[str | None, typer.Option(metavar="N", help="Runs of an ensemble that is made (16; quick: 4).")] = None,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the card; else runs/scorecard.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the card as JSON and nothing else.")] = False,
    csv: Csv = False,
    quiet: Quiet = False,
) -> int:
    """Judge the model by the rows T1 to T36 and write the scorecard; the same command resumes."""
    import json
    import sys

    from experiments.cli.arguments import whole
    from experiments.cli.console import check_one_form, print_csv
    from experiments.cli.extras import require
    from experiments.reporting.scorecard_page import draw
    from experiments.validation.scorecard import CARD, FEWEST, MOST, OUT
    from experiments.validation.scorecard import validate as judge

    require("jinja2", "statsmodels")
    check_one_form(json_, csv)
    card = judge(
        only=only.split(",") if only is not None else None,
        runs=whole("--runs", runs, FEWEST, MOST),
        workers=whole("--workers", workers, 1, 1024),
        quiet=quiet or json_ or csv,
        record=record,
        ensemble=ensemble,
        open_=open_,
        out=out,
        quick=quick,
    )
    folder = out or OUT
    if json_:
        print(json.dumps(card, indent=1, allow_nan=False, ensure_ascii=False))
    elif csv:
        print_csv({"row": r["id"], "title": r["title"], **check, "row_verdict": r["verdict"]} for r in card["rows"] for check in r["checks"])
    else:
        show(card)
    if card.get("stopped"):
        print("pokrovsk: stopped; the same command goes on.", file=sys.stderr)
        return 130
    draw(folder, card)
    if not json_ and not csv:
        print(f"\n{folder / CARD}, scorecard.html, scorecard.png")
    return 0


def show(card: dict[str, Any]) -> None:
    """Prints the card as a table: one line a figure, the verdict of the row on its first line."""
    from rich.markup import escape
    from rich.table import Table

    from experiments.cli.console import wide_console
    from sim.view.charts.scorecard import about, apart, figures_of, finding, named, null_of, remarks

    console = wide_console()
    console.print(f"[bold]{finding(card)}[/]", highlight=False)
    if apart(card):
        console.print(apart(card), highlight=False)
    console.print(about(card), style="dim", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0), expand=True)
    table.add_column("row and figures", ratio=1, min_width=30)
    table.add_column("record or law", max_width=20)
    for name in ("model", "interval", "accepted", "verdict", "null model"):
        table.add_column(name, no_wrap=True, justify="right" if name == "model" else "left")
    for row in card["rows"]:
        style = "magenta" if row["verdict"] == "fail" else None
        table.add_row(
            f"[bold]{row['id']} {row['kind']} {escape(row['title'])}[/]", "", "", "", "", row["verdict"], row.get("null", ""), style=style
        )
        for check in row["checks"]:
            record, model, span, band = figures_of(check)
            is_informational = check["verdict"] == "reported"
            judged = ("", "") if is_informational else (band, check["verdict"])
            table.add_row(
                f"  {escape(named(check))}", escape(record), model, span, *judged, null_of(check), style="dim" if is_informational else None
            )
        for note in (row["note"], *remarks(row)):
            if note:
                table.add_row(f"  {escape(note)}", style="dim")
    console.print(table, highlight=False)
