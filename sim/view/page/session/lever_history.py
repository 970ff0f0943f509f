"""Levers of one branch: the parameters at the muster and those that were moved later, so that it can be run again."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sim import battle, levers
from sim.mustering import muster
from sim.scenario import Scenario

Overrides = dict[str, Any]


@dataclass(frozen=True)
class LeverHistory:
    """Overrides at the muster, and from later steps on: `moves` are (step, all overrides from there), in order."""

    start: Overrides
    moves: tuple[tuple[int, Overrides], ...] = field(default=())

    @property
    def now(self) -> Overrides:
        """The overrides after all moves."""
        return dict(self.moves[-1][1] if self.moves else self.start)

    def with_move(self, step: int, overrides: Overrides) -> LeverHistory:
        return LeverHistory(self.start, (*self.moves, (step, dict(overrides))))

    def until(self, step: int) -> LeverHistory:
        """Without the moves of later steps."""
        return LeverHistory(self.start, tuple(m for m in self.moves if m[0] <= step))

    def from_start(self, keys: set[str], overrides: Overrides) -> LeverHistory:
        """The same with the values that `overrides` have of these keys in force from the first day."""

        def put(old: Overrides) -> Overrides:
            return {k: v for k, v in old.items() if k not in keys} | {k: overrides[k] for k in keys if k in overrides}

        return LeverHistory(put(self.start), tuple((step, put(old)) for step, old in self.moves))

    def apply(self, world: Any) -> None:
        """Moves the levers that are due at the present step of a battle; a second call changes nothing."""
        for step, overrides in self.moves:
            if step == world.step_index:
                levers.move_levers(world, overrides)


def copied(world: Any) -> Any:
    """A copy of a world that shares what never changes."""
    shared = {id(part): part for part in (world.sector, world.scenario, world.settings)}
    return copy.deepcopy(world, shared)


def first_difference(a: LeverHistory, b: LeverHistory) -> int:
    """The first step at which two lever histories differ; 0 when they are mustered differently."""
    if a.start != b.start:
        return 0
    only = [move for one, other in ((a, b), (b, a)) for move in one.moves if move not in other.moves]
    return min((step for step, _ in only), default=10**9)


def pair(scenario: Scenario, seed: int, a: LeverHistory, b: LeverHistory, until: int) -> Iterator[tuple[Any, Any]]:
    """Both branches under one seed up to a step: yields (world of a, world of b) after every step; one world until they differ."""
    first = muster(scenario, seed, overrides=a.start)
    second = first if first_difference(a, b) > 0 else muster(scenario, seed, overrides=b.start)
    yield first, second
    while second.step_index < until:
        if second is first and first.step_index >= first_difference(a, b):
            second = copied(first)
        for world, lever_history in ((first, a),) if second is first else ((first, a), (second, b)):
            lever_history.apply(world)
            battle.step(world)
            yield first, second
