"""Movement: everybody who has a goal goes towards it, and what moves near the line can be seen.

On foot under threat, by vehicle in the rear. A march ends in a position, a withdrawal in the reserve, an attack at the line
(where `fire` takes over). Movement is written to the blocks as visible kilometers, whole meters, so that the order of rows
does not matter.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.codes import (
    ARMOR,
    ASSAULT,
    AT_LINE,
    CONSOLIDATE,
    DASH,
    FRONT,
    GLIDE_BOMB,
    HOLD,
    IN_RELIEF,
    INFANTRY,
    INFILTRATE,
    MARCH,
    NO_STAGE,
    REAR,
    RESERVE,
    SERVE,
    STEPS_BACK,
    WAY,
    WITHDRAW,
)
from sim.columns import array_kernel, kernel
from sim.fields import at_cells, at_squares, block_at, cell_at
from sim.quantity import Parameters, quantity
from sim.unit_rows import send_home
from sim.visibility import visibility

READS = ("units", "cells", "blocks")
WRITES = ("units", "blocks", "books")

ZONE_KM = 16.0  # beyond this depth movement is by truck and not counted as visible


class Params(Parameters):
    safe_km: float = quantity(9.0, "km", low=3.0, high=25.0, doc="depth beyond which men ride instead of walking", fact="prior_lethal_depth_2025")
    mud_slows: float = quantity(0.35, "", low=0.0, high=0.9, doc="share of pace lost in deep mud", fact="modelling assumption")
    hidden_at_night: float = quantity(0.5, "", low=0.0, high=0.9, doc="share of visibility that darkness takes", fact="modelling assumption")
    hidden_in_leaf: float = quantity(0.5, "", low=0.0, high=0.9, doc="share of visibility that full leaf takes under trees", fact="modelling assumption")
    hidden_in_town: float = quantity(0.4, "", low=0.0, high=0.9, doc="share of visibility that buildings take", fact="modelling assumption")
    relief_visible: float = quantity(1.5, "", low=1.0, high=5.0, doc="visibility of a relief on its way to a known position beside another march", fact="prior_rear_share")
    infiltrator_visible: float = quantity(0.35, "", low=0.05, high=1.0, doc="visibility of an infiltrating group beside a marching one", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [("safe_km", float), ("mud_slows", float), ("infiltrator_visible", float), ("relief_visible", float), ("foot", float),
                                  ("truck", float), ("dash", float), ("exposure", float)])


@kernel
def show(geo, blocks, side, x, y, gx, gy, seen):
    """Adds a path to the visible traffic of its side, in whole meters of full visibility."""
    length = math.hypot(gx - x, gy - y)
    if length < 0.01:
        return
    pieces = int(length) + 1
    meters = length / pieces * 1000.0 * seen
    for k in range(pieces):
        part = (k + 0.5) / pieces
        b = block_at(geo, x + part * (gx - x), y + part * (gy - y))
        if abs(blocks.depth[b]) < ZONE_KM:
            blocks.traffic[b, side] += int(meters * (1.0 - blocks.cover[b]))


@kernel
def arrive_at_goal(units, cells, i):
    """What a unit becomes where it arrives."""
    task = units.task[i]
    if task == MARCH:
        held = cells.square_control[units.cell[i]]
        own = held >= 0.5 if units.side[i] == 0 else held < 0.5
        units.task[i] = HOLD if own else CONSOLIDATE
        if units.stage[i] != STEPS_BACK:
            units.days[i] = 0.0
        units.stage[i] = NO_STAGE
    elif task == WITHDRAW:
        units.task[i] = RESERVE
        units.days[i] = 0.0


@njit(inline="always")
def on_foot(mud, knobs):
    """Pace of men on foot across country, km/h: mud takes two fifths of what it takes of vehicles."""
    return knobs.foot * (0.6 + 0.4 * (1.0 - knobs.mud_slows * mud))


@kernel
def go(geo, units, cells, blocks, i, hours, mud, knobs):
    """Moves one unit towards its goal; an attack stops at the line, and is seen on the whole way to its goal."""
    kind = units.kind[i]
    task = units.task[i]
    x = units.x[i]
    y = units.y[i]
    dx = units.goal_x[i] - x
    dy = units.goal_y[i] - y
    length = math.sqrt(dx * dx + dy * dy)
    if length <= 1e-9:
        if task == MARCH or task == WITHDRAW:
            arrive_at_goal(units, cells, i)
        return
    sign = 1.0 if units.side[i] == 0 else -1.0
    depth = sign * at_squares(geo, cells.depth, x, y)
    ground = 1.0 - knobs.mud_slows * mud
    if kind == ARMOR:
        reach = knobs.dash * ground * hours
    else:
        reach = on_foot(mud, knobs) * hours
        if depth > knobs.safe_km:
            ride = min((depth - knobs.safe_km) / (knobs.truck * ground), hours)
            reach = ride * knobs.truck * ground + (hours - ride) * on_foot(mud, knobs)
    stop = 0.0
    if task == ASSAULT or task == INFILTRATE or task == DASH:
        stop = length
        step = 0.25
        gone = 0.0
        while gone < length:
            part = gone / length
            if sign * at_squares(geo, cells.depth, x + part * dx, y + part * dy) < 0.3:
                break
            gone += step
        stop = min(gone, length)
        if reach >= stop:
            units.stage[i] = AT_LINE
            reach = stop
    part = min(reach / length, 1.0)
    units.x[i] = x + part * dx
    units.y[i] = y + part * dy
    units.cell[i] = cell_at(geo, units.x[i], units.y[i])
    far = at_squares(geo, cells.depth, units.x[i], units.y[i]) * sign
    units.place[i] = REAR if far > 12.0 and depth > 12.0 else WAY
    if task == SERVE:
        units.place[i] = REAR
        if part >= 1.0:
            units.goal_x[i] = units.x[i]
            units.goal_y[i] = units.y[i]
    if min(depth, far) < ZONE_KM and task != RESERVE:
        seen = visibility(units, i, units.men[i], knobs.exposure, knobs.infiltrator_visible, knobs.relief_visible)
        tx = units.x[i]
        ty = units.y[i]
        if units.stage[i] == AT_LINE:
            tx = units.goal_x[i]
            ty = units.goal_y[i]
        show(geo, blocks, units.side[i], x, y, tx, ty, seen)
    if part >= 1.0 and (task == MARCH or task == WITHDRAW):
        arrive_at_goal(units, cells, i)


@kernel
def move(geo, units, formations, cells, blocks, n, hours, mud, knobs):
    """Moves every unit for `hours` and writes the visible traffic."""
    for b in range(blocks.traffic.shape[0]):
        blocks.traffic[b, 0] = 0
        blocks.traffic[b, 1] = 0
    for i in range(n):
        kind = units.kind[i]
        if kind < 0 or kind == GLIDE_BOMB:
            continue
        units.from_x[i] = units.x[i]
        units.from_y[i] = units.y[i]
        task = units.task[i]
        if task == HOLD or task == CONSOLIDATE:
            units.stage[i] = NO_STAGE
            units.place[i] = FRONT
            continue
        if task == RESERVE:
            f = units.formation[i]
            units.stage[i] = NO_STAGE
            dx = units.x[i] - formations.base_x[f]
            dy = units.y[i] - formations.base_y[f]
            if dx * dx + dy * dy > 36.0:
                part = 3.0 / math.sqrt(dx * dx + dy * dy)
                units.goal_x[i] = formations.base_x[f] + part * dx
                units.goal_y[i] = formations.base_y[f] + part * dy
        if task == INFILTRATE and units.stage[i] != NO_STAGE:
            continue
        go(geo, units, cells, blocks, i, hours, mud, knobs)


@array_kernel
def hand_over(geo, units, formations, cells, blocks, n, hours, mud, knobs):
    """A relief that has arrived lets the group it relieves go, in what is left of the step; returns the reliefs of (attacker, defender).

    A partner that is no longer there (dead, broken, moved) is forgotten. In its own pass, so that row order does not matter.
    """
    done = np.zeros(2, np.int64)
    pace = on_foot(mud, knobs)
    for i in range(n):
        mate = units.partner[i]
        if units.kind[i] != INFANTRY or mate < 0 or units.task[i] == MARCH:
            continue
        units.partner[i] = -1
        if units.task[i] != HOLD:
            continue
        units.stage[i] = IN_RELIEF
        if units.kind[mate] != INFANTRY or units.task[mate] != HOLD:
            continue
        if units.x[mate] == units.goal_x[i] and units.y[mate] == units.goal_y[i] and units.side[mate] == units.side[i]:
            units.stage[mate] = IN_RELIEF
            units.partner[mate] = -1
            send_home(units, formations, mate)
            spent = math.hypot(units.x[i] - units.from_x[i], units.y[i] - units.from_y[i]) / pace
            go(geo, units, cells, blocks, mate, max(hours - spent, 0.0), mud, knobs)
            done[units.side[i]] += 1
    return done


@kernel
def hide(geo, cells, blocks, leaf, light, at_night, in_leaf, in_town):
    """How much each block hides a mover now: darkness, leaf under trees, buildings; 0 open, 1 unseen."""
    for b in range(blocks.cover.shape[0]):
        x = geo.x0 + (b % geo.block_nx + 0.5) * 2.0
        y = geo.y0 + (b // geo.block_nx + 0.5) * 2.0
        wood = at_cells(geo, cells.wood, x, y)
        built = at_cells(geo, cells.built, x, y)
        open_share = (1.0 - at_night * (1.0 - light)) * (1.0 - in_leaf * leaf * min(wood * 2.0, 1.0)) * (1.0 - in_town * built)
        blocks.cover[b] = 1.0 - open_share


def run(world) -> None:
    p, s = world.settings.move, world.settings
    sky = world.weather.sky
    hide(world.geo, world.cells, world.blocks, sky.leaf, sky.watched, p.hidden_at_night, p.hidden_in_leaf, p.hidden_in_town)
    knobs = Knobs(p.safe_km, p.mud_slows, p.infiltrator_visible, p.relief_visible, s.infantry.speed_km_h, s.infantry.carry_km_h,
                  s.armor.speed_km_h, s.infantry.exposure)
    at = (world.geo, world.units, world.formations, world.cells, world.blocks, world.n, world.scenario.step_hours, sky.mud, knobs)
    move(*at)
    world.books.reliefs[:] += hand_over(*at)
