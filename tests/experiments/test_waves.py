"""Waves: weights of all points together, which parameters an emulator sees, the table of a wave, auxiliary battles."""

import datetime as dt
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from helpers.made_up_fit import KEYS, formula, plan, table
from scipy.stats import norm

from experiments.calibration import (
    auxiliary,
    auxiliary_summaries,
    emulators,
    importance,
    informative,
    summaries,
    wave_tables,
    waves,
)
from experiments.calibration.active import active
from experiments.calibration.auxiliary import Auxiliary, AuxiliaryRun
from experiments.calibration.auxiliary_summaries import Job
from experiments.calibration.config import load_plan
from experiments.calibration.implausibility import ObservedTargets, emulator_share
from experiments.calibration.importance import Distance, PriorProposal
from experiments.calibration.posterior import Posterior
from experiments.runs.engagements import Battle, Fought, at_odds
from experiments.sweep.runner import SweepRunner
from sim.errors import InputError

RUNNER = SweepRunner(1, quiet=True)


# Weights


class Normal:
    """A proposal on a line: a normal density beside a uniform prior over 0 to 1."""

    def __init__(self, mean, sd):
        self.of = norm(mean, sd)

    def log_density(self, x):
        return self.of.logpdf(x[:, 0])


def test_points_of_two_waves_weigh_as_their_mixture():
    """The posterior mean of a normal likelihood comes out whether points come from the prior, from a narrow density or from both."""
    rng = np.random.default_rng(1)
    narrow = Normal(0.5, 0.05)
    x = np.concatenate([rng.random(400), narrow.of.rvs(200, random_state=2)])[:, None]
    known = norm.logpdf(x[:, 0], 0.6, 0.05)
    both = importance.weights(known, x, [(400, PriorProposal()), (200, narrow)])
    assert np.average(x[:, 0], weights=both.weight) == pytest.approx(0.6, abs=0.01)
    assert np.sqrt(np.average((x[:, 0] - 0.6) ** 2, weights=both.weight)) == pytest.approx(0.05, abs=0.007)
    alone = importance.weights(known[:400], x[:400], [(400, PriorProposal())])
    assert both.effective > 1.3 * alone.effective and both.is_good
    without = importance.of_logarithms(known)  # as if all were of the prior: too many points near 0.5
    assert np.average(x[:, 0], weights=without.weight) < 0.6 - 0.005


def test_weights_are_those_of_the_likelihood_however_few_they_leave():
    """No power of the likelihood below 1 is taken: one point that is much better has nearly all the weight, and Pareto k says so."""
    known = np.random.default_rng(1).normal(0, 8, 200)
    found = importance.weights(known, np.zeros((200, 1)), [(200, PriorProposal())])
    assert found.effective < 5 and not found.is_good and found.largest > 0.3
    exact = importance.of_logarithms(np.log([3.0, 1.0, 1.0, 1.0]))
    assert exact.weight == pytest.approx(np.array([3, 1, 1, 1]) / 6)


def test_a_proposal_is_a_density_over_the_prior(monkeypatch):
    """Its mean over the prior is 1, whatever share of it is wide."""
    mine = plan()
    fitted = emulators.fit(table(np.random.default_rng(1).random((60, 3))))
    truth = replace(ObservedTargets.of(mine), z=formula(np.array([[0.3, 0.6, 0.5]]))[0])
    found = waves.Fitting(mine, truth, (waves.Wave(1, "wave-1", table(np.zeros((1, 3))), PriorProposal(), fitted, np.zeros(3), None),))
    monkeypatch.setattr(waves, "PARTICLES", 1000)
    monkeypatch.setattr(waves, "CANDIDATES", 500)
    for wide in (0.0, 0.4):
        proposal, points = found.proposed(40, wide)
        x = mine.space.from_prior(np.random.default_rng(9).random((20_000, 3)))
        assert np.exp(proposal.log_density(x)).mean() == pytest.approx(1, abs=0.2)
        assert points.shape == (40, 3) and np.isfinite(proposal.log_density(points)).all()


def test_nothing_is_ruled_out_before_there_are_emulators():
    assert Distance(plan(), ObservedTargets.of(plan()), ()).at(np.zeros((4, 3))).tolist() == [0] * 4


