"""What men, their leaders and their reliefs are worth to a side: each rule by a small battle in which it can be seen."""

import copy
import math

import numpy as np
import pytest

from sim import battle
from sim.forces import Kind, Side, Stage, Task
from sim.leadership import slowness
from sim.mustering import muster
from sim.phases import decide, drones, fire, morale, move, sense, supply
from sim.phases.decide import reserves
from sim.settings import Settings
from sim.unit_rows import clear_row
from sim.worth import Knobs, worth


@pytest.fixture
def world():
    return muster("skirmish", 1, record=False)


def groups(world, side) -> np.ndarray:
    """Rows of a side's infantry."""
    u, n = world.units, world.n
    return np.flatnonzero((u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == side))


# Worth and digging


def test_a_relief_takes_over_what_was_dug(world):
    u = world.units
    mate, relief = groups(world, Side.DEFENDER)[:2]
    u.task[[mate, relief]], u.dug[mate], u.dug[relief] = Task.HOLD, 37.0, 0.0
    u.partner[relief], u.days[relief], u.hurt[relief] = mate, 0.0, 0
    for name in ("x", "y"):
        getattr(u, name)[relief] = getattr(u, f"goal_{name}")[relief] = getattr(u, f"from_{name}")[relief] = getattr(u, name)[mate]
    move.run(world)
    assert (u.task[[mate, relief]] == Task.HOLD).all(), "it has just come"
    morale.strain(world.geo, u, world.cells, world.nodes, world.formations, world.n, world.dt, world.knobs("morale", morale.Knobs))
    assert u.dug[relief] == world.dt
    u.dug[mate] = 37.0
    move.run(world)
    assert u.task[mate] in (Task.WITHDRAW, Task.RESERVE) and u.task[relief] == Task.HOLD
    assert u.dug[relief] == 37.0
    morale.run(world)
    assert u.dug[relief] == 37.0 + world.dt and u.dug[mate] == 0.0
    assert u.days[relief] == 2 * world.dt, "the place is known to it no better for that"


def test_a_march_to_lost_ground_ends_in_no_position(world):
    u = world.units
    for side, own in ((Side.ATTACKER, 11.0), (Side.DEFENDER, 1.0)):
        there, ahead = groups(world, side)[:2]
        for row, x in ((there, own), (ahead, 12.0 - own)):
            u.task[row], u.x[row], u.y[row], u.goal_x[row], u.goal_y[row] = Task.MARCH, x, 6.0, x, 6.0
        depth = [world.cells.depth[world.cell_of(x, 6.0)] for x in (own, 12.0 - own)]
        assert depth[0] * depth[1] < 0.0
        move.run(world)
        assert (u.task[there], u.task[ahead]) == (Task.HOLD, Task.CONSOLIDATE)


def test_worn_and_new_positions_are_worth_less(world):
    u, knobs = world.units, world.knobs("sense", Knobs)
    row = groups(world, Side.DEFENDER)[0]

    def value(days, strain, task=Task.HOLD, suppression=0.0):
        u.task[row], u.days[row], u.fatigue[row] = task, days, strain
        return worth(u, row, suppression, knobs)

    u.supply[row] = u.quality[row] = 1.0
    by_days, by_strain = [value(d, 0.0) for d in (0.0, 3.0, 10.0, 60.0)], [value(60.0, f) for f in (0.0, 10.0, 30.0, 90.0)]
    assert by_days == sorted(set(by_days)) and by_strain == sorted(set(by_strain), reverse=True)
    assert value(0.0, 0.0) == pytest.approx(1.0 - knobs.new_loss)
    assert value(0.0, 0.0, Task.ASSAULT) == value(90.0, 0.0, Task.ASSAULT) == 1.0, "an attack goes where nobody has been"
    assert value(60.0, 0.0, suppression=0.25) == pytest.approx(0.75 * value(60.0, 0.0))


def test_fire_of_the_line_is_that_of_worth(world):
    u = world.units
    sums = []
    for days, strain in ((60.0, 0.0), (0.0, 0.0), (60.0, 60.0)):
        rows = groups(world, Side.DEFENDER)
        u.task[rows], u.days[rows], u.fatigue[rows] = Task.HOLD, days, strain
        sense.run(world)
        sums.append((int(world.nodes.fire[:, 1].sum()), int(world.nodes.presence[:, 1].sum())))
    (best, men), *others = sums
    assert all(less < 0.8 * best and there == men for less, there in others)


# Attacks


def test_an_attack_that_was_hit_on_its_way_may_break_before_it_sets_out(world):
    """No defender and no fire is left: whoever was not hit lodges, and whoever lost a quarter of his men breaks now and then."""
    u = world.units
    for row in groups(world, Side.DEFENDER):
        clear_row(u, row)
    sense.run(world)
    rows = groups(world, Side.ATTACKER)
    u.task[rows], u.stage[rows], u.men[rows], u.x[rows] = Task.ASSAULT, Stage.AT_LINE, 8, 6.5
    u.cell[rows] = [world.cell_of(6.5, y) for y in u.y[rows]]
    u.goal_x[rows], u.goal_y[rows] = 6.0, u.y[rows]
    hit = np.arange(len(rows)) % 2 == 0
    u.hits[rows[hit], 0] = 2
    fire.run(world)
    task = u.task[rows]
    assert len(rows) > 40 and (task[~hit] == Task.CONSOLIDATE).all()
    broken = np.mean(task[hit] == Task.WITHDRAW)
    p, f = world.settings.fire, u.formation[rows[hit]]
    resolve = (p.resolve_base + p.resolve_morale * world.settings.morale.level) * (
        p.resolve_unled + p.resolve_leadership * world.formations.leadership[f].mean())
    assert broken == pytest.approx(1.0 - math.exp(-p.break_rate * 0.25**2 / resolve), abs=0.2)
    assert (u.hits[rows].sum(axis=1) == 2 * hit).all(), "nobody was hit since"
    assert world.books.broken[Side.ATTACKER] == (task[hit] == Task.WITHDRAW).sum()


