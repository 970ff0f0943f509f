"""A sweep's folder, opened for writing: made or resumed, locked, and refused when it holds something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.storage.files import replacing, writing
from experiments.storage.sweep_store import LOCK, TABLES, Store, commits, read_manifest
from sim.errors import InputError

OWN = (*TABLES, LOCK, "study.toml")  # what a kill may leave before there is a manifest
Check = Callable[[dict[str, Any]], None]


def open_store(folder: Path, manifest: dict[str, Any], study: str, check: Check) -> Store:
    """The folder, made or resumed, locked. `check` sees an older manifest and raises InputError if it does not fit."""
    lock = None
    with writing(f"--out {str(folder)!r}"):
        try:
            _look(folder, check)
            for name in TABLES:
                (folder / name).mkdir(parents=True, exist_ok=True)
            lock = _lock(folder)
            known = _look(folder, check)  # another sweep may just have ended
            store = Store(folder, lock)
            store.tidy()
            file = folder / "study.toml"
            if not file.is_file() or file.read_text(encoding="utf-8") != study:  # a title may change
                write_text(file, study)
            if not known:
                write_manifest(folder, manifest)
            return store
        except BaseException:
            if lock is not None:
                lock.release()
            raise


def _look(folder: Path, check: Check) -> bool:
    """True when the folder holds this sweep, False when it is new; InputError when it holds something else."""
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise InputError(f"--out {str(folder)!r} is a file; allowed: a folder.")
    old = read_manifest(folder)
    if old is not None:
        check(old)
        return True
    if any(commits(folder, table) for table in TABLES):
        raise InputError(f"--out {str(folder)!r} is half a sweep: it has no manifest.toml; give another --out, or remove the folder.")
    if any(path.name not in OWN and not path.name.endswith(".tmp") for path in folder.iterdir()):
        raise InputError(f"--out {str(folder)!r} holds other files; give another --out.")
    return False


def _lock(folder: Path) -> Any:
    """The lock of a folder, which the system takes back from a process that is killed."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"--out {str(folder)!r}: another sweep is writing there; wait for it, or give another --out.") from None
    except NotImplementedError:
        raise InputError(f"--out {str(folder)!r} is on a file system without locks; give an --out elsewhere.") from None
    return lock


def write_text(path: Path, text: str) -> None:
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    import tomli_w

    write_text(folder / "manifest.toml", tomli_w.dumps(manifest))
