"""Reliefs: positions that are due ask for relief, and are paired with rested groups at dusk."""

from __future__ import annotations

import numpy as np

from sim.codes import HOLD, INFANTRY, MARCH, NO_STAGE, RESERVE
from sim.columns import array_kernel, kernel
from sim.draws import uniform_of
from sim.fields import at_squares
from sim.leadership import slowness
from sim.unit_rows import send_home

WANTS_RELIEF = -2
DUSK_H = 21.0  # hour of the day at which reliefs set out
LEAVE_KM = 0.8  # behind the line, where a group of a formation that has left goes as well


@kernel
def position(geo, units, formations, cells, i, key, ask, knobs):
    """A group in position: goes home from a place that has become useless, or asks for relief once its days are over."""
    f = units.formation[i]
    depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
    if units.side[i] == 1:
        depth = -depth
    if depth > knobs.drop_back_km or (formations.active[f] == 0 and depth > LEAVE_KM):
        units.partner[i] = -1
        units.stage[i] = NO_STAGE
        send_home(units, formations, i)
    elif depth >= 0.0 and units.days[i] > formations.rotation_days[f] and units.partner[i] == -1 and knobs.rotation > 0.5:
        if uniform_of(key, units.slot[i], 0) < 1.0 - (1.0 - ask) ** (1.0 / slowness(formations.leadership[f])):
            units.partner[i] = WANTS_RELIEF


@array_kernel
def in_turn(rows, slot, rank):
    """Rows sorted by formation (the head of their slots), then by `rank`, then by slot."""
    by_slot = np.argsort(slot[rows], kind="mergesort")
    rows = rows[by_slot]
    by_rank = np.argsort(rank[by_slot], kind="mergesort")
    rows = rows[by_rank]
    return rows[np.argsort(slot[rows] >> 24, kind="mergesort")]


@array_kernel
def match_reliefs(units, n, rest_days, rested):
    """Pairs positions that want relief, the longest in place first, with rested reserve groups of their formation, the freshest first.

    Returns how many were paired.
    """
    wants = np.empty(n, np.int64)
    spare = np.empty(n, np.int64)
    a = 0
    b = 0
    for i in range(n):
        if units.kind[i] == INFANTRY:
            if units.task[i] == HOLD and units.partner[i] == WANTS_RELIEF:
                wants[a] = i
                a += 1
    if a == 0:
        return 0
    asking = np.zeros(32768, np.uint8)
    for k in range(a):
        asking[units.formation[wants[k]]] = 1
    for i in range(n):
        if units.kind[i] == INFANTRY and units.task[i] == RESERVE and units.partner[i] == -1:
            if units.days[i] >= rest_days and units.fatigue[i] <= rested and units.men[i] >= 2 and asking[units.formation[i]] == 1:
                spare[b] = i
                b += 1
    wants = wants[:a]
    spare = spare[:b]
    wants = in_turn(wants, units.slot, -units.days[wants])
    spare = in_turn(spare, units.slot, units.fatigue[spare])
    pairs = 0
    p = 0
    q = 0
    while p < a and q < b:
        fp = units.slot[wants[p]] >> 24
        fq = units.slot[spare[q]] >> 24
        if fp < fq:
            p += 1
        elif fq < fp:
            q += 1
        else:
            i = spare[q]
            units.partner[i] = wants[p]
            units.partner[wants[p]] = -1
            units.task[i] = MARCH
            units.stage[i] = NO_STAGE
            units.goal_x[i] = units.x[wants[p]]
            units.goal_y[i] = units.y[wants[p]]
            pairs += 1
            p += 1
            q += 1
    return pairs
