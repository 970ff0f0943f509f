"""A calibration as a TOML file: which parameters, which targets, which window of the record, and how many runs."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

import seeds
from experiments.calibration.priors import ParameterSpace, PriorForm, prior_of
from experiments.runs.identity import BASELINE
from sim.errors import InputError, did_you_mean, first_error, read_toml
from sim.scenario import Scenario, load_scenario
from sim.settings import Settings, catalog, resolve

ARGUMENTS = ("part", "side", "ratio", "first", "middle", "last")


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Budget(Table):
    """How many runs are made: a first wave over the whole prior, others where emulators see likely points, then a sample.

    Waves end before their number is reached when the sample would be as good as is aimed at (`experiments.calibration.waves.is_enough`).
    """

    first_points: int = Field(600, ge=8, le=20_000, description="points of the first wave")
    first_replicates: int = Field(1, ge=1, le=100)
    waves: int = Field(4, ge=1, le=20, description="waves at most, the first one counted")
    points: int = Field(250, ge=8, le=20_000, description="points of each later wave")
    replicates: int = Field(3, ge=1, le=100, description="runs a point, each with random variation of its own")
    wide: float = Field(
        0.3,
        gt=0,
        le=1,
        description="share of a later wave's points anywhere that is not ruled out; the others are in proportion to the likelihood",
    )
    sample: int = Field(430, ge=8, le=20_000, description="parameter sets of the final sample")
    sample_replicates: int = Field(5, ge=1, le=100)
    samples: int = Field(
        1, ge=1, le=20, description="samples at most: another is drawn as long as the effective size is below the aim"
    )
    engagements: int = Field(
        6, ge=1, le=1000, description="battles of a division for each run, at each force ratio of the targets"
    )
    aim: int = Field(100, ge=1, description="effective size that is aimed at")

    @property
    def points_in_all(self) -> int:
        return self.first_points + (self.waves - 1) * self.points + self.samples * self.sample

    @property
    def runs(self) -> int:
        later = (self.waves - 1) * self.points * self.replicates + self.samples * self.sample * self.sample_replicates
        return self.first_points * self.first_replicates + later

    def wave(self, number: int) -> tuple[int, int]:
        """Points and replicates of a wave."""
        return (self.first_points, self.first_replicates) if number == 1 else (self.points, self.replicates)


class PriorSettings(Table):
    """The form of all priors (see `experiments.calibration.priors`), and why."""

    weight: float = Field(2.0, ge=0, le=20)
    log_from: float = Field(8.0, gt=1)
    why: str = ""


class SharedError(Table):
    """An error that several targets have in common: relative, of the same sign in all of them."""

    size: float = Field(gt=0, le=2)
    fact: str = ""
    why: str = ""


class Screening(Table):
    """Where the list of parameters comes from, and how `--screen` makes it."""

    how: Literal["judged", "screened"] = "judged"
    note: str = Field("", validation_alias=AliasChoices("note", "told"))
    groups: str = Field("screening", description="study of groups of parameters, run first")
    days: int = Field(120, ge=2, description="of the runs of single parameters, as of the groups")
    trajectories: int = Field(10, ge=2, description="of the parameters of the groups that matter, one by one")
    replicates: int = Field(2, ge=1)
    most: int = Field(24, ge=1, le=100, description="parameters that are kept")
    measures: list[str] = Field(
        default=[], description="what parameters must move; what targets are made of when empty"
    )
    levers: list[str] = Field(default=[], description="levers that are really unknown; all others stay as they are")


class Parameter(Table):
    """One parameter that is fitted. `low` and `high` narrow the declared range; `weight` is that of its default in the prior, where it is
    not that of all (0: uniform, for a default that rests on months after the window)."""

    key: str
    weight: float | None = Field(None, ge=0, le=20)
    low: float | None = None
    high: float | None = None
    why: str = ""


class Target(Table):
    """One figure of the record: what it is compared with, and how near a right model should come.

    `error` is the standard error of the observation, `discrepancy` that of a model of this kind at its best; both in the
    unit of the summary, or relative where it is compared as a logarithm. A target with `weigh = false` rules points out
    but has no part in the weights, since others say the same.
    """

    id: str = Field(min_length=1)
    of: str
    part: Literal["box", "direction", "rest"] | None = None
    side: Literal["attacker", "defender"] | None = None
    ratio: float | None = Field(None, ge=0.25, le=10)
    first: dt.date | None = None
    middle: dt.date | None = None
    last: dt.date | None = None
    observed: float | None = Field(None, description="none for a calibration on made-up truth only")
    error: float = Field(0.0, ge=0)
    discrepancy: float = Field(0.0, ge=0)
    shared: str | None = None
    weigh: bool = True
    fact: str = ""
    why: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Target:
        from experiments.calibration.summaries import SUMMARIES

        if self.of not in SUMMARIES:
            raise ValueError(
                f"unknown summary {self.of!r}.{did_you_mean(self.of, SUMMARIES) or ' Known: ' + ', '.join(SUMMARIES)}"
            )
        takes = SUMMARIES[self.of].takes
        for name in ARGUMENTS:
            given = getattr(self, name) is not None
            if given != (name in takes):
                raise ValueError(
                    f"{name}: {'not for' if given else 'missing for'} summary {self.of!r}, which takes {', '.join(takes) or 'nothing'}"
                )
        if self.is_log and self.observed is not None and self.observed <= 0:
            raise ValueError(f"observed {self.observed:g} is compared as a logarithm; allowed: above 0")
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ARGUMENTS if getattr(self, name) is not None}

    @property
    def is_log(self) -> bool:
        from experiments.calibration.summaries import SUMMARIES

        return SUMMARIES[self.of].is_log

    @property
    def battle(self) -> str:
        """Which battle shows it: the long one, engagements or a watched one."""
        from experiments.calibration.summaries import SUMMARIES

        return SUMMARIES[self.of].battle

    @property
    def unit(self) -> str:
        from experiments.calibration.summaries import SUMMARIES

        return SUMMARIES[self.of].unit

    @property
    def z(self) -> float:
        """The observed value as it is compared; NaN without one."""
        if self.observed is None:
            return math.nan
        return math.log(self.observed) if self.is_log else self.observed

    def plain(self, value: Any) -> Any:
        """A compared value in the summary's unit again."""
        return np.exp(value) if self.is_log else value


