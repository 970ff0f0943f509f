"""The battle: sector, forces, every rule, what is measured, and the ways to look at it.

`from sim import BattleModel, World, load_scenario, muster, KINDS, PHASES, MEASURES`; names are loaded when first used, so
that a sweep's worker imports neither Mesa nor a plotting library.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "BattleModel": "sim.model",
    "KINDS": "sim.kinds",
    "PHASES": "sim.phases",
    "MEASURES": "sim.measures",
    "InputError": "sim.quantity",
    "Scenario": "sim.scenario",
    "load_scenario": "sim.scenario",
    "World": "sim.world",
    "muster": "sim.muster",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
