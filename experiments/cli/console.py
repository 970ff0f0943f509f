"""The console that tables are printed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160  # characters of a line that no terminal bounds


def wide_console() -> Console:
    """A console whose tables keep all their columns: a narrow terminal wraps their lines, a file or a pipe has long ones."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    return Console(soft_wrap=True, highlight=False, width=max(WIDE, console.width) if console.is_terminal else WIDE)
