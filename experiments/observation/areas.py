"""Areas by map, week and month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

SEEN_KM2 = 0.05  # a smaller change of the box is not counted as one, as in the evidence


# Areas, by map, week and month: the same arithmetic for the record and for runs


def days_after(date: dt.date | np.datetime64, days: np.ndarray) -> np.ndarray:
    """Dates so many days after one, datetime64[D]."""
    return np.datetime64(date, "D") + np.asarray(days).astype("m8[D]")


def month_ends(months: np.ndarray) -> np.ndarray:
    """The last day of each month."""
    return (months + np.timedelta64(1, "M")).astype("M8[D]") - np.timedelta64(1, "D")


def month_starts(months: np.ndarray) -> np.ndarray:
    """The last day of the month before each month: what a month's gain is counted from."""
    return months.astype("M8[D]") - np.timedelta64(1, "D")


@dataclass(frozen=True)
class Areas:
    """Occupied ground of the box or a part of it on each map: `date` (n,) datetime64[D]; the others (n,) km2.

    `gained` and `lost` are against the map before, 0 on the first.
    """

    date: np.ndarray
    held: np.ndarray
    gained: np.ndarray
    lost: np.ndarray

    @property
    def days(self) -> int:
        return int((self.date[-1] - self.date[0]).astype(int))

    @property
    def net(self) -> float:
        return float(self.held[-1] - self.held[0])

    def without(self, part: Areas) -> Areas:
        """The rest, without a part of it on the same maps."""
        return Areas(self.date, self.held - part.held, self.gained - part.gained, self.lost - part.lost)

    def weekly(self) -> np.ndarray:
        """Gross gain of each whole week after the first map, km2."""
        week = ((self.date[1:] - self.date[0]).astype(int) - 1) // 7
        return np.bincount(week, self.gained[1:], minlength=self.days // 7)[: self.days // 7]

    def on_days_with_gain(self) -> np.ndarray:
        """Gross gains of the maps that show one."""
        return self.gained[1:][self.gained[1:] > SEEN_KM2]

    def months(self) -> np.ndarray:
        """The whole months that the maps cover, as datetime64[M]."""
        month = np.timedelta64(1, "M")
        months = np.arange(self.date[0].astype("M8[M]"), self.date[-1].astype("M8[M]") + month, month)
        return months[(month_starts(months) >= self.date[0]) & (month_ends(months) <= self.date[-1])]

    def held_on(self, dates: np.ndarray) -> np.ndarray:
        """Ground on the last map of each date or before it."""
        at = np.searchsorted(self.date, np.asarray(dates, "M8[D]"), side="right") - 1
        return self.held[np.maximum(at, 0)]

    def monthly(self) -> np.ndarray:
        """Net gain of each whole month, km2: the last map of the month less the last one of the month before."""
        months = self.months()
        return self.held_on(month_ends(months)) - self.held_on(month_starts(months))


def areas_of(maps: np.ndarray, date: np.ndarray, part: np.ndarray, cell_km2: float) -> Areas:
    """Areas of published maps (n, ny, nx) within `part` (ny, nx) bool."""
    inside = maps[:, part]
    change = np.diff(inside.astype(np.int8), axis=0)
    zero = np.zeros(1)
    gained = np.concatenate([zero, (change > 0).sum(axis=1)]) * cell_km2
    lost = np.concatenate([zero, (change < 0).sum(axis=1)]) * cell_km2
    return Areas(date, inside.sum(axis=1) * cell_km2, gained, lost)
