"""`pokrovsk excerpt`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def excerpt(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep.")],
    to: Annotated[Path, typer.Argument(metavar="TO", help="Folder of the small copy.")],
) -> None:
    """Copy a sweep's final figures to a small folder, to be kept with the code."""
    from experiments.results.excerpt import excerpt as made

    print(made(folder, to))
