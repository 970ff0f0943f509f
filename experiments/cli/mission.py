"""`pokrovsk mission`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.cli.options import OtherPosterior, Quiet, Scheduler, Workers


def mission(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page, an HTML file.")],
    runs: Annotated[str | None, typer.Option(metavar="N", help="Parameter sets of each ensemble; else 100.")] = None,
    ensemble: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs over the whole record; else they are made.")
    ] = None,
    recruitment: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs by level of recruitment; else they are made.")
    ] = None,
    posterior: OtherPosterior = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> int:
    """Print the price of ground, men and years for the rest of the oblast, and culmination, from the posterior."""
    import os
    import sys

    from experiments.calibration import posterior as calibration_posterior
    from experiments.cli.arguments import whole
    from experiments.cli.extras import require
    from experiments.observation import record
    from experiments.reporting.mission_page import write
    from experiments.results.loading import load
    from experiments.runs.identity import BASELINE
    from experiments.runs.pace import seconds_a_run
    from experiments.studies.files import load_study
    from experiments.sweep.runner import SweepRunner, SweepStopped, cost

    require("jinja2")
    n = whole("--runs", runs, 8, 10_000) or SETS
    cores = whole("--workers", workers, 1, 1024)
    runner = SweepRunner(cores, scheduler, quiet)
    sets = calibration_posterior.load(posterior)
    place = Path("runs") / "mission"
    days = (record.SPAN_END - record.START).days
    wanted = []
    if ensemble is None:
        wanted.append((sets.study("record", n, start=record.START, days=days), ensemble := place / "record"))
    if recruitment is None:
        wanted.append((sets.crossed(load_study(CULMINATION), n), recruitment := place / "recruitment"))
    try:
        for study, folder in wanted:
            horizon = max(s.days for s in study.scenarios.values())
            print(f"{study.name}: {cost(study.n_runs, seconds_a_run(BASELINE, horizon), cores or os.cpu_count())}, into {folder}")
            runner.sweep(study, folder)
    except SweepStopped:
        print("pokrovsk: stopped; the same command goes on.", file=sys.stderr)
        return 130
    page = write(load(ensemble), load(recruitment), sets, out)
    print(page)
    return 0


SETS = 100
CULMINATION = "c12"  # the study of recruitment that is asked again of the posterior


