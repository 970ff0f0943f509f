"""Reference forecasts that a model must beat: the front stays, goes on as before, wanders at random, does as it did; two boxes of men.

Each forecasts the net gain of the box and lays it as a belt of equal depth before the front of the start, so that all begin
from the same ground and none knows more of it than its total.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from experiments.forecasting.scores import AREAS, Forecast
from experiments.observation import record
from experiments.observation.areas import Areas, month_ends
from sim.errors import InputError

MEMBERS = 2048  # a power of two, as Sobol points want; CRPS of a normal is then right to half a percent
LEAST_MONTHS = 4  # that reference forecasts must know
SEED = 20250501  # of the members that are drawn


@dataclass(frozen=True)
class Past:
    """What a reference forecast may know: net gain by month before the start (m, areas), claimed losses by month, the ground.

    `start` (ny, nx) bool held on the first day; `x`, `y` (places,) km from the south-west corner; gains need none of the three.
    """

    monthly: np.ndarray
    losses: np.ndarray
    start: np.ndarray | None = None
    x: np.ndarray | None = None
    y: np.ndarray | None = None


def known_before(date: dt.date, areas: Callable[[str], Areas] = record.areas) -> Past:
    """What reference forecasts may know on a date: the whole months of a record before it; InputError of fewer than four."""
    months = areas(AREAS[0]).months()
    known = month_ends(months) <= np.datetime64(date)
    if known.sum() < LEAST_MONTHS:
        raise InputError(f"the record has {known.sum()} whole months before {date}; reference forecasts need {LEAST_MONTHS}.")
    losses = record.losses()
    return Past(
        monthly=np.column_stack([areas(area).monthly()[known] for area in AREAS]),
        losses=losses["casualties"][np.isin(losses["month"], months[known])],
    )


@dataclass(frozen=True)
class Horizon:
    """What is to be forecast: the first day, days, and the edges of its months and weeks and its map days, in days."""

    date: dt.date
    days: int
    months: np.ndarray  # (m + 1,)
    weeks: np.ndarray  # (w + 1,)
    maps: np.ndarray  # (dates,)

    @classmethod
    def of(cls, date: dt.date, days: int, maps: list[int]) -> Horizon:
        """`days` from a date. A month runs from the last day of the one before (the first: from the date) to its own."""
        first, month = np.datetime64(date, "M"), np.timedelta64(1, "M")
        edges = (month_ends(np.arange(first, first + (days // 28 + 2) * month, month)) - np.datetime64(date)).astype(
            int
        )
        return cls(
            date,
            days,
            np.concatenate([[0], edges[(edges > 0) & (edges <= days)]]),
            np.arange(0, days + 1, 7),
            np.array(maps),
        )


@dataclass(frozen=True)
class Belt:
    """Ground in the order in which a belt of equal depth takes it: the nearest to the front of the start first.

    `rank` (ny, nx): km2 of net gain at which the attacker holds the cell; below 0 for cells that he holds at the start.
    """

    start: np.ndarray

    @cached_property
    def rank(self) -> np.ndarray:
        from scipy.ndimage import distance_transform_edt

        out = np.empty(self.start.shape)
        for mine, sign in ((~self.start, 1.0), (self.start, -1.0)):
            away = distance_transform_edt(mine)[mine]
            place = np.empty(away.size)
            place[np.argsort(away, kind="stable")] = np.arange(away.size) + 0.5
            out[mine] = sign * place
        return out

    def chance(self, gain: np.ndarray) -> np.ndarray:
        """Share of members whose belt holds each cell, for their net gains (members,)."""
        order = np.sort(gain)
        return 1.0 - np.searchsorted(order, self.rank, side="left") / len(order)

    def captured(self, growth: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Day on which each member's belt reaches each place (members, places): `growth` (members, days + 1) km2."""
        rank = self.rank[np.floor(y).astype(int), np.floor(x).astype(int)]
        there = growth[:, :, None] >= rank
        return np.where(there.any(axis=1), np.argmax(there, axis=1), np.inf)


