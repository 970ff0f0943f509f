"""Identity of the model: the key and the commit of the code that a run is made with."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

HOME = Path(__file__).resolve().parent


def code_key() -> str:
    """Hash of the model's source, of the tables it reads, and of rules and measures that were replaced or added in this process.

    Runs with equal keys agree if scenario, parameters and seed are equal too.
    """
    changes = list(_changes())
    key = source_key()
    return hashlib.sha256("\n".join([key, *changes]).encode()).hexdigest()[:16] if changes else key


@cache
def source_key() -> str:
    """Hash of the source as it was when first asked for, and of the tables of the map."""
    import seeds

    digest = hashlib.sha256()
    files = [f for f in sorted(HOME.rglob("*.py")) if "view" not in f.relative_to(HOME).parts]
    for file in [*files, *sorted(seeds.path("map").glob("*.csv"))]:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _changes() -> Iterator[str]:
    """What in the rules and measures of this process is not as in the source: what it is called, and its code."""
    from sim import measures, phases

    if list(phases.PHASES) != list(phases.SHIPPED):
        yield f"phases {' '.join(phases.PHASES)}"
    for name, phase in phases.PHASES.items():
        if phase is not phases.SHIPPED.get(name):
            yield f"phase {name} {phase.__name__} {_digest(getattr(phase, 'run', None))}"
    for module, before in phases.NAMESPACES.items():
        for name, value in vars(sys.modules[module]).items():
            if value is not before.get(name) and not name.startswith("__") and not isinstance(value, ModuleType):
                yield f"{module} {name} {_digest(value)}"
    present = {name: m for name, m in measures.MEASURES.items() if not m.plugin}  # plugins are part of the scenario and its key
    if list(present) != list(measures.SHIPPED):
        yield f"measures {' '.join(present)}"
    for name, measure in present.items():
        if measure is not measures.SHIPPED.get(name):
            yield f"measure {name} {measure.kind} {measure.unit} {' '.join(measure.needs)} {_digest(measure.of)}"


def _code(value: Any) -> CodeType | None:
    """The code of a function, compiled or not."""
    code = getattr(getattr(value, "py_func", value), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _digest(value: Any) -> str:
    """A hash of what a function does: its instructions, constants and names, those of functions within it too; else its text."""
    digest = hashlib.sha256()

    def add(code: CodeType) -> None:
        digest.update(code.co_code)
        digest.update(repr(code.co_names).encode())
        for constant in code.co_consts:
            add(constant) if isinstance(constant, CodeType) else digest.update(repr(constant).encode())

    code = _code(value)
    if code is None:
        return repr(value)
    add(code)
    return digest.hexdigest()[:16]


@cache
def git_commit() -> str | None:
    """The commit of the checkout that this code runs from ('+' when it has changes); None outside one or without git."""
    root = HOME.parent
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
