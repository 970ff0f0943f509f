"""Many runs: ensembles, studies, worker processes. `from experiments.sweep import sweep`."""

from experiments.lazy_names import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__, {"sweep": "experiments.sweep.study_sweep"})
