"""Tables of preallocated columns, handed to kernels as a NamedTuple of bare arrays."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, update_wrapper

import numpy as np
from numba import config, njit

from sim.errors import InputError


class Kernel:
    """A compiled function whose call costs little.

    In every call numba works out the type of every column of every table anew, which takes longer (up to 10 microseconds)
    than many a kernel. Here a call is told by the classes of its arguments, since the columns of a table are checked when
    it is made; once numba has seen a call of these classes, its machine code is entered at once. Other classes, or an
    array of another kind, go to numba again, which compiles for them or says what is wrong.
    """

    def __init__(self, function: Callable, **options: bool):
        if config.DISABLE_JIT:
            raise InputError("NUMBA_DISABLE_JIT is set, and a battle needs its compiled kernels; allowed: unset, or 0.")
        self._compiled = njit(cache=True, nogil=True, **options)(function)
        self._entries: dict[tuple, Callable] = {}  # machine code by the classes of the arguments
        self.py_func = function
        update_wrapper(self, function)

    @property
    def _numba_type_(self):
        """What another kernel that calls this one takes it for."""
        return self._compiled._numba_type_

    def __call__(self, *arguments):
        classes = tuple([kind if (kind := type(a)) in TOLD_BY_CLASS else class_of(a) for a in arguments])
        entry = self._entries.get(classes)
        if entry is not None:
            return entry(*arguments)
        result = self._compiled(*arguments)
        types = tuple(self._compiled.typeof_pyval(a) for a in arguments)
        if types in self._compiled.overloads:
            self._entries[classes] = self._compiled.overloads[types].entry_point
        return result


TOLD_BY_CLASS = {bool, int, float, np.uint64}  # and every kind of table


def class_of(argument):
    """What tells an argument's type to the compiler: the class of a number or a table, what an array or a tuple holds."""
    kind = type(argument)
    if kind in TOLD_BY_CLASS:
        return kind
    if kind is np.ndarray:
        return argument.dtype, argument.ndim, argument.flags.carray
    if isinstance(argument, tuple):
        inside = tuple(map(type, argument))
        return (kind, inside) if TOLD_BY_CLASS.issuperset(inside) else (kind, *map(class_of, argument))
    if isinstance(argument, (int, float, np.number, np.bool_)):
        return kind
    raise TypeError(f"a kernel takes numbers, arrays, tuples and tables, not {kind.__name__}")


# A kernel works on arrays that it is handed and makes none. So numba need not count references to them, which it does
# otherwise, atomically, in every call and in many loops: a quarter of a step.
kernel = partial(Kernel, _nrt=False)

# A kernel that makes arrays; it leaves long loops to others.
array_kernel = Kernel


@dataclass(frozen=True)
class Column:
    """One attribute of a table: what it is called, how it is stored, its unit and its meaning."""

    name: str
    dtype: str
    unit: str
    doc: str
    width: int = 1  # more than 1: so many numbers a row


def table_type(name: str, columns: tuple[Column, ...], module: str) -> type:
    """The NamedTuple type of a table. Bind it to a module-level name, so that compiled kernels can be cached.

    A table's columns are checked when it is made: kernels rely on them.
    """
    want = [(c.name, np.dtype(c.dtype), 2 if c.width > 1 else 1) for c in columns]

    def checked(table):
        for (column, dtype, ndim), array in zip(want, table, strict=True):
            if type(array) is not np.ndarray or array.dtype != dtype or array.ndim != ndim or not array.flags.carray:
                raise TypeError(f"{name}.{column}: not a plain array of {dtype} of {ndim} dimensions")
        return table

    plain = namedtuple(name, [c.name for c in columns])
    kind = type(name, (plain,), {
        "__slots__": (),
        "__module__": module,
        "__new__": lambda cls, *arrays, **named: checked(plain.__new__(cls, *arrays, **named)),
        "_make": classmethod(lambda cls, arrays: checked(tuple.__new__(cls, arrays))),
    })
    TOLD_BY_CLASS.add(kind)
    return kind


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
