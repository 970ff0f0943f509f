"""The order of a battle as the command line gives it, and its checking: scenario, overrides, numbers and dates."""

from __future__ import annotations

import datetime as dt
import math
import os
from typing import Any

from experiments.sweep.ensemble import MAPS, RunRequest
from sim.errors import InputError
from sim.scenario import RECORD_END, RECORD_START, Scenario, load_scenario


def checked(request: RunRequest) -> tuple[Scenario, dict[str, Any]]:
    """The scenario and overrides of an order, its numbers made numbers; InputError for anything that cannot be."""
    request.days = whole("--days", request.days, 1, 731)
    request.runs = whole("--runs", request.runs, 1, 100_000)
    request.seed = whole("--seed", request.seed, 0, 2**53)
    request.workers = whole("--workers", request.workers, 1, 1024)
    request.cell_km, request.step_hours = _decimal("--cell-km", request.cell_km), _decimal("--step-hours", request.step_hours)
    if request.maps not in MAPS:
        raise InputError(f"--maps {request.maps!r}: allowed: {', '.join(MAPS)}.")
    scenario = load_scenario(request.scenario)
    start, days = None, request.days
    if request.start is not None:
        start = _date(request.start, scenario)
        days = days or (scenario.start + dt.timedelta(days=scenario.days) - start).days
        if days < 1:
            raise InputError(f"--start {start}: after the scenario's last day; give --days too.")
    front = os.path.abspath(request.front) if request.front is not None else None
    scenario = load_scenario(
        scenario, start=start, days=days, cell_km=request.cell_km, step_hours=request.step_hours, front=front
    )
    overrides = parsed(request.settings or [])
    from sim.sector.build import build_sector
    from sim.settings import by_dotted_key

    overrides = by_dotted_key(overrides)
    try:
        by_dotted_key(scenario.params)
    except InputError as error:
        raise InputError(f"{request.scenario}: params: {error}") from None
    build_sector(scenario)
    return scenario, overrides


def parsed(settings: list[str]) -> dict[str, str]:
    """KEY=VALUE words as a dictionary; a key that is given twice is an InputError."""
    out: dict[str, str] = {}
    for word in settings:
        key, equals, value = word.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise InputError(f"--set {word!r}: allowed: KEY=VALUE.")
        if key.strip() in out:
            raise InputError(f"--set {key.strip()}: given twice, as {out[key.strip()]} and {value.strip()}.")
        out[key.strip()] = value.strip()
    return out


def whole(name: str, value: int | str | None, least: int, most: int) -> int | None:
    if value is None:
        return None
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise InputError(f"{name} {value}: allowed: a whole number from {least} to {most}.")
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
    if day is None or not (scenario.map.synthetic or RECORD_START <= day <= RECORD_END):
        what = "not a date" if day is None else "outside the record"
        raise InputError(f"--start {text}: {what}; allowed: YYYY-MM-DD from {RECORD_START} to {RECORD_END}.")
    return day
