"""Surrogate models (metamodels): the mean outcome at any point of a study's factor space, from the points that were run.

It is fitted on points' means over their seeds and judged on points it has not seen, by whole trajectories, blocks or seeds where
points belong together. Its shares of the variance are those of
the factors over their whole ranges, whatever the design.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.analysis import design_matrix, intervals
from experiments.analysis.cross_validation import folds, groups_of
from experiments.analysis.design_matrix import FactorColumn
from experiments.analysis.intervals import SEED, Interval
from experiments.analysis.noise import Noise, mean_of, noise
from experiments.results.results import Results
from sim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from sklearn.base import RegressorMixin

KINDS = ("best", "gp", "forest", "tree")  # the best is one of the next two
LEAST_POINTS = 15
GP_MOST = 600  # points above which a Gaussian process takes too long
TREES, FEW_TREES = 200, 50
GOOD = 0.9  # of the variance that random variation leaves; below that a surrogate's shares carry a warning
SEARCH = 40  # steps of the search for a Gaussian process's kernel
RESTARTS = 1  # of that search: one start now and then ends in a kernel that takes all for noise
Values = Callable[[str, Results, pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Surrogate:
    """A fitted surrogate with its cross-validated error.

    `r2` is the share of the variance between points' means that it predicts at points left out; `ceiling` is the most that
    random variation leaves to any model, where neighbors do not share it; `rmse` is in the measure's unit.
    """

    measure: str
    unit: str
    kind: str
    axes: list[FactorColumn]
    r2: Interval
    rmse: Interval
    ceiling: float
    n_points: int
    seeds: tuple[int, ...]
    noise: Noise
    model: RegressorMixin = field(repr=False)
    x: pd.DataFrame = field(repr=False)
    values: np.ndarray = field(repr=False)  # (points, seeds)
    groups: np.ndarray = field(repr=False)  # (points,) of points that belong together

    @property
    def predicts(self) -> bool:
        """True when it clearly predicts more than the mean of all points does."""
        return bool(self.r2.low > 0)

    @property
    def note(self) -> str:
        """What to know of it in a sentence; empty when it is good."""
        if not self.predicts:
            return "the surrogate predicts nothing: its shares are of noise"
        if self.noise.p >= 0.05:
            return "points do not differ by more than random variation: the shares are of these seeds, not of the factors"
        best = self.ceiling if math.isfinite(self.ceiling) else 1.0
        if self.r2.estimate < GOOD * best:
            return f"the surrogate predicts {self.r2.estimate:.0%} of the variance, of {best:.0%} that random variation leaves: shares hold for that part"
        return ""

    def predict(self, points: pd.DataFrame) -> np.ndarray:
        """The mean outcome at points given by the levels of all factors."""
        missing = [a.name for a in self.axes if a.name not in points]
        if missing:
            raise InputError(
                f"the points have no column {missing[0]!r}; a surrogate of {self.measure} needs {', '.join(a.name for a in self.axes)}."
            )
        return self.model.predict(design_matrix.to_matrix(self.axes, points).to_numpy(float))

    def text(self) -> str:
        """The rules of a tree, in places of the factors' ranges (0 low, 1 high)."""
        if self.kind != "tree":
            raise InputError(f"a {self.kind} has no rules to print; fit kind='tree'.")
        from sklearn.tree import export_text

        return export_text(self.model, feature_names=list(self.x.columns))

    def refit(self, x: np.ndarray, y: np.ndarray, cheap: bool = True) -> Any:
        """The same kind of model of other values; a cheap one keeps a kernel that was found, or grows fewer trees."""
        return _fitted(self.kind, x, y, self.model if cheap else None)


def fit(results: Results, measure: str, kind: str = "best", of: Values | None = None) -> Surrogate:
    """The surrogate of a measure: a Gaussian process, a random forest, a tree, or the `best` of them by cross-validation.

    `of(measure, results, runs)` gives the value of each run where the measure is not a column.
    """
    if kind not in KINDS:
        raise InputError(f"surrogate {kind!r}; allowed: {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}")
    if of is not None:
        results = results.with_measure(measure, of(measure, results, results.done))
    axes = design_matrix.axes(results)
    matrix = results.matrix(measure)
    matrix = matrix[np.isfinite(matrix.to_numpy(float)).any(axis=1)]
    if len(matrix) < LEAST_POINTS or not axes:
        raise InputError(
            f"{results.label}: {len(matrix)} points have a value of {measure}; a surrogate needs {LEAST_POINTS}."
        )
    x, values = design_matrix.to_matrix(axes, results.points.loc[matrix.index]), matrix.to_numpy(float)
    y, floor = mean_of(values, 1), noise(matrix)
    wanted = ["gp", "forest"] if len(y) <= GP_MOST else ["forest"]
    wanted = wanted if kind == "best" else [kind]
    if kind == "gp" and len(y) > GP_MOST:
        raise InputError(
            f"{len(y)} points are too many for a Gaussian process (at most {GP_MOST}); take kind='forest'."
        )
    groups = groups_of(results, matrix.index.to_numpy())
    if len(np.unique(groups)) < 2:
        raise InputError(f"{results.label}: all points of {measure} are of one trajectory or block; a surrogate cannot be checked.")
    guesses = {k: _left_out(k, x.to_numpy(float), y, groups) for k in wanted}
    chosen = min(guesses, key=lambda k: float(((guesses[k] - y) ** 2).mean()))
    r2, rmse = _error(y, guesses[chosen], groups)
    return Surrogate(
        measure=measure,
        unit=results.unit(measure),
        kind=chosen,
        axes=axes,
        r2=r2,
        rmse=rmse,
        ceiling=1 - floor.share,
        n_points=len(y),
        seeds=tuple(int(s) for s in matrix.columns),
        noise=floor,
        model=_fitted(chosen, x.to_numpy(float), y),
        x=x,
        values=values,
        groups=groups,
    )


