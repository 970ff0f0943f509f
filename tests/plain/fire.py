"""Close combat in plain Python: attacks piece by piece, duels bout by bout, bounds, dashes, and fire in contact."""

from __future__ import annotations

import math

from plain.bombs import listed
from plain.draws import binomial, uniform, uniform_of
from plain.fields import at_nodes, at_squares, block_at, cell_at
from plain.rows import Row, length_of, rows, square
from plain.unit_rows import send_home
from plain.worth import worth
from sim.forces import Cause, Kind, Stage, Task

PIECE_KM = 0.25
GIVES_WAY, STOPPED, BREAKS = 1, 0, -1  # how a fight ends: the defender yields, the attack stops, the attack breaks
MOST_MET = 6
IN_PLACE = (Task.HOLD, Task.CONSOLIDATE, Task.INFILTRATE)


def fit_men(units, i) -> int:
    """Men of a group still up after the hits of this step so far."""
    return max(int(units.men[i]) - sum(units.hits[i].tolist()), 0)


def nearest_position(geo, units, start, order, side, x, y, radius, met, n_met) -> int:
    """The nearest group of the other side within `radius` km that has not been met yet; -1 if none. Ties go by slot.

    One that has given way in this step is on its way out.
    """
    near = []
    for row in listed(geo, start, order, cell_at(geo, x, y), int(radius / geo.cell) + 1):
        unit = Row(units, row)
        d2 = square(unit.x - x) + square(unit.y - y)
        foe = unit.side != side and unit.kind == Kind.INFANTRY and fit_men(units, row) > 0 and unit.shock <= 0.0
        if foe and d2 <= radius * radius and row not in list(met)[:n_met]:
            near.append((d2, unit.slot, row))
    return min(near)[2] if near else -1


def toll(before, after, start_men) -> float:
    """What a loss of men from `before` to `after` adds to the hazard of breaking: the rise of the square of the share lost."""
    return square((start_men - after) / start_men) - square((start_men - before) / start_men)


def breaks(u, before, after, start_men, resolve, rate) -> bool:
    """True when a loss of men from `before` to `after` breaks a group that began with `start_men`."""
    return after < before and u < 1.0 - math.exp(-rate * toll(before, after, start_men) / resolve)


def dug_in(units, cells, row, knobs) -> float:
    """Share of an attacker's hits that reach a man of this position: digging, works and buildings keep the rest off."""
    unit = Row(units, row)
    cell = Row(cells, unit.cell)
    built = min(cell.built, 1.0)
    if unit.task != Task.HOLD:
        return 1.0 - 0.3 * built
    dug = knobs.duel_cover * unit.dug / (unit.dug + knobs.dig_days)
    works = knobs.duel_works * cell.works[1 - unit.side].item()
    town = knobs.duel_town * built * (1.0 - 0.5 * cell.rubble)
    return (1.0 - dug) * (1.0 - works) * (1.0 - town)


def resolve_of(units, formations, i, knobs) -> float:
    """How well a group bears losses: morale and leadership, 1 in the mean."""
    unit = Row(units, i)
    leadership = formations.leadership[unit.formation].item()
    willing = knobs.resolve_base + knobs.resolve_morale * unit.morale
    return willing * (knobs.resolve_unled + knobs.resolve_leadership * leadership)


def boldness(units, formations, i, shock, knobs) -> float:
    """How well an attacking group bears losses: better behind armor."""
    return resolve_of(units, formations, i, knobs) * (knobs.mounted_resolve if shock > 1.0 else 1.0)


def duel(units, cells, formations, i, row, men, start_men, shock, key, base, weapon, knobs, skill):
    """A fight of the attacking group `i` (with `men` left) against the position `row`; returns (men left, outcome).

    In every bout each man up on either side may hit one of the other; then the position may give way, by its loss and
    by the odds against it, and the attack may break, by its loss.
    """
    attacker, defender = Row(units, i), Row(units, row)
    theirs = began = fit_men(units, row)
    exposed = dug_in(units, cells, row, knobs)
    our_chance = min(knobs.duel_attacker * weapon[attacker.side] * shock * exposed * skill[0], 0.95)
    their_chance = min(knobs.duel_defender * weapon[1 - attacker.side] * skill[1] / shock, 0.95)
    our_resolve = boldness(units, formations, i, shock, knobs)
    their_resolve = resolve_of(units, formations, row, knobs)
    for bout in range(int(knobs.bouts)):
        u = [uniform_of(key, attacker.slot, base + 4 * bout + k) for k in range(4)]
        lost = min(binomial(u[0], theirs, their_chance), men)
        felled = min(binomial(u[1], men, our_chance), theirs)
        attacker.hits[Cause.DIRECT_FIRE] += lost
        defender.hits[Cause.DIRECT_FIRE] += felled
        pressed = knobs.break_rate * toll(theirs, theirs - felled, max(began, 1)) + knobs.give_way * shock * men / max(theirs, 1) * exposed
        they_yield = u[2] < 1.0 - math.exp(-pressed / their_resolve)
        we_break = breaks(u[3], men, men - lost, start_men, our_resolve, knobs.break_rate)
        men -= lost
        theirs -= felled
        if theirs <= 0 or they_yield:
            defender.shock += 1.0
            return men, GIVES_WAY
        if men <= 0 or we_break:
            return men, BREAKS
    return men, STOPPED


