"""Turning points that a battle reports: breakthroughs and pockets that are held ground or a body of men, belts broken, ground won back.

A ring of infiltrators in the grey zone is none: they hold nothing until they lodge. What counts on one day and is gone on the
next is none either, and what was reported is not reported again while it stands or when it comes back within a week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.ndimage import label

from sim.forces import Side, Task
from sim.measures import men_in
from sim.phases.works import plan_line

BEYOND_KM = (3.0, 8.0)  # past the line of 7 days ago: a breakthrough, a deep one
BODY_MEN = 10  # men in positions or lodged that make a breakthrough
POCKET_MEN = 30  # of these in a pocket, a platoon, that make it one to be reported
HELD_KM2 = 1.0  # held ground that counts without men
STANDS_DAYS = 1  # days after the first on which it must still be there
BELT_SHARE = 0.5  # of the most of it in a cell, that makes the cell part of a belt
BELT_KM2 = 2.0  # of a belt in the attacker's hands, in one piece: it is broken there
RETAKEN_KM2 = 2.0  # taken back in one piece within RETAKEN_DAYS: a counterattack that a battle reports
RETAKEN_DAYS = 3
RETAKEN_SHARE = 0.3  # of a cell, that makes it part of the piece
COUNTER_GROUPS = 3  # groups of the defender sent there in the same days; less is ground that was left, not won
MEMORY_DAYS = 7  # days for which what was reported and is gone stays so
NO_PATCH = np.zeros(0, np.int32)
AROUND = np.ones((3, 3))  # cells that touch by edge or corner are connected


class Watch:
    """Patches of the map from day to day: which of them have just stood for STANDS_DAYS."""

    def __init__(self) -> None:
        # by cell: days for which a patch over it has counted, and days since it last did
        self._stood: dict[int, tuple[int, int]] = {}

    def new(self, patches: np.ndarray, counts: np.ndarray) -> list[np.ndarray]:
        """The cells of patches to be reported today. `patches`: number of the patch of each cell, 0 none; `counts`: by number."""
        fresh = []
        stood: dict[int, tuple[int, int]] = {}
        for number in np.flatnonzero(counts[1:]) + 1:
            cells = np.flatnonzero(patches == number)
            over = cells.tolist()
            days = max(self._stood.get(cell, (0, 0))[0] for cell in over) + 1
            stood |= dict.fromkeys(over, (min(days, STANDS_DAYS + 2), 0))
            if days == STANDS_DAYS + 1:
                fresh.append(cells)
        for cell, (days, absent) in self._stood.items():
            if cell not in stood and days > STANDS_DAYS and absent < MEMORY_DAYS:
                stood[cell] = days, absent + 1
        self._stood = stood
        return fresh


class _WatchedBelt:
    """A belt of the defender, the cells (k,) it lies in, and which of them the attacker held when it was last looked at."""

    def __init__(self, belt: Any, cells: np.ndarray) -> None:
        self.name, self.built_from, self.cells = belt.name, belt.built_from, cells
        self.watch, self.held, self.calm_days = Watch(), np.zeros(cells.size, bool), 0


class TurningPoints:
    """Watches over breakthroughs (beyond each of BEYOND_KM), pockets of both sides, the defender's belts and what he takes back."""

    def __init__(self, world: Any) -> None:
        self._breaks = [Watch() for _ in BEYOND_KM]
        self._pockets = [Watch() for _ in Side]
        self._belts = [_WatchedBelt(belt, _cells_of(world, belt)) for belt in world.scenario.belt if belt.side == "defender"]
        self._retaken = Watch()
        self._control = [world.cells.control.copy()]  # of the last days
        for _ in range(STANDS_DAYS + 1):  # what the attacker holds at the start was broken before
            list(self.belts(world))

    def breakthroughs(self, world: Any) -> list[list[np.ndarray]]:
        """Cells of each new breakthrough of the day, those beyond 3 km and those beyond 8 km."""
        g, c = world.geo, world.cells
        men = men_in(world, Side.ATTACKER, Task.HOLD, Task.CONSOLIDATE)
        held = c.control >= 0.5
        there = held | (men > 0)
        out = []
        for beyond, watch in zip(BEYOND_KM, self._breaks, strict=True):
            there &= c.front_week <= -beyond
            flat, counts = NO_PATCH, np.zeros(1, bool)
            if there.any():
                patches, n = label(there.reshape(g.ny, g.nx), AROUND)
                flat = patches.ravel()
                area = np.bincount(flat, held, n + 1) * g.cell**2
                counts = (np.bincount(flat, men, n + 1) >= BODY_MEN) | (area >= HELD_KM2)
            out.append(watch.new(flat, counts))
        return out

    def pockets(self, world: Any) -> Iterator[tuple[Side, np.ndarray]]:
        """Side and cells of each pocket to be reported today: one with a platoon in it."""
        for side, watch in zip(Side, self._pockets, strict=True):
            cut, counts = world.cells.cut[:, side], np.zeros(1, bool)
            if cut.any():
                counts = np.bincount(cut, men_in(world, side, Task.HOLD, Task.CONSOLIDATE)) >= POCKET_MEN
            for cells in watch.new(cut, counts):
                yield side, cells

    def belts(self, world: Any) -> Iterator[tuple[str, np.ndarray]]:
        """Name and cells of each belt of the defender that the attacker has broken: he holds a piece of it that stands."""
        g, held = world.geo, world.cells.control >= 0.5
        for belt in self._belts:
            now = held[belt.cells]
            belt.calm_days = 0 if not np.array_equal(now, belt.held) else belt.calm_days + 1
            belt.held = now
            if belt.calm_days > STANDS_DAYS or (belt.built_from is not None and belt.built_from > world.date):
                continue  # as it was when it was last looked at, or not there yet
            ground = np.zeros(g.nx * g.ny, bool)
            ground[belt.cells] = now
            patches, n = label(ground.reshape(g.ny, g.nx), AROUND)
            flat = patches.ravel()
            for found in belt.watch.new(flat, np.bincount(flat, minlength=n + 1) * g.cell**2 >= BELT_KM2):
                yield belt.name, found

    def counterattacks(self, world: Any, sent: Callable[[np.ndarray], float]) -> list[np.ndarray]:
        """Cells of each piece of ground that the defender has won back. `sent`: his groups sent near such cells of late."""
        g, c = world.geo, world.cells
        back = np.max(self._control, axis=0) - c.control
        self._control = [*self._control[-RETAKEN_DAYS + 1 :], c.control.copy()]
        patches, counts = NO_PATCH, np.zeros(1, bool)
        if (back > RETAKEN_SHARE).any():
            grid, n = label((back > RETAKEN_SHARE).reshape(g.ny, g.nx), AROUND)
            patches = grid.ravel()
            counts = np.bincount(patches, back, n + 1) * g.cell**2 >= RETAKEN_KM2
            counts[0] = False
            for number in np.flatnonzero(counts):
                counts[number] = sent(np.flatnonzero(patches == number)) >= COUNTER_GROUPS
        return self._retaken.new(patches, counts)


def _cells_of(world: Any, belt: Any) -> np.ndarray:
    """The cells that a belt lies in."""
    plan = np.zeros((world.cells.control.size, 1))
    for (x0, y0), (x1, y1) in pairwise(belt.points):
        plan_line(world.geo, plan, 0, x0, y0, x1, y1, belt.depth_km / 2, 1.0)
    return np.flatnonzero(plan[:, 0] > BELT_SHARE * plan.max(initial=0.0))
