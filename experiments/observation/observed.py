"""A run as the public record would have shown it, and the record itself, asked the same questions.

A run is seen through the observation model (`experiments.observe`); the record's figures come from its series by the same
arithmetic.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from experiments.observation import areas, publication, record
from experiments.observation.areas import Areas
from experiments.observation.publication import Sight
from sim.geometry import envelopment, front_length, nearest_held

if TYPE_CHECKING:
    from sim.scenario import Scenario

BOOKS = {
    "attacker": ("casualties_attacker",),
    "casualties_defender": ("casualties_defender",),
    "defender_rear": ("casualties_defender_way", "casualties_defender_rear"),
    "drone": ("casualties_attacker_drone",),
    "armor": ("armor_destroyed_attacker", "armor_abandoned_attacker"),
    "groups": ("attacks", "mounted_attacks", "infiltrations"),
}


@dataclass(frozen=True)
class Seen:
    """One run as the record would have shown it.

    `books`: running totals by day from the start, (days + 1,), of what is claimed (casualties, casualties_direction) or
    known only in a model (the others): casualties_defender, defender_rear, drone, attacker, armor, groups.
    """

    seed: int
    start: dt.date
    box: Areas
    direction: Areas
    books: dict[str, np.ndarray]
    captured: np.ndarray  # (places,) day by `record.places`
    envelopment: np.ndarray  # (maps,) of Pokrovsk, on the dates of `box`
    center_day: float  # day on which the center of Pokrovsk is captured, infinite for never
    front_km: tuple[float, float]  # at the start and at the end, by one estimator
    dimension: float  # box-counting dimension of the last front
    deep: int  # deep breakthroughs begun

    def between(self, name: str, first: dt.date | np.datetime64, last: dt.date | np.datetime64) -> float:
        """What a total grew by from the end of one date to the end of another (dates outside the run: its ends)."""
        total = self.books[name]
        day = [(np.datetime64(d, "D") - np.datetime64(self.start, "D")).astype(int) for d in (first, last)]
        a, b = np.clip(day, 0, len(total) - 1)
        return float(total[b] - total[a])

    def monthly(self, name: str) -> np.ndarray:
        """What a total grew by in each whole month of the record."""
        months = self.box.months()
        edges = zip(areas.month_starts(months), areas.month_ends(months))
        return np.array([self.between(name, a, b) for a, b in edges])


CITY = "pokrovsk"
DIRECTION = "casualties_attacker_direction"
MEASURES = tuple(
    sorted({name for names in BOOKS.values() for name in names} | {DIRECTION})
)  # of every day, that summaries need


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
            from sim.sector.places import settlement_rows

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
        at = (
            (np.asarray(v) - c).astype(int)
            for v, c in ((self.places.y, self.sight.corner[1]), (self.places.x, self.sight.corner[0]))
        )
        return self.sight.maps[:, *at]

    def recaptured(self) -> np.ndarray:
        """Which of the captured places were lost again for a week of maps."""
        taken = self.captured()
        day = self.sight.day
        out = []
        for place in np.flatnonzero(np.isfinite(taken) & (taken > 0)):
            later = day >= taken[place]
            free = ~self._at_places[later, place][:, None]
            out.append(bool(np.isfinite(publication.first_held(free, day[later]))[0]))
        return np.array(out, bool)

    def grew(self, book: str, first: dt.date, last: dt.date) -> float:
        """What a running total grew by from the end of one date to the end of another."""
        start = self.sight.date[0]
        total = sum(self.books[name] for name in BOOKS.get(book, (book,)))
        a, b = (min(max(int((np.datetime64(d, "D") - start).astype(int)), 0), len(total) - 1) for d in (first, last))
        return float(total[b] - total[a])

    def monthly(self, part: str) -> np.ndarray:
        """Net gain of whole months with the measurement error of published areas."""
        return publication.with_error(getattr(self, part).monthly(), self.sight.seed, part)


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


def shown(
    control: np.ndarray,
    daily: dict[str, np.ndarray],
    scenario: Scenario,
    seed: int,
    direction: np.ndarray,
    places: Places,
) -> Run:
    """A run as the record would show it: `control` (days + 1, ny, nx) percent, `daily` its measures by day."""
    sight = publication.sight(control, scenario, seed, direction)
    return Run(sight, {name: np.asarray(daily[name], float) for name in MEASURES}, places)
