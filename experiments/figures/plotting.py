"""`PlottedResults`: results with `plot_*` methods; what `experiments.load` returns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.figures import ensembles, factors, indices
from experiments.results import loading
from experiments.results.results import Results

if TYPE_CHECKING:
    from sim.view.charts.chart import Chart


@dataclass(frozen=True, eq=False)
class PlottedResults(Results):
    """Results that draw themselves: charts that show themselves in a notebook and are written by `.save(path)`."""

    @classmethod
    def of(cls, results: Results) -> PlottedResults:
        """The same results with their charts."""
        return cls(**{field.name: getattr(results, field.name) for field in fields(Results)})

    def plot_fan(self, measure: str, by: str | None = None) -> Chart:
        """A measure by day, one fan for all runs or one for each level of a factor."""
        return ensembles.fan(self, measure, by)

    def plot_heat(self, measure: str, x: str, y: str, best: str | None = "low") -> Chart:
        """A measure over two factors; `best` "low" or "high" marks the best of each row."""
        return factors.heat(self, measure, x, y, best)

    def plot_effects(self, measure: str) -> Chart:
        """What each factor does to a measure: means of its levels, swings about a baseline, or lines of a surrogate."""
        return factors.main_effects(self, measure)

    def plot_indices(self, measure: str) -> Chart:
        """Which factors matter most: Sobol or Morris indices, or shares of the variance."""
        return indices.indices(self, measure)

    def plot_twins(self, measure: str, factor: str | None = None, a: Any = None, b: Any = None) -> Chart:
        """Differences seed by seed between two levels of a factor, without any those of the strongest factor's ends."""
        return ensembles.twins(self, measure, factor, a, b)

    def plot_control(self, by: str | None = None) -> Chart:
        """Maps of the probability of control, by day or by level of a factor."""
        return ensembles.control(self, by)

    def plot_convergence(self, measure: str) -> Chart:
        """The mean of a measure and its interval against the number of seeds."""
        return ensembles.convergence(self, measure)


def load(folder: str | Path, *more: str | Path) -> PlottedResults:
    """What a sweep or a run left behind, or several of them together, ready to be read, analyzed and drawn.

    InputError when there is none, when it is broken or newer than this reader, or when several do not fit together.

    Examples:
        >>> import seeds
        >>> results = load(seeds.path("answers", "rotation-manpower"))
        >>> results.factors, len(results.points)
        (['rotation_interval_days', 'manpower_ratio'], 49)
    """
    return PlottedResults.of(loading.load(folder, *more))
