"""Ground changes hands: consolidation where one side is there in strength, and reversion where it is not.

Control is the share of a cell that the attacker holds. Each of his groups that has lodged takes a small area a day, first the not-yet-held
ground nearest his own within `reach_km`, and the less of it the more of the defender's fire lies on it beside his own presence:
ground between the line and a forward group fills before a salient grows, and a group further out holds nothing (the grey zone).
The defender takes ground back where he is stronger. Strength is compared at the centers of squares of 1 km, and a group's
ground is dealt to squares before it is dealt to the cells of each, so that finer cells draw the same line more finely. Areas are
whole millionths of a cell, so that sums do not hang on the order of rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.codes import CONSOLIDATE, INFANTRY
from sim.columns import array_kernel, kernel
from sim.fields import MICRO, at_nodes, at_squares, draw_line, first_of, square_center, square_of
from sim.quantity import Parameters, quantity

READS = ("units", "cells", "nodes")
WRITES = ("cells",)

FREE = 0.0002  # added to what is held around free ground: it falls a little even where that is nothing
BEHIND_KM = 1.5  # a group farther behind its line than this and `reach_km` takes no ground
INSIDE = 0.004  # share held within 1.5 km, from either end, at which ground is not near the line any more
SURROUNDED = 6.0  # how much faster empty ground falls the more it is surrounded
RUMP = 2000  # less than so many millionths of a cell are nothing


class Params(Parameters):
    area_per_day: float = quantity(0.2, "km2/day", low=0.01, high=0.5, doc="ground that one full group of the attacker consolidates a day when it has just lodged", fact="modelling assumption")
    full_men: float = quantity(4.5, "soldiers", low=1.0, high=15.0, doc="men of a full group; a smaller one takes ground in proportion", fact="prior_assault_group_2024")
    spread_days: float = quantity(2.0, "days", low=0.3, high=20.0, doc="how long a lodged group goes on spreading before it only holds", fact="modelling assumption")
    alone_men: float = quantity(10.0, "soldiers", low=3.0, high=40.0, doc="attacker's men near one another that hold the ground they stand on without touch to their own", fact="modelling assumption")
    reach_km: float = quantity(1.2, "km", low=0.5, high=3.0, doc="how far from own ground a group can hold ground", fact="modelling assumption")
    contested: float = quantity(2.3, "", low=0.5, high=8.0, doc="defender's fire, beside the root of the attacker's presence, under which ground is consolidated at 1/e of its pace", fact="modelling assumption")
    regain_per_day: float = quantity(0.11, "1/day", low=0.0, high=5.0, doc="rate at which the defender takes back ground where he is the stronger", fact="modelling assumption")
    regain_thin: float = quantity(25.0, "1/day", low=0.0, high=60.0, doc="how much faster he does so where it is a thin salient (times the lack of the attacker's ground within 3 km)", fact="dobro_revert")
    works_slow: float = quantity(4.0, "", low=0.0, high=20.0, doc="how much works slow consolidation", fact="prior_belt")
    town_slow: float = quantity(4.0, "", low=0.0, high=10.0, doc="how much buildings slow consolidation", fact="dur_town")
    mud_slow: float = quantity(0.75, "", low=0.0, high=0.95, doc="share of consolidation that deep mud takes", fact="modelling assumption")
    clear_per_day: float = quantity(0.2, "1/day", low=0.0, high=2.0, doc="rate at which ground mostly surrounded, and empty of the enemy, falls to the other side", fact="modelling assumption")
    span_km: float = quantity(0.35, "km", low=0.0, high=1.0, doc="how much farther than `reach_km` the center of a square may lie of which ground is taken", fact="modelling assumption", role="numeric")
    alone_km: float = quantity(0.6, "km", low=0.0, high=2.0, doc="how far about itself a group out of touch takes ground, besides the square it stands in", fact="modelling assumption")
    nearness: float = quantity(0.7, "1/km2", low=0.0, high=5.0, doc="how much a group prefers near ground: weight exp(-this times distance squared)", fact="modelling assumption")
    outnumbered: float = quantity(0.5, "", low=0.0, high=1.0, doc="attacker's men to the defender's, near by, under which ground goes back", fact="modelling assumption")
    thin: float = quantity(0.45, "", low=0.0, high=0.5, doc="share of the ground within 3 km below which the attacker's ground is thin; above 1 minus this the defender's is", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields])


@njit(inline="always")
def uncontested(fire, own_presence, knobs):
    """Share of what the attacker could take where there is so much of the defender's fire: a bell, without a threshold."""
    pressed = fire / (knobs.contested * math.sqrt(max(2.0, own_presence)))
    return math.exp(-pressed * pressed)


