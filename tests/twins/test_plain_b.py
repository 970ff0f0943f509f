"""Fighting, losses, morale, works and ground: kernels and their plain twins give the same bits on small random worlds.

A busy skirmish is stirred by a seed (tasks, places, morale, supply, works, who holds what), then one phase runs. Every
kernel that the phase calls, and every kernel that those call, gets the same columns, numbers and keys as its twin. What
happened is counted, so that no branch that matters stays untried.
"""

import copy
import inspect
from collections import Counter
from contextlib import ExitStack
from importlib import import_module
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import control as plain_control
from plain.battle import is_kernel, kernels_of
from plain.fields import at_squares

from sim import battle, fields
from sim.forces import Cause, Kind, Place, Stage, Task
from sim.mustering import muster
from sim.phases import PHASES, sense, works
from sim.phases.fire import attacks
from sim.scenario import load_scenario

EXAMPLES = 50
LIVELY = {  # so that a few small worlds show what is rare
    "bombs_per_day": 40.0, "glide_bomb.scatter_m": 40.0, "artillery.lethal_m2": 5000.0, "fpv_team.static_share": 0.5,
    "fpv_team.sorties_per_day": 40.0, "fpv_team.burst_per_hour": 6.0, "weather.enabled": False,
    "morale.desertion_per_1000": 5.0, "morale.surrender_share": 0.5, "fire.give_way": 0.05, "fire.contact_per_day": 0.5,
    "fire.notice": 1.0, "armor.recovery_chance": 0.8,
}
SET_DOWN, STEP_BACK, RELIEVED = Stage.SETS_DOWN, Stage.STEPS_BACK, Stage.IN_RELIEF
NESTED = {"fire": ("attack", "slip", "duel", "nearest_position"), "bombs": ("nearest_by_luck",)}
MUST_SEE = {
    "drones": {"flown", "men hit on the move", "men hit in place", "relief hit", "vehicle hit", "threat grows",
               "threat fades"},
    "shells": {"fired", "men hit", "suppressed", "calmer", "works worn"},
    "bombs": {"men hit", "stunned", "works broken", "rubble", "without an aim", "on the map", "off the map"},
    "fire": {"duel won", "duel stopped", "duel broken", "lodged", "broken", "stopped", "shot down", "set down",
             "without vehicles", "slipped through", "slipped short", "turned back", "hit in contact", "hunted", "met",
             "alone"},
    "losses": {"killed", "missing", "wounded", "in the direction", "died waiting", "carried back", "returns",
               "discharged", "destroyed", "abandoned", "towed", "damaged", "set down", "stays aboard", "gone",
               "wounded alone"},
    "morale": {"rests", "tires", "deserts", "starves", "steps back", "falls back", "pocket gives up",
               "overrun gives up", "stays under shock"},
    "works": {"planned", "built for the defender", "built for the attacker", "fallen out", "left as they are"},
    "control": {"gained", "regained", "cleared for the attacker", "cleared for the defender", "wholly held",
                "wholly lost", "lonely lodgement", "lost on balance", "spilled"},
}


@pytest.fixture(scope="module")
def busy():
    """A skirmish of two days in which much happens, at the beginning of a day. Copy it, do not touch it."""
    return lively(1.0)


@pytest.fixture(scope="module")
def fine():
    """The same on cells of 0.5 km, four to a square. Copy it, do not touch it."""
    return lively(0.5)


def lively(cell_km):
    world = muster(load_scenario("skirmish", cell_km=cell_km), 1, overrides=LIVELY, record=False)
    battle.run(world, 2)
    return world


