"""Glide bombs: sorties by schedule and weather, aimed at positions facing the main effort, scattered where they fall.

A strike is a unit from release to impact, so that it can be seen. It aims at a position near a point that its side attacks;
the fall scatters about the aim (a circular normal, as in weapon-effects analysis); men within the lethal radius are buried,
works and buildings break.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.codes import BOMB, FALL, GLIDE_BOMB
from sim.columns import kernel
from sim.draws import binomial, key, mix, normal, poisson, uniform, uniform_of
from sim.fields import cell_at
from sim.forces import Side
from sim.front import pick
from sim.quantity import Parameters, quantity
from sim.unit_rows import clear_row, take_row

READS = ("orders", "front", "formations", "bins", "cells")
WRITES = ("units", "cells", "books", "cursor", "totals")

TAG = mix(0x6C62272E07BB0142) >> 26


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="glide bombs fall", fact="kab_2024_total", role="lever")
    bombs_per_day: float = quantity(-1.0, "bombs/day", low=-1.0, high=200.0, doc="glide bombs a day in the box; -1: as scheduled", fact="prior_bombs_axis", role="lever", short="bombs_per_day")
    hit_in_radius: float = quantity(0.8, "", low=0.1, high=1.0, doc="chance that a man within the lethal radius is hit", fact="modelling assumption")
    rubble_km2: float = quantity(0.004, "km2", low=0.0, high=0.05, doc="built-up area that one bomb turns to rubble", fact="modelling assumption")
    ahead_km: float = quantity(0.7, "km", low=0.0, high=5.0, doc="how far beyond the point of the line that its side attacks a bomb seeks its aim", fact="modelling assumption")
    aim_km: float = quantity(1.3, "km", low=0.2, high=8.0, doc="radius about that place within which it finds a position to aim at; without one it is not dropped", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [("scatter", float), ("lethal", float), ("hit", float), ("breaks", float), ("rubble", float),
                               ("ahead", float), ("aim_radius", float)])
SPAN_KM = 0.3  # men are looked for this far about a fallen bomb: more than any lethal radius allowed
EDGE_KM = 0.01  # no fall nearer to the edge of the box



@kernel
def clear_fallen(units, n):
    """Takes the strikes of the last step off the map."""
    for i in range(n):
        if units.kind[i] == GLIDE_BOMB:
            clear_row(units, i)


@kernel
def random_position(geo, units, start, order, x, y, radius, key):
    """A position of the defender, uniformly at random within `radius` km of a point, by the positions' own slots; -1 if none."""
    best = -1
    most = -1.0
    span = int(radius / geo.cell) + 1
    c = cell_at(geo, x, y)
    ci = c % geo.nx
    cj = c // geo.nx
    for j in range(max(cj - span, 0), min(cj + span, geo.ny - 1) + 1):
        for i in range(max(ci - span, 0), min(ci + span, geo.nx - 1) + 1):
            e = j * geo.nx + i
            for k in range(start[e], start[e + 1]):
                row = order[k]
                if units.side[row] != 1 or units.men[row] <= 0:
                    continue
                if (units.x[row] - x) ** 2 + (units.y[row] - y) ** 2 > radius * radius:
                    continue
                u = uniform(key, units.slot[row])
                if u > most:
                    most = u
                    best = row
    return best


