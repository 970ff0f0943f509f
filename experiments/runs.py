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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.quantity import InputError
from sim.view.identity import code_key as code_key  # part of a run's identity, beside the keys below

if TYPE_CHECKING:
    import numpy as np

    from sim.scenario import Scenario

SCHEMA = 1  # of everything that is written: raised when a reader of old files would misread new ones


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
    by dotted key or short name. `on_day` is told each day that is done.
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


def run_job(job: Job, number: int) -> Outcome:
    """Makes one run and writes its piece. A run that raises is an outcome like any other; bad input is not."""
    from experiments.outputs import write_piece
    from experiments.pool import tell

    tell((number, 0))
    try:
        result = simulate(
            job.scenario,
            job.seed,
            job.overrides,
            maps=job.maps,
            check=job.check,
            on_day=lambda day: tell((number, day)),
        )
    except InputError:
        raise
    except Exception as error:
        return Outcome(job.seed, error=f"{type(error).__name__}: {error}")
    try:
        write_piece(job.piece, result)
    except OSError as error:
        return Outcome(job.seed, result=result, problem=error.strerror or str(error))
    return Outcome(job.seed, written=True)


def _numbered(pair: tuple[int, Job]) -> Outcome:
    return run_job(pair[1], pair[0])


def execute(jobs: list[Job], workers: int = 1, on_days: Callable[[int], None] | None = None) -> Iterator[Outcome]:
    """Outcomes of the jobs as they end, by `workers` processes (one: this one). `on_days` is told all days done."""
    from experiments import pool

    days = [0] * len(jobs)
    tell = on_days or (lambda total: None)

    def hear(news: tuple[int, int]) -> None:
        days[news[0]] = news[1]

    def hear_here(news: tuple[int, int]) -> None:
        hear(news)
        tell(sum(days))

    many = workers > 1 and len(jobs) > 1
    executor = pool.Workers(min(workers, len(jobs)), hear) if many else pool.Here(hear_here)
    try:
        for (_, job), answer in pool.drive(executor, _numbered, enumerate(jobs), pulse=lambda: tell(sum(days))):
            yield Outcome(job.seed, error=str(answer)) if isinstance(answer, pool.WorkerDied) else answer
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
