"""Frames: one moment of a battle as layers of bytes, with its date, weather and counts.

Layers are little-endian and packed column after column. A layer that did not change is the same object as before, so
that a session knows what the browser already has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.forces import Kind, Side, Task
from sim.measures import men_ahead
from sim.view.page.messages.map_message import share

Layers = dict[str, bytes]

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
    per km by block. flags: 1 grey zone, 2 and 4 cut off (attacker, defender). bombs: x u2, y u2.
    """
    c, b, u = world.cells, world.blocks, world.units
    live = world.live()
    flags = ((men_ahead(world) > 0) & (c.control < 0.5)).astype(np.uint8)
    flags |= (c.cut[:, 0] > 0).astype(np.uint8) << 1 | (c.cut[:, 1] > 0).astype(np.uint8) << 2
    bombs = u.kind[live] == BOMB
    new = {
        "units": _units(world, live[~bombs]),
        "control": share(c.control, 250.0),
        "works": share(c.works.T),
        "supply": share(c.supply.T),
        "flags": flags.tobytes(),
        "threat": share(b.threat.T / 2.55),
        "bombs": _places(world, live[bombs]),
    }
    if before is None:
        return new
    return {name: before[name] if before.get(name) == data else data for name, data in new.items()}


def _places(world: Any, rows: np.ndarray) -> bytes:
    return _scaled(world.units.x[rows], world.geo.x0, world.geo.width) + _scaled(
        world.units.y[rows], world.geo.y0, world.geo.height
    )


def _scaled(values: np.ndarray, low: float, width: float) -> bytes:
    return np.round(np.clip((values - low) / width, 0.0, 1.0) * 65535).astype("<u2").tobytes()


def _units(world: Any, rows: np.ndarray) -> bytes:
    u, g = world.units, world.geo
    ids = unit_ids(u.slot[rows])
    order = np.argsort(ids, kind="stable")
    rows, ids = rows[order], ids[order]
    task = u.task[rows]
    code = u.kind[rows].astype(np.uint8) | (u.side[rows].astype(np.uint8) << 3)
    code |= (task == Task.INFILTRATE) * np.uint8(INFILTRATING) | np.isin(task, WAITING) * np.uint8(WAITS)
    code |= ((u.kind[rows] == Kind.INFANTRY) & (u.fatigue[rows] >= TIRED_DAYS)) * np.uint8(TIRED) | np.isin(task, MOVING) * np.uint8(MOVES)
    return b"".join(
        (
            ids.astype("<u4").tobytes(),
            _scaled(u.x[rows], g.x0, g.width),
            _scaled(u.y[rows], g.y0, g.height),
            np.clip(u.men[rows], 0, 255).astype(np.uint8).tobytes(),
            code.tobytes(),
            share(u.supply[rows]),
        )
    )


UNIT_BYTES = 11  # of one unit in the layer `units`


def moment(world: Any) -> dict[str, Any]:
    """When it is, what weather, and who is on the map, as JSON."""
    per_day = world.scenario.steps_per_day
    step = world.step_index
    part = ((step - 1) % per_day if step else 0) * len(MOMENTS) // per_day if per_day >= 4 else 1
    day = (step - 1) // per_day if step else 0
    live = world.live()
    u, sky = world.units, world.weather.sky
    kind, side, task = u.kind[live], u.side[live], u.task[live]
    ring = task == Task.INFILTRATE
    counts = []
    for s in Side:
        mine = side == s
        foot = mine & (kind == Kind.INFANTRY)
        counts.append(
            [
                int((foot & ~ring).sum()),
                int((foot & ring).sum()),
                int((mine & (kind == Kind.FPV_TEAM)).sum()),
                int((mine & (kind == Kind.ARTILLERY)).sum()),
                int((mine & (kind == Kind.ARMOR)).sum()),
                int((foot & (u.fatigue[live] >= TIRED_DAYS)).sum()),
                int((mine & np.isin(task, MOVING)).sum()),
            ]
        )
    return {
        "step": step,
        "day": day,
        "part": int(part),
        "sky": {name: round(float(getattr(sky, name)), 3) for name in sky._fields},
        "counts": counts,
        "units": int(live.size),
        "held": round(float(world.cells.control.sum()) * world.geo.cell**2, 1),
    }