class Calibration(Table):
    """All settings of a calibration."""

    name: str
    title: str = ""
    scenario: str = BASELINE
    first: dt.date
    last: dt.date
    seed: int = Field(1, ge=0, le=2**31)
    cutoff: float = Field(3.0, gt=0, description="implausibility above which a point is ruled out")
    rank: int = Field(2, ge=1, le=10, description="of a point's implausibilities: 2, its second largest one decides")
    budget: Budget = Budget()
    prior: PriorSettings = PriorSettings()
    shared: dict[str, SharedError] = {}
    screening: Screening = Screening()
    parameter: list[Parameter] = Field(min_length=1)
    target: list[Target] = Field(min_length=1)

    @property
    def days(self) -> int:
        """Days that a run takes: to the end of the last date of the window."""
        return (self.last - self.first).days

    @cached_property
    def battle(self) -> Scenario:
        """The scenario over the window."""
        return load_scenario(self.scenario, start=self.first, days=self.days)

    @cached_property
    def space(self) -> ParameterSpace:
        """The priors. The default of a parameter is the one that is declared, whatever a scenario has adopted."""
        found = []
        for p in self.parameter:
            form = PriorForm(self.prior.weight if p.weight is None else p.weight, self.prior.log_from)
            try:
                found.append(prior_of(resolve(p.key), form, None, p.low, p.high))
            except InputError as error:
                raise InputError(f"{self.name}: parameter: {error}") from None
        return ParameterSpace(tuple(found))

    @property
    def shared_of(self) -> np.ndarray:
        """(targets, errors in common): the size where a target has the error."""
        return np.array(
            [[e.size if t.shared == name else 0.0 for name, e in self.shared.items()] for t in self.target]
        ).reshape(len(self.target), -1)

    @property
    def engagement_odds(self) -> tuple[float, ...]:
        """Force ratios of the engagements that targets ask about; even ones where only their losses are asked about."""
        ratios = sorted({t.ratio for t in self.target if t.ratio is not None})
        return tuple(ratios) or ((1.0,) if any(t.battle == "engagements" for t in self.target) else ())

    @cached_property
    def later_sources(self) -> list[str]:
        """Parameters whose default rests on a source that covers months after the window, and that keep the weight of that default."""
        freed = {p.key for p in self.space.priors if p.form.weight == 0}
        known = seeds.facts()
        ends = {d.key: known[d.fact].period_end for d in catalog().values() if d.fact in known and not d.is_switch}
        return [key for key, end in ends.items() if end > self.last.isoformat() and key not in freed]

    @cached_property
    def key(self) -> str:
        """Hash of all that decides what is fitted to what; budgets and words may change under way."""
        content = self.model_dump(
            mode="json",
            include={"scenario", "first", "last", "seed", "cutoff", "rank", "prior", "shared", "parameter", "target"},
        )
        content["scenario"] = self.battle.model_dump(mode="json", exclude={"title", "about", "params"})
        content["params"] = {
            key: value for key, value in Settings(self.battle.params).overrides.items() if key not in self.space.keys
        }
        content["space"] = [p.as_dict() for p in self.space.priors]
        content["engagements"] = self.budget.engagements
        for entry in (*content["parameter"], *content["target"], *content["shared"].values(), content["prior"]):
            for word in ("why", "fact"):
                entry.pop(word, None)
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:24]

    def checked(self) -> Calibration:
        """This calibration; InputError for the first thing in it that cannot be."""
        where = self.name
        if self.days < 2:
            raise InputError(
                f"{where}: first {self.first}, last {self.last}; allowed: last two days after first, or later."
            )
        for what, names in (
            ("parameter", [resolve(p.key).key for p in self.parameter]),
            ("target", [t.id for t in self.target]),
        ):
            twice = next((n for k, n in enumerate(names) if n in names[:k]), None)
            if twice:
                raise InputError(f"{where}: {what} {twice!r} is there twice.")
        known = seeds.facts()
        for t in self.target:
            if t.shared is not None and t.shared not in self.shared:
                raise InputError(
                    f"{where}: target {t.id}: shared: {t.shared!r}; allowed: {', '.join(self.shared) or 'none is given'}."
                )
            if t.fact and not t.fact.startswith("series ") and t.fact not in known:
                raise InputError(f"{where}: target {t.id}: no fact {t.fact!r}.{did_you_mean(t.fact, known)}")
            late = next((d for d in (t.first, t.middle, t.last) if d and not self.first <= d <= self.last), None)
            if late:
                raise InputError(f"{where}: target {t.id}: {late} is outside the window, {self.first} to {self.last}.")
            if t.observed is not None and not (t.error or t.discrepancy or t.shared):
                raise InputError(
                    f"{where}: target {t.id}: neither an error nor a discrepancy; a record is never exact."
                )
        Settings(self.battle.params)
        _ = self.space
        return self


