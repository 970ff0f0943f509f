"""Strain and morale in plain Python, and who falls back, gives up, walks away or starves."""

from __future__ import annotations

import math

from plain.draws import binomial, poisson, uniform_of
from plain.fields import at_nodes, at_squares
from plain.fire import IN_PLACE
from plain.rows import Row, clamp, rows
from plain.unit_rows import clear_row, send_home
from sim.forces import Cause, Kind, Stage, Task


def strain(geo, units, cells, nodes, formations, n, dt, knobs) -> None:
    """Days in place, strain and morale move on by one step."""
    pace = 1.0 - math.exp(-dt / knobs.recovery_days)
    for unit in rows(units, n):
        if unit.kind < 0 or unit.kind == Kind.GLIDE_BOMB:
            continue
        unit.days += dt
        unit.dug = (unit.dug + dt) * (unit.task == Task.HOLD)
        hunger = 1.0 - unit.supply
        if unit.task == Task.RESERVE:
            unit.fatigue = max(unit.fatigue - knobs.rest_gain * dt, 0.0)
        elif unit.task != Task.SERVE:
            enemy = at_nodes(geo, nodes.presence, 1 - unit.side, unit.x, unit.y)
            pressure = enemy / (enemy + knobs.pressing_men)
            unit.fatigue += dt * (1.0 + knobs.strain_pressure * pressure + knobs.strain_hunger * hunger)
        tired = unit.fatigue / (unit.fatigue + knobs.strain_days)
        poorly_led = 1.0 - formations.leadership[unit.formation].item()
        own_level = knobs.level * (knobs.attacker, knobs.defender)[unit.side]
        level = own_level * (1.0 - knobs.from_strain * tired) * (1.0 - knobs.from_supply * hunger)
        level = level * (1.0 - knobs.from_leadership * poorly_led)
        unit.morale += (min(level * knobs.level_scale, 1.0) - unit.morale) * pace


def desert(unit, book, key, dt, knobs) -> None:
    """Men who walk away: more where morale is low."""
    low = 1.0 - unit.morale
    mean = unit.men * knobs.desertion_per_1000 * 0.001 * 4.0 * low * low * dt
    gone = min(poisson(uniform_of(key, unit.slot, 9), mean), unit.men)
    unit.men -= gone
    book.deserted += gone


def starve(unit, key, dt, knobs) -> None:
    """Men of a group that is cut off are lost once its stocks run low."""
    if unit.supply < knobs.hungry:
        want = 1.0 - unit.supply / knobs.hungry
        chance = 1.0 - math.exp(-knobs.starve_per_day * want * dt)
        unit.hits[Cause.POCKET] += binomial(uniform_of(key, unit.slot, 1), unit.men, chance)


def rate_of_giving_way(unit, lead, own, enemy, cut, outflanked, knobs) -> float:
    """Rate a day at which a group leaves its place, the shock of this step's fights left out."""
    low = 1.0 - unit.morale
    trouble = 0.3 + enemy / (enemy + own + 1.0) + unit.suppression
    rate = knobs.break_per_day * low * low * 4.0 * (1.4 - 0.8 * lead) * trouble
    if unit.task == Task.HOLD and outflanked:
        rate += knobs.give_up_per_day
    if cut:
        rate += 0.5 * knobs.break_per_day * low * 4.0
    if unit.task == Task.INFILTRATE and unit.days > 12.0:
        rate += 0.1
    return rate


def surrender(units, cells, book, unit, cut) -> None:
    """A group is taken: its men are captured, its wounded, counted before, will not return."""
    book.captured[Cause.POCKET if cut else Cause.DIRECT_FIRE] += unit.men
    book.discharged += unit.hurt
    book.by_place[0] += unit.men
    if cells.direction[unit.cell] == 1:
        book.direction += unit.men
    clear_row(units, unit.row)


def step_back(geo, cells, unit, knobs) -> None:
    """A group takes up the next position, straight behind its own."""
    far = (1.0 if unit.side == 0 else -1.0) * knobs.step_back_km
    cell = Row(cells, unit.cell)
    unit.task, unit.stage = Task.MARCH, Stage.STEPS_BACK
    unit.goal_x = clamp(unit.x + far * cell.east, geo.x0 + 0.05, geo.x0 + geo.width - 0.05)
    unit.goal_y = clamp(unit.y + far * cell.north, geo.y0 + 0.05, geo.y0 + geo.height - 0.05)


def give_way(geo, units, cells, nodes, formations, books, n, key, dt, knobs, tally) -> None:
    """Groups that leave their place, give up, starve or walk away in this step."""
    for unit in rows(units, n):
        if unit.kind != Kind.INFANTRY or unit.men <= 0:
            continue
        side, formation, book = unit.side, Row(formations, unit.formation), Row(books, unit.side)
        desert(unit, book, key, dt, knobs)
        if unit.men == 0:
            continue
        shock, unit.shock = unit.shock, 0.0
        if unit.task not in IN_PLACE:
            continue
        cut = cells.cut[unit.cell, side] > 0 or unit.supply < 0.04
        if cut:
            starve(unit, key, dt, knobs)
        own = at_nodes(geo, nodes.presence, side, unit.x, unit.y)
        enemy = at_nodes(geo, nodes.presence, 1 - side, unit.x, unit.y)
        depth = at_squares(geo, cells.depth, unit.x, unit.y) * (1.0 if side == 0 else -1.0)
        outflanked = depth < -knobs.outflanked_km and enemy > own
        rate = rate_of_giving_way(unit, formation.leadership, own, enemy, cut, outflanked, knobs)
        stays = math.exp(-rate * dt) * math.exp(-knobs.shock_breaks * shock)
        if uniform_of(key, unit.slot, 2) >= 1.0 - stays:
            continue
        tally[side, 0] += 1
        trapped = cut or depth < -1.0 or outflanked
        gives_up = knobs.surrender_share * (2.5 if cut else 1.0) * (0.5 + (1.0 - unit.morale))
        if trapped and uniform_of(key, unit.slot, 3) < gives_up:
            surrender(units, cells, book, unit, cut)
            tally[side, 1] += 1
            continue
        unit.stage, unit.partner = 0, -1
        unit.morale = max(unit.morale - knobs.retreat_morale, 0.0)
        if unit.task == Task.HOLD and unit.morale > knobs.rally and not cut:
            step_back(geo, cells, unit, knobs)
        else:
            send_home(units, formations, unit.row)
