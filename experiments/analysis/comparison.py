"""Comparison of two folders of results, measure by measure, by paired differences on the seeds they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.results.naming import level_text
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.analysis.effects import Contrast
    from experiments.results.results import Results

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
    from experiments.analysis.effects import contrast

    left, right = a.matrix(measure).loc[one], b.matrix(measure).loc[two]
    if not shared:
        return _unpaired(left, right, measure, a.unit(measure))
    left, right = (side.reindex(columns=shared).set_axis(range(len(one))) for side in (left, right))
    return contrast(left, right, measure, a.unit(measure), "folder", "A", "B")


def _unpaired(left: pd.DataFrame, right: pd.DataFrame, measure: str, unit: str) -> Contrast:
    """Welch's interval over seeds; a seed that lacks a setting is left out, for its mean would be of other settings."""
    from experiments.analysis import intervals
    from experiments.analysis.effects import Contrast

    left, right = left.dropna(axis=1), right.dropna(axis=1)
    estimate = intervals.of_difference(left.mean(), right.mean())
    seeds = tuple(sorted({*map(int, left.columns), *map(int, right.columns)}))
    mean_a, mean_b = (float(side.mean().mean()) if side.size else math.nan for side in (left, right))
    note = estimate.note or "unpaired"
    return Contrast(
        measure, unit, "folder", "A", "B", estimate.estimate, estimate.low, estimate.high, estimate.n, seeds, len(left),
        mean_a, mean_b, math.nan, math.nan, 0, note,
    )  # fmt: skip


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
    for name in a.factors:
        if left[name].dtype.kind != right[name].dtype.kind:  # numbers in one folder, words in the other
            left, right = (side.assign(**{name: side[name].map(level_text)}) for side in (left, right))
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
    return rows or _unseen(a, b)


def _unseen(a: Results, b: Results) -> list[tuple[str, str, str]]:
    """What differs although no column shows it: fields of the scenario (cell, step, ground, forces), or the key of shared runs."""
    if "run_key" not in a.runs or "run_key" not in b.runs:
        return []
    on = [*(set(a.factors) & set(b.factors)), "seed"]
    both = a.done[[*on, "run_key"]].merge(b.done[[*on, "run_key"]], on=on, suffixes=("_a", "_b")).dropna()
    if not both.empty and both["run_key_a"].equals(both["run_key_b"]):
        return []
    one, two = _scenario_fields(a), _scenario_fields(b)
    rows = []
    for name in (name for name in one if name in two and one[name] != two[name]):
        texts = [str(side[name]) for side in (one, two)]
        rows.append((name, *(texts if max(map(len, texts)) <= 60 else ("as in A", "as in B"))))
    if rows or both.empty:
        return rows
    return [("settings that no column shows", str(both["run_key_a"].iloc[0]), str(both["run_key_b"].iloc[0]))]


def _scenario_fields(results: Results) -> dict[str, object]:
    """The fields of the only scenario of these results; none when there are several, or when it is not here any more."""
    from experiments.results.naming import scenario_of
    from experiments.runs.identity import scenario_data

    try:
        scenario = scenario_of(results)
        return scenario_data(scenario) if scenario else {}
    except InputError:
        return {}


def _moved(results: Results) -> set[str]:
    """Columns that a study's factors change from point to point."""
    from sim.settings import short_names

    keys = {short_names().get(f, f) for f in results.factors}
    return keys | set(getattr(results.study, "parameters", []))


def _values(results: Results, name: str) -> str:
    import pandas as pd

    there = results.done[name].dropna().unique().tolist()
    words = [str(v.date()) if isinstance(v, pd.Timestamp) else level_text(v) for v in there]
    return ", ".join(sorted(map(str, words))[:4]) + (", ..." if len(words) > 4 else "") if words else "-"
