"""Files of a results folder as frames: a run's summary and tables, a sweep's Parquet shards, and maps of both."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.results.results import Results
from experiments.results.table_checks import check_table
from sim import run_files
from sim.errors import InputError, did_you_mean, read_toml

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

ATTEMPTS = 5  # at reading files that a sweep merges at the same time


def of_run(folder: Path, manifest: dict[str, Any]) -> Results:
    """Results of a folder that `pokrovsk run` wrote: one point, a row for each seed.

    Read from the files that one sees, which are what is copied and kept, and not from the store in `.parts`, which is there to
    resume: its runs are numbered by their seeds, and a folder without it is as good.
    """
    import pandas as pd

    from sim.measures import MEASURES

    run_files.load_plugins(folder, manifest)
    file = folder / run_files.SUMMARY
    if not file.is_file():
        raise InputError(f"{str(folder)!r} is half-written: it has no {file.name}; the same `pokrovsk run` finishes it.")
    totals, failed = _summary(file)
    of_manifest = lambda name, kind: _entry(folder, manifest, name, kind)  # noqa: E731
    keys = dict(zip(of_manifest("seeds", list), of_manifest("run_keys", list), strict=False))
    same = {
        "point": 0,
        "scenario": manifest.get("name"),
        "start": manifest.get("start"),
        "days": manifest.get("days"),
        "as_mustered": ", ".join(map(str, of_manifest("as_mustered", list))) or None,
        **of_manifest("parameters", dict),
        "schema": manifest.get("schema"),
        "code": manifest.get("code"),
        "commit": manifest.get("git_commit"),
    }
    rows = [_run_row(k, row, keys, same) for k, row in enumerate(totals)]
    for k, failure in enumerate(failed, start=len(totals)):
        rows.append({"run": k, "replicate": k, "status": "failed", **same, **failure, "run_key": keys.get(failure["seed"])})
    if not rows:
        raise InputError(f"{str(folder)!r} holds no finished run yet.")
    runs = pd.DataFrame(rows)
    check_table(runs, repr(str(folder)), "runs", MEASURES)
    empty = [c for c in runs if c in MEASURES and runs[c].isna().all()]
    runs = runs.astype(dict.fromkeys(empty, float))
    daily = folder / run_files.DAILY
    return Results(
        runs=runs,
        units=units_in([daily]) if daily.is_file() else {},
        manifest=manifest,
        folder=folder,
        read_daily=(lambda: check_table(read_parquet([daily]), repr(str(folder)), "daily", MEASURES)) if daily.is_file() else None,
        read_maps=(lambda: _run_maps(folder, manifest)) if (folder / run_files.CONTROL).is_file() else None,
        read_table=lambda name: read_parquet([file]) if (file := folder / f"{name}.parquet").is_file() else None,
    )


def _summary(file: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Figures of the runs that are done, and those that failed, each with its seed."""
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
        totals, failed = list(summary["runs"]), list(summary["failed"])
        is_whole = all(type(row["seed"]) is int for row in (*totals, *failed))
    except run_files.DAMAGE:
        is_whole = False
    if not is_whole:
        raise InputError(f"{str(file)!r} cannot be read; `pokrovsk run --force` makes it again.")
    return totals, failed


def _entry(folder: Path, manifest: dict[str, Any], name: str, kind: type) -> Any:
    """A list or table of a manifest, empty when it is not there."""
    value = manifest.get(name, kind())
    if not isinstance(value, kind):
        raise InputError(f"{str(folder)!r} is broken: {name!r} of its manifest.toml is no {'table' if kind is dict else 'list'}.")
    return value


def _run_row(number: int, row: dict[str, Any], keys: dict[int, str], same: dict[str, Any]) -> dict[str, Any]:
    own = {"wall_s", "compile_s", "unit_steps", "steps", "run"}
    head = {"run": number, "replicate": number, "run_key": keys.get(row["seed"]), "status": "done", "error": None}
    return {**head, **same, **{k: v for k, v in row.items() if k not in own}, "exec_wall_s": row.get("wall_s")}


def of_sweep(folder: Path, manifest: dict[str, Any]) -> Results:
    """Results of a folder that `pokrovsk sweep` wrote, as far as it has come."""
    from experiments.runs.columns import EXTRAS
    from experiments.storage import sweep_store
    from sim.measures import MEASURES

    study, note = _study(folder)
    _check_numbering(folder, manifest)
    runs = _committed(folder, "runs")
    if runs is None or runs.empty:
        raise InputError(f"{str(folder)!r} holds no finished run yet; `pokrovsk sweep` makes them.")
    factors = list(study.factor_names if study is not None else manifest.get("factors", []))
    check_table(runs, repr(str(folder)), "runs", (*MEASURES, *EXTRAS), ("status", *factors))
    runs = runs.drop_duplicates("run", keep="last").sort_values("run").reset_index(drop=True)
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
        read_table=lambda name: _happened(folder, name, bool(study is not None and study.events)),
    )


