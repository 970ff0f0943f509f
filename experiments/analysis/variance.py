"""Shares of the variance of a factorial study (type II sums of squares): each factor, each pair of factors, the rest.

Sums of squares of type II (a factor after all others, a pair after all factors and other pairs), with what random variation alone adds
taken off. The interval is a jackknife over seeds.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.noise import mean_of, noise
from experiments.analysis.pairing import levels
from experiments.results.results import Results
from sim.errors import InputError

REST = "higher interactions"


def variance_shares(results: Results, measure: str) -> pd.DataFrame:
    """Share of the variance between points by term: `term, share, low, high, points, n, clear`; 1 in all, but for rounding and random variation."""
    matrix = results.matrix(measure)
    values = matrix.to_numpy(float)
    kept = np.isfinite(values).any(axis=1)
    points, values = results.points[kept], values[kept]
    if len(points) < 2:
        raise InputError(f"{measure} has a value at {len(points)} of {len(kept)} points, so there is no variance to share out.")
    names = [f for f in results.factors if len(levels(points[f])) > 1]
    terms: list[tuple[str, ...]] = [*((name,) for name in names), *itertools.combinations(names, 2)]
    found = _Decomposition(points, terms)
    estimate = found.shares(values)
    n_seeds = values.shape[1]
    less = [np.delete(values, k, axis=1) for k in range(n_seeds)] if n_seeds > 2 else []
    whole = all(np.isfinite(others).any(axis=1).all() for others in less)
    pieces = [n_seeds * estimate - (n_seeds - 1) * found.shares(others) for others in less] if whole else []
    rows = []
    for k, term in enumerate([*(" x ".join(t) for t in terms), REST]):
        estimated = intervals.of_mean([p[k] for p in pieces])
        rows.append(
            {
                "term": term,
                "share": round(float(estimate[k]), 12),  # rounding of sums of squares is no share
                "low": estimated.low,
                "high": estimated.high,
                "points": len(points),
                "n": n_seeds,
            }
        )
    out = pd.DataFrame(rows if found.has_rest else rows[:-1])
    out["clear"] = out["low"] > 0  # never without an interval
    out.attrs["noise"] = noise(matrix)
    return out


class _Decomposition:
    """Models of the points' means with and without each term, ready for any values at the points."""

    def __init__(self, points: pd.DataFrame, terms: list[tuple[str, ...]]):
        codes = {f: _dummies(points[f]) for f in {name for term in terms for name in term}}
        columns = {t: _product([codes[f] for f in t]) for t in terms}
        n = len(points)

        def basis(kept: list[tuple[str, ...]]) -> np.ndarray:
            model = np.concatenate([np.ones((n, 1)), *(columns[t] for t in kept)], axis=1)
            space, sizes, _ = np.linalg.svd(model, full_matrices=False)
            return space[:, sizes > sizes[0] * 1e-10]

        self.pairs = []
        for term in terms:
            beside = [t for t in terms if t != term and not set(term) < set(t)]
            self.pairs.append((basis(beside), basis([*beside, term])))
        self.nothing, self.full = basis([]), basis(terms)
        self.has_rest = self.full.shape[1] < n

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Share of each term and of the rest in the variance between points, noise taken off; NaN when there is none."""
        means, n_seeds = mean_of(values, 1), values.shape[1]
        off = np.nan_to_num(values - means[:, None])  # what noise adds to each term is seen in the single seeds
        noise = self._squares(off).sum(axis=1) / (n_seeds * (n_seeds - 1)) if n_seeds > 1 else 0.0
        squares = self._squares(means[:, None])[:, 0]
        whole, terms = (squares - noise)[-1], (squares - noise)[:-1]
        return (
            terms / whole
            if whole > 1e-12 * squares[-1] and squares[-1] > 1e-20 * (means**2).sum()
            else np.full(len(terms), np.nan)
        )

    def _squares(self, y: np.ndarray) -> np.ndarray:
        """Sums of squares of each term, of the rest, and of all, for columns of values at the points."""
        fitted = lambda basis: ((basis.T @ y) ** 2).sum(axis=0)  # noqa: E731
        terms = [fitted(large) - fitted(small) for small, large in self.pairs]
        whole = (y**2).sum(axis=0)
        return np.stack([*terms, whole - fitted(self.full), whole - fitted(self.nothing)])


def _dummies(column: pd.Series) -> np.ndarray:
    there = levels(column)
    return np.stack([(column.isna() if v is None else column == v).to_numpy(float) for v in there[1:]], axis=1)


def _product(parts: list[np.ndarray]) -> np.ndarray:
    out = parts[0]
    for part in parts[1:]:
        out = (out[:, :, None] * part[:, None, :]).reshape(len(out), -1)
    return out
