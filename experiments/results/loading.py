"""Files of a results folder as frames: a run's summary and tables, a sweep's Parquet shards, and maps of both."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.results.results import Results
from sim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

ATTEMPTS = 5  # at reading files that a sweep merges at the same time


def of_run(folder: Path, manifest: dict[str, Any]) -> Results:
    """Results of a folder that `pokrovsk run` wrote: one point, a row for each seed."""
    import pandas as pd

    from sim.measures import MEASURES

    file = folder / "summary.json"
    if not file.is_file():
        raise InputError(
            f"{str(folder)!r} is half-written: it has no summary.json; the same `pokrovsk run` finishes it."
        )
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        totals, failed = told["runs"], told["failed"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{str(file)!r} cannot be read; `pokrovsk run --force` makes it again.") from None
    keys = dict(zip(manifest.get("seeds", []), manifest.get("run_keys", []), strict=False))
    same = {
        "point": 0,
        "scenario": manifest.get("name"),
        "start": manifest.get("start"),
        "days": manifest.get("days"),
        **manifest.get("parameters", {}),
        "schema": manifest.get("schema"),
        "code": manifest.get("code"),
        "commit": manifest.get("git_commit"),
    }
    rows = [_run_row(k, row, keys, same) for k, row in enumerate(totals)]
    rows += [
        {
            "run": len(totals) + k,
            "replicate": len(totals) + k,
            "status": "failed",
            **same,
            **f,
            "run_key": keys.get(f["seed"]),
        }
        for k, f in enumerate(failed)
    ]
    if not rows:
        raise InputError(f"{str(folder)!r} holds no finished run yet.")
    runs = pd.DataFrame(rows)
    empty = [
        c for c in runs if c in MEASURES and runs[c].dtype.kind not in "iuf"
    ]  # a measure without a value in any run
    runs = runs.astype(dict.fromkeys(empty, float))
    daily = folder / "daily.parquet"
    return Results(
        runs=runs,
        units=units_in([daily]) if daily.is_file() else {},
        manifest=manifest,
        folder=folder,
        read_daily=(lambda: read_parquet([daily])) if daily.is_file() else None,
        read_maps=(lambda: _run_maps(folder, manifest)) if (folder / "control.npz").is_file() else None,
    )


def _run_row(number: int, row: dict[str, Any], keys: dict[int, str], same: dict[str, Any]) -> dict[str, Any]:
    own = {"wall_s", "compile_s", "unit_steps", "steps", "run"}
    head = {"run": number, "replicate": number, "run_key": keys.get(row["seed"]), "status": "done", "error": None}
    return {**head, **same, **{k: v for k, v in row.items() if k not in own}, "exec_wall_s": row.get("wall_s")}


def of_sweep(folder: Path, manifest: dict[str, Any]) -> Results:
    """Results of a folder that `pokrovsk sweep` wrote, as far as it has come."""
    from experiments.storage import sweep_store

    study, note = _study(folder)
    runs = _committed(folder, "runs")
    if runs is None:
        raise InputError(f"{str(folder)!r} holds no finished run yet; `pokrovsk sweep` makes them.")
    runs = runs.sort_values("run").drop_duplicates("run").reset_index(drop=True)
    factors = list(study.factor_names if study is not None else manifest.get("factors", []))
    missing = [name for name in ("point", "seed", "status", *factors) if name not in runs]
    if missing:
        raise InputError(f"{str(folder)!r} is broken: its runs have no column {missing[0]!r}.")
    measured = (study.measures if study is not None else []) or []
    return Results(
        runs=runs,
        factors=factors,
        units=units_in(sweep_store.files(folder)),
        manifest=manifest,
        study=study,
        folder=folder,
        note=note,
        kept=measured,
        read_daily=(lambda: _daily(folder)) if sweep_store.files(folder, "daily") else None,
        read_maps=(lambda: _sweep_maps(folder)) if sweep_store.files(folder, "maps") else None,
    )


def _study(folder: Path) -> tuple[Any, str]:
    """The folder's study; without it and a note when it names what this version does not have."""
    from experiments.studies.files import load_study

    if not (folder / "study.toml").is_file():
        return None, "study.toml is missing: the design is not known"
    try:
        return load_study(folder / "study.toml", check=False), ""
    except InputError as error:
        return None, f"the study cannot be read by this version ({error})"


def _committed(folder: Path, table: str, columns: str = "*") -> pd.DataFrame | None:
    """All rows of a sweep's table that count; None when there are none. A sweep may be merging its files meanwhile."""
    from experiments.storage import sweep_store

    for attempt in range(ATTEMPTS):
        files = sweep_store.files(folder, table)
        if not files:
            return None
        try:
            return read_parquet(files, columns)
        except InputError:
            if attempt == ATTEMPTS - 1 or all(f.is_file() for f in files):
                raise
    return None


def _daily(folder: Path) -> pd.DataFrame:
    rows = _committed(folder, "daily")
    return rows.drop_duplicates(["run", "day"]).sort_values(["run", "day"]).reset_index(drop=True)


