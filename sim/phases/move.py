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
from sim.fields import BLOCK_KM, at_cells, at_squares, block_at, cell_at
from sim.quantity import Parameters, quantity
from sim.unit_rows import send_home
from sim.visibility import visibility

READS = ("units", "cells", "blocks")
WRITES = ("units", "blocks", "books")

STRIDE_KM = 0.25  # of the look along an attack's way for the line
LOOSE_KM, CLOSE_KM = 6.0, 3.0  # a group in reserve farther than this from its base goes to within that of it


class Params(Parameters):
    safe_km: float = quantity(9.0, "km", low=3.0, high=25.0, doc="depth beyond which men ride instead of walking", fact="prior_lethal_depth_2025")
    mud_slows: float = quantity(0.35, "", low=0.0, high=0.9, doc="share of pace lost in deep mud", fact="modelling assumption")
    hidden_at_night: float = quantity(0.5, "", low=0.0, high=0.9, doc="share of visibility that darkness takes", fact="modelling assumption")
    hidden_in_leaf: float = quantity(0.5, "", low=0.0, high=0.9, doc="share of visibility that full leaf takes under trees", fact="modelling assumption")
    hidden_in_town: float = quantity(0.4, "", low=0.0, high=0.9, doc="share of visibility that buildings take", fact="modelling assumption")
    relief_visible: float = quantity(4.0, "", low=1.0, high=8.0, doc="visibility of a relief on its way to a known position beside another march", fact="prior_rear_share")
    infiltrator_visible: float = quantity(0.35, "", low=0.05, high=1.0, doc="visibility of an infiltrating group beside a marching one", fact="modelling assumption")
    mud_on_foot: float = quantity(0.4, "", low=0.0, high=1.0, doc="share of what mud takes of vehicles' pace that it takes of the pace on foot", fact="modelling assumption")
    line_km: float = quantity(0.3, "km", low=0.0, high=1.0, doc="depth of own ground at which an attack is at the line", fact="modelling assumption", role="numeric")
    zone_km: float = quantity(16.0, "km", low=4.0, high=60.0, doc="depth beyond which movement is not counted as visible, whatever the drones' reach", fact="modelling assumption")
    rear_km: float = quantity(12.0, "km", low=2.0, high=60.0, doc="depth beyond which losses of a unit on the move count as losses in the rear", fact="modelling assumption", role="numeric")


Knobs = NamedTuple("Knobs", [("safe_km", float), ("mud_slows", float), ("infiltrator_visible", float), ("relief_visible", float), ("foot", float),
                                  ("truck", float), ("dash", float), ("exposure", float), ("mud_on_foot", float), ("line_km", float), ("zone_km", float),
                                  ("rear_km", float)])


@kernel
def count_traffic(geo, blocks, side, x, y, gx, gy, seen, zone_km):
    """Adds a path to the visible traffic of its side: path length times visibility by block, in whole meters."""
    length = math.hypot(gx - x, gy - y)
    if length < 0.01:
        return
    pieces = int(length) + 1
    meters = length / pieces * 1000.0 * seen
    for k in range(pieces):
        part = (k + 0.5) / pieces
        b = block_at(geo, x + part * (gx - x), y + part * (gy - y))
        if abs(blocks.depth[b]) < zone_km:
            blocks.traffic[b, side] += int(meters * (1.0 - blocks.cover[b]))


@kernel
def arrive_at_goal(geo, units, cells, i):
    """State of a unit on arrival: a march ends in a position or lodgement, a withdrawal in the reserve."""
    task = units.task[i]
    if task == MARCH:
        depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
        own = depth >= 0.0 if units.side[i] == 0 else depth <= 0.0
        units.task[i] = HOLD if own else CONSOLIDATE
        if units.stage[i] != STEPS_BACK:
            units.days[i] = 0.0
        units.stage[i] = NO_STAGE
    elif task == WITHDRAW:
        units.task[i] = RESERVE
        units.days[i] = 0.0


@njit(inline="always")
def on_foot(mud, knobs):
    """Pace of men on foot across country, km/h."""
    return knobs.foot * (1.0 - knobs.mud_on_foot + knobs.mud_on_foot * (1.0 - knobs.mud_slows * mud))


@njit(inline="always")
def reach_km(kind, depth, hours, mud, knobs):
    """How far a unit comes in so many hours, km: by its vehicles, by truck as long as it is deep enough, else on foot."""
    ground = 1.0 - knobs.mud_slows * mud
    if kind == ARMOR:
        return knobs.dash * ground * hours
    if depth <= knobs.safe_km:
        return on_foot(mud, knobs) * hours
    ride = min((depth - knobs.safe_km) / (knobs.truck * ground), hours)
    return ride * knobs.truck * ground + (hours - ride) * on_foot(mud, knobs)


@kernel
def way_to_line(geo, cells, sign, x, y, dx, dy, length, line_km):
    """Length of the way from (x, y) along (dx, dy) to the first stride that is at the line, km; all of it if none is."""
    gone = 0.0
    while gone < length:
        part = gone / length
        if sign * at_squares(geo, cells.depth, x + part * dx, y + part * dy) < line_km:
            break
        gone += STRIDE_KM
    return min(gone, length)


