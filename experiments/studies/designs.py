"""Designs: which points of a factor space are run.

A grid design picks levels: an (n, k) matrix of level numbers, where -1 is the baseline. A sampled design picks places in
the unit cube: an (n, k) matrix in [0, 1]. Both depend on their arguments only: the same matrix on every call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import InputError, did_you_mean
from sim.plugin_files import CURRENT

BASELINE = -1
MOST_POINTS = 2_000_000
MOST_OPTIMIZED = 2_000  # points of a Latin hypercube that is optimized


@dataclass(frozen=True)
class Design:
    """What a design is called and means, which settings of a study it needs or may have, and what can be made of its points."""

    name: str
    doc: str
    is_grid: bool  # its points are of lists of levels; else they lie anywhere in the ranges that are declared
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    fills_space: bool = False  # its points cover all ranges evenly, so that it matters how far factors are correlated
    has_indices: bool = False  # its points come in blocks, from which sensitivity indices are computed


DESIGNS = {
    d.name: d
    for d in (
        Design("factorial", "every combination of levels", True),
        Design("one-at-a-time", "the baseline, then each level of each factor alone", True),
        Design("lhs", "a Latin hypercube of `points` points, optimized for even coverage", False, ("points",), fills_space=True),
        Design("nolh", "a nearly orthogonal Latin hypercube of 17 to 257 points, up to 29 factors", False, (), ("points",), fills_space=True),
        Design("sobol", "Saltelli's sample for Sobol indices, from `points` base points", False, ("points",), ("second_order", "groups"), has_indices=True),
        Design("morris", "Morris's trajectories of elementary effects, `points` of them", False, ("points",), ("levels", "groups"), has_indices=True),
        Design("given", "points chosen elsewhere: each takes the next value of every factor's list", True, (), ("point_seeds",)),
    )
}  # fmt: skip
ONE_POINT = Design("run", "the runs of one scenario", True)


def design(name: str) -> Design:
    """The design of that name; InputError with a hint when there is none."""
    known = DESIGNS | added()
    if name not in known:
        raise InputError(f"design: {name!r}; allowed: {', '.join(known)}.{did_you_mean(name, known)}")
    return known[name]


def added() -> dict[str, Design]:
    """The designs of loaded plugins; InputError for one whose name is taken."""
    out = {}
    for plugin in CURRENT.values():
        for name, part in plugin.of("design").items():
            if name in DESIGNS:
                raise InputError(f"plugin {plugin.name!r}: design {name!r} is taken; take another name.")
            needs = () if part.is_grid else ("points",)
            out[name] = Design(name, part.doc, part.is_grid, needs, fills_space=not part.is_grid)
    return out


def of_plugin(name: str, n: int, k: int, sizes: Sequence[int], seed: int) -> np.ndarray:
    """The points of a plugin's design for k factors: places in the unit cube, or for a grid numbers of levels; InputError for anything else."""
    part = next(plugin.of("design")[name] for plugin in CURRENT.values() if name in plugin.of("design"))
    _not_too_many(n)
    rows = np.asarray(part.points(sizes) if part.is_grid else part.points(n, k, seed))
    is_matrix = rows.ndim == 2 and rows.shape[1] == k and len(rows) > 0
    if part.is_grid:
        if not (is_matrix and rows.dtype.kind in "iu" and (rows >= 0).all() and (rows < np.array(sizes)).all()):
            raise InputError(f"design {name!r} of a plugin: allowed: an integer array (points, {k}) of numbers of levels, from 0.")
        return rows.astype(int)
    if not (is_matrix and rows.dtype.kind in "iuf" and (rows >= 0).all() and (rows <= 1).all()):
        raise InputError(f"design {name!r} of a plugin: allowed: an array (points, {k}) of numbers from 0 to 1.")
    return rows.astype(float)


def factorial(sizes: Sequence[int]) -> np.ndarray:
    """Every combination of levels, the last factor running fastest."""
    n = math.prod(sizes)
    _not_too_many(n)
    if not sizes:
        return np.zeros((1, 0), int)
    return np.stack(np.unravel_index(np.arange(n), sizes), axis=1)


