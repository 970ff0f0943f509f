"""Movement in plain Python: who goes how far towards what, what is seen of it, and what becomes of those who arrive."""

from __future__ import annotations

import math

import numpy as np

from plain.fields import at_cells, at_squares, block_at, block_center, cell_at
from plain.rows import Row, length_of, rows
from plain.unit_rows import send_home
from plain.visibility import visibility
from sim.forces import Kind, Place, Stage, Task

LOOSE_KM, CLOSE_KM = 6.0, 3.0  # a reserve farther than this from its base goes to within that of it
PACE_KM = 0.25  # stride of the look for the line


def count_traffic(geo, blocks, side: int, x: float, y: float, gx: float, gy: float, seen: float, zone_km: float) -> None:
    """Adds a path to the visible traffic of its side, by pieces of at most one km, each in whole meters."""
    length = length_of(gx - x, gy - y)
    if length < 0.01:
        return
    pieces = int(length) + 1
    meters = length / pieces * 1000.0 * seen
    for k in range(pieces):
        part = (k + 0.5) / pieces
        block = Row(blocks, block_at(geo, x + part * (gx - x), y + part * (gy - y)))
        if abs(block.depth) < zone_km:
            block.traffic[side] += int(meters * (1.0 - block.cover))


def arrive_at_goal(geo, units, cells, i: int) -> None:
    """A march ends in a position on own ground or a lodgement on foreign ground; a withdrawal ends in the reserve."""
    unit = Row(units, i)
    match unit.task:
        case Task.MARCH:
            behind = at_squares(geo, cells.depth, unit.x, unit.y) * (1.0 if unit.side == 0 else -1.0)
            unit.task = Task.HOLD if behind >= 0.0 else Task.CONSOLIDATE
            if unit.stage != Stage.STEPS_BACK:
                unit.days = 0.0
            unit.stage = 0
        case Task.WITHDRAW:
            unit.task, unit.days = Task.RESERVE, 0.0


def hand_over(geo, units, formations, cells, blocks, n: int, hours: float, mud: float, knobs) -> np.ndarray:
    """A relief that has stood in its place for a step sends those home whom it relieves, and has what they have dug.

    With wounded of its own it goes home instead, and they stay. One that did not get there forgets them. Returns the reliefs
    of (attacker, defender).
    """
    done = np.zeros(2, np.int64)
    least: dict[int, int] = {}  # of those who came for one and the same, the lowest slot relieves
    for unit in rows(units, n):
        fit = unit.kind == Kind.INFANTRY and unit.task == Task.HOLD and unit.days > 0.0 and unit.hurt == 0
        if fit and unit.partner >= 0:
            least[unit.partner] = min(unit.slot, least.get(unit.partner, unit.slot))
    for unit in rows(units, n):
        just_came = unit.task == Task.HOLD and unit.days <= 0.0
        if unit.kind != Kind.INFANTRY or unit.partner < 0 or unit.task == Task.MARCH or just_came:
            continue
        mate = Row(units, unit.partner)
        unit.partner = -1
        if unit.task != Task.HOLD:
            continue
        unit.stage = Stage.IN_RELIEF
        stands = mate.task == Task.HOLD and mate.kind == Kind.INFANTRY
        if not stands or (mate.x, mate.y, mate.side) != (unit.goal_x, unit.goal_y, unit.side):
            continue
        goes = unit if unit.hurt > 0 else mate
        if goes is mate and unit.slot != least[mate.row]:
            continue
        if goes.row == mate.row:
            unit.dug = mate.dug
            mate.stage, mate.partner = Stage.IN_RELIEF, -1
            done[unit.side] += 1
        send_home(units, formations, goes.row)
        go(geo, units, cells, blocks, goes.row, hours, mud, knobs)
    return done


def new_goal(unit: Row, home: Row) -> None:
    """A reserve keeps near its base, wherever that moves."""
    if unit.task == Task.RESERVE:
        unit.stage = 0
        east, north = unit.x - home.base_x, unit.y - home.base_y
        if east * east + north * north > LOOSE_KM * LOOSE_KM:
            part = CLOSE_KM / math.sqrt(east * east + north * north)
            unit.goal_x, unit.goal_y = home.base_x + part * east, home.base_y + part * north


def on_foot(mud: float, knobs) -> float:
    """Pace of men on foot, km/h: mud takes a share of what it takes of vehicles."""
    return knobs.foot * (1.0 - knobs.mud_on_foot + knobs.mud_on_foot * (1.0 - knobs.mud_slows * mud))


