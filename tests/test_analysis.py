"""Analysis against known truths: formulas with luck of known size, and studies where nothing is there."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up import frames, ishigami, made_up, without

from experiments import contrasts, convergence, discovery, intervals, sensitivity, surrogate
from experiments.compare import compared
from experiments.noise import noise
from experiments.optimum import optimum
from experiments.told import figure, plain
from experiments.variance import variance_shares
from sim.quantity import InputError

M = "held_km2"
LEVERS = {"manpower_ratio": [1.0, 2.0, 4.0], "rotation_interval_days": [10.0, 60.0]}
FIRST, TOTAL = [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]


def levers(_u, levels):
    """5 km2 a unit of the ratio at rotation 10, twice that at 60."""
    return 5 * levels["manpower_ratio"] * np.where(levels["rotation_interval_days"] == 60, 2, 1)


def nothing(u, levels):
    return 0.0


def share_of(trials, hits):
    """Share of trials in which something was so."""
    return sum(map(bool, map(hits, trials))) / len(trials)


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
    told = contrasts.paired(r, M, "manpower_ratio", 1, 4, at={"rotation_interval_days": 10})
    table = r.matrix(M)
    gap = table.loc[4] - table.loc[0]
    assert told.mean == pytest.approx(gap.mean())
    assert (told.n, told.seeds, told.settings, told.unit, told.dropped) == (6, (1, 2, 3, 4, 5, 6), 1, "km2", 0)
    assert told.low < 15 < told.high
    assert told.mean_b - told.mean_a == pytest.approx(told.mean)
    assert "km2" in told.sentence()
    assert "seeds (1-6)" in told.sentence()
    both = contrasts.paired(r, M, "manpower_ratio", 1, 4)
    assert both.settings == 2
    assert both.low < 22.5 < both.high


@pytest.mark.parametrize("saved", [0.0, 0.5, 0.9])
def test_the_variance_saved_is_the_correlation_of_the_seeds(saved):
    shift = math.sqrt(saved / (1 - saved))  # of a common part beside an own part of 1
    r = made_up("factorial", nothing, factors={"manpower_ratio": [1.0, 2.0]}, noise=1.0, shift=shift, replicates=4000)
    assert contrasts.paired(r, M, "manpower_ratio", 1, 2).variance_saved == pytest.approx(saved, abs=0.04)


def test_nothing_is_found_five_times_of_a_hundred_where_nothing_is():
    trials = [
        contrasts.paired(made_up("factorial", nothing, factors=LEVERS, noise=1.0, shift=5.0, replicates=6, seed=k), M, "manpower_ratio", 1, 4)
        for k in range(150)
    ]
    assert 0.01 < share_of(trials, lambda t: t.is_clear) < 0.10


def test_failed_runs_are_dropped_in_pairs_and_counted():
    r = made_up("factorial", levers, factors=LEVERS, shift=10.0)
    lost = without(r, (0, 2), (4, 3))
    told = contrasts.paired(lost, M, "manpower_ratio", 1, 4, at={"rotation_interval_days": 10})
    assert (told.n, told.seeds, told.dropped) == (2, (1, 4), 2)
    assert told.mean == pytest.approx(15)
    both = contrasts.paired(lost, M, "manpower_ratio", 1, 4)
    assert (both.n, both.dropped) == (4, 2)


def test_one_seed_gives_an_effect_without_an_interval():
    told = contrasts.paired(made_up("factorial", levers, factors=LEVERS, replicates=1), M, "manpower_ratio", 1, 4)
    assert told.mean == pytest.approx(22.5)
    assert math.isnan(told.low)
    assert not told.is_clear
    assert "single" in told.note
    assert math.isnan(told.variance_saved)


def test_a_measure_that_never_changes_says_so():
    told = contrasts.paired(made_up("factorial", nothing, factors=LEVERS), M, "manpower_ratio", 1, 4)
    assert (told.mean, told.low, told.high, told.note) == (0, 0, 0, "all differences equal")
    assert not told.is_clear


def test_categories_and_switches_are_compared_by_name():
    table = {"works": {"bundles": {"with": {}, "without": {"belts": False}}}, "reserves_feedback": [True, False]}
    r = made_up("factorial", lambda u, x: 3.0 * (x["works"] == "without") + 2.0 * x["reserves_feedback"], factors=table)
    assert contrasts.paired(r, M, "works", "with", "without").mean == pytest.approx(3)
    assert contrasts.paired(r, M, "reserves_feedback", True, False).mean == pytest.approx(-2)


def test_what_cannot_be_compared_is_told_in_a_line():
    r = made_up("factorial", levers, factors=LEVERS)
    with pytest.raises(InputError, match="no point has the level 3"):
        contrasts.paired(r, M, "manpower_ratio", 1, 3)
    with pytest.raises(InputError, match="cannot be held"):
        contrasts.paired(r, M, "manpower_ratio", 1, 2, at={"manpower_ratio": 1})
    with pytest.raises(InputError, match="method"):
        contrasts.paired(r, M, "manpower_ratio", 1, 2, method="guess")
    sample = made_up("lhs", nothing, points=10)
    with pytest.raises(InputError, match="all else equal"):
        a, b = sample.points.iloc[:2, 0]
        contrasts.paired(sample, M, sample.factors[0], a, b)


# Effects


def test_effects_of_a_grid_are_those_of_the_formula():
    table = contrasts.effects(made_up("factorial", levers, factors=LEVERS, noise=0.1, shift=5.0, replicates=8), M)
    rows = {(r.factor, r.by, r.b): r for r in table.itertuples()}
    for key, truth in {("manpower_ratio", "", 4.0): 22.5, ("rotation_interval_days", "", 60.0): 35 / 3, ("manpower_ratio", "rotation_interval_days", 4.0): 15}.items():
        assert rows[key].low < truth < rows[key].high
        assert rows[key].clear
    assert table.attrs["form"] == "grid"
    assert set(table["unit"]) == {"km2"}
    assert set(table["n"]) == {8}


def test_effects_one_at_a_time_are_against_the_baseline():
    factors = {"manpower_ratio": [2.0, 5.0], "drones_attacker": [0.5, 1.0, 2.0]}
    r = made_up("one-at-a-time", lambda u, x: x["manpower_ratio"].fillna(3.0) * 10 + x["drones_attacker"], factors=factors, noise=0.1, shift=5.0)
    assert math.isnan(r.points["manpower_ratio"][0])  # the scenario decides
    table = contrasts.effects(r, M).set_index(["factor", "b"])["effect"]
    assert table["manpower_ratio"].round().to_dict() == {2.0: -10, 5.0: 20}
    assert table["drones_attacker"].round(0).to_dict() == {0.5: -0.0, 2.0: 1.0} or table["drones_attacker"][2.0] == pytest.approx(1, abs=0.4)


def test_effects_of_a_sample_are_slopes_over_the_range():
    def line(u, _x):
        return 6 * u[:, 0] - 3 * u[:, 1] + 4 * (u[:, 0] - 0.5) * (u[:, 1] - 0.5)

    table = contrasts.effects(made_up("lhs", line, points=60, noise=0.5, shift=9.0), M)
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
    for k in range(80):
        r = made_up("lhs", lambda u, _x: 3 * u[:, 0] + np.sin(6 * u[:, 1]), factors=2, points=30, replicates=5, noise=0.5, shift=3.0, seed=k, design_seed=k)
        slopes = rng.normal(0, 1, 5)
        u = r.study.unit_sample()
        values = r.matrix(M).to_numpy() + np.outer(u[:, 0] - 0.5, slopes)
        table = contrasts.effects(frames(values, r.points, r.study), M)
        hits += [table["low"][0] <= 3 <= table["high"][0], table["low"][1] <= truth <= table["high"][1]]
    assert 0.90 < np.mean(hits) <= 1.0


def test_too_few_points_for_slopes_are_told():
    table = contrasts.effects(made_up("lhs", nothing, factors=6, points=5), M)
    assert table.empty
    assert "5 points do not tell" in table.attrs["note"]


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
    trials = [noise(pd.DataFrame(slopes * rng.normal(size=10) + rng.normal(size=(25, 10)) + 9 * rng.normal(size=10))) for _ in range(200)]
    assert share_of(trials, lambda t: t.is_there) < 0.11


def test_shares_of_a_grid_are_those_of_statsmodels():
    """On a grid with a hole, where the order of terms matters."""
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm

    factors = {"manpower_ratio": [1.0, 2.0, 3.0, 4.0, 5.0], "rotation_interval_days": [10.0, 60.0], "reserves_feedback": [True, False]}
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
        table = variance_shares(made_up("factorial", levers, factors=LEVERS, noise=8.0, shift=20.0, replicates=10, seed=k), M)
        hits += list((table["low"] <= truth) & (truth <= table["high"]))
        middle.append(table["share"])
    assert 0.88 < np.mean(hits) < 1
    assert np.mean(middle, axis=0) == pytest.approx(truth, abs=0.03)
    assert variance_shares(made_up("factorial", nothing, factors=LEVERS), M)["share"].isna().all()


# Indices


@pytest.mark.parametrize("second", [False, True])
def test_sobol_indices_of_ishigami(second):
    table = sensitivity.sobol(made_up("sobol", ishigami, points=512, second_order=second, noise=1.0, shift=4.0), M)
    for name, truth in (("first", FIRST), ("total", TOTAL)):
        assert (table[f"{name}_low"] <= truth).all()
        assert (truth <= table[f"{name}_high"]).all()
    assert table["clear"].all()
    # 4 seeds of spread 1: a quarter of a run's variance, beside 13.8 of the formula
    assert table["noise"][0] == pytest.approx(0.25 / 14.1, rel=0.15)
    if second:
        pairs = table.attrs["pairs"]
        assert pairs.loc[0, ["factor", "by"]].tolist() == [table["factor"][0], table["factor"][2]]
        assert pairs["low"][0] < 0.2437 < pairs["high"][0]


def test_sobol_indices_of_luck_do_not_clear_its_floor():
    table = sensitivity.sobol(made_up("sobol", nothing, factors=5, points=64, noise=1.0, shift=4.0), M)
    assert not table["clear"].any()
    assert table["noise"][0] > 0.7
    still = sensitivity.sobol(made_up("sobol", nothing, points=16), M)
    assert still["total"].isna().all()
    assert "same value" in still.attrs["note"]


def test_one_seed_leaves_the_floor_unknown():
    for design, find in (("sobol", sensitivity.sobol), ("morris", sensitivity.morris)):
        table = find(made_up(design, ishigami, points=32, replicates=1), M)
        assert table["noise"].isna().all()
        assert not table["clear"].any()
        assert "one seed" in table.attrs["note"]


def test_blocks_with_a_failed_point_are_left_out():
    r = made_up("sobol", ishigami, points=128, replicates=2)
    table = sensitivity.sobol(without(r, *((7, s) for s in (1, 2)), (20, 1)), M)  # block 1 has lost a point, block 4 a run
    assert (table.attrs["blocks"], table.attrs["dropped"]) == (127, 1)
    r = made_up("morris", ishigami, points=6, replicates=1)
    table = sensitivity.morris(without(r, (5, 1)), M)
    assert (table.attrs["blocks"], table.attrs["dropped"]) == (5, 1)


def test_elementary_effects_of_a_line_are_its_slopes():
    table = sensitivity.morris(made_up("morris", lambda u, _x: 5 * u[:, 0] - 2 * u[:, 1], factors=4, points=8, shift=9.0), M)
    assert table["mu"].to_numpy() == pytest.approx([5, -2, 0, 0], abs=1e-9)
    assert table["mu_star"].to_numpy() == pytest.approx([5, 2, 0, 0], abs=1e-9)
    noisy = sensitivity.morris(made_up("morris", lambda u, _x: 5 * u[:, 0], factors=8, points=10, noise=1.0, shift=9.0), M)
    assert noisy["clear"].tolist() == [True] + 7 * [False]
    assert noisy["noise"][0] == pytest.approx(math.sqrt(2 / math.pi) * math.sqrt(2 * 0.25) / (2 / 3), rel=0.15)
    assert set(noisy["unit"]) == {"km2"}


def test_the_largest_of_many_idle_factors_seldom_clears_the_floor():
    trials = [sensitivity.morris(made_up("morris", nothing, factors=12, points=6, noise=1.0, seed=k, design_seed=k), M) for k in range(40)]
    assert share_of(trials, lambda t: t["clear"].any()) < 0.16


def test_groups_have_one_index():
    factors = {"armor.*": {}, "drones_attacker": {}}
    r = made_up("morris", lambda u, _x: 4 * u[:, 0], factors=factors, groups=True, points=8, noise=0.1)
    table = sensitivity.morris(r, M).set_index("factor")
    assert table.index.tolist() == ["armor", "drones_attacker"]
    assert table["clear"].tolist() == [True, False]
    assert math.isnan(table.loc["armor", "mu"])
    r = made_up("sobol", lambda u, _x: 4 * u[:, 0], factors=factors, groups=True, points=64, noise=0.1)
    assert sensitivity.sobol(r, M)["clear"].tolist() == [True, False]


def test_other_designs_have_no_indices():
    with pytest.raises(InputError, match="gives no indices"):
        sensitivity.indices(made_up("lhs", nothing, points=20), M)


# Surrogates


def test_a_surrogate_of_ishigami_foretells_it_and_has_its_shares():
    r = made_up("lhs", ishigami, points=200, noise=0.3, shift=4.0)
    fitted = surrogate.fit(r, M, "gp")
    assert fitted.r2.low > 0.9
    assert fitted.ceiling > 0.99
    assert fitted.rmse.estimate < 1.0
    told = fitted.shares(draws=15)
    assert told.table["first"].to_numpy() == pytest.approx(FIRST, abs=0.04)
    assert told.table["total"].to_numpy() == pytest.approx(TOTAL, abs=0.04)
    assert told.table["clear"].all()
    assert (told.table["total_low"] < told.table["total_high"]).all()
    mean = r.matrix(M).mean(axis=1).to_numpy()
    assert np.corrcoef(fitted.predict(r.points), mean)[0, 1] > 0.98


def test_shares_of_a_line_lie_in_their_intervals():
    hits = []
    for k in range(6):
        r = made_up("lhs", lambda u, _x: 3 * u[:, 0] + 2 * u[:, 1], points=60, noise=1.0, shift=4.0, seed=k, design_seed=k)
        table = surrogate.fit(r, M, "gp").shares(draws=20).table
        hits += list((table["total_low"] <= [9 / 13, 4 / 13, 0.02]) & (table["total_high"] >= [9 / 13, 4 / 13, 0.0]))
    assert np.mean(hits) > 0.8


@pytest.mark.parametrize("kind", ["gp", "forest", "tree"])
def test_a_surrogate_of_luck_says_that_it_foretells_nothing(kind):
    fitted = surrogate.fit(made_up("lhs", nothing, factors=6, points=50, noise=1.0, shift=4.0), M, kind)
    assert not fitted.says_something
    told = fitted.shares(draws=4)
    assert not told.table["clear"].any()
    assert "foretells nothing" in told.note


def test_groups_of_factors_have_shares_and_a_difference():
    r = made_up("nolh", lambda u, _x: 3 * u[:, 0] + 2 * u[:, 1] + 1 * u[:, 2], factors=6, points=65, noise=0.3, shift=4.0)
    a, b, c = r.factors[:3]
    one, two = surrogate.group_shares(r, M, [[a], [b, c]], kind="gp")
    assert one.low < 9 / 14 < one.high
    assert two.low < 5 / 14 < two.high
    gap = surrogate.difference(one, two)
    assert gap.estimate == pytest.approx(one.estimate - two.estimate)
    assert gap.low < 4 / 14 < gap.high
    twice, _ = surrogate.group_shares(r, "twice", [[a], [b]], of=lambda name, results, runs: 2 * runs[M], kind="gp")
    assert twice.estimate == pytest.approx(one.estimate, abs=0.02)
    with pytest.raises(InputError, match="no factor"):
        surrogate.group_shares(r, M, [["armour"], [a]])


def test_choices_and_switches_have_shares_too():
    factors = {"works": {"bundles": {"with": {}, "half": {"belt_strength": 0.5}, "without": {"belts": False}}}, "reserves_feedback": {}, "drones_attacker": {}}
    r = made_up("lhs", lambda u, x: 2.0 * (x["works"] == "without") + x["reserves_feedback"], factors=factors, points=60, noise=0.1)
    fitted = surrogate.fit(r, M, "forest")
    totals = fitted.shares(draws=4).table.set_index("factor")["total"]
    # variances: 4 * 2/9 and 1/4
    assert totals["works"] == pytest.approx(0.78, abs=0.08)
    assert totals["reserves_feedback"] == pytest.approx(0.22, abs=0.08)
    assert totals["drones_attacker"] < 0.05
    tree = surrogate.fit(r, M, "tree")
    assert "works=without" in tree.text()
    with pytest.raises(InputError, match="no rules"):
        fitted.text()


def test_few_points_or_a_wrong_kind_are_told_in_a_line():
    with pytest.raises(InputError, match="a surrogate needs 15"):
        surrogate.fit(made_up("lhs", ishigami, points=10), M)
    with pytest.raises(InputError, match="forest"):
        surrogate.fit(made_up("lhs", ishigami, points=20), M, "forrest")
    with pytest.raises(InputError, match="no column"):
        surrogate.fit(made_up("lhs", ishigami, points=20), M, "tree").predict(pd.DataFrame({"x": [1]}))


# Scenario discovery


def corner(u, _x):
    return 100 * ((u[:, 0] > 0.6) & (u[:, 1] < 0.4))


def test_prim_finds_the_corner():
    r = made_up("lhs", corner, factors=5, points=200, noise=5, replicates=3)
    box = discovery.prim(r, "held_km2 > 50")
    limits = box.limits.set_index("factor")
    assert set(limits.index) == set(r.factors[:2])
    spans = [r.study.factor_list[k] for k in (0, 1)]
    places = [(limits.loc[f.name, end] - f.low) / (f.high - f.low) for f, end in zip(spans, ("low", "high"))]
    assert places == pytest.approx([0.6, 0.4], abs=0.04)
    assert math.isinf(limits.loc[r.factors[0], "high"])
    assert box.density.low > 0.8
    assert box.base.low < 0.16 < box.base.high
    assert box.coverage > 0.85
    assert "where" in box.sentence()


@pytest.mark.parametrize("seed", range(4))
def test_prim_finds_no_box_in_luck(seed):
    box = discovery.prim(made_up("lhs", nothing, factors=5, points=120, noise=1, replicates=2, seed=seed), "held_km2 > 0.7")
    assert not box.is_there
    assert "chance" in box.sentence()


def test_prim_takes_choices_and_a_factor_called_scenario():
    factors = {"scenario": ["skirmish", "stalemate-2025"], "drones_attacker": {}}
    r = made_up("lhs", lambda u, x: 9.0 * (x["scenario"] == "skirmish"), factors=factors, points=60, noise=0.1, days=5)
    box = discovery.prim(r, "held_km2 > 5")
    assert box.limits[["factor", "options"]].to_numpy().tolist() == [["scenario", ["skirmish"]]]
    assert box.density.estimate == 1


def test_prim_says_when_there_is_nothing_to_find():
    r = made_up("lhs", corner, points=60, noise=1)
    assert "no run" in discovery.prim(r, "held_km2 > 1e6").sentence()
    assert "every run" in discovery.prim(r, "held_km2 > -1e6").sentence()
    assert "too few" in discovery.prim(made_up("lhs", corner, points=10, noise=1), "held_km2 > 1").sentence()
    for condition, word in (("hold_km2 > 1", "held_km2"), ("held_km2 >", "invalid syntax"), ("held_km2 + 1", "no yes or no")):
        with pytest.raises(InputError, match=word):
            discovery.prim(r, condition)


# Convergence and optimum


def test_replicates_are_those_of_the_t_interval():
    assert convergence.replicates(1.0, 0.5) == 18  # 2.11 / sqrt(18) = 0.497
    assert convergence.replicates(1.0, 3.0) == 3
    assert convergence.replicates(1.0, 0.1) == 387


def test_needed_seeds_of_a_known_spread():
    r = made_up("factorial", lambda u, x: 100.0, factors=LEVERS, noise=10.0, replicates=60)
    told = convergence.needed(r, M, within=5.0)
    assert told.low <= convergence.replicates(10, 5) <= told.high
    assert told.worst >= told.typical
    assert told.is_enough
    part = convergence.needed(r, M, share=0.05)
    assert part.within == pytest.approx(5, rel=0.05)
    assert not convergence.needed(r, M, share=0.001).is_enough
    with pytest.raises(InputError, match="once"):
        convergence.needed(r, M, within=1, share=1)
    with pytest.raises(InputError, match="above 0"):
        convergence.needed(r, M, within=0)


def test_convergence_without_spread_or_seeds_says_so():
    assert convergence.needed(made_up("factorial", levers, factors=LEVERS), M).note == "all runs of a point agree"
    assert "one seed" in convergence.needed(made_up("factorial", levers, factors=LEVERS, replicates=1), M).note
    assert "are 0" in convergence.needed(frames([[-1.0, 1.0], [-2.0, 2.0]], pd.DataFrame({"a": [1, 2]})), M).note


def test_the_mean_settles_as_seeds_are_added():
    r = made_up("factorial", lambda u, x: 100.0, factors=LEVERS, noise=10.0, replicates=40)
    table = convergence.mean_against_n(r, M, point=2)
    assert table["n"].tolist() == list(range(1, 41))
    assert math.isnan(table["low"][0])
    assert table["mean"].iloc[-1] == pytest.approx(r.matrix(M).loc[2].mean())
    wide = (table["high"] - table["low"]).to_numpy()
    assert wide[-1] < wide[4]
    assert len(convergence.mean_against_n(without(r, (0, 3)), M)) == 39
    with pytest.raises(InputError, match="no point 99"):
        convergence.mean_against_n(r, M, point=99)


def test_the_optimum_is_found_with_what_the_seeds_leave_open():
    factors = {"rotation_interval_days": [10.0, 20.0, 40.0, 80.0, 160.0], "manpower_ratio": [1.0, 2.0]}
    r = made_up("factorial", lambda u, x: -((np.log2(x["rotation_interval_days"] / 40)) ** 2), factors=factors, noise=0.3, shift=5.0, replicates=10)
    told = optimum(r, M, "rotation_interval_days")
    assert told.level["rotation_interval_days"] == 40
    assert told.low["rotation_interval_days"] <= 40 <= told.high["rotation_interval_days"]
    assert told.is_clear
    assert not told.table.set_index("rotation_interval_days").loc[[10.0, 160.0], "rival"].any()
    assert "highest" in told.sentence()
    assert optimum(r, M, ["rotation_interval_days", "manpower_ratio"]).level["rotation_interval_days"] == 40
    flat = made_up("factorial", nothing, factors=factors, noise=1.0, shift=5.0, replicates=10)
    assert not optimum(flat, M, "rotation_interval_days", best="low").is_clear
    assert "no level" in optimum(flat, M, "rotation_interval_days").sentence()


def test_the_true_optimum_is_among_the_rivals():
    trials = [
        optimum(made_up("factorial", lambda u, x: -0.2 * abs(x["manpower_ratio"] - 3), factors={"manpower_ratio": [1.0, 2.0, 3.0, 4.0, 5.0]}, noise=0.5, shift=4.0, replicates=8, seed=k), M, "manpower_ratio")
        for k in range(60)
    ]
    assert share_of(trials, lambda t: t.table["rival"][2]) > 0.93
    assert share_of(trials, lambda t: t.low["manpower_ratio"] <= 3 <= t.high["manpower_ratio"]) > 0.9


# Two folders


def test_folders_are_compared_seed_by_seed():
    a = made_up("factorial", levers, factors=LEVERS, shift=20.0, noise=1.0, replicates=12, seed=1)
    b = replace(a, runs=a.runs.assign(held_km2=a.runs[M] + 2 + np.random.default_rng(9).normal(0, 1, len(a.runs))))
    told = compared(a, b)
    (c,) = told.contrasts
    assert told.is_paired
    assert (told.shared_seeds, told.points, told.only_a, told.only_b) == (12, 6, 0, 0)
    assert c.low < 2 < c.high
    assert c.variance_saved > 0.98


def test_folders_without_shared_seeds_are_told_as_unpaired():
    a = made_up("factorial", levers, factors=LEVERS, shift=2.0, replicates=12, seed=1)
    b = made_up("factorial", lambda u, x: levers(u, x) + 30, factors=LEVERS, shift=2.0, replicates=12, seed=2)
    b = replace(b, runs=b.runs.assign(seed=b.runs["seed"] + 100))
    told = compared(a, b)
    (c,) = told.contrasts
    assert not told.is_paired
    assert "no shared seeds" in told.notes[0]
    assert c.low < 30 < c.high
    assert math.isnan(c.variance_saved)
    assert c.note == "unpaired"


def test_comparing_says_what_differs_and_what_has_no_partner():
    a = made_up("factorial", levers, factors=LEVERS)
    b = made_up("factorial", levers, factors=LEVERS | {"manpower_ratio": [2.0, 4.0, 6.0]})
    a = replace(a, runs=a.runs.assign(**{"fire.range_km": 1.0, "scenario": "skirmish", "command.manpower_ratio": a.runs["manpower_ratio"]}))
    b = replace(b, runs=b.runs.assign(**{"fire.range_km": 2.0, "scenario": "skirmish", "command.manpower_ratio": b.runs["manpower_ratio"]}))
    key = next(k for k in a.runs if k.startswith("fire."))
    told = compared(a, b)
    assert (told.points, told.only_a, told.only_b) == (4, 2, 2)
    from sim.settings import catalog

    if key in catalog():
        assert (key, "1", "2") in told.differs
    assert not any(name == "command.manpower_ratio" for name, *_ in told.differs)
    with pytest.raises(InputError, match="same factors"):
        compared(a, made_up("factorial", nothing, factors={"manpower_ratio": [1.0, 2.0]}))


# Words


def test_figures_are_short():
    assert [figure(v) for v in (0, 1234.5, 0.012345, -2.5, math.nan, 3e-9)] == ["0", "1,234", "0.0123", "-2.5", "-", "3.00e-09"]
    assert figure(12.3456, signed=True) == "+12.3"
    assert plain({"a": np.float64("nan"), "b": (np.int64(3),), "c": pd.DataFrame({"x": [1.5]})}) == {"a": None, "b": [3], "c": [{"x": 1.5}]}