def _check_numbering(folder: Path, manifest: dict[str, Any]) -> None:
    """InputError when runs have been numbered for a study that has grown, and a stop came before it was written down."""
    import pyarrow.parquet as pq

    from experiments.storage import sweep_store

    metadata: dict[bytes, bytes] = {}
    with contextlib.suppress(OSError, ValueError, IndexError):  # a damaged file is reported when it is read
        metadata = pq.read_schema(sweep_store.files(folder)[0]).metadata or {}
    if metadata.get(b"study", str(manifest.get("key")).encode()) != str(manifest.get("key")).encode():
        raise InputError(f"{str(folder)!r} was stopped while it grew; the same `pokrovsk sweep` finishes that.")


def _study(folder: Path) -> tuple[Any, str]:
    """The folder's study; without it and a note when it names what this version does not have."""
    from experiments.studies.files import load_study

    if not (folder / "study.toml").is_file():
        return None, "study.toml is missing: the design is not known"
    try:
        return load_study(folder / "study.toml", check=False), ""
    except InputError as error:
        return None, f"the study cannot be read by this version ({error})"


def _committed(folder: Path, table: str) -> pd.DataFrame | None:
    """All rows of a sweep's table that count; None when there are none. A sweep may be merging its files meanwhile."""
    from experiments.storage import sweep_store

    for attempt in range(ATTEMPTS):
        files = sweep_store.files(folder, table)
        if not files:
            return None
        try:
            return read_parquet(files)
        except (InputError, FileNotFoundError):
            if attempt == ATTEMPTS - 1 or all(f.is_file() for f in files):
                raise
    return None


def _happened(folder: Path, name: str, is_kept: bool) -> pd.DataFrame | None:
    """The events or captures of a sweep; an empty frame when they are kept and there were none."""
    import pandas as pd

    from experiments.runs import columns
    from experiments.storage.sweep_store import RowsByRun, files

    found = files(folder, name)
    if not found:
        own = columns.EVENTS if name == "events" else columns.CAPTURES
        return pd.DataFrame(columns=[column[0] for column in (*columns.INDEX, *own)]) if is_kept else None
    rows = RowsByRun([folder], name)
    return read_tables([rows.rows(run) for run in rows.runs])


def _daily(folder: Path) -> pd.DataFrame:
    from sim.measures import MEASURES

    rows = _committed(folder, "daily")
    assert rows is not None, "there were files when the folder was opened"
    return check_table(rows, repr(str(folder)), "daily", MEASURES).drop_duplicates(["run", "day"], keep="last").sort_values(["run", "day"]).reset_index(drop=True)


def _sweep_maps(folder: Path) -> xr.Dataset:
    """Maps of a sweep; a day that a run has not (a shorter horizon) is left at 0 with `there` false."""
    import numpy as np

    found = _committed(folder, "maps")
    assert found is not None, "there were files when the folder was opened"
    check_table(found, repr(str(folder)), "maps", there=("x0_km", "y0_km", "width_km", "height_km", "control"))
    rows = found.drop_duplicates(["run", "day"], keep="last")
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
        if len(data) != ny * nx:
            raise InputError(f"{str(folder)!r} is broken: a map of {len(data)} bytes where {ny} x {nx} cells are said.")
        control[i, j] = np.frombuffer(data, np.uint8).reshape(ny, nx)
        there[i, j] = True
    return dataset(run, day, control, (x0, x0 + width, y0, y0 + height), there)


def read_parquet(files: list[Path]) -> pd.DataFrame:
    """Parquet files as one frame, columns matched by name; InputError names a file that is broken.

    Files are read one by one and by no path pattern: a folder `seed=9`, `~` or `[a]` is a folder.
    """
    import pyarrow as pa

    from experiments.storage import sweep_store

    try:
        return read_tables([sweep_store.read(file) for file in files])
    except pa.ArrowException as error:
        raise InputError(f"the tables of {str(files[0].parent)!r} do not fit together: {str(error).splitlines()[0]}.") from None


def read_tables(tables: list[pa.Table]) -> pd.DataFrame:
    """Arrow tables as one frame, columns matched by name."""
    import duckdb
    import pyarrow as pa

    with duckdb.connect() as db:
        return db.from_arrow(pa.concat_tables(tables, promote_options="permissive")).df()


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
    try:
        run, day, control = run_files.control_maps(folder)
        box = manifest["scenario"]["box"]
        extent = (box["x0_km"], box["x0_km"] + box["width_km"], box["y0_km"], box["y0_km"] + box["height_km"])
        there = (control != run_files.NO_MAP).all(axis=(2, 3))
        return dataset(run, day, control * there[:, :, None, None], extent, there)
    except run_files.DAMAGE:
        raise InputError(f"{str(folder / run_files.CONTROL)!r} and manifest.toml cannot be read as maps.") from None


