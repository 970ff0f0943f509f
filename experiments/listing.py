"""What there is to look up: scenarios, parameters, facts and measures, as plain lines that a pipe can cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.quantity import InputError


def print_scenarios() -> None:
    """Name, first day, days, cell and title of the shipped scenarios."""
    from sim.scenario import load_scenario, scenario_names

    rows = [("name", "start", "days", "step", "box", "title")]
    for name in scenario_names():
        s = load_scenario(name)
        rows.append(
            (name, s.start, s.days, f"{s.step_hours:g} h", f"{s.box.width_km:g} x {s.box.height_km:g} km", s.title)
        )
    _print(rows)


def copy_scenario(name: str, file: Path) -> None:
    """Copies a shipped scenario's TOML to a new file."""
    from experiments.outputs import replacing
    from seeds import path
    from sim.quantity import did_you_mean
    from sim.scenario import scenario_names

    if name not in scenario_names():
        known = ", ".join(scenario_names())
        raise InputError(f"unknown scenario {name!r}; known: {known}.{did_you_mean(name, scenario_names())}")
    if file.exists():
        raise InputError(f"--copy: {str(file)!r} is there already; give another name.")
    try:
        with replacing(file) as draft:
            draft.write_bytes(path("scenarios", f"{name}.toml").read_bytes())
    except OSError as error:
        raise InputError(f"--copy: {str(file)!r} cannot be written: {error.strerror}.") from None
    print(f"{file}: a copy of {name}; run it with: pokrovsk run {file}")


def print_params(pattern: str) -> None:
    """Every parameter that the pattern is part of: key, short name, value, unit, range, role, source."""
    from sim.settings import catalog

    rows = [("key", "short name", "value", "unit", "range", "role", "source", "meaning")]
    for d in catalog().values():
        if _matches(pattern, d.key, d.short, d.doc, d.fact, d.role):
            limits = "on or off" if d.is_switch else f"{_number(d.low)} to {_number(d.high)}"
            value = ("on" if d.default else "off") if d.is_switch else _number(d.default)
            rows.append((d.key, d.short or "", value, "" if d.is_switch else d.unit, limits, d.role, d.fact, d.doc))
    _print_found(rows, pattern, "parameter")


def print_facts(pattern: str) -> None:
    """Every cited fact that the pattern is part of."""
    import seeds

    rows = [("id", "value", "unit", "period", "side", "grade", "quantity", "source", "defect")]
    for f in seeds.facts().values():
        if _matches(pattern, f.id, f.quantity, f.source, f.theme, f.defect):
            limits = f"{_number(f.low)} to {_number(f.high)}" if f.low is not None or f.high is not None else ""
            value = _number(f.value) + (f" ({limits})" if limits else "") if f.value is not None else limits
            period = f.period_end if f.period_start in ("", f.period_end) else f"{f.period_start} to {f.period_end}"
            rows.append((f.id, value, f.unit, period, f.side, f.grade, f.quantity, f.source, f.defect))
    _print_found(rows, pattern, "fact")


def print_measures() -> None:
    """Every measure: name, unit, running total, daily value or state, and meaning."""
    from sim.measures import MEASURES

    _print([("name", "unit", "kind", "meaning"), *((m.name, m.unit, m.kind, m.doc) for m in MEASURES.values())])


def _matches(pattern: str, *texts: str | None) -> bool:
    return any(pattern.lower() in t.lower() for t in texts if t)


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _print_found(rows: list[tuple], pattern: str, what: str) -> None:
    if len(rows) == 1:
        raise InputError(f"no {what} matches {pattern!r}.")
    _print(rows)


def _print(rows: list[tuple]) -> None:
    """Rows with columns in line; the last one is as long as it is."""
    text = [[str(cell) for cell in row] for row in rows]
    width = [max(len(row[k]) for row in text) for k in range(len(text[0]) - 1)]
    for row in text:
        print("  ".join([*(cell.ljust(w) for cell, w in zip(row[:-1], width, strict=True)), row[-1]]).rstrip())