def _sweep_maps(folder: Path) -> xr.Dataset:
    """Maps of a sweep; a day that a run has not (a shorter horizon) is left at 0 with `there` false."""
    import numpy as np

    rows = _committed(folder, "maps").drop_duplicates(["run", "day"])
    shapes = rows[["ny", "nx", "x0_km", "y0_km", "width_km", "height_km"]].drop_duplicates()
    if len(shapes) > 1:
        raise InputError(
            f"{str(folder)!r} has maps of different boxes or cells; read them with DuckDB from {str(folder / 'maps')!r}."
        )
    ny, nx, x0, y0, width, height = shapes.iloc[0]
    ny, nx = int(ny), int(nx)
    run, day = np.sort(rows["run"].unique()), np.sort(rows["day"].unique())
    control = np.zeros((len(run), len(day), ny, nx), np.uint8)
    there = np.zeros((len(run), len(day)), bool)
    places = zip(np.searchsorted(run, rows["run"]), np.searchsorted(day, rows["day"]), rows["control"], strict=True)
    for i, j, data in places:
        control[i, j] = np.frombuffer(data, np.uint8).reshape(ny, nx)
        there[i, j] = True
    maps = dataset(run, day, control, (x0, x0 + width, y0, y0 + height))
    return maps.assign(there=(("run", "day"), there))


def read_parquet(files: list[Path], columns: str = "*") -> pd.DataFrame:
    """Parquet files as one frame, columns matched by name; InputError names a file that is broken."""
    import duckdb

    from experiments.storage import sweep_store

    with duckdb.connect() as db:
        try:
            return db.execute(
                f"select {columns} from read_parquet($files, union_by_name = true)", {"files": [str(f) for f in files]}
            ).df()
        except duckdb.Error as error:
            broken = next((f for f in files if not sweep_store.is_whole(f)), None)
            what = f"{str(broken)!r} is not whole" if broken else str(error).splitlines()[0]
            raise InputError(f"the tables cannot be read: {what}; remove it and sweep again.") from None


def units_in(files: list[Path]) -> dict[str, str]:
    """Units that the first file says of its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(files[0])
    except (OSError, pa.ArrowException):
        raise InputError(f"{str(files[0])!r} is not a whole Parquet file; remove it and run again.") from None
    return {f.name: f.metadata[b"unit"].decode() for f in schema if f.metadata and b"unit" in f.metadata}


def _run_maps(folder: Path, manifest: dict[str, Any]) -> xr.Dataset:
    import numpy as np

    try:
        with np.load(folder / "control.npz", allow_pickle=False) as data:
            run, day, control = data["run"], data["day"], data["control"]
    except (OSError, ValueError, KeyError, EOFError):
        raise InputError(f"{str(folder / 'control.npz')!r} cannot be read.") from None
    box = manifest["scenario"]["box"]
    extent = (box["x0_km"], box["x0_km"] + box["width_km"], box["y0_km"], box["y0_km"] + box["height_km"])
    return dataset(run, day, control, extent)


def dataset(run, day, control, extent: tuple[float, float, float, float]) -> xr.Dataset:
    """Maps (run, day, y, x) of percent held by the attacker, with the centers of cells in km; row 0 is the southernmost."""
    import xarray as xr

    ny, nx = control.shape[-2:]
    west, east, south, north = extent
    x = west + (east - west) / nx * (0.5 + _range(nx))
    y = south + (north - south) / ny * (0.5 + _range(ny))
    told = {"long_name": "ground held by the attacker", "units": "percent"}
    return xr.Dataset(
        {"control": (("run", "day", "y", "x"), control, told)},
        coords={
            "run": run,
            "day": ("day", day, {"units": "days", "long_name": "days since the start"}),
            "x": ("x", x, {"units": "km", "long_name": "east"}),
            "y": ("y", y, {"units": "km", "long_name": "north"}),
        },
    )


def _range(n: int):
    import numpy as np

    return np.arange(n)


# Opening a folder


def load(folder: str | Path) -> Results:
    """The results of a sweep's or a run's folder; InputError when there is none, or when it is broken or newer than this reader."""

    folder = Path(folder)
    manifest = read_manifest(folder)
    is_sweep = (folder / "study.toml").is_file() or (folder / "runs").is_dir()
    return (of_sweep if is_sweep else of_run)(folder, manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the folder says of itself; InputError when it is no results folder or of a newer schema."""
    from experiments.runs.identity import SCHEMA
    from experiments.storage.files import known_schema, reading

    if not folder.is_dir():
        near = [str(p) for p in folder.parent.iterdir() if p.is_dir()] if folder.parent.is_dir() else []
        raise InputError(f"there is no folder {str(folder)!r}.{did_you_mean(str(folder), near)}")
    file = folder / "manifest.toml"
    if not file.is_file():
        raise InputError(f"{str(folder)!r} is not a folder of results: it has no manifest.toml.")
    with reading(repr(str(file))):
        manifest = tomllib.loads(file.read_text(encoding="utf-8"))
    schema = manifest.get("schema")
    if not isinstance(schema, int):
        raise InputError(f"{str(file)!r} does not say its schema; it was not written by `pokrovsk`.")
    known_schema(repr(str(folder)), schema, SCHEMA)
    return manifest
