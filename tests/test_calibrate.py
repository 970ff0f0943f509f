"""Calibration: priors, summaries, emulators, ruling out, weights; and whether parameters that made a record are found again."""

import datetime as dt
import json
import math
import re
import shutil
import tomllib

import numpy as np
import pandas as pd
import pytest
from made_up import made_up

import seeds
from experiments import cli, posterior, record
from experiments.calibration import (
    adoption,
    emulators,
    fitting,
    identify,
    recovery,
    ruling,
    sampling,
    screening,
    seeing,
    summaries,
    waves,
)
from experiments.calibration.plan import load_plan, plan_of
from experiments.calibration.priors import Form, Space, prior_of
from experiments.calibration.ruling import Truth
from experiments.calibration.seeing import Table
from experiments.calibration.shown import Places, Record, Run
from experiments.calibration.waves import Hands
from experiments.observe import Sight, areas_of
from experiments.posterior import Posterior
from experiments.studies import load_study, study_of
from sim.quantity import InputError
from sim.scenario import load_scenario
from sim.settings import resolve

KEYS = ("decide.attacks_per_group", "control.area_per_day", "morale.rest_gain")
HANDS = Hands(1, quiet=True)


def plan(**more):
    """A small calibration of three parameters, the last of which nothing depends on in `formula`."""
    days = {"first": dt.date(2024, 8, 1), "last": dt.date(2024, 8, 21)}
    target = [
        {"id": "a", "of": "net", "part": "box", **days},
        {"id": "b", "of": "weekly_sd", "part": "box"},
        {"id": "c", "of": "drone_share", **days},
    ]
    return plan_of(
        {
            "name": "made-up",
            "scenario": "skirmish",
            **days,
            "budget": {"waves": 2, "points": 40, "replicates": 3, "sample": 60, "sample_replicates": 3},
            "parameter": [
                {"key": KEYS[0], "low": 0.02, "high": 0.3},
                {"key": KEYS[1], "low": 0.03},
                {"key": KEYS[2]},
            ],
            "target": target,
            **more,
        }
    )


def formula(x):
    """Three summaries of three places, of which the last has no part in any."""
    return np.column_stack([2 * x[:, 0] + np.sin(3 * x[:, 1]), x[:, 0] - x[:, 1], 1.5 * x[:, 1] + x[:, 0] * x[:, 1]])


LUCK = 0.15


def table(x, replicates=3, seed=0, luck=LUCK):
    """Runs of the formula at places."""
    point = np.repeat(np.arange(len(x)), replicates)
    y = formula(x)[point] + luck * np.random.default_rng(seed).standard_normal((len(point), 3))
    return Table(point, seed * 10_000 + np.arange(len(point)), y, x, float(len(point)))


@pytest.fixture
def no_runs(monkeypatch):
    """Runs are made by the formula."""
    monkeypatch.setattr(waves, "made", lambda plan, folder, number, places, replicates, hands: table(places(), replicates, number))


# Priors


def test_a_prior_has_its_mode_at_the_default_and_nothing_outside_its_range():
    prior = prior_of(resolve("fire.duel_defender"), Form())
    u = np.linspace(1e-6, 1 - 1e-6, 4001)
    values = prior.value(prior.at(u))
    assert prior.is_log and prior.low <= values.min() and values.max() <= prior.high
    density = np.histogram(prior.place(values), bins=40, range=(0, 1))[0]
    assert abs((density.argmax() + 0.5) / 40 - prior.mode) < 0.08
    assert math.isclose(float(prior.value(np.array([prior.mode]))[0]), prior.default, rel_tol=1e-6)


def test_a_range_of_one_order_is_linear_and_whole_numbers_stay_whole():
    assert not prior_of(resolve("fpv_team.detection_depth"), Form()).is_log
    whole = prior_of(resolve("infantry.group_defender"), Form())
    assert {float(v) % 1 for v in whole.value(np.linspace(0, 1, 50))} == {0.0}
    assert all(type(v) is int for v in Space((whole,)).values(np.array([[0.3], [0.9]]))[whole.key])


def test_places_and_values_are_each_others_inverse():
    space = plan().space
    x = space.places(np.random.default_rng(1).random((20, 3)))
    assert np.allclose(space.places_of(space.values(x)), x, atol=1e-6)


