"""Nearly orthogonal Latin hypercubes after Cioppa and Lucas (2007, Technometrics 49:45): 17 to 257 points.

With q = 2^(m-1), one permutation e of 1..q makes a design of 2q + 1 points. A column is e with its rows exchanged and some
signs turned (Ye 1998): rows i go to i xor u, where u is a block of low bits or the difference of two blocks, and the sign of
row i is the parity of i within w, the top bits of these blocks. The mirror image and the center are added, so that all
columns are orthogonal to all squares and products. A pair of columns is orthogonal for every e when w + w' and u + u' have
an odd number of bits in common; for the other pairs it depends on e.

The permutations below were found by `search`: random exchanges, first until no two columns are correlated by more than
`start`, then for points far from one another; of a dozen seeds or more the one with far points and a small discrepancy. They
are ours, not those of the published tables.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np

COLUMNS = {17: 7, 33: 11, 65: 16, 129: 22, 257: 29}
LIMITS = {17: 0.0, 33: 0.01, 65: 0.015, 129: 0.015, 257: 0.015}  # greatest correlation; Cioppa and Lucas: 0.03
CONDITION = 1.13  # greatest condition number of the correlations, theirs
# How each was found: seed, exchanges, and the correlation at which closeness gives way to filling.
FOUND = {
    17: (54, 2_000, 0.0),
    33: (52, 20_000, 0.01),
    65: (19, 20_000, 0.015),
    129: (7, 200_000, 0.0075),
    257: (2, 200_000, 0.0075),
}

GENERATORS: dict[int, tuple[int, ...]] = {
    17: (
        3, 4, 1, 5, 7, 8, 2, 6,
    ),
    33: (
        3, 11, 7, 15, 1, 9, 5, 13, 10, 14, 12, 16, 8, 4, 6, 2,
    ),
    65: (
        30, 1, 15, 6, 14, 26, 24, 18, 8, 5, 27, 9, 19, 17, 11, 23, 12, 29, 20, 10, 13, 25, 7, 32, 16, 22, 2, 28,
        3, 31, 4, 21,
    ),
    129: (
        38, 40, 59, 50, 44, 20, 39, 12, 32, 21, 26, 22, 6, 8, 3, 11, 45, 14, 33, 64, 25, 47, 46, 28, 2, 55, 27,
        49, 19, 43, 13, 42, 54, 10, 56, 36, 57, 31, 62, 35, 5, 16, 34, 1, 37, 18, 29, 7, 4, 51, 58, 23, 60, 24,
        41, 63, 15, 17, 9, 48, 30, 61, 52, 53,
    ),
    257: (
        69, 45, 33, 13, 51, 66, 71, 125, 26, 80, 119, 23, 93, 117, 22, 5, 4, 124, 103, 42, 109, 19, 35, 34, 97,
        9, 37, 39, 82, 53, 56, 121, 100, 20, 58, 104, 92, 118, 59, 10, 78, 110, 12, 54, 116, 48, 36, 98, 115,
        27, 18, 84, 32, 127, 68, 8, 101, 87, 73, 1, 50, 76, 55, 6, 38, 28, 77, 63, 25, 61, 86, 91, 41, 3, 7,
        120, 43, 49, 128, 70, 29, 74, 88, 108, 81, 31, 94, 95, 105, 44, 113, 57, 24, 106, 99, 64, 14, 123, 21,
        89, 111, 62, 90, 107, 67, 65, 102, 11, 40, 85, 15, 75, 112, 79, 114, 17, 83, 47, 72, 60, 46, 96, 52,
        122, 126, 2, 30, 16,
    ),
}  # fmt: skip


@cache
def design(points: int) -> np.ndarray:
    """The design of so many points, (points, columns) in [0, 1]: every column takes each of `points` even levels once."""
    out = cube(np.array(GENERATORS[points]), *structure(points))
    out.flags.writeable = False
    return out


@cache
def structure(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Which entry of the generator stands in each row of each column, and with which sign: two (q, columns) matrices."""
    q = (points - 1) // 2
    blocks = range(1, q.bit_length())  # block k: the k lowest bits, of which bit k - 1 is the top
    low, top = (lambda k: (1 << k) - 1), (lambda k: 1 << (k - 1))
    pairs = [(low(j) ^ low(k), top(j) | top(k)) for j, k in combinations(blocks, 2)]
    moves = [(0, 0), *((low(k), top(k)) for k in blocks), *pairs]
    rows = np.arange(q)
    place = np.stack([rows ^ u for u, _ in moves], axis=1)
    sign = np.stack([1 - 2 * (np.bitwise_count(rows & w) % 2).astype(int) for _, w in moves], axis=1)
    return place, sign


