"""A study: which battles are run to answer a question, and what is kept of them.

A study has a scenario, factors (`experiments.factors`), a design (`experiments.designs`), replicates with shared seeds,
a horizon, and what to keep. Its points follow from it alone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from experiments.runs.identity import key_of_seed, scenario_data, settings_key
from experiments.runs.stop_condition import StopCondition
from experiments.studies import designs
from experiments.studies.designs import BASELINE, DESIGNS, Design
from experiments.studies.factor_forms import check_fixed, factors_of, overrides_of
from experiments.studies.factors import LEVELS, Factor, scenario_label
from sim.errors import InputError, did_you_mean
from sim.plugin_files import PluginFile, as_files, find, load
from sim.scenario import Day, FileName, Scenario, Text, load_scenario
from sim.settings import Settings, catalog

if TYPE_CHECKING:
    import numpy as np

NOT_IN_KEY = ("name", "title", "question", "claim")  # no run depends on them
MAPS = ("none", "last", "all")


@dataclass(frozen=True)
class Point:
    """One combination of factor levels. `overrides` are values by dotted key; `levels` a value or label by factor.

    A level of a one-at-a-time baseline is the value in force, or None where the scenario decides.
    """

    index: int
    scenario: str
    overrides: dict[str, Any]
    levels: dict[str, Any]


class Changes(BaseModel):
    """Fields of the scenario that a study replaces."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    cell_km: float | None = Field(None, gt=0)
    step_hours: float | None = Field(None, gt=0)


def _inline(value: Any) -> str:
    """A value on one line of TOML. The library writes tables after all else, but the order of factors is the design's."""
    if isinstance(value, dict):
        entries = ", ".join(f"{json.dumps(key)} = {_inline(entry)}" for key, entry in value.items())
        return f"{{ {entries} }}" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()


