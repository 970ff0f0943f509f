"""Descriptions of one unit or one place, as text and numbers with units; and the story of a unit so far."""

from __future__ import annotations

import datetime as dt
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import numpy as np

from sim.fields import BLOCK_KM
from sim.forces import Kind, Side, Task
from sim.journal import near
from sim.plugin_files import parts_of
from sim.traits import kind_numbers
from sim.view.page.messages import frames
from sim.view.page.messages.frames import unit_ids

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
    Task.INFILTRATE: "infiltrates, holds no ground",
    Task.CONSOLIDATE: "consolidates",
    Task.WITHDRAW: "falls back",
    Task.DASH: "attacks mounted",
    Task.SERVE: "in its firing position",
    Task.FALL: "falls",
}
ROADS = ("none", "local", "regional", "national", "international")
MOST_SPELLS = 9  # of a story that stand one by one
HEARD_KM = 4.0  # how near an event is to belong to a story
HEARD = ("capture", "recapture", "breakthrough", "deep breakthrough", "pocket", "belt", "counterattack")
POINTS = ("east", "northeast", "north", "northwest", "west", "southwest", "south", "southeast")


def row_of(world: Any, uid: int) -> int | None:
    """The row of a unit by its name on the page; None when it is no longer on the map."""
    live = world.live()
    found = live[unit_ids(world.units.slot[live]) == np.uint32(uid)]
    return int(found[0]) if found.size else None


def _name_of(world: Any, kind: int) -> str:
    """What a kind of unit is called, a plugin's by its label."""
    if kind in NAMES:
        return NAMES[Kind(kind)]
    name = next(name for name, number in kind_numbers(world.scenario).items() if number == kind)
    label = parts_of(world.scenario.plugins, "kind")[name].label
    return label[:1].upper() + label[1:]


def describe_unit(world: Any, uid: int) -> dict[str, Any] | None:
    """A unit as title, subtitle and lines (name, value)."""
    i = row_of(world, uid)
    if i is None:
        return None
    u = world.units
    kind, side = int(u.kind[i]), Side(int(u.side[i]))
    name = _name_of(world, kind) if u.task[i] != Task.INFILTRATE else "Infiltrators"
    lines = [("Task", _task(u, i)), ("Men", f"{int(u.men[i])}" + (f", {int(u.hurt[i])} wounded" if u.hurt[i] else ""))]
    if kind == Kind.ARMOR:
        lines.append(("Working vehicles", f"{int(u.vehicles[i])}"))
    if kind in (Kind.FPV_TEAM, Kind.ARTILLERY):
        lines.append(("Stock", f"{u.stock[i]:.0f} {'drones' if kind == Kind.FPV_TEAM else 'shells'}"))
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


def describe_place(world: Any, x: float, y: float) -> dict[str, Any] | None:
    """A cell of the map as title, subtitle and lines; None outside the box."""
    g, c = world.geo, world.cells
    if not (g.x0 <= x < g.x0 + g.width and g.y0 <= y < g.y0 + g.height):
        return None
    k = world.cell_of(x, y)
    held = float(c.control[k])
    side = Side.ATTACKER if c.square_control[k] >= 0.5 else Side.DEFENDER
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


class Sighting(NamedTuple):
    """A unit in one recorded frame: place in km, men, and the bits of `frames.layers`."""

    step: int
    x: float
    y: float
    men: int
    code: int


def sightings(history: Any, geo: Any, uid: int, arm: int = 0) -> list[Sighting]:
    """Every recorded frame that has the unit, oldest first. Before a fork both arms have the same past."""
    out = []
    for step in history.steps:
        arms = history.frames[step].arms
        data = arms[min(arm, len(arms) - 1)].get("units", b"")
        n = len(data) // frames.UNIT_BYTES
        ids = np.frombuffer(data, "<u4", n)
        k = int(np.searchsorted(ids, np.uint32(uid)))
        if k == n or ids[k] != uid:
            continue
        x, y = (np.frombuffer(data, "<u2", n, offset)[k] / 65535 for offset in (4 * n, 6 * n))
        out.append(Sighting(step, geo.x0 + x * geo.width, geo.y0 + y * geo.height, data[8 * n + k], data[9 * n + k]))
    return out


