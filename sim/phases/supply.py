"""Supply: what reaches each cell from the sector's edges, and what units and crews get of it.

Once a day a shortest-path search (Dijkstra 1959) runs from each side's edges over ground it holds, or that nobody covers
with fire; one square from its own ground it goes under fire, by night. A way costs little on a good road, more off it, and more
the more the other side's drones reach it. Each cell carries so much a day by its road, less in mud and under drones. What all units
need is sent along the ways that were found, and where more is sent than can pass, only that share passes: the scarcest cell of a way
thins it. Carriers take the way on which most arrives, so the flow comes to share itself out among roads (Wardrop 1952): loads are
averaged over the searches of the first day with equal weight (the method of successive averages, Powell and Sheffi 1982), and over days
afterwards. The share that arrives is exp(-cost). The same search carries the expected hits on a group that walks up from the rear. Ground that no way reaches is cut
off: a pocket.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sim.codes import ARTILLERY, FPV
from sim.columns import array_kernel, kernel
from sim.errors import InputError
from sim.fields import BLOCK_KM, Cells, Geo, at_nodes, block_at, square_center, square_of
from sim.forces import Side
from sim.quantity import Parameters, quantity

if TYPE_CHECKING:
    from sim.scenario import Scenario

READS = ("cells", "blocks", "nodes", "units", "network", "weather")
WRITES = ("cells", "units", "network.load")
FAR = 50.0
FIRST_ROUNDS = 20  # searches on the first day, until loads settle
STRIP = 128  # rows of cells searched at a time: more than any real sector's
DIAGONAL = 1.4142135623730951
ROAD_CLASS = 0.25  # of a good road: what one class of road is worth
MAN_KM2 = 1.5707963267948966  # integral of one man's presence over the ground: 2 pi CONTACT_SD_KM^2
WATCHED, CLOSED = 1, 2  # cells that the drones reach which close a road, and cells on that road
OWN, GREY, COVERED = 0, 1, 2  # ground to a side's supply: held, held by nobody's fire, under the enemy's fire


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="supply flows along roads and is thinned by threat; off: everybody has all", fact="modelling assumption", role="lever")
    road_men: float = quantity(30_000.0, "soldiers", low=3_000.0, high=300_000.0, doc="soldiers whose needs of a day the best road carries without drones", fact="modelling assumption")
    rough_men: float = quantity(1_250.0, "soldiers/km", low=100.0, high=10_000.0, doc="soldiers whose needs of a day a km of width carries across country without drones and mud", fact="modelling assumption")
    halving_hits: float = quantity(0.3, "hits/km", low=0.02, high=10.0, doc="expected drone hits per km that halve what a road or open ground carries", fact="modelling assumption")
    shell_men: float = quantity(3.0, "soldiers", low=1.0, high=10.0, doc="soldiers whose needs of a day weigh as much as a shell with its charge and box", fact="modelling assumption")
    rough_cost: float = quantity(0.03, "1/km", low=0.001, high=0.3, doc="loss of supply per km across country; on a road as many times less as it carries more", fact="modelling assumption")
    grey_cost: float = quantity(0.45, "1/km", low=0.05, high=2.0, doc="loss of supply per km through ground that nobody holds", fact="modelling assumption")
    threat_cost: float = quantity(0.10, "1/hit", low=0.0, high=2.0, doc="loss of supply per expected drone hit on the way", fact="drone_roads_2025_04")
    blocked_fire: float = quantity(1.5, "soldiers", low=0.2, high=10.0, doc="enemy fire that closes ground to supply", fact="modelling assumption")
    days: float = quantity(3.0, "days", low=0.5, high=14.0, doc="how long stocks in a position last, and how soon traffic takes to another way", fact="modelling assumption")
    cut_road: bool = quantity(False, "switch", doc="the roads that the scenario names (`road`) are closed to their side: no road there, and `closed_threat`", fact="drone_roads_2025_04", role="lever", short="cut_road")
    closed_threat: float = quantity(3.0, "hits/km", low=0.0, high=20.0, doc="expected drone hits per km on a closed road and beside it, besides those there are", fact="modelling assumption")
    last_stretch: float = quantity(2.0, "", low=1.0, high=10.0, doc="price of a square under enemy fire, entered from own ground, beside `grey_cost`", fact="modelling assumption")
    pocket_men: float = quantity(4.0, "soldiers", low=1.0, high=50.0, doc="men that cut-off ground must hold to count as a pocket", fact="modelling assumption")
    drone_days: float = quantity(4.0, "days", low=1.0, high=20.0, doc="most drones that a crew keeps, in days of full work", fact="modelling assumption")
    shell_days: float = quantity(5.0, "days", low=1.0, high=20.0, doc="most shells that a battery keeps, in days of full fire", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in (*Params.model_fields, "mud_slows")])


@dataclass(slots=True)
class SupplyNetwork:
    """Where supply enters the sector, which roads the lever `cut_road` closes, and what is sent through each cell."""

    sources: np.ndarray  # (cells, 2) int8: 1 where a side's supply enters: its own ground at the box's edge
    closable: np.ndarray  # (cells, 2) int8: CLOSED on the scenario's roads, WATCHED elsewhere in their blocks, by the side that may not use them
    load: np.ndarray  # (cells, 2) soldiers whose needs a side sends through, a running mean of days

    @classmethod
    def of(cls, geo: Geo, cells: Cells, named: np.ndarray) -> SupplyNetwork:
        """The network at the start of a battle; `named`, (cells, 2): 1 on the scenario's roads, by the side they are closed to."""
        edge = np.zeros((geo.ny, geo.nx), bool)
        edge[[0, -1], :] = True
        edge[:, [0, -1]] = True
        held = (cells.square_control >= 0.5).reshape(geo.ny, geo.nx)
        sources = np.column_stack([(edge & held).ravel(), (edge & ~held).ravel()]).astype(np.int8)
        cell, nx = np.arange(geo.nx * geo.ny), geo.nx
        block = ((cell // nx + 0.5) * geo.cell // BLOCK_KM * geo.block_nx + (cell % nx + 0.5) * geo.cell // BLOCK_KM).astype(int)
        closable = np.where(named == 1, CLOSED, 0).astype(np.int8)
        for column in closable.T:
            column[(column == 0) & np.isin(block, block[column == CLOSED])] = WATCHED
        return cls(sources, closable, np.zeros((geo.nx * geo.ny, 2)))


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
def survey(geo, cells, nodes, blocks, load, closed, side, mud, knobs, ground, threat, slow, squeeze):
    """What supply meets in each cell: own, grey or covered ground; hits per km; loss per km; how far it is overloaded.

    A cell of own ground carries up to `road_men` by the class of its road, any other `rough_men` for each km of width; mud takes
    from it where there is no paved road. `slow` is how many times less that is than across dry country, `squeeze` the logarithm
    of what is sent through by what can pass under drones.
    """
    rough = knobs.rough_men * geo.cell
    gain = max(knobs.road_men / knobs.rough_men - 1.0, 0.0)  # beside a km of open country, whatever the cell
    for j in range(geo.ny):
        for i in range(geo.nx):
            c = j * geo.nx + i
            x, y = square_center(geo, c)
            good = 0.0
            ground[c] = COVERED
            if (cells.square_control[c] >= 0.5) == (side == 0):
                ground[c] = OWN
                if closed[c, side] != CLOSED:
                    good = cells.road[c] * ROAD_CLASS
            elif at_nodes(geo, nodes.fire, 1 - side, x, y) < knobs.blocked_fire:
                ground[c] = GREY
            threat[c] = blocks.threat[block_at(geo, x, y), side]
            if closed[c, side] >= WATCHED:
                threat[c] += knobs.closed_threat
            firm = 1.0 - knobs.mud_slows * mud * (1.0 - good)
            slow[c] = 1.0 / ((1.0 + good * gain) * firm)
            room = (rough + good * (max(knobs.road_men, rough) - rough)) * firm / (1.0 + threat[c] / knobs.halving_hits)
            squeeze[c] = math.log(load[c, side] / room) if load[c, side] > room else 0.0


@njit(inline="always")
def rate_per_km(geo, cells, ground, slow, side, c, e, knobs):
    """Loss of supply per km from cell `c` into its neighbor `e` without drones; -1 where there is no way.

    Own ground: by the road that both cells have. Ground that is not own is paid for by the square, all of it where it is
    entered: when nobody covers it with fire, or as the last stretch from own ground, by night, at a price.
    """
    if ground[e] == OWN:
        return knobs.rough_cost * max(slow[e], slow[c])
    if square_of(geo, c) == square_of(geo, e):
        return 0.0
    if ground[e] == GREY:
        return knobs.grey_cost * geo.per
    if cells.depth[c] >= 0.0 if side == 0 else cells.depth[c] <= 0.0:
        return knobs.last_stretch * knobs.grey_cost * geo.per
    return -1.0


@kernel
def search_strip(geo, cells, ground, threat, slow, squeeze, worst, parent, side, knobs, heap_cost, heap_cell, strip, first, dirty):
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
            rate = rate_per_km(geo, cells, ground, slow, side, c, e, knobs)
            if rate < 0.0:
                continue
            new = cost + length * (rate + knobs.threat_cost * threat[e]) + max(squeeze[e] - worst[c], 0.0)
            if new < cells.cost[e, side]:
                cells.cost[e, side] = new
                cells.way[e, side] = cells.way[c, side] + length * threat[e]
                worst[e] = max(squeeze[e], worst[c])
                parent[e] = c
                if b < low or b >= high:
                    dirty[b // STRIP] = True
                elif size < heap_cost.shape[0]:
                    size = push(heap_cost, heap_cell, size, new, e)


@array_kernel
def search(geo, cells, nodes, blocks, source, load, closed, side, mud, knobs, parent, heap_cost, heap_cell):
    """Cheapest ways (Dijkstra 1959) from a side's edges to every cell it can reach; writes `supply`, `way` and `parent`.

    The map is searched in strips of STRIP rows, again and again until no strip is improved from its neighbors: what is worked on
    stays near in memory on a large sector.
    """
    n = geo.nx * geo.ny
    ground = np.empty(n, np.int8)
    threat = np.empty(n)
    slow = np.empty(n)
    squeeze = np.empty(n)
    survey(geo, cells, nodes, blocks, load, closed, side, mud, knobs, ground, threat, slow, squeeze)
    worst = squeeze.copy()
    for c in range(n):
        cells.cost[c, side] = FAR
        cells.way[c, side] = 0.0
        parent[c] = -1
        if source[c, side] == 1 and (cells.square_control[c] >= 0.5) == (side == 0):
            cells.cost[c, side] = squeeze[c]
    strips = (geo.ny + STRIP - 1) // STRIP
    dirty = np.ones(strips, np.bool_)
    first = True
    again = True
    while again:
        again = False
        for s in range(strips):
            if dirty[s]:
                dirty[s] = False
                again = True
                search_strip(geo, cells, ground, threat, slow, squeeze, worst, parent, side, knobs, heap_cost, heap_cell, s, first, dirty)
        first = False
    for c in range(n):
        cells.supply[c, side] = math.exp(-cells.cost[c, side]) if cells.cost[c, side] < FAR else 0.0


@array_kernel
def send(units, n, load, side, shells, weight, shell_men, parent, stack):
    """Sends what the units of a side need along the ways that were found, and averages what each cell carries.

    `shells`: that the side gets a day, shared evenly among its guns; `weight`: that of today in the running mean `load`.
    """
    m = load.shape[0]
    flow = np.zeros(m, np.int64)  # needs of whole soldiers, so that the order of units does not matter
    guns = 0
    for i in range(n):
        if units.kind[i] >= 0 and units.side[i] == side:
            flow[units.cell[i]] += units.men[i]
            guns += int(units.kind[i] == ARTILLERY)
    for i in range(n):
        if units.kind[i] == ARTILLERY and units.side[i] == side:
            flow[units.cell[i]] += int(shells / guns * shell_men)
    branches = np.zeros(m, np.int8)
    for c in range(m):
        if parent[c] >= 0:
            branches[parent[c]] += 1
    size = 0
    for c in range(m):
        if branches[c] == 0:
            stack[size] = c
            size += 1
    while size > 0:  # a cell's flow is complete when all that is fed through it has been added
        size -= 1
        c = stack[size]
        up = parent[c]
        if up >= 0:
            flow[up] += flow[c]
            branches[up] -= 1
            if branches[up] == 0:
                stack[size] = up
                size += 1
    for c in range(m):
        load[c, side] += (flow[c] - load[c, side]) * weight


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
    through is lost on the way. `cap`: (side, 2) most drones and shells a crew keeps.
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
            units.stock[i] = min(units.stock[i] + deliveries[s, 0] / count[s, 0] * reach, cap[s, 0])
        elif units.kind[i] == ARTILLERY:
            units.stock[i] = min(units.stock[i] + deliveries[s, 1] / count[s, 1] * reach, cap[s, 1])


def check(scenario: Scenario, settings) -> None:
    """InputError when the lever has no road to close."""
    if settings.supply.cut_road and not scenario.road:
        raise InputError(f"supply.cut_road: scenario {scenario.name!r} names no road to close; a [[road]] in its file does.")


def run(world) -> None:
    fpv, guns = world.settings.fpv_team, world.settings.artillery
    s, dt = world.supplies, world.dt
    deliveries = np.array([
        [s["fpv_attacker"] * fpv.production_attacker, s["shells_attacker"] * guns.shells_attacker],
        [s["fpv_defender"] * fpv.production_defender, s["shells_defender"] * guns.shells_defender],
    ])
    p = world.settings.supply
    first = world.is_first
    if world.new_day and p.enabled:
        for side in Side:
            find_ways(world, int(side), float(deliveries[side, 1]), FIRST_ROUNDS if first else 1)
    cap = np.column_stack([p.drone_days * fpv.most_sorties(), np.full(2, p.shell_days * guns.rounds_per_day)])
    share = 1.0 if first else 1.0 - math.exp(-dt / p.days)  # at the start stocks are what they come to be
    distribute(world.units, world.cells, world.n, share, deliveries * dt, cap, p.enabled)


def find_ways(world, side: int, shells: float, rounds: int) -> None:
    """Searches a side's ways and loads them, so many times over: once a day, and at the start until loads settle."""
    p, net, scratch = world.settings.supply, world.network, world.scratch
    g, c = world.geo, world.cells
    knobs = world.knobs("supply", Knobs, mud_slows=world.settings.move.mud_slows)
    closed = net.closable if p.cut_road else np.zeros_like(net.closable)
    parent = np.empty(g.nx * g.ny, np.int32)
    for k in range(rounds):
        search(g, c, world.nodes, world.blocks, net.sources, net.load, closed, side, world.weather.sky.mud, knobs, parent,
               scratch.heap_cost, scratch.heap_cell)
        weight = 1.0 - math.exp(-1.0 / p.days) if rounds == 1 else 1.0 / (k + 1)
        send(world.units, world.n, net.load, side, shells, weight, p.shell_men, parent, scratch.heap_cell)
    label_pockets(g, c, world.nodes, side, p.pocket_men, scratch.heap_cell)
