"""Scenario discovery (PRIM; Bryant and Lempert 2010): a box of a few factors' ranges in which something happens.

A box found among many is too good by chance. So its share of hits is estimated again on points that had no part in finding it,
and where that is no better than everywhere, there is no box.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.cross_validation import folds, groups_of
from experiments.analysis.intervals import Interval
from experiments.results.naming import level_text
from experiments.results.results import Results
from sim.errors import InputError, did_you_mean

LEAST_POINTS = 20
LEAST_MASS = 0.05  # of the points; smaller boxes are not looked at
OWN = "factor "  # before the names of columns
MOST_P = 0.05  # a limit is kept only if chance would make as good a one more seldom


@dataclass(frozen=True)
class Box:
    """Where a condition holds more often than elsewhere. Without a box `limits` is empty and `note` says why."""

    condition: str
    limits: pd.DataFrame  # factor, low, high (numbers) or options (choices), p, unit
    base: Interval  # share of all runs that meet the condition
    density: Interval  # share of runs in the box that do, on points left out when the box was looked for
    density_fitted: float  # the same on the points it was found with: too good
    coverage: float  # share of all hits that lie in the box
    mass: float  # share of all points that lie in it
    n: int  # runs
    n_points: int
    trajectory: pd.DataFrame = field(
        repr=False
    )  # PRIM's boxes from the whole space on: coverage, density, mass, limits
    note: str = ""

    @property
    def is_there(self) -> bool:
        return len(self.limits) > 0

    def sentence(self) -> str:
        """The box in words."""
        if not self.is_there:
            return f"{self.condition}: no box; {self.note}."
        where = " and ".join(_said(row) for row in self.limits.to_dict("records"))
        return (
            f"{self.condition} in {self.density.estimate:.0%} of runs ({self.density.low:.0%} to {self.density.high:.0%}) where {where}, "
            f"against {self.base.estimate:.0%} everywhere; {self.coverage:.0%} of all such runs, {self.mass:.0%} of the points."
        )


def prim(results: Results, condition: str) -> Box:
    """The box for a condition on a run's measures, such as "held_km2 > 900" or "breakthroughs >= 1 and lost_km2 < 20"."""
    hits = _hits(results, condition)
    points = results.points.loc[np.unique(results.done.loc[hits.index, "point"])]
    names = [f for f in results.factors if points[f].nunique(dropna=False) > 1]
    by_point = hits.groupby(results.done.loc[hits.index, "point"])
    share = by_point.mean().loc[points.index]
    base = _density(share.to_numpy(), by_point.size().loc[points.index].to_numpy())
    nothing = _nothing(condition, hits, points, names)
    if nothing:
        return Box(
            condition,
            _no_limits(),
            base,
            base,
            base.estimate,
            1.0,
            1.0,
            len(hits),
            len(points),
            pd.DataFrame(),
            nothing,
        )
    x, y, owner = points[names], hits.astype(int), results.done.loc[hits.index, "point"]
    limits, trajectory = _search(x.loc[owner], y.to_numpy())
    inside = _inside(x, limits)
    held_out = _held_out(x, y, owner, groups_of(results, x.index.to_numpy()))
    n = by_point.size().loc[points.index].to_numpy()
    density = (
        _density(share.to_numpy()[held_out], n[held_out])
        if held_out.any()
        else Interval(math.nan, math.nan, math.nan, 0, "no value")
    )
    note = "" if limits else "no limit is better than chance"
    if limits and not density.low > base.estimate:
        note = f"on points left out it holds {density.estimate:.0%} of hits against {base.estimate:.0%} everywhere, which may be chance"
    weighted = (share * n).to_numpy()
    return Box(
        condition=condition,
        limits=_table(results, limits) if not note else _no_limits(),
        base=base,
        density=density,
        density_fitted=float(weighted[inside].sum() / max(n[inside].sum(), 1)),
        coverage=float(weighted[inside].sum() / weighted.sum()),
        mass=float(inside.mean()),
        n=len(hits),
        n_points=len(points),
        trajectory=trajectory,
        note=note,
    )


def _hits(results: Results, condition: str) -> pd.Series:
    """Which of the runs that have a value meet the condition."""
    import re

    runs = results.done
    words = [w for w in re.findall(r"(?<![\w.])[A-Za-z_]\w*", condition) if w not in ("and", "or", "not", "in")]
    for word in words:
        if word not in runs:
            results.known_measure(word)
    try:
        found = runs.eval(condition)
    except Exception as error:
        raise InputError(f'condition {condition!r}: {str(error).splitlines()[0]}; such as "held_km2 > 900".') from None
    if not isinstance(found, pd.Series) or found.dtype.kind != "b":
        raise InputError(
            f'condition {condition!r} is no yes or no; such as "held_km2 > 900".{did_you_mean(condition, results.measures)}'
        )
    return found[runs[words].notna().all(axis=1)]


