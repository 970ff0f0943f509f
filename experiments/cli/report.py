"""`pokrovsk report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep or a run.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The page; else DIR/report.html.")] = None,
) -> int:
    """Write a page that tells the results, with all figures in it; and the figures beside it."""
    from experiments.cli.extras import require
    from experiments.reporting.study_report import report as write_report

    require("jinja2")
    page, n = write_report(folder, out)
    print(f"{page} ({n} figure{'s' * (n != 1)}, also in {page.parent / 'figures'})")
    return 0