@pytest.mark.parametrize(
    ("key", "more", "words"),
    [
        ("works.enabled", {}, "a switch"),
        (KEYS[0], {"low": 0.9}, "outside the declared range"),
        (KEYS[0], {"low": 0.1, "high": 0.05}, "low below high"),
        (KEYS[0], {"low": 0.2, "high": 0.4}, "the default"),
    ],
)
def test_bad_priors(key, more, words):
    with pytest.raises(InputError, match=words):
        prior_of(resolve(key), Form(), None, **more)


# The plan


def test_the_shipped_plan_says_what_the_record_says():
    """Observed figures of ground and places are the record's by the same arithmetic; those of losses are cited claims."""
    shipped = load_plan()
    known = Record(shipped.last)
    computed = 0
    for t in shipped.target:
        value = summaries.value_of(known, t.of, t.arguments, t.is_log)
        if math.isfinite(value):
            assert float(t.plain(value)) == pytest.approx(t.observed, rel=2e-3, abs=2e-3), t.id
            computed += 1
        else:
            assert t.fact, t.id
    assert computed > 30


def test_the_fit_sees_nothing_after_its_window():
    shipped = load_plan()
    assert (shipped.first, shipped.last) == (record.START, record.FIT_END)
    dates = [d for t in shipped.target for d in (t.first, t.middle, t.last) if d]
    assert max(dates) <= record.FIT_END
    facts = [seeds.facts()[t.fact] for t in shipped.target if t.fact and not t.fact.startswith("series ")]
    losses = [f for f in facts if f.id.startswith(("loss_", "isw_", "derived_", "net_"))]
    assert losses and all(f.period_end <= "2025-04-30" for f in losses)


def test_the_shipped_plans_load_and_fit_no_switch():
    for name in ("pokrovsk-2024", "skirmish"):
        shipped = load_plan(name)
        assert shipped.space.k == len(shipped.parameter) and shipped.battle.days == shipped.days
    assert 20 <= load_plan().space.k <= 30 and load_plan().budget.runs == 2400


def test_the_key_is_of_what_is_fitted_and_not_of_words_or_budgets():
    a = plan()
    assert a.key == plan(title="another", budget={"waves": 1}).key
    assert a.key != plan(cutoff=2.5).key
    assert a.key != plan(parameter=[{"key": KEYS[0], "low": 0.02, "high": 0.25}, *({"key": k} for k in KEYS[1:])]).key


DATES = {"first": dt.date(2024, 8, 1), "last": dt.date(2024, 8, 21)}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"parameter": [{"key": "decide.attack_per_group"}]}, "Did you mean"),
        ({"parameter": [{"key": KEYS[0]}, {"key": "tempo"}]}, "twice"),
        ({"target": [{"id": "x", "of": "nett", "part": "box", **DATES}]}, "unknown summary"),
        ({"target": [{"id": "x", "of": "net", **DATES}]}, "part: missing"),
        ({"target": [{"id": "x", "of": "weekly_sd", "part": "box", **DATES}]}, "not for summary"),
        ({"target": [{"id": "x", "of": "net", "part": "box", "first": dt.date(2024, 8, 1), "last": dt.date(2024, 9, 1)}]}, "outside the window"),
        ({"target": [{"id": "x", "of": "weekly_sd", "part": "box", "observed": 1.0}]}, "never exact"),
        ({"target": [{"id": "x", "of": "weekly_sd", "part": "box", "observed": 1.0, "error": 1.0, "fact": "nett_box"}]}, "no fact"),
        ({"target": [{"id": "x", "of": "gain_ratio", "part": "box", "observed": -1.0, "error": 1.0}]}, "above 0"),
        ({"target": [{"id": "x", "of": "weekly_sd", "part": "box", "shared": "claim"}]}, "shared"),
        ({"waves": 3}, "unknown key"),
    ],
)
def test_bad_plans_give_one_clear_line(more, words):
    with pytest.raises(InputError, match=words) as error:
        plan(**more)
    assert "\n" not in str(error.value)


# Summaries


def steps(columns, losing=()):
    """A run on 20 by 20 km whose front moves west by the columns given each day; on days in `losing` it falls back by one."""
    held = np.zeros((len(columns) + 1, 20, 20), bool)
    west = 15
    held[0, :, west:] = True
    for day, step in enumerate(columns, start=1):
        west += 1 if day in losing else -step
        held[day, :, west:] = True
    date = np.datetime64("2024-08-01") + np.arange(len(held))
    everywhere = np.ones((20, 20), bool)
    box, half = areas_of(held, date, everywhere, 1.0), areas_of(held, date, everywhere & (np.arange(20)[:, None] < 10), 1.0)
    return held, date, box, half


