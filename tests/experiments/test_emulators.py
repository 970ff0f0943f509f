"""Given points, emulators, ruling out, samples and weights: each against an answer that is known."""

import math
import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.made_up_fit import KEYS, LUCK, formula, plan, table

from experiments.calibration import emulators, implausibility, sampling, simulations
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.posterior import Posterior
from experiments.calibration.simulations import SummaryTable
from experiments.studies.files import load_study, study_of
from sim.errors import InputError

# Given points


def test_given_points_have_their_own_values_and_seeds():
    study = simulations.study_of(plan(), "wave-2", {KEYS[0]: [0.05, 0.05, 0.2], KEYS[1]: [0.1, 0.2, 0.3]}, 4, 2)
    assert study.n_runs == 12 and study.point(1).overrides == {KEYS[0]: 0.05, KEYS[1]: 0.2}
    drawn = [study.seed_of(r) for r in range(12)]
    assert len(set(drawn)) == 12 and drawn == sorted(drawn)
    again = study_of({"name": "wave-2", **tomllib.loads(study.to_toml())})
    assert again.key == study.key and again.checked().points() == study.points()
    assert study.seed_of(0) != simulations.study_of(plan(), "wave-3", {KEYS[0]: [0.05]}, 4, 3).seed_of(0)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"factors": {"tempo": [0.1, 0.2], "morale": [0.5]}}, "lists of one length"),
        ({"factors": {"tempo": [0.1, 0.2]}, "point_seeds": [1]}, "point_seeds"),
        ({"design": "factorial", "factors": {"tempo": [0.1, 0.2]}, "point_seeds": [1, 2]}, "not for design"),
    ],
)
def test_bad_given_points(more, words):
    with pytest.raises(InputError, match=words):
        study_of({"name": "x", "scenario": "skirmish", "design": "given", "replicates": 1, **more}).checked()


def test_a_study_without_seeds_of_its_points_keeps_its_key():
    """Sweeps that were begun before points could have their own seeds go on."""
    assert load_study("quick").point_seeds is None
    assert load_study("quick").key == study_of(load_study("quick").model_dump(by_alias=True)).key


def test_a_study_is_crossed_with_a_posterior_set_by_set():
    sets = pd.DataFrame({KEYS[1]: [0.1, 0.2, 0.3], "command.manpower_ratio": [2.0, 3.0, 4.0]})
    crossed = Posterior(np.full(3, 1 / 3), sets).crossed(load_study("quick"), 3)
    quick = load_study("quick")
    assert crossed.n_points == 3 * quick.n_points and "command.manpower_ratio" not in crossed.factor_names
    by_seed = {}
    for run, point in enumerate(crossed.points()):
        by_seed.setdefault(crossed.seed_of(run), []).append(point)
    assert len(by_seed) == 3  # a seed a set, so that contrasts pair within sets
    for points in by_seed.values():
        assert len({p.overrides[KEYS[1]] for p in points}) == 1
        assert [p.levels["manpower_ratio"] for p in points] == [p.levels["manpower_ratio"] for p in quick.points()]


# Emulators, ruling out, weights


def test_an_emulator_foretells_the_mean_and_knows_how_sure_it_is():
    x, new = np.random.default_rng(1).random((80, 3)), np.random.default_rng(2).random((500, 3))
    fitted = emulators.fit(table(x))
    mean, unsure, luck = fitted.predict(new)
    wrong = (mean - formula(new)) ** 2
    assert (1 - wrong.mean(axis=0) / formula(new).var(axis=0) > 0.95).all()
    assert (wrong / unsure).mean(axis=0) == pytest.approx(1, abs=1.5)
    assert np.sqrt(luck.mean(axis=0)) == pytest.approx(LUCK, rel=0.25)
    assert all(0.85 < e.r2 <= 1 for e in fitted.of)


def test_an_emulator_of_luck_alone_claims_nothing():
    x = np.random.default_rng(1).random((60, 3))
    told = table(x, luck=0.0)
    noise = SummaryTable(told.point, told.seed, np.random.default_rng(3).standard_normal(told.values.shape), x)
    fitted = emulators.fit(noise)
    mean, _, luck = fitted.predict(np.random.default_rng(2).random((200, 3)))
    assert all(e.r2 < 0.3 for e in fitted.of)
    assert (mean.std(axis=0) < 0.5).all() and luck.mean() == pytest.approx(1.0, rel=0.3)


def test_a_summary_that_most_runs_have_not_is_left_out():
    told = table(np.random.default_rng(1).random((40, 3)))
    told.values[told.point < 20, 1] = np.nan
    assert emulators.fit(told).known.tolist() == [True, False, True]