# Fitting


def _estimator(kind: str, n_columns: int) -> Any:
    if kind == "forest":
        from sklearn.ensemble import ExtraTreesRegressor

        return ExtraTreesRegressor(n_estimators=TREES, min_samples_leaf=2, random_state=SEED)
    if kind == "tree":
        from sklearn.model_selection import GridSearchCV, KFold
        from sklearn.tree import DecisionTreeRegressor

        grid = {"max_leaf_nodes": [2, 4, 8, 16, 32]}
        return GridSearchCV(
            DecisionTreeRegressor(min_samples_leaf=3, random_state=SEED),
            grid,
            cv=KFold(5, shuffle=True, random_state=SEED),
        )
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    kernel = ConstantKernel(1.0, (1e-3, 1e4)) * RBF(np.full(n_columns, 1.0), (0.05, 100.0)) + WhiteKernel(
        0.1, (1e-8, 10.0)
    )
    return GaussianProcessRegressor(kernel, optimizer=_search, normalize_y=True, n_restarts_optimizer=RESTARTS, random_state=SEED)


def _search(minus_likelihood: Callable, start: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, float]:
    """The kernel's likeliest parameters, or what so many steps come to: where nothing matters, the search would go on and on."""
    from scipy.optimize import minimize

    found = minimize(minus_likelihood, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": SEARCH})
    return found.x, found.fun


def _fitted(kind: str, x: np.ndarray, y: np.ndarray, like: Any = None) -> Any:
    """A model of y over x; `like` makes a refit cheap: a Gaussian process keeps its kernel, a forest has fewer trees."""
    model = _estimator(kind, x.shape[1])
    if kind == "gp" and like is not None:
        model.set_params(kernel=like.kernel_, optimizer=None)
    if kind == "forest" and like is not None:
        model.set_params(n_estimators=FEW_TREES)
    from threadpoolctl import threadpool_limits

    with warnings.catch_warnings(), threadpool_limits(1):  # matrices this small gain nothing from threads
        warnings.simplefilter("ignore")  # a length scale at its bound: that factor does not matter
        model.fit(x, y)
    return model.best_estimator_ if kind == "tree" else model


def _left_out(kind: str, x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The prediction of each point by a model that has not seen its group, nor taken its kernel from it."""
    out = np.empty(len(y))
    for train, test in folds(groups):
        out[test] = _fitted(kind, x[train], y[train]).predict(x[test])
    return out


def _error(y: np.ndarray, guess: np.ndarray, groups: np.ndarray) -> tuple[Interval, Interval]:
    """Cross-validated R2 and root mean square error, with intervals over groups of points, which are what is independent."""
    if np.ptp(y) == 0:
        same = Interval(math.nan, math.nan, math.nan, len(y), "all points have the same value")
        return same, Interval(0.0, 0.0, 0.0, len(y), same.note)
    owner = np.unique(groups, return_inverse=True)[1]
    total = lambda values: np.bincount(owner, values)  # noqa: E731
    middle = y - y.mean()  # sums of squares about a fixed value lose no digits
    sums = total(np.ones(len(y))), total(middle), total(middle**2), total((y - guess) ** 2)

    def r2(n: np.ndarray, s: np.ndarray, square: np.ndarray, error: np.ndarray, axis: int = -1) -> np.ndarray:
        spread = square.sum(axis=axis) - s.sum(axis=axis) ** 2 / n.sum(axis=axis)
        return 1 - error.sum(axis=axis) / np.where(spread > 0, spread, np.nan)

    def rmse(n: np.ndarray, error: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.sqrt(error.sum(axis=axis) / n.sum(axis=axis))

    return intervals.of_statistic(r2, *sums, paired=True), intervals.of_statistic(rmse, sums[0], sums[3], paired=True)
