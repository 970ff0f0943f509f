"""The output folder of a battle: one piece a run as it finishes, then tables, maps, summary and manifest.

Every file is written beside its place, flushed to disk and moved there, so that a reader finds the old file, the new one
or none. `.parts` holds the pieces: they make a stopped command resume and a small ensemble grow.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import platform
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from experiments.runs import SCHEMA, RunResult, code_key, run_key, settings_key
from sim.quantity import InputError
from sim.scenario import Scenario

PARTS = ".parts"
FIRST_MAPS = 16  # runs whose maps are kept with --maps first
OWN_FILES = ("daily.parquet", "captures.parquet", "events.parquet", "control.npz", "summary.json", "manifest.toml",
             "battle.png", "fan.png")  # fmt: skip


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; on success it is flushed to disk and takes the place of `path` at once, else it is removed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield draft
        with open(draft, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


# Pieces


def piece_path(folder: Path, seed: int) -> Path:
    return folder / PARTS / f"run-{seed}.npz"


def write_piece(path: Path, result: RunResult) -> None:
    """One run as one file: numbers as arrays, the rest as JSON."""
    told = {"schema": SCHEMA, "key": result.key, "seed": result.seed, "wall_s": result.wall_s, "compile_s": result.compile_s,
            "unit_steps": result.unit_steps, "steps": result.steps, "captures": result.captures, "events": result.events}  # fmt: skip
    arrays = {f"daily.{name}": column for name, column in result.daily.items()}
    if result.control is not None:
        arrays["control"] = result.control
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
            daily = {name.removeprefix("daily."): data[name] for name in data.files if name.startswith("daily.")}
            control = data["control"] if "control" in data.files else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    for row in told["captures"]:
        row.update({k: dt.date.fromisoformat(row[k]) for k in ("captured", "recaptured") if row.get(k)})
    for row in told["events"]:
        row["date"] = dt.date.fromisoformat(row["date"])
    return RunResult(daily=daily, control=control, **told)


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
    try:
        if force:
            _clear(folder)
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
        for old in (folder / PARTS).glob(".*.tmp"):
            old.unlink(missing_ok=True)
        with replacing(folder / PARTS / "probe") as draft:
            draft.write_bytes(b"writable")
        (folder / PARTS / "probe").unlink()
    except OSError as error:
        raise InputError(f"--out {str(folder)!r} cannot be written: {error.strerror}.") from None


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
        raise InputError(f"--out {str(folder)!r} holds another run ({told.get('name', 'unknown')}, other settings); {advice}")
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


# Manifest


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    out = {"python": platform.python_version()}
    for name in ("pokrovsk", "numpy", "numba", "pyarrow"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            out[name] = metadata.version(name)
    return out


def git_commit() -> str | None:
    """The commit of the checkout this code runs from ('+' when it has changes); None outside one or without git."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        ask = lambda *words: subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=5, check=True)  # noqa: E731
        commit = ask("rev-parse", "--short=12", "HEAD").stdout.strip()
        return commit + ("+" if ask("status", "--porcelain", "--untracked-files=no").stdout.strip() else "")
    except (OSError, subprocess.SubprocessError):
        return None


def write_manifest(folder: Path, scenario: Scenario, overrides: dict[str, Any], seeds: list[int], status: str) -> None:
    """What these files are: the scenario in full, what was overridden, every parameter, seeds and versions."""
    import tomli_w

    from sim.settings import Settings

    settings = Settings({**scenario.params, **overrides})
    given = Settings(overrides).overrides
    told: dict[str, Any] = {
        "schema": SCHEMA, "name": scenario.name, "key": settings_key(scenario, overrides), "code": code_key(), "status": status,
        "start": scenario.start, "end": scenario.start + dt.timedelta(days=scenario.days), "days": scenario.days, "seeds": seeds,
        "run_keys": [run_key(scenario, overrides, s) for s in seeds], "git_commit": git_commit() or "",
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0), "versions": versions(), "overrides": given,
        "parameters": settings.flat(), "scenario": scenario.model_dump(exclude_none=True),
    }  # fmt: skip
    with replacing(folder / "manifest.toml") as draft:
        draft.write_text(tomli_w.dumps(told), encoding="utf-8")


# Tables and maps


