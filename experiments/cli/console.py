"""The console that tables are printed on, and tables as CSV."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160  # characters of a line that no terminal bounds


def wide_console() -> Console:
    """A console whose tables keep all their columns: a narrow terminal wraps their lines, a file or a pipe has long ones."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    return Console(soft_wrap=True, highlight=False, width=max(WIDE, console.width) if console.is_terminal else WIDE)


def print_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as CSV with a head of names; a value that is not there is empty, dates are as in ISO 8601."""
    import csv

    from experiments.runs.json_values import plain

    table = [plain(dict(row)) for row in rows]
    names = list(dict.fromkeys(name for row in table for name in row))
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)


def check_one_form(as_json: bool, as_csv: bool) -> None:
    """InputError when a table is wanted in two forms at once."""
    if as_json and as_csv:
        from sim.errors import InputError

        raise InputError("--json and --csv: give one of them.")
