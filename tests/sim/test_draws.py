"""Luck is a pure function of (seed, stream, step, slot): sound, independent, and nobody else's business."""

import numpy as np
import pytest
from conftest import by_slot, run, same
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy import stats

from sim import battle, draws
from sim.forces import Task
from sim.mustering import muster

KNOWN_KEY = 5083284214039033974
KNOWN_DRAWS = [0.05316046115629902, 0.8368536828438481, 0.3551888566989727]


@njit
def many(key, first, n):
    """Uniforms of `n` slots from `first`."""
    out = np.empty(n)
    for i in range(n):
        out[i] = draws.uniform(key, first + i)
    return out


@njit
def several(key, slot, n):
    """The first `n` uniforms of one slot."""
    out = np.empty(n)
    for k in range(n):
        out[k] = draws.uniform_of(key, slot, k)
    return out


@given(seed=st.integers(0, 2**40), step=st.integers(-1, 10_000), slot=st.integers(0, 2**62))
def test_a_draw_is_a_pure_number_between_0_and_1(seed, step, slot):
    k = draws.key(seed, "losses", step)
    one = draws.uniform(k, slot)
    assert 0.0 <= one < 1.0
    assert one == draws.uniform(draws.key(seed, "losses", step), slot) == many(k, slot, 1)[0]


def test_known_values_stay():
    """The first draws of seed 1, written down: a change here changes every run anybody has made."""
    k = draws.key(1, "losses", 0)
    assert int(k) == KNOWN_KEY
    assert many(k, 0, 3).tolist() == KNOWN_DRAWS


def test_draws_are_uniform():
    for u in (many(draws.key(3, "fire", 7), 1 << 40, 50_000), several(draws.key(3, "fire", 7), 5, 50_000)):
        assert stats.kstest(u, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.02


def test_streams_steps_and_seeds_are_independent():
    n = 50_000
    base = many(draws.key(1, "fire", 5), 0, n)
    for k in (draws.key(1, "losses", 5), draws.key(1, "fire", 6), draws.key(2, "fire", 5)):
        assert abs(np.corrcoef(base, many(k, 0, n))[0, 1]) < 0.02
    names = ("fire", "losses", "weather", "fire ", "Fire")
    keys = {int(draws.key(seed, name, step)) for seed in range(20) for name in names for step in range(-1, 20)}
    assert len(keys) == 20 * len(names) * 21


def test_distributions_have_their_moments():
    u, v = many(draws.key(1, "a", 0), 0, 40_000), many(draws.key(1, "b", 0), 0, 40_000)
    poisson = np.array([draws.poisson(x, 2.5) for x in u])
    binomial = np.array([draws.binomial(x, 9, 0.3) for x in u])
    normal = np.array([draws.normal(x, y) for x, y in zip(u, v)])
    exponential = np.array([draws.exponential(x) for x in u])
    for sample, mean, sd in ((poisson, 2.5, 2.5**0.5), (binomial, 2.7, 1.89**0.5), (normal, 0, 1), (exponential, 1, 1)):
        assert sample.mean() == pytest.approx(mean, abs=5 * sd / 200)
        assert sample.std() == pytest.approx(sd, rel=0.05)
    assert draws.binomial(0.999999, 4, 1.0) == 4
    assert draws.binomial(0.5, 4, 0.0) == draws.binomial(0.5, 0, 0.5) == draws.poisson(0.5, 0.0) == 0


@given(u=st.floats(0, 1, exclude_max=True), n=st.integers(0, 12), chance=st.floats(0, 1))
def test_a_binomial_stays_in_its_range(u, n, chance):
    assert 0 <= draws.binomial(u, n, chance) <= n


def test_same_seed_same_bits_other_seed_other_battle():
    a = run(seed=5)
    assert same(a, run(seed=5)) == []
    assert "units.x" in same(a, run(seed=6))


def test_one_more_unit_changes_nobody_else():
    """A group far from everybody, waiting in a corner, leaves every other unit's fate as it was."""
    plain, more = muster("skirmish", 3), muster("skirmish", 3)
    row = more.n
    u = more.units
    for column in u:
        column[row] = column[0]
    u.slot[row] = 12_345
    u.task[row], u.place[row], u.partner[row], u.hurt[row] = Task.SERVE, 2, -1, 0
    u.x[row] = u.from_x[row] = u.goal_x[row] = 0.1 if u.side[row] else 11.9
    u.y[row] = u.from_y[row] = u.goal_y[row] = 0.1
    u.cell[row] = more.cell_of(float(u.x[row]), 0.1)
    u.kind[row], u.men[row] = 0, 3
    more.cursor[1] += 1
    for _ in range(4):
        battle.step(plain)
        battle.step(more)
        one, two = by_slot(plain), by_slot(more)
        others = two["slot"] != 12_345
        assert others.sum() == len(one["slot"])
        changed = [name for name in one if not np.array_equal(one[name], two[name][others])]
        assert changed == []


def test_two_arms_share_weather_and_all_other_luck():
    """Arms that differ in one lever have the same sky on every day, and the same start."""
    skies = []
    for overrides in ({}, {"bombs_per_day": 20.0}):
        world = muster("skirmish", 4, overrides=overrides)
        mustered = by_slot(world)
        days = []
        for _ in range(24):
            battle.step(world)
            days.append(tuple(world.weather.sky))
        skies.append((days, {k: v.tolist() for k, v in mustered.items()}))
    assert skies[0] == skies[1]


def test_a_lever_changes_nothing_before_it_acts():
    """With and without glide bombs: the same battle, unit by unit, until the first bomb falls."""
    for seed in range(1, 4):
        with_bombs, without = muster("skirmish", seed), muster("skirmish", seed, overrides={"bombs.enabled": False})
        for _ in range(80):
            battle.step(with_bombs)
            if with_bombs.totals.bombs_released:
                break
            battle.step(without)
            assert same(with_bombs, without) == []
        assert with_bombs.totals.bombs_released


def permute(table, order: np.ndarray) -> None:
    """Re-order the first rows of every column in place: row i becomes what row `order[i]` was."""
    n = order.shape[0]
    for column in table:
        column[:n] = column[:n][order]


def permuted(world, seed):
    """Puts the rows of a battle's units into another order."""
    n = world.n
    order = np.random.default_rng(seed).permutation(n)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    permute(world.units, order)
    partner = world.units.partner[:n]
    partner[partner >= 0] = place[partner[partner >= 0]]
    return world


@pytest.mark.parametrize("source, seed", [("skirmish", 1), ("skirmish", 4), ("skirmish", 6), ("pokrovsk-2024", 1)])
def test_the_order_of_rows_does_not_matter(source, seed):
    """Rows mixed at the start, and again every day: the same battle, unit by unit, to the last bit."""
    plain, mixed = muster(source, seed), permuted(muster(source, seed), 11)
    for day in range(3):
        for _ in range(4):
            battle.step(plain)
            battle.step(mixed)
            assert same(plain, mixed) == [], f"step {plain.step_index}"
        permuted(mixed, day)
