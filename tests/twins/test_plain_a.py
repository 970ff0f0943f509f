"""Kernel and plain twin do the same, bit for bit: draws, fields, the line, and the phases from arrive to move.

Each test throws small battles about and asks two things: that kernel and twin agree on everything they are handed, and
that every line of the plain rule was run, so that no branch went unasked.
"""

import inspect
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import arrive as plain_arrive
from plain import command as plain_command
from plain import decide as plain_decide
from plain import draws as plain_draws
from plain import fields as plain_fields
from plain import front as plain_front
from plain import move as plain_move
from plain import sense as plain_sense
from plain import supply as plain_supply
from plain import unit_rows as plain_unit_rows
from plain import visibility as plain_visibility
from plain.battle import kernels_of
from plain.scenes import DAY_KEY, KEY, agree, every_line, scene, unlike, wild

from sim import draws, fields, front, unit_rows, visibility
from sim.columns import allocate
from sim.fields import CONTACT, Blocks, Cells, Nodes, geometry
from sim.forces import Kind, Task
from sim.phases import arrive, command, decide, move, sense, supply
from sim.phases.command import attacker, defender, orders
from sim.phases.command import line as line_file
from sim.phases.command.line import read_line, set_base
from sim.phases.decide import crews, goals, infiltrators, reliefs, reserves

TWINS = {
    draws: plain_draws, fields: plain_fields, front: plain_front, unit_rows: plain_unit_rows, visibility: plain_visibility,
    arrive: plain_arrive, command: plain_command, supply: plain_supply, sense: plain_sense, decide: plain_decide, move: plain_move,
}
PACES = {"foot": 2.5, "truck": 12.0, "dash": 15.0, "exposure": 0.7}
SEEDS = st.integers(0, 2**32 - 1)
SLOTS = st.integers(0, 2**62)
UNIFORMS = st.floats(0.0, 1.0, exclude_max=True)
KEYS = st.integers(0, 2**64 - 1).map(np.uint64)


def on_scenes(examples: int):
    """Runs a check on so many scenes at once."""

    def run(check):
        settings(max_examples=examples)(given(seed=SEEDS)(lambda seed: check(scene(seed))))()

    return run


@pytest.mark.parametrize("module", TWINS, ids=lambda m: m.__name__)
def test_every_kernel_has_a_twin_with_the_same_parameters(module):
    assert kernels_of(module)
    for name, kernel in kernels_of(module).items():
        twin = getattr(TWINS[module], name)
        assert list(inspect.signature(twin).parameters) == list(inspect.signature(kernel.py_func).parameters), name


@given(key=KEYS, slot=SLOTS, k=st.integers(0, 20))
def test_uniforms(key, slot, k):
    agree(draws.uniform, plain_draws.uniform, key, slot)
    agree(draws.uniform_of, plain_draws.uniform_of, key, slot, k)


@settings(max_examples=100)
@given(u=UNIFORMS, v=UNIFORMS, mean=st.floats(0.0, 900.0), n=st.integers(0, 60), chance=st.floats(0.0, 1.0))
def test_distributions(u, v, mean, n, chance):
    agree(draws.poisson, plain_draws.poisson, u, mean)
    agree(draws.poisson, plain_draws.poisson, u, 20.0 * v)
    agree(draws.binomial, plain_draws.binomial, u, n, chance)
    agree(draws.binomial, plain_draws.binomial, u, n, 0.1 * v)
    agree(draws.normal, plain_draws.normal, u, v)
    agree(draws.exponential, plain_draws.exponential, u)


