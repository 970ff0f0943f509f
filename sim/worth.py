"""What a man is worth in a fight, by his state: the fire of a place and every duel count him by it."""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from sim.codes import HOLD


class Knobs(NamedTuple):
    """The numbers of worth, and of infiltrators' worth; `sim.phases.sense` declares them."""

    worst: float
    worn_days: float
    new_loss: float
    new_days: float
    from_supply: float
    from_quality: float
    infiltrator_worth: float


@njit(inline="always")
def freshness(fatigue, knobs):
    """Hill function of exponent 3 of days of strain: worth of a man, 1 when fresh, `worst` when worn out."""
    r = fatigue / knobs.worn_days
    return knobs.worst + (1.0 - knobs.worst) / (1.0 + r * r * r)


@njit(inline="always")
def settled(days, knobs):
    """Worth of a man by his days in one position, where he has to learn the ground: a share that rises to 1.

    Swank and Marchand (1946) saw men at their best after some ten days of combat. That this begins anew in each position, and how
    much a newcomer lacks, is an assumption.
    """
    return 1.0 - knobs.new_loss * math.exp(-days / knobs.new_days)


@njit(inline="always")
def worth(units, i, suppression, knobs):
    """Fighting worth of one man of group `i` beside a fresh, trained and fed one whom nobody keeps down."""
    known = settled(units.days[i], knobs) if units.task[i] == HOLD else 1.0
    return (
        freshness(units.fatigue[i], knobs)
        * known
        * (1.0 - suppression)
        * (1.0 - knobs.from_supply * (1.0 - units.supply[i]))
        * (1.0 - knobs.from_quality * (1.0 - units.quality[i]))
    )
