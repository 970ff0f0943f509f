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

from typing import NamedTuple

import numpy as np

from sim.codes import ASSAULT, AT_LINE, CONSOLIDATE, DASH, INFILTRATE, NO_STAGE, SETS_DOWN
from sim.columns import array_kernel
from sim.draws import key, uniform
from sim.phases.fire.attacks import attack
from sim.phases.fire.infiltration import slip
from sim.phases.fire.standing_contact import contact
from sim.quantity import Parameters, quantity
from sim.unit_rows import send_home
from sim.worth import Knobs as WorthKnobs

READS = ("units", "cells", "nodes", "blocks", "bins", "formations")
WRITES = ("units", "books")


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="attacks and close combat", fact="modelling assumption")
    direct_per_km: float = quantity(0.17, "1/km", low=0.005, high=1.0, doc="hits on a man per km he crosses, for each man of fire on him", fact="modelling assumption")
    direct_men: float = quantity(20.0, "soldiers", low=1.0, high=60.0, doc="men of fire on one place at which half of it goes to targets that others fire at (mutual interference, Beddington 1975)", fact="modelling assumption")
    dark: float = quantity(0.4, "", low=0.1, high=1.0, doc="direct fire by night beside that by day", fact="modelling assumption")
    cover_in_town: float = quantity(0.5, "", low=0.0, high=0.9, doc="share of direct fire that buildings keep from an attacker", fact="modelling assumption")
    works_fire: float = quantity(2.0, "", low=0.0, high=4.0, doc="how much works add to the fire on somebody who crosses them", fact="prior_belt")
    works_stop: float = quantity(8.0, "1/km", low=0.0, high=12.0, doc="rate per km at which full works, covered by fire, stop an attack", fact="prior_belt")
    water_stop: float = quantity(4.0, "1/km", low=0.0, high=20.0, doc="rate per km at which water, covered by fire, stops an attack (times the share of water and banks)", fact="modelling assumption")
    duel_attacker: float = quantity(0.06, "", low=0.002, high=0.5, doc="chance per bout that an attacking man hits a man in a position in the open", fact="modelling assumption")
    duel_defender: float = quantity(0.05, "", low=0.005, high=0.5, doc="chance per bout that a man in a position hits an attacker", fact="modelling assumption")
    duel_cover: float = quantity(0.45, "", low=0.0, high=0.9, doc="share of an attacker's hits that a dug-in position keeps off", fact="modelling assumption")
    give_way: float = quantity(0.04, "", low=0.0, high=0.3, doc="chance per bout that a position gives way to odds of one to one, without loss", fact="modelling assumption")
    bouts: int = quantity(8, "bouts", low=1, high=18, doc="bouts of a duel before the attack counts as stopped", fact="modelling assumption")
    break_rate: float = quantity(16.0, "", low=4.0, high=40.0, doc="how readily losses break a group: chance 1 - exp(-rate * square of the share lost)", fact="check_break_median")
    support: float = quantity(3.0, "", low=1.0, high=10.0, doc="shelling of a place while an attack on it goes in, beside the mean of the step (1: no plan of fire)", fact="modelling assumption", role="lever")
    notice: float = quantity(0.3, "1/km", low=0.0, high=1.0, doc="rate per km and man of fire at which an infiltrating group is noticed", fact="modelling assumption")
    notice_light: float = quantity(0.7, "", low=0.0, high=1.0, doc="share of that which daylight adds", fact="modelling assumption")
    contact_per_day: float = quantity(0.004, "1/day", low=0.0, high=1e6, doc="men one man of fire hits a day in standing contact", fact="modelling assumption")
    search_men: float = quantity(12.0, "soldiers", low=0.0, high=1e9, doc="men near at which half of contact fire goes into finding targets", fact="modelling assumption")
    hunt: float = quantity(3.0, "", low=1.0, high=20.0, doc="how much harder contact fire is on men without a position", fact="modelling assumption")
    hunted_per_day: float = quantity(0.15, "1/day", low=0.0, high=1.0, doc="rate at which few men deeper than `control.reach_km` in enemy ground are hunted down", fact="dobro_azov_losses")
    weapon_attacker: float = quantity(1.0, "", low=0.0, high=10.0, doc="multiplies the attacker's close-combat fire", fact="modelling assumption", role="lever")
    weapon_defender: float = quantity(1.0, "", low=0.0, high=10.0, doc="multiplies the defender's close-combat fire", fact="modelling assumption", role="lever")
    hunted_men: float = quantity(10.0, "soldiers", low=1.0, high=60.0, doc="men together at which that rate is halved", fact="modelling assumption")
    meet_km: float = quantity(0.3, "km", low=0.1, high=1.0, doc="distance within which an attack on its way meets a position", fact="modelling assumption")
    covering_men: float = quantity(2.0, "soldiers", low=0.2, high=20.0, doc="fire, in men, at which works and water hold up half of what they could", fact="modelling assumption")
    dig_days: float = quantity(2.0, "days", low=0.1, high=20.0, doc="days in place at which digging gives half of its cover, against shells as well", fact="modelling assumption")
    duel_works: float = quantity(0.5, "", low=0.0, high=0.95, doc="share of an attacker's hits that full works keep off a position", fact="modelling assumption")
    duel_town: float = quantity(0.5, "", low=0.0, high=0.95, doc="share of an attacker's hits that buildings keep off a position", fact="modelling assumption")
    resolve_base: float = quantity(0.4, "", low=0.1, high=2.0, doc="resolve, how well a group bears losses, without morale", fact="modelling assumption")
    resolve_morale: float = quantity(0.8, "", low=0.0, high=2.0, doc="resolve that full morale adds", fact="modelling assumption")
    resolve_unled: float = quantity(0.4, "", low=0.1, high=2.0, doc="factor on resolve without leadership", fact="modelling assumption")
    resolve_leadership: float = quantity(1.2, "", low=0.0, high=2.0, doc="what full leadership adds to that factor", fact="modelling assumption")
    mounted_resolve: float = quantity(1.5, "", low=1.0, high=4.0, doc="resolve of an attack behind armor beside one on foot", fact="modelling assumption")
    break_morale: float = quantity(0.15, "", low=0.0, high=1.0, doc="morale that a broken attack costs its group", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields] + [("touch_km", float)])


