"""What an attack lost on its way weighs on it at the line, in whichever step it was lost."""

import numpy as np
import pytest

from sim import battle
from sim.forces import Side, Task
from sim.mustering import muster

SENT = 10


def broken(lost: int) -> float:
    """Share of attacks that break before they meet anybody, when each lost so many of its men in earlier steps."""
    world = muster("skirmish", 5, record=False, overrides={"fire.direct_per_km": 0.005, "decide.attacks_per_group": 0.0})
    u, n = world.units, world.n
    mine = np.flatnonzero((u.side[:n] == Side.ATTACKER) & (u.task[:n] == Task.RESERVE) & (u.men[:n] > 0) & (u.kind[:n] == 0))
    u.task[mine], u.sent[mine], u.men[mine] = Task.ASSAULT, SENT, SENT - lost
    u.goal_x[mine], u.goal_y[mine] = u.x[mine] - 30.0, u.y[mine]
    before = int(world.books.broken[Side.ATTACKER])
    battle.run(world, 3)
    return (int(world.books.broken[Side.ATTACKER]) - before) / mine.size


def test_men_lost_in_earlier_steps_break_attacks():
    assert broken(0) + 0.1 < broken(8)


@pytest.mark.parametrize("task", [Task.ASSAULT, Task.MARCH])
def test_a_group_knows_with_how_many_it_set_out(task):
    from sim.phases.decide.goals import set_goal

    world = muster("skirmish", 5, record=False)
    i = int(np.flatnonzero(world.units.men[: world.n] > 3)[0])
    set_goal(world.geo, world.units, i, int(task), 10.0, 10.0)
    assert world.units.sent[i] == world.units.men[i]