def run_of(columns, losing=(), places=None, books=None):
    held, date, box, half = steps(columns, losing)
    sight = Sight(1, date, held, box, half, (0.0, 0.0))
    return Run(sight, books or {}, places or Places(np.array([]), np.array([]), (2.0, 10.0)))


def test_ground_summaries_of_a_run_that_is_known():
    run = run_of([1] * 5 + [0] * 5 + [0] * 4, losing=(8,))
    a, b = dt.date(2024, 8, 1), dt.date(2024, 8, 11)
    assert summaries.net(run, "box", a, b) == 5 * 20 - 20
    assert summaries.net(run, "direction", a, b) == (5 * 20 - 20) / 2
    assert summaries.pace(run, "box", a, b) == 8.0
    assert summaries.gain_ratio(run, "box") == 5.0
    assert summaries.weekly_sd(run, "box") == 50.0
    assert summaries.distance(run, b) == pytest.approx(11 - 2.0)
    assert summaries.distance(run, b) < summaries.distance(run, a)
    assert summaries.front_growth(run, a, b) == pytest.approx(1.0)


def test_a_run_without_losses_of_ground_counts_as_one_km2_lost():
    assert summaries.gain_ratio(run_of([1, 1, 1]), "box") == 60.0


def test_places_are_taken_and_lost_again():
    run = run_of([1] * 3 + [0] * 20, places=Places(np.array([13.5, 11.5, 3.5]), np.array([5.5, 5.5, 5.5]), None))
    assert run.captured().tolist() == [2.0, math.inf, math.inf]
    assert summaries.places_taken(run) == 1 and summaries.recaptured_share(run) == 0.0
    back = run_of([1] * 3 + [0] * 30, losing=(15, 16), places=run.places)
    assert summaries.recaptured_share(back) == 1.0


def test_the_order_of_captures_is_perfect_for_the_record_and_worse_for_another():
    last = dt.date(2024, 12, 31)
    theirs = Record(last)
    assert summaries.order_tau(theirs, last) == pytest.approx(1.0)

    class Backward(Record):
        def captured(self):
            day = super().captured()
            return np.where(np.isfinite(day), 1000 - day, day)

    assert summaries.order_tau(Backward(last), last) == pytest.approx(-1.0, abs=0.1)


def test_losses_are_claims_between_two_dates():
    day = np.arange(15.0)
    books = {name: day * 10 for name in ("casualties_attacker", "casualties_attacker_direction", "casualties_attacker_drone")}
    run = run_of([1] * 14, books=books)
    a, b = dt.date(2024, 8, 3), dt.date(2024, 8, 13)
    claim = seeds.facts()["obs_claim_attacker"].value
    assert summaries.losses(run, "box", a, b) == pytest.approx(10 * claim)
    assert summaries.drone_share(run, a, b) == 1.0
    assert summaries.price(run, "box", a, b) == pytest.approx(100 * claim / 200)


def test_a_logarithm_of_nothing_is_no_value():
    assert math.isnan(summaries.value_of(run_of([0, 0, 0]), "places_taken", {}, True))


# Given points


def test_given_points_have_their_own_values_and_seeds():
    study = seeing.study_of(plan(), "wave-2", {KEYS[0]: [0.05, 0.05, 0.2], KEYS[1]: [0.1, 0.2, 0.3]}, 4, 2)
    assert study.n_runs == 12 and study.point(1).overrides == {KEYS[0]: 0.05, KEYS[1]: 0.2}
    drawn = [study.seed_of(r) for r in range(12)]
    assert len(set(drawn)) == 12 and drawn == sorted(drawn)
    again = study_of({"name": "wave-2", **tomllib.loads(study.to_toml())})
    assert again.key == study.key and again.checked().points() == study.points()
    assert study.seed_of(0) != seeing.study_of(plan(), "wave-3", {KEYS[0]: [0.05]}, 4, 3).seed_of(0)


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
    noise = Table(told.point, told.seed, np.random.default_rng(3).standard_normal(told.values.shape), x)
    fitted = emulators.fit(noise)
    mean, unsure, luck = fitted.predict(np.random.default_rng(2).random((200, 3)))
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
    truth = Truth.made_up(formula(here)[0])
    near, far = (ruling.second_largest(ruling.implausibility(fitted, truth, p))[0] for p in (here, there))
    assert near < 2 < 3 < far
    blurred = Truth(truth.z, np.full(3, 9.0), np.zeros((3, 0)), np.ones(3, bool))
    assert ruling.second_largest(ruling.implausibility(fitted, blurred, there))[0] < 1


