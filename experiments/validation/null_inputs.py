"""What rows are given in place of the model's battles, for the column of the null model.

Three ideas and no more. The front is the belt of `null_model`. Losses fall at mean rates, at random, whatever anybody has or does,
and a coin says who wins. And no lever moves anything: arms that differ in one are the same. Rows that ask for what this has not
(exact duels, positions and their men, a fitted forecast) have no null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.observation.observed import ObservedRun
from experiments.runs import engagements
from experiments.runs.engagements import GROUP, Battle, Fought
from experiments.validation import null_model
from experiments.validation.checks import NOT_RUN, CannotJudge
from experiments.validation.line_battles import ARMS
from experiments.validation.rows.combat_patterns import Strengths
from experiments.validation.rows.force_ratios import RATES
from experiments.validation.rows.line_and_levers import ROTATION
from experiments.validation.rows.paired_runs import INTERVALS, KILL_ZONES

SHARE = sum(RATES) / 2 / 100  # of a side's men lost a day, the same for both
ADVANCE_KM = 0.3  # of an attack that the coin lets win
SHOTS_AT = 1200  # losses of the side that is shot at, whatever the weapons
RECORD = {"areas", "states", "losses", "places", "rasters_or_none"}  # inputs that are the record's, not the model's


class NullInputs:
    """Inputs of rows by the names of `RowInputs`, each made once; CannotJudge for what the null model has not."""

    def __init__(self, given: Any):
        self.given, self.effort = given, given.effort
        self.made: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """What goes by that name: the record's own, or the null model's."""
        if name in RECORD:
            return self.given.get(name)
        if name not in self.made:
            if not hasattr(type(self), name):
                raise CannotJudge(NOT_RUN, "the null model has nothing of the kind")
            self.made[name] = getattr(self, name)()
        return self.made[name]

    # The front

    def seen(self) -> list[ObservedRun]:
        return null_model.null_runs()

    def salient_alone(self) -> np.ndarray:
        return np.ones(self.effort.salients)  # ground is never lost again

    salient_fed = salient_alone

    # Battles

    def engagements(self) -> list[Fought]:
        return [fought(order) for order in engagements.circumstances(self.effort.engagements)]

    def sizes(self) -> list[Fought]:
        return [fought(order) for order in engagements.sizes(self.effort.repeats)]

    def watched(self) -> list[Fought]:
        return [fought(order) for order in engagements.attacks(self.effort.watched)]

    def long_fights(self) -> list[Fought]:
        return [fought(order) for order in engagements.long_fights(2 * self.effort.repeats)]

    even_fights = long_fights

    def sandbox_steps(self) -> list[np.ndarray]:
        return [np.random.default_rng(k).poisson(SHARE * 1000, 80) for k in range(4 * self.effort.repeats)]

    def strengths(self) -> list[Strengths]:
        r = np.random.default_rng(1)
        men = np.exp(np.cumsum(r.normal(0, 0.01, (self.effort.ensemble, 419, 2)), axis=1)) * (32_000, 8_000)
        return [Strengths(r.poisson(SHARE * 8_000, run.shape), run) for run in men]

    def laws_hold(self) -> bool:
        return False  # there is no law in it

    sandbox_strengths = strengths

    def weapons_defender(self) -> np.ndarray:
        return np.random.default_rng(2).poisson(SHOTS_AT, (len(engagements.WEAPONS), self.effort.repeats))

    weapons_attacker = weapons_sandbox = weapons_defender

    def employment(self) -> dict[tuple[str, float], np.ndarray]:
        return {way: np.array([fought(b).attack_loss for b in some]) for way, some in engagements.employment(self.effort.repeats).items()}

    # Levers, which move nothing

    def net(self) -> np.ndarray:
        """Net gain of the belt in each of its runs."""
        return np.array([run.box.net for run in self.get("seen")])

    def _alike(self, columns: Sequence[Any], values: np.ndarray | None = None) -> pd.DataFrame:
        """Arms that are the same, by seed (rows)."""
        values = self.get("net") if values is None else values
        return pd.DataFrame({name: values for name in columns}, index=range(1, len(values) + 1))

    def works_arms(self) -> dict[tuple[bool, bool], np.ndarray]:
        return {(built, answers): self.get("net") for built in (True, False) for answers in (True, False)}

    def kill_zones(self) -> dict[float, np.ndarray]:
        return dict.fromkeys(KILL_ZONES, np.full(self.effort.twins, 1000 * null_model.ARMOR_A_MAN))

    def dated_rules(self) -> list[str]:
        return []

    def rotation_arms(self) -> pd.DataFrame:
        return self._alike(INTERVALS)

    def rotation_search(self) -> pd.DataFrame:
        return self._alike(ROTATION)

    rotation_confirmed = rotation_deep = rotation_search

    def drone_pace(self) -> pd.DataFrame:
        return self._alike(tuple(ARMS))

    def drone_mounted(self) -> pd.DataFrame:
        return self._alike(tuple(ARMS), np.full(null_model.RUNS, 0.05))

    def road_arms(self) -> pd.DataFrame:
        return self._alike(("supply_open", "supply_cut", "sorties_open", "sorties_cut"), np.ones(null_model.RUNS))

    def deadline_arms(self) -> pd.DataFrame:
        return self._alike([f"{what}_{arm}" for what in ("ground", "losses", "later") for arm in ("on", "off")])


def fought(order: Battle) -> Fought:
    """A battle in which each side loses the same share of its men a day, and a coin says who wins."""
    r = np.random.default_rng([order.seed, order.size])
    men = np.array([order.size * order.ratio, order.size])
    lost = np.concatenate([np.zeros((1, 2)), np.cumsum(r.poisson(SHARE * men, (order.days, 2)), axis=0)])
    groups = r.binomial(GROUP, SHARE, 100) / GROUP
    breaks = np.column_stack([np.full(100, GROUP), groups, r.integers(0, 2, 100)])
    return Fought(order, men, lost, ADVANCE_KM * r.integers(0, 2), float(groups.mean()), breaks)
