"""Headings of figures: the finding in one sentence, by the estimates, intervals and rule of the tables of effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.analysis import effects
from experiments.results.naming import factor_of, measure_of, word
from experiments.results.results import Results
from sim.view.names import HARD, Named
from sim.view.numbers import mean_text, significant

MOST = 2  # factors that a heading names
NEXT = 0.5  # a second factor is named when its effect is at least this share of the first one's


def strongest_effects(results: Results, measure: str, factors: Sequence[str] | None = None) -> pd.DataFrame:
    """Of each factor its largest effect that has an interval, the largest first, as rows of `effects.effects`."""
    table = effects.effects(results, measure)
    main = table[(table["by"] == "") & np.isfinite(table["low"]) & np.isfinite(table["high"])]
    if factors is not None:
        main = main[main["factor"].isin(factors)]
    return main.assign(size=main["effect"].abs()).sort_values("size", ascending=False, kind="stable").drop_duplicates("factor")


def of_effects(results: Results, measure: str, factors: Sequence[str] | None = None) -> str:
    """Which factors move a measure, how far and in which direction; of all factors, or of those that a figure shows."""
    named, largest = measure_of(results, measure), strongest_effects(results, measure, factors)
    some = [factor_of(results, f).name for f in factors or ()]
    of = f" of {' or '.join(some)}" if 0 < len(some) <= MOST else ""
    if not len(largest):
        return f"{named.title}: too few runs for the interval of an effect{of}"
    clear = largest[largest["clear"]]
    if not len(clear):
        return f"No clear effect{of} on {named.name}"
    shown = clear[clear["size"] >= (0.0 if of else NEXT) * clear["size"].iloc[0]].head(MOST)
    text = ", ".join(_effect(results, named, row) for row in shown.itertuples())
    unclear = [factor_of(results, f).name for f in factors or () if f not in set(clear["factor"])]
    return f"{named.title}: {text}" + (f"; no clear effect of {unclear[0]}" if of and unclear else "")


def _effect(results: Results, named: Named, row) -> str:
    factor, unit = factor_of(results, row.factor), f"{HARD}{named.unit}" if named.unit else ""
    levels = f"from {factor.value_text(word(row.a))} to {factor.value_text(word(row.b))}"
    return f"{mean_text(row.effect, row.low, row.high)}{unit} with {factor.name} {levels}"


def of_indices(results: Results, measure: str, table: pd.DataFrame, size: str) -> str:
    """Which factors have the largest indices of those that are clear in their table (columns `clear` and `verdict`)."""
    named = measure_of(results, measure)
    clear = table[table["clear"]].sort_values(size, ascending=False)
    if not len(clear):
        return f"{named.title}: no clear index ({table['verdict'].iloc[0]})"
    shown = clear[clear[size] >= NEXT * clear[size].iloc[0]].head(MOST)
    names = " and ".join(f"{factor_of(results, r['factor']).name} ({significant(r[size], 2)})" for r in shown.to_dict("records"))
    return f"Largest index for {named.name}: {names}"
