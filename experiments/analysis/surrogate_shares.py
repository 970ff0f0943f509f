"""Shares of the variance that a surrogate's factors have over their whole ranges, with the random variation of seeds and points in their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import design_matrix
from experiments.analysis.design_matrix import FactorColumn
from experiments.analysis.intervals import LEVEL, SEED, Interval
from experiments.analysis.noise import mean_of
from experiments.analysis.surrogate import Surrogate, Values, fit
from experiments.results.results import Results
from sim.errors import InputError, did_you_mean

BASE, DRAW_BASE = 4096, 512  # base points of the samples that shares and their intervals are computed on: powers of two
DRAWS = 60  # fits to other seeds, and to fewer points, for the interval of shares
LEFT_OUT = 0.2  # share of the points (or of groups of them) left out of such a fit
DUMMIES = 2  # columns that mean nothing, for the floor of shares


@dataclass(frozen=True)
class Shares:
    """Shares of a surrogate's variance. `table` has `factor, first, first_low, first_high, total, total_low, total_high, clear`.

    `draws` has total shares as they might have come out (a row each), for intervals of whatever is made of shares.
    `floor` is the total share that a column without meaning gets.
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    floor: float
    note: str = ""

    def difference(self, one: str, other: str) -> Interval:
        """Total share of one factor or group less that of another."""
        totals = self.table.set_index("factor")["total"]
        for name in (one, other):
            if name not in totals:
                raise InputError(f"no share of {name!r}.{did_you_mean(name, totals.index)}")
        gap = self.draws[one] - self.draws[other] if len(self.draws) else np.array([])
        return _interval(float(totals[one] - totals[other]), np.asarray(gap), int(self.table["n"].iloc[0]), self.note)


def shares_of(fitted: Surrogate, groups: dict[str, list[str]] | None = None, draws: int = DRAWS) -> Shares:
    """First and total shares of the variance by factor, or by named group of factors.

    The intervals allow for the random variation of the seeds and for that of the points: fits to resampled seeds, and to some of the
    points, by whose number their spread is scaled.
    """
    names = list(groups) if groups else [a.name for a in fitted.axes]
    estimate = _indices(fitted.model, *_sample(fitted.axes, groups, BASE), names)
    around = _drawn(fitted, groups, names, draws)
    pieces = estimate + around if len(around) else np.empty((0, *estimate.shape))
    floor = _floor(fitted)
    note = fitted.note or ("one seed: the interval leaves out random variation" if len(fitted.seeds) < 2 else "")
    is_real = fitted.predicts and not fitted.noise.p >= 0.05
    rows = []
    for k, name in enumerate(names):
        a, b = (_interval(estimate[i, k], pieces[:, i, k], len(fitted.seeds), note) for i in (0, 1))
        rows.append(
            {"factor": name, "first": a.estimate, "first_low": a.low, "first_high": a.high}
            | {"total": b.estimate, "total_low": b.low, "total_high": b.high, "clear": bool(b.low > floor and is_real)}
        )
    table = pd.DataFrame(rows).assign(n=len(fitted.seeds), points=fitted.n_points)
    return Shares(table, pd.DataFrame(pieces[:, 1], columns=names), floor, note)


