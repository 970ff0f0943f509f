"""Earlier names of modules that notebooks, papers and documents may still import: `from experiments.contrasts import paired`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

EARLIER = {  # name below `experiments` -> where its contents are now
    "contrasts": ("analysis.effects", "analysis.pairing"),
    "foretold": ("forecasting.files",),
    "forecast_figures": ("figures.forecasts",),
    "nolh": ("studies.nolh",),
    "optimum": ("analysis.optimum",),
    "posterior": ("calibration.posterior",),
    "posterior_figures": ("figures.posterior",),
    "record": ("observation.record",),
    "scorecards": ("validation.archive",),
    "store": ("storage.sweep_store",),
    "validate": ("validation.scorecard", "cli.validate"),
    "verdicts": ("claims.answers", "claims.claims", "claims.findings", "claims.rules", "figures.claims", "reporting.claims_page", "cli.claims"),
}


RENAMED = {"beliefs": "prior_posterior"}  # in these modules


class EarlierName(Loader):
    """Loads a module that looks each name up where it is now."""

    def __init__(self, name: str):
        self.homes = [f"experiments.{home}" for home in EARLIER[name]]

    def exec_module(self, module: ModuleType) -> None:
        module.__doc__ = f"Earlier name of {', '.join(self.homes)}."
        module.__dict__["__getattr__"] = self.find
        warnings.warn(f"{module.__name__} is now {' and '.join(self.homes)}", DeprecationWarning, stacklevel=2)

    def find(self, name: str) -> Any:
        name = RENAMED.get(name, name)
        if not name.startswith("__"):
            for home in self.homes:
                module = import_module(home)
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"no {name!r} in {', '.join(self.homes)}")

    def get_code(self, fullname: str) -> CodeType:
        """What `python -m` runs."""
        return compile(f"from runpy import run_module; run_module({self.homes[0]!r}, run_name='__main__')", fullname, "exec")


class EarlierNames(MetaPathFinder):
    """Finds the earlier names; asked last, so that a module of that name goes first."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        return ModuleSpec(fullname, EarlierName(name)) if package == "experiments" and name in EARLIER else None


sys.meta_path.append(EarlierNames())