def test_luck_that_grows_is_seen_to_grow():
    x = np.random.default_rng(1).random((100, 3))
    told = table(x, 4, luck=0.0)
    told.values[:, 0] += (0.05 + 0.5 * x[told.point, 0]) * np.random.default_rng(4).standard_normal(400)
    e = emulators.fit(told).of[0]
    low, high = e.variance(np.array([[0.1, 0.5, 0.5], [0.9, 0.5, 0.5]]))
    assert high > 5 * low


def test_implausibility_is_low_at_the_truth_and_high_far_from_it():
    fitted = emulators.fit(table(np.random.default_rng(1).random((60, 3))))
    here, there = np.array([[0.3, 0.6, 0.5]]), np.array([[0.95, 0.1, 0.5]])
    truth = replace(ObservedTargets.of(plan()), z=formula(here)[0])
    near, far = (implausibility.ranked(implausibility.implausibility(fitted, truth, p), 2)[0] for p in (here, there))
    assert near < 2 < 3 < far
    blurred = replace(truth, discrepancy=np.full(3, 9.0))
    assert implausibility.ranked(implausibility.implausibility(fitted, blurred, there), 2)[0] < 1


def test_the_rank_decides():
    rows = np.array([[9.0, 1.0, 2.0], [0.5, 0.1, 0.2]])
    assert [implausibility.ranked(rows, n).tolist() for n in (1, 2, 3, 4)] == [[9.0, 0.5], [2.0, 0.2], [1.0, 0.1], [1.0, 0.1]]


def test_the_likelihood_is_the_normal_one():
    from scipy.stats import multivariate_normal

    fitted = emulators.fit(table(np.random.default_rng(1).random((60, 3))))
    x = np.array([[0.3, 0.6, 0.5], [0.5, 0.5, 0.5]])
    discrepancy, shared = np.array([0.04, 0.09, 0.0]), np.array([[0.1], [0.2], [0.0]])
    weigh = np.array([True, True, False])
    truth = ObservedTargets(formula(x[:1])[0], np.array([0.01, 0.02, 0.03]), discrepancy, shared, weigh)
    mean, unsure, luck = fitted.predict(x)
    told = []
    for k in range(2):
        sd = np.sqrt(luck[k, :2])
        cover = sum(np.diag(d) @ fitted.correlation[:2, :2] @ np.diag(d) for d in (sd, [0.2, 0.3]))
        cover += np.diag(unsure[k, :2] + [0.01, 0.02])
        cover += np.outer([0.1, 0.2], [0.1, 0.2])
        told.append(multivariate_normal(mean[k, :2], cover).logpdf(truth.z[:2]) + math.log(2 * math.pi))
    assert implausibility.log_likelihood(fitted, truth, x) == pytest.approx(told, abs=1e-6)


def test_points_below_a_level_stand_for_their_share_of_the_prior():
    found = sampling.below(lambda u: np.abs(u[:, :2] - 0.5).max(axis=1), 0.05, 1500, 4, 1)
    assert found.level == 0.05 and found.score.max() <= 0.05
    assert found.size == pytest.approx(0.01, rel=0.25)
    assert found.u[:, 3].std() == pytest.approx(12**-0.5, rel=0.1)


def test_where_nothing_is_below_the_level_the_nearest_are_told_as_such():
    found = sampling.below(lambda u: 5 + u[:, 0], 3.0, 500, 2, 1)
    assert found.level > 5 and found.size <= sampling.LEAST * 2 and found.u[:, 0].max() < 0.01


def test_points_that_are_all_alike_are_all_left():
    found = sampling.below(lambda u: np.full(len(u), 4.4), 3.0, 200, 2, 1)
    assert (found.level, found.size) == (4.4, 1.0)


def test_points_in_proportion_to_a_likelihood():
    found = sampling.likely(lambda u: -0.5 * (((u[:, :2] - 0.3) / 0.05) ** 2).sum(axis=1), 1500, 4, 1)
    assert found.level == 1.0
    assert found.u[:, :2].mean(axis=0) == pytest.approx(0.3, abs=0.01)
    assert found.u[:, :2].std(axis=0) == pytest.approx(0.05, rel=0.12)
    assert found.size == pytest.approx(math.log(2 * math.pi * 0.05**2), abs=0.25)


def test_effective_size():
    assert sampling.effective(np.full(4, 0.25)) == 4 and sampling.effective(np.array([1.0, 0, 0, 0])) == 1


def test_quantiles_of_a_weighted_sample():
    assert sampling.quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 98.0]), (0.5,)) == pytest.approx(
        (2.0,), abs=0.1
    )
