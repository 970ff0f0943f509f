"""What `pokrovsk compare` does: two folders of results, measure by measure, paired on the seeds they share."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.quantity import InputError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.contrasts import Contrast
    from experiments.results import Results

STAMPS = ("scenario", "start", "days", "schema", "code", "commit")


@dataclass(frozen=True)
class Comparison:
    """B less A. `contrasts` has one entry a measure; `differs` rows of what is not the same: name, in A, in B."""

    a: str
    b: str
    contrasts: list[Contrast]
    differs: list[tuple[str, str, str]]
    is_paired: bool
    shared_seeds: int
    points: int  # settings that both have
    only_a: int  # settings that only A has
    only_b: int
    failed_a: int
    failed_b: int
    notes: list[str]


def compared(a: Results, b: Results, measures: list[str] | None = None) -> Comparison:
    """The comparison of two sets of results that have the same settings, or one setting each."""
    names = (
        [b.known_measure(a.known_measure(m)) for m in measures]
        if measures
        else [m for m in a.headline if m in b.measures]
    )
    if not names:
        raise InputError(f"{a.label} and {b.label} have no measure in common.")
    pairs, only_a, only_b = _pairs(a, b)
    one, two = [p for p, _ in pairs], [p for _, p in pairs]
    shared = sorted({*a.seeds} & {*b.seeds})
    notes = [f"{r.label}: {r.note}" for r in (a, b) if r.note]
    if not shared:
        notes.append("no shared seeds: unpaired, by the means of each side's own seeds")
    return Comparison(
        a=a.label,
        b=b.label,
        contrasts=[_contrast(a, b, m, one, two, shared) for m in names],
        differs=differences(a, b),
        is_paired=bool(shared),
        shared_seeds=len(shared),
        points=len(pairs),
        only_a=only_a,
        only_b=only_b,
        failed_a=len(a.failed),
        failed_b=len(b.failed),
        notes=notes,
    )


def _contrast(a: Results, b: Results, measure: str, one: list[int], two: list[int], shared: list[int]) -> Contrast:
    from experiments.contrasts import contrast

    left, right = a.matrix(measure).loc[one], b.matrix(measure).loc[two]
    if not shared:
        return _unpaired(left, right, measure, a.unit(measure))
    left, right = (side.reindex(columns=shared).set_axis(range(len(one))) for side in (left, right))
    return contrast(left, right, measure, a.unit(measure), "folder", "A", "B")


def _unpaired(left: pd.DataFrame, right: pd.DataFrame, measure: str, unit: str) -> Contrast:
    """Welch's interval over seeds; a seed that lacks a setting is left out, for its mean would be of other settings."""
    from experiments import intervals
    from experiments.contrasts import Contrast

    left, right = left.dropna(axis=1), right.dropna(axis=1)
    told = intervals.of_difference(left.mean(), right.mean())
    seeds = tuple(sorted({*map(int, left.columns), *map(int, right.columns)}))
    means = [float(side.mean().mean()) if side.size else math.nan for side in (left, right)]
    note = told.note or "unpaired"
    return Contrast(
        *(measure, unit, "folder", "A", "B", told.estimate, told.low, told.high, told.n, seeds, len(left), *means),
        *(math.nan, math.nan, 0, note),
    )


def _pairs(a: Results, b: Results) -> tuple[list[tuple[int, int]], int, int]:
    """Points of A and B with the same levels, and how many of each have no partner."""
    left, right = a.points, b.points
    if len(left) == 1 and len(right) == 1:
        return [(left.index[0], right.index[0])], 0, 0
    if set(a.factors) != set(b.factors):
        raise InputError(
            f"{a.label} has {len(left)} point{'s' * (len(left) != 1)} over {', '.join(a.factors) or 'no factor'}, {b.label} {len(right)} over "
            f"{', '.join(b.factors) or 'no factor'}; compare two single runs, or two sweeps of the same factors."
        )
    both = left.reset_index().merge(right.reset_index(), on=list(a.factors), suffixes=("_a", "_b"))
    if both.empty:
        raise InputError(f"{a.label} and {b.label} have no setting of {', '.join(a.factors)} in common.")
    pairs = list(zip(both["point_a"], both["point_b"], strict=True))
    return pairs, len(left) - both["point_a"].nunique(), len(right) - both["point_b"].nunique()


def differences(a: Results, b: Results) -> list[tuple[str, str, str]]:
    """Scenario, horizon, code and parameters that the two do not share, apart from their factors."""
    moved = {key for r in (a, b) for key in _moved(r)}
    names = [*STAMPS, *(p for p in a.parameters if p in b.parameters)]
    rows = []
    for name in names:
        if name in moved or name not in a.runs or name not in b.runs:
            continue
        one, two = (_values(r, name) for r in (a, b))
        if one != two:
            rows.append((name, one, two))
    return rows


def _moved(results: Results) -> set[str]:
    """Columns that a study's factors change from point to point."""
    from sim.settings import short_names

    keys = {short_names().get(f, f) for f in results.factors}
    return keys | set(getattr(results.study, "parameters", []))


def _values(results: Results, name: str) -> str:
    import pandas as pd

    from experiments.matching import said

    there = results.done[name].dropna().unique().tolist()
    words = [str(v.date()) if isinstance(v, pd.Timestamp) else said(v) for v in there]
    return ", ".join(sorted(map(str, words))[:4]) + (", ..." if len(words) > 4 else "") if words else "-"


# The command


def carry_out(a: Path, b: Path, measures: list[str] | None, as_json: bool) -> int:
    """Compares two folders and prints a short table, or JSON."""
    from experiments.results import load

    told = compared(load(a), load(b), measures)
    if as_json:
        from experiments.told import plain

        data = asdict(told) | {"contrasts": [asdict(c) for c in told.contrasts]}
        print(json.dumps(plain(data), indent=1, allow_nan=False))
    else:
        show(told)
    return 0


def show(told: Comparison) -> None:
    """Prints a comparison."""
    from rich.table import Table

    from experiments.analysis_tables import wide_console
    from experiments.intervals import seeds_text
    from sim.view.numbers import interval, share_text, significant

    console = wide_console()
    console.print(f"[bold]A[/] {told.a}   [bold]B[/] {told.b}")
    how = f"paired on {told.shared_seeds} shared seeds" if told.is_paired else "unpaired: no shared seeds"
    left = f"; without a partner: {told.only_a} of A, {told.only_b} of B" if told.only_a or told.only_b else ""
    failed = f"; failed runs: {told.failed_a} of A, {told.failed_b} of B" if told.failed_a or told.failed_b else ""
    console.print(f"{how}, {told.points} setting{'s' if told.points > 1 else ''}{left}{failed}")
    for note in told.notes:
        console.print(note, style="yellow")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("measure", "A", "B", "B - A", "95 %", "unit", "N", "variance saved", ""):
        table.add_column(name, justify="left" if name in ("measure", "unit", "") else "right", no_wrap=True)
    for c in told.contrasts:
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
    seeds = max((c.seeds for c in told.contrasts), key=len, default=())
    console.print(f"\nseeds {seeds_text(seeds)}", style="dim")
    if not told.differs:
        console.print("scenario, code and parameters are the same")
        return
    console.print()
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("what differs", "A", "B"):
        rows.add_column(name)
    for row in told.differs:
        rows.add_row(*row)
    console.print(rows)
