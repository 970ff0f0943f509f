"""Charts of what factors do, two at once or each alone; of points that were run or of a surrogate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from experiments.analysis import effects, intervals
from experiments.analysis.effects import design_shape, level_means
from experiments.analysis.noise import mean_of
from experiments.analysis.pairing import levels
from experiments.figures import headings
from experiments.figures.captions import about
from experiments.figures.ensembles import MOST_LEVELS
from experiments.results.naming import factor_of, measure_of, scenario_of, word
from experiments.results.results import Results
from sim.errors import InputError
from sim.view.charts.chart import Chart
from sim.view.names import Named, unit_text
from sim.view.numbers import significant

if TYPE_CHECKING:
    from experiments.analysis.surrogate import Surrogate

PLANE = 15  # places a side at which a surrogate draws two factors
TILES = 7  # of them when the other factor has a few choices only
LINE = 25  # and one factor
OTHERS = 64  # points whose other factors it is averaged over


# Two factors


def heat(results: Results, measure: str, x: str, y: str, best: str | None = "low") -> Chart:
    """A measure over two factors: means of the points of a grid, or what a surrogate predicts between sampled points."""
    x, y = results.known_factor(x), results.known_factor(y)
    if x == y:
        raise InputError(f"{x} is given twice; a heat map takes two factors.")
    if effects.design_shape(results) == "sampled":
        return _heat_of_cloud(results, measure, x, y)
    xs, ys = levels(results.points[x]), levels(results.points[y])
    matrix = results.matrix(measure)
    cells = [[_rows_at(results, matrix, {x: a, y: b}) for a in xs] for b in ys]
    z = np.array([[intervals.of_mean(cell).estimate for cell in row] for row in cells])
    noise = _noise_beside_best(results, measure, x, y, best) if best else None
    others = [f for f in results.factors if f not in (x, y)]
    more = f"Each value is the mean of {len(results.seeds)} seeds" + (f" over all levels of {len(others)} other factors." if others else ".")
    default = tuple(_default(results, f) for f in (x, y))
    return _heat_of(results, measure, (x, xs), (y, ys), z, noise=noise, best=best, default=default, more=more)


def _heat_of(results: Results, measure: str, across: tuple[str, list], up: tuple[str, list], z: np.ndarray, **more: Any) -> Chart:
    """The chart of values (up, across) over the levels of two factors."""
    from sim.view.charts.heatmap import heatmap_chart

    (x, xs), (y, ys) = across, up
    return heatmap_chart(
        [word(v) for v in xs],
        [word(v) for v in ys],
        z,
        x_named=factor_of(results, x),
        y_named=factor_of(results, y),
        measure=measure_of(results, measure),
        about=about(results),
        title=headings.of_effects(results, measure, (x, y)),
        **more,
    )


def _rows_at(results: Results, matrix: pd.DataFrame, at: dict[str, Any]) -> np.ndarray:
    """The measure of each seed at given levels, averaged over the other factors."""
    kept = np.ones(len(results.points), bool)
    for name, level in at.items():
        column = results.points[name]
        kept &= (column.isna() if level is None else column == level).to_numpy()
    return mean_of(matrix[kept].to_numpy(float), 0)


def _noise_beside_best(results: Results, measure: str, x: str, y: str, best: str) -> np.ndarray | None:
    """How far behind the best of its row a cell must be to be clearly worse (95 %); None where no row has a second seed."""
    from experiments.analysis.optimum import optimum

    xs, ys = levels(results.points[x]), levels(results.points[y])
    out = np.full((len(ys), len(xs)), np.inf)
    for i, level in enumerate(ys):
        try:
            table = optimum(results, measure, x, best, at={y: level}).table
        except InputError:  # one level only, or no seed that has them all
            continue
        place = {word(v): k for k, v in enumerate(xs)}
        for row in table.to_dict("records"):
            out[i, place[word(row[x])]] = np.nan_to_num(row["behind_high"] - row["behind"], nan=np.inf)
    return out if np.isfinite(out).any() else None


def _default(results: Results, factor: str) -> Any:
    """A factor's level in the scenario as it is; None where formations decide, or for bundles."""
    from sim.settings import Settings, catalog, short_names

    scenario, key = scenario_of(results), short_names().get(factor, factor)
    if scenario is None or key not in catalog():
        return None
    fixed = getattr(results.study, "fixed", {})
    if catalog()[key].unset and key not in Settings(scenario.params).overrides and key not in fixed:
        return None
    return Settings({**scenario.params, **fixed}).flat()[key]


def _heat_of_cloud(results: Results, measure: str, x: str, y: str) -> Chart:
    fitted = surrogate_of(results, measure)
    few = any(len(places(fitted, f, PLANE)) < PLANE for f in (x, y))
    xs, ys = (places(fitted, f, TILES if few else PLANE) for f in (x, y))
    z = _predicted(fitted, results, [{x: a, y: b} for b in ys for a in xs]).reshape(len(ys), len(xs))
    return _heat_of(results, measure, (x, xs), (y, ys), z, sampled=True, more=surrogate_words(fitted))


# Surrogates


_SURROGATES: WeakKeyDictionary[Results, dict[str, Surrogate]] = WeakKeyDictionary()