def test_fields():
    with every_line(plain_fields):

        @on_scenes(6)
        def check(s):
            g = s.geo
            for x, y in s.rng.uniform(-3.0, 15.0, (20, 2)).tolist():
                agree(fields.cell_at, plain_fields.cell_at, g, x, y)
                agree(fields.block_at, plain_fields.block_at, g, x, y)
                agree(fields.at_nodes, plain_fields.at_nodes, g, s.nodes.fire, 1, x, y)
                agree(fields.at_cells, plain_fields.at_cells, g, s.cells.wood, x, y)
                agree(fields.at_squares, plain_fields.at_squares, g, s.cells.depth, x, y)
            for c in s.rng.integers(0, g.nx * g.ny, 5).tolist():
                assert fields.cell_at(g, *plain_fields.center_of(g, c)) == c
                agree(fields.square_of, plain_fields.square_of, g, c)
                agree(fields.mean_of_square, plain_fields.mean_of_square, g, s.cells.wood, c)
                agree(fields.square_center, plain_fields.square_center, g, c)
            agree(fields.draw_line, plain_fields.draw_line, g, s.cells)
            agree(fields.outline, plain_fields.outline, g, s.cells, s.blocks)
            agree(front.trace, plain_front.trace, g, s.cells, s.front)
            s.cells.square_control[:] = 0.5  # no direction is uphill
            agree(fields.outline, plain_fields.outline, g, s.cells, s.blocks)

    geo, cells, nodes, blocks, *_ = long_map()
    for x, y in np.random.default_rng(3).uniform([-1.0, -5.0], [5.0, 145.0], (30, 2)).tolist():
        agree(fields.cell_at, plain_fields.cell_at, geo, x, y)
        agree(fields.block_at, plain_fields.block_at, geo, x, y)
        agree(fields.at_nodes, plain_fields.at_nodes, geo, nodes.presence, 0, x, y)
        agree(fields.at_cells, plain_fields.at_cells, geo, cells.supply[:, 0], x, y)
        agree(fields.at_squares, plain_fields.at_squares, geo, cells.depth, x, y)
    agree(fields.outline, plain_fields.outline, geo, cells, blocks)


@settings(max_examples=12)
@given(seed=SEEDS, nx=st.integers(2, 17), ny=st.integers(2, 17), sd=st.floats(0.3, 6.0), share=st.floats(0.0, 1.0))
def test_smoothing_and_distance_on_any_grid(seed, nx, ny, sd, share):
    control = (np.random.default_rng(seed).random(nx * ny) < share).astype(float)
    agree(fields.blur, plain_fields.blur, nx, ny, control, sd, control.copy(), control.copy())
    for want in (False, True):
        agree(fields.distance, plain_fields.distance, nx, ny, control, want, control.copy())


def test_front():
    points = []
    with every_line(plain_front):

        @on_scenes(15)
        def check(s):
            a = agree(front.trace, plain_front.trace, s.geo, s.cells, s.front)
            points.append(len(plain_front.points(a.front)))
            small = front.Front(*(c[:5].copy() for c in s.front[:-2]), *s.front[-2:])
            agree(front.trace, plain_front.trace, s.geo, s.cells, small)
            for y, reach in s.rng.uniform([-5.0, 0.0], [17.0, 9.0], (10, 2)).tolist():
                agree(front.points_near, plain_front.points_near, s.geo, a.front, y, reach)
            s.orders.count[0] = 0
            for u in (0.0, *s.rng.random(10).tolist(), 1.0 - 2.0**-53):
                for f in range(len(s.formations.side)):
                    agree(front.pick, plain_front.pick, s.orders, f, u < 0.5, u)

    assert min(points) == 0 and max(points) > 20, "no line at all, and a long one"
    geo, cells, *_ = long_map()
    agree(front.trace, plain_front.trace, geo, cells, front.empty_front(geo))


def test_enlist():
    rows = []
    with every_line(plain_unit_rows):

        @on_scenes(8)
        def check(s):
            for row in s.rng.integers(0, s.n, 3).tolist():
                agree(unit_rows.clear_row, plain_unit_rows.clear_row, s.units, row)
                agree(unit_rows.send_home, plain_unit_rows.send_home, s.units, s.formations, row)
            full = type(s.units)(*(c[: s.n].copy() for c in s.units))
            for units, start in ((s.units, 0), (s.units, s.n - 3), (full, 0), (full, s.n)):
                s.cursor[0] = start
                agree(unit_rows.take_row, plain_unit_rows.take_row, units, s.cursor)
                kind = int(s.rng.choice([Kind.INFANTRY, Kind.ARMOR, Kind.FPV_TEAM, Kind.ARTILLERY]))
                for f in range(len(s.formations.side)):
                    a = agree(unit_rows.raise_unit, plain_unit_rows.raise_unit, s.geo, units, s.formations, s.cursor, f,
                              kind, 5, 2, 2.0, KEY)
                    rows.append(a.result)

    assert min(rows) == -1 and max(rows) > 0, "no free row, and one"


def test_sight():
    with every_line(plain_visibility):

        @on_scenes(6)
        def check(s):
            for i in s.rng.integers(0, s.n, 40).tolist():
                shares = s.rng.uniform(0.1, 2.0, 3).tolist()
                agree(visibility.visibility, plain_visibility.visibility, s.units, i, 5, *shares)