def one_at_a_time(others: Sequence[Sequence[int]]) -> np.ndarray:
    """The baseline and, for each factor, the levels that differ from it; all other factors at the baseline."""
    rows = [(column, level) for column, levels in enumerate(others) for level in levels]
    out = np.full((len(rows) + 1, len(others)), BASELINE)
    for k, (column, level) in enumerate(rows):
        out[k + 1, column] = level
    return out


def given(sizes: Sequence[int]) -> np.ndarray:
    """The k-th level of every factor, for k from the first to the last."""
    if len({*sizes}) != 1:
        raise InputError(
            f"a given design needs lists of one length; there are {', '.join(map(str, sorted({*sizes})))} values."
        )
    return np.repeat(np.arange(sizes[0])[:, None], len(sizes), axis=1)


def lhs(n: int, k: int, seed: int) -> np.ndarray:
    """A Latin hypercube, one point in each n-th part of every column, its columns permuted to lower the centered discrepancy.

    Beyond MOST_OPTIMIZED points it is a random one: the search would take long, and a sample so large is even.
    """
    from scipy.stats import qmc

    _not_too_many(n)
    optimized = "random-cd" if 2 < n <= MOST_OPTIMIZED and k > 1 else None
    return qmc.LatinHypercube(d=k, rng=np.random.default_rng(seed), optimization=optimized).random(n)


def largest_correlation(x: np.ndarray) -> float:
    """The largest correlation, by its size, between two columns of a sample (n, k); NaN with fewer than two columns that vary."""
    x = x[:, np.ptp(x, axis=0) > 0] if len(x) else x
    if x.shape[1] < 2 or len(x) < 3:
        return math.nan
    between = np.corrcoef(x.T)[np.triu_indices(x.shape[1], 1)]
    return float(between[np.argmax(np.abs(between))])


def nolh(k: int, n: int | None = None) -> np.ndarray:
    """A nearly orthogonal Latin hypercube with columns for k factors; the smallest one unless `n` says which."""
    from experiments.studies.nolh import COLUMNS, design

    if n is not None and n not in COLUMNS:
        raise InputError(f"points: {n}; allowed for nolh: {', '.join(map(str, COLUMNS))}.")
    fitting = [points for points, columns in COLUMNS.items() if columns >= k and n in (None, points)]
    if not fitting:
        largest = n or max(COLUMNS)
        sizes = ", ".join(f"{c} factors in {p} points" for p, c in COLUMNS.items())
        raise InputError(
            f"{k} factors are more than the {COLUMNS[largest]} columns of a nolh of {largest} points; there are: {sizes}."
        )
    return design(fitting[0])[:, :k]


def sobol(problem: dict[str, Any], n: int, second_order: bool, seed: int) -> np.ndarray:
    """Saltelli's sample: n * (2 g + 2) rows with second-order indices, n * (g + 2) without, for g factors or groups."""
    from SALib.sample import sobol as sampler

    if n < 2 or n & (n - 1):
        raise InputError(f"points: {n}; allowed for sobol: a power of 2, from 2.")
    _not_too_many(n * (2 * n_groups(problem) + 2))
    return sampler.sample(problem, n, calc_second_order=second_order, seed=seed)


def morris(problem: dict[str, Any], n: int, levels: int, seed: int) -> np.ndarray:
    """Trajectories of elementary effects: n * (g + 1) rows for g factors or groups, on a grid of `levels`."""
    from SALib.sample import morris as sampler

    if levels < 2 or levels % 2:
        raise InputError(f"levels: {levels}; allowed for morris: an even number, from 2.")
    _not_too_many(n * (n_groups(problem) + 1))
    return np.clip(sampler.sample(problem, n, num_levels=levels, seed=seed), 0.0, 1.0)


def n_groups(problem: dict[str, Any]) -> int:
    """How many groups a SALib problem has; as many as factors when it has no groups."""
    return len(set(problem.get("groups") or problem["names"]))


def _not_too_many(n: int) -> None:
    if n > MOST_POINTS:
        raise InputError(
            f"the design has {n:,} points; allowed: {MOST_POINTS:,} at most. Take fewer levels or factors, or a sampled design."
        )
