"""The data of a heat map: places of levels, the best of each row, and where random variation leaves it open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.view.charts.marks import span

SMOOTH = 5  # levels of both factors from which steps are drawn between points; fewer stand as tiles
STEPS = 8  # at most so many steps of color
SKEWED = 0.2  # share of the highest value under which the middle one must lie for uneven steps


@dataclass(frozen=True)
class Plane:
    """What is drawn: levels, the mean (len(y), len(x)), its noise, and where the best and the default are."""

    x: tuple
    y: tuple
    z: np.ndarray
    noise: np.ndarray | None
    best: str | None
    default: tuple | None
    sampled: bool = False

    @property
    def smooth(self) -> bool:
        """Whether steps of color may be drawn between the points."""
        numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (*self.x, *self.y))
        many = min(len(self.x), len(self.y)) >= SMOOTH
        return bool(numeric and many and np.isfinite(self.z).all() and np.ptp(self.z) > 1e-12)

    def places(self, axis: int) -> np.ndarray:
        """Where the levels of an axis (0 x, 1 y) stand: at their values, or evenly as tiles."""
        levels = (self.x, self.y)[axis]
        return np.asarray(levels, float) if self.smooth else np.arange(len(levels), dtype=float)

    def is_log(self, axis: int) -> bool:
        """True for levels like 1, 2, 4, 8, that belong on a scale of ratios."""
        v = self.places(axis)
        if not self.smooth or (v <= 0).any() or v.max() < 8 * v.min():
            return False
        even, ratio = np.diff(v), np.diff(np.log(v))
        return bool(np.std(ratio) / np.mean(ratio) < 0.6 * np.std(even) / np.mean(even))

    def away(self) -> np.ndarray:
        """Distance from the best of the row, never negative; infinite where there is no value."""
        worth = np.where(np.isfinite(self.z), -self.z if self.best == "high" else self.z, np.inf)
        best = worth.min(axis=1, keepdims=True)
        return np.where(np.isfinite(worth), worth, np.inf) - np.where(np.isfinite(best), best, 0.0)

    def settled(self) -> np.ndarray:
        """Rows in which the best clearly differs (95 %) from at least half of the others."""
        away = np.where(np.isfinite(self.z), self.away(), 0.0)
        differs = (away > (0.0 if self.noise is None else self.noise)).sum(axis=1)
        return (differs > 0) & (differs >= (np.isfinite(self.z).sum(axis=1) - 1) / 2)

    def best_x(self) -> np.ndarray:
        """The best place of each row; between points by a parabola through the best and its neighbors."""
        x = np.log(self.places(0)) if self.is_log(0) else self.places(0)
        out = np.empty(len(self.y))
        for row, away in enumerate(self.away()):
            k = int(np.argmin(away))
            out[row] = x[k]
            if 0 < k < len(x) - 1:
                a, b, _ = np.polyfit(x[k - 1 : k + 2] - x[k], away[k - 1 : k + 2], 2)
                out[row] += np.clip(-b / (2 * a), x[k - 1] - x[k], x[k + 1] - x[k]) / (1 if a > 0 else np.inf) if a else 0
        return np.exp(out) if self.is_log(0) else out

    def ring(self) -> tuple[float, float] | None:
        """Where the default stands, if it is on the plane."""
        if self.default is None:
            return None
        at = []
        for axis, value in enumerate(self.default):
            levels, places = (self.x, self.y)[axis], self.places(axis)
            if self.smooth and isinstance(value, (int, float)) and places.min() <= value <= places.max():
                at.append(float(value))
            elif value in levels:
                at.append(float(places[levels.index(value)]))
        return (at[0], at[1]) if len(at) == 2 else None


def boundaries(values: np.ndarray) -> np.ndarray:
    """Round boundaries of the steps of color: even ones, or 1, 2, 5, 10 where a few high values stand over many low."""
    from matplotlib.ticker import MaxNLocator

    if not len(values) or np.ptp(values) <= 1e-12:
        values = np.array(span(values, air=0))
    low, high = float(values.min()), float(values.max())
    if low >= 0 and np.median(values) < SKEWED * high:
        series = [m * 10.0**k for k in range(-9, 12) for m in (1, 2, 5)]
        top = next(v for v in series if v >= high)
        inner = [v for v in series if v < top and v > max(np.quantile(values, 0.12), top / 60)]
        if len(inner) >= 2:
            return np.array([0.0, *inner[-STEPS:], top])
    return np.asarray(MaxNLocator(STEPS, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
