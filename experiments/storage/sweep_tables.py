"""Runs as tables: which columns there are, of what type, unit and meaning, and how runs become rows."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from experiments.runs import columns
from experiments.runs.columns import EXECUTION, EXTRAS, HEAD, INDEX, STAMPS, VERSIONS
from experiments.runs.identity import SCHEMA
from sim.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from experiments.runs.task import RunOutput, RunTask
    from experiments.studies.study import Study

Pair = tuple["RunTask", "RunOutput"]


class RunTables:
    """Tables of a study's runs: which columns there are, of what type and unit, and how runs become rows of them.

    Daily figures are floats. With `exact` they keep the type that the model gives them.
    """

    def __init__(self, study: Study, commit: str, code: str, versions: dict[str, str], exact: bool = False):
        from sim.measures import measures_of

        scenarios = list(study.scenarios.values())
        self.measures = {name: m for s in scenarios for name, m in measures_of(s).items()}
        self.plugins = [p for s in scenarios for p in s.plugins]
        self.study, self.versions, self.exact = study, versions, exact
        self.stamp = {"schema": SCHEMA, "code": code, "commit": commit}
        self.stamp |= {f"version_{name}": versions.get(name) for name in VERSIONS}
        self.measured = tuple(self.measures)
        self.kept = tuple(m for m in self.measures if not study.measures or m in study.measures)

    def task(self, run: int, **more: Any) -> RunTask:
        """What a worker has to know of one run; `more` are fields of the task."""
        index, replicate = divmod(run, self.study.replicates)
        return self.task_of(run, index, replicate, self.study.seed_of(run), **more)

    def task_of(self, run: int, index: int, replicate: int, seed: int, **more: Any) -> RunTask:
        """The task of a point and a seed; `more` are fields of the task."""
        from experiments.runs.task import RunTask

        study, point = self.study, self.study.point(index)
        what: dict[str, Any] = {
            "daily": self.kept if study.daily else (),
            "maps": study.maps if isinstance(study.maps, str) else tuple(study.maps),
            "events": study.events,
            "stop_when": study.stop_when,
        }
        return RunTask(run, index, replicate, seed, study.scenario_of(point), point.overrides, point.levels, str(self.stamp["code"]), **(what | more))

    def tables(self, made: list[Pair]) -> dict[str, pa.Table]:
        """The rows of some runs, by table; a table without rows is left out."""
        import pyarrow as pa

        out = {
            "daily": self._daily([(t, o) for t, o in made if o.daily]),
            "maps": self._maps([(t, o) for t, o in made if o.maps]),
            "events": _list_of(made, "events", columns.EVENTS),
            "captures": _list_of(made, "captures", columns.CAPTURES),
            "frames": _table([{**_index(t), "frame": o.frame} for t, o in made if o.frame], "frames", columns.FRAME),
            "runs": pa.Table.from_pylist([self._row(t, o) for t, o in made], self.runs_schema),
        }
        return {name: table for name, table in out.items() if table is not None}

    def rehearse(self) -> None:
        """Writes an empty table to memory: what writing takes is then loaded, and how long it takes can be measured."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(self.runs_schema.empty_table(), pa.BufferOutputStream())

    def factor_values(self, levels: dict[str, Any]) -> dict[str, Any]:
        """The columns of the factors for these levels: numbers as they are, all else as text."""
        texts = self._texts
        return {name: str(value) if texts[name] and value is not None else value for name, value in levels.items()}

    def _row(self, task: RunTask, output: RunOutput) -> dict[str, Any]:
        row = {
            "run": task.run,
            "run_key": output.run_key,
            "point": task.point,
            "replicate": task.replicate,
            "seed": task.seed,
            "status": "failed" if output.error else "done",
            "error": output.error,
            "start": task.scenario.start,
            "days": task.scenario.days,
            "stopped": output.stopped,
            "kept": json.dumps(kept_by(task)),
            **self._parameters(task),
            **{name: output.totals.get(name) for name in (*self.measured, *EXTRAS)},
            **self.stamp,
            **output.execution,
        }
        row = {**self.factor_values(task.levels), **row}
        row.setdefault("scenario", task.scenario.name)
        return row

    @cached_property
    def _texts(self) -> dict[str, bool]:
        import pyarrow as pa

        return {name: kind == pa.string() for name, kind in self._factor_kinds.items()}

    def _parameters(self, task: RunTask) -> dict[str, Any]:
        """The value of every parameter that acted in this run; none when the point cannot be run at all."""
        from experiments.runs.parameters import acting_parameters

        try:
            values, as_mustered = acting_parameters(task.scenario, task.overrides)
        except InputError:
            return {}
        return {**values, "as_mustered": ", ".join(as_mustered) or None}

    @cached_property
    def _factor_kinds(self) -> dict[str, Any]:
        """The type of each factor's column, from the levels of all points."""
        import pyarrow as pa

        kinds: dict[str, set[type]] = {name: set() for name in self.study.factor_names}
        for point in self.study.iterate() if kinds else ():
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

        from sim.plugin_files import own_values
        from sim.settings import catalog, short_names

        integer, number, text = pa.int64(), pa.float64(), pa.string()
        fields = [_field(*column) for column in HEAD]
        known = own_values(catalog(), self.plugins)
        for name, kind in self._factor_kinds.items():
            if name in ("scenario", *known):
                continue  # one column for both
            unit = known[short_names()[name]].unit if name in short_names() else ""
            fields.append(_field(name, kind, unit, "factor", "factor of the study"))
        for key, d in known.items():
            kind = pa.bool_() if d.kind is bool else integer if d.kind is int else number
            fields.append(_field(key, kind, d.unit, "parameter", d.doc))
        fields += [_field(m.name, number, m.unit, m.kind, m.doc) for m in self.measures.values()]
        fields += [_field(name, integer if unit == "" else number, unit, "state", doc) for name, (unit, doc) in EXTRAS.items()]
        fields += [_field(*column) for column in STAMPS]
        fields += [_field(f"version_{v}", text, "", "stamp", f"version of {v}") for v in VERSIONS]
        fields += [_field(*column) for column in EXECUTION]
        return pa.schema(fields, metadata={"schema": str(SCHEMA), "table": "runs", "study": self.study.key})

    def daily_schema(self, values: dict[str, np.ndarray] | None = None) -> pa.Schema:
        """Columns of `daily`; `values` are the figures of one run, from which exact types are taken."""
        whole = {name for name in self.kept if self.exact and values and values[name].dtype.kind in "iub"}
        own = [(m, "int64" if m in whole else "float64", self.measures[m].unit, self.measures[m].kind, self.measures[m].doc) for m in self.kept]
        return _schema("daily", (*columns.DAY, *own))

    def _daily(self, made: list[Pair]) -> pa.Table | None:
        import numpy as np
        import pyarrow as pa

        parts = []
        for task, output in made:
            schema = self.daily_schema(output.daily)
            n = len(output.daily["day"])
            data = {name: np.full(n, value) for name, value in _index(task).items()} | output.daily
            data["date"] = data["date"].astype("datetime64[D]")
            arrays = [pa.array(data[f.name], f.type) if f.name == "date" else _array(data[f.name], f.type) for f in schema]
            parts.append(pa.table(arrays, schema=schema))
        return pa.concat_tables(parts, promote_options="permissive").combine_chunks() if parts else None

    def _maps(self, made: list[Pair]) -> pa.Table | None:
        rows = []
        for task, output in made:
            box, cell = task.scenario.box, task.scenario.cell_km
            place = {"ny": round(box.height_km / cell), "nx": round(box.width_km / cell), "x0_km": box.x0_km, "y0_km": box.y0_km}
            place |= {"width_km": box.width_km, "height_km": box.height_km}
            rows += [{**_index(task), "day": day, **place, "control": data} for day, data in output.maps.items()]
        return _table(rows, "maps", columns.MAP)


