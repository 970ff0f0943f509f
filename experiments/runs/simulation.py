"""Runs of a battle: one scenario and one seed each, alone or many at a time over worker processes.

`simulate` makes one run and returns what was recorded of it. `execute` makes many, each a `Job` that leaves its piece
in a folder when it is finished, so that a stop or a dead worker loses nothing that was done. A run's luck comes from
its seed alone: one worker or two, in any order, the same bits.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.identity import run_key
from sim.identity import code_key as code_key

if TYPE_CHECKING:
    import numpy as np

    from sim.scenario import Scenario


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
    from sim.mustering import muster
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
