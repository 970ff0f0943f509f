"""What a calibration is told: priors, the plan, and the figures that runs and the record are compared by."""

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
from helpers.made_up_fit import KEYS, plan

import seeds
from experiments.calibration import summaries
from experiments.calibration.config import load_plan
from experiments.calibration.priors import ParameterSpace, PriorForm, prior_of
from experiments.observation import record
from experiments.observation.areas import areas_of
from experiments.observation.observed import MEASURES, ObservedRecord, ObservedRun, Places, books_of
from experiments.observation.publication import PublishedMaps
from sim.errors import InputError
from sim.settings import resolve

# Priors


def test_a_prior_has_its_mode_at_the_default_and_nothing_outside_its_range():
    prior = prior_of(resolve("fire.duel_defender"), PriorForm())
    u = np.linspace(1e-6, 1 - 1e-6, 4001)
    values = prior.from_unit(prior.quantile(u))
    assert prior.is_log and prior.low <= values.min() and values.max() <= prior.high
    density = np.histogram(prior.to_unit(values), bins=40, range=(0, 1))[0]
    assert abs((density.argmax() + 0.5) / 40 - prior.mode) < 0.08
    assert math.isclose(float(prior.from_unit(np.array([prior.mode]))[0]), prior.default, rel_tol=1e-6)


def test_a_range_of_one_order_is_linear_and_whole_numbers_stay_whole():
    assert not prior_of(resolve("fpv_team.detection_depth"), PriorForm()).is_log
    whole = prior_of(resolve("infantry.group_defender"), PriorForm())
    assert {float(v) % 1 for v in whole.from_unit(np.linspace(0, 1, 50))} == {0.0}
    assert all(type(v) is int for v in ParameterSpace((whole,)).from_unit(np.array([[0.3], [0.9]]))[whole.key])


def test_places_and_values_are_each_others_inverse():
    space = plan().space
    x = space.from_prior(np.random.default_rng(1).random((20, 3)))
    assert np.allclose(space.to_unit(space.from_unit(x)), x, atol=1e-6)


@pytest.mark.parametrize(
    ("key", "more", "words"),
    [
        ("works.enabled", {}, "a switch"),
        (KEYS[0], {"low": 2.5}, "outside the declared range"),
        (KEYS[0], {"low": 0.1, "high": 0.05}, "low below high"),
        ("command.manpower_ratio", {}, "give the prior a `mode`"),
        (KEYS[0], {"low": 0.7, "high": 0.8}, "the default"),
    ],
)
def test_bad_priors(key, more, words):
    with pytest.raises(InputError, match=words):
        prior_of(resolve(key), PriorForm(), None, **more)


# The plan


def test_the_shipped_plan_says_what_the_record_says():
    """Observed figures of ground and places are the record's by the same arithmetic; those of losses are cited claims."""
    shipped = load_plan()
    known = ObservedRecord(shipped.last)
    computed = 0
    for t in shipped.target:
        if t.battle != "long":
            assert t.fact, t.id
            continue
        value = summaries.value_of(known, t.of, t.arguments, t.is_log)
        if math.isfinite(value):
            assert float(t.plain(value)) == pytest.approx(t.observed, rel=2e-3, abs=2e-3), t.id
            computed += 1
        else:
            assert t.fact, t.id
    assert computed > 15


def test_the_fit_sees_nothing_after_its_window():
    shipped = load_plan()
    assert (shipped.first, shipped.last) == (record.START, record.FIT_END)
    dates = [d for t in shipped.target for d in (t.first, t.middle, t.last) if d]
    assert max(dates) <= record.FIT_END
    facts = [seeds.facts()[t.fact] for t in shipped.target if t.fact and not t.fact.startswith("series ")]
    losses = [f for f in facts if f.id.startswith(("loss_", "isw_", "derived_", "net_"))]
    assert losses and all(f.period_end <= "2025-04-30" for f in losses)
    assert all(f.period_start <= "2025-04-30" for f in facts)


def test_the_shipped_plans_load_and_fit_no_switch():
    for name in ("pokrovsk-2024", "skirmish"):
        shipped = load_plan(name)
        assert shipped.space.k == len(shipped.parameter) and shipped.battle.days == shipped.days
    assert 20 <= load_plan().space.k <= 60 and load_plan().budget.runs == 5000


def test_the_key_is_of_what_is_fitted_and_not_of_words_or_budgets():
    a = plan()
    assert a.key == plan(title="another", budget={"waves": 1}).key
    assert a.key != plan(cutoff=2.5).key
    assert a.key != plan(parameter=[{"key": KEYS[0], "low": 0.1, "high": 0.9}, *({"key": k} for k in KEYS[1:])]).key


