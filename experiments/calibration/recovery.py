"""Parameter recovery (simulation-based calibration, Talts et al. 2018): runs with known parameters take the place of the record.

Parameters are drawn from the prior, one run is made with each, and its summaries are fitted as the record's would be, with no
error but random variation. If the method is right, the posterior's rank of the true value is uniform and its 90 % interval holds it nine
times in ten. The first wave depends on no record, and all truths share it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.intervals import Interval
from experiments.calibration import fitting, implausibility, sampling, waves
from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.simulations import SummaryTable
from experiments.studies import designs
from experiments.sweep.runner import Log, SweepRunner, log

BANDS = (0.5, 0.9)
PARTICLES = 1000


@dataclass(frozen=True)
class Recovery:
    """`table` has a row for each truth and parameter: `truth, key, place (of the true value in its range), rank, narrower, covered_50, covered_90, within`."""

    table: pd.DataFrame

    def coverage(self, band: float) -> Interval:
        """Share of true values inside the central band of their posterior."""
        inside = self.table[f"covered_{band:.0%}".replace("%", "")]
        return intervals.of_share(int(inside.sum()), len(inside))

    @property
    def kept(self) -> Interval:
        """Share of truths that were not ruled out."""
        one = self.table.groupby("truth")["within"].first()
        return intervals.of_share(int(one.sum()), len(one))

    def by_parameter(self) -> pd.DataFrame:
        """Coverage and shrinkage of each parameter over the truths."""
        groups = self.table.groupby("key", sort=False)
        return groups.agg(
            covered_50=("covered_50", "mean"),
            covered_90=("covered_90", "mean"),
            narrower=("narrower", "mean"),
            rank=("rank", "mean"),
        ).reset_index()


def truths(plan: Calibration, folder: Path, n: int, runner: SweepRunner) -> SummaryTable:
    """One run with each of `n` parameter sets of the prior; only their first replicate is a record."""
    points = lambda: plan.space.from_prior(designs.lhs(n, plan.space.k, plan.seed + 7))  # noqa: E731
    return waves.made(plan, folder / "truths", 900, points, 1, runner)


def recover(plan: Calibration, folder: Path, n: int, runner: SweepRunner, report: Log = log, deep: bool = False) -> Recovery:
    """Fits `n` made-up records. `deep`: each with waves and a sample of its own; else by emulators of the first wave alone."""
    first = waves.made(
        plan,
        folder / "wave-1",
        1,
        lambda: waves.Region(plan, _none(plan), ()).chosen(plan.budget.points),
        plan.budget.replicates,
        runner,
    )
    known = truths(plan, folder, n, runner)
    once = waves.trained(waves.Region(plan, _none(plan), ()), [first])
    rows = []
    for k in range(known.n_points):
        truth = ObservedTargets.made_up(known.values[known.point == k][0])
        place = known.unit_points[k]
        if deep:
            found = fitting.calibrate(
                plan, truth, folder / f"truth-{k + 1}", replace(runner, quiet=True), lambda words: None, first
            )
            x, weight = found.sample.table.unit_points, found.posterior.weight
            within = bool(found.region.distance(place[None])[0] <= plan.cutoff)
            report(f"truth {k + 1} of {n}: effective size {sampling.effective(weight):.0f} of {len(weight)}.")
        else:
            x, within = emulated(plan, truth, once, place, plan.seed + k)
            weight = np.full(len(x), 1 / len(x))
        rows += _rows(plan, k, place, x, weight, within)
    return Recovery(pd.DataFrame(rows))


def emulated(
    plan: Calibration, truth: ObservedTargets, fitted: Emulators, place: np.ndarray, seed: int
) -> tuple[np.ndarray, bool]:
    """Points of a sample of the posterior by emulators alone, and whether the true point was not ruled out."""
    found = sampling.likely(
        lambda u: implausibility.log_likelihood(fitted, truth, plan.space.from_prior(u)), PARTICLES, plan.space.k, seed
    )
    distance = implausibility.ranked(implausibility.implausibility(fitted, truth, place[None]), plan.rank)
    return plan.space.from_prior(found.u), bool(distance[0] <= plan.cutoff)


def _none(plan: Calibration) -> ObservedTargets:
    return ObservedTargets.made_up(np.full(len(plan.target), np.nan))


def _rows(
    plan: Calibration, number: int, place: np.ndarray, x: np.ndarray, weight: np.ndarray, within: bool
) -> list[dict]:
    prior = plan.space.standard_deviation()
    out = []
    for j, key in enumerate(plan.space.keys):
        mean = float(np.average(x[:, j], weights=weight))
        sd = float(np.sqrt(np.average((x[:, j] - mean) ** 2, weights=weight)))
        row = {
            "truth": number + 1,
            "key": key,
            "place": float(place[j]),
            "rank": float(weight[x[:, j] < place[j]].sum()),
            "narrower": 1 - sd / float(prior[j]),
        }
        for band in BANDS:
            low, high = sampling.quantiles(x[:, j], weight, (0.5 - band / 2, 0.5 + band / 2))
            row[f"covered_{band:.0%}".replace("%", "")] = bool(low <= place[j] <= high)
        out.append({**row, "within": within})
    return out