def test_arrive():
    seen = Counter()
    with every_line(plain_arrive):

        @on_scenes(8)
        def check(s):
            for side in (0, 1):
                agree(arrive.draft, plain_arrive.draft, s.formations, s.books, side, float(s.rng.uniform(0, 40)), KEY)
                agree(arrive.equip, plain_arrive.equip, s.units, s.formations, s.books, s.n, side, float(s.rng.uniform(0, 5)), 2, KEY)
                lone = s.formations._replace(active=(s.formations.active * (s.formations.side != side)).astype("i1"))
                agree(arrive.draft, plain_arrive.draft, lone, s.books, side, 5.0, KEY)
                agree(arrive.equip, plain_arrive.equip, s.units, lone, s.books, s.n, side, 5.0, 2, KEY)
            leaving, mended = s.rng.random(2).tolist()
            agree(arrive.heal, plain_arrive.heal, s.formations, s.books, leaving, mended, KEY, KEY)
            group = s.rng.integers(2, 9, 2)
            a = agree(arrive.regroup, plain_arrive.regroup, s.geo, s.units, s.formations, s.cursor, s.n, group, 4, 9, 2,
                      KEY)
            before, after = s.units, a.units
            seen["dissolved"] += np.sum((before.kind == 0) & (after.kind != 0))
            formed = after.slot != before.slot
            seen["formed"] += np.sum(formed & (after.kind == 0))
            seen["section formed"] += np.sum(formed & (after.kind == 1))
            for name, kind in (("section", 1), ("crew", 2), ("battery", 3)):
                seen[f"men for a {name}"] += np.sum((after.kind == kind) & (after.men > before.men))
            seen["vehicles"] += np.sum(after.vehicles > before.vehicles)
            for f in range(len(s.formations.side)):
                agree(arrive.depart, plain_arrive.depart, s.units, s.formations, s.books, s.n, f)

    assert all(seen.values()), seen


def test_command():
    seen = Counter()
    with every_line(plain_command):

        @on_scenes(40)
        def check(s):
            knobs = wild(command.Params, command.Knobs, s.rng)
            g, u, c, f, n = s.geo, s.units, s.cells, s.formations, s.n
            line = int(s.front.count[0])
            f.infantry[f.active == 0] *= s.rng.integers(0, 2)
            agree(read_line, plain_command.read_line, g, c, s.nodes, s.front, 0.4)
            for row in range(len(f.side)):
                agree(set_base, plain_command.set_base, g, c, f, row, float(s.rng.uniform(3, 15)))
                agree(attacker.choose_axis, plain_command.choose_axis, f, row, s.objectives, float(s.rng.random()))
            for k in range(0, line, 5):
                agree(attacker.attack_worth, plain_command.attack_worth, s.geo, c, s.front, k, knobs)
            for x, y in s.rng.uniform(-20.0, 40.0, (6, 2)).tolist():
                for name in ("nearest_point", "neediest_point", "distance_to_line"):
                    agree(getattr(line_file, name), getattr(plain_command, name), g, s.front, x, y)
            swing, turn = s.rng.uniform(0.2, 2.0, (2, len(s.objectives)))
            a = agree(attacker.direct_attacker, plain_command.direct_attacker, g, c, s.front, f, s.objectives, knobs,
                      1.2, swing, turn, 0.3, np.array([KEY, KEY + 1, KEY + 2], np.uint64)).formations
            mine = (f.side == 0) & (f.active == 1)
            seen["pulled out"] += np.sum(mine & (a.state > f.state))
            seen["back"] += np.sum(mine & (a.state < f.state))
            seen["new axis"] += np.sum(mine & (a.axis != f.axis))
            seen["new main point"] += np.sum(mine & (a.main_left > f.main_left))
            seen["no line"] += line == 0
            agree(attacker.make_room, plain_command.make_room, g, s.front, f, knobs)
            for row in range(len(f.side)):
                agree(attacker.men_per_km, plain_command.men_per_km, g, s.front, f, row, float(s.rng.uniform(1, 8)))
            agree(defender.direct_defender, plain_command.direct_defender, g, u, c, s.front, f, n, knobs)
            agree(orders.write_orders, plain_command.write_orders, g, c, s.front, f, s.orders, knobs)
            a = agree(attacker.find_lodgements, plain_command.find_lodgements, g, u, c, s.nodes, s.front, f, n, knobs).formations
            seen["lodgement"] += np.sum(a.follow > 0)
            a = agree(defender.lend, plain_command.lend, u, f, n, 0.5, KEY).formations
            seen["lent"] += np.sum(a.away > f.away)
            a = agree(defender.take_back, plain_command.take_back, f, 0.5, KEY).formations
            seen["taken back"] += np.sum(a.away < f.away)

    assert all(seen.values()) and len(seen) == 8, seen