DATES = {"first": dt.date(2024, 8, 1), "last": dt.date(2024, 8, 21)}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"parameter": [{"key": "decide.attack_per_group"}]}, "Did you mean"),
        ({"parameter": [{"key": KEYS[0]}, {"key": "tempo"}]}, "twice"),
        ({"target": [{"id": "x", "of": "nett", "part": "box", **DATES}]}, "unknown summary"),
        ({"target": [{"id": "x", "of": "net", **DATES}]}, "part: missing"),
        ({"target": [{"id": "x", "of": "weekly_sd", "part": "box", **DATES}]}, "not for summary"),
        (
            {
                "target": [
                    {"id": "x", "of": "net", "part": "box", "first": dt.date(2024, 8, 1), "last": dt.date(2024, 9, 1)}
                ]
            },
            "outside the window",
        ),
        ({"target": [{"id": "x", "of": "weekly_sd", "part": "box", "observed": 1.0}]}, "never exact"),
        (
            {
                "target": [
                    {"id": "x", "of": "weekly_sd", "part": "box", "observed": 1.0, "error": 1.0, "fact": "nett_box"}
                ]
            },
            "no fact",
        ),
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
    box, half = (
        areas_of(held, date, everywhere, 1.0),
        areas_of(held, date, everywhere & (np.arange(20)[:, None] < 10), 1.0),
    )
    return held, date, box, half


def run_of(columns, losing=(), places=None, daily=None):
    held, date, box, half = steps(columns, losing)
    maps = PublishedMaps(1, date, held, box, half, (0.0, 0.0))
    return ObservedRun(maps, books_of(daily) if daily else {}, places or Places(np.array([]), np.array([]), (2.0, 10.0)))


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
    assert run.captured.tolist() == [2.0, math.inf, math.inf]
    assert summaries.places_taken(run) == 1 and summaries.recaptured_share(run) == 0.0
    back = run_of([1] * 3 + [0] * 30, losing=(15, 16), places=run.places)
    assert summaries.recaptured_share(back) == 1.0


def test_the_order_of_captures_is_perfect_for_the_record_and_worse_for_another():
    last = dt.date(2024, 12, 31)
    theirs = ObservedRecord(last)
    assert summaries.order_tau(theirs, last) == pytest.approx(1.0)

    class Backward(ObservedRecord):
        @property
        def captured(self):
            day = super().captured
            return np.where(np.isfinite(day), 1000 - day, day)

    assert summaries.order_tau(Backward(last), last) == pytest.approx(-1.0, abs=0.1)


def test_the_rest_is_the_box_without_the_direction():
    run = run_of([1] * 5 + [0] * 9, losing=(8,))
    a, b = dt.date(2024, 8, 1), dt.date(2024, 8, 15)
    assert summaries.net(run, "rest", a, b) == summaries.net(run, "box", a, b) - summaries.net(run, "direction", a, b) == 40
    assert run.rest.gained.sum() == 50 and run.rest.lost.sum() == 10 and summaries.gain_ratio(run, "rest") == 5
    known = ObservedRecord(dt.date(2025, 4, 30))
    parts = [summaries.pace(known, part, dt.date(2024, 7, 8), known.last) for part in ("direction", "rest", "box")]
    assert parts[0] + parts[1] == pytest.approx(parts[2])


def test_forces_are_those_of_the_days_asked_about():
    n = 61
    day = np.arange(float(n))
    states = {"infantry_attacker": 4000 + 0 * day, "infantry_defender": 1000 + 10 * day, "in_line_defender": 500 + 0 * day, "front_km": 10 + day}
    states |= {"days_in_place_defender": day, "intake_attacker": 20 * day}
    run = replace(run_of([0] * (n - 1)), states=states)
    a, b, c = dt.date(2024, 8, 1), dt.date(2024, 8, 11), dt.date(2024, 9, 30)
    assert summaries.infantry_ratio(run, a, b) == pytest.approx(4000 / 1050)
    assert summaries.infantry_change(run, "attacker", a, c) == 1 and summaries.infantry_change(run, "defender", a, c) == pytest.approx(1.455)
    assert summaries.intake(run, a, b) == 20 and summaries.days_in_place(run, a, b) == 5 and summaries.days_in_place(run, a, a) == 0.5
    assert summaries.density(run, a, a) == 50 > summaries.density(run, a, b)


def test_losses_are_claims_between_two_dates():
    day = np.arange(15.0)
    run = run_of([1] * 14, daily=dict.fromkeys(MEASURES, day * 10))
    a, b = dt.date(2024, 8, 3), dt.date(2024, 8, 13)
    claim = seeds.facts()["obs_claim_attacker"].value
    assert summaries.losses(run, "box", a, b) == pytest.approx(10 * claim)
    assert summaries.drone_share(run, a, b) == 1.0
    assert summaries.price(run, "box", a, b) == pytest.approx(100 * claim / 200)


def test_a_logarithm_of_nothing_is_no_value():
    assert math.isnan(summaries.value_of(run_of([0, 0, 0]), "places_taken", {}, True))