def dataset(run, day, control, extent: tuple[float, float, float, float], there) -> xr.Dataset:
    """Maps (run, day, y, x) of percent held by the attacker, with the centers of cells in km; row 0 is the southernmost.

    A day that a run has not is 0, and `there` (run, day) is false.
    """
    import xarray as xr

    ny, nx = control.shape[-2:]
    west, east, south, north = extent
    x = west + (east - west) / nx * (0.5 + _range(nx))
    y = south + (north - south) / ny * (0.5 + _range(ny))
    attributes = {"long_name": "ground held by the attacker", "units": "percent"}
    return xr.Dataset(
        {"control": (("run", "day", "y", "x"), control, attributes), "there": (("run", "day"), there)},
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


def load(folder: str | Path, *more: str | Path) -> Results:
    """The results of a sweep's or a run's folder, or of several together.

    InputError when there is none, when it is broken or newer than this reader, or when several do not fit together.
    """
    results = [_load(Path(f)) for f in (folder, *more)]
    return results[0] if len(results) == 1 else together(results)


def _load(folder: Path) -> Results:
    manifest = read_manifest(folder)
    is_sweep = (folder / "study.toml").is_file() or (folder / "runs").is_dir()
    return (of_sweep if is_sweep else of_run)(folder, manifest)


def together(results: list[Results]) -> Results:
    """Several results as one: runs are numbered on, and points with the same levels are one point.

    InputError unless they are of the same factors and the same code. A run that is in two of them (the same key) counts once.
    """
    import pandas as pd

    first = results[0]
    for other in results[1:]:
        _check_fit(first, other)
    frames, numbers, count = [], [], 0
    for r in results:
        numbers.append(pd.Series(range(count, count + len(r.runs)), index=r.runs["run"].to_numpy()))
        frames.append(r.runs.assign(run=numbers[-1].to_numpy()))
        count += len(r.runs)
    runs = pd.concat(frames, ignore_index=True)
    has_key = runs["run_key"].notna() if "run_key" in runs else False
    runs = runs[~(runs.duplicated("run_key") & has_key)].reset_index(drop=True) if "run_key" in runs else runs
    is_one_design = all(r.study is not None and r.points.equals(first.points) for r in results)
    if not is_one_design:
        runs["point"] = runs.groupby(first.factors, dropna=False, sort=False).ngroup() if first.factors else 0

    def daily() -> pd.DataFrame:
        readers = [r.read_daily for r in results if r.read_daily]  # of all, else this one is not asked
        parts = [read().assign(run=lambda d, n=n: d["run"].map(n)) for read, n in zip(readers, numbers, strict=True)]
        joined = pd.concat(parts, ignore_index=True).drop(columns=["point", "replicate"], errors="ignore")
        return joined[joined["run"].isin(runs["run"])].reset_index(drop=True)

    def table(name: str) -> pd.DataFrame | None:
        parts = [(r.read_table(name), n) for r, n in zip(results, numbers, strict=True)]
        kept = [rows.assign(run=rows["run"].map(n)) for rows, n in parts if rows is not None]
        return pd.concat(kept, ignore_index=True) if len(kept) == len(parts) else None

    return replace(
        first,
        runs=runs,
        folder=None,
        study=first.study if is_one_design else None,
        manifest={**first.manifest, "name": " + ".join(r.name for r in results)},
        note="; ".join(r.note for r in results if r.note),
        units={name: unit for r in reversed(results) for name, unit in r.units.items()},
        read_daily=daily if all(r.read_daily for r in results) else None,
        read_maps=None,
        read_table=table,
    )


def _check_fit(first: Results, other: Results) -> None:
    """InputError unless two results have the same factors and differ in nothing else: code, scenario, horizon, parameters."""
    if other.factors != first.factors:
        one, two = (", ".join(r.factors) or "none" for r in (first, other))
        raise InputError(f"{first.label} has the factors {one}, {other.label} {two}; load them apart.")
    for name in ("code", "scenario", "start", "days", *first.parameters):
        if name in first.moved or name not in first.runs or name not in other.runs:
            continue
        mine, its = (sorted(set(r.done[name].dropna().map(str))) for r in (first, other))
        if mine != its:
            raise InputError(f"{first.label} and {other.label} differ in {name} ({', '.join(mine[:3])}; {', '.join(its[:3])}); load them apart, or `compare` them.")
    ours, theirs = (r.manifest.get("scenarios", {}) for r in (first, other))
    changed = next((name for name in ours if theirs.get(name, ours[name]) != ours[name]), None)
    if changed:
        raise InputError(f"{first.label} and {other.label} have different scenarios {changed!r}; load them apart, or `compare` them.")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the folder says of itself; InputError when it is no results folder or of a newer schema."""
    from experiments.runs.identity import SCHEMA
    from experiments.storage.files import known_schema

    if not os.path.isdir(folder):
        near = [str(p) for p in folder.parent.iterdir() if p.is_dir()] if folder.parent.is_dir() else []
        raise InputError(f"there is no folder {str(folder)!r}.{did_you_mean(str(folder), near)}")
    file = folder / "manifest.toml"
    if not file.is_file():
        raise InputError(f"{str(folder)!r} is not a folder of results: it has no manifest.toml.")
    manifest = read_toml(file)
    known_schema(repr(str(folder)), manifest.get("schema"), SCHEMA)
    return manifest
