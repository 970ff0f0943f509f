"""The line as a list of points, and the choice of a point by weight, in plain Python."""

from __future__ import annotations

import math
from bisect import bisect_right

from plain.fields import all_squares, beside, cell_at, square_center
from plain.rows import Row, clamp, rows


def trace(geo, cells, front) -> None:
    """One point for each square of the defender beside ground of the attacker, where the shares of both say that it ends.

    It stands for one square's width of line, more where the square touches the attacker on several sides.
    """
    room = front.cell.shape[0]
    side, nx, ny = geo.square, geo.square_nx, geo.square_ny
    known = all_squares(geo)
    line = cells.square_control[known].tolist()
    found = 0
    for q, share in enumerate(line):
        if q % nx == 0:
            front.row[q // nx] = found
        shares = [line[e] for e in beside(nx, ny, q) if line[e] >= 0.5]
        if share >= 0.5 or not shares or found >= room:
            continue
        x, y = square_center(geo, known[q])
        middle = Row(cells, cell_at(geo, x, y))
        point = Row(front, found)
        point.cell, point.east, point.north = middle.row, middle.east, middle.north
        off = (1.5 - max(shares) - share) * side
        point.x = x + middle.east * off
        point.y = y + middle.north * off
        point.weight = side * min(math.sqrt(len(shares)), 1.5)
        found += 1
    front.count[0] = front.row[ny] = found


def points(front) -> list[Row]:
    """The points of the line."""
    return list(rows(front, front.count[0].item()))


def points_near(geo, front, y: float, reach: float) -> tuple[int, int]:
    """First and last (exclusive) of the points within `reach` km north or south, and of a row of squares or two more."""
    side, ny = geo.square, geo.square_ny
    south = math.floor((y - reach - geo.y0) / side) - 1
    north = math.floor((y + reach - geo.y0) / side) + 2
    return front.row[clamp(south, 0, ny)].item(), front.row[clamp(north, 0, ny)].item()


def pick(orders, f: int, weak: bool, u: float) -> int:
    """The first of a formation's points whose running weight exceeds the share `u` of them all; -1 without points."""
    n = orders.count[f].item()
    if n == 0:
        return -1
    running = (orders.weak if weak else orders.strong)[f, :n].tolist()
    found = bisect_right(running, u * running[-1])
    return orders.point[f, min(found, n - 1)].item()
