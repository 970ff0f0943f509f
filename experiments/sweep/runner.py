"""Makes the runs of a study or raises; runs and core-hours in words."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.pace import seconds_a_run
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.studies.study import Study

MOST_FAILED = 0.1  # share of runs that may fail

Log = Callable[[str], None]


def cost(runs: int, seconds: float, workers: int | None) -> str:
    """Runs, core-hours and hours in words."""
    cores = workers or os.cpu_count() or 1
    hours = runs * seconds / 3600
    return f"{runs:,} runs, about {hours:.1f} core-hours at {seconds:.2g} s a run ({hours / cores:.1f} hours on {cores} core{'s' if cores > 1 else ''})"


def stated_cost(studies: Sequence[Study], workers: int | None) -> str:
    """What the runs of some studies cost, in words, by runs of their scenarios that are measured now."""
    seconds = 0.0
    for study in studies:
        by_scenario = [seconds_a_run(scenario) for scenario in study.scenarios.values()]
        seconds += study.n_runs * sum(by_scenario) / len(by_scenario)
    runs = sum(study.n_runs for study in studies)
    return cost(runs, seconds / max(runs, 1), workers)


def log(text: str) -> None:
    """A line on standard error."""
    print(f"pokrovsk: {text}", file=sys.stderr)


class SweepStopped(Exception):
    """The runs were stopped; what is finished is kept."""


@dataclass(frozen=True)
class SweepRunner:
    """Who makes the runs: processes of this machine, or those of a Dask cluster."""

    workers: int | None = None
    scheduler: str | None = None
    quiet: bool = False

    def sweep(self, study: Any, folder: Path) -> None:
        """Makes the runs of a study that its folder has not; SweepStopped or InputError when they are not all there then."""
        from experiments.sweep.study_sweep import sweep

        outcome = sweep(study, folder, workers=self.workers, scheduler=self.scheduler, yes=True, quiet=self.quiet)
        if outcome.problem:
            raise InputError(outcome.problem)
        if outcome.stopped:
            raise SweepStopped
        if outcome.failed > MOST_FAILED * outcome.total:
            raise InputError(
                f"{folder}: {outcome.failed} of {outcome.total} runs failed; column `error` of its runs says why."
            )
