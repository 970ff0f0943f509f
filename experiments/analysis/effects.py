"""Main effects, interactions and paired differences (common random numbers) of factors on a measure.

A difference is taken seed by seed, so that random variation common to both sides drops out, and over all settings of the other factors
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
from experiments.analysis.pairing import levels, matched_points, rows_at_level
from experiments.analysis.regression import fitted
from experiments.results.naming import level_text
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
            f"{self.measure}, {self.factor} {level_text(self.a)} -> {level_text(self.b)}: {mean_text(self.mean, self.low, self.high)}{unit} {limits}, "
            f"{self.n} seeds ({seeds_text(self.seeds)})"
        )


def paired(
    results: Results, measure: str, factor: str, a: Any, b: Any, at: dict[str, Any] | None = None, method: str = "t"
) -> Contrast:
    """What going from level `a` to `b` of a factor does to a measure, with the other factors `at` given levels or at all."""
    if method not in intervals.METHODS:
        raise InputError(f"method {method!r}; allowed: {', '.join(intervals.METHODS)}.")
    factor = results.known_factor(factor)
    one, two = matched_points(results, factor, a, b, at)
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
    estimate = intervals.of_mean(gap[kept], method)
    return Contrast(
        measure=measure,
        unit=unit,
        factor=factor,
        a=a,
        b=b,
        mean=estimate.estimate,
        low=estimate.low,
        high=estimate.high,
        n=estimate.n,
        seeds=tuple(int(s) for s in one.columns[kept]),
        settings=len(one),
        mean_a=_plain_mean(left[kept]),
        mean_b=_plain_mean(right[kept]),
        variance_saved=variance_saved(left[kept], right[kept]),
        share_positive=float((gap[kept] > 0).mean()) if kept.any() else math.nan,
        dropped=int(both.size - both.sum()),
        note=estimate.note.replace("value", "pair of runs") if estimate.n < 2 else estimate.note.replace("values", "differences"),
    )


def variance_saved(a: np.ndarray, b: np.ndarray) -> float:
    """Share of a difference's variance that pairing saves: 0 when seeds do nothing, 1 when they explain all random variation."""
    if len(a) < 2:
        return math.nan
    apart = np.var(a, ddof=1) + np.var(b, ddof=1)
    return float(1 - np.var(b - a, ddof=1) / apart) if apart > 0 else math.nan


def _plain_mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def level_means(results: Results, measure: str, factor: str) -> pd.DataFrame:
    """The mean of a measure at each level of a factor, over all settings of the others, with intervals over seeds.

    Levels are compared on the same settings and seeds: where one level lacks a run, the others leave theirs out too (`left_out`
    counts such settings and seeds). A sampled design has no matched settings; its points are taken as they are.
    """
    factor, matrix = results.known_factor(factor), results.matrix(measure)
    points, there = results.points, levels(results.points[factor])
    rows = [points[rows_at_level(points[factor], level, factor)] for level in there]
    others = [f for f in results.factors if f != factor]
    left_out = 0
    if others and (shared := _shared_settings(rows, others)) is not None:
        values = np.stack([matrix.loc[index].to_numpy(float) for index in shared])
    elif not others:
        values = np.stack([mean_of(matrix.loc[r.index].to_numpy(float), 0)[None] for r in rows])
    else:
        values = None
    if values is not None:
        whole = np.isfinite(values).all(axis=0)
        left_out = int((np.isfinite(values).any(axis=0) & ~whole).sum())
        by_level = [mean_of(np.where(whole, v, np.nan), 0) for v in values]
    else:
        by_level = [mean_of(matrix.loc[r.index].to_numpy(float), 0) for r in rows]
    found = [intervals.of_mean(v) for v in by_level]
    return pd.DataFrame(
        {
            "level": pd.Series(there, dtype=object if None in there else None),
            **{c: [getattr(e, a) for e in found] for c, a in (("mean", "estimate"), ("low", "low"), ("high", "high"), ("n", "n"))},
            "points": [len(r) for r in rows],
            "left_out": left_out,
        }
    ).assign(unit=results.unit(measure))


def _shared_settings(rows: list[pd.DataFrame], others: list[str]) -> list[pd.Index] | None:
    """Points of each level, in the order of the settings of the other factors that all levels have; None where they have none."""
    tables = [r[others].assign(**{f"point {k}": r.index}) for k, r in enumerate(rows)]
    joined = tables[0]
    for table in tables[1:]:
        joined = joined.merge(table, on=others)
    return [pd.Index(joined[f"point {k}"]) for k in range(len(rows))] if len(joined) else None


