"""Runs of a study as tables: which columns there are, of what type, unit and meaning, and how runs become rows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from experiments.runs.columns import DAY, EXECUTION, EXTRAS, HEAD, INDEX, MAP, STAMPS, VERSIONS
from experiments.runs.identity import SCHEMA
from sim.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.runs.task import Made, Task
    from experiments.studies.study import Study


class Rows:
    """Tables of a study's runs: which columns there are, of what type and unit, and how runs become rows of them."""

    def __init__(self, study: Study, commit: str, code: str, versions: dict[str, str]):
        self.study, self.versions = study, versions
        self.stamp = {"schema": SCHEMA, "code": code, "commit": commit}
        self.stamp |= {f"version_{name}": versions.get(name) for name in ("pokrovsk", "numpy", "numba", "python")}
        from sim.measures import MEASURES

        self.kept = tuple(m for m in MEASURES if not study.measures or m in study.measures)

    def task(self, run: int) -> Task:
        """What a worker has to know of one run."""
        from experiments.runs.task import Task

        study = self.study
        index, replicate = divmod(run, study.replicates)
        point = study.point(index)
        maps = study.maps if isinstance(study.maps, str) else tuple(study.maps)
        return Task(
            run,
            index,
            replicate,
            study.seed_of(run),
            study.scenario_of(point),
            point.overrides,
            point.levels,
            self.stamp["code"],
            self.kept if study.daily else (),
            maps,
        )

    def tables(self, made: list[tuple[Task, Made]]) -> dict[str, pa.Table]:
        """The rows of some runs, by table; a table without rows is left out."""
        import pyarrow as pa

        out = {
            "daily": self._daily([(t, m) for t, m in made if m.daily]),
            "maps": self._maps([(t, m) for t, m in made if m.maps]),
            "runs": pa.Table.from_pylist([self._row(t, m) for t, m in made], self.runs_schema),
        }
        return {name: table for name, table in out.items() if table is not None}

    def rehearse(self) -> None:
        """Writes nothing nowhere: what writing takes is then loaded, and how long it takes can be measured."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(self.runs_schema.empty_table(), pa.BufferOutputStream())

    def _row(self, task: Task, made: Made) -> dict[str, Any]:
        row = {
            "run": task.run,
            "run_key": made.run_key,
            "point": task.point,
            "replicate": task.replicate,
            "seed": task.seed,
            "status": "failed" if made.error else "done",
            "error": made.error,
            "start": task.scenario.start,
            "days": task.scenario.days,
            **self._parameters(task),
            **{name: made.totals.get(name) for name in (*self._measured, *EXTRAS)},
            **self.stamp,
            **made.told,
        }
        for name, value in task.levels.items():
            if name not in row:
                row[name] = str(value) if self._texts[name] and value is not None else value
        row.setdefault("scenario", task.scenario.name)
        return row

    @cached_property
    def _texts(self) -> dict[str, bool]:
        import pyarrow as pa

        return {name: kind == pa.string() for name, kind in self._factor_kinds.items()}

    @cached_property
    def _measured(self) -> tuple[str, ...]:
        from sim.measures import MEASURES

        return tuple(MEASURES)

    def _parameters(self, task: Task) -> dict[str, Any]:
        """Every parameter's value that acts in this run (None: left to the formations); a point that cannot be told (its run failed) has none."""
        from sim.levers import acting

        try:
            return acting(task.scenario, task.overrides)
        except InputError:
            return {}

    @cached_property
    def _factor_kinds(self) -> dict[str, Any]:
        """The type of each factor's column, from the levels of all points."""
        import pyarrow as pa

        kinds: dict[str, set[type]] = {name: set() for name in self.study.factor_names}
        for point in self.study.iterate():
            for name, value in point.levels.items():
                kinds[name].add(type(value))

        def kind(types: set[type]) -> Any:
            types = types - {type(None)}
            if types == {bool}:
                return pa.bool_()
            if types <= {int, float}:
                return pa.int64() if types == {int} else pa.float64()
            return pa.string()

        return {name: kind(types) for name, types in kinds.items()}

    @cached_property
    def runs_schema(self) -> pa.Schema:
        """Columns of `runs`, each with unit, kind and meaning."""
        import pyarrow as pa

        from sim.measures import MEASURES
        from sim.settings import catalog, short_names

        integer, number, text = pa.int64(), pa.float64(), pa.string()
        fields = [_field(*told) for told in HEAD]
        known = catalog()
        for name, kind in self._factor_kinds.items():
            if name in ("scenario", *known):
                continue  # one column tells both
            unit = known[short_names()[name]].unit if name in short_names() else ""
            fields.append(_field(name, kind, unit, "factor", "factor of the study"))
        for key, d in known.items():
            kind = pa.bool_() if d.kind is bool else integer if d.kind is int else number
            fields.append(_field(key, kind, d.unit, "parameter", d.doc))
        fields += [_field(m.name, number, m.unit, m.kind, m.doc) for m in MEASURES.values()]
        fields += [_field(name, integer if unit == "" else number, unit, "state", doc) for name, (unit, doc) in EXTRAS.items()]
        fields += [_field(*told) for told in STAMPS]
        fields += [_field(f"version_{v}", text, "", "stamp", f"version of {v}") for v in VERSIONS]
        fields += [_field(*told) for told in EXECUTION]
        return pa.schema(fields, metadata={"schema": str(SCHEMA), "table": "runs"})

    @cached_property
    def daily_schema(self) -> pa.Schema:
        import pyarrow as pa

        from sim.measures import MEASURES

        index = [_field(*told) for told in (*INDEX, *DAY)]
        own = [_field(name, "float64", MEASURES[name].unit, MEASURES[name].kind, MEASURES[name].doc) for name in self.kept]
        return pa.schema([*index, *own], metadata={"schema": str(SCHEMA), "table": "daily"})

    def _daily(self, made: list[tuple[Task, Made]]) -> pa.Table | None:
        import numpy as np
        import pyarrow as pa

        parts = []
        for task, m in made:
            n = len(m.daily["day"])
            columns = {name: np.full(n, getattr(task, name)) for name, *_ in INDEX} | m.daily
            columns["date"] = columns["date"].astype("datetime64[D]")
            arrays = [pa.array(columns[f.name], f.type) if f.name == "date" else _array(columns[f.name], f.type) for f in self.daily_schema]
            parts.append(pa.table(arrays, schema=self.daily_schema))
        return pa.concat_tables(parts).combine_chunks() if parts else None

    @cached_property
    def maps_schema(self) -> pa.Schema:
        import pyarrow as pa

        return pa.schema([_field(*told) for told in (*INDEX, *MAP)], metadata={"schema": str(SCHEMA), "table": "maps"})

    def _maps(self, made: list[tuple[Task, Made]]) -> pa.Table | None:
        import pyarrow as pa

        rows = []
        for task, m in made:
            box, cell = task.scenario.box, task.scenario.cell_km
            place = {"ny": round(box.height_km / cell), "nx": round(box.width_km / cell), "x0_km": box.x0_km, "y0_km": box.y0_km}
            place |= {"width_km": box.width_km, "height_km": box.height_km}
            head = {name: getattr(task, name) for name, *_ in INDEX}
            rows += [{**head, "day": day, **place, "control": data} for day, data in m.maps.items()]
        return pa.Table.from_pylist(rows, self.maps_schema) if rows else None


def _array(values: Any, kind: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    return pa.array(np.asarray(values).astype(kind.to_pandas_dtype()), kind)


def _field(name: str, kind: Any, unit: str, sort: str, doc: str) -> Any:
    import pyarrow as pa

    kind = pa.type_for_alias(kind) if isinstance(kind, str) else kind
    return pa.field(name, kind, metadata={"unit": unit, "kind": sort, "doc": doc})
