"""Measures look and change nothing; one that needs another's past gets it as an argument."""

import copy

import numpy as np
import pytest
from conftest import run, same

from sim.measures import MEASURES, Ground, Look, measure


@pytest.fixture(scope="module")
def month():
    return run("skirmish", 2, 20)


def test_attacks_a_day_are_those_of_the_last_14_days(month):
    daily = month.journal.daily()
    total = daily["attacks"] + daily["mounted_attacks"]
    want = [0.0] + [(total[t] - total[max(t - 14, 0)]) / min(t, 14) for t in range(1, len(total))]
    assert total[1] > 0 and daily["attacks_per_day"] == pytest.approx(want, abs=1e-12)
    assert daily["attacks_per_day"][1] == total[1]  # the first day counts as one day


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
