"""The step of a battle: the start of a day, then the phases in their order, timed if asked."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from sim import breach
from sim.accounting import check_books
from sim.forces import Kind
from sim.order import rules_of
from sim.raising import reinforce
from sim.world import World


def step(world: World, timings: dict[str, float] | None = None) -> None:
    """Moves a battle on by one step. `timings` collects seconds by phase."""
    world.notes.clear()
    if world.new_day:
        world.supplies = world.supplies_on(world.day)
        reinforce(world, breach.run(world))
    for name, phase in rules_of(world.scenario).items():
        if timings is None:
            phase.run(world)
        else:
            begin = perf_counter()
            phase.run(world)
            timings[name] = timings.get(name, 0.0) + perf_counter() - begin
    world.unit_steps += int(np.count_nonzero(world.units.kind[: world.n] != Kind.FREE))
    world.step_index += 1
    if world.check:
        check_books(world)
    if world.journal is not None:
        begin = perf_counter()
        world.journal.look(world)
        if timings is not None:
            timings["journal"] = timings.get("journal", 0.0) + perf_counter() - begin


def run(world: World, days: int | None = None, timings: dict[str, float] | None = None) -> World:
    """Runs a battle for so many days, or to the scenario's end."""
    end = world.scenario.n_steps if days is None else world.step_index + days * world.scenario.steps_per_day
    while world.step_index < end:
        step(world, timings)
    return world
