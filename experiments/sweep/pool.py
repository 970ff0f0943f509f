"""One pool for all runs: a loop that keeps only so many of them in flight, whoever makes them.

An executor is anything with `submit(fn, *args) -> Future`: `Workers` (processes of this machine), `Here` (this very
process), a `ThreadPoolExecutor` or a Dask cluster (`experiments.cluster`). `drive` feeds one and hands back what ends,
in the order in which it ends, and begins again what a dead worker took with it.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

from experiments.sweep import workers
from experiments.sweep.workers import OnReport, WorkerDied

MOST_DEATHS = 3  # a run whose worker died so often is given up and recorded as failed


def drive(
    executor: Any,
    work: Callable[[Any], Any],
    jobs: Iterable[Any],
    stopped: Callable[[], bool] = lambda: False,
    pulse: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Any, Any]]:
    """(job, answer) pairs as they end, at most `executor.ahead` jobs in flight: memory does not grow with their number.

    A job whose worker died is given out again; after MOST_DEATHS its answer is a WorkerDied. An exception of the work
    is raised here. When `stopped` says so, jobs that are not begun are left out and those in flight are finished.
    `pulse` is called between answers, and a few times a second while there are none.
    """
    ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
    waiting: dict[Future, tuple[Any, int]] = {}
    source: Iterator[Any] | None = iter(jobs)

    def give(job: Any, deaths: int) -> None:
        future = executor.submit(work, job)
        waiting[future] = (job, deaths)
        future.add_done_callback(ended.put)

    try:
        while source or waiting:
            if stopped():
                source = None
                for future in [f for f in waiting if f.cancel()]:
                    del waiting[future]
            while source and len(waiting) < getattr(executor, "ahead", 1):
                try:
                    give(next(source), 0)
                except StopIteration:
                    source = None
            pulse()
            try:
                answered = ended.get(timeout=0.25) if waiting else None
            except queue.Empty:
                continue
            if answered is None or answered not in waiting:  # it was called back
                continue
            job, deaths = waiting.pop(answered)
            try:
                answer = answered.result()
            except WorkerDied as death:
                if deaths + 1 < MOST_DEATHS:
                    if not stopped():
                        give(job, deaths + 1)
                    continue
                answer = WorkerDied(f"its worker was killed {MOST_DEATHS} times ({death})")
            yield job, answer
    finally:
        for future in waiting:
            future.cancel()


class Here(Executor):
    """Does the work in this process, at once."""

    ahead = 1

    def __init__(self, on_report: OnReport | None = None):
        self.on_report = on_report

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        future.set_running_or_notify_cancel()
        before, workers.reporter = workers.reporter, self.on_report
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        finally:
            workers.reporter = before
        return future
