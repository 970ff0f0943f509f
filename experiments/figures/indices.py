"""Charts of which factors matter most: indices of a sampled design, or shares of the variance of a grid or a surrogate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from experiments.analysis import effects
from experiments.analysis.surrogate_shares import shares_of
from experiments.figures import headings
from experiments.figures.captions import about
from experiments.figures.factors import surrogate_of, surrogate_words
from experiments.results.naming import factor_of, measure_of
from experiments.results.results import Results
from sim.errors import InputError
from sim.view.charts.bars import Index, index_chart
from sim.view.charts.chart import Chart
from sim.view.names import upper_first

SHARE_DRAWS = 20  # fits for the intervals of a surrogate's shares
NOISE_FLOOR = "the index that random variation alone would hardly give that factor"
TOTAL = "Share of the variance of {}, total effect (bar) and alone (tick)"


def indices(results: Results, measure: str) -> Chart:
    """Which factors matter most: Sobol or Morris indices, shares of a grid's variance, or a surrogate's shares."""
    shape = effects.design_shape(results)
    if results.design == "sobol":
        return _sobol(results, measure)
    if results.design == "morris":
        return _morris(results, measure)
    if shape == "factorial":
        return _variance(results, measure)
    if shape == "sampled":
        return _shares(results, measure)
    raise InputError(f"{results.label}: a {results.design} design has no indices; take the effects.")


def _sobol(results: Results, measure: str) -> Chart:
    from experiments.analysis.sensitivity import sobol

    table = sobol(results, measure)
    rows = [(r.factor, r.total, r.total_low, r.total_high, r.first, r.noise_high, bool(r.clear)) for r in table.itertuples()]
    more = f"Sobol indices, {table.attrs.get('blocks', 0)} blocks."
    title = headings.of_indices(results, measure, table, "total")
    return _chart(results, measure, rows, TOTAL, more, table.attrs.get("note"), title=title, noise_words=NOISE_FLOOR)


def _morris(results: Results, measure: str) -> Chart:
    from experiments.analysis.sensitivity import morris

    table, axis = morris(results, measure), measure_of(results, measure).axis
    rows = [(r.factor, r.mu_star, r.low, r.high, r.sigma, r.noise_high, bool(r.clear)) for r in table.itertuples()]
    what = f"{upper_first(axis)}: mean size of a factor’s effect over its range (bar) and its spread (tick)"
    more = f"Elementary effects of Morris, {table.attrs.get('blocks', 0)} trajectories."
    marks, title = ("mean size", "spread"), headings.of_indices(results, measure, table, "mu_star")
    return _chart(results, measure, rows, what, more, table.attrs.get("note"), title=title, noise_words=NOISE_FLOOR, marks=marks, axis=axis)


def _variance(results: Results, measure: str) -> Chart:
    from experiments.analysis.variance import variance_shares

    table = variance_shares(results, measure)
    if not table.attrs["noise"].p <= 0.05:
        raise InputError(f"{measure}: points do not differ beyond random variation (F test, 5 %), so there is no variance to share out.")
    rows = [(r.term, r.share, r.low, r.high) for r in table.itertuples()]
    what = "Share of the variance of {} between points, by factor and pair of factors"
    more = "Sums of squares less the share of random variation; whiskers: jackknife over seeds."
    return _chart(results, measure, rows, what, more, title=headings.of_effects(results, measure), marks=("share", "alone"))


def _shares(results: Results, measure: str) -> Chart:
    fitted = surrogate_of(results, measure)
    shares = shares_of(fitted, draws=SHARE_DRAWS)
    rows = [(r.factor, r.total, r.total_low, r.total_high, r.first, shares.floor, bool(r.clear)) for r in shares.table.itertuples()]
    words = "largest share of a column of random numbers"
    return _chart(results, measure, rows, TOTAL, surrogate_words(fitted), shares.note, title=headings.of_effects(results, measure), noise_words=words)


def _chart(
    results: Results, measure: str, rows: Iterable[tuple], what: str, more: str, note: str | None = None, **options: Any
) -> Chart:
    """Rows of (factor or pair, index, its interval, alone, floor, clear), the last three where there are any, as a chart."""
    named = measure_of(results, measure)
    return index_chart(
        [Index(_words_of(results, term), *figures) for term, *figures in rows],
        what=what.format(named.name),
        measure=named,
        about=about(results),
        more=more + (f" {upper_first(note)}." if note else ""),
        **options,
    )


def _words_of(results: Results, term: str) -> str:
    return " × ".join(factor_of(results, name).name for name in term.split(" x "))
