"""The front line as a list of points, from which both commands choose."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.columns import kernel
from sim.fields import Geo, cell_at, first_of


class Front(NamedTuple):
    """Points of the line, one for each square of the defender that touches attacker's ground."""

    cell: np.ndarray  # (capacity,) the cell at the middle of the defender's square, or north-east of it
    x: np.ndarray  # km, on the line
    y: np.ndarray
    east: np.ndarray  # unit vector towards the attacker's rear
    north: np.ndarray
    weight: np.ndarray  # km of line the point stands for
    need: np.ndarray  # how badly the defender wants men there
    fire: np.ndarray  # the defender's fire there, men
    presence: np.ndarray  # the attacker's men there
    wide: np.ndarray  # share of the ground within 3 km that is the attacker's: low on a thin salient
    count: np.ndarray  # type: ignore[assignment]  # (1,) how many points
    row: np.ndarray  # (square_ny + 1,) first point of each row of squares: points come row by row, south to north


def empty_front(geo: Geo) -> Front:
    """A front with room for every square, or, in a large sector, for 50,000 points or four times round the box."""
    n = min(geo.square_nx * geo.square_ny, max(50_000, 4 * (geo.square_nx + geo.square_ny)))
    f = lambda dtype="f8": np.zeros(n, dtype)  # noqa: E731
    return Front(f("i4"), f(), f(), f(), f(), f(), f(), f(), f(), f(), np.zeros(1, "i8"), np.zeros(geo.square_ny + 1, "i8"))


@kernel
def trace(geo, cells, front):
    """Finds the points of the line, interpolated between the attacker's share of a square and of its neighbor."""
    size = geo.square
    nx = geo.square_nx
    ny = geo.square_ny
    k = 0
    for j in range(ny):
        front.row[j] = k
        for i in range(nx):
            share = cells.square_control[first_of(geo, i, j)]
            if share >= 0.5 or k >= front.cell.shape[0]:
                continue
            sides = 0
            most = 0.0
            for d in range(4):
                a = i + (1 if d == 0 else (-1 if d == 1 else 0))
                b = j + (1 if d == 2 else (-1 if d == 3 else 0))
                if 0 <= a < nx and 0 <= b < ny and cells.square_control[first_of(geo, a, b)] >= 0.5:
                    sides += 1
                    most = max(most, cells.square_control[first_of(geo, a, b)])
            if sides == 0:
                continue
            c = cell_at(geo, geo.x0 + (i + 0.5) * size, geo.y0 + (j + 0.5) * size)
            front.cell[k] = c
            front.east[k] = cells.east[c]
            front.north[k] = cells.north[c]
            off = (1.5 - most - share) * size
            front.x[k] = geo.x0 + (i + 0.5) * size + cells.east[c] * off
            front.y[k] = geo.y0 + (j + 0.5) * size + cells.north[c] * off
            front.weight[k] = size * min(math.sqrt(1.0 * sides), 1.5)
            k += 1
    front.count[0] = k
    front.row[ny] = k


@kernel
def points_near(geo, front, y, reach):
    """First and last (exclusive) of the points that can lie within `reach` km of the height `y`: whole rows of squares."""
    size = geo.square
    ny = geo.square_ny
    low = min(max(int(math.floor((y - reach - geo.y0) / size)) - 1, 0), ny)
    high = min(max(int(math.floor((y + reach - geo.y0) / size)) + 2, 0), ny)
    return front.row[low], front.row[high]


N_CHOICES = 400


class Orders(NamedTuple):
    """Where each formation may send its groups: points of the line with running sums of weight."""

    point: np.ndarray  # (formations, N_CHOICES) index into the front
    strong: np.ndarray  # running weight for attacks (attacker) or for deployment (defender)
    weak: np.ndarray  # running weight for infiltration
    count: np.ndarray  # type: ignore[assignment]  # (formations,)


def empty_orders(n: int) -> Orders:
    """Orders of `n` formations, none with a point."""
    return Orders(np.zeros((n, N_CHOICES), "i4"), np.zeros((n, N_CHOICES)), np.zeros((n, N_CHOICES)), np.zeros(n, "i8"))


@kernel
def pick(orders, f, weak, u):
    """A point of the line for formation `f`, drawn by its running weights; -1 when it has none."""
    n = orders.count[f]
    if n == 0:
        return -1
    row = orders.weak[f] if weak else orders.strong[f]
    want = u * row[n - 1]
    low = 0
    high = n - 1
    while low < high:
        middle = (low + high) >> 1
        if row[middle] > want:
            high = middle
        else:
            low = middle + 1
    return orders.point[f, low]
