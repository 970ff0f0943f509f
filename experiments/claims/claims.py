"""The claims of the founding analysis, and how a study answers them.

The rule of each answer stands in `seeds/claims.toml`, written before the studies were run: which arms are compared on which
measure, in which direction, and what the smallest effect is that would matter. Nothing here knows a single claim.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

import seeds
from experiments.analysis import effects, intervals
from experiments.analysis.intervals import Interval
from sim.errors import InputError, did_you_mean, first_error
from sim.view.names import factor_named, measure_named, unit_text, upper_first
from sim.view.numbers import number, significant

if TYPE_CHECKING:
    import pandas as pd

    from experiments.results.results import Results
    from experiments.studies.study import Study

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Quantity(_Table):
    """A figure of a run made from its measures by an expression."""

    label: str
    unit: str
    of: str


class Comparison(_Table):
    """One comparison: two arms of a study, one arm and a bound, or two groups of factors by their shares of the variance."""

    measure: str
    from_: dict[str, Any] | None = Field(None, alias="from")
    to: dict[str, Any] | None = None
    at: dict[str, Any] = {}
    expect: Literal["rise", "fall"] = "rise"
    least: float = 0.0
    bound: float | None = None
    people: list[str] | None = None
    equipment: list[str] | None = None
    informational: bool = Field(
        False, validation_alias=AliasChoices("informational", "told"), description="reported beside the claim, decides nothing"
    )

    @model_validator(mode="after")
    def _one_form(self) -> Comparison:
        forms = (
            self.from_ is not None and self.to is not None and self.bound is None,
            self.from_ is None and self.to is not None and self.bound is not None,
            bool(self.people) and bool(self.equipment) and self.to is None,
        )
        if sum(forms) != 1:
            raise ValueError("a test has `from` and `to`, or `to` and `bound`, or `people` and `equipment`")
        return self

    @property
    def sign(self) -> int:
        return 1 if self.expect == "rise" else -1


class Claim(_Table):
    """A sentence of the founding analysis with its study and its tests."""

    id: str
    statement: str
    study: str
    scope: str
    test: list[Comparison] = Field(min_length=1)


class Claims(_Table):
    measure: dict[str, Quantity]
    claim: list[Claim] = Field(min_length=1)


@dataclass(frozen=True)
class ClaimFinding:
    """The result of a test: the effect as a difference, and as a share of the mean of `from` where that is clearly not 0."""

    test: Comparison
    label: str
    unit: str
    effect: Interval  # `to` less `from`, mean of `to`, or people's share less equipment's
    relative: Interval | None
    before: float  # mean of `from`, the bound, or the equipment's share
    after: float
    margin: float  # the smallest effect that matters, in the unit of the effect
    verdict: str


@dataclass(frozen=True)
class ClaimAnswer:
    """A claim's verdict with its findings. `n` is the number of runs it rests on, `sets` that of parameter sets (0: the defaults)."""

    claim: Claim
    findings: list[ClaimFinding]
    verdict: str
    n: int
    failed: int
    seeds: list[int]
    scenarios: list[str]
    commit: str  # of the model that made the runs
    sentence: str
    sets: int = 0


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


def sets_of(study: Study | None) -> int:
    """Of how many parameter sets of a posterior a study is asked (`Posterior.crossed`); 0: of the defaults."""
    return len(set(study.point_seeds)) if study is not None and study.point_seeds else 0


def answer(claim: Claim, results: Results) -> ClaimAnswer:
    """The claim's verdict from the runs of its study."""
    runs = results.done
    findings = [_finding(claim, test, results) for test in claim.test]
    verdict = verdict_of([f.verdict for f in findings if not f.test.informational])
    return ClaimAnswer(
        claim,
        findings,
        verdict,
        len(runs),
        len(results.failed),
        results.seeds,
        sorted(runs["scenario"].unique().tolist()),
        str(results.manifest.get("git_commit") or "unknown"),
        sentence_of(findings[0]),
        sets_of(results.study),
    )


