"""Implausibility and likelihood (history matching; Craig et al. 1997; Vernon, Goldstein and Bower 2010).

Implausibility is the distance of the emulated mean from the record in
standard deviations of all that is unsure: the emulator, the random variation of the one battle that happened, the observation, and the
discrepancy of a model of this kind. A point is ruled out when its second largest one (the plan may say another rank) passes the
cutoff, so that no single emulator can do it alone. The likelihood is Gaussian with the same variances and the correlations of runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators


@dataclass(frozen=True)
class ObservedTargets:
    """Observed values of the targets: `z`, own variance `error` of observation and discrepancy, `shared` (targets,
    errors) in common, and which of them `weigh`. All (targets,)."""

    z: np.ndarray
    error: np.ndarray
    shared: np.ndarray
    weigh: np.ndarray

    @classmethod
    def of(cls, plan: Calibration) -> ObservedTargets:
        z = np.array([t.z for t in plan.target])
        error = np.array([t.error**2 + t.discrepancy**2 for t in plan.target])
        return cls(z, error, plan.shared_of, np.array([t.weigh for t in plan.target]))

    @classmethod
    def made_up(cls, z: np.ndarray) -> ObservedTargets:
        """A run of the model itself: no error but its random variation."""
        return cls(np.asarray(z, float), np.zeros(len(z)), np.zeros((len(z), 0)), np.ones(len(z), bool))

    @property
    def known(self) -> np.ndarray:
        return np.isfinite(self.z)

    @property
    def variance(self) -> np.ndarray:
        """Of each target by itself, what is shared included."""
        return self.error + (self.shared**2).sum(axis=1)


def implausibility(emulators: Emulators, truth: ObservedTargets, x: np.ndarray) -> np.ndarray:
    """Of each point (n, k) for each target that is known, (n, targets known)."""
    mean, unsure, variance = emulators.predict(x)
    use = truth.known[emulators.known]
    z, error = (v[emulators.known][use] for v in (truth.z, truth.variance))
    return np.abs(z - mean[:, use]) / np.sqrt(unsure[:, use] + variance[:, use] + error)


def ranked(distance: np.ndarray, rank: int) -> np.ndarray:
    """The largest (rank 1), second largest (2), ... of each row; the least one where there are fewer."""
    last = min(rank, distance.shape[1])
    return np.partition(distance, -last, axis=1)[:, -last]


def log_likelihood(emulators: Emulators, truth: ObservedTargets, x: np.ndarray) -> np.ndarray:
    """Logarithm of the Gaussian likelihood of the record at points (n, k), constants left out."""
    mean, unsure, variance = emulators.predict(x)
    use = (truth.known & truth.weigh)[emulators.known]
    z, error = (v[emulators.known][use] for v in (truth.z, truth.error))
    common = truth.shared[emulators.known][use]
    correlation = emulators.correlation[np.ix_(use, use)]
    sd = np.sqrt(variance[:, use])
    cover = sd[:, :, None] * correlation * sd[:, None, :] + common @ common.T
    diagonal = np.arange(use.sum())
    cover[:, diagonal, diagonal] += unsure[:, use] + error
    factor = np.linalg.cholesky(cover)
    away = np.linalg.solve(factor, (z - mean[:, use])[:, :, None])[:, :, 0]
    return -0.5 * (away**2).sum(axis=1) - np.log(factor[:, diagonal, diagonal]).sum(axis=1)