def reference(name: str, past: Past, horizon: Horizon) -> Forecast:
    """A reference forecast by its name, as a `Forecast`; within a month ground is taken evenly."""
    gains = REFERENCES[name](past, len(horizon.months) - 1)
    total = np.concatenate([np.zeros((len(gains), 1, len(AREAS))), np.cumsum(gains, axis=1)], axis=1)
    day = np.arange(horizon.days + 1)
    growth = np.stack(
        [np.stack([np.interp(day, horizon.months, row) for row in total[:, :, k]]) for k in range(len(AREAS))], axis=2
    )
    assert past.start is not None and past.x is not None and past.y is not None, "a forecast of maps needs the ground"
    x, y, belt, box = past.x, past.y, Belt(past.start), growth[:, :, 0]
    cells = np.stack([belt.chance(box[:, d]) for d in horizon.maps])
    captured = np.concatenate([belt.captured(part, x, y) for part in np.array_split(box, max(len(box) // 50, 1))])
    return Forecast(name, gains, np.diff(growth[:, horizon.weeks], axis=1), cells, captured)


# Net gains by month (members, months, areas), km2


def persistence(past: Past, months: int) -> np.ndarray:
    """The front stays: net 0."""
    return np.zeros((1, months, past.monthly.shape[1]))


def linear(past: Past, months: int) -> np.ndarray:
    """The mean net gain of the four months before the start goes on."""
    return np.tile(past.monthly[-4:].mean(axis=0), (1, months, 1))


def random_walk(past: Past, months: int) -> np.ndarray:
    """The ground walks at random with a drift: each month's net gain is normal with mean and sd of the months before."""
    mean, sd = past.monthly.mean(axis=0), past.monthly.std(axis=0, ddof=1)
    return mean + sd * _normal(past, months)


def random_walk_on_the_gain(past: Past, months: int) -> np.ndarray:
    """The gain walks at random from that of the last month; its steps are normal, as large as they were (root mean square)."""
    step = np.sqrt((np.diff(past.monthly, axis=0) ** 2).mean(axis=0))
    return past.monthly[-1] + step * np.cumsum(_normal(past, months), axis=1)


def three_months(past: Past, months: int) -> np.ndarray:
    """The mean net gain of the last three months goes on; each month is normal about it with the sd of the months before."""
    return past.monthly[-3:].mean(axis=0) + past.monthly.std(axis=0, ddof=1) * _normal(past, months)


def climatology(past: Past, months: int) -> np.ndarray:
    """Any month before the start comes again: member k has the months from the k-th on, the first after the last."""
    known = len(past.monthly)
    return past.monthly[(np.arange(known)[:, None] + np.arange(months)) % known]


def _normal(past: Past, months: int) -> np.ndarray:
    """Standard normal draws (members, months, areas), spread evenly by Sobol points: a mean over them has little error."""
    from scipy.stats.qmc import MultivariateNormalQMC

    areas = past.monthly.shape[1]
    draws = MultivariateNormalQMC(np.zeros(months * areas), rng=SEED).random(MEMBERS)
    return draws.reshape(MEMBERS, months, areas)


def lanchester(past: Past, months: int) -> np.ndarray:
    """Two boxes of men under Lanchester's square law with replacements; ground goes with the odds.

    A' = r - a D, D' = s - b A, gain = c (A / D - 1), in units of the forces at the start. Rates are fitted by least squares to
    monthly gains and claimed losses (a D) of the months before; the spread is that of the residuals.
    """
    from scipy.integrate import solve_ivp
    from scipy.optimize import least_squares

    known = len(past.monthly)
    losses = past.losses / past.losses.mean()
    scale = np.maximum(np.abs(past.monthly).mean(axis=0), 1.0)

    def course(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        r, a, s, b = np.exp(p[:4])
        slope = lambda t, z: (r - a * max(z[1], 0.05), s - b * max(z[0], 0.05))  # noqa: E731
        middle = np.arange(known + months) + 0.5
        found = solve_ivp(slope, (0.0, known + months), (1.0, 1.0), t_eval=middle, max_step=1.0)
        men = np.clip(found.y, 0.05, 20.0)
        odds = np.clip(men[0] / men[1], 0.0, 5.0)
        return np.outer(odds - 1.0 + np.exp(p[4]), np.exp(p[5:])), men[1]

    def misses(p: np.ndarray) -> np.ndarray:
        gain, defenders = course(p)
        lost = defenders[:known] / max(defenders[:known].mean(), 0.05)
        prior = 0.1 * (p[:4] - np.log(0.1))  # rates of a tenth a month, so that the fit cannot run away
        return np.concatenate([((gain[:known] - past.monthly) / scale).ravel(), lost - losses, prior])

    first = np.concatenate([np.full(4, np.log(0.1)), [0.0], np.log(scale)])
    fit = least_squares(misses, first, max_nfev=200)
    gain = course(fit.x)[0]
    spread = np.std(gain[:known] - past.monthly, axis=0, ddof=1)
    return gain[known:] + spread * _normal(past, months)


REFERENCES: dict[str, Callable[[Past, int], np.ndarray]] = {
    "persistence": persistence,
    "linear extrapolation": linear,
    "random walk": random_walk,
    "random walk on the gain": random_walk_on_the_gain,
    "mean of three months": three_months,
    "climatology": climatology,
    "two-box Lanchester": lanchester,
}


def all_of_them(past: Past, horizon: Horizon) -> list[Forecast]:
    """Every reference forecast."""
    return [reference(name, past, horizon) for name in REFERENCES]
