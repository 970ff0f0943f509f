"""Noise floor: how much of a measure's spread is random variation, below which a difference between points means nothing.

All points share their seeds, so a seed that is good for the attacker everywhere moves all points alike and is no noise
between them. What is left of a run after its point's mean and its seed's shift are taken off is the noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

ALL_EQUAL = "all runs equal"
ONE_SEED = "one seed a point: random variation and effect cannot be separated"


@dataclass(frozen=True)
class Noise:
    """Random variation against differences between points. Variances in squared units of the measure; NaN when it is unknown."""

    run: float  # variance of one run about its point
    mean: float  # of a point's mean over its seeds
    between: float  # of the points' means, noise included
    p: float  # chance of such differences between points were there none (F test)
    n_points: int
    n_seeds: int
    note: str = ""

    @property
    def share(self) -> float:
        """Share of the variance between points' means that is random variation, 0 to 1; also the best R2 left to a model is 1 less it."""
        return min(self.mean / self.between, 1.0) if self.between > 0 else math.nan

    @property
    def is_there(self) -> bool:
        """True when points differ by more than random variation would make them (at 5 %)."""
        return bool(self.p < 0.05)


def residuals(matrix: pd.DataFrame) -> np.ndarray:
    """What is left of each run (points, seeds) without its point's mean and its seed's shift; NaN where a run is missing."""
    values = matrix.to_numpy(float)
    if not values.size:
        return values
    with np.errstate(invalid="ignore"):
        values = values - mean_of(values, 1)[:, None]
        return values - mean_of(values, 0)[None, :]


def noise(matrix: pd.DataFrame) -> Noise:
    """The noise of a measure given by point and seed."""
    from scipy import stats

    values = matrix.to_numpy(float)
    there = np.isfinite(values)
    kept = there.any(axis=1)
    values, there = values[kept], there[kept]
    n_points, n_seeds = len(values), int(there.any(axis=0).sum())
    between = float(np.var(mean_of(values, 1), ddof=1)) if n_points > 1 else math.nan
    free = int(there.sum()) - n_points - (n_seeds - 1)
    if n_points < 2 or free < 1 or n_seeds < 2:
        single = n_points > 0 and n_seeds > 1
        run = float(np.nanvar(values, ddof=1)) if single else math.nan
        note = "one point" if n_points == 1 else "no value" if n_points == 0 else ONE_SEED
        return Noise(run, run / n_seeds if single else math.nan, between, math.nan, n_points, n_seeds, note)
    run = float(np.nansum(residuals(matrix[kept]) ** 2) / free)
    mean = run * float((1 / there.sum(axis=1)).mean())
    if mean == 0:
        p, note = (1.0, ALL_EQUAL) if between == 0 else (0.0, "no noise: seeds do not matter")
    else:
        evenness = _evenness(residuals(matrix[kept]))
        p, note = float(stats.f.sf(between / mean, evenness * (n_points - 1), evenness * free)), ""
    return Noise(run, mean, between, p, n_points, n_seeds, note)


def _evenness(left: np.ndarray) -> float:
    """Huynh and Feldt's epsilon: how many independent differences the noise has, as a share of all there could be.

    One seed often moves neighboring points alike; without this the test would take their agreement for evidence.
    """
    left = np.nan_to_num(left)
    inner = left.T @ left  # its eigenvalues are those of the points' covariance
    whole, (n_points, n_seeds) = float(np.trace(inner)), left.shape
    if whole <= 0 or n_seeds < 3:
        return 1.0  # two seeds differ in one way only, which says nothing of others
    seen = whole**2 / float((inner**2).sum())  # Greenhouse and Geisser's epsilon times (n_points - 1), which is too low
    spare = n_seeds - 1 - seen
    return min(max(n_seeds * seen - 2, spare) / ((n_points - 1) * spare), 1.0) if spare > 0 else 1.0


def mean_of(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean of what is there; NaN where nothing is."""
    n = np.isfinite(values).sum(axis=axis)
    return np.where(n > 0, np.nansum(values, axis=axis) / np.maximum(n, 1), np.nan)