def correlation(x: np.ndarray) -> float:
    """The greatest absolute correlation between two columns."""
    c = np.corrcoef(x, rowvar=False)
    return float(np.abs(c - np.eye(len(c))).max())


def condition(x: np.ndarray) -> float:
    """The condition number of the columns' correlations; 1 when they are orthogonal."""
    return float(np.linalg.cond(np.corrcoef(x, rowvar=False)))


def nearest(x: np.ndarray) -> float:
    """The distance between the two points that are nearest to one another."""
    from scipy.spatial.distance import pdist

    return float(pdist(x).min())


def discrepancy(x: np.ndarray) -> float:
    """Modified L2 discrepancy (Fang, Lin, Winker and Zhang 2000), by which Cioppa and Lucas chose: small is even."""
    n, k = x.shape
    both = np.ones((n, n))
    for column in x.T:
        both *= 2 - np.maximum.outer(column, column)
    return float((4 / 3) ** k - 2 ** (1 - k) / n * np.prod(3 - x**2, axis=1).sum() + both.sum() / n**2)


def search(points: int, seed: int, exchanges: int, start: float) -> np.ndarray | None:
    """A generator for so many points, or None when this seed leads to none.

    First exchanges lower the sum of sixth powers of correlations, now and then uphill, until none is above `start`; then
    those are kept that lower the sum of d^-20 over pairs of points (the nearest decide it) within `LIMITS` and `CONDITION`.
    """
    rng = np.random.default_rng(seed)
    place, sign = structure(points)
    q = len(place)
    e = rng.permutation(q) + 1
    worst, cost = _correlated(e, place, sign)
    heat = cost / 20
    for _ in range(40 * q * q.bit_length() + 20_000):
        if worst <= start + 1e-12:
            break
        a, b = rng.integers(0, q, 2)
        e[[a, b]] = e[[b, a]]
        new_worst, new_cost = _correlated(e, place, sign)
        if new_cost <= cost or rng.random() < np.exp((cost - new_cost) / heat):
            worst, cost = new_worst, new_cost
        else:
            e[[a, b]] = e[[b, a]]
        heat = max(cost * 0.002, heat * 0.9995)
    else:
        return None
    crowd = _crowded(e, place, sign)
    for _ in range(exchanges):
        a, b = rng.integers(0, q, 2)
        e[[a, b]] = e[[b, a]]
        if _is_close(points, e, place, sign) and (new_crowd := _crowded(e, place, sign)) <= crowd:
            crowd = new_crowd
        else:
            e[[a, b]] = e[[b, a]]
    return e


def cube(e: np.ndarray, place: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Upper half, center and mirror image, from -q..q to [0, 1]."""
    half, q = e[place] * sign, len(e)
    return (np.vstack([half, np.zeros_like(half[:1]), -half]) + q) / (2 * q)


def _products(e: np.ndarray, place: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Correlations of the columns: means are 0 and all have the same variance."""
    half = (e[place] * sign).astype(float)
    c = half.T @ half
    return c / c[0, 0]


def _correlated(e: np.ndarray, place: np.ndarray, sign: np.ndarray) -> tuple[float, float]:
    c = _products(e, place, sign)
    c = np.abs(c - np.eye(len(c)))
    return float(c.max()), float((c**6).sum())


def _is_close(points: int, e: np.ndarray, place: np.ndarray, sign: np.ndarray) -> bool:
    c = _products(e, place, sign)
    if np.abs(c - np.eye(len(c))).max() > LIMITS[points] + 1e-12:
        return False
    small, *_, large = np.linalg.eigvalsh(c)
    return large <= CONDITION * small


def _crowded(e: np.ndarray, place: np.ndarray, sign: np.ndarray) -> float:
    from scipy.spatial.distance import pdist

    return float((pdist(cube(e, place, sign)) ** -20.0).sum())


if __name__ == "__main__":
    for size, columns in COLUMNS.items():
        x = design(size)
        print(
            f"{size:4} points {columns:3} columns  correlation at most {correlation(x):.4f}  "
            f"condition {condition(x):.3f}  nearest points {nearest(x):.3f}  discrepancy {discrepancy(x):.4g}"
        )
