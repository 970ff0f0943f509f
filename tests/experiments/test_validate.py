"""The validation battery: every row passes on something that has the pattern, and fails on something that has not.

Rows are fed made-up data here; the battles, twins and ensembles they read in earnest are run by `pokrovsk validate`.
"""

from dataclasses import replace

import numpy as np
import pytest
from made_up import (
    AREAS,
    LUCK,
    arm,
    books,
    bounds,
    clustered,
    deadlines,
    drone_arms,
    employed,
    engagements,
    ensemble,
    even,
    even_steps,
    forecasts,
    groups,
    lines,
    logistic,
    losses,
    paired_net,
    powers,
    relief,
    rng,
    road,
    rotations,
    shuffled,
    sized,
    strengths,
    with_losses_that_buy_ground,
    with_losses_that_buy_some_ground,
)

from experiments.observation import record, series
from experiments.observation.areas import Areas
from experiments.observation.series import contour_dimension
from experiments.runs.engagements import Battle, circumstances, fight_watched, scenario_of
from experiments.sweep.batches import many
from experiments.validation import catalog, checks, inputs
from experiments.validation.checks import Check
from experiments.validation.rows import forecast_skill, paired_runs

ROWS = {r.id: r for r in catalog.rows()}

GOOD = {
    "T1": lambda: (173.2 + 6 * LUCK,),
    "T2": lambda: (100 + 13 * LUCK,),
    "T3": lambda: (0.707 + 0.04 * LUCK,),
    "T4": lambda: (losses(1, 0), losses(1, 1)),
    "T5": lambda: (strengths(1.0), True, strengths(0.01)),
    "T6": lambda: (engagements(logistic(-0.07, 0.94)),),
    "T7": lambda: (engagements(logistic(-0.07, 0.94)),),
    "T8": lambda: (engagements(logistic(0, 1), n=50, rates=(0.007, 0.0185)),),
    "T9": lambda: (sized(-0.3),),
    "T10": lambda: (engagements(logistic(0, 1), n=50), groups([0.1, 0.2, 0.2, 0.3])),
    "T11": lambda: (clustered(True), clustered(True), even_steps()),
    "T12": lambda: (powers(0.5), powers(0.7), powers(1.0)),
    "T13": lambda: (employed(0.5, 0.08, 0.3),),
    "T14": lambda: (arm(), arm(1.01), arm(1.02)),
    "T15": lambda: (ensemble(), AREAS),
    "T16": lambda: (ensemble(), AREAS),
    "T17": lambda: (ensemble(), 0.5 + 0.05 * LUCK[:16], 0.96 + 0.01 * LUCK[:16]),
    "T18": lambda: (ensemble(),),
    "T19": lambda: (ensemble(), AREAS, record.losses()),
    "T20": lambda: (ensemble(), record.losses(), {1.0: 10 + LUCK[:8], 2.5: 2 + 0.2 * LUCK[:8]}, []),
    "T21": lambda: (ensemble(),),
    "T22": lambda: (ensemble(),),
    "T23": lambda: (paired_net(2.0),),
    "T24": lambda: (ensemble(), None),
    "T25": lambda: (rotations(0.2),),
    "T26": lambda: (ensemble(), record.states()),
    "T27": lambda: (ensemble(), record.places(record.SPAN_END)),
    "T28": lambda: (forecasts(10.0, 5.0),),
    "T29": lambda: (lines(),),
    "T30": lambda: (lines(),),
    "T31": lambda: (relief(1150, 1050, 1000, 1060, 1200), relief(1150, 1050, 1000, 1060, 1200), relief(1300, 1200, 1100, 1000, 1150)),
    "T32": lambda: drone_arms(),
    "T33": lambda: (road(),),
    "T34": lambda: (bounds(0.6, 0.6),),
    "T35": lambda: (deadlines(),),
    "T36": lambda: (lines(),),
}
BAD = {
    "T1": lambda: (100 + 6 * LUCK,),  # the linear law
    "T2": lambda: (173.2 + 6 * LUCK,),
    "T3": lambda: (0.5 + 0.04 * LUCK,),
    "T4": lambda: (losses(1, 1), losses(1, 1)),
    "T5": lambda: (strengths(0.01), True, strengths(0.01)),
    "T6": lambda: (engagements(logistic(-2, 4)),),
    "T7": lambda: (engagements(logistic(-0.5, 0.3, step=3)),),
    "T8": lambda: (engagements(logistic(0, 1), n=50, rates=(0.08, 0.2)),),
    "T9": lambda: (sized(0.1),),
    "T10": lambda: (engagements(logistic(0, 1), n=50), groups([0.3, 0.5, 0.7])),
    "T11": lambda: (clustered(False), clustered(False), even_steps(True)),
    "T12": lambda: (powers(1.2), powers(0.7), powers(1.0)),
    "T13": lambda: (employed(0.2, 0.15, 0.01),),
    "T14": lambda: (arm(), arm(1.08), arm(1.02)),
    "T15": lambda: (
        ensemble(box=lambda k: even(AREAS["box"], 9.0), direction=lambda k: even(AREAS["direction"], 4.0)),
        AREAS,
    ),
    "T16": lambda: (ensemble(box=lambda k: even(AREAS["box"], 5.6)), AREAS),
    "T17": lambda: (ensemble(deep=0), 0.98 + 0.01 * LUCK[:16], 0.96 + 0.01 * LUCK[:16]),
    "T18": lambda: (ensemble(books=lambda k: books(seed=k, casualties=2000 * np.ones(419))),),
    "T19": lambda: (ensemble(books=with_losses_that_buy_ground), AREAS, record.losses()),
    "T20": lambda: (
        ensemble(books=lambda k: books(seed=k, armor=10 * np.ones(419))),
        record.losses(),
        {1.0: 10 + LUCK[:8], 2.5: 9 + LUCK[:8]},
        [],
    ),
    "T21": lambda: (ensemble(books=lambda k: books(seed=k, groups=10 * np.ones(419))),),
    "T22": lambda: (ensemble(books=lambda k: books(seed=k, drone=10 * np.ones(419))),),
    "T23": lambda: (paired_net(1.1),),
    "T24": lambda: (ensemble(front_km=(80.0, 90.0)), None),
    "T25": lambda: (rotations(-0.1),),
    "T26": lambda: (ensemble(center_day=50.0), record.states()),
    "T27": lambda: (ensemble(captured=shuffled), record.places(record.SPAN_END)),
    "T28": lambda: (forecasts(10.0, 300.0),),
    "T29": lambda: (lines(days=(15, 15), p90=35.0),),
    "T30": lambda: (lines(density=(66, 66)),),
    "T31": lambda: (relief(*[1000] * 5), relief(*[1000] * 5), relief(*[1000] * 5)),
    "T32": lambda: drone_arms(0.97, 1.02, 1.06),
    "T33": lambda: (road(1.0, 1.0),),
    "T34": lambda: (bounds(0.0, 0.0),),
    "T35": lambda: (deadlines(0.84, 1.15, 1.0),),
    "T36": lambda: (lines(ratio=1.5),),
}


