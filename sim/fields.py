"""Fields of the map that the battle reads and writes, on four grids, and the arithmetic on them.

Cells (the scenario's `cell_km`) hold ground: control, works, supply. Squares of 1 km, of which finer cells are parts and coarser
cells are one each, hold the line: who has the more of a square, how deep it lies, where the enemy is; every cell carries what is
known of its square. Contact nodes, 0.5 km apart, hold sums over units: fire and presence. Blocks of 2 km hold what drones and
guns deal with: traffic, targets, threat. So fire, presence and the geometry of the line do not depend on the size of cells.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.columns import array_kernel, column, columns_of, kernel, table
from sim.forces import N_CAUSES

MICRO = 1_000_000  # a cell wholly held by the attacker
NODE_KM = 0.5
BLOCK_KM = 2.0
LINE_KM = 1.0  # the line is known to this: a constant of the model, like those of nodes and blocks
CONTACT_SD_KM = 0.5  # reach of a man's fire and presence: standard deviation of a Gaussian
FIXED = 4096.0  # sums over units are integers in units of 1/4096 man


class Geo(NamedTuple):
    """Where the grids lie, in km."""

    x0: float
    y0: float
    width: float
    height: float
    cell: float
    nx: int
    ny: int
    node_nx: int
    node_ny: int
    block_nx: int
    block_ny: int
    square: float  # side of the squares that the line is drawn on: 1 km, or a cell when cells are not finer
    per: int  # cells along it
    square_nx: int
    square_ny: int


@table
class Cells(NamedTuple):
    """The ground: cells of `cell_km`, row 0 the southwestern one."""

    held: np.ndarray = column("i4", "millionths", "share of the cell held by the attacker")
    control: np.ndarray = column("f8", "", "the same as a number 0..1")
    square_control: np.ndarray = column("f8", "", "share of the cell's square held by the attacker: the line is drawn by it")
    smooth: np.ndarray = column("f8", "", "square_control smoothed over 1.5 km")
    wide: np.ndarray = column("f8", "", "square_control smoothed over 3 km")
    depth: np.ndarray = column("f8", "km", "distance from the front, positive in the attacker's ground")
    east: np.ndarray = column("f8", "", "unit vector towards the attacker's rear, east")
    north: np.ndarray = column("f8", "", "unit vector towards the attacker's rear, north")
    works: np.ndarray = column("f8", "", "condition of works facing the attacker and the defender", 2)
    works_plan: np.ndarray = column("f8", "", "condition the works are built up to", 2)
    rubble: np.ndarray = column("f8", "", "share of buildings in ruins")
    supply: np.ndarray = column("f8", "", "share of supply that reaches the cell, by side", 2)
    way: np.ndarray = column("f8", "hits", "expected hits on a group that walks here from the rear, by side", 2)
    cut: np.ndarray = column("i4", "", "pocket number when cut off from supply, by side; 0 is connected", 2)
    gain: np.ndarray = column("i4", "millionths", "ground that changes hands in this step")
    need: np.ndarray = column("f8", "", "how badly the defender wants men here")
    wood: np.ndarray = column("f8", "", "share under trees")
    built: np.ndarray = column("f8", "", "density of building")
    high: np.ndarray = column("f8", "", "share of high buildings, heaps and works")
    water: np.ndarray = column("f8", "", "share under water")
    road: np.ndarray = column("i1", "", "class of the best road")
    rail: np.ndarray = column("i1", "", "1 where a railway runs")
    direction: np.ndarray = column("i1", "", "1 inside the direction that the scenario names")
    front_week: np.ndarray = column("f8", "km", "depth of the cell behind the front of 7 days ago")
    cost: np.ndarray = column("f8", "", "scratch of the supply search", 2)


CELL_COLUMNS = columns_of(Cells)


@table
class Nodes(NamedTuple):
    """Sums over units at nodes 0.5 km apart."""

    fire: np.ndarray = column("i8", "men/4096", "aimed fire that reaches here, by side", 2)
    presence: np.ndarray = column("i8", "men/4096", "men near here, by side", 2)


NODE_COLUMNS = columns_of(Nodes)


@table
class Blocks(NamedTuple):
    """Squares of 2 km, with which drones and guns deal."""

    traffic: np.ndarray = column("i8", "m", "visible movement in this step, by side", 2)
    targets: np.ndarray = column("i8", "men", "men in positions, by side", 2)
    hits: np.ndarray = column("f8", "hits/km", "expected hits per km on a visible mover, by the side that moves", 2)
    usual: np.ndarray = column("f8", "km/day", "visible traffic a day of late, by side", 2)
    static_hits: np.ndarray = column("f8", "hits/man", "expected drone hits per man in a position in this step, by side", 2)
    burst: np.ndarray = column("f8", "hits/km", "expected hits per km on one unmasked column, by the side that moves", 2)
    threat: np.ndarray = column("f8", "hits/km", "hits per km on a mover, smoothed over days, by the side that moves", 2)
    rounds: np.ndarray = column("f8", "rounds/km2", "shells that fall here in this step, by the side they fall on", 2)
    quiet: np.ndarray = column("f8", "", "share of men's fire that these shells suppress, by the side they fall on", 2)
    depth: np.ndarray = column("f8", "km", "depth at the block's center, positive in the attacker's ground")
    cover: np.ndarray = column("f8", "", "how much terrain hides a mover, 0..1")


BLOCK_COLUMNS = columns_of(Blocks)
assert N_CAUSES == 5


def geometry(x0: float, y0: float, width: float, height: float, cell: float) -> Geo:
    """The grids over one box; cells finer than a square must divide it, and squares the box."""
    nx, ny = round(width / cell), round(height / cell)
    per = max(1, round(LINE_KM / cell))
    if nx % per or ny % per:
        raise ValueError(f"squares of {per} cells do not divide a box of {nx} x {ny} cells")
    return Geo(x0, y0, width, height, cell, nx, ny, round(width / NODE_KM) + 1, round(height / NODE_KM) + 1,
               math.ceil(width / BLOCK_KM), math.ceil(height / BLOCK_KM),
               per * cell, per, nx // per, ny // per)


@njit(inline="always")
def cell_at(geo, x, y):
    """Index of the cell at a point; points outside count to the nearest cell."""
    i = min(max(int((x - geo.x0) / geo.cell), 0), geo.nx - 1)
    j = min(max(int((y - geo.y0) / geo.cell), 0), geo.ny - 1)
    return j * geo.nx + i


@njit(inline="always")
def block_at(geo, x, y):
    """Index of the 2 km block at a point."""
    i = min(max(int((x - geo.x0) * (1.0 / BLOCK_KM)), 0), geo.block_nx - 1)
    j = min(max(int((y - geo.y0) * (1.0 / BLOCK_KM)), 0), geo.block_ny - 1)
    return j * geo.block_nx + i


@njit(inline="always")
def at_nodes(geo, field, side, x, y):
    """A sum over units at a point: linear between the four nodes around it, in men."""
    u = min(max((x - geo.x0) / NODE_KM, 0.0), geo.node_nx - 1.001)
    v = min(max((y - geo.y0) / NODE_KM, 0.0), geo.node_ny - 1.001)
    i = int(u)
    j = int(v)
    u = u - i
    v = v - j
    k = j * geo.node_nx + i
    low = field[k, side] * (1.0 - u) + field[k + 1, side] * u
    high = field[k + geo.node_nx, side] * (1.0 - u) + field[k + geo.node_nx + 1, side] * u
    return (low * (1.0 - v) + high * v) * (1.0 / FIXED)


@njit(inline="always")
def at_cells(geo, field, x, y):
    """A field of the cells at a point: linear between the four cell centers around it."""
    u = min(max((x - geo.x0) / geo.cell - 0.5, 0.0), geo.nx - 1.001)
    v = min(max((y - geo.y0) / geo.cell - 0.5, 0.0), geo.ny - 1.001)
    i = int(u)
    j = int(v)
    u = u - i
    v = v - j
    k = j * geo.nx + i
    low = field[k] * (1.0 - u) + field[k + 1] * u
    high = field[k + geo.nx] * (1.0 - u) + field[k + geo.nx + 1] * u
    return low * (1.0 - v) + high * v


@njit(inline="always")
def first_of(geo, i, j):
    """The south-western cell of the square with these numbers east and north: a square is known by it."""
    return j * geo.per * geo.nx + i * geo.per


@njit(inline="always")
def square_of(geo, c):
    """The square that cell `c` lies in: its south-western cell."""
    return first_of(geo, c % geo.nx // geo.per, c // geo.nx // geo.per)


@njit(inline="always")
def square_center(geo, c):
    """The center of the square that cell `c` lies in, km."""
    return geo.x0 + (c % geo.nx // geo.per + 0.5) * geo.square, geo.y0 + (c // geo.nx // geo.per + 0.5) * geo.square


@njit(inline="always")
def mean_of_square(geo, field, c):
    """A field's mean over the cells of the square that cell `c` lies in."""
    first = square_of(geo, c)
    total = 0.0
    for j in range(geo.per):
        for i in range(geo.per):
            total += field[first + j * geo.nx + i]
    return total / (geo.per * geo.per)