def reach_km(kind: int, depth: float, hours: float, mud: float, knobs) -> float:
    """How far a unit comes: a section by its pace; others on foot, and by truck as long as they are deep enough."""
    ground = 1.0 - knobs.mud_slows * mud
    if kind == Kind.ARMOR:
        return knobs.dash * ground * hours
    if depth <= knobs.safe_km:
        return on_foot(mud, knobs) * hours
    ride = min((depth - knobs.safe_km) / (knobs.truck * ground), hours)
    return ride * knobs.truck * ground + (hours - ride) * on_foot(mud, knobs)


def way_to_line(geo, cells, sign: float, x: float, y: float, dx: float, dy: float, length: float, line_km: float) -> float:
    """Length of the way to the first stride that is at the line; the whole way when there is none."""

    def depth_at(part: float) -> float:
        return sign * at_squares(geo, cells.depth, x + part * dx, y + part * dy)

    gone = 0.0
    while gone < length and depth_at(gone / length) >= line_km:
        gone += PACE_KM
    return min(gone, length)


def move(geo, units, formations, cells, blocks, n: int, hours: float, mud: float, knobs) -> None:
    """Moves every unit for `hours` and writes the visible traffic."""
    blocks.traffic[:] = 0
    for unit in rows(units, n):
        if unit.kind in (Kind.FREE, Kind.GLIDE_BOMB):
            continue
        unit.from_x, unit.from_y = unit.x, unit.y
        if unit.task in (Task.HOLD, Task.CONSOLIDATE):
            unit.stage, unit.place = 0, Place.FRONT
            continue
        new_goal(unit, Row(formations, unit.formation))
        if unit.task != Task.INFILTRATE or unit.stage <= 0:
            go(geo, units, cells, blocks, unit.row, hours, mud, knobs)


def go(geo, units, cells, blocks, i: int, hours: float, mud: float, knobs) -> None:
    """Moves one unit towards its goal; an attack stops at the line, and is seen on the whole way to its goal."""
    unit = Row(units, i)
    x, y, task = unit.x, unit.y, unit.task
    dx, dy = unit.goal_x - x, unit.goal_y - y
    length = math.sqrt(dx * dx + dy * dy)
    if length <= 1e-9:
        arrive_at_goal(geo, units, cells, unit.row)
        return
    sign = 1.0 if unit.side == 0 else -1.0

    def depth_at(part: float) -> float:
        return sign * at_squares(geo, cells.depth, x + part * dx, y + part * dy)

    depth = depth_at(0.0)
    reach = reach_km(unit.kind, depth, hours, mud, knobs)
    if task in (Task.ASSAULT, Task.INFILTRATE, Task.DASH):
        stop = way_to_line(geo, cells, sign, x, y, dx, dy, length, knobs.line_km)
        if reach >= stop:
            unit.stage, reach = Stage.AT_LINE, stop
    part = min(reach / length, 1.0)
    unit.x, unit.y = x + part * dx, y + part * dy
    unit.cell = cell_at(geo, unit.x, unit.y)
    far = depth_at(part)
    in_rear = task == Task.SERVE or (far > knobs.rear_km and depth > knobs.rear_km)
    unit.place = Place.REAR if in_rear else Place.WAY
    if task == Task.SERVE and part >= 1.0:
        unit.goal_x, unit.goal_y = unit.x, unit.y
    if task != Task.RESERVE and min(depth, far) < knobs.zone_km:
        to = (unit.goal_x, unit.goal_y) if unit.stage == Stage.AT_LINE else (unit.x, unit.y)
        seen = visibility(units, unit.row, unit.men, knobs.exposure, knobs.infiltrator_visible, knobs.relief_visible)
        count_traffic(geo, blocks, unit.side, x, y, *to, seen, knobs.zone_km)
    if part >= 1.0:
        arrive_at_goal(geo, units, cells, unit.row)


def hide(geo, cells, blocks, leaf, light, at_night, in_leaf, in_town) -> None:
    """How much each block hides a mover now: darkness, leaf under trees, buildings; 0 open, 1 unseen."""
    for block in rows(blocks):
        center = block_center(geo, block.row)
        wood, built = at_cells(geo, cells.wood, *center), at_cells(geo, cells.built, *center)
        lit = 1.0 - at_night * (1.0 - light)
        bare = 1.0 - in_leaf * leaf * min(wood * 2.0, 1.0)
        outside = 1.0 - in_town * built
        block.cover = 1.0 - lit * bare * outside
