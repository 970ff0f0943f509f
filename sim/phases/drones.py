"""FPV drones: a kill zone made by crews, not drawn.

Each crew flies what its stock, the weather and the light allow at what it can see moving in its reach. With sorties S, chance
p to reach a target, detection w(x) and visible movement M = sum of usual traffic * w, the expected hits per km on a mover are
S p w / (M + m0): few movers are found by all crews, many share the drones there are (a type II functional response,
Holling 1959). M is that of the last day, so that the step does not matter: a crew flies more in a busy hour, as far as its stock
goes, and less in a quiet one. Sorties without a moving target go to men in positions, far less well, and only from what the stock
holds beyond a reserve. Vehicles in one column meet every crew in reach at once: their burst is not shared. Detection falls with
depth behind the line by exp(-depth / d0).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.codes import (
    ARMOR,
    AT_LINE,
    BEHIND_LINE,
    CONSOLIDATE,
    DRONE,
    FPV,
    GLIDE_BOMB,
    HOLD,
    INFANTRY,
    INFILTRATE,
    RESERVE,
    SERVE,
)
from sim.columns import array_kernel, kernel
from sim.draws import key, poisson, uniform_of
from sim.fields import BLOCK_KM, block_at
from sim.quantity import Parameters, quantity
from sim.visibility import visibility

READS = ("units", "blocks", "cells")
WRITES = ("units", "blocks", "books", "totals")

USUAL_DAYS = 1.0  # memory of the usual traffic: a day has its night
NO_REACH_KM = 0.001  # a crew that reaches less far does not fly
STRETCHES = 4  # of a way on foot, each hit as the group is that comes to it


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="FPV drones fly", fact="drone_share_rusi", role="lever")
    keep_days: float = quantity(0.5, "days", low=0.0, high=5.0, doc="stock, in days of full work, that a crew keeps for what moves and does not spend on positions", fact="modelling assumption")
    threat_days: float = quantity(3.0, "days", low=0.5, high=14.0, doc="how long the threat of a road is remembered", fact="modelling assumption")
    cover_in_works: float = quantity(0.6, "", low=0.0, high=0.95, doc="share of a man's exposure to drones that works take away", fact="modelling assumption")
    cover_in_town: float = quantity(0.5, "", low=0.0, high=0.95, doc="share of a man's exposure to drones that buildings take away", fact="modelling assumption")
    from_morale: float = quantity(0.5, "", low=0.0, high=1.0, doc="share of a crew's sorties that hangs on its morale", fact="modelling assumption")
    position_men: float = quantity(10.0, "soldiers", low=0.5, high=100.0, doc="men in positions in reach at which half of the sorties left over find one", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [("idle", float), ("static", float), ("burst_per_hour", float),
                                   ("dash", float), ("depth_share", float), ("keep_days", float),
                                   ("from_morale", float), ("position_men", float)])
HitKnobs = NamedTuple("HitKnobs", [("exposure", float), ("infiltrator", float), ("relief", float), ("men_per_hit", float), ("lost_per_hit", float),
                                         ("men_per_loss", float), ("works", float), ("town", float)])


@kernel
def count_targets(geo, units, blocks, n):
    """Men in positions, lodged or behind the line, by block and side."""
    for b in range(blocks.targets.shape[0]):
        blocks.targets[b, 0] = 0
        blocks.targets[b, 1] = 0
    for i in range(n):
        if units.kind[i] == INFANTRY and units.men[i] > 0:
            task = units.task[i]
            if task == HOLD or task == CONSOLIDATE or task == INFILTRATE:
                blocks.targets[block_at(geo, units.x[i], units.y[i]), units.side[i]] += units.men[i]


@kernel
def average_traffic(blocks, dt, share):
    """Exponential moving average of each block's visible traffic, km a day; `share`: weight of this step."""
    for b in range(blocks.traffic.shape[0]):
        for s in range(2):
            blocks.usual[b, s] += (blocks.traffic[b, s] * 0.001 / dt - blocks.usual[b, s]) * share


