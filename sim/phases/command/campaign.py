"""The state of the attacker's offensive: directions and their turns, surges, operations by axis, a pressing deadline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.draws import key, normal, uniform_of

if TYPE_CHECKING:
    from sim.scenario import Scenario


@dataclass(slots=True)
class Campaign:
    """What the attacker's command remembers from day to day. An axis is an objective; a direction is some axes."""

    direction_of: np.ndarray  # (axes,) direction of each axis, numbered in the order in which the scenario names them
    surge: np.ndarray  # (directions,) surge of each direction's offensive, in standard deviations
    axis_pulse: np.ndarray  # (axes,) 1 while an operation is under way
    axis_left: np.ndarray  # (axes,) days until it ends, or the next one begins
    main_direction: int = 0
    turn_left: float = 0.0  # days until another direction may become the main one
    deadline: bool = False  # a dated deadline presses

    @classmethod
    def of(cls, scenario: Scenario, seed: int) -> Campaign:
        """The campaign at the start of a battle: surges and operations are drawn."""
        names = [o.direction or o.name for o in scenario.objective]
        direction_of = np.array([list(dict.fromkeys(names)).index(name) for name in names])
        pulse, start = key(seed, "pulse", -1), key(seed, "campaign", -1)
        return cls(
            direction_of,
            np.array([normal(uniform_of(start, d, 0), uniform_of(start, d, 1)) for d in range(direction_of.max() + 1)]),
            np.array([uniform_of(pulse, a, 0) < 0.45 for a in range(len(names))], np.int8),
            np.array([1.0 + 6.0 * uniform_of(pulse, a, 1) for a in range(len(names))]),
        )
