"""What each unit sets out to do: attack, slip through, reinforce, relieve, deploy, counterattack, move its gun.

Every decision is a hazard: a rate a day, made a chance once by 1 - exp(-rate dt), with a draw of the unit's own. Where to
is drawn from the points that its formation may choose from (`command`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.codes import ARMOR, ARTILLERY, BEHIND_LINE, CONSOLIDATE, FPV, HOLD, INFANTRY, INFILTRATE, NO_STAGE, RESERVE
from sim.columns import kernel
from sim.draws import key, uniform_of
from sim.fields import at_nodes, at_squares
from sim.phases.decide.crews import armor_section, resite
from sim.phases.decide.infiltrators import infiltrator
from sim.phases.decide.reliefs import DUSK_H, WANTS_RELIEF, match_reliefs
from sim.phases.decide.reserves import attacker_reserve, defender_reserve, readiness
from sim.quantity import Parameters, quantity
from sim.unit_rows import send_home

READS = ("units", "formations", "orders", "front", "cells", "nodes", "blocks")
WRITES = ("units", "books")


class Params(Parameters):
    attacks_per_group: float = quantity(0.42, "1/day", low=0.0, high=1.5, doc="attacks that a rested reserve group begins a day at mean tempo", fact="assaults_2025_06_27", role="lever", short="tempo")
    rest_days: float = quantity(4.0, "days", low=0.0, high=20.0, doc="rest of a group between two tasks", fact="modelling assumption")
    depth_km: float = quantity(0.4, "km", low=0.2, high=2.0, doc="mean depth of an attack's objective beyond the first 0.3 km", fact="modelling assumption")
    infiltration_share: float = quantity(0.14, "", low=0.0, high=0.8, doc="share of attacks made by infiltration, in summer leaf", fact="art_srg_groups", role="lever", short="infiltration_share")
    infiltration_depth_km: float = quantity(1.4, "km", low=0.3, high=6.0, doc="mean depth of one bound of an infiltrating group beyond 1 km", fact="dobro_depth")
    hop_per_day: float = quantity(0.25, "1/day", low=0.0, high=2.0, doc="how often an infiltrating group moves on", fact="modelling assumption")
    gather_men: float = quantity(8.0, "soldiers", low=3.0, high=30.0, doc="men that must have gathered before infiltrators hold ground", fact="modelling assumption")
    recall_per_day: float = quantity(0.3, "1/day", low=0.0, high=3.0, doc="rate at which a lodged group without touch to its own, and without company, falls back", fact="modelling assumption")
    settle_days: float = quantity(4.0, "days", low=0.0, high=20.0, doc="days in which a lodged group still takes ground before it settles down to hold it", fact="modelling assumption")
    upkeep_per_day: float = quantity(0.05, "1/day", low=0.0, high=1.0, doc="how often a rested reserve group of the attacker goes to a thin piece of its own line", fact="modelling assumption")
    line_men: float = quantity(9.0, "soldiers", low=2.0, high=60.0, doc="attacker's men near a point of his line above which it needs no more", fact="modelling assumption")
    narrow: float = quantity(0.45, "", low=0.0, high=0.7, doc="share of the ground within 3 km that must be the attacker's for him to man his line there as a matter of course", fact="modelling assumption")
    follow_per_day: float = quantity(1.2, "groups/day", low=0.0, high=40.0, doc="groups that a formation sends a day to hold a deep lodgement (consolidation)", fact="modelling assumption", role="lever", short="consolidation")
    deploy_delay_days: float = quantity(1.5, "days", low=0.1, high=15.0, doc="delay until a free group of the defender answers a need", fact="modelling assumption", role="lever", short="reserve_delay_days")
    reserve_share: float = quantity(0.5, "", low=0.0, high=0.8, doc="share of its infantry a defending formation tries to keep out of the line", fact="modelling assumption", role="lever")
    urgent_need: float = quantity(2.5, "", low=0.1, high=20.0, doc="need of a place above which the last reserves go too", fact="modelling assumption")
    counter_per_day: float = quantity(0.002, "1/day", low=0.0, high=0.5, doc="counterattacks a rested reserve group of the defender begins a day", fact="recapture_share", role="lever")
    relief_counter: float = quantity(500.0, "", low=1.0, high=1000.0, doc="how much oftener groups of a relief formation counterattack a lodgement", fact="dobro_villages")
    mounted_counter: float = quantity(0.02, "", low=0.0, high=1.0, doc="mounted counterattacks of the defender beside the attacker's readiness to mount", fact="modelling assumption", role="lever")
    rotation: bool = quantity(True, "switch", doc="positions are relieved", fact="modelling assumption", role="lever")
    rotation_interval_days: float = quantity(45.0, "days", low=5.0, high=360.0, doc="days a group of the defender stays in place before relief is asked for", fact="prior_days_on_position_2024", role="lever", short="rotation_interval_days", unset="where a formation has no interval of its own")
    rotation_attacker_days: float = quantity(40.0, "days", low=5.0, high=360.0, doc="the same for the attacker's groups that hold the line", fact="modelling assumption", role="lever")
    drop_back_km: float = quantity(2.5, "km", low=1.0, high=10.0, doc="distance behind the line at which a position is given up as useless", fact="modelling assumption")
    armor: bool = quantity(True, "switch", doc="mounted attacks are made", fact="modelling assumption", role="lever")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields])
ArmorKnobs = NamedTuple("ArmorKnobs", [("value", float), ("hit_aversion", float), ("mount_max", float), ("crew", float),
                                              ("dismounts", float)])


@kernel
def decide(geo, units, formations, orders, front, cells, nodes, blocks, n, key, day_key, dt, light, leafy, follow_scale, mud, knobs,
           armor, setback, ready, tally):
    """Every unit's decision for this step. `tally`: (2, 4) attacks, infiltrations, counterattacks, mounted attacks.

    `ready`: (formations,) chance that a rested reserve group sets out (`readiness`).
    """
    ask = 1.0 - math.exp(-dt / 3.0)
    pack = 1.0 - math.exp(-dt)
    flee = 1.0 - math.exp(-6.0 * dt)
    hop = 1.0 - math.exp(-knobs.hop_per_day * dt)
    recall = 1.0 - math.exp(-knobs.recall_per_day * dt)
    for i in range(n):
        kind = units.kind[i]
        if kind < 0:
            continue
        task = units.task[i]
        side = units.side[i]
        f = units.formation[i]
        slot = units.slot[i]
        if kind == INFANTRY:
            if task == RESERVE:
                if units.days[i] < knobs.rest_days or units.men[i] < 2 or units.partner[i] >= 0:
                    continue
                if uniform_of(key, slot, 0) >= ready[f]:
                    continue
                if side == 0:
                    attacker_reserve(geo, units, formations, orders, front, i, key, dt, leafy, follow_scale, ready, knobs, tally)
                else:
                    defender_reserve(geo, units, formations, orders, front, i, key, day_key, dt, ready, knobs, tally)
            elif task == HOLD:
                depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
                if side == 1:
                    depth = -depth
                if depth > knobs.drop_back_km or (formations.active[f] == 0 and depth > 0.8):
                    units.partner[i] = -1
                    units.stage[i] = NO_STAGE
                    send_home(units, formations, i)
                elif units.days[i] > formations.rotation_days[f] and units.partner[i] == -1 and knobs.rotation > 0.5:
                    if uniform_of(key, slot, 0) < ask:
                        units.partner[i] = WANTS_RELIEF
            elif task == INFILTRATE and units.stage[i] == BEHIND_LINE:
                held = cells.square_control[units.cell[i]]
                if (
                    uniform_of(key, slot, 0) < hop
                    or (held if side == 0 else 1.0 - held) >= 0.5
                    or at_nodes(geo, nodes.presence, side, units.x[i], units.y[i]) >= knobs.gather_men
                ):
                    infiltrator(geo, units, cells, nodes, formations, i, key, hop, knobs)
            elif task == CONSOLIDATE:
                held = cells.square_control[units.cell[i]]
                depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
                if side == 1:
                    held = 1.0 - held
                    depth = -depth
                if held >= 0.55 and units.days[i] >= knobs.settle_days:
                    units.task[i] = HOLD
                elif depth < -1.2 and units.days[i] > 2.0 and uniform_of(key, slot, 0) < recall:
                    if at_nodes(geo, nodes.presence, side, units.x[i], units.y[i]) < knobs.gather_men:
                        units.stage[i] = NO_STAGE
                        send_home(units, formations, i)
        elif kind == ARMOR:
            if task == RESERVE and units.days[i] >= knobs.rest_days and knobs.armor > 0.5:
                armor_section(geo, units, formations, orders, front, blocks, i, key, dt, mud, knobs, armor, tally)
        elif kind == FPV or kind == ARTILLERY:
            if units.goal_x[i] != units.x[i] or units.goal_y[i] != units.y[i]:
                continue
            depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
            if side == 1:
                depth = -depth
            if abs(depth - setback[kind]) > 0.5 * setback[kind]:
                if uniform_of(key, slot, 0) < (pack if depth > 0.5 else flee):
                    resite(geo, units, orders, front, i, key, setback[kind])


def run(world) -> None:
    p, a = world.settings.decide, world.settings.armor
    sky = world.weather.sky
    tally = world.scratch.tally
    tally[:] = 0
    leafy = (0.4 + 0.6 * sky.leaf) * (1.3 - 0.6 * sky.light)
    follow_scale = world.settings.command.deadline_follow if world.campaign.deadline else 1.0
    armor = ArmorKnobs(a.value, a.hit_aversion, a.mount_max, a.crew, a.dismounts)
    setback = np.array([0.0, 0.0, world.settings.fpv_team.setback_km, world.settings.artillery.setback_km, 0.0])
    knobs = world.knobs("decide", Knobs)
    ready = readiness(world.formations, world.dt, sky.light, follow_scale, knobs)
    decide(world.geo, world.units, world.formations, world.orders, world.front, world.cells, world.nodes, world.blocks,
           world.n, key(world.seed, "decide", world.step_index), key(world.seed, "rally", world.day), world.dt, sky.light, leafy, follow_scale, sky.mud,
           knobs, armor, setback, ready, tally)
    b = world.books
    for side in range(2):
        b.attacks[side] += tally[side, 0]
        b.infiltrations[side] += tally[side, 1]
        b.counterattacks[side] += tally[side, 2]
        b.mounted[side] += tally[side, 3]
    if p.rotation and world.hour <= DUSK_H < world.hour + world.scenario.step_hours:
        match_reliefs(world.units, world.n, p.rest_days)
