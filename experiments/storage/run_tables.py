"""The tables and maps of the folder of `pokrovsk run`, written run by run from its store."""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.runs.identity import SCHEMA
from experiments.runs.json_values import plain
from experiments.storage.files import replacing
from experiments.storage.sweep_store import RowsByRun
from sim.run_files import NO_MAP

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_MAPS = 16  # runs whose maps are kept with --maps first
TABLES = ("daily", "captures", "events")
CAPTURE = ["settlement", "name", "captured", "recaptured"]


def assemble(folder: Path, stores: list[Path], seeds: list[int], maps: str) -> list[dict[str, Any]]:
    """Writes the tables and maps of the runs that are done, and returns the figures of each run for the summary."""
    import pyarrow.parquet as pq

    rows = {name: RowsByRun(stores, name) for name in ("runs", "maps", "frames", *TABLES)}
    done = [seed for seed in seeds if (row := rows["runs"].rows(seed)) is not None and row["status"][0].as_py() == "done"]
    totals: list[dict[str, Any]] = []
    if not done:
        return totals
    with contextlib.ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        drafts = {name: stack.enter_context(replacing(folder / f"{name}.parquet")) for name in TABLES}
        charts = _Maps(stack.enter_context(replacing(folder / "control.npz"))) if maps != "none" else None
        is_framed = False
        for run, seed in enumerate(done):
            for name in TABLES:
                table = _visible(name, run, seed, rows[name].rows(seed))
                if name not in writers:
                    writers[name] = stack.enter_context(pq.ParquetWriter(drafts[name], table.schema, compression="zstd"))
                writers[name].write_table(table)
            if charts and (maps == "all" or run < FIRST_MAPS) and (drawn := rows["maps"].rows(seed)) is not None:
                charts.add(run, drawn)
            if charts and not is_framed and (frame := rows["frames"].rows(seed)) is not None:
                is_framed = True
                with replacing(folder / "frame.npz") as draft:
                    draft.write_bytes(frame["frame"][0].as_py())
            captures = rows["captures"].rows(seed)
            totals.append({
                **_totals(run, rows["runs"].rows(seed), writers["daily"].schema),
                "captures": plain(captures.select(CAPTURE).to_pylist()) if captures else [],
            })
        for writer in writers.values():
            writer.close()
        if charts:
            charts.close()
    if maps == "none":
        for name in ("control.npz", "frame.npz"):
            (folder / name).unlink(missing_ok=True)
    return totals


def _totals(run: int, row: pa.Table, daily: pa.Schema) -> dict[str, Any]:
    """The figures of one run by name, counts as whole numbers."""
    from experiments.runs.columns import EXTRAS
    from sim.measures import MEASURES

    values = row.to_pylist()[-1]
    figures = {name: values[name] for name in (*EXTRAS, *(name for name in MEASURES if name in values))}
    whole = {f.name for f in daily if str(f.type) == "int64"}
    figures = {k: int(v) if k in whole and v is not None and v == int(v) else v for k, v in figures.items()}
    head = {"run": run, "seed": values["seed"], "wall_s": values["exec_step_s"], "compile_s": values["exec_compile_s"]}
    order = ("unit_steps", "steps", "held_start_km2", "front_start_km")
    stopped = {"stopped": values["stopped"]} if values["stopped"] else {}
    return head | {name: figures.pop(name) for name in order} | figures | stopped


def _visible(name: str, run: int, seed: int, rows: pa.Table | None) -> pa.Table:
    """The rows of one run as the folder has them: its number and seed first, then the columns of the table."""
    import pyarrow as pa

    from experiments.runs import columns

    if name == "daily":
        assert rows is not None
        own = {f.name: f for f in rows.schema if f.name not in ("run", "point", "replicate", "seed")}
    else:
        kinds = columns.EVENTS if name == "events" else columns.CAPTURES
        own = {column[0]: pa.field(column[0], pa.type_for_alias(column[1])) for column in kinds}
    n = 0 if rows is None else rows.num_rows
    data = {"run": pa.array([run] * n, pa.int64()), "seed": pa.array([seed] * n, pa.int64())}
    data |= {key: rows[key] if rows is not None else pa.array([], f.type) for key, f in own.items()}
    if name != "daily":
        return pa.table(data, schema=pa.schema([("run", pa.int64()), ("seed", pa.int64()), *own.values()]))
    doc = {"run": "number of the run, 0 first", "seed": "seed of the run"}
    head = [pa.field(k, pa.int64(), metadata={"unit": "", "kind": "index", "doc": v}) for k, v in doc.items()]
    return pa.table(data, schema=pa.schema([*head, *own.values()], metadata={"schema": str(SCHEMA)}))


class _Maps:
    """control.npz with keys run, day and control, its runs added one at a time."""

    def __init__(self, path: Path):
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self.runs: list[int] = []
        self.days: list[int] = []  # maps of each run; one that ended early has fewer
        self.cells = (0, 0)
        self.file = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115

    def add(self, run: int, rows: pa.Table) -> None:
        """The maps of one run, a row a day."""
        maps = [np.frombuffer(data, np.uint8) for data in rows.sort_by("day")["control"].to_pylist()]
        self.cells = (rows["ny"][0].as_py(), rows["nx"][0].as_py())
        self.runs.append(run)
        self.days.append(len(maps))
        self.file.write(b"".join(m.tobytes() for m in maps))

    def close(self) -> None:
        shape = (len(self.runs), max(self.days, default=0), *self.cells)
        size = self.cells[0] * self.cells[1]
        self._array("run", np.array(self.runs, np.int64))
        self._array("day", np.arange(shape[1], dtype=np.int64))
        self.file.seek(0)
        with self.archive.open("control.npy", "w", force_zip64=True) as out, self.file as raw:
            np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": shape})
            for days in self.days:
                out.write(raw.read(days * size))
                out.write(bytes([NO_MAP]) * ((shape[1] - days) * size))
        self.archive.close()

    def _array(self, name: str, values: np.ndarray) -> None:
        with self.archive.open(f"{name}.npy", "w") as out:
            np.lib.format.write_array(out, values)