def judged(name, data):
    return checks.verdict(ROWS[name].of(*data))


def test_every_row_of_the_battery_is_there():
    assert list(ROWS) == [f"T{k}" for k in range(1, 37)]
    assert set(GOOD) == set(BAD) == set(ROWS)
    for row in ROWS.values():
        assert row.kind in checks.KINDS and row.source and row.formula and row.band
        assert all(hasattr(inputs.RowInputs, need) for need in row.needs), row.id


@pytest.mark.parametrize("name", ROWS)
def test_a_row_passes_on_what_has_the_pattern(name):
    checks = ROWS[name].of(*GOOD[name]())
    assert [(c.what, c.value, c.interval) for c in checks if not c.passed] == []
    assert any(not c.is_informational for c in checks)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_fails_on_what_has_not(name):
    assert judged(name, BAD[name]()) == checks.FAIL


# Single conditions that a row of several must not lose


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("T5", lambda: (strengths(1.0), False, strengths(0.01))),
        ("T5", lambda: (strengths(0.2), True, strengths(0.01))),  # R2 between 0.42 and 0.6
        ("T5", lambda: (strengths(1.0), True, strengths(1.0))),  # the estimator finds no law where it holds
        ("T7", lambda: (engagements(logistic(-0.07, 0.94), n=60),)),  # too few to show that the step is small
        ("T7", lambda: (engagements(logistic(0.3, 0.0)),)),  # odds that do not matter
        ("T8", lambda: (engagements(logistic(0, 1), n=50, rates=(0.02, 0.01)),)),
        ("T9", lambda: (sized(-0.02),)),
        ("T9", lambda: (sized(-0.5, 0.0),)),  # one side alone
        ("T11", lambda: (clustered(True), clustered(False), even_steps())),
        ("T12", lambda: (powers(0.0), powers(0.7), powers(1.0))),
        ("T12", lambda: (powers(0.5), powers(0.7), powers(0.7))),
        ("T13", lambda: (employed(0.05, 0.01, 0.3),)),  # the ratio alone
        ("T19", lambda: (ensemble(books=with_losses_that_buy_some_ground), AREAS, record.losses())),
        ("T24", lambda: (ensemble(front_km=(80.0, 300.0)), None)),
        ("T25", lambda: (rotations(0.033),)),
        ("T11", lambda: (clustered(True), clustered(True), even_steps(True))),
        ("T14", lambda: (arm(), arm(1.01), arm(1.2))),
        ("T17", lambda: (ensemble(), 0.5 + 0.05 * LUCK[:16], 0.8 + 0.01 * LUCK[:16])),
        ("T17", lambda: (ensemble(deep=1), 0.5 + 0.05 * LUCK[:16], 0.96 + 0.01 * LUCK[:16])),
        (
            "T20",
            lambda: (ensemble(), record.losses(), {1.0: 10 + LUCK[:8], 2.5: 2 + 0.2 * LUCK[:8]}, ["phases/armor.py:7"]),
        ),
        ("T24", lambda: (ensemble(dimension=1.4), None)),
        ("T29", lambda: (lines(p90=50.0),)),
        ("T30", lambda: (lines(density=(25, 40)),)),
        ("T31", lambda: (relief(1150, 1050, 1000, 1060, 1200), relief(1150, 1050, 1000, 1060, 1200), relief(1000, 1050, 1100, 1150, 1200))),
        ("T31", lambda: (relief(1150, 1100, 1060, 1030, 1000), relief(1150, 1100, 1060, 1030, 1000), relief(1150, 1100, 1060, 1030, 1000))),
        ("T32", lambda: drone_arms(double=0.3)),
        ("T32", lambda: drone_arms(half=1.02)),
        ("T32", lambda: drone_arms(off=1.1)),
        ("T33", lambda: (road(sorties=1.0),)),
        ("T33", lambda: (road(supply=0.9),)),
        ("T34", lambda: (bounds(0.0, 0.6),)),
        ("T34", lambda: (bounds(0.6, 0.0),)),
        ("T34", lambda: (bounds(0.6, 0.6).assign(through=1.0),)),
        ("T35", lambda: (deadlines(losses=1.0),)),
        ("T35", lambda: (deadlines(left=0.8),)),
        ("T36", lambda: (lines(end=0.5),)),
    ],
)
def test_one_figure_outside_fails_the_row(name, data):
    assert judged(name, data()) == checks.FAIL


