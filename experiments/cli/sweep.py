"""`pokrovsk sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.cli.options import Quiet, Scheduler, Workers


def sweep(
    study: Annotated[str, typer.Argument(help="Name of a study, or a TOML file.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the results; else runs/STUDY.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    limit: Annotated[str | None, typer.Option(metavar="N", help="Make at most so many runs now.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sweep even if the study needs very many runs.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Make runs again that failed.")] = False,
    quiet: Quiet = False,
) -> int:
    """Make the runs of a study that its folder does not hold yet; the same command resumes."""
    if not scheduler:
        from experiments.sweep.workers import warm

        warm()  # kernels are loaded while the rest is
    import sys

    from experiments.cli.arguments import whole
    from experiments.sweep.study_sweep import sweep as sweep_study

    told = sweep_study(
        study,
        out=out,
        workers=whole("--workers", workers, 1, 1024),
        scheduler=scheduler,
        limit=whole("--limit", limit, 1, 10**9),
        yes=yes,
        retry_failed=retry_failed,
        quiet=quiet,
    )
    say = lambda text: print(f"pokrovsk: {text}", file=sys.stderr)  # noqa: E731
    if told.problem:
        say(told.problem)
        return told.code
    print(f"{told.folder}: {told.done:,} of {told.total:,} runs done, {told.made:,} of them now in {told.seconds:.1f} s")
    if told.failed:
        say(f"{told.failed:,} runs failed; column `error` of {told.folder / 'runs'} says why, --retry-failed makes them again.")
    if told.stopped:
        say("stopped; the same command goes on.")
    return told.code