@kernel
def go(geo, units, cells, blocks, i, hours, mud, knobs):
    """Moves one unit towards its goal; an attack stops at the line, and is seen on the whole way to its goal."""
    task = units.task[i]
    x = units.x[i]
    y = units.y[i]
    dx = units.goal_x[i] - x
    dy = units.goal_y[i] - y
    length = math.sqrt(dx * dx + dy * dy)
    if length <= 1e-9:
        if task == MARCH or task == WITHDRAW:
            arrive_at_goal(geo, units, cells, i)
        return
    sign = 1.0 if units.side[i] == 0 else -1.0
    depth = sign * at_squares(geo, cells.depth, x, y)
    reach = reach_km(units.kind[i], depth, hours, mud, knobs)
    if task == ASSAULT or task == INFILTRATE or task == DASH:
        stop = way_to_line(geo, cells, sign, x, y, dx, dy, length, knobs.line_km)
        if reach >= stop:
            units.stage[i] = AT_LINE
            reach = stop
    part = min(reach / length, 1.0)
    units.x[i] = x + part * dx
    units.y[i] = y + part * dy
    units.cell[i] = cell_at(geo, units.x[i], units.y[i])
    far = at_squares(geo, cells.depth, units.x[i], units.y[i]) * sign
    units.place[i] = REAR if far > knobs.rear_km and depth > knobs.rear_km else WAY
    if task == SERVE:
        units.place[i] = REAR
        if part >= 1.0:
            units.goal_x[i] = units.x[i]
            units.goal_y[i] = units.y[i]
    if min(depth, far) < knobs.zone_km and task != RESERVE:
        seen = visibility(units, i, units.men[i], knobs.exposure, knobs.infiltrator_visible, knobs.relief_visible)
        tx = units.x[i]
        ty = units.y[i]
        if units.stage[i] == AT_LINE:
            tx = units.goal_x[i]
            ty = units.goal_y[i]
        count_traffic(geo, blocks, units.side[i], x, y, tx, ty, seen, knobs.zone_km)
    if part >= 1.0 and (task == MARCH or task == WITHDRAW):
        arrive_at_goal(geo, units, cells, i)


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
            if dx * dx + dy * dy > LOOSE_KM * LOOSE_KM:
                part = CLOSE_KM / math.sqrt(dx * dx + dy * dy)
                units.goal_x[i] = formations.base_x[f] + part * dx
                units.goal_y[i] = formations.base_y[f] + part * dy
        if task == INFILTRATE and units.stage[i] != NO_STAGE:
            continue
        if task != MARCH and task != WITHDRAW and units.x[i] == units.goal_x[i] and units.y[i] == units.goal_y[i]:
            continue  # it is there, as most are: a call costs more than the look
        go(geo, units, cells, blocks, i, hours, mud, knobs)


@array_kernel
def hand_over(geo, units, formations, cells, blocks, n, hours, mud, knobs):
    """A relief that arrived in an earlier step lets the group it relieves go; returns the reliefs of (attacker, defender).

    One that has wounded of its way with it carries them back, and those in place stay. A partner that is no longer there (dead,
    broken, moved) is forgotten. In its own pass, and the lower slot first of two that came for one, so that row order does not matter.
    """
    done = np.zeros(2, np.int64)
    first = np.full(n, -1, np.int64)
    for i in range(n):
        mate = units.partner[i]
        if units.kind[i] == INFANTRY and mate >= 0 and units.task[i] == HOLD and units.days[i] > 0.0 and units.hurt[i] == 0:
            if first[mate] < 0 or units.slot[i] < units.slot[first[mate]]:
                first[mate] = i
    for i in range(n):
        mate = units.partner[i]
        if units.kind[i] != INFANTRY or mate < 0 or units.task[i] == MARCH or (units.task[i] == HOLD and units.days[i] <= 0.0):
            continue
        units.partner[i] = -1
        if units.task[i] != HOLD:
            continue
        units.stage[i] = IN_RELIEF
        if units.kind[mate] != INFANTRY or units.task[mate] != HOLD:
            continue
        if units.x[mate] == units.goal_x[i] and units.y[mate] == units.goal_y[i] and units.side[mate] == units.side[i]:
            if units.hurt[i] > 0:
                send_home(units, formations, i)
                go(geo, units, cells, blocks, i, hours, mud, knobs)
                continue
            if first[mate] != i:
                continue
            units.dug[i] = units.dug[mate]
            units.stage[mate] = IN_RELIEF
            units.partner[mate] = -1
            send_home(units, formations, mate)
            go(geo, units, cells, blocks, mate, hours, mud, knobs)
            done[units.side[i]] += 1
    return done


@kernel
def hide(geo, cells, blocks, leaf, light, at_night, in_leaf, in_town):
    """Concealment of a mover by block: darkness, leaf under trees, buildings; 0 open, 1 unseen."""
    for b in range(blocks.cover.shape[0]):
        x = geo.x0 + (b % geo.block_nx + 0.5) * BLOCK_KM
        y = geo.y0 + (b // geo.block_nx + 0.5) * BLOCK_KM
        wood = at_cells(geo, cells.wood, x, y)
        built = at_cells(geo, cells.built, x, y)
        open_share = (1.0 - at_night * (1.0 - light)) * (1.0 - in_leaf * leaf * min(wood * 2.0, 1.0)) * (1.0 - in_town * built)
        blocks.cover[b] = 1.0 - open_share


def run(world) -> None:
    p, s = world.settings.move, world.settings
    sky = world.weather.sky
    hide(world.geo, world.cells, world.blocks, sky.leaf, sky.watched, p.hidden_at_night, p.hidden_in_leaf, p.hidden_in_town)
    knobs = Knobs(p.safe_km, p.mud_slows, p.infiltrator_visible, p.relief_visible, s.infantry.speed_km_h, s.infantry.carry_km_h,
                  s.armor.speed_km_h, s.infantry.exposure, p.mud_on_foot, p.line_km, p.zone_km, p.rear_km)
    at = (world.geo, world.units, world.formations, world.cells, world.blocks, world.n, world.scenario.step_hours, sky.mud, knobs)
    move(*at)
    world.books.reliefs[:] += hand_over(*at)
