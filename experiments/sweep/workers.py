"""Worker processes, each on a pipe of its own, that may be killed at any moment.

The pool of the standard library shares its pipes: there an answer that is cut off by a kill stops everything, one death
costs the runs of all, and workers outlive a parent that is killed. Here a death costs the run it had, and the end of the
parent is the end of its workers. While it works, a job may `report` how far it is.

Workers run the code of the parent and nothing that lies in the working folder: an interpreter that is started with a
command would else look for its own library there first.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import select
import signal
import sys
import sysconfig
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from multiprocessing import connection, resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.errors import InputError

AHEAD = 4  # jobs given out for each worker, those that wait included: nobody idles while results are written
PATIENCE_S = 5.0  # how long workers may take to end when there is nothing more to do
MOST_STARTS = 5  # so many times in a row may a worker fail to start


class WorkerDied(Exception):
    """The process that was to do the work was killed."""


OnReport = Callable[[Any], None]
reporter: OnReport | None = None  # where reports of the job go that this process is at


def report(progress: Any) -> None:
    """From within a job: how far it is, for whoever gave the executor an `on_report`."""
    if reporter is not None:
        reporter(progress)


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


def _environment() -> dict[str, str]:
    """What processes are started with: linear algebra on one thread (runs are parallel already, and a fork copes with no
    other), the parent's own code, and no imports from the working folder."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    home = Path(__file__).resolve().parents[2]
    is_installed = home in {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    paths = [] if is_installed else [str(home), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**threads, "PYTHONSAFEPATH": "1", **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Processes started within do not hear Ctrl-C, which is our business, and have an environment of their own."""
    changes = _environment()
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
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


class _Worker:
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
        self.is_ready = False  # it has started and reports so


class Workers(Executor):
    """`n` worker processes. A future of one that was killed raises WorkerDied; another process takes its place."""

    def __init__(self, n: int, on_report: OnReport | None = None):
        self.n, self.on_report = n, on_report
        self.ahead = AHEAD * n
        self._pending: deque[tuple[Future, bytes]] = deque()
        self._wake_in, self._wake_out = connection.Pipe(duplex=False)
        self._lock = threading.Lock()
        self._closing = self._called = False
        self._stillborn = 0  # workers that died before they were ready, one after the other
        self._problem: InputError | None = None
        self._workers: list[_Worker] = []
        warm()
        self._thread = threading.Thread(target=self._serve, name="workers", daemon=True)
        self._thread.start()

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
        """Wakes the thread, once however often it is called meanwhile. Under the lock."""
        if not self._called:
            self._called = True
            with contextlib.suppress(OSError):  # it is gone
                self._wake_out.send_bytes(b".")

    def pids(self) -> list[int]:
        """Process ids of the workers (for tests and for the curious)."""
        return [worker.process.pid for worker in list(self._workers) if worker.process.pid]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers: after what was given (`wait`), or now."""
        with self._lock:
            if cancel_futures:
                while self._pending:
                    self._pending.popleft()[0].cancel()
            self._closing = True
            self._call()
        if wait:
            self._thread.join()
            return
        for worker in list(self._workers):
            worker.process.terminate()
        self._thread.join(PATIENCE_S)

    # In the thread that serves the workers

    def _serve(self) -> None:
        try:
            while True:
                with self._lock:
                    closing, pending = self._closing, len(self._pending)
                busy = sum(worker.future is not None for worker in self._workers)
                if closing and not pending and not busy:
                    return
                if self._stillborn >= MOST_STARTS:
                    raise OSError("they end as they start: does the script that calls this lack `if __name__ == '__main__':`?")
                while len(self._workers) < min(self.n, busy + pending):
                    self._workers.append(_started())
                for worker in self._workers:
                    if worker.is_ready and not worker.future:
                        self._give(worker)
                self._receive()
        except OSError as error:
            from sim.errors import InputError  # here, so that `warm` comes before every import that takes time

            self._problem = InputError(f"worker processes cannot be started: {error.strerror or error}")
        finally:
            self._close()

    def _close(self) -> None:
        """Ends idle workers, and others too if there still are any."""
        with self._lock:
            self._closing = True
            self._wake_in.close()
            self._wake_out.close()
        for worker in self._workers:
            worker.pipe.close()
        deadline = time.monotonic() + PATIENCE_S
        for worker in self._workers:
            worker.process.join(max(deadline - time.monotonic(), 0.0))
            if worker.process.is_alive():
                worker.process.kill()
        for future in [*(h.future for h in self._workers if h.future), *(future for future, _ in self._pending)]:
            if not future.done():
                future.set_exception(self._problem or WorkerDied("the pool has ended"))

    def _give(self, worker: _Worker) -> None:
        """The next job that nobody took back to an idle worker."""
        while True:
            with self._lock:
                if not self._pending:
                    return
                future, task = self._pending.popleft()
            if future.set_running_or_notify_cancel():
                break
        worker.future = future
        with contextlib.suppress(OSError):  # it is dead: its sentinel shows it
            worker.pipe.send_bytes(task)

    def _receive(self) -> None:
        """Waits for an answer, a death or a call, and sees to all that came."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        by_end = {worker.process.sentinel: worker for worker in self._workers}
        ready = connection.wait([self._wake_in, *by_pipe, *by_end])
        if self._wake_in in ready:
            with self._lock:
                self._wake_in.recv_bytes()
                self._called = False
        for worker in [by_pipe[r] for r in ready if r in by_pipe]:
            try:
                kind, content = pickle.loads(worker.pipe.recv_bytes())
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if kind == "ready":
                worker.is_ready, self._stillborn = True, 0
                continue
            if kind == "report":
                if self.on_report:
                    self.on_report(content)
                continue
            future, worker.future = worker.future, None
            assert future is not None, "a worker answers what it was given"
            future.set_result(content) if kind == "answer" else future.set_exception(content)
        for worker in [by_end[r] for r in ready if r in by_end]:
            if worker in self._workers and not worker.pipe.poll():  # what it sent last is read first
                self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._stillborn += not worker.is_ready
        worker.pipe.close()
        worker.process.kill()
        worker.process.join(1.0)
        if worker.future:
            worker.future.set_exception(WorkerDied(f"process ended with code {worker.process.exitcode}"))


def _started() -> _Worker:
    """A new worker. The server that workers are forked from may itself have been killed: then it is started again."""
    for attempt in range(MOST_STARTS):
        try:
            return _Worker(context())
        except (OSError, EOFError) as error:
            problem = error
            time.sleep(0.1 * 2**attempt)
    raise OSError(str(problem) or type(problem).__name__)


# In a worker process


def _work(pipe: Any) -> None:
    """Job after job until the pipe is closed. Ctrl-C is the parent's business."""
    global reporter
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()

    def send(kind: str, content: Any) -> None:
        try:
            data = pickle.dumps((kind, content), pickle.HIGHEST_PROTOCOL)
            if kind == "error":
                pickle.loads(data)  # an exception may not survive the way
        except Exception:
            data = pickle.dumps(("error", RuntimeError(f"an answer that cannot be sent: {content!r:.500}")))
        pipe.send_bytes(data)

    reporter = lambda progress: send("report", progress)  # noqa: E731
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        send("ready", os.getpid())
        while True:
            task = pipe.recv_bytes()
            try:
                fn, args, kwargs = pickle.loads(task)
                message = ("answer", fn(*args, **kwargs))
            except Exception as error:
                message = ("error", error)
            send(*message)


def _end_with_parent(pipe: Any) -> None:
    """A worker whose parent is gone works for nobody: it ends, in the middle of a run if need be."""
    if hasattr(select, "poll"):
        hangup = select.poll()
        hangup.register(pipe.fileno(), 0)
        hangup.poll()
    else:
        parent = multiprocessing.parent_process()
        assert parent is not None, "only workers call this"
        connection.wait([parent.sentinel])
    os._exit(1)
