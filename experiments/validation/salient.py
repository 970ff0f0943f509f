"""The Dobropillia question as one number: how much of a thin salient the attacker still holds after some days."""

from __future__ import annotations

from sim import battle
from sim.mustering import muster
from sim.scenario import Breach, load_scenario

OPENED = 10  # day on which the salient is opened: the battle has found its rhythm


def held_after(seed: int, *, follow: float, reserve: bool = True, days: int = 20, wait: int = 4, overrides: dict | None = None,
               source: str = "pokrovsk-2024") -> float:
    """Share of a salient that the attacker still holds `days` after it was opened.

    `follow`: follow-on groups that each formation sends a day; `reserve`: a relief formation arrives after `wait` days.
    """
    breach = Breach(day=OPENED, reserve_days=wait if reserve else None)
    scenario = load_scenario(source, breach=[breach.model_dump()], days=OPENED + days)
    world = muster(scenario, seed, overrides={"decide.follow_per_day": follow, **(overrides or {})}, record=False)
    battle.run(world)
    return float(world.cells.control[world.breach].mean())
