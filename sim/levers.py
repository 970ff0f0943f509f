"""A lever moved in a running battle; used by muster and page."""

from __future__ import annotations

from typing import Any

from sim.forces import Side
from sim.settings import Settings


def move_levers(world: Any, overrides: dict[str, Any]) -> None:
    """Gives a battle other parameters from here on. InputError for what is not allowed, and then nothing changes.

    What the muster derived from them follows: the attacker's intake, the size of his formations that are still to come, and
    intervals of relief. Men, works and establishments that are there stay: with a larger establishment and the same men, a
    formation would count as worn out and be pulled out of the line.
    """
    settings = Settings({**world.scenario.params, **overrides})
    asked = settings.overrides.get("command.manpower_ratio")
    world.settings = settings
    world.manpower_scale = 1.0 if asked is None else asked / max(world.manpower_mustered, 1e-9)
    f, p = world.formations, settings.decide
    forced = "decide.rotation_interval_days" in settings.overrides
    for row, formation in enumerate(world.scenario.formation):
        defender = f.side[row] == Side.DEFENDER
        to_come = not f.active[row] and formation.arrive is not None and formation.arrive >= world.date
        if to_come and not defender:
            f.establishment[row] = round(formation.infantry * world.manpower_scale)
        own = formation.rotation_interval_days
        days = p.rotation_interval_days if defender else p.rotation_attacker_days
        f.rotation_days[row] = days if own is None or (forced and defender) else own
    world.__dict__.pop("_knobs", None)  # kept numbers of the old settings


def scenario_values(world: Any) -> dict[str, Any]:
    """Values a scenario starts from, by key, where they are not the declared ones (the mustered manpower among them)."""
    given = dict(Settings(world.scenario.params).overrides)
    given.setdefault("command.manpower_ratio", round(float(world.manpower_mustered), 2))
    return given
