"""Runs as the observation model shows them, and the record, with the same questions asked of both.

A run is observed through `experiments.observation.publication`; the record's figures come from its series by the same arithmetic.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from experiments.observation import areas, publication, record
from experiments.observation.areas import Areas
from experiments.observation.publication import PublishedMaps
from sim.geometry import envelopment, front_length, nearest_held

if TYPE_CHECKING:
    from sim.scenario import Scenario

CITY = "pokrovsk"
BOOKS = {  # running totals: the daily measures that each adds up
    "attacker": ("casualties_attacker",),
    "attacker_direction": ("casualties_attacker_direction",),
    "casualties_defender": ("casualties_defender",),
    "defender_rear": ("casualties_defender_way", "casualties_defender_rear"),
    "drone": ("casualties_attacker_drone",),
    "armor": ("armor_destroyed_attacker", "armor_abandoned_attacker"),
    "groups": ("attacks", "mounted_attacks", "infiltrations"),
}
CLAIMS = {"casualties": "attacker", "casualties_direction": "attacker_direction"}  # claimed total -> the true one
MEASURES = tuple(sorted({name for names in BOOKS.values() for name in names}))  # of every day, that summaries of ground and losses need
STATES = (  # of every day, at its end, that summaries of forces need
    *("infantry_attacker", "infantry_defender", "in_line_defender", "front_km", "days_in_place_defender", "intake_attacker"),
)


def books_of(daily: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Running totals of a run by day, day 0 the start, from its measures: those of BOOKS, and of CLAIMS as they are claimed."""
    books = {book: sum((np.asarray(daily[name], float) for name in names), np.zeros(())) for book, names in BOOKS.items()}
    return books | {claim: publication.claimed(books[book]) for claim, book in CLAIMS.items()}


class Observable(Protocol):
    """A run or the record, as far as a window of time shows it."""

    @property
    def box(self) -> Areas: ...
    @property
    def direction(self) -> Areas: ...
    @property
    def rest(self) -> Areas: ...
    @property
    def captured(self) -> np.ndarray: ...
    def front_km(self, date: dt.date) -> float: ...
    def distance_km(self, date: dt.date) -> float: ...
    def envelopment(self, date: dt.date) -> float: ...
    def recaptured(self) -> np.ndarray: ...
    def between(self, book: str, first: dt.date, last: dt.date) -> float: ...
    def state(self, name: str, first: dt.date, last: dt.date) -> np.ndarray: ...
    def monthly_gain(self, part: str) -> np.ndarray: ...


@dataclass(frozen=True)
class Places:
    """Settlements by their center in km, (s,), and the city that is asked about; none on made-up ground."""

    x: np.ndarray
    y: np.ndarray
    city: tuple[float, float] | None

    @classmethod
    def of(cls, scenario: Scenario) -> Places:
        """The places of the record that were free at its start, or all of made-up ground."""
        if not scenario.map.is_ours:
            from sim.sector.places import settlement_rows

            rows = settlement_rows(scenario)
            x, y = (np.array([float(r[k]) for r in rows]) for k in ("x", "y"))
            return cls(x, y, None)
        known = record.places()
        return cls(known.x, known.y, (float(known.x[known.id.index(CITY)]), float(known.y[known.id.index(CITY)])))