def search_both(geo, cells, nodes, blocks, source, closed, knobs, seen):
    """Search and pockets of both sides, by kernel and twin."""
    n = geo.nx * geo.ny
    for side in (0, 1):
        a = agree(supply.search, plain_supply.search, geo, cells, nodes, blocks, source, closed, side, knobs,
                  np.zeros(4 * n), np.zeros(4 * n, np.int32))
        seen["cut off"] += np.sum(a.cells.cost[:, side] == supply.FAR)
        a = agree(supply.label_pockets, plain_supply.label_pockets, geo, a.cells, nodes, side, 4.0,
                  np.zeros(4 * n, np.int32))
        seen[f"pockets of side {side}"] += a.result
        seen["two pockets"] += a.result > 1


def edges(geo, cells):
    """Cells on the edge of the map, by the side that holds them."""
    i, j = np.arange(geo.nx * geo.ny) % geo.nx, np.arange(geo.nx * geo.ny) // geo.nx
    edge = (i == 0) | (i == geo.nx - 1) | (j == 0) | (j == geo.ny - 1)
    return np.column_stack([edge & (cells.square_control >= 0.5), edge & (cells.square_control < 0.5)]).astype("i1")


def test_supply():
    seen = Counter()
    with every_line(plain_supply):

        @on_scenes(8)
        def check(s):
            closed = s.rng.integers(0, 2, len(s.cells.control)).astype("i1")
            knobs = wild(supply.Params, supply.Knobs, s.rng)
            search_both(s.geo, s.cells, s.nodes, s.blocks, s.world.network.sources, closed, knobs, seen)
            for enabled in (True, False):
                agree(supply.distribute, plain_supply.distribute, s.units, s.cells, s.n, 0.08,
                      s.rng.uniform(0, 30, (2, 2)), np.array([40.0, 300.0]), enabled)

        search_both(*long_map(), seen)  # in strips
    assert all(seen.values()), seen


