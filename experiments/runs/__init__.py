"""One run of one scenario. `from experiments.runs import simulate`."""

from experiments.lazy_names import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__, {"simulate": "experiments.runs.simulation", "RunResult": "experiments.runs.simulation"})