def verdict_of(verdicts: list[str]) -> str:
    """Supported when all tests are, not supported when one of them is not, else undecided."""
    if NOT_SUPPORTED in verdicts:
        return NOT_SUPPORTED
    return SUPPORTED if set(verdicts) == {SUPPORTED} else UNDECIDED


def judged(effect: Interval, sign: int, margin: float) -> str:
    """The verdict of one test: where the interval of the expected effect lies beside the smallest that matters."""
    low, high = sorted((sign * effect.low, sign * effect.high))
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNDECIDED
    return SUPPORTED if low > margin else NOT_SUPPORTED if high < margin else UNDECIDED


def values_of(name: str, results: Results, runs: pd.DataFrame) -> pd.Series:
    """A named measure of each run: one of the claims' expressions, or a measure that the run keeps."""
    quantity = load_claims().measure.get(name)
    if quantity is None:
        if name not in runs:
            raise InputError(f"measure {name!r} is not in the study.{did_you_mean(name, runs.columns)}")
        return runs[name].astype(float)
    facts = {key: repr(fact.value) for key, fact in seeds.facts().items() if f"{{{key}}}" in quantity.of}
    # `days` is a column of the runs, so that studies with scenarios of different lengths read the same
    expression = re.sub(r"\{(\w+)\}", lambda found: facts.get(found[1], found[1]), quantity.of)
    return runs.eval(expression).astype(float)


def _label(name: str) -> tuple[str, str]:
    quantity = load_claims().measure.get(name)
    if quantity:
        return quantity.label, unit_text(quantity.unit)
    named = measure_named(name)
    return named.name, named.unit


def _arm(claim: Claim, results: Results, levels: dict[str, Any]) -> pd.DataFrame:
    """The runs of one arm."""
    runs = results.done
    inside = runs["seed"].notna()
    for factor, level in levels.items():
        if factor not in results.factors:
            raise InputError(f"claim {claim.id}: study {claim.study!r} has no factor {factor!r}.{did_you_mean(factor, results.factors)}")
        inside &= runs[factor] == level
    if not inside.any():
        arm = ", ".join(f"{factor} = {level}" for factor, level in levels.items())
        raise InputError(f"claim {claim.id}: study {claim.study!r} has no run with {arm}.")
    return runs[inside]


def _by_seed(measure: str, results: Results, *arms: pd.DataFrame) -> list[pd.Series]:
    """A measure of each arm by the seeds that all arms have; ratios of totals as those of the sums over an arm's runs."""
    from experiments.results.results import RATIOS, pseudovalues

    shared = set.intersection(*(set(arm["seed"]) for arm in arms))
    out = []
    for arm in arms:
        runs = arm[arm["seed"].isin(shared)]
        for ratio, totals in RATIOS.items():
            if {ratio, *totals} <= {*runs}:
                value = pseudovalues(*(runs[[name]].astype(float).T for name in totals)).iloc[0]
                runs = runs.assign(**{ratio: value})
        out.append(values_of(measure, results, runs).groupby(runs["seed"]).mean())
    return out


def _finding(claim: Claim, test: Comparison, results: Results) -> ClaimFinding:
    label, unit = _label(test.measure)
    if test.people:
        return _shares(test, results, label)
    assert test.to is not None, "a test of arms has `to`"
    arm = _arm(claim, results, {**test.at, **test.to})
    if test.from_ is None:
        assert test.bound is not None, "a test of one arm has a bound"
        (after,) = _by_seed(test.measure, results, arm)
        effect = _level(after)
        margin = test.sign * test.bound
        return ClaimFinding(test, label, unit, effect, None, test.bound, effect.estimate, margin, judged(effect, test.sign, margin))
    before, after = _by_seed(test.measure, results, _arm(claim, results, {**test.at, **test.from_}), arm)
    found = effects.contrast(before.to_frame().T, after.to_frame().T, test.measure, unit, "", test.from_, test.to)
    effect = Interval(found.mean, found.low, found.high, found.n, found.note)
    relative = _relative(before, after)
    verdict = judged(relative or Interval(math.nan, math.nan, math.nan, 0), test.sign, test.least) if test.least else judged(effect, test.sign, 0.0)
    return ClaimFinding(test, label, unit, effect, relative, found.mean_a, found.mean_b, test.least * abs(found.mean_a), verdict)


