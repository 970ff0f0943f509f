"""Analysis of a study: effects, indices, a surrogate's shares, a box and convergence, as its design allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.analysis.convergence import Needed
    from experiments.analysis.intervals import Interval
    from experiments.analysis.noise import Noise
    from experiments.analysis.scenario_discovery import Box
    from experiments.analysis.surrogate import Surrogate
    from experiments.analysis.surrogate_shares import Shares
    from experiments.results.results import Results

SURROGATES = 2  # measures that get a surrogate unless measures are named: it takes a while each
TOP = 0.75  # the box is looked for where the first measure is above this quantile, unless a condition is given
DRAWS = 30


@dataclass
class Measured:
    """The analysis of one measure. What a design does not give is None."""

    name: str
    unit: str
    mean: Interval  # over seeds, all points together
    noise: Noise
    effects: pd.DataFrame
    variance: pd.DataFrame | None = None  # shares of a factorial design's terms
    indices: pd.DataFrame | None = None
    surrogate: Surrogate | None = None
    shares: Shares | None = None
    needed: Needed | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Analysis:
    results: Results
    measures: list[Measured]
    box: Box | None = None
    notes: list[str] = field(default_factory=list)


def analysis(
    results: Results, measures: list[str] | None = None, condition: str | None = None, precision: float | None = None
) -> Analysis:
    """Everything that the design of these results lets one say of some measures."""
    from experiments.analysis.effects import design_shape

    names = [results.known_measure(m) for m in dict.fromkeys(measures)] if measures else results.headline
    shape = design_shape(results)
    found = Analysis(
        results,
        [_measured(results, name, shape, precision) for name in names],
        notes=[results.note] if results.note else [],
    )
    if shape == "sampled":
        for one in found.measures if measures else found.measures[:SURROGATES]:
            _add_surrogate(results, one)
        if not measures and len(names) > SURROGATES:
            found.notes.append(f"a surrogate was fitted to the first {SURROGATES} measures; name others with --measure")
    if condition or shape == "sampled":
        from experiments.analysis.scenario_discovery import prim

        found.box = prim(results, condition or _upper(results, names[0]))
    return found


def correlation_words(results: Results) -> str:
    """The largest correlation between two factors of a space-filling sample, in words; empty for other designs."""
    import math

    from experiments.studies.designs import largest_correlation

    if not results.plan.fills_space:
        return ""
    largest = largest_correlation(results.study.unit_sample())
    return f"; largest correlation between two factors {largest:+.2f}" if math.isfinite(largest) else ""


def _measured(results: Results, name: str, shape: str, precision: float | None) -> Measured:
    from experiments.analysis import convergence, effects, intervals
    from experiments.analysis.noise import noise
    from experiments.analysis.variance import variance_shares

    matrix = results.matrix(name)
    one = Measured(
        name=name,
        unit=results.unit(name),
        mean=intervals.of_mean(convergence.mean_by_seed(matrix)),
        noise=noise(matrix),
        effects=effects.effects(results, name),
        needed=convergence.needed(results, name, share=precision),
    )
    one.notes += [note for note in (one.effects.attrs["note"], results.without_value(name)) if note]
    if shape == "factorial":
        try:
            one.variance = variance_shares(results, name)
        except InputError as error:  # too few points so far
            one.notes.append(str(error))
    if results.plan.has_indices:
        from experiments.analysis.sensitivity import indices

        try:
            one.indices = indices(results, name)
        except InputError as error:  # too few whole blocks so far
            one.notes.append(str(error))
    return one


def _add_surrogate(results: Results, one: Measured) -> None:
    from experiments.analysis import surrogate, surrogate_shares

    try:
        one.surrogate = surrogate.fit(results, one.name)
    except InputError as error:
        one.notes.append(str(error))
        return
    one.shares = surrogate_shares.shares_of(one.surrogate, draws=DRAWS)


def _upper(results: Results, name: str) -> str:
    """The condition that a measure is high: above its upper quartile, or above its least where that is the same."""
    values = results.done[name].dropna()
    bound = float(values.quantile(TOP)) if len(values) else 0.0
    return (
        f"{name} > {bound:.6g}"
        if not len(values) or (values > float(f"{bound:.6g}")).any()
        else f"{name} > {values.min():.6g}"
    )