@kernel
def fall(geo, units, cells, formations, orders, front, start, order, cursor, count, first, key, aim_key, tag, knobs):
    """Releases and drops `count` bombs; `first` is the serial number of the first. Returns how many found an aim."""
    weight = 0.0
    for f in range(formations.side.shape[0]):
        if formations.side[f] == 0 and formations.active[f] == 1 and orders.count[f] > 0:
            weight += formations.tempo[f] * formations.establishment[f]
    if weight <= 0.0:
        return 0
    dropped = 0
    span = int(SPAN_KM / geo.cell) + 1
    for b in range(count):
        slot = (tag << 24) | (first + b)
        want = uniform_of(key, slot, 0) * weight
        run_sum = 0.0
        chosen = -1
        for f in range(formations.side.shape[0]):
            if formations.side[f] == 0 and formations.active[f] == 1 and orders.count[f] > 0:
                run_sum += formations.tempo[f] * formations.establishment[f]
                if run_sum > want:
                    chosen = f
                    break
        if chosen < 0:
            continue
        k = pick(orders, chosen, False, uniform_of(key, slot, 1))
        aim = random_position(geo, units, start, order, front.x[k] - knobs.ahead * front.east[k], front.y[k] - knobs.ahead * front.north[k],
                              knobs.aim_radius, aim_key + np.uint64(slot))
        if aim < 0:
            continue
        u = normal(uniform_of(key, slot, 2), uniform_of(key, slot, 3))
        v = normal(uniform_of(key, slot, 4), uniform_of(key, slot, 5))
        x = min(max(units.x[aim] + knobs.scatter * u, geo.x0 + EDGE_KM), geo.x0 + geo.width - EDGE_KM)
        y = min(max(units.y[aim] + knobs.scatter * v, geo.y0 + EDGE_KM), geo.y0 + geo.height - EDGE_KM)
        dropped += 1
        c = cell_at(geo, x, y)
        area = geo.cell * geo.cell
        cells.works[c, 0] = max(cells.works[c, 0] - knobs.breaks / area, 0.0)
        cells.rubble[c] = min(cells.rubble[c] + knobs.rubble * cells.built[c] / area, 1.0)
        for j in range(max(c // geo.nx - span, 0), min(c // geo.nx + span, geo.ny - 1) + 1):
            for i in range(max(c % geo.nx - span, 0), min(c % geo.nx + span, geo.nx - 1) + 1):
                e = j * geo.nx + i
                for q in range(start[e], start[e + 1]):
                    row = order[q]
                    r2 = (units.x[row] - x) ** 2 + (units.y[row] - y) ** 2
                    if r2 < knobs.lethal * knobs.lethal:
                        lost = binomial(uniform_of(key, units.slot[row], 6 + b), units.men[row], knobs.hit)
                        units.hits[row, BOMB] += lost
                        units.suppression[row] = 1.0
        i = take_row(units, cursor)
        if i >= 0:
            units.slot[i] = slot
            units.kind[i] = GLIDE_BOMB
            units.side[i] = 0
            units.task[i] = FALL
            units.formation[i] = chosen
            units.x[i] = x
            units.y[i] = y
            units.from_x[i] = formations.base_x[chosen]
            units.from_y[i] = formations.base_y[chosen]
            units.goal_x[i] = units.x[aim]
            units.goal_y[i] = units.y[aim]
            units.cell[i] = c
    return dropped


def run(world) -> None:
    p, b = world.settings.bombs, world.settings.glide_bomb
    u = world.units
    clear_fallen(u, world.n)
    if not p.enabled:
        return
    per_day = p.bombs_per_day if p.bombs_per_day >= 0 else world.supplies["bombs"]
    mean = per_day * b.per_day_scale * world.dt * (1.0 - b.intercept) * (world.weather.sky.bombing if p.bombs_per_day < 0 else 1.0)
    count = poisson(uniform(key(world.seed, "bomb sorties", world.step_index), 0), mean)
    knobs = Knobs(b.scatter_m * 1e-3, b.lethal_m * 1e-3, p.hit_in_radius, b.breaks_works_km2, p.rubble_km2, p.ahead_km, p.aim_km)
    world.cursor[0] = 0
    world.books.bombs_fallen[Side.ATTACKER] += fall(
        world.geo, u, world.cells, world.formations, world.orders, world.front, world.bins.start, world.bins.order, world.cursor,
        count, world.totals.bombs_released, key(world.seed, "bombs", world.step_index), key(world.seed, "bomb aim", world.step_index),
        TAG, knobs)
    world.totals.bombs_released += count
