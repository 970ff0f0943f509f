"""Sensitivity indices, surrogates and boxes against formulas with known answers, and in studies of luck alone."""

import math

import numpy as np
import pandas as pd
import pytest
from helpers.made_up import M, ishigami, made_up, nothing, share_of, without

from experiments.analysis import scenario_discovery, sensitivity, surrogate, surrogate_shares
from experiments.analysis.surrogate_shares import shares_of
from sim.errors import InputError

FIRST, TOTAL = [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]


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
    table = sensitivity.sobol(made_up("sobol", nothing, factors=5, points=64, noise=1.0, shift=4.0, seed=2), M)
    assert not table["clear"].any()
    assert table["noise"][0] > 0.7
    still = sensitivity.sobol(made_up("sobol", nothing, points=16), M)
    assert still["total"].isna().all()
    assert "same value" in still.attrs["note"]


def test_the_floor_of_total_indices_keeps_its_level(monkeypatch):
    """Over 120 studies of noise alone some index is called clear in about one of twenty."""
    monkeypatch.setattr(sensitivity, "RESAMPLES", 10)
    trials = [sensitivity.sobol(made_up("sobol", nothing, factors=4, points=32, noise=1.0, seed=k), M) for k in range(120)]
    assert share_of(trials, lambda t: t["clear"].any()) < 0.11


def test_one_seed_leaves_the_floor_unknown():
    for design, find in (("sobol", sensitivity.sobol), ("morris", sensitivity.morris)):
        table = find(made_up(design, ishigami, points=32, replicates=1), M)
        assert table["noise"].isna().all()
        assert not table["clear"].any()
        assert "one seed" in table.attrs["note"]


def test_blocks_with_a_failed_point_are_left_out():
    r = made_up("sobol", ishigami, points=128, replicates=2)
    table = sensitivity.sobol(
        without(r, *((7, s) for s in (1, 2)), (20, 1)), M
    )  # block 1 has lost a point, block 4 a run
    assert (table.attrs["blocks"], table.attrs["dropped"]) == (127, 1)
    r = made_up("morris", ishigami, points=6, replicates=1)
    table = sensitivity.morris(without(r, (5, 1)), M)
    assert (table.attrs["blocks"], table.attrs["dropped"]) == (5, 1)


def test_elementary_effects_of_a_line_are_its_slopes():
    table = sensitivity.morris(
        made_up("morris", lambda u, _x: 5 * u[:, 0] - 2 * u[:, 1], factors=4, points=8, shift=9.0), M
    )
    assert table["mu"].to_numpy() == pytest.approx([5, -2, 0, 0], abs=1e-9)
    assert table["mu_star"].to_numpy() == pytest.approx([5, 2, 0, 0], abs=1e-9)
    noisy = sensitivity.morris(
        made_up("morris", lambda u, _x: 5 * u[:, 0], factors=8, points=10, noise=1.0, shift=9.0), M
    )
    assert noisy["clear"].tolist() == [True] + 7 * [False]
    assert noisy["noise"][0] == pytest.approx(math.sqrt(2 / math.pi) * math.sqrt(2 * 0.25) / (2 / 3), rel=0.15)
    assert set(noisy["unit"]) == {"km2"}


def test_the_largest_of_many_idle_factors_seldom_clears_the_floor():
    trials = [
        sensitivity.morris(made_up("morris", nothing, factors=12, points=6, noise=1.0, seed=k, design_seed=k), M)
        for k in range(40)
    ]
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
    r = made_up("lhs", ishigami, points=256, noise=0.3, shift=4.0, design_seed=2)
    fitted = surrogate.fit(r, M, "gp")
    assert fitted.r2.low > 0.9
    assert fitted.ceiling > 0.99
    assert fitted.rmse.estimate < 1.0
    told = shares_of(fitted, draws=15)
    assert told.table["first"].to_numpy() == pytest.approx(FIRST, abs=0.04)
    assert told.table["total"].to_numpy() == pytest.approx(TOTAL, abs=0.04)
    assert told.table["clear"].all()
    assert (told.table["total_low"] < told.table["total_high"]).all()
    mean = r.matrix(M).mean(axis=1).to_numpy()
    assert np.corrcoef(fitted.predict(r.points), mean)[0, 1] > 0.98