def hits_per_km(cells, c: int, men, free, works, light, shock, knobs) -> float:
    """Rate per km at which a man of an attack is hit by direct fire: less by night and in town, more in works.

    Of many men's fire on one place a part finds no target of its own; `free` is what their weapons and shells leave of it.
    """
    aimed = men / (1.0 + men / knobs.direct_men) * free
    by_light = knobs.dark + (1.0 - knobs.dark) * light
    in_town = 1.0 - knobs.cover_in_town * min(cells.built[c].item(), 1.0)
    return knobs.direct_per_km * aimed * by_light * in_town * (1.0 + knobs.works_fire * works) / shock


def stops_per_km(cells, c: int, fire, works, knobs) -> float:
    """Rate per km at which works and water stop an attack, as far as fire covers them."""
    obstacles = knobs.works_stop * works + knobs.water_stop * cells.water[c].item()
    return obstacles * (fire / (fire + knobs.covering_men))


def attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, shock, knobs, skill, tally) -> None:
    """One attack from the line to its objective. Leaves the group lodged, falling back, or dead.

    What drones and shells did to it on its way here may break it before it sets out; its strength then was that of all its
    men. Each piece of the way costs men by the fire on it, may stop the attack at works under fire, and may meet a position.
    """
    unit = Row(units, i)
    side, slot, x, y = unit.side, unit.slot, unit.x, unit.y
    dx, dy = unit.goal_x - x, unit.goal_y - y
    length = math.sqrt(dx * dx + dy * dy)
    pieces = int(length / PIECE_KM) + 1
    piece = length / pieces
    men = fit_men(units, i)
    start_men = max(unit.sent, unit.men, 1)
    bold = boldness(units, formations, i, shock, knobs)
    our_worth = worth(units, i, blocks.quiet[block_at(geo, x, y), side].item(), skill)
    broken = breaks(uniform_of(key, slot, 9), start_men, men, start_men, bold, knobs.break_rate)
    outcome = BREAKS if broken or men == 0 else GIVES_WAY
    met = []
    k = 0
    while outcome == GIVES_WAY and k < pieces:
        k += 1
        px, py = x + dx * k / pieces, y + dy * k / pieces
        cell = Row(cells, cell_at(geo, px, py))
        calm = (1.0 - blocks.quiet[block_at(geo, px, py), 1 - side].item()) ** (knobs.support - 1.0)
        free = weapon[1 - side] * calm
        fire = at_nodes(geo, nodes.fire, 1 - side, px, py)
        works = cell.works[side].item()
        base = 10 + 80 * min(k, 40)
        hazard = hits_per_km(cells, cell.row, fire, free, works, light, shock, knobs)
        lost = binomial(uniform_of(key, slot, base), men, 1.0 - math.exp(-hazard * piece))
        unit.hits[Cause.DIRECT_FIRE] += lost
        broken = breaks(uniform_of(key, slot, base + 1), men, men - lost, start_men, bold, knobs.break_rate)
        men -= lost
        if men <= 0 or broken:
            outcome = BREAKS
            break
        if uniform_of(key, slot, base + 2) < 1.0 - math.exp(-stops_per_km(cells, cell.row, fire * free, works, knobs) * piece):
            outcome = STOPPED
            break
        if len(met) < MOST_MET:
            row = nearest_position(geo, units, start, order, side, px, py, knobs.meet_km, met, len(met))
            if row >= 0:
                met.append(row)
                skills = (our_worth, worth(units, row, units.suppression[row].item(), skill) * calm)
                men, outcome = duel(
                    units, cells, formations, i, row, men, start_men, shock, key, base + 4, weapon, knobs, skills)
    unit.stage = 0
    if men <= 0:
        return
    if outcome == GIVES_WAY:
        unit.x, unit.y, unit.cell = px, py, cell_at(geo, px, py)
        unit.task, unit.place, unit.days = Task.CONSOLIDATE, 0, 0.0
        tally[side, 0] += 1
        return
    send_home(units, formations, i)
    if outcome == BREAKS:
        unit.morale = max(unit.morale - knobs.break_morale, 0.0)
        tally[side, 1] += 1


