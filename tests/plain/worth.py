"""What a man is worth in a fight, in plain Python."""

from __future__ import annotations

import math

from plain.rows import Row
from sim.forces import Task


def freshness(fatigue: float, knobs) -> float:
    """Worth of a man after so many days of strain: a cubic Hill curve from 1 down to `worst`."""
    r = fatigue / knobs.worn_days
    return knobs.worst + (1.0 - knobs.worst) / (1.0 + r * r * r)


def settled(days: float, knobs) -> float:
    """Worth of a man after so many days in one place: what he lacks at first fades exponentially."""
    lack = knobs.new_loss * math.exp(-days / knobs.new_days)
    return 1.0 - lack


def worth(units, i: int, suppression: float, knobs) -> float:
    """Fighting worth of one man: fresh, at home in his position, not suppressed, fed and trained, each factor at most 1."""
    unit = Row(units, i)
    out = freshness(unit.fatigue, knobs)
    if unit.task == Task.HOLD:
        out *= settled(unit.days, knobs)
    out *= 1.0 - suppression
    for hangs, has in ((knobs.from_supply, unit.supply), (knobs.from_quality, unit.quality)):
        out *= 1.0 - hangs * (1.0 - has)
    return out
