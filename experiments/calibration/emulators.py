"""Emulators: the mean of each summary, and the random variation of a single run, at any point of the parameter space.

A mean is a straight line over the summary's active parameters (`active.py`) and a Gaussian process of what is left (Matern 5/2), fitted to
the points' means over their runs, each with its own noise. The process sees a parameter stretched by its importance to a forest of trees: a
length of its own for each would be fitted to noise. What the mean misses of points left out, beyond their random variation and its own variance,
is added to that variance. The variance of a single run is a regression with a log link (a gamma model) on the same parameters; where no point has
more than one run, it is what the mean misses.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.analysis.intervals import SEED
from experiments.calibration import run_variation
from experiments.calibration.active import active
from experiments.calibration.run_variation import TINY
from experiments.calibration.simulations import SummaryTable

FOLDS = 5
LEAST = 0.8  # share of points that must have a value of a summary, else it is left out
SEARCH = 40  # steps of the search for a kernel: where nothing matters, it would go on and on
TREES = 200
RESTARTS = 1  # of that search: what looks like noise at first may be a bend
LEAST_STRETCH = 0.1  # of a parameter that trees make nothing of


@dataclass(frozen=True)
class Emulator:
    """Mean and variance of one summary. `r2` is the share of the variance of points' means that it predicts of points left out."""

    active: np.ndarray  # columns that it sees
    line: Any
    process: _Stretched | _Nothing
    scale: float  # of what is left of the line
    added: float  # to the variance of the mean, 0 where the check on points left out found it right
    spread: Any  # the regression of the variance of a run
    pooled: float  # variance of a run, mean over points
    r2: float
    ceiling: float  # the most that random variation leaves to any emulator
    missed: (
        np.ndarray
    )  # by what it missed each point of its table that was left out, (points,), NaN where there is no value

    def mean(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and its variance at points (n, k)."""
        found, variance = _both(self.line, self.process, self.scale, x[:, self.active])
        return found, variance + self.added

    def variance(self, x: np.ndarray) -> np.ndarray:
        """Variance of a single run at points (n, k)."""
        if self.spread is None:
            return np.full(len(x), self.pooled)
        return self.spread.predict(x)


@dataclass(frozen=True)
class Emulators:
    """Those of all targets; None where a summary has too few values. `correlation` is that of runs about their point's mean."""

    of: tuple[Emulator | None, ...]
    correlation: np.ndarray

    @property
    def known(self) -> np.ndarray:
        return np.array([e is not None for e in self.of])

    def only(self, use: np.ndarray) -> Emulators:
        """Those of some targets, (targets,) bool."""
        kept = use & self.known
        some = kept[self.known]
        return Emulators(tuple(e if k else None for e, k in zip(self.of, kept)), self.correlation[np.ix_(some, some)])

    @property
    def full_correlation(self) -> np.ndarray:
        """`correlation` over all targets, those without an emulator independent of the others."""
        out = np.eye(len(self.of))
        out[np.ix_(self.known, self.known)] = self.correlation
        return out

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, variance of the mean, and variance of a single run, each (n, known targets)."""
        found = [(*e.mean(x), e.variance(x)) for e in self.of if e is not None]
        mean, of_mean, of_run = (np.column_stack([f[k] for f in found]) for k in range(3))
        return mean, of_mean, of_run

    def predicted_share(self, table: SummaryTable) -> np.ndarray:
        """Share of the variance of the points' means of another table that these predict, (targets,), NaN where there is no emulator."""
        means, out = table.means(), np.full(table.values.shape[1], np.nan)
        for k, e in enumerate(self.of):
            there = np.isfinite(means[:, k])
            if e is not None and there.sum() > 2 and np.ptp(means[there, k]) > TINY:
                y = means[there, k]
                out[k] = 1 - np.mean((e.mean(table.unit_points[there])[0] - y) ** 2) / np.var(y)
        return out


def fit(table: SummaryTable) -> Emulators:
    """Emulators of all targets from the runs of a table."""
    from threadpoolctl import threadpool_limits

    means, residuals, runs = table.means(), table.residuals(), table.runs_of()
    with threadpool_limits(1):  # matrices this small gain nothing from threads
        found = tuple(_fit(table, means[:, k], residuals[:, k], runs[:, k]) for k in range(means.shape[1]))
    known = [k for k, e in enumerate(found) if e is not None]
    return Emulators(found, run_variation.correlation(residuals[:, known], [e.missed for e in found if e is not None]))


def _fit(table: SummaryTable, mean: np.ndarray, residual: np.ndarray, runs: np.ndarray) -> Emulator | None:
    there = np.isfinite(mean)
    if there.mean() < LEAST or there.sum() < 2 * FOLDS:
        return None
    x, y = table.unit_points[there], mean[there]
    missed = np.full(len(mean), np.nan)
    spread, pooled = run_variation.variance(table, residual)
    if np.ptp(y) < TINY:
        return Emulator(
            np.arange(x.shape[1]),
            _Constant(float(y[0])),
            _Nothing(),
            1.0,
            0.0,
            spread,
            TINY if math.isnan(pooled) else pooled,
            math.nan,
            math.nan,
            missed,
        )
    single = np.full(len(y), pooled) if spread is None else spread.predict(x)
    noise = np.nan_to_num(single) / runs[there]
    columns = active(x, y)
    x = x[:, columns]
    parts = _mean(x, y, noise)
    guess, unsure = _left_out(parts, x, y, noise)
    missed[there] = guess - y
    error = float(np.mean((guess - y) ** 2))
    left = max(error - float(unsure.mean()), 0.0)  # beyond what it says of itself
    if math.isnan(pooled):  # one run a point: all of this may be random variation
        pooled = max(left, 0.05 * error, TINY)
        noise, added = np.array([pooled]), 0.0
    else:
        added = max(left - float(noise.mean()), 0.0)
    ceiling = 1 - min(float(noise.mean() / np.var(y)), 1.0)
    return Emulator(columns, *parts, added, spread, pooled, 1 - error / float(np.var(y)), ceiling, missed)


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


def _mean(x: np.ndarray, y: np.ndarray, noise: np.ndarray, like: Any = None) -> tuple[Any, Any, float]:
    """A line, a process of what is left of it in units of its spread, and that spread; `like` keeps stretch and kernel.

    `noise`: variance of each point's mean that is known of.
    """
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from sklearn.linear_model import BayesianRidge

    line = BayesianRidge().fit(x, y)
    left = y - line.predict(x)
    scale = max(float(left.std()), 1e-6 * float(np.abs(y).max()), TINY)
    alpha = noise / scale**2 + 1e-8
    if like is None:
        stretch = _stretch(x, left)
        kernel = ConstantKernel(0.5, (1e-3, 1e2)) * Matern(1.0, (0.05, 30.0), nu=2.5) + WhiteKernel(0.3, (1e-6, 2.0))
        process = GaussianProcessRegressor(
            kernel, alpha=alpha, optimizer=_search, n_restarts_optimizer=RESTARTS, random_state=SEED
        )
    else:
        stretch = like.stretch
        process = GaussianProcessRegressor(like.kernel, alpha=alpha, optimizer=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a length at its bound: what is left of the line is noise
        process.fit(x * stretch, left / scale)
    return line, _Stretched.of(process, stretch), scale


def _stretch(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much each parameter matters, 1 for the one that matters most (the root of its importance to extremely random trees)."""
    from sklearn.ensemble import ExtraTreesRegressor

    trees = ExtraTreesRegressor(n_estimators=TREES, min_samples_leaf=3, random_state=SEED).fit(x, y)
    share = trees.feature_importances_
    return np.sqrt(np.maximum(share / max(share.max(), TINY), LEAST_STRETCH**2))


@dataclass(frozen=True)
class _Stretched:
    """A process over stretched parameters. Its means and deviations take one product of matrices, not a solution each time.

    `train` (n, k) points that it was fitted to, stretched; `alpha` (n,) and `inverse` (n, n) of the Cholesky factor, in four bytes.
    """

    kernel: Any
    stretch: np.ndarray
    train: np.ndarray
    alpha: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, process: Any, stretch: np.ndarray) -> _Stretched:
        from scipy.linalg import solve_triangular

        inverse = solve_triangular(process.L_, np.eye(len(process.L_)), lower=True).astype(np.float32)
        return cls(process.kernel_, stretch, process.X_train_, process.alpha_, inverse)

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance, noise left out, at points (n, k)."""
        signal = self.kernel.k1
        cross = signal(x * self.stretch, self.train)
        variance = signal.diag(x) - ((cross.astype(np.float32) @ self.inverse.T) ** 2).sum(axis=1)
        return cross @ self.alpha, np.maximum(variance, TINY)


def _both(line: Any, process: Any, scale: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a line and of the process of what is left of it."""
    straight, sd = line.predict(x, return_std=True)
    found, variance = process.predict(x)
    return straight + scale * found, np.maximum(sd**2 - 1 / line.alpha_, 0.0) + scale**2 * variance


def _search(minus_likelihood: Any, start: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, float]:
    from scipy.optimize import minimize

    found = minimize(minus_likelihood, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": SEARCH})
    return found.x, found.fun


def _left_out(
    parts: tuple[Any, Any, float], x: np.ndarray, y: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The prediction of each point without it, and the variance of that mean; the kernel is kept."""
    from sklearn.model_selection import KFold

    guess, spread = np.empty(len(y)), np.empty(len(y))
    for train, test in KFold(FOLDS, shuffle=True, random_state=SEED).split(x):
        line, process, scale = _mean(x[train], y[train], noise[train], parts[1])
        guess[test], spread[test] = _both(line, process, scale, x[test])
    return guess, spread