# All effects


def interaction(
    results: Results, measure: str, first: str, second: str, ends: tuple[tuple[Any, Any], tuple[Any, Any]]
) -> Interval:
    """How much the effect of one factor changes when another goes from its first to its last level, over seeds."""
    (a, b), (c, d) = ends
    matrix = results.matrix(measure)
    gaps = []
    for level in (c, d):
        one, two = matched_points(results, first, a, b, {second: level})
        gaps.append(mean_of(matrix.loc[two].to_numpy(float) - matrix.loc[one].to_numpy(float), 0))
    return intervals.of_mean(gaps[1] - gaps[0])


def effects(results: Results, measure: str) -> pd.DataFrame:
    """Main effects and interactions of all factors on a measure, with 95 % intervals.

    Columns `factor, by, a, b, effect, low, high, n, points, unit, clear, note`: the measure at level b less that at level a;
    with `by`, how much that changes from the first to the last level of another factor. In a factorial design a is the
    factor's first level and all others are averaged over, in a one-at-a-time design a is the baseline, in a sampled design
    a line is fitted over the range. `attrs` has `form`, `note`, and `r2` of that line.
    """
    shape = design_shape(results)
    fit: dict[str, Any] = {}
    if shape == "sampled":
        rows, fit = fitted(results, measure)
    elif shape == "single":
        rows, fit = [], {"note": "one point: there is nothing to compare"}
    else:
        rows = [row for factor in results.factors for row in _main(results, measure, factor, shape)]
        if shape == "factorial":
            rows += [
                row for pair in itertools.combinations(results.factors, 2) for row in _pairs(results, measure, *pair)
            ]
    columns = ["factor", "by", "a", "b", "effect", "low", "high", "n", "points", "unit", "note"]
    table = pd.DataFrame(rows, columns=columns).astype({"a": object, "b": object})
    table["clear"] = (table["low"] > 0) | (table["high"] < 0)
    table.attrs = {"shape": shape, "note": fit.get("note", ""), "r2": fit.get("r2")}
    return table


def design_shape(results: Results) -> str:
    """How the points lie: "single", "one-at-a-time" (around point 0), "factorial" (every combination) or "sampled"."""
    points = results.points
    if len(points) < 2 or not results.factors:
        return "single"
    by_design = {"factorial": "factorial", "one-at-a-time": "one-at-a-time"}
    if results.study is not None:
        return by_design.get(results.design, "sampled")
    sizes = [len(levels(points[f])) for f in results.factors]
    if len(points) == math.prod(sizes) and not points.duplicated().any():
        return "factorial"
    same = points.eq(points.iloc[0]) | (points.isna() & points.iloc[0].isna())
    return "one-at-a-time" if ((~same).sum(axis=1) <= 1).all() else "sampled"


def _main(results: Results, measure: str, factor: str, shape: str) -> list[dict[str, Any]]:
    """Each level of a factor against the first one, or against the baseline."""
    there = levels(results.points[factor])
    first = results.points[factor].iloc[0] if shape == "one-at-a-time" else there[0]
    base = None if pd.isna(first) else first
    rows = []
    for level in there:
        if level == base or (level is None and base is None):
            continue
        try:
            found = paired(results, measure, factor, base, level)
        except InputError:  # a sweep that is not finished
            rows.append(
                _row(factor, "", base, level, math.nan, math.nan, math.nan, 0, 0, results.unit(measure), UNMATCHED)
            )
            continue
        rows.append(
            _row(factor, "", base, level, found.mean, found.low, found.high, found.n, found.settings, found.unit, found.note)
        )
    return rows


def _pairs(results: Results, measure: str, first: str, second: str) -> list[dict[str, Any]]:
    """How the effect of one factor, first to last level, changes from the first to the last level of another."""
    one, other = (levels(results.points[f]) for f in (first, second))
    ends = ((one[0], one[-1]), (other[0], other[-1]))
    if ends[0][0] == ends[0][1] or ends[1][0] == ends[1][1]:
        return []
    try:
        estimate = interaction(results, measure, first, second, ends)
    except InputError:  # a sweep that is not finished
        estimate = Interval(math.nan, math.nan, math.nan, 0, UNMATCHED)
    points = len(results.points)
    return [
        _row(
            first,
            second,
            *ends[0],
            estimate.estimate,
            estimate.low,
            estimate.high,
            estimate.n,
            points,
            results.unit(measure),
            estimate.note,
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