def _drawn(fitted: Surrogate, groups: dict[str, list[str]] | None, names: list[str], draws: int) -> np.ndarray:
    """How shares (draws, first and total, names) might have strayed from their estimate by other seeds and other points."""
    x, rng = fitted.x.to_numpy(float), np.random.default_rng(SEED)
    sample = _sample(fitted.axes, groups, DRAW_BASE)
    n_points, n_seeds = fitted.values.shape
    blocks = np.unique(fitted.groups)
    n_kept = min(max(round((1 - LEFT_OUT) * len(blocks)), 1), len(blocks) - 1)

    def shares(rows: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        y = mean_of(fitted.values[rows][:, seeds], 1)
        there = np.isfinite(y)
        return _indices(fitted.refit(x[rows][there], y[there]), *sample, names)

    def strayed(found: list[np.ndarray]) -> np.ndarray:
        return np.stack(found) - np.mean(found, axis=0)

    if draws < 2:
        return np.empty((0, 2, len(names)))
    everyone, every = np.arange(n_points), np.arange(n_seeds)
    # a part of the points strays less than other points would: sqrt(kept / left out) puts that right
    part = lambda: np.flatnonzero(np.isin(fitted.groups, rng.permutation(blocks)[:n_kept]))  # noqa: E731
    out = math.sqrt(n_kept / (len(blocks) - n_kept)) * strayed([shares(part(), every) for _ in range(draws)])
    if n_seeds < 2:
        return out
    resampled = strayed([shares(everyone, rng.integers(n_seeds, size=(n_seeds,))) for _ in range(draws)])
    return out + math.sqrt(n_seeds / (n_seeds - 1)) * resampled  # resampled seeds stray less than new ones would


def _sample(axes: list[FactorColumn], groups: dict[str, list[str]] | None, n: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Saltelli's sample of the factor space as columns, and SALib's problem."""
    from SALib.sample import sobol as sampler

    problem: dict[str, Any] = {
        "num_vars": len(axes),
        "names": [a.name for a in axes],
        "bounds": [[0.0, 1.0]] * len(axes),
    }
    if groups:
        owner = {f: g for g, members in groups.items() for f in members}
        problem["groups"] = [owner.get(a.name, "(others)") for a in axes]
    return design_matrix.from_unit(axes, sampler.sample(problem, n, calc_second_order=False, seed=SEED)), problem


def _indices(model: Any, sample: np.ndarray, problem: dict[str, Any], names: list[str]) -> np.ndarray:
    """First and total shares (2, names)."""
    from SALib.analyze import sobol as analyzer

    order = list(dict.fromkeys(problem.get("groups") or problem["names"]))
    y = model.predict(sample)
    if np.ptp(y) <= 1e-12 * max(abs(float(y.mean())), 1e-300):
        return np.zeros((2, len(names)))
    with np.errstate(all="ignore"):
        found = analyzer.analyze(problem, y, calc_second_order=False, num_resamples=2, seed=SEED)
    where = [order.index(n) for n in names]
    return np.stack([np.asarray(found["S1"])[where], np.asarray(found["ST"])[where]])


def _floor(fitted: Surrogate) -> float:
    """The largest total share that a column of random numbers gets in a few fits."""
    x, y, rng = fitted.x.to_numpy(float), mean_of(fitted.values, 1), np.random.default_rng(SEED)
    sample = _sample([*fitted.axes, FactorColumn("(nothing)", 0.0, 1.0)], None, DRAW_BASE)
    models = [fitted.refit(np.c_[x, rng.random(len(x))], y, cheap=False) for _ in range(DUMMIES)]
    return max(float(_indices(model, *sample, ["(nothing)"])[1, 0]) for model in models)


def _interval(estimate: float, draws: np.ndarray, n: int, note: str) -> Interval:
    """A percentile interval of a resampled figure."""
    if len(draws) < 2:
        return Interval(estimate, math.nan, math.nan, n, note or "no interval")
    low, high = np.quantile(draws, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Interval(estimate, float(low), float(high), n, note)


def group_shares(
    results: Results, measure: str, groups: list[list[str]], of: Values | None = None, kind: str = "best"
) -> list[GroupShare]:
    """The total share of the variance that each group of factors has, interactions with others included."""
    fitted = fit(results, measure, kind, of)
    known = [a.name for a in fitted.axes]
    for name in (n for group in groups for n in group):
        if name not in known:
            raise InputError(f"{results.label} has no factor {name!r} that varies.{did_you_mean(name, known)}")
    named = {f"group {k}": group for k, group in enumerate(groups)}
    shares = shares_of(fitted, named)
    totals = shares.table.set_index("factor")
    return [
        GroupShare(float(row["total"]), float(row["total_low"]), float(row["total_high"]), len(fitted.seeds), shares.note, name, shares=shares)
        for name, row in totals.loc[list(named)].iterrows()
    ]


@dataclass(frozen=True)
class GroupShare(Interval):
    """The total share of a group of factors, and the shares it was computed with."""

    name: str = ""
    shares: Shares = field(kw_only=True, repr=False)


def difference(one: GroupShare, other: GroupShare) -> Interval:
    """One group's total share less another's, both of the same fit."""
    return one.shares.difference(one.name, other.name)
