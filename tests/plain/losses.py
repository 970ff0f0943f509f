"""Losses in plain Python: hits become killed, wounded and missing; wounded are carried back; vehicles are lost."""

from __future__ import annotations

import math

from plain.draws import binomial, uniform_of
from plain.rows import Row, rows
from plain.unit_rows import clear_row, raise_unit
from sim.forces import Cause, Kind, Stage, Task

AHEAD = (Task.INFILTRATE, Task.CONSOLIDATE)


def apply_hits(units, cells, books, n, key, knobs) -> None:
    """Turns the hits on every unit into killed, wounded and missing, cause by cause; no more than it has men."""
    killed_share = (knobs.killed_drone, knobs.killed_shell, knobs.killed_bomb, knobs.killed_direct, knobs.killed_pocket)
    for unit in rows(units, n):
        if unit.kind < 0 or not unit.hits.any():
            continue
        book = Row(books, unit.side)
        left = unit.men
        for cause in Cause:
            lost = min(int(unit.hits[cause]), left)
            unit.hits[cause] = 0
            left -= lost
            dead = binomial(uniform_of(key, unit.slot, 3 * cause), lost, killed_share[cause])
            gone = 0  # men hit ahead of their own line may stay missing
            if unit.task in AHEAD:
                gone = binomial(uniform_of(key, unit.slot, 3 * cause + 1), lost - dead, knobs.missing_ahead)
            hurt = lost - dead - gone
            book.killed[cause] += dead
            book.missing[cause] += gone
            book.wounded[cause] += hurt
            unit.hurt += hurt
        lost = unit.men - left
        book.by_place[unit.place] += lost
        if cells.direction[unit.cell] == 1:
            book.direction += lost
        unit.morale = max(unit.morale - knobs.morale_drop * lost / max(unit.men, 1), 0.0)
        unit.men = left


def carry_back(units, cells, books, formations, n, key, dt, knobs) -> None:
    """Evacuates wounded through the kill zone; some wait, some die waiting, some will return to duty."""
    for unit in rows(units, n):
        if unit.kind < 0 or unit.hurt == 0:
            continue
        cell, book = Row(cells, unit.cell), Row(books, unit.side)
        wait = knobs.evacuation_days * (1.0 + knobs.threat_delays * cell.way[unit.side].item())
        if cell.cut[unit.side] > 0 or unit.supply < 0.05:
            wait = knobs.cut_off_days
        died = binomial(uniform_of(key, unit.slot, 0), unit.hurt, 1.0 - math.exp(-knobs.death_per_day * dt))
        out = binomial(uniform_of(key, unit.slot, 1), unit.hurt - died, 1.0 - math.exp(-dt / wait))
        back = binomial(uniform_of(key, unit.slot, 2), out, knobs.return_share)
        unit.hurt -= died + out
        # their cause is not recorded: they are taken from the cause that has wounded most
        cause = max(Cause, key=lambda cause: book.wounded[cause])
        book.wounded[cause] -= died
        book.killed[cause] += died
        formations.hospital[unit.formation] += back
        book.discharged += out - back


def wreck(units, cells, books, formations, n, key, knobs) -> None:
    """Vehicles hit in the step: destroyed, abandoned (some towed home where drones let it) or damaged."""
    for unit in rows(units, n):
        hit = min(unit.burst, unit.vehicles) if unit.kind == Kind.ARMOR else 0
        unit.burst = 0
        if hit == 0:
            continue
        book, formation = Row(books, unit.side), Row(formations, unit.formation)
        tow = knobs.recovery * math.exp(-0.2 * cells.way[unit.cell, unit.side].item())
        for k in range(hit):
            u = uniform_of(key, unit.slot, 2 * k)
            if u < knobs.destroyed:
                book.destroyed += 1
            elif u >= knobs.destroyed + knobs.abandoned:
                book.damaged += 1
                formation.repair += 1
            elif uniform_of(key, unit.slot, 2 * k + 1) < tow:
                book.recovered += 1
                formation.repair += 1
            else:
                book.abandoned += 1
        unit.vehicles -= hit


def set_down(geo, units, formations, cursor, n, crew, key) -> None:
    """Carried infantry leaves its vehicles where the dash ended and becomes a group of its own."""
    cursor[0] = 0
    there = [unit for unit in rows(units, n) if unit.kind == Kind.ARMOR and unit.stage == Stage.SETS_DOWN]
    for section in sorted(there, key=lambda unit: unit.slot):
        section.stage = 0
        foot = section.men - section.vehicles * crew
        if foot <= 0:
            continue
        row = raise_unit(geo, units, formations, cursor, section.formation, Kind.INFANTRY, foot, 0, 0.0, section.morale, key)
        if row < 0:
            continue
        section.men -= foot
        group = Row(units, row)
        group.x = group.from_x = group.goal_x = section.x
        group.y = group.from_y = group.goal_y = section.y
        group.cell = section.cell
        group.task, group.place, group.days = Task.CONSOLIDATE, 0, 0.0


def bury(units, n) -> int:
    """Frees the rows of groups that are no more; rows in use after that. Wounded left alone wait where they are."""
    last = 0
    for unit in rows(units, n):
        if unit.kind < 0:
            continue
        if unit.kind != Kind.GLIDE_BOMB and unit.men <= 0 and unit.hurt <= 0 and unit.vehicles <= 0:
            clear_row(units, unit.row)
            continue
        last = unit.row + 1
        if unit.kind == Kind.INFANTRY and unit.men <= 0 and unit.task != Task.WITHDRAW:
            unit.task, unit.goal_x, unit.goal_y = Task.WITHDRAW, unit.x, unit.y
    return last
