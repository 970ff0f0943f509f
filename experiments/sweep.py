"""What `pokrovsk sweep` does: makes the runs of a study that are missing, by a pool or a cluster, and writes them.

Workers compute; this process writes, so that one place decides what is finished. Runs are written in groups: each at
once when runs are slow, some together when they are quick, since a pause follows that is REST times as long as this
process worked on it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.quantity import InputError

if TYPE_CHECKING:
    from experiments.rows import Made, Rows, Task
    from experiments.store import Store
    from experiments.studies import Study

MOST_RUNS = 20_000  # more than that need --yes
REST = 40.0  # a pause after writing, as a multiple of the time that it took: at most 2.5 % of the time is spent on it
LONGEST_REST_S = 3.0


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

    `workers` processes of this machine compute (one a core unless told), or those of the Dask cluster at `scheduler`,
    or any `executor` with `submit`. Runs that failed before are made again with `retry_failed` only. `yes` allows more
    than MOST_RUNS runs.
    """
    from experiments import pool

    begin = time.perf_counter()
    workers = workers or os.cpu_count() or 1
    local = executor is None and not scheduler
    if local:
        pool.warm()
    from experiments import outputs, runs, store
    from experiments.rows import Rows
    from experiments.studies import load_study

    study = load_study(study) if isinstance(study, str | Path) else study
    if min(study.n_runs, limit or study.n_runs) > MOST_RUNS and not yes:
        raise InputError(f"{study.name} needs {study.n_runs:,} runs; more than {MOST_RUNS:,} need --yes or a --limit.")
    rows = Rows(study, outputs.git_commit() or "", runs.code_key(), outputs.versions())
    folder = Path(out) if out is not None else Path("runs") / study.name
    with contextlib.ExitStack() as stack:
        if scheduler:
            from experiments.cluster import Cluster

            executor = stack.enter_context(Cluster(scheduler))
        opened = store.open_store(folder, manifest_of(study, rows), study.to_toml(), lambda old: refuse_strangers(folder, old, study))
        stack.callback(opened.close)
        done, failed = opened.take_in(spare(folder, study))
        if retry_failed and failed:
            opened.forget_failed()
            failed = set()
        missing = [run for run in in_order(study) if run not in done and run not in failed][:limit]
        if local:
            executor = pool.Workers(min(workers, len(missing)) or 1)
        session = Session(study, rows, opened, len(done), len(failed))
        with session.shown(len(missing), quiet):
            session.run(missing, executor)
        return session.outcome(time.perf_counter() - begin)


def in_order(study: Study) -> Iterator[int]:
    """Numbers of all runs, one seed after the other over all points: a sweep that is stopped has whole replicates."""
    return (p * study.replicates + r for r in range(study.replicates) for p in range(study.n_points))


# What the folder is


def manifest_of(study: Study, rows: Rows) -> dict[str, Any]:
    """What is written of a study beside its runs: what it is, what made it, and the units of its columns."""
    from experiments.runs import SCHEMA

    return {
        "schema": SCHEMA,
        "kind": "sweep",
        "name": study.name,
        "title": study.title,
        "key": study.key,
        "code": rows.stamp["code"],
        "git_commit": rows.stamp["commit"],
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "n_points": study.n_points,
        "replicates": study.replicates,
        "n_runs": study.n_runs,
        "seed": study.seed,
        "factors": study.factor_names,
        "versions": rows.versions,
        "scenarios": scenario_keys(study),
        "units": {f.name: f.metadata[b"unit"].decode() for f in rows.runs_schema if f.metadata[b"unit"]},
    }


def scenario_keys(study: Study) -> dict[str, str]:
    """Hashes of the scenarios of a study, files of occupied ground included."""
    from experiments.runs import settings_key

    return {name: settings_key(scenario, {}) for name, scenario in study.scenarios.items()}


def refuse_strangers(folder: Path, old: dict[str, Any], study: Study) -> None:
    """InputError when the folder holds another study, or this one before a change of it or of the model."""
    from experiments.runs import code_key

    advice = "give another --out, or remove the folder."
    if old.get("name") != study.name:
        raise InputError(f"--out {str(folder)!r} holds another study ({old.get('name', 'unknown')}); {advice}")
    if old.get("code") != code_key():
        commit = old.get("git_commit") or "unknown"
        raise InputError(f"--out {str(folder)!r} was made by another version of the model (commit {commit}): go back to it, {advice}")
    if old.get("key") != study.key or old.get("scenarios") != scenario_keys(study):
        raise InputError(f"--out {str(folder)!r} holds {study.name} as it was before the study was changed; {advice}")


