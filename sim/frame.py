"""Snapshot of a battle as plain arrays: what a picture, a page or a file needs.

`last_frame_arrays` takes them from a live world, for `np.savez_compressed("frame.npz", **arrays)`; `frame_from_arrays`
turns them back. Row 0 of every map is the southernmost.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.measures import men_ahead

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.world import World

FRAME_FILE = "frame.npz"


@dataclass(frozen=True)
class Frame:
    """A snapshot of a battle. Maps are (ny, nx), those by side (ny, nx, 2) with the attacker first; units (u,)."""

    scenario: Scenario
    seed: int
    step: int
    date: dt.date
    control: np.ndarray  # share held by the attacker, 0..1
    control_start: np.ndarray  # the same at the start
    works: np.ndarray  # condition of works facing the attacker, the defender, 0..1
    supply: np.ndarray  # share of supply that arrives, by side, 0..1
    cut: np.ndarray  # number of the pocket a cell lies in, by side; 0 is connected
    grey: np.ndarray  # True where the attacker has men but holds less than half
    threat: np.ndarray  # expected hits per km on a mover, by the side that moves, (block rows, block columns, 2)
    x: np.ndarray  # km east, of units on the map
    y: np.ndarray  # km north
    kind: np.ndarray  # sim.forces.Kind
    side: np.ndarray  # sim.forces.Side
    task: np.ndarray  # sim.forces.Task
    men: np.ndarray  # soldiers fit

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, east, south and north edge of the box in km."""
        box = self.scenario.box
        return box.x0_km, box.x0_km + box.width_km, box.y0_km, box.y0_km + box.height_km

    @property
    def days(self) -> int:
        """Whole days since the start."""
        return (self.date - self.scenario.start).days


def last_frame_arrays(world: World) -> dict[str, np.ndarray]:
    """The present moment of a world as named arrays, ready for `np.savez_compressed`."""
    g, c, b, u = world.geo, world.cells, world.blocks, world.units
    shape = (g.ny, g.nx)
    live = world.live()
    return {
        "scenario": np.array(world.scenario.model_dump_json()),
        "clock": np.array([world.seed, world.step_index], np.int64),
        "control": c.control.reshape(shape).astype(np.float32),
        "control_start": world.sector.control0.reshape(shape).astype(np.float32),
        "works": c.works.reshape(*shape, 2).astype(np.float32),
        "supply": c.supply.reshape(*shape, 2).astype(np.float32),
        "cut": c.cut.reshape(*shape, 2).astype(np.int16),
        "grey": ((men_ahead(world) > 0) & (c.control < 0.5)).reshape(shape),
        "threat": b.threat.reshape(g.block_ny, g.block_nx, 2).astype(np.float32),
        "x": u.x[live].astype(np.float32),
        "y": u.y[live].astype(np.float32),
        "kind": u.kind[live],
        "side": u.side[live],
        "task": u.task[live],
        "men": u.men[live],
    }


def frame_from_arrays(arrays: Mapping[str, np.ndarray]) -> Frame:
    """The frame in arrays of `last_frame_arrays`."""
    from sim.scenario import Scenario

    data = {name: np.asarray(arrays[name]) for name in arrays}
    scenario = Scenario.model_validate(json.loads(str(data.pop("scenario"))))
    seed, step = (int(v) for v in data.pop("clock"))
    return Frame(scenario=scenario, seed=seed, step=step, date=scenario.date_of(step), **data)


def frame_of(world: World) -> Frame:
    """The present moment of a live world."""
    return frame_from_arrays(last_frame_arrays(world))


def frame_from_run(folder: str | Path) -> Frame:
    """The last moment of the first run in an output folder (its `frame.npz`)."""
    with np.load(Path(folder) / FRAME_FILE) as arrays:
        return frame_from_arrays(arrays)


def frame_from_maps(scenario: Scenario, seed: int, maps: np.ndarray) -> Frame:
    """The last frame of daily maps (days + 1, ny, nx), shares 0..1: control, and no units."""
    ny, nx = maps.shape[1:]
    blocks = (-(-round(ny * scenario.cell_km) // 2), -(-round(nx * scenario.cell_km) // 2), 2)
    none, still = np.zeros((ny, nx, 2), np.float32), np.zeros(0, np.int8)
    step = (len(maps) - 1) * scenario.steps_per_day
    return Frame(
        scenario=scenario, seed=seed, step=step, date=scenario.date_of(step), control=maps[-1].astype(np.float32),
        control_start=maps[0].astype(np.float32), works=none, supply=none, cut=none.astype(np.int16),
        grey=np.zeros((ny, nx), bool), threat=np.zeros(blocks, np.float32), x=np.zeros(0, np.float32),
        y=np.zeros(0, np.float32), kind=still, side=still, task=still, men=still,
    )  # fmt: skip
