"""The design matrix of a study, its factors as columns of numbers: what regression, surrogates and scenario discovery are fitted on.

A factor with numbers is one column, 0 at the low end of its range and 1 at the high end (along its scale); one with
choices (switches, bundles, scenarios) is one column of 0 and 1 for each choice but the first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.pairing import levels
from experiments.results.naming import level_text
from experiments.results.results import Results
from sim.errors import InputError

MOST_STEPS = 50  # whole numbers up to so many are steps; more are as good as a line


@dataclass(frozen=True)
class FactorColumn:
    """One factor as columns. `options` are its values when it has only a few; `low` and `high` are None for choices."""

    name: str
    low: float | None = None
    high: float | None = None
    is_log: bool = False
    options: tuple[Any, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.low is not None

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high of a number."""
        assert self.low is not None and self.high is not None, f"{self.name} is a choice, it has no range"
        return self.low, self.high

    @property
    def columns(self) -> list[str]:
        return [self.name] if self.is_number else [f"{self.name}={level_text(o)}" for o in self.options[1:]]

    @property
    def value_range(self) -> tuple[Any, Any]:
        """The values that an effect goes from and to."""
        return (self.low, self.high) if self.is_number else (self.options[0], self.options[-1])

    def to_matrix(self, values: pd.Series) -> np.ndarray:
        """Values of the factor as columns (n, columns)."""
        if not self.is_number:
            return (
                np.stack([(values == o).to_numpy(float) for o in self.options[1:]], axis=1)
                if self.options[1:]
                else np.empty((len(values), 0))
            )
        numbers, (low, high) = values.to_numpy(float), self.ends
        if self.is_log:
            return (np.log(numbers / low) / math.log(high / low))[:, None]
        return ((numbers - low) / (high - low))[:, None]

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        """Points of the unit interval as columns: along the line, or in equal bins for options."""
        if not self.options:
            return u[:, None]
        chosen = np.minimum((u * len(self.options)).astype(int), len(self.options) - 1)
        return self.to_matrix(pd.Series(list(self.options), dtype=object if not self.is_number else float))[chosen]


def axes(results: Results) -> list[FactorColumn]:
    """The axes of all factors that vary, as the study declares them, or as the runs show them where there is no study."""
    declared = {f.name: f for f in getattr(results.study, "factor_list", ())}
    found = []
    for name in results.factors:
        axis = _declared(declared[name]) if name in declared else _seen(name, results.points[name])
        if axis is not None:
            found.append(axis)
    return found


def to_matrix(space: list[FactorColumn], points: pd.DataFrame) -> pd.DataFrame:
    """Points as columns; InputError when a level is not known as a number."""
    missing = next((a.name for a in space if a.is_number and points[a.name].isna().any()), None)
    if missing:
        raise InputError(
            f"{missing}: some points leave it to the scenario, so that its level there is no number; read this design by effects."
        )
    parts = [pd.DataFrame(a.to_matrix(points[a.name]), columns=a.columns, index=points.index) for a in space]
    return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=points.index)


def from_unit(space: list[FactorColumn], u: np.ndarray) -> np.ndarray:
    """A sample of the unit cube (n, factors) as columns (n, columns)."""
    return np.concatenate([a.from_unit(u[:, k]) for k, a in enumerate(space)], axis=1)


def _declared(factor) -> FactorColumn | None:
    from experiments.studies.factors import scenario_label

    options = tuple(factor.options)
    if factor.name == "scenario":
        options = tuple(scenario_label(o) for o in options)
    if factor.is_number and options:
        return (
            FactorColumn(factor.name, float(min(options)), float(max(options)), options=tuple(map(float, options)))
            if len(options) > 1
            else None
        )
    if factor.is_number:
        is_log, low, high = factor.scale == "log", float(factor.low), float(factor.high)
        steps = factor.declared.kind is int and not is_log and high - low < MOST_STEPS
        return FactorColumn(factor.name, low, high, is_log, tuple(np.arange(low, high + 1).tolist()) if steps else ())
    return FactorColumn(factor.name, options=options) if len(options) > 1 else None


def _seen(name: str, column: pd.Series) -> FactorColumn | None:
    there = levels(column)
    if len(there) < 2:
        return None
    if column.dtype.kind not in "iuf":
        return FactorColumn(name, options=tuple(there))
    low, high = float(column.min()), float(column.max())
    few = column.dtype.kind in "iu" and len(there) <= MOST_STEPS
    return FactorColumn(name, low, high, options=tuple(float(v) for v in there) if few else ())
