"""Identifiability of parameters: prior against posterior, beside what a sample of the prior would show by chance.

`narrower` is 1 less the standard deviation of the posterior by that of the prior, both in the parameter's range; `overlap` the area
that both densities share. A sample of so few sets differs from the prior by chance alone: what does so no more is not constrained.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from experiments.calibration.posterior import Posterior
from experiments.calibration.priors import ParameterSpace, Prior
from experiments.calibration.sampling import quantiles

GRID = np.linspace(0.0, 1.0, 201)
CHANCES = 100  # samples of the prior, for what chance makes
LEVEL = 0.95


def table(space: ParameterSpace, posterior: Posterior) -> pd.DataFrame:
    """One row a parameter: `key, unit, default, prior_low, prior_high, median, low, high, medoid, narrower, overlap, clear`."""
    points = space.to_unit({key: posterior.sets[key].tolist() for key in space.keys})
    size = max(2, round(posterior.effective))
    rows = []
    for j, prior in enumerate(space.priors):
        x, values = points[:, j], posterior.sets[prior.key].to_numpy(float)
        narrower, overlap = compared(prior, x, posterior.weight)
        by_chance = np.array([compared(prior, draw, None) for draw in _drawn(prior, size, j)])
        low, middle, high = quantiles(values, posterior.weight, (0.05, 0.5, 0.95))
        ends = prior.from_unit(prior.quantile(np.array([0.05, 0.95])))
        clear = abs(narrower) > np.quantile(np.abs(by_chance[:, 0]), LEVEL) or overlap < np.quantile(
            by_chance[:, 1], 1 - LEVEL
        )
        rows.append(
            {
                "key": prior.key,
                "unit": prior.unit,
                "default": prior.default,
                "prior_low": float(ends[0]),
                "prior_high": float(ends[1]),
            }
            | {"median": middle, "low": low, "high": high, "medoid": posterior.medoid[prior.key]}
            | {"narrower": narrower, "overlap": overlap, "clear": bool(clear)}
        )
    return pd.DataFrame(rows)


def compared(prior: Prior, x: np.ndarray, weight: np.ndarray | None) -> tuple[float, float]:
    """How much narrower a sample of points is than the prior, and the area that the two densities share."""
    before, spread = _prior(prior.shape)
    mean = np.average(x, weights=weight)
    sd = np.sqrt(np.average((x - mean) ** 2, weights=weight))
    return float(1 - sd / spread), float(min(np.trapezoid(np.minimum(density(x, weight), before), GRID), 1.0))


@cache
def _prior(shape: tuple[float, float]) -> tuple[np.ndarray, float]:
    """Density over the grid, and standard deviation."""
    from scipy.stats import beta

    return beta.pdf(GRID, *shape), float(beta.std(*shape))


def density(x: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """A smooth density of points over the range, mirrored at its ends so that nothing leaks out."""
    from scipy.stats import gaussian_kde

    if np.ptp(x) < 1e-9:  # all the same: there is no width to take from the sample
        x, weight = x[0] + np.array([-1e-3, 1e-3]), None
    kernel = gaussian_kde(x, weights=weight)
    return kernel(np.concatenate([GRID, -GRID, 2 - GRID])).reshape(3, -1).sum(axis=0)


def _drawn(prior: Prior, n: int, column: int) -> np.ndarray:
    from scipy.stats import beta

    return beta.rvs(*prior.shape, size=(CHANCES, n), random_state=np.random.default_rng(20240708 + column))
