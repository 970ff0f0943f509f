"""Supply: what reaches each cell from the sector's edges, and what units and crews get of it.

Once a day a shortest-path search (Dijkstra 1959) runs from each side's edges over ground it holds, or that nobody covers
with fire; one square from its own ground it goes under fire, by night. A path costs little on a good road, more off it, and more
the more the other side's drones reach it; the share that arrives is exp(-cost). The same search carries the expected hits on a
group that walks up from the rear. Ground that no path reaches is cut off: a pocket.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

import seeds
from sim.codes import ARTILLERY, FPV
from sim.columns import array_kernel, kernel
from sim.fields import Cells, Geo, at_nodes, block_at, square_center, square_of
from sim.forces import Side
from sim.quantity import Parameters, quantity

if TYPE_CHECKING:
    from sim.scenario import Scenario

READS = ("cells", "blocks", "nodes", "units")
WRITES = ("cells", "units")
FAR = 50.0
STRIP = 128  # rows of cells searched at a time: more than any real sector's
DIAGONAL = 1.4142135623730951
ROAD_CLASS = 0.25  # of a good road: what one class of road is worth
MAN_KM2 = 1.5707963267948966  # integral of one man's presence over the ground: 2 pi CONTACT_SD_KM^2
OWN, GREY, COVERED = 0, 1, 2  # ground to a side's supply: held, held by nobody's fire, under the enemy's fire


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="supply flows along roads and is thinned by threat; off: everybody has all", fact="modelling assumption", role="lever")
    road_cost: float = quantity(0.003, "1/km", low=0.0, high=0.05, doc="loss of supply per km of the best road", fact="modelling assumption")
    rough_cost: float = quantity(0.012, "1/km", low=0.001, high=0.3, doc="loss of supply per km across country", fact="modelling assumption")
    grey_cost: float = quantity(0.45, "1/km", low=0.05, high=2.0, doc="loss of supply per km through ground that nobody holds", fact="modelling assumption")
    threat_cost: float = quantity(0.10, "1/hit", low=0.0, high=2.0, doc="loss of supply per expected drone hit on the way", fact="drone_roads_2025_04")
    blocked_fire: float = quantity(1.5, "soldiers", low=0.2, high=10.0, doc="enemy fire that closes ground to supply", fact="modelling assumption")
    days: float = quantity(3.0, "days", low=0.5, high=14.0, doc="how long stocks in a position last", fact="modelling assumption")
    cut_road: bool = quantity(False, "switch", doc="the H-32 (T0504) east of Myrnohrad is closed to the defender", fact="drone_roads_2025_04", role="lever", short="cut_h32")
    closed_threat: float = quantity(3.0, "hits/km", low=0.0, high=20.0, doc="expected drone hits per km on a closed road, besides those there are", fact="modelling assumption")
    last_stretch: float = quantity(2.0, "", low=1.0, high=10.0, doc="price of a square under enemy fire, entered from own ground, beside `grey_cost`", fact="modelling assumption")
    pocket_men: float = quantity(4.0, "soldiers", low=1.0, high=50.0, doc="men that cut-off ground must hold to count as a pocket", fact="modelling assumption")
    drone_days: float = quantity(4.0, "days", low=1.0, high=20.0, doc="most drones that a crew keeps, in days of full work", fact="modelling assumption")
    shell_days: float = quantity(5.0, "days", low=1.0, high=20.0, doc="most shells that a battery keeps, in days of full fire", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields])


@dataclass(slots=True)
class SupplyNetwork:
    """Where supply enters the sector, and which road the lever `cut_road` closes."""

    sources: np.ndarray  # (cells, 2) int8: 1 where a side's supply enters: its own ground at the box's edge
    h32: np.ndarray  # (cells,) int8: 1 on the H-32 (T0504) between Myrnohrad and the sector's east

    @classmethod
    def of(cls, geo: Geo, cells: Cells, scenario: Scenario) -> SupplyNetwork:
        """The network at the start of a battle."""
        edge = np.zeros((geo.ny, geo.nx), bool)
        edge[[0, -1], :] = True
        edge[:, [0, -1]] = True
        held = (cells.square_control >= 0.5).reshape(geo.ny, geo.nx)
        sources = np.column_stack([(edge & held).ravel(), (edge & ~held).ravel()]).astype(np.int8)
        return cls(sources, _h32(geo, scenario))


def _h32(geo: Geo, scenario: Scenario) -> np.ndarray:
    """Cells of the H-32 east of Myrnohrad; none in a made-up sector."""
    out = np.zeros(geo.nx * geo.ny, np.int8)
    if scenario.map.synthetic:
        return out
    points = [(float(r["x_km"]), float(r["y_km"])) for r in seeds.table("roads") if r["line_id"].startswith("T0504")]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        for t in np.linspace(0, 1, max(2, int(4 * math.hypot(x1 - x0, y1 - y0) / geo.cell))):
            x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
            if geo.x0 <= x < geo.x0 + geo.width and geo.y0 <= y < geo.y0 + geo.height and x > 41.0:
                out[int((y - geo.y0) / geo.cell) * geo.nx + int((x - geo.x0) / geo.cell)] = 1
    return out


@kernel
def push(heap_cost, heap_cell, size, cost, cell):
    """Adds to a binary heap; returns the new size."""
    k = size
    while k > 0:
        up = (k - 1) >> 1
        if heap_cost[up] <= cost:
            break
        heap_cost[k] = heap_cost[up]
        heap_cell[k] = heap_cell[up]
        k = up
    heap_cost[k] = cost
    heap_cell[k] = cell
    return size + 1


@kernel
def pop(heap_cost, heap_cell, size):
    """Takes the cheapest entry off a binary heap; returns its cost, its cell and the new size."""
    cost = heap_cost[0]
    cell = heap_cell[0]
    size -= 1
    last_cost = heap_cost[size]
    last_cell = heap_cell[size]
    k = 0
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size:
            child += int(heap_cost[child + 1] < heap_cost[child])  # no branch, which could not be predicted
        if heap_cost[child] >= last_cost:
            break
        heap_cost[k] = heap_cost[child]
        heap_cell[k] = heap_cell[child]
        k = child
    heap_cost[k] = last_cost
    heap_cell[k] = last_cell
    return cost, cell, size


@kernel
def survey(geo, cells, nodes, blocks, closed, side, knobs, ground, threat):
    """Ground and threat of each cell for the search: own, grey or covered by fire; expected hits per km."""
    for j in range(geo.ny):
        for i in range(geo.nx):
            c = j * geo.nx + i
            x, y = square_center(geo, c)
            ground[c] = COVERED
            if (cells.square_control[c] >= 0.5) == (side == 0):
                ground[c] = OWN
            elif at_nodes(geo, nodes.fire, 1 - side, x, y) < knobs.blocked_fire:
                ground[c] = GREY
            threat[c] = blocks.threat[block_at(geo, x, y), side]
            if closed[c] == 1 and side == 1:
                threat[c] += knobs.closed_threat


@njit(inline="always")
def rate_per_km(geo, cells, ground, closed, side, c, e, knobs):
    """Loss of supply per km from cell `c` into its neighbor `e` without drones; -1 where there is no way.

    Own ground: by the road that both cells have, if open. Ground that is not own is paid for by the square, all of it where
    it is entered: when nobody covers it with fire, or as the last stretch from own ground, by night, at a price.
    """
    if ground[e] == OWN:
        good = min(cells.road[e], cells.road[c]) * ROAD_CLASS
        if closed[e] == 1 and side == 1:
            good = 0.0
        return knobs.rough_cost + good * (knobs.road_cost - knobs.rough_cost)
    if square_of(geo, c) == square_of(geo, e):
        return 0.0
    if ground[e] == GREY:
        return knobs.grey_cost * geo.per
    if cells.depth[c] >= 0.0 if side == 0 else cells.depth[c] <= 0.0:
        return knobs.last_stretch * knobs.grey_cost * geo.per
    return -1.0


@kernel
def search_strip(geo, cells, ground, threat, closed, side, knobs, heap_cost, heap_cell, strip, first, dirty):
    """Dijkstra's search within one strip: from its sources the first time, else from its outer rows."""
    nx = geo.nx
    low = strip * STRIP
    high = min(low + STRIP, geo.ny)
    size = 0
    for j in range(low, high):
        if first or j == low or j == high - 1:
            for c in range(j * nx, (j + 1) * nx):
                if cells.cost[c, side] < FAR:
                    size = push(heap_cost, heap_cell, size, cells.cost[c, side], c)
    while size > 0:
        cost, c, size = pop(heap_cost, heap_cell, size)
        if cost > cells.cost[c, side]:
            continue
        i = c % nx
        j = c // nx
        for d in range(8):
            di = (1, -1, 0, 0, 1, 1, -1, -1)[d]
            dj = (0, 0, 1, -1, 1, -1, 1, -1)[d]
            a = i + di
            b = j + dj
            if a < 0 or a >= nx or b < 0 or b >= geo.ny:
                continue
            e = b * nx + a
            if cells.cost[e, side] <= cost:
                continue
            length = geo.cell * (DIAGONAL if d >= 4 else 1.0)
            rate = rate_per_km(geo, cells, ground, closed, side, c, e, knobs)
            if rate < 0.0:
                continue
            new = cost + length * (rate + knobs.threat_cost * threat[e])
            if new < cells.cost[e, side]:
                cells.cost[e, side] = new
                cells.way[e, side] = cells.way[c, side] + length * threat[e]
                if b < low or b >= high:
                    dirty[b // STRIP] = True
                elif size < heap_cost.shape[0]:
                    size = push(heap_cost, heap_cell, size, new, e)


@array_kernel
def search(geo, cells, nodes, blocks, source, closed, side, knobs, heap_cost, heap_cell):
    """Shortest paths (Dijkstra 1959) from a side's edges to every cell it can reach; writes `supply` and `way`.

    The map is searched in strips of STRIP rows, again and again until no strip is improved from its neighbors: the same
    costs as one search, and what is worked on stays near in memory on a large sector.
    """
    n = geo.nx * geo.ny
    for c in range(n):
        cells.cost[c, side] = FAR
        cells.way[c, side] = 0.0
        if source[c, side] == 1 and (cells.square_control[c] >= 0.5) == (side == 0):
            cells.cost[c, side] = 0.0
    strips = (geo.ny + STRIP - 1) // STRIP
    dirty = np.ones(strips, np.bool_)
    ground = np.empty(n, np.int8)
    threat = np.empty(n)
    survey(geo, cells, nodes, blocks, closed, side, knobs, ground, threat)
    first = True
    again = True
    while again:
        again = False
        for s in range(strips):
            if dirty[s]:
                dirty[s] = False
                again = True
                search_strip(geo, cells, ground, threat, closed, side, knobs, heap_cost, heap_cell, s, first, dirty)
        first = False
    for c in range(n):
        cells.supply[c, side] = math.exp(-cells.cost[c, side]) if cells.cost[c, side] < FAR else 0.0


@kernel
def label_pockets(geo, cells, nodes, side, least_men, stack):
    """Connected components of cut-off ground that hold at least `least_men`, numbered; returns how many.

    A cell is cut off when no supply reaches it and the side holds it or has men on it.
    """
    nx = geo.nx
    n = nx * geo.ny
    for c in range(n):
        cells.cut[c, side] = 0
    found = 0
    for start in range(n):
        if cells.cut[start, side] != 0 or cells.cost[start, side] < FAR:
            continue
        if (cells.square_control[start] >= 0.5) != (side == 0):
            sx, sy = square_center(geo, start)
            if at_nodes(geo, nodes.presence, side, sx, sy) <= 0.5:
                continue
        men = 0.0
        top = 0
        stack[0] = start
        cells.cut[start, side] = -1
        size = 1
        while top < size:
            c = stack[top]
            top += 1
            x, y = square_center(geo, c)
            here = at_nodes(geo, nodes.presence, side, x, y)
            men += here * geo.cell * geo.cell / MAN_KM2
            for d in range(4):
                i = c % nx + (1 if d == 0 else (-1 if d == 1 else 0))
                j = c // nx + (1 if d == 2 else (-1 if d == 3 else 0))
                if i < 0 or i >= nx or j < 0 or j >= geo.ny:
                    continue
                e = j * nx + i
                if cells.cut[e, side] != 0 or cells.cost[e, side] < FAR:
                    continue
                own = (cells.square_control[e] >= 0.5) == (side == 0)
                ex, ey = square_center(geo, e)
                if own or at_nodes(geo, nodes.presence, side, ex, ey) > 0.5:
                    cells.cut[e, side] = -1
                    stack[size] = e
                    size += 1
        number = 0
        if men >= least_men:
            found += 1
            number = found
        for k in range(size):
            cells.cut[stack[k], side] = number if number > 0 else -2
    for c in range(n):
        if cells.cut[c, side] < 0:
            cells.cut[c, side] = 0
    return found


@array_kernel
def distribute(units, cells, n, share, deliveries, cap, enabled):
    """Brings supply to units, and drones and shells to crews.

    `deliveries`: (side, 2) drones and shells in this step, shared evenly among crews; what a cell's supply does not let
    through is lost on the way. `cap`: (2,) most drones and shells a crew keeps.
    """
    count = np.zeros((2, 2), np.int64)
    for i in range(n):
        if units.kind[i] == FPV:
            count[units.side[i], 0] += 1
        elif units.kind[i] == ARTILLERY:
            count[units.side[i], 1] += 1
    for i in range(n):
        if units.kind[i] < 0:
            continue
        s = units.side[i]
        reach = cells.supply[units.cell[i], s] if enabled else 1.0
        units.supply[i] += (reach - units.supply[i]) * share
        if units.kind[i] == FPV:
            units.stock[i] = min(units.stock[i] + deliveries[s, 0] / count[s, 0] * reach, cap[0])
        elif units.kind[i] == ARTILLERY:
            units.stock[i] = min(units.stock[i] + deliveries[s, 1] / count[s, 1] * reach, cap[1])


def run(world) -> None:
    p = world.settings.supply
    g, c = world.geo, world.cells
    if world.new_day and p.enabled:
        knobs = world.knobs("supply", Knobs)
        net, scratch = world.network, world.scratch
        closed = net.h32 if p.cut_road else np.zeros_like(net.h32)
        for side in Side:
            search(g, c, world.nodes, world.blocks, net.sources, closed, int(side), knobs, scratch.heap_cost, scratch.heap_cell)
            label_pockets(g, c, world.nodes, int(side), p.pocket_men, scratch.heap_cell)
    fpv, guns = world.settings.fpv_team, world.settings.artillery
    s, dt = world.supplies, world.dt
    deliveries = np.array([
        [s["fpv_attacker"] * fpv.production_attacker, s["shells_attacker"] * guns.shells_attacker],
        [s["fpv_defender"] * fpv.production_defender, s["shells_defender"] * guns.shells_defender],
    ]) * dt
    cap = np.array([p.drone_days * fpv.sorties_per_day, p.shell_days * guns.rounds_per_day])
    distribute(world.units, c, world.n, 1.0 - math.exp(-dt / p.days), deliveries, cap, p.enabled)
