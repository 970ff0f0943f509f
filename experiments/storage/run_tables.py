"""The tables and maps of a battle's output folder, written run by run."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.runs.identity import SCHEMA
from experiments.runs.simulation import RunResult
from experiments.storage.files import replacing

FIRST_MAPS = 16  # runs whose maps are kept with --maps first


def assemble(folder: Path, pieces: Iterable[tuple[int, RunResult]], maps: str) -> list[dict[str, Any]]:
    """Writes the three tables and the maps run by run, and returns each run's totals for the summary."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from experiments.runs.totals import totals_of

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
            if charts and result.frame and not charts.framed:
                charts.framed = True
                with replacing(folder / "frame.npz") as draft, open(draft, "wb") as file:
                    np.savez_compressed(file, **result.frame)
            totals.append(totals_of(run, result))
        for writer in writers.values():
            writer.close()
        if charts:
            charts.close()
    if maps == "none":
        for name in ("control.npz", "frame.npz"):
            (folder / name).unlink(missing_ok=True)
    return totals


class _Maps:
    """control.npz with keys run, day and control, its runs added one at a time."""

    def __init__(self, path: Path):
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self.runs: list[int] = []
        self.framed = False  # the last moment of the first run is written
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
    told = {
        "run": ("", "index", "number of the run, 0 first"),
        "seed": ("", "index", "seed of the run"),
        "day": ("days", "index", "days since the start"),
        "date": ("", "index", "calendar date"),
    }
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
    kinds = {
        "step": pa.int64(),
        "day": pa.int64(),
        "date": pa.date32(),
        "kind": text,
        "x_km": number,
        "y_km": number,
        "number": number,
        "words": text,
    }
    return _rows(run, result, result.events, kinds)
