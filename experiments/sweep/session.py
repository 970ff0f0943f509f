"""One sweep under way: makes runs by an executor, writes them as they end, and stops when it is asked to.

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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs import task as runs_task
from experiments.runs.simulation import code_key
from experiments.storage.sweep_store import write_commit
from experiments.sweep import pool, workers
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.runs.task import Made, Task
    from experiments.storage.sweep_store import Store
    from experiments.storage.sweep_tables import Rows
    from experiments.studies.study import Study

REST = 40.0  # a pause after writing, as a multiple of the time that it took: at most 2.5 % of the time is spent on it
LONGEST_REST_S = 3.0
MOST_FRESH = 256  # so many runs are written together at most, whatever the pause: memory stays flat


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
        work = getattr(executor, "work", None) or runs_task.make
        try:
            if missing:
                self.rows.rehearse()  # while workers start
            tasks = (self.rows.task(run) for run in missing)
            with self._gently():
                for task, made in pool.drive(executor, work, tasks, lambda: self.stopped or bool(self.problem), self.pulse):
                    self.fresh.append((task, runs_task.failed(task, str(made)) if isinstance(made, workers.WorkerDied) else made))
            executor.shutdown()
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
        with contextlib.suppress(OSError, InputError):
            self.store.compact()
        self.writing = False
        self.rest_until = time.monotonic() + min(REST * (time.thread_time() - begin), LONGEST_REST_S)
        self.tell()

    def _save(self) -> None:
        """Puts what cannot be written where it belongs into a spare folder, and says so."""
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
            task = bar.add_task(f"{self.study.name}: making ready (compiles once)", total=total, speed="", failed="")

            def tell() -> None:
                speed = f"{self.made / (time.monotonic() - begin) * 60:,.0f} a minute,"
                new = self.failed - failed
                bar.update(task, description=self.study.name, completed=self.made, speed=speed, failed=f"{new:,} failed" if new else "")

            self.tell = tell
            yield


def spare(folder: Path, study: Study) -> Path:
    """Where finished runs go when their folder takes no more; the same command finds them there."""
    told = hashlib.sha256(f"{folder.absolute()} {study.key} {code_key()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"pokrovsk-{study.name}-{told}"
