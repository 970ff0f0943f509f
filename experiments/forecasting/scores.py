"""Verification of forecasts: CRPS, Brier score, coverage of bands, PIT, and skill against a reference with its interval.

A forecast is a set of members, each as likely as the next; a single number is a set of one. Scores are losses (lower is
better), in the unit of what was forecast; skill is 1 - score / score of the other, 0 for as good, below 0 for worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.analysis import intervals
from experiments.analysis.intervals import Interval

AREAS = ("box", "direction")  # in the order of the last axis of gains; scores never pool them, for one lies in the other
AREA_WORDS = {"box": "the box", "direction": "the Pokrovsk direction"}
SPANS = ("monthly", "weekly")  # nor these: weeks add up to months
BANDS = (0.5, 0.9)
NEAR_KM = 15.0  # control is scored where the battle could have changed it: so far from the front at the start
BLOCK_KM = 10.0  # neighbors within a block of this edge fall together: blocks are what is resampled, of cells and of places


@dataclass(frozen=True)
class Outcome:
    """What happened. Months, weeks and dates are those that the forecast was for; None is not scored.

    `monthly` (m, areas), `weekly` (w, areas) net gain in km2; `cells` (dates, ny, nx) bool; `captured` (places,) day, infinite
    for never, and `places` (places, 2) where, km; `start` (ny, nx) bool held on the first day; `days` of the horizon.
    """

    monthly: np.ndarray | None = None
    weekly: np.ndarray | None = None
    cells: np.ndarray | None = None
    captured: np.ndarray | None = None
    places: np.ndarray | None = None
    start: np.ndarray | None = None
    days: int = 0


@dataclass(frozen=True)
class Forecast:
    """Members of a forecast of the same: `monthly` (k, m, areas), `weekly` (k, w, areas), `captured` (k, places);
    `cells` (dates, ny, nx) chances that the attacker holds."""

    name: str
    monthly: np.ndarray
    weekly: np.ndarray | None = None
    cells: np.ndarray | None = None
    captured: np.ndarray | None = None


@dataclass(frozen=True)
class Scores:
    """Scores of one forecast, item by item, so that two forecasts are compared on the same items."""

    name: str
    items: dict[str, np.ndarray] = field(default_factory=dict)  # "monthly box" (see `SPANS`, `AREAS`), "cells", "captures"
    coverage: dict[tuple[str, float], Interval] = field(default_factory=dict)  # of gains, by item and band
    blocks: dict[str, np.ndarray] = field(default_factory=dict)  # number of the block of each item, where items of a block fall together
    pit: dict[str, np.ndarray] = field(default_factory=dict)  # of gains, item by item

    def mean(self, what: str) -> float:
        return float(np.mean(self.items[what]))

    def independent(self, what: str) -> np.ndarray:
        """Scores that are resampled: those of the items, or their sums by block, whose ratio between two forecasts is that of the means."""
        if what not in self.blocks:
            return self.items[what]
        return by_block(self.items[what], self.blocks[what])[0]

    def interval(self, what: str) -> Interval:
        """Mean score with its bootstrap interval, over items or over the blocks that fall together."""
        if what not in self.blocks:
            return intervals.of_mean(self.items[what], "bootstrap")
        return mean_by_block(self.items[what], self.blocks[what])


def by_block(values: np.ndarray, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of values of each block, for a block number a value."""
    index = np.unique(block, return_inverse=True)[1]
    return np.bincount(index, values), np.bincount(index).astype(float)


