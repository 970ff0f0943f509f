"""Close combat: attacks on a path, infiltration, mounted dashes, and fire between groups in contact.

An attack is resolved along its path in pieces of 0.25 km, whatever the step and the cell: direct fire by the coverage of the
defenders there, obstacles that stop it where they are covered by fire, and a duel with each position it meets (aimed fire of
both on both: Lanchester's square law for small numbers). A group breaks by a hazard that grows with its losses (the second tenth
of its men weighs three times the first), so that losers lose 10-30 % on the median and rarely half (Helmbold 1971), and no
threshold decides. Shells are timed: while an attack goes in, its side's fire on the place is heavier than on the mean of the
step and keeps the defender's heads down (Biddle 2004), which is what a coordinated attack has and an uncoordinated one lacks.

Groups in contact lose men at a rate F / (T + t0) each: F enemy fire, T own men that share it, t0 the men at which half of
that fire is spent on finding targets. t0 = 0 is aimed fire (the square law); t0 large is fire at an area (the linear law).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.columns import array_kernel, kernel
from sim.draws import binomial, key, uniform, uniform_of
from sim.enlist import send_home
from sim.fields import at_nodes, at_squares, block_at, cell_at
from sim.forces import Cause, Kind, Task
from sim.quantity import Parameters, quantity

READS = ("units", "cells", "nodes", "blocks", "bins", "formations")
WRITES = ("units", "books")

INFANTRY, ARMOR = int(Kind.INFANTRY), int(Kind.ARMOR)
RESERVE, HOLD, ASSAULT, INFILTRATE, CONSOLIDATE, DASH = (
    int(t) for t in (Task.RESERVE, Task.HOLD, Task.ASSAULT, Task.INFILTRATE, Task.CONSOLIDATE, Task.DASH))
DIRECT = int(Cause.DIRECT_FIRE)
PIECE_KM = 0.25
SET_DOWN = 4


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="attacks and close combat", fact="modelling assumption")
    direct_per_km: float = quantity(0.012, "1/km", low=0.005, high=0.2, doc="hits on a man per km he crosses, for each man of fire on him", fact="modelling assumption")
    dark: float = quantity(0.4, "", low=0.1, high=1.0, doc="direct fire by night beside that by day", fact="modelling assumption")
    cover_in_town: float = quantity(0.5, "", low=0.0, high=0.9, doc="share of direct fire that buildings keep from an attacker", fact="modelling assumption")
    works_fire: float = quantity(1.0, "", low=0.0, high=4.0, doc="how much works add to the fire on somebody who crosses them", fact="prior_belt")
    works_stop: float = quantity(4.0, "1/km", low=0.0, high=12.0, doc="rate per km at which full works, covered by fire, stop an attack", fact="prior_belt")
    water_stop: float = quantity(4.0, "1/km", low=0.0, high=20.0, doc="rate per km at which water, covered by fire, stops an attack (times the share of water and banks)", fact="modelling assumption")
    duel_attacker: float = quantity(0.02, "", low=0.002, high=0.5, doc="chance per bout that an attacking man hits a man in a position in the open", fact="modelling assumption")
    duel_defender: float = quantity(0.05, "", low=0.005, high=0.5, doc="chance per bout that a man in a position hits an attacker", fact="modelling assumption")
    duel_cover: float = quantity(0.45, "", low=0.0, high=0.9, doc="share of an attacker's hits that a dug-in position keeps off", fact="modelling assumption")
    give_way: float = quantity(0.13, "", low=0.0, high=0.3, doc="chance per bout that a position gives way to odds of one to one, without loss", fact="modelling assumption")
    bouts: int = quantity(8, "bouts", low=1, high=18, doc="bouts of a duel before the attack counts as stopped", fact="modelling assumption")
    break_rate: float = quantity(16.0, "", low=4.0, high=40.0, doc="how readily losses break a group: chance 1 - exp(-rate * square of the share lost)", fact="check_break_median")
    tired_breaks: float = quantity(0.015, "1/day", low=0.0, high=0.1, doc="how much sooner a group breaks for each day of strain", fact="modelling assumption")
    support: float = quantity(3.0, "", low=1.0, high=10.0, doc="shelling of a place while an attack on it goes in, beside the mean of the step (1: no plan of fire)", fact="modelling assumption", role="lever")
    notice: float = quantity(0.10, "1/km", low=0.0, high=1.0, doc="rate per km and man of fire at which an infiltrating group is noticed", fact="modelling assumption")
    notice_light: float = quantity(0.7, "", low=0.0, high=1.0, doc="share of that which daylight adds", fact="modelling assumption")
    contact_per_day: float = quantity(0.004, "1/day", low=0.0, high=1e6, doc="men one man of fire hits a day in standing contact", fact="modelling assumption")
    search_men: float = quantity(12.0, "soldiers", low=0.0, high=1e9, doc="men near at which half of contact fire goes into finding targets", fact="modelling assumption")
    hunt: float = quantity(3.0, "", low=1.0, high=20.0, doc="how much harder contact fire is on men without a position", fact="modelling assumption")
    hunted_per_day: float = quantity(0.15, "1/day", low=0.0, high=1.0, doc="rate at which men more than 1.2 km inside enemy ground, fewer than ten together, are hunted down", fact="dobro_azov_losses")
    weapon_attacker: float = quantity(1.0, "", low=0.0, high=10.0, doc="multiplies the attacker's close-combat fire", fact="modelling assumption", role="lever")
    weapon_defender: float = quantity(1.0, "", low=0.0, high=10.0, doc="multiplies the defender's close-combat fire", fact="modelling assumption", role="lever")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields])


@njit(inline="always")
def fit_men(units, i):
    """Men of a group still up after the hits of this step so far."""
    lost = 0
    for k in range(units.hits.shape[1]):
        lost += units.hits[i, k]
    return max(units.men[i] - lost, 0)


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
def toll(before, after, start_men):
    """What a loss of men from `before` to `after` adds to the hazard of breaking: the rise of the square of the share lost."""
    then = (start_men - before) / start_men
    now = (start_men - after) / start_men
    return now * now - then * then


@njit(inline="always")
def breaks(u, before, after, start_men, resolve, rate):
    """True when a loss of men from `before` to `after` breaks a group that began with `start_men`."""
    if after >= before:
        return False
    return u < 1.0 - math.exp(-rate * toll(before, after, start_men) / resolve)


@njit(inline="always")
def dug_in(units, cells, row, knobs):
    """Share of an attacker's hits that reach a man of this position: digging, works and buildings keep the rest off."""
    if units.task[row] != HOLD:
        return 1.0 - 0.3 * min(cells.built[units.cell[row]], 1.0)
    c = units.cell[row]
    days = max(units.days[row], 0.0)
    dug = knobs.duel_cover * days / (days + 2.0)
    works = 0.5 * cells.works[c, 1 - units.side[row]]
    town = 0.5 * min(cells.built[c], 1.0) * (1.0 - 0.5 * cells.rubble[c])
    return (1.0 - dug) * (1.0 - works) * (1.0 - town)


