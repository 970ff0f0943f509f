"""Rows of the table of units: making and freeing them, giving out slots, and sending a group back to its reserve."""

from __future__ import annotations

import math

from sim.codes import ARMOR, FREE, FRONT, INFANTRY, NO_STAGE, REAR, RESERVE, SERVE, WITHDRAW
from sim.columns import kernel
from sim.draws import normal, uniform_of
from sim.fields import cell_at


@kernel
def clear_row(units, i):
    """Frees a row: nothing of the old unit stays."""
    units.kind[i] = FREE
    units.men[i] = 0
    units.sent[i] = 0
    units.hurt[i] = 0
    units.vehicles[i] = 0
    units.partner[i] = -1
    units.stage[i] = NO_STAGE
    units.stock[i] = 0.0
    units.shock[i] = 0.0
    units.suppression[i] = 0.0
    units.burst[i] = 0
    units.place[i] = FRONT
    units.quality[i] = 0.0
    units.morale[i] = 0.0
    units.fatigue[i] = 0.0
    units.supply[i] = 0.0
    units.days[i] = 0.0
    units.dug[i] = 0.0
    for k in range(units.hits.shape[1]):
        units.hits[i, k] = 0


@kernel
def take_row(units, cursor):
    """Takes and clears the first free row from `cursor[0]` on; -1 when there is none. `cursor[1]`: the number of rows in use."""
    n = units.kind.shape[0]
    i = cursor[0]
    while i < n and units.kind[i] != FREE:
        i += 1
    if i >= n:
        cursor[0] = i
        return -1
    cursor[0] = i + 1
    cursor[1] = max(cursor[1], i + 1)
    clear_row(units, i)
    return i


@kernel
def send_home(units, formations, i):
    """Group `i` falls back to where its formation's reserve stands."""
    f = units.formation[i]
    units.task[i] = WITHDRAW
    units.goal_x[i] = formations.base_x[f]
    units.goal_y[i] = formations.base_y[f]


@kernel
def raise_unit(geo, units, formations, cursor, f, kind, men, vehicles, spread_km, morale, key):
    """Puts a new unit of formation `f`, of this morale, about the formation's base. Returns its row, or -1 when no row is free."""
    i = take_row(units, cursor)
    if i < 0:
        return -1
    slot = (formations.tag[f] << 24) | formations.sequence[f]
    formations.sequence[f] += 1
    a = normal(uniform_of(key, slot, 0), uniform_of(key, slot, 1))
    b = normal(uniform_of(key, slot, 2), uniform_of(key, slot, 3))
    units.slot[i] = slot
    units.kind[i] = kind
    units.side[i] = formations.side[f]
    units.task[i] = RESERVE if kind == INFANTRY or kind == ARMOR else SERVE
    units.place[i] = REAR
    units.formation[i] = f
    units.men[i] = men
    units.vehicles[i] = vehicles
    units.x[i] = min(max(formations.base_x[f] + spread_km * a, geo.x0 + 0.05), geo.x0 + geo.width - 0.05)
    units.y[i] = min(max(formations.base_y[f] + spread_km * b, geo.y0 + 0.05), geo.y0 + geo.height - 0.05)
    units.from_x[i] = units.x[i]
    units.from_y[i] = units.y[i]
    units.goal_x[i] = units.x[i]
    units.goal_y[i] = units.y[i]
    units.cell[i] = cell_at(geo, units.x[i], units.y[i])
    units.quality[i] = formations.quality[f]
    units.morale[i] = morale
    units.fatigue[i] = 0.0
    units.supply[i] = 1.0
    units.days[i] = math.floor(uniform_of(key, slot, 4) * 8.0)
    return i
