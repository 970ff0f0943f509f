"""Simulation-based calibration and parameter recovery (Talts et al. 2018): runs with known parameters take the place of the record.

If the method is right, the posterior's rank of the true value is uniform and its 90 % interval holds it nine times in ten. Made-up records
have the same observation error and discrepancy as the record is said to have. There are three levels:

* `emulator`: parameters from the prior, records by the emulators of the first wave. Tests the arithmetic of likelihood and weights; no run.
* `simulator`: a run of the first wave is the truth, its parameters a draw of the prior; emulators are fitted to points of the other FOLDS - 1
  parts. Tests emulators as well; no run beyond the first wave.
* `waves`: the same, with waves and a sample for each record: the whole calibration, at its whole cost but for the first wave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.intervals import Interval
from experiments.calibration import emulators, fitting, implausibility, importance, sampling, wave_tables, waves
from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.importance import Weights
from experiments.calibration.simulations import SummaryTable
from experiments.sweep.runner import Log, SweepRunner, log

BANDS = (0.5, 0.9)
FOLDS = 5
BANK = 20_000  # draws of the prior that stand for it
EMULATED = 5  # records of the emulators for each of a run


@dataclass(frozen=True)
class Recovery:
    """`table` has a row for each level, truth and parameter: `level, truth, key, place (of the true value in its range), rank, narrower,
    covered_50, covered_90, within, effective`."""

    table: pd.DataFrame

    def of(self, level: str) -> Recovery:
        return Recovery(self.table[self.table["level"] == level])

    @property
    def levels(self) -> list[str]:
        return list(self.table["level"].unique())

    def coverage(self, band: float) -> Interval:
        """Share of true values inside the central band of their posterior. The interval takes them as independent, which those of one truth nearly are."""
        inside = self.table[_column(band)]
        return intervals.of_share(int(inside.sum()), len(inside))

    @property
    def kept(self) -> Interval:
        """Share of truths that were not ruled out."""
        one = self.table.groupby("truth")["within"].first()
        return intervals.of_share(int(one.sum()), len(one))

    @property
    def effective(self) -> float:
        """Effective size of the posteriors, median over truths."""
        return float(self.table.groupby("truth")["effective"].first().median())

    def by_parameter(self) -> pd.DataFrame:
        """Coverage and shrinkage of each parameter over the truths, and the chance of ranks like these if they are uniform (Kolmogorov, Smirnov)."""
        from scipy.stats import kstest

        groups = self.table.groupby("key", sort=False)
        return groups.agg(
            covered_50=("covered_50", "mean"),
            covered_90=("covered_90", "mean"),
            narrower=("narrower", "mean"),
            rank=("rank", "mean"),
            p_uniform=("rank", lambda ranks: kstest(ranks, "uniform").pvalue),
        ).reset_index()


def recover(
    plan: Calibration, folder: Path, n: int, runner: SweepRunner, report: Log = log, deep: bool = False
) -> Recovery:
    """Fits made-up records: of `n` runs of the first wave, and EMULATED times as many of the emulators; `deep`: of `n` runs with waves of their own."""
    b = plan.budget
    first = wave_tables.made(plan, folder, "wave-1", 1, lambda: waves.first_points(plan), b.first_replicates, runner)
    order = np.random.default_rng(plan.seed + 7).permutation(first.n_points)
    n = min(n, first.n_points)
    if deep:
        return Recovery(
            pd.DataFrame([row for k in range(n) for row in _deep(plan, folder, first, order[k], k, runner, report)])
        )
    rows = []
    for k, held in enumerate(np.array_split(order, FOLDS)):
        fitted = emulators.fit(first.part(np.setdiff1d(order, held)))
        bank = Bank.of(plan, fitted, plan.seed + 10 + k)
        rng = np.random.default_rng(plan.seed + 20 + k)
        for point in held[: _share(n, FOLDS, k)]:
            truth = _made_up(plan, fitted, first.values[first.point == point][0], rng)
            rows += bank.rows("simulator", int(point), truth, first.unit_points[point])
        if k == 0:  # one set of emulators is enough for their own records
            rows += _emulated(bank, EMULATED * n, rng)
        report(
            f"emulators of {FOLDS} parts: {k + 1} fitted, {sum(r['level'] == 'simulator' for r in rows) // plan.space.k} records of runs."
        )
    return Recovery(pd.DataFrame(rows))


def _share(n: int, parts: int, k: int) -> int:
    """Size of part k of n things in nearly equal parts."""
    return n // parts + (k < n % parts)


@dataclass(frozen=True)
class Bank:
    """Draws of the prior, (BANK, k) of the ranges, with what some emulators predict there: a posterior is a weighing of them."""

    plan: Calibration
    fitted: Emulators
    x: np.ndarray
    predicted: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def of(cls, plan: Calibration, fitted: Emulators, seed: int) -> Bank:
        x = plan.space.from_prior(np.random.default_rng(seed).random((BANK, plan.space.k)))
        parts = [fitted.predict(some) for some in np.array_split(x, max(1, BANK // sampling.CHUNK))]
        mean, unsure, variance = (np.concatenate(p) for p in zip(*parts))
        return cls(plan, fitted, x, (mean, unsure, variance))

    def rows(self, level: str, number: int, truth: ObservedTargets, place: np.ndarray) -> list[dict]:
        """What the posterior of a record says of the parameters that made it."""
        found = importance.of_logarithms(implausibility.log_likelihood_of(self.fitted, truth, self.predicted))
        distance = implausibility.ranked(implausibility.implausibility(self.fitted, truth, place[None]), self.plan.rank)
        return _rows(self.plan, level, number, place, self.x, found, bool(distance[0] <= self.plan.cutoff))


def _made_up(plan: Calibration, fitted: Emulators, values: np.ndarray, rng: np.random.Generator) -> ObservedTargets:
    """A record of the plan's errors whose truth is a run."""
    return ObservedTargets.of(plan).made_up(values, fitted.full_correlation, rng)


