"""What a run is judged by: a few figures of it as the public record would have shown it, beside the same of the record.

A run is seen through the observation model (`experiments.observe`); the record's figures come from its series by the same
arithmetic. A summary is a function of either; a target of the calibration names one and gives its arguments.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from experiments import observe, record
from experiments.battery.ensemble import BOOKS
from experiments.battery.history import gained_to_lost, lag_one, variation
from experiments.observe import Areas, Sight
from sim.geometry import envelopment, front_length, nearest_held

if TYPE_CHECKING:
    from sim.scenario import Scenario

CITY = "pokrovsk"
NEVER = 1e6  # day of a place that was not taken: tied last
DIRECTION = "casualties_attacker_direction"
MEASURES = tuple(sorted({name for names in BOOKS.values() for name in names} | {DIRECTION}))  # of every day, that summaries need


class Shown(Protocol):
    """A run or the record, as far as a window of time shows it."""

    box: Areas
    direction: Areas

    def front_km(self, date: dt.date) -> float: ...
    def distance_km(self, date: dt.date) -> float: ...
    def envelopment(self, date: dt.date) -> float: ...
    def captured(self) -> np.ndarray: ...
    def recaptured(self) -> np.ndarray: ...
    def grew(self, book: str, first: dt.date, last: dt.date) -> float: ...
    def monthly(self, part: str) -> np.ndarray: ...


@dataclass(frozen=True)
class Places:
    """Settlements by their center in km, (s,), and the city that is asked about; none on made-up ground."""

    x: np.ndarray
    y: np.ndarray
    city: tuple[float, float] | None

    @classmethod
    def of(cls, scenario: Scenario) -> Places:
        """The places of the record that were free at its start, or all of made-up ground."""
        if scenario.map.synthetic:
            from sim.starting import settlement_rows

            rows = settlement_rows(scenario)
            return cls(*(np.array([float(r[k]) for r in rows]) for k in ("x", "y")), None)
        known = record.places()
        return cls(known.x, known.y, (float(known.x[known.id.index(CITY)]), float(known.y[known.id.index(CITY)])))


@dataclass(frozen=True)
class Run:
    """One run as it is shown. `books`: running totals of measures by day, day 0 the start."""

    sight: Sight
    books: dict[str, np.ndarray]
    places: Places

    @property
    def box(self) -> Areas:
        return self.sight.box

    @property
    def direction(self) -> Areas:
        return self.sight.direction

    def _map(self, date: dt.date) -> np.ndarray:
        return self.sight.on(date).astype(float)

    def front_km(self, date: dt.date) -> float:
        return front_length(self._map(date))

    def distance_km(self, date: dt.date) -> float:
        held = self._map(date)
        ny, nx = held.shape
        return float(nearest_held(held, nx, ny, *self.sight.corner, *self.places.city))

    def envelopment(self, date: dt.date) -> float:
        return envelopment(self._map(date), *self.sight.corner, *self.places.city)

    def captured(self) -> np.ndarray:
        return self.sight.captured(self.places.x, self.places.y)

    @cached_property
    def _at_places(self) -> np.ndarray:
        """What the maps show at the places: (maps, places) bool."""
        at = ((np.asarray(v) - c).astype(int) for v, c in ((self.places.y, self.sight.corner[1]), (self.places.x, self.sight.corner[0])))
        return self.sight.maps[:, *at]

    def recaptured(self) -> np.ndarray:
        """Which of the captured places were lost again for a week of maps."""
        taken = self.captured()
        day = self.sight.day
        out = []
        for place in np.flatnonzero(np.isfinite(taken) & (taken > 0)):
            later = day >= taken[place]
            free = ~self._at_places[later, place][:, None]
            out.append(bool(np.isfinite(observe.first_held(free, day[later]))[0]))
        return np.array(out, bool)

    def grew(self, book: str, first: dt.date, last: dt.date) -> float:
        """What a running total grew by from the end of one date to the end of another."""
        start = self.sight.date[0]
        total = sum(self.books[name] for name in BOOKS.get(book, (book,)))
        a, b = (min(max(int((np.datetime64(d, "D") - start).astype(int)), 0), len(total) - 1) for d in (first, last))
        return float(total[b] - total[a])

    def monthly(self, part: str) -> np.ndarray:
        """Net gain of whole months with the measurement error of published areas."""
        return observe.with_error(getattr(self, part).monthly(), self.sight.seed, part)


@dataclass(frozen=True)
class Record:
    """The record up to a date, from the series that come with the project. Losses are claims and no part of it."""

    last: dt.date

    def _areas(self, part: str) -> Areas:
        a = record.areas(part)
        kept = a.date <= np.datetime64(self.last)
        return Areas(a.date[kept], a.held[kept], a.gained[kept], a.lost[kept])

    @property
    def box(self) -> Areas:
        return self._areas("box")

    @property
    def direction(self) -> Areas:
        return self._areas("direction")

    def _state(self, name: str, date: dt.date) -> float:
        told = record.states()
        at = int(np.searchsorted(told["date"], np.datetime64(date, "D"), side="right")) - 1
        return float(told[name][max(at, 0)])

    def front_km(self, date: dt.date) -> float:
        return self._state("front_km", date)

    def distance_km(self, date: dt.date) -> float:
        return self._state("distance_km", date)

    def envelopment(self, date: dt.date) -> float:
        return self._state("envelopment", date)

    def captured(self) -> np.ndarray:
        day = record.places().day
        return np.where(day <= (self.last - record.START).days, day, np.inf)

    def recaptured(self) -> np.ndarray:
        rows = {r["id"]: r for r in record.seeds.table("control")}
        taken = [rows[i] for i, day in zip(record.places().id, self.captured()) if math.isfinite(day)]
        return np.array([bool(r["recaptured"]) and r["recaptured"] <= self.last.isoformat() for r in taken], bool)

    def grew(self, book: str, first: dt.date, last: dt.date) -> float:
        return math.nan

    def monthly(self, part: str) -> np.ndarray:
        return getattr(self, part).monthly()


def shown(control: np.ndarray, daily: dict[str, np.ndarray], scenario: Scenario, seed: int, direction: np.ndarray, places: Places) -> Run:
    """A run as the record would show it: `control` (days + 1, ny, nx) percent, `daily` its measures by day."""
    sight = observe.sight(control, scenario, seed, direction)
    return Run(sight, {name: np.asarray(daily[name], float) for name in MEASURES}, places)


# The summaries


@dataclass(frozen=True)
class Summary:
    """A figure of a run: what it takes besides the run, its unit, and whether it is compared as a logarithm."""

    of: Callable[..., float]
    takes: tuple[str, ...]
    unit: str
    is_log: bool
    doc: str


SUMMARIES: dict[str, Summary] = {}


def summary(unit: str, *takes: str, log: bool = False):
    """Registers a function of a run, and of arguments that a target gives, as a summary."""

    def register(function: Callable[..., float]) -> Callable[..., float]:
        doc = (function.__doc__ or "").strip().splitlines()[0]
        SUMMARIES[function.__name__] = Summary(function, takes, unit, log, doc)
        return function

    return register


def days_between(first: dt.date, last: dt.date) -> int:
    return (last - first).days


@summary("km2/day", "part", "first", "last")
def pace(run: Shown, part: str, first: dt.date, last: dt.date) -> float:
    """Published net gain by days."""
    return net(run, part, first, last) / days_between(first, last)


@summary("km2", "part", "first", "last")
def net(run: Shown, part: str, first: dt.date, last: dt.date) -> float:
    """Published net gain between the maps of two dates."""
    a, b = getattr(run, part).held_on(np.array([first, last], "M8[D]"))
    return float(b - a)


@summary("km2/week", "part")
def weekly_sd(run: Shown, part: str) -> float:
    """Standard deviation of weekly gross gain."""
    return float(getattr(run, part).weekly().std())


@summary("", "part")
def weekly_lag(run: Shown, part: str) -> float:
    """Correlation of weekly gross gain with that of the week before."""
    return lag_one(getattr(run, part).weekly())


@summary("", "part")
def monthly_cv(run: Shown, part: str) -> float:
    """Standard deviation of monthly net gain by its mean, with the error of published areas."""
    return variation(run.monthly(part))


@summary("", "part", log=True)
def gain_ratio(run: Shown, part: str) -> float:
    """Gross gain to gross loss of published ground; a run without any loss counts as one that lost one km2."""
    areas = getattr(run, part)
    return gained_to_lost(areas) if areas.lost.sum() >= 1.0 else float(areas.gained.sum())


@summary("", "first", "last", log=True)
def front_growth(run: Shown, first: dt.date, last: dt.date) -> float:
    """Length of the front by that of the start."""
    return run.front_km(last) / run.front_km(first)


@summary("km", "last")
def distance(run: Shown, last: dt.date) -> float:
    """Distance from the center of Pokrovsk to published ground of the attacker."""
    return run.distance_km(last)


@summary("", "last")
def enveloped(run: Shown, last: dt.date) -> float:
    """Envelopment of Pokrovsk: share of 120 rays of 15 km that meet published ground of the attacker."""
    return run.envelopment(last)


@summary("", "last")
def order_tau(run: Shown, last: dt.date) -> float:
    """Kendall's tau-b of the days of capture with the record's, over places that it saw captured by a date (not taken: last)."""
    from scipy.stats import kendalltau

    theirs = Record(last).captured()
    taken = np.isfinite(theirs)
    return float(kendalltau(np.minimum(run.captured()[taken], NEVER), theirs[taken]).statistic)


@summary("places", log=True)
def places_taken(run: Shown) -> float:
    """Settlements captured."""
    day = run.captured()
    return float((np.isfinite(day) & (day > 0)).sum())


@summary("")
def recaptured_share(run: Shown) -> float:
    """Share of captured settlements that were lost again."""
    back = run.recaptured()
    return float(back.mean()) if back.size else math.nan


@summary("casualties/day", "part", "first", "last", log=True)
def losses(run: Shown, part: str, first: dt.date, last: dt.date) -> float:
    """Casualties of the attacker a day as they are claimed."""
    book = {"box": "attacker", "direction": DIRECTION}[part]
    return float(observe.claimed(run.grew(book, first, last))) / days_between(first, last)


@summary("casualties/day", "first", "last", log=True)
def losses_defender(run: Shown, first: dt.date, last: dt.date) -> float:
    """Casualties of the defender a day."""
    return run.grew("casualties_defender", first, last) / days_between(first, last)


@summary("casualties/km2", "part", "first", "last", log=True)
def price(run: Shown, part: str, first: dt.date, last: dt.date) -> float:
    """Claimed casualties of the attacker by published net gain; a gain below one km2 counts as one."""
    return losses(run, part, first, last) * days_between(first, last) / max(net(run, part, first, last), 1.0)


@summary("vehicles", "first", "last", log=True)
def armor_rate(run: Shown, first: dt.date, last: dt.date) -> float:
    """Armored vehicles of the attacker lost for good per 1,000 of his casualties."""
    return 1000 * run.grew("armor", first, last) / max(run.grew("attacker", first, last), 1.0)


@summary("", "first", "middle", "last", log=True)
def armor_fall(run: Shown, first: dt.date, middle: dt.date, last: dt.date) -> float:
    """The same from a date on by what it was before."""
    return armor_rate(run, middle, last) / max(armor_rate(run, first, middle), 1e-3)


@summary("", "first", "last")
def drone_share(run: Shown, first: dt.date, last: dt.date) -> float:
    """Share of the attacker's casualties that are by drones."""
    return run.grew("drone", first, last) / max(run.grew("attacker", first, last), 1.0)


@summary("", "first", "last")
def rear_share(run: Shown, first: dt.date, last: dt.date) -> float:
    """Share of the defender's casualties on the way and in the rear."""
    return run.grew("defender_rear", first, last) / max(run.grew("casualties_defender", first, last), 1.0)


@summary("casualties", "first", "last", log=True)
def attack_cost(run: Shown, first: dt.date, last: dt.date) -> float:
    """Claimed casualties of the attacker by reported attacks."""
    attacks = observe.reported_attacks(run.grew("groups", first, last))
    return float(observe.claimed(run.grew("attacker", first, last))) / max(float(attacks), 1.0)


def value_of(run: Shown, name: str, arguments: dict[str, Any], is_log: bool) -> float:
    """A summary of a run as it is compared: a logarithm where it is one, NaN where it has no value."""
    with np.errstate(all="ignore"):
        value = SUMMARIES[name].of(run, **arguments)
    if is_log:
        return math.log(value) if value > 0 and math.isfinite(value) else math.nan
    return value if math.isfinite(value) else math.nan
