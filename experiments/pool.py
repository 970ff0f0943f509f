"""One pool for all runs: worker processes, each on a pipe of its own, and a loop that keeps only so many runs in flight.

An executor is anything with `submit(fn, *args) -> Future`: `Workers` here, a `ThreadPoolExecutor`, `Here` (this very
process) or a Dask cluster (`experiments.cluster`). `drive` feeds one and hands back what ends, in the order in which it
ends, and begins again what a dead worker took with it. While it works, a job may `tell` how far it is.

`Workers` differs from the pool of the standard library where a worker can be killed at any moment: there a half-written
answer in the pipe that all share stops the whole pool, and one death costs the runs of all; here it costs its own run.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import queue
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from multiprocessing import connection
from typing import Any

from sim.quantity import InputError

MOST_DEATHS = 3  # a run whose worker died so often is given up and recorded as failed
AHEAD = 4  # runs given out for each worker, those that wait included: nobody idles while results are written
PATIENCE_S = 5.0  # how long workers may take to end when there is nothing more to do
MOST_STARTS = 5  # so many times in a row may a worker fail to start


class WorkerDied(Exception):
    """The process that was to do the work was killed."""


# Driving an executor


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
                future = ended.get(timeout=0.25) if waiting else None
            except queue.Empty:
                continue
            if future not in waiting:  # it was called back
                continue
            job, deaths = waiting.pop(future)
            try:
                answer = future.result()
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


Hear = Callable[[Any], None]
_tell: Hear | None = None


def tell(news: Any) -> None:
    """From within a job: how far it is, for whoever gave the executor a `hear`."""
    if _tell is not None:
        _tell(news)


class Here(Executor):
    """Does the work in this process, at once."""

    ahead = 1

    def __init__(self, hear: Hear | None = None):
        self.hear = hear

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        global _tell
        future: Future = Future()
        future.set_running_or_notify_cancel()
        before, _tell = _tell, self.hear
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        finally:
            _tell = before
        return future


# Worker processes


def context() -> Any:
    """How processes start: on Linux forked from a clean server that has loaded the kernels once; elsewhere anew."""
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["experiments.warm"])
    return found


def warm() -> None:
    """Starts loading the kernels beside this process, so that workers find them loaded. Returns at once."""
    if sys.platform.startswith("linux"):
        from multiprocessing import forkserver

        context()
        with _quiet():
            forkserver.ensure_running()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Processes started within do not hear Ctrl-C, which is our business, and do linear algebra on one thread: runs
    are parallel already, and a fork copes with no other."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if masked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


class _Hand:
    """One worker process, our end of its pipe, and what it is at."""

    def __init__(self, start: Any):
        self.pipe, other = start.Pipe()
        self.process = start.Process(target=_work, args=(other,), daemon=True)
        try:
            with _quiet():
                self.process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            other.close()
        self.future: Future | None = None


class Workers(Executor):
    """`n` worker processes. A future of one that was killed raises WorkerDied; another process takes its place."""

    def __init__(self, n: int, hear: Hear | None = None):
        self.n, self.hear = n, hear
        self.ahead = AHEAD * n
        self._pending: deque[tuple[Future, bytes]] = deque()
        self._wake_in, self._wake_out = connection.Pipe(duplex=False)
        self._lock = threading.Lock()
        self._closing = False
        self._problem: InputError | None = None
        self._hands: list[_Hand] = []
        warm()
        self._keeper = threading.Thread(target=self._keep, name="workers", daemon=True)
        self._keeper.start()

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        task = pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL)
        with self._lock:
            if self._problem:
                raise self._problem
            if self._closing:
                raise RuntimeError("the pool is closed")
            self._pending.append((future, task))
            self._wake_out.send_bytes(b".")
        return future

    def pids(self) -> list[int]:
        """Process ids of the workers (for tests and for the curious)."""
        return [hand.process.pid for hand in list(self._hands) if hand.process.pid]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers: after what was given (`wait`), or now."""
        with self._lock:
            if cancel_futures:
                while self._pending:
                    self._pending.popleft()[0].cancel()
            self._closing = True
            with contextlib.suppress(OSError):
                self._wake_out.send_bytes(b".")
        if wait:
            self._keeper.join()
            return
        for hand in list(self._hands):
            hand.process.terminate()
        self._keeper.join(PATIENCE_S)

    # In the keeper's thread

    def _keep(self) -> None:
        try:
            while True:
                with self._lock:
                    closing, pending = self._closing, len(self._pending)
                busy = sum(hand.future is not None for hand in self._hands)
                if closing and not pending and not busy:
                    return
                while len(self._hands) < min(self.n, busy + pending):
                    self._hands.append(_hired())
                for hand in self._hands:
                    if not hand.future:
                        self._give(hand)
                self._hear()
        except OSError as error:
            self._problem = InputError(f"worker processes cannot be started ({error.strerror or error}); give fewer --workers.")
        finally:
            self._part()

    def _part(self) -> None:
        """Ends idle workers, and others too if there still are any."""
        with self._lock:
            self._closing = True
            self._wake_in.close()
            self._wake_out.close()
        for hand in self._hands:
            hand.pipe.close()
        deadline = time.monotonic() + PATIENCE_S
        for hand in self._hands:
            hand.process.join(max(deadline - time.monotonic(), 0.0))
            if hand.process.is_alive():
                hand.process.kill()
        for future in [*(h.future for h in self._hands if h.future), *(future for future, _ in self._pending)]:
            if not future.done():
                future.set_exception(self._problem or WorkerDied("the pool has ended"))

    def _give(self, hand: _Hand) -> None:
        """The next job that nobody took back to an idle worker."""
        while True:
            with self._lock:
                if not self._pending:
                    return
                future, task = self._pending.popleft()
            if future.set_running_or_notify_cancel():
                break
        hand.future = future
        with contextlib.suppress(OSError):  # it is dead: its sentinel tells
            hand.pipe.send_bytes(task)

    def _hear(self) -> None:
        """Waits for an answer, a death or a call, and sees to all that came."""
        by_pipe = {hand.pipe: hand for hand in self._hands}
        by_end = {hand.process.sentinel: hand for hand in self._hands}
        ready = connection.wait([self._wake_in, *by_pipe, *by_end])
        if self._wake_in in ready:
            while self._wake_in.poll():
                self._wake_in.recv_bytes()
        for hand in [by_pipe[r] for r in ready if r in by_pipe]:
            try:
                kind, said = pickle.loads(hand.pipe.recv_bytes())
            except (EOFError, OSError):
                self._bury(hand)
                continue
            if kind == "news":
                if self.hear:
                    self.hear(said)
                continue
            future, hand.future = hand.future, None
            future.set_result(said) if kind == "answer" else future.set_exception(said)
        for hand in [by_end[r] for r in ready if r in by_end]:
            if hand in self._hands and not hand.pipe.poll():  # what it said last is heard first
                self._bury(hand)

    def _bury(self, hand: _Hand) -> None:
        self._hands.remove(hand)
        hand.pipe.close()
        hand.process.kill()
        hand.process.join(1.0)
        if hand.future:
            hand.future.set_exception(WorkerDied(f"process ended with code {hand.process.exitcode}"))


