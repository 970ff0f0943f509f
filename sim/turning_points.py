"""Turning points that a battle reports: breakthroughs and pockets that are held ground or a body of men, and that stand.

A ring of infiltrators in the grey zone is none: they hold nothing until they lodge. What counts on one day and is gone on the
next is none either, and what was reported is not reported again while it stands or when it comes back within a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.ndimage import label

from sim.forces import Side, Task
from sim.measures import men_in

BEYOND_KM = (3.0, 8.0)  # past the line of 7 days ago: a breakthrough, a deep one
BODY_MEN = 10  # men in positions or lodged that make a breakthrough
POCKET_MEN = 30  # of these in a pocket, a platoon, that make it one to be reported
HELD_KM2 = 1.0  # held ground that counts without men
STANDS_DAYS = 1  # days after the first on which it must still be there
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


class TurningPoints:
    """Watches over breakthroughs (beyond each of BEYOND_KM) and over the pockets of both sides."""

    def __init__(self) -> None:
        self._breaks = [Watch() for _ in BEYOND_KM]
        self._pockets = [Watch() for _ in Side]

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