def test_no_rule_names_a_date():
    assert paired_runs.dated_rules() == []


def test_a_dated_rule_would_be_found(tmp_path, monkeypatch):
    import sim

    for folder in ("phases", "kinds"):
        (tmp_path / folder).mkdir()
    (tmp_path / "phases" / "armor.py").write_text("import datetime as dt\nLATE = dt.date(2025, 5, 1)\n")
    monkeypatch.setattr(sim, "__file__", str(tmp_path / "__init__.py"))
    assert paired_runs.dated_rules()


def test_the_dimension_of_a_straight_front_is_one():
    straight = np.tile(np.arange(80) < 40, (80, 1)).astype(float)
    assert contour_dimension(straight) == pytest.approx(1.0)
    rough = rng().random((80, 80)) < np.linspace(1, 0, 80)
    assert contour_dimension(rough.astype(float)) > 1.3


def test_a_smooth_tail_is_told_from_a_power_law():
    date = np.datetime64("2024-07-08") + np.arange(401).astype("m8[D]")
    areas = lambda gains: Areas(date, np.cumsum(np.append(0, gains)), np.append(0, gains), np.zeros(401))  # noqa: E731
    assert series.tail(areas(rng().exponential(5, 400))) > 0
    assert series.tail(areas(rng().pareto(1.2, 400) + 1)) < 0


# Checks


def test_rules_of_a_check():
    inside = Check("x", 1.0, (0.0, 2.0), (-1.0, 3.0))
    assert inside.passed and not replace(inside, rule="interval").passed
    assert Check("x", 1.0, (0.5, None), (0.6, 2.0), rule="clear").passed
    assert not Check("x", 1.0, (0.7, None), (0.6, 2.0), rule="clear").passed
    assert Check("x", 1.0, (None, 0.3), (0.9, 1.1), rule="covers", exact=1.0).passed
    assert not Check("x", 1.0, (None, 0.1), (0.9, 1.1), rule="covers", exact=1.0).passed
    assert not Check("x", 1.0, (None, 0.3), (1.05, 1.1), rule="covers", exact=1.0).passed
    assert not Check("x", np.nan, (0.0, 2.0)).passed
    assert Check("x", 99.0).is_informational and Check("x", 99.0).passed


def test_rows_without_data_say_why(tmp_path):
    given = inputs.RowInputs(tmp_path, inputs.QUICK)
    assert checks.judge(ROWS["T28"], given.get).verdict == checks.NO_POSTERIOR
    assert checks.judge(ROWS["T14"], given.get).verdict == checks.NOT_RUN
    with pytest.raises(checks.CannotJudge) as absent:
        forecast_skill.validation([], None)
    assert absent.value.verdict == checks.NO_RECORD


# Small battles of the engine


def test_a_small_battle_is_fought_without_drones():
    order = Battle(ratio=2.0, size=400, front_km=3, days=2)
    assert not scenario_of(order).params["drones.enabled"]
    one, two = many(fight_watched, [order, order])
    assert (one.lost == two.lost).all() and one.lost[-1].sum() > 0
    assert one.men[0] > one.men[1] and len(one.breaks) > 5
    assert set(one.breaks[:, 2]) <= {0.0, 1.0} and (one.breaks[:, 1] <= 1).all()


def test_circumstances_differ_in_everything():
    found = circumstances(20)
    assert len({b.ratio for b in found}) == len({b.quality for b in found}) == 20
    assert all(
        0.5 <= b.ratio <= 6 and 1500 <= b.size <= 4500 and 2 <= b.days <= 10 and 1 <= b.month <= 12 for b in found
    )
