"""What the summaries of a single run say of the parameters that made it: are those that weigh enough, or would others add to them?

The best summaries for a parameter are an estimate of its posterior mean, a regression of the parameter on all candidates (Fearnhead and Prangle
2012). Such a combination has no observation error or discrepancy that anybody could judge, so the fit compares the figures themselves, and the
regression only tells whether they lose much: its predicted share of a parameter's variance, out of sample, from the targets that weigh and
from all. A figure that adds nothing here need not be a target.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.analysis.intervals import SEED
from experiments.calibration.config import Calibration
from experiments.calibration.simulations import SummaryTable

FOLDS = 5
PENALTIES = np.logspace(-1, 4, 11)


def table(plan: Calibration, first: SummaryTable) -> pd.DataFrame:
    """One row a parameter, from runs of the prior: `key`, and its predicted share `by_weighing` and `by_all` summaries; 0 is nothing."""
    weigh = np.array([t.weigh for t in plan.target])
    there = np.isfinite(first.values).mean(axis=0) > 0.5
    x, y = first.values, first.unit_points[first.point]
    by = {name: predicted(x[:, use & there], y, first.point) for name, use in (("by_weighing", weigh), ("by_all", np.ones_like(weigh)))}
    return pd.DataFrame({"key": plan.space.keys, **by})


def predicted(x: np.ndarray, y: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Share of the variance of each column of `y` (runs, k) that a ridge regression on `x` and its squares predicts of points left out, (k,)."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import RidgeCV
    from sklearn.metrics import r2_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    clean = SimpleImputer().fit_transform(x)
    both = np.column_stack([clean, StandardScaler().fit_transform(clean) ** 2])
    model = make_pipeline(StandardScaler(), RidgeCV(PENALTIES, alpha_per_target=True))
    folds = GroupKFold(FOLDS, shuffle=True, random_state=SEED)
    guess = cross_val_predict(model, both, y, cv=folds, groups=point)
    return np.maximum(r2_score(y, guess, multioutput="raw_values"), 0.0)
