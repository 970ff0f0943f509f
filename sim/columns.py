"""Tables of preallocated columns, handed to kernels as a NamedTuple of bare arrays."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
from numba import njit

# The compiler's setting of a kernel: it works on arrays that it is handed and makes none. So numba need not count
# references to them, which it does otherwise, atomically, in every call and in many loops: a quarter of a step. A function
# that makes arrays takes plain `njit` and leaves long loops to kernels.
kernel = njit(cache=True, nogil=True, _nrt=False)


@dataclass(frozen=True)
class Column:
    """One attribute of a table: what it is called, how it is stored, its unit and its meaning."""

    name: str
    dtype: str
    unit: str
    doc: str
    width: int = 1  # more than 1: so many numbers a row


def table_type(name: str, columns: tuple[Column, ...], module: str) -> type:
    """The NamedTuple type of a table. Bind it to a module-level name, so that compiled kernels can be cached."""
    return namedtuple(name, [c.name for c in columns], module=module)


def allocate(kind: type, columns: tuple[Column, ...], n: int):
    """A table of `n` rows of zeros."""
    return kind(*(np.zeros((n, c.width) if c.width > 1 else n, dtype=c.dtype) for c in columns))


def grown(table, n: int):
    """A copy of `table` with room for `n` rows; the new rows are zeros."""
    out = []
    for old in table:
        new = np.zeros((n, *old.shape[1:]), dtype=old.dtype)
        new[: old.shape[0]] = old
        out.append(new)
    return type(table)(*out)


def permute(table, order: np.ndarray) -> None:
    """Re-order the first rows of every column in place: row i becomes what row `order[i]` was."""
    n = order.shape[0]
    for column in table:
        column[:n] = column[:n][order]


def bytes_per_row(table) -> int:
    """Memory one row takes."""
    return sum(c.itemsize * (c.shape[1] if c.ndim > 1 else 1) for c in table)
