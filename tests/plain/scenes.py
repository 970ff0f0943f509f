"""Small battles in disorder, and the question whether a kernel and its twin do the same to them."""

from __future__ import annotations

import copy
import dis
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType, ModuleType, SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import battle
from sim.columns import allocate
from sim.draws import key
from sim.fields import (
    CONTACT,
    MICRO,
    Blocks,
    Cells,
    Nodes,
    draw_line,
    geometry,
    outline,
)
from sim.forces import Kind, Stage, Task
from sim.front import trace
from sim.mustering import muster
from sim.phases import command, control, sense, supply, works
from sim.phases.command import line, orders
from sim.scenario import load_scenario
from sim.unit_rows import clear_row

TABLES = ("units", "formations", "cells", "nodes", "blocks", "books", "front", "orders", "cursor")
SCRATCH = {"heap_cost", "heap_cell", "stack", "scratch"}  # arguments that mean nothing after the call
ON_FOOT = [t for t in Task if t not in (Task.DASH, Task.SERVE, Task.FALL)]
SEEDS = st.integers(0, 2**32 - 1)
KEY = key(7, "scene", 3)
DAY_KEY = key(7, "day", 3)


@cache
def busy(steps: int, cell_km: float):
    """A skirmish after so many steps. Look, do not touch."""
    world = muster(load_scenario("skirmish", cell_km=cell_km), 1, record=False)
    for _ in range(steps):
        battle.step(world)
    return world


def wild(model: type, kind: type, rng, **owners: type):
    """A group of parameters for a kernel: half of them as declared, half anywhere in their range.

    `owners`: (model, field) of the numbers that the group takes from another phase.
    """
    fields = {}
    for name in kind._fields:
        owner, own_name = owners.get(name, (model, name))
        fields[name] = owner.model_fields[own_name]
    values = {}
    for name, field in fields.items():
        low, high = (field.json_schema_extra[end] for end in ("low", "high"))
        keep = low is None or rng.random() < 0.5
        values[name] = float(field.default if keep else rng.uniform(low, high))
    return kind(**values)


TOUCH = {"touch_km": (control.Params, "reach_km")}
TOWN = {"town_scale": (works.Params, "town_scale")}


def on_scenes(examples: int) -> Callable:
    """Runs a check on so many scenes at once."""

    def run(check):
        settings(max_examples=examples)(given(seed=SEEDS)(lambda seed: check(scene(seed))))()

    return run


def scene(seed: int) -> SimpleNamespace:
    """The tables of a skirmish whose ground, units and formations have been thrown about, and then sensed and led."""
    rng = np.random.default_rng(seed)
    world = busy(int(rng.choice([0, 7, 26])), float(rng.choice([1.0, 1.0, 0.5])))
    s = SimpleNamespace(
        rng=rng, geo=world.geo, n=world.n, world=world, **{t: copy.deepcopy(getattr(world, t)) for t in TABLES})
    s.objectives = np.column_stack([world.objectives, rng.integers(0, 2, len(world.objectives)).astype(float)])
    shake_formations(s, rng)
    shake_units(s, rng)
    shake_ground(s, rng)
    sense.spread(s.geo, s.units, s.nodes, s.n, CONTACT, wild(sense.Params, sense.Knobs, rng))
    sense.count_strength(s.units, s.formations, s.n)
    if rng.random() < 0.4:
        s.nodes.fire[:] += rng.integers(0, 2, s.nodes.fire.shape) * 40_000
    knobs = wild(command.Params, command.Knobs, rng, **TOUCH, **TOWN)
    line.read_line(s.geo, s.cells, s.nodes, s.front, 1.0, knobs)
    orders.write_orders(s.geo, s.cells, s.front, s.formations, s.orders, knobs)
    return s


def shake_ground(s, rng) -> None:
    """Pieces of ground change hands, now and then all of it; woods, towns, roads and threat are drawn anew."""
    g, c, b = s.geo, s.cells, s.blocks
    control = c.control.reshape(g.ny, g.nx)
    for _ in range(rng.integers(0, 6)):
        i, j, wide, high = (int(k) for k in rng.integers(0, [g.nx, g.ny, 4, 4]))
        piece = control[j:j + 1 + high, i:i + 1 + wide]
        piece[:] = 1.0 - np.round(piece)
    control[:] = np.clip(control + rng.normal(0.0, 0.1, control.shape), 0.0, 1.0)
    if rng.random() < 0.15:
        control[:] = float(rng.integers(0, 2))
    c.held[:] = np.round(c.control * MICRO)
    c.control[:] = c.held / MICRO
    draw_line(g, c)
    for field in (c.wood, c.built, c.works):
        field[:] = rng.random(field.shape) * (rng.random(field.shape) < 0.5)
    c.road[:] = rng.integers(0, 5, c.road.shape)
    c.supply[:] = rng.random(c.supply.shape)
    b.threat[:] = rng.exponential(0.5, b.threat.shape)
    b.burst[:] = rng.exponential(0.2, b.burst.shape)
    b.cover[:] = rng.random(b.cover.shape)
    outline(g, c, b)
    trace(g, c, s.front)
    stretch = float(rng.choice([1.0, 1.0, 4.0]))  # a deeper rear than 12 km have
    c.depth[:] *= stretch
    b.depth[:] *= stretch


