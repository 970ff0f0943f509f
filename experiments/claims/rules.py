"""The rules of the claims as they are written in `seeds/claims.toml`, before the studies are run."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any, Literal

import pandas as pd
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

import seeds
from sim.errors import InputError, did_you_mean, first_error


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Quantity(_Table):
    """A figure made from the measures of a run by an expression; with `per` it is a ratio of totals, that of the sums over runs."""

    label: str
    unit: str
    of: str
    per: str = ""


class Comparison(_Table):
    """One comparison: two arms of a study, one arm and a bound, two groups of factors by their shares of the variance, or a factor.

    With `factor` it is the rank correlation of a factor with the measure over the points of a sampled design.
    """

    measure: str
    from_: dict[str, Any] | None = Field(None, alias="from")
    to: dict[str, Any] | None = None
    at: dict[str, Any] = {}
    expect: Literal["rise", "fall"] = "rise"
    least: float = 0.0
    bound: float | None = None
    people: list[str] | None = None
    equipment: list[str] | None = None
    factor: str | None = None
    informational: bool = Field(
        False, validation_alias=AliasChoices("informational", "told"), description="reported beside the claim, decides nothing"
    )

    @model_validator(mode="after")
    def _one_form(self) -> Comparison:
        forms = (
            self.from_ is not None and self.to is not None and self.bound is None,
            self.from_ is None and self.to is not None and self.bound is not None,
            bool(self.people) and bool(self.equipment) and self.to is None,
            self.factor is not None and self.from_ is None and self.to is None,
        )
        if sum(forms) != 1:
            raise ValueError("a test has `from` and `to`, or `to` and `bound`, or `people` and `equipment`, or `factor`")
        return self

    @property
    def sign(self) -> int:
        return 1 if self.expect == "rise" else -1


class Range(_Table):
    """Where a constant may lie that nobody has measured."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g}, high {self.high:g}; allowed: low below high")
        return self


class Arithmetic(_Table):
    """A figure that needs no model: an expression of cited facts, {name} each."""

    label: str
    unit: str
    of: str

    @property
    def value(self) -> float:
        return float(pd.eval(with_facts(self.of)))


class Claim(_Table):
    """A sentence of the founding analysis with its study and its tests.

    `check`: what the lever must move before the tests say anything. `nuisance`: constants by dotted key that nobody has measured and
    that may decide the answer. `arithmetic`: what facts alone give, and `adds` what the model adds to it.
    """

    id: str
    statement: str
    study: str
    scope: str
    test: list[Comparison] = Field(min_length=1)
    check: list[Comparison] = []
    nuisance: dict[str, Range] = {}
    arithmetic: list[Arithmetic] = []
    adds: str = ""


class Claims(_Table):
    measure: dict[str, Quantity]
    claim: list[Claim] = Field(min_length=1)


def with_facts(expression: str) -> str:
    """An expression with the value of each fact in place of {name}; InputError for one that there is not."""
    known = seeds.facts()

    def value(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise InputError(f"claims.toml: {expression!r}: no fact {found[1]!r}.{did_you_mean(found[1], known)}")
        return repr(float(known[found[1]].number))

    return re.sub(r"\{(\w+)\}", value, expression)


@cache
def load_claims() -> Claims:
    """All claims with their rules; InputError for a rule that cannot be read."""
    path = seeds.path("claims.toml")
    try:
        return Claims.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise first_error(error, path.name, [*Claim.model_fields, *Comparison.model_fields]) from None


def chosen(names: list[str]) -> list[Claim]:
    """The claims of these ids in their own order; all when there are none."""
    known = {claim.id: claim for claim in load_claims().claim}
    wanted = [name.upper() for name in names]
    for name in wanted:
        if name not in known:
            raise InputError(f"claim {name!r}; allowed: {', '.join(known)}.{did_you_mean(name, known)}")
    return [claim for claim in known.values() if claim.id in wanted or not wanted]