@njit(inline="always")
def resolve_of(units, formations, i, knobs):
    """How well a group bears losses: morale, rest and leadership, 1 in the mean."""
    f = units.formation[i]
    return (0.4 + 0.8 * units.morale[i]) * (0.7 + 0.6 * formations.leadership[f]) / (1.0 + knobs.tired_breaks * units.fatigue[i])


@kernel
def duel(units, cells, formations, i, row, men, start_men, shock, key, base, weapon, knobs, skill):
    """A fight of the attacking group `i` (with `men` left) against the position `row`.

    Returns (men left, outcome): 1 the position gives way or dies, 0 the attack is stopped, -1 the attack breaks.
    """
    slot = units.slot[i]
    theirs = fit_men(units, row)
    began = theirs
    exposed = dug_in(units, cells, row, knobs)
    s = units.side[i]
    ours_chance = min(knobs.duel_attacker * weapon[s] * shock * exposed * skill[0], 0.95)
    their_chance = min(knobs.duel_defender * weapon[1 - s] * skill[1] / shock, 0.95)
    ours_resolve = resolve_of(units, formations, i, knobs) * (1.5 if shock > 1.0 else 1.0)
    theirs_resolve = resolve_of(units, formations, row, knobs)
    outcome = 0
    for bout in range(int(knobs.bouts)):
        down = binomial(uniform_of(key, slot, base + 4 * bout), theirs, their_chance)
        felled = binomial(uniform_of(key, slot, base + 4 * bout + 1), men, ours_chance)
        lost = min(down, men)
        gone = min(felled, theirs)
        if gone > 0:
            units.hits[row, DIRECT] += gone
        if lost > 0:
            units.hits[i, DIRECT] += lost
        pressed = knobs.break_rate * toll(theirs, theirs - gone, max(began, 1)) + knobs.give_way * shock * men / max(theirs, 1) * exposed
        their_break = uniform_of(key, slot, base + 4 * bout + 2) < 1.0 - math.exp(-pressed / theirs_resolve)
        ours_break = breaks(uniform_of(key, slot, base + 4 * bout + 3), men, men - lost, start_men, ours_resolve, knobs.break_rate)
        men -= lost
        theirs -= gone
        if theirs <= 0 or their_break:
            units.shock[row] += 1.0
            outcome = 1
            break
        if men <= 0 or ours_break:
            outcome = -1
            break
    return men, outcome


