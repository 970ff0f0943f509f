"""Scores and benchmark forecasts, on made-up ensembles whose scores are known."""

import datetime as dt

import numpy as np
import pytest
from scipy.stats import kstest, norm

from experiments.forecasting import reference_forecasts, scores
from experiments.forecasting.reference_forecasts import Belt, Horizon, Past
from experiments.forecasting.scores import Forecast, Outcome

RNG = np.random.default_rng(5)
AHEAD = Horizon.of(dt.date(2025, 5, 1), 122, [31, 122])
START = np.tile(np.arange(80) < 30, (80, 1))
PLACES = np.array([32.5, 40.5, 70.5]), np.array([5.5, 40.5, 70.5])


def past(mean=160.0, sd=40.0):
    monthly = np.column_stack([RNG.normal(mean, sd, 10), RNG.normal(mean / 2, sd / 2, 10)])
    return Past(monthly, np.full(10, 4e4), START, *PLACES)


def truth(gain=160.0):
    """A front that moves on evenly by `gain` km2 a month, as a belt along a straight line."""
    growth = gain * np.interp(np.arange(123), AHEAD.months, np.arange(5))
    cells = np.stack([Belt(START).rank <= growth[d] for d in AHEAD.maps])
    captured = Belt(START).captured(growth[None], *PLACES)[0]
    weekly = np.diff(growth[AHEAD.weeks])
    return Outcome(np.tile([gain, gain / 2], (4, 1)), np.column_stack([weekly, weekly / 2]), cells, captured, np.column_stack(PLACES), START, 122)


def made_up(happened, spread, shift=0.0, members=50, name="made up"):
    """An ensemble about what happened."""
    about = lambda v: np.asarray(v, float) + shift + RNG.normal(0, spread, (members, *np.shape(v)))  # noqa: E731
    chance = np.clip(happened.cells * 0.8 + 0.1, 0, 1) if spread else happened.cells.astype(float)
    days = np.minimum(happened.captured, 200.0)
    return Forecast(name, about(happened.monthly), about(happened.weekly), chance, about(days))


def test_crps_of_a_single_number_is_its_error():
    assert scores.crps([3.0], 5.0) == pytest.approx(2.0)
    assert scores.crps([5.0, 5.0], 5.0) == pytest.approx(0.0)


def test_crps_agrees_with_the_closed_form_of_a_normal():
    """Gneiting and Raftery 2007, equation 21."""
    members = norm.ppf((np.arange(4000) + 0.5) / 4000)
    for y in (-1.0, 0.0, 2.5):
        exact = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
        assert scores.crps(members, y) == pytest.approx(exact, abs=2e-3)


def test_crps_is_the_mean_difference_form():
    x, y = RNG.normal(size=30), 0.3
    other = np.abs(x - y).mean() - 0.5 * np.abs(x[:, None] - x).mean()
    assert scores.crps(x, y) == pytest.approx(other)


def test_brier():
    assert scores.brier([0.8, 0.0], [1, 1]) == pytest.approx([0.04, 1.0])


def test_control_is_scored_near_the_front_only():
    near = scores.near_front(START, 15)
    assert near[40, 16:44].all() and not near[40, 14] and not near[40, 45]


def test_blocks_are_neighbors():
    values, inside = np.arange(400.0).reshape(20, 20), np.ones((20, 20), bool)
    quarters = [values[:10, :10], values[:10, 10:], values[10:, :10], values[10:, 10:]]
    total, count = scores.by_block(values[inside], scores.block_of(inside))
    assert total == pytest.approx([q.sum() for q in quarters]) and (count == 100).all()
    inside[:10, :10] = False
    total, count = scores.by_block(values[inside], scores.block_of(inside))
    assert total == pytest.approx([q.sum() for q in quarters[1:]]) and len(count) == 3


