"""Intervals, contrasts, effects and shares against known truths, and where nothing is there."""

import math

import numpy as np
import pandas as pd
import pytest
from helpers.made_up import LEVERS, M, frames, levers, made_up, nothing, share_of, without

from experiments.analysis import effects, intervals
from experiments.analysis.noise import noise
from experiments.analysis.variance import variance_shares
from sim.errors import InputError

# Intervals


def test_a_mean_lies_in_its_interval_95_times_of_100():
    rng = np.random.default_rng(1)
    trials = [intervals.of_mean(rng.normal(3, 2, 8)) for _ in range(600)]
    assert 0.93 < share_of(trials, lambda t: t.low <= 3 <= t.high) < 0.97


def test_so_does_a_bootstrapped_one_of_skewed_values():
    rng = np.random.default_rng(2)
    trials = [intervals.of_mean(rng.exponential(1, 40), "bootstrap") for _ in range(150)]
    assert 0.88 < share_of(trials, lambda t: t.low <= 1 <= t.high) < 0.99


def test_so_does_a_difference_of_unequal_spreads():
    rng = np.random.default_rng(3)
    trials = [intervals.of_difference(rng.normal(0, 5, 6), rng.normal(1, 1, 20)) for _ in range(400)]
    assert 0.92 < share_of(trials, lambda t: t.low <= 1 <= t.high) < 0.98


def test_few_or_equal_values_have_no_spread_and_say_so():
    assert math.isnan(intervals.of_mean([4.0]).low)
    assert "single" in intervals.of_mean([4.0, math.nan]).note
    assert intervals.of_mean([]).n == 0
    same = intervals.of_mean([2, 2, 2])
    assert (same.low, same.high, same.note) == (2, 2, "all values equal")
    assert "no bootstrap" in intervals.of_mean([1, 2, 3], "bootstrap").note
    assert intervals.of_share(0, 10).high == pytest.approx(0.278, abs=0.001)  # Wilson's, as in tables


def test_seeds_are_told_in_short():
    assert intervals.seeds_text([3, 1, 2, 7, 9, 10]) == "1-3, 7, 9-10"
    assert intervals.seeds_text([]) == ""


# Contrasts


def test_a_contrast_is_the_mean_of_differences_seed_by_seed():
    r = made_up("factorial", levers, factors=LEVERS, noise=1.0, shift=10.0, replicates=6)
    told = effects.paired(r, M, "manpower_ratio", 1, 4, at={"rotation_interval_days": 10})
    table = r.matrix(M)
    gap = table.loc[4] - table.loc[0]
    assert told.mean == pytest.approx(gap.mean())
    assert (told.n, told.seeds, told.settings, told.unit, told.dropped) == (6, (1, 2, 3, 4, 5, 6), 1, "km2", 0)
    assert told.low < 15 < told.high
    assert told.mean_b - told.mean_a == pytest.approx(told.mean)
    assert "km2" in told.sentence()
    assert "seeds (1-6)" in told.sentence()
    both = effects.paired(r, M, "manpower_ratio", 1, 4)
    assert both.settings == 2
    assert both.low < 22.5 < both.high


@pytest.mark.parametrize("saved", [0.0, 0.5, 0.9])
def test_the_variance_saved_is_the_correlation_of_the_seeds(saved):
    shift = math.sqrt(saved / (1 - saved))  # of a common part beside an own part of 1
    r = made_up("factorial", nothing, factors={"manpower_ratio": [1.0, 2.0]}, noise=1.0, shift=shift, replicates=4000)
    assert effects.paired(r, M, "manpower_ratio", 1, 2).variance_saved == pytest.approx(saved, abs=0.04)


def test_nothing_is_found_five_times_of_a_hundred_where_nothing_is():
    trials = [
        effects.paired(
            made_up("factorial", nothing, factors=LEVERS, noise=1.0, shift=5.0, replicates=6, seed=k),
            M,
            "manpower_ratio",
            1,
            4,
        )
        for k in range(150)
    ]
    assert 0.01 < share_of(trials, lambda t: t.is_clear) < 0.10


def test_failed_runs_are_dropped_in_pairs_and_counted():
    r = made_up("factorial", levers, factors=LEVERS, shift=10.0)
    lost = without(r, (0, 2), (4, 3))
    told = effects.paired(lost, M, "manpower_ratio", 1, 4, at={"rotation_interval_days": 10})
    assert (told.n, told.seeds, told.dropped) == (2, (1, 4), 2)
    assert told.mean == pytest.approx(15)
    both = effects.paired(lost, M, "manpower_ratio", 1, 4)
    assert (both.n, both.dropped) == (4, 2)


