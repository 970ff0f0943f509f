"""A calibration as a TOML file: which parameters, which targets, which window of the record, and how many runs."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

import seeds
from experiments.calibration.plan_tables import Budget, Parameter, PriorSettings, Screening, SharedError, Table, Target
from experiments.calibration.priors import ParameterSpace, PriorForm, prior_of
from experiments.runs.identity import BASELINE
from sim.errors import InputError, did_you_mean, first_error, read_toml
from sim.scenario import Scenario, load_scenario
from sim.settings import Settings, catalog, resolve


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
    shared: dict[str, SharedError] = Field(default_factory=dict)
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
                found.append(prior_of(resolve(p.key), form, p.mode, p.low, p.high))
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
        """Parameters whose default rests on a source that covers months after the window, and that keep the weight of that default; and the
        facts of the observation model that do so (`obs_...`)."""
        freed = {p.key for p in self.space.priors if p.form.weight == 0}
        known = seeds.facts()
        ends = {d.key: known[d.fact].period_end for d in catalog().values() if d.fact in known and not d.is_switch}
        ends |= {name: fact.period_end for name, fact in known.items() if name.startswith("obs_")}
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
