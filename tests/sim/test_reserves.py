"""Where men go: drafts answer to what formations lack, and the attacker's effort to what it brought."""

import math

import numpy as np
import pytest

from sim.forces import Side
from sim.mustering import muster
from sim.phases import arrive
from sim.phases.command import attacker


def lacking(world, share: float) -> None:
    """The defender's formations lack that share of their men."""
    f = world.formations
    mine = f.side == Side.DEFENDER
    f.infantry[mine], f.recruits[mine] = np.round((1.0 - share) * f.establishment[mine]), 0


def answers(overrides, days: int, share: float = 0.5) -> list[float]:
    """The factor on the defender's intake day by day, from a morning on which he is found to lack men."""
    world = muster("pokrovsk-2024", 1, overrides=overrides, record=False)
    out = []
    for _ in range(days):
        out.append(arrive.feedback(world))
        lacking(world, share)
        arrive.note_shortage(world)
    return out


def test_a_draft_answers_to_shortage_and_takes_its_time():
    world = muster("pokrovsk-2024", 1, record=False)
    p, days = world.settings.arrive, round(world.settings.arrive.draft_days)
    got = answers({}, 10 * days)
    assert got[0] == pytest.approx(1.0) and (np.diff(got) > 0.0).all()
    known = 0.5 + (arrive.scheduled_shortage(p) - 0.5) * math.exp(-days / p.draft_days)
    assert got[days] == pytest.approx(p.draft_most * known / (known + p.draft_half), rel=0.01)
    assert got[-1] == pytest.approx(p.draft_most * 0.5 / (0.5 + p.draft_half), rel=0.01) and max(got) < p.draft_most
    assert answers({}, 10 * days, share=0.2)[-1] < 1.0 < got[-1]
    assert answers({"arrive.draft_days": 2.0 * p.draft_days}, days + 1)[-1] < got[days]


def test_without_the_answer_the_scheduled_number_comes():
    assert set(answers({"reserves_feedback": False}, 60)) == {1.0}


def test_a_full_army_is_not_short():
    world = muster("pokrovsk-2024", 1, record=False)
    for _ in range(300):
        lacking(world, -0.3)
        arrive.note_shortage(world)
    assert 0.0 <= world.totals.short < 1e-3


@pytest.fixture(scope="module")
def winning():
    """A battle in which for a month ground falls in direction 2 only."""
    world = muster("pokrovsk-2024", 1, record=False)
    c = world.campaign
    there = np.flatnonzero((c.direction_at == 2) & (world.cells.control < 0.5))
    for day in range(30):
        world.cells.control[there[5 * day: 5 * day + 5]] = 1.0
        attacker.learn_returns(world)
    return world


def share_of_turns(world, direction: int) -> float:
    """Share of 3,000 draws in which a direction becomes the main one."""
    objectives = np.column_stack([world.objectives, np.ones(len(world.objectives))])
    days = []
    for day in range(3000):
        world.step_index, world.campaign.turn_left = day * world.scenario.steps_per_day, 0.0
        attacker.take_turns(world, objectives)
        days.append(world.campaign.main_direction)
    return float(np.mean(np.array(days) == direction))


def test_effort_goes_where_ground_was_gained(winning):
    c = winning.campaign
    others = np.delete(c.returns, 2)
    assert c.returns[2] > 2.0 and others.min() >= 0.1 and others[others != 1.0].max() == pytest.approx(0.1)
    fed = share_of_turns(winning, 2)
    learned, c.returns = c.returns, np.ones_like(c.returns)
    usual = share_of_turns(winning, 2)
    c.returns = learned
    assert fed > 1.5 * usual > 0.0


def test_the_main_direction_stays_longer_the_more_it_brings(winning):
    c = winning.campaign
    objectives = np.column_stack([winning.objectives, np.ones(len(winning.objectives))])
    left = []
    for direction in (2, 0):
        c.main_direction, c.turn_left = direction, 20.0
        attacker.take_turns(winning, objectives)
        left.append(c.turn_left)
    assert left[0] > 19.0 > left[1] >= 18.0


def test_nothing_is_learned_where_nothing_is_gained():
    world = muster("pokrovsk-2024", 1, record=False)
    for _ in range(10):
        attacker.learn_returns(world)
    assert (world.campaign.returns == 1.0).all() and (world.campaign.spent > 0).any()
