"""What each unit sets out to do: attack, slip through, reinforce, relieve, deploy, counterattack, move its gun.

Every decision is a hazard: a rate a day, made a chance once by 1 - exp(-rate dt), with a draw of the unit's own. Where to
is drawn from the points that its formation may choose from (`command`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.columns import array_kernel, kernel
from sim.draws import exponential, key, normal, uniform_of
from sim.enlist import send_home
from sim.fields import at_nodes, at_squares, block_at, cell_at
from sim.forces import Kind, Task
from sim.front import pick
from sim.quantity import Parameters, quantity

READS = ("units", "formations", "orders", "front", "cells", "nodes", "blocks")
WRITES = ("units", "books")

INFANTRY, ARMOR, FPV, ARTILLERY = (int(k) for k in (Kind.INFANTRY, Kind.ARMOR, Kind.FPV_TEAM, Kind.ARTILLERY))
RESERVE, MARCH, HOLD, ASSAULT, INFILTRATE, CONSOLIDATE, DASH, SERVE = (
    int(t) for t in (Task.RESERVE, Task.MARCH, Task.HOLD, Task.ASSAULT, Task.INFILTRATE, Task.CONSOLIDATE, Task.DASH,
                     Task.SERVE))
WANTS_RELIEF = -2
DUSK_H = 21.0  # hour of the day at which reliefs set out


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
    rotation_interval_days: float = quantity(45.0, "days", low=5.0, high=360.0, doc="days a group of the defender stays in place before relief is asked for", fact="prior_days_on_position_2024", role="lever", short="rotation_interval_days")
    rotation_attacker_days: float = quantity(40.0, "days", low=5.0, high=360.0, doc="the same for the attacker's groups that hold the line", fact="modelling assumption", role="lever")
    drop_back_km: float = quantity(2.5, "km", low=1.0, high=10.0, doc="distance behind the line at which a position is given up as useless", fact="modelling assumption")
    armor: bool = quantity(True, "switch", doc="mounted attacks are made", fact="modelling assumption", role="lever")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields])
ArmorKnobs = NamedTuple("ArmorKnobs", [("value", float), ("hit_aversion", float), ("mount_max", float), ("crew", float),
                                              ("dismounts", float)])


@njit(inline="always")
def inside(geo, x, margin):
    """The nearest x inside the box, `margin` km from its edge."""
    return min(max(x, geo.x0 + margin), geo.x0 + geo.width - margin)


@njit(inline="always")
def inside_y(geo, y, margin):
    """The nearest y inside the box, `margin` km from its edge."""
    return min(max(y, geo.y0 + margin), geo.y0 + geo.height - margin)


@kernel
def set_goal(geo, units, i, task, x, y):
    """Gives group `i` a task and a goal inside the box, and starts it on its way."""
    units.task[i] = task
    units.stage[i] = 0
    units.goal_x[i] = inside(geo, x, 0.05)
    units.goal_y[i] = inside_y(geo, y, 0.05)


@kernel
def at_line(geo, units, front, i, k, task, beyond, a):
    """Sends group `i` to point `k` of the line, `beyond` km past it (negative: short of it), `a` km along it."""
    s = 1.0 if units.side[i] == 0 else -1.0
    x = front.x[k] - s * front.east[k] * beyond + front.north[k] * a
    y = front.y[k] - s * front.north[k] * beyond - front.east[k] * a
    set_goal(geo, units, i, task, x, y)


@njit(inline="always")
def follow_rate(formations, f, scale, knobs):
    """Rate at which one reserve group of formation `f` is sent after a lodgement: so many groups a day for them all."""
    return knobs.follow_per_day * scale / max(formations.ready[f], 5) if formations.follow[f] > 0.0 else 0.0


@njit(inline="always")
def counter_rate(formations, f, knobs):
    """Counterattacks that one reserve group of formation `f` begins a day."""
    return knobs.counter_per_day * (knobs.relief_counter if formations.relief[f] == 1 else 1.0)


@kernel
def attacker_reserve(geo, units, formations, orders, front, i, key, dt, leafy, follow_scale, ready, knobs, tally):
    """A rested reserve group of the attacker: attacks, slips through, follows a lodgement or mends the line.

    An attack comes before the others, so that its chance in a step does not hang on theirs.
    """
    f = units.formation[i]
    slot = units.slot[i]
    attack = knobs.attacks_per_group * formations.tempo[f]
    follow = follow_rate(formations, f, follow_scale, knobs)
    which = uniform_of(key, slot, 1) * ready[f]
    along = (uniform_of(key, slot, 2) - 0.5) * 2.0 * 0.6
    if which < 1.0 - math.exp(-attack * dt):
        if uniform_of(key, slot, 3) < knobs.infiltration_share * leafy:
            k = pick(orders, f, True, uniform_of(key, slot, 4))
            if k < 0:
                return
            at_line(geo, units, front, i, k, INFILTRATE, 1.0 + knobs.infiltration_depth_km * exponential(uniform_of(key, slot, 5)), along)
            tally[0, 1] += 1
        else:
            k = pick(orders, f, False, uniform_of(key, slot, 4))
            if k < 0:
                return
            at_line(geo, units, front, i, k, ASSAULT, 0.3 + knobs.depth_km * exponential(uniform_of(key, slot, 5)), along)
            tally[0, 0] += 1
    elif which < 1.0 - math.exp(-(attack + follow) * dt):
        a = normal(uniform_of(key, slot, 2), uniform_of(key, slot, 3)) * 0.5
        b = normal(uniform_of(key, slot, 4), uniform_of(key, slot, 5)) * 0.5
        set_goal(geo, units, i, MARCH, formations.follow_x[f] + a, formations.follow_y[f] + b)
    else:
        best = -1
        least = knobs.line_men
        for d in range(3):
            k = pick(orders, f, False, uniform_of(key, slot, 4 + d))
            if k >= 0 and front.presence[k] < least and front.wide[k] > knobs.narrow:
                least = front.presence[k]
                best = k
        if best >= 0:
            at_line(geo, units, front, i, best, MARCH, -(0.2 + 0.8 * uniform_of(key, slot, 7)), along)


@kernel
def defender_reserve(geo, units, formations, orders, front, i, key, day_key, dt, ready, knobs, tally):
    """A rested reserve group of the defender: counterattacks where the attacker is thin, or goes where it is needed.

    A counterattack comes before the other, so that its chance in a step does not hang on it. Of those that could go to a need
    a share goes: of the formation's groups, those beyond what it wants to keep, or all when the need is urgent.
    """
    f = units.formation[i]
    slot = units.slot[i]
    along = (uniform_of(key, slot, 2) - 0.5) * 2.0 * 0.6
    best = -1
    if uniform_of(key, slot, 1) * ready[f] < 1.0 - math.exp(-counter_rate(formations, f, knobs) * dt):
        least = 1e9
        for d in range(6):  # one place for all groups of the formation that counterattack on this day
            k = pick(orders, f, True, uniform_of(day_key, formations.tag[f], d))
            if k >= 0 and front.presence[k] < least:
                least = front.presence[k]
                best = k
        if best >= 0:
            at_line(geo, units, front, i, best, ASSAULT, 0.3 + 0.5 * exponential(uniform_of(key, slot, 10)), along)
            tally[1, 2] += 1
        return
    most = 0.0
    for d in range(4):
        k = pick(orders, f, d >= 2, uniform_of(key, slot, 3 + d))
        if k >= 0 and front.need[k] > most:
            most = front.need[k]
            best = k
    keep = knobs.reserve_share * formations.infantry[f] / max(units.men[i], 1)
    if best >= 0 and (most > knobs.urgent_need or uniform_of(key, slot, 10) * formations.ready[f] < formations.ready[f] - keep):
        at_line(geo, units, front, i, best, MARCH, -(0.15 + 1.2 * uniform_of(key, slot, 9) ** 2), along)


@kernel
def infiltrator(geo, units, cells, nodes, formations, i, key, hop, knobs):
    """A group behind the line: gathers and holds when enough men are there, else now and then moves on."""
    s = units.side[i]
    slot = units.slot[i]
    x = units.x[i]
    y = units.y[i]
    if at_nodes(geo, nodes.presence, s, x, y) >= knobs.gather_men:
        units.task[i] = CONSOLIDATE
        units.days[i] = 0.0
        return
    c = cell_at(geo, x, y)
    held = cells.square_control[c] if s == 0 else 1.0 - cells.square_control[c]
    if held >= 0.5:
        units.task[i] = HOLD
        units.days[i] = 0.0
        return
    if uniform_of(key, slot, 0) >= hop:
        return
    if at_nodes(geo, nodes.fire, 1 - s, x, y) > 2.5:
        return
    f = units.formation[i]
    if formations.follow[f] > 0.0 and uniform_of(key, slot, 1) < 0.6:
        set_goal(geo, units, i, INFILTRATE, formations.follow_x[f], formations.follow_y[f])
    else:
        sign = -1.0 if s == 0 else 1.0
        far = 0.5 + knobs.infiltration_depth_km * exponential(uniform_of(key, slot, 2))
        turn = (uniform_of(key, slot, 3) - 0.5) * 2.0
        ex = sign * cells.east[c] - turn * cells.north[c]
        ny = sign * cells.north[c] + turn * cells.east[c]
        size = math.sqrt(ex * ex + ny * ny)
        set_goal(geo, units, i, INFILTRATE, x + far * ex / size, y + far * ny / size)
    units.stage[i] = 1


@kernel
def resite(geo, units, orders, front, i, key, setback):
    """A drone crew or battery packs up for a new site about `setback` km behind the line."""
    slot = units.slot[i]
    k = pick(orders, units.formation[i], False, uniform_of(key, slot, 1))
    if k < 0:
        return
    wide = setback * (0.7 + 0.6 * uniform_of(key, slot, 2))
    at_line(geo, units, front, i, k, SERVE, -wide, (uniform_of(key, slot, 3) - 0.5) * 2.0)


@kernel
def expected_burst(geo, blocks, side, x, y, gx, gy):
    """Expected drone hits on one vehicle that dashes from (x, y) to (gx, gy)."""
    length = math.hypot(gx - x, gy - y)
    pieces = max(1, int(length + 0.5))
    total = 0.0
    for k in range(pieces):
        part = (k + 0.5) / pieces
        total += blocks.burst[block_at(geo, x + part * (gx - x), y + part * (gy - y)), side]
    return total * length / pieces


@kernel
def armor_section(geo, units, formations, orders, front, blocks, i, key, dt, mud, knobs, armor, tally):
    """A section in reserve: mounts an attack when what it expects to lose is worth it."""
    f = units.formation[i]
    if units.vehicles[i] < 1 or units.men[i] < units.vehicles[i] * (armor.crew + 1):
        return
    slot = units.slot[i]
    k = pick(orders, f, False, uniform_of(key, slot, 0))
    if k < 0:
        return
    hits = expected_burst(geo, blocks, units.side[i], units.x[i], units.y[i], front.x[k], front.y[k])
    push = 2.0 * (armor.value * math.exp(-armor.hit_aversion * hits) - 2.0 - 1.2 * mud)
    share = 1.0 if units.side[i] == 0 else knobs.mounted_counter
    rate = share * armor.mount_max * formations.tempo[f] / (1.0 + math.exp(-push))
    if uniform_of(key, slot, 1) < 1.0 - math.exp(-rate * dt):
        at_line(geo, units, front, i, k, DASH, 0.3 + knobs.depth_km * exponential(uniform_of(key, slot, 2)), 0.0)
        tally[units.side[i], 3] += 1


@array_kernel
def readiness(formations, dt, light, follow_scale, knobs):
    """Chance that a rested reserve group of each formation sets out in this step, (formations,)."""
    out = np.zeros(formations.side.shape[0])
    for f in range(out.shape[0]):
        if formations.side[f] == 0:
            rate = knobs.attacks_per_group * formations.tempo[f] + knobs.upkeep_per_day
            rate += follow_rate(formations, f, follow_scale, knobs)
        else:
            rate = counter_rate(formations, f, knobs) + (1.8 - 1.4 * light) / knobs.deploy_delay_days  # deploys rather by night
        out[f] = 1.0 - math.exp(-rate * dt)
    return out


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
                    units.stage[i] = 0
                    send_home(units, formations, i)
                elif units.days[i] > formations.rotation_days[f] and units.partner[i] == -1 and knobs.rotation > 0.5:
                    if uniform_of(key, slot, 0) < ask:
                        units.partner[i] = WANTS_RELIEF
            elif task == INFILTRATE and units.stage[i] == 2:
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
                        units.stage[i] = 0
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


@array_kernel
def match_reliefs(units, n, rest_days):
    """Pairs positions that want relief with rested reserve groups of their formation, both in the order of their slots.

    Returns how many were paired. A slot begins with the formation's tag, so that one sort keeps formations together.
    """
    wants = np.empty(n, np.int64)
    spare = np.empty(n, np.int64)
    a = 0
    b = 0
    for i in range(n):
        if units.kind[i] == INFANTRY:
            if units.task[i] == HOLD and units.partner[i] == WANTS_RELIEF:
                wants[a] = i
                a += 1
    if a == 0:
        return 0
    asking = np.zeros(32768, np.uint8)
    for k in range(a):
        asking[units.formation[wants[k]]] = 1
    for i in range(n):
        if units.kind[i] == INFANTRY and units.task[i] == RESERVE and units.partner[i] == -1:
            if units.days[i] >= rest_days and units.men[i] >= 2 and asking[units.formation[i]] == 1:
                spare[b] = i
                b += 1
    wants = wants[:a]
    spare = spare[:b]
    wants = wants[np.argsort(units.slot[wants], kind="mergesort")]
    spare = spare[np.argsort(units.slot[spare], kind="mergesort")]
    pairs = 0
    p = 0
    q = 0
    while p < a and q < b:
        fp = units.slot[wants[p]] >> 24
        fq = units.slot[spare[q]] >> 24
        if fp < fq:
            p += 1
        elif fq < fp:
            q += 1
        else:
            i = spare[q]
            units.partner[i] = wants[p]
            units.partner[wants[p]] = -1
            units.task[i] = MARCH
            units.stage[i] = 0
            units.goal_x[i] = units.x[wants[p]]
            units.goal_y[i] = units.y[wants[p]]
            units.days[wants[p]] -= 3.0
            pairs += 1
            p += 1
            q += 1
    return pairs


def run(world) -> None:
    p, a = world.settings.decide, world.settings.armor
    sky = world.sky
    tally = world.scratch_tally
    tally[:] = 0
    leafy = (0.4 + 0.6 * sky.leaf) * (1.3 - 0.6 * sky.light)
    follow_scale = world.settings.command.deadline_follow if world.deadline else 1.0
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
