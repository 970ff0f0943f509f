"""The output folder of a battle: one piece a run as it finishes, then tables, maps, summary and manifest.

Every file is written beside its place, flushed to disk and moved there, so that a reader finds the old file, the new
one or none. `.parts` holds the pieces: they make a stopped command resume and a small ensemble grow.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from experiments.runs.identity import SCHEMA, run_key, settings_key
from experiments.runs.provenance import git_commit, versions
from experiments.runs.simulation import RunResult, code_key
from experiments.storage.files import replacing, writing
from sim.errors import InputError
from sim.scenario import Scenario

PARTS = ".parts"
OWN_FILES = (
    *("daily.parquet", "captures.parquet", "events.parquet", "control.npz", "frame.npz"),
    *("summary.json", "manifest.toml"),
    *(f"{picture}.{kind}" for picture in ("battle", "fan") for kind in ("png", "svg", "pdf")),
)


# Pieces


def piece_path(folder: Path, seed: int) -> Path:
    return folder / PARTS / f"run-{seed}.npz"


def write_piece(path: Path, result: RunResult) -> None:
    """One run as one file: numbers as arrays, the rest as JSON."""
    told = {
        "schema": SCHEMA,
        "key": result.key,
        "seed": result.seed,
        "wall_s": result.wall_s,
        "compile_s": result.compile_s,
        "unit_steps": result.unit_steps,
        "steps": result.steps,
        "captures": result.captures,
        "events": result.events,
    }
    arrays = {f"daily.{name}": column for name, column in result.daily.items()}
    if result.control is not None:
        arrays["control"] = result.control
    arrays |= {f"frame.{name}": column for name, column in (result.frame or {}).items()}
    text = np.frombuffer(json.dumps(told, default=str).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft, open(draft, "wb") as file:
        np.savez_compressed(file, told=text, **arrays)


def read_piece(path: Path) -> RunResult | None:
    """The run of a piece; None when there is none, or it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as data:
            told = json.loads(data["told"].tobytes())
            if told.pop("schema") != SCHEMA:
                return None
            daily, frame = _group(data, "daily."), _group(data, "frame.")
            control = data["control"] if "control" in data.files else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    for row in told["captures"]:
        row.update({k: dt.date.fromisoformat(row[k]) for k in ("captured", "recaptured") if row.get(k)})
    for row in told["events"]:
        row["date"] = dt.date.fromisoformat(row["date"])
    return RunResult(daily=daily, control=control, frame=frame or None, **told)


def _group(data, prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): data[name] for name in data.files if name.startswith(prefix)}


def has_piece(folder: Path, key: str, seed: int, maps: bool) -> bool:
    """True when the run of that key is there whole (with its maps, if they are wanted)."""
    try:
        with np.load(piece_path(folder, seed), allow_pickle=False) as data:
            told = json.loads(data["told"].tobytes())
            return told["schema"] == SCHEMA and told["key"] == key and (not maps or "control" in data.files)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return False


# The folder


def open_folder(folder: Path, scenario: Scenario, overrides: dict[str, Any], force: bool) -> None:
    """Makes the folder ready for runs of this scenario, or raises InputError: it is a file, not writable, or taken."""
    key = settings_key(scenario, overrides)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {str(folder)!r} is a file; allowed: a folder.")
    if folder.is_dir() and not force:
        _refuse_strangers(folder, key)
    with writing(f"--out {str(folder)!r}"):
        if force:
            _clear(folder)
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
        for old in (folder / PARTS).glob(".*.tmp"):
            old.unlink(missing_ok=True)
        with replacing(folder / PARTS / "probe") as draft:
            draft.write_bytes(b"writable")
        (folder / PARTS / "probe").unlink()


def _refuse_strangers(folder: Path, key: str) -> None:
    """InputError when the folder holds anything but earlier runs of the same settings by the same code."""
    manifest = folder / "manifest.toml"
    advice = "give another --out, or --force to replace it."
    if not manifest.is_file():
        if any(p.name != PARTS for p in folder.iterdir()):
            raise InputError(f"--out {str(folder)!r} holds other files; {advice}")
        return
    try:
        told = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InputError(f"--out {str(folder)!r} holds a manifest.toml that cannot be read; {advice}") from None
    if told.get("key") != key:
        raise InputError(
            f"--out {str(folder)!r} holds another run ({told.get('name', 'unknown')}, other settings); {advice}"
        )
    if told.get("code") != code_key():
        raise InputError(f"--out {str(folder)!r} holds the same run made by another version of the model; {advice}")


def _clear(folder: Path) -> None:
    """Removes what an earlier run left, and nothing else."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)
    for name in OWN_FILES:
        (folder / name).unlink(missing_ok=True)


def known_seeds(folder: Path) -> list[int]:
    """Seeds that have a piece in the folder."""
    names = (p.stem.removeprefix("run-") for p in (folder / PARTS).glob("run-*.npz"))
    return sorted(int(n) for n in names if n.lstrip("-").isdigit())


def write_manifest(folder: Path, scenario: Scenario, overrides: dict[str, Any], seeds: list[int], status: str) -> None:
    """What these files are: the scenario in full, what was overridden, every parameter, seeds and versions."""
    import tomli_w

    from sim.levers import acting
    from sim.settings import Settings

    given = Settings(overrides).overrides
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "name": scenario.name,
        "key": settings_key(scenario, overrides),
        "code": code_key(),
        "status": status,
        "start": scenario.start,
        "end": scenario.start + dt.timedelta(days=scenario.days),
        "days": scenario.days,
        "seeds": seeds,
        "run_keys": [run_key(scenario, overrides, s) for s in seeds],
        "git_commit": git_commit() or "",
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "versions": versions(),
        "overrides": given,
        "parameters": {key: value for key, value in acting(scenario, overrides).items() if value is not None},
        "scenario": scenario.model_dump(exclude_none=True),
    }
    with replacing(folder / "manifest.toml") as draft:
        draft.write_text(tomli_w.dumps(told), encoding="utf-8")