@njit(inline="always")
def at_squares(geo, field, x, y):
    """A field of the squares at a point: linear between the four centers of squares around it."""
    u = min(max((x - geo.x0) / geo.square - 0.5, 0.0), geo.square_nx - 1.001)
    v = min(max((y - geo.y0) / geo.square - 0.5, 0.0), geo.square_ny - 1.001)
    i = int(u)
    j = int(v)
    u = u - i
    v = v - j
    k = first_of(geo, i, j)
    up = k + geo.per * geo.nx
    low = field[k] * (1.0 - u) + field[k + geo.per] * u
    high = field[up] * (1.0 - u) + field[up + geo.per] * u
    return low * (1.0 - v) + high * v


@array_kernel
def blur(nx, ny, source, sd_cells, scratch, out):
    """Gaussian smoothing with the box's edge left out of the mean (`sd_cells` in cells; flat arrays of ny*nx).

    Whole rows are added up, one neighbor after the other, so that the processor adds several cells at a time.
    """
    r = int(math.ceil(2.5 * sd_cells))
    w = np.empty(r + 1)
    for d in range(r + 1):
        w[d] = math.exp(-0.5 * (d / sd_cells) ** 2)
    east = min(r, nx - 1)  # how far a neighbor in the row can be
    weights = np.zeros(nx)
    for d in range(-east, east + 1):
        for i in range(max(-d, 0), min(nx - d, nx)):
            weights[i] += w[abs(d)]
    for j in range(ny):
        row = source[j * nx:(j + 1) * nx]
        mean = scratch[j * nx:(j + 1) * nx]
        mean[:] = 0.0
        for d in range(-east, east + 1):
            f = w[abs(d)]
            here = mean[max(-d, 0):min(nx - d, nx)]
            there = row[max(d, 0):]
            for i in range(here.shape[0]):
                here[i] += f * there[i]
        for i in range(nx):
            mean[i] /= weights[i]
    for j in range(ny):
        low = max(j - r, 0)
        high = min(j + r, ny - 1)
        weight = 0.0
        for k in range(low, high + 1):
            weight += w[abs(k - j)]
        mean = out[j * nx:(j + 1) * nx]
        mean[:] = 0.0
        for k in range(low, high + 1):
            f = w[abs(k - j)] / weight
            row = scratch[k * nx:(k + 1) * nx]
            for i in range(nx):
                mean[i] += f * row[i]