@njit(inline="always")
def pull(near):
    """How readily free ground falls by the share that is held around it: a little even where that is nothing."""
    return near * near * near * near + FREE


@array_kernel
def parts(geo, cells):
    """Each cell's part of its square's gain, in proportion to an even one, (cells,): 1 where a cell is a square.

    The more, the more of it is free and the more is held around it: ground within a square fills from the attacker's side.
    """
    out = np.ones(cells.held.shape[0])
    if geo.per == 1:
        return out
    for first in range(cells.held.shape[0]):
        if square_of(geo, first) != first or cells.square_control[first] >= 1.0:
            continue
        total = 0.0
        for j in range(geo.per):
            for i in range(geo.per):
                c = first + j * geo.nx + i
                x = geo.x0 + (c % geo.nx + 0.5) * geo.cell
                y = geo.y0 + (c // geo.nx + 0.5) * geo.cell
                out[c] = (1.0 - cells.control[c]) * pull(at_squares(geo, cells.smooth, x, y))
                total += out[c]
        for j in range(geo.per):
            for i in range(geo.per):
                out[first + j * geo.nx + i] *= geo.per * geo.per / total
    return out


@array_kernel
def takeable(geo, cells, nodes):
    """How readily the free ground of a square falls, and the defender's fire at its center, both by its first cell, (cells,)."""
    ready = np.zeros(cells.held.shape[0])
    fire = np.zeros(cells.held.shape[0])
    for j in range(geo.square_ny):
        for i in range(geo.square_nx):
            c = first_of(geo, i, j)
            if cells.square_control[c] < 1.0:
                ready[c] = (1.0 - cells.square_control[c]) * pull(0.5 * (cells.smooth[c] + cells.wide[c]))
                x, y = square_center(geo, c)
                fire[c] = at_nodes(geo, nodes.fire, 1, x, y)
    return ready, fire


@array_kernel
def consolidate(geo, units, cells, nodes, n, dt, mud, knobs):
    """Every lodged group of the attacker near the line adds to the ground he holds."""
    fade = (math.exp(dt / knobs.spread_days) - 1.0) * knobs.spread_days / dt  # mean over the step beside its end
    reach = knobs.reach_km + knobs.span_km
    size = geo.square
    nx = geo.square_nx
    ny = geo.square_ny
    part = parts(geo, cells)
    ready, fire = takeable(geo, cells, nodes)
    span = reach / size + 1e-6  # in squares; a little more, since distance is checked below
    most = (int(2.0 * span) + 1) ** 2
    weight = np.empty(most)
    place = np.empty(most, np.int64)
    for i in range(n):
        if units.kind[i] != INFANTRY or units.side[i] != 0 or units.men[i] <= 0:
            continue
        if units.task[i] != CONSOLIDATE:
            continue
        here = square_of(geo, units.cell[i])
        depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
        if depth > BEHIND_KM + knobs.reach_km:
            continue
        own = at_nodes(geo, nodes.presence, 0, units.x[i], units.y[i])
        area = knobs.area_per_day * min(1.0, units.men[i] / knobs.full_men) * dt * (1.0 - knobs.mud_slow * mud)
        area = area * fade * math.exp(-units.days[i] / knobs.spread_days)
        u = (units.x[i] - geo.x0) / size - 0.5  # in squares from the center of the first one
        v = (units.y[i] - geo.y0) / size - 0.5
        lonely = depth < -knobs.reach_km
        if lonely and own < knobs.alone_men:
            continue
        total = 0.0
        count = 0
        for j in range(max(math.ceil(v - span), 0), min(math.floor(v + span), ny - 1) + 1):
            for k in range(max(math.ceil(u - span), 0), min(math.floor(u + span), nx - 1) + 1):
                c = first_of(geo, k, j)
                if cells.square_control[c] >= 1.0:
                    continue
                ex = geo.x0 + (k + 0.5) * size - units.x[i]
                ey = geo.y0 + (j + 0.5) * size - units.y[i]
                d2 = ex * ex + ey * ey
                if lonely and c != here and d2 > knobs.alone_km * knobs.alone_km:
                    continue
                if d2 > reach * reach:
                    continue
                weight[count] = ready[c] * math.exp(-knobs.nearness * d2)
                place[count] = c
                total += weight[count]
                count += 1
        for k in range(count):
            left = uncontested(fire[place[k]], own, knobs)
            share = weight[k] / total * area / (size * size)
            for j in range(geo.per):
                for i in range(geo.per):
                    c = place[k] + j * geo.nx + i
                    slow = (1.0 + knobs.works_slow * cells.works[c, 0]) * (1.0 + knobs.town_slow * min(cells.built[c], 1.0))
                    cells.gain[c] += int(share / slow * left * part[c] * MICRO)


@kernel
def spill(geo, cells):
    """What a cell cannot take of its gain, because it is full, goes to those of its square that have room."""
    if geo.per == 1:  # it is alone in its square
        for c in range(cells.held.shape[0]):
            cells.gain[c] = min(cells.gain[c], MICRO - cells.held[c])
        return
    for first in range(cells.held.shape[0]):
        if square_of(geo, first) != first:
            continue
        over = 0
        room = 0
        for j in range(geo.per):
            for i in range(geo.per):
                c = first + j * geo.nx + i
                free = MICRO - cells.held[c] - cells.gain[c]
                if free < 0:
                    over -= free
                    cells.gain[c] += free
                else:
                    room += free
        if over > 0 and room > 0:
            for j in range(geo.per):
                for i in range(geo.per):
                    c = first + j * geo.nx + i
                    cells.gain[c] += min(over, room) * (MICRO - cells.held[c] - cells.gain[c]) // room


@kernel
def settle(geo, cells, nodes, dt, knobs):
    """Applies consolidation and lets ground revert."""
    for c in range(cells.held.shape[0]):
        new = cells.held[c] + cells.gain[c]
        cells.gain[c] = 0
        if (cells.smooth[c] > INSIDE and cells.smooth[c] < 1.0 - INSIDE) or 0.0 < cells.square_control[c] < 1.0:
            x, y = square_center(geo, c)
            men = at_nodes(geo, nodes.presence, 0, x, y)
            defenders = at_nodes(geo, nodes.presence, 1, x, y)
            if new > 0 and men < knobs.outnumbered * defenders:
                rate = (knobs.regain_per_day + knobs.regain_thin * max(knobs.thin - cells.wide[c], 0.0)) * defenders / (defenders + 3.0) / (1.0 + 1.5 * cells.works[c, 1])
                new = new - int(new * (1.0 - math.exp(-rate * dt)))
                if new < RUMP:
                    new = 0
            elif new < MICRO and defenders < 0.5 and cells.wide[c] > 1.0 - knobs.thin:
                new = new + int((MICRO - new) * (1.0 - math.exp(-knobs.clear_per_day * (1.0 + SURROUNDED * (cells.wide[c] - (1.0 - knobs.thin))) * dt)))
                if new > MICRO - RUMP:
                    new = MICRO
            elif new > 0 and men < 0.5 and cells.wide[c] < knobs.thin:
                new = new - int(new * (1.0 - math.exp(-knobs.clear_per_day * (1.0 + SURROUNDED * (knobs.thin - cells.wide[c])) * dt)))
                if new < RUMP:
                    new = 0
        cells.held[c] = new
        cells.control[c] = new / MICRO


def run(world) -> None:
    knobs = world.knobs("control", Knobs)
    g, c = world.geo, world.cells
    consolidate(g, world.units, c, world.nodes, world.n, world.dt, world.weather.sky.mud, knobs)
    spill(g, c)
    settle(g, c, world.nodes, world.dt, knobs)
    draw_line(g, c)
