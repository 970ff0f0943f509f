"""Artillery: shells that fall on blocks where the enemy stands or gathers; they wound, suppress and wear works down.

A battery spreads its rounds over the enemy's men in range, most where its own side attacks. Losses follow from rounds per
km2 and the lethal area of a round (the "cookie cutter" of weapon-effects analysis, Driels 2013), so they fall with the square of
dispersion. Men on the move or just lodged lie open; men in works and buildings do not.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.codes import ARMOR, ARTILLERY, GLIDE_BOMB, HOLD, RESERVE, SERVE, SHELL
from sim.columns import array_kernel, kernel
from sim.draws import key, poisson, uniform_of
from sim.fields import BLOCK_KM, block_at
from sim.quantity import Parameters, quantity

READS = ("units", "blocks", "cells")
WRITES = ("units", "blocks", "books", "cells", "totals")



class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="artillery fires", fact="arty_day_2025", role="lever")
    cover_in_works: float = quantity(0.75, "", low=0.0, high=0.95, doc="share of a man's exposure to shells that works take away", fact="modelling assumption")
    cover_in_town: float = quantity(0.4, "", low=0.0, high=0.95, doc="share of a man's exposure to shells that buildings take away", fact="modelling assumption")
    dug_in: float = quantity(0.6, "", low=0.0, high=0.95, doc="share of a man's exposure that a position of some days takes away", fact="modelling assumption")
    wears_works: float = quantity(0.00006, "km2/round", low=0.0, high=0.001, doc="area of works that one round wears away", fact="modelling assumption")
    calm_days: float = quantity(0.25, "days", low=0.05, high=2.0, doc="how long suppression lasts", fact="modelling assumption")
    aim: float = quantity(3.0, "", low=0.0, high=20.0, doc="how much more fire goes where the enemy moves than where he sits", fact="modelling assumption")
    half_targets: float = quantity(20.0, "soldiers", low=0.5, high=200.0, doc="men in range, the traffic counted with them, at which a battery fires half of what it may", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [("rounds", float), ("range_km", float), ("aim", float), ("suppress", float), ("half_targets", float)])
HitKnobs = NamedTuple("HitKnobs", [("lethal", float), ("works", float), ("town", float), ("dug", float),
                                         ("calm", float), ("dig_days", float)])


@array_kernel
def fire_guns(geo, units, blocks, n, dt, knobs):
    """Fields of rounds per km2 and of suppression by block; returns rounds fired by side, in thousandths."""
    nb = blocks.rounds.shape[0]
    rounds = np.zeros((nb, 2), np.int64)
    fired = np.zeros(2, np.int64)
    r = knobs.range_km
    span = int(r / BLOCK_KM) + 1
    inverse = BLOCK_KM * BLOCK_KM / (r * r)
    worth = np.empty((nb, 2))  # what a block offers to the other side's guns
    in_range = np.empty(nb, np.int64)
    for b in range(nb):
        for s in range(2):
            worth[b, s] = blocks.targets[b, s] + knobs.aim * 0.001 * blocks.traffic[b, s] / dt
    for i in range(n):
        if units.kind[i] != ARTILLERY or units.men[i] < 2:
            continue
        if abs(units.goal_x[i] - units.x[i]) + abs(units.goal_y[i] - units.y[i]) > 0.5:
            continue
        s = units.side[i]
        e = 1 - s
        most = min(knobs.rounds * dt * (1.0 - units.suppression[i]), units.stock[i])
        if most <= 0.0:
            continue
        u = (units.x[i] - geo.x0) / BLOCK_KM
        v = (units.y[i] - geo.y0) / BLOCK_KM
        i0 = max(int(u) - span, 0)
        i1 = min(int(u) + span, geo.block_nx - 1)
        j0 = max(int(v) - span, 0)
        j1 = min(int(v) + span, geo.block_ny - 1)
        count = 0
        total = 0.0
        for j in range(j0, j1 + 1):
            for k in range(i0, i1 + 1):
                d2 = ((k + 0.5 - u) * (k + 0.5 - u) + (j + 0.5 - v) * (j + 0.5 - v)) * inverse
                if d2 < 1.0:
                    in_range[count] = j * geo.block_nx + k
                    total += worth[in_range[count], e]
                    count += 1
        if total < 1.0:
            continue
        used = most * total / (total + knobs.half_targets)
        units.stock[i] -= used
        fired[s] += int(used * 1000.0)
        scale = used / total / (BLOCK_KM * BLOCK_KM) * 1e6
        for k in range(count):
            b = in_range[k]
            rounds[b, e] += int(scale * worth[b, e])
    for b in range(nb):
        for s in range(2):
            blocks.rounds[b, s] = rounds[b, s] * 1e-6
            blocks.quiet[b, s] = 1.0 - math.exp(-blocks.rounds[b, s] / dt * 0.25 * knobs.suppress) if rounds[b, s] > 0 else 0.0
    return fired


@kernel
def burst(geo, units, cells, blocks, n, key, dt, knobs):
    """Poisson draws of men hit by shells, and suppression, which decays over `calm`."""
    keep = math.exp(-dt / knobs.calm)
    for i in range(n):
        kind = units.kind[i]
        if kind < 0 or kind == GLIDE_BOMB:
            continue
        s = units.side[i]
        b = block_at(geo, units.x[i], units.y[i])
        density = blocks.rounds[b, s]
        task = units.task[i]
        units.suppression[i] = units.suppression[i] * keep
        if density <= 0.0:
            continue
        units.suppression[i] += blocks.quiet[b, s] * (1.0 - keep)
        if kind == ARMOR and task == RESERVE:
            continue
        c = units.cell[i]
        open_share = (1.0 - knobs.town * min(cells.built[c], 1.0)) * (1.0 - 0.2 * cells.wood[c])
        if task == HOLD:
            open_share = open_share * (1.0 - knobs.works * cells.works[c, 1 - s]) * (1.0 - knobs.dug * units.dug[i] / (units.dug[i] + knobs.dig_days))
        elif task == RESERVE or task == SERVE:
            open_share = open_share * 0.4
        mean = density * knobs.lethal * open_share * units.men[i]
        units.hits[i, SHELL] += poisson(uniform_of(key, units.slot[i], 0), mean)


@kernel
def wear(geo, cells, blocks, per_round):
    """Exponential decay of works by the rounds that fall on them."""
    for c in range(cells.works.shape[0]):
        for s in range(2):
            if cells.works[c, s] > 0.0:
                x = geo.x0 + (c % geo.nx + 0.5) * geo.cell
                y = geo.y0 + (c // geo.nx + 0.5) * geo.cell
                rounds = blocks.rounds[block_at(geo, x, y), 1 - s]
                cells.works[c, s] = cells.works[c, s] * math.exp(-rounds * per_round)


def run(world) -> None:
    p, a = world.settings.shells, world.settings.artillery
    if not p.enabled:
        return
    g, u, b = world.geo, world.units, world.blocks
    world.totals.fired += fire_guns(g, u, b, world.n, world.dt, Knobs(a.rounds_per_day, a.range_km, p.aim, a.suppress_m2 * 1e-6, p.half_targets))
    world.books.shells_fired[:] = world.totals.fired // 1000
    knobs = HitKnobs(a.lethal_m2 * 1e-6, p.cover_in_works, p.cover_in_town, p.dug_in, p.calm_days, world.settings.fire.dig_days)
    burst(g, u, world.cells, b, world.n, key(world.seed, "shells", world.step_index), world.dt, knobs)
    wear(g, world.cells, b, p.wears_works)
