"""Attacks: from the line to their objective, piece by piece, through fire, obstacles and the positions they meet."""

from __future__ import annotations

import math

from numba import njit

from sim.codes import CONSOLIDATE, DIRECT, FRONT, INFANTRY, NO_STAGE
from sim.columns import kernel
from sim.draws import binomial, uniform_of
from sim.fields import at_nodes, block_at, cell_at
from sim.phases.fire.duels import boldness, breaks, duel, fit_men
from sim.phases.fire.path import PIECE_KM
from sim.unit_rows import send_home
from sim.worth import worth

MOST_MET = 6  # positions that one attack fights


@kernel
def nearest_position(geo, units, start, order, side, x, y, radius, met, n_met):
    """The nearest group of the other side within `radius` km that has not been met yet and has not given way in this step; -1 if none."""
    best = -1
    least = radius * radius
    best_slot = 0
    c = cell_at(geo, x, y)
    ci = c % geo.nx
    cj = c // geo.nx
    span = int(radius / geo.cell) + 1
    for j in range(max(cj - span, 0), min(cj + span, geo.ny - 1) + 1):
        for i in range(max(ci - span, 0), min(ci + span, geo.nx - 1) + 1):
            e = j * geo.nx + i
            for k in range(start[e], start[e + 1]):
                row = order[k]
                if units.side[row] == side or units.kind[row] != INFANTRY:
                    continue
                d = (units.x[row] - x) ** 2 + (units.y[row] - y) ** 2
                if d > least or (d == least and best >= 0 and units.slot[row] > best_slot):
                    continue
                known = False
                for m in range(n_met):
                    if met[m] == row:
                        known = True
                if known or units.shock[row] > 0.0 or fit_men(units, row) <= 0:
                    continue
                best = row
                least = d
                best_slot = units.slot[row]
    return best


@njit(inline="always")
def hits_per_km(cells, c, men, free, works, light, shock, knobs):
    """Rate per km at which a man of an attack is hit by direct fire in cell `c`.

    `men` of fire share targets (mutual interference, Beddington 1975); `free` is the factor that weapons and timed shelling leave of their fire.
    """
    aimed = men / (1.0 + men / knobs.direct_men) * free
    return (knobs.direct_per_km * aimed * (knobs.dark + (1.0 - knobs.dark) * light)
            * (1.0 - knobs.cover_in_town * min(cells.built[c], 1.0)) * (1.0 + knobs.works_fire * works) / shock)


@njit(inline="always")
def stops_per_km(cells, c, fire, works, knobs):
    """Rate per km at which works and water stop an attack in cell `c`, as far as fire covers them."""
    covered = fire / (fire + knobs.covering_men)
    return (knobs.works_stop * works + knobs.water_stop * cells.water[c]) * covered


@kernel
def attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, shock, knobs, skill, tally):
    """One attack from the line to its objective. Leaves the group lodged, falling back, or dead."""
    s = units.side[i]
    slot = units.slot[i]
    x = units.x[i]
    y = units.y[i]
    dx = units.goal_x[i] - x
    dy = units.goal_y[i] - y
    length = math.sqrt(dx * dx + dy * dy)
    men = fit_men(units, i)
    start_men = max(int(units.sent[i]), int(units.men[i]), 1)
    met = (-1, -1, -1, -1, -1, -1)
    n_met = 0
    outcome = 1 if men > 0 else -1
    bold = boldness(units, formations, i, shock, knobs)
    if men > 0 and breaks(uniform_of(key, slot, 9), start_men, men, start_men, bold, knobs.break_rate):
        outcome = -1  # by what drones and shells did to it on its way
    ours_skill = worth(units, i, blocks.quiet[block_at(geo, x, y), s], skill)  # of where it sets out: it has only just come there
    pieces = int(length / PIECE_KM) + 1
    piece = length / pieces
    px = x
    py = y
    k = 0
    while outcome == 1 and k < pieces:
        k += 1
        px = x + dx * k / pieces
        py = y + dy * k / pieces
        c = cell_at(geo, px, py)
        calm = (1.0 - blocks.quiet[block_at(geo, px, py), 1 - s]) ** (knobs.support - 1.0)
        free = weapon[1 - s] * calm
        fire = at_nodes(geo, nodes.fire, 1 - s, px, py)
        works = cells.works[c, s]
        base = 10 + 80 * min(k, 40)
        hazard = hits_per_km(cells, c, fire, free, works, light, shock, knobs)
        lost = binomial(uniform_of(key, slot, base), men, 1.0 - math.exp(-hazard * piece))
        if lost > 0:
            units.hits[i, DIRECT] += lost
            if breaks(uniform_of(key, slot, base + 1), men, men - lost, start_men, bold, knobs.break_rate):
                outcome = -1
            men -= lost
        if men <= 0:
            outcome = -1
        if outcome < 1:
            break
        if uniform_of(key, slot, base + 2) < 1.0 - math.exp(-stops_per_km(cells, c, fire * free, works, knobs) * piece):
            outcome = 0
            break
        if n_met < MOST_MET:
            row = nearest_position(geo, units, start, order, s, px, py, knobs.meet_km, met, n_met)
            if row >= 0:
                met = (row,) + met[:5]  # noqa: RUF005  numba does not unpack
                n_met += 1
                men, outcome = duel(units, cells, formations, i, row, men, start_men, shock, key, base + 4, weapon, knobs,
                                    (ours_skill, worth(units, row, units.suppression[row], skill) * calm))
    units.stage[i] = NO_STAGE
    if men <= 0:
        return
    if outcome == 1:
        units.x[i] = px
        units.y[i] = py
        units.cell[i] = cell_at(geo, px, py)
        units.task[i] = CONSOLIDATE
        units.days[i] = 0.0
        units.place[i] = FRONT
        tally[s, 0] += 1
        return
    send_home(units, formations, i)
    if outcome < 0:
        units.morale[i] = max(units.morale[i] - knobs.break_morale, 0.0)
        tally[s, 1] += 1
