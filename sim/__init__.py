"""The battle: sector, forces, every rule, what is measured, and the ways to look at it.

`from sim import BattleModel, World, load_scenario, muster, KINDS, PHASES, MEASURES`; names are loaded when first used, so
that a sweep's worker imports neither Mesa nor a plotting library.
"""

import os
import sys
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

_HOMES = {
    "BattleModel": "sim.model",
    "InfantryGroup": "sim.handles",
    "ArmorSection": "sim.handles",
    "FpvTeam": "sim.handles",
    "ArtilleryBattery": "sim.handles",
    "GlideBombStrike": "sim.handles",
    "KINDS": "sim.kinds",
    "PHASES": "sim.phases",
    "MEASURES": "sim.measures",
    "InputError": "sim.errors",
    "Scenario": "sim.scenario",
    "load_scenario": "sim.scenario",
    "World": "sim.world",
    "muster": "sim.mustering",
}
__all__ = sorted(_HOMES)

_SHARED = ("draws", "columns", "forces", "codes", "fields", "unit_rows", "front", "visibility", "phases/command", "phases/decide", "phases/fire")  # helpers that are compiled into the phases' kernels


def _own_kernel_cache() -> None:
    """Keeps compiled kernels by the text of the helpers inside them: the compiler's cache looks at the caller's file only."""
    if "NUMBA_CACHE_DIR" in os.environ or "numba" in sys.modules:
        return
    here = Path(__file__).parent
    places = [here / name for name in _SHARED]
    files = [file for p in places for file in (sorted(p.glob("*.py")) if p.is_dir() else [p.with_suffix(".py")])]
    text = b"".join(file.read_bytes() for file in files)
    folder = here / "__pycache__" / f"kernels-{blake2b(text, digest_size=6).hexdigest()}"
    if os.access(here, os.W_OK):
        os.environ["NUMBA_CACHE_DIR"] = str(folder)


_own_kernel_cache()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