def test_the_second_largest_decides():
    assert ruling.second_largest(np.array([[9.0, 1.0, 2.0], [0.5, 0.1, 0.2]])).tolist() == [2.0, 0.2]
    assert ruling.second_largest(np.array([[4.0]])).tolist() == [4.0]


def test_the_likelihood_is_the_normal_one():
    from scipy.stats import multivariate_normal

    fitted = emulators.fit(table(np.random.default_rng(1).random((60, 3))))
    x = np.array([[0.3, 0.6, 0.5], [0.5, 0.5, 0.5]])
    truth = Truth(formula(x[:1])[0], np.array([0.01, 0.02, 0.03]), np.array([[0.1], [0.2], [0.0]]), np.array([True, True, False]))
    mean, unsure, luck = fitted.predict(x)
    told = []
    for k in range(2):
        sd = np.sqrt(luck[k, :2])
        cover = np.diag(sd) @ fitted.correlation[:2, :2] @ np.diag(sd) + np.diag(unsure[k, :2] + [0.01, 0.02])
        cover += np.outer([0.1, 0.2], [0.1, 0.2])
        told.append(multivariate_normal(mean[k, :2], cover).logpdf(truth.z[:2]) + math.log(2 * math.pi))
    assert ruling.log_likelihood(fitted, truth, x) == pytest.approx(told, abs=1e-6)


def test_points_below_a_level_stand_for_their_share_of_the_prior():
    found = sampling.below(lambda u: np.abs(u[:, :2] - 0.5).max(axis=1), 0.05, 1500, 4, 1)
    assert found.level == 0.05 and found.score.max() < 0.05
    assert found.size == pytest.approx(0.01, rel=0.25)
    assert found.u[:, 3].std() == pytest.approx(12**-0.5, rel=0.1)


def test_where_nothing_is_below_the_level_the_nearest_are_told_as_such():
    found = sampling.below(lambda u: 5 + u[:, 0], 3.0, 500, 2, 1)
    assert found.level > 5 and found.size <= sampling.LEAST * 2 and found.u[:, 0].max() < 0.01


def test_points_in_proportion_to_a_likelihood():
    found = sampling.likely(lambda u: -0.5 * (((u[:, :2] - 0.3) / 0.05) ** 2).sum(axis=1), 1500, 4, 1)
    assert found.level == 1.0
    assert found.u[:, :2].mean(axis=0) == pytest.approx(0.3, abs=0.01)
    assert found.u[:, :2].std(axis=0) == pytest.approx(0.05, rel=0.12)
    assert found.size == pytest.approx(math.log(2 * math.pi * 0.05**2), abs=0.25)


def test_weights_and_effective_size():
    equal = fitting.weights(np.full(4, -1e6), np.full(4, -1e6))
    assert equal.tolist() == [0.25] * 4 and sampling.effective(equal) == 4
    assert sampling.effective(fitting.weights(np.array([0.0, -100.0]), np.zeros(2))) == pytest.approx(1)
    assert fitting.quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 98.0]), (0.5,)) == pytest.approx((2.0,), abs=0.1)


# The whole


def test_a_calibration_finds_what_made_the_record_and_not_what_had_no_part_in_it(no_runs, tmp_path):
    mine = plan()
    place = np.array([[0.35, 0.7, 0.2]])
    told = []
    found = fitting.calibrate(mine, Truth.made_up(formula(place)[0]), tmp_path, HANDS, told.append)
    learned = identify.table(mine.space, found.posterior).set_index("key")
    true = {key: values[0] for key, values in mine.space.values(place).items()}
    for key in KEYS[:2]:
        assert learned.loc[key, "low"] < true[key] < learned.loc[key, "high"]
        assert learned.loc[key, "narrower"] > 0.4 and learned.loc[key, "clear"] and learned.loc[key, "overlap"] < 0.7
    assert learned.loc[KEYS[2], "overlap"] > 0.75 and abs(learned.loc[KEYS[2], "narrower"]) < 0.3
    m = found.posterior.manifest
    assert m["effective_sets"] > 15 and m["acceptance"] > 0.8 and m["runs"] == 2 * 40 * 3 + 60 * 3
    assert m["wave"][1]["prior_left"] < 0.6 and len(told) == 3
    rows = fitting.fit_table(found)
    assert rows["inside"].all() and (rows["distance"] < 2).all()
    again = fitting.calibrate(mine, Truth.made_up(formula(place)[0]), tmp_path, HANDS, told.append)
    assert np.array_equal(again.posterior.weight, found.posterior.weight)