@array_kernel
def distance(nx, ny, control, want, out):
    """Distance in cells from each cell center to the nearest center with (control >= 0.5) == `want`; exact Euclidean.

    Felzenszwalb and Huttenlocher (2012), lower envelope of parabolas; out holds the squares first, then the roots.
    """
    far = 1e12
    n = max(nx, ny)
    f = np.empty(n)
    v = np.empty(n, np.int64)
    z = np.empty(n + 1)
    for c in range(nx * ny):
        out[c] = 0.0 if (control[c] >= 0.5) == want else far
    for axis in range(2):
        lines = nx if axis == 0 else ny
        length = ny if axis == 0 else nx
        stride = nx if axis == 0 else 1
        for line in range(lines):
            start = line if axis == 0 else line * nx
            for q in range(length):
                f[q] = out[start + q * stride]
            k = 0
            v[0] = 0
            z[0] = -far
            z[1] = far
            for q in range(1, length):
                s = ((f[q] + q * q) - (f[v[k]] + v[k] * v[k])) / (2.0 * q - 2.0 * v[k])
                while s <= z[k]:
                    k -= 1
                    s = ((f[q] + q * q) - (f[v[k]] + v[k] * v[k])) / (2.0 * q - 2.0 * v[k])
                k += 1
                v[k] = q
                z[k] = s
                z[k + 1] = far
            k = 0
            for q in range(length):
                while z[k + 1] < q:
                    k += 1
                out[start + q * stride] = (q - v[k]) * (q - v[k]) + f[v[k]]
    for c in range(nx * ny):
        out[c] = math.sqrt(min(out[c], far))