def test_a_mean_over_blocks_is_that_of_their_values_and_its_interval_that_of_blocks():
    """Values that repeat within a block are no evidence of their own."""
    rng = np.random.default_rng(3)
    of_block = rng.normal(5, 1, 40)
    one = scores.mean_by_block(of_block, np.arange(40))
    ten = scores.mean_by_block(np.repeat(of_block, 10), np.repeat(np.arange(40), 10))
    assert one.n == ten.n == 40 and one.estimate == pytest.approx(ten.estimate) == pytest.approx(of_block.mean())
    assert (ten.low, ten.high) == (pytest.approx(one.low), pytest.approx(one.high))
    uneven = scores.mean_by_block(np.array([1.0, 1.0, 1.0, 5.0]), np.array([0, 0, 0, 1]))
    assert uneven.estimate == 2.0 and np.isnan(uneven.low) and uneven.note


def test_ranks_of_an_honest_ensemble_are_uniform():
    members, values = RNG.normal(size=(200, 500)), RNG.normal(size=500)
    found = np.array([scores.pit(members[:, j], v) for j, v in enumerate(values)])
    assert kstest(found, "uniform").pvalue > 0.01
    narrow = np.array([scores.pit(0.3 * members[:, j], v) for j, v in enumerate(values)])
    assert kstest(narrow, "uniform").pvalue < 1e-6
    assert scores.pit([1.0, 2.0], 0.0) == 0.0 and scores.pit([1.0, 2.0], 3.0) == 1.0 and scores.pit([1.0, 2.0], 2.0) == 0.75


def test_scores_carry_ranks_of_ensembles_only():
    happened = truth()
    ours = scores.score(made_up(happened, 20.0), happened)
    assert {len(v) for k, v in ours.pit.items() if k.startswith("monthly")} == {4}
    assert not scores.score(reference_forecasts.reference("persistence", past(), AHEAD), happened).pit


def test_bands_of_an_honest_ensemble_cover_what_they_say():
    members, values = RNG.normal(size=(400, 2000)), RNG.normal(size=2000)
    for band in (0.5, 0.9):
        assert scores.covered(members, values, band).mean() == pytest.approx(band, abs=0.03)
    assert scores.covered(0.2 * members, values, 0.9).mean() < 0.4  # one that is too sure


def test_a_perfect_forecast_has_skill_one():
    happened = truth()
    perfect = scores.score(made_up(happened, 0.0), happened)
    other = scores.score(reference_forecasts.reference("persistence", past(), AHEAD), happened)
    for what in ("monthly box", "monthly direction", "weekly box", "weekly direction", "cells"):
        assert scores.skill(perfect, other, what).estimate == pytest.approx(1.0)


def test_a_good_forecast_beats_the_front_that_stays_and_a_bad_one_does_not():
    happened = truth()
    other = scores.score(reference_forecasts.reference("persistence", past(), AHEAD), happened)
    good = scores.skill(scores.score(made_up(happened, 10.0), happened), other, "weekly box")
    assert good.low > 0.5
    bad = scores.skill(scores.score(made_up(happened, 10.0, shift=900.0), happened), other, "weekly box")
    assert bad.high < 0


def test_skill_of_an_equal_forecast_is_not_settled():
    happened = truth()
    a, b = (scores.score(made_up(happened, 20.0, members=20), happened) for _ in range(2))
    found = scores.skill(a, b, "weekly box")
    assert found.low < 0 < found.high


def test_capture_days_are_cut_at_the_horizon():
    happened = truth()
    late = made_up(happened, 0.0)
    never = Forecast("never", late.monthly, late.weekly, late.cells, np.full_like(late.captured, np.inf))
    items = scores.score(never, happened).items["captures"]
    assert items[2] == 0.0  # neither the forecast nor the record has it within the horizon
    assert items[0] == pytest.approx(122 - happened.captured[0])


