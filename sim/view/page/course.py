"""The battle behind a page: its world, the twin without the moved levers, what was recorded, and a copy to fall back on."""

from __future__ import annotations

import copy
from typing import Any

from sim import battle
from sim.muster import muster
from sim.quantity import InputError
from sim.scenario import Scenario
from sim.settings import resolve
from sim.view.page import encode, levers
from sim.view.page.history import History, Recorded
from sim.view.page.parting import Parting

KEPT_DAYS = 10  # days between the copies from which a stopped run can be taken up again
LIVE_ONLY = "this is a recorded run: it can be watched, not changed. Run it live to move levers or look closer."


class Course:
    """One battle from its first step: mustered here, or a `model` somebody else owns, or `recorded` in a folder."""

    def __init__(self, scenario: Scenario, seed: int, overrides: dict[str, Any], most_units: int, most_bytes: int,
                 model: Any = None, recorded: Any = None):
        self.scenario, self.seed, self.overrides = scenario, seed, overrides
        self.most_units, self.model, self.recorded = most_units, model, recorded
        self.twin: Any = None
        self.parting: Parting | None = None
        self.checkpoint: Any = None
        self.marks: list[dict[str, Any]] = []  # where levers were moved
        if recorded is not None:
            self.world = recorded
            self.given = levers.scenario_values(recorded)
            self.history = recorded.history(most_bytes)
            return
        self.world = muster(scenario, seed, overrides=overrides) if model is None else model.world
        self.given = levers.scenario_values(self.world)
        self.history = History(scenario.steps_per_day, most_bytes)
        self.record()

    @property
    def head(self) -> int:
        """Steps that are simulated, or recorded."""
        return self.world.step_index

    @property
    def over(self) -> bool:
        return self.recorded is not None or self.head >= self.scenario.n_steps

    def must_live(self) -> None:
        if self.recorded is not None:
            raise InputError(LIVE_ONLY)

    def step(self) -> None:
        """One step of the battle and of its twin."""
        battle.step(self.world) if self.model is None else self.model.step()
        if self.twin is not None:
            battle.step(self.twin)
            self.parting.look(self.twin, self.world)
        if self.world.new_day:
            self.record()
            if self.world.day % KEPT_DAYS == 0 and self.model is None:
                self.checkpoint = copied(self.world)
        if self.world.live().size > self.most_units:
            raise InputError(f"more than {self.most_units:,} units: a session may not have more.")

    def record(self) -> None:
        """Keeps the present moment of all arms."""
        worlds = [self.world] if self.twin is None else [self.world, self.twin]
        before = self.history.nearest(self.head)
        have = before.arms if before is not None else []
        arms = [encode.layers(w, have[k] if k < len(have) else None) for k, w in enumerate(worlds)]
        told = encode.moment(self.world)
        if self.twin is not None:
            told["twin_held"] = encode.moment(self.twin)["held"]
        self.history.add(Recorded(told, arms))

    def fork(self) -> bool:
        """Keeps the course as it is from here on; False when that was done before."""
        self.must_live()
        if self.twin is not None:
            return False
        self.twin = copied(self.world)
        self.parting = Parting(self.head)
        return True

    def drop_twin(self) -> None:
        self.twin = self.parting = None

    def wanted(self, values: dict[str, Any]) -> dict[str, Any]:
        """The overrides after these levers are moved; InputError for a lever that does not exist or a value out of range."""
        out = dict(self.overrides)
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
        self.overrides = overrides
        self.marks.append({"step": self.head, "words": "Lever moved"})

    def table(self) -> list[dict[str, Any]]:
        """All levers as they stand."""
        return levers.lever_table(self.world.settings, self.given)

    def restore(self) -> None:
        """Back to the last good copy, without a twin."""
        self.world = copied(self.checkpoint)
        self.drop_twin()
        self.history.forget_after(self.head)
        self.record()


def copied(world: Any) -> Any:
    """A world of its own that shares what never changes."""
    shared = {id(part): part for part in (world.sector, world.scenario, world.settings)}
    return copy.deepcopy(world, shared)