def long_map():
    """A map too long for one search, where everything comes from the south; with the parameters as declared."""
    geo, rng = geometry(0.0, 0.0, 4.0, 140.0, 0.5), np.random.default_rng(5)
    cells = allocate(Cells, geo.nx * geo.ny)
    nodes = allocate(Nodes, geo.node_nx * geo.node_ny)
    blocks = allocate(Blocks, geo.block_nx * geo.block_ny)
    assert geo.ny > 2 * supply.STRIP
    held = rng.random((geo.ny // 2, geo.nx // 2)) < 0.6
    cells.held[:] = fields.MICRO * np.repeat(np.repeat(held, 2, 0), 2, 1).ravel()
    cells.control[:] = cells.held / fields.MICRO
    fields.draw_line(geo, cells)
    fields.outline(geo, cells, blocks)
    cells.road[:] = rng.integers(0, 5, len(cells.road))
    blocks.threat[:] = rng.exponential(0.5, blocks.threat.shape)
    nodes.fire[:] = rng.integers(0, 3, nodes.fire.shape) * 4096
    nodes.presence[:] = rng.integers(0, 3, nodes.presence.shape) * 4096
    source = edges(geo, cells)
    source[geo.nx * 6:] = 0
    knobs = supply.Knobs(**{k: float(v) for k, v in supply.Params().model_dump().items()})
    return geo, cells, nodes, blocks, source, np.zeros(len(cells.control), "i1"), knobs


@settings(max_examples=20)
@given(costs=st.lists(st.integers(0, 9).map(float), min_size=1, max_size=20))
def test_the_heap(costs):
    one, two = ((np.zeros(32), np.zeros(32, np.int32)) for _ in range(2))
    for size, cost in enumerate(costs):
        assert supply.push(*one, size, cost, size) == plain_supply.push(*two, size, cost, size) == size + 1
    out = []
    for size in range(len(costs), 0, -1):
        assert unlike(tuple(c[:size] for c in one), tuple(c[:size] for c in two)) == []
        entry = supply.pop(*one, size)
        assert unlike(entry, plain_supply.pop(*two, size)) == []
        out.append(entry[0])
    assert out == sorted(costs)


def test_sense():
    with every_line(plain_sense):

        @on_scenes(8)
        def check(s):
            knobs = wild(sense.Params, sense.Knobs, s.rng)
            for i in s.rng.integers(0, s.n, 3).tolist():
                agree(sense.worth, plain_sense.worth, s.units, i, knobs)
            agree(sense.freshness, plain_sense.freshness, float(s.rng.uniform(0, 90)), knobs)
            agree(sense.spread, plain_sense.spread, s.geo, s.units, s.nodes, s.n, CONTACT, knobs)
            agree(sense.bin_contact, plain_sense.bin_contact, s.geo, s.units, s.n,
                  np.zeros(len(s.cells.control) + 1, np.int32), np.zeros(len(s.units.kind), np.int32))
            agree(sense.count_strength, plain_sense.count_strength, s.units, s.formations, s.n)


def changes(before, after, seen):
    """Counts what units turned from and to: (kind, side, task before, task after)."""
    changed = np.flatnonzero((before.task != after.task) & (before.kind >= 0))
    for i in changed:
        side = "attacker" if before.side[i] == 0 else "defender"
        seen[Kind(before.kind[i]).name, side, Task(before.task[i]).name, Task(after.task[i]).name] += 1


def test_decide():
    seen, tallies = Counter(), np.zeros((2, 4), int)
    with every_line(plain_decide):

        @on_scenes(60)
        def check(s):
            g, u, f, o, line, c, b = s.geo, s.units, s.formations, s.orders, s.front, s.cells, s.blocks
            knobs = wild(decide.Params, decide.Knobs, s.rng)._replace(armor=1.0)
            armor = decide.ArmorKnobs(float(s.rng.uniform(1, 15)), 0.45, 0.5, 3, 6)
            setback = np.array([0.0, 0.0, 3.0, 8.0, 0.0])
            dt, light, leafy, mud = (float(s.rng.choice(v)) for v in ([0.25, 3.0], [0.0, 1.0], [0.5, 1.3], [0.0, 1.0]))
            tally = np.zeros((2, 4), np.int64)
            f.follow[f.side == 0] = s.rng.choice([0.0, 2.0])  # a lodgement to go for, or none
            ready = agree(reserves.readiness, plain_decide.readiness, f, dt, light, 0.5, knobs).result
            a = agree(decide.decide, plain_decide.decide, g, u, f, o, line, c, s.nodes, b, s.n, KEY, DAY_KEY, dt, light, leafy,
                      0.5, mud, knobs, armor, setback, ready, tally)
            tallies[:] += a.tally
            changes(u, a.units, seen)
            seen["asks for relief"] += np.sum((u.partner != -2) & (a.units.partner == -2))
            crews = (u.kind == Kind.FPV_TEAM) | (u.kind == Kind.ARTILLERY)
            seen["resited"] += np.sum(crews & (a.units.goal_x != u.goal_x))
            seen["hops"] += np.sum((u.task == Task.INFILTRATE) & (u.stage == 2) & (a.units.stage == 1))
            pairs = agree(reliefs.match_reliefs, plain_decide.match_reliefs, u, s.n, 4.0)
            seen["reliefs matched"] += pairs.result
            seen["reliefs with a partner"] += np.sum((u.partner < 0) & (pairs.units.partner >= 0))

    attacker, defender = ("INFANTRY", "attacker"), ("INFANTRY", "defender")
    for who, was, becomes in (
        (attacker, "RESERVE", "ASSAULT"), (attacker, "RESERVE", "INFILTRATE"), (attacker, "RESERVE", "MARCH"),
        (defender, "RESERVE", "ASSAULT"), (defender, "RESERVE", "MARCH"), (("ARMOR", "attacker"), "RESERVE", "DASH"),
        (attacker, "HOLD", "WITHDRAW"), (defender, "HOLD", "WITHDRAW"), (attacker, "INFILTRATE", "CONSOLIDATE"),
        (attacker, "INFILTRATE", "HOLD"), (attacker, "CONSOLIDATE", "HOLD"), (attacker, "CONSOLIDATE", "WITHDRAW"),
        (defender, "CONSOLIDATE", "HOLD"), (defender, "CONSOLIDATE", "WITHDRAW"),
    ):
        assert seen[*who, was, becomes], (who, was, becomes)
    for what in ("asks for relief", "resited", "hops", "reliefs matched", "reliefs with a partner"):
        assert seen[what], what
    assert (tallies[0, [0, 1, 3]] > 0).all() and tallies[1, 2] > 0, "attacks, infiltrations, dashes; counterattacks"


def test_the_rules_decide_is_made_of():
    @on_scenes(5)
    def check(s):
        g, u, f, o, line, rng = s.geo, s.units, s.formations, s.orders, s.front, s.rng
        knobs = wild(decide.Params, decide.Knobs, rng)
        rows = {side: np.flatnonzero((u.kind[: s.n] == 0) & (u.side[: s.n] == side))[:4].tolist() for side in (0, 1)}
        tally = np.zeros((2, 4), np.int64)
        ready = agree(reserves.readiness, plain_decide.readiness, f, 0.25, 0.5, 0.5, knobs).result
        agree(reserves.follow_rate, plain_decide.follow_rate, f, 0, 0.5, knobs)
        for margin in (0.05, 0.5):
            x = float(rng.uniform(-3, 15))
            agree(goals.inside, plain_decide.inside, g, x, margin)
            agree(goals.inside_y, plain_decide.inside_y, g, x, margin)
        for i in rows[0]:
            agree(reserves.attacker_reserve, plain_decide.attacker_reserve, g, u, f, o, line, i, KEY, 0.25, 1.1, 0.5,
                  ready, knobs, tally)
        for i in rows[1]:
            agree(reserves.defender_reserve, plain_decide.defender_reserve, g, u, f, o, line, i, KEY, DAY_KEY, 0.25,
                  ready, knobs, tally)
        for i in rows[0] + rows[1]:
            agree(infiltrators.infiltrator, plain_decide.infiltrator, g, u, s.cells, s.nodes, f, i, KEY, 0.7, knobs)
            agree(crews.resite, plain_decide.resite, g, u, o, line, i, KEY, 3.0)
            agree(goals.set_goal, plain_decide.set_goal, g, u, i, int(Task.MARCH), 13.0, 4.0)
            if line.count[0]:
                agree(goals.at_line, plain_decide.at_line, g, u, line, i, 0, int(Task.ASSAULT), 0.7, -0.3)
        way = rng.uniform(0.0, 12.0, 4).tolist()
        agree(crews.expected_burst, plain_decide.expected_burst, g, s.blocks, 0, *way)


def test_move():
    seen = Counter()
    with every_line(plain_move):

        @on_scenes(40)
        def check(s):
            g, u, f, c, b, n = s.geo, s.units, s.formations, s.cells, s.blocks, s.n
            declared = move.Params(safe_km=s.rng.uniform(3, 12)).model_dump() | PACES
            knobs = move.Knobs(*(float(declared[name]) for name in move.Knobs._fields))
            light, leaf = s.rng.random(2).tolist()
            agree(move.hide, plain_move.hide, g, c, b, leaf, light, 0.5, 0.5, 0.4)
            hours = float(s.rng.choice([1.0, 6.0]))
            a = agree(move.move, plain_move.move, g, u, f, c, b, n, hours, float(s.rng.random()), knobs)
            changes(u, a.units, seen)
            went = (a.units.x != u.x) | (a.units.y != u.y)
            seen["dash"] += np.sum(went & (u.kind == Kind.ARMOR) & (u.task == Task.DASH))
            seen["at the line"] += np.sum(went & (u.stage == 0) & (a.units.stage == 1))
            seen["seen"] += np.sum(a.blocks.traffic > 0)
            for place in range(3):
                seen["place", place] += np.sum(went & (a.units.place == place)) if place else np.sum(a.units.place == 0)
            seen["reliefs"] += agree(move.hand_over, plain_move.hand_over, g, u, f, c, b, n, hours, 0.3, knobs).result.sum()
            for i in s.rng.integers(0, n, 5).tolist():
                agree(move.arrive_at_goal, plain_move.arrive_at_goal, u, c, i)
                way = s.rng.uniform(0, 12, 4).tolist()
                agree(move.show, plain_move.show, g, b, 1, *way, 0.6)
                agree(move.show, plain_move.show, g, b, 1, *way[:2], *way[:2], 0.6)

    for who in ("attacker", "defender"):
        for was, becomes in (("MARCH", "HOLD"), ("MARCH", "CONSOLIDATE"), ("WITHDRAW", "RESERVE")):
            assert seen["INFANTRY", who, was, becomes], (who, was, becomes)
    assert all(seen.values()) and seen["reliefs"] and seen["dash"], seen
