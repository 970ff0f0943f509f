"""The table of a wave: one small file with its points and the summaries of its runs, from which all else can be made again.

A row is a run: `point`, `seed`, every fitted parameter by its key, every summary by the id of its target, as it is compared (a logarithm
where it is one; four bytes). A wave whose table is there needs no runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.calibration import simulations
from experiments.calibration.config import Calibration
from experiments.calibration.simulations import SummaryTable
from experiments.sweep.runner import SweepRunner
from sim.errors import InputError
from sim.identity import code_key, git_commit

FOLDER = "tables"


def file_of(folder: Path, name: str) -> Path:
    """The table of a wave in the folder of a calibration."""
    return folder / FOLDER / f"{name}.parquet"


def constants_of(folder: Path, name: str) -> Path:
    """The file of the constants of the density that a wave was drawn from."""
    return folder / FOLDER / f"{name}.json"


def write_constants(plan: Calibration, folder: Path, name: str, constants: dict[str, float]) -> None:
    """Keeps the constants of a wave that is begun."""
    from experiments.storage.files import filed

    with filed(constants_of(folder, name)) as draft:
        draft.write_text(json.dumps({"key": plan.key, "code": code_key(), **constants}, indent=1) + "\n", encoding="utf-8")


def read_constants(plan: Calibration, folder: Path, name: str) -> dict[str, float] | None:
    """The constants of a wave whose points are settled; None for one that is not begun."""
    from experiments.storage.files import reading

    file = constants_of(folder, name)
    if not (file_of(folder, name).is_file() or (folder / name / "study.toml").is_file()) or not file.is_file():
        return None
    with reading(repr(str(file))):
        known = json.loads(file.read_text(encoding="utf-8"))
    _refuse_strangers(file, plan, known)
    return {key: float(value) for key, value in known.items() if key not in ("key", "code")}


def _refuse_strangers(file: Path, plan: Calibration, known: dict) -> None:
    """InputError for a file of another calibration or another version of the model."""
    for what, mine, words in (("key", plan.key, "of another calibration"), ("code", code_key(), "made by another version of the model")):
        if known.get(what) != mine:
            raise InputError(f"{str(file)!r} is {words}; remove it, or give another --out.")


def made(
    plan: Calibration,
    folder: Path,
    name: str,
    number: int,
    points: Callable[[], np.ndarray],
    replicates: int,
    runner: SweepRunner,
) -> SummaryTable:
    """The table of a wave; its runs are made first where there is none, and its points asked for where it has no runs either."""
    from experiments.studies.files import load_study

    file = file_of(folder, name)
    if not file.is_file():
        home = folder / name
        if (home / "study.toml").is_file():
            study = load_study(home / "study.toml")
        else:
            study = simulations.study_of(plan, name, plan.space.from_unit(points()), replicates, number)
        runner.sweep(study, home)
        write(file, plan, simulations.table_of(home, plan, runner))
    return read(file, plan)


def write(file: Path, plan: Calibration, table: SummaryTable) -> None:
    """Writes a table with what made it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from experiments.storage.files import filed

    parameters = {
        key: np.asarray(column)[table.point] for key, column in plan.space.from_unit(table.unit_points).items()
    }
    summaries = {t.id: table.values[:, k].astype(np.float32) for k, t in enumerate(plan.target)}
    frame = pd.DataFrame({"point": table.point, "seed": table.seed, **parameters, **summaries})
    made_by = {"key": plan.key, "code": code_key(), "commit": git_commit() or "", "seconds": f"{table.seconds:.1f}"}
    arrow = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(made_by)
    with filed(file) as draft:
        pq.write_table(arrow, draft, compression="zstd", compression_level=15)


def read(file: Path, plan: Calibration) -> SummaryTable:
    """A table again; InputError when it is damaged, of another calibration or made by another version of the model."""
    import pyarrow.parquet as pq

    from experiments.storage.files import reading

    with reading(repr(str(file))):
        arrow = pq.ParquetFile(file).read()
    known = {k.decode(): v.decode() for k, v in (arrow.schema.metadata or {}).items()}
    _refuse_strangers(file, plan, known)
    frame = arrow.to_pandas()
    first = frame.drop_duplicates("point").sort_values("point")
    return SummaryTable(
        np.searchsorted(first["point"].to_numpy(), frame["point"].to_numpy()),  # a point without a run is none
        frame["seed"].to_numpy(int),
        frame[[t.id for t in plan.target]].to_numpy(float),
        plan.space.to_unit({key: first[key].tolist() for key in plan.space.keys}),
        float(known["seconds"]),
    )
