"""Summary statistics of a run, or of the record, that a calibration compares.

A summary is a function of an `Observable` (`experiments.observation.observed`); a target of the calibration names one and gives its
arguments.
"""

from __future__ import annotations

import datetime as dt
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from experiments.observation import publication
from experiments.observation.observed import Observable, ObservedRecord
from experiments.observation.series import gained_to_lost, lag_one, variation

if TYPE_CHECKING:
    from experiments.calibration.auxiliary import AuxiliaryRun

Battle = Literal["long", "engagements", "watched"]
NEVER = 1e6  # day of a place that was not taken: tied last


@dataclass(frozen=True)
class Summary:
    """A figure of a run: what it takes besides the run, its unit, whether it is compared as a logarithm, and which battle shows it."""

    of: Callable[..., float]
    takes: tuple[str, ...]
    unit: str
    is_log: bool
    doc: str
    battle: Battle


SUMMARIES: dict[str, Summary] = {}


def summary(unit: str, *takes: str, log: bool = False, battle: Battle = "long"):
    """Registers a function of a run, and of arguments that a target gives, as a summary. `battle`: which one it looks at."""

    def register(function: Callable[..., float]) -> Callable[..., float]:
        doc = (function.__doc__ or "").strip().splitlines()[0]
        SUMMARIES[function.__name__] = Summary(function, takes, unit, log, doc, battle)
        return function

    return register


def days_between(first: dt.date, last: dt.date) -> int:
    return (last - first).days


@summary("km2/day", "part", "first", "last")
def pace(run: Observable, part: str, first: dt.date, last: dt.date) -> float:
    """Published net gain by days."""
    return net(run, part, first, last) / days_between(first, last)


@summary("km2", "part", "first", "last")
def net(run: Observable, part: str, first: dt.date, last: dt.date) -> float:
    """Published net gain between the maps of two dates."""
    a, b = getattr(run, part).held_on(np.array([first, last], "M8[D]"))
    return float(b - a)


@summary("km2/week", "part")
def weekly_sd(run: Observable, part: str) -> float:
    """Standard deviation of weekly gross gain."""
    return float(getattr(run, part).weekly().std())


@summary("", "part")
def weekly_lag(run: Observable, part: str) -> float:
    """Correlation of weekly gross gain with that of the week before."""
    return lag_one(getattr(run, part).weekly())


@summary("", "part")
def monthly_cv(run: Observable, part: str) -> float:
    """Standard deviation of monthly net gain by its mean, with the error of published areas."""
    return variation(run.monthly_gain(part))


@summary("", "part", log=True)
def gain_ratio(run: Observable, part: str) -> float:
    """Gross gain to gross loss of published ground; a run without any loss counts as one that lost one km2."""
    areas = getattr(run, part)
    return gained_to_lost(areas) if areas.lost.sum() >= 1.0 else float(areas.gained.sum())


@summary("", "first", "last", log=True)
def front_growth(run: Observable, first: dt.date, last: dt.date) -> float:
    """Length of the front by that of the start."""
    return run.front_km(last) / run.front_km(first)


@summary("km", "last")
def distance(run: Observable, last: dt.date) -> float:
    """Distance from the center of Pokrovsk to published ground of the attacker."""
    return run.distance_km(last)


@summary("", "last")
def enveloped(run: Observable, last: dt.date) -> float:
    """Envelopment of Pokrovsk: share of 120 rays of 15 km that meet published ground of the attacker."""
    return run.envelopment(last)


@summary("", "last")
def order_tau(run: Observable, last: dt.date) -> float:
    """Kendall's tau-b of the days of capture with the record's, over places that it saw captured by a date (not taken: last)."""
    from scipy.stats import kendalltau

    theirs = ObservedRecord(last).captured
    taken = np.isfinite(theirs)
    return float(kendalltau(np.minimum(run.captured[taken], NEVER), theirs[taken]).statistic)


@summary("places", log=True)
def places_taken(run: Observable) -> float:
    """Settlements captured."""
    day = run.captured
    return float((np.isfinite(day) & (day > 0)).sum())


@summary("")
def recaptured_share(run: Observable) -> float:
    """Share of captured settlements that were lost again."""
    back = run.recaptured()
    return float(back.mean()) if back.size else math.nan


@summary("casualties/day", "part", "first", "last", log=True)
def losses(run: Observable, part: str, first: dt.date, last: dt.date) -> float:
    """Casualties of the attacker a day as they are claimed."""
    book = {"box": "attacker", "direction": "attacker_direction"}[part]
    return float(publication.claimed(run.between(book, first, last))) / days_between(first, last)


@summary("casualties/day", "first", "last", log=True)
def losses_defender(run: Observable, first: dt.date, last: dt.date) -> float:
    """Casualties of the defender a day."""
    return run.between("casualties_defender", first, last) / days_between(first, last)