def test_a_record_that_the_model_cannot_make_is_told_as_such(no_runs, tmp_path):
    found = fitting.calibrate(plan(), Truth.made_up(np.array([9.0, 9.0, 9.0])), tmp_path, HANDS, lambda words: None)
    assert found.posterior.manifest["wave"][1]["cutoff_used"] > 3
    assert found.posterior.manifest["acceptance"] == 0
    assert not fitting.fit_table(found)["inside"].any()


def test_made_up_records_are_recovered_as_often_as_said(no_runs, tmp_path):
    found = recovery.recover(plan(), tmp_path, 40, HANDS, lambda words: None)
    assert len(found.table) == 120
    assert found.coverage(0.9).estimate == pytest.approx(0.9, abs=0.08)
    assert found.coverage(0.5).estimate == pytest.approx(0.5, abs=0.13)
    assert found.kept.estimate > 0.9
    by = found.by_parameter().set_index("key")
    assert by.loc[KEYS[0], "narrower"] > 0.4 > 0.1 > by.loc[KEYS[2], "narrower"]


def test_recovery_would_notice_a_method_that_is_too_sure(no_runs, monkeypatch, tmp_path):
    """Were luck taken for a tenth of what it is, intervals would miss the truth."""
    honest = emulators.Emulator.variance
    monkeypatch.setattr(emulators.Emulator, "variance", lambda self, x: 0.01 * honest(self, x))
    found = recovery.recover(plan(), tmp_path, 25, HANDS, lambda words: None)
    assert found.coverage(0.9).high < 0.9


def test_identifiability_of_a_sample_of_the_prior_is_nothing():
    space = plan().space
    x = space.places(np.random.default_rng(5).random((150, 3)))
    same = identify.table(space, Posterior(np.full(150, 1 / 150), pd.DataFrame(space.values(x))))
    assert same["clear"].sum() <= 1 and (same["overlap"] > 0.85).all()
    narrow = x.copy()
    narrow[:, 1] = 0.4 + 0.05 * (x[:, 1] - 0.5)
    one = identify.table(space, Posterior(np.full(150, 1 / 150), pd.DataFrame(space.values(narrow))))
    assert one["clear"].tolist()[1] and one["narrower"][1] > 0.8 and one["overlap"][1] < 0.4


# On the skirmish, by command


@pytest.fixture(scope="module")
def skirmish(tmp_path_factory):
    """A tiny calibration on a skirmish that was run by command."""
    folder = tmp_path_factory.mktemp("calibrate")
    data = tomllib.loads(seeds.path("calibration-skirmish.toml").read_text(encoding="utf-8"))
    data["budget"] = {"waves": 1, "points": 12, "replicates": 2, "sample": 8, "sample_replicates": 2, "seconds_a_run": 0.2}
    data["last"] = dt.date(2024, 8, 9)
    data["target"] = [t for t in data["target"] if t["id"] not in ("net", "drone-share")]
    observed = {"net-first-week": 0.0, "losses-attacker": 6.0, "losses-defender": 2.5, "attack-cost": 6.0}
    for t in data["target"]:
        t |= {"observed": observed[t["id"]], "error": 0.2, "discrepancy": 0.2}
        if "last" in t:
            t["last"] = dt.date(2024, 8, 8)
    import tomli_w

    file = folder / "small.toml"
    file.write_text(tomli_w.dumps(data), encoding="utf-8")
    order = ["calibrate", "--scenario", str(file), "--out", str(folder / "out"), "--workers", "2", "--quiet"]
    assert cli._status(order) == 0
    return folder, order


