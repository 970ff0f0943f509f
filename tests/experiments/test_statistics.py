"""Statistics against an independent computation: ratios, folds, indices of few blocks, price, levels that lack runs, headings."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from helpers.made_up import LEVERS, M, frames, ishigami, levers, made_up, nothing
from scipy import stats
from scipy.stats import qmc

from experiments.analysis import effects, findings, intervals, sensitivity, surrogate
from experiments.analysis.cross_validation import folds, groups_of
from experiments.analysis.study_analysis import analysis, correlation_words
from experiments.analysis.variance import variance_shares
from experiments.claims import claims, rules
from experiments.claims.findings import judged
from experiments.figures import headings
from experiments.results.results import RATIOS
from experiments.studies import designs

PRICE = "price_per_km2"

# Ratios


@pytest.mark.parametrize("seed", range(4))
def test_ends_of_a_ratio_are_where_a_t_test_stands_at_five_percent(seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(10, 4, 12)
    b = 1.4 * a + rng.normal(0, 3, 12)
    found = intervals.of_ratio(a, b)
    assert found.estimate == pytest.approx(b.mean() / a.mean())
    for end in (found.low, found.high):
        assert stats.ttest_1samp(b - end * a, 0).pvalue == pytest.approx(0.05, rel=1e-6)


def test_the_interval_of_a_ratio_allows_for_its_denominator():
    """Coverage over 600 studies of eight seeds: the effect by a mean that is taken as known falls short where arms are independent."""
    rng, held, naive = np.random.default_rng(2), [], []
    for _ in range(600):
        a, b = rng.normal(10, 5, 8), rng.normal(13, 2, 8)
        found = intervals.of_ratio(a, b)
        held.append(not math.isfinite(found.low) or found.low <= 1.3 <= found.high)
        gap = intervals.of_mean(b - a)
        naive.append(gap.low / a.mean() <= 0.3 <= gap.high / a.mean())
    assert 0.93 <= np.mean(held) <= 0.975
    assert np.mean(naive) < 0.93


def test_a_ratio_to_what_may_be_zero_has_no_interval():
    found = intervals.of_ratio([-2.0, 1.0, 3.0, -1.5, 0.5], [4.0, 5.0, 6.0, 5.0, 4.0])
    assert math.isnan(found.low) and "may be 0" in found.note
    assert math.isnan(intervals.of_ratio([1.0], [2.0]).low)
    assert intervals.of_ratio([2.0, 2.0], [3.0, 3.0]).low == pytest.approx(1.5)


# Folds


@pytest.mark.parametrize(("design", "size"), [("morris", 7), ("sobol", 8)])
def test_folds_keep_trajectories_and_blocks_together(design, size):
    r = made_up(design, nothing, factors=6, points=8)
    groups = groups_of(r, r.points.index.to_numpy())
    assert pd.Series(groups).value_counts().eq(size).all() and len(groups) == 8 * size
    seen = np.zeros(len(groups), int)
    for train, test in folds(groups):
        assert not set(groups[train]) & set(groups[test])
        seen[test] += 1
    assert (seen == 1).all()


def test_a_surrogate_is_not_judged_on_neighbors_of_the_points_it_was_fitted_to():
    """Values that say which trajectory a point is of: folds over points would call the surrogate good, fresh points find nothing."""
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.model_selection import KFold, cross_val_predict

    offset = np.random.default_rng(5).normal(0, 1, 10)
    r = made_up("morris", lambda u, _: np.repeat(offset, 9), factors=8, points=10)
    y = r.matrix(M).mean(axis=1).to_numpy()
    guess = cross_val_predict(ExtraTreesRegressor(random_state=1), r.study.unit_sample(), y, cv=KFold(5, shuffle=True, random_state=1))
    pooled = 1 - ((guess - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    found = surrogate.fit(r, M, "forest")
    assert pooled > 0.5 > 0.2 > found.r2.estimate and not found.predicts


def test_the_error_of_a_surrogate_is_that_of_its_left_out_points():
    r = made_up("lhs", ishigami, points=60, noise=0.3)
    y = r.matrix(M).mean(axis=1).to_numpy()
    guess = surrogate._left_out("forest", surrogate.design_matrix.to_matrix(surrogate.design_matrix.axes(r), r.points).to_numpy(), y, np.arange(60))
    found = surrogate.fit(r, M, "forest")
    assert found.rmse.estimate == pytest.approx(np.sqrt(np.mean((guess - y) ** 2)))
    assert found.r2.estimate == pytest.approx(1 - np.sum((guess - y) ** 2) / np.sum((y - y.mean()) ** 2))


# Indices of few blocks; what has no R2; shares below zero


def test_a_large_index_of_few_blocks_is_not_called_random_variation():
    r = made_up("sobol", lambda u, _: 9 * (u[:, 0] > 0.5) + 5 * u[:, 1], points=16, noise=0.5)
    table = sensitivity.sobol(r, M).set_index("factor")
    first = table.iloc[0]
    assert first["total"] > 0.6 and first["clear"] and first["verdict"] == ""
    assert table.iloc[2]["verdict"] == sensitivity.BELOW
    lines = findings.findings(r)[0].lines
    assert any("share of the variance" in line for line in lines) and any("1 of 3: not above the noise floor." in line for line in lines)


@pytest.mark.parametrize(("design", "what"), [("sobol", "blocks"), ("morris", "trajectories")])
def test_a_handful_of_blocks_gives_no_interval(design, what):
    table = sensitivity.indices(made_up(design, ishigami, points=4, noise=0.1), M)
    assert table.filter(regex="low$|high$").drop(columns="noise_high").isna().all(axis=None)
    assert what in table.attrs["note"] and "no intervals" in table.attrs["note"]


def test_a_measure_that_never_changes_has_no_r2():
    r = made_up("lhs", nothing, points=30)
    assert math.isnan(effects.effects(r, M).attrs["r2"])
    assert not any("R²" in line for a in findings.findings(r) for line in a.lines)


def test_shares_may_be_below_zero_in_their_interval():
    from experiments.cli.analysis_tables import _limits

    r = made_up("factorial", lambda u, x: 3 * x["manpower_ratio"], factors=LEVERS, noise=3.0, replicates=5)
    shares = variance_shares(r, M).set_index("term")
    low = shares.loc["rotation_interval_days", "low"]
    assert low < 0 and not shares.loc["rotation_interval_days", "clear"]
    assert _limits(-0.12, 0.3).startswith("−0.12") or _limits(-0.12, 0.3).startswith("−12")


# Latin hypercubes


def test_an_lhs_is_optimized_and_states_its_largest_correlation():
    x, plain = designs.lhs(40, 5, 3), qmc.LatinHypercube(5, rng=np.random.default_rng(3)).random(40)
    assert (np.sort((x * 40).astype(int), axis=0) == np.arange(40)[:, None]).all()
    assert qmc.discrepancy(x) < 0.9 * qmc.discrepancy(plain)
    between = pd.DataFrame(x).corr().where(~np.eye(5, dtype=bool))
    assert abs(designs.largest_correlation(x)) == pytest.approx(between.abs().max(axis=None))
    r = made_up("lhs", nothing, points=40)
    largest = pd.DataFrame(r.study.unit_sample()).corr().where(~np.eye(3, dtype=bool)).abs().max(axis=None)
    assert f"{largest:.2f}" in correlation_words(r)
    assert math.isnan(designs.largest_correlation(x[:, :1]))


def test_tables_of_a_sample_show_the_declared_range_and_scale():
    from experiments.reporting.study_report import _factors

    r = made_up("lhs", nothing, points=30, factors={"drones_attacker": {"low": 0.5, "high": 4.0, "scale": "log"}, "manpower_ratio": {}})
    by_name = {name: span for name, span, *_ in _factors(r)}
    assert by_name["drones_attacker"] == "0.5 to 4, log scale" and by_name["manpower_ratio"].endswith(", linear scale")


# Price


def priced(gains, casualties, points=None):
    """Results with gains and casualties by point and seed; the price of a run as the model has it."""
    gains, casualties = np.asarray(gains, float), np.asarray(casualties, float)
    levels = points if points is not None else pd.DataFrame({"arm": [f"a{k}" for k in range(len(gains))]})
    r = frames(gains, levels)
    price = np.where(gains > 0.5, casualties / np.where(gains > 0.5, gains, 1), np.nan)
    runs = r.runs.assign(gained_km2=gains.ravel(), casualties_attacker=casualties.ravel(), **{PRICE: price.ravel()})
    return dataclasses.replace(r, runs=runs, units={**r.units, PRICE: "casualties/km2"})


def test_the_price_of_a_point_is_the_cost_of_all_runs_by_the_ground_of_all():
    rng = np.random.default_rng(1)
    gains, lost = rng.gamma(1.0, 4.0, (2, 8)), rng.gamma(9.0, 30.0, (2, 8))
    gains[:, 3:] += 0.6
    gains[1, :3] = [0.0, 0.2, 0.4]  # the dearest runs have no price of their own
    gains[0, :3] += 0.6
    r = priced(gains, lost)
    matrix = r.matrix(PRICE)
    assert matrix.notna().all(axis=None)
    sums = r.runs.groupby("point")[["casualties_attacker", "gained_km2"]].sum()
    assert matrix.mean(axis=1).to_numpy() == pytest.approx((sums["casualties_attacker"] / sums["gained_km2"]).to_numpy())
    for point in (0, 1):
        runs = r.runs[r.runs["point"] == point]
        without = [runs.drop(k)["casualties_attacker"].sum() / runs.drop(k)["gained_km2"].sum() for k in runs.index]
        error = np.sqrt(7 / 8 * np.sum((without - np.mean(without)) ** 2))  # the jackknife's
        assert matrix.loc[point].std(ddof=1) / math.sqrt(8) == pytest.approx(error)
    found = effects.paired(r, PRICE, "arm", "a0", "a1")
    assert found.n == 8 and found.dropped == 0
    assert found.mean > r.done.groupby("point")[PRICE].mean().diff().iloc[1]  # the mean of what is left is too low
    assert "3 of 16 runs" in r.without_value(PRICE)
    assert any("3 of 16 runs gained too little ground" in line for line in findings._lines(r, PRICE))


def test_a_point_that_gains_nothing_has_no_price():
    r = priced([[0.0, 0.1, 0.2], [4.0, 5.0, 6.0]], [[50.0] * 3, [40.0] * 3])
    assert r.matrix(PRICE).loc[0].isna().all() and r.matrix(PRICE).loc[1].notna().all()
    alone = priced([[0.1], [4.0]], [[50.0], [40.0]])
    assert alone.matrix(PRICE)[1].isna().tolist() == [True, False] and alone.matrix(PRICE)[1][1] == 10.0
    assert {*RATIOS[PRICE]} == {"casualties_attacker", "gained_km2"}


def test_levels_are_compared_on_the_same_seeds():
    """Three seeds lack the second level. Its mean must not stand beside one of all eight."""
    values = np.arange(8.0) * 10 + np.array([[0.0], [1.0], [2.0]])
    values[1, 5:] = np.nan
    r = frames(values, pd.DataFrame({"arm": ["a", "b", "c"]}))
    table = effects.level_means(r, M, "arm")
    assert table["n"].tolist() == [5, 5, 5] and table["left_out"].eq(3).all()
    assert table["mean"].tolist() == pytest.approx(pd.DataFrame(values).dropna(axis=1).mean(axis=1).tolist())


def test_levels_of_a_grid_are_compared_on_the_same_settings_and_seeds():
    r = made_up("factorial", levers, factors=LEVERS, noise=1.0, shift=20.0, replicates=6)
    lost = r.matrix(M).copy()
    lost.loc[r.points.index[r.points["manpower_ratio"] == 2.0][0], [1, 2]] = np.nan
    again = frames(lost.to_numpy(), r.points, r.study)
    table = effects.level_means(again, M, "manpower_ratio")
    wide = again.runs.pivot_table(index=["rotation_interval_days", "seed"], columns="manpower_ratio", values=M).dropna()
    by_seed = wide.groupby("seed").mean()
    assert table["mean"].tolist() == pytest.approx(by_seed.mean().tolist()) and table["left_out"].eq(2).all()


def test_a_run_without_a_price_counts_as_the_dearest():
    from experiments.validation.checks import over_runs

    check = over_runs("price", [80.0, 90.0, 100.0, math.inf, math.inf], (60, 95))
    assert (check.value, check.n, check.interval[1]) == (100.0, 5, math.inf) and not check.passed
    assert over_runs("r", [1.0, math.nan, 3.0]).n == 2


# Headings


def paired_study(seeds=8):
    """A small effect that only pairs find: seeds differ by far more."""
    rng = np.random.default_rng(3)
    shift = rng.normal(0, 50, seeds)
    values = shift + np.array([[0.0], [-6.0]]) + rng.normal(0, 1, (2, seeds))
    return frames(values, pd.DataFrame({"manpower_ratio": [2.0, 4.0]}))


def test_headings_come_from_the_paired_estimates_of_the_tables():
    r = paired_study()
    row = effects.effects(r, M).iloc[0]
    apart = effects.level_means(r, M, "manpower_ratio")
    assert row["high"] < 0 and apart["low"][0] < apart["high"][1] and apart["low"][1] < apart["high"][0]
    differences = r.matrix(M).loc[1] - r.matrix(M).loc[0]
    assert (row["low"], row["high"]) == pytest.approx(stats.ttest_1samp(differences, 0).confidence_interval(0.95))
    heading = headings.of_effects(r, M)
    assert "No " not in heading and "manpower ratio from 2 to 4" in heading
    assert heading == r.plot_effects(M).title


def test_without_an_interval_no_heading_says_that_it_holds_zero():
    r = paired_study(seeds=1)
    lines = " ".join(findings.findings(r)[0].lines)
    assert "holds zero" not in lines and "No interval of the effect of" in lines
    assert headings.of_effects(r, M) == "Ground held by the attacker: too few runs for the interval of an effect"


def test_a_heading_of_indices_names_only_what_is_clear():
    r = made_up("sobol", lambda u, _: 9 * (u[:, 0] > 0.5), points=16, noise=2.0)
    table = sensitivity.sobol(r, M)
    assert table["clear"].tolist() == [True, False, False]
    names = [headings.factor_of(r, f).name for f in table["factor"]]
    heading = headings.of_indices(r, M, table, "total")
    assert names[0] in heading and names[1] not in heading and names[2] not in heading


# Few runs


def test_bands_of_few_runs_say_so():
    assert intervals.few_runs(20) == "" and intervals.few_runs(200) == ""
    assert "19 runs are too few" in intervals.few_runs(19)


def test_a_saved_forecast_of_few_runs_says_so(tmp_path):
    from helpers.made_up_forecast import written

    from experiments.figures import forecasts as figures
    from experiments.forecasting import files

    few = files.read(written(tmp_path / "few", "2025-08-31", "2025-12-31", runs=6))
    assert "6 runs are too few for a band" in few.note and "6 runs are too few" in figures.months(few).caption


def test_an_analysis_counts_what_has_no_value():
    gains = np.array([[0.2, 3.0, 4.0], [5.0, 6.0, 7.0]])
    found = analysis(priced(gains, 100 + gains), [PRICE])
    assert any("1 of 6 runs" in note for note in found.measures[0].notes)


def claim(**test):
    return rules.Claim(id="C0", statement="", study="made-up", scope="", test=[rules.Comparison(**test)])


def stamped(results):
    return dataclasses.replace(results, runs=results.runs.assign(scenario="skirmish", days=20))


def test_a_claim_by_a_share_is_judged_by_the_interval_of_the_ratio():
    """The first arm's mean is estimated too: an effect of a fifth that is supported by the difference alone is undecided by the ratio."""
    rng = np.random.default_rng(8)
    before, after = rng.normal(100, 40, 10), rng.normal(190, 5, 10)
    r = frames(np.stack([before, after]), pd.DataFrame({"arm": ["a", "b"]}))
    found = claims.answer(claim(measure=M, least=0.5, **{"from": {"arm": "a"}, "to": {"arm": "b"}}), stamped(r)).findings[0]
    ratio = intervals.of_ratio(before, after)
    assert (found.relative.low, found.relative.high) == pytest.approx((ratio.low - 1, ratio.high - 1))
    assert found.effect.estimate == pytest.approx((after - before).mean())
    naive = found.effect.low / before.mean()
    assert found.relative.low < naive or found.relative.high > found.effect.high / before.mean()
    assert found.verdict == judged(found.relative, 1, 0.5)


def test_a_claim_on_price_counts_the_runs_that_gained_nothing():
    rng = np.random.default_rng(4)
    gains, lost = 1.0 + rng.gamma(2.0, 4.0, (2, 10)), rng.gamma(9.0, 30.0, (2, 10))
    gains[1, :4] = 0.1
    r = priced(gains, lost)
    found = claims.answer(claim(measure=PRICE, **{"from": {"arm": "a0"}, "to": {"arm": "a1"}}), stamped(r)).findings[0]
    assert (found.before, found.after) == pytest.approx(tuple(lost.sum(axis=1) / gains.sum(axis=1)))
    assert found.effect.n == 10
