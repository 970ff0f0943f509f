"""A battle in plain Python is the same battle: every table, bit for bit, step after step."""

import copy
import dataclasses

import numpy as np
import pytest
from plain.battle import OF_THE_MAP, is_kernel, places, plain_kernels

from sim import battle
from sim.mustering import muster
from sim.scenario import load_scenario
from sim.world import World

NO_STATE = {"scenario", "settings", "sector", "geo", "journal", "scratch", "schedule", "_knobs"}  # given, constant, or scratch
OVERRIDES = {
    "as it is": {},
    "hard times": {"kill_zone_scale": 2.0, "infiltration_share": 0.6, "works.enabled": False, "bombs_per_day": 12.0},
}


def columns(value, name):
    """All arrays and plain values below a part of a battle, by dotted name."""
    if dataclasses.is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif hasattr(value, "_fields"):
        parts = value._asdict()
    else:
        return {name: value}
    return {key: part for own, inner in parts.items() for key, part in columns(inner, f"{name}.{own}").items()}


def differences(one, two):
    """Names of what is not the same to the last bit in two battles whose rows are stored alike."""
    state = [{key: part for name in World.__slots__ if name not in NO_STATE for key, part in columns(getattr(world, name), name).items()}
             for world in (one, two)]
    assert state[0].keys() == state[1].keys() and len(state[0]) > 100
    return [name for name, mine in state[0].items() if not alike(mine, state[1][name])]


def alike(a, b):
    return a.tobytes() == b.tobytes() if isinstance(a, np.ndarray) else a == b


def test_drones_without_reach_do_not_fly():
    schedule = [e.model_dump() | ({"value": 0.0} if e.key == "reach_attacker" else {}) for e in load_scenario("skirmish").schedule]
    compiled = muster(load_scenario("skirmish", schedule=schedule), 1, record=False, check=True)
    plain = copy.deepcopy(compiled)
    for step in range(6):
        battle.step(compiled)
        with plain_kernels():
            battle.step(plain)
        assert differences(compiled, plain) == [], f"step {step}"
    assert compiled.totals.flown[0] == 0 < compiled.totals.flown[1]


@pytest.mark.parametrize("seed, times, cell_km", [(1, "as it is", 1.0), (2, "as it is", 1.0), (1, "hard times", 1.0), (3, "as it is", 0.5)])
def test_a_battle_in_plain_python_is_the_same(seed, times, cell_km):
    compiled = muster(load_scenario("skirmish", cell_km=cell_km), seed, overrides=OVERRIDES[times], record=False, check=True)
    plain = copy.deepcopy(compiled)
    for step in range(6):
        battle.step(compiled)
        with plain_kernels():
            battle.step(plain)
        assert differences(compiled, plain) == [], f"step {step}"


def test_a_muster_in_plain_python_is_the_same():
    compiled = muster("skirmish", 3, record=False)
    with plain_kernels():
        plain = muster("skirmish", 3, record=False)
    assert differences(compiled, plain) == []


def test_every_kernel_has_a_twin_and_gets_its_place_back():
    before = {(module.__name__, name): getattr(module, name) for module, name in places()}
    assert {name.split(".")[1] for name, _ in before} >= {"phases", "mustering", "front", "fields", "unit_rows", "draws"}
    with plain_kernels():
        left = [(module.__name__, name) for module, name in places()]
        assert left == [] and not OF_THE_MAP & {module for module, _ in before}
    assert before == {(module.__name__, name): getattr(module, name) for module, name in places()}
    assert all(is_kernel(kernel) for kernel in before.values())


def test_places_are_given_back_after_an_error():
    with pytest.raises(ZeroDivisionError), plain_kernels():
        1 / 0  # noqa: B018
    assert places() != []