def slip(geo, units, cells, nodes, formations, i, key, light, weapon, knobs, tally) -> None:
    """An infiltrating group's bound between positions: it is noticed, fought and turned back, or gets through.

    A group turned back after more than 0.8 km stays where it got to; one turned back before falls back.
    """
    unit = Row(units, i)
    side, slot, x, y = unit.side, unit.slot, unit.x, unit.y
    dx, dy = unit.goal_x - x, unit.goal_y - y
    length = math.sqrt(dx * dx + dy * dy)
    pieces = int(length / PIECE_KM) + 1
    piece = length / pieces
    by_light = 1.0 - knobs.notice_light + knobs.notice_light * light
    men = fit_men(units, i)
    through = men > 0
    px, py = x, y
    for k in range(1, pieces + 1 if through else 1):
        ax, ay = x + dx * k / pieces, y + dy * k / pieces
        cell = Row(cells, cell_at(geo, ax, ay))
        fire = at_nodes(geo, nodes.fire, 1 - side, ax, ay) * weapon[1 - side]
        base = 10 + 8 * min(k, 60)
        rate = knobs.notice * fire * by_light * (1.0 + cell.works[side].item()) * (1.0 - 0.5 * cell.wood)
        if uniform_of(key, slot, base) < 1.0 - math.exp(-rate * piece):
            lost = binomial(uniform_of(key, slot, base + 1), men, 1.0 - math.exp(-0.12 * fire))
            unit.hits[Cause.DIRECT_FIRE] += lost
            men -= lost
            if men <= 0 or uniform_of(key, slot, base + 2) < 0.6:
                through = False
                break
        px, py = ax, ay
    if men <= 0:
        unit.stage = 2
    elif through or length_of(px - x, py - y) > 0.8:
        unit.x = unit.goal_x = px
        unit.y = unit.goal_y = py
        unit.cell, unit.stage, unit.place = cell_at(geo, px, py), 2, 0
        tally[side, 2] += 1
    else:
        unit.stage = 0
        send_home(units, formations, i)


def contact(geo, units, cells, nodes, n, key, dt, light, weapon, knobs) -> None:
    """Standing fire between groups near one another, and the hunt for the few who are deep in enemy ground."""
    for unit in rows(units, n):
        if unit.kind != Kind.INFANTRY or unit.men <= 0 or unit.task not in IN_PLACE:
            continue
        side = unit.side
        fire = at_nodes(geo, nodes.fire, 1 - side, unit.x, unit.y)
        depth = at_squares(geo, cells.depth, unit.x, unit.y)
        inside = (-depth if side == 0 else depth) > knobs.touch_km
        if fire <= 0.02 and not inside:
            continue
        own = at_nodes(geo, nodes.presence, side, unit.x, unit.y)
        hazard = knobs.contact_per_day * weapon[1 - side] * fire / (own + knobs.search_men)
        hazard *= knobs.dark + (1.0 - knobs.dark) * light
        if unit.task == Task.HOLD:
            hazard *= dug_in(units, cells, unit.row, knobs)
        elif unit.task == Task.INFILTRATE:
            hazard *= knobs.hunt
        if inside and unit.task != Task.HOLD:
            hazard += knobs.hunted_per_day * weapon[1 - side] / (1.0 + square(own / knobs.hunted_men))
        hit = binomial(uniform_of(key, unit.slot, 0), unit.men, 1.0 - math.exp(-hazard * dt))
        unit.hits[Cause.DIRECT_FIRE] += hit


def engage(geo, units, cells, nodes, blocks, formations, start, order, n, key, light, weapon, shock, knobs, skill, tally) -> None:
    """Every attack, bound and dash that reached the line in this step, in an order drawn by slot."""
    waiting = [unit for unit in rows(units, n) if unit.stage == Stage.AT_LINE and unit.kind >= 0]
    for unit in sorted(waiting, key=lambda unit: uniform(key, unit.slot)):
        i = unit.row
        if unit.task == Task.ASSAULT:
            attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, 1.0, knobs, skill, tally)
        elif unit.task == Task.INFILTRATE:
            slip(geo, units, cells, nodes, formations, i, key, light, weapon, knobs, tally)
        elif unit.task == Task.DASH:
            if unit.vehicles - unit.burst <= 0:
                unit.stage = 0
                send_home(units, formations, i)
                continue
            attack(geo, units, cells, nodes, blocks, formations, start, order, i, key, light, weapon, shock, knobs, skill, tally)
            if unit.task == Task.CONSOLIDATE:  # the men get out where the dash ended, the vehicles drive home
                unit.stage = Stage.SETS_DOWN
                send_home(units, formations, i)
            elif unit.task == Task.DASH:  # nobody is left to fight on foot
                send_home(units, formations, i)
