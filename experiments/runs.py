"""Runs of a battle: one scenario and one seed each, alone or many at a time over worker processes.

`simulate` makes one run and returns what was recorded of it. `execute` makes many, each a `Job` that leaves its piece
in a folder when it is finished, so that a stop or a dead worker loses nothing that was done. A run's luck comes from
its seed alone: one worker or two, in any order, the same bits.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.quantity import InputError

if TYPE_CHECKING:
    import numpy as np

    from sim.scenario import Scenario

SCHEMA = 1  # of everything that is written: raised when a reader of old files would misread new ones
MOST_DEATHS = 3  # a run whose worker died so often is given up and recorded as failed
PATIENCE_S = 5.0  # how long workers may take to finish their day after a stop


@dataclass
class RunResult:
    """What was recorded of one run. `control` is (days + 1, ny, nx) uint8 percent, row 0 southern, or None."""

    key: str
    seed: int
    daily: dict[str, np.ndarray]
    captures: list[dict[str, Any]]
    events: list[dict[str, Any]]
    control: np.ndarray | None
    frame: dict[str, np.ndarray] | None  # the last moment, as `sim.frame` tells it; with maps only
    wall_s: float  # stepping only, without compilation
    compile_s: float
    unit_steps: int
    steps: int


class Stopped(Exception):
    """The run was asked to stop before its end."""


def simulate(
    source: str | Path | Scenario = "pokrovsk-2024",
    seed: int = 1,
    overrides: dict[str, Any] | None = None,
    *,
    maps: bool = True,
    check: bool = False,
    on_day: Callable[[int], None] | None = None,
    **changes: Any,
) -> RunResult:
    """One run from muster to the last day.

    `changes` are fields of the scenario (`days`, `start`, `cell_km`, `step_hours`, `front`); `overrides` are parameters
    by dotted key or short name. `on_day` is told each day that is done and may raise `Stopped`.
    """
    from sim import battle
    from sim.frame import last_frame_arrays
    from sim.muster import muster
    from sim.scenario import load_scenario

    scenario = load_scenario(source, **changes)
    wall = 0.0
    with compilation() as compiled:
        world = muster(scenario, seed, overrides=overrides, check=check)
        before = compiled()
        for day in range(scenario.days):
            begin = time.perf_counter()
            battle.run(world, 1)
            wall += time.perf_counter() - begin
            if on_day is not None:
                on_day(day + 1)
    journal = world.journal
    return RunResult(
        key=run_key(scenario, overrides, seed),
        seed=int(seed),
        daily=journal.daily(),
        captures=journal.captures(world),
        events=journal.events,
        control=journal.control() if maps else None,
        frame=last_frame_arrays(world) if maps else None,
        wall_s=max(wall - (compiled() - before), 0.0),
        compile_s=compiled(),
        unit_steps=int(world.unit_steps),
        steps=world.step_index,
    )


@contextlib.contextmanager
def compilation() -> Iterator[Callable[[], float]]:
    """Within the block, what it yields tells how many seconds went into compiling kernels (0 when all were cached)."""
    from numba.core import event

    class Clock(event.Listener):
        depth, begin, seconds = 0, 0.0, 0.0

        def on_start(self, _event) -> None:
            if self.depth == 0:
                self.begin = time.perf_counter()
            self.depth += 1

        def on_end(self, _event) -> None:
            self.depth -= 1
            if self.depth == 0:
                self.seconds += time.perf_counter() - self.begin

    clock = Clock()
    with event.install_listener("numba:compile", clock):
        yield lambda: clock.seconds


# Identity


def settings_key(scenario: Scenario, overrides: dict[str, Any] | None) -> str:
    """Hash of everything that decides a run but its seed: scenario, front file, and every parameter's value."""
    from sim.settings import Settings

    data = scenario.model_dump(mode="json")
    settings = Settings({**data.pop("params"), **(overrides or {})})
    front = hashlib.sha256(Path(scenario.front).read_bytes()).hexdigest() if scenario.front else None
    told = {**data, "front": front, "given": settings.overrides, "values": settings.flat(), "schema": SCHEMA}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:24]


def run_key(scenario: Scenario, overrides: dict[str, Any] | None, seed: int) -> str:
    """Hash of scenario, parameters, seed and schema: equal keys, equal results (for the same code, see `code_key`)."""
    return hashlib.sha256(f"{settings_key(scenario, overrides)} {int(seed)}".encode()).hexdigest()[:24]


