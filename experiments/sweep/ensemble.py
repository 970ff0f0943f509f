"""Many seeds of one scenario: what is asked for, which runs are missing, and the folder that they are written to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.runs.identity import BASELINE, run_key, settings_key
from experiments.runs.simulation import RunResult, simulate
from experiments.storage import run_folder, run_tables
from experiments.sweep.progress import _progress
from sim.errors import InputError
from sim.scenario import Scenario, load_scenario

MAPS = ("first", "all", "none")


@dataclass
class RunRequest:
    """The command line of `pokrovsk run` as it was given: numbers and dates are text until they are checked."""

    scenario: str = "pokrovsk-2024"
    start: str | None = None
    days: int | str | None = None
    seed: int | str = 1
    runs: int | str = 1
    workers: int | str | None = None
    settings: list[str] | None = None
    cell_km: float | str | None = None
    step_hours: float | str | None = None
    front: str | None = None
    maps: str = "first"
    out: Path | None = None
    force: bool = False
    json: bool = False
    quiet: bool = False
    check: bool = False


class EnsembleRun:
    """One command under way: which runs are there, which are missing, what went wrong."""

    def __init__(self, request: RunRequest, scenario: Scenario, overrides: dict[str, Any], folder: Path):
        self.request, self.scenario, self.overrides, self.folder = request, scenario, overrides, folder
        self.failed: list[dict[str, Any]] = []
        self.stray: dict[int, RunResult] = {}  # computed, but not written where they belong
        self.problem: str | None = None
        self.stopped = False
        self.summary: dict[str, Any] = {}
        asked = range(request.seed, request.seed + request.runs)
        self.seeds = sorted({*asked, *(s for s in run_folder.known_seeds(folder) if self._there(s, False))})

    def _there(self, seed: int, maps: bool) -> bool:
        return run_folder.has_piece(self.folder, run_key(self.scenario, self.overrides, seed), seed, maps)

    def _with_maps(self, seed: int) -> bool:
        return self.request.maps == "all" or (self.request.maps == "first" and self.seeds.index(seed) < run_tables.FIRST_MAPS)

    def make(self) -> None:
        """Makes the missing runs and writes the folder; a stop or a full disk loses nothing that was computed."""
        missing = [s for s in self.seeds if not self._there(s, self._with_maps(s))]
        jobs = [
            Job(
                self.scenario,
                self.overrides,
                s,
                run_folder.piece_path(self.folder.absolute(), s),
                self._with_maps(s),
                self.request.check,
            )
            for s in missing
        ]
        workers = self.request.workers or min(len(jobs), os.cpu_count() or 1) or 1
        self._manifest("running")
        try:
            with _progress(self.request.quiet, len(jobs) * self.scenario.days, self._label(len(jobs))) as tell:
                for outcome in execute(jobs, workers, tell):
                    if outcome.error:
                        self.failed.append({"seed": outcome.seed, "error": outcome.error})
                    elif not outcome.written:
                        self.problem = outcome.problem
                        self.stray[outcome.seed] = outcome.result
        except KeyboardInterrupt:
            self.stopped = True
        self._write()

    def _label(self, n: int) -> str:
        return self.scenario.name + (f", {n} runs" if n > 1 else "")

    def _manifest(self, status: str) -> None:
        try:
            run_folder.write_manifest(self.folder, self.scenario, self.overrides, self.seeds, status)
        except OSError as error:
            self.problem = error.strerror or str(error)

    def _write(self) -> None:
        """Writes tables, maps, summary and pictures; into another folder when this one does not take them."""
        if not self.problem:
            try:
                self._write_to(self.folder)
                self.home = self.folder
                return
            except OSError as error:
                self.problem = error.strerror or str(error)
        elsewhere = Path(tempfile.mkdtemp(prefix=f"pokrovsk-{self.scenario.name}-"))
        try:
            for seed, result in self.stray.items():
                run_folder.write_piece(run_folder.piece_path(elsewhere, seed), result)
            self._write_to(elsewhere)
        except OSError as error:
            raise InputError(
                f"{self.folder} could not be written ({self.problem}), nor could {elsewhere} ({error.strerror}); "
                f"runs finished before stand in {self.folder / run_folder.PARTS}."
            ) from None
        self.home = elsewhere

    def _pieces(self) -> Iterator[tuple[int, RunResult]]:
        for run, seed in enumerate(self.seeds):
            result = self.stray.get(seed) or run_folder.read_piece(run_folder.piece_path(self.folder, seed))
            if result is not None and result.key == run_key(self.scenario, self.overrides, seed):
                yield run, result

    def _write_to(self, folder: Path) -> None:
        from experiments.storage.run_summary import summarize, write_summary

        totals = run_tables.assemble(folder, self._pieces(), self.request.maps)
        self.summary = summarize(
            self.scenario, self.overrides, totals, self.failed, settings_key(self.scenario, self.overrides)
        )
        write_summary(folder, self.summary)
        status = "stopped" if self.stopped else "failed" if self.failed else "complete"
        run_folder.write_manifest(folder, self.scenario, self.overrides, self.seeds, status)


def make_ensemble(folder: Path, runs: int, workers: int, quiet: bool) -> None:
    """Runs of the baseline with the maps of every run, as `pokrovsk run --maps all` writes them; what is there is kept.

    InputError when the folder holds something else or cannot be written; KeyboardInterrupt when it was stopped.
    """
    scenario = load_scenario(BASELINE)
    run_folder.open_folder(folder, scenario, {}, False)
    request = RunRequest(scenario=BASELINE, runs=runs, workers=workers, maps="all", out=folder, quiet=quiet)
    ensemble = EnsembleRun(request, scenario, {}, folder)
    ensemble.make()
    if ensemble.stopped:
        raise KeyboardInterrupt
    if ensemble.problem:
        raise InputError(f"--out: the ensemble could not be written to {str(folder)!r}: {ensemble.problem}.")


# Many runs


@dataclass(frozen=True)
class Job:
    """One run that is to be made, and the file that its piece goes to."""

    scenario: Scenario
    overrides: dict[str, Any]
    seed: int
    piece: Path
    maps: bool = True
    check: bool = False


@dataclass
class Outcome:
    """How a job ended: its piece is written; or it is not (`problem`), and the result is here; or the run failed."""

    seed: int
    written: bool = False
    result: RunResult | None = None
    problem: str | None = None
    error: str | None = None


def run_job(job: Job, number: int) -> Outcome:
    """Makes one run and writes its piece. A run that raises is an outcome like any other; bad input is not."""
    from experiments.storage.run_folder import write_piece
    from experiments.sweep.workers import tell

    tell((number, 0))
    try:
        result = simulate(
            job.scenario,
            job.seed,
            job.overrides,
            maps=job.maps,
            check=job.check,
            on_day=lambda day: tell((number, day)),
        )
    except InputError:
        raise
    except Exception as error:
        return Outcome(job.seed, error=f"{type(error).__name__}: {error}")
    try:
        write_piece(job.piece, result)
    except OSError as error:
        return Outcome(job.seed, result=result, problem=error.strerror or str(error))
    return Outcome(job.seed, written=True)


def _numbered(pair: tuple[int, Job]) -> Outcome:
    return run_job(pair[1], pair[0])


def execute(jobs: list[Job], workers: int = 1, on_days: Callable[[int], None] | None = None) -> Iterator[Outcome]:
    """Outcomes of the jobs as they end, by `workers` processes (one: this one). `on_days` is told all days done."""
    from experiments.sweep import pool
    from experiments.sweep.workers import WorkerDied, Workers

    days = [0] * len(jobs)
    tell = on_days or (lambda total: None)

    def hear(news: tuple[int, int]) -> None:
        days[news[0]] = news[1]

    def hear_here(news: tuple[int, int]) -> None:
        hear(news)
        tell(sum(days))

    many = workers > 1 and len(jobs) > 1
    executor = Workers(min(workers, len(jobs)), hear) if many else pool.Here(hear_here)
    try:
        for (_, job), answer in pool.drive(executor, _numbered, enumerate(jobs), pulse=lambda: tell(sum(days))):
            yield Outcome(job.seed, error=str(answer)) if isinstance(answer, WorkerDied) else answer
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