@njit(inline="always")
def skill_of(units, i, suppression):
    """A man's skill in a duel: training, rest, supply, and what suppression (0..1) leaves."""
    tired = 1.0 / (1.0 + (units.fatigue[i] / 45.0) ** 2)
    return ((0.5 + units.quality[i]) * (0.35 + 0.65 * tired) * (0.5 + 0.5 * units.supply[i])
            * (1.0 - 0.8 * suppression))


@kernel
def attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, shock, knobs, tally):
    """One attack from the line to its objective. Leaves the group lodged, falling back, or dead."""
    s = units.side[i]
    slot = units.slot[i]
    x = units.x[i]
    y = units.y[i]
    dx = units.goal_x[i] - x
    dy = units.goal_y[i] - y
    length = math.sqrt(dx * dx + dy * dy)
    men = fit_men(units, i)
    start_men = max(men, 1)
    met = (-1, -1, -1, -1, -1, -1)
    n_met = 0
    outcome = 1 if men > 0 else -1
    bold = resolve_of(units, formations, i, knobs) * (1.5 if shock > 1.0 else 1.0)
    ours_skill = skill_of(units, i, blocks.quiet[block_at(geo, x, y), s])  # of where it sets out: it has only just come there
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
        fire = at_nodes(geo, nodes.fire, 1 - s, px, py) * weapon[1 - s] * calm
        works = cells.works[c, s]
        base = 10 + 80 * min(k, 40)
        hazard = (knobs.direct_per_km * fire * (knobs.dark + (1.0 - knobs.dark) * light)
                  * (1.0 - knobs.cover_in_town * min(cells.built[c], 1.0)) * (1.0 + knobs.works_fire * works) / shock)
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
        covered = fire / (fire + 2.0)
        if uniform_of(key, slot, base + 2) < 1.0 - math.exp(-(knobs.works_stop * works + knobs.water_stop * cells.water[c]) * covered * piece):
            outcome = 0
            break
        if n_met < 6:
            row = nearest_position(geo, units, start, order, s, px, py, 0.3, met, n_met)
            if row >= 0:
                met = (row,) + met[:5]  # noqa: RUF005  numba does not unpack
                n_met += 1
                men, outcome = duel(units, cells, formations, i, row, men, start_men, shock, key, base + 4, weapon, knobs,
                                    (ours_skill, skill_of(units, row, units.suppression[row]) * calm))
    units.stage[i] = 0
    if men <= 0:
        return
    if outcome == 1:
        units.x[i] = px
        units.y[i] = py
        units.cell[i] = cell_at(geo, px, py)
        units.task[i] = CONSOLIDATE
        units.days[i] = 0.0
        units.place[i] = 0
        tally[s, 0] += 1
        return
    send_home(units, formations, i)
    if outcome < 0:
        units.morale[i] = max(units.morale[i] - 0.15, 0.0)
        tally[s, 1] += 1


