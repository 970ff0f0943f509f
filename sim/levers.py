"""Parameters that act where the scenario decides while they are unset, and levers moved in a running battle.

The one place that knows what `command.manpower_ratio` and the rotation intervals do.
"""

from __future__ import annotations

from typing import Any

from sim.scenario import Scenario
from sim.settings import Settings
from sim.world import World

RATIO, ROTATION = "command.manpower_ratio", "decide.rotation_interval_days"


def mustered_ratio(scenario: Scenario) -> float:
    """Attacker's infantry to the defender's, of the formations that are in the sector at the start."""
    men = {"attacker": 0, "defender": 0}
    for f in scenario.formation:
        men[f.side] += f.infantry * f.is_here(scenario.start)
    return men["attacker"] / max(men["defender"], 1)


def manpower_scale(scenario: Scenario, settings: Settings) -> float:
    """What multiplies the attacker's infantry and intake: the ratio asked for, by that mustered; 1 when none is asked for."""
    ratio = settings.command.manpower_ratio
    return 1.0 if ratio is None else ratio / max(mustered_ratio(scenario), 1e-9)


def acting(scenario: Scenario, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every parameter by dotted key with the value that acts in a battle of this scenario under these overrides.

    The manpower ratio is that mustered where none is set. A rotation interval that is not set is None where formations have
    their own. A battle with these values as overrides (but for None) is the same battle.
    """
    settings = Settings({**scenario.params, **(overrides or {})})
    values = settings.flat()
    if values[RATIO] is None:
        values[RATIO] = mustered_ratio(scenario)
    own = any(f.rotation_interval_days is not None for f in scenario.formation if f.side == "defender")
    if own and ROTATION not in settings.overrides:
        values[ROTATION] = None
    return values


def apply(world: World, at_start: bool = False) -> None:
    """Derives from the parameters what formations carry of them: establishment, leadership, rotation intervals, the scale of manpower.

    In a running battle establishments that are there stay: with a larger one and the same men, a formation would count as
    worn out and be pulled out of the line. Those of formations still to come follow.
    """
    settings, f, p = world.settings, world.formations, world.settings.decide
    world.manpower_scale = manpower_scale(world.scenario, settings)
    for row, formation in enumerate(world.scenario.formation):
        attacker = formation.side == "attacker"
        to_come = not f.active[row] and formation.arrive is not None and formation.arrive >= world.date
        if at_start or to_come:
            f.establishment[row] = round(formation.infantry * (world.manpower_scale if attacker else 1.0))
        leads = settings.command.leadership_attacker if attacker else settings.command.leadership_defender
        f.leadership[row] = min(formation.leadership * leads, 1.0)
        own = formation.rotation_interval_days
        forced = ROTATION in settings.overrides and not attacker
        days = p.rotation_attacker_days if attacker else p.rotation_interval_days
        f.rotation_days[row] = days if own is None or forced else own


def move_levers(world: World, overrides: dict[str, Any]) -> None:
    """Gives a battle other parameters from here on. InputError for what is not allowed, and then nothing changes."""
    world.use(Settings({**world.scenario.params, **overrides}))
    apply(world)


def scenario_values(scenario: Scenario) -> dict[str, Any]:
    """Values that a scenario starts from, by key, where they are not the declared ones.

    Among them, where the scenario does not set them, the manpower ratio as mustered and the mean rotation interval of the
    defender's men.
    """
    settings = Settings(scenario.params)
    given = dict(settings.overrides)
    given.setdefault(RATIO, round(mustered_ratio(scenario), 2))
    there = [f for f in scenario.formation if f.side == "defender" and f.is_here(scenario.start) and f.infantry]
    if there and ROTATION not in given:
        days = [f.rotation_interval_days or settings.decide.rotation_interval_days for f in there]
        given[ROTATION] = round(sum(d * f.infantry for d, f in zip(days, there)) / sum(f.infantry for f in there), 1)
    return given
