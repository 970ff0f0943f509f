"""Waves of runs: the first fills the prior, each later one goes where emulators of those before see likely points.

A part of a later wave is drawn in proportion to the emulated likelihood, the rest anywhere that is not ruled out (history matching). A
wave is a sweep of given points in a folder of its own, and leaves one compact table. Its points are settled once `study.toml` is there, so
that a calibration which is stopped goes on where it was; emulators are fitted again from the tables, which takes minutes and no run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from experiments.calibration import emulators, implausibility, importance, sampling, wave_tables
from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.importance import Distance, EmulatedProposal, PriorProposal, Proposal, Weights
from experiments.calibration.simulations import SummaryTable
from experiments.studies import designs
from experiments.sweep.runner import Log, SweepRunner, log

Done = Callable[[Path], None]  # what is called with a file that is complete
CANDIDATES = 1000  # points that stand for what is not ruled out
PARTICLES = 1200  # points that stand for the emulated posterior
MOST_TRAINED = 800  # points that an emulator is fitted to: beyond, it takes too long
GOOD_SHARE = (
    0.1  # of the emulator in all that is unsure of the median target: with less, another wave would hardly help
)


@dataclass(frozen=True)
class Wave:
    """A wave that is done: its runs, where its points came from, the emulators fitted after it, and the weights of all points so far by them.

    `ahead`: share of the variance of its points' means that the emulators of the wave before had predicted, (targets,).
    """

    number: int
    name: str
    table: SummaryTable
    proposal: Proposal
    emulators: Emulators
    ahead: np.ndarray
    weights: Weights


@dataclass(frozen=True)
class Fitting:
    """A calibration under way: its plan, the record, and the waves that are done."""

    plan: Calibration
    truth: ObservedTargets
    waves: tuple[Wave, ...] = ()

    @property
    def distance(self) -> Distance:
        return Distance(self.plan, self.truth, tuple(w.emulators for w in self.waves))

    @property
    def is_aimed_at(self) -> bool:
        """Whether the weights of all points so far are what is aimed at: effective size and tail."""
        found = self.waves[-1].weights
        return found.is_good and found.effective >= self.plan.budget.aim

    @property
    def table(self) -> SummaryTable:
        """All runs so far."""
        return SummaryTable.joined([w.table for w in self.waves])

    def next_wave(self, folder: Path, name: str, n: int, replicates: int, wide: float, runner: SweepRunner, report: Log, done: Done) -> Fitting:
        """This, a wave further: its points are drawn and run, or found. `done` is called with its files."""
        proposal: Proposal = PriorProposal()
        points: Callable[[], np.ndarray] = partial(first_points, self.plan)
        if self.waves:
            known = wave_tables.read_constants(self.plan, folder, name)
            if known is None:
                report(f"{name}: drawing points, which takes minutes.")
                proposal, drawn = self.proposed(n, wide)
                points = partial(np.copy, drawn)
                known = proposal.constants
                wave_tables.write_constants(self.plan, folder, name, known)
            proposal = EmulatedProposal(self.waves[-1].emulators, self.truth, self.distance, **known)
            done(wave_tables.constants_of(folder, name))
        table = wave_tables.made(self.plan, folder, name, len(self.waves) + 1, points, replicates, runner)
        done(wave_tables.file_of(folder, name))
        found = self.with_wave(name, proposal, table)
        report(sentence(found))
        return found

    def proposed(self, n: int, wide: float) -> tuple[EmulatedProposal, np.ndarray]:
        """Where `n` points of the next wave come from, and the points, (n, k) of the ranges."""
        plan, newest = self.plan, self.waves[-1].emulators
        space, seed = plan.space, plan.seed + 100 * len(self.waves)
        likely = sampling.likely(
            lambda u: implausibility.log_likelihood(newest, self.truth, space.from_prior(u)), PARTICLES, space.k, seed
        )
        u, level, size = [_some(likely.u, n - round(wide * n), seed + 1)], 0.0, 1.0
        if wide > 0:
            left = sampling.below(
                lambda u: self.distance.at(space.from_prior(u)), plan.cutoff, CANDIDATES, space.k, seed + 2
            )
            level, size = max(plan.cutoff, left.level), left.size
            u.append(_some(left.u, round(wide * n), seed + 3))
        proposal = EmulatedProposal(newest, self.truth, self.distance, round(wide * n) / n, level, size, likely.size)
        return proposal, space.from_prior(np.concatenate(u))

    def with_wave(self, name: str, proposal: Proposal, table: SummaryTable) -> Fitting:
        """This, a wave further: emulators are fitted to the new runs too, and all points weighed by them."""
        ahead = (
            self.waves[-1].emulators.predicted_share(table) if self.waves else np.full(table.values.shape[1], np.nan)
        )
        every = SummaryTable.joined([*(w.table for w in self.waves), table])
        fitted = emulators.fit(self._nearest(every))
        known = implausibility.log_likelihood(fitted, self.truth, every.unit_points)
        proposals = [*((w.table.n_points, w.proposal) for w in self.waves), (table.n_points, proposal)]
        found = importance.weights(known, every.unit_points, proposals)
        return Fitting(
            self.plan, self.truth, (*self.waves, Wave(len(self.waves) + 1, name, table, proposal, fitted, ahead, found))
        )

    def _nearest(self, every: SummaryTable) -> SummaryTable:
        """The points that emulators are fitted to: all, or the least implausible MOST_TRAINED of them."""
        if every.n_points <= MOST_TRAINED:
            return every
        order = np.argsort(self.distance.at(every.unit_points), kind="stable")
        return every.part(np.sort(order[:MOST_TRAINED]))


def _some(u: np.ndarray, n: int, seed: int) -> np.ndarray:
    """`n` points of a sample, as far as it goes without repeating one."""
    different = np.unique(u, axis=0)
    rows = np.random.default_rng(seed).choice(len(different), n, replace=len(different) < n)
    return different[rows]


def first_points(plan: Calibration) -> np.ndarray:
    """The points of the first wave: an even sample of the prior."""
    return plan.space.from_prior(designs.lhs(plan.budget.first_points, plan.space.k, plan.seed))


def all_waves(
    plan: Calibration,
    truth: ObservedTargets,
    folder: Path,
    runner: SweepRunner,
    report: Log = log,
    first: SummaryTable | None = None,
    done: Done = lambda file: None,
) -> Fitting:
    """The waves of the plan, made or found, and more of them until they are enough. `first` stands for the first wave where its runs are
    there already; `done` is called with the files of each wave that is."""
    so_far, b = Fitting(plan, truth), plan.budget
    if first is not None:
        so_far = so_far.with_wave("wave-1", PriorProposal(), first)
    for number in range(len(so_far.waves) + 1, max(b.waves, b.most_waves) + 1):
        if number > b.waves and is_enough(so_far):
            break
        so_far = so_far.next_wave(folder, f"wave-{number}", *b.wave(number), b.wide, runner, report, done)
    return so_far


def is_enough(found: Fitting) -> bool:
    """Whether emulators predict: they are no more than GOOD_SHARE of what is unsure of the median target at the points of the newest wave."""
    newest = found.waves[-1]
    share = implausibility.emulator_share(newest.emulators, found.truth, newest.table.unit_points)
    return bool(np.nanmedian(share) <= GOOD_SHARE)


def sentence(found: Fitting) -> str:
    """The newest wave in a sentence."""
    w = found.waves[-1]
    share = implausibility.emulator_share(w.emulators, found.truth, w.table.unit_points)
    r2, most, ahead = (
        _middle(v) for v in ([e.r2 for e in w.emulators.of if e], [e.ceiling for e in w.emulators.of if e], w.ahead)
    )
    before = f", those before it had predicted {ahead:.0%} of it" if np.isfinite(ahead) else ""
    left = f", from {w.proposal.size:.2g} of the prior" if isinstance(w.proposal, EmulatedProposal) else ""
    return (
        f"{w.name}: {w.table.n_points} points, {len(w.table.point)} runs{left}; emulators predict {r2:.0%} of the variance of points "
        f"left out, of {most:.0%} that is not random{before} (medians over targets); they are {np.nanmedian(share):.0%} of what is unsure; {w.weights}."
    )


def _middle(values: list[float] | np.ndarray) -> float:
    there = np.asarray(values, float)[np.isfinite(values)]
    return float(np.median(there)) if there.size else np.nan
