"""Emulators: the mean of each summary, and the random variation of a single run, at any point of the parameter space.

A mean is a straight line over all parameters and a Gaussian process of what is left (Matern 5/2), fitted to the points' means
over their runs. The process sees each parameter stretched by its importance to a forest of trees: a length of its own for each of
two dozen parameters would be fitted to noise. What the mean misses of points left out, beyond their random variation and its own variance, is
added to that variance. The variance of a single run is a regression with a log link (a gamma model) on the same parameters.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from experiments.analysis.intervals import SEED
from experiments.calibration.simulations import SummaryTable

FOLDS = 5
LEAST = 0.8  # share of points that must have a value of a summary, else it is left out
SEARCH = 40  # steps of the search for a kernel: where nothing matters, it would go on and on
TREES = 200
RESTARTS = 2  # of that search: what looks like noise at first may be a bend
LEAST_STRETCH = 0.1  # of a parameter that trees make nothing of
TINY = 1e-9


@dataclass(frozen=True)
class Emulator:
    """Mean and variance of one summary. `r2` is the share of the variance of points' means that it predicts of points left out."""

    line: Any
    process: _Stretched | _Nothing
    scale: float  # of what is left of the line
    added: float  # to the variance of the mean, 0 where the check on points left out found it right
    spread: Any  # the regression of the variance of a run
    least_variance: float
    r2: float
    ceiling: float  # the most that random variation leaves to any emulator
    n: int

    def mean(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and its variance at points (n, k)."""
        found, variance = _both(self.line, self.process, self.scale, x)
        return found, variance + self.added

    def variance(self, x: np.ndarray) -> np.ndarray:
        """Variance of a single run at points (n, k)."""
        if self.spread is None:
            return np.full(len(x), self.least_variance)
        return np.maximum(self.spread.predict(x), self.least_variance)


@dataclass(frozen=True)
class Emulators:
    """Those of all targets; None where a summary has too few values. `correlation` is that of runs about their point's mean."""

    of: tuple[Emulator | None, ...]
    correlation: np.ndarray

    @property
    def known(self) -> np.ndarray:
        return np.array([e is not None for e in self.of])

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, variance of the mean, and variance of a single run, each (n, known targets)."""
        found = [(*e.mean(x), e.variance(x)) for e in self.of if e is not None]
        mean, of_mean, of_run = (np.column_stack([f[k] for f in found]) for k in range(3))
        return mean, of_mean, of_run


def fit(table: SummaryTable) -> Emulators:
    """Emulators of all targets from the runs of a table."""
    from threadpoolctl import threadpool_limits

    means, residuals, runs = table.means(), table.residuals(), table.runs_of()
    with threadpool_limits(1):  # matrices this small gain nothing from threads
        found = tuple(_fit(table, means[:, k], residuals[:, k], runs[:, k]) for k in range(means.shape[1]))
    known = [k for k, e in enumerate(found) if e is not None]
    return Emulators(found, _correlation(residuals[:, known]))


def _fit(table: SummaryTable, mean: np.ndarray, residual: np.ndarray, runs: np.ndarray) -> Emulator | None:
    there = np.isfinite(mean)
    if there.mean() < LEAST or there.sum() < 2 * FOLDS:
        return None
    x, y = table.unit_points[there], mean[there]
    spread, least = _run_variance(table, residual)
    single = np.full(len(y), least) if spread is None else np.maximum(spread.predict(x), least)
    if np.ptp(y) < TINY:
        return Emulator(_Constant(float(y[0])), _Nothing(), 1.0, 0.0, spread, least, math.nan, math.nan, len(y))
    parts = _mean(x, y)
    guess, unsure = _left_out(parts, x, y)
    noise = single / runs[there]
    error = float(np.mean((guess - y) ** 2))
    added = max(error - float(noise.mean()) - float(unsure.mean()), 0.0)
    line, process, scale = parts
    quality = (1 - error / float(np.var(y)), 1 - min(float(noise.mean() / np.var(y)), 1.0), len(y))
    return Emulator(line, process, scale, added, spread, least, *quality)


@dataclass(frozen=True)
class _Constant:
    """What is the same everywhere, in the place of a line."""

    value: float
    alpha_: float = 1.0

    def predict(self, x: np.ndarray, return_std: bool = True) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(x), self.value), np.ones(len(x))


class _Nothing:
    """In the place of a process where nothing is left of a line."""

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(len(x)), np.zeros(len(x))


def _mean(x: np.ndarray, y: np.ndarray, like: Any = None) -> tuple[Any, Any, float]:
    """A line, a process of what is left of it in units of its spread, and that spread; `like` keeps stretch and kernel."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from sklearn.linear_model import BayesianRidge

    line = BayesianRidge().fit(x, y)
    left = y - line.predict(x)
    scale = max(float(left.std()), 1e-6 * float(np.abs(y).max()), TINY)
    if like is None:
        stretch = _stretch(x, left)
        kernel = ConstantKernel(0.5, (1e-3, 1e2)) * Matern(1.0, (0.05, 30.0), nu=2.5) + WhiteKernel(0.3, (1e-4, 2.0))
        process = GaussianProcessRegressor(kernel, optimizer=_search, n_restarts_optimizer=RESTARTS, random_state=SEED)
    else:
        stretch = like.stretch
        process = GaussianProcessRegressor(like.process.kernel_, optimizer=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a length at its bound: what is left of the line is noise
        process.fit(x * stretch, left / scale)
    return line, _Stretched(process, stretch), scale


def _stretch(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much each parameter matters, 1 for the one that matters most (the root of its importance to extremely random trees)."""
    from sklearn.ensemble import ExtraTreesRegressor

    trees = ExtraTreesRegressor(n_estimators=TREES, min_samples_leaf=3, random_state=SEED).fit(x, y)
    share = trees.feature_importances_
    return np.sqrt(np.maximum(share / max(share.max(), TINY), LEAST_STRETCH**2))


@dataclass(frozen=True)
class _Stretched:
    """A process over stretched parameters. Its means and deviations take one product of matrices, not a solution each time."""

    process: Any
    stretch: np.ndarray

    @cached_property
    def _inverse(self) -> np.ndarray:
        from scipy.linalg import solve_triangular

        return solve_triangular(self.process.L_, np.eye(len(self.process.L_)), lower=True)

    @property
    def noise(self) -> float:
        """Share of noise in what it was fitted to."""
        return float(self.process.kernel_.k2.noise_level)

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance, noise left out, at points (n, k)."""
        signal = self.process.kernel_.k1
        cross = signal(x * self.stretch, self.process.X_train_)
        variance = signal.diag(x) - ((cross @ self._inverse.T) ** 2).sum(axis=1)
        return cross @ self.process.alpha_, np.maximum(variance, TINY)


def _both(line: Any, process: Any, scale: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a line and of the process of what is left of it."""
    straight, sd = line.predict(x, return_std=True)
    found, variance = process.predict(x)
    return straight + scale * found, np.maximum(sd**2 - 1 / line.alpha_, 0.0) + scale**2 * variance


def _search(minus_likelihood: Any, start: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, float]:
    from scipy.optimize import minimize

    found = minimize(minus_likelihood, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": SEARCH})
    return found.x, found.fun


def _left_out(parts: tuple[Any, Any, float], x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The prediction of each point without it, and the variance of that mean; the kernel is kept."""
    from sklearn.model_selection import KFold

    guess, spread = np.empty(len(y)), np.empty(len(y))
    for train, test in KFold(FOLDS, shuffle=True, random_state=SEED).split(x):
        line, process, scale = _mean(x[train], y[train], parts[1])
        guess[test], spread[test] = _both(line, process, scale, x[test])
    return guess, spread


def _run_variance(table: SummaryTable, residual: np.ndarray) -> tuple[Any, float]:
    """The regression of the variance of a run on the parameters, and the least that it may be; None where all is alike."""
    from sklearn.linear_model import GammaRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    there = np.isfinite(residual)
    if not there.any():
        return None, TINY
    square = residual[there] ** 2
    pooled = float(square.mean())
    least = max(0.05 * pooled, TINY)
    if pooled <= TINY:
        return None, TINY
    points = np.unique(table.point[there])
    mean = np.array([square[table.point[there] == p].mean() for p in points])
    model = make_pipeline(StandardScaler(), GammaRegressor(alpha=0.1, max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table.unit_points[points], np.maximum(mean, 1e-3 * pooled) / pooled)
    return _Scaled(model, pooled), least


@dataclass(frozen=True)
class _Scaled:
    """A model of something in units of `scale`."""

    model: Any
    scale: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.scale * self.model.predict(x)


def _correlation(residuals: np.ndarray) -> np.ndarray:
    """Correlation between targets of runs about their point's mean, shrunk as far as so many runs ask for (Ledoit and Wolf)."""
    from sklearn.covariance import LedoitWolf

    k = residuals.shape[1]
    rows = residuals[np.isfinite(residuals).all(axis=1)]
    spread = rows.std(axis=0) if len(rows) else np.ones(k)
    live = spread > TINY
    out = np.eye(k)
    if len(rows) > 2 and live.sum() > 1:
        found = LedoitWolf(assume_centered=True).fit(rows[:, live] / spread[live]).covariance_
        d = np.sqrt(np.diag(found))
        out[np.ix_(live, live)] = found / np.outer(d, d)
    return out
