"""One row of a table as an object with attributes, and sums in a stated order: what the slow reference is written with.

A row reads as Python numbers, so that nothing overflows and nothing is rounded behind the reader's back, and writes
through to its column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import add


class Row:
    """A unit, a formation, a cell: `row.men` reads a Python number, `row.men = 3` writes it to the column.

    A column of several numbers a row is given as the array of that row.
    """

    __slots__ = ("row", "table")

    def __init__(self, table, row: int):
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "row", row)

    def __getattr__(self, name: str):
        value = getattr(self.table, name)[self.row]
        return value if value.ndim else value.item()

    def __setattr__(self, name: str, value) -> None:
        getattr(self.table, name)[self.row] = value


def rows(table, n: int | None = None) -> Iterator[Row]:
    """The first `n` rows of a table, or all of them."""
    for row in range(table[0].shape[0] if n is None else n):
        yield Row(table, row)


def total(numbers: Iterable[float]) -> float:
    """The sum of floats from first to last, each step rounded: Python's own `sum` compensates, and gives other bits."""
    return reduce(add, numbers, 0.0)


def length_of(x: float, y: float) -> float:
    """Length of a vector by the C library, like the kernels; `math.hypot` may differ from it in the last bit."""
    return abs(complex(x, y))


def square(x: float) -> float:
    """A number times itself."""
    return x * x


def clamp(x: float, low: float, high: float) -> float:
    """The nearest number to `x` between `low` and `high`; `high` where they contradict each other."""
    return min(max(x, low), high)
