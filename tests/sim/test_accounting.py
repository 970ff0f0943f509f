"""Men and vehicles balance at every step, by side, cause and place, whatever the seed, the levers and the switches."""

import numpy as np
import pytest
from conftest import run
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sim import battle
from sim.accounting import check_books
from sim.forces import CAUSES, PLACES, SIDES, Side, casualties
from sim.measures import MEASURES
from sim.mustering import muster
from sim.settings import catalog

SWITCHES = sorted(key for key, d in catalog().items() if d.is_switch)
LEVERS = sorted(key for key, d in catalog().items()
                if d.role == "lever" and d.kind is float and d.low is not None and d.high is not None)
ALL = {d.key for d in catalog().values() if d.kind is float and d.low is not None and d.high is not None}


def between(key):
    """Values of a parameter, over its whole range."""
    d = catalog()[key]
    return st.floats(d.low, d.high, allow_nan=False)


levers = st.lists(st.sampled_from(LEVERS), max_size=4, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: between(key) for key in keys}))
anything = st.lists(st.sampled_from(sorted(ALL)), min_size=5, max_size=25, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: between(key) for key in keys}))
off = st.sets(st.sampled_from(SWITCHES), max_size=4)


def holds(world):
    """What must be true of any battle at any time (its books are checked at every step)."""
    d = world.journal.daily()
    for name, m in MEASURES.items():
        # net ground goes both ways, and a wounded man who dies while waiting moves to the killed
        if m.kind == "total" and name != "net_direction_km2" and not name.startswith("wounded"):
            assert (np.diff(d[name]) >= 0).all(), f"{name} fell"
    for side in SIDES:
        total = d[f"casualties_{side}"]
        assert (sum(d[f"{fate}_{side}"] for fate in ("killed", "wounded", "captured", "missing")) == total).all()
        assert (sum(d[f"casualties_{side}_{cause}"] for cause in CAUSES) == total).all()
        assert (sum(d[f"casualties_{side}_{place}"] for place in PLACES) == total).all()
    net = d["held_km2"] - d["held_km2"][0]
    assert np.allclose(net, d["gained_km2"] - d["lost_km2"], atol=1e-6)
    for table in (world.units, world.formations, world.books, world.cells, world.blocks):
        for name in table._fields:
            column = getattr(table, name)
            assert np.isfinite(column).all(), f"{name} is not finite"
    u, live = world.units, world.live()
    g = world.geo
    assert ((u.x[live] >= g.x0) & (u.x[live] <= g.x0 + g.width)).all()
    assert ((u.y[live] >= g.y0) & (u.y[live] <= g.y0 + g.height)).all()
    assert (u.cell[live] == [world.cell_of(x, y) for x, y in zip(u.x[live], u.y[live])]).all()
    assert len(set(u.slot[live].tolist())) == len(live), "a slot stands for one unit"
    for name in ("morale", "supply", "suppression", "quality"):
        column = getattr(u, name)[live]
        assert ((column >= 0) & (column <= 1)).all(), f"{name} outside 0..1"


@given(seed=st.integers(0, 10_000), levers=levers, off=off)
@example(seed=1, levers={}, off=set())
@example(seed=2, levers={}, off=set(SWITCHES))
def test_books_balance_under_any_lever_and_switch(seed, levers, off):
    holds(run("skirmish", seed, 3, overrides={**levers, **{key: False for key in off}}))


@given(seed=st.integers(0, 10_000), values=anything)
@hypothesis_settings(max_examples=8)
def test_books_balance_under_any_parameters_in_their_ranges(seed, values):
    holds(run("skirmish", seed, 3, overrides=values))


def test_books_balance_to_the_end_of_a_skirmish():
    world = run("skirmish", 3, 20)
    holds(world)
    assert all(casualties(world.books, side) > 0 for side in Side)


def test_books_balance_in_the_baseline():
    world = run("pokrovsk-2024", 1, 3)
    holds(world)
    assert all(casualties(world.books, side) > 0 for side in Side)


def test_each_side_pays_for_its_own(skirmish_days):
    d = skirmish_days.journal.daily()
    assert d["casualties_attacker"][-1] > 0 and d["casualties_defender"][-1] > 0


@pytest.mark.parametrize("column, message", [("men", "the books say"), ("vehicles", "vehicles, the books say")])
def test_the_check_finds_a_lost_man_and_a_lost_vehicle(column, message):
    world = muster("skirmish", 1, check=True)
    battle.step(world)
    row = int(np.flatnonzero(getattr(world.units, column)[: world.n] > 0)[0])
    getattr(world.units, column)[row] -= 1
    with pytest.raises(AssertionError, match=message):
        check_books(world)
