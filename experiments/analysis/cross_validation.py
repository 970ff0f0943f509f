"""Folds of cross-validation that keep together what belongs together: trajectories, blocks and points of one seed.

Points of one trajectory differ in one factor only. Were they spread over folds, each would be predicted from its neighbor, and the
error of a fresh point would be far larger than the one that is found (scikit-learn, GroupKFold).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.analysis.intervals import SEED
from experiments.results.results import Results

FOLDS = 5


def groups_of(results: Results, points: np.ndarray) -> np.ndarray:
    """The group of each point: its Morris trajectory or Saltelli block, its seed where points have seeds of their own, else itself."""
    study = results.study
    if results.plan.has_indices:
        return np.asarray(points) // block_size(study)
    seeds = list(getattr(study, "point_seeds", ()) or ())
    return np.array([seeds[p] for p in points]) if seeds else np.asarray(points)


def block_size(study) -> int:
    """Points of one trajectory (Morris) or of one block (Saltelli) of a study."""
    problem = study.problem()
    n = len(set(problem.get("groups") or problem["names"]))
    return n + 1 if study.design == "morris" else n * (2 if getattr(study, "second_order", False) else 1) + 2


def folds(groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on and rows to predict, so that no group is in both; as many folds as there are groups, at most FOLDS."""
    from sklearn.model_selection import GroupKFold

    n = min(FOLDS, len(np.unique(groups)))
    return GroupKFold(n, shuffle=True, random_state=SEED).split(groups, groups=groups)
