"""Arithmetic on fields of the map, in plain Python: where a point lies, what a field is there, smoothing, distance."""

from __future__ import annotations

import math

import numpy as np

from plain.rows import Row, clamp, rows, square, total

NODE_KM = 0.5
BLOCK_KM = 2.0
FIXED = 4096.0


def pixel(u: float, v: float, nx: int, ny: int) -> int:
    """Index of the pixel with these coordinates, counted in pixels; outside the grid, the nearest one."""
    return clamp(int(v), 0, ny - 1) * nx + clamp(int(u), 0, nx - 1)


def cell_at(geo, x: float, y: float) -> int:
    """Index of the cell at a point; points outside count to the nearest cell."""
    return pixel((x - geo.x0) / geo.cell, (y - geo.y0) / geo.cell, geo.nx, geo.ny)


def block_at(geo, x: float, y: float) -> int:
    """Index of the 2 km block at a point."""
    return pixel((x - geo.x0) / BLOCK_KM, (y - geo.y0) / BLOCK_KM, geo.block_nx, geo.block_ny)


def center_of(geo, c: int) -> tuple[float, float]:
    """The center of a cell, km."""
    return geo.x0 + (c % geo.nx + 0.5) * geo.cell, geo.y0 + (c // geo.nx + 0.5) * geo.cell


def block_center(geo, b: int) -> tuple[float, float]:
    """The center of a 2 km block, km."""
    return geo.x0 + (b % geo.block_nx + 0.5) * BLOCK_KM, geo.y0 + (b // geo.block_nx + 0.5) * BLOCK_KM


def beside(nx: int, ny: int, c: int) -> list[int]:
    """The cells that share a side with cell `c`: east, west, north, south, as far as the grid has them."""
    j, i = divmod(c, nx)
    around = ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1))
    return [b * nx + a for a, b in around if 0 <= a < nx and 0 <= b < ny]


def between(value, u: float, v: float, nx: int, ny: int) -> float:
    """Linear between the four points of a grid around (u, v), in grid spacings; `value(k)` is the field at point k.

    A point outside is moved to the edge, and never quite to the last line of points.
    """
    u, v = clamp(u, 0.0, nx - 1.001), clamp(v, 0.0, ny - 1.001)
    i, j = int(u), int(v)
    u, v = u - i, v - j
    corner = j * nx + i

    def along(k: int) -> float:
        return value(k) * (1.0 - u) + value(k + 1) * u

    return along(corner) * (1.0 - v) + along(corner + nx) * v


def at_nodes(geo, field, side: int, x: float, y: float) -> float:
    """A sum over units at a point, in men: the contact nodes hold it in units of 1/4096 man."""
    u, v = (x - geo.x0) / NODE_KM, (y - geo.y0) / NODE_KM
    return between(lambda k: field[k, side].item(), u, v, geo.node_nx, geo.node_ny) / FIXED


def at_cells(geo, field, x: float, y: float) -> float:
    """A field of the cells at a point; a cell's value belongs to its center."""
    u, v = (x - geo.x0) / geo.cell - 0.5, (y - geo.y0) / geo.cell - 0.5
    return between(lambda k: field[k].item(), u, v, geo.nx, geo.ny)


def first_of(geo, i: int, j: int) -> int:
    """The south-western cell of the square with these numbers east and north: a square is known by it."""
    return geo.per * (j * geo.nx + i)


