"""The battle: sector, forces, every rule, what is measured, and the ways to look at it.

`from sim import BattleModel, World, load_scenario, muster, KINDS, PHASES, MEASURES`; names are loaded when first used, so
that a sweep's worker imports neither Mesa nor a plotting library.
"""

import contextlib
import os
import re
import sys
from hashlib import blake2b, sha1
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
    """Keeps compiled kernels by the text of the helpers inside them: the compiler's cache looks at the caller's file only.

    They lie in the package or, when that cannot be written to, in a temporary folder that begins as a copy of those in the
    package. Below a `NUMBA_CACHE_DIR` of the user's own they have a folder of this kind too.
    """
    here = Path(__file__).parent
    name = f"kernels-{blake2b(b''.join(_shared_sources().values()), digest_size=6).hexdigest()}"
    folder: Path | None
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        base = Path(given)
        folder = (base.parent if base.name.startswith("kernels-") else base) / name
    else:
        folder = here / "__pycache__" / name
        if not _can_write(folder):
            folder = _temporary(folder, here)
    if folder is not None:
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
        if "numba" in sys.modules:
            sys.modules["numba"].config.CACHE_DIR = str(folder)


def _can_write(folder: Path) -> bool:
    """True for a folder that is there, or can be made, and takes files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _temporary(shipped: Path, here: Path) -> Path | None:
    """A folder of this user's own for kernels, with the shipped ones in it; None when nothing can be written at all.

    The compiler files kernels by the path of their source, which an image mounted elsewhere does not keep: the copy is
    filed by the path of today.
    """
    import shutil
    import tempfile

    user = os.getuid() if hasattr(os, "getuid") else 0
    try:
        home = Path(tempfile.gettempdir()) / f"pokrovsk-{user}-{blake2b(str(here).encode(), digest_size=4).hexdigest()}"
        home.mkdir(mode=0o700, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid != user or home.stat().st_mode & 0o022:  # kernels are code
            home = Path(tempfile.mkdtemp(prefix="pokrovsk-"))
        folder = home / shipped.name
        if folder.is_dir():
            return folder
        draft = Path(tempfile.mkdtemp(dir=home))
        for source in {file.parent for file in here.rglob("*.py")}:
            for old in shipped.glob(f"{source.name}_*"):
                path = f"{source.name}_{sha1(str(source).encode(), usedforsecurity=False).hexdigest()}"
                shutil.copytree(old, draft / path, dirs_exist_ok=True)
        with contextlib.suppress(OSError):  # another process was first
            draft.rename(folder)
        return folder if folder.is_dir() else draft
    except OSError:
        return None


_own_kernel_cache()
with contextlib.suppress(ModuleNotFoundError):  # sources that are not installed
    import pokrovsk  # noqa: F401  an ImportError of one line when a module of the user's hides one of ours


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("pokrovsk")
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