def _emulated(bank: Bank, n: int, rng: np.random.Generator) -> list[dict]:
    """Records by the emulators themselves: mean, what is unsure of it, and the random variation of a run, at draws of the prior."""
    plan, fitted = bank.plan, bank.fitted
    x = plan.space.from_prior(rng.random((n, plan.space.k)))
    mean, unsure, variance = fitted.predict(x)
    rows = []
    for k in range(n):
        sd = np.sqrt(variance[k])
        z = np.full(len(plan.target), np.nan)
        z[fitted.known] = rng.multivariate_normal(
            mean[k], np.diag(unsure[k]) + sd[:, None] * fitted.correlation * sd, method="eigh"
        )
        rows += bank.rows("emulator", k, _made_up(plan, fitted, z, rng), x[k])
    return rows


def _deep(
    plan: Calibration, folder: Path, first: SummaryTable, point: int, number: int, runner: SweepRunner, report: Log
) -> list[dict]:
    """A whole calibration to the record of one run of the first wave, which is left out of it."""
    others = first.part(np.setdiff1d(np.arange(first.n_points), point))
    rng = np.random.default_rng(plan.seed + 40 + number)
    truth = _made_up(plan, emulators.fit(others), first.values[first.point == point][0], rng)
    found = fitting.calibrate(
        plan, truth, folder / f"truth-{point}", replace(runner, quiet=True), lambda words: None, others
    )
    place = first.unit_points[point]
    within = bool(found.fitting.distance.at(place[None])[0] <= plan.cutoff)
    report(f"record {number + 1}: {found.weights}.")
    return _rows(plan, "waves", int(point), place, found.fitting.table.unit_points, found.weights, within)


def _rows(
    plan: Calibration, level: str, number: int, place: np.ndarray, x: np.ndarray, found: Weights, within: bool
) -> list[dict]:
    prior, weight = plan.space.standard_deviation(), found.weight
    out = []
    for j, key in enumerate(plan.space.keys):
        mean = float(np.average(x[:, j], weights=weight))
        sd = float(np.sqrt(np.average((x[:, j] - mean) ** 2, weights=weight)))
        row = {"level": level, "truth": number, "key": key, "place": float(place[j])}
        row |= {"rank": float(weight[x[:, j] < place[j]].sum()), "narrower": 1 - sd / float(prior[j])}
        for band in BANDS:
            low, high = sampling.quantiles(x[:, j], weight, (0.5 - band / 2, 0.5 + band / 2))
            row[_column(band)] = bool(low <= place[j] <= high)
        out.append({**row, "within": within, "effective": found.effective})
    return out


def _column(band: float) -> str:
    return f"covered_{round(100 * band)}"
