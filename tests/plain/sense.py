"""What stands where, in plain Python: fire and presence on the contact nodes, groups by cell, formations' strength."""

from __future__ import annotations

from collections import Counter

from plain.fields import FIXED, NODE_KM, cell_at
from plain.rows import rows
from plain.worth import worth
from sim.forces import Kind, Task

IN_CONTACT = (Task.HOLD, Task.CONSOLIDATE)


def infantry(units, n: int):
    """The groups of infantry among the first `n` rows."""
    return (unit for unit in rows(units, n) if unit.kind == Kind.INFANTRY)


def near_nodes(geo, x: float, y: float, table):
    """The nodes around a point with their weights: six by six, by the nearest sixteenth of a spacing."""

    def axis(position: float, n: int) -> list[tuple[int, float]]:
        first = int(position)
        sixteenth = int((position - first) * 16.0 + 0.5)
        return [(first + k - 2, table[sixteenth, k].item()) for k in range(6) if 0 <= first + k - 2 < n]

    columns = axis((x - geo.x0) / NODE_KM, geo.node_nx)
    for j, up in axis((y - geo.y0) / NODE_KM, geo.node_ny):
        for i, across in columns:
            yield j * geo.node_nx + i, up * across


def spread(geo, units, nodes, n: int, table, knobs) -> None:
    """Every group in position, lodged or behind the line lies on the nodes around it; behind the line it fights less.

    Each contribution is cut to a whole number, so that sums do not depend on their order.
    """
    fire, presence = Counter(), Counter()
    for unit in infantry(units, n):
        if unit.task not in (*IN_CONTACT, Task.INFILTRATE):
            continue
        men = unit.men * FIXED
        fight = men * worth(units, unit.row, unit.suppression, knobs)
        if unit.task == Task.INFILTRATE:
            fight *= knobs.infiltrator_worth
        for k, weight in near_nodes(geo, unit.x, unit.y, table):
            presence[k, unit.side] += int(men * weight)
            fire[k, unit.side] += int(fight * weight)
    for column, sums in ((nodes.fire, fire), (nodes.presence, presence)):
        column[:] = 0
        for place, value in sums.items():
            column[place] = value


def bin_contact(geo, units, n: int, start, order) -> None:
    """Lists the groups in position or lodged by cell, in the order of rows; brings every group's cell up to date."""
    lists = [[] for _ in range(geo.nx * geo.ny)]
    for unit in infantry(units, n):
        unit.cell = cell_at(geo, unit.x, unit.y)
        if unit.task in IN_CONTACT:
            lists[unit.cell].append(unit.row)
    filled = 0
    start[0] = 0
    for c, here in enumerate(lists):
        order[filled:filled + len(here)] = here
        filled += len(here)
        start[c + 1] = filled


def count_strength(units, formations, n: int) -> None:
    """Recounts each formation's fit infantry and its groups in reserve or on their way there."""
    men, ready = Counter(), Counter()
    for unit in infantry(units, n):
        men[unit.formation] += unit.men
        ready[unit.formation] += unit.task in (Task.RESERVE, Task.WITHDRAW)
    for formation in rows(formations):
        formation.infantry, formation.ready = men[formation.row], ready[formation.row]
