"""What the page tells of one unit or one place, in words and numbers with units."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.fields import BLOCK_KM
from sim.forces import Kind, Side, Task
from sim.journal import near
from sim.view.page.encode import unit_ids

NAMES = {
    Kind.INFANTRY: "Infantry group",
    Kind.ARMOR: "Armor section",
    Kind.FPV_TEAM: "FPV team",
    Kind.ARTILLERY: "Artillery battery",
    Kind.GLIDE_BOMB: "Glide bomb",
}
DOES = {
    Task.RESERVE: "in reserve",
    Task.MARCH: "on the way to the line",
    Task.HOLD: "holds its position",
    Task.ASSAULT: "attacks on foot",
    Task.INFILTRATE: "infiltrates, holds nothing",
    Task.CONSOLIDATE: "consolidates",
    Task.WITHDRAW: "falls back",
    Task.DASH: "attacks mounted",
    Task.SERVE: "at its work",
    Task.FALL: "falls",
}
ROADS = ("none", "local", "regional", "national", "international")
POINTS = ("east", "northeast", "north", "northwest", "west", "southwest", "south", "southeast")


def row_of(world: Any, uid: int) -> int | None:
    """The row of a unit by its name on the page; None when it is no more on the map."""
    live = world.live()
    found = live[unit_ids(world.units.slot[live]) == np.uint32(uid)]
    return int(found[0]) if found.size else None


def tell_unit(world: Any, uid: int) -> dict[str, Any] | None:
    """A unit as title, subtitle and lines (name, value)."""
    i = row_of(world, uid)
    if i is None:
        return None
    u = world.units
    kind, side = Kind(int(u.kind[i])), Side(int(u.side[i]))
    name = NAMES[kind] if u.task[i] != Task.INFILTRATE else "Infiltrators"
    lines = [("Task", _task(u, i)), ("Men", f"{int(u.men[i])}" + (f", {int(u.hurt[i])} wounded" if u.hurt[i] else ""))]
    if kind == Kind.ARMOR:
        lines.append(("Vehicles that run", f"{int(u.vehicles[i])}"))
    if kind in (Kind.FPV_TEAM, Kind.ARTILLERY):
        lines.append(("In hand", f"{u.stock[i]:.0f} {'drones' if kind == Kind.FPV_TEAM else 'shells'}"))
    if kind == Kind.INFANTRY:
        lines += [("Days in place", f"{u.days[i]:.0f}"), ("Strain", f"{u.fatigue[i]:.0f} days"), ("Morale", _share(u.morale[i]))]
    lines += [("Supply", f"{_share(u.supply[i])} of need"), ("Training", _share(u.quality[i]))]
    lines.append(("Threat here", _threat(world, float(u.x[i]), float(u.y[i]), side)))
    formation = world.scenario.formation[int(u.formation[i])].name
    return {
        "uid": uid,
        "side": int(side),
        "kind": int(kind),
        "title": f"{name} {int(u.slot[i]) & 0xFFFFFF}",
        "subtitle": f"{side.name.lower()}, {formation}",
        "lines": lines,
        "foot": ground_words(world, float(u.x[i]), float(u.y[i])),
        "x": float(u.x[i]),
        "y": float(u.y[i]),
    }


def tell_place(world: Any, x: float, y: float) -> dict[str, Any] | None:
    """A cell of the map as title, subtitle and lines; None outside the box."""
    g, c = world.geo, world.cells
    if not (g.x0 <= x < g.x0 + g.width and g.y0 <= y < g.y0 + g.height):
        return None
    k = world.cell_of(x, y)
    held = float(c.control[k])
    side = Side.ATTACKER if held >= 0.5 else Side.DEFENDER
    here = world.live()
    here = here[world.units.cell[here] == k]
    men = [int(world.units.men[here][world.units.side[here] == s].sum()) for s in Side]
    lines = [
        ("Held by the attacker", _share(held)),
        ("Men here", f"attacker {men[0]}, defender {men[1]}"),
        ("Works", f"{_share(c.works[k, 0 if side == Side.DEFENDER else 1])} of a full belt"),
        ("Supply of the holder", f"{_share(c.supply[k, side])} arrives"),
        ("Threat to the attacker", _threat(world, x, y, Side.ATTACKER)),
        ("Threat to the defender", _threat(world, x, y, Side.DEFENDER)),
        ("Behind the line", f"{abs(float(c.depth[k])):.1f} km"),
    ]
    if c.cut[k, side]:
        lines.append(("Cut off", f"ground of the {side.name.lower()}"))
    return {
        "side": int(side),
        "kind": -1,
        "title": f"Ground {near(world, x, y)}",
        "subtitle": f"cell {k % g.nx}, {k // g.nx} of {g.nx} × {g.ny}",
        "lines": lines,
        "foot": ground_words(world, x, y),
        "x": g.x0 + (k % g.nx + 0.5) * g.cell,
        "y": g.y0 + (k // g.nx + 0.5) * g.cell,
    }


def ground_words(world: Any, x: float, y: float) -> str:
    """What the ground of a cell is like."""
    c, k = world.cells, world.cell_of(x, y)
    parts = [f"{word} {_share(value)}" for word, value in (("wood", c.wood[k]), ("built", c.built[k]), ("water", c.water[k])) if value >= 0.05]
    if c.road[k]:
        parts.append(f"{ROADS[int(c.road[k])]} road")
    if c.rubble[k] >= 0.05:
        parts.append(f"rubble {_share(c.rubble[k])}")
    return f"Cell: {', '.join(parts) or 'open ground'}"


def _task(u: Any, i: int) -> str:
    words = DOES[Task(int(u.task[i]))]
    dx, dy = float(u.goal_x[i] - u.x[i]), float(u.goal_y[i] - u.y[i])
    if u.task[i] in (Task.MARCH, Task.ASSAULT, Task.DASH, Task.WITHDRAW) and dx * dx + dy * dy > 0.04:
        return f"{words}, {POINTS[round(np.degrees(np.arctan2(dy, dx)) / 45) % 8]}"
    return words


def _share(value: float) -> str:
    return f"{100 * float(value):.0f} %"


def _threat(world: Any, x: float, y: float, side: Side) -> str:
    g = world.geo
    i = min(int((x - g.x0) / BLOCK_KM), g.block_nx - 1)
    j = min(int((y - g.y0) / BLOCK_KM), g.block_ny - 1)
    return f"{float(world.blocks.threat[j * g.block_nx + i, side]):.2f} hits/km"
