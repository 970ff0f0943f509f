"""Effects: what a change of a factor does to a measure, from runs that share their seeds.

A difference is taken seed by seed, so that luck common to both sides drops out, and over all settings of the other factors
that both sides have. Seeds are the independent values: the interval is over them, however many points there are.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.intervals import Interval, seeds_text
from experiments.analysis.noise import mean_of
from experiments.analysis.pairing import holds, levels, matched
from experiments.analysis.regression import fitted
from experiments.results.naming import said
from experiments.results.results import Results
from sim.errors import InputError
from sim.view.numbers import interval, mean_text

UNMATCHED = "no two points to compare"


@dataclass(frozen=True)
class Contrast:
    """Measure at `b` less measure at `a`, paired on seeds, with its 95 % interval (NaN without one; `note` says why)."""

    measure: str
    unit: str
    factor: str
    a: Any
    b: Any
    mean: float
    low: float
    high: float
    n: int  # seeds
    seeds: tuple[int, ...]
    settings: int  # settings of the other factors, over which each seed's difference is averaged
    mean_a: float
    mean_b: float
    variance_saved: float  # 1 - variance of the difference / variance were the seeds not shared
    share_positive: float  # of seeds with b above a
    dropped: int  # pairs left out, since a run failed or has no value
    note: str = ""

    @property
    def is_clear(self) -> bool:
        """True when the interval leaves out zero."""
        return bool(self.low > 0 or self.high < 0)

    def sentence(self) -> str:
        """The contrast in words: effect, interval, unit, N and seeds."""
        unit = f" {self.unit}" if self.unit else ""
        limits = f"(95 % {interval(self.low, self.high)})" if math.isfinite(self.low) else f"({self.note})"
        return (
            f"{self.measure}, {self.factor} {said(self.a)} -> {said(self.b)}: {mean_text(self.mean, self.low, self.high)}{unit} {limits}, "
            f"{self.n} seeds ({seeds_text(self.seeds)})"
        )


def paired(
    results: Results, measure: str, factor: str, a: Any, b: Any, at: dict[str, Any] | None = None, method: str = "t"
) -> Contrast:
    """What going from level `a` to `b` of a factor does to a measure, with the other factors `at` given levels or at all."""
    if method not in intervals.METHODS:
        raise InputError(f"method {method!r}; allowed: {', '.join(intervals.METHODS)}.")
    factor = results.known_factor(factor)
    one, two = matched(results, factor, a, b, at)
    matrix = results.matrix(measure)
    return contrast(matrix.loc[one], matrix.loc[two], measure, results.unit(measure), factor, a, b, method)


def contrast(
    one: pd.DataFrame, two: pd.DataFrame, measure: str, unit: str, factor: str, a: Any, b: Any, method: str = "t"
) -> Contrast:
    """The paired contrast of two tables (settings, seeds) with the same rows and columns."""
    left, right = one.to_numpy(float), two.to_numpy(float)
    both = np.isfinite(left) & np.isfinite(right)
    left, right = (np.where(both, side, np.nan) for side in (left, right))
    gap, left, right = (mean_of(side, 0) for side in (right - left, left, right))
    kept = np.isfinite(gap)
    told = intervals.of_mean(gap[kept], method)
    return Contrast(
        measure=measure,
        unit=unit,
        factor=factor,
        a=a,
        b=b,
        mean=told.estimate,
        low=told.low,
        high=told.high,
        n=told.n,
        seeds=tuple(int(s) for s in one.columns[kept]),
        settings=len(one),
        mean_a=_plain_mean(left[kept]),
        mean_b=_plain_mean(right[kept]),
        variance_saved=variance_saved(left[kept], right[kept]),
        share_positive=float((gap[kept] > 0).mean()) if kept.any() else math.nan,
        dropped=int(both.size - both.sum()),
        note=told.note.replace("value", "pair of runs") if told.n < 2 else told.note.replace("values", "differences"),
    )


def variance_saved(a: np.ndarray, b: np.ndarray) -> float:
    """Share of a difference's variance that pairing saves: 0 when seeds do nothing, 1 when they explain all luck."""
    if len(a) < 2:
        return math.nan
    apart = np.var(a, ddof=1) + np.var(b, ddof=1)
    return float(1 - np.var(b - a, ddof=1) / apart) if apart > 0 else math.nan


def _plain_mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def level_means(results: Results, measure: str, factor: str) -> pd.DataFrame:
    """The mean of a measure at each level of a factor, over all settings of the others, with intervals over seeds."""
    factor, matrix = results.known_factor(factor), results.matrix(measure)
    rows = []
    for level in levels(results.points[factor]):
        inside = matrix[holds(results.points[factor], level, factor)]
        told = intervals.of_mean(mean_of(inside.to_numpy(float), 0))
        rows.append(
            {
                "level": level,
                "mean": told.estimate,
                "low": told.low,
                "high": told.high,
                "n": told.n,
                "points": len(inside),
            }
        )
    return pd.DataFrame(rows).assign(unit=results.unit(measure))