def assemble(folder: Path, pieces: Iterable[tuple[int, RunResult]], maps: str) -> list[dict[str, Any]]:
    """Writes the three tables and the maps run by run, and returns each run's totals for the summary."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from experiments.summary import totals_of

    tables = {"daily": _daily_table, "captures": _captures_table, "events": _events_table}
    totals = []
    with contextlib.ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        drafts = {name: stack.enter_context(replacing(folder / f"{name}.parquet")) for name in tables}
        charts = _Maps(stack.enter_context(replacing(folder / "control.npz"))) if maps != "none" else None
        for run, result in pieces:
            for name, build in tables.items():
                table: pa.Table = build(run, result)
                if name not in writers:
                    writers[name] = pq.ParquetWriter(drafts[name], table.schema, compression="zstd")
                writers[name].write_table(table)
            if charts and result.control is not None and (maps == "all" or run < FIRST_MAPS):
                charts.add(run, result.control)
            totals.append(totals_of(run, result))
        for writer in writers.values():
            writer.close()
        if charts:
            charts.close()
    if maps == "none":
        (folder / "control.npz").unlink(missing_ok=True)
    return totals


class _Maps:
    """control.npz with keys run, day and control, its runs added one at a time."""

    def __init__(self, path: Path):
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self.runs: list[int] = []
        self.shape: tuple[int, ...] = ()
        self.file = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115

    def add(self, run: int, control: np.ndarray) -> None:
        self.runs.append(run)
        self.shape = control.shape
        self.file.write(np.ascontiguousarray(control, np.uint8).tobytes())

    def close(self) -> None:
        shape = (len(self.runs), *self.shape) if self.runs else (0, 0, 0, 0)
        self._array("run", np.array(self.runs, np.int64))
        self._array("day", np.arange(shape[1], dtype=np.int64))
        self.file.seek(0)
        with self.archive.open("control.npy", "w", force_zip64=True) as out, self.file as raw:
            np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": shape})
            shutil.copyfileobj(raw, out, 1 << 20)
        self.archive.close()

    def _array(self, name: str, values: np.ndarray) -> None:
        with self.archive.open(f"{name}.npy", "w") as out:
            np.lib.format.write_array(out, values)


def _daily_table(run: int, result: RunResult):
    """One row a day, row 0 the start; every column says its unit, kind and meaning in its metadata."""
    import pyarrow as pa

    from sim.measures import MEASURES

    n = len(result.daily["day"])
    told = {"run": ("", "index", "number of the run, 0 first"), "seed": ("", "index", "seed of the run"),
            "day": ("days", "index", "days since the start"), "date": ("", "index", "calendar date")}  # fmt: skip
    told |= {m.name: (m.unit, m.kind, m.doc) for m in MEASURES.values()}
    columns = {"run": np.full(n, run), "seed": np.full(n, result.seed), **result.daily}
    fields, arrays = [], []
    for name, values in columns.items():
        unit, kind, doc = told.get(name, ("", "", ""))
        kind_of = pa.date32() if name == "date" else pa.int64() if values.dtype.kind in "iub" else pa.float64()
        arrays.append(pa.array(values.astype("datetime64[D]") if name == "date" else values, kind_of))
        fields.append(pa.field(name, kind_of, metadata={"unit": unit, "kind": kind, "doc": doc}))
    return pa.table(arrays, schema=pa.schema(fields, metadata={"schema": str(SCHEMA)}))


def _rows(run: int, result: RunResult, rows: list[dict], kinds: dict[str, Any]):
    import pyarrow as pa

    columns = {"run": [run] * len(rows), "seed": [result.seed] * len(rows), **{k: [r[k] for r in rows] for k in kinds}}
    return pa.table(columns, schema=pa.schema([("run", pa.int64()), ("seed", pa.int64()), *kinds.items()]))


def _captures_table(run: int, result: RunResult):
    import pyarrow as pa

    kinds = {"settlement": pa.string(), "name": pa.string(), "captured": pa.date32(), "recaptured": pa.date32()}
    return _rows(run, result, result.captures, kinds)


def _events_table(run: int, result: RunResult):
    import pyarrow as pa

    number, text = pa.float64(), pa.string()
    kinds = {"step": pa.int64(), "day": pa.int64(), "date": pa.date32(), "kind": text, "x_km": number, "y_km": number,
             "number": number, "words": text}  # fmt: skip
    return _rows(run, result, result.events, kinds)