@array_kernel
def fly(geo, units, blocks, n, dt, flying, sorties, reach, chance, knobs):
    """Fields of expected hits: every crew's sorties of this step per km on movers, per man in positions, per km on a column.

    `sorties`, `reach`, `chance`: (2,) most sorties a crew and day, km and hit chance by the side that flies. Returns sorties flown by side in thousandths.
    """
    nb = blocks.traffic.shape[0]
    # fixed-point sums, so that the order of crews does not matter
    hits = np.zeros((nb, 2), np.int64)
    static = np.zeros((nb, 2), np.int64)
    burst = np.zeros((nb, 2), np.int64)
    flown = np.zeros(2, np.int64)
    see = np.empty((nb, 2))
    view = np.empty(nb, np.int64)  # blocks in a crew's reach, and what it sees of each
    weight = np.empty(nb)
    for b in range(nb):
        see[b, 0] = math.exp(-max(-blocks.depth[b], 0.0) / (knobs.depth_share * max(reach[0], NO_REACH_KM)))
        see[b, 1] = math.exp(-max(blocks.depth[b], 0.0) / (knobs.depth_share * max(reach[1], NO_REACH_KM)))
    for i in range(n):
        if units.kind[i] != FPV or units.men[i] < 2 or units.task[i] != SERVE:
            continue
        if abs(units.goal_x[i] - units.x[i]) + abs(units.goal_y[i] - units.y[i]) > 0.5:
            continue
        s = units.side[i]
        e = 1 - s
        most = min(sorties[s] * dt * flying * (1.0 - knobs.from_morale + knobs.from_morale * units.morale[i]) * (1.0 - units.suppression[i]), units.stock[i])
        if most <= 0.0:
            continue
        r = reach[s]
        if r < NO_REACH_KM:
            continue
        u = (units.x[i] - geo.x0) / BLOCK_KM
        v = (units.y[i] - geo.y0) / BLOCK_KM
        span = int(r / BLOCK_KM) + 1
        i0 = max(int(u) - span, 0)
        i1 = min(int(u) + span, geo.block_nx - 1)
        j0 = max(int(v) - span, 0)
        j1 = min(int(v) + span, geo.block_ny - 1)
        in_view = 0
        moving = 0.0
        usual = 0.0
        men = 0.0
        inverse = BLOCK_KM * BLOCK_KM / (r * r)
        for j in range(j0, j1 + 1):
            for k in range(i0, i1 + 1):
                d2 = ((k + 0.5 - u) * (k + 0.5 - u) + (j + 0.5 - v) * (j + 0.5 - v)) * inverse
                if d2 < 1.0:
                    b = j * geo.block_nx + k
                    w = (1.0 - d2 * d2) * see[b, s]
                    moving += w * blocks.traffic[b, e]
                    usual += w * blocks.usual[b, e]
                    men += w * blocks.targets[b, e]
                    view[in_view] = b
                    weight[in_view] = w
                    in_view += 1
        moving = moving * 0.001
        room = (usual + knobs.idle) * dt  # km among which the sorties are shared
        found = min(moving / room, units.stock[i] / most)
        rate = most * chance[s] * (found / moving if found * room < moving else 1.0 / room)
        left = min(most * max(1.0 - found, 0.0), max(units.stock[i] - knobs.keep_days * sorties[s], 0.0))
        still = left * chance[s] * knobs.static / (men + knobs.position_men)
        pursue = knobs.burst_per_hour * flying * chance[s] / knobs.dash
        used = most * found + left * men / (men + knobs.position_men)
        units.stock[i] -= used
        flown[s] += int(used * 1000.0)
        for k in range(in_view):
            b = view[k]
            w = weight[k] * 1e9
            hits[b, e] += int(w * rate)
            static[b, e] += int(w * still)
            burst[b, e] += int(w * pursue)
    for b in range(nb):
        for s in range(2):
            blocks.hits[b, s] = hits[b, s] * 1e-9
            blocks.static_hits[b, s] = static[b, s] * 1e-9
            blocks.burst[b, s] = burst[b, s] * 1e-9
    return flown


@njit(inline="always")
def path_hits(geo, blocks, side, x, y, gx, gy, field):
    """Expected hits of full visibility on the way from (x, y) to (gx, gy), cover of the ground counted."""
    length = math.hypot(gx - x, gy - y)
    if length < 0.01:
        return 0.0
    pieces = int(length) + 1
    total = 0.0
    for k in range(pieces):
        part = (k + 0.5) / pieces
        b = block_at(geo, x + part * (gx - x), y + part * (gy - y))
        total += field[b, side] * (1.0 - blocks.cover[b])
    return total * length / pieces