def test_waves_end_when_they_are_enough_and_else_at_their_number(monkeypatch, tmp_path):
    monkeypatch.setattr(waves, "CANDIDATES", 400)
    monkeypatch.setattr(waves, "PARTICLES", 400)
    monkeypatch.setattr(wave_tables, "made", lambda plan, folder, name, number, points, replicates, runner: table(points(), replicates, number))
    shipped = []
    sizes = {}
    for discrepancy in (1.0, 0.0):
        mine = plan()
        mine = mine.model_copy(update={"budget": mine.budget.model_copy(update={"waves": 2, "most_waves": 3})})
        truth = replace(ObservedTargets.of(mine), z=formula(np.array([[0.4, 0.6, 0.5]]))[0], discrepancy=np.full(3, discrepancy))
        monkeypatch.setattr(waves, "GOOD_SHARE", 0.1 if discrepancy else 1e-9)
        sizes[discrepancy] = len(waves.all_waves(mine, truth, tmp_path / str(discrepancy), RUNNER, lambda words: None, done=shipped.append).waves)
    assert sizes == {1.0: 2, 0.0: 3}
    assert [file.name for file in shipped[:3]] == ["wave-1.parquet", "wave-2.json", "wave-2.parquet"]


def test_a_wave_that_was_begun_keeps_the_constants_of_its_density(tmp_path):
    mine, known = plan(), {"wide": 0.3, "level": 3.0, "size": 0.25, "log_mean": -4.5}
    wave_tables.write_constants(mine, tmp_path, "wave-2", known)
    assert wave_tables.read_constants(mine, tmp_path, "wave-2") is None, "its points are not settled: they are drawn again"
    wave_tables.write(wave_tables.file_of(tmp_path, "wave-2"), mine, table(np.random.default_rng(1).random((6, 3)), 2))
    assert wave_tables.read_constants(mine, tmp_path, "wave-2") == known
    with pytest.raises(InputError, match="of another calibration"):
        wave_tables.read_constants(plan(cutoff=2.5), tmp_path, "wave-2")


# Emulators


def test_an_emulator_sees_what_moves_its_summary():
    rng = np.random.default_rng(1)
    x = rng.random((400, 30))
    y = 2 * x[:, 3] + 3 * (x[:, 7] - 0.5) ** 2 + 0.2 * rng.standard_normal(400)
    found = active(x, y)
    assert {3, 7} <= set(found) and len(found) <= 5
    assert len(active(x[:60], y[:60])) == 30, "too few points to leave any parameter out"


def test_one_run_a_point_is_enough_for_an_emulator():
    fitted = emulators.fit(table(np.random.default_rng(1).random((200, 3)), 1))
    x = np.random.default_rng(2).random((300, 3))
    mean, _, run = fitted.predict(x)
    assert (1 - ((mean - formula(x)) ** 2).mean(axis=0) / formula(x).var(axis=0) > 0.9).all()
    assert np.sqrt(run.mean(axis=0)) == pytest.approx(0.15, rel=0.35)


def test_the_share_of_variance_that_was_predicted_ahead():
    fitted = emulators.fit(table(np.random.default_rng(1).random((80, 3))))
    near, noise = table(np.random.default_rng(5).random((60, 3)), 3, 5), table(np.random.default_rng(5).random((60, 3)), 3, 5, luck=50.0)
    assert (fitted.predicted_share(near) > 0.8).all() and (fitted.predicted_share(noise) < 0.2).all()


def test_another_wave_helps_as_long_as_emulators_are_what_is_unsure():
    truth = replace(ObservedTargets.of(plan()), z=np.zeros(3))
    x = np.random.default_rng(3).random((50, 3))
    few, many = (emulators.fit(table(np.random.default_rng(1).random((n, 3)))) for n in (15, 150))
    assert emulator_share(few, truth, x).mean() > 2 * emulator_share(many, truth, x).mean()
    assert (emulator_share(few, replace(truth, discrepancy=np.full(3, 9.0)), x) < 0.05).all()


def test_discrepancies_are_correlated_as_runs_are():
    """Two summaries that go together in runs, both missed to the same side, are less surprising than missed to opposite ones."""
    truth = ObservedTargets(np.array([0.0, 0.0]), np.full(2, 0.01), np.full(2, 1.0), np.zeros((2, 0)), np.ones(2, bool))
    cover = truth.covariance(np.ones(2, bool), np.array([[1, 0.8], [0.8, 1]]))
    assert cover == pytest.approx(np.array([[1.01, 0.8], [0.8, 1.01]]))
    rng = np.random.default_rng(1)
    drawn = np.array([truth.made_up(np.array([1.0, np.nan]), np.eye(2), rng).z for _ in range(400)])
    assert np.isnan(drawn[:, 1]).all() and drawn[:, 0].mean() == pytest.approx(1, abs=0.2) and drawn[:, 0].std() == pytest.approx(1, abs=0.15)


