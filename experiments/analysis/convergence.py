"""Convergence in the number of replicates: the mean against n, and the sample size that a stated precision takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.intervals import LEVEL
from experiments.results.results import Results
from sim.errors import InputError

PRECISION = 0.05  # half the width of an interval, as a share of the mean, unless another is asked for
MOST = 1_000_000


@dataclass(frozen=True)
class Needed:
    """Replicates after which the mean's 95 % interval is no wider than plus or minus `within`.

    `typical` is the median over points, `worst` the point that takes most; `low` and `high` bound the typical number, since
    the spread itself is estimated. Points whose runs all agree are left out.
    """

    measure: str
    unit: str
    within: float  # in the measure's unit; of the typical point, when a share of the mean was asked for
    share: float | None
    typical: int | None
    low: int | None
    high: int | None
    worst: int | None
    worst_point: int | None
    have: int
    n_points: int
    note: str = ""

    @property
    def is_enough(self) -> bool:
        """True when every point has as many seeds as it takes."""
        return self.worst is not None and self.have >= self.worst


def mean_against_n(results: Results, measure: str, point: int | None = None) -> pd.DataFrame:
    """The mean over the first n seeds with its interval, for each n: `n, seed, mean, low, high`; of one point, or over all."""
    values = _by_seed(results, measure, point)
    n, so_far = np.arange(1, len(values) + 1), values.expanding()
    mean, spread = so_far.mean().to_numpy(), so_far.std().to_numpy()
    wide = np.array([intervals.reach(s, k) if k > 1 else math.nan for s, k in zip(spread, n.tolist())])
    table = pd.DataFrame({"n": n, "seed": values.index, "mean": mean, "low": mean - wide, "high": mean + wide})
    table.attrs = {"unit": results.unit(measure)}
    return table


def mean_by_seed(matrix: pd.DataFrame) -> pd.Series:
    """The mean over all points that have values, for each seed that has them all."""
    return matrix.dropna(how="all").dropna(axis=1).mean()


def _by_seed(results: Results, measure: str, point: int | None) -> pd.Series:
    """A value for each seed: of a point, or the mean over the points of seeds that have them all."""
    matrix = results.matrix(measure)
    if point is None:
        return mean_by_seed(matrix)
    if point not in matrix.index:
        raise InputError(
            f"{results.label} has no point {point}; allowed: {matrix.index.min()} to {matrix.index.max()}."
        )
    return matrix.loc[point].dropna()


def needed(results: Results, measure: str, within: float | None = None, share: float | None = None) -> Needed:
    """Replicates that a mean takes to be known to plus or minus `within` (in its unit), or to a `share` of itself."""
    if within is not None and share is not None:
        raise InputError("give the precision once: in the measure's unit, or as a share of the mean.")
    for name, value in (("within", within), ("share", share)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(f"precision: {name} {value!r}; allowed: a number above 0.")
    if within is None and share is None:
        share = PRECISION
    matrix = results.matrix(measure)
    have = np.isfinite(matrix.to_numpy(float)).sum(axis=1)
    common: dict[str, Any] = {
        "measure": measure,
        "unit": results.unit(measure),
        "share": share,
        "have": int(have.min()),
        "n_points": len(matrix),
    }
    unknown: dict[str, Any] = {
        "within": within if within is not None else math.nan,
        "typical": None,
        "low": None,
        "high": None,
        "worst": None,
        "worst_point": None,
    }
    if not (have > 1).any():
        return Needed(**common, **unknown, note="one seed a point: the spread is unknown")
    matrix = matrix[have > 1]
    spread, mean, have = matrix.std(axis=1, ddof=1).to_numpy(), matrix.mean(axis=1).abs().to_numpy(), have[have > 1]
    wanted = np.full(len(matrix), within) if within is not None else share * mean
    moved = spread > 0
    if not moved.any():
        return Needed(
            **common,
            **unknown
            | {
                "within": float(np.median(wanted)),
                "typical": 2,
                "low": 2,
                "high": 2,
                "worst": 2,
                "worst_point": int(matrix.index[0]),
            },
            note="all runs of a point agree",
        )
    known = moved & (wanted > 1e-9 * spread)  # a mean of 0 has no share of itself to be known to
    if not known.any():
        return Needed(**common, **unknown, note="the means are 0: give the precision in the measure's unit")
    takes = np.array([replicates(s, w) for s, w in zip(spread[known], wanted[known])])
    middle = int(np.argsort(takes, kind="stable")[(len(takes) - 1) // 2])
    s, w, n = spread[known][middle], wanted[known][middle], have[known][middle]
    low, high = _bounds(s, w, int(n))
    note = f"{len(known) - known.sum()} points whose runs agree or have a mean of 0 left out" if not known.all() else ""
    worst = int(np.argmax(takes))
    points = matrix.index[known]
    return Needed(
        **common,
        within=float(w),
        typical=int(takes[middle]),
        low=low,
        high=high,
        worst=int(takes[worst]),
        worst_point=int(points[worst]),
        note=note,
    )


def replicates(spread: float, within: float) -> int:
    """Least n for which the t interval of a mean, of values with that standard deviation, is no wider than +- within.

    Both are in the unit of the measure.

    Examples:
        >>> replicates(spread=12.0, within=6.0)
        18
    """
    n, step = 2, 1
    while n < MOST and intervals.reach(spread, n) > within:
        n, step = n + step, step * 2
    low, high = max(n - step // 2, 2), n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if intervals.reach(spread, middle) <= within else (middle + 1, high)
    return min(low, MOST)


def _bounds(spread: float, within: float, n: int) -> tuple[int, int]:
    """What it takes at the ends of the interval of the spread (chi square)."""
    from scipy import stats

    ends = stats.chi2.ppf([0.5 + LEVEL / 2, 0.5 - LEVEL / 2], n - 1)
    low, high = (spread * math.sqrt((n - 1) / e) for e in ends)
    return replicates(low, within), replicates(high, within)