def shake_units(s, rng) -> None:
    """Units are elsewhere, doing something else, in another state; some are gone; some relieve one another."""
    u, n, g = s.units, s.n, s.geo

    def some(share: float) -> np.ndarray:
        return np.flatnonzero((u.kind[:n] >= 0) & (rng.random(n) < share))

    for moved, column, low, size in ((some(0.5), "x", g.x0, g.width), (some(0.5), "y", g.y0, g.height)):
        getattr(u, column)[moved] = low + rng.uniform(0.02, 0.98, len(moved)) * size
    away = some(0.7)
    u.goal_x[:n], u.goal_y[:n] = u.x[:n], u.y[:n]
    u.goal_x[away] = np.clip(u.x[away] + rng.normal(0.0, 2.0, len(away)), g.x0 + 0.05, g.x0 + g.width - 0.05)
    u.goal_y[away] = np.clip(u.y[away] + rng.normal(0.0, 2.0, len(away)), g.y0 + 0.05, g.y0 + g.height - 0.05)
    u.cell[:n] = [s.world.cell_of(x, y) for x, y in zip(u.x[:n], u.y[:n])]
    foot = some(0.8)
    foot = foot[u.kind[foot] == Kind.INFANTRY]
    m = len(foot)
    u.task[foot] = rng.choice(ON_FOOT, m)
    u.stage[foot] = rng.choice([0, *Stage, Stage.BEHIND_LINE], m)
    u.partner[foot] = np.where(rng.random(m) < 0.1, rng.integers(0, n, m), rng.choice([-1, -1, -2], m))
    u.men[:n] = np.where(u.kind[:n] >= 0, rng.integers(0, 10, n), 0)
    u.hurt[foot] = rng.choice([0, 0, 0, 1], m)
    mounted = np.flatnonzero(u.kind[:n] == Kind.ARMOR)
    u.vehicles[mounted] = rng.integers(0, 3, len(mounted))
    u.men[mounted] = rng.integers(0, 19, len(mounted))
    u.task[mounted] = rng.choice([Task.RESERVE, Task.RESERVE, Task.DASH], len(mounted))
    for column, scale in (("days", 60.0), ("dug", 60.0), ("fatigue", 60.0), ("supply", 1.0), ("morale", 1.0), ("suppression", 1.0)):
        getattr(u, column)[:n] = np.where(u.kind[:n] >= 0, rng.random(n) * scale, 0.0)
    u.fatigue[:n] *= rng.random(n) < 0.5  # the others are rested
    for relief, mate in foot[: m // 6 * 2].reshape(-1, 2):  # groups that stand where those stand whom they relieve
        u.task[[relief, mate]], u.side[relief] = Task.HOLD, u.side[mate]
        u.partner[relief], u.goal_x[relief], u.goal_y[relief] = mate, u.x[mate], u.y[mate]
    for row in some(0.05):
        clear_row(u, int(row))
    falling = some(0.01)
    u.kind[falling], u.task[falling] = Kind.GLIDE_BOMB, Task.FALL


def shake_formations(s, rng) -> None:
    """Formations come, go, wear out and rebuild; pools fill and empty; some follow a lodgement."""
    f, g = s.formations, s.geo
    n = len(f.side)
    f.active[:] = rng.random(n) < 0.85
    f.relief[:], f.state[:], f.axis[:] = (rng.integers(0, 2, n) for _ in range(3))
    f.rebuild_left[:], f.main_left[:] = rng.uniform(-5.0, 20.0, n), rng.uniform(-3.0, 16.0, n)
    f.establishment[:] = rng.uniform(50.0, 300.0, n)
    f.claim[:] = 0.5 + np.arange(n) % 3
    f.leadership[:] = rng.random(n)
    f.sections[:] = 3 * (np.arange(n) % 4)
    f.tempo[:], f.rotation_days[:] = rng.exponential(3.0, n), rng.uniform(5.0, 60.0, n)
    for pool, most in (("recruits", 60), ("hospital", 60), ("away", 60), ("vehicle_pool", 6), ("repair", 8)):
        getattr(f, pool)[:] = rng.integers(0, most, n) * (rng.random(n) < 0.8)
    for name in ("main", "base", "follow"):
        getattr(f, f"{name}_x")[:] = g.x0 + rng.random(n) * g.width
        getattr(f, f"{name}_y")[:] = g.y0 + rng.random(n) * g.height
    f.follow[:] = rng.exponential(2.0, n) * (rng.random(n) < 0.6)


def edges(geo, cells) -> np.ndarray:
    """Cells on the edge of the map, by the side that holds them."""
    i, j = np.arange(geo.nx * geo.ny) % geo.nx, np.arange(geo.nx * geo.ny) // geo.nx
    edge = (i == 0) | (i == geo.nx - 1) | (j == 0) | (j == geo.ny - 1)
    return np.column_stack([edge & (cells.square_control >= 0.5), edge & (cells.square_control < 0.5)]).astype("i1")



def long_map():
    """A map too long for one search, where everything comes from the south; with the parameters as declared."""
    geo, rng = geometry(0.0, 0.0, 4.0, 140.0, 0.5), np.random.default_rng(5)
    cells = allocate(Cells, geo.nx * geo.ny)
    nodes = allocate(Nodes, geo.node_nx * geo.node_ny)
    blocks = allocate(Blocks, geo.block_nx * geo.block_ny)
    assert geo.ny > 2 * supply.STRIP
    held = rng.random((geo.ny // 2, geo.nx // 2)) < 0.6
    cells.held[:] = MICRO * np.repeat(np.repeat(held, 2, 0), 2, 1).ravel()
    cells.control[:] = cells.held / MICRO
    draw_line(geo, cells)
    outline(geo, cells, blocks)
    cells.road[:] = rng.integers(0, 5, len(cells.road))
    blocks.threat[:] = rng.exponential(0.5, blocks.threat.shape)
    nodes.fire[:] = rng.integers(0, 3, nodes.fire.shape) * 4096
    nodes.presence[:] = rng.integers(0, 3, nodes.presence.shape) * 4096
    source = edges(geo, cells)
    source[geo.nx * 6:] = 0
    knobs = supply.Knobs(**{k: float(v) for k, v in supply.Params().model_dump().items()}, mud_slows=0.35)
    load = rng.exponential(1000.0, (len(cells.control), 2))
    return geo, cells, nodes, blocks, source, load, np.zeros(load.shape, "i1"), 0.2, knobs



def changes(before, after, seen: Counter) -> None:
    """Counts what units turned from and to: (kind, side, task before, task after)."""
    changed = np.flatnonzero((before.task != after.task) & (before.kind >= 0))
    for i in changed:
        side = "attacker" if before.side[i] == 0 else "defender"
        seen[Kind(before.kind[i]).name, side, Task(before.task[i]).name, Task(after.task[i]).name] += 1



def unlike(one, two, name: str = "result") -> list[str]:
    """Names of what differs between two values, down to the last bit and to the type of every array."""
    if isinstance(one, np.ndarray):
        alike = isinstance(two, np.ndarray) and one.dtype == two.dtype and one.tobytes() == two.tobytes()
        return [] if alike else [name]
    if isinstance(one, tuple):
        names = getattr(one, "_fields", range(len(one)))
        return [d for part, a, b in zip(names, one, two, strict=True) for d in unlike(a, b, f"{name}.{part}")]
    return [] if one == two and type(one) is type(two) else [f"{name}: {one!r} is not {two!r}"]


def agree(kernel: Callable, twin: Callable, *arguments) -> SimpleNamespace:
    """Asserts that a kernel and its twin give the same and do the same; returns what the kernel made of them."""
    one, two = copy.deepcopy(arguments), copy.deepcopy(arguments)
    result, other = kernel(*one), twin(*two)
    names = list(inspect.signature(twin).parameters)
    unequal = unlike(result, other)
    for name, a, b in zip(names, one, two, strict=True):
        unequal += unlike(a, b, name) if name not in SCRATCH else []
    assert not unequal, f"{kernel.__name__}: {unequal}"
    return SimpleNamespace(result=result, **dict(zip(names, one)))


def lines_of(code: CodeType) -> set[int]:
    """Lines of a function's body, with those of the functions inside it."""
    here = {line for _, line in dis.findlinestarts(code) if line and line > code.co_firstlineno}
    inner = [lines_of(c) for c in code.co_consts if isinstance(c, CodeType)]
    return here.union(*inner)


def bodies(module: ModuleType) -> set[int]:
    """Lines of all functions a module defines."""
    functions = [f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == module.__name__]
    return set().union(*(lines_of(f.__code__) for f in functions))


@contextmanager
def every_line(module: ModuleType) -> Iterator[None]:
    """Asserts that every line of a module's functions was run in this context: no branch of the rule was left out."""
    seen, tool, events = set(), 4, sys.monitoring

    def look(code: CodeType, line: int):
        if code.co_filename == module.__file__:
            seen.add(line)
        return events.DISABLE

    events.use_tool_id(tool, "every_line")
    try:
        events.register_callback(tool, events.events.LINE, look)
        events.restart_events()
        events.set_events(tool, events.events.LINE)
        yield
    finally:
        events.set_events(tool, 0)
        events.free_tool_id(tool)
    left = sorted(bodies(module) - seen)
    assert not left, f"lines of {module.__name__} that were not run: {left}"
