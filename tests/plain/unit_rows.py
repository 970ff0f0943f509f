"""Making and freeing rows of units, and the way back to the reserve, in plain Python."""

from __future__ import annotations

from plain.draws import normal, uniform_of
from plain.fields import cell_at
from plain.rows import Row, clamp
from sim.forces import Kind, Task

NOTHING = ("men", "sent", "hurt", "vehicles", "stage", "stock", "shock", "suppression", "burst", "place", "quality", "morale",
           "fatigue", "supply", "days", "dug", "hits")
EDGE_KM = 0.05


def clear_row(units, i: int) -> None:
    """Frees a row. What it was and where it was may stay, until the row is used again."""
    for name in NOTHING:
        getattr(units, name)[i] = 0
    units.kind[i] = Kind.FREE
    units.partner[i] = -1


def take_row(units, cursor) -> int:
    """Takes and clears the first free row at or after the cursor; -1 without such a row."""
    start, n = cursor[0].item(), units.kind.shape[0]
    row = next((i for i in range(start, n) if units.kind[i] == Kind.FREE), None)
    if row is None:
        cursor[0] = max(start, n)
        return -1
    cursor[0] = row + 1
    cursor[1] = max(cursor[1].item(), row + 1)
    clear_row(units, row)
    return row


def send_home(units, formations, i) -> None:
    """Group `i` falls back to where its formation's reserve stands."""
    unit = Row(units, i)
    base = Row(formations, unit.formation)
    unit.task, unit.goal_x, unit.goal_y = Task.WITHDRAW, base.base_x, base.base_y


def raise_unit(geo, units, formations, cursor, f: int, kind: int, men: int, vehicles: int, spread_km: float,
               morale: float, key) -> int:
    """Puts a new unit in the first free row at or after the cursor, near its formation's base; -1 without such a row.

    Its slot is the formation's tag with a running number; place and days of rest are drawn by that slot.
    """
    row = take_row(units, cursor)
    if row < 0:
        return -1
    home = Row(formations, f)
    slot = (home.tag << 24) | home.sequence
    home.sequence += 1
    east, north, rest = draws_of(key, slot)
    unit = Row(units, row)
    unit.slot, unit.kind, unit.side, unit.formation = slot, kind, home.side, f
    unit.task = Task.RESERVE if kind in (Kind.INFANTRY, Kind.ARMOR) else Task.SERVE
    unit.place = 2
    unit.men, unit.vehicles = men, vehicles
    x = clamp(home.base_x + spread_km * east, geo.x0 + EDGE_KM, geo.x0 + geo.width - EDGE_KM)
    y = clamp(home.base_y + spread_km * north, geo.y0 + EDGE_KM, geo.y0 + geo.height - EDGE_KM)
    unit.x = unit.from_x = unit.goal_x = x
    unit.y = unit.from_y = unit.goal_y = y
    unit.cell = cell_at(geo, x, y)
    unit.quality, unit.morale, unit.supply, unit.days = home.quality, morale, 1.0, rest
    return row


def draws_of(key, slot: int) -> tuple[float, float, int]:
    """How far east and north of the base a new unit stands, in standard deviations, and its days of rest, 0..7."""
    u = [uniform_of(key, slot, k) for k in range(5)]
    return normal(u[0], u[1]), normal(u[2], u[3]), int(u[4] * 8.0)
