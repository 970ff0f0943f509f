"""Measures look and change nothing; one that needs another's past gets it as an argument."""

import copy

import numpy as np
import pytest
from conftest import run, same

from sim.forces import Kind, Side, Task
from sim.measures import CHIEF, MEASURES, NEAR_KM, RECENT_DAYS, Ground, Look, measure


@pytest.fixture(scope="module")
def month():
    return run("skirmish", 2, 20, overrides={"rotation_interval_days": 8.0})


def test_attacks_a_day_are_those_of_the_last_14_days(month):
    daily = month.journal.daily()
    total = daily["attacks"] + daily["mounted_attacks"]
    want = [0.0] + [(total[t] - total[max(t - 14, 0)]) / min(t, 14) for t in range(1, len(total))]
    assert total[1] > 0 and daily["attacks_per_day"] == pytest.approx(want, abs=1e-12)
    assert daily["attacks_per_day"][1] == total[1]  # the first day counts as one day


def test_rates_and_shares_are_of_the_last_14_days(month):
    daily = month.journal.daily()
    recent = {name: daily[name][-1] - daily[name][-1 - RECENT_DAYS] for name in ("attacks", "mounted_attacks", "reliefs_defender")}
    assert recent["mounted_attacks"] > 0 and recent["reliefs_defender"] > 0
    assert daily["mounted_share"][-1] == recent["mounted_attacks"] / (recent["attacks"] + recent["mounted_attacks"])
    assert daily["reliefs_per_day_defender"][-1] == recent["reliefs_defender"] / RECENT_DAYS
    assert np.isnan(daily["mounted_share"][0]) and daily["reliefs_per_day_defender"][0] == 0.0


def test_the_line_and_the_balance_of_forces(month):
    daily, u, n = month.journal.daily(), month.units, month.n
    foot = (u.kind[:n] == Kind.INFANTRY) & (u.men[:n] > 0)
    line = foot & (u.side[:n] == Side.DEFENDER) & (u.task[:n] == Task.HOLD)
    men = [u.men[:n][foot & (u.side[:n] == side)].sum() for side in Side]
    assert daily["line_density_defender"][-1] == pytest.approx(u.men[:n][line].sum() / daily["front_km"][-1])
    assert daily["infantry_ratio"][-1] == pytest.approx(men[0] / men[1])
    assert daily["strain_median_defender"][-1] == np.median(u.fatigue[:n][line])


def test_supply_and_drones_about_the_first_objectives(month):
    world = copy.deepcopy(month)
    here = world.objectives[:CHIEF, :2]
    world.cells.supply[:, 1] = 0.25
    world.cells.supply[world.cell_of(*here[0]), 1] = 0.75
    look = Look(world, world.journal.ground, {})
    assert look.value("supply_objectives") == pytest.approx(0.25 + 0.5 / len(here))
    u, n = world.units, world.n
    crews = np.flatnonzero((u.kind[:n] == Kind.FPV_TEAM) & (u.side[:n] == Side.DEFENDER))
    u.x[crews], u.y[crews], u.stock[crews] = 1e3, 1e3, 5.0
    assert look.value("drones_near_objectives") == 0.0
    u.x[crews[0]], u.y[crews[0]] = here[0] + (0.0, NEAR_KM - 0.1)
    u.x[crews[1]], u.y[crews[1]] = here[0] + (0.0, 300.0)
    assert Look(world, world.journal.ground, {}).value("drones_near_objectives") == 5.0


def test_looking_twice_gives_the_same_and_changes_nothing(month):
    world = copy.deepcopy(month)
    journal = world.journal
    past = {name: values[:-1] for name, values in journal.columns.items()}
    look = Look(world, journal.ground, past)
    first = {name: look.value(name) for name in MEASURES}
    again = Look(world, journal.ground, past)
    assert np.array_equal(list(first.values()), [again.value(name) for name in reversed(MEASURES)][::-1], equal_nan=True)
    assert np.array_equal(list(first.values()), [values[-1] for values in journal.columns.values()], equal_nan=True)
    assert same(world, month) == [] and journal.events == month.journal.events
    assert all(len(values) == 21 for values in journal.columns.values())


def test_a_measure_gets_the_past_it_names_with_this_day(month):
    """Whatever its place among the measures: here it is asked for before those that it needs."""
    given = {}

    @measure("", "state", "a test's own", needs=("held_km2", "attacks_per_day"))
    def of_the_past(look, held, pace):
        given.update(held=held, pace=pace)
        return held[-1]

    try:
        look = Look(month, Ground(), {"held_km2": [1.0, 2.0], "attacks_per_day": [3.0], "attacks": [4], "mounted_attacks": [0]})
        assert look.value("of_the_past") == look.value("held_km2") == given["held"][2]
        assert given["held"][:2] == [1.0, 2.0] and given["pace"] == [3.0, look.value("attacks") + look.value("mounted_attacks") - 4]
    finally:
        del MEASURES["of_the_past"]


def test_every_need_is_a_measure():
    assert all(need in MEASURES for m in MEASURES.values() for need in m.needs)
