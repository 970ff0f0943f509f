"""Headings of figures say what the tables say: the same paired estimates, and the same rule for what is clear."""

import numpy as np
import pandas as pd
import pytest
from helpers.made_up import LEVERS, M, frames, levers, made_up, nothing

from experiments.analysis.effects import effects
from experiments.figures import factors, headings, indices
from experiments.reporting.study_report import plan
from experiments.results.naming import factor_of
from sim.errors import InputError
from sim.view.numbers import mean_text


def charts_of(results):
    """The figures of main effects, two factors and indices, those that can be drawn."""
    first, second = results.factors[:2]
    for make in (lambda: factors.main_effects(results, M), lambda: factors.heat(results, M, first, second), lambda: indices.indices(results, M)):
        try:
            yield make()
        except InputError:
            continue


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("design", ["factorial", "one-at-a-time"])
def test_a_heading_names_exactly_what_is_clear(design, seed):
    """Effects of all sizes beside noise: what a heading calls clear has an interval without zero, and the other way round."""
    size = (0.0, 0.3, 1.0, 3.0)[seed % 4]
    base = {"manpower_ratio": 1.0, "rotation_interval_days": 10.0}  # where a level is that of the scenario
    truth = nothing if not size else lambda u, levels: size * levers(u, levels.astype(float).fillna(base)) / 5
    results = made_up(design, truth, factors=LEVERS, replicates=5, noise=2.0, shift=5.0, seed=seed)
    table = effects(results, M)
    main = table[table["by"] == ""]
    clear = set(main[main["clear"]]["factor"])
    for chart in charts_of(results):
        if not clear:
            assert chart.title.startswith("No clear effect"), chart.title
            continue
        largest = main[main["clear"]].assign(size=main["effect"].abs()).sort_values("size").iloc[-1]
        if factor_of(results, largest["factor"]).name in chart.title:
            assert mean_text(largest["effect"], largest["low"], largest["high"]) in chart.title
        named = chart.title.split("; no clear effect of")[0]
        assert all(f in clear for f in results.factors if f" with {factor_of(results, f).name} from" in named)


def test_without_an_interval_no_effect_is_named():
    one_seed = made_up("factorial", levers, factors=LEVERS, replicates=1)
    assert headings.of_effects(one_seed, M) == "Ground held by the attacker: too few runs for the interval of an effect"


def test_both_factors_of_a_plane_are_named():
    rng = np.random.default_rng(3)
    levels = pd.DataFrame({"manpower_ratio": [1.0, 1.0, 4.0, 4.0], "rotation_interval_days": [10.0, 60.0] * 2})
    values = 10 * levels["manpower_ratio"].to_numpy()[:, None] + rng.normal(size=(1, 8)) + 0.1 * rng.normal(size=(4, 8))
    heading = headings.of_effects(frames(values, levels), M, ("rotation_interval_days", "manpower_ratio"))
    assert heading.startswith("Ground held by the attacker: +29.9") and "with manpower ratio from 1 to 4" in heading
    assert heading.endswith("; no clear effect of rotation interval")


def test_indices_are_named_above_their_floor_only():
    strong = made_up("sobol", lambda u, _: 10 * u[:, 0] + u[:, 1], factors=3, replicates=4, noise=0.2, points=64)
    title = indices.indices(strong, M).title
    assert title.startswith("Largest index for") and factor_of(strong, strong.factors[0]).name in title
    silent = made_up("sobol", nothing, factors=3, replicates=4, noise=1.0, points=16)
    assert "no clear index (not above the noise floor)" in indices.indices(silent, M).title


def test_shares_of_a_variance_that_is_not_there_are_not_drawn():
    silent = made_up("factorial", nothing, factors=LEVERS, replicates=5, noise=1.0)
    with pytest.raises(InputError, match="do not differ beyond random variation"):
        indices.indices(silent, M)


@pytest.mark.parametrize(
    ("design", "most"),
    [("factorial", 6), ("one-at-a-time", 6), ("lhs", 6), ("sobol", 6), ("morris", 6)],
)
def test_a_report_has_a_handful_of_figures_in_view(design, most):
    points = {} if design in ("factorial", "one-at-a-time") else {"points": 32}
    results = made_up(design, lambda u, levels: levels.iloc[:, 0].astype(float), factors=LEVERS if not points else 3, replicates=5, noise=0.1, **points)
    planned = [one for _, plans in plan(results) for one in plans]
    in_view = [one.name for one in planned if one.is_main]
    assert 1 <= len(in_view) <= most
    assert len({one.name for one in planned}) == len(planned)