def test_what_summaries_say_of_parameters():
    mine = plan(target=[t.model_dump(exclude_none=True) | {"weigh": t.id == "b"} for t in plan().target])
    found = informative.table(mine, table(np.random.default_rng(1).random((200, 3)), 2)).set_index("key")
    assert found.loc[KEYS[0], "by_all"] > 0.8 > 0.7 > found.loc[KEYS[0], "by_weighing"] > 0.2, "one summary alone cannot tell two parameters apart"
    assert (found.loc[KEYS[2]] < 0.1).all()


# Tables of waves


def test_a_wave_is_one_small_file_and_needs_no_runs_again(tmp_path):
    mine = plan()
    x = mine.space.to_unit(mine.space.from_unit(np.random.default_rng(1).random((20, 3))))
    wrote = table(x, 2, 3)
    wrote.values[3, 1] = np.nan
    file = wave_tables.file_of(tmp_path, "wave-2")
    wave_tables.write(file, mine, wrote)
    read = wave_tables.made(mine, tmp_path, "wave-2", 2, partial(pytest.fail, "no points are needed"), 2, RUNNER)
    assert np.allclose(read.values, wrote.values, atol=1e-6, equal_nan=True) and np.allclose(read.unit_points, x, atol=1e-9)
    assert np.array_equal(read.seed, wrote.seed) and np.array_equal(read.point, wrote.point) and read.seconds == wrote.seconds
    frame = pd.read_parquet(file)
    assert list(frame) == ["point", "seed", *KEYS, "a", "b", "c"] and len(frame) == 40


def test_a_point_without_a_run_is_none(tmp_path):
    mine = plan()
    whole = table(np.random.default_rng(1).random((6, 3)), 2)
    runs = whole.point != 2
    wave_tables.write(tmp_path / "t.parquet", mine, replace(whole, point=whole.point[runs], seed=whole.seed[runs], values=whole.values[runs]))
    read = wave_tables.read(tmp_path / "t.parquet", mine)
    assert read.n_points == 5 and np.bincount(read.point).tolist() == [2] * 5
    assert np.allclose(read.unit_points, np.delete(whole.unit_points, 2, axis=0), atol=1e-6)


def test_tables_of_others_are_refused(tmp_path, monkeypatch):
    file = tmp_path / "t.parquet"
    wave_tables.write(file, plan(), table(np.random.default_rng(1).random((6, 3)), 2))
    with pytest.raises(InputError, match="of another calibration") as error:
        wave_tables.read(file, plan(cutoff=2.5))
    assert "\n" not in str(error.value)
    monkeypatch.setattr(wave_tables, "code_key", lambda: "other")
    with pytest.raises(InputError, match="another version of the model"):
        wave_tables.read(file, plan())
    file.write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read"):
        wave_tables.read(file, plan())


# Auxiliary battles


def fought_run(won, bounds=()):
    """An auxiliary run with made-up ends: shares won by odds, and rows of bounds."""
    one = lambda is_won: Fought(Battle(days=2), np.array([200.0, 100.0]), np.array([[0, 0], [2, 2], [4, 4.0]]), 0.2 * is_won, 0.1, np.zeros((0, 3)))  # noqa: E731
    return AuxiliaryRun({ratio: [one(k < share) for k in range(4)] for ratio, share in won.items()}, np.array(bounds, float).reshape(-1, 4))


def test_success_and_losses_of_engagements():
    run = fought_run({1.0: 1, 5.0: 4})
    assert (run.success(1.0), run.success(5.0)) == (0.25, 1.0)
    assert summaries.engagement_loss(run, "attacker") == pytest.approx(1.0) and summaries.engagement_loss(run, "defender") == pytest.approx(2.0)


@pytest.mark.parametrize("more", [1.0, 2.5])
def test_the_odds_ratio_of_strain_is_found_at_equal_density(more):
    rng = np.random.default_rng(1)
    strain, men = rng.uniform(0, 90, 4000), rng.uniform(5, 60, 4000)
    logit = -1 + math.log(more) * strain / 30 - 0.7 * np.log2(men / 20)
    rows = np.column_stack([np.zeros(4000), strain, men, rng.random(4000) < 1 / (1 + np.exp(-logit))])
    assert fought_run({}, rows).strain_odds() == pytest.approx(more, rel=0.12)
    assert math.isnan(fought_run({}, rows[:20]).strain_odds())


