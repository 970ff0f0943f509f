"""Made-up battles, ensembles, lines and twins, with the pattern that a row of the scorecard asks for or without it."""

import numpy as np
import pandas as pd

from experiments.forecasting import scores
from experiments.forecasting.scores import Forecast, Outcome
from experiments.observation import record
from experiments.observation.areas import Areas
from experiments.observation.observed import ObservedRun, Places
from experiments.observation.publication import PublishedMaps
from experiments.runs.engagements import LETHALITY, WEAPONS, Battle, Fought
from experiments.validation.rows import forecast_skill, limit_cases, line_and_levers, paired_runs
from experiments.validation.rows.combat_patterns import Strengths
from experiments.validation.rows.limit_cases import Losses
from experiments.validation.rows.line_and_levers import Line


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


def fought(
    ratio=2.0, advance=0.3, rates=(0.02, 0.01), days=5, size=3000, breaks=(), attack_loss=0.1, daily=None, seed=1
):
    """A battle with these daily loss rates (or daily losses), advance and breaks."""
    men = np.array([size * ratio, size], float)
    steps = np.tile(np.array(rates) * men, (days, 1)) if daily is None else np.asarray(daily, float)
    lost = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return Fought(
        Battle(ratio, size, days=len(steps), seed=seed),
        men,
        lost,
        advance,
        attack_loss,
        np.array(breaks, float).reshape(-1, 3),
    )


def engagements(chance, n=672, **more):
    """Battles won with a chance that depends on the odds."""
    r = rng()
    ratios = np.exp(r.uniform(np.log(0.5), np.log(6), n))
    return [fought(q, 0.3 if r.random() < chance(q) else 0.0, **more) for q in ratios]


def logistic(a, b, step=0.0):
    return lambda q: 1 / (1 + np.exp(-a - b * np.log(q) - step * (q >= 3)))


def sized(*exponents):
    """Battles of all sizes whose loss rates go by these powers of it, attacker and defender."""
    r = rng()
    return [
        fought(rates=tuple(0.02 * (s / 3000) ** e * np.exp(r.normal(0, 0.1)) for e in (exponents[0], exponents[-1])), size=s, seed=k)
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
        [[100 * w**g * np.exp(r.normal(0, 0.05)) for r in map(np.random.default_rng, range(8))] for w in WEAPONS]
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
    places, states = record.places(record.SPAN_END), record.states()
    known = {
        "box": AREAS["box"],
        "direction": AREAS["direction"],
        "books": books(seed=seed),
        "captured": np.where(places.taken, places.day + r.normal(0, 40, len(places.day)), np.inf),
        "envelopments": states["envelopment"][: len(AREAS["box"].date)],
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


AREAS = {part: record.areas(part, record.SPAN_END) for part in ("box", "direction")}


def shuffled(seed):
    places = record.places(record.SPAN_END)
    return np.where(places.taken, np.random.default_rng(seed).permutation(places.day), np.inf)


def with_losses_that_buy_ground(_):
    gain = np.interp(np.arange(419), (AREAS["box"].date - AREAS["box"].date[0]).astype(int), AREAS["box"].held)
    return books(casualties=np.gradient(gain) * 100)


def with_losses_that_buy_some_ground(seed):
    """Half luck, half ground: a correlation between the record's 0.5 and the battery's 0.8."""
    bought, own = (totals["casualties"] for totals in (with_losses_that_buy_ground(seed), books(seed=seed)))
    parts = [np.diff(total) / np.diff(total).std() for total in (bought, own)]
    return books(casualties=np.maximum(0.6 * parts[0] + parts[1] / 4, 0) + 1)


def forecasts(spread, shift):
    """Scores of a made-up forecast, as many standard errors off, and of the benchmarks that T28 judges."""
    r = rng()
    east = np.tile(np.arange(80), (80, 1))
    gains = r.normal(150, 40, (4, 2))
    happened = Outcome(
        gains, r.normal(35, 10, (17, 2)), np.stack([east < 45, east < 50]), r.uniform(1, 120, 20), r.uniform(0, 80, (20, 2)), east < 40, 122
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
        {d: 400 * (d / 30) ** elasticity * np.exp(r.normal(0, 0.02, 8)) for d in paired_runs.INTERVALS},
        index=range(1, 9),
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
    return pd.DataFrame(
        {name: mean * shared * np.exp(r.normal(0, noise, n)) for name, mean in arms.items()}, index=range(1, n + 1)
    )


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
    known = pd.DataFrame(
        {
            "run": r.integers(1, 9, n),
            "day": r.integers(0, 120, n),
            "strain": r.gamma(3, 10, n),
            "men": r.lognormal(3, 0.6, n),
        }
    )
    odds = -0.5 + strain * known["strain"] / 30 - density * np.log2(known["men"] / 20)
    met = known.assign(through=(r.random(n) < 1 / (1 + np.exp(-odds))).astype(float))
    return pd.concat([met, met.head(50).assign(strain=0.0, men=0.0, through=1.0)])  # some meet nobody


def deadlines(ground=1.2, losses=1.15, left=0.3):
    """Twins with and without a deadline; `left`: share of the extra ground that is there later."""
    table = twins(ground_off=200, losses_off=20000, noise=0.0)
    extra = (ground - 1) * table["ground_off"] * np.exp(0.1 * LUCK[:40])
    later = 2 * table["ground_off"]
    more = {"ground_on": table["ground_off"] + extra, "losses_on": losses * table["losses_off"]}
    return table.assign(**more, later_off=later, later_on=later + left * extra)
