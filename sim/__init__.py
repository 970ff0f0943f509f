"""The battle: sector, forces, every rule, what is measured, and the ways to look at it.

`from sim import BattleModel, World, load_scenario, muster, KINDS, PHASES, MEASURES`; names are loaded when first used, so
that a sweep's worker imports neither Mesa nor a plotting library.
"""

import os
import re
import sys
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.errors import InputError
    from sim.handles import ArmorSection, ArtilleryBattery, FpvTeam, GlideBombStrike, InfantryGroup
    from sim.kinds import KINDS
    from sim.measures import MEASURES
    from sim.model import BattleModel
    from sim.mustering import muster
    from sim.phases import PHASES
    from sim.scenario import Scenario, load_scenario
    from sim.world import World

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
__all__ = [
    "KINDS", "MEASURES", "PHASES", "ArmorSection", "ArtilleryBattery", "BattleModel", "FpvTeam", "GlideBombStrike",
    "InfantryGroup", "InputError", "Scenario", "World", "load_scenario", "muster",
]  # fmt: skip

_IMPORT = re.compile(r"\nfrom (sim[\w.]*) import (\([^)]*\)|.*)")
_KERNEL = ("\n@kernel", "\n@array_kernel", "\n@njit", " njit(")
_IS_CONSTANT = re.compile(r"\b[A-Z][A-Z_0-9]+\b")


def _shared_sources() -> dict[str, bytes]:
    """The modules whose text is compiled into kernels of other files, by name.

    Those from which a module with kernels takes something, if they have kernels themselves or hand out constants; and those
    from which these do.
    """
    here = os.path.dirname(__file__)
    texts = {}
    for folder, _, names in (next(os.walk(here)), *os.walk(os.path.join(here, "phases"))):
        package = "sim" + folder.removeprefix(here).replace(os.sep, ".")
        for name in names:
            if name.endswith(".py"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    texts[f"{package}.{name.removesuffix('.py')}"] = file.read()
    kernels = {name for name, text in texts.items() if any(word in text for word in _KERNEL)}
    shared: set[str] = set()
    waiting = list(kernels)
    while waiting:
        for module, names in _IMPORT.findall(texts[waiting.pop()]):
            if module not in shared and module in texts and (module in kernels or _IS_CONSTANT.search(names)):
                shared.add(module)
                waiting.append(module)
    return {name: texts[name].encode() for name in sorted(shared)}


def _own_kernel_cache() -> None:
    """Keeps compiled kernels by the text of the helpers inside them: the compiler's cache looks at the caller's file only."""
    if "NUMBA_CACHE_DIR" in os.environ or "numba" in sys.modules:
        return
    here = Path(__file__).parent
    folder = here / "__pycache__" / f"kernels-{blake2b(b''.join(_shared_sources().values()), digest_size=6).hexdigest()}"
    if os.access(here, os.W_OK):
        os.environ["NUMBA_CACHE_DIR"] = str(folder)


_own_kernel_cache()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