def spare(folder: Path, study: Study) -> Path:
    """Where finished runs go when their folder takes no more; the same command finds them there."""
    import hashlib
    import tempfile

    from experiments.runs import code_key

    told = hashlib.sha256(f"{folder.absolute()} {study.key} {code_key()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"pokrovsk-{study.name}-{told}"


# Making the runs


class Session:
    """One sweep under way: what is finished and not yet written, and what went wrong."""

    def __init__(self, study: Study, rows: Rows, opened: Store, done: int, failed: int):
        self.study, self.rows, self.store = study, rows, opened
        self.done, self.failed, self.made = done, failed, 0
        self.fresh: list[tuple[Task, Made]] = []  # finished, not yet written
        self.rest_until = 0.0
        self.stopped = self.writing = False
        self.problem: str | None = None
        self.tell: Callable[[], None] = lambda: None

    def run(self, missing: list[int], executor: Any) -> None:
        """Makes runs and writes them as they end. Closes the executor."""
        from experiments import pool

        work = getattr(executor, "work", None) or rows_make()
        try:
            self.rows.rehearse()  # while workers start
            tasks = (self.rows.task(run) for run in missing)
            with self._gently():
                for task, made in pool.drive(executor, work, tasks, lambda: self.stopped or bool(self.problem), self.pulse):
                    self.fresh.append((task, self._lost(task, made) if isinstance(made, pool.WorkerDied) else made))
            executor.shutdown()
        except KeyboardInterrupt:
            self.stopped = True
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
            if not self.writing:
                self.problem = None
                self.write()
        if self.problem:
            self._save()
        with contextlib.suppress(OSError, InputError):  # it is only tidier
            self.store.compact(whole=True)

    def pulse(self) -> None:
        if self.fresh and not self.problem and time.monotonic() >= self.rest_until:
            self.write()

    def write(self) -> None:
        """Commits what is finished; `problem` says why if that cannot be."""
        if not self.fresh:
            return
        begin = time.thread_time()
        self.writing = True
        try:
            self.store.commit(self.rows.tables(self.fresh))
        except OSError as error:
            self.problem = error.strerror or str(error)
            self.writing = False
            return
        failed = sum(1 for _, made in self.fresh if made.error)
        self.failed += failed
        self.done += len(self.fresh) - failed
        self.made += len(self.fresh)
        self.fresh = []
        with contextlib.suppress(OSError):
            self.store.compact()
        self.writing = False
        self.rest_until = time.monotonic() + min(REST * (time.thread_time() - begin), LONGEST_REST_S)
        self.tell()

    def _lost(self, task: Task, death: Exception) -> Made:
        """The record of a run whose worker died again and again."""
        from experiments.rows import failed

        return failed(task, str(death))

    def _save(self) -> None:
        """Puts what cannot be written where it belongs into a spare folder, and says so."""
        from experiments.store import write_commit

        self.problem = f"{self.store.folder} could not be written: {self.problem}"
        if self.fresh:
            place = spare(self.store.folder, self.study)
            count = f"{len(self.fresh):,} finished runs"
            try:
                write_commit(place, self.store.next, self.rows.tables(self.fresh))
                self.problem += f"; {count} are in {place}, and the same command takes them in."
                return
            except OSError as error:
                self.problem += f", nor could {place} ({error.strerror}): {count} will be made again"
        self.problem += "; the same command goes on."

    @contextlib.contextmanager
    def _gently(self) -> Iterator[None]:
        """Within, the first Ctrl-C lets the runs in flight finish; the second one does not."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_signal: int, _frame: Any) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True
            print("\npokrovsk: finishing the runs in flight; Ctrl-C again stops at once.", file=sys.stderr)

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextlib.contextmanager
    def shown(self, total: int, quiet: bool) -> Iterator[None]:
        """A bar on a terminal: runs done of total, runs per minute, time left, failures."""
        if quiet or not total or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = [
            *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("runs")),
            *(TextColumn("{task.fields[speed]}"), TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[failed]}")),
        ]
        begin, failed = time.monotonic(), self.failed
        with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=900.0) as bar:
            task = bar.add_task(f"{self.study.name}: making ready", total=total, speed="", failed="")

            def tell() -> None:
                speed = f"{self.made / (time.monotonic() - begin) * 60:,.0f} a minute,"
                new = self.failed - failed
                bar.update(task, description=self.study.name, completed=self.made, speed=speed, failed=f"{new:,} failed" if new else "")

            self.tell = tell
            yield

    def outcome(self, seconds: float) -> SweepOutcome:
        told = (self.study.n_runs, self.done, self.failed, self.made, self.stopped, self.problem, seconds)
        return SweepOutcome(self.store.folder, *told)


def rows_make() -> Callable[[Any], Any]:
    from experiments.rows import make

    return make


# The command


def carry_out(study: str, **order: Any) -> int:
    """Sweeps as ordered and says how it ended; returns the exit code."""
    from experiments.order import whole

    order["workers"] = whole("--workers", order["workers"], 1, 1024)
    order["limit"] = whole("--limit", order["limit"], 1, 10**9)
    told = sweep(study, **order)
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
