"""One run of a study, made: what a worker is told of it and what it hands back, as plain numbers.

Nothing here depends on who makes a run, when, or in which company; what does is in names that start with `exec_`.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.runs import identity, simulation
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.scenario import Scenario


@dataclass(frozen=True)
class Task:
    """One run that is to be made: a point of a study and a seed."""

    run: int
    point: int
    replicate: int
    seed: int
    scenario: Scenario
    overrides: dict[str, Any]
    levels: dict[str, Any]
    code: str  # hash of the model's source that is to make it
    daily: tuple[str, ...] = ()  # measures whose daily values are kept
    maps: str | tuple[int, ...] = "none"  # days whose maps are kept, or "last"


@dataclass
class Made:
    """What a worker hands back of a run: numbers by name, or the traceback that it ended with."""

    run: int
    run_key: str | None = None
    error: str | None = None
    totals: dict[str, Any] = field(default_factory=dict)
    daily: dict[str, Any] = field(default_factory=dict)  # columns, `day` and `date` among them
    maps: dict[int, bytes] = field(default_factory=dict)  # (ny, nx) uint8 percent by day
    told: dict[str, Any] = field(default_factory=dict)  # the columns that start with exec_


def make(task: Task) -> Made:
    """Makes one run. Whatever it raises is part of the answer; that a worker has other code than the sweep is not."""
    if simulation.code_key() != task.code:
        raise InputError(other_code(f"worker {os.getpid()} on {platform.node()}"))
    begin = time.perf_counter()
    try:
        result = simulation.simulate(task.scenario, task.seed, task.overrides, maps=task.maps != "none")
        made = Made(task.run, result.key)
        _keep(made, task, result)
    except Exception:
        made = failed(task, traceback.format_exc(limit=-20))
    made.told = {
        "exec_wall_s": round(time.perf_counter() - begin, 4),
        "exec_host": platform.node(),
        "exec_worker": str(os.getpid()),
        "exec_finished": dt.datetime.now(dt.UTC).replace(tzinfo=None),
    }
    return made


def other_code(worker: str) -> str:
    return f"{worker} has another version of the model than the sweep; install the same one, or start again if it was changed now."


def failed(task: Task, error: str) -> Made:
    """The record of a run that did not end well."""
    try:
        key = identity.run_key(task.scenario, task.overrides, task.seed)
    except InputError:
        key = None
    return Made(task.run, key, error)


def _keep(made: Made, task: Task, result: simulation.RunResult) -> None:
    from experiments.runs.totals import totals_of

    made.totals = totals_of(task.run, result)
    if task.daily:
        made.daily = {name: result.daily[name] for name in ("day", "date", *task.daily)}
    if result.control is not None:
        last = len(result.control) - 1
        days = [last] if task.maps == "last" else [d for d in task.maps if d <= last]
        made.maps = {day: result.control[day].tobytes() for day in days}
