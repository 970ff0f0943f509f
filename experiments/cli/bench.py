"""`pokrovsk bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def bench(
    what: Annotated[str, typer.Argument(help="What to measure: battle, sweep, view (the page), or start (a fresh clone).")] = "battle",
    peers: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the skirmish benchmark, for the C row.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Shorter rows.")] = False,
) -> None:
    """Measure speed and memory, all in one run."""
    if what == "view":
        from sim.view.page.benchmark import measure

        return measure(quick)
    if what == "sweep":
        from experiments.performance.sweeps import run as measure

        return measure(quick)
    if what == "start":
        from experiments.performance.first_start import run as measure

        return measure(quick)
    from experiments.performance import battle as measured

    measured.run(what, peers, quick)
