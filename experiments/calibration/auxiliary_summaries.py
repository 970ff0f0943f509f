"""Summaries of auxiliary battles, run by run: fought by several processes, kept batch by batch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.calibration.auxiliary import Auxiliary, fought
from experiments.calibration.summaries import value_of
from experiments.sweep import batches
from experiments.sweep.progress import shown
from experiments.sweep.runner import SweepRunner


@dataclass(frozen=True)
class Job:
    """The auxiliary battles of a run, and which summaries are wanted of them: name, arguments, whether compared as a logarithm."""

    battles: Auxiliary
    targets: tuple[tuple[str, tuple[tuple[str, Any], ...], bool], ...]


def summarized(job: Job) -> list[float]:
    """The summaries of a run's auxiliary battles, in the order of the job's targets: what a worker hands back."""
    run = fought(job.battles)
    return [value_of(run, of, dict(arguments), is_log) for of, arguments, is_log in job.targets]


def all_summarized(jobs: Sequence[Job], folder: Path, code: str, runner: SweepRunner) -> list[list[float]]:
    """The summaries of each job, batch by batch: a batch that a folder has is read again, so that a stop loses one at most."""
    out: list[list[float]] = []
    workers = runner.workers or os.cpu_count() or 1
    with shown(f"auxiliary battles of {folder.parent.name}", len(jobs), 1, runner.quiet) as progress:
        for begin in range(0, len(jobs), batches.BATCH):
            some = list(jobs[begin : begin + batches.BATCH])
            out += batches.kept(summarized, some, folder, code, workers)
            progress.ended(list(range(begin, begin + len(some))), 0)
    return out
