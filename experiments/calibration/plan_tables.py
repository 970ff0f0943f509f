"""The tables of a calibration's file: budget, priors, screening, parameters and targets."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from experiments.calibration.summaries import SUMMARIES
from sim.errors import did_you_mean

ARGUMENTS = ("part", "side", "ratio", "first", "middle", "last")


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Budget(Table):
    """How many runs are made: a first wave over the whole prior, others where emulators see likely points, then a sample.

    More waves follow, up to `most_waves`, until emulators predict (`experiments.calibration.waves.is_enough`).
    """

    first_points: int = Field(600, ge=8, le=20_000, description="points of the first wave")
    first_replicates: int = Field(1, ge=1, le=100)
    waves: int = Field(4, ge=1, le=20, description="waves at least, the first one counted")
    most_waves: int = Field(6, ge=1, le=20, description="waves at most, as long as emulators do not predict; `waves` where that is more")
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
    not that of all (0: uniform, for a default that rests on months after the window); `mode` stands for a default where none is declared."""

    key: str
    mode: float | None = None
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
        return SUMMARIES[self.of].is_log

    @property
    def battle(self) -> str:
        """Which battle shows it: the long one, engagements or a watched one."""
        return SUMMARIES[self.of].battle

    @property
    def unit(self) -> str:
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
