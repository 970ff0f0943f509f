"""The attacker's effort: directions take turns, and what one gets the others lack."""

import numpy as np
import pytest

from sim import battle
from sim.forces import Kind
from sim.mustering import muster
from sim.phases import arrive
from sim.phases.command import attacker
from sim.scenario import load_scenario


@pytest.fixture
def world():
    return muster(load_scenario("pokrovsk-2024"), 1, record=False)


def infantry_by_direction(world) -> np.ndarray:
    f = world.formations
    mine = (f.side == 0) & (f.active == 1)
    return np.bincount(world.campaign.direction_of[f.axis[mine]], f.infantry[mine], minlength=world.campaign.direction_of.max() + 1)


def test_objectives_of_one_direction_share_its_number(world):
    names = [o.name for o in world.scenario.objective]
    number = dict(zip(names, world.campaign.direction_of.tolist()))
    assert number["Pokrovsk"] == number["Myrnohrad"] == number["Selydove"] == number["Dobropillia"]
    assert len({number[name] for name in ("Pokrovsk", "Kurakhove", "Toretsk side", "Novopavlivka")}) == 4


def test_an_objective_without_a_direction_is_its_own():
    assert muster(load_scenario("skirmish"), 1, record=False).campaign.direction_of.tolist() == [0, 1]


def test_effort_is_shifted_and_not_made(world):
    f = world.formations
    mine = (f.side == 0) & (f.active == 1)
    for main in range(3):
        world.campaign.main_direction = main
        _, turn = attacker.effort(world)
        assert np.average(turn[f.axis[mine]], weights=f.infantry[mine]) == pytest.approx(1.0)
        on = world.campaign.direction_of == main
        assert turn[on].min() > 1.0 > turn[~on].max()
        assert turn[~on].max() / turn[on].max() == pytest.approx(world.settings.command.turn_others)


def test_alone_a_direction_has_the_usual_effort():
    assert attacker.effort(muster(load_scenario("division"), 1, record=False))[1].tolist() == [1.0]


def test_directions_take_turns_among_those_that_can(world):
    seen = set()
    for day in range(600):
        world.step_index = day * world.scenario.steps_per_day
        objectives = np.column_stack([world.objectives, world.campaign.direction_of != 1])  # Kurakhove's has fallen
        attacker.take_turns(world, objectives)
        seen.add(world.campaign.main_direction)
    assert world.campaign.direction_of[[o.name for o in world.scenario.objective].index("Kurakhove")] == 1
    assert 1 not in seen
    assert {d for d, men in enumerate(infantry_by_direction(world)) if men and d != 1} == seen


def test_the_main_direction_is_served_first(world):
    f = world.formations
    lack = np.full(f.side.shape, 100.0)
    f.claim[:] = np.where(world.campaign.direction_of[f.axis] == 0, 2.0, 0.5)
    got = arrive.allocation(f, 0, 3000.0, lack, lack, 0.03, np.uint64(7))
    mine = (f.side == 0) & (f.active == 1)
    main = mine & (world.campaign.direction_of[f.axis] == 0)
    assert got[~mine].sum() == 0
    assert got[main].mean() == pytest.approx(4.0 * got[mine & ~main].mean(), rel=0.05)


def test_lost_sections_are_formed_again_and_no_more_than_there_were(world):
    u, f = world.units, world.formations
    sections = np.flatnonzero((u.kind == Kind.ARMOR) & (u.side == 0))
    u.kind[sections[::2]] = Kind.FREE
    f.vehicle_pool[f.side == 0] += 40
    f.recruits[f.side == 0] += 400
    for _ in range(world.scenario.steps_per_day):
        battle.step(world)
    u, n = world.units, world.n
    armor = (u.kind[:n] == Kind.ARMOR) & (u.side[:n] == 0)
    there = np.bincount(u.formation[:n][armor], minlength=f.side.size)
    mine = (f.side == 0) & (f.active == 1)
    assert (there[mine] <= f.sections[mine]).all()
    assert there[mine].sum() > 0.9 * f.sections[mine].sum()
