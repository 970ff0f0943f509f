"""Versions of what decides the numbers; the commit."""

from __future__ import annotations

import contextlib
import platform
from importlib import metadata

from sim.identity import git_commit as git_commit


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    out = {"python": platform.python_version()}
    for name in ("pokrovsk", "numpy", "numba", "pyarrow"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            out[name] = metadata.version(name)
    return out
