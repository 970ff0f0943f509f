"""What the tables of a results folder must hold before anything is computed from them; damage is one line that names the place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

WHOLE = {"runs": ("run", "point", "seed"), "daily": ("run", "day"), "maps": ("run", "day", "ny", "nx")}  # columns that count or index


def check_table(rows: pd.DataFrame, place: str, table: str, numbers: Iterable[str] = (), there: Iterable[str] = ()) -> pd.DataFrame:
    """The rows again. InputError unless columns that index are whole numbers, `numbers` are numbers, and `there` exist."""
    for name in (*WHOLE[table], *there):
        if name not in rows:
            raise InputError(f"{place} is broken: its table {table!r} has no column {name!r}.")
    for name in WHOLE[table]:
        if rows[name].isna().any() or rows[name].dtype.kind not in "iu":
            raise InputError(f"{place} is broken: column {name!r} of its table {table!r} does not hold whole numbers.")
    for name in numbers:
        if name in rows and rows[name].notna().any() and rows[name].dtype.kind not in "iufb":
            raise InputError(f"{place} is broken: column {name!r} of its table {table!r} does not hold numbers.")
    return rows
