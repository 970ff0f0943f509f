"""What the founding analysis asked of a model: the price of ground, men and years for the rest of the oblast, culmination.

Each is read from an ensemble of the posterior: fitted to the record up to a date, one parameter set a run, each with random draws of its own.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import seeds
from experiments.analysis import intervals
from experiments.analysis.intervals import Five, Interval
from experiments.observation import publication, record
from sim.errors import InputError
from sim.view.numbers import QUANTILES

if TYPE_CHECKING:
    from experiments.observation.observed import ObservedRun
    from experiments.results.results import Results

DRAWS = 2000
MOST_YEARS = 12
SEED = 20250831  # of the draws of area and of months
MONTH_DAYS = 365.25 / 12
LEVER = "recruits_attacker"


@dataclass(frozen=True)
class Period:
    """A time and a part of the ground for which a price is cited: `facts` by id."""

    name: str
    part: str
    first: dt.date
    last: dt.date
    facts: tuple[str, ...] = ()


PERIODS = (
    Period("box, July to December 2024", "box", dt.date(2024, 7, 8), dt.date(2024, 12, 31), ("isw_cas_2024",)),
    Period(
        "box, January to April 2025",
        "box",
        dt.date(2024, 12, 31),
        dt.date(2025, 4, 30),
        ("isw_cas_2025_01", "isw_cas_2025_q1"),
    ),
    Period("box, May to August 2025", "box", dt.date(2025, 4, 30), dt.date(2025, 8, 31), ("isw_cas_2025_summer",)),
    Period(
        "direction, December 2024", "direction", dt.date(2024, 11, 30), dt.date(2024, 12, 31), ("derived_cas_2024_12",)
    ),
    Period(
        "direction, January 2025", "direction", dt.date(2024, 12, 31), dt.date(2025, 1, 31), ("derived_cas_2025_01",)
    ),
)


@dataclass(frozen=True)
class Price:
    """Claimed casualties by km2 of published net gain: quantiles over runs, and how many of them gained less than 1 km2."""

    period: Period
    five: Five
    n: int
    without_gain: int

    @property
    def cited(self) -> list[seeds.Fact]:
        return [seeds.facts()[name] for name in self.period.facts]


def prices(runs: Sequence[ObservedRun], periods: Sequence[Period] = PERIODS) -> list[Price]:
    """The price of ground in each period, as claims and maps would have it."""
    out = []
    for p in periods:
        book, gains, lost = ("casualties" if p.part == "box" else "casualties_direction"), [], []
        for r in runs:
            a, b = getattr(r, p.part).held_on(np.array([p.first, p.last], "M8[D]"))
            gains.append(b - a)
            lost.append(r.between(book, p.first, p.last))
        gained, casualties = np.array(gains, float), np.array(lost, float)
        there = gained >= 1.0
        five = intervals.five(np.quantile(casualties[there] / gained[there], QUANTILES) if there.any() else [math.nan] * 5)
        out.append(Price(p, five, len(runs), int((~there).sum())))
    return out


# The rest of the oblast


@dataclass(frozen=True)
class Rest:
    """Courses of what is left: `left` (draws, days) km2 from `start`; `years` infinite where it takes longer than is looked at."""

    name: str
    start: dt.date
    left: np.ndarray
    years: np.ndarray
    men_claimed: np.ndarray

    @property
    def men(self) -> np.ndarray:
        """Casualties without the bias of claims."""
        return self.men_claimed / publication.observation_parameters().claim

    def longer_than(self, years: float) -> Interval:
        return intervals.of_share(int((self.years > years).sum()), len(self.years))

    def more_than(self, men: float) -> Interval:
        return intervals.of_share(int((self.men_claimed > men).sum()), len(self.men_claimed))


def pace_and_price(runs: Sequence[ObservedRun], first: dt.date, last: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """Published net gain of the box by month (runs, months), and claimed casualties by km2 (runs,), between two dates."""
    day = np.timedelta64(1, "D")
    months = runs[0].box.months()
    before = months.astype("M8[D]") - day
    ends = (months + np.timedelta64(1, "M")).astype("M8[D]") - day
    inside = (before >= np.datetime64(first)) & (ends <= np.datetime64(last))
    if not inside.any():
        raise InputError(f"no whole month of the runs lies between {first} and {last}.")
    gains = np.stack([r.box.monthly()[inside] for r in runs])
    lost = np.array([r.between("casualties", before[inside][0], ends[inside][-1]) for r in runs])
    return gains, lost / np.maximum(gains.sum(axis=1), 1.0)


def rest(
    gains: np.ndarray, price: np.ndarray, start: dt.date, *, times: float = 1.0, name: str = "", draws: int = DRAWS
) -> Rest:
    """Men and years if months go on as in the runs: each draw takes a run, its price, and its months in any order, again and again.

    The area is a triangular draw over its cited range; `times` is the pace beside that of the box. Nothing gets dearer or slower: no
    belt of towns, no wear, no other force.
    """
    area = seeds.facts()["rest_of_oblast_km2"]
    rng = np.random.default_rng(SEED)
    low, high = area.bounds
    size = rng.triangular(low, area.number, high, draws)
    run = rng.permutation(np.arange(draws) % len(gains))
    months = round(MOST_YEARS * 12)
    taken = times * gains[run[:, None], rng.integers(gains.shape[1], size=(draws, months))]
    gone = np.concatenate([np.zeros((draws, 1)), np.cumsum(taken, axis=1)], axis=1)
    day = np.arange(round(months * MONTH_DAYS) + 1)
    left = np.stack(
        [np.maximum(s - np.interp(day / MONTH_DAYS, np.arange(months + 1), g), 0.0) for s, g in zip(size, gone)]
    )
    ended = left <= 0
    years = np.where(ended.any(axis=1), ended.argmax(axis=1) / 365.25, math.inf)
    return Rest(name, start, left, years, size * price[run])


# Culmination


@dataclass(frozen=True)
class Level:
    """One level of recruitment: share of runs in which the attacker has culminated, his strength at the end, men in and out a day."""

    level: float
    culminated: Interval
    strength: Five  # quantiles, share of establishment
    intake: Five  # recruits and returned wounded a day
    losses: Five  # casualties a day


def culmination(results: Results, lever: str = LEVER) -> list[Level]:
    """How far the attacker is worn out at the end under each level of his recruitment."""
    factor = results.known_factor(lever)
    done = results.done
    out = []
    for level, runs in done.groupby(done[factor].astype(float), sort=True):
        five = lambda values: intervals.five(np.quantile(values.astype(float), QUANTILES))  # noqa: E731
        out.append(
            Level(
                float(level),
                intervals.of_share(int((runs["culminated"] > 0.5).sum()), len(runs)),
                five(runs["strength_attacker"]),
                five((runs["intake_attacker"] + runs["returned_attacker"]) / runs["days"]),
                five(runs["casualties_attacker"] / runs["days"]),
            )
        )
    return out


def table_of(levels: Sequence[Level]) -> pd.DataFrame:
    """Culmination as a table, medians and middle 90 %."""
    rows = []
    for x in levels:
        row = {
            "recruitment": x.level,
            "runs": x.culminated.n,
            "culminated": x.culminated.estimate,
            "low": x.culminated.low,
            "high": x.culminated.high,
        }
        for name in ("strength", "intake", "losses"):
            five = getattr(x, name)
            row |= {name: five[2], f"{name}_5": five[0], f"{name}_95": five[4]}
        rows.append(row)
    return pd.DataFrame(rows)


SUMMER = dt.date(2025, 4, 30)
THEATRE_KM2 = ("2025-05", "2025-08")


def rests_of(seen: Sequence[Any]) -> list[Rest]:
    """The rest of the oblast at the pace of the box in May to August 2025, and at that of the whole theatre then."""
    gains, price = pace_and_price(seen, SUMMER, record.SPAN_END)
    months = record.areas().months()
    box = (
        record.areas()
        .monthly()[(months >= np.datetime64(THEATRE_KM2[0])) & (months <= np.datetime64(THEATRE_KM2[1]))]
        .sum()
    )
    times = theatre_gain() / float(box)
    return [
        rest(gains, price, record.SPAN_END, name="pace of the box"),
        rest(gains, price, record.SPAN_END, times=times, name="pace of the theatre"),
    ]


def theatre_gain() -> float:
    """Net gain of the attacker in the whole theatre, May to August 2025, km2 (ISW)."""
    facts = seeds.facts()
    return float(sum(facts[f"isw_net_2025_{month:02d}"].number for month in range(5, 9)))