def mean_by_block(values: np.ndarray, block: np.ndarray) -> Interval:
    """Mean of values that fall together by block, with a bootstrap interval over blocks; `n` counts blocks."""

    def of(total: np.ndarray, count: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.sum(total, axis=axis) / np.sum(count, axis=axis)

    return intervals.of_statistic(of, *by_block(values, block), paired=True)


def crps(members: np.ndarray, value: float) -> float:
    """Continuous ranked probability score of a set of members: the integral of (F - 1[x >= value])^2.

    That integral is half the square of the energy distance between the set and the value (Szekely and Rizzo 2013).
    """
    from scipy.stats import energy_distance

    return 0.5 * energy_distance(np.asarray(members, float).ravel(), [float(value)]) ** 2


def brier(chance: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Squared difference of a chance and what happened (Brier 1950), cell by cell."""
    return (np.asarray(chance, float) - np.asarray(happened, float)) ** 2


def near_front(start: np.ndarray, km: float = NEAR_KM) -> np.ndarray:
    """Cells of 1 km within `km` of the front of the start, on both sides of it."""
    from scipy.ndimage import distance_transform_edt

    return np.where(start, distance_transform_edt(start), distance_transform_edt(~start)) <= km


def block_of(inside: np.ndarray, edge: int = round(BLOCK_KM)) -> np.ndarray:
    """Number of the block of `edge` by `edge` cells of each cell that is `inside` (ny, nx): neighbors fall together."""
    ny, nx = inside.shape
    block = (np.arange(ny)[:, None] // edge) * (-(-nx // edge)) + np.arange(nx) // edge
    return block[inside]


def covered(members: np.ndarray, values: np.ndarray, band: float) -> np.ndarray:
    """Which values lie in the central band of their members: (k, n) members, (n,) values."""
    low, high = np.quantile(members, (0.5 - band / 2, 0.5 + band / 2), axis=0)
    return (values >= low) & (values <= high)


def pit(members: np.ndarray, value: float) -> float:
    """Probability integral transform: the share of members below a value, those equal to it counted half (Dawid 1984).

    Of a forecast that is calibrated they are uniform over many values; 0 or 1 lies beyond all members.
    """
    from scipy.stats import percentileofscore

    return float(percentileofscore(np.asarray(members, float).ravel(), value, kind="mean")) / 100


def score(forecast: Forecast, outcome: Outcome) -> Scores:
    """All scores of a forecast, by area and span. Capture dates are cut at the horizon: never and later are the same there."""
    items: dict[str, np.ndarray] = {}
    coverage: dict[tuple[str, float], Interval] = {}
    together: dict[str, np.ndarray] = {}
    ranks: dict[str, np.ndarray] = {}
    for span in SPANS:
        gains, values = getattr(forecast, span), getattr(outcome, span)
        for k, area in enumerate(AREAS if values is not None else ()):
            name = f"{span} {area}"
            items[name] = np.array([crps(gains[:, j, k], v) for j, v in enumerate(values[:, k])])
            if len(gains) > 1:
                ranks[name] = np.array([pit(gains[:, j, k], v) for j, v in enumerate(values[:, k])])
            for band in BANDS if len(gains) > 1 else ():
                hits = covered(gains[:, :, k], values[:, k], band)
                coverage[name, band] = intervals.of_share(int(hits.sum()), len(hits))
    if outcome.cells is not None:
        assert forecast.cells is not None and outcome.start is not None, "maps are scored by forecasts of maps, near a front"
        missed = np.mean([brier(p, y) for p, y in zip(forecast.cells, outcome.cells, strict=True)], axis=0)
        near = near_front(outcome.start)
        items["cells"], together["cells"] = missed[near], block_of(near)  # of all dates together: a block's dates go together
    if outcome.captured is not None:
        assert forecast.captured is not None, "captures are scored by forecasts of captures"
        cut = lambda day: np.minimum(day, outcome.days)  # noqa: E731
        items["captures"] = np.array([crps(cut(forecast.captured[:, k]), cut(v)) for k, v in enumerate(outcome.captured)])
        assert outcome.places is not None, "captures are grouped by where places lie"
        together["captures"] = np.unique(outcome.places // BLOCK_KM, axis=0, return_inverse=True)[1]
    return Scores(forecast.name, items, coverage, together, ranks)


def skill(ours: Scores, other: Scores, what: str) -> Interval:
    """Skill of one forecast against another, with a bootstrap interval over the items, or blocks of them, that both were scored on."""
    a, b = ours.independent(what), other.independent(what)
    if not b.mean():
        return Interval(math.nan, math.nan, math.nan, len(a), "the other forecast is without error")

    def of(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        return 1.0 - np.mean(x, axis=axis) / np.mean(y, axis=axis)

    return intervals.of_statistic(of, a, b, paired=True)


def skills(ours: Scores, others: Sequence[Scores]) -> dict[tuple[str, str], Interval]:
    """Skill by (what, against whom)."""
    return {(what, other.name): skill(ours, other, what) for what in ours.items for other in others}