def test_the_command_leaves_a_posterior_with_its_manifest(skirmish):
    folder, _ = skirmish
    place = folder / "out" / "posterior"
    found = posterior.load(place)
    assert found.n == 8 and math.isclose(found.weight.sum(), 1.0) and set(found.keys) == {p["key"] for p in found.manifest["parameter"]}
    assert found.manifest["runs"] == 40 and found.manifest["core_hours"] >= 0 and 1 <= found.effective <= 8
    assert (place / "identifiability.png").stat().st_size > 5000
    assert len(pd.read_csv(place / "identifiability.csv")) == 5 and len(pd.read_csv(place / "targets.csv")) == 4
    assert set(found.medoid) == set(found.keys)
    sets = posterior.draw(20, seed=3, folder=place)
    assert len(sets) == 20 and sets == posterior.draw(20, seed=3, folder=place) != posterior.draw(20, seed=4, folder=place)


def test_the_same_command_goes_on_without_a_run_and_gives_the_same(skirmish, capsys):
    folder, order = skirmish
    before = posterior.load(folder / "out" / "posterior")
    commits = {p: p.stat().st_mtime_ns for p in (folder / "out").rglob("runs/*.parquet")}
    assert cli._status(order) == 0
    assert {p: p.stat().st_mtime_ns for p in (folder / "out").rglob("runs/*.parquet")} == commits
    assert np.array_equal(posterior.load(folder / "out" / "posterior").weight, before.weight)
    assert "12 points x 2" in capsys.readouterr().out


def test_runs_that_are_lost_are_made_again(skirmish, tmp_path):
    """A calibration that was stopped in a wave goes on there: here its last commit is gone."""
    folder, order = skirmish
    shutil.copytree(folder / "out", tmp_path / "out")
    for file in (tmp_path / "out" / "sample-1" / "runs").glob("*.parquet"):
        file.unlink()
    order = [str(tmp_path / "out") if word == str(folder / "out") else word for word in order]
    assert cli._status(order) == 0
    again, before = (posterior.load(p / "out" / "posterior") for p in (tmp_path, folder))
    assert again.sets.equals(before.sets) and np.allclose(again.weight, before.weight)


