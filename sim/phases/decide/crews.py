"""Crews and sections: drone teams and batteries move with the line, armor mounts attacks."""

from __future__ import annotations

import math

from sim.codes import DASH, SERVE
from sim.columns import kernel
from sim.draws import exponential, uniform_of
from sim.fields import at_squares, block_at
from sim.front import pick
from sim.phases.decide.goals import at_line


@kernel
def crew(geo, units, orders, front, cells, i, key, pack, flee, setback):
    """A drone crew or battery at its site: moves when the line has come or gone by half its setback."""
    if units.goal_x[i] != units.x[i] or units.goal_y[i] != units.y[i]:
        return
    depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
    if units.side[i] == 1:
        depth = -depth
    if abs(depth - setback) > 0.5 * setback and uniform_of(key, units.slot[i], 0) < (pack if depth > 0.5 else flee):
        resite(geo, units, orders, front, i, key, setback)


@kernel
def resite(geo, units, orders, front, i, key, setback):
    """A drone crew or battery packs up for a new site about `setback` km behind the line."""
    slot = units.slot[i]
    k = pick(orders, units.formation[i], False, uniform_of(key, slot, 1))
    if k < 0:
        return
    wide = setback * (0.7 + 0.6 * uniform_of(key, slot, 2))
    at_line(geo, units, front, i, k, SERVE, -wide, (uniform_of(key, slot, 3) - 0.5) * 2.0)


@kernel
def expected_burst(geo, blocks, side, x, y, gx, gy):
    """Expected drone hits on one vehicle on a dash from (x, y) to (gx, gy): the line integral of `burst`."""
    length = math.hypot(gx - x, gy - y)
    pieces = max(1, int(length + 0.5))
    total = 0.0
    for k in range(pieces):
        part = (k + 0.5) / pieces
        total += blocks.burst[block_at(geo, x + part * (gx - x), y + part * (gy - y)), side]
    return total * length / pieces


@kernel
def armor_section(geo, units, formations, orders, front, blocks, i, key, dt, mud, knobs, armor, tally):
    """A section in reserve: mounts an attack at a rate that is logistic in its worth times the chance that a vehicle comes back.

    Hits on the way out and on the way home are Poisson with the same mean.
    """
    f = units.formation[i]
    if units.vehicles[i] < 1 or units.men[i] < units.vehicles[i] * (armor.crew + 1):
        return
    slot = units.slot[i]
    k = pick(orders, f, False, uniform_of(key, slot, 0))
    if k < 0:
        return
    hits = expected_burst(geo, blocks, units.side[i], units.x[i], units.y[i], front.x[k], front.y[k])
    back = math.exp(-2.0 * armor.lost_per_hit * hits)  # chance that a vehicle gets there and home
    push = 2.0 * (armor.value * back - 2.0 - 1.2 * mud)
    share = 1.0 if units.side[i] == 0 else knobs.mounted_counter
    rate = share * armor.mount_max * formations.tempo[f] / (1.0 + math.exp(-push))
    if uniform_of(key, slot, 1) < 1.0 - math.exp(-rate * dt):
        at_line(geo, units, front, i, k, DASH, knobs.first_km + knobs.depth_km * exponential(uniform_of(key, slot, 2)), 0.0)
        tally[units.side[i], 3] += 1
