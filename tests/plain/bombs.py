"""Glide bombs in plain Python: who releases, at which position, where it falls and whom it buries."""

from __future__ import annotations

from collections.abc import Iterator

from plain.draws import binomial, normal, uniform, uniform_of
from plain.fields import cell_at
from plain.front import pick
from plain.rows import Row, clamp, rows, square
from plain.unit_rows import clear_row, take_row
from sim.forces import Cause, Kind, Side, Task


def clear_fallen(units, n) -> None:
    """Takes the strikes of the last step off the map."""
    for unit in rows(units, n):
        if unit.kind == Kind.GLIDE_BOMB:
            clear_row(units, unit.row)


def listed(geo, start, order, c: int, span: int) -> Iterator[int]:
    """Rows of the groups that can be met in a fight, cell by cell, at most `span` cells from cell `c` each way."""
    cj, ci = divmod(c, geo.nx)
    for j in range(max(cj - span, 0), min(cj + span, geo.ny - 1) + 1):
        for i in range(max(ci - span, 0), min(ci + span, geo.nx - 1) + 1):
            e = j * geo.nx + i
            for k in range(int(start[e]), int(start[e + 1])):
                yield int(order[k])


def random_position(geo, units, start, order, x, y, radius, key) -> int:
    """A position of the defender uniformly at random within `radius` km of a point: the highest draw; -1 if none."""
    near = []
    for row in listed(geo, start, order, cell_at(geo, x, y), int(radius / geo.cell) + 1):
        unit = Row(units, row)
        within = square(unit.x - x) + square(unit.y - y) <= radius * radius
        if unit.side == Side.DEFENDER and unit.men > 0 and within:
            near.append(row)
    return max(near, key=lambda row: uniform(key, units.slot[row]), default=-1)


def release(formations, orders, u: float) -> int:
    """The attacking formation that a bomb supports, drawn by tempo times establishment; -1 if none has a target."""
    weights = {
        f.row: f.tempo * f.establishment
        for f in rows(formations) if f.side == Side.ATTACKER and f.active == 1 and orders.count[f.row] > 0
    }
    everything = 0.0
    for weight in weights.values():
        everything += weight
    reached = 0.0
    for row, weight in weights.items():
        reached += weight
        if reached > u * everything:
            return row
    return -1


def bury(geo, units, cells, start, order, x, y, b, key, knobs) -> None:
    """What one bomb does where it falls: it breaks works, makes rubble, and hits and stuns men within its radius."""
    cell = Row(cells, cell_at(geo, x, y))
    area = geo.cell * geo.cell
    cell.works[0] = max(cell.works[0].item() - knobs.breaks / area, 0.0)
    cell.rubble = min(cell.rubble + knobs.rubble * cell.built / area, 1.0)
    for row in listed(geo, start, order, cell.row, int(0.3 / geo.cell) + 1):
        unit = Row(units, row)
        if square(unit.x - x) + square(unit.y - y) < knobs.lethal * knobs.lethal:
            unit.hits[Cause.BOMB] += binomial(uniform_of(key, unit.slot, 6 + b), unit.men, knobs.hit)
            unit.suppression = 1.0


def show_strike(geo, units, formations, cursor, slot, f, x, y, aim) -> None:
    """Puts the strike into the next free row, so that it can be seen; not at all when no row is free."""
    row = take_row(units, cursor)
    if row < 0:
        return
    strike, base = Row(units, row), Row(formations, f)
    strike.slot, strike.kind, strike.side, strike.task = slot, Kind.GLIDE_BOMB, Side.ATTACKER, Task.FALL
    strike.formation = f
    strike.x, strike.y, strike.cell = x, y, cell_at(geo, x, y)
    strike.from_x, strike.from_y = base.base_x, base.base_y
    strike.goal_x, strike.goal_y = units.x[aim], units.y[aim]


def fall(geo, units, cells, formations, orders, front, start, order, cursor, count, first, key, aim_key, tag, knobs):
    """Releases and drops `count` bombs; `first` is the serial number of the first. Returns how many found an aim."""
    dropped = 0
    for b in range(count):
        slot = (tag << 24) | (first + b)
        f = release(formations, orders, uniform_of(key, slot, 0))
        if f < 0:
            continue
        point = Row(front, pick(orders, f, False, uniform_of(key, slot, 1)))
        x, y = point.x - knobs.ahead * point.east, point.y - knobs.ahead * point.north
        aim = random_position(geo, units, start, order, x, y, knobs.aim_radius, int(aim_key) + slot)
        if aim < 0:
            continue
        dropped += 1
        off_x = normal(uniform_of(key, slot, 2), uniform_of(key, slot, 3))
        off_y = normal(uniform_of(key, slot, 4), uniform_of(key, slot, 5))
        x = clamp(units.x[aim].item() + knobs.scatter * off_x, geo.x0 + 0.01, geo.x0 + geo.width - 0.01)
        y = clamp(units.y[aim].item() + knobs.scatter * off_y, geo.y0 + 0.01, geo.y0 + geo.height - 0.01)
        bury(geo, units, cells, start, order, x, y, b, key, knobs)
        show_strike(geo, units, formations, cursor, slot, f, x, y, aim)
    return dropped