@cache
def code_key() -> str:
    """Hash of the model's source and of the tables it reads: runs with equal keys agree if this is equal too."""
    import seeds
    import sim

    told = hashlib.sha256()
    home = Path(sim.__file__).parent
    files = [f for f in sorted(home.rglob("*.py")) if "view" not in f.relative_to(home).parts]
    for file in [*files, *sorted(seeds.path("map").glob("*.csv"))]:
        told.update(file.name.encode())
        told.update(file.read_bytes())
    return told.hexdigest()[:16]


# Many runs


@dataclass(frozen=True)
class Job:
    """One run that is to be made, and the file that its piece goes to."""

    scenario: Scenario
    overrides: dict[str, Any]
    seed: int
    piece: Path
    maps: bool = True
    check: bool = False


@dataclass
class Outcome:
    """How a job ended: its piece is written; or it is not (`problem`), and the result is here; or the run failed."""

    seed: int
    written: bool = False
    result: RunResult | None = None
    problem: str | None = None
    error: str | None = None


@dataclass
class Ticker:
    """Days done, by job: what a progress bar reads. Shared with workers when there are any."""

    days: Any
    stop: Any = None
    told: Callable[[int], None] = field(default=lambda total: None)


def run_job(job: Job, number: int = 0, ticker: Ticker | None = None) -> Outcome:
    """Makes one run and writes its piece. A run that raises is an outcome like any other; bad input is not."""
    from experiments.outputs import write_piece

    ticker = ticker or _shared

    def on_day(day: int) -> None:
        if ticker is not None:
            ticker.days[number] = day
            if ticker.stop is not None and ticker.stop.value:
                raise Stopped
            ticker.told(day)

    try:
        if ticker is not None:
            ticker.days[number] = 0
        result = simulate(job.scenario, job.seed, job.overrides, maps=job.maps, check=job.check, on_day=on_day)
    except (InputError, Stopped, KeyboardInterrupt):
        raise
    except Exception as error:
        return Outcome(job.seed, error=f"{type(error).__name__}: {error}")
    try:
        write_piece(job.piece, result)
    except OSError as error:
        return Outcome(job.seed, result=result, problem=error.strerror or str(error))
    return Outcome(job.seed, written=True)


def execute(jobs: list[Job], workers: int = 1, on_days: Callable[[int], None] | None = None) -> Iterator[Outcome]:
    """Outcomes of the jobs as they end, by `workers` processes (one: this one). `on_days` is told all days done."""
    tell = on_days or (lambda total: None)
    if workers <= 1 or len(jobs) <= 1:
        days = [0] * len(jobs)
        ticker = Ticker(days, told=lambda day: tell(sum(days)))
        for number, job in enumerate(jobs):
            yield run_job(job, number, ticker)
    else:
        yield from _pooled(jobs, workers, tell)


_shared: Ticker | None = None


def _start_worker(days: Any, stop: Any) -> None:
    """In a new worker: Ctrl-C is the parent's business; days and the stop sign are shared."""
    import signal

    global _shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared = Ticker(days, stop)


def _pooled(jobs: list[Job], workers: int, tell: Callable[[int], None]) -> Iterator[Outcome]:
    """Runs jobs in spawned processes. When one is killed, what was under way is begun again in new ones."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    days = context.Array("i", [-1] * len(jobs), lock=False)  # -1: not begun
    stop = context.Value("b", 0, lock=False)
    left, deaths = set(range(len(jobs))), [0] * len(jobs)
    while left:
        others = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(
            min(workers, len(left)), mp_context=context, initializer=_start_worker, initargs=(days, stop)
        )
        waiting: dict[Future, int] = {}
        try:
            waiting = {pool.submit(run_job, jobs[k], k): k for k in sorted(left)}
            while waiting:
                done, _ = wait(waiting, timeout=0.25, return_when=FIRST_COMPLETED)
                tell(sum(max(d, 0) for d in days))
                for future in done:
                    outcome = future.result()
                    left.discard(waiting.pop(future))
                    yield outcome
            pool.shutdown()
        except BrokenProcessPool:
            pool.shutdown(wait=False, cancel_futures=True)
            for k in sorted(left):
                deaths[k] += days[k] >= 0
                days[k] = -1
                if deaths[k] >= MOST_DEATHS:
                    left.discard(k)
                    yield Outcome(jobs[k].seed, error=f"its worker process was killed {deaths[k]} times")
        except BaseException:
            stop.value = 1
            pool.shutdown(wait=False, cancel_futures=True)
            _end(set(multiprocessing.active_children()) - others)
            raise


def _end(processes: set) -> None:
    """Waits for workers that were asked to stop, and ends those that do not."""
    deadline = time.monotonic() + PATIENCE_S
    for process in processes:
        process.join(max(deadline - time.monotonic(), 0.0))
        if process.is_alive():
            process.terminate()
            process.join(1.0)
