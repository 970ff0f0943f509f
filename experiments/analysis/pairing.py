"""Matched design points: those that agree in everything but one factor, which a paired comparison compares."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd

from experiments.results.naming import level_text
from experiments.results.results import Results
from sim.errors import InputError


def matched_points(
    results: Results, factor: str, a: Any, b: Any, at: dict[str, Any] | None = None
) -> tuple[pd.Index, pd.Index]:
    """Points with the factor at a and at b that agree in all other factors, row by row."""
    points = results.points
    at = {results.known_factor(k): v for k, v in (at or {}).items()}
    if factor in at:
        raise InputError(f"{factor} is what is compared; it cannot be held at {level_text(at[factor])} too.")
    for name, level in at.items():
        points = points[rows_at_level(points[name], level, name)]
    others = [f for f in results.factors if f != factor]
    sides = [points[rows_at_level(results.points[factor], level, factor).loc[points.index]] for level in (a, b)]
    if not others:
        pairs = list(itertools.product(*(side.index for side in sides)))
        return pd.Index([p[0] for p in pairs]), pd.Index([p[1] for p in pairs])
    one, two = (side[others].assign(point=side.index) for side in sides)
    pairs = one.merge(two, on=others, suffixes=("_a", "_b"))
    if pairs.empty:
        held = f" with {', '.join(f'{k} at {level_text(v)}' for k, v in at.items())}" if at else ""
        raise InputError(
            f"{results.label}: no two points have {factor} at {level_text(a)} and {level_text(b)} and all else equal{held}; "
            f"a {results.design} design is read by effects, indices or a surrogate."
        )
    return pd.Index(pairs["point_a"]), pd.Index(pairs["point_b"])


def rows_at_level(column: pd.Series, level: Any, name: str) -> pd.Series:
    """Where a factor has a level; InputError when it nowhere has."""
    if level is None or (isinstance(level, float) and math.isnan(level)):
        found = column.isna()
    elif isinstance(level, int | float) and not isinstance(level, bool) and column.dtype.kind in "iuf":
        found = pd.Series(np.isclose(column.astype(float), float(level), rtol=1e-9, atol=1e-12), index=column.index)
    else:
        found = column == level
    if not found.any():
        there = levels(column)
        known = ", ".join(level_text(v) for v in there[:12]) + (", ..." if len(there) > 12 else "")
        raise InputError(f"{name}: no point has the level {level_text(level)}; there are: {known}.")
    return found


def levels(column: pd.Series) -> list[Any]:
    """The levels of a factor: numbers in order, else as they come; the scenario's own (no value) first."""
    there = list(dict.fromkeys(column.dropna().tolist()))
    if column.dtype.kind in "iuf":
        there.sort()
    return [None, *there] if column.isna().any() else there
