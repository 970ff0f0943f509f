"""Duels: an attacking group against one position, bout by bout; worth, cover, resolve, and the hazard of breaking."""

from __future__ import annotations

import math

from numba import njit

from sim.codes import DIRECT, HOLD
from sim.columns import kernel
from sim.draws import binomial, uniform_of

MOST_CHANCE = 0.95  # of a hit in a bout
LODGED_TOWN = 0.3  # share of hits that buildings keep off a group that has no position


@njit(inline="always")
def fit_men(units, i):
    """Men of a group not hit in this step so far."""
    lost = 0
    for k in range(units.hits.shape[1]):
        lost += units.hits[i, k]
    return max(units.men[i] - lost, 0)


@njit(inline="always")
def toll(before, after, start_men):
    """Increment of the cumulative hazard of breaking: the rise of the squared share lost, from `before` to `after` men."""
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
    """Share of an attacker's hits that reach a man of this position; digging, works and buildings keep the rest off."""
    if units.task[row] != HOLD:
        return 1.0 - LODGED_TOWN * min(cells.built[units.cell[row]], 1.0)
    c = units.cell[row]
    dug = knobs.duel_cover * units.dug[row] / (units.dug[row] + knobs.dig_days)
    works = knobs.duel_works * cells.works[c, 1 - units.side[row]]
    town = knobs.duel_town * min(cells.built[c], 1.0) * (1.0 - 0.5 * cells.rubble[c])
    return (1.0 - dug) * (1.0 - works) * (1.0 - town)


@njit(inline="always")
def resolve_of(units, formations, i, knobs):
    """Resolve, the divisor of the hazard of breaking, by morale and leadership, near 1 in the mean; strain acts on it through morale."""
    f = units.formation[i]
    return (knobs.resolve_base + knobs.resolve_morale * units.morale[i]) * (knobs.resolve_unled + knobs.resolve_leadership * formations.leadership[f])


@njit(inline="always")
def boldness(units, formations, i, shock, knobs):
    """Resolve of an attacking group: more behind armor."""
    return resolve_of(units, formations, i, knobs) * (knobs.mounted_resolve if shock > 1.0 else 1.0)


@kernel
def duel(units, cells, formations, i, row, men, start_men, shock, key, base, weapon, knobs, skill):
    """Duel of the attacking group `i` (with `men` left) and the position `row`: bouts of binomial hits of both on both.

    Returns (men left, outcome): 1 the position gives way or dies, 0 the attack is stopped, -1 the attack breaks.
    """
    slot = units.slot[i]
    theirs = fit_men(units, row)
    began = theirs
    exposed = dug_in(units, cells, row, knobs)
    s = units.side[i]
    ours_chance = min(knobs.duel_attacker * weapon[s] * shock * exposed * skill[0], MOST_CHANCE)
    their_chance = min(knobs.duel_defender * weapon[1 - s] * skill[1] / shock, MOST_CHANCE)
    ours_resolve = boldness(units, formations, i, shock, knobs)
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
