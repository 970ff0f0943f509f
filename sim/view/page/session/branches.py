"""Branches of one battle: the world, its twin without the moved levers, recorded frames, and a checkpoint to fall back on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim import battle, levers
from sim.errors import InputError
from sim.mustering import muster
from sim.scenario import Scenario
from sim.sector.build import build_sector
from sim.sector.front_file import front_from_file
from sim.settings import resolve
from sim.view.page.messages import frames
from sim.view.page.messages.frame_history import MOST_BYTES, History, RecordedFrame
from sim.view.page.session import levers as session_levers
from sim.view.page.session.divergence import Divergence
from sim.view.page.session.lever_history import LeverHistory, copied
from sim.view.page.session.replay_check import check_against_record

KEPT_DAYS = 10  # days between the checkpoints from which a stopped run can resume
LIVE_ONLY = "this is a recorded run: it can be watched, not changed. Run it live to move levers or look closer."
MUSTER_ONLY = "this lever acts on the muster only, and this page shows a model created elsewhere."


@dataclass(frozen=True)
class Limits:
    """What one session may use."""

    units: int = 60_000
    days: int = 731
    bytes: int = MOST_BYTES
    waiting: int = 200  # commands


class Branches:
    """One battle from its first step: mustered here, or a `model` of the caller, or a `record` that is run again.

    A record that cannot be run again is shown as it is. Raises ReplayDiffers when the new run differs from the record.
    """

    def __init__(self, scenario: Scenario, seed: int, overrides: dict[str, Any], limits: Limits | None = None,
                 model: Any = None, record: Any = None):
        self.scenario, self.seed, self.lever_history = scenario, seed, LeverHistory(dict(overrides))
        self.limits, self.model, self.record = limits or Limits(), model, record
        self.twin: Any = None
        self.twin_lever_history: LeverHistory | None = None
        self.divergence: Divergence | None = None
        self.checkpoint: Any = None
        self.marks: list[dict[str, Any]] = []  # steps at which levers were moved
        self.planned: tuple[int, LeverHistory] | None = None  # a twin still to come: its step, its levers
        self.is_live = record is None or not record.other
        if not self.is_live:
            self.world = record
        elif model is not None:
            self.world = model.world
        else:
            self.world = muster(scenario, seed, overrides=overrides)
        self.given = levers.scenario_values(self.world.scenario)
        self.history = self._empty_history() if record is None else record.history(self.limits.bytes)
        if self.is_live:
            self.record_frame()

    def _empty_history(self) -> History:
        return History(self.scenario.steps_per_day, self.limits.bytes)

    @property
    def simulated(self) -> int:
        """Steps simulated so far; all steps of a record that is not run again."""
        return self.world.step_index

    @property
    def head(self) -> int:
        """The last step that can be shown: simulated, or recorded."""
        return self.simulated if self.record is None else self.record.step_index

    @property
    def over(self) -> bool:
        return self.simulated >= (self.scenario.n_steps if self.record is None else self.head)

    @property
    def journal(self) -> Any:
        """Figures and events by day: those of the record when it has every day, else those of the simulation."""
        return self.record.journal if self.record is not None and self.record.is_daily else self.world.journal

    @property
    def overrides(self) -> dict[str, Any]:
        return self.lever_history.now

    def require_live(self) -> None:
        if not self.is_live:
            raise InputError(LIVE_ONLY)

    def step(self) -> None:
        """One step of the battle and of its twin."""
        self.settle()
        battle.step(self.world) if self.model is None else self.model.step()
        if self.twin is not None:
            assert self.twin_lever_history is not None and self.divergence is not None, "they come with the twin"
            self.twin_lever_history.apply(self.twin)
            battle.step(self.twin)
            self.divergence.compare(self.twin, self.world)
        if self.world.new_day:
            self.record_frame()
            if self.world.day % KEPT_DAYS == 0 and self.model is None:
                self.checkpoint = copied(self.world)
        if self.world.live().size > self.limits.units:
            raise InputError(f"more than {self.limits.units:,} units: a session may not have more.")

    def settle(self) -> None:
        """What is due before the present step: the twin of a course that is followed, levers that are moved."""
        if self.planned is not None and self.simulated >= self.planned[0]:
            fork, levers_of_twin = self.planned
            self.planned = None
            self.twin, self.twin_lever_history = copied(self.world), levers_of_twin
            self.divergence = Divergence(fork)
        self.lever_history.apply(self.world)

    def follow(self, course: Any) -> None:
        """Moves the levers of a `Course` again at their steps; call it before the first step of a battle mustered with its start."""
        self.lever_history = course.levers
        self.marks = [{"step": step, "words": "Lever moved"} for step, _ in course.levers.moves]
        if course.twin is None:
            return
        if course.twin.start != course.levers.start:  # they differ from the muster on
            self.twin, self.twin_lever_history = muster(self.scenario, self.seed, overrides=course.twin.start), course.twin
            self.divergence = Divergence(0)
            self.marks = [{"step": 0, "words": "Lever moved"}, *self.marks]
            self.history = self._empty_history()
            self.record_frame()
        else:
            self.planned = (course.fork, course.twin)

    def forget_plan(self) -> None:
        """Levers that were to be moved on later days, and a twin that was to come, are given up."""
        self.planned = None
        self.lever_history = self.lever_history.until(self.simulated)
        self.marks = [m for m in self.marks if m["step"] <= self.simulated]

    def go(self, until: int, at_most_s: float) -> None:
        """Simulates up to step `until`, for at most so many seconds but by one step at least; on the way only ends of days are recorded."""
        end = time.perf_counter() + at_most_s
        while self.simulated < until and not self.over:
            self.step()
            if time.perf_counter() > end:
                break

    def record_frame(self) -> None:
        """Records a frame of all branches; at the end of a day the battle is checked against its record."""
        if self.record is not None and self.world.new_day:
            check_against_record(self.record, self.world)
        worlds = [self.world] if self.twin is None else [self.world, self.twin]
        have = self.history.nearest(self.simulated).arms if self.history.frames else []
        arms = [frames.layers(w, have[k] if k < len(have) else None) for k, w in enumerate(worlds)]
        now = frames.moment(self.world)
        if self.twin is not None:
            now["twin_held"] = frames.moment(self.twin)["held"]
        self.history.add(RecordedFrame(now, arms))

    def take_over(self) -> None:
        """Lets go of the record: from here on this is a live battle."""
        self.require_live()
        if self.record is not None:
            self.record = None
            self.history.forget_after(self.simulated)

    def fork(self) -> bool:
        """Keeps the branch as it is from here on as the twin; False when there is a twin already, or one is to come."""
        self.require_live()
        if self.twin is not None or self.planned is not None:
            return False
        self.twin, self.twin_lever_history = copied(self.world), self.lever_history
        self.divergence = Divergence(self.simulated)
        return True

    def drop_twin(self) -> None:
        self.twin = self.twin_lever_history = self.divergence = None

    def wanted(self, values: dict[str, Any]) -> dict[str, Any]:
        """The overrides after these levers are moved; InputError for a lever that does not exist or a value out of range."""
        out = self.overrides
        for key, value in values.items():
            d = resolve(str(key))
            value = d.parse(value)
            out.pop(d.key, None)
            if value != self.given.get(d.key, d.default):
                out[d.key] = value
        return out

    def move(self, overrides: dict[str, Any]) -> None:
        """Levers moved from here on: forks, if that was not done before."""
        self.fork()
        levers.move_levers(self.world, overrides)
        self.lever_history = self.lever_history.with_move(self.simulated, overrides)
        self.marks.append({"step": self.simulated, "words": "Lever moved"})

    def rerun_from_start(self, overrides: dict[str, Any], keys: set[str]) -> None:
        """Runs both branches from the first day: the twin as it was, this one with these keys of `overrides` in force throughout."""
        if self.model is not None:
            raise InputError(MUSTER_ONLY)
        old = self.lever_history if self.twin_lever_history is None else self.twin_lever_history
        new, simulated = self.lever_history.from_start(keys, overrides), self.simulated
        new = new if new.now == overrides else new.with_move(simulated, overrides)
        self.world = muster(self.scenario, self.seed, overrides=new.start)
        self.twin = muster(self.scenario, self.seed, overrides=old.start)
        self.lever_history, self.twin_lever_history, self.divergence, self.checkpoint = new, old, Divergence(0), None
        self.marks = [{"step": 0, "words": "Lever moved"}, *self.marks]
        self.history = self._empty_history()
        self.record_frame()

    def table(self) -> list[dict[str, Any]]:
        """All levers as they stand."""
        return session_levers.lever_table(self.world.settings, self.given)

    def restore(self) -> None:
        """Back to the checkpoint, without a twin."""
        self.world = copied(self.checkpoint)
        self.lever_history = self.lever_history.until(self.simulated)
        self.drop_twin()
        self.history.forget_after(self.simulated)
        self.record_frame()


def start_control(scenario: Scenario, model: Any = None, record: Any = None) -> np.ndarray:
    """Shares of the cells that the attacker holds at the start, (n,) 0..1: as recorded, as in a model, or as mustered."""
    if record is not None and 0 in record.journal.maps:
        return record.journal.maps[0].ravel() / 100.0
    if model is not None:
        return model.world.sector.control0
    sector = build_sector(scenario)
    return np.ravel(front_from_file(scenario.front, scenario, sector.grid)) if scenario.front else sector.control0
