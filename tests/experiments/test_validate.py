"""The validation battery: every row passes on something that has the pattern, and fails on something that has not.

Rows are fed made-up data here; the battles, twins and ensembles they read in earnest are run by `pokrovsk validate`.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.forecasting import scores
from experiments.forecasting.scores import Forecast, Outcome
from experiments.observation import record, series
from experiments.observation.areas import Areas
from experiments.observation.observed import ObservedRun, Places
from experiments.observation.publication import PublishedMaps
from experiments.observation.series import contour_dimension
from experiments.validation import catalog, checks, inputs
from experiments.validation.checks import Check
from experiments.validation.engagements import LETHALITY, WEAPONS, Battle, Fought, circumstances, fight_all, scenario_of
from experiments.validation.rows import forecast_skill, limit_cases, line_and_levers, paired_runs
from experiments.validation.rows.combat_patterns import Strengths
from experiments.validation.rows.limit_cases import Losses
from experiments.validation.rows.line_and_levers import Line

ROWS = {r.id: r for r in catalog.rows()}
MONTHS = record.areas().months()


def rng():
    return np.random.default_rng(20240708)


# Made-up battles


def losses(p, q, n=120):
    """Losses that follow enemy^p own^q, with Poisson luck."""
    r = np.random.default_rng(3)
    own, enemy = r.choice([120.0, 240, 480, 960], n), r.choice([120.0, 240, 480, 960], n)
    return Losses(own, enemy, r.poisson(0.05 * enemy**p * own**q * (100 if p + q < 1 else 1)).astype(float))


def strengths(noise, n=5):
    """Daily losses by the square law, with lognormal noise of that size."""
    out = []
    for r in map(np.random.default_rng, range(n)):
        men = 1e4 * np.exp(np.cumsum(r.normal(0, 0.05, (120, 2)), axis=0))
        out.append(Strengths(0.01 * men[:, ::-1] * np.exp(r.normal(0, noise, men.shape)), men))
    return out


def fought(ratio=2.0, advance=0.3, rates=(0.02, 0.01), days=5, size=3000, breaks=(), attack_loss=0.1, daily=None, seed=1):
    """A battle with these daily loss rates (or daily losses), advance and breaks."""
    men = np.array([size * ratio, size], float)
    steps = np.tile(np.array(rates) * men, (days, 1)) if daily is None else np.asarray(daily, float)
    lost = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return Fought(
        Battle(ratio, size, days=len(steps), seed=seed), men, lost, advance, attack_loss, np.array(breaks, float).reshape(-1, 3)
    )


def engagements(chance, n=672, **more):
    """Battles won with a chance that depends on the odds."""
    r = rng()
    ratios = np.exp(r.uniform(np.log(0.5), np.log(6), n))
    return [fought(q, 0.3 if r.random() < chance(q) else 0.0, **more) for q in ratios]


def logistic(a, b, step=0.0):
    return lambda q: 1 / (1 + np.exp(-a - b * np.log(q) - step * (q >= 3)))


def sized(exponent):
    r = rng()
    return [
        fought(rates=(0.02 * (s / 3000) ** exponent * np.exp(r.normal(0, 0.1)),) * 2, size=s, seed=k)
        for s in (375, 750, 1500, 3000, 6000, 12000)
        for k in range(6)
    ]


def groups(shares, lodged=0.4):
    """Attacking groups: failing ones lost these shares, others little."""
    r = rng()
    rows = [(10, s, 0) for s in r.choice(shares, 600)] + [(10, s, 1) for s in r.choice(shares, int(600 * lodged))]
    return [fought(breaks=rows)]


def clustered(strong):
    """Daily losses of some battles: bursts that last days, or even luck."""
    out = []
    for r in map(np.random.default_rng, range(10)):
        level = np.exp(np.convolve(r.normal(0, 1, 20), [0.6, 0.5, 0.4, 0.3], "valid"))[:14] if strong else np.ones(14)
        out.append(fought(daily=r.poisson(60 * np.column_stack([level, level]))))
    return out


def even_steps(strong=False):
    return [
        r.poisson(5 * np.repeat(np.exp(r.normal(0, 0.7, 20)), 4) if strong else 5, 80)
        for r in map(np.random.default_rng, range(30))
    ]


def powers(g):
    return np.array(
        [
            [100 * w**g * np.exp(r.normal(0, 0.05)) for r in map(np.random.default_rng, range(8))]
            for w in WEAPONS
        ]
    )


def employed(bad, good, extra):
    r = rng()
    luck = lambda: 1 + 0.05 * r.normal(size=8)  # noqa: E731
    weak, strong = LETHALITY
    return {
        ("uncoordinated", weak): bad * luck(),
        ("coordinated", weak): good * luck(),
        ("uncoordinated", strong): (bad + extra) * luck(),
        ("coordinated", strong): (good + 0.01) * luck(),
    }


def arm(slope=1.0, noise=0.01, n=50):
    """Measures of the last day by seed, near 100, times `slope`."""
    r = rng()
    base = np.exp(r.normal(0, 0.1, n))
    return pd.DataFrame(
        {c: 100 * slope * base * np.exp(r.normal(0, noise, n)) for c in limit_cases.INVARIANT.values()},
        index=range(1, n + 1),
    )


# Made-up ensembles


def even(areas, pace):
    """Areas of the same dates that grow by `pace` km2 a day, every day."""
    days = (areas.date - areas.date[0]).astype(int)
    held = areas.held[0] + pace * days
    return Areas(areas.date, held, np.concatenate([[0], np.diff(held)]), np.zeros(len(held)))


def books(**changes):
    """Running totals of 420 days, near what is claimed, with luck that gains know nothing of."""
    r = np.random.default_rng(changes.pop("seed", 1))
    month = r.lognormal(0, 0.3, 15).repeat(30)[:419]
    daily = {"attacker": 500 * month, "casualties_defender": 200 * month, "defender_rear": 100 * month}
    daily |= {"drone": 330 * month, "armor": 10 * month * np.linspace(1.3, 0.1, 419), "groups": 125 * np.ones(419)}
    daily |= {"casualties": 1.1 * daily["attacker"], "casualties_direction": 0.6 * daily["attacker"]}
    daily |= changes
    return {name: np.concatenate([[0.0], np.cumsum(values * np.ones(419))]) for name, values in daily.items()}


def seen(seed=1, **changes):
    """A run that looks as the record does; `changes` replace what is known of it. Its maps are not read."""
    r = np.random.default_rng(seed)
    places, states = record.places(), record.states()
    known = {
        "box": record.areas(),
        "direction": record.areas("direction"),
        "books": books(seed=seed),
        "captured": np.where(places.taken, places.day + r.normal(0, 40, len(places.day)), np.inf),
        "envelopments": states["envelopment"],
        "center_day": np.inf,
        "front_km": (80.0, 175.0),
        "dimension": 1.07,
        "deep": int(seed % 4 == 0),
    } | changes
    box = known["box"]
    maps = PublishedMaps(seed, box.date, np.zeros((1, 1, 1), bool), box, known["direction"], (0.0, 0.0))
    run = ObservedRun(maps, known["books"], Places(places.x, places.y, None), known["deep"])
    last = lambda date: int(np.searchsorted(box.date, np.datetime64(date), side="right")) - 1  # noqa: E731
    run.__dict__.update({name: known[name] for name in ("captured", "envelopments", "center_day", "dimension")})
    run.__dict__["front_km"] = lambda date: known["front_km"][date > record.START]
    run.__dict__["envelopment"] = lambda date: known["envelopments"][last(date)]
    return run


def ensemble(n=16, **changes):
    return [
        seen(k, **{name: value(k) if callable(value) else value for name, value in changes.items()})
        for k in range(1, n + 1)
    ]


AREAS = {"box": record.areas(), "direction": record.areas("direction")}


def shuffled(seed):
    places = record.places()
    return np.where(places.taken, np.random.default_rng(seed).permutation(places.day), np.inf)


def with_losses_that_buy_ground(_):
    gain = np.interp(np.arange(419), (AREAS["box"].date - AREAS["box"].date[0]).astype(int), AREAS["box"].held)
    return books(casualties=np.gradient(gain) * 100)


def forecasts(spread, shift):
    """Scores of a made-up forecast, as many standard errors off, and of the benchmarks that T28 judges."""
    r = rng()
    east = np.tile(np.arange(80), (80, 1))
    gains = r.normal(150, 40, (4, 2))
    happened = Outcome(
        gains, r.normal(35, 10, (17, 2)), np.stack([east < 45, east < 50]), r.uniform(1, 120, 20), east < 40, 122
    )

    def score(name, off, wrong, n=60):
        about = lambda v: v + off + spread * r.normal(size=(n, *np.shape(v)))  # noqa: E731
        chance = np.clip(np.stack([east < 45, east < 50]) + wrong * (east >= 40), 0, 1)
        found = Forecast(name, about(happened.monthly), about(happened.weekly), chance, about(happened.captured))
        return scores.score(found, happened)

    others = [score(name, 60.0, -0.5, n=1) for name in forecast_skill.JUDGED]
    return forecast_skill.Skill(score("model", shift, 0.1 if shift < 60 else 0.9), others)


def rotations(elasticity):
    r = rng()
    return pd.DataFrame(
        {d: 400 * (d / 30) ** elasticity * np.exp(r.normal(0, 0.02, 8)) for d in paired_runs.INTERVALS}, index=range(1, 9)
    )


def paired_net(ratio):
    net = 500 * np.exp(rng().normal(0, 0.1, 8))
    return {(True, True): net, (False, True): ratio * net, (True, False): net, (False, False): 1.5 * ratio * net}


LUCK = rng().normal(0, 1, 200)


# Made-up lines and twins


def lines(days=(35, 60), p90=100.0, density=(25, 12), ratio=4.0, end=1.0, n=16):
    """Runs whose positions stand so long and so densely in 2024 and 2025; `end`: the defender's last infantry by his first."""
    date = np.arange(np.datetime64("2024-07-08"), np.datetime64("2025-09-01"))
    late = (date >= np.datetime64("2025-01-01")).astype(int)
    defender = np.linspace(8000, 8000 * end, len(date))
    out = []
    for k in range(n):
        men = np.array(density, float)[late] * 120 * np.exp(0.05 * LUCK[k])
        stands = np.array(days, float)[late] * np.exp(0.05 * LUCK[k])
        tail = np.full(len(date), p90)
        out.append(Line(date, stands, tail, men, np.full(len(date), 120.0), ratio * defender, defender))
    return out