def surrogate_of(results: Results, measure: str) -> Surrogate:
    """The surrogate of a measure, fitted once for these results."""
    from experiments.analysis import surrogate

    kept = _SURROGATES.setdefault(results, {})
    if measure not in kept:
        kept[measure] = surrogate.fit(results, measure)
    return kept[measure]


def surrogate_words(fitted: Surrogate) -> str:
    """What a caption says of a surrogate."""
    kind = {"gp": "Gaussian process", "forest": "forest of trees", "tree": "tree"}[fitted.kind]
    r2 = f"R² {fitted.r2.estimate:.2f}" if math.isfinite(fitted.r2.estimate) else "R² unknown"
    unit = f" {unit_text(fitted.unit)}" if fitted.unit else ""
    return f"Surrogate: {kind} on {fitted.n_points} points, {r2} and error {significant(fitted.rmse.estimate, 2)}{unit} at points left out."


def places(fitted: Surrogate, factor: str, n: int) -> list[Any]:
    """Places along a factor's range (its choices, if it has only a few)."""
    axis = next((a for a in fitted.axes if a.name == factor), None)
    if axis is None:
        raise InputError(f"{factor} does not vary; there is nothing to draw.")
    if axis.options and len(axis.options) <= MOST_LEVELS:
        return list(axis.options)
    return [float(f"{v:.3g}") for v in (np.geomspace if axis.is_log else np.linspace)(*axis.ends, n)]


def _predicted(fitted: Surrogate, results: Results, at: list[dict[str, Any]]) -> np.ndarray:
    """The mean outcome at some levels, averaged over the other factors as the design has them."""
    points = results.points.iloc[np.unique(np.linspace(0, len(results.points) - 1, OTHERS).astype(int))]
    whole = pd.concat([points.assign(**levels) for levels in at], ignore_index=True)
    return fitted.predict(whole).reshape(len(at), -1).mean(axis=1)


# One factor at a time


def main_effects(results: Results, measure: str) -> Chart:
    """What each factor does: means of its levels, swings around a baseline, or lines of a surrogate."""
    shape = design_shape(results)
    if shape == "one-at-a-time":
        return tornado(results, measure)
    from sim.view.charts.main_effects import Effect, main_effects_chart

    named, title = measure_of(results, measure), headings.of_effects(results, measure)
    if shape == "sampled":
        fitted = surrogate_of(results, measure)
        effects = [_line(results, fitted, measure, f) for f in results.factors if any(a.name == f for a in fitted.axes)]
        bands = "± the surrogate’s error"
        return main_effects_chart(effects, measure=named, about=about(results), title=title, bands=bands, more=surrogate_words(fitted))
    effects = []
    for factor in results.factors:
        table = level_means(results, measure, factor)
        effects.append(Effect(factor_of(results, factor), [word(v) for v in table["level"]], *(table[c].to_numpy(float) for c in ("mean", "low", "high"))))
    return main_effects_chart(effects, measure=named, about=about(results), title=title)


def _line(results: Results, fitted: Surrogate, measure: str, factor: str):
    from sim.view.charts.main_effects import Effect

    at = places(fitted, factor, LINE)
    mean = _predicted(fitted, results, [{factor: v} for v in at])
    error = fitted.rmse.estimate
    column = results.points[factor]
    dots = None
    if column.dtype.kind in "iuf":
        dots = (column.to_numpy(float), mean_of(results.matrix(measure).to_numpy(float), 1))
    return Effect(factor_of(results, factor), [word(v) for v in at], mean, mean - error, mean + error, dots)


def tornado(results: Results, measure: str) -> Chart:
    """What each factor alone does around the baseline (one-at-a-time designs)."""
    from sim.view.charts.bars import tornado_chart

    if effects.design_shape(results) != "one-at-a-time":
        raise InputError(f"{results.label}: a tornado needs a one-at-a-time design; its design is {results.design}.")
    matrix = results.matrix(measure)
    base = intervals.of_mean(matrix.iloc[0].to_numpy(float))
    table = effects.effects(results, measure)
    swings = []
    for factor in results.factors:
        rows = table[(table["factor"] == factor) & np.isfinite(table["effect"])]
        if len(rows):
            swings.append(_swing(rows, base, factor_of(results, factor)))
    half = (base.high - base.low) / 2
    return tornado_chart(
        swings,
        base.estimate,
        measure=measure_of(results, measure),
        about=about(results),
        title=headings.of_effects(results, measure),
        more=f"Paired on seeds; the baseline itself is known to ± {significant(half, 2)}." if math.isfinite(half) else "",
    )


def _swing(rows: pd.DataFrame, base: intervals.Interval, factor: Named):
    """The outermost levels of a factor with their differences from the baseline, drawn from the baseline's mean."""
    from sim.view.charts.bars import Swing

    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in rows["b"])
    rows = rows.sort_values("b") if numeric else rows
    first, last = rows.iloc[0], rows.iloc[-1]
    if len(rows) == 1:
        own = {"effect": 0.0, "low": math.nan, "high": math.nan, "b": last["a"]}
        up = not numeric or last["a"] is None or not isinstance(last["a"], (int, float)) or last["a"] <= last["b"]
        first, last = (own, last) if up else (last, own)
    pair = lambda name: (base.estimate + float(first[name]), base.estimate + float(last[name]))  # noqa: E731
    return Swing(factor.name, (word(first["b"]), word(last["b"])), pair("effect"), pair("low"), pair("high"))
