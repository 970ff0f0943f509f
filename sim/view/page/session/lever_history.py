"""What one arm of a battle was told: its parameters at the muster and those that were moved later, to be played again."""

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
class Script:
    """Overrides at the muster, and from later steps on: `moves` are (step, all overrides from there), in order."""

    start: Overrides
    moves: tuple[tuple[int, Overrides], ...] = field(default=())

    @property
    def now(self) -> Overrides:
        """The overrides after all moves."""
        return dict(self.moves[-1][1] if self.moves else self.start)

    def moved(self, step: int, overrides: Overrides) -> Script:
        return Script(self.start, (*self.moves, (step, dict(overrides))))

    def until(self, step: int) -> Script:
        """Without the moves of later steps."""
        return Script(self.start, tuple(m for m in self.moves if m[0] <= step))

    def from_start(self, keys: set[str], overrides: Overrides) -> Script:
        """The same with the values that `overrides` have of these keys in force from the first day."""

        def put(old: Overrides) -> Overrides:
            return {k: v for k, v in old.items() if k not in keys} | {k: overrides[k] for k in keys if k in overrides}

        return Script(put(self.start), tuple((step, put(old)) for step, old in self.moves))

    def obey(self, world: Any) -> None:
        """Moves the levers of a battle that are due at its present step; to do it twice changes nothing."""
        for step, overrides in self.moves:
            if step == world.step_index:
                levers.move_levers(world, overrides)


def copied(world: Any) -> Any:
    """A world of its own that shares what never changes."""
    shared = {id(part): part for part in (world.sector, world.scenario, world.settings)}
    return copy.deepcopy(world, shared)


def parted_at(a: Script, b: Script) -> int:
    """The first step at which two scripts differ; 0 when they are mustered differently."""
    if a.start != b.start:
        return 0
    only = [move for one, other in ((a, b), (b, a)) for move in one.moves if move not in other.moves]
    return min((step for step, _ in only), default=10**9)


def pair(scenario: Scenario, seed: int, a: Script, b: Script, until: int) -> Iterator[tuple[Any, Any]]:
    """Both arms under one seed up to a step: yields (world of a, world of b) after every step; one world until they part."""
    first = muster(scenario, seed, overrides=a.start)
    second = first if parted_at(a, b) > 0 else muster(scenario, seed, overrides=b.start)
    yield first, second
    while second.step_index < until:
        if second is first and first.step_index >= parted_at(a, b):
            second = copied(first)
        for world, script in ((first, a),) if second is first else ((first, a), (second, b)):
            script.obey(world)
            battle.step(world)
            yield first, second
