"""Importance weights of all points of all waves, and how far they can be trusted.

Every wave draws its points from a density of its own, known up to the sampling error of its two constants. All points together are a sample of
the mixture of these densities, each with the share of its points (the balance heuristic of multiple importance sampling, Veach and
Guibas 1995; as in adaptive importance sampling, Cornuet et al. 2012). A point's weight is the likelihood by the newest emulators by the density of
that mixture, to no other power than 1. Since the first wave is drawn from the prior, no weight can be larger than the likelihood allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import logsumexp

from experiments.calibration import implausibility
from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.sampling import effective

LEAST_TAIL = 25  # weights below which nothing can be said of their tail (a fifth of them is fitted, five at least)
GOOD_K = 0.7  # Pareto k above which importance weights are not to be trusted (Vehtari et al. 2024)


class Proposal(Protocol):
    """Where the points of a wave come from."""

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Of points (n, k) of the ranges, beside the density of the prior."""


@dataclass(frozen=True)
class PriorProposal:
    """The prior itself."""

    def log_density(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x))


@dataclass(frozen=True)
class EmulatedProposal:
    """A mixture: with the share `wide` the prior where nothing is ruled out, else the prior times the likelihood by some emulators.

    `distance` is the implausibility that decides at points, `level` that up to which a point is not ruled out, `size` the share of the
    prior that is left, `log_mean` the logarithm of the mean likelihood over the prior.
    """

    emulators: Emulators
    truth: ObservedTargets
    distance: Distance
    wide: float
    level: float
    size: float
    log_mean: float

    @property
    def constants(self) -> dict[str, float]:
        """What is known of it by sampling alone: a wave that was begun keeps it."""
        return {name: float(getattr(self, name)) for name in ("wide", "level", "size", "log_mean")}

    def log_density(self, x: np.ndarray) -> np.ndarray:
        parts = [np.full(len(x), -np.inf)]
        if self.wide < 1:
            parts.append(
                np.log1p(-self.wide) + implausibility.log_likelihood(self.emulators, self.truth, x) - self.log_mean
            )
        if self.wide > 0:
            parts.append(np.where(self.distance.at(x) <= self.level, np.log(self.wide) - np.log(self.size), -np.inf))
        return logsumexp(parts, axis=0)


@dataclass(frozen=True)
class Distance:
    """The largest, over some emulators, of the implausibilities that decide."""

    plan: Calibration
    truth: ObservedTargets
    emulators: tuple[Emulators, ...]

    def at(self, x: np.ndarray) -> np.ndarray:
        """At points (n, k) of the ranges, (n,); 0 where there are no emulators yet."""
        out = np.zeros(len(x))
        for fitted in self.emulators:
            out = np.maximum(
                out, implausibility.ranked(implausibility.implausibility(fitted, self.truth, x), self.plan.rank)
            )
        return out


@dataclass(frozen=True)
class Weights:
    """Weights that add up to 1, and the Pareto k of their tail (infinite where there are too few to tell)."""

    weight: np.ndarray
    pareto_k: float

    @property
    def effective(self) -> float:
        return effective(self.weight)

    @property
    def largest(self) -> float:
        return float(self.weight.max())

    @property
    def is_good(self) -> bool:
        return self.pareto_k <= GOOD_K

    def __str__(self) -> str:
        return f"effective size {self.effective:.0f} of {len(self.weight)} points untempered, Pareto k {self.pareto_k:.2f}, largest weight {self.largest:.0%}"


def weights(log_likelihood: np.ndarray, x: np.ndarray, proposals: Sequence[tuple[int, Proposal]]) -> Weights:
    """Weights of points (n, k) with these logarithms of the likelihood. `proposals`: each with how many of the points are from it."""
    total = sum(n for n, _ in proposals)
    mixture = logsumexp([np.log(n / total) + proposal.log_density(x) for n, proposal in proposals if n], axis=0)
    return of_logarithms(log_likelihood - mixture)


def of_logarithms(log_ratio: np.ndarray) -> Weights:
    """Weights from logarithms of ratios."""
    from arviz_stats.base import array_stats

    ratio = np.exp(log_ratio - log_ratio.max())
    few = len(ratio) < LEAST_TAIL
    k = np.inf if few else float(array_stats.psislw(-log_ratio)[1])  # it takes the logarithm of what is to be divided by
    return Weights(ratio / ratio.sum(), k if np.isfinite(k) else np.inf)
