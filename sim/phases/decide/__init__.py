"""What each unit sets out to do: attack, slip through, reinforce, relieve, deploy, counterattack, move its gun.

Every decision is a hazard: a rate a day, made a chance once by 1 - exp(-rate dt), with a draw of the unit's own. Where to
is drawn from the points that its formation may choose from (`command`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sim.codes import ARMOR, BEHIND_LINE, CONSOLIDATE, HOLD, INFANTRY, INFILTRATE, RESERVE
from sim.columns import kernel
from sim.draws import key, uniform_of
from sim.phases.decide.crews import armor_section, crew
from sim.phases.decide.infiltrators import infiltrator, lodgement
from sim.phases.decide.reliefs import DUSK_H, match_reliefs, position
from sim.phases.decide.reserves import attacker_reserve, defender_reserve, readiness
from sim.quantity import Parameters, quantity

READS = ("units", "formations", "orders", "front", "cells", "nodes", "blocks")
WRITES = ("units", "books")


FLEE_PER_DAY = 6.0  # rate at which a crew that the line has reached moves; one that is only misplaced moves at 1 a day


class Params(Parameters):
    attacks_per_group: float = quantity(0.55, "1/day", low=0.0, high=1.5, doc="attacks that a rested reserve group begins a day at mean tempo", fact="assaults_2025_06_27", role="lever", short="tempo")
    rest_days: float = quantity(4.0, "days", low=0.0, high=20.0, doc="rest of a group between two tasks", fact="modelling assumption")
    rested_days: float = quantity(6.0, "days", low=0.5, high=30.0, doc="days of strain not yet rested with which a group of the defender goes into the line, and one of either side into a relief", fact="modelling assumption")
    depth_km: float = quantity(0.4, "km", low=0.2, high=2.0, doc="mean depth of an attack's objective beyond `first_km`", fact="modelling assumption")
    infiltration_share: float = quantity(0.10, "", low=0.0, high=0.8, doc="share of attacks made by infiltration, in full leaf, in a step of half day and half night", fact="art_srg_groups", role="lever", short="infiltration_share")
    infiltration_depth_km: float = quantity(1.4, "km", low=0.3, high=6.0, doc="mean depth of one bound of an infiltrating group beyond `infiltration_first_km`, or `hop_first_km`", fact="dobro_depth")
    hop_per_day: float = quantity(0.25, "1/day", low=0.0, high=2.0, doc="how often an infiltrating group moves on", fact="modelling assumption")
    gather_men: float = quantity(8.0, "soldiers", low=3.0, high=30.0, doc="men that must have gathered before infiltrators hold ground", fact="modelling assumption")
    recall_per_day: float = quantity(0.3, "1/day", low=0.0, high=3.0, doc="rate at which a lodged group without touch to its own, and without company, falls back", fact="modelling assumption")
    settle_days: float = quantity(4.0, "days", low=0.0, high=20.0, doc="days in which a lodged group still takes ground before it settles down to hold it", fact="modelling assumption")
    upkeep_per_day: float = quantity(0.05, "1/day", low=0.0, high=1.0, doc="how often a rested reserve group of the attacker goes to a thin piece of its own line", fact="modelling assumption")
    line_men: float = quantity(9.0, "soldiers", low=2.0, high=60.0, doc="attacker's men near a point of his line above which it needs no more", fact="modelling assumption")
    narrow: float = quantity(0.45, "", low=0.0, high=0.7, doc="share of the ground within 3 km that must be the attacker's for him to man his line there as a matter of course", fact="modelling assumption")
    follow_per_day: float = quantity(1.2, "groups/day", low=0.0, high=40.0, doc="groups that a formation with `follow_groups` or more in reserve sends a day to hold a deep lodgement (consolidation)", fact="modelling assumption", role="lever", short="consolidation")
    deploy_delay_days: float = quantity(1.5, "days", low=0.1, high=15.0, doc="delay until a free group of the defender answers a need, where its rate is 1 (see `deploy_night`)", fact="modelling assumption", role="lever", short="reserve_delay_days")
    reserve_share: float = quantity(0.75, "", low=0.0, high=0.95, doc="share of its infantry a defending formation tries to keep out of the line", fact="modelling assumption", role="lever")
    urgent_need: float = quantity(20.0, "", low=0.1, high=100.0, doc="need of a place above which the last reserves go too", fact="modelling assumption")
    counter_per_day: float = quantity(0.004, "1/day", low=0.0, high=0.5, doc="counterattacks a rested reserve group of the defender begins a day", fact="recapture_share", role="lever")
    relief_counter: float = quantity(500.0, "", low=1.0, high=1000.0, doc="how much oftener groups of a relief formation counterattack a lodgement", fact="dobro_villages")
    mounted_counter: float = quantity(0.02, "", low=0.0, high=1.0, doc="mounted counterattacks of the defender beside the attacker's readiness to mount", fact="modelling assumption", role="lever")
    rotation: bool = quantity(True, "switch", doc="positions are relieved", fact="modelling assumption", role="lever")
    rotation_interval_days: float = quantity(45.0, "days", low=5.0, high=360.0, doc="days a group of the defender stays in place before relief is asked for", fact="prior_days_on_position_2024", role="lever", short="rotation_interval_days", unset="where a formation has no interval of its own")
    rotation_attacker_days: float = quantity(40.0, "days", low=5.0, high=360.0, doc="the same for the attacker's groups that hold the line", fact="modelling assumption", role="lever")
    drop_back_km: float = quantity(2.5, "km", low=1.0, high=10.0, doc="distance behind the line at which a position is given up as useless", fact="modelling assumption")
    armor: bool = quantity(True, "switch", doc="mounted attacks are made", fact="modelling assumption", role="lever")
    first_km: float = quantity(0.3, "km", low=0.1, high=2.0, doc="depth beyond the line that every attack, counterattack and dash goes for at least", fact="modelling assumption")
    along_km: float = quantity(0.6, "km", low=0.0, high=3.0, doc="how far to either side along the line of its chosen point a group goes", fact="modelling assumption")
    counter_depth_km: float = quantity(0.5, "km", low=0.0, high=3.0, doc="mean depth of a counterattack's objective beyond `first_km`", fact="modelling assumption")
    infiltration_first_km: float = quantity(1.0, "km", low=0.1, high=4.0, doc="depth beyond the line that every infiltration goes for at least", fact="modelling assumption")
    hop_first_km: float = quantity(0.5, "km", low=0.1, high=4.0, doc="length that every further bound of an infiltrating group has at least", fact="modelling assumption")
    infiltration_bare: float = quantity(0.4, "", low=0.0, high=1.0, doc="infiltrations without leaf beside those in full leaf", fact="modelling assumption")
    infiltration_night: float = quantity(0.3, "", low=0.0, high=1.0, doc="how much more often groups infiltrate by night, and less often by day, than on the mean", fact="modelling assumption")
    follow_groups: float = quantity(5.0, "groups", low=1.0, high=40.0, doc="reserve groups of a formation at and above which it sends all of `follow_per_day`; in proportion below", fact="modelling assumption")
    follow_spread_km: float = quantity(0.5, "km", low=0.0, high=3.0, doc="standard deviation, each way, of the places to which a follow-on goes", fact="modelling assumption")
    deploy_night: float = quantity(1.8, "", low=1.4, high=4.0, doc="rate by night at which a free group of the defender answers a need, in units of 1 / `deploy_delay_days`", fact="modelling assumption")
    deploy_light: float = quantity(1.4, "", low=0.0, high=1.4, doc="how much less that rate is by day", fact="modelling assumption")
    ask_days: float = quantity(3.0, "days", low=0.25, high=20.0, doc="mean time from the end of its days until a position asks for relief, where nothing puts it off", fact="modelling assumption")
    settle_share: float = quantity(0.55, "", low=0.5, high=1.0, doc="share of its square that must be its own side's before a lodged group settles down to hold it", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields] + [("touch_km", float)])


def knobs_of(world) -> Knobs:
    """The numbers that these kernels take, with the one whose owner is `control`."""
    return world.knobs("decide", Knobs, touch_km=world.settings.control.reach_km)


ArmorKnobs = NamedTuple("ArmorKnobs", [("value", float), ("lost_per_hit", float), ("turnaround_days", float), ("mount_max", float), ("crew", float),
                                              ("dismounts", float)])


@kernel
def decide(geo, units, formations, orders, front, cells, nodes, blocks, n, key, day_key, dt, light, leafy, follow_scale, mud, knobs,
           armor, setback, ready, tally):
    """Every unit's decision for this step. `tally`: (2, 4) attacks, infiltrations, counterattacks, mounted attacks.

    `ready`: (formations,) chance that a rested reserve group sets out (`readiness`).
    """
    ask = 1.0 - math.exp(-dt / knobs.ask_days)
    pack = 1.0 - math.exp(-dt)
    flee = 1.0 - math.exp(-FLEE_PER_DAY * dt)
    hop = 1.0 - math.exp(-knobs.hop_per_day * dt)
    recall = 1.0 - math.exp(-knobs.recall_per_day * dt)
    for i in range(n):
        kind = units.kind[i]
        if kind < 0:
            continue
        task = units.task[i]
        if kind == INFANTRY:
            if task == RESERVE:
                if units.days[i] < knobs.rest_days or units.men[i] < 2 or units.partner[i] >= 0:
                    continue
                if units.side[i] == 1 and units.fatigue[i] > knobs.rested_days:
                    continue
                if uniform_of(key, units.slot[i], 0) >= ready[units.formation[i]]:
                    continue
                if units.side[i] == 0:
                    attacker_reserve(geo, units, formations, orders, front, i, key, dt, leafy, follow_scale, ready, knobs, tally)
                else:
                    defender_reserve(geo, units, formations, orders, front, i, key, day_key, dt, ready, knobs, tally)
            elif task == HOLD:
                position(geo, units, formations, cells, i, key, ask, knobs)
            elif task == INFILTRATE and units.stage[i] == BEHIND_LINE:
                infiltrator(geo, units, cells, nodes, formations, i, key, hop, knobs)
            elif task == CONSOLIDATE:
                lodgement(geo, units, formations, cells, nodes, i, key, recall, knobs)
        elif kind == ARMOR:
            if task == RESERVE and units.days[i] >= armor.turnaround_days and knobs.armor > 0.5:
                armor_section(geo, units, formations, orders, front, blocks, i, key, dt, mud, knobs, armor, tally)
        elif setback[kind] > 0.0:
            crew(geo, units, orders, front, cells, i, key, pack, flee, setback[kind])


def run(world) -> None:
    p, a = world.settings.decide, world.settings.armor
    sky = world.weather.sky
    tally = world.scratch.tally
    tally[:] = 0
    leafy = (p.infiltration_bare + (1.0 - p.infiltration_bare) * sky.leaf) * (1.0 + p.infiltration_night - 2.0 * p.infiltration_night * sky.light)
    follow_scale = world.settings.command.deadline_follow if world.campaign.deadline else 1.0
    armor = ArmorKnobs(a.value, a.lost_per_hit, a.turnaround_days, a.mount_max, a.crew, a.dismounts)
    knobs = knobs_of(world)
    ready = readiness(world.formations, world.dt, sky.light, follow_scale, knobs)
    decide(world.geo, world.units, world.formations, world.orders, world.front, world.cells, world.nodes, world.blocks,
           world.n, key(world.seed, "decide", world.step_index), key(world.seed, "rally", world.day), world.dt, sky.light, leafy, follow_scale, sky.mud,
           knobs, armor, world.traits.setback_km, ready, tally)
    b = world.books
    for side in range(2):
        b.attacks[side] += tally[side, 0]
        b.infiltrations[side] += tally[side, 1]
        b.counterattacks[side] += tally[side, 2]
        b.mounted[side] += tally[side, 3]
    if p.rotation and world.hour <= DUSK_H < world.hour + world.scenario.step_hours:
        match_reliefs(world.units, world.n, p.rest_days, p.rested_days)