def _hired() -> _Hand:
    """A new worker. The server that workers are forked from may itself have been killed: then it is started again."""
    for attempt in range(MOST_STARTS):
        try:
            return _Hand(context())
        except (OSError, EOFError) as error:
            problem = error
            time.sleep(0.1 * 2**attempt)
    raise OSError(str(problem) or type(problem).__name__)


# In a worker process


def _work(pipe: Any) -> None:
    """Job after job until the pipe is closed. Ctrl-C is the parent's business."""
    global _tell
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()

    def send(kind: str, said: Any) -> None:
        try:
            data = pickle.dumps((kind, said), pickle.HIGHEST_PROTOCOL)
            if kind == "error":
                pickle.loads(data)  # an exception may not survive the way
        except Exception:
            data = pickle.dumps(("error", RuntimeError(f"an answer that cannot be sent: {said!r:.500}")))
        pipe.send_bytes(data)

    _tell = lambda news: send("news", news)  # noqa: E731
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        while True:
            task = pipe.recv_bytes()
            try:
                fn, args, kwargs = pickle.loads(task)
                said = ("answer", fn(*args, **kwargs))
            except Exception as error:
                said = ("error", error)
            send(*said)


def _end_with_parent(pipe: Any) -> None:
    """A worker whose parent is gone has nobody to tell: it ends, in the middle of a run if need be."""
    if hasattr(select, "poll"):
        hangup = select.poll()
        hangup.register(pipe.fileno(), 0)
        hangup.poll()
    else:
        connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
