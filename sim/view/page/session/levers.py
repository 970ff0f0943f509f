"""Levers of the page: sliders from the declarations of parameters."""

from __future__ import annotations

from typing import Any

import seeds
from sim.quantity import Declaration
from sim.settings import Settings, catalog
from sim.view.page.session.lever_names import NAMES, OTHER, SYSTEM_OF, SYSTEMS

# The levers that stand on the page first, with the words of the page.
FIRST = {
    "command.manpower_ratio": ("Manpower ratio", "More infantry and recruits for the attacker: faster, dearer in men."),
    "decide.rotation_interval_days": ("Rotation interval", "Shorter: fresher men in the line, more men on the road."),
    "fpv_team.reach_scale": ("Depth of the kill zone", "Deeper: supply and reserves of both sides suffer farther back."),
    "fpv_team.production_defender": ("Drones, defender", "More: the attacker loses more men on the way."),
    "glide_bomb.per_day_scale": ("Glide bombs", "More: works and buildings break sooner."),
    "decide.deploy_delay_days": ("Reserve delay", "Longer: breaches stay open."),
    "works.strength": ("Strength of belts", "Stronger belts: every attack on them costs more. They stand before the battle."),
    "artillery.shells_attacker": ("Shells, attacker", "More: positions are suppressed and worn down."),
}  # fmt: skip
# Those that act on the muster only, or nearly (belts stand before the battle): moved later they are played from the first day.
FROM_START = frozenset({"works.enabled", "works.strength", "works.field_ready", "works.town_works", "fpv_team.crew", "artillery.crew"})
UNITS = {"days": "days", "bombs/day": "a day", "groups/day": "groups a day", "1/day": "a day", "": ""}


def lever_table(settings: Settings, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Every parameter as JSON for a slider: the first levers, then by system, its levers before its uncertain parameters.

    `given` are the values that the scenario starts from, by key, where they differ from the declared default.
    """
    values = {**settings.flat(), **{k: v for k, v in given.items() if k not in settings.overrides}}
    rows = [_row(d, values[d.key], given.get(d.key, d.default)) for d in catalog().values() if d.role != "numeric"]
    order = {key: k for k, key in enumerate(FIRST)}
    systems = [*SYSTEMS, OTHER]
    return sorted(rows, key=lambda r: (order.get(r["key"], 99), systems.index(r["system"]), r["role"] != "lever"))


def _row(d: Declaration, value: Any, default: Any) -> dict[str, Any]:
    label, effect = FIRST.get(d.key, (NAMES.get(d.key) or _label(d), ""))
    fact = seeds.facts().get(d.fact)
    band = [fact.low, fact.high] if fact is not None and _same_scale(d, fact) else None
    return {
        "key": d.key,
        "label": label,
        "first": d.key in FIRST,
        "from_start": d.key in FROM_START,
        "role": d.role,
        "system": SYSTEM_OF.get(d.key.split(".", 1)[0], OTHER),
        "unit": _unit(d),
        "low": d.low,
        "high": d.high,
        "step": _step(d),
        "switch": d.is_switch,
        "whole": d.kind is int,
        "value": value,
        "default": default,
        "band": band,
        "doc": d.doc[:1].upper() + d.doc[1:] + ".",
        "effect": effect,
        "source": f"{fact.quantity}: {fact.source}. Confidence {fact.grade}." if fact else d.fact[:1].upper() + d.fact[1:] + ".",
    }


def _same_scale(d: Declaration, fact: seeds.Fact) -> bool:
    """True when the range of the fact speaks of the same number as the parameter."""
    if not isinstance(fact.low, int | float) or not isinstance(fact.high, int | float) or d.low is None or d.high is None:
        return False
    same = {"ratio": "", "days": "days"}.get(fact.unit) == d.unit and d.key in (
        "command.manpower_ratio",
        "decide.rotation_interval_days",
    )
    return same and d.low <= fact.low <= fact.high <= d.high


def _label(d: Declaration) -> str:
    group, name = d.key.split(".", 1)
    words = (d.short or name).replace("_", " ")
    return f"{group.replace('_', ' ')}: on" if words == "enabled" else words[:1].upper() + words[1:]


def _unit(d: Declaration) -> str:
    if d.is_switch:
        return "switch"
    if d.key == "command.manpower_ratio":
        return ": 1"
    if "multiplies" in d.doc:
        return "×"
    return UNITS.get(d.unit, d.unit)


def _step(d: Declaration) -> float:
    if d.kind is int:
        return 1
    if d.low is None or d.high is None:
        return 0.01
    span = d.high - d.low
    return next(s for s in (1, 0.5, 0.1, 0.05, 0.01, 0.001, 0.0001, 0.00001) if span / s >= 80 or s == 0.00001)
