"""The whole step in plain Python: every kernel of a battle gives its place to its twin for a while."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import sim.battle
import sim.phases  # noqa: F401  every module of a step is there before its kernels are looked for

OF_THE_MAP = {"sim.geometry", "sim.local_records"}  # kernels that only look at a battle, for measures and figures: they have no twin


def is_kernel(value) -> bool:
    """True for a compiled function."""
    return hasattr(value, "py_func")


def kernels_of(module: ModuleType) -> dict[str, Callable]:
    """The compiled functions that a module, or a phase that is a package of files, defines, by name."""
    files = [module]
    if hasattr(module, "__path__"):
        files += [import_module(f"{module.__name__}.{file.name}") for file in iter_modules(module.__path__)]
    return {name: value for file in files for name, value in vars(file).items()
            if is_kernel(value) and value.py_func.__module__ == file.__name__}


def twin_of(kernel) -> Callable:
    """The plain function of the same name: that of `sim.phases.fire.duels.toll` is `plain.fire.toll`."""
    home = kernel.py_func.__module__.removeprefix("sim.").removeprefix("phases.").split(".")[0]
    return getattr(import_module(f"plain.{home}"), kernel.py_func.__name__)


def places() -> list[tuple[ModuleType, str]]:
    """Where kernels of a battle are called by name: every module that made or imported one."""
    modules = [m for name, m in sorted(sys.modules.items()) if name.startswith("sim.") and name not in OF_THE_MAP]
    return [(m, name) for m in modules for name, value in vars(m).items() if is_kernel(value)]


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Within this context a step runs in plain Python, to the same bits and far more slowly; for one thread only."""
    kept = [(module, name, getattr(module, name)) for module, name in places()]
    twins = [twin_of(kernel) for _, _, kernel in kept]  # a kernel without a twin is an error before anything changes
    try:
        for (module, name, _), twin in zip(kept, twins):
            setattr(module, name, twin)
        yield
    finally:
        for module, name, kernel in kept:
            setattr(module, name, kernel)
