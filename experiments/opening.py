"""A sweep's folder, opened for writing: made or resumed, locked, and refused when it holds something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.outputs import replacing
from experiments.store import LOCK, TABLES, Store, commits, read_manifest
from sim.quantity import InputError


def open_store(folder: Path, manifest: dict[str, Any], study: str, check: Callable[[dict[str, Any]], None]) -> Store:
    """The folder, made or resumed, locked. `check` sees an older manifest and raises InputError if it does not fit."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {str(folder)!r} is a file; allowed: a folder.")
    old = read_manifest(folder)
    if old is not None:
        check(old)
    elif folder.is_dir():
        strangers = [p.name for p in folder.iterdir() if p.name not in (*TABLES, LOCK, "study.toml") and not p.name.endswith(".tmp")]
        if strangers or any(commits(folder, t) for t in TABLES):
            raise InputError(f"--out {str(folder)!r} holds other files; give another --out.")
    try:
        for name in TABLES:
            (folder / name).mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
    except OSError as error:
        raise InputError(f"--out {str(folder)!r} cannot be written: {error.strerror or error}.") from None
    try:
        store = Store(folder, lock)
        store.tidy()
        if old is None:
            write_text(folder / "study.toml", study)
            write_manifest(folder, manifest)
        return store
    except OSError as error:
        lock.release()
        raise InputError(f"--out {str(folder)!r} cannot be written: {error.strerror or error}.") from None
    except BaseException:
        lock.release()
        raise


def _lock(folder: Path) -> Any:
    """The lock of a folder, which the system takes back from a process that is killed."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"--out {str(folder)!r}: another sweep is writing there; wait for it, or give another --out.") from None
    return lock


def write_text(path: Path, text: str) -> None:
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    import tomli_w

    write_text(folder / "manifest.toml", tomli_w.dumps(manifest))
