"""The battle behind a page: its world, the twin without the moved levers, what was recorded, and a copy to fall back on."""

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
from sim.view.page.messages.frame_history import MOST_BYTES, History, Recorded
from sim.view.page.session import levers as session_levers
from sim.view.page.session.divergence import Parting
from sim.view.page.session.lever_history import Script, copied
from sim.view.page.session.replay_check import hold_against

KEPT_DAYS = 10  # days between the copies from which a stopped run can be taken up again
LIVE_ONLY = "this is a recorded run: it can be watched, not changed. Run it live to move levers or look closer."
MUSTER_ONLY = "this lever acts on the muster only, and this page shows a model that was made elsewhere."


@dataclass(frozen=True)
class Limits:
    """What one session may use."""

    units: int = 60_000
    days: int = 731
    bytes: int = MOST_BYTES
    waiting: int = 200  # commands


class Course:
    """One battle from its first step: mustered here, or a `model` somebody else owns, or a `record` that is made again.

    A record that cannot be made again is shown as it is. Raises OtherRun when what is made again parts from the record.
    """

    def __init__(self, scenario: Scenario, seed: int, overrides: dict[str, Any], limits: Limits | None = None,
                 model: Any = None, record: Any = None):
        self.scenario, self.seed, self.script = scenario, seed, Script(dict(overrides))
        self.limits, self.model, self.record = limits or Limits(), model, record
        self.twin: Any = None
        self.twin_script: Script | None = None
        self.parting: Parting | None = None
        self.checkpoint: Any = None
        self.marks: list[dict[str, Any]] = []  # where levers were moved
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
            self.look()

    def _empty_history(self) -> History:
        return History(self.scenario.steps_per_day, self.limits.bytes)

    @property
    def lived(self) -> int:
        """Steps that are simulated, or all that there are of a record that is not made again."""
        return self.world.step_index

    @property
    def head(self) -> int:
        """The last step that can be shown: simulated, or recorded."""
        return self.lived if self.record is None else self.record.step_index

    @property
    def over(self) -> bool:
        return self.lived >= (self.scenario.n_steps if self.record is None else self.head)

    @property
    def journal(self) -> Any:
        """What is told of by day: the record's when it has every day, else what was simulated."""
        return self.record.journal if self.record is not None and self.record.is_daily else self.world.journal

    @property
    def overrides(self) -> dict[str, Any]:
        return self.script.now

    def must_live(self) -> None:
        if not self.is_live:
            raise InputError(LIVE_ONLY)

    def step(self) -> None:
        """One step of the battle and of its twin."""
        self.script.obey(self.world)
        battle.step(self.world) if self.model is None else self.model.step()
        if self.twin is not None:
            self.twin_script.obey(self.twin)
            battle.step(self.twin)
            self.parting.look(self.twin, self.world)
        if self.world.new_day:
            self.look()
            if self.world.day % KEPT_DAYS == 0 and self.model is None:
                self.checkpoint = copied(self.world)
        if self.world.live().size > self.limits.units:
            raise InputError(f"more than {self.limits.units:,} units: a session may not have more.")

    def go(self, until: int, at_most_s: float) -> None:
        """Steps on to a step, for so many seconds but by one step at least; only ends of days are kept on the way."""
        end = time.perf_counter() + at_most_s
        while self.lived < until and not self.over:
            self.step()
            if time.perf_counter() > end:
                break

    def look(self) -> None:
        """Keeps the present moment of all arms; at the end of a day a record is held against it."""
        if self.record is not None and self.world.new_day:
            hold_against(self.record, self.world)
        worlds = [self.world] if self.twin is None else [self.world, self.twin]
        before = self.history.nearest(self.lived)
        have = before.arms if before is not None else []
        arms = [frames.layers(w, have[k] if k < len(have) else None) for k, w in enumerate(worlds)]
        told = frames.moment(self.world)
        if self.twin is not None:
            told["twin_held"] = frames.moment(self.twin)["held"]
        self.history.add(Recorded(told, arms))

    def take_over(self) -> None:
        """Lets go of the record: from here on this is a live battle."""
        self.must_live()
        if self.record is not None:
            self.record = None
            self.history.forget_after(self.lived)

    def fork(self) -> bool:
        """Keeps the course as it is from here on; False when that was done before."""
        self.must_live()
        if self.twin is not None:
            return False
        self.twin, self.twin_script = copied(self.world), self.script
        self.parting = Parting(self.lived)
        return True

    def drop_twin(self) -> None:
        self.twin = self.twin_script = self.parting = None

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
        self.script = self.script.moved(self.lived, overrides)
        self.marks.append({"step": self.lived, "words": "Lever moved"})

    def begin_again(self, overrides: dict[str, Any], keys: set[str]) -> None:
        """Both arms from the first day: the twin as it was, this one with these keys of `overrides` in force throughout."""
        if self.model is not None:
            raise InputError(MUSTER_ONLY)
        old = self.script if self.twin is None else self.twin_script
        new, lived = self.script.from_start(keys, overrides), self.lived
        new = new if new.now == overrides else new.moved(lived, overrides)
        self.world = muster(self.scenario, self.seed, overrides=new.start)
        self.twin = muster(self.scenario, self.seed, overrides=old.start)
        self.script, self.twin_script, self.parting, self.checkpoint = new, old, Parting(0), None
        self.marks = [{"step": 0, "words": "Lever moved"}, *self.marks]
        self.history = self._empty_history()
        self.look()

    def table(self) -> list[dict[str, Any]]:
        """All levers as they stand."""
        return session_levers.lever_table(self.world.settings, self.given)

    def restore(self) -> None:
        """Back to the last good copy, without a twin."""
        self.world = copied(self.checkpoint)
        self.script = self.script.until(self.lived)
        self.drop_twin()
        self.history.forget_after(self.lived)
        self.look()


def start_control(scenario: Scenario, model: Any = None, record: Any = None) -> np.ndarray:
    """Shares of the cells that the attacker holds at the start, (n,) 0..1: as recorded, as in a model, or as mustered."""
    if record is not None and 0 in record.journal.maps:
        return record.journal.maps[0].ravel() / 100.0
    if model is not None:
        return model.world.sector.control0
    sector = build_sector(scenario)
    return np.ravel(front_from_file(scenario.front, scenario, sector.grid)) if scenario.front else sector.control0
