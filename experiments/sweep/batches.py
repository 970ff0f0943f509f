"""Many battles by several processes, kept on disk batch by batch, so that a card that was killed loses one batch at most."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATCH = 64  # battles that are kept together
FEWEST = 8  # battles for which processes are started


def many(function: Callable[[Any], Any], jobs: Sequence[Any], workers: int = 1) -> list[Any]:
    """The function of each job, in their order, by so many processes. A function and its answers must be picklable."""
    if workers <= 1 or len(jobs) < FEWEST:
        return [function(job) for job in jobs]
    from experiments.sweep import pool
    from experiments.sweep.workers import WorkerDied, Workers

    executor = Workers(min(workers, len(jobs)))
    found = {}
    try:
        for (number, _), answer in pool.drive(executor, _Numbered(function), list(enumerate(jobs))):
            if isinstance(answer, WorkerDied):
                raise RuntimeError(f"a worker died: {answer}")
            found[number] = answer
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return [found[k] for k in range(len(jobs))]


@dataclass(frozen=True)
class _Numbered:
    """A function of the second of a pair."""

    function: Callable[[Any], Any]

    def __call__(self, pair: tuple[int, Any]) -> Any:
        return self.function(pair[1])


def kept(function: Callable[[Any], Any], jobs: Sequence[Any], folder: Path, code: str, workers: int = 1) -> list[Any]:
    """As `many`, batch by batch; a batch whose file is in the folder, made by the same `code` of the same jobs, is read again.

    The files are written and read by this machine's own commands (pickle): no folder of others is opened here.
    """
    out: list[Any] = []
    for begin in range(0, len(jobs), BATCH):
        batch = list(jobs[begin : begin + BATCH])
        key = hashlib.sha256(repr((code, function.__module__, function.__qualname__, batch)).encode()).hexdigest()[:24]
        file = folder / f"{function.__name__.strip('_')}-{key}.pickle"
        found = _read(file, len(batch))
        if found is None:
            found = many(function, batch, workers)
            _write(file, found)
        out += found
    return out


def _read(file: Path, n: int) -> list[Any] | None:
    """What a file of n answers holds; None when it is not there or damaged."""
    try:
        found = pickle.loads(file.read_bytes())
    except (OSError, EOFError, ValueError, pickle.UnpicklingError, AttributeError, ImportError, IndexError):
        return None
    return found if isinstance(found, list) and len(found) == n else None


def _write(file: Path, found: list[Any]) -> None:
    from experiments.storage.files import filed

    with filed(file, f"--out {str(file.parent)!r}") as draft:
        draft.write_bytes(pickle.dumps(found))
