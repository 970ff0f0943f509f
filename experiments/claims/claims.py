"""The claims of the founding analysis, and how a study answers them.

The rule of each answer stands in `seeds/claims.toml`, written before the studies were run: which arms are compared on which
measure, in which direction, and what the smallest effect is that would matter. Nothing here knows a single claim.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.analysis.intervals import Interval
from experiments.claims.findings import NOT_SUPPORTED, NOT_TESTABLE, SUPPORTED, UNDECIDED, ClaimFinding, finding
from experiments.claims.rules import Claim, Comparison
from sim.view.names import factor_named, upper_first
from sim.view.numbers import number, significant

if TYPE_CHECKING:
    from experiments.results.results import Results
    from experiments.studies.study import Study


@dataclass(frozen=True)
class ClaimAnswer:
    """A claim's verdict with its findings. `n` is the number of runs it rests on, `sets` that of parameter sets (0: the defaults).

    `draws`: how many draws of the constants that are varied as nuisance (0: none are); `checks`: whether the levers moved what they
    act on; `arithmetic`: the value of each figure that facts alone give.
    """

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
    draws: int = 0
    checks: list[ClaimFinding] = field(default_factory=list)
    arithmetic: list[float] = field(default_factory=list)


def sets_of(study: Study | None) -> int:
    """Of how many parameter sets or draws of constants a study is asked (`Posterior.crossed`); 0: of the defaults."""
    return len(set(study.point_seeds)) if study is not None and study.point_seeds else 0


def answer(claim: Claim, results: Results) -> ClaimAnswer:
    """The claim's verdict from the runs of its study."""
    runs = results.done
    checks = [finding(claim, test, results) for test in claim.check]
    findings = [finding(claim, test, results) for test in claim.test]
    is_testable = all(f.verdict == SUPPORTED for f in checks)
    verdict = verdict_of([f.verdict for f in findings if not f.test.informational]) if is_testable else NOT_TESTABLE
    sets = sets_of(results.study)
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
        sets if _is_of_posterior(claim, results.study) else 0,
        sets if claim.nuisance else 0,
        checks,
        [figure.value for figure in claim.arithmetic],
    )


def _is_of_posterior(claim: Claim, study: Study | None) -> bool:
    """Whether a study that was asked of several sets has more in them than constants that are varied as nuisance."""
    from experiments.studies.files import load_study

    if study is None or not study.point_seeds:
        return False
    return bool(set(study.factor_names) - set(claim.nuisance) - set(load_study(claim.study).factor_names))


def verdict_of(verdicts: list[str]) -> str:
    """Supported when all tests are, not supported when one of them is not, else undecided."""
    if NOT_SUPPORTED in verdicts:
        return NOT_SUPPORTED
    return SUPPORTED if set(verdicts) == {SUPPORTED} else UNDECIDED


# Words


def sentence_of(finding: ClaimFinding) -> str:
    """The result of the first test of a claim, in one sentence."""
    test, unit = finding.test, f" {finding.unit}" if finding.unit else ""
    if test.factor:
        return f"{upper_first(finding.label)}: rank correlation {significant(finding.after)}, {arms_of(test)}."
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
    if test.factor:
        return f"with {factor_named(test.factor).name}, over all points"
    assert test.to is not None, "a test of arms has `to`"
    to, at = test.to, f" at {_levels_text(test.at)}" if test.at else ""
    if test.from_ is None:
        return (_levels_text(to) or "all runs") + at
    changed = {key: value for key, value in test.from_.items() if to.get(key) != value}
    return ", ".join(f"{_levels_text({key: value})} to {factor_named(key).value_text(to[key])}" for key, value in changed.items()) + at


def _levels_text(levels: dict[str, Any]) -> str:
    return ", ".join(f"{factor_named(key).name} {factor_named(key).value_text(value)}" for key, value in levels.items())


def stability_words(f: ClaimFinding) -> str:
    """How the sign of an effect stands, in a sentence; "" for what has no sign."""
    if f.stability is None or not math.isfinite(f.effect.estimate) or f.effect.estimate == 0:
        return ""
    words = f"The sign is that of the mean in {f.stability.share:.0%} of {f.stability.n} pairs".replace("%", " %")
    for h in f.stability.halves:
        name, middle = factor_named(h.key).name, significant(h.median)
        turns = ", so the sign turns with it" if h.turns else ""
        words += f"; with {name} up to {middle} {significant(h.below.estimate, signed=True)}, above {significant(h.above.estimate, signed=True)}{turns}"
    return f"{words}."


def arithmetic_words(a: ClaimAnswer) -> list[str]:
    """What facts alone give, and what the model adds to it, in sentences."""
    figures = [f"{upper_first(figure.label)}: {significant(value)} {figure.unit}.".replace(" .", ".") for figure, value in zip(a.claim.arithmetic, a.arithmetic)]
    return [*figures, a.claim.adds] if a.claim.adds else figures
