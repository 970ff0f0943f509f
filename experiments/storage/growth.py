"""A sweep whose study has grown: runs that are there keep their place in it, and what differs is named when they cannot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.storage.sweep_store import files, read
from sim.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.storage.sweep_store import Store
    from experiments.storage.sweep_tables import RunTables
    from experiments.studies.study import Study


def check_growth(folder: Path, study: Study) -> None:
    """InputError when runs that are there are not runs of the study as it is now."""
    known = study.numbers_by_key
    strangers = sum(row not in known for row in recorded_keys(folder).values())
    if strangers:
        raise InputError(
            f"--out {str(folder)!r} holds {study.name} as it was before the study was changed ({differences(folder, study)}), and "
            f"{strangers:,} of its runs are not in the study now; give another --out, or remove the folder."
        )


def recorded_keys(folder: Path) -> dict[int, str]:
    """The key of every run that is on record and could be begun, by its number."""
    out: dict[int, str] = {}
    for path in files(folder):
        table = read(path, ["run", "run_key"])
        out.update((run, key) for run, key in zip(table["run"].to_pylist(), table["run_key"].to_pylist(), strict=True) if key)
    return out


def differences(folder: Path, study: Study) -> str:
    """What is set otherwise in the study that a folder holds, in words."""
    from experiments.studies.files import load_study

    try:
        before = load_study(folder / "study.toml", check=False)
    except InputError as error:
        return str(error)
    words = []
    for name, field in type(study).model_fields.items():
        one, two = getattr(before, name), getattr(study, name)
        if name in ("name", "title", "question", "claim", "scenario", "factors", "set") or one == two:
            continue
        words.append(f"{field.alias or name}: {_said(one)} there, {_said(two)} now")
    for name in ("factors", "set"):
        one, two = getattr(before, name), getattr(study, name)
        for key in dict.fromkeys((*one, *two)):
            if key != "scenario" and one.get(key) != two.get(key):
                words.append(f"{name}.{key}: {_said(one.get(key))} there, {_said(two.get(key))} now")
    return "; ".join(words) or "scenario"


def _said(value: Any) -> str:
    return "none" if value is None else f"{value}"


def renumber(store: Store, tables: RunTables) -> None:
    """Gives the runs of a store the numbers and factor levels that they have in the study as it is now."""
    import pyarrow as pa
    import pyarrow.compute as pc

    study, known = tables.study, tables.study.numbers_by_key
    new = {run: known[key] for run, key in recorded_keys(store.folder).items() if key in known}
    old = pa.array(list(new), pa.int64())
    numbers = pa.array(list(new.values()), pa.int64())
    points = pc.divide(numbers, study.replicates) if new else numbers
    columns = {"run": numbers, "point": points, "replicate": pc.subtract(numbers, pc.multiply(points, study.replicates)) if new else numbers}

    def change(name: str, table: pa.Table) -> pa.Table:
        table = table.filter(pc.is_in(table["run"], old))
        where = pc.index_in(table["run"], old)
        for column, values in columns.items():
            table = _set(table, column, pc.take(values, where))
        if name == "runs":
            levels = [tables.factor_values(study.point(p).levels) for p in table["point"].to_pylist()]
            for factor in study.factor_names:
                if factor in tables.runs_schema.names and tables.runs_schema.field(factor).metadata[b"kind"] == b"factor":
                    kind = tables.runs_schema.field(factor)
                    table = _set(table, factor, pa.array([row[factor] for row in levels], kind.type), kind)
            table = table.replace_schema_metadata(tables.runs_schema.metadata)
        return table

    store.rewrite(change)


def _set(table: pa.Table, name: str, values: Any, field: Any = None) -> pa.Table:
    if name not in table.column_names:
        return table.append_column(field, values)
    at = table.column_names.index(name)
    return table.set_column(at, field or table.schema.field(name), values)