def test_another_calibration_does_not_go_into_the_folder(skirmish, tmp_path, capsys):
    folder, order = skirmish
    text = (folder / "small.toml").read_text(encoding="utf-8").replace("discrepancy = 0.2", "discrepancy = 0.3")
    other = tmp_path / "small.toml"
    other.write_text(text, encoding="utf-8")
    assert cli._status([str(other) if word == str(folder / "small.toml") else word for word in order]) == 2
    assert "holds another calibration" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scenario", "skirmsh"], "Did you mean 'skirmish'"),
        (["--scenario", "none.toml"], "not found"),
        (["--scenario", "skirmish"], "no observed values"),
        (["--waves", "0"], "--waves 0"),
        (["--recover", "3", "--adopt"], "one at a time"),
        (["--deep"], "--recover only"),
    ],
)
def test_bad_orders(words, said, capsys):
    assert cli._status(["calibrate", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_the_budget_is_told_before_anything_is_run(capsys, tmp_path):
    assert cli._status(["calibrate", "--budget", "--out", str(tmp_path / "none")]) == 0
    told = capsys.readouterr().out
    assert "2,400 runs" in told and "core-hours" in told and not (tmp_path / "none").exists()


# Screening and adoption


def test_screening_ranks_by_the_floor_of_luck_and_keeps_what_clears_it():
    keys = list(KEYS)
    truth = lambda u, levels: 20 * u[:, 0] + 2 * u[:, 1]  # noqa: E731
    found = made_up("morris", truth, factors={k: {} for k in keys}, points=12, levels=4, replicates=3, noise=0.5)
    order = screening.ranked(found, ("held_km2", "none_such"))
    assert order.table["factor"].tolist()[:2] == keys[:2] and keys[2] not in order.clear and keys[0] in order.clear
    chosen = screening.chosen_of(plan(), order)
    assert chosen[0].key == keys[0] and chosen[0].low == 0.02 and "floor of luck" in chosen[0].why


def test_single_parameters_are_those_of_the_groups_that_matter_without_known_levers():
    groups = load_study("screening")
    single = screening.one_by_one(load_plan(), groups, ["control", "decide"])
    assert all(k.startswith(("control.", "decide.")) for k in single.factor_names)
    assert "decide.attacks_per_group" in single.factor_names and "decide.rotation_interval_days" not in single.factor_names
    assert single.factors["decide.attacks_per_group"]["low"] == 0.02
    with pytest.raises(InputError, match="no parameter is left"):
        screening.one_by_one(load_plan(), groups, [])


def test_the_list_is_written_and_the_rest_of_the_file_stays(tmp_path):
    file = tmp_path / "calibration.toml"
    shutil.copyfile(seeds.path("calibration.toml"), file)
    screening.write_list(file, list(load_plan().parameter[3:6]))
    new = load_plan(str(file))
    assert [p.key for p in new.parameter] == [p.key for p in load_plan().parameter[3:6]]
    assert new.target == load_plan().target and new.screening.how == "screened"
    file.write_text(file.read_text(encoding="utf-8").replace(screening.END, ""), encoding="utf-8")
    with pytest.raises(InputError, match="marks"):
        screening.write_list(file, list(new.parameter))


def test_the_medoid_becomes_the_defaults_of_a_scenario_and_nothing_else_changes(tmp_path):
    file = tmp_path / "pokrovsk-2024.toml"
    shutil.copyfile(seeds.path("scenarios", "pokrovsk-2024.toml"), file)
    before = load_scenario(file)
    sets = pd.DataFrame({KEYS[0]: [0.05, 0.06, 0.2], "infantry.group_defender": [3, 3, 5]})
    found = Posterior(np.array([0.4, 0.4, 0.2]), sets, {"name": "calibration", "key": "abc", "git_commit": "f00"})
    adoption.adopt(found, file)
    after = load_scenario(file)
    assert after.params == {KEYS[0]: 0.06, "infantry.group_defender": 3} or after.params == {KEYS[0]: 0.05, "infantry.group_defender": 3}
    assert after.model_dump(exclude={"params"}) == before.model_dump(exclude={"params"})
    text = file.read_text(encoding="utf-8")
    assert "commit f00" in text and "calibrate --adopt" in text
    adoption.adopt(Posterior(np.ones(1), pd.DataFrame({KEYS[0]: [0.09]})), file)
    assert load_scenario(file).params[KEYS[0]] == 0.09 and load_scenario(file).params["infantry.group_defender"] == 3
    assert file.read_text(encoding="utf-8").count("[params]") == 1 and file.read_text(encoding="utf-8").count("# Adopted") == 1


def test_parameters_that_a_scenario_sets_itself_stay():
    text = '[params]\n"works.field_ready" = 0.0  # as reported\n\n[box]\nx0_km = 30.0\n'
    new = adoption.adopted(text, Posterior(np.ones(1), pd.DataFrame({KEYS[0]: [0.09]})), dt.date(2025, 1, 1))
    assert tomllib.loads(new) == {"params": {"works.field_ready": 0.0, KEYS[0]: 0.09}, "box": {"x0_km": 30.0}}


# The posterior as it is shipped


@pytest.mark.parametrize(
    ("csv", "manifest", "words"),
    [
        ("weight,tempo\n1,0.1\n", 'schema = 1\nkind = "sweep"\n', "not that of a posterior"),
        ("weight,tempo\n1,0.1\n", 'schema = 9\nkind = "posterior"\n', "newer version"),
        ("weight,tempo\n1,9\n", 'schema = 1\nkind = "posterior"\n', "out of range"),
        ("weight,temp\n1,0.1\n", 'schema = 1\nkind = "posterior"\n', "Did you mean"),
        ("weight,tempo\n-1,0.1\n", 'schema = 1\nkind = "posterior"\n', "weights must be"),
        ("tempo\n0.1\n", 'schema = 1\nkind = "posterior"\n', "a column `weight`"),
        ("weight,tempo\n1,0.1\n", "schema = = 1\n", "cannot be read"),
    ],
)
def test_broken_posteriors_give_one_clear_line(csv, manifest, words, tmp_path):
    (tmp_path / "sample.csv").write_text(csv, encoding="utf-8")
    (tmp_path / "manifest.toml").write_text(manifest, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(words)) as error:
        posterior.load(tmp_path)
    assert "\n" not in str(error.value)


def test_draws_are_in_proportion_to_weights():
    found = Posterior(np.array([0.7, 0.2, 0.1]), pd.DataFrame({KEYS[0]: [0.1, 0.2, 0.3]}))
    drawn = found.draw(1000, 1)[KEYS[0]]
    assert [drawn.count(v) for v in (0.1, 0.2, 0.3)] == pytest.approx([700, 200, 100], abs=1)
    assert found.medoid == {KEYS[0]: 0.1} and json.dumps(found.medoid)
