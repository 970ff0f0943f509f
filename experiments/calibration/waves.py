"""Waves of history matching: the first fills the prior, each later one the points not ruled out yet by emulators of those before.

A wave is a sweep of given points in a folder of its own. Its points are settled once `study.toml` is there, so that a calibration
which is stopped goes on where it was; emulators are fitted again from the runs, which takes minutes and no run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from experiments.calibration import emulators, implausibility, sampling, simulations
from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.sampling import Sample
from experiments.calibration.simulations import SummaryTable
from experiments.studies import designs
from experiments.sweep.runner import Log, SweepRunner, log

CANDIDATES = 2000  # points that stand for what is not ruled out
MOST_TRAINED = 500  # points that an emulator is fitted to: beyond, it takes too long
LEAST_TRAINED = 5  # points for each parameter that it is fitted to at least


@dataclass(frozen=True)
class Wave:
    """A wave that is done: its runs, the emulators fitted after it, and what the points were taken from.

    `left` is the share of the prior that was not ruled out when its points were chosen, `level` the implausibility that all of it
    was below: the cutoff, or more where nothing was below that.
    """

    number: int
    table: SummaryTable
    emulators: Emulators
    left: float
    level: float


@dataclass(frozen=True)
class Region:
    """What the emulators of some waves have not ruled out."""

    plan: Calibration
    truth: ObservedTargets
    waves: tuple[Wave, ...]

    def distance(self, x: np.ndarray) -> np.ndarray:
        """The largest, over waves, of the implausibilities that decide, at points (n, k) of the ranges."""
        out = np.zeros(len(x))
        for wave in self.waves:
            out = np.maximum(out, implausibility.ranked(implausibility.implausibility(wave.emulators, self.truth, x), self.plan.rank))
        return out

    @cached_property
    def points(self) -> Sample:
        """Points of the prior that are left."""
        if not self.waves:
            rng = np.random.default_rng(self.plan.seed)
            return Sample(rng.random((CANDIDATES, self.plan.space.k)), np.zeros(CANDIDATES), 1.0, np.inf)
        score = lambda u: self.distance(self.plan.space.from_prior(u))  # noqa: E731
        return sampling.below(score, self.plan.cutoff, CANDIDATES, self.plan.space.k, self.plan.seed + len(self.waves))

    def inside(self, x: np.ndarray) -> np.ndarray:
        return self.distance(x) <= max(self.plan.cutoff, self.points.level) if self.waves else np.ones(len(x), bool)

    def chosen(self, n: int) -> np.ndarray:
        """`n` points of a new wave: an even sample of the prior first, later a part of the points that are left."""
        if not self.waves:
            return self.plan.space.from_prior(designs.lhs(n, self.plan.space.k, self.plan.seed))
        rng = np.random.default_rng(self.plan.seed + 100 + len(self.waves))
        u = np.unique(self.points.u, axis=0)
        rows = rng.choice(len(u), n, replace=len(u) < n)
        return self.plan.space.from_prior(u[rows])


def made(
    plan: Calibration, folder: Path, number: int, points: Callable[[], np.ndarray], replicates: int, runner: SweepRunner
) -> SummaryTable:
    """The table of a folder's runs; points are asked for only when the folder has none yet."""
    from experiments.studies.files import load_study

    if (folder / "study.toml").is_file():
        study = load_study(folder / "study.toml")
    else:
        study = simulations.study_of(plan, folder.name, plan.space.from_unit(points()), replicates, number)
    runner.sweep(study, folder)
    return simulations.table_of(folder, plan)


def trained(region: Region, tables: list[SummaryTable]) -> Emulators:
    """Emulators from the newest runs at points that are not ruled out yet, at most MOST_TRAINED of them.

    Where hardly any point is left, the nearest ones are taken too: LEAST_TRAINED for each parameter.
    """
    every = SummaryTable.joined(tables)
    order = np.arange(every.n_points)[::-1]  # the newest first
    away = region.distance(every.unit_points)
    inside = order[region.inside(every.unit_points)[order]][:MOST_TRAINED]
    least = min(LEAST_TRAINED * every.unit_points.shape[1], every.n_points)
    chosen = inside if len(inside) >= least else np.argsort(away, kind="stable")[:least]
    return emulators.fit(part_of(every, np.sort(chosen)))


def part_of(table: SummaryTable, points: np.ndarray) -> SummaryTable:
    """Some points of a table with their runs."""
    number = np.full(table.n_points, -1)
    number[points] = np.arange(len(points))
    runs = number[table.point] >= 0
    return SummaryTable(number[table.point[runs]], table.seed[runs], table.values[runs], table.unit_points[points], table.seconds)


def all_waves(
    plan: Calibration, truth: ObservedTargets, folder: Path, runner: SweepRunner, report: Log = log, first: SummaryTable | None = None
) -> Region:
    """Every wave of the plan, made or found. `first` stands for the first wave where its runs are there already."""
    done: list[Wave] = []
    for number in range(1, plan.budget.waves + 1):
        region = Region(plan, truth, tuple(done))
        if number == 1 and first is not None:
            table = first
        else:
            table = made(
                plan,
                folder / f"wave-{number}",
                number,
                partial(region.chosen, plan.budget.points),
                plan.budget.replicates,
                runner,
            )
        fitted = trained(region, [*(w.table for w in done), table])
        left, level = (region.points.size, region.points.level) if done else (1.0, np.inf)
        done.append(Wave(number, table, fitted, left, level))
        report(_sentence(plan, truth, done[-1]))
    return Region(plan, truth, tuple(done))


def _sentence(plan: Calibration, truth: ObservedTargets, wave: Wave) -> str:
    """A wave in a sentence."""
    r2 = [e.r2 for e in wave.emulators.of if e is not None and np.isfinite(e.r2)]
    own = implausibility.ranked(distance_of_runs(truth, wave), plan.rank)
    return (
        f"wave {wave.number}: {wave.table.n_points} points, {len(wave.table.point)} runs, from {wave.left:.2g} of the prior; emulators "
        f"predict {np.median(r2):.0%} of the variance (median); {np.mean(own <= plan.cutoff):.0%} of the points lie within the cutoff."
    )


def distance_of_runs(truth: ObservedTargets, wave: Wave) -> np.ndarray:
    """Implausibility by the runs of each point alone, (points, targets known), infinite where there is no value."""
    means, runs = wave.table.means(), wave.table.runs_of()
    out = []
    for k, e in enumerate(wave.emulators.of):
        if e is not None and truth.known[k]:
            variance = e.variance(wave.table.unit_points)
            spread = np.sqrt(truth.variance[k] + variance * (1 + 1 / np.maximum(runs[:, k], 1)))
            out.append(np.abs(truth.z[k] - means[:, k]) / spread)
    return np.nan_to_num(np.column_stack(out), nan=np.inf)