@dataclass(frozen=True)
class ObservedRun:
    """One run as the record would have shown it: its published maps, its books (see `books_of`), and the places asked about.

    `deep`: deep breakthroughs that began; `states`: measures of STATES by day. What takes a pass over all maps is computed once.
    """

    maps: PublishedMaps
    books: dict[str, np.ndarray]
    places: Places
    deep: int = 0
    states: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        return self.maps.seed

    @property
    def start(self) -> dt.date:
        return self.maps.date[0].astype(dt.date)

    @property
    def box(self) -> Areas:
        return self.maps.box

    @property
    def direction(self) -> Areas:
        return self.maps.direction

    @property
    def rest(self) -> Areas:
        return self.box.without(self.direction)

    def front_km(self, date: dt.date) -> float:
        """Length of the front on the last map of a date or before it, by one estimator."""
        return front_length(self.maps.on(date).astype(float))

    @cached_property
    def dimension(self) -> float:
        """Box-counting dimension of the last front."""
        from experiments.observation.series import contour_dimension

        return contour_dimension(self.maps.maps[-1].astype(float))

    @property
    def _city(self) -> tuple[float, float]:
        assert self.places.city is not None, "made-up ground has no city to ask about"
        return self.places.city

    def distance_km(self, date: dt.date) -> float:
        """Distance from the city's center to occupied ground."""
        held = self.maps.on(date).astype(float)
        ny, nx = held.shape
        return float(nearest_held(held, nx, ny, *self.maps.corner, *self._city))

    def envelopment(self, date: dt.date) -> float:
        """Envelopment of the city on the last map of a date or before it."""
        return self._envelopment(self.maps.on(date))

    @cached_property
    def envelopments(self) -> np.ndarray:
        """Envelopment of the city on each map, (maps,)."""
        return np.array([self._envelopment(held) for held in self.maps.maps])

    def _envelopment(self, held: np.ndarray) -> float:
        return envelopment(held.astype(float), *self.maps.corner, *self._city)

    @cached_property
    def captured(self) -> np.ndarray:
        """Day of capture of each place: 0 held at the start, infinite never."""
        return self.maps.captured(self.places.x, self.places.y)

    @cached_property
    def center_day(self) -> float:
        """Day on which the city's center is captured, infinite for never."""
        x, y = self._city
        return float(self.maps.captured(np.array([x]), np.array([y]))[0])

    def recaptured(self) -> np.ndarray:
        """Which of the captured places were lost again for a week of maps."""
        day = self.maps.day
        at = self.maps.at(self.places.x, self.places.y)
        out = []
        for place in np.flatnonzero(np.isfinite(self.captured) & (self.captured > 0)):
            later = day >= self.captured[place]
            out.append(bool(np.isfinite(publication.first_held(~at[later, place][:, None], day[later]))[0]))
        return np.array(out, bool)

    def between(self, book: str, first: dt.date | np.datetime64, last: dt.date | np.datetime64) -> float:
        """What a running total grew by from the end of one date to the end of another (dates outside the run: its ends)."""
        total = self.books[book]
        a, b = self._days(first, last, len(total))
        return float(total[b] - total[a])

    def state(self, name: str, first: dt.date, last: dt.date) -> np.ndarray:
        """A measure of STATES at the end of each day from one date to another, both counted."""
        values = self.states[name]
        a, b = self._days(first, last, len(values))
        return values[a : b + 1]

    def _days(self, first: dt.date | np.datetime64, last: dt.date | np.datetime64, n: int) -> np.ndarray:
        """Numbers of two days of a run of n."""
        day = [int((np.datetime64(d, "D") - self.maps.date[0]).astype(int)) for d in (first, last)]
        return np.clip(day, 0, n - 1)

    def monthly_gain(self, part: str) -> np.ndarray:
        """Net gain of whole months with the measurement error of published areas."""
        return publication.with_error(getattr(self, part).monthly(), self.seed, part)

    def monthly(self, book: str) -> np.ndarray:
        """What a running total grew by in each whole month of the maps."""
        months = self.box.months()
        edges = zip(areas.month_starts(months), areas.month_ends(months))
        return np.array([self.between(book, a, b) for a, b in edges])


@dataclass(frozen=True)
class ObservedRecord:
    """The record up to a date, from the series that come with the project. Losses and forces are claims and no part of it."""

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

    @property
    def rest(self) -> Areas:
        return self.box.without(self.direction)

    def _state(self, name: str, date: dt.date) -> float:
        states = record.states()
        at = int(np.searchsorted(states["date"], np.datetime64(date, "D"), side="right")) - 1
        return float(states[name][max(at, 0)])

    def front_km(self, date: dt.date) -> float:
        return self._state("front_km", date)

    def distance_km(self, date: dt.date) -> float:
        return self._state("distance_km", date)

    def envelopment(self, date: dt.date) -> float:
        return self._state("envelopment", date)

    @property
    def captured(self) -> np.ndarray:
        day = record.places().day
        return np.where(day <= (self.last - record.START).days, day, np.inf)

    def recaptured(self) -> np.ndarray:
        rows = {r["id"]: r for r in record.seeds.table("control")}
        taken = [rows[i] for i, day in zip(record.places().id, self.captured) if math.isfinite(day)]
        return np.array([bool(r["recaptured"]) and r["recaptured"] <= self.last.isoformat() for r in taken], bool)

    def between(self, book: str, first: dt.date, last: dt.date) -> float:
        return math.nan

    def state(self, name: str, first: dt.date, last: dt.date) -> np.ndarray:
        return np.array([math.nan])

    def monthly_gain(self, part: str) -> np.ndarray:
        return getattr(self, part).monthly()