def test_one_seed_gives_an_effect_without_an_interval():
    told = effects.paired(made_up("factorial", levers, factors=LEVERS, replicates=1), M, "manpower_ratio", 1, 4)
    assert told.mean == pytest.approx(22.5)
    assert math.isnan(told.low)
    assert not told.is_clear
    assert "single" in told.note
    assert math.isnan(told.variance_saved)


def test_a_measure_that_never_changes_says_so():
    told = effects.paired(made_up("factorial", nothing, factors=LEVERS), M, "manpower_ratio", 1, 4)
    assert (told.mean, told.low, told.high, told.note) == (0, 0, 0, "all differences equal")
    assert not told.is_clear


def test_categories_and_switches_are_compared_by_name():
    table = {"works": {"bundles": {"with": {}, "without": {"belts": False}}}, "reserves_feedback": [True, False]}
    r = made_up("factorial", lambda u, x: 3.0 * (x["works"] == "without") + 2.0 * x["reserves_feedback"], factors=table)
    assert effects.paired(r, M, "works", "with", "without").mean == pytest.approx(3)
    assert effects.paired(r, M, "reserves_feedback", True, False).mean == pytest.approx(-2)


def test_what_cannot_be_compared_is_told_in_a_line():
    r = made_up("factorial", levers, factors=LEVERS)
    with pytest.raises(InputError, match="no point has the level 3"):
        effects.paired(r, M, "manpower_ratio", 1, 3)
    with pytest.raises(InputError, match="cannot be held"):
        effects.paired(r, M, "manpower_ratio", 1, 2, at={"manpower_ratio": 1})
    with pytest.raises(InputError, match="method"):
        effects.paired(r, M, "manpower_ratio", 1, 2, method="guess")
    sample = made_up("lhs", nothing, points=10)
    with pytest.raises(InputError, match="all else equal"):
        a, b = sample.points.iloc[:2, 0]
        effects.paired(sample, M, sample.factors[0], a, b)


# Effects


def test_effects_of_a_grid_are_those_of_the_formula():
    table = effects.effects(made_up("factorial", levers, factors=LEVERS, noise=0.1, shift=5.0, replicates=8), M)
    rows = {(r.factor, r.by, r.b): r for r in table.itertuples()}
    for key, truth in {
        ("manpower_ratio", "", 4.0): 22.5,
        ("rotation_interval_days", "", 60.0): 35 / 3,
        ("manpower_ratio", "rotation_interval_days", 4.0): 15,
    }.items():
        assert rows[key].low < truth < rows[key].high
        assert rows[key].clear
    assert table.attrs["shape"] == "factorial"
    assert set(table["unit"]) == {"km2"}
    assert set(table["n"]) == {8}


def test_effects_one_at_a_time_are_against_the_baseline():
    factors = {"manpower_ratio": [2.0, 5.0], "drones_attacker": [0.5, 1.0, 2.0]}
    r = made_up(
        "one-at-a-time",
        lambda u, x: x["manpower_ratio"].fillna(3.0) * 10 + x["drones_attacker"],
        factors=factors,
        noise=0.1,
        shift=5.0,
    )
    assert math.isnan(r.points["manpower_ratio"][0])  # the scenario decides
    table = effects.effects(r, M).set_index(["factor", "b"])["effect"]
    assert table["manpower_ratio"].round().to_dict() == {2.0: -10, 5.0: 20}
    assert table["drones_attacker"].round(0).to_dict() == {0.5: -0.0, 2.0: 1.0} or table["drones_attacker"][
        2.0
    ] == pytest.approx(1, abs=0.4)


def test_effects_of_a_sample_are_slopes_over_the_range():
    def line(u, _x):
        return 6 * u[:, 0] - 3 * u[:, 1] + 4 * (u[:, 0] - 0.5) * (u[:, 1] - 0.5)

    table = effects.effects(made_up("lhs", line, points=60, noise=0.5, shift=9.0, seed=2), M)
    by = table.set_index(["factor", "by"])
    names = list(dict.fromkeys(table["factor"]))
    for key, truth in {(names[0], ""): 6, (names[1], ""): -3, (names[2], ""): 0, (names[0], names[1]): 4}.items():
        assert by.loc[key, "low"] < truth < by.loc[key, "high"]
    assert by.loc[(names[2], ""), "clear"] == False  # noqa: E712
    assert table.attrs["r2"] > 0.9