# What is kept of a run


def kept_by(task: RunTask) -> dict[str, Any]:
    """What a task keeps of its run beside the row in `runs`."""
    maps = task.maps if isinstance(task.maps, str) else list(task.maps)
    return {"daily": list(task.daily), "maps": maps, "events": task.events, "frame": task.frame}


def covers(kept: str | None, wanted: dict[str, Any]) -> bool:
    """True when what was kept of a run (column `kept`) is all that is wanted now."""
    if kept is None:
        return True
    try:
        had = json.loads(kept)
    except ValueError:  # damaged: made again
        return False
    if wanted["maps"] == "none" or had["maps"] in (wanted["maps"], "all"):
        has_maps = True
    else:
        has_maps = isinstance(had["maps"], list) and isinstance(wanted["maps"], list) and set(wanted["maps"]) <= set(had["maps"])
    return has_maps and set(wanted["daily"]) <= set(had["daily"]) and all(had[name] or not wanted[name] for name in ("events", "frame"))


# Tables of rows


def _index(task: RunTask) -> dict[str, int]:
    return {name: getattr(task, name) for name, *_ in INDEX}


def _list_of(made: list[Pair], name: str, own: tuple) -> pa.Table | None:
    """The entries of a list that every run may have, as rows."""
    return _table([{**_index(task), **entry} for task, output in made for entry in getattr(output, name)], name, own)


def _table(rows: list[dict[str, Any]], name: str, own: tuple) -> pa.Table | None:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, _schema(name, own)) if rows else None


def _schema(name: str, own: tuple) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([_field(*column) for column in (*INDEX, *own)], metadata={"schema": str(SCHEMA), "table": name})


def _array(values: Any, kind: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    return pa.array(np.asarray(values).astype(kind.to_pandas_dtype()), kind)


def _field(name: str, kind: Any, unit: str, sort: str, doc: str) -> Any:
    import pyarrow as pa

    kind = pa.type_for_alias(kind) if isinstance(kind, str) else kind
    return pa.field(name, kind, metadata={"unit": unit, "kind": sort, "doc": doc})