def test_engagements_of_a_parameter_set_keep_what_their_circumstances_set():
    orders = at_odds(5.0, 4, 7, {"fire.dark": 0.99, "fire.give_way": 0.1})
    assert {o.ratio for o in orders} == {5.0} and len({o.seed for o in orders}) == 4
    assert all(o.overrides["fire.give_way"] == 0.1 and o.overrides["fire.dark"] < 0.7 for o in orders)


def test_a_parameter_that_decides_a_close_fight_is_seen_in_engagements():
    more = ("command.manpower_ratio", 6.0)  # which an engagement has of its own
    jobs = [Auxiliary((("fire.duel_attacker", v), ("fire.give_way", v), more), 3, (1.0,), 12, False, "skirmish") for v in (0.005, 0.25)]
    weak, strong = (auxiliary.fought(job) for job in jobs)
    assert strong.success(1.0) > weak.success(1.0) and strong.daily_loss[1] > weak.daily_loss[1]
    assert all(f.men[0] / f.men[1] < 1.3 for f in strong.fought[1.0])


def test_auxiliary_battles_are_kept_and_the_same_again(tmp_path, monkeypatch):
    asked = (("success", (("ratio", 2.0),), False), ("engagement_loss", (("side", "attacker"),), True))
    jobs = [Job(Auxiliary((("fire.give_way", 0.05),), seed, (2.0,), 2, False, "skirmish"), asked) for seed in (1, 2)]
    found = auxiliary_summaries.all_summarized(jobs, tmp_path / "wave-1" / "auxiliary", "code", RUNNER)
    assert np.isfinite(found).all() and np.shape(found) == (2, 2)
    monkeypatch.setattr(auxiliary_summaries, "fought", partial(pytest.fail, "they are there"))
    assert auxiliary_summaries.all_summarized(jobs, tmp_path / "wave-1" / "auxiliary", "code", RUNNER) == found


# The plan


def test_defaults_that_rest_on_later_months_have_no_say_or_are_named():
    shipped = load_plan()
    freed = {p.key for p in shipped.space.priors if p.form.weight == 0}
    later = {"control.regain_thin", "decide.relief_counter", "fire.hunted_per_day", "command.salient", "decide.infiltration_depth_km"}
    assert later | {"fpv_team.reach_scale", "decide.counter_per_day", "command.campaign_sd", "command.campaign_days"} <= freed
    assert not freed & set(shipped.later_sources) and {"fpv_team.hit_probability", "obs_idle_maps"} <= set(shipped.later_sources)
    mine = plan(parameter=[{"key": "control.regain_thin"}, *({"key": k} for k in KEYS)])
    assert "control.regain_thin" in mine.later_sources
    assert "control.regain_thin" not in plan(parameter=[{"key": "control.regain_thin", "weight": 0.0}]).later_sources


def test_a_prior_without_weight_is_uniform_over_its_range():
    prior = plan(parameter=[{"key": "control.regain_thin", "weight": 0.0}]).space.priors[0]
    assert prior.shape == (1, 1) and prior.as_dict()["weight"] == 0


def test_the_medoid_is_taken_on_the_scale_of_the_priors():
    """Of a parameter known to an order of magnitude the middle set is that of the logarithm, and one far out does not draw it."""
    mine = plan(parameter=[{"key": "decide.relief_counter", "weight": 0.0}, {"key": KEYS[2]}])
    values = [1.0, 10.0, 100.0, 1000.0, 30.0]
    sets = pd.DataFrame({"decide.relief_counter": values, KEYS[2]: [3.0] * 5})
    manifest = {"parameter": [p.as_dict() for p in mine.space.priors], "prior": {"weight": 2.0, "log_from": 8.0}}
    assert Posterior(np.full(5, 0.2), sets, manifest).medoid["decide.relief_counter"] == 30.0
    far = pd.DataFrame({"decide.relief_counter": [1.0, 1.2, 2.0, 900.0, 1000.0], KEYS[2]: [3.0] * 5})
    assert Posterior(np.full(5, 0.2), far, manifest).medoid["decide.relief_counter"] == 2.0


def test_the_fit_sees_forces_and_small_battles():
    of = {t.of for t in load_plan().target if t.weigh}
    assert {"infantry_ratio", "infantry_change", "intake", "days_in_place", "density", "strain_odds", "success", "armor_fall"} <= of
    assert load_plan().engagement_odds == (1.0, 5.0) and load_plan().last == dt.date(2025, 4, 30)
    with pytest.raises(InputError, match="ratio: missing"):
        plan(target=[{"id": "x", "of": "success"}])