@kernel
def slip(geo, units, cells, nodes, formations, i, key, light, weapon, knobs, tally):
    """An infiltrating group's bound between positions: it is noticed, fought and turned back, or gets through.

    One that is stopped more than 0.8 km in stays there and counts as through.
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
            lost = binomial(uniform_of(key, slot, base + 1), men, 1.0 - math.exp(-0.12 * fire))
            units.hits[i, DIRECT] += lost
            men -= lost
            if men <= 0 or uniform_of(key, slot, base + 2) < 0.6:
                through = False
                break
        px = nx
        py = ny
    if men <= 0:
        units.stage[i] = 2
        return
    if through or math.hypot(px - x, py - y) > 0.8:
        units.x[i] = px
        units.y[i] = py
        units.cell[i] = cell_at(geo, px, py)
        units.goal_x[i] = px
        units.goal_y[i] = py
        units.stage[i] = 2
        units.place[i] = 0
        tally[s, 2] += 1
        return
    units.stage[i] = 0
    send_home(units, formations, i)


@kernel
def contact(geo, units, cells, nodes, n, key, dt, light, weapon, knobs):
    """Standing fire between groups near one another."""
    for i in range(n):
        if units.kind[i] != INFANTRY or units.men[i] <= 0:
            continue
        task = units.task[i]
        if task != HOLD and task != CONSOLIDATE and task != INFILTRATE:
            continue
        s = units.side[i]
        fire = at_nodes(geo, nodes.fire, 1 - s, units.x[i], units.y[i])
        depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
        inside = depth < -1.2 if s == 0 else depth > 1.2
        if fire <= 0.02 and not inside:
            continue
        own = at_nodes(geo, nodes.presence, s, units.x[i], units.y[i])
        hazard = knobs.contact_per_day * weapon[1 - s] * fire / (own + knobs.search_men) * (knobs.dark + (1.0 - knobs.dark) * light)
        if task == HOLD:
            hazard = hazard * dug_in(units, cells, i, knobs)
        elif task == INFILTRATE:
            hazard = hazard * knobs.hunt
        if inside and task != HOLD:
            hazard += knobs.hunted_per_day * weapon[1 - s] / (1.0 + (own / 10.0) ** 2)
        u = uniform_of(key, units.slot[i], 0)
        if u >= 1.0 - units.men[i] * hazard * dt:  # else surely none
            units.hits[i, DIRECT] += binomial(u, units.men[i], 1.0 - math.exp(-hazard * dt))


@array_kernel
def engage(geo, units, cells, nodes, blocks, formations, start, order, n, key, light, weapon, shock, knobs, tally):
    """Every attack, bound and dash that reached the line in this step, in an order drawn by slot, not by row or side."""
    rows = np.empty(n, np.int64)
    turn = np.empty(n)
    count = 0
    for i in range(n):
        if units.stage[i] == 1 and units.kind[i] >= 0:
            rows[count] = i
            turn[count] = uniform(key, units.slot[i])
            count += 1
    for k in np.argsort(turn[:count]):
        i = rows[k]
        task = units.task[i]
        if task == ASSAULT:
            attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, 1.0, knobs, tally)
        elif task == INFILTRATE:
            slip(geo, units, cells, nodes, formations, i, key, light, weapon, knobs, tally)
        elif task == DASH:
            if units.vehicles[i] > units.burst[i]:
                attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, shock, knobs, tally)
            # whoever got through sets its men down; what still runs goes home in any case
            units.stage[i] = SET_DOWN if units.task[i] == CONSOLIDATE else 0
            send_home(units, formations, i)


def run(world) -> None:
    p = world.settings.fire
    if not p.enabled:
        return
    tally = world.scratch_tally
    tally[:] = 0
    knobs = world.knobs("fire", Knobs)
    weapon = (p.weapon_attacker, p.weapon_defender)
    g, u, c, nodes = world.geo, world.units, world.cells, world.nodes
    contact(g, u, c, nodes, world.n, key(world.seed, "contact", world.step_index), world.dt, world.sky.light, weapon, knobs)
    engage(g, u, c, nodes, world.blocks, world.formations, world.bin_start, world.bin_order, world.n, key(world.seed, "attack", world.step_index),
           world.sky.light, weapon, world.settings.armor.shock, knobs, tally)
    b = world.books
    for side in range(2):
        b.lodged[side] += tally[side, 0]
        b.broken[side] += tally[side, 1]
        b.slipped[side] += tally[side, 2]
