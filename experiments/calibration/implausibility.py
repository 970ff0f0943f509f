"""Implausibility and likelihood (history matching; Craig et al. 1997; Vernon, Goldstein and Bower 2010).

Implausibility is the distance of the emulated mean from the record in
standard deviations of all that is unsure: the emulator, the random variation of the one battle that happened, the observation, and the
discrepancy of a model of this kind. A point is ruled out when its second largest one (the plan may say another rank) passes the
cutoff, so that no single emulator can do it alone. The likelihood is Gaussian with the same variances: a synthetic likelihood (Wood 2010)
whose mean and covariance are emulated. Random variation and discrepancy are correlated as runs are (what makes one run too quick in
all its summaries may make the model so); observation errors are not, but for those that targets are said to share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators


@dataclass(frozen=True)
class ObservedTargets:
    """Observed values of the targets: `z`, variance `error` of the observation and `discrepancy` of the model, `shared` (targets,
    errors) in common, and which of them `weigh`. All (targets,)."""

    z: np.ndarray
    error: np.ndarray
    discrepancy: np.ndarray
    shared: np.ndarray
    weigh: np.ndarray

    @classmethod
    def of(cls, plan: Calibration) -> ObservedTargets:
        z, error, discrepancy = (
            np.array([getattr(t, name) for t in plan.target], float) for name in ("z", "error", "discrepancy")
        )
        return cls(z, error**2, discrepancy**2, plan.shared_of, np.array([t.weigh for t in plan.target]))

    def made_up(self, z: np.ndarray, correlation: np.ndarray, rng: np.random.Generator) -> ObservedTargets:
        """A record of the same errors and discrepancies whose truth is a run of the model, `z` (targets,) without any of them."""
        z = np.asarray(z, float)
        with_all = rng.multivariate_normal(
            np.nan_to_num(z), self.covariance(np.ones(len(z), bool), correlation), method="eigh"
        )
        return replace(self, z=np.where(np.isfinite(z), with_all, np.nan))

    def covariance(self, use: np.ndarray, correlation: np.ndarray) -> np.ndarray:
        """Of observation and discrepancy of the targets in `use`, whose runs correlate like this."""
        d = np.sqrt(self.discrepancy[use])
        return np.diag(self.error[use]) + d[:, None] * correlation * d + self.shared[use] @ self.shared[use].T

    @property
    def known(self) -> np.ndarray:
        return np.isfinite(self.z)

    @property
    def variance(self) -> np.ndarray:
        """Of each target by itself, what is shared included."""
        return self.error + self.discrepancy + (self.shared**2).sum(axis=1)


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
    used = emulators.only(truth.known & truth.weigh)
    return log_likelihood_of(used, truth, used.predict(x))


def log_likelihood_of(
    emulators: Emulators, truth: ObservedTargets, predicted: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray:
    """The same from what the emulators predict: mean, its variance and the variance of a run, each (n, known targets)."""
    mean, unsure, variance = predicted
    weighs = truth.known & truth.weigh & emulators.known
    use = weighs[emulators.known]
    correlation = emulators.correlation[np.ix_(use, use)]
    sd = np.sqrt(variance[:, use])
    cover = sd[:, :, None] * correlation * sd[:, None, :] + truth.covariance(weighs, correlation)
    diagonal = np.arange(use.sum())
    cover[:, diagonal, diagonal] += unsure[:, use]
    factor = np.linalg.cholesky(cover)
    away = np.linalg.solve(factor, (truth.z[weighs] - mean[:, use])[:, :, None])[:, :, 0]
    return -0.5 * (away**2).sum(axis=1) - np.log(factor[:, diagonal, diagonal]).sum(axis=1)


def emulator_share(emulators: Emulators, truth: ObservedTargets, x: np.ndarray) -> np.ndarray:
    """Share of the emulator in all that is unsure of each target, mean over points: (targets,), NaN where there is no emulator.

    Another wave helps as long as this is large (Vernon, Goldstein and Bower 2010).
    """
    _, unsure, variance = emulators.predict(x)
    out = np.full(len(truth.z), np.nan)
    out[emulators.known] = (unsure / (unsure + variance + truth.variance[emulators.known])).mean(axis=0)
    return out