def twins(noise=0.03, n=40, **arms):
    """Figures of arms by seed: these means, with luck that twins share and a little of their own."""
    r = rng()
    shared = np.exp(r.normal(0, 0.1, n))
    return pd.DataFrame({name: mean * shared * np.exp(r.normal(0, noise, n)) for name, mean in arms.items()}, index=range(1, n + 1))


def relief(*net):
    """Net ground at each interval of relief."""
    return twins(**{str(k): v for k, v in enumerate(net)}).set_axis(list(line_and_levers.ROTATION), axis=1)


def drone_arms(double=0.7, half=1.4, off=4.0):
    net = twins(base=700, double=700 * double, half=700 * half, off=900)
    return net, twins(base=0.05, double=0.05, half=0.05, off=0.05 * off)


def road(supply=0.7, sorties=0.8):
    return twins(supply_open=0.9, supply_cut=0.9 * supply, sorties_open=250, sorties_cut=250 * sorties, n=12)


def bounds(strain, density, n=3000):
    """First bounds by these log odds for 30 days of strain and for half the density."""
    r = rng()
    known = pd.DataFrame({"run": r.integers(1, 9, n), "day": r.integers(0, 120, n), "strain": r.gamma(3, 10, n), "men": r.lognormal(3, 0.6, n)})
    odds = -0.5 + strain * known["strain"] / 30 - density * np.log2(known["men"] / 20)
    return known.assign(through=(r.random(n) < 1 / (1 + np.exp(-odds))).astype(float))


