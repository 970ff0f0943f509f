"""Many runs: ensembles, studies, worker processes. `from experiments.sweep import sweep`."""

from importlib import import_module
from typing import Any

_HOMES = {"sweep": "experiments.sweep.study_sweep"}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
