from __future__ import annotations

import math

from sim.columns import kernel
from sim.fields import at_nodes, at_squares, cell_at, mean_of_square
from sim.front import points_near


@kernel
def read_line(geo, cells, nodes, front, memory):
    """What both sides know of each point of the line; `memory` is the weight of today in what is known."""
    for k in range(front.count[0]):
        c = front.cell[k]
        x = front.x[k]
        y = front.y[k]
        holding = at_nodes(geo, nodes.fire, 1, x - 0.4 * front.east[k], y - 0.4 * front.north[k])
        pressing = at_nodes(geo, nodes.presence, 0, x + 0.4 * front.east[k], y + 0.4 * front.north[k])
        front.fire[k] = holding
        front.presence[k] = pressing
        front.wide[k] = at_squares(geo, cells.wide, x, y)
        works = mean_of_square(geo, cells.works[:, 0], c)
        want = (0.5 + 0.25 * pressing + 0.5 * works + 1.5 * mean_of_square(geo, cells.built, c)) / (1.0 + holding)
        cells.need[c] += memory * (want - cells.need[c])
        front.need[k] = cells.need[c]


@kernel
def set_base(geo, cells, formations, f, base_km):
    """The reserve of formation `f` stands `base_km` behind its main point, on own ground."""
    sign = 1.0 if formations.side[f] == 0 else -1.0
    x = formations.main_x[f]
    y = formations.main_y[f]
    for _ in range(int(base_km / 0.5)):
        c = cell_at(geo, x, y)
        ax = x + sign * 0.5 * cells.east[c]
        ay = y + sign * 0.5 * cells.north[c]
        if ax < geo.x0 + 0.5 or ax > geo.x0 + geo.width - 0.5 or ay < geo.y0 + 0.5 or ay > geo.y0 + geo.height - 0.5:
            break
        x = ax
        y = ay
        if sign * at_squares(geo, cells.depth, x, y) >= base_km:
            break
    formations.base_x[f] = x
    formations.base_y[f] = y


@kernel
def least_far(geo, front, x, y, reach, in_need):
    """The point of the line least far from (x, y), the first of equals; -1 when there is no line.

    `in_need`: distance is divided by 0.3 + need (at most 1). Looked for within `reach` km, then twice as far, and so on,
    until no point farther away can be better.
    """
    while True:
        first, last = points_near(geo, front, y, reach)
        best = 1e18
        found = -1
        for k in range(first, last):
            d = math.hypot(front.x[k] - x, front.y[k] - y)
            if in_need:
                d = d / (0.3 + min(front.need[k], 1.0))
            if d < best:
                best = d
                found = k
        if best <= (reach / 1.3 if in_need else reach) or last - first == front.count[0]:
            return found
        reach *= 2.0


@kernel
def nearest_point(geo, front, x, y):
    """The point of the line nearest to (x, y); -1 when there is no line."""
    return least_far(geo, front, x, y, 8.0, False)


@kernel
def neediest_point(geo, front, x, y):
    """The point of the line that is near (x, y) and in need; -1 when there is no line."""
    return least_far(geo, front, x, y, 12.0, True)


@kernel
def distance_to_line(geo, front, x, y):
    """Distance in km from (x, y) to the nearest point of the line."""
    k = nearest_point(geo, front, x, y)
    return math.hypot(front.x[k] - x, front.y[k] - y) if k >= 0 else 1e9


@kernel
def thinnest_salient(front, narrow, x, y, reach):
    """The point within `reach` km of (x, y) where the attacker's ground is thinnest, if it is a salient (`narrow`); else -1."""
    found = -1
    least = narrow
    for k in range(front.count[0]):
        if front.wide[k] < least and math.hypot(front.x[k] - x, front.y[k] - y) < reach:
            least = front.wide[k]
            found = k
    return found
