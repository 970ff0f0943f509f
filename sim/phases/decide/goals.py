"""Goals: a place inside the box, or a place by the line, for a unit to go to."""

from __future__ import annotations

from numba import njit

from sim.codes import NO_STAGE
from sim.columns import kernel

EDGE_KM = 0.05  # no goal nearer to the edge of the box


@njit(inline="always")
def inside(geo, x, margin):
    """The nearest x inside the box, `margin` km from its edge."""
    return min(max(x, geo.x0 + margin), geo.x0 + geo.width - margin)


@njit(inline="always")
def inside_y(geo, y, margin):
    """The nearest y inside the box, `margin` km from its edge."""
    return min(max(y, geo.y0 + margin), geo.y0 + geo.height - margin)


@kernel
def set_goal(geo, units, i, task, x, y):
    """Gives group `i` a task and a goal inside the box, and starts it on its way."""
    units.task[i] = task
    units.stage[i] = NO_STAGE
    units.sent[i] = units.men[i]
    units.goal_x[i] = inside(geo, x, EDGE_KM)
    units.goal_y[i] = inside_y(geo, y, EDGE_KM)


@kernel
def at_line(geo, units, front, i, k, task, beyond, a):
    """Sends group `i` to point `k` of the line, `beyond` km past it (negative: short of it), `a` km along it."""
    s = 1.0 if units.side[i] == 0 else -1.0
    x = front.x[k] - s * front.east[k] * beyond + front.north[k] * a
    y = front.y[k] - s * front.north[k] * beyond - front.east[k] * a
    set_goal(geo, units, i, task, x, y)
