"""What the battle was like near each place, day by day: men, supply, strain, fire and attacks by block of 2 km, for a week.

It only looks: at the tables after every step, never at how the rules came to them. Attacks are seen by reserves that have set out
since the step before; those of groups that were formed and spent within one step are missed (tests/sim/test_reasons.py has how many).
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Any

import numpy as np
from numba import njit
from scipy.ndimage import binary_dilation

from sim.codes import (
    ARMOR,
    ASSAULT,
    CONSOLIDATE,
    DASH,
    FREE,
    GLIDE_BOMB,
    HOLD,
    INFANTRY,
    INFILTRATE,
    MARCH,
    RESERVE,
    STEPS_BACK,
    WITHDRAW,
)
from sim.columns import kernel
from sim.fields import BLOCK_KM, block_at
from sim.forces import Side

DAYS = 7  # days that are kept
ARRIVED_DAYS = 1.0  # a group has stood so long since it last arrived somewhere: it did not come from a position taken in this step


class Field(IntEnum):
    """What is recorded of a day, by block and side; the side is the one that has it, or that it falls on."""

    MEN = 0  # men in positions or lodged, at the end of the day
    FED = auto()  # these men times their supply
    WORN = auto()  # times their strain, days
    STRUCK = auto()  # times the drone hits expected on a man in a position over the day
    SHELLS = auto()  # rounds that fell on a km2
    BOMBS = auto()  # glide bombs released at it
    SENT = auto()  # groups sent beyond the line: attacks on foot, mounted and by infiltration, and those that join a lodgement
    LOST = auto()  # groups that were lost on their way to the line
    LINE = auto()  # km of line, the same for both
    OWN = auto()  # share of the block that it holds
    WORKS = auto()  # condition of its works, on that share
    THREAT = auto()  # hits per km on its movers, on that share


MEN, FED, WORN, BOMBS, SENT, LOST = (int(f) for f in (Field.MEN, Field.FED, Field.WORN, Field.BOMBS, Field.SENT, Field.LOST))
LINE, OWN, WORKS = int(Field.LINE), int(Field.OWN), int(Field.WORKS)


@njit(inline="always")
def attacks(task):
    """True for a group that is on its way beyond the line."""
    return task == ASSAULT or task == DASH or task == INFILTRATE


@kernel
def count_moves(geo, units, n, kind, task, stage, slot, today):
    """Adds to the day who set out, who was lost on the way and what bombs fell in this step, and takes the units as they are now.

    `kind`, `task`, `stage`, `slot`: the units after the step before, by row. Rows of the dead keep task and place. Those under way
    and bombs count at their goal, others where they stand.
    """
    for i in range(n):
        k = units.kind[i]
        now = units.task[i]
        s = units.side[i]
        if k == GLIDE_BOMB:  # each is on the map for one step
            today[BOMBS, 1, block_at(geo, units.goal_x[i], units.goal_y[i])] += 1.0
        elif units.slot[i] != slot[i]:
            if k != FREE and attacks(now):  # formed in this step, and out at once
                today[SENT, s, block_at(geo, units.goal_x[i], units.goal_y[i])] += 1.0
        elif (now != task[i] or k != kind[i]) and (
                (task[i] == RESERVE and kind[i] != FREE) or (task[i] == MARCH and kind[i] == INFANTRY and stage[i] != STEPS_BACK)):
            carried = now == WITHDRAW and units.goal_x[i] == units.x[i] and units.goal_y[i] == units.y[i]  # only wounded are left
            # near the line the attacker's carried come from attacks, the defender's from the road
            back = now == WITHDRAW and (units.days[i] > ARRIVED_DAYS or k == ARMOR) and (not carried or s == 0)
            if task[i] == RESERVE and attacks(now):
                today[SENT, s, block_at(geo, units.goal_x[i], units.goal_y[i])] += 1.0
            elif task[i] == RESERVE and (now == CONSOLIDATE or back):
                today[SENT, s, block_at(geo, units.x[i], units.y[i])] += 1.0
            elif k == FREE and now == MARCH:
                today[LOST, s, block_at(geo, units.goal_x[i], units.goal_y[i])] += 1.0
            elif carried:
                today[LOST, s, block_at(geo, units.x[i], units.y[i])] += 1.0
        kind[i] = k
        task[i] = now
        stage[i] = units.stage[i]
        slot[i] = units.slot[i]


@kernel
def count_standing(geo, units, cells, front, n, today):
    """Adds to the day what stands at its end: men in positions with supply and strain, the line, ground and works."""
    for i in range(n):
        if units.kind[i] == INFANTRY and (units.task[i] == HOLD or units.task[i] == CONSOLIDATE):
            b = block_at(geo, units.x[i], units.y[i])
            s = units.side[i]
            today[MEN, s, b] += units.men[i]
            today[FED, s, b] += units.men[i] * units.supply[i]
            today[WORN, s, b] += units.men[i] * units.fatigue[i]
    for k in range(front.count[0]):
        b = block_at(geo, front.x[k], front.y[k])
        today[LINE, 0, b] += front.weight[k]
        today[LINE, 1, b] += front.weight[k]
    part = (geo.cell / BLOCK_KM) ** 2  # of a block, that a cell is
    for j in range(geo.ny):
        row = block_at(geo, geo.x0, geo.y0 + (j + 0.5) * geo.cell)
        for i in range(geo.nx):
            b = row + int((i + 0.5) * geo.cell * (1.0 / BLOCK_KM))
            c = j * geo.nx + i
            held = cells.control[c]
            today[OWN, 0, b] += held * part
            today[OWN, 1, b] += (1.0 - held) * part
            today[WORKS, 0, b] += held * part * cells.works[c, 1]  # works are stored by the side they face
            today[WORKS, 1, b] += (1.0 - held) * part * cells.works[c, 0]


class LocalRecords:
    """Days of the last week, oldest first: arrays (fields, sides, blocks), written over when they are older. The battle of `world` begins here."""

    def __init__(self, world: Any) -> None:
        g = world.geo
        self._nx, self._n_blocks = g.block_nx, g.block_nx * g.block_ny
        self.days: list[np.ndarray] = []
        self._n = 0  # rows of units that were in use
        self._before: tuple[np.ndarray, ...] = ()
        self._rounds, self._struck = np.zeros((2, self._n_blocks, len(Side)))
        self._today = np.zeros((len(Field), len(Side), self._n_blocks), np.float32)
        self.step(world)
        self._begin(self._today)

    def step(self, world: Any) -> None:
        """After every step: what fell, who set out and who was lost on the way."""
        u = world.units
        self._rounds += world.blocks.rounds
        self._struck += world.blocks.static_hits
        if not self._before or self._before[0].size < u.kind.size:
            grown = tuple(np.zeros(u.kind.size, column.dtype) for column in (u.kind, u.task, u.stage, u.slot))
            for new, old in zip(grown, self._before):
                new[: old.size] = old
            self._before = grown
        count_moves(world.geo, u, max(world.n, self._n), *self._before, self._today)
        self._n = world.n

    def end_day(self, world: Any) -> None:
        """At the end of a day: how things stand; the day joins the week."""
        today = self._today
        count_standing(world.geo, world.units, world.cells, world.front, world.n, today)
        today[Field.SHELLS], today[Field.STRUCK] = self._rounds.T, today[MEN] * self._struck.T
        today[Field.THREAT] = today[OWN] * world.blocks.threat.T
        spare = self.days.pop(0) if len(self.days) == DAYS else np.empty_like(today)
        self.days.append(today)
        self._begin(spare)

    def count(self, field: Field, side: Side, cells: np.ndarray, geo: Any) -> float:
        """The sum of a field in the blocks of these cells and those beside them, over the days that are kept."""
        j, i = (((part + 0.5) * geo.cell / BLOCK_KM).astype(int) for part in np.divmod(cells, geo.nx))
        here = np.zeros((self._n_blocks // self._nx, self._nx), bool)
        here[j, i] = True
        around = binary_dilation(here, np.ones((3, 3))).ravel()
        return float(sum(day[field, side, around].sum() for day in self.days))

    def _begin(self, memory: np.ndarray) -> None:
        self._today = memory
        for array in (memory, self._rounds, self._struck):
            array.fill(0.0)
