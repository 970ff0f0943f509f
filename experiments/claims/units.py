"""Measures of the claims by independent unit: a seed, or with several parameter sets a set and all of its seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.claims.rules import load_claims, with_facts
from experiments.results.results import RATIOS, pseudovalues
from sim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from experiments.results.results import Results


def units_of(results: Results, runs: pd.DataFrame) -> pd.Series:
    """The unit of each run. Runs of one set share what was drawn for it, so the set is the unit, not the seed."""
    first = results.study.point_seeds if results.study is not None else None
    if not first:
        return runs["seed"]
    starts = np.unique(first)
    return pd.Series(np.searchsorted(starts, runs["seed"].to_numpy(), side="right") - 1, index=runs.index)


def expressions_of(name: str) -> tuple[str, str]:
    """What a measure is made of: an expression, and that of the total it is divided by ("": none)."""
    quantity = load_claims().measure.get(name)
    if quantity is not None:
        return with_facts(quantity.of), with_facts(quantity.per)
    return RATIOS.get(name, (name, ""))


def values_of(name: str, results: Results, runs: pd.DataFrame) -> pd.Series:
    """A named measure of each run: one of the claims' expressions, or a measure that the run keeps."""
    if name not in load_claims().measure:
        if name not in runs:
            raise InputError(f"measure {name!r} is not in the study.{did_you_mean(name, runs.columns)}")
        return runs[name].astype(float)
    of, per = expressions_of(name)
    # `days` is a column of the runs, so that studies with scenarios of different lengths read the same
    top = runs.eval(of).astype(float)
    return top / runs.eval(per).astype(float).where(lambda v: v != 0) if per else top


def terms(name: str, results: Results, runs: pd.DataFrame) -> pd.DataFrame:
    """A measure by unit: columns `top` and, of a ratio of totals, `per`; means over the runs of a unit."""
    of, per = expressions_of(name)
    if per and name in RATIOS and not {of, per} <= {*runs}:
        of, per = name, ""  # runs that keep the ratio alone
    table = pd.DataFrame({"top": values_of(name, results, runs) if not per else runs.eval(of).astype(float)})
    if per:
        table["per"] = runs.eval(per).astype(float)
    return table.groupby(units_of(results, runs)).mean()


def paired(name: str, results: Results, *arms: pd.DataFrame) -> list[pd.DataFrame]:
    """The terms of each arm by the units that all have, each from the seeds that all have."""
    shared = set.intersection(*(set(arm["seed"]) for arm in arms))
    return [terms(name, results, arm[arm["seed"].isin(shared)]) for arm in arms]


def values(table: pd.DataFrame) -> pd.Series:
    """One value a unit: of a ratio of totals the jackknife pseudo-values, whose mean is the ratio of the sums."""
    if "per" not in table:
        return table["top"]
    return pseudovalues(*(table[[column]].T for column in ("top", "per"))).iloc[0]
