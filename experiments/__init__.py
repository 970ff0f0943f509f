"""Battles by the dozen: studies, sweeps, results, analysis. `from experiments import load` opens a folder of results."""

from contextlib import suppress
from importlib import import_module
from typing import Any

from experiments.compatibility import EARLIER

_HOMES = {
    "load": "experiments.figures.plotting",
    "simulate": "experiments.runs.simulation",
    "forecasts": "experiments.forecasting.files",
    "posterior": "experiments.calibration.posterior",
    "record": "experiments.observation.record",
    "scorecards": "experiments.validation.archive",
    "sweep": "experiments.sweep",
}
__all__ = sorted(_HOMES)
with suppress(ModuleNotFoundError):  # sources that are not installed
    import pokrovsk  # noqa: F401  an ImportError of one line when a module of the user's hides one of ours


def __getattr__(name: str) -> Any:
    """Loaded when first asked for, so that a worker does not import what reads results."""
    if name in _HOMES:
        module = import_module(_HOMES[name])
        return getattr(module, name) if name in ("load", "simulate") else module
    if name == "__version__":
        from importlib.metadata import version

        return version("pokrovsk")
    if name in EARLIER:
        return import_module(f"experiments.{name}")
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