def plan_file(source: str | Path) -> Path:
    """The file of a calibration: by the name of its scenario, or a TOML file."""
    text = str(source)
    if text.endswith(".toml"):
        if not Path(text).is_file():
            raise InputError(f"calibration file {text!r} not found.")
        return Path(text)
    shipped = {BASELINE: seeds.path("calibration.toml")}
    shipped |= {p.stem.removeprefix("calibration-"): p for p in sorted(seeds.path().glob("calibration-*.toml"))}
    if text not in shipped:
        raise InputError(
            f"no calibration of scenario {text!r}; allowed: {', '.join(shipped)}, or a TOML file.{did_you_mean(text, shipped)}"
        )
    return shipped[text]


def load_plan(source: str | Path = BASELINE) -> Calibration:
    """The calibration of a scenario's name or of a TOML file, checked."""
    path = plan_file(source)
    data = read_toml(path)
    return plan_of({"name": path.stem, **data}, path.name)


def plan_of(data: dict[str, Any], where: str = "calibration") -> Calibration:
    """A calibration from a dictionary with the keys of the file."""
    tables = (Calibration, Budget, PriorSettings, SharedError, Screening, Parameter, Target)
    try:
        return Calibration.model_validate(data).checked()
    except ValidationError as error:
        raise first_error(error, where, [key for table in tables for key in table.model_fields]) from None
