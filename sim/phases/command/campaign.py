"""The state of the attacker's offensive: directions and their turns, surges, operations by axis, a pressing deadline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.draws import key, normal, uniform_of

if TYPE_CHECKING:
    from sim.fields import Cells, Geo
    from sim.scenario import Scenario


@dataclass(slots=True)
class Campaign:
    """What the attacker's command remembers from day to day. An axis is an objective; a direction is some axes."""

    direction_of: np.ndarray  # (axes,) direction of each axis, numbered in the order in which the scenario names them
    surge: np.ndarray  # (directions,) surge of each direction's offensive, in standard deviations
    axis_pulse: np.ndarray  # (axes,) 1 while an operation is under way
    axis_left: np.ndarray  # (axes,) days until it ends, or the next one begins
    direction_at: np.ndarray  # (cells,) direction of the objective nearest to each cell
    held: np.ndarray  # (directions,) km2 that the attacker holds there
    gained: np.ndarray  # (directions,) km2 gained there a day, exponential average
    spent: np.ndarray  # (directions,) men times tempo that attacked there, exponential average
    returns: np.ndarray  # (directions,) ground gained per attacking man beside the mean of all directions
    main_direction: int = 0
    turn_left: float = 0.0  # days until another direction may become the main one
    deadline: bool = False  # a dated deadline presses

    @classmethod
    def of(cls, scenario: Scenario, geo: Geo, cells: Cells, objectives: np.ndarray, seed: int) -> Campaign:
        """The campaign at the start of a battle: surges and operations are drawn."""
        names = [o.direction or o.name for o in scenario.objective]
        direction_of = np.array([list(dict.fromkeys(names)).index(name) for name in names])
        n = int(direction_of.max()) + 1
        pulse, start = key(seed, "pulse", -1), key(seed, "campaign", -1)
        c = np.arange(geo.nx * geo.ny)
        x, y = geo.x0 + (c % geo.nx + 0.5) * geo.cell, geo.y0 + (c // geo.nx + 0.5) * geo.cell
        direction_at, least = np.zeros(c.size, np.int64), np.full(c.size, np.inf)
        for direction, (ox, oy) in zip(direction_of, objectives[:, :2], strict=True):
            far = np.hypot(x - ox, y - oy)
            direction_at[far < least] = direction
            least = np.minimum(least, far)
        return cls(
            direction_of,
            np.array([normal(uniform_of(start, d, 0), uniform_of(start, d, 1)) for d in range(n)]),
            np.array([uniform_of(pulse, a, 0) < 0.45 for a in range(len(names))], np.int8),
            np.array([1.0 + 6.0 * uniform_of(pulse, a, 1) for a in range(len(names))]),
            direction_at,
            np.bincount(direction_at, cells.control, minlength=n) * geo.cell**2,
            np.zeros(n),
            np.zeros(n),
            np.ones(n),
        )
