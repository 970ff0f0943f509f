"""Active parameters of a summary: those that a test finds to move it (Vernon, Goldstein and Bower 2010, section 3.4).

An emulator that sees only them is fitted to less noise; what all others do is part of its uncertainty. Tested is the least-squares fit of
the points' means on each parameter and its square: both terms of a parameter at once (F test), over all parameters of a summary at a
false discovery rate of RATE (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import numpy as np

RATE = 0.05
LEAST_POINTS = 4  # for each parameter: with fewer, nothing is left out
LEAST = 2  # parameters that are kept in any case, the strongest


def active(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Columns of the points (n, k) that move the means `y` (n,)."""
    n, k = x.shape
    if n < LEAST_POINTS * k or k <= LEAST:
        return np.arange(k)
    p = p_values(x, y)
    from scipy.stats import false_discovery_control

    found = np.flatnonzero(false_discovery_control(p) <= RATE)
    return found if len(found) >= LEAST else np.sort(np.argsort(p, kind="stable")[:LEAST])


def p_values(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of the test that a parameter does nothing, (k,)."""
    import statsmodels.api as sm

    k = x.shape[1]
    away = x - x.mean(axis=0)
    design = np.column_stack([np.ones(len(x)), away, away**2 - (away**2).mean(axis=0)])
    fit = sm.OLS(y, design).fit()
    rows = np.eye(2 * k + 1)
    return np.array([float(fit.f_test(rows[[1 + j, 1 + k + j]]).pvalue) for j in range(k)])