@summary("casualties/km2", "part", "first", "last", log=True)
def price(run: Observable, part: str, first: dt.date, last: dt.date) -> float:
    """Claimed casualties of the attacker by published net gain; a gain below one km2 counts as one."""
    return losses(run, part, first, last) * days_between(first, last) / max(net(run, part, first, last), 1.0)


@summary("vehicles", "first", "last", log=True)
def armor_rate(run: Observable, first: dt.date, last: dt.date) -> float:
    """Armored vehicles of the attacker lost for good per 1,000 of his casualties."""
    return 1000 * run.between("armor", first, last) / max(run.between("attacker", first, last), 1.0)


@summary("", "first", "middle", "last", log=True)
def armor_fall(run: Observable, first: dt.date, middle: dt.date, last: dt.date) -> float:
    """The same from a date on by what it was before."""
    return armor_rate(run, middle, last) / max(armor_rate(run, first, middle), 1e-3)


@summary("", "first", "last")
def drone_share(run: Observable, first: dt.date, last: dt.date) -> float:
    """Share of the attacker's casualties that are by drones."""
    return run.between("drone", first, last) / max(run.between("attacker", first, last), 1.0)


@summary("", "first", "last")
def rear_share(run: Observable, first: dt.date, last: dt.date) -> float:
    """Share of the defender's casualties on the way and in the rear."""
    return run.between("defender_rear", first, last) / max(run.between("casualties_defender", first, last), 1.0)


@summary("", "first", "last", log=True)
def infantry_ratio(run: Observable, first: dt.date, last: dt.date) -> float:
    """Fit infantry on the map, attacker by defender, means of a span."""
    attacker, defender = (float(run.state(f"infantry_{side}", first, last).mean()) for side in ("attacker", "defender"))
    return attacker / max(defender, 1.0)


@summary("", "side", "first", "last", log=True)
def infantry_change(run: Observable, side: str, first: dt.date, last: dt.date) -> float:
    """A side's fit infantry on the map in the last 30 days of a span by that of its first day."""
    values = run.state(f"infantry_{side}", first, last)
    return float(values[-30:].mean()) / max(float(values[0]), 1.0)


@summary("soldiers/day", "first", "last", log=True)
def intake(run: Observable, first: dt.date, last: dt.date) -> float:
    """Recruits of the attacker in the box a day."""
    total = run.state("intake_attacker", first, last)
    return float(total[-1] - total[0]) / days_between(first, last)


@summary("days", "first", "last", log=True)
def days_in_place(run: Observable, first: dt.date, last: dt.date) -> float:
    """Days in place of the defender's positions: mean over days of the median, at least half a day."""
    return max(float(run.state("days_in_place_defender", first, last).mean()), 0.5)


@summary("soldiers/km", "first", "last", log=True)
def density(run: Observable, first: dt.date, last: dt.date) -> float:
    """Men of the defender in positions by length of the front, mean over days."""
    men, front = (run.state(name, first, last) for name in ("in_line_defender", "front_km"))
    return float((men / np.maximum(front, 1.0)).mean())


@summary("casualties", "first", "last", log=True)
def attack_cost(run: Observable, first: dt.date, last: dt.date) -> float:
    """Claimed casualties of the attacker by reported attacks."""
    attacks = publication.reported_attacks(run.between("groups", first, last))
    return float(publication.claimed(run.between("attacker", first, last))) / max(float(attacks), 1.0)


# Of auxiliary battles (`experiments.calibration.auxiliary`)


@summary("", "ratio", battle="engagements")
def success(run: AuxiliaryRun, ratio: float) -> float:
    """Share of the engagements of a division at a force ratio that the attacker wins."""
    return run.success(ratio)


@summary("%/day", "side", log=True, battle="engagements")
def engagement_loss(run: AuxiliaryRun, side: str) -> float:
    """A side's daily losses in the engagements of a division, percent of its men at the start."""
    return float(run.daily_loss[("attacker", "defender").index(side)])


@summary("", log=True, battle="watched")
def strain_odds(run: AuxiliaryRun) -> float:
    """Odds ratio of an infiltrating group to get through, for 30 days more strain of the positions that it meets."""
    return run.strain_odds()


def value_of(run: Observable | AuxiliaryRun, name: str, arguments: dict[str, Any], is_log: bool) -> float:
    """A summary of a run as it is compared: a logarithm where it is one, NaN where it has no value."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a spread of too few weeks: no value
        value = SUMMARIES[name].of(run, **arguments)
    if is_log:
        return math.log(value) if value > 0 and math.isfinite(value) else math.nan
    return value if math.isfinite(value) else math.nan
