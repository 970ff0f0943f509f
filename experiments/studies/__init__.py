"""Design of experiments: studies, their factors and points. `from experiments.studies import load_study, study_of`."""

from importlib import import_module
from typing import Any

_HOMES = {"load_study": "experiments.studies.files", "study_names": "experiments.studies.files", "study_of": "experiments.studies.files", "Study": "experiments.studies.study"}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
