"""The course of a battle: scenario, start, seed, and levers with the steps at which they were moved. It is what a link holds.

As a message: `{scenario, start, days, seed, model, levers: [[step, {key: value}], ...], was: the same of the twin or null, fork}`.
The first entry of `levers` is the muster (step 0); each entry has all overrides in force from its step on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from sim.errors import InputError
from sim.identity import code_key
from sim.scenario import Scenario, load_scenario, scenario_names
from sim.settings import resolve
from sim.view.page.session.branches import Branches
from sim.view.page.session.lever_history import LeverHistory

MOST_MOVES = 200
MOST_KEYS = 400


@dataclass(frozen=True)
class Course:
    """Levers of a battle that ran before, those of its twin with the step at which it forked, and how far it came."""

    levers: LeverHistory
    twin: LeverHistory | None = None
    fork: int = 0
    head: int = 0
    shown: int = 0


def model_id() -> str:
    """Version of the model and the key of its code: battles agree when it is the same."""
    try:
        version = metadata.version("pokrovsk")
    except metadata.PackageNotFoundError:
        version = "0"
    return f"{version}-{code_key()[:8]}"


def message(branches: Branches) -> dict[str, Any]:
    """The course of a live battle for the browser, which keeps it in its address."""
    s, twin, fork = branches.scenario, branches.twin_lever_history, 0
    if branches.divergence is not None:
        fork = branches.divergence.fork
    elif branches.planned is not None:
        fork, twin = branches.planned
    return {
        "scenario": s.name, "start": s.start.isoformat(), "days": s.days, "seed": branches.seed, "model": model_id(),
        "levers": _entries(branches.lever_history), "was": None if twin is None else _entries(twin),
        "fork": fork,
    }  # fmt: skip


def _entries(history: LeverHistory) -> list[list[Any]]:
    return [[0, dict(history.start)], *([step, dict(overrides)] for step, overrides in history.moves)]


def scenario_of(link: dict[str, Any], here: Scenario, most_days: int) -> Scenario:
    """The scenario of a link; `here` is the one that the page shows, which may be a file of the user. InputError when it is not there."""
    name = str(link.get("scenario", ""))[:60]
    if name != here.name and name not in scenario_names():
        raise InputError(f"This link is of the scenario {name!r}, which is not here. Start the page with its file, `pokrovsk view {name}.toml`, "
                         "and open the link there.")
    scenario = here if name == here.name else load_scenario(name)
    try:
        start, days = dt.date.fromisoformat(str(link.get("start", scenario.start))), int(link.get("days", scenario.days))
    except (TypeError, ValueError):
        raise InputError("This link has no first day that can be read.") from None
    return load_scenario(scenario, start=start, days=min(max(days, 1), most_days))


def read(link: dict[str, Any], scenario: Scenario) -> Course:
    """The course that a link holds; InputError in one sentence for one that cannot be followed."""
    levers = _history(link.get("levers") or [[0, {}]])
    twin = _history(link["was"]) if link.get("was") else None
    return Course(levers, twin, _step(link.get("fork", 0), scenario), _step(link.get("head", 0), scenario), _step(link.get("step", 0), scenario))


def _step(value: Any, scenario: Scenario) -> int:
    try:
        return min(max(int(value), 0), scenario.n_steps)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"This link has a step that is no number: {str(value)[:40]!r}.") from None


def _history(entries: Any) -> LeverHistory:
    if not isinstance(entries, list) or len(entries) > MOST_MOVES:
        raise InputError("This link has levers that cannot be read.")
    out: list[tuple[int, dict[str, Any]]] = []
    for entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], int) and isinstance(entry[1], dict)) or len(entry[1]) > MOST_KEYS:
            raise InputError("This link has levers that cannot be read.")
        step, values = entry
        if out and step < out[-1][0]:
            raise InputError("This link has levers that are not in order of their days.")
        out.append((step, {(d := resolve(str(key))).key: d.parse(value) for key, value in values.items()}))
    start = out[0][1] if out and out[0][0] == 0 else {}
    return LeverHistory(start, tuple(out[1:] if out and out[0][0] == 0 else out))
