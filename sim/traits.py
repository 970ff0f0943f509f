"""Kinds of unit that plugins add: their numbers, and their traits as a table by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.forces import Kind
from sim.plugin_files import parts_of

if TYPE_CHECKING:
    from sim.scenario import Scenario

FIRST = max(Kind) + 1  # number of the first of them


class Traits(NamedTuple):
    """What kernels know of each kind of unit, by its number."""

    setback_km: np.ndarray  # (k,) km behind its own line at which it works, moving with it; 0: it does not


def kind_numbers(scenario: Scenario) -> dict[str, int]:
    """The number of every kind of a battle by name: ours, then those of the scenario's plugins in their order."""
    ours = {k.name.lower(): int(k) for k in Kind if k >= 0}
    return ours | {name: FIRST + k for k, name in enumerate(parts_of(scenario.plugins, "kind"))}


def traits_of(scenario: Scenario, settings: Any) -> Traits:
    """The traits of every kind of a battle under these parameters."""
    groups = [getattr(settings, name) for name in kind_numbers(scenario)]
    return Traits(np.array([float(getattr(group, "setback_km", 0.0)) for group in groups]))
