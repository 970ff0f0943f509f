"""Auxiliary battles of a parameter set: what the long battle does not show and the fit is to see all the same.

*Engagements* are battles of a division without drones at given odds under varied circumstances (`experiments.runs.engagements`; row T6
of the scorecard). A *watched* battle is the first WATCHED_DAYS of the sector, looked at phase by phase: what infiltrating groups meet
(`experiments.runs.watching`; row T34). Both are battles of their own with random draws of their own, so that given the parameters their
summaries are independent of those of the long battle. Engagements are fought for every run, a watched battle for the first run of a point.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from experiments.runs import engagements, watching
from experiments.runs.engagements import Fought
from sim.scenario import load_scenario

WATCHED_DAYS = 60
MUSTER = "command.manpower_ratio"  # an engagement has odds of its own
STRAIN_DAYS = 30.0  # of strain that an odds ratio refers to
LEAST_BOUNDS = 40  # below which no odds ratio is fitted
RIDGE = 10.0  # sklearn's C: an odds ratio of few bounds is drawn a little to 1


@dataclass(frozen=True)
class Auxiliary:
    """What is fought for one run: its parameters and seed, `n` engagements at each of some odds, and whether a battle is watched.

    `scenario` is that of the calibration, for the watched battle.
    """

    overrides: tuple[tuple[str, Any], ...]
    seed: int
    odds: tuple[float, ...]
    n: int
    watched: bool
    scenario: str


@dataclass(frozen=True)
class AuxiliaryRun:
    """What came of it: engagements by odds, and first bounds of infiltrators (m, 4) as `watching.Bounds.rows`, none unless watched."""

    fought: dict[float, list[Fought]]
    bounds: np.ndarray

    @cached_property
    def daily_loss(self) -> np.ndarray:
        """Mean daily losses in all engagements, percent of the men at the start, (attacker, defender)."""
        every = [f for some in self.fought.values() for f in some]
        return 100 * np.mean([f.daily_share.mean(axis=0) for f in every], axis=0)

    def success(self, ratio: float) -> float:
        """Share of the engagements at a force ratio that the attacker won."""
        return float(np.mean([f.is_won for f in self.fought[ratio]]))

    def strain_odds(self) -> float:
        """Odds ratio of getting through for STRAIN_DAYS more strain of the positions met, at equal density; NaN with too few bounds."""
        from sklearn.linear_model import LogisticRegression

        met = self.bounds[self.bounds[:, 2] > 0]
        through = met[:, 3] > 0
        if len(met) < LEAST_BOUNDS or through.all() or not through.any():
            return math.nan
        known = np.column_stack([met[:, 1] / STRAIN_DAYS, -np.log2(met[:, 2])])
        return float(np.exp(LogisticRegression(C=RIDGE).fit(known, through).coef_[0, 0]))


def fought(job: Auxiliary) -> AuxiliaryRun:
    """Fights the auxiliary battles of one run. Parameters that the scenario `division` or a circumstance sets itself stay as they are there."""
    given = dict(job.overrides)
    own = {*load_scenario("division").params, MUSTER}
    small = {key: value for key, value in given.items() if key not in own}
    found = {}
    for k, ratio in enumerate(job.odds):
        orders = engagements.at_odds(ratio, job.n, 10 * job.seed + k, small)
        found[ratio] = [engagements.fight(order) for order in orders]
    bounds = watching.infiltrations((job.seed, WATCHED_DAYS), job.scenario, given) if job.watched else np.zeros((0, 4))
    return AuxiliaryRun(found, bounds)


def seconds(odds: Sequence[float], n: int, watched: bool, scenario: str) -> tuple[float, float]:
    """Processor seconds of the engagements of a run, and of a watched battle, measured now."""

    def spent(job: Auxiliary) -> float:
        fought(Auxiliary((), 1, job.odds[:1], min(job.n, 1), False, scenario))  # loads the kernels
        begin = time.process_time()
        fought(job)
        return time.process_time() - begin

    small = spent(Auxiliary((), 1, tuple(odds), n, False, scenario)) if odds else 0.0
    return small, spent(Auxiliary((), 1, (), 0, True, scenario)) if watched else 0.0