class Study(BaseModel):
    """A question put to the model: which battles are run, and what is kept of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_by_name=True)

    name: FileName = Field(description="the file's name, unless given")
    title: Text = ""
    question: Text = ""
    claim: str | None = Field(None, description="claim of the founding analysis that it tests")
    scenario: str = Field("pokrovsk-2024", description="a scenario's name, or a TOML file beside the study's")
    plugins: list[PluginFile] = Field([], max_length=50, description="Python files beside the study's that add to the model, in all its scenarios")
    design: str
    replicates: int = Field(ge=1, le=100_000, description="runs a point, with the same seeds at all points")
    seed: int = Field(1, ge=0, le=2**53, description="the first of these seeds")
    point_seeds: list[int] | None = Field(None, description="first seed of each point of a given design; else they share theirs")
    design_seed: int = Field(1, ge=0, le=2**32 - 1, description="luck of a sampled design")
    start: Day | None = Field(None, strict=False)
    days: int | None = Field(None, ge=1, le=731, description="horizon; else to the scenario's end")
    sample_size: int | None = Field(
        None, ge=1, alias="points", description="points of a sample, or what it is built from"
    )
    levels: int | None = Field(None, description="grid of morris; 4 unless given")
    second_order: bool | None = Field(None, description="sobol: pairs of factors too; off unless given")
    groups: bool = Field(False, description="each pattern is one group of a morris or sobol design")
    skip: list[str] = Field([], description="parameters that patterns leave out")
    measures: list[str] = Field([], description="what is kept of every day and shown first; all when empty")
    daily: bool = Field(False, description="keep these measures of every day; final values of all are kept always")
    maps: str | list[int] = Field("none", description="control maps: none, last, all (of every day), or a list of days")
    events: bool = Field(False, description="keep the events and captures of every run")
    stop_when: str | None = Field(None, description="a condition on a day's measures that ends a run: held_km2 > 900")
    changes: Changes = Changes()
    set: dict[str, Any] = Field({}, description="overrides of all points")
    factors: dict[str, Any] = {}
    _given: dict[str, Scenario] = PrivateAttr(default_factory=dict)  # scenarios that are no file, by the word that points use

    @property
    def given(self) -> dict[str, Scenario]:
        return self._given

    @field_validator("plugins", mode="before")
    @classmethod
    def _plugins(cls, value: Any) -> Any:
        found = [find(p) if isinstance(p, str) else p for p in value] if isinstance(value, list) else value
        for plugin in found if isinstance(found, list) else ():
            load(PluginFile.model_validate(plugin))
        return found

    @field_validator("maps", mode="before")
    @classmethod
    def _maps(cls, value: Any) -> Any:
        is_days = isinstance(value, list) and value and all(type(day) is int and day >= 0 for day in value)
        if value not in MAPS and not is_days:
            raise ValueError('allowed: "none", "last", "all", or a list of days (0 is the start)')
        return sorted(dict.fromkeys(value)) if is_days else value

    def __eq__(self, other: object) -> bool:
        """Equal files, whatever was computed from them so far."""
        return isinstance(other, Study) and self.model_dump() == other.model_dump()

    @cached_property
    def plan(self) -> Design:
        """What its design is and asks for."""
        self._know_plugins()
        try:
            return designs.design(self.design)
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None

    @cached_property
    def factor_list(self) -> tuple[Factor, ...]:
        """The columns of the design, patterns taken apart."""
        if self.given and not self.factors:
            return ()  # runs of one scenario: a study with one point
        given = self.design == "given"
        self._know_plugins()
        return tuple(factors_of(self.factors, self.name, skip=self.skip, groups=self.groups, repeats=given))

    def _know_plugins(self) -> None:
        """Loads the plugins of the scenarios, whose parameters factors may be; a scenario that cannot be read is reported elsewhere."""
        listed = self.factors.get("scenario")
        for source in {self.scenario, *(listed if isinstance(listed, list) else ())}:
            if isinstance(source, str) and source.endswith(".toml"):
                with contextlib.suppress(InputError):
                    load_scenario(source)

    @cached_property
    def fixed(self) -> dict[str, Any]:
        """The overrides of all points by dotted key."""
        self._know_plugins()
        return overrides_of(self.set, f"{self.name}: set")

    @property
    def factor_names(self) -> list[str]:
        return [f.name for f in self.factor_list]

    @property
    def parameters(self) -> list[str]:
        """The dotted keys that factors move, in the order of the file."""
        return [key for f in self.factor_list for key in f.keys if key != "scenario"]

    @property
    def seeds(self) -> range:
        """Seeds of the replicates: those that all points share, or those from the least to the greatest of points with their own."""
        own = self.point_seeds or [self.seed]
        return range(min(own), max(own) + self.replicates)

    def seed_of(self, run: int) -> int:
        """The seed of a run by its number."""
        point, replicate = divmod(run, self.replicates)
        return (self.point_seeds[point] if self.point_seeds else self.seed) + replicate

    @property
    def n_points(self) -> int:
        return len(self._rows)

    @property
    def n_runs(self) -> int:
        return self.n_points * self.replicates

    def points(self) -> list[Point]:
        """Every point, in the order of the design."""
        return list(self.iterate())

    def iterate(self) -> Iterator[Point]:
        """The points one by one, for studies whose points together would fill the memory."""
        return (self.point(k) for k in range(self.n_points))

    def point(self, index: int) -> Point:
        """One point by its number."""
        scenario, overrides, levels = self.scenario, dict(self.fixed), {}
        for k, (factor, entry) in enumerate(zip(self.factor_list, self._rows[index].tolist(), strict=True)):
            if not self.plan.is_grid:
                value = factor.at(entry)
            elif entry != BASELINE:
                value = self._grids[k][entry]
            elif factor.bundles is not None:
                value = factor.options[0]
            else:
                levels[factor.name] = self._baseline[factor.name]
                continue
            for key, setting in factor.changes(value).items():
                if key == "scenario":
                    scenario = setting
                else:
                    overrides[key] = setting
            levels[factor.name] = scenario_label(value) if factor.name == "scenario" else value
        return Point(index, scenario, overrides, levels)

    def unit_sample(self) -> np.ndarray | None:
        """The (points, factors) matrix in [0, 1] of a sampled design; None for a grid."""
        return None if self.plan.is_grid else self._rows.copy()

    def problem(self) -> dict[str, Any]:
        """SALib's problem: names, bounds of the unit interval (all indices are per whole range), groups if any."""
        names = self.factor_names
        problem: dict[str, Any] = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
        if self.groups:
            problem["groups"] = [f.group or f.name for f in self.factor_list]
        return problem

    def grid_of(self, factor: Factor) -> tuple[Any, ...]:
        """The values that a design by levels gives a factor."""
        return factor.grid(2 if self.design == "one-at-a-time" else LEVELS)

    def scenario_of(self, point: Point) -> Scenario:
        """The scenario of a point with the study's start, days and changes."""
        return self.scenarios[point.scenario]

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """Every scenario that a point runs, by the word that points use."""
        moved = next((f for f in self.factor_list if f.name == "scenario"), None)
        sources = list(moved.options) if moved else [self.scenario]
        if moved and self.design == "one-at-a-time" and self.scenario not in sources:
            sources.insert(0, self.scenario)
        return {source: self._scenario(source) for source in sources}

    @cached_property
    def key(self) -> str:
        """Hash of all that decides the runs and what is kept of them, wherever files are; not of title, question and claim."""
        data = self.model_dump(mode="json", by_alias=True, exclude={*NOT_IN_KEY, "factors", "set", "scenario"})
        for name, unset in (("point_seeds", None), ("events", False), ("stop_when", None), ("plugins", [])):
            if data[name] == unset:
                del data[name]  # as before there was a choice
        data["factors"] = [
            [f.name, f.keys, [scenario_label(o) for o in f.options] if f.name == "scenario" else f.options]
            for f in self.factor_list
        ]
        data["ranges"] = [[f.low, f.high, f.scale, f.n_levels, f.group, f.bundles] for f in self.factor_list]
        data["set"] = self.fixed
        data["scenarios"] = [scenario_data(s) for s in self.scenarios.values()]
        digest = hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode())
        digest.update(self._rows.round(9).tobytes())
        return digest.hexdigest()[:24]

    @cached_property
    def numbers_by_key(self) -> dict[str, int]:
        """The number of every run by its key; of runs that are the same battle, the first."""
        out: dict[str, int] = {}
        for point in self.iterate():
            settings = settings_key(self.scenario_of(point), point.overrides, self.stop_when)
            for run in range(point.index * self.replicates, (point.index + 1) * self.replicates):
                out.setdefault(key_of_seed(settings, self.seed_of(run)), run)
        return out

    def to_toml(self, places: dict[str, str] | None = None) -> str:
        """The study as text that `load_study` reads again; `places` are other places of its scenarios."""
        places = places or {}
        data = self.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True, exclude={"factors"})
        if self.plugins:
            data["plugins"] = [f"scenarios/{name}" for name in as_files(self.plugins)]
        if self.scenario in places:
            data["scenario"] = places[self.scenario]
        factors = dict(self.factors)
        if isinstance(factors.get("scenario"), list):
            factors["scenario"] = [places.get(source, source) for source in factors["scenario"]]
        lines = [f"{json.dumps(name)} = {_inline(form)}" for name, form in factors.items()]
        return "\n".join([tomli_w.dumps(data), "[factors]", *lines, ""])

    @cached_property
    def _grids(self) -> list[tuple[Any, ...]]:
        return [self.grid_of(f) for f in self.factor_list]

    @cached_property
    def _rows(self) -> np.ndarray:
        """The design: level numbers of a grid, or places in the unit cube."""
        try:
            return self._designed()
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None

    def _designed(self) -> np.ndarray:
        k, n = len(self.factor_list), self.sample_size
        match self.design:
            case "factorial":
                return designs.factorial([len(grid) for grid in self._grids])
            case "one-at-a-time":
                return designs.one_at_a_time([self._others(f, grid) for f, grid in zip(self.factor_list, self._grids)])
            case "given":
                return designs.given([len(grid) for grid in self._grids])
            case "lhs" if n is not None:
                return designs.lhs(n, k, self.design_seed)
            case "nolh":
                return designs.nolh(k, n)
            case "sobol" if n is not None:
                return designs.sobol(self.problem(), n, bool(self.second_order), self.design_seed)
            case "morris" if n is not None:
                return designs.morris(self.problem(), n, self.morris_levels, self.design_seed)
            case name if name not in DESIGNS:
                return designs.of_plugin(name, n or 0, k, [len(grid) for grid in self._grids] if self.plan.is_grid else [], self.design_seed)
        raise AssertionError(self.design)

    @property
    def morris_levels(self) -> int:
        """Levels of the grid that trajectories of a morris design step on."""
        return self.levels if self.levels is not None else 4

    @cached_property
    def _baseline(self) -> dict[str, Any]:
        """What is in force without any factor, by factor; None where the scenario decides."""
        settings = Settings({**self._scenario(self.scenario).params, **self.fixed})
        values = settings.flat()
        out: dict[str, Any] = {}
        for f in self.factor_list:
            if f.name == "scenario":
                out[f.name] = scenario_label(self.scenario)
            elif f.bundles is not None:
                out[f.name] = f.options[0]
            else:
                decided = catalog()[f.keys[0]].unset and f.keys[0] not in settings.overrides
                out[f.name] = None if decided else values[f.keys[0]]
        return out

    def _others(self, factor: Factor, grid: tuple[Any, ...]) -> list[int]:
        """Numbers of the levels that are not the baseline's."""
        label = scenario_label if factor.name == "scenario" else (lambda value: value)
        return [k for k, value in enumerate(grid) if label(value) != self._baseline[factor.name]]

    def _scenario(self, source: str) -> Scenario:
        try:
            scenario = self._given.get(source) or load_scenario(source)
            days = self.days
            if self.start is not None and days is None:
                days = (scenario.start + dt.timedelta(days=scenario.days) - self.start).days
                if days < 1:
                    raise InputError(f"start: {self.start} is after the last day of {source}; give days too.")
            scenario = load_scenario(
                scenario, start=self.start, days=days, plugins=self.plugins or None, **self.changes.model_dump(exclude_none=True)
            )
            Settings(scenario.params)
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None
        return scenario

    def check_form(self) -> None:
        """InputError when the file contradicts itself, whatever else there is."""
        where, plan = self.name, self.plan
        given = {
            "points": self.sample_size,
            "levels": self.levels,
            "second_order": self.second_order,
            "groups": self.groups or None,
            "point_seeds": self.point_seeds,
        }
        for setting, value in given.items():
            if value is None and setting in plan.needs:
                raise InputError(f"{where}: {setting}: missing; design {plan.name} needs it.")
            if value is not None and setting not in (*plan.needs, *plan.takes):
                others = [d.name for d in DESIGNS.values() if setting in (*d.needs, *d.takes)]
                raise InputError(f"{where}: {setting}: not for design {plan.name}; for: {', '.join(others)}.")
        check_fixed(self.fixed, list(self.factor_list), where)
        if self.point_seeds is not None and (len(self.point_seeds) != self.n_points or min(self.point_seeds, default=-1) < 0):
            raise InputError(f"{where}: point_seeds: {len(self.point_seeds)} given; needed: one for each of {self.n_points} points, 0 or more.")

    def checked(self) -> Study:
        """This study; InputError for the first thing in it that cannot be run."""
        from sim.measures import MEASURES

        where = self.name
        for name in self.measures:
            if name not in MEASURES:
                hint = did_you_mean(name, MEASURES) or " `pokrovsk measures` lists them."
                raise InputError(f"{where}: measures: unknown measure {name!r}.{hint}")
            if self.measures.count(name) > 1:
                raise InputError(f"{where}: measures: {name!r} is there twice.")
        if self.stop_when is not None:
            try:
                StopCondition(self.stop_when)
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
        horizon = min(s.days for s in self.scenarios.values())
        if isinstance(self.maps, list) and max(self.maps) > horizon:
            raise InputError(f"{where}: maps: day {max(self.maps)}; allowed: 0 to {horizon}.")
        _ = self._rows
        return self