# All effects


def interaction(
    results: Results, measure: str, first: str, second: str, ends: tuple[tuple[Any, Any], tuple[Any, Any]]
) -> Interval:
    """How much the effect of one factor changes when another goes from its first to its last level, over seeds."""
    (a, b), (c, d) = ends
    matrix = results.matrix(measure)
    gaps = []
    for level in (c, d):
        one, two = matched(results, first, a, b, {second: level})
        gaps.append(mean_of(matrix.loc[two].to_numpy(float) - matrix.loc[one].to_numpy(float), 0))
    return intervals.of_mean(gaps[1] - gaps[0])


def effects(results: Results, measure: str) -> pd.DataFrame:
    """Main effects and interactions of all factors on a measure, with 95 % intervals.

    Columns `factor, by, a, b, effect, low, high, n, points, unit, clear, note`: the measure at level b less that at level a;
    with `by`, how much that changes from the first to the last level of another factor. In a factorial design a is the
    factor's first level and all others are averaged over, in a one-at-a-time design a is the baseline, in a sampled design
    a line is fitted over the range. `attrs` has `form`, `note`, and `r2` of that line.
    """
    form, told = form_of(results), {}
    if form == "cloud":
        rows, told = fitted(results, measure)
    elif form == "single":
        rows, told = [], {"note": "one point: there is nothing to compare"}
    else:
        rows = [row for factor in results.factors for row in _main(results, measure, factor, form)]
        if form == "grid":
            rows += [
                row for pair in itertools.combinations(results.factors, 2) for row in _pairs(results, measure, *pair)
            ]
    columns = ["factor", "by", "a", "b", "effect", "low", "high", "n", "points", "unit", "note"]
    table = pd.DataFrame(rows, columns=columns).astype({"a": object, "b": object})
    table["clear"] = (table["low"] > 0) | (table["high"] < 0)
    table.attrs = {"form": form, "note": told.get("note", ""), "r2": told.get("r2")}
    return table


def form_of(results: Results) -> str:
    """How the points lie: "single", "star" (around point 0), "grid" (every combination) or "cloud"."""
    points = results.points
    if len(points) < 2 or not results.factors:
        return "single"
    by_design = {"factorial": "grid", "one-at-a-time": "star"}
    if results.study is not None:
        return by_design.get(results.design, "cloud")
    sizes = [len(levels(points[f])) for f in results.factors]
    if len(points) == math.prod(sizes) and not points.duplicated().any():
        return "grid"
    same = points.eq(points.iloc[0]) | (points.isna() & points.iloc[0].isna())
    return "star" if ((~same).sum(axis=1) <= 1).all() else "cloud"


def _main(results: Results, measure: str, factor: str, form: str) -> list[dict[str, Any]]:
    """Each level of a factor against the first one, or against the baseline."""
    there = levels(results.points[factor])
    first = results.points[factor].iloc[0] if form == "star" else there[0]
    base = None if pd.isna(first) else first
    rows = []
    for level in there:
        if level == base or (level is None and base is None):
            continue
        try:
            told = paired(results, measure, factor, base, level)
        except InputError:  # a sweep that is not finished
            rows.append(
                _row(factor, "", base, level, math.nan, math.nan, math.nan, 0, 0, results.unit(measure), UNMATCHED)
            )
            continue
        rows.append(
            _row(factor, "", base, level, told.mean, told.low, told.high, told.n, told.settings, told.unit, told.note)
        )
    return rows


def _pairs(results: Results, measure: str, first: str, second: str) -> list[dict[str, Any]]:
    """How the effect of one factor, first to last level, changes from the first to the last level of another."""
    ends = tuple((there[0], there[-1]) for there in (levels(results.points[f]) for f in (first, second)))
    if ends[0][0] == ends[0][1] or ends[1][0] == ends[1][1]:
        return []
    try:
        told = interaction(results, measure, first, second, ends)
    except InputError:  # a sweep that is not finished
        told = Interval(math.nan, math.nan, math.nan, 0, UNMATCHED)
    points = len(results.points)
    return [
        _row(
            first,
            second,
            *ends[0],
            told.estimate,
            told.low,
            told.high,
            told.n,
            points,
            results.unit(measure),
            told.note,
        )
    ]


def _row(*values: Any) -> dict[str, Any]:
    return dict(
        zip(["factor", "by", "a", "b", "effect", "low", "high", "n", "points", "unit", "note"], values, strict=True)
    )


def strongest(results: Results, measure: str) -> list[str]:
    """The factors, those with the largest effects on a measure first."""
    table = effects(results, measure)
    main = table[table["by"] == ""]
    size = main.assign(size=main["effect"].abs()).groupby("factor", sort=False)["size"].max() if len(main) else {}
    return sorted(results.factors, key=lambda f: -np.nan_to_num(size.get(f, 0.0)))
