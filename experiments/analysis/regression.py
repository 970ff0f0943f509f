"""Main effects and pairs of a sampled design by linear regression, where no two points differ in one factor alone.

Each coefficient is the change over a factor's whole range (or from its first choice to another), at the middle of the others.
Its interval allows for both kinds of error: seeds that all points share, and a line that does not fit every point.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import design_matrix, intervals
from experiments.results.results import Results

ROOM = 3  # points a coefficient that pairs need to be fitted too


def fitted(results: Results, measure: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of effects, and what to know of the fit (r2, terms, note)."""
    matrix = results.matrix(measure)
    matrix = matrix[np.isfinite(matrix.to_numpy(float)).any(axis=1)]
    axes = design_matrix.axes(results)
    if not len(matrix) or not axes:
        return [], {"note": "no value" if not len(matrix) else "no factor varies"}
    single = design_matrix.to_matrix(axes, results.points.loc[matrix.index])
    single = single - [0.5 if a.is_number else float(single[c].mean()) for a in axes for c in a.columns]
    owner = {c: a for a in axes for c in a.columns}
    pairs = {
        f"{p} x {q}": single[p] * single[q] for p, q in itertools.combinations(single, 2) if owner[p] is not owner[q]
    }
    wide = 1 + single.shape[1] + len(pairs)
    is_wide = bool(pairs) and len(matrix) >= ROOM * wide
    model = pd.concat([single, pd.DataFrame(pairs)], axis=1) if is_wide else single
    if len(matrix) <= model.shape[1] + 1 or np.linalg.matrix_rank(np.c_[np.ones(len(model)), model]) <= model.shape[1]:
        return [], {"note": f"{len(matrix)} points cannot separate the effects of {model.shape[1]} columns"}
    found = _estimates(matrix, model)
    unit, n_points, n_seeds = results.unit(measure), len(matrix), matrix.shape[1]
    rows = []
    for column, (effect, low, high) in zip(model, found["effects"], strict=True):
        names = column.split(" x ") if column not in owner else [column]
        first = owner[names[0]]
        a, b = (
            (first.low, first.high)
            if first.is_number
            else (first.options[0], first.options[1 + first.columns.index(names[0])])
        )
        other = "" if len(names) == 1 else names[1]
        rows.append(
            {"factor": first.name, "by": other, "a": a, "b": b, "effect": effect, "low": low, "high": high}
            | {"n": n_seeds, "points": n_points, "unit": unit, "note": "" if math.isfinite(low) else "no interval"}
        )
    note = "" if n_seeds > 1 else "one seed a point: intervals hold for that seed only"
    return rows, {"r2": found["r2"], "note": note, "pairs": is_wide}


def _estimates(matrix: pd.DataFrame, model: pd.DataFrame) -> dict[str, Any]:
    """Least squares over all runs, with the covariance of errors clustered by point and by seed."""
    import statsmodels.api as sm
    from scipy import stats

    n_points, n_seeds = matrix.shape
    y = matrix.to_numpy(float)
    there = np.isfinite(y)
    point, seed = np.nonzero(there)
    fit = sm.OLS(y[there], sm.add_constant(model.to_numpy(float)[point], has_constant="add")).fit()

    def spread(groups: np.ndarray) -> np.ndarray:
        return np.diag(fit.get_robustcov_results("cluster", groups=groups).cov_params())

    by_point = spread(point)
    if n_seeds > 1:
        by_seed, by_run = spread(seed), np.diag(fit.get_robustcov_results("HC1").cov_params())
        total = np.maximum.reduce([by_point + by_seed - by_run, by_point, by_seed])
    else:
        by_seed, total = np.zeros_like(by_point), by_point
    # degrees of freedom after Satterthwaite: few seeds matter only as far as seeds make the spread
    free_points = max(n_points - model.shape[1] - 1, 1)
    with np.errstate(invalid="ignore"):  # no spread at all
        free = total**2 / (by_point**2 / free_points + by_seed**2 / max(n_seeds - 1, 1))
    reach = stats.t.ppf(0.5 + intervals.LEVEL / 2, np.minimum(free, free_points)) * np.sqrt(total)
    means = fit.predict(sm.add_constant(model.to_numpy(float), has_constant="add"))
    gone = np.nanmean(np.where(there, y, np.nan), axis=1)
    about = float(((gone - gone.mean()) ** 2).sum())
    r2 = 1 - float(((gone - means) ** 2).sum()) / about if np.ptp(gone) > 1e-12 * np.abs(gone).max() else math.nan
    effects = [(float(b), float(b - r), float(b + r)) for b, r in zip(fit.params[1:], reach[1:], strict=True)]
    return {"effects": effects, "r2": r2}
