"""Reserves: what a rested group of either side sets out to do."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.codes import ASSAULT, INFILTRATE, MARCH
from sim.columns import array_kernel, kernel
from sim.draws import exponential, normal, uniform_of
from sim.front import pick
from sim.leadership import slowness
from sim.phases.decide.goals import at_line, set_goal


@njit(inline="always")
def follow_rate(formations, f, scale, knobs):
    """Rate at which one reserve group of formation `f` is sent after a lodgement: so many groups a day for them all."""
    return knobs.follow_per_day * scale / max(formations.ready[f], knobs.follow_groups) if formations.follow[f] > 0.0 else 0.0


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
    along = (uniform_of(key, slot, 2) - 0.5) * 2.0 * knobs.along_km
    if which < 1.0 - math.exp(-attack * dt):
        if uniform_of(key, slot, 3) < knobs.infiltration_share * leafy:
            k = pick(orders, f, True, uniform_of(key, slot, 4))
            if k < 0:
                return
            at_line(geo, units, front, i, k, INFILTRATE, knobs.infiltration_first_km + knobs.infiltration_depth_km * exponential(uniform_of(key, slot, 5)), along)
            tally[0, 1] += 1
        else:
            k = pick(orders, f, False, uniform_of(key, slot, 4))
            if k < 0:
                return
            at_line(geo, units, front, i, k, ASSAULT, knobs.first_km + knobs.depth_km * exponential(uniform_of(key, slot, 5)), along)
            tally[0, 0] += 1
    elif which < 1.0 - math.exp(-(attack + follow) * dt):
        a = normal(uniform_of(key, slot, 2), uniform_of(key, slot, 3)) * knobs.follow_spread_km
        b = normal(uniform_of(key, slot, 4), uniform_of(key, slot, 5)) * knobs.follow_spread_km
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
    along = (uniform_of(key, slot, 2) - 0.5) * 2.0 * knobs.along_km
    best = -1
    if uniform_of(key, slot, 1) * ready[f] < 1.0 - math.exp(-counter_rate(formations, f, knobs) * dt):
        least = 1e9
        for d in range(6):  # one place for all groups of the formation that counterattack on this day
            k = pick(orders, f, True, uniform_of(day_key, formations.tag[f], d))
            if k >= 0 and front.presence[k] < least:
                least = front.presence[k]
                best = k
        if best >= 0:
            at_line(geo, units, front, i, best, ASSAULT, knobs.first_km + knobs.counter_depth_km * exponential(uniform_of(key, slot, 10)), along)
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


@array_kernel
def readiness(formations, dt, light, follow_scale, knobs):
    """Chance that a rested reserve group of each formation sets out in this step, (formations,)."""
    out = np.zeros(formations.side.shape[0])
    for f in range(out.shape[0]):
        if formations.side[f] == 0:
            rate = knobs.attacks_per_group * formations.tempo[f] + knobs.upkeep_per_day
            rate += follow_rate(formations, f, follow_scale, knobs)
        else:
            rate = counter_rate(formations, f, knobs) + (knobs.deploy_night - knobs.deploy_light * light) / (knobs.deploy_delay_days * slowness(formations.leadership[f]))
        out[f] = 1.0 - math.exp(-rate * dt)
    return out
