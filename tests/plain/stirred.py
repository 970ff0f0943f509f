"""Busy battles stirred at random, and one phase run on them with every kernel beside its plain twin.

Every kernel that the phase calls, and every kernel that those call, gets the same columns, numbers and keys as its twin. What
happened is counted, so that no branch that matters stays untried.
"""

from __future__ import annotations

import copy
import inspect
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plain.battle import is_kernel, kernels_of
from sim import battle, fields
from sim.forces import Cause, Kind, Place, Stage, Task
from sim.mustering import muster
from sim.phases import PHASES, sense
from sim.scenario import load_scenario

EXAMPLES = 50
LIVELY = {  # so that rare things happen in a few small battles
    "bombs_per_day": 40.0, "glide_bomb.scatter_m": 40.0, "artillery.lethal_m2": 5000.0, "fpv_team.static_share": 0.5,
    "fpv_team.sorties_per_day": 40.0, "fpv_team.burst_per_hour": 6.0, "weather.enabled": False,
    "morale.desertion_per_1000": 5.0, "morale.surrender_share": 0.5, "fire.give_way": 0.05, "fire.contact_per_day": 0.5,
    "fire.notice": 1.0, "armor.recovery_chance": 0.8, "decide.reserve_share": 0.3,
}

NESTED = {"fire": ("attack", "slip", "duel", "nearest_position"), "bombs": ("random_position",)}


@cache
def lively(cell_km: float):
    """A skirmish of two days in which much happens, at the beginning of a day. Copy it, do not touch it."""
    world = muster(load_scenario("skirmish", cell_km=cell_km), 1, overrides=LIVELY, record=False)
    battle.run(world, 2)
    return world


