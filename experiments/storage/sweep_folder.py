"""A store of runs, opened for writing: made or resumed, locked, and refused when it holds something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.storage.files import replacing, writing
from experiments.storage.sweep_store import LOCK, TABLES, Store, commits, read_manifest
from sim.errors import InputError

OWN = (*TABLES, LOCK, "study.toml", "scenarios")  # what a kill may leave before there is a manifest
Check = Callable[[dict[str, Any]], None]


def open_store(folder: Path, check: Check) -> Store:
    """The folder of a sweep, made or resumed, locked. `check` sees an older manifest and raises InputError if it does not fit."""
    return open_locked(folder, folder, lambda: _look(folder, check))


def open_locked(folder: Path, home: Path, look: Callable[[], None]) -> Store:
    """The store at `home` within the output folder, locked. `look` raises InputError when the folder must not be used."""
    lock = None
    with writing(f"--out {str(folder)!r}"):
        try:
            if folder.exists() and not folder.is_dir():
                raise InputError(f"--out {str(folder)!r} is a file; allowed: a folder.")
            look()
            (home / "runs").mkdir(parents=True, exist_ok=True)
            lock = _lock(home, folder)
            look()  # another command may just have ended
            store = Store(home, lock)
            store.tidy()
            return store
        except BaseException:
            if lock is not None:
                lock.release()
            raise


def _look(folder: Path, check: Check) -> None:
    """InputError when the folder holds something other than the sweep that `check` accepts."""
    if not folder.exists():
        return
    old = read_manifest(folder)
    if old is not None:
        check(old)
        return
    if any(commits(folder, table) for table in TABLES):
        raise InputError(f"--out {str(folder)!r} is half a sweep: it has no manifest.toml; give another --out, or remove the folder.")
    if any(path.name not in OWN and not path.name.endswith(".tmp") for path in folder.iterdir()):
        raise InputError(f"--out {str(folder)!r} holds other files; give another --out.")


def _lock(home: Path, folder: Path) -> Any:
    """The lock of a store, which the system takes back from a process that is killed."""
    from filelock import FileLock, Timeout

    lock = FileLock(home / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"--out {str(folder)!r}: another command is writing there; wait for it, or give another --out.") from None
    except NotImplementedError:
        raise InputError(f"--out {str(folder)!r} is on a file system without locks; give an --out elsewhere.") from None
    return lock


def write_study(folder: Path, files: dict[str, bytes]) -> None:
    """The study and its scenarios, by relative path; a file that is there with the same content stays."""
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:  # a title may change
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)


def write_bytes(path: Path, content: bytes) -> None:
    with replacing(path) as draft:
        draft.write_bytes(content)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    import tomli_w

    write_bytes(folder / "manifest.toml", tomli_w.dumps(manifest).encode())
