"""Groups beyond the line: infiltrators that gather, hold or move on, and lodged groups that settle or fall back."""

from __future__ import annotations

import math

from sim.codes import AT_LINE, CONSOLIDATE, HOLD, INFILTRATE, NO_STAGE
from sim.columns import kernel
from sim.draws import exponential, uniform_of
from sim.fields import at_nodes, at_squares, cell_at
from sim.phases.decide.goals import set_goal
from sim.unit_rows import send_home

CALM_FIRE = 2.5  # enemy fire, in men, above which an infiltrating group stays where it is
TO_LODGEMENT = 0.6  # chance that a bound leads to the formation's lodgement, if it has one, and not farther on
LODGED_DAYS = 2.0  # days before which a lodged group is not called back


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
    if at_nodes(geo, nodes.fire, 1 - s, x, y) > CALM_FIRE:
        return
    f = units.formation[i]
    if formations.follow[f] > 0.0 and uniform_of(key, slot, 1) < TO_LODGEMENT:
        set_goal(geo, units, i, INFILTRATE, formations.follow_x[f], formations.follow_y[f])
    else:
        sign = -1.0 if s == 0 else 1.0
        far = knobs.hop_first_km + knobs.infiltration_depth_km * exponential(uniform_of(key, slot, 2))
        turn = (uniform_of(key, slot, 3) - 0.5) * 2.0
        ex = sign * cells.east[c] - turn * cells.north[c]
        ny = sign * cells.north[c] + turn * cells.east[c]
        size = math.sqrt(ex * ex + ny * ny)
        set_goal(geo, units, i, INFILTRATE, x + far * ex / size, y + far * ny / size)
    units.stage[i] = AT_LINE


@kernel
def lodgement(geo, units, formations, cells, nodes, i, key, recall, knobs):
    """A lodged group: settles down on ground that has become its own, or falls back when alone and out of touch."""
    side = units.side[i]
    held = cells.square_control[units.cell[i]]
    depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
    if side == 1:
        held = 1.0 - held
        depth = -depth
    if held >= knobs.settle_share and units.days[i] >= knobs.settle_days:
        units.task[i] = HOLD
    elif depth < -knobs.touch_km and units.days[i] > LODGED_DAYS and uniform_of(key, units.slot[i], 0) < recall:
        if at_nodes(geo, nodes.presence, side, units.x[i], units.y[i]) < knobs.gather_men:
            units.stage[i] = NO_STAGE
            send_home(units, formations, i)