def test_slopes_lie_in_their_intervals_though_no_line_fits_and_seeds_have_slopes_of_their_own():
    x = np.linspace(0, 1, 10001)
    truth = 12 * np.mean(np.sin(6 * x) * (x - 0.5))
    rng, hits = np.random.default_rng(4), []
    for k in range(50):
        r = made_up(
            "lhs",
            lambda u, _x: 3 * u[:, 0] + np.sin(6 * u[:, 1]),
            factors=2,
            points=30,
            replicates=5,
            noise=0.5,
            shift=3.0,
            seed=k,
            design_seed=k,
        )
        slopes = rng.normal(0, 1, 5)
        u = r.study.unit_sample()
        values = r.matrix(M).to_numpy() + np.outer(u[:, 0] - 0.5, slopes)
        table = effects.effects(frames(values, r.points, r.study), M)
        hits += [table["low"][0] <= 3 <= table["high"][0], table["low"][1] <= truth <= table["high"][1]]
    assert 0.90 < np.mean(hits) <= 1.0


def test_too_few_points_for_slopes_are_told():
    table = effects.effects(made_up("lhs", nothing, factors=6, points=5), M)
    assert table.empty
    assert "5 points cannot separate" in table.attrs["note"]


# Noise and shares of a grid


def test_noise_is_what_is_left_without_points_and_seeds():
    told = noise(made_up("factorial", levers, factors=LEVERS, noise=2.0, shift=30.0, replicates=200).matrix(M))
    assert told.run == pytest.approx(4, rel=0.08)
    assert told.mean == pytest.approx(4 / 200, rel=0.08)
    assert told.is_there
    one = noise(made_up("factorial", levers, factors=LEVERS, replicates=1).matrix(M))
    assert math.isnan(one.run)
    assert "one seed" in one.note


@pytest.mark.parametrize("alike", [False, True])
def test_points_that_do_not_differ_are_seldom_told_apart(alike):
    """Also where one seed moves neighbors alike."""
    rng = np.random.default_rng(5)
    slopes = np.repeat(np.linspace(-2, 2, 5), 5)[:, None] if alike else np.zeros((25, 1))
    trials = [
        noise(pd.DataFrame(slopes * rng.normal(size=10) + rng.normal(size=(25, 10)) + 9 * rng.normal(size=10)))
        for _ in range(200)
    ]
    assert share_of(trials, lambda t: t.is_there) < 0.11


def test_shares_of_a_grid_are_those_of_statsmodels():
    """On a grid with a hole, where the order of terms matters."""
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm

    factors = {
        "manpower_ratio": [1.0, 2.0, 3.0, 4.0, 5.0],
        "rotation_interval_days": [10.0, 60.0],
        "reserves_feedback": [True, False],
    }
    r = made_up("factorial", lambda u, x: levers(u, x) + x.index**2 % 7, factors=factors, replicates=1)
    r = without(r, (3, 1), (8, 1))
    data = r.done.rename(columns={"manpower_ratio": "a", "rotation_interval_days": "b", "reserves_feedback": "c"})
    fit = smf.ols("held_km2 ~ (C(a) + C(b) + C(c))**2", data).fit()
    squares = anova_lm(fit, typ=2)["sum_sq"].to_numpy()
    whole = ((data[M] - data[M].mean()) ** 2).sum()
    assert variance_shares(r, M)["share"].to_numpy()[:-1] == pytest.approx(squares[:-1] / whole, abs=1e-9)


def test_shares_of_a_grid_lie_in_their_intervals_and_luck_has_none():
    truth = variance_shares(made_up("factorial", levers, factors=LEVERS), M)["share"].to_numpy()
    assert truth.sum() == pytest.approx(1)
    hits, middle = [], []
    for k in range(60):
        table = variance_shares(
            made_up("factorial", levers, factors=LEVERS, noise=8.0, shift=20.0, replicates=10, seed=k), M
        )
        hits += list((table["low"] <= truth) & (truth <= table["high"]))
        middle.append(table["share"])
    assert 0.88 < np.mean(hits) < 1
    assert np.mean(middle, axis=0) == pytest.approx(truth, abs=0.03)
    assert variance_shares(made_up("factorial", nothing, factors=LEVERS), M)["share"].isna().all()
