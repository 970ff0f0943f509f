"""The price of ground, the rest of the oblast and culmination: each from runs whose answer is known."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

import seeds
from experiments.calibration.posterior import Posterior
from experiments.claims import mission
from experiments.cli import app
from experiments.figures import mission as figures_mission
from experiments.observation.areas import Areas
from experiments.observation.observed import ObservedRun, Places
from experiments.observation.publication import PublishedMaps
from experiments.reporting import mission_page
from experiments.results.results import Results


def seen(gain, lost, seed=1):
    """A run that gains and loses the same each day of the record, all of its ground outside the direction's half."""
    date = np.arange("2024-07-08", "2025-09-01", dtype="M8[D]")
    day = np.arange(len(date), dtype=float)
    box = Areas(date, 700 + gain * day, np.full(len(date), gain), np.zeros(len(date)))
    half = dataclasses.replace(box, held=200 + 0.5 * gain * day)
    books = {"casualties": lost * day, "casualties_direction": 0.5 * lost * day}
    maps = PublishedMaps(seed, date, np.zeros((1, 1, 1), bool), box, half, (0.0, 0.0))
    return ObservedRun(maps, books, Places(np.zeros(0), np.zeros(0), None))


def test_the_price_is_claims_by_published_ground():
    runs = [seen(5.0, 500.0), seen(4.0, 480.0), seen(0.0, 100.0)]
    for p in mission.prices(runs):
        assert p.without_gain == 1 and p.n == 3
        assert p.five[2] == pytest.approx(110.0) and p.five[0] >= 100 and p.five[4] <= 120
    words = mission_page._answers(mission.prices(runs), [], [])[0].lines
    assert all("1 of 3 runs gained less than 1 km² and are left out" in line for line in words)
    assert not any("left out" in line for line in mission_page._answers(mission.prices(runs[:2]), [], [])[0].lines)
    assert {f.id for p in mission.prices(runs) for f in p.cited} >= {
        "isw_cas_2024",
        "isw_cas_2025_summer",
        "derived_cas_2025_01",
    }


def test_the_rest_takes_its_area_by_pace_and_its_men_by_price():
    runs = [seen(5.0, 500.0), seen(5.0, 500.0)]
    gains, price = mission.pace_and_price(runs, dt.date(2025, 4, 30), dt.date(2025, 8, 31))
    assert gains.shape == (2, 4) and gains.sum(axis=1) == pytest.approx(5.0 * 123) and price == pytest.approx(100.0)
    found = mission.rest(gains, price, dt.date(2025, 8, 31), draws=400)
    area = seeds.facts()["rest_of_oblast_km2"]
    mean = (area.low + area.value + area.high) / 3
    assert np.median(found.years) == pytest.approx(mean / (5.0 * 123 * 3), rel=0.03)  # 123 days in four months
    assert np.median(found.men_claimed) == pytest.approx(100 * mean, rel=0.03)
    assert found.men == pytest.approx(found.men_claimed / seeds.facts()["obs_claim_attacker"].value)
    twice = mission.rest(gains, price, dt.date(2025, 8, 31), times=2.0, draws=400)
    assert np.median(twice.years) == pytest.approx(np.median(found.years) / 2, rel=0.02)
    assert found.longer_than(3).estimate == 1 and twice.longer_than(3).estimate == 0


def test_ground_that_is_not_taken_takes_for_ever():
    gains, price = mission.pace_and_price([seen(0.0, 100.0)] * 2, dt.date(2025, 4, 30), dt.date(2025, 8, 31))
    found = mission.rest(gains, price, dt.date(2025, 8, 31), draws=50)
    assert np.isinf(found.years).all() and found.longer_than(4).estimate == 1.0
    assert f"more than {mission.MOST_YEARS}" in figures_mission.span_text(found.years)


def recruits():
    """Runs in which half of the recruits wear the attacker out and all of them do not."""
    level = np.repeat([0.5, 1.0], 20)
    runs = pd.DataFrame(
        {"run": range(40), "point": np.repeat([0, 1], 20), "seed": np.tile(range(20), 2), "status": "done", "days": 100}
    )
    runs = runs.assign(
        recruits_attacker=level, culminated=(level < 1).astype(float), strength_attacker=level, scenario="made up"
    )
    runs = runs.assign(
        intake_attacker=40_000 * level, returned_attacker=5000.0, casualties_attacker=30_000 + 15_000 * level
    )
    return Results(runs, ["recruits_attacker"])


def test_culmination_by_recruitment():
    low, high = mission.culmination(recruits())
    assert low.culminated.estimate == 1 and low.culminated.low > 0.8 and high.culminated.estimate == 0
    assert low.intake[2] == 250 and low.losses[2] == 375 and high.intake[2] == 450 == high.losses[2]
    table = mission.table_of([low, high])
    assert table["recruitment"].tolist() == [0.5, 1.0] and table["strength"].tolist() == [0.5, 1.0]


def test_the_page_tells_all_three(tmp_path):
    from sim.view.charts.chart import About

    runs = [seen(4.0 + 0.2 * k, 480.0) for k in range(9)]
    about = About(9, [1, 2], "made up", "f00")
    sets = Posterior(
        np.ones(1), pd.DataFrame({"decide.attacks_per_group": [0.1]}), {"first": "2024-07-08", "last": "2025-04-30"}
    )
    text = mission_page.page_of(
        mission.prices(runs),
        mission.rests_of(runs),
        mission.culmination(recruits()),
        about,
        about,
        sets,
        tmp_path / "figures",
    )
    assert (
        text.count("<figure ") == 3 and "https://" not in text and "src=" not in text
    )  # it asks nothing of the network
    assert "isw_cas_2025_summer" in text and "longer than two years" in text and "6,600" in text
    assert len(list((tmp_path / "figures").glob("*.png"))) == 3
    assert mission.theatre_gain() == 499 + 466 + 446 + 499


def test_the_command_wants_a_posterior(capsys, tmp_path):
    assert app._status(["mission", "--out", str(tmp_path / "m.html"), "--posterior", str(tmp_path)]) == 2
    assert "holds no posterior" in capsys.readouterr().err
