"""Infiltration: a bound between positions."""

from __future__ import annotations

import math

from sim.codes import BEHIND_LINE, DIRECT, FRONT, NO_STAGE
from sim.columns import kernel
from sim.draws import binomial, uniform_of
from sim.fields import at_nodes, cell_at
from sim.phases.fire.duels import fit_men
from sim.phases.fire.path import PIECE_KM
from sim.unit_rows import send_home

HIT_PER_MAN = 0.12  # hits on a man of a group that has been noticed, for each man of fire
TURNED_BACK = 0.6  # chance that it then goes no farther
STAY_KM = 0.8  # beyond this it stays where it got to instead of falling back


@kernel
def slip(geo, units, cells, nodes, formations, i, key, light, weapon, knobs, tally):
    """An infiltrating group's bound between positions: it is noticed, fought and turned back, or gets through.

    One that is stopped more than STAY_KM in stays there and counts as through.
    """
    s = units.side[i]
    slot = units.slot[i]
    x = units.x[i]
    y = units.y[i]
    dx = units.goal_x[i] - x
    dy = units.goal_y[i] - y
    length = math.sqrt(dx * dx + dy * dy)
    men = fit_men(units, i)
    pieces = int(length / PIECE_KM) + 1
    piece = length / pieces
    px = x
    py = y
    through = men > 0
    k = 0
    while through and k < pieces:
        k += 1
        nx = x + dx * k / pieces
        ny = y + dy * k / pieces
        c = cell_at(geo, nx, ny)
        fire = at_nodes(geo, nodes.fire, 1 - s, nx, ny) * weapon[1 - s]
        base = 10 + 8 * min(k, 60)
        rate = knobs.notice * fire * (1.0 - knobs.notice_light + knobs.notice_light * light) * (1.0 + cells.works[c, s]) * (1.0 - 0.5 * cells.wood[c])
        if uniform_of(key, slot, base) < 1.0 - math.exp(-rate * piece):
            lost = binomial(uniform_of(key, slot, base + 1), men, 1.0 - math.exp(-HIT_PER_MAN * fire))
            units.hits[i, DIRECT] += lost
            men -= lost
            if men <= 0 or uniform_of(key, slot, base + 2) < TURNED_BACK:
                through = False
                break
        px = nx
        py = ny
    if men <= 0:
        units.stage[i] = BEHIND_LINE
        return
    if through or math.hypot(px - x, py - y) > STAY_KM:
        units.x[i] = px
        units.y[i] = py
        units.cell[i] = cell_at(geo, px, py)
        units.goal_x[i] = px
        units.goal_y[i] = py
        units.stage[i] = BEHIND_LINE
        units.place[i] = FRONT
        tally[s, 2] += 1
        return
    units.stage[i] = NO_STAGE
    send_home(units, formations, i)
