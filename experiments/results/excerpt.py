"""A small copy of a sweep's folder, to be kept with the code: the final figures of every run, without days and maps."""

from __future__ import annotations

import shutil
from pathlib import Path

from sim.errors import InputError


def excerpt(folder: Path, to: Path) -> Path:
    """Writes the excerpt of a sweep; what `experiments.load` reads from it are the factors and the study's measures."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from experiments.results.loading import load
    from experiments.runs.columns import OWN
    from experiments.storage.files import replacing, writing

    results = load(folder)
    if results.study is None:
        raise InputError(f"{folder} is no sweep; excerpts are made of sweeps.")
    if to.exists() and not to.is_dir():
        raise InputError(f"{to} is a file; give a folder.")
    if to.exists() and any(p.name not in ("runs", "scenarios", "study.toml", "manifest.toml") for p in to.iterdir()):
        raise InputError(f"{to} holds other files; give an empty folder.")
    kept = list(results.study.measures) or results.headline
    names = [c for c in dict.fromkeys((*OWN, *results.factors, "held_start_km2", *kept)) if c in results.runs]
    with writing(str(to)):
        (to / "runs").mkdir(parents=True, exist_ok=True)
        for name in ("study.toml", "manifest.toml"):
            shutil.copyfile(folder / name, to / name)
        if (folder / "scenarios").is_dir():
            shutil.copytree(folder / "scenarios", to / "scenarios", dirs_exist_ok=True)
        with replacing(to / "runs" / "00000001.parquet") as draft:
            table = pa.Table.from_pandas(results.runs[names], preserve_index=False).replace_schema_metadata({})
            pq.write_table(table, draft, compression="zstd")
    return to
