"""Results as charts: each function takes the analysis of a measure and hands it to `sim.view` with its words and units.

Every function returns a `sim.view.chart.Chart`: it shows itself in a notebook, and `.save(path)` writes PNG, SVG and PDF.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.analysis import effects, intervals
from experiments.analysis.effects import strongest
from experiments.analysis.noise import mean_of
from experiments.analysis.pairing import levels, matched_points
from experiments.figures import headings
from experiments.figures.captions import about
from experiments.results.naming import factor_of, measure_of, scenario_of, word
from experiments.results.results import Results
from sim.errors import InputError, did_you_mean
from sim.view.charts.chart import Chart
from sim.view.numbers import significant

if TYPE_CHECKING:
    from sim.scenario import Scenario

MOST_LEVELS = 12  # a number with more different values is shown in three parts of its range


# By day


def fan(results: Results, measure: str, by: str | None = None) -> Chart:
    """A measure by day: one fan for all runs, or one for each level of a factor."""
    from sim.view.charts.daily_fans import fans_chart

    named, daily = measure_of(results, measure), results.daily
    if measure not in daily:
        kept = [m for m in results.measures if m in daily]
        raise InputError(f"{results.label} keeps no daily values of {measure!r}.{did_you_mean(measure, kept)}")
    daily = daily[daily["run"].isin(results.done["run"])]
    table = daily.pivot_table(index="run", columns="day", values=measure, aggfunc="first", dropna=False).sort_index()
    values = table.to_numpy(float)
    more = ""
    if _is_counted_daily(measure):
        values, more = np.nancumsum(values, axis=1), "Added up over the days."
    start = pd.Timestamp(daily["date"].min()).date()
    points = results.done.set_index("run").loc[table.index, "point"].to_numpy()
    factor = results.known_factor(by) if by else None
    runs: dict[object, np.ndarray] = {k: values[np.isin(points, there)] for k, there in _split(results, factor).items()} if factor else {"all": values}
    record = _record(results) if measure == "held_km2" else None
    runs = {k: v for k, v in runs.items() if len(v)}
    few = intervals.few_runs(min(map(len, runs.values()), default=0))
    more = " ".join(p for p in (more, f"{few}." if few else "") if p)
    of, title = (factor_of(results, factor), headings.of_effects(results, measure, (factor,))) if factor else (None, None)
    return fans_chart(runs, start, measure=named, about=about(results), factor=of, record=record, title=title, more=more)


def _is_counted_daily(measure: str) -> bool:
    """True for counts of a day, which are added up."""
    from sim.measures import MEASURES

    return measure in MEASURES and MEASURES[measure].kind == "daily" and MEASURES[measure].unit == "" and "through" in measure


def _split(results: Results, factor: str) -> dict[Any, np.ndarray]:
    """Points by level of a factor; by parts of its range where it has many values; around a baseline all else equal."""
    points = results.points
    column = points[factor]
    if effects.design_shape(results) == "one-at-a-time":
        others = points.drop(columns=factor)
        base = others.iloc[0]
        points = points[(others.eq(base) | (others.isna() & base.isna())).all(axis=1)]
        column = points[factor]
    there = levels(column)
    if len(there) <= MOST_LEVELS or column.dtype.kind not in "iuf":
        return {word(v): points.index[column.isna() if v is None else column == v].to_numpy() for v in there}
    edges = np.linspace(column.min(), column.max(), 4)
    part = np.clip(np.searchsorted(edges, column, "right") - 1, 0, 2)
    names = [f"{significant(a)} to {significant(b)}" for a, b in itertools.pairwise(edges)]
    return {names[k]: points.index[part == k].to_numpy() for k in range(3)}


def _record(results: Results):
    from sim.view.public_record import recorded

    scenario = scenario_of(results)
    return recorded(scenario) if scenario is not None else None


# Pairs of runs


def twins(results: Results, measure: str, factor: str | None = None, a: Any = None, b: Any = None) -> Chart:
    """Differences seed by seed between two levels of a factor; without levels the first and the last."""
    from sim.view.charts.paired_differences import paired_differences_chart

    factor = results.known_factor(factor) if factor else strongest(results, measure)[0]
    there = levels(_around_baseline(results, factor)[factor])
    if a is None and b is None:
        a, b = there[0], there[-1]
        if a is None and len(there) > 2:
            a = there[1]
    contrast = effects.paired(results, measure, factor, a, b)
    one, two = matched_points(results, factor, a, b)
    matrix = results.matrix(measure)
    gaps = mean_of(matrix.loc[two].to_numpy(float) - matrix.loc[one].to_numpy(float), 0)
    named = factor_of(results, factor)
    change = f"{named.name} at {named.value_text(word(b))} minus at {named.value_text(word(a))}"
    settings = f"Each bar is the mean over {contrast.settings} settings of the other factors." if contrast.settings > 1 else ""
    saved = contrast.variance_saved
    more = f"Sharing seeds saves {saved:.0%} of the variance.".replace("%", " %") if math.isfinite(saved) and saved > 0 else ""
    return paired_differences_chart(
        gaps,
        [int(s) for s in matrix.columns],
        measure=measure_of(results, measure),
        change=change,
        about=about(results),
        mean=contrast.mean,
        low=contrast.low,
        high=contrast.high,
        more=f"{settings} {more}".strip(),
    )


def _around_baseline(results: Results, factor: str) -> pd.DataFrame:
    return results.points.loc[np.concatenate(list(_split(results, factor).values()))] if effects.design_shape(results) == "one-at-a-time" else results.points


# Maps


def control(results: Results, by: str | None = None, records: dict[Any, np.ndarray] | None = None) -> Chart:
    """Maps of the probability of control: by level of a factor on the last day, or day by day.

    `records`: the record's control (ny, nx) by level or date, where there is one.
    """
    from sim.view.charts.control_probability import ControlMap, control_maps_chart
    from sim.view.style import day_text

    maps = results.to_xarray()
    control, runs = maps["control"], maps["run"].to_numpy()
    there = maps["there"].to_numpy() if "there" in maps else np.ones(control.shape[:2], bool)
    kept = np.isin(runs, results.done["run"].to_numpy())
    points = maps["point"].to_numpy()
    held = control.to_numpy() >= 50
    shown: list[ControlMap] = []
    if by is not None:
        factor = results.known_factor(by)
        named = factor_of(results, factor)
        for k, (level, inside) in enumerate(_split(results, factor).items()):
            rows = kept & np.isin(points, inside) & there[:, -1]
            if rows.any():
                words = f"{named.name} {named.value_text(level)}" if k == 0 else named.value_text(level)
                shown.append(ControlMap(words, held[rows, -1].mean(axis=0), (records or {}).get(level)))
        more = f"Day {int(maps['day'][-1])}."
    else:
        first = pd.Timestamp(results.done["start"].iloc[0])
        for k, day in enumerate(maps["day"].to_numpy()):
            rows = kept & there[:, k]
            date = (first + pd.Timedelta(days=int(day))).date()
            if rows.any():
                shown.append(ControlMap(day_text(date), held[rows, k].mean(axis=0), (records or {}).get(date)))
        more = ""
    x, y = maps["x"].to_numpy(), maps["y"].to_numpy()
    cell = float(x[1] - x[0]) if len(x) > 1 else 1.0
    extent = (x[0] - cell / 2, x[-1] + cell / 2, y[0] - cell / 2, y[-1] + cell / 2)
    places, credit = places_of(scenario_of(results))
    return control_maps_chart(shown, extent=extent, cell_km=cell, about=about(results), places=places, more=f"{more} {credit}".strip())


def places_of(scenario: Scenario | None) -> tuple[Sequence[tuple[str, float, float]], str]:
    """Cities and towns of a scenario, the largest first, and whom to thank for them."""
    from sim.sector.places import settlement_rows
    from sim.view.map.place_labels import CREDIT

    if scenario is None:
        return [], ""
    rows = [r for r in settlement_rows(scenario) if r["kind"] in ("city", "town")]
    rows.sort(key=lambda r: -float(r["population"] or 0))
    synthetic = scenario.map.synthetic
    return [(r["name"], float(r["x"]), float(r["y"])) for r in rows[:7]], "Made-up ground and places." if synthetic else f"{CREDIT}."


# How many are enough


def convergence(results: Results, measure: str) -> Chart:
    """The mean of a measure over all points against the number of seeds."""
    from experiments.analysis.convergence import mean_against_n, needed
    from sim.view.charts.convergence import WITHIN, RunningMean, convergence_chart

    table, takes = mean_against_n(results, measure), needed(results, measure, share=WITHIN)
    more = ""
    if takes.typical is not None:
        more = f"A single point takes about {takes.typical:,} seeds to be known to ± {100 * WITHIN:g} %, the worst {takes.worst:,}."
    running = RunningMean(*(table[c].to_numpy() for c in ("n", "mean", "low", "high")))
    where = f"mean of {len(results.points)} points" if len(results.points) > 1 else "mean of the runs"
    return convergence_chart(running, measure=measure_of(results, measure), about=about(results), where=where, more=more)
