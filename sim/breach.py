"""A breach as a designed experiment: a thin salient opened in a running battle, and the reserve sent against it.

The question of Dobropillia: how does the fate of a deep, thin penetration depend on the delay of a reserve and on the
attacker's follow-on? A scenario lists breaches; no scenario of the record has one.
"""

from __future__ import annotations

import numpy as np

from sim.fields import MICRO, draw_line, square_center
from sim.forces import Kind, Place, Side, Stage, Task
from sim.world import World


def run(world: World) -> list[int]:
    """The start of a day: opens the breaches of this day. Returns the formations (rows) that are due as reserves against one."""
    due = []
    for breach in world.scenario.breach:
        if world.day == breach.day:
            strip = open_salient(world, breach.width_km, breach.depth_km, breach.groups, breach.men)
            world.breach = strip if world.breach is None else world.breach | strip
        if breach.reserve_days is not None and world.day == breach.day + breach.reserve_days:
            waiting = [r for r, f in enumerate(world.scenario.formation) if f.relief and f.side == "defender"]
            absent = [r for r in waiting if not world.formations.active[r]]
            due += absent[:1]
    return due


def open_salient(world: World, width_km: float, depth_km: float, groups: int, men: int) -> np.ndarray:
    """Gives the attacker a strip of ground `depth_km` beyond the line and puts `groups` groups into it.

    The strip starts at the point of the line that lies nearest to the middle of the defender's deepest side. Groups come from
    the reserves nearest to it; defenders in the strip fall back to their base. Returns the cells of the strip, (n,) bool.
    """
    g, c, u, n = world.geo, world.cells, world.units, world.n
    count = int(world.front.count[0])
    x, y = square_center(g, np.arange(g.nx * g.ny))
    fx, fy = world.front.x[:count], world.front.y[:count]
    east, north = -world.front.east[:count], -world.front.north[:count]
    inside = (fx + east * depth_km > g.x0 + 8) & (fx + east * depth_km < g.x0 + g.width - 8)
    inside &= (fy + north * depth_km > g.y0 + 8) & (fy + north * depth_km < g.y0 + g.height - 8)
    room = [_room(world, fx[k], fy[k], east[k], north[k], depth_km) if inside[k] else -1.0 for k in range(count)]
    k = int(np.argmax(room))
    along = (x - fx[k]) * east[k] + (y - fy[k]) * north[k]
    across = (x - fx[k]) * -north[k] + (y - fy[k]) * east[k]
    strip = (along > 0) & (along < depth_km) & (np.abs(across) < width_km / 2) & (c.square_control < 0.5)
    c.held[strip] = MICRO
    c.control[strip] = 1.0
    draw_line(g, c)
    infantry = u.kind[:n] == Kind.INFANTRY
    defenders = infantry & (u.side[:n] == Side.DEFENDER) & strip[u.cell[:n]]
    for i in np.flatnonzero(defenders):
        f = int(u.formation[i])
        u.task[i], u.stage[i], u.partner[i] = Task.WITHDRAW, Stage.NONE, -1
        u.x[i], u.y[i] = world.formations.base_x[f], world.formations.base_y[f]
        u.goal_x[i], u.goal_y[i] = u.x[i], u.y[i]
    spare = np.flatnonzero(infantry & (u.side[:n] == Side.ATTACKER) & (u.task[:n] == Task.RESERVE) & (u.men[:n] >= men))
    spare = spare[np.argsort(np.hypot(u.x[spare] - fx[k], u.y[spare] - fy[k]), kind="stable")][:groups]
    for j, i in enumerate(spare):
        a = depth_km * (j + 0.5) / len(spare)
        b = ((j * 0.618) % 1.0 - 0.5) * width_km * 0.8
        u.x[i] = u.goal_x[i] = fx[k] + east[k] * a - north[k] * b
        u.y[i] = u.goal_y[i] = fy[k] + north[k] * a + east[k] * b
        u.task[i], u.stage[i], u.days[i], u.place[i] = Task.HOLD, Stage.NONE, 0.0, Place.FRONT
        u.cell[i] = world.cell_of(float(u.x[i]), float(u.y[i]))
    return strip


def _room(world: World, x: float, y: float, east: float, north: float, depth_km: float) -> float:
    """Distance of the far end of a strip from the attacker's ground, in km."""
    c = world.cell_of(float(x + east * depth_km), float(y + north * depth_km))
    return float(-world.cells.depth[c])