def unit_story(branches: Any, uid: int, arm: int = 0) -> dict[str, Any]:
    """The story of a unit as far as it was recorded: `since` in a sentence and `lines` of (date, words).

    A line is a spell in which the unit did the same thing. Only frames that were kept are read: what happened between two
    of them is not known, and men that are gone may have been hit, sent back or given to another group.
    """
    world = branches.twin if arm == 1 and branches.twin is not None else branches.world
    seen = sightings(branches.history, world.geo, uid, arm)
    if not seen:
        return {"since": "It has not been recorded yet.", "lines": []}
    per_day, steps = branches.scenario.steps_per_day, [s for s in branches.history.steps if s <= branches.simulated]

    def date(step: int) -> str:
        day = branches.scenario.start + dt.timedelta(days=max(-(-step // per_day) - 1, 0))
        return f"{day.day} {day:%b}"

    spells = [list(group) for _, group in groupby(seen, lambda s: _doing(s.code))]
    lines = [(date(spell[0].step), _spell(world, spell, world.journal.events, date)) for spell in spells]
    if seen[0].step > steps[0]:
        lines[0] = (lines[0][0], f"comes onto the map with {seen[0].men} men; {lines[0][1]}")
    if len(lines) > MOST_SPELLS:
        cut = len(lines) - MOST_SPELLS
        fights = sum(_doing(spell[0].code) != "in reserve" for spell in spells[:cut])
        lines = [(lines[0][0], f"{cut} earlier spells, {fights} of them not in reserve"), *lines[cut:]]
    last = seen[-1]
    tired = ", tired" if last.code & frames.TIRED else ""
    lines.append(("now", f"{last.men} men{tired}, {_doing(last.code)}") if last.step == steps[-1] else (date(last.step), "last seen"))
    gone = sum(max(a.men - b.men, 0) for a, b in pairwise(seen))
    every = f"every {branches.history.every} days" if branches.history.every > 1 else "once a day"
    return {"since": f"Recorded from {date(steps[0])}, {every}; {gone} men fewer over the time, men who joined not counted.", "lines": lines}


def _doing(code: int) -> str:
    """What a unit does, from its bits."""
    if code & frames.INFILTRATING:
        return "infiltrates"
    if code & 7 in (Kind.FPV_TEAM, Kind.ARTILLERY):
        return "in its firing position"
    if code & frames.WAITS:
        return "on the way" if code & frames.MOVES else "in reserve"
    return "attacks" if code & frames.MOVES else "in the line"


def _spell(world: Any, spell: list[Sighting], events: list[dict], date: Any) -> str:
    """One spell: what, where, how far, men, when it grew tired, and the nearest event meanwhile."""
    first, last = spell[0], spell[-1]
    words = f"{_doing(first.code)} {near(world, first.x, first.y)}"
    far = float(np.hypot(last.x - first.x, last.y - first.y))
    if far >= 1:
        words += f", {far:.0f} km to the {POINTS[_point(last.x - first.x, last.y - first.y)]}"
    if last.men != first.men:
        words += f", from {first.men} to {last.men} men"
    worn = next((b.step for a, b in pairwise(spell) if b.code & ~a.code & frames.TIRED), None)
    if worn is not None:
        words += f", tired from {date(worn)}"
    heard = [e for e in events if e["kind"] in HEARD and first.step <= e["step"] <= last.step and
             np.hypot(e["x_km"] - first.x, e["y_km"] - first.y) < HEARD_KM]  # fmt: skip
    return words + (f". {heard[0]['words']}, {date(heard[0]['step'])}" if heard else "")


def _point(dx: float, dy: float) -> int:
    """A direction as an index into POINTS."""
    return round(np.degrees(np.arctan2(dy, dx)) / 45) % 8


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
        return f"{words}, {POINTS[_point(dx, dy)]}"
    return words


def _share(value: float) -> str:
    return f"{100 * float(value):.0f} %"


def _threat(world: Any, x: float, y: float, side: Side) -> str:
    g = world.geo
    i = min(int((x - g.x0) / BLOCK_KM), g.block_nx - 1)
    j = min(int((y - g.y0) / BLOCK_KM), g.block_ny - 1)
    return f"{float(world.blocks.threat[j * g.block_nx + i, side]):.2f} hits/km"
