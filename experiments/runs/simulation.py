"""One run of a battle: one scenario and one seed, from muster to the last day, and what is recorded of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.identity import run_key
from experiments.runs.stop_condition import StopCondition
from sim.errors import checked_seed
from sim.identity import code_key as code_key

if TYPE_CHECKING:
    import numpy as np

    from sim.scenario import Scenario


@dataclass
class RunResult:
    """What was recorded of one run.

    `daily` has every measure as an array (days + 1,) with the start first, in the unit that `sim.MEASURES` says; `control` is
    (days + 1, ny, nx) uint8 percent held by the attacker, row 0 southern, or None without maps; `captures` and `events` are rows.
    """

    key: str
    seed: int
    daily: dict[str, np.ndarray]
    captures: list[dict[str, Any]]
    events: list[dict[str, Any]]
    control: np.ndarray | None
    frame: dict[str, np.ndarray] | None  # the last moment, as arrays of `sim.frame`; with maps only
    wall_s: float  # stepping only, without compilation
    compile_s: float
    unit_steps: int
    steps: int
    stopped: str = ""  # the condition that ended the run before its horizon, and the day; empty if none did

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {self.daily[name][-1]:,.0f}" for name in ("held_km2", "casualties_attacker", "casualties_defender"))
        return f"<RunResult seed {self.seed}: {len(self.daily['day']) - 1} days, {last}; {len(self.daily) - 2} measures, {len(self.events)} events>"


def simulate(
    source: str | Path | Scenario = "pokrovsk-2024",
    seed: int = 1,
    overrides: dict[str, Any] | None = None,
    *,
    maps: bool = True,
    check: bool = False,
    on_day: Callable[[int], None] | None = None,
    stop_when: str | None = None,
    **changes: Any,
) -> RunResult:
    """One run from muster to the last day, or to the first day on which `stop_when` holds (`StopCondition`).

    `changes` are fields of the scenario (`days`, `start`, `cell_km`, `step_hours`, `front`); `overrides` are parameters
    by dotted key or short name. `on_day` is called with the number of each day that is done. `maps` keeps daily maps and the last
    moment, `check` verifies the books of men and vehicles after every step. InputError for what is not allowed.

    Examples:
        >>> run = simulate("skirmish", seed=7, overrides={"manpower_ratio": 3}, days=2)
        >>> run.daily["day"].tolist(), run.control.shape, run.control.dtype.name
        ([0, 1, 2], (3, 12, 12), 'uint8')
    """
    from sim import battle
    from sim.frame import last_frame_arrays
    from sim.mustering import muster
    from sim.scenario import load_scenario

    seed = checked_seed(seed)
    condition = StopCondition(stop_when) if stop_when else None
    scenario = load_scenario(source, **changes)
    wall, stopped = 0.0, ""
    with compilation() as compiled:
        world = muster(scenario, seed, overrides=overrides, check=check)
        journal, before = world.journal, compiled()
        assert journal is not None, "the mustering starts it"
        for day in range(scenario.days):
            begin = time.perf_counter()
            battle.run(world, 1)
            wall += time.perf_counter() - begin
            if on_day is not None:
                on_day(day + 1)
            if condition and condition.is_met({"day": day + 1, **{name: values[-1] for name, values in journal.columns.items()}}):
                stopped = f"{condition.text} on day {day + 1}"
                break
    return RunResult(
        key=run_key(scenario, overrides, seed, stop_when),
        seed=seed,
        daily=journal.daily(),
        captures=journal.captures(world),
        events=journal.events,
        control=journal.control() if maps else None,
        frame=last_frame_arrays(world) if maps else None,
        wall_s=max(wall - (compiled() - before), 0.0),
        compile_s=compiled(),
        unit_steps=int(world.unit_steps),
        steps=world.step_index,
        stopped=stopped,
    )


@contextlib.contextmanager
def compilation() -> Iterator[Callable[[], float]]:
    """Yields a function that returns how many seconds went into compiling kernels so far (0 when all were cached)."""
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
