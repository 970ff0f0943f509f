"""The line as a list of points, and the choice of a point by weight, in plain Python."""

from __future__ import annotations

import math
from bisect import bisect_right

from plain.fields import beside, center_of
from plain.rows import Row, clamp, rows


def trace(geo, cells, front) -> None:
    """One point for each cell of the defender beside ground of the attacker, where the shares of both say that it ends.

    It stands for one cell's width of line, more where the cell touches the attacker on several sides.
    """
    room = front.cell.shape[0]
    found = 0
    for cell in rows(cells, geo.nx * geo.ny):
        if cell.row % geo.nx == 0:
            front.row[cell.row // geo.nx] = found
        shares = [cells.control[c] for c in beside(geo.nx, geo.ny, cell.row) if cells.control[c] >= 0.5]
        touches = len(shares)
        if cell.control >= 0.5 or not touches or found >= room:
            continue
        x, y = center_of(geo, cell.row)
        point = Row(front, found)
        point.cell, point.east, point.north = cell.row, cell.east, cell.north
        off = (1.5 - max(shares) - cell.control) * geo.cell
        point.x = x + cell.east * off
        point.y = y + cell.north * off
        point.weight = geo.cell * min(math.sqrt(touches), 1.5)
        found += 1
    front.count[0] = front.row[geo.ny] = found


def points(front) -> list[Row]:
    """The points of the line."""
    return list(rows(front, front.count[0].item()))


def points_near(geo, front, y: float, reach: float) -> tuple[int, int]:
    """First and last (exclusive) of the points within `reach` km north or south, and of a row of cells or two more."""
    south = math.floor((y - reach - geo.y0) / geo.cell) - 1
    north = math.floor((y + reach - geo.y0) / geo.cell) + 2
    return front.row[clamp(south, 0, geo.ny)].item(), front.row[clamp(north, 0, geo.ny)].item()


def pick(orders, f: int, weak: bool, u: float) -> int:
    """The first of a formation's points whose running weight exceeds the share `u` of them all; -1 without points."""
    n = orders.count[f].item()
    if n == 0:
        return -1
    running = (orders.weak if weak else orders.strong)[f, :n].tolist()
    found = bisect_right(running, u * running[-1])
    return orders.point[f, min(found, n - 1)].item()
