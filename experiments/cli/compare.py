"""`pokrovsk compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Csv, Measures

if TYPE_CHECKING:
    from experiments.analysis.comparison import Comparison


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Folder of a sweep or a run.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    measure: Measures = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    csv: Csv = False,
) -> int:
    """Tell two folders apart: differences on shared seeds, with intervals, and what was set differently."""
    import json
    from dataclasses import asdict

    from experiments.analysis.comparison import compared
    from experiments.cli.console import check_one_form, print_csv
    from experiments.results.loading import load

    check_one_form(json_, csv)
    comparison = compared(load(a), load(b), measure)
    contrasts = [asdict(c) for c in comparison.contrasts]
    if json_:
        from experiments.runs.json_values import plain

        print(json.dumps(plain(asdict(comparison) | {"contrasts": contrasts}), indent=1, allow_nan=False))
    elif csv:
        from experiments.analysis.intervals import seeds_text

        print_csv(row | {"seeds": seeds_text(row["seeds"])} for row in contrasts)
    else:
        print_comparison(comparison)
    return 0


def print_comparison(comparison: Comparison) -> None:
    """Prints a comparison."""
    from rich.table import Table

    from experiments.analysis.intervals import seeds_text
    from experiments.cli.console import wide_console
    from sim.view.numbers import interval, share_text, significant

    console = wide_console()
    console.print(f"[bold]A[/] {comparison.a}   [bold]B[/] {comparison.b}")
    how = f"paired on {comparison.shared_seeds} shared seeds" if comparison.is_paired else "unpaired: no shared seeds"
    left = f"; without a partner: {comparison.only_a} of A, {comparison.only_b} of B" if comparison.only_a or comparison.only_b else ""
    failed = f"; failed runs: {comparison.failed_a} of A, {comparison.failed_b} of B" if comparison.failed_a or comparison.failed_b else ""
    console.print(f"{how}, {comparison.points} setting{'s' if comparison.points > 1 else ''}{left}{failed}")
    for note in comparison.notes:
        console.print(note, style="yellow")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("measure", "A", "B", "B - A", "95 %", "unit", "N", "variance saved", ""):
        table.add_column(name, justify="left" if name in ("measure", "unit", "") else "right", no_wrap=True)
    for c in comparison.contrasts:
        saved = share_text(c.variance_saved)
        dropped = f"{c.dropped} pairs dropped" if c.dropped else ""
        note = "; ".join(w for w in (c.note or ("" if c.is_clear else "holds 0"), dropped) if w)
        table.add_row(
            *(c.measure, significant(c.mean_a), significant(c.mean_b), significant(c.mean, signed=True), interval(c.low, c.high)),
            *(c.unit, str(c.n), saved, note),
            style=None if c.is_clear else "dim",
        )
    console.print()
    console.print(table)
    seeds = max((c.seeds for c in comparison.contrasts), key=len, default=())
    console.print(f"\nseeds {seeds_text(seeds)}", style="dim")
    if not comparison.differs:
        console.print("scenario, code and parameters are the same")
        return
    console.print()
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("what differs", "A", "B"):
        rows.add_column(name)
    for row in comparison.differs:
        rows.add_row(*row)
    console.print(rows)
