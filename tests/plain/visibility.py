"""How visible a unit on the move is, in plain Python."""

from __future__ import annotations

from plain.rows import Row
from sim.forces import Kind, Stage, Task


def visibility(units, i: int, men: int, exposure: float, infiltrator: float, relief: float) -> float:
    """How visible a moving unit with so many men is beside a lone vehicle."""
    unit = Row(units, i)
    if unit.kind == Kind.ARMOR:
        return 2.0
    if unit.task == Task.INFILTRATE:
        return exposure * infiltrator
    size = min(0.3 + 0.1 * men, 1.2)
    bunched = unit.partner >= 0 or unit.stage == Stage.IN_RELIEF
    return exposure * size * (relief if bunched else 1.0)