# Leadership


def test_leadership_hastens_what_the_defender_sends(world):
    f, knobs = world.formations, decide.knobs_of(world)
    mine = f.side == Side.DEFENDER
    rates = []
    for led in (0.0, 0.5, 1.0):
        f.leadership[:] = led
        sets_out = reserves.readiness(f, world.dt, 0.5, 1.0, knobs._replace(counter_per_day=0.0))
        rates.append(-np.log(1.0 - sets_out[mine]) / world.dt)
    assert slowness(0.5) == 1.0
    assert rates[0] == pytest.approx(rates[1] / 2.0) and rates[2] == pytest.approx(1.5 * rates[1])


def asking(world, leadership=0.5, lost=False) -> int:
    """How many overdue positions of the defender ask for relief in 40 steps, at noon, each anew."""
    world, count = copy.deepcopy(world), 0
    u, rows = world.units, groups(world, Side.DEFENDER)
    world.formations.leadership[:] = leadership
    for step in range(0, 40 * world.scenario.steps_per_day, world.scenario.steps_per_day):
        u.task[rows], u.days[rows], u.partner[rows] = Task.HOLD, 400.0, -1
        u.x[rows] = 11.5 if lost else 4.0
        u.cell[rows] = [world.cell_of(x, y) for x, y in zip(u.x[rows], u.y[rows])]
        world.step_index = step
        decide.run(world)
        count += int((u.partner[rows] == -2).sum())
    return count


def test_poor_leaders_put_reliefs_off(world):
    usual = asking(world)
    assert asking(world, lost=True) == 0 < usual
    few, many = asking(world, leadership=0.0), asking(world, leadership=1.0)
    assert few == pytest.approx(0.5 * usual, rel=0.2) and many == pytest.approx(1.5 * usual, rel=0.2)


# Levers of one side


@pytest.mark.parametrize("side, other", [("attacker", "defender"), ("defender", "attacker")])
def test_levers_of_people_move_one_side_only(side, other):
    one, two = Side[side.upper()], Side[other.upper()]
    base = muster("skirmish", 1, record=False)
    moved = muster("skirmish", 1, overrides={f"morale_scale_{side}": 0.6, f"leadership_{side}": 0.5}, record=False)
    for world in (base, moved):
        assert len(groups(world, one)) and len(groups(world, two))
    u, v = base.units, moved.units
    rows = {s: groups(base, s) for s in (one, two)}
    assert v.morale[rows[one]] == pytest.approx(0.6 * u.morale[rows[one]])
    f, g = base.formations, moved.formations
    assert g.leadership[f.side == one] == pytest.approx(0.5 * f.leadership[f.side == one])
    for world in (base, moved):
        world.nodes.presence[:] = 0
        for _ in range(400):
            morale.strain(world.geo, world.units, world.cells, world.nodes, world.formations, world.n, 0.25,
                          world.knobs("morale", morale.Knobs))
    assert np.array_equal(u.morale[rows[two]], v.morale[rows[two]])
    assert np.array_equal(f.leadership[f.side == two], g.leadership[f.side == two])
    assert (v.morale[rows[one]] < 0.7 * u.morale[rows[one]]).all(), "and it stays"


def test_a_lever_of_leadership_makes_nobody_better_than_the_best():
    moved = muster("skirmish", 1, overrides={"leadership_attacker": 2.0}, record=False).formations
    assert moved.leadership.max() == 1.0


def test_twice_the_drones_are_delivered_and_flown():
    """Twice as many crews' worth of sorties, deliveries and stock on the one side; nothing on the other."""
    world = muster("skirmish", 1, overrides={"weather.enabled": False}, record=False)
    battle.run(world, 1)
    more = copy.deepcopy(world)
    more.use(Settings({"weather.enabled": False, "drones_defender": 2.0}))
    u, n = world.units, world.n
    crews = [np.flatnonzero((u.kind[:n] == Kind.FPV_TEAM) & (u.side[:n] == side)) for side in Side]
    got = []
    for w in (world, more):
        for rows in crews:
            w.units.stock[rows] = 0.0
        supply.run(w)
        got.append([w.units.stock[rows].sum() for rows in crews])
        for rows in crews:
            w.units.stock[rows] = 1e4
        supply.run(w)
        got[-1] += [w.units.stock[rows].max() for rows in crews]  # the most that they keep
        w.totals.flown[:] = 0
        for rows in crews:
            w.units.stock[rows] = 1e4
        w.units.suppression[:] = 0.0
        drones.run(w)
        got[-1] += w.totals.flown.tolist()
    few, twice = np.array(got, float)
    assert (few > 0).all()
    assert twice / few == pytest.approx([1.0, 2.0] * 3, rel=0.01)
