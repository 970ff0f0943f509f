"""One run of a study: what a worker is given of it and what it hands back, as plain numbers.

Nothing here depends on who makes a run, when, or beside which other runs; what does is in columns that start with `exec_`.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import platform
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.runs import identity, simulation
from sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.scenario import Scenario


@dataclass(frozen=True)
class RunTask:
    """One run that is to be made: a point of a study and a seed, and what is kept of it."""

    run: int
    point: int
    replicate: int
    seed: int
    scenario: Scenario
    overrides: dict[str, Any]
    levels: dict[str, Any]
    code: str  # hash of the model's source that is to make it
    daily: tuple[str, ...] = ()  # measures whose daily values are kept
    maps: str | tuple[int, ...] = "none"  # days whose maps are kept, "last" or "all"
    events: bool = False  # keep events and captures
    frame: bool = False  # keep the last moment in full
    check: bool = False  # verify the books after every step
    stop_when: str | None = None
    reports_days: bool = False  # report every day that is done to whoever shows the progress


@dataclass
class RunOutput:
    """What a worker hands back of a run: numbers by name, or the traceback that it ended with."""

    run: int
    run_key: str | None = None
    error: str | None = None
    totals: dict[str, Any] = field(default_factory=dict)
    stopped: str | None = None  # the condition that ended the run, and the day
    daily: dict[str, Any] = field(default_factory=dict)  # columns, `day` and `date` among them
    maps: dict[int, bytes] = field(default_factory=dict)  # (ny, nx) uint8 percent by day
    events: list[dict[str, Any]] = field(default_factory=list)
    captures: list[dict[str, Any]] = field(default_factory=list)
    frame: bytes | None = None  # the last moment, as the bytes of a frame.npz
    execution: dict[str, Any] = field(default_factory=dict)  # the columns that start with exec_


def run_task(task: RunTask, report: Callable[[Any], None] | None = None) -> RunOutput:
    """Makes one run. An exception of the run is part of the output; that a worker has other code than the sweep is not.

    `report` is called with (run, day) for every day that is done, if the task asks for it.
    """
    if simulation.code_key() != task.code:
        raise InputError(other_code(f"worker {os.getpid()} on {platform.node()}"))
    begin = time.perf_counter()
    execution: dict[str, Any] = {}
    try:
        result = simulation.simulate(
            task.scenario,
            task.seed,
            task.overrides,
            maps=task.maps != "none",
            check=task.check,
            on_day=(lambda day: report((task.run, day))) if report and task.reports_days else None,
            stop_when=task.stop_when,
        )
        output = _output(task, result)
        execution = {"exec_step_s": round(result.wall_s, 4), "exec_compile_s": round(result.compile_s, 3)}
    except Exception:
        output = failed_output(task, traceback.format_exc(limit=-20))
    output.execution = {
        "exec_wall_s": round(time.perf_counter() - begin, 4),
        **execution,
        "exec_host": platform.node(),
        "exec_worker": str(os.getpid()),
        "exec_finished": dt.datetime.now(dt.UTC).replace(tzinfo=None),
    }
    return output


def other_code(worker: str) -> str:
    return f"{worker} has another version of the model than the sweep; install the same one, or start again if it was changed now."


def failed_output(task: RunTask, error: str) -> RunOutput:
    """The record of a run that did not end well."""
    try:
        key = identity.run_key(task.scenario, task.overrides, task.seed, task.stop_when)
    except (InputError, OSError):
        key = None
    return RunOutput(task.run, key, error)


def _output(task: RunTask, result: simulation.RunResult) -> RunOutput:
    import numpy as np

    from experiments.runs.totals import totals_of

    output = RunOutput(task.run, result.key, totals=totals_of(result), stopped=result.stopped or None)
    if task.daily:
        output.daily = {name: result.daily[name] for name in ("day", "date", *task.daily)}
    if result.control is not None:
        last = len(result.control) - 1
        days = {"last": [last], "all": range(last + 1)}.get(task.maps) if isinstance(task.maps, str) else [d for d in task.maps if d <= last]
        output.maps = {day: result.control[day].tobytes() for day in days or ()}
    if task.events:
        output.events, output.captures = result.events, result.captures
    if task.frame and result.frame is not None:
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=True, **result.frame)
        output.frame = file.getvalue()
    return output
