"""The claims of the founding analysis and the mission questions. `from experiments.claims import answer`."""

from importlib import import_module
from typing import Any

_HOMES = {"answer": "experiments.claims.claims"}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
