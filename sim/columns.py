"""Tables of preallocated columns, handed to kernels as a NamedTuple of bare arrays."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial, update_wrapper
from typing import Any, cast

import numpy as np
from numba import config, njit, types

from sim.errors import InputError
from sim.kernel_cache import InnerCache, KernelCache


class Kernel:
    """A compiled function whose call costs little.

    In every call numba works out the type of every column of every table anew, which takes longer (up to 10 microseconds)
    than many a kernel. Here the classes of the arguments decide, since the columns of a table are checked when it is made:
    once numba has seen a call of these classes, its machine code is entered at once. Other classes, or an array of another
    kind, go to numba again, which compiles for them or raises.

    What other kernels call is compiled apart, without the entrance for Python: taking apart the columns of the tables in
    there takes longer to compile than most kernels themselves.
    """

    def __init__(self, function: Callable, **options: bool):
        if config.DISABLE_JIT:
            raise InputError("NUMBA_DISABLE_JIT is set, and a battle needs its compiled kernels; allowed: unset, or 0.")
        self._options = {"nogil": True, "no_cfunc_wrapper": True, **options}
        self._compiled = _dispatcher(function, KernelCache, self._options)
        self._entries: dict[tuple, Callable] = {}  # machine code by the classes of the arguments
        self.py_func = function
        update_wrapper(self, function)

    @cached_property
    def inner(self) -> Any:
        """The kernel as other kernels call it: one version whatever constants are in the call, where numba makes one for each."""
        made = _dispatcher(self.py_func, InnerCache, {**self._options, "no_cpython_wrapper": True})
        template = made.get_call_template
        made.get_call_template = lambda args, kws: template([types.unliteral(a) for a in args], kws)
        return made

    @property
    def _numba_type_(self) -> Any:
        """What another kernel that calls this one takes it for."""
        return self.inner._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        classes = tuple([kind if (kind := type(a)) in KNOWN_BY_CLASS else class_of(a) for a in arguments])
        entry = self._entries.get(classes)
        if entry is not None:
            return entry(*arguments)
        result = self._compiled(*arguments)
        types = tuple(self._compiled.typeof_pyval(a) for a in arguments)
        if types in self._compiled.overloads:
            self._entries[classes] = self._compiled.overloads[types].entry_point
        return result


def _dispatcher(function: Callable, cache: type[KernelCache], options: dict[str, bool]) -> Any:
    """Numba's compiler of one function, with its files."""
    made = njit(**options)(function)  # type: ignore[call-overload]
    made._cache = cache(function)
    return made


KNOWN_BY_CLASS: set[type] = {bool, int, float, np.uint64}  # and every kind of table


def class_of(argument: Any) -> Any:
    """What fixes an argument's type for the compiler: the class of a number or a table, what an array or a tuple holds."""
    kind = type(argument)
    if kind in KNOWN_BY_CLASS:
        return kind
    if kind is np.ndarray:
        return argument.dtype, argument.ndim, argument.flags.carray
    if isinstance(argument, tuple):
        inside = tuple(map(type, argument))
        return (kind, inside) if KNOWN_BY_CLASS.issuperset(inside) else (kind, *map(class_of, argument))
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


def column(dtype: str, unit: str, doc: str, width: int = 1) -> Any:
    """Declares one attribute of a table: how it is stored, its unit and its meaning; `width` numbers a row."""
    return dtype, unit, doc, width


def table[T](declared: type[T]) -> type[T]:
    """A table of the columns that a NamedTuple class declares with `column`, checked when it is made: kernels rely on them.

    The class stays at module level, so that compiled kernels can be cached.
    """
    plain = namedtuple(declared.__name__, declared._fields)  # type: ignore[attr-defined, misc]
    columns = tuple(Column(name, *words) for name, words in declared._field_defaults.items())  # type: ignore[attr-defined]
    want = [(c.name, np.dtype(c.dtype), 2 if c.width > 1 else 1) for c in columns]

    def checked(made: Any) -> Any:
        for (name, dtype, ndim), array in zip(want, made, strict=True):
            if type(array) is not np.ndarray or array.dtype != dtype or array.ndim != ndim or not array.flags.carray:
                raise TypeError(f"{declared.__name__}.{name}: not a plain array of {dtype} of {ndim} dimensions")
        return made

    kind = type(declared.__name__, (plain,), {
        "__slots__": (),
        "__module__": declared.__module__,
        "__doc__": declared.__doc__,
        "__new__": lambda cls, *arrays, **named: checked(plain.__new__(cls, *arrays, **named)),
        "_make": classmethod(lambda cls, arrays: checked(tuple.__new__(cls, arrays))),
        "_columns": columns,
    })
    KNOWN_BY_CLASS.add(kind)
    return cast("type[T]", kind)


def columns_of(kind: type) -> tuple[Column, ...]:
    """The declared columns of a table."""
    return kind._columns  # type: ignore[attr-defined]


def allocate[T](kind: type[T], n: int) -> T:
    """A table of `n` rows of zeros."""
    return kind(*(np.zeros((n, c.width) if c.width > 1 else n, dtype=c.dtype) for c in columns_of(kind)))


def grown[T](table: T, n: int) -> T:
    """A copy of `table` with room for `n` rows; the new rows are zeros."""
    out = []
    for old in cast("tuple[np.ndarray, ...]", table):
        new = np.zeros((n, *old.shape[1:]), dtype=old.dtype)
        new[: old.shape[0]] = old
        out.append(new)
    return type(table)(*out)


def bytes_per_row(table: Iterable[np.ndarray]) -> int:
    """Memory one row takes."""
    return sum(c.itemsize * (c.shape[1] if c.ndim > 1 else 1) for c in table)
