"""Design of experiments: studies, their factors and points. `from experiments.studies import load_study, study_of`."""

from experiments.lazy_names import lazy_names

_FILES = "experiments.studies.files"
__getattr__, __dir__, __all__ = lazy_names(
    __name__, {"load_study": _FILES, "study_names": _FILES, "study_of": _FILES, "Study": "experiments.studies.study"}
)