def deadlines(ground=1.2, losses=1.15, left=0.3):
    """Twins with and without a deadline; `left`: share of the extra ground that is there later."""
    table = twins(ground_off=200, losses_off=20000, noise=0.0)
    extra = (ground - 1) * table["ground_off"] * np.exp(0.1 * LUCK[:40])
    later = 2 * table["ground_off"]
    more = {"ground_on": table["ground_off"] + extra, "losses_on": losses * table["losses_off"]}
    return table.assign(**more, later_off=later, later_on=later + left * extra)

GOOD = {
    "T1": lambda: (173.2 + 6 * LUCK,),
    "T2": lambda: (100 + 13 * LUCK,),
    "T3": lambda: (0.707 + 0.04 * LUCK,),
    "T4": lambda: (losses(1, 0), losses(1, 1)),
    "T5": lambda: (strengths(1.0), True),
    "T6": lambda: (engagements(logistic(-0.07, 0.94)),),
    "T7": lambda: (engagements(logistic(-0.07, 0.94)),),
    "T8": lambda: (engagements(logistic(0, 1), n=50),),
    "T9": lambda: (sized(-0.3),),
    "T10": lambda: (engagements(logistic(0, 1), n=50), groups([0.1, 0.2, 0.2, 0.3])),
    "T11": lambda: (clustered(True), even_steps()),
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
    "T27": lambda: (ensemble(), record.places()),
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
    "T5": lambda: (strengths(0.01), True),
    "T6": lambda: (engagements(logistic(-2, 4)),),
    "T7": lambda: (engagements(logistic(-0.5, 0.3, step=3)),),
    "T8": lambda: (engagements(logistic(0, 1), n=50, rates=(0.08, 0.2)),),
    "T9": lambda: (sized(0.1),),
    "T10": lambda: (engagements(logistic(0, 1), n=50), groups([0.3, 0.5, 0.7])),
    "T11": lambda: (clustered(False), even_steps(True)),
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
    "T27": lambda: (ensemble(captured=shuffled), record.places()),
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
        ("T5", lambda: (strengths(1.0), False)),
        ("T11", lambda: (clustered(True), even_steps(True))),
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
    one, two = fight_all([order, order], watched=True)
    assert (one.lost == two.lost).all() and one.lost[-1].sum() > 0
    assert one.men[0] > one.men[1] and len(one.breaks) > 5
    assert set(one.breaks[:, 2]) <= {0.0, 1.0} and (one.breaks[:, 1] <= 1).all()


def test_circumstances_differ_in_everything():
    found = circumstances(20)
    assert len({b.ratio for b in found}) == len({b.quality for b in found}) == 20
    assert all(
        0.5 <= b.ratio <= 6 and 1500 <= b.size <= 4500 and 2 <= b.days <= 10 and 1 <= b.month <= 12 for b in found
    )