def test_places_of_a_block_are_no_independent_evidence():
    """Ten neighbors for each place, all with its day: the same skill, the same interval, and N that counts blocks."""
    rng = np.random.default_rng(3)
    days, members = rng.uniform(1, 120, 12), rng.uniform(1, 120, (30, 12))
    where = np.column_stack([np.arange(12) * 10.0, np.zeros(12)])

    def found(times):
        happened = Outcome(np.zeros((4, 2)), captured=np.repeat(days, times), places=np.repeat(where, times, axis=0) + 0.1 * np.arange(12 * times)[:, None] % 9, days=122)
        score = lambda name, drawn: scores.score(Forecast(name, np.zeros((1, 4, 2)), captured=np.repeat(drawn, times, axis=1)), happened)  # noqa: E731
        return scores.skill(score("ours", members), score("other", members[:1]), "captures")

    one, ten = found(1), found(10)
    assert (one.n, ten.n) == (12, 12)
    assert ten.estimate == pytest.approx(one.estimate)
    assert (ten.low, ten.high) == (pytest.approx(one.low), pytest.approx(one.high))


def test_areas_and_spans_are_scored_apart():
    """A forecast that is right in the box and wrong in the direction has both said of it, and no month is covered by its weeks."""
    happened = truth()
    gains = np.repeat(happened.monthly[None], 20, axis=0) + np.linspace(-1, 1, 20)[:, None, None]
    gains[:, :, 1] += 500.0
    wrong = Forecast("half right", gains, np.repeat(happened.weekly[None], 20, axis=0) + np.linspace(-1, 1, 20)[:, None, None])
    gained = Outcome(happened.monthly, happened.weekly)
    found = scores.score(wrong, gained)
    other = scores.score(Forecast("nothing", 0 * gains[:1], 0 * wrong.weekly[:1]), gained)
    assert set(found.items) == {"monthly box", "monthly direction", "weekly box", "weekly direction"}
    assert scores.skill(found, other, "monthly box").estimate > 0.99 and scores.skill(found, other, "monthly direction").estimate < -5
    months, weeks = found.coverage["monthly box", 0.9], found.coverage["weekly box", 0.9]
    assert (months.estimate, months.n) == (1.0, 4) and (weeks.estimate, weeks.n) == (1.0, 17)
    assert found.coverage["monthly direction", 0.9].estimate == 0.0
    assert np.isnan(scores.skill(found, other, "monthly box").low)  # four months have no bootstrap interval


def test_the_shipped_open_forecast_is_scored_by_area():
    """Skill against the random walk from the shipped files by the sum over pairs: +0.39 in the box, -0.66 in the direction."""
    import seeds
    from experiments.forecasting import files
    from experiments.validation.rows import forecast_skill

    saved = files.read(seeds.path("forecasts", "2025-05-01"))
    found = forecast_skill.monthly_skill(saved)
    walk = next(o for o in found.others if o.name == "random walk")
    draws = reference_forecasts.random_walk(reference_forecasts.known_before(saved.first), 4)
    for k, (area, wanted) in enumerate((("box", 0.39), ("direction", -0.66))):
        pairs = lambda members, y: np.abs(members - y).mean() - 0.5 * np.abs(members[:, None] - members).mean()  # noqa: E731
        values = saved.recorded(area)
        ours = np.mean([pairs(saved.net(area)[:, m], values[m]) for m in range(4)])
        theirs = np.mean([pairs(draws[:, m, k], values[m]) for m in range(4)])
        skill = scores.skill(found.ours, walk, f"monthly {area}")
        assert skill.estimate == pytest.approx(1 - ours / theirs) and skill.estimate == pytest.approx(wanted, abs=0.01)
        assert skill.n == 4


# Reference forecasts


def test_horizon_has_whole_months():
    assert list(AHEAD.months) == [0, 30, 60, 91, 122]
    assert AHEAD.weeks[-1] == 119


def test_the_front_that_stays():
    found = reference_forecasts.reference("persistence", past(), AHEAD)
    assert (found.cells == START).all()
    assert not found.monthly.any() and np.isinf(found.captured).all()


