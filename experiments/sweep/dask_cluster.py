"""Runs on a Dask cluster: the executor behind `pokrovsk sweep --scheduler tcp://...`.

Workers compute and hand back numbers; files are written by the sweep alone, so that no file system need be shared.
Workers may come, die and come again: Dask gives their runs to others, and after too many deaths the sweep's own loop
counts. A worker with other code than ours makes nothing.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs import simulation
from experiments.runs.task import other_code, run_task
from experiments.sweep.workers import WorkerDied
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.runs.task import RunOutput, RunTask

CONNECT_S = 10.0  # a scheduler that does not answer for so long is not there
AHEAD = 2  # runs given out for each thread of the cluster
ANSWER_S = 20.0  # an answer, a few numbers and a map, that does not come for so long after its run is lost
LOOK_S = 5.0  # how often the cluster is asked how large it is now


class Cluster:
    """A Dask cluster as an executor."""

    def __init__(self, address: str):
        self.address = address
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # we say ourselves, in a line, what is wrong
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port

        try:
            get_address_host_port(address, strict=True)  # else a client that cannot be closed is left
        except ValueError:
            raise InputError(f"--scheduler {address!r}: allowed: tcp://HOST:PORT.") from None
        try:
            self.client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, OverflowError):  # the latter for a port that no machine has
            raise InputError(f"--scheduler {address!r}: no Dask scheduler answers there.") from None
        self.work = run_there
        self._threads, self._looked = 0, 0.0
        try:
            self._check()
        except BaseException:
            self.client.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_error: Any) -> None:
        self.shutdown(wait=False)

    def _check(self) -> None:
        """InputError when a worker that is there now cannot make our runs. Those that come later look for themselves."""
        for worker, code in self.client.run(code_there, on_error="return").items():
            if isinstance(code, ImportError):
                raise InputError(f"--scheduler {self.address!r}: worker {worker} has no pokrovsk ({code}); install it there.")
            if isinstance(code, BaseException):
                raise InputError(f"--scheduler {self.address!r}: worker {worker} does not work: {type(code).__name__}: {code}.")
            if code != simulation.code_key():
                raise InputError(f"--scheduler {self.address!r}: {other_code(f'worker {worker}')}")

    @property
    def ahead(self) -> int:
        """Runs to give out now; a cluster that is still empty gets a few."""
        if self.client.status not in ("running", "connecting"):
            raise self._gone()
        if time.monotonic() - self._looked > LOOK_S:
            self._looked = time.monotonic()
            with contextlib.suppress(Exception):  # it may be away for a moment
                self._threads = sum(self.client.nthreads().values())
        return AHEAD * max(self._threads, 4)

    def _gone(self) -> InputError:
        return InputError(f"the Dask scheduler at {self.address} is gone; start it, and the same command goes on.")

    def submit(self, fn: Any, /, *args: Any) -> Future:
        """A future of the answer; the cluster keeps nothing of it once it is here."""
        future: Future = Future()
        future.set_running_or_notify_cancel()  # what was given out is finished
        front = args[0].scenario.front if fn is run_there else None
        more = () if fn is not run_there else (_content(front) if front else None,)
        remote = self.client.submit(fn, *args, *more, pure=False)
        remote.add_done_callback(partial(self._hand_on, future))
        return future

    def _hand_on(self, future: Future, remote: Any) -> None:
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        try:
            future.set_result(remote.result(timeout=ANSWER_S))
        except TimeoutError:
            future.set_exception(WorkerDied("its answer did not come"))
        except KilledWorker as death:
            future.set_exception(WorkerDied(str(death).splitlines()[0]))
        except (CancelledError, CommClosedError):  # the latter when it dies while it hands on an answer
            future.set_exception(self._gone())
        except BaseException as error:
            future.set_exception(error)
        finally:
            remote.release()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leaves the cluster, which stays as it is."""
        self.client.close(timeout=5.0)


@cache
def _content(file: str) -> bytes:
    return Path(file).read_bytes()


def code_there() -> str:
    """On a worker: the code that it has."""
    return simulation.code_key()


def run_there(task: RunTask, front: bytes | None) -> RunOutput:
    """On a worker: makes one run; the file of occupied ground comes with it, for no file system need be shared."""
    from distributed import get_worker

    with contextlib.ExitStack() as stack:
        if front is not None:
            file = stack.enter_context(tempfile.NamedTemporaryFile(suffix=Path(str(task.scenario.front)).suffix))
            file.write(front)
            file.flush()
            task = replace(task, scenario=task.scenario.model_copy(update={"front": file.name}))
        output = run_task(task)
    output.execution["exec_worker"] = get_worker().address
    return output
