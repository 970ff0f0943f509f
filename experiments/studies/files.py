"""Studies as TOML files: where they are, how they are read, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

import seeds
from experiments.runs.portable import portable_scenario
from experiments.studies.factors import scenario_label
from experiments.studies.study import Study
from sim.errors import InputError, did_you_mean, first_error, no_file, read_toml
from sim.plugin_files import as_files, find, found
from sim.scenario import Scenario, load_scenario

__all__ = ["load_study", "portable", "study_names", "study_of"]


def study_names() -> list[str]:
    """Names of the shipped studies."""
    return sorted(p.stem for p in seeds.path("studies").glob("*.toml"))


def load_study(source: str | Path, *, check: bool = True, plugins: Sequence[str] = ()) -> Study:
    """The study of that name or TOML path; InputError says in one line what is wrong with it.

    `plugins` are added to its own. Without `check` only its form is read: what it names (scenarios, measures) need not be here, as in an old result.

    Examples:
        >>> study = load_study("quick")
        >>> study.n_points * len(study.seeds) == study.n_runs
        True
    """
    path = _find(source)
    data = read_toml(path)
    if not data:
        raise InputError(f"{path}: the file is empty.")
    data = {"name": path.stem, **_absolute(data, path.parent)}
    if plugins:
        data["plugins"] = [*data.get("plugins", []), *map(find, plugins)]
    study = study_of(data, str(path))
    return study.checked() if check else study


def study_of(data: dict[str, Any], where: str = "study") -> Study:
    """A study from a dictionary with the keys of the file; its form is checked, not yet what it names.

    `where` is what an InputError calls it.

    Examples:
        >>> study = study_of({"name": "morale", "scenario": "skirmish", "design": "factorial", "replicates": 5, "factors": {"morale": [0.5, 1.0]}})
        >>> study.n_points, study.n_runs, [point.levels for point in study.points()]
        (2, 10, [{'morale': 0.5}, {'morale': 1.0}])
    """
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        raise first_error(error, where, [f.alias or name for name, f in Study.model_fields.items()], data) from None
    study.check_form()
    return study


def ensemble_study(scenario: Scenario, overrides: dict[str, Any], seed: int, replicates: int, **kept: Any) -> Study:
    """Runs of one scenario under several seeds, as a study with one point; `kept` is what is kept of them."""
    study = Study(
        name=scenario.name, title=scenario.title, scenario=scenario.name, design="factorial", replicates=replicates, seed=seed, set=overrides, **kept
    )
    study.given[scenario.name] = scenario
    return study


def portable(study: Study) -> dict[str, bytes]:
    """The study with all that it needs, as files by relative path: its text, its scenarios in full, their front files."""
    out: dict[str, bytes] = {}
    places: dict[str, str] = {}
    out |= {f"scenarios/{name}": content for name, content in as_files(study.plugins).items()}
    moved = study.factors.get("scenario")
    for source in dict.fromkeys((study.scenario, *(moved if isinstance(moved, list) else ()))):
        if source not in study.scenarios and source == study.scenario and moved:
            continue  # no point runs it
        place = f"scenarios/{scenario_label(source)}.toml"
        if place in out:
            raise InputError(f"{study.name}: scenario: two scenarios are called {scenario_label(source)!r}; allowed: names of their own.")
        scenario = study.given.get(source) or load_scenario(source)
        data, files = portable_scenario(scenario, f"map-{scenario_label(source)}")
        for name, content in files.items():
            if out.setdefault(f"scenarios/{name}", content) != content:
                raise InputError(f"{study.name}: two scenarios have different plugins of the name {Path(name).stem!r}; allowed: one file of a name.")
        out[place] = tomli_w.dumps(data).encode()
        places[source] = place
    out["study.toml"] = study.to_toml(places).encode()
    return out


def _find(source: str | Path) -> Path:
    text = str(source)
    if text in study_names():
        return seeds.path("studies", f"{text}.toml")
    path = Path(text)
    if os.path.isfile(path / "study.toml"):
        return path / "study.toml"  # the study of a sweep
    if path.suffix == ".toml" or os.path.exists(path):
        if not os.path.isfile(path):
            raise InputError(f"study file {text!r} {no_file(path)}.")
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
    if isinstance(out.get("plugins"), list):
        out["plugins"] = found(out["plugins"], folder)
    factors = out.get("factors")
    if isinstance(factors, dict) and isinstance(factors.get("scenario"), list):
        out["factors"] = {**factors, "scenario": [placed(s) for s in factors["scenario"]]}
    return out
