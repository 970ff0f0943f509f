"""What there is to look up: scenarios, parameters, facts and measures, as plain lines that a pipe can cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

MOST_POINTS, MOST_COLUMNS = 12, 6  # of a study that are shown


def print_scenarios(csv: bool = False) -> None:
    """Name, first day, days, cell and title of the shipped scenarios."""
    from sim.scenario import load_scenario, scenario_names

    rows: list[tuple] = [("name", "start", "days", "step", "box", "title")]
    for name in scenario_names():
        s = load_scenario(name)
        rows.append(
            (name, s.start, s.days, f"{s.step_hours:g} h", f"{s.box.width_km:g} x {s.box.height_km:g} km", s.title)
        )
    _print(rows, csv)


def copy_scenario(name: str, file: Path) -> None:
    """Copies a shipped scenario's TOML to a new file."""
    from experiments.storage.files import replacing, writing
    from seeds import path
    from sim.errors import InputError, did_you_mean
    from sim.scenario import scenario_names

    if name not in scenario_names():
        known = ", ".join(scenario_names())
        raise InputError(f"unknown scenario {name!r}; known: {known}.{did_you_mean(name, scenario_names())}")
    if file.exists():
        raise InputError(f"--copy: {str(file)!r} is there already; give another name.")
    with writing(f"--copy: {str(file)!r}"), replacing(file) as draft:
        draft.write_bytes(path("scenarios", f"{name}.toml").read_bytes())
    print(f"{file}: a copy of {name}; run it with: pokrovsk run {file}")


def load_plugins(names: list[str] | None) -> None:
    """Loads plugins, so that what they add is listed."""
    from sim.plugin_files import find, load

    for name in names or ():
        load(find(name))


def print_params(pattern: str, csv: bool = False) -> None:
    """Every parameter that the pattern is part of: key, short name, value, unit, range, role, source."""
    from experiments.reporting.model_documents import PARAMETER_HEAD, parameter_row
    from sim.settings import catalog

    found = [d for d in catalog().values() if _matches(pattern, d.key, d.short, d.doc, d.fact, d.role)]
    _print_found([PARAMETER_HEAD, *map(parameter_row, found)], pattern, "parameter", csv)


def print_facts(pattern: str, csv: bool = False) -> None:
    """Every cited fact that the pattern is part of."""
    import seeds
    from experiments.reporting.model_documents import _number

    rows = [("id", "value", "unit", "period", "side", "grade", "quantity", "source", "defect")]
    for f in seeds.facts().values():
        if _matches(pattern, f.id, f.quantity, f.source, f.theme, f.defect):
            limits = f"{_number(f.low)} to {_number(f.high)}" if f.low is not None or f.high is not None else ""
            value = _number(f.value) + (f" ({limits})" if limits else "") if f.value is not None else limits
            period = f.period_end if f.period_start in ("", f.period_end) else f"{f.period_start} to {f.period_end}"
            rows.append((f.id, value, f.unit, period, f.side, f.grade, f.quantity, f.source, f.defect))
    _print_found(rows, pattern, "fact", csv)


def print_measures(csv: bool = False) -> None:
    """Every measure: name, unit, running total, daily value or state, and meaning."""
    from sim.measures import MEASURES

    _print([("name", "unit", "kind", "meaning"), *((m.name, m.unit, m.kind, m.doc) for m in MEASURES.values())], csv)


def print_studies(csv: bool = False) -> None:
    """Name, scenario, design, points x replicates, days and question of the shipped studies."""
    from experiments.studies.files import load_study, study_names

    rows = [("name", "scenario", "design", "points", "runs", "days", "question")]
    for name in study_names():
        s = load_study(name)
        days = sorted({scenario.days for scenario in s.scenarios.values()})
        points = f"{s.n_points:,} x {s.replicates}"
        rows.append((name, ", ".join(s.scenarios), s.design, points, f"{s.n_runs:,}", "-".join(map(str, days)), s.question or s.title))
    _print(rows, csv)


def print_study(name: str, csv: bool = False) -> None:
    """One study: what it asks, its factors, and its first points; as CSV all its points."""
    from experiments.reporting.model_documents import _number
    from experiments.studies.files import load_study

    s = load_study(name)
    if csv:
        _print([("point", *(f.name for f in s.factor_list)), *((p.index, *p.levels.values()) for p in s.iterate())], csv)
        return
    facts = [
        (word, value) for word, value in (("claim", s.claim), ("title", s.title), ("question", s.question)) if value
    ]
    for word, scenario in s.scenarios.items():
        facts.append(("scenario", f"{word}, {scenario.start}, {scenario.days} days"))
    facts.append(("design", f"{s.design}: {s.plan.doc}"))
    facts.append(("runs", f"{s.n_points:,} points x {s.replicates} seeds ({s.seeds[0]}-{s.seeds[-1]}) = {s.n_runs:,}"))
    facts += [("set", f"{key} = {value}") for key, value in s.fixed.items()]
    kept = ", ".join(s.measures) or "every measure"
    facts.append(
        ("kept", f"final values of every measure{f'; of every day: {kept}' if s.daily else ''}; maps: {s.maps}")
    )
    _print(facts)
    rows: list[tuple] = [("factor", "unit", *(["group"] if s.groups else []), "values")]
    for f in s.factor_list:
        group = [f.group or f.name] if s.groups else []
        rows.append((f.name, f.unit, *group, _values(f) if f.options or not s.plan.is_grid else _many(s.grid_of(f))))
    print()
    _print(rows)
    shown = s.factor_list[:MOST_COLUMNS]
    rows = [("point", *(f.name for f in shown))]
    rows += [
        (p.index, *(_number(p.levels[f.name]) for f in shown))
        for p in map(s.point, range(min(s.n_points, MOST_POINTS)))
    ]
    print()
    _print(rows)
    more = [
        f"{n:,} more {what}"
        for n, what in ((s.n_points - MOST_POINTS, "points"), (len(s.factor_list) - MOST_COLUMNS, "factors"))
        if n > 0
    ]
    if more:
        print(f"and {' and '.join(more)}")


def _values(factor: Any) -> str:
    from experiments.reporting.model_documents import _number

    if factor.options:
        return _many(factor.options)
    return f"{_number(factor.low)} to {_number(factor.high)}" + (", log scale" if factor.scale == "log" else "")


def _many(values: Any) -> str:
    from experiments.reporting.model_documents import _number

    return ", ".join(_number(v) for v in values)


def _matches(pattern: str, *texts: str | None) -> bool:
    return any(pattern.lower() in t.lower() for t in texts if t)


def _print_found(rows: list[tuple], pattern: str, what: str, csv: bool) -> None:
    from sim.errors import InputError

    if len(rows) == 1:
        raise InputError(f"no {what} matches {pattern!r}.")
    _print(rows, csv)


def _print(rows: list[tuple], csv: bool = False) -> None:
    """Rows, the first one the head, with columns in line (the last one as long as it is), or as CSV."""
    if csv:
        from experiments.cli.console import print_csv

        print_csv(dict(zip(rows[0], row, strict=True)) for row in rows[1:])
        return
    text = [[str(cell) for cell in row] for row in rows]
    width = [max(len(row[k]) for row in text) for k in range(len(text[0]) - 1)]
    for row in text:
        print("  ".join([*(cell.ljust(w) for cell, w in zip(row[:-1], width, strict=True)), row[-1]]).rstrip())
