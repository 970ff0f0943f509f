"""The parameters that acted in a run, as they are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario import Scenario


def acting_parameters(scenario: Scenario, overrides: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Every parameter's value in a run, and the keys of those that its formations decided because they are not set.

    An unset ratio of manpower is recorded as mustered, and a run with that value set is the same run. An unset interval
    of rotation is None where formations have intervals of their own: no single value would give the same run.
    """
    from sim.levers import RATIO, ROTATION, acting
    from sim.plugin_files import own_values
    from sim.settings import Settings

    given = Settings({**scenario.params, **overrides}).overrides
    values = own_values(acting(scenario, overrides), scenario.plugins)
    return values, [key for key in (RATIO, ROTATION) if key not in given and (key == RATIO or values[key] is None)]
