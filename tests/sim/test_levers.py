"""The manpower ratio and the rotation interval: who decides them, in one place, and what is recorded of them."""

from pathlib import Path

import numpy as np
import pytest
from conftest import same

import sim
from sim import battle, muster
from sim.levers import RATIO, ROTATION, acting, manpower_scale, move_levers, mustered_ratio, scenario_values
from sim.scenario import load_scenario, scenario_names
from sim.settings import Settings, catalog, resolve


def test_the_declarations_say_what_is_left_to_the_scenario():
    assert {d.key for d in catalog().values() if d.unset} == {RATIO, ROTATION}
    assert resolve("manpower_ratio").default is None and resolve("manpower_ratio").kind is float
    assert resolve("manpower_ratio").default_text == "as mustered"
    assert resolve(ROTATION).default_text == "45 where a formation has no interval of its own"
    assert resolve("morale").default_text == "0.75" and resolve("belts").default_text == "on"


@pytest.mark.parametrize("name", scenario_names())
def test_the_ratio_as_mustered_could_be_asked_for(name):
    d = catalog()[RATIO]
    assert d.low <= mustered_ratio(load_scenario(name)) <= d.high


def test_what_acts_unset_is_what_is_mustered():
    scenario = load_scenario("pokrovsk-2024")
    there = [f for f in scenario.formation if f.is_here(scenario.start)]
    men = [sum(f.infantry for f in there if f.side == side) for side in ("attacker", "defender")]
    values = acting(scenario)
    assert values[RATIO] == men[0] / men[1] == mustered_ratio(scenario)
    assert values[ROTATION] is None, "formations have their own"
    assert acting(scenario, {"manpower_ratio": 2, "rotation_interval_days": 20}).items() >= {RATIO: 2.0, ROTATION: 20.0}.items()
    assert list(values) == list(catalog()) and None not in [v for k, v in values.items() if k != ROTATION]


def test_a_battle_with_the_values_that_acted_is_the_same_battle():
    values = {key: value for key, value in acting(load_scenario("skirmish")).items() if value is not None}
    assert manpower_scale(load_scenario("skirmish"), Settings(values)) == 1.0
    assert same(battle.run(muster("skirmish", 3), 2), battle.run(muster("skirmish", 3, overrides=values), 2)) == []


def test_a_lever_moved_does_what_the_muster_does():
    """But for men and establishments that are there."""
    moved = {"manpower_ratio": 2.0, "rotation_interval_days": 12.0}
    world, other = muster("pokrovsk-2024", 1, record=False), muster("pokrovsk-2024", 1, overrides=moved, record=False)
    before = world.formations.establishment.copy()
    move_levers(world, moved)
    assert world.manpower_scale == other.manpower_scale == 2.0 / mustered_ratio(world.scenario)
    assert np.array_equal(world.formations.rotation_days, other.formations.rotation_days)
    coming = np.array([f.arrive is not None and f.arrive > world.date for f in world.scenario.formation])
    assert np.array_equal(world.formations.establishment[coming], other.formations.establishment[coming])
    assert np.array_equal(world.formations.establishment[~coming], before[~coming])
    assert (other.formations.establishment[~coming] < before[~coming]).any()


def test_sliders_start_where_the_battle_does():
    """The intervals of formations as their mean by men."""
    scenario = load_scenario("pokrovsk-2024")
    given = scenario_values(scenario)
    assert given[RATIO] == round(mustered_ratio(scenario), 2)
    own = [f.rotation_interval_days for f in scenario.formation if f.rotation_interval_days and f.side == "defender"]
    assert min(own) <= given[ROTATION] <= max(*own, 45.0)
    assert scenario_values(scenario.with_(params={ROTATION: 30.0}))[ROTATION] == 30.0


def test_the_rule_has_one_owner():
    files = [f for f in Path(sim.__file__).parent.rglob("*.py") if "view" not in f.parts]
    assert {f.name for f in files if "manpower_ratio" in f.read_text("utf-8")} == {"levers.py", "__init__.py"}  # and command's Params
