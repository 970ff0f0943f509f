"""The line as both commands know it: points, needs, distances, bases behind it."""

from __future__ import annotations

import math

from sim.columns import kernel
from sim.fields import at_nodes, at_squares, cell_at, mean_of_square
from sim.front import points_near

STRIDE_KM = 0.5  # towards the rear, in the search for a base
EDGE_KM = 0.5  # no base nearer to the edge of the box
LEAST_NEED = 0.3  # added to need, where distance is divided by it: how far a point without need is put back
WIDTHS = 3.5  # a Gaussian is cut off at so many standard deviations, beyond which it is below 0.003


@kernel
def read_line(geo, cells, nodes, front, memory, knobs):
    """State of each point of the line as both sides know it: fire, presence and need; `memory`: weight of today in need."""
    for k in range(front.count[0]):
        c = front.cell[k]
        x = front.x[k]
        y = front.y[k]
        holding = at_nodes(geo, nodes.fire, 1, x - knobs.look_km * front.east[k], y - knobs.look_km * front.north[k])
        pressing = at_nodes(geo, nodes.presence, 0, x + knobs.look_km * front.east[k], y + knobs.look_km * front.north[k])
        front.fire[k] = holding
        front.presence[k] = pressing
        front.wide[k] = at_squares(geo, cells.wide, x, y)
        works = mean_of_square(geo, cells.works[:, 0], c)
        built = mean_of_square(geo, cells.built, c)
        want = (knobs.need_base + knobs.need_pressure * pressing + knobs.need_works * works + knobs.need_built * built) / (1.0 + holding)
        cells.need[c] += memory * (want - cells.need[c])
        front.need[k] = cells.need[c]


@kernel
def set_base(geo, cells, formations, f, base_km):
    """Base of formation `f`: `base_km` behind its main point, on own ground, by strides up the gradient of control."""
    sign = 1.0 if formations.side[f] == 0 else -1.0
    x = formations.main_x[f]
    y = formations.main_y[f]
    for _ in range(int(base_km / STRIDE_KM)):
        c = cell_at(geo, x, y)
        ax = x + sign * STRIDE_KM * cells.east[c]
        ay = y + sign * STRIDE_KM * cells.north[c]
        if ax < geo.x0 + EDGE_KM or ax > geo.x0 + geo.width - EDGE_KM or ay < geo.y0 + EDGE_KM or ay > geo.y0 + geo.height - EDGE_KM:
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

    `in_need`: distance is divided by LEAST_NEED + need (at most 1). Looked for within `reach` km, then twice as far, and so on,
    until no point farther away can be better.
    """
    while True:
        first, last = points_near(geo, front, y, reach)
        best = 1e18
        found = -1
        for k in range(first, last):
            d = math.hypot(front.x[k] - x, front.y[k] - y)
            if in_need:
                d = d / (LEAST_NEED + min(front.need[k], 1.0))
            if d < best:
                best = d
                found = k
        if best <= (reach / (LEAST_NEED + 1.0) if in_need else reach) or last - first == front.count[0]:
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