def _nothing(condition: str, hits: pd.Series, points: pd.DataFrame, names: list[str]) -> str:
    if len(points) < LEAST_POINTS:
        return f"{len(points)} points are too few (at least {LEAST_POINTS})"
    if not names:
        return "no factor varies"
    return "no run meets it" if not hits.any() else "every run meets it" if hits.all() else ""


def _search(x: pd.DataFrame, y: np.ndarray) -> tuple[dict[str, Any], pd.DataFrame]:
    """PRIM's box with the best balance of density and coverage, less limits that chance explains; and all its boxes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optional parts that are not installed
        from ema_workbench.analysis.prim import Prim

        frame = pd.DataFrame(
            {c: x[c].astype(float) if x[c].dtype.kind in "iuf" else x[c].map(level_text).astype(object) for c in x}
        )
        frame = frame.set_axis(range(len(frame))).add_prefix(OWN)  # a column called "scenario" would be dropped
        found = Prim(frame, y, mass_min=LEAST_MASS).find_box()
        boxes = found.peeling_trajectory
        balance = 2 * boxes["coverage"] * boxes["density"] / (boxes["coverage"] + boxes["density"]).clip(lower=1e-12)
        found.select(int(balance.idxmax()))
    chance = {
        name: min((p for p in np.atleast_1d(values) if p >= 0), default=1.0)
        for name, values in found.p_values[found._cur_box].items()
    }
    whole, limits = found.box_lims[0], {}
    for name in chance:
        low, high = found.box_lim[name]
        if chance[name] > MOST_P:
            continue
        factor = name.removeprefix(OWN)
        if frame[name].dtype == object:
            limits[factor] = {"options": sorted(low), "p": chance[name]}
        else:
            ends = (low if low > whole[name].iloc[0] else -math.inf, high if high < whole[name].iloc[1] else math.inf)
            limits[factor] = {"low": ends[0], "high": ends[1], "p": chance[name]}
    return limits, boxes[["coverage", "density", "mass", "res_dim"]].rename(columns={"res_dim": "limits"})


def _inside(x: pd.DataFrame, limits: dict[str, Any]) -> np.ndarray:
    inside = np.ones(len(x), bool)
    for name, limit in limits.items():
        column = x[name]
        inside &= (
            column.map(level_text).isin(limit["options"])
            if "options" in limit
            else column.between(limit["low"], limit["high"])
        ).to_numpy()
    return inside


def _held_out(x: pd.DataFrame, y: pd.Series, owner: pd.Series, groups: np.ndarray) -> np.ndarray:
    """Points that lie in the box found without their group, each looked at once."""
    out = np.zeros(len(x), bool)
    for train, test in folds(groups):
        rows = owner.isin(x.index[train])
        limits, _ = _search(x.loc[owner[rows]], y[rows].to_numpy())
        if limits:
            out[test] = _inside(x.iloc[test], limits)
    return out


def _density(share: np.ndarray, n: np.ndarray) -> Interval:
    """Share of hits over runs, with an interval over points, which are what is independent."""

    def weighted(s: np.ndarray, w: np.ndarray, axis: int = -1) -> np.ndarray:
        return (s * w).sum(axis=axis) / w.sum(axis=axis)

    if len(share) and np.ptp(share) == 0:
        estimate = intervals.of_share(round(float(share[0]) * len(share)), len(share))  # as if each point were a run
        return Interval(float(share[0]), estimate.low, estimate.high, len(share))
    return intervals.of_statistic(weighted, share, n.astype(float), paired=True)


def _no_limits() -> pd.DataFrame:
    return pd.DataFrame(columns=["factor", "low", "high", "options", "p", "unit"])


def _table(results: Results, limits: dict[str, Any]) -> pd.DataFrame:
    rows = [
        {"factor": name, "low": None, "high": None, "options": None, **limit, "unit": results.unit(name)}
        for name, limit in limits.items()
    ]
    return pd.DataFrame(rows, columns=_no_limits().columns)


def _said(row: dict[str, Any]) -> str:
    if row["options"]:
        return f"{row['factor']} is {' or '.join(row['options'])}"
    unit = f" {row['unit']}" if row["unit"] else ""
    if math.isinf(row["high"]):
        return f"{row['factor']} >= {row['low']:.4g}{unit}"
    if math.isinf(row["low"]):
        return f"{row['factor']} <= {row['high']:.4g}{unit}"
    return f"{row['factor']} {row['low']:.4g} to {row['high']:.4g}{unit}"
