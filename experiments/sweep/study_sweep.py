"""What `pokrovsk sweep` does: looks what a folder holds of a study, and has the missing runs made."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.storage.sweep_tables import RunTables
    from experiments.studies.study import Study
    from experiments.sweep.session import Session

MOST_RUNS = 20_000  # more than that need --yes


@dataclass(frozen=True)
class SweepOutcome:
    """How a sweep ended. Of the `total` runs of the study `made` are of this time; `failed` ones are on record."""

    folder: Path
    total: int
    done: int
    failed: int
    made: int = 0
    stopped: bool = False
    problem: str | None = None
    seconds: float = 0.0

    @property
    def code(self) -> int:
        """Exit code of the command."""
        return 2 if self.problem else 130 if self.stopped else 1 if self.failed else 0


def sweep(
    study: Study | str | Path,
    out: Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    limit: int | None = None,
    yes: bool = False,
    quiet: bool = False,
    retry_failed: bool = False,
    executor: Any = None,
) -> SweepOutcome:
    """Makes the runs of a study that its folder does not hold yet, at most `limit` of them.

    `workers` processes of this machine compute (one a core unless given), or those of the Dask cluster at `scheduler`,
    or any `executor` with `submit`. Runs that failed before are made again with `retry_failed` only. `yes` allows more
    than MOST_RUNS runs.
    """
    from experiments.sweep import pool
    from experiments.sweep import workers as sweep_workers
    from experiments.sweep.workers import Workers

    begin = time.perf_counter()
    workers = workers or os.cpu_count() or 1
    local = executor is None and not scheduler
    if local:
        sweep_workers.warm()
    from experiments.runs import provenance, simulation
    from experiments.storage import growth, sweep_folder
    from experiments.storage.sweep_tables import RunTables, covers, kept_by
    from experiments.studies.files import load_study, portable
    from experiments.sweep.session import FEW_RUNS, Session, spare_folder
    from sim.identity import git_commit

    study = load_study(study) if isinstance(study, str | Path) else study
    if min(study.n_runs, limit or study.n_runs) > MOST_RUNS and not yes:
        raise InputError(f"{study.name} needs {study.n_runs:,} runs; more than {MOST_RUNS:,} need --yes or a --limit.")
    tables = RunTables(study, git_commit() or "", simulation.code_key(), provenance.versions())
    folder = Path(out) if out is not None else Path("runs") / study.name
    with contextlib.ExitStack() as stack:
        if scheduler:
            from experiments.sweep.dask_cluster import Cluster

            executor = stack.enter_context(Cluster(scheduler))
        spare = spare_folder(folder, study.name, study.key)
        store = sweep_folder.open_store(folder, lambda old: refuse_strangers(folder, old, study))
        stack.callback(store.close)
        with sweep_folder.writing(f"--out {str(folder)!r}"):
            store.take_in(spare)
            old = sweep_folder.read_manifest(folder)
            if old is not None and old.get("key") != study.key:
                growth.renumber(store, tables)
            sweep_folder.write_study(folder, portable(study))
            if old is None or old.get("key") != study.key:
                sweep_folder.write_manifest(folder, manifest_of(study, tables))
        wanted = kept_by(tables.task(0))
        done, failed = store.recorded(lambda _run, kept: covers(kept, wanted))
        if retry_failed and failed:
            store.forget_failed()
            failed = set()
        missing = [run for run in in_order(study) if run not in done and run not in failed][:limit]
        if local:
            executor = Workers(min(workers, len(missing))) if missing else pool.Here()
        session = Session(study.name, tables, store, spare)
        few = len(missing) <= FEW_RUNS
        days = max(scenario.days for scenario in study.scenarios.values())
        session.run((tables.task(run, reports_days=few) for run in missing), len(missing), executor, days=days, quiet=quiet)
        counts = (len(done) + session.done, len(failed) + session.failed, session.made, session.stopped)
        return SweepOutcome(folder, study.n_runs, *counts, _problem(session), time.perf_counter() - begin)


def _problem(session: Session) -> str | None:
    """What became of finished runs that could not be written, in words."""
    if not session.problem:
        return None
    text = f"{session.store.folder} could not be written: {session.problem}"
    if session.fresh:
        count = f"{len(session.fresh):,} finished runs"
        if session.is_saved:
            return f"{text}; {count} are in {session.spare}, and the same command takes them in."
        text += f": {count} will be made again"
    return f"{text}; the same command goes on."


def in_order(study: Study) -> Iterator[int]:
    """Numbers of all runs, one seed after the other over all points: a sweep that is stopped has whole replicates."""
    return (p * study.replicates + r for r in range(study.replicates) for p in range(study.n_points))


# What the folder is


def manifest_of(study: Study, tables: RunTables) -> dict[str, Any]:
    """What is written of a study beside its runs: what it is, what made it, and the units of its columns."""
    from experiments.runs.identity import SCHEMA

    return {
        "schema": SCHEMA,
        "kind": "sweep",
        "name": study.name,
        "title": study.title,
        "key": study.key,
        "code": tables.stamp["code"],
        "git_commit": tables.stamp["commit"],
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "n_points": study.n_points,
        "replicates": study.replicates,
        "n_runs": study.n_runs,
        "seed": study.seed,
        "factors": study.factor_names,
        "versions": tables.versions,
        "scenarios": scenario_keys(study),
        "units": {f.name: f.metadata[b"unit"].decode() for f in tables.runs_schema if f.metadata[b"unit"]},
    }


def scenario_keys(study: Study) -> dict[str, str]:
    """Hashes of the scenarios of a study, files of occupied ground included, by their label."""
    from experiments.runs.identity import settings_key
    from experiments.studies.factors import scenario_label

    return {scenario_label(name): settings_key(scenario, {}) for name, scenario in study.scenarios.items()}


def refuse_strangers(folder: Path, old: dict[str, Any], study: Study) -> None:
    """InputError when the folder holds another study, runs of another version of the model, or runs that are none of this study."""
    from experiments.runs.simulation import code_key
    from experiments.storage.growth import check_growth

    advice = "give another --out, or remove the folder."
    if old.get("name") != study.name:
        raise InputError(f"--out {str(folder)!r} holds another study ({old.get('name', 'unknown')}); {advice}")
    if old.get("code") != code_key():
        commit = old.get("git_commit") or "unknown"
        raise InputError(f"--out {str(folder)!r} was made by another version of the model (commit {commit}): go back to it, {advice}")
    if old.get("key") != study.key:
        check_growth(folder, study)
