"""Sampling of the prior: points below a cutoff (subset simulation), and points in proportion to a likelihood (sequential Monte Carlo).

Both begin with points of the prior and go on in steps that each keep a fair share of them: a lower level (subset simulation, Au
and Beck 2001), or more of the likelihood (annealed sequential Monte Carlo, Del Moral et al. 2006). After each step points are
drawn again and walk, so that they do not stand together. Points are probabilities of the prior (its distribution function), uniform there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri


def quantiles(values: np.ndarray, weight: np.ndarray, shares: tuple[float, ...]) -> tuple[float, ...]:
    """Quantiles of a weighted sample."""
    order = np.argsort(values)
    at = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    return tuple(float(np.interp(s, at, values[order])) for s in shares)


KEPT = 0.5  # share of points that a step keeps
MOVES = 6  # steps of the walk after each
MOST = 60  # steps until it is given up
LEAST = 1e-4  # share of the prior below which the level is lowered no further
CHUNK = 2000  # points that are evaluated at a time
EDGE = 1e-9

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Sample:
    """Points (n, k) in the prior, the score of each, and the share of the prior that they stand for (or, of a likelihood,
    the logarithm of its mean). `level` is the score that all are below (of a likelihood: the power of it that was reached)."""

    u: np.ndarray
    score: np.ndarray
    size: float
    level: float


def in_chunks(score: Score, u: np.ndarray) -> np.ndarray:
    return np.concatenate([score(part) for part in np.array_split(u, max(1, -(-len(u) // CHUNK)))])


def below(score: Score, cutoff: float, n: int, k: int, seed: int) -> Sample:
    """`n` points of the prior with a score below the cutoff, and the share of the prior that has.

    Where less than LEAST of the prior is below it, the points are the nearest ones of that share, and `level` tells how near.
    """
    rng = np.random.default_rng(seed)
    u = rng.random((n, k))
    s = in_chunks(score, u)
    size, level = 1.0, np.inf
    while level > cutoff and size > LEAST:
        before, level = level, max(cutoff, float(np.quantile(s, KEPT, method="higher")))
        if level >= before:  # many points are alike: there is no lower level
            break
        inside = np.flatnonzero(s <= level)
        size *= len(inside) / n
        if len(inside) < n:
            chosen = rng.choice(inside, n)
            u, s = _walk(score, u[chosen], s[chosen], lambda new, old: new <= level, rng)  # noqa: B023
    return Sample(u, s, size, level)


def likely(log_likelihood: Score, n: int, k: int, seed: int) -> Sample:
    """`n` points in proportion to prior and likelihood; `size` is the logarithm of the mean likelihood over the prior."""
    rng = np.random.default_rng(seed)
    u = rng.random((n, k))
    s = in_chunks(log_likelihood, u)
    power, size = 0.0, 0.0
    for _ in range(MOST):
        more = next_power(s, power)
        weight = np.exp((more - power) * (s - s.max()))
        size += float(np.log(weight.mean()) + (more - power) * s.max())
        chosen = systematic(weight / weight.sum(), n, rng)
        power = more
        u, s = _walk(log_likelihood, u[chosen], s[chosen], _by_chance(power, rng), rng)
        if power >= 1.0:
            break
    return Sample(u, s, size, power)


def _by_chance(power: float, rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Metropolis's rule for a power of the likelihood."""
    return lambda new, old: power * (new - old) > np.log(rng.random(len(new)))


def systematic(weight: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Indices drawn in proportion to weights with one random number, so that shares are kept as nearly as can be."""
    at = (rng.random() + np.arange(n)) / n
    return np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), at), len(weight) - 1)


def effective(weight: np.ndarray) -> float:
    """Effective size of a weighted sample: (sum w)^2 / sum w^2."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def next_power(s: np.ndarray, power: float) -> float:
    """The power of the likelihood up to which the points keep their effective share."""
    from scipy.optimize import brentq

    def share(more: float) -> float:
        return effective(np.exp((more - power) * (s - s.max()))) / len(s) - KEPT

    return 1.0 if share(1.0) >= 0 else brentq(share, power, 1.0)


def _walk(
    score: Score, u: np.ndarray, s: np.ndarray, accept: Callable, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Random steps of all points in normal scores, accepted by the prior first, and only then by what costs more to know.

    Steps have the spread of the points, and become half as wide whenever fewer than a fifth of them are taken.
    """
    z = ndtri(np.clip(u, EDGE, 1 - EDGE))
    k = z.shape[1]
    spread = np.linalg.cholesky(np.cov(z.T).reshape(k, k) + 1e-6 * np.eye(k))
    stride = 2.4 / np.sqrt(k)  # best for a normal target (Gelman, Roberts and Gilks 1996)
    for _ in range(MOVES):
        new = z + stride * rng.standard_normal(z.shape) @ spread.T
        prior = -0.5 * ((new**2).sum(axis=1) - (z**2).sum(axis=1)) > np.log(rng.random(len(z)))
        fresh = np.full(len(z), np.nan)
        if prior.any():
            fresh[prior] = in_chunks(score, ndtr(new[prior]))
        with np.errstate(invalid="ignore"):
            taken = prior & accept(np.where(prior, fresh, s), s)
        z[taken], s[taken] = new[taken], fresh[taken]
        if taken.mean() < 0.2:
            stride /= 2
    return ndtr(z), s