def knobs_of(world) -> Knobs:
    """The numbers that these kernels take, with the one whose owner is `control`."""
    return world.knobs("fire", Knobs, touch_km=world.settings.control.reach_km)


@array_kernel
def engage(geo, units, cells, nodes, blocks, formations, start, order, n, key, light, weapon, shock, knobs, skill, tally):
    """Every attack, bound and dash that reached the line in this step, in an order drawn by slot, not by row or side."""
    rows = np.empty(n, np.int64)
    turn = np.empty(n)
    count = 0
    for i in range(n):
        if units.stage[i] == AT_LINE and units.kind[i] >= 0:
            rows[count] = i
            turn[count] = uniform(key, units.slot[i])
            count += 1
    for k in np.argsort(turn[:count]):
        i = rows[k]
        task = units.task[i]
        if task == ASSAULT:
            attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, 1.0, knobs, skill, tally)
        elif task == INFILTRATE:
            slip(geo, units, cells, nodes, formations, i, key, light, weapon, knobs, tally)
        elif task == DASH:
            if units.vehicles[i] > units.burst[i]:
                attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, shock, knobs, skill, tally)
            # a section that got through sets its men down; vehicles that run go home in any case
            units.stage[i] = SETS_DOWN if units.task[i] == CONSOLIDATE else NO_STAGE
            send_home(units, formations, i)


def run(world) -> None:
    p = world.settings.fire
    if not p.enabled:
        return
    tally = world.scratch.tally
    tally[:] = 0
    knobs = knobs_of(world)
    weapon = (p.weapon_attacker, p.weapon_defender)
    g, u, c, nodes = world.geo, world.units, world.cells, world.nodes
    contact(g, u, c, nodes, world.n, key(world.seed, "contact", world.step_index), world.dt, world.weather.sky.light, weapon, knobs)
    engage(g, u, c, nodes, world.blocks, world.formations, world.bins.start, world.bins.order, world.n, key(world.seed, "attack", world.step_index),
           world.weather.sky.light, weapon, world.settings.armor.shock, knobs, world.knobs("sense", WorthKnobs), tally)
    b = world.books
    for side in range(2):
        b.lodged[side] += tally[side, 0]
        b.broken[side] += tally[side, 1]
        b.slipped[side] += tally[side, 2]