@kernel
def strike(geo, units, cells, blocks, n, key, knobs):
    """Poisson draws of this step's hits on movers, along their path, and on men in positions."""
    for i in range(n):
        kind = units.kind[i]
        if kind < 0 or kind == GLIDE_BOMB:
            continue
        s = units.side[i]
        task = units.task[i]
        slot = units.slot[i]
        still = task == HOLD or task == CONSOLIDATE or (task == INFILTRATE and units.stage[i] == BEHIND_LINE)
        moved = abs(units.x[i] - units.from_x[i]) + abs(units.y[i] - units.from_y[i]) > 0.01 or units.stage[i] == AT_LINE
        if moved and (task != RESERVE or units.days[i] == 0.0):  # who has just come home was on the way in this step
            x = units.x[i]
            y = units.y[i]
            if units.stage[i] == AT_LINE:
                x = units.goal_x[i]
                y = units.goal_y[i]
            way = path_hits(geo, blocks, s, units.from_x[i], units.from_y[i], x, y, blocks.hits)
            if kind == ARMOR:
                burst = units.vehicles[i] * path_hits(geo, blocks, s, units.from_x[i], units.from_y[i], x, y, blocks.burst)
                mean = max(visibility(units, i, units.men[i], knobs.exposure, knobs.infiltrator, knobs.relief) * way, burst)
                hit = poisson(uniform_of(key, slot, 0), mean)
                lost = 0
                men = 0
                for k in range(min(hit, 12)):
                    if lost < units.vehicles[i] and uniform_of(key, slot, 1 + 2 * k) < knobs.lost_per_hit:
                        lost += 1
                        men += poisson(uniform_of(key, slot, 2 + 2 * k), knobs.men_per_loss)
                    else:
                        men += poisson(uniform_of(key, slot, 2 + 2 * k), 0.4)
                units.burst[i] += lost
                units.hits[i, DRONE] += min(men, 100)
            else:
                left = int(units.men[i])
                for k in range(STRETCHES):
                    seen = visibility(units, i, left, knobs.exposure, knobs.infiltrator, knobs.relief)
                    crowd = math.sqrt(0.25 * left)  # a hit among more men takes more of them
                    lost = min(poisson(uniform_of(key, slot, k), seen * way / STRETCHES * knobs.men_per_hit * crowd), left)
                    units.hits[i, DRONE] += lost
                    left -= lost
        if still and kind == INFANTRY:
            c = units.cell[i]
            works = cells.works[c, 1 - s] if task == HOLD else 0.0
            cover = (1.0 - knobs.works * works) * (1.0 - knobs.town * min(cells.built[c], 1.0)) * (1.0 - 0.3 * cells.wood[c])
            rate = blocks.static_hits[block_at(geo, units.x[i], units.y[i]), s] * units.men[i] * cover
            if task != HOLD:
                rate = rate * 1.5
            units.hits[i, DRONE] += poisson(uniform_of(key, slot, 40), rate)


@kernel
def average_threat(blocks, share):
    """Exponential moving average of expected hits per km in each block (its threat); `share`: weight of this step."""
    for b in range(blocks.threat.shape[0]):
        for s in range(2):
            blocks.threat[b, s] += (blocks.hits[b, s] * (1.0 - blocks.cover[b]) - blocks.threat[b, s]) * share


def hit_chance(world, side: str) -> float:
    """Chance that a drone of this side reaches its target: radio under jamming, fibre beyond it."""
    p = world.settings.fpv_team
    fibre = world.supplies[f"fibre_{side}"]
    return fibre * p.fibre_probability + (1.0 - fibre) * p.hit_probability * (1.0 - p.jamming)


def run(world) -> None:
    p, s = world.settings.drones, world.settings
    f = s.fpv_team
    g, u, b = world.geo, world.units, world.blocks
    count_targets(g, u, b, world.n)  # for the guns as well, so with drones off too
    if not p.enabled:
        return
    reach = np.array([world.supplies["reach_attacker"], world.supplies["reach_defender"]]) * f.reach_scale
    chance = np.array([hit_chance(world, "attacker"), hit_chance(world, "defender")])
    knobs = Knobs(f.idle_km, f.static_share, f.burst_per_hour, s.armor.speed_km_h, f.detection_depth, p.keep_days,
                  p.from_morale, p.position_men)
    average_traffic(b, world.dt, 1.0 - math.exp(-world.dt / USUAL_DAYS))
    flown = fly(g, u, b, world.n, world.dt, world.weather.sky.flying, f.most_sorties(), reach, chance, knobs)
    world.totals.flown += flown
    world.books.drones_flown[:] = world.totals.flown // 1000
    hit = HitKnobs(s.infantry.exposure, s.move.infiltrator_visible, s.move.relief_visible, s.infantry.men_per_hit, s.armor.lost_per_hit, s.armor.men_per_loss,
                   p.cover_in_works, p.cover_in_town)
    strike(g, u, world.cells, b, world.n, key(world.seed, "drones", world.step_index), hit)
    average_threat(b, 1.0 - math.exp(-world.dt / p.threat_days))
