"""`pokrovsk sweep`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from experiments.cli.options import Plugins, Quiet, Scheduler, Workers


def sweep(
    study: Annotated[str, typer.Argument(help="Name of a study, a TOML file, or the folder of a sweep.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the results; else runs/STUDY.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    plugin: Plugins = None,
    limit: Annotated[str | None, typer.Option(metavar="N", help="Make at most so many runs now.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sweep even if the study needs very many runs.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Make runs again that failed.")] = False,
    quiet: Quiet = False,
) -> int:
    """Make the runs of a study that its folder does not hold yet; the same command resumes."""
    if out is None and os.path.isfile(Path(study) / "study.toml"):
        out = Path(study)
    if not scheduler:
        from experiments.sweep.workers import warm

        warm()  # kernels are loaded while the rest is
    from experiments.cli.arguments import whole
    from experiments.studies.files import load_study
    from experiments.sweep.runner import log
    from experiments.sweep.study_sweep import sweep as sweep_study

    outcome = sweep_study(
        load_study(study, plugins=plugin or ()),
        out=out,
        workers=whole("--workers", workers, 1, 1024),
        scheduler=scheduler,
        limit=whole("--limit", limit, 1, 10**9),
        yes=yes,
        retry_failed=retry_failed,
        quiet=quiet,
    )
    if outcome.problem:
        log(outcome.problem)
        return outcome.code
    done = f"{outcome.done:,} of {outcome.total:,} runs done"
    print(f"{outcome.folder}: {done}, {outcome.made:,} of them now in {outcome.seconds:.1f} s")
    if outcome.failed:
        log(f"{outcome.failed:,} runs failed; column `error` of {outcome.folder / 'runs'} says why, --retry-failed makes them again.")
    if outcome.stopped:
        log("stopped; the same command goes on.")
    return outcome.code


