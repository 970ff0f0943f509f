"""Breakthroughs and pockets that are told: bodies of men or held ground that stand, once each."""

import copy

import numpy as np
import pytest

from sim.forces import Kind, Side, Task
from sim.turning_points import BODY_MEN, MEMORY_DAYS, POCKET_MEN, TurningPoints, Watch

FAR = 40  # a cell in the midst of the ground


def told(watch, *days):
    """How many patches a watch tells on each day: each day's patch covers these cells."""
    out = []
    for cells in days:
        patches = np.zeros(100, int)
        patches[list(cells)] = 1
        out.append(len(watch.new(patches, np.array([True, bool(cells)]))))
    return out


def test_a_patch_is_told_on_its_second_day_and_once():
    assert told(Watch(), [3], [3, 4], [4], [4, 5]) == [0, 1, 0, 0]
    assert told(Watch(), [3], [], [3], []) == [0, 0, 0, 0]
    assert told(Watch(), [3], [7], [7]) == [0, 0, 1]  # another place is another patch


def test_what_comes_back_within_a_week_is_not_told_again():
    assert sum(told(Watch(), [3], [3], *[[]] * MEMORY_DAYS, [3], [3])) == 1
    assert sum(told(Watch(), [3], [3], *[[]] * (MEMORY_DAYS + 1), [3], [3])) == 2


def test_patches_with_too_little_in_them_do_not_count():
    watch, patches = Watch(), np.zeros(100, int)
    patches[5:7], patches[50] = 1, 2
    counts = np.array([True, False, True])  # number 0 is the ground between patches
    assert watch.new(patches, counts) == []
    assert [list(cells) for cells in watch.new(patches, counts)] == [[50]]


@pytest.fixture
def ahead(skirmish_days):
    """A skirmish in which one group of the attacker of so many men, with a task, stands 6 km ahead of the line of a week ago."""

    def make(task, men):
        world = copy.deepcopy(skirmish_days)
        world.cells.front_week[:] = 5.0
        world.cells.control[:] = 0.0
        world.cells.front_week[FAR] = -6.0
        u, n = world.units, world.n
        mine = np.flatnonzero((u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == Side.ATTACKER))
        u.task[mine] = Task.RESERVE
        u.cell[mine[0]], u.task[mine[0]], u.men[mine[0]] = FAR, task, men
        return world

    return make


@pytest.mark.parametrize(
    ("task", "men", "expected"),
    [
        (Task.HOLD, BODY_MEN, [(0, 0), (1, 0), (0, 0)]),
        (Task.CONSOLIDATE, BODY_MEN, [(0, 0), (1, 0), (0, 0)]),
        (Task.CONSOLIDATE, BODY_MEN - 1, [(0, 0)] * 3),
        (Task.INFILTRATE, 50, [(0, 0)] * 3),  # a ring in the grey zone
    ],
)
def test_a_body_of_men_is_a_breakthrough_and_a_ring_of_infiltrators_is_none(ahead, task, men, expected):
    world = ahead(task, men)
    points = TurningPoints(world)
    assert [tuple(map(len, points.breakthroughs(world))) for _ in range(3)] == expected


def test_held_ground_is_a_breakthrough_without_men_and_deep_beyond_8_km(ahead):
    world = ahead(Task.RESERVE, 5)
    world.cells.front_week[FAR] = -9.0
    world.cells.control[FAR] = 1.0
    points = TurningPoints(world)
    assert [tuple(map(len, points.breakthroughs(world))) for _ in range(3)] == [(0, 0), (1, 1), (0, 0)]


@pytest.mark.parametrize(("men", "count"), [(POCKET_MEN, 1), (POCKET_MEN - 1, 0)])
def test_a_pocket_with_a_platoon_in_it_is_told(ahead, men, count):
    world = ahead(Task.HOLD, men)
    world.cells.cut[:] = 0
    world.cells.cut[FAR, Side.ATTACKER] = 1
    points = TurningPoints(world)
    found = [list(points.pockets(world)) for _ in range(3)]
    assert [len(day) for day in found] == [0, count, 0]
    assert all(side == Side.ATTACKER and list(cells) == [FAR] for day in found for side, cells in day)
