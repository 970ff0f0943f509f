"""Supply in plain Python: the cheapest way from the edges to every cell, pockets, and what units and crews get.

The search settles cells in the order of cost. Of two ways that cost the same the one found first stays, so the order in
which cells of equal cost leave the heap matters; `push` and `pop` therefore say how the heap is kept.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from plain.fields import at_nodes, beside, block_at, square_center, square_of
from plain.rows import Row, rows
from sim.forces import Kind

FAR = 50.0
STRIP = 128
OWN, GREY, COVERED = 0, 1, 2
WATCHED, CLOSED = 1, 2
DIAGONAL = 1.4142135623730951
STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
NODE_SPREAD_KM2 = 1.5707963267948966  # integral of one man's presence over the ground: 2 pi times 0.5 km squared
BIN = {Kind.FPV_TEAM: 0, Kind.ARTILLERY: 1}
HERE_MEN = 0.5  # presence above which foreign ground belongs to a pocket


def push(heap_cost, heap_cell, size: int, cost: float, cell: int) -> int:
    """A new entry starts at the end and changes places with its parent while that one costs more."""
    k = size
    heap_cost[k], heap_cell[k] = cost, cell
    while k > 0 and heap_cost[(k - 1) // 2] > heap_cost[k]:
        swap(heap_cost, heap_cell, k, (k - 1) // 2)
        k = (k - 1) // 2
    return size + 1


def pop(heap_cost, heap_cell, size: int) -> tuple[float, int, int]:
    """The first entry leaves; the last takes its place and sinks below its cheaper child while that costs less."""
    cost, cell = float(heap_cost[0]), int(heap_cell[0])
    size -= 1
    heap_cost[0], heap_cell[0] = heap_cost[size], heap_cell[size]
    k = 0
    while children := [c for c in (2 * k + 1, 2 * k + 2) if c < size]:
        child = min(children, key=lambda c: heap_cost[c])
        if heap_cost[child] >= heap_cost[k]:
            break
        swap(heap_cost, heap_cell, k, child)
        k = child
    return cost, cell, size


def swap(heap_cost, heap_cell, a: int, b: int) -> None:
    """Two entries of the heap change places."""
    for column in (heap_cost, heap_cell):
        column[a], column[b] = column[b].item(), column[a].item()


def holds(cells, side: int, c: int) -> bool:
    """True where a side holds the square of the cell: half of it or more for the attacker, more than half for the defender."""
    return (cells.square_control[c].item() >= 0.5) == (side == 0)


def survey(geo, cells, nodes, blocks, load, closed, side: int, mud: float, knobs, ground, threat, slow, squeeze) -> None:
    """What supply meets in each cell: the kind of ground, expected hits per km, how many times less it carries than dry open
    country without drones, and the logarithm of what is sent by what can pass, where that is too much.

    A cell carries so many soldiers' needs: across country by its width, up to `road_men` by the class of an open road of a side's
    own. Where nothing is paved mud takes its part, and drones take theirs everywhere.
    """
    rough = knobs.rough_men * geo.cell
    for cell in rows(cells, geo.nx * geo.ny):
        c = cell.row
        x, y = square_center(geo, c)
        covered = at_nodes(geo, nodes.fire, 1 - side, x, y) >= knobs.blocked_fire
        ground[c] = OWN if holds(cells, side, c) else COVERED if covered else GREY
        shut = closed[c, side]
        good = cell.road * 0.25 if ground[c] == OWN and shut != CLOSED else 0.0
        threat[c] = blocks.threat[block_at(geo, x, y), side].item() + (knobs.closed_threat if shut in (WATCHED, CLOSED) else 0.0)
        better = 1.0 + good * max(knobs.road_men / knobs.rough_men - 1.0, 0.0)
        muddy = 1.0 - knobs.mud_slows * mud * (1.0 - good)
        slow[c] = 1.0 / (better * muddy)
        wide = rough + good * (max(knobs.road_men, rough) - rough)
        room = wide * muddy / (1.0 + threat[c].item() / knobs.halving_hits)
        sent = load[c, side].item()
        squeeze[c] = math.log(sent / room) if sent > room else 0.0


def rate_per_km(geo, cells, ground, slow, side: int, c: int, e: int, knobs) -> float:
    """Loss of supply per km from cell `c` into cell `e` without drones; -1 where there is no way.

    Own ground: by what the worse of both cells carries. Ground that is not own: when nobody covers it with fire, or as
    the last stretch from own ground, at a price. All of a square is paid for where it is entered.
    """
    if ground[e] == OWN:
        return knobs.rough_cost * max(slow[e].item(), slow[c].item())
    if square_of(geo, c) == square_of(geo, e):
        return 0.0
    if ground[e] == GREY:
        return knobs.grey_cost * geo.per
    depth = cells.depth[c].item()
    if (depth >= 0.0) if side == 0 else (depth <= 0.0):
        return knobs.last_stretch * knobs.grey_cost * geo.per
    return -1.0


def search(geo, cells, nodes, blocks, source, load, closed, side: int, mud: float, knobs, parent, heap_cost, heap_cell) -> None:
    """Cheapest way from a side's edges to every cell it can reach; the share that arrives is exp(-cost).

    The most overloaded cell of a way adds its squeeze. Strips of the map are searched in turn until none is improved from its
    neighbors.
    """
    ground = np.zeros(geo.nx * geo.ny, np.int8)
    threat, slow, squeeze = (np.zeros(geo.nx * geo.ny) for _ in range(3))
    survey(geo, cells, nodes, blocks, load, closed, side, mud, knobs, ground, threat, slow, squeeze)
    worst = squeeze.copy()
    for cell in rows(cells, geo.nx * geo.ny):
        starts = source[cell.row, side] == 1 and holds(cells, side, cell.row)
        cell.cost[side], cell.way[side] = (worst[cell.row] if starts else FAR), 0.0
    parent[:] = -1
    strips = math.ceil(geo.ny / STRIP)
    dirty, first = [True] * strips, True
    while any(dirty):
        for s in range(strips):
            if dirty[s]:
                dirty[s] = False
                search_strip(geo, cells, ground, threat, slow, squeeze, worst, parent, side, knobs, heap_cost, heap_cell, s, first, dirty)
        first = False
    for cell in rows(cells, geo.nx * geo.ny):
        cost = cell.cost[side].item()
        cell.supply[side] = math.exp(-cost) if cost < FAR else 0.0


def search_strip(geo, cells, ground, threat, slow, squeeze, worst, parent, side: int, knobs, heap_cost, heap_cell, strip: int,
                 first: bool, dirty) -> None:
    """Searches on from what is known in one strip: all of it the first time, else its outer rows.

    Cells of other strips are improved too, but only searched on from when their strip's turn comes (`dirty`).
    """
    cost, hits = cells.cost[:, side], cells.way[:, side]
    lines = range(strip * STRIP, min((strip + 1) * STRIP, geo.ny))
    known = lines if first else sorted({lines[0], lines[-1]})
    size = 0
    for c in (c for j in known for c in range(j * geo.nx, (j + 1) * geo.nx)):
        if cost[c] < FAR:
            size = push(heap_cost, heap_cell, size, cost[c].item(), c)
    while size > 0:
        paid, c, size = pop(heap_cost, heap_cell, size)
        if paid > cost[c]:
            continue  # reached more cheaply since
        for e, length in around(geo, c):
            if cost[e] <= paid:
                continue
            rate = rate_per_km(geo, cells, ground, slow, side, c, e, knobs)
            if rate < 0.0:
                continue
            new = paid + length * (rate + knobs.threat_cost * threat[e].item()) + max(squeeze[e].item() - worst[c].item(), 0.0)
            if new >= cost[e]:
                continue
            cost[e], hits[e] = new, hits[c].item() + length * threat[e].item()
            worst[e], parent[e] = max(squeeze[e], worst[c]), c
            if e // geo.nx not in lines:
                dirty[e // geo.nx // STRIP] = True
            elif size < len(heap_cost):
                size = push(heap_cost, heap_cell, size, new, e)


def send(units, n: int, load, side: int, shells: float, weight: float, shell_men: float, parent, stack) -> None:
    """Each unit's needs pass every cell of its way; the running mean of what a cell passes comes nearer to today's.

    A unit needs what its men do; a gun its part of the shells as well, in whole soldiers' needs.
    """
    own = [unit for unit in rows(units, n) if unit.kind != Kind.FREE and unit.side == side]
    guns = sum(unit.kind == Kind.ARTILLERY for unit in own)
    passed = [0] * len(load)
    for unit in own:
        needs = unit.men + (int(shells / guns * shell_men) if unit.kind == Kind.ARTILLERY else 0)
        c = unit.cell
        while c >= 0:
            passed[c] += needs
            c = parent[c].item()
    for c, today in enumerate(passed):
        before = load[c, side].item()
        load[c, side] = before + (today - before) * weight


def around(geo, c: int) -> list[tuple[int, float]]:
    """The cells beside and across the corners of cell `c` that the map has, with the distance to their centers, km."""
    j, i = divmod(c, geo.nx)
    steps = [(i + east, j + north, DIAGONAL if east and north else 1.0) for east, north in STEPS]
    return [(b * geo.nx + a, geo.cell * far) for a, b, far in steps if 0 <= a < geo.nx and 0 <= b < geo.ny]


def label_pockets(geo, cells, nodes, side: int, least_men: float, stack) -> int:
    """Numbers the connected pieces of cut-off ground with at least `least_men`; returns how many.

    A piece grows from a cell that no supply reaches, and that the side holds or has men on, to neighbors of that kind.
    """
    def men_at(c: int) -> float:
        return at_nodes(geo, nodes.presence, side, *square_center(geo, c))

    n = geo.nx * geo.ny
    loose = {c for c in range(n) if cells.cost[c, side] >= FAR}
    number, found = [0] * n, 0
    for start in range(n):
        if start not in loose or not (holds(cells, side, start) or men_at(start) > HERE_MEN):
            continue
        loose.remove(start)
        piece, men = [start], 0.0
        for c in piece:  # grows while it is walked
            men += men_at(c) * geo.cell * geo.cell / NODE_SPREAD_KM2
            for e in beside(geo.nx, geo.ny, c):
                if e in loose and (holds(cells, side, e) or men_at(e) > HERE_MEN):
                    loose.remove(e)
                    piece.append(e)
        if men >= least_men:
            found += 1
            for c in piece:
                number[c] = found
    cells.cut[:n, side] = number
    return found


def distribute(units, cells, n: int, share: float, deliveries, cap, enabled: bool) -> None:
    """Supply of every unit comes nearer to what reaches its cell; crews get their even part of drones or shells."""
    crews = Counter((unit.side, unit.kind) for unit in rows(units, n))
    for unit in rows(units, n):
        if unit.kind == Kind.FREE:
            continue
        reach = Row(cells, unit.cell).supply[unit.side].item() if enabled else 1.0
        unit.supply += (reach - unit.supply) * share
        if unit.kind in BIN:
            k = BIN[unit.kind]
            part = deliveries[unit.side, k].item() / crews[unit.side, unit.kind]
            unit.stock = min(unit.stock + part * reach, cap[unit.side, k].item())
