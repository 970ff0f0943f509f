"""Findings of a study in a few sentences, from the same estimates and by the same rule as its tables."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.analysis import effects, intervals
from experiments.analysis.pairing import levels
from experiments.results.naming import factor_of, measure_of, word
from experiments.results.results import Results
from sim.errors import InputError
from sim.view.names import Named, upper_first
from sim.view.numbers import interval, mean_text

FOCUS = 4  # measures with findings of their own
MOST_FACTORS = 3  # factors named of each
KINSHIP = (  # of measures that mean nearly the same, the first that varies is taken
    ("deep_breakthroughs", "breakthroughs", "penetration_km"),
    ("held_km2", "gained_km2", "net_direction_km2", "lost_km2", "breach_held"),
    ("casualties_attacker",),
    ("casualties_defender",),
    ("price_per_km2",),
)


@dataclass(frozen=True)
class Finding:
    """What is known of one measure: sentences, the clearest first."""

    measure: Named
    lines: tuple[str, ...]


def focus(results: Results, most: int = FOCUS) -> list[str]:
    """The measures in focus: at most one of each kind, those the study asks for first, none that is the same in all runs."""
    varied = [m for m in results.headline if _varies(results.done[m])]
    out: list[str] = []
    for name in varied:
        kin = next((k for k in KINSHIP if name in k), (name,))
        first = next((m for m in kin if m in varied), name)
        if first not in out:
            out.append(first)
    return out[:most]


def _varies(values: pd.Series) -> bool:
    known = values[np.isfinite(values.astype(float))]
    return len(known) > 1 and float(known.max() - known.min()) > 1e-12


def findings(results: Results) -> list[Finding]:
    """Sentences for each measure in focus."""
    out = []
    for name in focus(results):
        try:
            lines = _lines(results, name)
        except InputError as error:
            lines = [str(error)]
        out.append(Finding(measure_of(results, name), tuple(lines)))
    return out


def _lines(results: Results, measure: str) -> list[str]:
    if effects.design_shape(results) == "single":
        return [_mean(results, measure)]
    if results.plan.has_indices:
        return _ranked(results, measure)
    table = effects.effects(results, measure)
    main = table[table["by"] == ""]
    if not len(main):
        return [_mean(results, measure), table.attrs.get("note", "") or "no effect can be estimated"]
    named = measure_of(results, measure)
    # of a factor with several levels the one farthest from the first counts
    size = main.assign(size=main["effect"].abs().fillna(-1.0))
    far = size.sort_values("size", ascending=False).drop_duplicates("factor")
    clear, known = far["clear"], np.isfinite(far["low"].astype(float))
    sure = [_effect(results, row, named) for row in far[clear].itertuples()][:MOST_FACTORS]
    rest = int(clear.sum()) - len(sure)
    lines = [*sure, *_turns(results, measure, named)]
    if rest > 0:
        lines.append(f"{rest} more factor{'s have' if rest > 1 else ' has'} a clear effect.")
    for some, words in ((far[~clear & known], "No clear effect of {} (95 % interval holds zero)."), (far[~known], "No interval of the effect of {}: {}.")):
        if len(some):
            lines.append(words.format(_listed(results, some["factor"]), some["note"].iloc[0] or "too few runs"))
    gone = results.without_value(measure)
    if gone:
        lines.append(f"{upper_first(gone)}.")
    r2 = table.attrs.get("r2")
    if r2 is not None and math.isfinite(r2):
        lines.append(f"A straight line over the factors fits the points with R² {r2:.2f}.")
    return lines


def _listed(results: Results, factors: pd.Series) -> str:
    names = [factor_of(results, f).name for f in factors]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _mean(results: Results, measure: str) -> str:
    named = measure_of(results, measure)
    mean = intervals.of_mean(results.matrix(measure).to_numpy(float).mean(axis=0))
    limits = f" (95 % {interval(mean.low, mean.high)})" if math.isfinite(mean.low) else ""
    return f"Mean {mean_text(mean.estimate, mean.low, mean.high).lstrip('+')}{_unit(named)}{limits}, {_seeds(mean.n)}."


def _unit(named: Named) -> str:
    return f" {named.unit}" if named.unit else ""


def _seeds(n: int) -> str:
    return f"{n} seed{'s' if n != 1 else ''}"


def _effect(results: Results, row, named: Named) -> str:
    factor = factor_of(results, row.factor)
    return (
        f"{factor.title} from {factor.value_text(word(row.a))} to {factor.value_text(word(row.b))}: "
        f"{mean_text(row.effect, row.low, row.high)}{_unit(named)} (95 % {interval(row.low, row.high)}), {_seeds(row.n)}."
    )


def _turns(results: Results, measure: str, named: Named) -> list[str]:
    """Best levels that lie inside a factor's range and clearly differ from both of its ends."""
    from experiments.analysis.optimum import optimum

    out = []
    for factor in results.factors if effects.design_shape(results) == "factorial" else []:
        if len(levels(results.points[factor])) < 4 or results.points[factor].dtype.kind not in "iuf":
            continue
        for best, beyond in (("low", "higher"), ("high", "lower")):
            found = optimum(results, measure, factor, best)
            ends = found.table.iloc[[0, -1]]
            if ends["rival"].any():
                continue
            name = factor_of(results, factor)
            gaps = " and ".join(
                f"{mean_text(r['behind'], r['behind_low'], r['behind_high']).lstrip('+')}{_unit(named)} at {name.value_text(word(r[factor]))}"
                f" (95 % {interval(r['behind_low'], r['behind_high'])})"
                for r in ends.to_dict("records")
            )
            where = f"{name.value_text(word(found.level[factor]))}"
            reach = f" (95 % {word(found.low[factor]):g} to {word(found.high[factor]):g})" if found.low[factor] is not None else ""
            out.append(f"{best.capitalize()}est with {name.name} at {where}{reach}; {beyond} by {gaps}, {_seeds(found.n)}.")
    return out


def _ranked(results: Results, measure: str) -> list[str]:
    """The order of indices, where they clear the noise floor."""
    from experiments.analysis.sensitivity import indices

    table = indices(results, measure)
    size, low, high = ("mu_star", "low", "high") if results.design == "morris" else ("total", "total_low", "total_high")
    table = table.sort_values(size, ascending=False)
    named = measure_of(results, measure)
    what, unit = ("mean size of its effect over its range", _unit(named)) if results.design == "morris" else ("share of the variance in all", "")
    sure = table[table["clear"]]
    lines = [
        f"{factor_of(results, r['factor']).title}: {what} {mean_text(r[size], r[low], r[high]).lstrip('+')}{unit}{_limits(r[low], r[high])}."
        for r in sure.head(MOST_FACTORS).to_dict("records")
    ]
    if len(sure) > MOST_FACTORS:
        lines.append(f"{len(sure) - MOST_FACTORS} more are clearly above the noise floor.")
    for verdict, rows in table[~table["clear"]].groupby("verdict"):
        lines.append(f"{len(rows)} of {len(table)}: {verdict}.")
    lines += [f"{upper_first(note)}." for note in (table.attrs.get("note"), results.without_value(measure)) if note]
    return lines


def _limits(low: float, high: float) -> str:
    return f" (95 % {interval(low, high)})" if math.isfinite(low) else ""
