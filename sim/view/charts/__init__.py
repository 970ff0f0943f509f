"""Charts: each function takes numbers with their names and units and returns a `Chart`, drawn when it is shown or saved.

    from sim.view.charts import fans_chart
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "bars": ("Index", "Swing", "index_chart", "tornado_chart"),
    "chart": ("About", "Chart", "Inks", "Table"),
    "control_probability": ("ControlMap", "control_maps_chart"),
    "convergence": ("RunningMean", "convergence_chart"),
    "daily_fans": ("fans_chart",),
    "ensemble_fan": ("fan_chart",),
    "fit_to_targets": ("Target", "targets_chart"),
    "forest": ("Row", "forest_chart"),
    "heatmap": ("heatmap_chart",),
    "main_effects": ("Effect", "main_effects_chart"),
    "monthly_gains": ("Gains", "monthly_gains_chart"),
    "paired_differences": ("paired_differences_chart",),
    "prior_posterior": ("PriorPosterior", "prior_posterior_chart"),
    "projections": ("CitedComparison", "Projection", "cited_comparison_chart", "projections_chart"),
    "scorecard": ("scorecard_chart",),
}
_HOME = {name: f"{__name__}.{module}" for module, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Loads the file of a chart when its name is first used, so that importing this package does not import matplotlib."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
