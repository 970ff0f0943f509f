"""`pokrovsk score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Csv

if TYPE_CHECKING:
    from typing import Any


def score(
    forecast: Annotated[str, typer.Argument(metavar="FORECAST", help="Folder of a forecast, or the date of a shipped one.")],
    record: Annotated[Path, typer.Option(metavar="DIR", help="Evidence folder that reaches beyond the forecast's start.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the score; else runs/score-DATE.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the score as JSON and nothing else.")] = False,
    csv: Csv = False,
) -> int:
    """Score a registered forecast against a record opened since, beside forecasts without a model."""
    import json

    from experiments.cli.console import check_one_form, print_csv
    from experiments.cli.extras import require
    from experiments.forecasting import files, score_document
    from experiments.forecasting.verification import verify
    from experiments.observation import evidence
    from experiments.reporting import score_page
    from sim.errors import InputError

    require("jinja2")
    check_one_form(json_, csv)
    saved = files.read(_folder(forecast))
    place = out or Path("runs") / f"score-{saved.first}"
    if place.exists() and not place.is_dir():
        raise InputError(f"--out {str(place)!r} is a file; allowed: a folder.")
    found = verify(saved, evidence.read(record))
    told = score_document.document(found)
    score_document.write(place, told)
    page = score_page.write(place, told, found)
    if json_:
        print(json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False))
    elif csv:
        print_csv(score_document.flat(told))
    else:
        show(told)
        print(f"\n{place / score_document.FILE}, {page.name}, {score_page.FIGURES}/")
    return 0


def _folder(forecast: str) -> Path:
    """The folder that is named, or that of a shipped forecast by its date."""
    import seeds
    from sim.errors import InputError, did_you_mean

    if Path(forecast).exists():
        return Path(forecast)
    shipped = sorted(f.name for f in seeds.path("forecasts").iterdir() if f.is_dir())
    if forecast not in shipped:
        raise InputError(
            f"FORECAST {forecast!r}: no such folder, and no shipped forecast; shipped: {', '.join(shipped)}.{did_you_mean(forecast, shipped)}"
        )
    return seeds.path("forecasts", forecast)


def show(told: dict[str, Any]) -> None:
    """Prints scores with their skill against each reference, and what they come to."""
    from rich.table import Table

    from experiments.cli.console import wide_console
    from experiments.reporting.score_page import by_forecast

    console, about = wide_console(), told["record"]
    console.print(
        f"[bold]{told['forecast']['from']}[/], {told['forecast']['runs']} runs, scored to {about['scored_to']}; "
        f"months: {len(about['months'])}, maps: {len(about['maps'])}, places: {about['places']}",
        highlight=False,
    )
    for line in told["findings"]:
        console.print(line, highlight=False)
    for name, lead, found in by_forecast(told):
        console.print(f"\n[bold]{name}[/]. {lead}", highlight=False)
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for k, head in enumerate(found.columns):
            table.add_column(head, justify="right" if k else "left")
        for row in found.rows:
            table.add_row(*row)
        console.print(table, highlight=False)
