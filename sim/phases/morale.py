"""Strain, morale and the end of a group's will: falling back, giving up, walking away, starving.

Every one of them is a hazard: losses, strain, suppression, isolation, hunger and poor leadership raise it; rest, success and
good leaders lower it. A man in place tires a day for a day, more under pressure and hunger; in reserve he recovers threefold.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.codes import (
    CONSOLIDATE,
    DIRECT,
    FRONT,
    GLIDE_BOMB,
    HOLD,
    INFANTRY,
    INFILTRATE,
    MARCH,
    NO_STAGE,
    POCKET,
    RESERVE,
    SERVE,
    STEPS_BACK,
)
from sim.columns import kernel
from sim.draws import binomial, key, poisson, uniform_of
from sim.fields import at_nodes, at_squares
from sim.quantity import Parameters, quantity
from sim.unit_rows import clear_row, send_home

READS = ("units", "cells", "nodes", "formations")
WRITES = ("units", "formations", "books")

MIDDLING = 4.0  # makes the square of a lack of morale 1 at a morale of a half
EDGE_KM = 0.05  # no goal nearer to the edge of the box


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="groups break, give up and walk away; off: they fight to the last", fact="modelling assumption", role="lever")
    recovery_days: float = quantity(6.0, "days", low=1.0, high=30.0, doc="how fast morale returns to its level", fact="modelling assumption")
    level: float = quantity(0.75, "", low=0.3, high=1.0, doc="morale of every unit at the start, and, with `level_scale`, the level that a rested and fed one returns to (one with leadership 1/3: this number)", fact="modelling assumption", role="lever", short="morale")
    attacker: float = quantity(1.0, "", low=0.3, high=1.5, doc="factor on `level` for the attacker; morale is at most 1", fact="modelling assumption", role="lever", short="morale_scale_attacker")
    defender: float = quantity(1.0, "", low=0.3, high=1.5, doc="factor on `level` for the defender; morale is at most 1", fact="modelling assumption", role="lever", short="morale_scale_defender")
    from_strain: float = quantity(0.45, "", low=0.0, high=1.0, doc="how far strain pulls that level down", fact="modelling assumption")
    from_supply: float = quantity(0.40, "", low=0.0, high=1.0, doc="how far hunger pulls that level down", fact="modelling assumption")
    from_leadership: float = quantity(0.30, "", low=0.0, high=1.0, doc="how far poor leadership pulls that level down", fact="modelling assumption")
    break_per_day: float = quantity(0.002, "1/day", low=0.0, high=2.0, doc="rate at which a group with no morale left leaves its place, without pressure", fact="modelling assumption")
    outflanked_km: float = quantity(0.2, "km", low=0.0, high=2.0, doc="how far inside enemy ground a position counts as outflanked, when the enemy near it has more men", fact="modelling assumption")
    give_up_per_day: float = quantity(0.5, "1/day", low=0.05, high=5.0, doc="rate at which an outflanked position is left", fact="modelling assumption")
    surrender_share: float = quantity(0.15, "", low=0.0, high=0.9, doc="share of overrun or cut-off groups that give up when they break", fact="modelling assumption")
    starve_per_day: float = quantity(0.12, "1/day", low=0.0, high=1.0, doc="rate of loss of men in a pocket without supply", fact="prior_evacuation")
    rally: float = quantity(0.25, "", low=0.0, high=1.0, doc="morale above which a group that gives way takes up the next position instead of leaving the line", fact="modelling assumption")
    step_back_km: float = quantity(1.0, "km", low=0.3, high=4.0, doc="how far behind that next position lies", fact="modelling assumption")
    desertion_per_1000: float = quantity(0.35, "1/day", low=0.0, high=5.0, doc="men in 1,000 who leave without leave each day, at middling morale", fact="modelling assumption")
    strain_pressure: float = quantity(0.6, "", low=0.0, high=4.0, doc="extra strain of a day with the enemy near", fact="modelling assumption")
    strain_hunger: float = quantity(1.5, "", low=0.0, high=6.0, doc="extra strain of a day without supply", fact="modelling assumption")
    rest_gain: float = quantity(3.0, "", low=0.5, high=10.0, doc="days of strain that a day in reserve takes off", fact="modelling assumption")
    level_scale: float = quantity(1.25, "", low=0.5, high=2.0, doc="factor on `level` in the level that morale returns to, with full leadership; at most 1 comes of it", fact="modelling assumption")
    strain_days: float = quantity(60.0, "days", low=8.0, high=300.0, doc="days of strain at which half of its pull on morale has come", fact="modelling assumption")
    pressing_men: float = quantity(3.0, "soldiers", low=0.2, high=40.0, doc="enemy men near at which half of their extra strain has come", fact="modelling assumption")
    hungry: float = quantity(0.35, "", low=0.05, high=1.0, doc="supply of a group in a pocket below which it starves", fact="modelling assumption")
    shock_breaks: float = quantity(3.0, "", low=0.0, high=10.0, doc="what a lost duel adds to the exponent of a position's chance to be left", fact="modelling assumption")
    retreat_morale: float = quantity(0.1, "", low=0.0, high=1.0, doc="morale that leaving its place costs a group", fact="modelling assumption")

    def at_start(self) -> np.ndarray:
        """Morale of new units, (2,) by side."""
        return np.minimum(self.level * np.array([self.attacker, self.defender]), 1.0)


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields])


@kernel
def strain(geo, units, cells, nodes, formations, n, dt, knobs):
    """Days in place, strain and morale after one step: morale relaxes towards its level with time `recovery_days`."""
    back = 1.0 - math.exp(-dt / knobs.recovery_days)
    for i in range(n):
        if units.kind[i] < 0 or units.kind[i] == GLIDE_BOMB:
            continue
        task = units.task[i]
        s = units.side[i]
        units.days[i] += dt
        units.dug[i] = units.dug[i] + dt if task == HOLD else 0.0
        if task == RESERVE:
            units.fatigue[i] = max(units.fatigue[i] - knobs.rest_gain * dt, 0.0)
        elif task != SERVE:
            enemy = at_nodes(geo, nodes.presence, 1 - s, units.x[i], units.y[i])
            pressure = enemy / (enemy + knobs.pressing_men)
            units.fatigue[i] = units.fatigue[i] + dt * (1.0 + knobs.strain_pressure * pressure + knobs.strain_hunger * (1.0 - units.supply[i]))
        tired = units.fatigue[i] / (units.fatigue[i] + knobs.strain_days)
        level = (knobs.level * (knobs.attacker if s == 0 else knobs.defender) * (1.0 - knobs.from_strain * tired) * (1.0 - knobs.from_supply * (1.0 - units.supply[i]))
                 * (1.0 - knobs.from_leadership * (1.0 - formations.leadership[units.formation[i]])))
        level = min(level * knobs.level_scale, 1.0)
        units.morale[i] += (level - units.morale[i]) * back


@kernel
def give_way(geo, units, cells, nodes, formations, books, n, key, dt, knobs, tally):
    """Competing hazards of every group: it leaves its place, surrenders, starves or loses men by desertion."""
    for i in range(n):
        if units.kind[i] != INFANTRY or units.men[i] <= 0:
            continue
        task = units.task[i]
        s = units.side[i]
        f = units.formation[i]
        slot = units.slot[i]
        low = 1.0 - units.morale[i]
        gone = poisson(uniform_of(key, slot, 9), units.men[i] * knobs.desertion_per_1000 * 0.001 * MIDDLING * low * low * dt)
        if gone > 0:
            gone = min(gone, int(units.men[i]))
            units.men[i] -= gone
            books.deserted[s] += gone
            if units.men[i] == 0:
                continue
        if task != HOLD and task != CONSOLIDATE and task != INFILTRATE:
            units.shock[i] = 0.0
            continue
        c = units.cell[i]
        cut = cells.cut[c, s] > 0 or units.supply[i] < 0.04
        if cut and units.supply[i] < knobs.hungry:
            want = 1.0 - units.supply[i] / knobs.hungry
            units.hits[i, POCKET] += binomial(uniform_of(key, slot, 1), units.men[i], 1.0 - math.exp(-knobs.starve_per_day * want * dt))
        own = at_nodes(geo, nodes.presence, s, units.x[i], units.y[i])
        enemy = at_nodes(geo, nodes.presence, 1 - s, units.x[i], units.y[i])
        depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
        if s == 1:
            depth = -depth
        lead = 1.4 - 0.8 * formations.leadership[f]
        rate = knobs.break_per_day * low * low * MIDDLING * lead * (0.3 + enemy / (enemy + own + 1.0) + units.suppression[i])
        outflanked = enemy > own and depth < -knobs.outflanked_km
        if task == HOLD and outflanked:
            rate += knobs.give_up_per_day
        if cut:
            rate += 0.5 * knobs.break_per_day * low * MIDDLING
        if task == INFILTRATE and units.days[i] > 12.0:
            rate += 0.1
        u = uniform_of(key, slot, 2)
        shock = units.shock[i]
        units.shock[i] = 0.0
        if u >= rate * dt + knobs.shock_breaks * shock or u >= 1.0 - math.exp(-rate * dt) * math.exp(-knobs.shock_breaks * shock):
            continue
        tally[s, 0] += 1
        trapped = cut or depth < -1.0 or outflanked
        if trapped and uniform_of(key, slot, 3) < knobs.surrender_share * (2.5 if cut else 1.0) * (0.5 + low):
            books.captured[s, POCKET if cut else DIRECT] += units.men[i]
            # wounded who are taken have been counted as wounded: they leave the books as men who will not return
            books.discharged[s] += units.hurt[i]
            books.by_place[s, FRONT] += units.men[i]
            if cells.direction[c] == 1:
                books.direction[s] += units.men[i]
            tally[s, 1] += 1
            clear_row(units, i)
            continue
        units.stage[i] = NO_STAGE
        units.partner[i] = -1
        units.morale[i] = max(units.morale[i] - knobs.retreat_morale, 0.0)
        if task == HOLD and units.morale[i] > knobs.rally and not cut:
            sign = 1.0 if s == 0 else -1.0
            units.task[i] = MARCH
            units.stage[i] = STEPS_BACK
            units.goal_x[i] = min(max(units.x[i] + sign * knobs.step_back_km * cells.east[c], geo.x0 + EDGE_KM), geo.x0 + geo.width - EDGE_KM)
            units.goal_y[i] = min(max(units.y[i] + sign * knobs.step_back_km * cells.north[c], geo.y0 + EDGE_KM), geo.y0 + geo.height - EDGE_KM)
        else:
            send_home(units, formations, i)


def run(world) -> None:
    p = world.settings.morale
    g, u, c, nodes, f, b = world.geo, world.units, world.cells, world.nodes, world.formations, world.books
    knobs = world.knobs("morale", Knobs)
    strain(g, u, c, nodes, f, world.n, world.dt, knobs)
    if not p.enabled:
        u.shock[: world.n] = 0.0
        return
    tally = world.scratch.tally
    tally[:] = 0
    give_way(g, u, c, nodes, f, b, world.n, key(world.seed, "break", world.step_index), world.dt, knobs, tally)
    for side in range(2):
        b.broken[side] += tally[side, 0]
        b.surrendered[side] += tally[side, 1]
