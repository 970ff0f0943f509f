"""One command under way: makes runs by an executor, writes them to a store as they end, and stops when it is asked to.

Workers compute; this process writes, so that one place decides what is finished. Runs are written in groups: each at
once when runs are slow, some together when they are quick, since a pause follows that is REST times as long as this
process worked on it.
"""

from __future__ import annotations

import contextlib
import hashlib
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs import task as runs_task
from experiments.runs.simulation import code_key
from experiments.storage.sweep_store import write_commit
from experiments.sweep import pool, workers
from experiments.sweep.progress import Progress, shown
from experiments.sweep.workers import Workers
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.runs.task import RunOutput, RunTask
    from experiments.storage.sweep_store import Store
    from experiments.storage.sweep_tables import RunTables

REST = 40.0  # a pause after writing, as a multiple of the time that it took: at most 2.5 % of the time is spent on it
LONGEST_REST_S = 3.0
MOST_FRESH = 256  # so many runs are written together at most, whatever the pause: memory stays flat
FEW_RUNS = 64  # with so few runs the progress counts days


class Session:
    """What is finished and not yet written, and what went wrong. `spare` is a store for what cannot be written to `store`."""

    def __init__(self, label: str, tables: RunTables, store: Store, spare: Path):
        self.label, self.tables, self.store, self.spare = label, tables, store, spare
        self.done = self.failed = self.made = 0  # of this session
        self.fresh: list[tuple[RunTask, RunOutput]] = []  # finished, not yet written
        self.rest_until = 0.0
        self.stopped = self.writing = False
        self.problem: str | None = None  # why the store takes no more
        self.is_saved = True  # what was finished when the store took no more is in the spare store
        self.progress = Progress(label, 0, 0)

    def run(self, tasks: Iterable[RunTask], n: int, executor: Any, *, days: int, quiet: bool, gently: bool = True) -> None:
        """Makes `n` runs of about so many days and writes them as they end. Closes the executor.

        With `gently` the first Ctrl-C lets runs in flight finish; else it stops at once.
        """
        work = getattr(executor, "work", None) or make_run
        try:
            if n and isinstance(executor, Workers | pool.Here):
                from sim import compilation  # loads the compiler

                compilation.prepare(compilation.nobody if quiet else None)
            with shown(self.label, n, days, quiet) as self.progress:
                if isinstance(executor, Workers | pool.Here) and executor.on_report is None:
                    executor.on_report = lambda report: self.progress.day(*report)
                if n:
                    self.tables.rehearse()  # while workers start
                with self._gently() if gently else contextlib.nullcontext():
                    for task, output in pool.drive(executor, work, tasks, lambda: self.stopped or bool(self.problem), self.pulse):
                        output = runs_task.failed_output(task, str(output)) if isinstance(output, workers.WorkerDied) else output
                        self.fresh.append((task, output))
                executor.shutdown()
                self.write()
        except KeyboardInterrupt:
            self.stopped = True
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
            if not self.writing:  # else it was cut off, and the runs that it was about are made again
                self.problem = None
                self.write()
            if self.problem:
                self._save()
        with contextlib.suppress(OSError, InputError):  # it is only tidier
            self.store.compact(whole=True)

    def pulse(self) -> None:
        self.progress.update()
        due = time.monotonic() >= self.rest_until or len(self.fresh) >= MOST_FRESH
        if self.fresh and not self.problem and due:
            self.write()

    def write(self) -> None:
        """Commits what is finished; `problem` says why if that cannot be."""
        if not self.fresh:
            return
        begin = time.thread_time()
        self.writing = True
        try:
            self.store.commit(self.tables.tables(self.fresh))
        except OSError as error:
            self.problem = error.strerror or str(error)
            self.writing = False
            return
        failed = sum(1 for _, output in self.fresh if output.error)
        self.failed += failed
        self.done += len(self.fresh) - failed
        self.made += len(self.fresh)
        ended, self.fresh = [task.run for task, _ in self.fresh], []
        with contextlib.suppress(OSError, InputError):
            self.store.compact()
        self.writing = False
        self.rest_until = time.monotonic() + min(REST * (time.thread_time() - begin), LONGEST_REST_S)
        self.progress.ended(ended, failed)

    def _save(self) -> None:
        """Puts what cannot be written where it belongs into the spare store."""
        if self.fresh:
            try:
                write_commit(self.spare, self.store.next, self.tables.tables(self.fresh))
            except OSError as error:
                self.is_saved = False
                self.problem = f"{self.problem}, nor could {self.spare} ({error.strerror or error})"

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


def make_run(task: RunTask) -> RunOutput:
    """In a worker or here: makes one run and reports its days."""
    return runs_task.run_task(task, workers.report)


def spare_folder(folder: Path, name: str, key: str) -> Path:
    """Where finished runs go when their folder takes no more; the same command finds them there."""
    digest = hashlib.sha256(f"{folder.absolute()} {key} {code_key()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"pokrovsk-{name}-{digest}"
