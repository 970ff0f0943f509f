"""A battle begins from a state that lasts, on the line of the start, with its books and strengths as the scenario says."""

import numpy as np
import pytest

from sim import battle
from sim.errors import InputError
from sim.forces import Kind, Side, Task
from sim.mustering import muster
from sim.scenario import load_scenario

DAYS = 20
BURNED = load_scenario("pokrovsk-2024")
FRESH = BURNED.model_copy(update={"burn_in_days": 0})


def strain(world):
    """Mean strain of the defender's positions, days."""
    u, n = world.units, world.n
    return float(u.fatigue[:n][(u.kind[:n] == Kind.INFANTRY) & (u.task[:n] == Task.HOLD) & (u.side[:n] == Side.DEFENDER)].mean())


def test_the_scenarios_of_the_record_burn_in():
    names = ("pokrovsk-2024", "summer-2025", "breach-2025")
    assert {name: load_scenario(name).burn_in_days for name in names} == dict.fromkeys(names, DAYS)
    assert load_scenario("avdiivka-2024").burn_in_days == 0  # its line was thrown back days before
    assert load_scenario("skirmish").burn_in_days == 0


def test_line_clock_and_books_are_those_of_the_start():
    world, fresh = muster(BURNED, 3), muster(FRESH, 3)
    assert (world.day, world.step_index, world.date) == (0, 0, BURNED.start)
    assert np.array_equal(world.cells.held, fresh.cells.held)
    assert np.array_equal(world.cells.depth, fresh.cells.depth)
    assert (world.cells.works >= fresh.cells.works).all()
    assert world.books.killed.sum() == world.books.attacks.sum() == world.totals.flown.sum() == 0
    assert world.journal.n_days == 0 and world.journal.events == []
    world.check = True
    battle.run(world, 2)


def test_strength_is_the_scenarios():
    world = muster(BURNED, 3)
    u, f, n = world.units, world.formations, world.n
    there = f.active == 1
    for side in Side:
        groups = int(u.men[:n][(u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == side)].sum())
        mine = there & (f.side == side)
        assert groups + f.recruits[mine].sum() + f.away[mine].sum() == pytest.approx(f.establishment[mine].sum(), rel=0.01)


def test_nobody_has_lodged_beyond_the_line():
    """Ground that was taken in the burn-in was given back, and those who took it as well: no penetration on the first day."""
    world = battle.run(muster(BURNED, 3), 1)
    assert [e for e in world.journal.events if e["kind"] in ("breakthrough", "deep breakthrough", "pocket")] == []


def test_strain_lasts():
    """Without a burn-in strain nearly doubles in three weeks; with one it changes by a third at most."""

    def growth(scenario):
        world = muster(scenario, 3)
        before = strain(world)
        return strain(battle.run(world, DAYS)) / before

    assert growth(FRESH) > 1.5
    assert 0.75 < growth(BURNED) < 1.33


def test_a_battle_repeats_itself_after_its_burn_in():
    a, b = (battle.run(muster(BURNED, 4), 2) for _ in range(2))
    assert np.array_equal(a.units.x[: a.n], b.units.x[: b.n]) and np.array_equal(a.cells.held, b.cells.held)


def test_days_of_burn_in_are_checked(tmp_path):
    file = tmp_path / "long.toml"
    file.write_text('base = "skirmish"\nname = "long"\nburn_in_days = 200\n')
    with pytest.raises(InputError, match=r"burn_in_days.*120"):
        load_scenario(file)
