"""Studies as TOML files: where they are, how they are read, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

import seeds
from experiments.studies.study import Study
from sim.errors import InputError, did_you_mean, first_error, read_toml

__all__ = ["load_study", "study_names", "study_of"]


def study_names() -> list[str]:
    """Names of the shipped studies."""
    return sorted(p.stem for p in seeds.path("studies").glob("*.toml"))


def load_study(source: str | Path, *, check: bool = True) -> Study:
    """The study of that name or TOML path; InputError says in one line what is wrong with it.

    Without `check` only its form is read: what it names (scenarios, measures) need not be here, as in an old result.
    """
    path = _find(source)
    data = read_toml(path)
    if not data:
        raise InputError(f"{path}: the file is empty.")
    study = study_of({"name": path.stem, **_absolute(data, path.parent)}, str(path))
    return study.checked() if check else study


def study_of(data: dict[str, Any], where: str = "study") -> Study:
    """A study from a dictionary with the keys of the file; its form is checked, not yet what it names."""
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        raise first_error(error, where, [f.alias or name for name, f in Study.model_fields.items()]) from None
    study.check_form()
    return study


def _find(source: str | Path) -> Path:
    text = str(source)
    if text in study_names():
        return seeds.path("studies", f"{text}.toml")
    path = Path(text)
    if path.suffix == ".toml" or path.exists():
        if not path.is_file():
            raise InputError(f"study file {text!r} not found.")
        return path
    raise InputError(f"unknown study {text!r}; known: {', '.join(study_names())}.{did_you_mean(text, study_names())}")


def _absolute(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Scenario files that stand beside the study as absolute paths, so that any working folder will do."""

    def placed(source: Any) -> Any:
        beside = isinstance(source, str) and source.endswith(".toml") and (folder / source).is_file()
        return str((folder / source).resolve()) if beside else source

    out = dict(data)
    if "scenario" in out:
        out["scenario"] = placed(out["scenario"])
    factors = out.get("factors")
    if isinstance(factors, dict) and isinstance(factors.get("scenario"), list):
        out["factors"] = {**factors, "scenario": [placed(s) for s in factors["scenario"]]}
    return out
