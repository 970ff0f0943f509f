"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workers = Annotated[str | None, typer.Option(metavar="N", help="Processes; else one a core.")]
Scheduler = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Dask cluster that computes: tcp://HOST:PORT.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print the table as CSV and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Measures = Annotated[
    list[str] | None, typer.Option("--measure", metavar="M", help="A measure; may be repeated. Else a few.")
]
Plugins = Annotated[
    list[str] | None, typer.Option("--plugin", metavar="FILE", help="A Python file that adds to the model, or an entry point; may be repeated.")
]
OtherPosterior = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of another posterior than the shipped one.")
]
