"""Worker processes, each on a pipe of its own, that may be killed at any moment.

The pool of the standard library shares its pipes: there an answer that is cut off by a kill stops everything, one death
costs the runs of all, and workers outlive a parent that is killed. Here a death costs the run it had, and the end of the
parent is the end of its workers. While it works, a job may `tell` how far it is.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from multiprocessing import connection, resource_tracker
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.errors import InputError

AHEAD = 4  # jobs given out for each worker, those that wait included: nobody idles while results are written
PATIENCE_S = 5.0  # how long workers may take to end when there is nothing more to do
MOST_STARTS = 5  # so many times in a row may a worker fail to start


class WorkerDied(Exception):
    """The process that was to do the work was killed."""


Hear = Callable[[Any], None]
teller: Hear | None = None  # where the news of the job go that this process is at


def tell(news: Any) -> None:
    """From within a job: how far it is, for whoever gave the executor a `hear`."""
    if teller is not None:
        teller(news)


# In the parent


def context() -> Any:
    """How processes start: on Linux forked from a clean server that has loaded the kernels once; elsewhere anew."""
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["experiments.sweep.preload"])
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
    masked = None
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # it would unblock the signal if it were started within
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
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
        self.is_ready = False  # it has started and says so


class Workers(Executor):
    """`n` worker processes. A future of one that was killed raises WorkerDied; another process takes its place."""

    def __init__(self, n: int, hear: Hear | None = None):
        self.n, self.hear = n, hear
        self.ahead = AHEAD * n
        self._pending: deque[tuple[Future, bytes]] = deque()
        self._wake_in, self._wake_out = connection.Pipe(duplex=False)
        self._lock = threading.Lock()
        self._closing = self._called = False
        self._stillborn = 0  # workers that died before they were ready, one after the other
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
            self._call()
        return future

    def _call(self) -> None:
        """Wakes the keeper, once however often it is called before it has heard. Under the lock."""
        if not self._called:
            self._called = True
            with contextlib.suppress(OSError):  # it is gone
                self._wake_out.send_bytes(b".")

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
            self._call()
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
                if self._stillborn >= MOST_STARTS:
                    raise OSError("they end as they start: does the script that calls this lack `if __name__ == '__main__':`?")
                while len(self._hands) < min(self.n, busy + pending):
                    self._hands.append(_hired())
                for hand in self._hands:
                    if hand.is_ready and not hand.future:
                        self._give(hand)
                self._hear()
        except OSError as error:
            from sim.errors import InputError  # here, so that `warm` comes before every import that takes time

            self._problem = InputError(f"worker processes cannot be started: {error.strerror or error}")
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
            with self._lock:
                self._wake_in.recv_bytes()
                self._called = False
        for hand in [by_pipe[r] for r in ready if r in by_pipe]:
            try:
                kind, said = pickle.loads(hand.pipe.recv_bytes())
            except (EOFError, OSError):
                self._bury(hand)
                continue
            if kind == "ready":
                hand.is_ready, self._stillborn = True, 0
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
        self._stillborn += not hand.is_ready
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
    global teller
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

    teller = lambda news: send("news", news)  # noqa: E731
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        send("ready", os.getpid())
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
