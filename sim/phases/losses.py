"""Losses: the hits of the step become killed, wounded and missing; wounded are carried back; vehicles are lost or repaired.

The one place where hits are applied, so that no duel is decided by the order of rows. Wounded wait where they fell until
somebody can carry them back: the more the other side's drones hold the way, the longer, and some die of it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.codes import (
    ARMOR,
    CONSOLIDATE,
    FRONT,
    GLIDE_BOMB,
    INFANTRY,
    INFILTRATE,
    N_CAUSES,
    NO_STAGE,
    SETS_DOWN,
    WITHDRAW,
)
from sim.columns import array_kernel, kernel
from sim.draws import binomial, key, uniform_of
from sim.quantity import Parameters, quantity
from sim.unit_rows import clear_row, raise_unit

READS = ("units", "cells")
WRITES = ("units", "formations", "books", "cursor")



class Params(Parameters):
    killed_drone: float = quantity(0.36, "", low=0.1, high=0.8, doc="share killed at once of men hit by drones", fact="prior_killed_to_wounded")
    killed_shell: float = quantity(0.25, "", low=0.1, high=0.8, doc="share killed at once of men hit by shells", fact="prior_killed_to_wounded")
    killed_bomb: float = quantity(0.50, "", low=0.1, high=0.9, doc="share killed at once of men hit by glide bombs", fact="prior_killed_to_wounded")
    killed_direct: float = quantity(0.32, "", low=0.1, high=0.8, doc="share killed at once of men hit by direct fire", fact="prior_killed_to_wounded")
    killed_pocket: float = quantity(0.50, "", low=0.1, high=0.9, doc="share killed of men lost in a pocket", fact="modelling assumption")
    missing_ahead: float = quantity(0.10, "", low=0.0, high=0.5, doc="share of men hit ahead of their own line who stay missing", fact="modelling assumption")
    evacuation_days: float = quantity(0.4, "days", low=0.1, high=4.0, doc="mean wait of a wounded man, on a way without threat", fact="prior_evacuation")
    threat_delays: float = quantity(0.25, "1/hit", low=0.0, high=2.0, doc="how much an expected hit on the way lengthens the wait", fact="prior_evacuation")
    death_per_day: float = quantity(0.12, "1/day", low=0.0, high=1.0, doc="chance a day that a waiting wounded man dies", fact="modelling assumption")
    cut_off_days: float = quantity(20.0, "days", low=1.0, high=100.0, doc="mean wait of a wounded man where no supply comes through", fact="modelling assumption")
    morale_drop: float = quantity(0.3, "", low=0.0, high=2.0, doc="morale that a group loses when it loses all its men at once; in proportion to the share lost", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields] + [("return_share", float), ("destroyed", float),
                    ("abandoned", float), ("recovery", float), ("crew", float)])


@kernel
def apply_hits(units, cells, books, n, key, knobs):
    """Hits become killed, wounded and missing by binomial draws, cause by cause; no more than a unit has men."""
    killed_share = (knobs.killed_drone, knobs.killed_shell, knobs.killed_bomb, knobs.killed_direct, knobs.killed_pocket)
    for i in range(n):
        if units.kind[i] < 0:
            continue
        total = 0
        for k in range(N_CAUSES):
            total += units.hits[i, k]
        if total == 0:
            continue
        s = units.side[i]
        slot = units.slot[i]
        left = units.men[i]
        ahead = units.task[i] == INFILTRATE or units.task[i] == CONSOLIDATE
        lost_all = 0
        for k in range(N_CAUSES):
            lost = min(int(units.hits[i, k]), left)
            units.hits[i, k] = 0
            if lost == 0:
                continue
            left -= lost
            lost_all += lost
            dead = binomial(uniform_of(key, slot, 3 * k), lost, killed_share[k])
            gone = binomial(uniform_of(key, slot, 3 * k + 1), lost - dead, knobs.missing_ahead) if ahead else 0
            books.killed[s, k] += dead
            books.missing[s, k] += gone
            books.wounded[s, k] += lost - dead - gone
            units.hurt[i] += lost - dead - gone
        books.by_place[s, units.place[i]] += lost_all
        if cells.direction[units.cell[i]] == 1:
            books.direction[s] += lost_all
        drop = knobs.morale_drop * lost_all / max(int(units.men[i]), 1)
        units.morale[i] = max(units.morale[i] - drop, 0.0)
        units.men[i] = left


@kernel
def carry_back(units, cells, books, formations, n, key, dt, knobs):
    """Evacuates wounded through the kill zone; some wait, some die waiting, some will return to duty."""
    for i in range(n):
        if units.kind[i] < 0 or units.hurt[i] == 0:
            continue
        s = units.side[i]
        slot = units.slot[i]
        threat = cells.way[units.cell[i], s]
        wait = knobs.evacuation_days * (1.0 + knobs.threat_delays * threat)
        if cells.cut[units.cell[i], s] > 0 or units.supply[i] < 0.05:
            wait = knobs.cut_off_days
        died = binomial(uniform_of(key, slot, 0), units.hurt[i], 1.0 - math.exp(-knobs.death_per_day * dt))
        out = binomial(uniform_of(key, slot, 1), units.hurt[i] - died, 1.0 - math.exp(-dt / wait))
        back = binomial(uniform_of(key, slot, 2), out, knobs.return_share)
        units.hurt[i] -= died + out
        if died > 0:
            # the cause on the books is not known any more: taken from the largest entry of wounded
            k = 0
            for j in range(N_CAUSES):
                if books.wounded[s, j] > books.wounded[s, k]:
                    k = j
            books.wounded[s, k] -= died
            books.killed[s, k] += died
        formations.hospital[units.formation[i]] += back
        books.discharged[s] += out - back


@kernel
def wreck(units, cells, books, formations, n, key, knobs):
    """Vehicles hit in the step: destroyed, abandoned (some towed home where drones let it) or damaged."""
    for i in range(n):
        if units.kind[i] != ARMOR or units.burst[i] == 0:
            units.burst[i] = 0
            continue
        s = units.side[i]
        slot = units.slot[i]
        f = units.formation[i]
        for k in range(min(units.burst[i], units.vehicles[i])):
            u = uniform_of(key, slot, 2 * k)
            if u < knobs.destroyed:
                books.destroyed[s] += 1
            elif u < knobs.destroyed + knobs.abandoned:
                tow = knobs.recovery * math.exp(-0.2 * cells.way[units.cell[i], s])
                if uniform_of(key, slot, 2 * k + 1) < tow:
                    books.recovered[s] += 1
                    formations.repair[f] += 1
                else:
                    books.abandoned[s] += 1
            else:
                books.damaged[s] += 1
                formations.repair[f] += 1
        units.vehicles[i] -= min(units.burst[i], units.vehicles[i])
        units.burst[i] = 0


@array_kernel
def set_down(geo, units, formations, cursor, n, crew, key):
    """Carried infantry leaves its vehicles where the dash ended and becomes a group of its own."""
    cursor[0] = 0
    rows = np.empty(n, np.int64)
    count = 0
    for i in range(n):
        if units.kind[i] == ARMOR and units.stage[i] == SETS_DOWN:
            rows[count] = i
            count += 1
    for k in np.argsort(units.slot[rows[:count]]):  # new slots are handed out by slot, not by row
        i = rows[k]
        units.stage[i] = NO_STAGE
        foot = units.men[i] - units.vehicles[i] * crew
        if foot <= 0:
            continue
        j = raise_unit(geo, units, formations, cursor, units.formation[i], INFANTRY, foot, 0, 0.0, units.morale[i], key)
        if j < 0:
            continue
        units.men[i] -= foot
        units.x[j] = units.x[i]
        units.y[j] = units.y[i]
        units.from_x[j] = units.x[i]
        units.from_y[j] = units.y[i]
        units.goal_x[j] = units.x[i]
        units.goal_y[j] = units.y[i]
        units.cell[j] = units.cell[i]
        units.task[j] = CONSOLIDATE
        units.place[j] = FRONT
        units.days[j] = 0.0


@kernel
def bury(units, n):
    """Frees the rows of groups that are no more; rows in use after that."""
    last = 0
    for i in range(n):
        if units.kind[i] >= 0:
            if units.men[i] <= 0 and units.hurt[i] <= 0 and units.vehicles[i] <= 0 and units.kind[i] != GLIDE_BOMB:
                clear_row(units, i)
            else:
                if units.men[i] <= 0 and units.kind[i] == INFANTRY and units.task[i] != WITHDRAW:
                    units.task[i] = WITHDRAW
                    units.goal_x[i] = units.x[i]
                    units.goal_y[i] = units.y[i]
                last = i + 1
    return last


def run(world) -> None:
    a = world.settings.armor
    u, c, b, f = world.units, world.cells, world.books, world.formations
    seed, step = world.seed, world.step_index
    knobs = world.knobs("losses", Knobs, return_share=world.settings.arrive.return_share, destroyed=a.destroyed_share,
                        abandoned=a.abandoned_share, recovery=a.recovery_chance, crew=a.crew)
    apply_hits(u, c, b, world.n, key(seed, "losses", step), knobs)
    carry_back(u, c, b, f, world.n, key(seed, "evacuation", step), world.dt, knobs)
    wreck(u, c, b, f, world.n, key(seed, "wrecks", step), knobs)
    set_down(world.geo, u, f, world.cursor, world.n, a.crew, key(seed, "set down", step))
    world.cursor[1] = bury(u, world.n)
