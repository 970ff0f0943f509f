"""Whether the sign of an effect stands: over the units, and over constants that nobody has measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.intervals import Interval
from experiments.claims.units import units_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from experiments.results.results import Results


@dataclass(frozen=True)
class Halves:
    """The effect where a constant is below its median, and where it is above. `turns`: the sign differs, and clearly so."""

    key: str
    median: float
    below: Interval
    above: Interval
    turns: bool


@dataclass(frozen=True)
class Stability:
    """`share` of `n` units in which the effect has the sign of its mean, and the halves of each constant that was varied."""

    share: float
    n: int
    halves: list[Halves]

    @property
    def turning(self) -> list[str]:
        """The constants with which the sign turns."""
        return [h.key for h in self.halves if h.turns]


def stability(effect: pd.Series, results: Results, keys: Iterable[str]) -> Stability:
    """How the sign of an effect stands. `effect`: one value a unit; `keys`: constants that were varied from unit to unit."""
    known = effect.dropna()
    mean = float(known.mean()) if len(known) else 0.0
    share = float((known * mean > 0).mean()) if len(known) else 0.0
    runs = results.done
    units = units_of(results, runs)
    halves = [_halves(key, known, runs[key].astype(float).groupby(units).mean()) for key in keys if key in results.factors]
    return Stability(share, len(known), halves)


def _halves(key: str, effect: pd.Series, constant: pd.Series) -> Halves:
    constant = constant.loc[effect.index]
    middle = float(constant.median())
    low, high = effect[constant <= middle], effect[constant > middle]
    below, above = intervals.of_mean(low), intervals.of_mean(high)
    turns = below.estimate * above.estimate < 0 and intervals.of_difference(low, high).is_clear
    return Halves(key, middle, below, above, turns)