def _relative(before: pd.Series, after: pd.Series) -> Interval | None:
    """The effect as a share of the mean of `before`, with Fieller's interval; None where that mean may be 0."""
    ratio = intervals.of_ratio(before, after)
    if not math.isfinite(ratio.low):
        return None
    sign = 1 if before.mean() > 0 else -1
    low, high = sorted((sign * (ratio.low - 1), sign * (ratio.high - 1)))
    return Interval(sign * (ratio.estimate - 1), low, high, ratio.n, ratio.note)


def _level(values: pd.Series) -> Interval:
    """The mean over runs; of a yes or no, the share of runs."""
    if set(values.unique()) <= {0.0, 1.0}:
        return intervals.of_share(int(values.sum()), len(values))
    return intervals.of_mean(values)


def _shares(test: Comparison, results: Results, label: str) -> ClaimFinding:
    """Share of the variance of the people's factors less that of the equipment's, by a metamodel."""
    from experiments.analysis import surrogate_shares

    assert test.people and test.equipment, "a test of shares has both groups"
    people, equipment = surrogate_shares.group_shares(results, test.measure, [test.people, test.equipment], of=values_of)
    effect = surrogate_shares.difference(people, equipment)
    verdict = judged(effect, test.sign, test.least)
    return ClaimFinding(test, f"share of the variance of {label}", "", effect, None, equipment.estimate, people.estimate, test.least, verdict)


# Words


def sentence_of(finding: ClaimFinding) -> str:
    """The result of the first test of a claim, in one sentence."""
    test, unit = finding.test, f" {finding.unit}" if finding.unit else ""
    if test.people:
        return (
            f"The factors of people account for {finding.after:.0%} of the variance of the {finding.label.removeprefix('share of the variance of ')}, "
            f"those of equipment for {finding.before:.0%}."
        )
    low, high = significant(finding.effect.low), significant(finding.effect.high)
    if test.from_ is None:
        return f"{upper_first(finding.label)}: {significant(finding.after)}{unit} ({low} to {high}); the bound is {significant(finding.before)}."
    way = "rises" if finding.after > finding.before else "falls"
    r = finding.relative
    change = f", {percent(r)}" if r else ""
    return f"{upper_first(finding.label)} {way} from {significant(finding.before)} to {significant(finding.after)}{unit}{change}: {arms_of(test)}."


def percent(share: Interval, unit: str = " %") -> str:
    """A change as a share, with its interval: "+24 % (95 % +20 to +28)"."""
    middle, low, high = (number(100 * value, signed=True) for value in (share.estimate, share.low, share.high))
    return f"{middle}{unit} (95 % {low} to {high})"


def arms_of(test: Comparison) -> str:
    """The two arms of a test in words."""
    if test.people:
        return "people against equipment"
    assert test.to is not None, "a test of arms has `to`"
    to, at = test.to, f" at {_levels_text(test.at)}" if test.at else ""
    if test.from_ is None:
        return (_levels_text(to) or "all runs") + at
    changed = {key: value for key, value in test.from_.items() if to.get(key) != value}
    return ", ".join(f"{_levels_text({key: value})} to {factor_named(key).value_text(to[key])}" for key, value in changed.items()) + at


def _levels_text(levels: dict[str, Any]) -> str:
    return ", ".join(f"{factor_named(key).name} {factor_named(key).value_text(value)}" for key, value in levels.items())