def stir(world, luck):
    """Makes a random world of a busy one: everybody somewhere, at something, in some state; the ground at random."""
    u, c, b, g, n = world.units, world.cells, world.blocks, world.geo, world.n
    near = np.abs(c.depth) < 2.5
    part = luck.integers(0, fields.MICRO, near.sum())
    edge = luck.choice([1000, fields.MICRO - 1000, 0, fields.MICRO], near.sum())
    part = np.where(luck.random(near.sum()) < 0.2, edge, part)
    c.held[near] = np.where(luck.random(near.sum()) < 0.6, part, c.held[near])
    c.control[:] = c.held / fields.MICRO
    c.gain[near] = luck.integers(0, fields.MICRO // 2, near.sum()) * (luck.random(near.sum()) < 0.2)  # more than cells can take
    fields.draw_line(g, c)
    fields.outline(g, c, b)
    cells = len(c.held)
    c.works[:] = luck.random((cells, 2)) * (luck.random((cells, 2)) < 0.5)
    c.works_plan[:] = np.maximum(c.works_plan, luck.random((cells, 2)) * (luck.random((cells, 2)) < 0.3))
    c.built[:] = luck.random(cells) * 1.2 * (luck.random(cells) < 0.4)
    c.wood[:] = luck.random(cells)
    c.rubble[:] = luck.random(cells) * 0.5
    c.cut[:] = luck.random((cells, 2)) < 0.15
    c.way[:] = luck.exponential(2.0, (cells, 2))
    c.direction[:] = luck.random(cells) < 0.5
    b.traffic[:] = luck.integers(0, luck.choice([10, 9000]), b.traffic.shape) * (luck.random(b.traffic.shape) < 0.5)
    b.cover[:] = luck.random(len(b.cover))
    b.threat[:] = luck.exponential(0.2, b.threat.shape)
    world.formations.leadership[:] = luck.random(len(world.formations.side))
    for i in np.flatnonzero(u.kind[:n] >= 0):
        stir_unit(u, int(i), luck)
    u.cell[:n] = [world.cell_of(x, y) for x, y in zip(u.x[:n].tolist(), u.y[:n].tolist())]
    sense.run(world)


def in_box(x, y):
    """The nearest place in the box."""
    return np.clip([x, y], 0.1, 11.9)


def stir_unit(u, i, luck):
    """One unit somewhere near the line, at something."""
    ahead = -1.0 if u.side[i] == 0 else 1.0
    u.morale[i], u.suppression[i] = luck.random(2) * (1.0, luck.random() < 0.6)
    u.fatigue[i], u.days[i] = luck.random(2) * (90.0, 20.0)
    u.supply[i] = luck.choice([0.02, 0.1, luck.random(), 1.0])
    u.men[i] = luck.integers(1, 11)
    u.hurt[i] = luck.integers(0, 4) * (luck.random() < 0.4)
    u.shock[i] = luck.random() < 0.15
    u.place[i] = luck.integers(0, len(Place))
    u.stage[i], u.partner[i] = 0, -1
    u.hits[i] = luck.poisson(0.3, len(Cause)) * (luck.random() < 0.3)
    if u.kind[i] == Kind.INFANTRY:
        tasks = [Task.HOLD, Task.CONSOLIDATE, Task.INFILTRATE, Task.ASSAULT, Task.WITHDRAW, Task.MARCH, Task.RESERVE]
        task = u.task[i] = luck.choice(tasks, p=[0.34, 0.14, 0.14, 0.14, 0.08, 0.08, 0.08])
        u.x[i], u.y[i] = in_box(6.5 - ahead * 0.3 + luck.normal(0.0, 1.0), luck.uniform(0.5, 11.5))
        if task == Task.CONSOLIDATE and luck.random() < 0.3:  # a lodgement far ahead, in company
            (u.x[i], u.y[i]), u.men[i] = in_box(u.x[i] + 2.2 * ahead, 6.0 + luck.random()), 12
        stages = {Task.ASSAULT: 1, Task.INFILTRATE: luck.integers(1, 3), Task.WITHDRAW: luck.choice([0, RELIEVED])}
        u.stage[i] = stages.get(task, 0)
        u.partner[i] = i if task == Task.MARCH and luck.random() < 0.5 else -1
    elif u.kind[i] == Kind.ARMOR:
        u.task[i] = luck.choice([Task.DASH, Task.RESERVE], p=[0.8, 0.2])
        u.x[i], u.y[i] = in_box(6.5 - ahead * 0.6, luck.uniform(0.5, 11.5))
        u.stage[i] = luck.choice([1, 0, SET_DOWN], p=[0.7, 0.1, 0.2]) * (u.task[i] == Task.DASH)
        u.vehicles[i], u.men[i] = luck.integers(0, 4), luck.integers(3, 30)
        u.burst[i] = luck.integers(0, 4) * (luck.random() < 0.5)
    u.from_x[i], u.from_y[i] = u.x[i] - ahead * max(luck.uniform(-2.0, 2.0), 0.0), u.y[i]
    u.stock[i] = luck.choice([0.0, 30.0]) if u.kind[i] in (Kind.FPV_TEAM, Kind.ARTILLERY) else 0.0
    if u.kind[i] in (Kind.INFANTRY, Kind.ARMOR):
        u.goal_x[i], u.goal_y[i] = in_box(u.x[i] + ahead * luck.uniform(0.2, 2.5), u.y[i] + luck.normal(0.0, 0.4))


def flat(value):
    """Everything in a value that can differ, as bytes and numbers."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, list | tuple):
        return [flat(v) for v in value]
    return value


def beside(kernel, twin, told):
    """A stand-in that gives a kernel and its twin the same arguments, demands the same bits, tells what happened."""
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
        told(kernel.__name__, dict(zip(names, before)), dict(zip(names, args)), results[1])
        return results[1]

    return both


def run_beside(name, world, told):
    """Runs a phase; every kernel that it calls works beside its twin, and so does what those kernels call."""
    phase, plain = PHASES[name], import_module(f"plain.{name}")
    with ExitStack() as stack:
        own = kernels_of(phase)
        for nested in NESTED.get(name, ()):
            stand_in = beside(own[nested], getattr(plain, nested), told)
            stack.enter_context(patch.object(plain, nested, stand_in))
        for called in phase.run.__code__.co_names:
            kernel = getattr(phase, called, None)
            if is_kernel(kernel) and own.get(called) is kernel:
                stack.enter_context(patch.object(phase, called, beside(kernel, getattr(plain, called), told)))
        phase.run(world)


def drone_events(kernel, old, new, result):
    if kernel == "fly":
        return {"flown": sum(result)}
    if kernel == "remember":
        grown = new["blocks"].threat - old["blocks"].threat
        return {"threat grows": (grown > 0).sum(), "threat fades": (grown < 0).sum()}
    if kernel == "strike":
        hits = (new["units"].hits - old["units"].hits)[:, Cause.DRONE]
        u = new["units"]
        still = (u.x == u.from_x) & (u.y == u.from_y) & (u.stage != 1)
        return {"men hit on the move": hits[~still].sum(), "men hit in place": hits[still].sum(),
                "relief hit": hits[~still & ((u.partner >= 0) | (u.stage == RELIEVED))].sum(),
                "vehicle hit": (u.burst - old["units"].burst).sum()}
    return {}


def shell_events(kernel, old, new, result):
    if kernel == "fire_guns":
        return {"fired": sum(result)}
    if kernel == "wear":
        return {"works worn": (new["cells"].works < old["cells"].works).sum()}
    change = new["units"].suppression - old["units"].suppression
    hits = (new["units"].hits - old["units"].hits)[:, Cause.SHELL]
    return {"men hit": hits.sum(), "suppressed": (change > 0).sum(), "calmer": (change < 0).sum()}


def bomb_events(kernel, old, new, result):
    if kernel == "clear_fallen":
        return {"off the map": (new["units"].kind != old["units"].kind).sum()}
    if kernel != "fall":
        return {}
    u, c = new["units"], new["cells"]
    return {"men hit": (u.hits - old["units"].hits)[:, Cause.BOMB].sum(), "without an aim": new["count"] - result,
            "stunned": ((u.suppression == 1.0) & (old["units"].suppression < 1.0)).sum(),
            "works broken": (c.works < old["cells"].works).sum(), "rubble": (c.rubble > old["cells"].rubble).sum(),
            "on the map": (u.kind == Kind.GLIDE_BOMB).sum()}


def fire_events(kernel, old, new, result):
    if kernel == "duel":
        return {{1: "duel won", 0: "duel stopped", -1: "duel broken"}[result[1]]: 1}
    if kernel == "nearest_position":
        return {"met" if result >= 0 else "alone": 1}
    u = new["units"]
    if kernel == "contact":
        hit = np.flatnonzero((u.hits > old["units"].hits).any(axis=1))
        depth = [at_squares(new["geo"], new["cells"].depth, u.x[i].item(), u.y[i].item()) for i in hit]
        inside = np.where(u.side[hit] == 0, -1.0, 1.0) * depth > 1.2
        return {"hit in contact": len(hit), "hunted": (inside & (u.task[hit] != Task.HOLD)).sum()}
    if kernel == "engage":
        dashed = (old["units"].task == Task.DASH) & (old["units"].stage == 1)
        return {"set down": (dashed & (u.stage == SET_DOWN)).sum(),
                "without vehicles": (dashed & (old["units"].vehicles <= old["units"].burst)).sum()}
    i = new["i"]
    counted = new["tally"] - old["tally"]
    if kernel == "attack":
        home = u.task[i] == Task.WITHDRAW
        return {"lodged": counted[:, 0].sum(), "broken": counted[:, 1].sum(), "stopped": home - counted[:, 1].sum(),
                "shot down": not home and not counted.any()}
    far = counted[:, 2].sum() > 0
    short = far and np.hypot(u.x[i] - old["units"].goal_x[i], u.y[i] - old["units"].goal_y[i]) > 1e-9
    return {"slipped short": short, "slipped through": far and not short, "turned back": u.task[i] == Task.WITHDRAW}


def loss_events(kernel, old, new, result):
    u, was = new["units"], old["units"]
    if kernel == "bury":
        alone = (u.task != was.task) & (u.task == Task.WITHDRAW)
        return {"gone": ((u.kind < 0) & (was.kind >= 0)).sum(), "wounded alone": alone.sum()}
    if kernel == "set_down":
        left = (was.kind == Kind.ARMOR) & (was.stage == SET_DOWN)
        return {"set down": (u.kind >= 0).sum() - (was.kind >= 0).sum(),
                "stays aboard": (left & (u.men == was.men)).sum()}
    book, before = new["books"], old["books"]
    if kernel == "carry_back":
        return {"died waiting": (book.killed - before.killed).sum(), "carried back": (was.hurt - u.hurt).sum(),
                "returns": (new["formations"].hospital - old["formations"].hospital).sum(),
                "discharged": (book.discharged - before.discharged).sum()}
    names = {
        "apply_hits": {"killed": "killed", "missing": "missing", "wounded": "wounded", "direction": "in the direction"},
        "wreck": {"destroyed": "destroyed", "abandoned": "abandoned", "recovered": "towed", "damaged": "damaged"},
    }
    return {word: (getattr(book, c) - getattr(before, c)).sum() for c, word in names[kernel].items()}


def morale_events(kernel, old, new, result):
    u, was = new["units"], old["units"]
    if kernel == "strain":
        return {"rests": (u.fatigue < was.fatigue).sum(), "tires": (u.fatigue > was.fatigue).sum()}
    book, before = new["books"], old["books"]
    taken = (book.captured - before.captured).sum(axis=0)
    moved = (u.task != was.task) & (u.kind >= 0)
    return {"deserts": (book.deserted - before.deserted).sum(), "steps back": ((u.stage == STEP_BACK) & moved).sum(),
            "falls back": ((u.task == Task.WITHDRAW) & moved).sum(), "pocket gives up": taken[Cause.POCKET],
            "overrun gives up": taken[Cause.DIRECT_FIRE], "starves": (u.hits > was.hits)[:, Cause.POCKET].sum(),
            "stays under shock": ((was.shock > 0) & (u.task == Task.HOLD)).sum()}


def works_events(kernel, old, new, result):
    c, was = new["cells"], old["cells"]
    if kernel == "plan_field":
        return {"planned": (c.works_plan > was.works_plan).sum()}
    if kernel == "build":
        side = "attacker" if new["facing"] else "defender"
        return {f"built for the {side}": (c.works > was.works).sum()}
    return {"fallen out": (c.works < was.works).sum(), "left as they are": (c.works == was.works).sum()}


def ground_events(kernel, old, new, result):
    c = new["cells"]
    if kernel == "consolidate":
        u, n, reach = new["units"], new["n"], new["knobs"].reach_km
        deep = [i for i in range(n) if u.kind[i] == Kind.INFANTRY and u.side[i] == 0 and u.task[i] == Task.CONSOLIDATE
                and at_squares(new["geo"], c.depth, u.x[i].item(), u.y[i].item()) < -reach]
        return {"lonely lodgement": (c.gain[u.cell[deep]] > 0).sum()}
    if kernel == "spill":
        before = old["cells"]
        return {"spilled": c.gain.sum() > np.minimum(before.gain, fields.MICRO - before.held).sum()}
    if kernel != "settle":
        return {}
    return {"gained": result[0] > 0, "lost on balance": result[1] > 0}


EVENTS = {
    "drones": drone_events, "shells": shell_events, "bombs": bomb_events, "fire": fire_events, "losses": loss_events,
    "morale": morale_events, "works": works_events, "control": ground_events,
}


def watch_reversion(seen):
    """A stand-in for the twin's reversion of one cell that tells which way it went."""
    settled = plain_control.settled

    def told(new, cell, men, defenders, dt, knobs):
        out = settled(new, cell, men, defenders, dt, knobs)
        back = "regained" if men < 0.5 * defenders else "cleared for the defender"
        seen[back] += out < new
        seen["cleared for the attacker"] += out > new
        seen["wholly held"] += out == fields.MICRO > new
        seen["wholly lost"] += out == 0 < new
        return out

    return patch.object(plain_control, "settled", told)


@pytest.mark.parametrize("name", EVENTS)
def test_a_phase_and_its_twin_give_the_same_bits(name, busy, fine):
    seen = Counter()

    def told(kernel, old, new, result):
        seen.update({event: int(count) for event, count in EVENTS[name](kernel, old, new, result).items()})

    @settings(max_examples=EXAMPLES)
    @given(seed=st.integers(0, 2**32 - 1))
    def same_bits(seed):
        world = copy.deepcopy(fine if seed % 3 == 0 else busy)
        stir(world, np.random.default_rng(seed))
        run_beside(name, world, told)

    with watch_reversion(seen):
        same_bits()
    assert sorted(MUST_SEE[name] - set(+seen)) == []


coordinate = st.integers(-2000, 14000).map(lambda meters: meters / 1000.0)


@settings(max_examples=30)
@given(x0=coordinate, y0=coordinate, x1=coordinate, y1=coordinate, half=st.floats(0.05, 2.0), condition=st.floats(0, 1))
def test_a_piece_of_a_belt_is_laid_the_same(busy, x0, y0, x1, y1, half, condition):
    from plain.works import plan_line

    plans = [busy.cells.works_plan.copy() for _ in range(2)]
    works.plan_line(busy.geo, plans[0], 0, x0, y0, x1, y1, half, condition)
    plan_line(busy.geo, plans[1], 0, x0, y0, x1, y1, half, condition)
    assert plans[0].tobytes() == plans[1].tobytes()
    assert (plans[0][:, 0] >= busy.cells.works_plan[:, 0]).all()


def test_ties_between_positions_go_by_slot(busy):
    """Two positions at the same place: the lower slot is met first, then the other, then nobody."""
    from plain.fire import nearest_position

    world = copy.deepcopy(busy)
    u = world.units
    pair = np.flatnonzero((u.kind == Kind.INFANTRY) & (u.side == 1))[:2]
    u.task[pair], u.x[pair], u.y[pair], u.men[pair], u.hits[pair] = Task.HOLD, 5.0, 5.0, 3, 0
    sense.run(world)
    pair = pair[np.argsort(u.slot[pair])]
    for met, found in (([], pair[0]), ([pair[0]], pair[1]), (list(pair), None)):
        places = (world.geo, u, world.bins.start, world.bins.order, 0, 5.0, 5.0, 0.01)
        got = attacks.nearest_position(*places, np.array([*met, -1]), len(met))
        assert got == nearest_position(*places, met, len(met)) == (-1 if found is None else found)


def test_a_full_table_shows_no_strike(busy):
    """When no row is free a bomb still falls and hits, but cannot be seen; the twin agrees."""
    world = copy.deepcopy(busy)
    stir(world, np.random.default_rng(1))
    n = world.n
    world.units = u = type(world.units)(*(column[:n].copy() for column in world.units))
    u.kind[(u.kind < 0) | (u.kind == Kind.GLIDE_BOMB)] = Kind.ARTILLERY
    shown = Counter()
    run_beside("bombs", world, lambda kernel, old, new, result: shown.update({kernel: int(result or 0)}))
    assert shown["fall"] > 0 and not (u.kind == Kind.GLIDE_BOMB).any()
