"""Battles by the dozen: studies, sweeps, results, analysis. `from experiments import load` opens a folder of results."""

from typing import Any

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """`load` is handed on when it is first asked for, so that a worker does not import what reads results."""
    if name == "load":
        from experiments.results import load

        return load
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
