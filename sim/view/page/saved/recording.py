"""What a file holds: frames of a battle with its figures and events; of a run that is simulated again, of two, or of a session."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.identity import git_commit
from sim.scenario import Scenario
from sim.view.page.messages import daily_series
from sim.view.page.messages.frame_history import RecordedFrame
from sim.view.page.session.branches import Branches, Limits, start_control
from sim.view.page.session.divergence import Divergence
from sim.view.page.session.recorded_run import MISSING, RecordedRun
from sim.view.page.session.replay_check import ReplayDiffers

DAY_HOURS = 24
MAY_DIFFER = {"params", "days", "name", "title", "about"}  # between the scenarios of a comparison
UNBOUNDED = Limits(units=sys.maxsize, bytes=sys.maxsize)
Told = Callable[[int, int], None]  # days done, of how many


@dataclass(frozen=True)
class Recording:
    """Frames in order, with all that the page shows beside them. `note` tells what is not as in the run, empty if nothing."""

    scenario: Scenario
    seed: int
    label: str
    frames: list[RecordedFrame]
    days: dict[str, list]
    events: list[dict[str, Any]]
    levers: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    control_start: np.ndarray
    twin: dict[str, Any] | None = None
    missing: tuple[str, ...] = ()
    note: str = ""
    commit: str = ""

    @property
    def every_hours(self) -> float:
        """The usual time between two frames; 24 for a single frame."""
        steps = np.diff([f.step for f in self.frames])
        return float(np.median(steps)) * self.scenario.step_hours if steps.size else float(DAY_HOURS)


def of_session(branches: Branches, seed: int) -> Recording:
    """The battle of a page as far as it is recorded, one frame a day and the newest."""
    per_day, head = branches.scenario.steps_per_day, branches.head
    steps = [s for s in branches.history.steps if s % per_day == 0 or s == head]
    frames = [branches.history.frames[s] for s in steps]
    twin = None if branches.twin is None or branches.divergence is None else (branches.twin.journal, branches.divergence)
    label = "Recorded battle" if branches.record is None else branches.record.label
    return _recording(branches, seed, label, frames, branches.table(), twin)


def of_run(run: RecordedRun, every_hours: int = DAY_HOURS, told: Told = lambda done, total: None) -> Recording:
    """A recorded run, simulated again for its units; where that cannot be, its recorded ground by day, and `note` says why.

    `every_hours` is the time between frames, a multiple of the step; InputError for another, and when nothing was recorded.
    """
    every = steps_of(run.scenario, every_hours)
    if not run.other:
        try:
            branches = Branches(run.scenario, run.seed, run.overrides, UNBOUNDED, None, run)
            frames = _simulated([branches], every, told, None)
            return _recording(branches, run.seed, run.label, frames, branches.table(), None)
        except ReplayDiffers as error:
            run = run.differing(str(error))
    if not run.journal.maps:
        raise InputError(f"{run.other.partition(' No ground')[0]} No frames were recorded that could be shown instead.")
    branches = Branches(run.scenario, run.seed, run.overrides, UNBOUNDED, None, run)
    days = max(every // run.scenario.steps_per_day, 1)
    steps = [s for s in branches.history.steps if s // run.scenario.steps_per_day % days == 0 or s == branches.head]
    frames = [branches.history.frames[s] for s in steps]
    return _recording(branches, run.seed, run.label, frames, branches.table(), None)


def of_pair(run: RecordedRun, other: RecordedRun, every_hours: int = DAY_HOURS, told: Told = lambda done, total: None) -> Recording:
    """Two recorded runs of one scenario and seed as a comparison: `run` is B, `other` is A; both are simulated again."""
    every = steps_of(run.scenario, every_hours)
    one, two = (r.scenario.model_dump(exclude=MAY_DIFFER) for r in (run, other))
    if one != two:
        raise InputError(f"a comparison needs two runs of one scenario: these are {run.scenario.name} and {other.scenario.name}, or their start, map or forces differ.")
    if run.seed != other.seed:
        raise InputError(f"a comparison needs two runs with the same seed: these have {run.seed} and {other.seed}.")
    for words in filter(None, (run.other, other.other)):
        raise InputError(f"a comparison needs runs that can be simulated again. {words}")
    b, a = (Branches(r.scenario, r.seed, r.overrides, UNBOUNDED, None, r) for r in (run, other))
    divergence = Divergence(0)
    frames = _simulated([b, a], every, told, divergence)
    before = {row["key"]: row["value"] for row in a.table()}
    levers = [row | {"default": before[row["key"]]} for row in b.table()]
    return _recording(b, run.seed, f"Comparison of two recorded runs, seed {run.seed}", frames, levers, (a.world.journal, divergence))


def steps_of(scenario: Scenario, hours: int) -> int:
    """Hours between frames as steps; InputError when they are no whole number of steps, or no whole number of days beyond a day."""
    step = scenario.step_hours
    if hours < step or hours % step or (hours > DAY_HOURS and hours % DAY_HOURS):
        raise InputError(f"--every {hours}: allowed: a multiple of the step of {step:g} hours up to a day, or whole days in hours (24, 48, ...).")
    return round(hours / step)


def _simulated(arms: list[Branches], every: int, told: Told, divergence: Divergence | None) -> list[RecordedFrame]:
    """Both arms (or the one) to the end of the shorter record, a frame every so many steps and one at the end."""
    first = arms[0]
    end, per_day = min(b.head for b in arms), first.scenario.steps_per_day
    frames = [_frame(arms)]
    while first.simulated < end:
        for b in arms:
            b.step()
        if divergence is not None:
            divergence.compare(arms[1].world, first.world)
        if first.simulated % every == 0 or first.simulated == end:
            frames.append(_frame(arms))
        if first.world.new_day:
            told(first.simulated // per_day, end // per_day)
    return frames


def _frame(arms: list[Branches]) -> RecordedFrame:
    """The present moment of all arms."""
    now = []
    for b in arms:
        if b.simulated not in b.history.frames or b.simulated == 0:
            b.record_frame()
        now.append(b.history.nearest(b.simulated))
        b.history.forget_after(-1)
    more = {"twin_held": now[1].moment["held"]} if len(now) > 1 else {}
    return RecordedFrame(now[0].moment | more, [f.arms[0] for f in now])


def _recording(branches: Branches, seed: int, label: str, frames: list[RecordedFrame], levers: list[dict[str, Any]],
               twin: tuple[Any, Divergence] | None) -> Recording:
    run, journal, last = branches.record, branches.journal, frames[-1].step
    days = -(-last // branches.scenario.steps_per_day)
    columns = {name: values[: days + 1] for name, values in daily_series.rows(journal.columns, 0).items()}
    beside = None
    if twin is not None:
        theirs = {name: values[: days + 1] for name, values in daily_series.rows(twin[0].columns, 0).items()}
        beside = {"from": 0, "columns": theirs, "divergence": twin[1].message()}
    is_ground_only = run is not None and bool(run.other)
    return Recording(
        scenario=branches.scenario, seed=seed, label=label, frames=frames, days=columns,
        events=[daily_series.event_message(e) for e in journal.events if e["step"] <= last],
        levers=levers, marks=branches.marks, control_start=start_control(branches.scenario, branches.model, run), twin=beside,
        missing=MISSING if is_ground_only else (), note=run.other if is_ground_only else "", commit=git_commit() or "unversioned",
    )  # fmt: skip
