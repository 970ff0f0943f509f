"""The arguments of the command line, checked: scenario, overrides, numbers and dates."""

from __future__ import annotations

import datetime as dt
import math
import os
import sys
from pathlib import Path
from typing import Any, overload

from experiments.runs.stop_condition import StopCondition
from experiments.sweep.ensemble import MAPS, RunRequest
from sim import run_files
from sim.errors import InputError, did_you_mean, read_toml
from sim.identity import code_key
from sim.scenario import RECORD_END, RECORD_START, Scenario, load_scenario


def checked(request: RunRequest) -> tuple[Scenario, dict[str, Any], list[int]]:
    """The scenario, overrides and seeds of a request, its numbers made numbers; InputError for anything that cannot be."""
    from sim.sector.build import build_sector
    from sim.settings import by_dotted_key

    days = whole("--days", request.days, 1, 731)
    runs = whole("--runs", request.runs, 1, 100_000)
    seed = whole("--seed", request.seed, 0, 2**53)
    request.workers = whole("--workers", request.workers, 1, 1024)
    cell_km, step_hours = _decimal("--cell-km", request.cell_km), _decimal("--step-hours", request.step_hours)
    if request.maps not in MAPS:
        raise InputError(f"--maps {request.maps!r}: allowed: {', '.join(MAPS)}.")
    overrides = parsed(request.settings or [])
    if request.stop_when is not None:
        StopCondition(request.stop_when)
    manifest = manifest_at(request.scenario)
    if manifest is None:
        scenario, seeds = load_scenario(request.scenario, plugins=request.plugins or None), None
    else:
        scenario, before, seeds, stop_when = manifest
        scenario = load_scenario(scenario, plugins=request.plugins or None)
        request.stop_when = request.stop_when or stop_when
        overrides = {**before, **by_dotted_key(overrides)}
    if seeds is None or seed is not None or runs is not None:
        first = seed if seed is not None else seeds[0] if seeds else 1
        seeds = list(range(first, first + (runs or 1)))
    start = None
    if request.start is not None:
        start = _date(request.start, scenario)
        days = days or (scenario.start + dt.timedelta(days=scenario.days) - start).days
        if days < 1:
            raise InputError(f"--start {start}: after the scenario's last day; give --days too.")
    front = os.path.abspath(request.front) if request.front is not None else None
    if front is not None and not os.path.isfile(front):
        raise InputError(f"--front: file {request.front!r} {'is a folder' if os.path.isdir(front) else 'not found'}.")
    scenario = load_scenario(scenario, start=start, days=days, cell_km=cell_km, step_hours=step_hours, front=front)
    overrides = by_dotted_key(overrides)
    try:
        by_dotted_key(scenario.params)
    except InputError as error:
        raise InputError(f"{request.scenario}: params: {error}") from None
    build_sector(scenario)
    return scenario, overrides, seeds


def manifest_at(source: str) -> tuple[Scenario, dict[str, Any], list[int], str | None] | None:
    """Scenario, overrides, seeds and stopping condition of a run's manifest.toml; None for what is no manifest.

    A line on standard error announces that it was made by other code. InputError when this code has not its parameters any more.
    """
    path = Path(source)
    if path.suffix != ".toml" or not os.path.isfile(path):
        return None
    data = read_toml(path)
    if not isinstance(data.get("schema"), int) or "code" not in data:
        return None
    if data.get("kind") == "sweep":
        raise InputError(f"{source} is the manifest of a sweep; make its runs with `pokrovsk sweep {path.parent}`.")
    try:
        scenario, overrides = run_files.scenario_of(path.parent, data), dict(data["overrides"])
        seeds, code = [int(seed) for seed in data["seeds"]], str(data["code"])
        stop_when = StopCondition(data["stop_when"]).text if "stop_when" in data else None
    except InputError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(f"{source} is not a whole manifest of `pokrovsk run`: it lacks scenario, overrides or seeds.") from None
    from sim.settings import catalog

    made = f"was made by other code (commit {data.get('git_commit') or 'unknown'})"
    gone = [key for key in {**data.get("parameters", {}), **overrides} if key not in catalog()]
    if gone:
        raise InputError(f"{source} {made}: this one has no parameter {gone[0]!r}.{did_you_mean(gone[0], catalog())}")
    if code != code_key():
        print(f"pokrovsk: {source} {made}: the same settings, but not the same run.", file=sys.stderr)
    return scenario, overrides, seeds, stop_when


def parsed(settings: list[str]) -> dict[str, str]:
    """KEY=VALUE words as a dictionary; a key that is given twice is an InputError."""
    out: dict[str, str] = {}
    for word in settings:
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals or not key or not value.strip():
            raise InputError(f"--set {word!r}: allowed: KEY=VALUE.")
        if key in out:
            raise InputError(f"--set {key}: given twice, as {out[key]} and {value.strip()}.")
        out[key] = value.strip()
    return out


@overload
def whole(name: str, value: int | str, least: int, most: int) -> int: ...
@overload
def whole(name: str, value: int | str | None, least: int, most: int) -> int | None: ...
def whole(name: str, value: int | str | None, least: int, most: int) -> int | None:
    if value is None:
        return None
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise InputError(f"{name} {str(value)[:40]}: allowed: a whole number from {least} to {most}.")
    return number


def _decimal(name: str, value: float | str | None) -> float | None:
    try:
        number = None if value is None else float(value)
    except ValueError:
        number = math.nan
    if number is not None and not (math.isfinite(number) and number > 0):
        raise InputError(f"{name} {value}: allowed: a number above 0.")
    return number


def _date(text: str, scenario: Scenario) -> dt.date:
    """A first day within the record (any day for made-up ground)."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not (not scenario.map.is_ours or RECORD_START <= day <= RECORD_END):
        what = "not a date" if day is None else "outside the record"
        raise InputError(f"--start {text}: {what}; allowed: YYYY-MM-DD from {RECORD_START} to {RECORD_END}.")
    return day
