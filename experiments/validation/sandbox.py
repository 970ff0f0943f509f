"""The sandbox: two bodies of infantry on open ground, every mechanism off but fire. For limit cases with exact answers.

One engine, two modes: `search_men` = 0 is aimed fire (Lanchester's square law), large is fire at an area (his linear law).
"""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from functools import cache

import numpy as np

from sim.forces import Kind, Task
from sim.mustering import muster
from sim.phases import fire, losses, sense
from sim.scenario import Box, Formation, Map, Objective, Scenario
from sim.world import World

AREA = 1e6  # men at which half of fire is spent on finding targets: so many that fire is at an area

OFF = {
    "weather.enabled": False, "drones.enabled": False, "shells.enabled": False, "bombs.enabled": False,
    "supply.enabled": False, "works.enabled": False, "morale.enabled": False, "arrive.recruits": False,
    "decide.rotation": False, "decide.armor": False, "sense.worst": 0.8, "sense.worn_days": 150.0,
    "sense.from_supply": 0.0, "sense.from_quality": 0.0, "sense.new_loss": 0.0,
    "fire.dark": 1.0, "fire.duel_cover": 0.0, "fire.hunt": 1.0, "fire.hunted_per_day": 0.0,
}


def field(attackers: int, defenders: int) -> Scenario:
    """A scenario of two bodies on open ground, with nothing else."""
    return Scenario(
        name="sandbox", title="Sandbox", start=dt.date(2024, 7, 8), days=365,
        box=Box(width_km=12, height_km=12), map=Map(synthetic=True, front_x_km=6.0),
        formation=[Formation(name="attackers", side="attacker", infantry=attackers, quality=1.0),
                   Formation(name="defenders", side="defender", infantry=defenders, quality=1.0)],
        objective=[Objective(name="nothing", x_km=2.0, y_km=6.0)])


def fight(attackers: int, defenders: int, seed: int, *, aimed: bool = True, rate: float = 0.03, weapon: tuple[float, float] = (1.0, 1.0),
          until: float = 0.0, steps: int = 4000) -> np.ndarray:
    """Men of both sides after each step, (steps + 1, 2), until one side has no more than `until` of its men.

    `rate`: for aimed fire men hit by one man a day; for area fire the same times (enemy men)/100. `weapon` multiplies the fire
    of attacker and defender.
    """
    contact = rate if aimed else rate * 0.01 * AREA
    overrides = {**OFF, "fire.contact_per_day": contact, "fire.search_men": 0.0 if aimed else AREA,
                 "fire.weapon_attacker": weapon[0], "fire.weapon_defender": weapon[1]}
    world = deepcopy(_ready(attackers, defenders, tuple(overrides.items())))
    world.seed = seed
    men = [_count(world)]
    start = men[0]
    for _ in range(steps):
        sense.run(world)
        fire.run(world)
        losses.run(world)
        world.step_index += 1
        men.append(_count(world))
        if (men[-1] <= until * start).any():
            break
    return np.array(men)


@cache
def _ready(attackers: int, defenders: int, overrides: tuple) -> World:
    """Both bodies face to face in the middle of the field."""
    world = muster(field(attackers, defenders), 0, overrides=dict(overrides), record=False)
    u, n = world.units, world.n
    u.task[:n][u.kind[:n] == Kind.INFANTRY] = Task.HOLD
    u.x[:n], u.y[:n] = 6.0, 6.0
    u.days[:n] = 0.0
    return world


def _count(world) -> np.ndarray:
    n = world.n
    men, side = world.units.men[:n], world.units.side[:n]
    return np.array([men[side == s].sum() for s in range(2)], float)


def square_law(own: float, enemy: float, ratio: float = 1.0) -> float:
    """Survivors of the stronger side under aimed fire: sqrt(R0^2 - (a/b) B0^2) (Lanchester 1916; Johnson and MacKay 2011)."""
    return float(np.sqrt(max(own**2 - ratio * enemy**2, 0.0)))


def linear_law(own: float, enemy: float, ratio: float = 1.0) -> float:
    """Survivors of the stronger side under area fire: R0 - (a/b) B0."""
    return max(own - ratio * enemy, 0.0)
