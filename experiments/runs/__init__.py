"""One run of one scenario. `from experiments.runs import simulate`."""

from importlib import import_module
from typing import Any

_HOMES = {"simulate": "experiments.runs.simulation", "RunResult": "experiments.runs.simulation"}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
