"""The output folder of `pokrovsk run`: its files, written from the store in `.parts` at the end of a command.

Every file is written beside its place, flushed to disk and moved there, so that a reader finds the old file, the new
one or none. The store makes a stopped command resume and a small ensemble grow.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.identity import SCHEMA, key_of_seed, settings_key
from experiments.runs.parameters import acting_parameters
from experiments.runs.portable import portable_scenario
from experiments.runs.provenance import versions
from experiments.runs.simulation import code_key
from experiments.storage.sweep_folder import open_locked, write_bytes, write_manifest
from experiments.storage.sweep_store import LOCK
from sim.errors import InputError, read_toml
from sim.identity import git_commit

if TYPE_CHECKING:
    from experiments.storage.sweep_store import Store
    from sim.scenario import Scenario

PARTS = ".parts"
OWN_FILES = (
    *("daily.parquet", "captures.parquet", "events.parquet", "control.npz", "frame.npz"),
    *("summary.json", "manifest.toml"),
    *(f"{picture}.{kind}" for picture in ("battle", "fan") for kind in ("png", "svg", "pdf")),
)
COPIES = ("front-*", "plugins/*.py", "map/*.csv")  # of front files, plugins and tables of the ground


def open_folder(folder: Path, scenario: Scenario, key: str, force: bool) -> Store:
    """The store of a folder, ready for runs of this scenario and these settings; InputError when it is a file, not writable, or taken."""
    store = open_locked(folder, folder / PARTS, lambda: _refuse_others(folder, key, force))
    if force:
        _clear(folder, store)
    write_manifest(store.folder, {"schema": SCHEMA, "kind": "run", "name": scenario.name, "key": key, "code": code_key()})
    return store


def _refuse_others(folder: Path, key: str, force: bool) -> None:
    """InputError when the folder holds anything but earlier runs of the same settings by the same code."""
    if not folder.exists():
        return
    if (folder / "study.toml").is_file() or (folder / "runs").is_dir():
        raise InputError(f"--out {str(folder)!r} holds a sweep; give another --out.")
    if force:
        return
    advice = "give another --out, or --force to replace it."
    manifest = next((file for file in (folder / PARTS / "manifest.toml", folder / "manifest.toml") if file.is_file()), None)
    if manifest is None:
        if any(p.name != PARTS for p in folder.iterdir()):
            raise InputError(f"--out {str(folder)!r} holds other files; {advice}")
        return
    try:
        held = read_toml(manifest)
    except InputError:
        raise InputError(f"--out {str(folder)!r} holds a manifest.toml that cannot be read; {advice}") from None
    if held.get("key") != key:
        raise InputError(f"--out {str(folder)!r} holds another run ({held.get('name', 'unknown')}, other settings); {advice}")
    if held.get("code") != code_key():
        raise InputError(f"--out {str(folder)!r} holds the same run made by another version of the model; {advice}")


def _clear(folder: Path, store: Store) -> None:
    """Removes what an earlier run left, and nothing else."""
    for path in store.folder.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in (*(folder / name for name in OWN_FILES), *(path for copies in COPIES for path in folder.glob(copies))):
        path.unlink(missing_ok=True)
    store.reset()


def write_run_manifest(folder: Path, scenario: Scenario, overrides: dict[str, Any], seeds: list[int], status: str, stop_when: str | None) -> None:
    """What these files are: the scenario in full, what was overridden, every parameter that acted, when runs stop, seeds and versions."""
    from sim.settings import Settings

    parameters, as_mustered = acting_parameters(scenario, overrides)
    key = settings_key(scenario, overrides, stop_when)
    data, files = portable_scenario(scenario)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        write_bytes(folder / name, content)
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "name": scenario.name,
        "key": key,
        "code": code_key(),
        "status": status,
        "start": scenario.start,
        "end": scenario.start + dt.timedelta(days=scenario.days),
        "days": scenario.days,
        **({"stop_when": stop_when} if stop_when else {}),
        "seeds": seeds,
        "run_keys": [key_of_seed(key, seed) for seed in seeds],
        "git_commit": git_commit() or "",
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "as_mustered": as_mustered,
        "versions": versions(),
        "overrides": Settings(overrides).overrides,
        "parameters": {name: value for name, value in parameters.items() if value is not None},
        "scenario": data,
    }
    write_manifest(folder, manifest)
