"""What `pokrovsk run` does: a study of one point, whose runs are numbered by their seeds, and the folder written from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.identity import BASELINE, settings_key
from experiments.runs.provenance import versions
from experiments.runs.simulation import code_key
from experiments.storage import run_folder, run_tables
from experiments.storage.run_folder import PARTS
from experiments.storage.run_summary import summarize, write_summary
from experiments.storage.sweep_store import files, read
from experiments.storage.sweep_tables import RunTables, covers, kept_by
from experiments.studies.files import ensemble_study
from experiments.sweep import pool
from experiments.sweep.session import FEW_RUNS, Session, spare_folder
from experiments.sweep.workers import Workers
from sim.errors import InputError
from sim.identity import git_commit
from sim.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from experiments.runs.task import RunTask
    from experiments.storage.sweep_store import Store

MAPS = ("first", "all", "none")
BAD_INPUT = "sim.errors.InputError: "  # how the traceback of a run ends that could not be begun


@dataclass
class RunRequest:
    """The command line of `pokrovsk run` as it was given: numbers and dates are text until they are checked."""

    scenario: str = BASELINE
    start: str | None = None
    days: int | str | None = None
    seed: int | str | None = None  # 1, or those of a manifest
    runs: int | str | None = None
    workers: int | str | None = None
    settings: list[str] | None = None
    cell_km: float | str | None = None
    step_hours: float | str | None = None
    front: str | None = None
    plugins: Sequence[str] = ()
    stop_when: str | None = None  # or that of a manifest
    maps: str = "first"
    out: Path | None = None
    force: bool = False
    json: bool = False
    csv: bool = False
    quiet: bool = False
    check: bool = False


@dataclass
class EnsembleOutcome:
    """How an ensemble ended. `home` is the folder its files are in: another one than `folder` when that took no more."""

    folder: Path
    home: Path
    seeds: list[int]
    summary: dict[str, Any] = field(default_factory=dict)
    failed: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None
    stopped: bool = False


class EnsembleRun:
    """The runs of one scenario under several seeds. The folder is locked from the beginning to `close`."""

    def __init__(self, request: RunRequest, scenario: Scenario, overrides: dict[str, Any], folder: Path, seeds: list[int]):
        self.request, self.scenario, self.overrides, self.folder = request, scenario, overrides, folder
        self.key = settings_key(scenario, overrides, request.stop_when)
        self.store: Store = run_folder.open_folder(folder, scenario, self.key, request.force)
        study = ensemble_study(scenario, overrides, min(seeds), len(seeds), daily=True, events=True, stop_when=request.stop_when)
        self.tables = RunTables(study, git_commit() or "", code_key(), versions(), exact=True)
        self.spare = spare_folder(folder, scenario.name, self.key)
        self.store.take_in(self.spare / PARTS)
        self.store.forget_failed()
        self.seeds = sorted({*seeds, *self.store.recorded()[0]})

    def close(self) -> None:
        self.store.close()

    def task(self, seed: int, **more: Any) -> RunTask:
        """The task of a seed, which keeps maps of every day if they are wanted of this run."""
        has_maps = self.request.maps == "all" or (self.request.maps == "first" and self.seeds.index(seed) < run_tables.FIRST_MAPS)
        return self.tables.task_of(seed, 0, 0, seed, maps="all" if has_maps else "none", frame=has_maps, check=self.request.check, **more)

    def make(self) -> EnsembleOutcome:
        """Makes the missing runs and writes the folder; a stop or a full disk loses nothing that was computed."""
        done, _ = self.store.recorded(lambda seed, kept: covers(kept, kept_by(self.task(seed))))
        missing = [seed for seed in self.seeds if seed not in done]
        outcome = EnsembleOutcome(self.folder, self.folder, self.seeds)
        try:
            self._manifest(self.folder, "running")
        except OSError as error:
            outcome.problem = error.strerror or str(error)
        workers = min(int(self.request.workers or os.cpu_count() or 1), len(missing))
        session = Session(self.scenario.name + (f", {len(missing):,} runs" if len(missing) > 1 else ""), self.tables, self.store, self.spare / PARTS)
        session.run(
            (self.task(seed, reports_days=len(missing) <= FEW_RUNS) for seed in missing),
            len(missing),
            Workers(workers) if workers > 1 else pool.Here(),
            days=self.scenario.days,
            quiet=self.request.quiet,
            gently=False,
        )
        outcome.stopped = session.stopped
        outcome.problem = outcome.problem or session.problem
        self._write(outcome)
        return outcome

    def _manifest(self, folder: Path, status: str) -> None:
        run_folder.write_run_manifest(folder, self.scenario, self.overrides, self.seeds, status, self.request.stop_when)

    def _write(self, outcome: EnsembleOutcome) -> None:
        """Writes the files of the folder; into another folder when this one does not take them."""
        if not outcome.problem:
            try:
                self._write_to(self.folder, outcome)
                return
            except OSError as error:
                outcome.problem = error.strerror or str(error)
        outcome.home = self.spare
        try:
            self.spare.mkdir(parents=True, exist_ok=True)
            self._write_to(self.spare, outcome)
        except OSError as error:
            raise InputError(
                f"{self.folder} could not be written ({outcome.problem}), nor could {self.spare} ({error.strerror or error}); "
                f"runs finished before are in {self.store.folder}."
            ) from None

    def _write_to(self, folder: Path, outcome: EnsembleOutcome) -> None:
        stores = [self.store.folder, self.spare / PARTS]
        outcome.failed = sorted(_failures(stores), key=lambda failure: failure["seed"])
        bad = next((f["error"] for f in outcome.failed if f["error"].startswith(BAD_INPUT)), None)
        if bad and len(outcome.failed) == len(self.seeds):
            raise InputError(bad.removeprefix(BAD_INPUT))
        totals = run_tables.assemble(folder, stores, self.seeds, self.request.maps)
        outcome.summary = summarize(self.scenario, self.overrides, totals, outcome.failed, self.key)
        write_summary(folder, outcome.summary)
        self._manifest(folder, "stopped" if outcome.stopped else "failed" if outcome.failed else "complete")


def _failures(stores: list[Path]) -> Iterator[dict[str, Any]]:
    """Seed and cause of every run that failed: the last line of its traceback."""
    for path in (path for store in stores for path in files(store)):
        table = read(path, ["seed", "error"])
        for seed, error in zip(table["seed"].to_pylist(), table["error"].to_pylist(), strict=True):
            if error:
                yield {"seed": seed, "error": cause_of(error)}


def cause_of(error: str) -> str:
    """What the exception of a traceback says, in one line."""
    lines = error.strip().rpartition("Traceback (most recent call last):")[2].splitlines()
    return next((line for line in lines if line.strip() and not line.startswith(" ")), error.strip())


def make_ensemble(folder: Path, runs: int, workers: int, quiet: bool) -> None:
    """Runs of the baseline with the maps of every run, as `pokrovsk run --maps all` writes them; what is there is kept.

    InputError when the folder holds something else or cannot be written; KeyboardInterrupt when it was stopped.
    """
    request = RunRequest(workers=workers, maps="all", quiet=quiet)
    ensemble = EnsembleRun(request, load_scenario(BASELINE), {}, folder, list(range(1, runs + 1)))
    try:
        outcome = ensemble.make()
    finally:
        ensemble.close()
    if outcome.stopped:
        raise KeyboardInterrupt
    if outcome.problem:
        raise InputError(f"--out: the ensemble could not be written to {str(folder)!r}: {outcome.problem}.")