def square_of(geo, c: int) -> int:
    """The square that a cell lies in."""
    j, i = divmod(c, geo.nx)
    return first_of(geo, i // geo.per, j // geo.per)


def square_center(geo, c: int) -> tuple[float, float]:
    """The center of the square that a cell lies in, km."""
    j, i = divmod(c, geo.nx)
    return geo.x0 + (i // geo.per + 0.5) * geo.square, geo.y0 + (j // geo.per + 0.5) * geo.square


def mean_of_square(geo, field, c: int) -> float:
    """A field's mean over the cells of the square that a cell lies in."""
    return total(field[cells_of(geo, square_of(geo, c))].tolist()) / geo.per**2


def all_squares(geo) -> list[int]:
    """Every square, row by row."""
    return [first_of(geo, i, j) for j in range(geo.square_ny) for i in range(geo.square_nx)]


def cells_of(geo, first: int) -> list[int]:
    """The cells of a square, the south-western one first."""
    return [first + j * geo.nx + i for j in range(geo.per) for i in range(geo.per)]


def at_squares(geo, field, x: float, y: float) -> float:
    """What is known of the line at a point; a square's value belongs to its center, and each of its cells has it."""
    u, v = (x - geo.x0) / geo.square - 0.5, (y - geo.y0) / geo.square - 0.5
    known = all_squares(geo)
    return between(lambda q: field[known[q]].item(), u, v, geo.square_nx, geo.square_ny)


def draw_line(geo, cells) -> None:
    """What the attacker holds of each square, written to all of its cells."""
    for first in all_squares(geo):
        inside = cells_of(geo, first)
        cells.square_control[inside] = sum(cells.held[inside].tolist()) / (1_000_000 * len(inside))


def blur(nx: int, ny: int, source, sd_cells: float, scratch, out) -> None:
    """Gaussian smoothing, first along rows, then along columns; what lies outside the box has no weight.

    Along a row the weighted sum is divided by the weights; along a column every weight is divided first.
    """
    reach = math.ceil(2.5 * sd_cells)
    bell = [math.exp(-0.5 * square(d / sd_cells)) for d in range(reach + 1)]

    def window(k: int, n: int) -> dict[int, float]:
        """Weights of the places around place `k` of a line of `n`."""
        return {m: bell[abs(m - k)] for m in range(max(k - reach, 0), min(k + reach, n - 1) + 1)}

    across = [window(i, nx) for i in range(nx)]
    upward = [window(j, ny) for j in range(ny)]
    for j in range(ny):
        for i, weights in enumerate(across):
            mass = total(weights.values())
            scratch[j * nx + i] = total(w * source[j * nx + k].item() for k, w in weights.items()) / mass
    for j, weights in enumerate(upward):
        mass = total(weights.values())
        for i in range(nx):
            out[j * nx + i] = total(w / mass * scratch[k * nx + i].item() for k, w in weights.items())


def distance(nx: int, ny: int, control, want: bool, out) -> None:
    """Distance in cells from each cell center to the nearest center that is (`want`) or is not the attacker's.

    Every center is tried. Where there is none, the distance is a million.
    """
    there = [(c % nx, c // nx) for c in range(nx * ny) if (control[c].item() >= 0.5) == want]
    for c in range(nx * ny):
        i, j = c % nx, c // nx
        out[c] = math.sqrt(min((square(i - a) + square(j - b) for a, b in there), default=1e12))


def outline(geo, cells, blocks) -> None:
    """The slow geometry of the front: smoothed control, depth, and the direction to the attacker's rear.

    It is that of the squares. Depth counts from half a square before the nearest center of the other side, at most 200 km.
    """
    side, nx, ny = geo.square, geo.square_nx, geo.square_ny
    line = cells.square_control[all_squares(geo)]
    along_rows, smooth, wide, to_defender, to_attacker = (np.empty(nx * ny) for _ in range(5))
    blur(nx, ny, line, 1.5 / side, along_rows, smooth)
    blur(nx, ny, line, 3.0 / side, along_rows, wide)
    distance(nx, ny, line, False, to_defender)
    distance(nx, ny, line, True, to_attacker)
    for q, first in enumerate(all_squares(geo)):
        j, i = divmod(q, nx)

        def around(a: int, b: int) -> float:
            return wide[clamp(b, 0, ny - 1) * nx + clamp(a, 0, nx - 1)].item()

        east, north = around(i + 1, j) - around(i - 1, j), around(i, j + 1) - around(i, j - 1)
        size = math.sqrt(east * east + north * north)
        for cell in (Row(cells, c) for c in cells_of(geo, first)):
            cell.smooth, cell.wide = smooth[q].item(), wide[q].item()
            if line[q] >= 0.5:
                cell.depth = min((to_defender[q].item() - 0.5) * side, 200.0)
            else:
                cell.depth = max(-(to_attacker[q].item() - 0.5) * side, -200.0)
            cell.east, cell.north = (east / size, north / size) if size > 1e-9 else (1.0, 0.0)
    for block in rows(blocks):
        block.depth = at_squares(geo, cells.depth, *block_center(geo, block.row))
