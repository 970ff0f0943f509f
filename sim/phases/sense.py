"""What stands where: fire and presence around every unit, and each formation's strength.

Every group near the line spreads its men, and its men's worth in a fight, over the contact nodes around it with a
Gaussian of 0.5 km. Worth falls with strain (rotation), first days in place, suppression, hunger and poor training. The sums are
integers, so that the order of rows does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.codes import CONSOLIDATE, HOLD, INFANTRY, INFILTRATE, RESERVE, WITHDRAW
from sim.columns import kernel
from sim.fields import CONTACT, FIXED, NODE_KM, Geo, cell_at
from sim.quantity import Parameters, quantity
from sim.worth import Knobs, worth

READS = ("units", "cells")
WRITES = ("nodes", "units", "formations", "bins")


@dataclass(slots=True)
class Bins:
    """The groups that can be met in a fight, by cell: rows `order[start[c]:start[c + 1]]` stand in cell c."""

    start: np.ndarray  # (cells + 1,)
    order: np.ndarray  # (rows of units,)

    @classmethod
    def of(cls, geo: Geo, rows: int) -> Bins:
        """Bins of so many units, all empty."""
        return cls(np.zeros(geo.nx * geo.ny + 1, np.int32), np.zeros(rows, np.int32))


class Params(Parameters):
    worst: float = quantity(0.1, "", low=0.05, high=0.8, doc="worth of a man worn out beyond relief beside a fresh one", fact="modelling assumption")
    worn_days: float = quantity(60.0, "days", low=8.0, high=150.0, doc="days of strain at which half of the fall has come", fact="modelling assumption")
    new_loss: float = quantity(0.85, "", low=0.0, high=0.9, doc="share of his worth that a man lacks on his first day in a position", fact="modelling assumption")
    new_days: float = quantity(11.0, "days", low=1.0, high=20.0, doc="days in one place in which that lack falls to 1/e", fact="modelling assumption")
    from_supply: float = quantity(0.5, "", low=0.0, high=1.0, doc="share of a man's worth that hangs on supply", fact="modelling assumption")
    from_quality: float = quantity(0.9, "", low=0.0, high=1.0, doc="share of a man's worth that hangs on training", fact="modelling assumption")
    infiltrator_worth: float = quantity(0.5, "", low=0.0, high=1.0, doc="worth in a fight of an infiltrating group beside one in a position", fact="modelling assumption")


@kernel
def spread(geo, units, nodes, n, table, knobs):
    """Kernel density of presence and fire on the contact nodes: every group in position, lodged or behind the line."""
    for k in range(nodes.fire.shape[0]):
        nodes.fire[k, 0] = 0
        nodes.fire[k, 1] = 0
        nodes.presence[k, 0] = 0
        nodes.presence[k, 1] = 0
    for i in range(n):
        if units.kind[i] != INFANTRY:
            continue
        task = units.task[i]
        if task != HOLD and task != CONSOLIDATE and task != INFILTRATE:
            continue
        s = units.side[i]
        men = units.men[i] * FIXED
        fight = men * worth(units, i, units.suppression[i], knobs)
        if task == INFILTRATE:
            fight = fight * knobs.infiltrator_worth
        u = (units.x[i] - geo.x0) / NODE_KM
        v = (units.y[i] - geo.y0) / NODE_KM
        a = int(u)
        b = int(v)
        pu = int((u - a) * 16.0 + 0.5)
        pv = int((v - b) * 16.0 + 0.5)
        for dj in range(6):
            j = b + dj - 2
            if j < 0 or j >= geo.node_ny:
                continue
            wj = table[pv, dj]
            for di in range(6):
                k = a + di - 2
                if k < 0 or k >= geo.node_nx:
                    continue
                w = wj * table[pu, di]
                nodes.presence[j * geo.node_nx + k, s] += int(men * w)
                nodes.fire[j * geo.node_nx + k, s] += int(fight * w)


@kernel
def bin_contact(geo, units, n, start, order):
    """Cell list of the groups that can be met in a fight: rows `order[start[c]:start[c + 1]]` stand in cell c."""
    nc = geo.nx * geo.ny
    for c in range(nc + 1):
        start[c] = 0
    for i in range(n):
        if units.kind[i] == INFANTRY:
            units.cell[i] = cell_at(geo, units.x[i], units.y[i])
            start[units.cell[i] + 1] += (units.task[i] == HOLD) | (units.task[i] == CONSOLIDATE)
    for c in range(nc):
        start[c + 1] += start[c]
    for i in range(n):
        if (units.kind[i] == INFANTRY) & ((units.task[i] == HOLD) | (units.task[i] == CONSOLIDATE)):
            c = units.cell[i]
            order[start[c]] = i
            start[c] += 1
    for c in range(nc, 0, -1):
        start[c] = start[c - 1]
    start[0] = 0


@kernel
def count_strength(units, formations, n):
    """Recounts each formation's fit infantry and its groups in reserve or on their way there."""
    for f in range(formations.side.shape[0]):
        formations.infantry[f] = 0
        formations.ready[f] = 0
    for i in range(n):
        f = units.formation[i]
        foot = units.kind[i] == INFANTRY
        formations.infantry[f] += foot * units.men[i]
        formations.ready[f] += foot & ((units.task[i] == RESERVE) | (units.task[i] == WITHDRAW))


def run(world) -> None:
    g, u = world.geo, world.units
    spread(g, u, world.nodes, world.n, CONTACT, world.knobs("sense", Knobs))
    bin_contact(g, u, world.n, world.bins.start, world.bins.order)
    count_strength(u, world.formations, world.n)
