"""How runs of one point vary: the variance of a summary as a regression on the parameters, and how summaries vary together."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.calibration.simulations import SummaryTable

RANGE = (0.05, 5.0)  # of the variance of a run, beside its mean over points
FEW_PAIRS = 30  # points with more than one run, below which nothing is said of how runs of a point vary
TINY = 1e-9


def variance(table: SummaryTable, residual: np.ndarray) -> tuple[Any, float]:
    """The regression of the variance of a run on the parameters, and its mean over points; no regression where all is alike or little
    is known, and no mean (NaN) where nothing is."""
    from sklearn.linear_model import GammaRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    there = np.isfinite(residual)
    points = np.unique(table.point[there])
    if not len(points):
        return None, math.nan
    square = residual[there] ** 2
    pooled = float(square.mean())
    if pooled <= TINY or len(points) < FEW_PAIRS:
        return None, max(pooled, TINY)
    mean = np.array([square[table.point[there] == p].mean() for p in points])
    model = make_pipeline(StandardScaler(), GammaRegressor(alpha=0.1, max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table.unit_points[points], np.maximum(mean, 1e-3 * pooled) / pooled)
    return _Scaled(model, pooled), pooled


@dataclass(frozen=True)
class _Scaled:
    """A model of something in units of `scale`, kept within RANGE of it."""

    model: Any
    scale: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.scale * np.clip(self.model.predict(x), *RANGE)


def correlation(residuals: np.ndarray, missed: list[np.ndarray]) -> np.ndarray:
    """Correlation between targets of runs about their point's mean, shrunk as far as so many runs ask for (Ledoit and Wolf).

    Where no point has more than one run, of what emulators miss of points left out. Auxiliary battles are apart from the long one, and
    a summary that only some runs have is independent of the others.
    """
    if not np.isfinite(residuals).any() and missed:
        residuals = np.column_stack(missed)
    k = residuals.shape[1]
    there = np.isfinite(residuals)
    usual = there.sum(axis=0) > 0.5 * max(there.sum(axis=0).max(initial=0), 1)
    rows = residuals[:, usual][there[:, usual].all(axis=1)]
    live = np.flatnonzero(usual)[rows.std(axis=0) > TINY] if len(rows) else np.zeros(0, int)
    out = np.eye(k)
    if len(rows) > 2 and len(live) > 1:
        out[np.ix_(live, live)] = shrunk(residuals[:, live][there[:, usual].all(axis=1)])
    return out


def shrunk(rows: np.ndarray) -> np.ndarray:
    """Correlation of rows about zero, shrunk."""
    from sklearn.covariance import LedoitWolf

    found = LedoitWolf(assume_centered=True).fit(rows / rows.std(axis=0)).covariance_
    d = np.sqrt(np.diag(found))
    return found / np.outer(d, d)
