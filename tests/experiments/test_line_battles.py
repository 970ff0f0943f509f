"""What rows T29 to T36 are given: battles watched from within are the same battles, and tables hold what they say."""

import copy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import same

from experiments.results.results import Results
from experiments.runs import watching
from experiments.validation.line_battles import LINE, LineBattles
from sim import battle
from sim.errors import InputError
from sim.forces import Kind, Side, Stage, Task
from sim.measures import CHIEF
from sim.mustering import muster
from sim.phases import PHASES


def test_a_watched_battle_is_the_same_battle():
    before = dict(PHASES)
    worlds = [muster("skirmish", 4) for _ in range(2)]
    bounds, sorties = watching.Bounds(), watching.Sorties()
    with watching.around("fire", bounds.before, bounds.after), watching.around("drones", sorties.before, sorties.after):
        battle.run(worlds[0], 12)
    battle.run(worlds[1], 12)
    assert same(*worlds) == [] and before == PHASES
    assert len(bounds.rows) > 3 and sorties.flown > 0
    seen = int(sum(row[3] for row in bounds.rows))
    assert 0 < seen <= worlds[0].books.slipped[Side.ATTACKER] and len(bounds.rows) <= worlds[0].books.infiltrations[Side.ATTACKER]


def test_a_phase_that_raises_is_put_back():
    before = dict(PHASES)
    with pytest.raises(ZeroDivisionError), watching.around("fire", lambda world: 1 // 0, lambda world: None):
        PHASES["fire"].run(None)
    assert before == PHASES


@pytest.fixture
def one_bound(skirmish_days):
    """A group of the attacker that goes east from the line, and three positions: two on its way, one far aside."""
    world = copy.deepcopy(skirmish_days)
    u, n = world.units, world.n
    foot = (u.kind[:n] == Kind.INFANTRY) & (u.men[:n] > 0)
    mine, theirs = (np.flatnonzero(foot & (u.side[:n] == side)) for side in Side)
    u.task[:n][foot] = Task.RESERVE
    i, near, aside = mine[0], theirs[:2], theirs[2]
    world.cells.depth[u.cell[i]] = 0.0
    u.task[i], u.stage[i] = Task.INFILTRATE, Stage.AT_LINE
    u.x[i], u.y[i], u.goal_x[i], u.goal_y[i] = 10.0, 10.0, 13.0, 10.0
    u.task[theirs[:3]] = Task.HOLD
    u.x[near], u.y[near], u.men[near], u.fatigue[near] = (10.5, 11.0), (10.2, 9.5), (1, 3), (10.0, 50.0)
    u.x[aside], u.y[aside], u.men[aside] = 10.5, 10.0 + watching.ASIDE_KM + 0.1, 9
    return world, i


@pytest.mark.parametrize(("lost", "stage", "through"), [(0, Stage.BEHIND_LINE, 1.0), (0, Stage.NONE, 0.0), (100, Stage.BEHIND_LINE, 0.0)])
def test_a_bound_is_recorded_with_the_positions_on_its_way(one_bound, lost, stage, through):
    world, i = one_bound
    watch = watching.Bounds()
    watch.before(world)
    world.units.stage[i] = stage
    world.units.hits[i] = 0
    world.units.hits[i, 0] = lost
    watch.after(world)
    assert watch.rows == [(world.day, pytest.approx(40.0), 4 / (2 * watching.ASIDE_KM), through)]


def test_a_bound_past_nobody_has_no_strain_and_one_behind_the_line_is_no_row(one_bound):
    world, i = one_bound
    watch = watching.Bounds()
    world.units.y[i] = world.units.goal_y[i] = 30.0
    watch.before(world)
    watch.after(world)
    assert watch.rows == [(world.day, 0.0, 0.0, 0.0)]
    world.cells.depth[world.units.cell[i]] = -3.0
    watch.before(world)
    watch.after(world)
    assert len(watch.rows) == 1


def test_sorties_near_the_objectives_are_what_leaves_the_stock(skirmish_days):
    world = copy.deepcopy(skirmish_days)
    u, n = world.units, world.n
    crews = np.flatnonzero((u.kind[:n] == Kind.FPV_TEAM) & (u.side[:n] == Side.DEFENDER))
    u.x[crews], u.y[crews] = 1e3, 1e3
    u.x[crews[0]], u.y[crews[0]] = world.objectives[:CHIEF, :2][0]
    world.step_index = watching.SETTLE_DAYS * world.scenario.steps_per_day
    watch = watching.Sorties()
    watch.before(world)
    u.stock[crews] -= 2.0
    watch.after(world)
    assert watch.flown == pytest.approx(2.0)


def made(columns):
    """The inputs of rows, with an ensemble whose daily rows have these columns."""
    daily = pd.DataFrame({"run": [0, 0, 1, 1], "day": [1, 0, 0, 1], "date": pd.to_datetime(["2024-09-02", "2024-09-01"] * 2), **columns})
    runs = pd.DataFrame({"run": [0, 1], "point": [0, 0], "seed": [1, 2], "status": "done"})
    inputs = LineBattles()
    inputs.get = lambda name: Results(runs, read_daily=lambda: daily)
    return inputs


def test_lines_are_those_of_each_run_by_day():
    found = made({measure: [k, 10.0 * k, 100.0 * k, 7.0] for k, measure in enumerate(LINE.values(), 1)}).lines()
    assert len(found) == 2 and list(found[0].days) == [10.0, 1.0] and list(found[1].men) == [300.0, 7.0]
    assert list(found[0].within((found[0].date[0], found[0].date[1]), (2,))) == [False, True]


def test_an_ensemble_without_the_measures_is_told():
    with pytest.raises(InputError, match="days_in_place_defender"):
        made({}).lines()


def test_reliefs_net_ground_is_that_between_two_days(monkeypatch):
    daily = pd.DataFrame({"run": [0, 0, 1, 1], "day": [100, 400] * 2, "held_km2": [10.0, 50.0, 20.0, 90.0]})
    runs = pd.DataFrame({"run": [0, 1], "point": [0, 1], "seed": [1, 1], "status": "done", "rotation_interval_days": [10.0, 180.0]})
    inputs = LineBattles()
    inputs.effort = SimpleNamespace(search=1)
    inputs._swept = lambda wanted: Results(runs, factors=["rotation_interval_days"], read_daily=lambda: daily)
    table = inputs.rotation_search()
    assert table.to_dict() == {10.0: {1: 40.0}, 180.0: {1: 70.0}}
