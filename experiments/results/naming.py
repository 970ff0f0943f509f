"""Factors, measures and levels in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.results.results import Results
from sim import run_files
from sim.errors import InputError
from sim.view.names import Named, factor_named, measure_named

if TYPE_CHECKING:
    from sim.scenario import Scenario


def measure_of(results: Results, measure: str) -> Named:
    """A measure in words, with the unit that its column says."""
    return measure_named(results.known_measure(measure), results.units.get(measure))


def factor_of(results: Results, factor: str) -> Named:
    """A factor in words, with its unit."""
    return factor_named(factor, results.unit(factor))


def word(level: Any) -> Any:
    """A level as charts take it: a plain number, or words."""
    if level is None or (isinstance(level, float) and math.isnan(level)):
        return level_text(level)
    return level.item() if isinstance(level, np.generic) else level


def scenario_of(results: Results) -> Scenario | None:
    """The only scenario of these results; None when there are several, or when it is not here any more."""
    if results.study is not None:
        try:
            found = list(results.study.scenarios.values())
        except InputError:
            return None
        return found[0] if len(found) == 1 else None
    return run_files.scenario_of(results.folder or ".", results.manifest) if results.manifest.get("scenario") else None


def level_text(level: Any) -> str:
    """A level as people write it."""
    if level is None or (isinstance(level, float) and math.isnan(level)):
        return "as in the scenario"
    if isinstance(level, bool | np.bool_):
        return "on" if level else "off"
    return f"{level:g}" if isinstance(level, int | float | np.number) else str(level)
