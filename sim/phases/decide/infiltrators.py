from __future__ import annotations

import math

from sim.codes import AT_LINE, CONSOLIDATE, HOLD, INFILTRATE
from sim.columns import kernel
from sim.draws import exponential, uniform_of
from sim.fields import at_nodes, cell_at
from sim.phases.decide.goals import set_goal


@kernel
def infiltrator(geo, units, cells, nodes, formations, i, key, hop, knobs):
    """A group behind the line: gathers and holds when enough men are there, else now and then moves on."""
    s = units.side[i]
    slot = units.slot[i]
    x = units.x[i]
    y = units.y[i]
    if at_nodes(geo, nodes.presence, s, x, y) >= knobs.gather_men:
        units.task[i] = CONSOLIDATE
        units.days[i] = 0.0
        return
    c = cell_at(geo, x, y)
    held = cells.square_control[c] if s == 0 else 1.0 - cells.square_control[c]
    if held >= 0.5:
        units.task[i] = HOLD
        units.days[i] = 0.0
        return
    if uniform_of(key, slot, 0) >= hop:
        return
    if at_nodes(geo, nodes.fire, 1 - s, x, y) > 2.5:
        return
    f = units.formation[i]
    if formations.follow[f] > 0.0 and uniform_of(key, slot, 1) < 0.6:
        set_goal(geo, units, i, INFILTRATE, formations.follow_x[f], formations.follow_y[f])
    else:
        sign = -1.0 if s == 0 else 1.0
        far = 0.5 + knobs.infiltration_depth_km * exponential(uniform_of(key, slot, 2))
        turn = (uniform_of(key, slot, 3) - 0.5) * 2.0
        ex = sign * cells.east[c] - turn * cells.north[c]
        ny = sign * cells.north[c] + turn * cells.east[c]
        size = math.sqrt(ex * ex + ny * ny)
        set_goal(geo, units, i, INFILTRATE, x + far * ex / size, y + far * ny / size)
    units.stage[i] = AT_LINE
