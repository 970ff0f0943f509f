"""The best level of a factor, or of several together (multiple comparisons with the best), with its uncertainty over seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.intervals import LEVEL, RESAMPLES, SEED, finite, seeds_text
from experiments.analysis.noise import mean_of
from experiments.analysis.pairing import rows_at_level
from experiments.results.naming import level_text
from experiments.results.results import Results
from sim.errors import InputError
from sim.view.numbers import significant

WAYS = ("high", "low")


@dataclass(frozen=True)
class Optimum:
    """The best level by the mean over seeds. `table` has a row a level: mean, how far it is behind the best with the interval
    of that, `rival` where the two do not clearly differ, and `chosen`, how often other seeds would have made it the best."""

    measure: str
    unit: str
    factors: tuple[str, ...]
    best: str
    level: dict[str, Any]
    low: dict[str, Any]  # ends of the 95 % interval of the best level; of choices, None
    high: dict[str, Any]
    mean: float
    mean_elsewhere: float  # of the level chosen, on seeds that had no part in choosing it
    n: int
    seeds: tuple[int, ...]
    table: pd.DataFrame = field(repr=False)
    note: str = ""

    @property
    def is_clear(self) -> bool:
        """True when some level is clearly worse than the best."""
        return not bool(self.table["rival"].all())

    def sentence(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if not self.is_clear:
            return f"{self.measure}: no level of {' and '.join(self.factors)} is clearly better than another ({self.n} seeds, {seeds_text(self.seeds)})"
        parts = []
        for f in self.factors:
            ends = f" (95 % {level_text(self.low[f])} to {level_text(self.high[f])})" if self.low[f] is not None else ""
            parts.append(f"{f} {level_text(self.level[f])}{ends}")
        return f"{self.measure} is {self.best}est, {significant(self.mean, 4)}{unit}, at {' and '.join(parts)}, {self.n} seeds ({seeds_text(self.seeds)})"


def optimum(
    results: Results, measure: str, factors: str | list[str], best: str = "high", at: dict[str, Any] | None = None
) -> Optimum:
    """The level of a factor (or levels of several) with the highest or lowest mean, over all settings of the others or `at` some."""
    if best not in WAYS:
        raise InputError(f"best {best!r}; allowed: {', '.join(WAYS)}.")
    names = [results.known_factor(f) for f in ([factors] if isinstance(factors, str) else factors)]
    points = results.points
    for name, level in {results.known_factor(k): v for k, v in (at or {}).items()}.items():
        points = points[rows_at_level(points[name], level, name)]
    matrix = results.matrix(measure).loc[points.index]
    values, there = _profiles(matrix, points, names)
    if len(there) < 2:
        raise InputError(f"{results.label}: {' and '.join(names)} has one level only; there is no best.")
    if not values.shape[1]:
        raise InputError(f"{results.label}: no seed has a value of {measure} at every level of {' and '.join(names)}.")
    worth = values if best == "high" else -values
    mean, top = worth.mean(axis=1), int(worth.mean(axis=1).argmax())
    picks, elsewhere = _resampled(worth, values)
    table = there.assign(
        mean=values.mean(axis=1),
        **_behind(worth, top),
        chosen=np.bincount(picks, minlength=len(mean)) / max(len(picks), 1),
    )
    low, high = {}, {}
    for name in names:
        numbers = there[name].dtype.kind in "iuf" and there[name].notna().all() and len(picks) > 0
        ends = (
            np.quantile(there[name].to_numpy()[picks], [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], method="closest_observation")
            if numbers
            else (None, None)
        )
        low[name], high[name] = ends
    n = values.shape[1]
    return Optimum(
        measure=measure,
        unit=results.unit(measure),
        factors=tuple(names),
        best=best,
        level={name: there[name].iloc[top] for name in names},
        low=low,
        high=high,
        mean=float(values[top].mean()),
        mean_elsewhere=elsewhere,
        n=n,
        seeds=tuple(int(s) for s in matrix.columns[matrix.notna().all()]),
        table=table.reset_index(drop=True),
        note="one seed: no interval" if n < 2 else "",
    )


def _profiles(matrix: pd.DataFrame, points: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """The measure by level and seed, other factors averaged over; seeds that lack a value somewhere are left out."""
    whole = matrix.loc[:, matrix.notna().all()]
    number = points.groupby(names, sort=True, dropna=False).ngroup().to_numpy()
    there = points[names].iloc[[int(np.argmax(number == k)) for k in range(number.max() + 1)]].reset_index(drop=True)
    return np.stack([mean_of(whole.to_numpy(float)[number == k], 0) for k in range(len(there))]), there


def _behind(worth: np.ndarray, top: int) -> dict[str, np.ndarray]:
    """How far each level is behind the best, its interval (Tukey's, since the best is picked from all), and if it is a rival."""
    gap = worth[top] - worth
    n = worth.shape[1]
    behind = gap.mean(axis=1)
    if n < 2:
        return {
            "behind": behind,
            "behind_low": np.full(len(gap), math.nan),
            "behind_high": np.full(len(gap), math.nan),
            "rival": np.ones(len(gap), bool),
        }
    reach = _range(len(worth), n - 1) * gap.std(axis=1, ddof=1) / math.sqrt(2 * n)
    return {"behind": behind, "behind_low": behind - reach, "behind_high": behind + reach, "rival": behind <= reach}


@cache
def _range(n: int, free: int) -> float:
    """The studentized range that n equal means stay within in 95 % of studies."""
    from scipy import stats

    return float(stats.studentized_range.ppf(LEVEL, n, free))


def _resampled(worth: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Which level other seeds would choose, and what the chosen ones are worth on seeds that had no part in it."""
    n = worth.shape[1]
    if n < 2:
        return np.empty(0, int), math.nan
    rng = np.random.default_rng(SEED)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    picks = (weights @ worth.T).argmax(axis=1)
    out = weights == 0
    free = out.any(axis=1)
    left = [values[p][o].mean() for p, o in zip(picks[free], out[free], strict=True)]
    return picks, float(finite(left).mean()) if left else math.nan
