"""Visibility of a unit on the move: what it adds to traffic, and how readily drones find it."""

from __future__ import annotations

from numba import njit

from sim.codes import ARMOR, IN_RELIEF, INFILTRATE


@njit(inline="always")
def visibility(units, i, men, exposure, infiltrator, relief):
    """How visible a moving unit with so many `men` left is beside a lone vehicle: by what it is and how it moves.

    `exposure`: that of men on foot; `infiltrator`, `relief`: an infiltrating group's and a relief's beside a marching one's.
    """
    if units.kind[i] == ARMOR:
        return 2.0
    if units.task[i] == INFILTRATE:
        return exposure * infiltrator
    bunched = relief if units.partner[i] >= 0 or units.stage[i] == IN_RELIEF else 1.0
    return exposure * min(0.3 + 0.1 * men, 1.2) * bunched
