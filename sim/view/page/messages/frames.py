"""Frames: one moment of a battle as layers of bytes, with its date, weather and counts.

Layers are little-endian and packed column after column. A layer that did not change is the same object as before, so
that a session knows what the browser already has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.errors import InputError
from sim.forces import Kind, Side, Task
from sim.measures import men_ahead
from sim.plugin_files import parts_of
from sim.traits import kind_numbers
from sim.view.page.messages.map_message import share

Layers = dict[str, bytes]
Extent = tuple[float, float, float, float]  # west, east, south and north edge, km

MOMENTS = ("dawn", "day", "dusk", "night")  # a step of six hours begins at 3, 9, 15, 21 h
WAITING = (int(Task.RESERVE), int(Task.MARCH), int(Task.WITHDRAW))
MOVING = (int(Task.MARCH), int(Task.ASSAULT), int(Task.DASH), int(Task.WITHDRAW), int(Task.INFILTRATE))
TIRED_DAYS = 60.0  # of strain: half of what strain can take of the morale is gone (`phases/morale.py`)
INFILTRATING, WAITS, TIRED, MOVES = 16, 32, 64, 128  # bits of a unit's code
BOMB = int(Kind.GLIDE_BOMB)


def unit_ids(slots: np.ndarray) -> np.ndarray:
    """Slots (64 bits) as names of 32 bits that stay the same from frame to frame."""
    s = slots.astype(np.uint64)
    return ((s ^ (s >> np.uint64(24)) * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def layers(world: Any, before: Layers | None = None) -> Layers:
    """The present moment as bytes by layer; what equals `before` is handed on as the same object.

    units: id u4, x u2, y u2 (65535 = the box), men u1, code u1 (kind, 8 for the defender, 16 infiltrating, 32 waiting,
    64 tired infantry, 128 on the move), supply u1; by id. control, works, supply: one byte a cell (by side: attacker's first). threat: hundredths of a hit
    per km by block. `layer NAME`: a plugin's, one byte a cell. flags: 1 grey zone, 2 and 4 cut off (attacker, defender). bombs: x u2, y u2.
    """
    c, b, u = world.cells, world.blocks, world.units
    live = world.live()
    bombs = u.kind[live] == BOMB
    fallen = live[bombs]
    new = {
        "units": _units(world, live[~bombs]),
        "control": share(c.control, 250.0),
        "works": share(c.works.T),
        "supply": share(c.supply.T),
        "flags": flag_bytes((men_ahead(world) > 0) & (c.control < 0.5), c.cut),
        "threat": share(b.threat.T / 2.55),
        "bombs": places(u.x[fallen], u.y[fallen], extent_of(world)),
        **added_layers(world),
    }
    if before is None:
        return new
    return {name: before[name] if before.get(name) == data else data for name, data in new.items()}


def added_layers(world: Any) -> Layers:
    """The layers of plugins, one byte a cell, by `layer NAME`; InputError for one that is no field of the cells."""
    out = {}
    for name, part in parts_of(world.scenario.plugins, "layer").items():
        values = np.asarray(part.of(world), float)
        if values.shape != world.cells.control.shape or not np.isfinite(values).all():
            raise InputError(f"layer {name!r} of a plugin: allowed: a finite share for each of {world.cells.control.size} cells, not {values.shape}.")
        out[f"layer {name}"] = share(values)
    return out


def places(x: np.ndarray, y: np.ndarray, extent: Extent) -> bytes:
    """Places in km as x u2 and y u2 within the box (west, east, south, north)."""
    west, east, south, north = extent
    return _scaled(x, west, east - west) + _scaled(y, south, north - south)


def _scaled(values: np.ndarray, low: float, width: float) -> bytes:
    return np.round(np.clip((values - low) / width, 0.0, 1.0) * 65535).astype("<u2").tobytes()


def extent_of(world: Any) -> Extent:
    """West, east, south and north edge of a world's box, km."""
    g = world.geo
    return g.x0, g.x0 + g.width, g.y0, g.y0 + g.height


def _units(world: Any, rows: np.ndarray) -> bytes:
    u = world.units
    ids = unit_ids(u.slot[rows])
    order = np.argsort(ids, kind="stable")
    rows = rows[order]
    tired = (u.kind[rows] == Kind.INFANTRY) & (u.fatigue[rows] >= TIRED_DAYS)
    where = places(u.x[rows], u.y[rows], extent_of(world))
    return unit_bytes(ids[order], where, u.men[rows], u.kind[rows], u.side[rows], u.task[rows], tired, share(u.supply[rows]))


def unit_bytes(
    ids: np.ndarray, where: bytes, men: np.ndarray, kind: np.ndarray, side: np.ndarray, task: np.ndarray, tired: np.ndarray, supply: bytes
) -> bytes:
    """The layer `units`, by its columns (n,)."""
    code = kind.astype(np.uint8) | (side.astype(np.uint8) << 3)
    code |= (task == Task.INFILTRATE) * np.uint8(INFILTRATING) | np.isin(task, WAITING) * np.uint8(WAITS)
    code |= tired * np.uint8(TIRED) | np.isin(task, MOVING) * np.uint8(MOVES)
    return b"".join((ids.astype("<u4").tobytes(), where, np.clip(men, 0, 255).astype(np.uint8).tobytes(), code.tobytes(), supply))


def flag_bytes(grey: np.ndarray, cut: np.ndarray) -> bytes:
    """The layer `flags` from the grey zone (cells,) and the pockets by side (cells, 2)."""
    return (grey.astype(np.uint8) | (cut[..., 0] > 0).astype(np.uint8) << 1 | (cut[..., 1] > 0).astype(np.uint8) << 2).tobytes()


UNIT_BYTES = 11  # of one unit in the layer `units`


def moment(world: Any) -> dict[str, Any]:
    """When it is, what weather, and who is on the map, as JSON."""
    per_day = world.scenario.steps_per_day
    step = world.step_index
    part = ((step - 1) % per_day if step else 0) * len(MOMENTS) // per_day if per_day >= 4 else 1
    day = (step - 1) // per_day if step else 0
    live = world.live()
    u, sky = world.units, world.weather.sky
    return {
        "step": step,
        "day": day,
        "part": int(part),
        "sky": {name: round(float(getattr(sky, name)), 3) for name in sky._fields},
        "counts": [[*row, *more] for row, more in zip(
            counts(u.kind[live], u.side[live], u.task[live], u.fatigue[live] >= TIRED_DAYS), _counts_added(world, live), strict=True)],
        "units": int(live.size),
        "held": round(float(world.cells.control.sum()) * world.geo.cell**2, 1),
    }


def _counts_added(world: Any, live: np.ndarray) -> list[list[int]]:
    """Units of the kinds of plugins, by side, in their order."""
    u, kinds = world.units, [n for n in kind_numbers(world.scenario).values() if n > BOMB]
    return [[int(((u.kind[live] == k) & (u.side[live] == s)).sum()) for k in kinds] for s in Side]


COUNTED = 7  # figures by side; the sixth is that of the tired


def counts(kind: np.ndarray, side: np.ndarray, task: np.ndarray, tired: np.ndarray) -> list[list[int]]:
    """Groups by side: infantry, infiltrators, FPV teams, batteries, armor, tired infantry, on the move."""
    ring, foot = task == Task.INFILTRATE, kind == Kind.INFANTRY
    kinds = (foot & ~ring, foot & ring, *(kind == k for k in (Kind.FPV_TEAM, Kind.ARTILLERY, Kind.ARMOR)), foot & tired, np.isin(task, MOVING))
    return [[int((k & (side == s)).sum()) for k in kinds] for s in Side]