def stir(world, rng) -> None:
    """Makes a random world of a busy one: everybody somewhere, at something, in some state; the ground at random."""
    u, c, b, g, n = world.units, world.cells, world.blocks, world.geo, world.n
    near = np.abs(c.depth) < 2.5
    part = rng.integers(0, fields.MICRO, near.sum())
    edge = rng.choice([1000, fields.MICRO - 1000, 0, fields.MICRO], near.sum())
    part = np.where(rng.random(near.sum()) < 0.2, edge, part)
    c.held[near] = np.where(rng.random(near.sum()) < 0.6, part, c.held[near])
    c.control[:] = c.held / fields.MICRO
    c.gain[near] = rng.integers(0, fields.MICRO // 2, near.sum()) * (rng.random(near.sum()) < 0.2)  # more than cells can take
    fields.draw_line(g, c)
    fields.outline(g, c, b)
    cells = len(c.held)
    c.works[:] = rng.random((cells, 2)) * (rng.random((cells, 2)) < 0.5)
    c.works_plan[:] = np.maximum(c.works_plan, rng.random((cells, 2)) * (rng.random((cells, 2)) < 0.3))
    c.built[:] = rng.random(cells) * 1.2 * (rng.random(cells) < 0.4)
    c.wood[:] = rng.random(cells)
    c.rubble[:] = rng.random(cells) * 0.5
    c.cut[:] = rng.random((cells, 2)) < 0.15
    c.way[:] = rng.exponential(2.0, (cells, 2))
    c.direction[:] = rng.random(cells) < 0.5
    b.traffic[:] = rng.integers(0, rng.choice([10, 9000]), b.traffic.shape) * (rng.random(b.traffic.shape) < 0.5)
    b.cover[:] = rng.random(len(b.cover))
    b.threat[:] = rng.exponential(0.2, b.threat.shape)
    world.formations.leadership[:] = rng.random(len(world.formations.side))
    for i in np.flatnonzero(u.kind[:n] >= 0):
        stir_unit(u, int(i), rng)
    u.cell[:n] = [world.cell_of(x, y) for x, y in zip(u.x[:n].tolist(), u.y[:n].tolist())]
    sense.run(world)


def in_box(x, y):
    """The nearest place in the box."""
    return np.clip([x, y], 0.1, 11.9)


def stir_unit(u, i, rng) -> None:
    """One unit somewhere near the line, at something."""
    ahead = -1.0 if u.side[i] == 0 else 1.0
    u.morale[i], u.suppression[i] = rng.random(2) * (1.0, rng.random() < 0.6)
    u.fatigue[i], u.days[i], u.dug[i] = rng.random(3) * (90.0, 20.0, 60.0)
    u.supply[i] = rng.choice([0.02, 0.1, rng.random(), 1.0])
    u.men[i] = rng.integers(1, 11)
    u.hurt[i] = rng.integers(0, 4) * (rng.random() < 0.4)
    u.shock[i] = rng.random() < 0.15
    u.place[i] = rng.integers(0, len(Place))
    u.stage[i], u.partner[i] = 0, -1
    u.hits[i] = rng.poisson(0.3, len(Cause)) * (rng.random() < 0.3)
    if u.kind[i] == Kind.INFANTRY:
        tasks = [Task.HOLD, Task.CONSOLIDATE, Task.INFILTRATE, Task.ASSAULT, Task.WITHDRAW, Task.MARCH, Task.RESERVE]
        task = u.task[i] = rng.choice(tasks, p=[0.34, 0.14, 0.14, 0.14, 0.08, 0.08, 0.08])
        u.x[i], u.y[i] = in_box(6.5 - ahead * 0.3 + rng.normal(0.0, 1.0), rng.uniform(0.5, 11.5))
        if task == Task.CONSOLIDATE and rng.random() < 0.3:  # a lodgement far ahead, in company
            (u.x[i], u.y[i]), u.men[i] = in_box(u.x[i] + 2.2 * ahead, 6.0 + rng.random()), 12
        stages = {Task.ASSAULT: 1, Task.INFILTRATE: rng.integers(1, 3), Task.WITHDRAW: rng.choice([0, Stage.IN_RELIEF])}
        u.stage[i] = stages.get(task, 0)
        u.partner[i] = i if task == Task.MARCH and rng.random() < 0.5 else -1
    elif u.kind[i] == Kind.ARMOR:
        u.task[i] = rng.choice([Task.DASH, Task.RESERVE], p=[0.8, 0.2])
        u.x[i], u.y[i] = in_box(6.5 - ahead * 0.6, rng.uniform(0.5, 11.5))
        u.stage[i] = rng.choice([1, 0, Stage.SETS_DOWN], p=[0.7, 0.1, 0.2]) * (u.task[i] == Task.DASH)
        u.vehicles[i], u.men[i] = rng.integers(0, 4), rng.integers(3, 30)
        u.burst[i] = rng.integers(0, 4) * (rng.random() < 0.5)
    u.from_x[i], u.from_y[i] = u.x[i] - ahead * max(rng.uniform(-2.0, 2.0), 0.0), u.y[i]
    u.stock[i] = rng.choice([0.0, 30.0]) if u.kind[i] in (Kind.FPV_TEAM, Kind.ARTILLERY) else 0.0
    if u.kind[i] in (Kind.INFANTRY, Kind.ARMOR):
        u.goal_x[i], u.goal_y[i] = in_box(u.x[i] + ahead * rng.uniform(0.2, 2.5), u.y[i] + rng.normal(0.0, 0.4))


def flat(value):
    """Everything in a value that can differ, as bytes and numbers."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, list | tuple):
        return [flat(v) for v in value]
    return value


def beside(kernel, twin, record: Callable) -> Callable:
    """A stand-in that gives a kernel and its twin the same arguments, demands the same bits and records what happened."""
    names = list(inspect.signature(twin).parameters)

    def both(*args):
        mine, theirs, before = copy.deepcopy(args), copy.deepcopy(args), copy.deepcopy(args)
        if "met" in names:  # a list in the twin; compiled code takes an array
            mine = tuple(np.array([*a, -1]) if name == "met" else a for name, a in zip(names, mine))
        results = kernel(*mine), twin(*args)
        assert np.array_equal(np.asarray(results[0]), np.asarray(results[1])), kernel.__name__
        for name, one, two, old in zip(names, mine, args, theirs):
            columns = getattr(one, "_fields", None)
            if columns is None:
                assert name == "met" or flat(one) == flat(two), f"{kernel.__name__}: {name}"
            else:
                wrong = [f for f, x, y in zip(columns, one, two) if flat(x) != flat(y)]
                assert wrong == [], f"{kernel.__name__}: {name}"
            assert type(old) is type(two)
        record(kernel.__name__, dict(zip(names, before)), dict(zip(names, args)), results[1])
        return results[1]

    return both


def run_beside(name: str, world, record: Callable) -> None:
    """Runs a phase; every kernel that it calls works beside its twin, and so does what those kernels call."""
    phase, plain = PHASES[name], import_module(f"plain.{name}")
    with ExitStack() as stack:
        own = kernels_of(phase)
        for nested in NESTED.get(name, ()):
            stand_in = beside(own[nested], getattr(plain, nested), record)
            stack.enter_context(patch.object(plain, nested, stand_in))
        for called in phase.run.__code__.co_names:
            kernel = getattr(phase, called, None)
            if is_kernel(kernel) and own.get(called) is kernel:
                stack.enter_context(patch.object(phase, called, beside(kernel, getattr(plain, called), record)))
        phase.run(world)


def same_bits(name: str, events: Callable, must_see: set[str], *patches) -> None:
    """Asserts that a phase and its twin do the same to many stirred battles, and that everything in `must_see` happened.

    `events(kernel, before, after, result)` counts what a kernel did; `patches` are entered meanwhile.
    """
    seen = Counter()

    def record(kernel, old, new, result):
        seen.update({event: int(count) for event, count in events(kernel, old, new, result).items()})

    @settings(max_examples=EXAMPLES)
    @given(seed=st.integers(0, 2**32 - 1))
    def check(seed):
        world = copy.deepcopy(lively(0.5 if seed % 3 == 0 else 1.0))
        stir(world, np.random.default_rng(seed))
        run_beside(name, world, record)

    with ExitStack() as stack:
        for one in patches:
            stack.enter_context(one(seen))
        check()
    left = sorted(must_see - set(+seen))
    assert left == [], left