def test_the_front_that_goes_on_takes_its_mean_as_a_belt():
    known = past()
    found = reference_forecasts.reference("linear extrapolation", known, AHEAD)
    gain = known.monthly[-4:, 0].mean()
    assert found.monthly[0, :, 0] == pytest.approx(np.full(4, gain))
    assert found.cells[-1].sum() - START.sum() == pytest.approx(4 * gain, abs=1)
    assert (found.cells[-1].sum(axis=1) >= 30 + int(4 * gain / 80)).all()  # the same depth everywhere
    day = found.captured[0]
    assert 0 < day[0] < day[1] and np.isinf(day[2])


def test_the_random_walk_has_the_mean_and_spread_of_the_past():
    known = past()
    found = reference_forecasts.reference("random walk", known, AHEAD)
    assert found.monthly[:, :, 0].mean() == pytest.approx(known.monthly[:, 0].mean(), rel=0.1)
    assert found.monthly[:, :, 0].std() == pytest.approx(known.monthly[:, 0].std(ddof=1), rel=0.1)
    assert ((found.cells >= 0) & (found.cells <= 1)).all()
    assert found.cells[-1][40, 31] > found.cells[-1][40, 45]


def test_a_front_that_falls_back_gives_the_nearest_ground_first():
    belt = Belt(START)
    lost = belt.chance(np.array([-160.0]))
    assert START.sum() - lost.sum() == pytest.approx(160, abs=1)
    assert lost[40, 27] == 1 and lost[40, 29] == 0


def test_two_boxes_follow_a_steady_past():
    known = past(sd=4.0)
    found = reference_forecasts.reference("two-box Lanchester", known, AHEAD)
    assert found.monthly[:, :, 0].mean() == pytest.approx(160, rel=0.25)
    assert np.isfinite(found.monthly).all()


def test_all_benchmarks_are_scored_on_the_same_items():
    happened = truth()
    found = [scores.score(f, happened) for f in reference_forecasts.all_of_them(past(), AHEAD)]
    sizes = {tuple(len(s.items[k]) for k in sorted(s.items)) for s in found}
    assert len(found) == 7 and len(sizes) == 1
    assert found[1].mean("monthly box") < found[0].mean("monthly box")  # going on as before beats standing still here


# The open validation


def test_fitted_runs_are_scored_against_the_record(tmp_path):
    """T28 from end to end on made-up rasters: a front that goes east with the record's pace beats one that stays."""
    from experiments.observation import publication, record
    from experiments.validation import checks as validation_checks
    from experiments.validation.checks import FAIL, PASS
    from experiments.validation.rows import forecast_skill
    from sim.scenario import load_scenario

    east = np.tile(np.arange(80), (80, 1))
    save = lambda name, values: np.savetxt(tmp_path / name, values[::-1].astype(int), fmt="%d", delimiter=",")  # noqa: E731
    day = np.where(east < 10, 0, np.where(east < 51, 10 * (east - 9), -1))
    save("cell_capture_day.csv", day)
    save("cell_recapture_day.csv", np.full((80, 80), -1))
    save("front_20240708.csv", east < 10)
    rasters = record.rasters(tmp_path)
    scenario = load_scenario("pokrovsk-2024").with_(start=forecast_skill.OPEN)
    first = (forecast_skill.OPEN - record.START).days
    sights = []
    for seed in range(1, 7):
        pace = 0.8 + 0.1 * seed
        held = [(day >= 0) & (day <= first + pace * k) for k in range(124)]
        control = (np.array(held) * 100).astype(np.uint8)
        sights.append(publication.publish_maps(control, scenario, seed, np.ones((80, 80), bool), record.END))
    found = forecast_skill.validation(sights, rasters)
    assert [o.name for o in found.others] == [
        "persistence",
        "linear extrapolation",
        "random walk",
        "random walk on the gain",
        "mean of three months",
        "climatology",
        "two-box Lanchester",
    ]
    assert scores.skill(found.ours, found.others[0], "cells").estimate > 0.3
    checks = forecast_skill.skill(found)
    assert sum(not c.is_informational for c in checks) == 12
    assert len({c.what for c in checks if "coverage" in c.what}) == 8  # two areas, months and weeks, two bands
    assert validation_checks.verdict(checks) in (PASS, FAIL)