@kernel
def draw_line(geo, cells):
    """Adds up what the attacker holds of each square: the line is drawn on squares, so that finer cells do not make it rougher."""
    for q in range(geo.square_nx * geo.square_ny):
        first = first_of(geo, q % geo.square_nx, q // geo.square_nx)
        held = 0
        for j in range(geo.per):
            for i in range(geo.per):
                held += cells.held[first + j * geo.nx + i]
        for j in range(geo.per):
            for i in range(geo.per):
                cells.square_control[first + j * geo.nx + i] = held / (MICRO * geo.per * geo.per)


@array_kernel
def outline(geo, cells, blocks):
    """Geometry of the front, renewed once a day: smoothed control, depth, and the direction to the attacker's rear."""
    nx = geo.square_nx
    ny = geo.square_ny
    line = np.empty(nx * ny)
    for q in range(nx * ny):
        line[q] = cells.square_control[first_of(geo, q % nx, q // nx)]
    scratch = np.empty(nx * ny)
    smooth = np.empty(nx * ny)
    wide = np.empty(nx * ny)
    to_defender = np.empty(nx * ny)
    to_attacker = np.empty(nx * ny)
    blur(nx, ny, line, 1.5 / geo.square, scratch, smooth)
    blur(nx, ny, line, 3.0 / geo.square, scratch, wide)
    distance(nx, ny, line, False, to_defender)
    distance(nx, ny, line, True, to_attacker)
    for c in range(geo.nx * geo.ny):
        i = c % geo.nx // geo.per
        j = c // geo.nx // geo.per
        q = j * nx + i
        cells.smooth[c] = smooth[q]
        cells.wide[c] = wide[q]
        if line[q] >= 0.5:
            cells.depth[c] = min((to_defender[q] - 0.5) * geo.square, 200.0)
        else:
            cells.depth[c] = max(-(to_attacker[q] - 0.5) * geo.square, -200.0)
        west = wide[q - 1] if i > 0 else wide[q]
        east = wide[q + 1] if i < nx - 1 else wide[q]
        south = wide[q - nx] if j > 0 else wide[q]
        north = wide[q + nx] if j < ny - 1 else wide[q]
        gx = east - west
        gy = north - south
        size = math.sqrt(gx * gx + gy * gy)
        if size > 1e-9:
            cells.east[c] = gx / size
            cells.north[c] = gy / size
        else:
            cells.east[c] = 1.0
            cells.north[c] = 0.0
    for j in range(geo.block_ny):
        for i in range(geo.block_nx):
            x = geo.x0 + (i + 0.5) * BLOCK_KM
            y = geo.y0 + (j + 0.5) * BLOCK_KM
            blocks.depth[j * geo.block_nx + i] = at_squares(geo, cells.depth, x, y)


def contact_table() -> np.ndarray:
    """Gaussian weights of a unit on the nodes around it: [sixteenth of a node spacing, node -2..3]; beyond, 1 % is left out."""
    table = np.zeros((17, 6))
    for part in range(17):
        for k in range(6):
            d = (k - 2) * NODE_KM - part / 16 * NODE_KM
            table[part, k] = math.exp(-0.5 * (d / CONTACT_SD_KM) ** 2)
    return table


CONTACT = contact_table()