def test_shares_of_a_line_lie_in_their_intervals():
    hits = []
    for k in range(6):
        r = made_up(
            "lhs", lambda u, _x: 3 * u[:, 0] + 2 * u[:, 1], points=60, noise=1.0, shift=4.0, seed=k, design_seed=k
        )
        table = shares_of(surrogate.fit(r, M, "gp"), draws=20).table
        hits += list((table["total_low"] <= [9 / 13, 4 / 13, 0.02]) & (table["total_high"] >= [9 / 13, 4 / 13, 0.0]))
    assert np.mean(hits) > 0.8


@pytest.mark.parametrize("kind", ["gp", "forest", "tree"])
def test_a_surrogate_of_luck_says_that_it_foretells_nothing(kind):
    fitted = surrogate.fit(made_up("lhs", nothing, factors=6, points=50, noise=1.0, shift=4.0), M, kind)
    assert not fitted.predicts
    told = shares_of(fitted, draws=4)
    assert not told.table["clear"].any()
    assert "predicts nothing" in told.note


def test_groups_of_factors_have_shares_and_a_difference():
    r = made_up(
        "nolh", lambda u, _x: 3 * u[:, 0] + 2 * u[:, 1] + 1 * u[:, 2], factors=6, points=65, noise=0.3, shift=4.0
    )
    a, b, c = r.factors[:3]
    one, two = surrogate_shares.group_shares(r, M, [[a], [b, c]], kind="gp")
    assert one.low < 9 / 14 < one.high
    assert two.low < 5 / 14 < two.high
    gap = surrogate_shares.difference(one, two)
    assert gap.estimate == pytest.approx(one.estimate - two.estimate)
    assert gap.low < 4 / 14 < gap.high
    twice, _ = surrogate_shares.group_shares(r, "twice", [[a], [b]], of=lambda name, results, runs: 2 * runs[M], kind="gp")
    assert twice.estimate == pytest.approx(one.estimate, abs=0.02)
    with pytest.raises(InputError, match="no factor"):
        surrogate_shares.group_shares(r, M, [["armour"], [a]])


def test_choices_and_switches_have_shares_too():
    factors = {
        "works": {"bundles": {"with": {}, "half": {"belt_strength": 0.5}, "without": {"belts": False}}},
        "reserves_feedback": {},
        "drones_attacker": {},
    }
    r = made_up(
        "lhs",
        lambda u, x: 2.0 * (x["works"] == "without") + x["reserves_feedback"],
        factors=factors,
        points=60,
        noise=0.1,
    )
    fitted = surrogate.fit(r, M, "forest")
    totals = shares_of(fitted, draws=4).table.set_index("factor")["total"]
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
    r = made_up("lhs", corner, factors=5, points=200, noise=5, replicates=3, design_seed=2)
    box = scenario_discovery.prim(r, "held_km2 > 50")
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


@pytest.mark.parametrize("seed", range(3))
def test_prim_finds_no_box_in_luck(seed):
    box = scenario_discovery.prim(
        made_up("lhs", nothing, factors=5, points=120, noise=1, replicates=2, seed=seed), "held_km2 > 0.7"
    )
    assert not box.is_there
    assert "chance" in box.sentence()


def test_prim_takes_choices_and_a_factor_called_scenario():
    factors = {"scenario": ["skirmish", "stalemate-2025"], "drones_attacker": {}}
    r = made_up("lhs", lambda u, x: 9.0 * (x["scenario"] == "skirmish"), factors=factors, points=60, noise=0.1, days=5)
    box = scenario_discovery.prim(r, "held_km2 > 5")
    assert box.limits[["factor", "options"]].to_numpy().tolist() == [["scenario", ["skirmish"]]]
    assert box.density.estimate == 1


def test_prim_says_when_there_is_nothing_to_find():
    r = made_up("lhs", corner, points=60, noise=1)
    assert "no run" in scenario_discovery.prim(r, "held_km2 > 1e6").sentence()
    assert "every run" in scenario_discovery.prim(r, "held_km2 > -1e6").sentence()
    assert "too few" in scenario_discovery.prim(made_up("lhs", corner, points=10, noise=1), "held_km2 > 1").sentence()
    for condition, word in (
        ("hold_km2 > 1", "held_km2"),
        ("held_km2 >", "invalid syntax"),
        ("held_km2 + 1", "no yes or no"),
    ):
        with pytest.raises(InputError, match=word):
            scenario_discovery.prim(r, condition)
