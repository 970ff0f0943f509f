"""Ground in plain Python: each group's share of what it may take, then every cell settles."""

from __future__ import annotations

import math

import numpy as np

from plain.fields import all_squares, at_nodes, at_squares, cells_of, center_of, square_center, square_of
from plain.rows import Row, rows, square, total
from sim.forces import Kind, Task

MICRO = 1_000_000  # a cell wholly held by the attacker
RUMP = 2000  # less than this of a cell is nothing


def uncontested(fire, own_presence, knobs) -> float:
    """What the defender's fire leaves of what the attacker could take: a bell over their ratio."""
    return math.exp(-square(fire / (knobs.contested * math.sqrt(max(2.0, own_presence)))))


def pull(near: float) -> float:
    """How readily ground falls by what is held around it: a little even where nothing is."""
    return near * near * near * near + 0.0002


def parts(geo, cells) -> np.ndarray:
    """What each cell gets of its square's gain beside an even deal: the nearer the attacker's side, the more."""
    out = np.ones(geo.nx * geo.ny)
    for inside in (cells_of(geo, first) for first in all_squares(geo)):
        if geo.per > 1 and cells.square_control[inside[0]] < 1.0:
            free = [(1.0 - cells.control[c].item()) * pull(at_squares(geo, cells.smooth, *center_of(geo, c))) for c in inside]
            out[inside] = [part * (len(inside) / total(free)) for part in free]
    return out


def takeable(geo, cells, nodes) -> tuple[np.ndarray, np.ndarray]:
    """Of squares with free ground, by their first cell: how readily it falls, and the defender's fire at the center."""
    ready, fire = np.zeros(geo.nx * geo.ny), np.zeros(geo.nx * geo.ny)
    for some in (Row(cells, first) for first in all_squares(geo)):
        if some.square_control < 1.0:
            ready[some.row] = (1.0 - some.square_control) * pull(0.5 * (some.smooth + some.wide))
            fire[some.row] = at_nodes(geo, nodes.fire, 1, *square_center(geo, some.row))
    return ready, fire


def consolidate(geo, units, cells, nodes, n, dt, mud, knobs) -> None:
    """Every lodged group of the attacker near the line adds to the ground he holds.

    It shares its area of this step over the squares in reach that are not yet held, less what fire keeps from it. A group
    without touch to its own holds only what is close to it, and only in company. Its readiness fades within the step too.
    """
    over_step = (math.exp(dt / knobs.spread_days) - 1.0) * knobs.spread_days / dt
    reach = knobs.reach_km + knobs.span_km
    part = parts(geo, cells)
    ready, fire = takeable(geo, cells, nodes)
    for unit in rows(units, n):
        if unit.kind != Kind.INFANTRY or unit.side != 0 or unit.men <= 0 or unit.task != Task.CONSOLIDATE:
            continue
        depth = at_squares(geo, cells.depth, unit.x, unit.y)
        if depth > 1.5 + knobs.reach_km:
            continue
        own = at_nodes(geo, nodes.presence, 0, unit.x, unit.y)
        lonely = depth < -knobs.reach_km
        if lonely and own < knobs.alone_men:
            continue
        area = knobs.area_per_day * min(1.0, unit.men / knobs.full_men) * dt * (1.0 - knobs.mud_slow * mud)
        area = area * over_step * math.exp(-unit.days / knobs.spread_days)
        here = square_of(geo, unit.cell)
        weights = []
        for some in (Row(cells, first) for first in all_squares(geo)):  # all cells of a square know the same of the line
            x, y = square_center(geo, some.row)
            d2 = square(x - unit.x) + square(y - unit.y)
            within = d2 <= reach * reach and (some.row == here or not lonely or d2 <= square(knobs.alone_km))
            if some.square_control < 1.0 and within:
                weights.append((some.row, ready[some.row].item() * math.exp(-knobs.nearness * d2)))
        everything = total(w for _, w in weights)
        if everything <= 0.0:
            continue
        for first, weight in weights:
            left = uncontested(fire[first].item(), own, knobs)
            share = weight / everything * area / square(geo.square)
            for cell in (Row(cells, c) for c in cells_of(geo, first)):
                works, built = cell.works[0].item(), min(cell.built, 1.0)
                slow = (1.0 + knobs.works_slow * works) * (1.0 + knobs.town_slow * built)
                cell.gain += int(share / slow * left * part[cell.row].item() * MICRO)


def spill(geo, cells) -> None:
    """What a full cell cannot take of its gain goes to the others of its square, by their room."""
    for first in all_squares(geo):
        inside = [Row(cells, c) for c in cells_of(geo, first)]
        over = sum(max(cell.held + cell.gain - MICRO, 0) for cell in inside)
        for cell in inside:
            cell.gain = min(cell.gain, MICRO - cell.held)
        room = sum(MICRO - cell.held - cell.gain for cell in inside)
        if over and room:
            for cell in inside:
                cell.gain += min(over, room) * (MICRO - cell.held - cell.gain) // room


def settled(new: int, cell, men: float, defenders: float, dt: float, knobs) -> int:
    """What the attacker holds of a cell near the line once ground has reverted: millionths."""
    if new > 0 and men < knobs.outnumbered * defenders:
        pace = knobs.regain_per_day + knobs.regain_thin * max(knobs.thin - cell.wide, 0.0)  # faster where a salient is thin
        rate = pace * defenders / (defenders + 3.0) / (1.0 + 1.5 * cell.works[1].item())
        falls = True
    elif new < MICRO and defenders < 0.5 and cell.wide > 1.0 - knobs.thin:
        rate = knobs.clear_per_day * (1.0 + 6.0 * (cell.wide - (1.0 - knobs.thin)))
        falls = False
    elif new > 0 and men < 0.5 and cell.wide < knobs.thin:
        rate = knobs.clear_per_day * (1.0 + 6.0 * (knobs.thin - cell.wide))
        falls = True
    else:
        return new
    chance = 1.0 - math.exp(-rate * dt)
    if falls:
        left = new - int(new * chance)
        return left if left >= RUMP else 0
    grown = new + int((MICRO - new) * chance)
    return grown if grown <= MICRO - RUMP else MICRO


def settle(geo, cells, nodes, dt, knobs) -> None:
    """Applies consolidation and lets ground revert."""
    for cell in rows(cells):
        new = cell.held + cell.gain
        if 0.004 < cell.smooth < 0.996 or 0.0 < cell.square_control < 1.0:
            x, y = square_center(geo, cell.row)
            men, defenders = (at_nodes(geo, nodes.presence, side, x, y) for side in (0, 1))
            new = settled(new, cell, men, defenders, dt, knobs)
        cell.gain = 0
        cell.held = new
        cell.control = new / MICRO
