"""The result of one test of a claim: the effect with its interval, its verdict, and how its sign stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analysis import effects, intervals
from experiments.analysis.intervals import Interval
from experiments.claims.rules import Claim, Comparison, load_claims
from experiments.claims.stability import Stability, stability
from experiments.claims.units import paired, values, values_of
from sim.errors import InputError, did_you_mean
from sim.view.names import measure_named, unit_text

if TYPE_CHECKING:
    import pandas as pd

    from experiments.results.results import Results

SUPPORTED, NOT_SUPPORTED, UNDECIDED, NOT_TESTABLE = VERDICTS = ("supported", "not supported", "undecided", "not testable here")


@dataclass(frozen=True)
class ClaimFinding:
    """The result of a test: the effect as a difference, and as a share of the mean of `from` where that is clearly not 0."""

    test: Comparison
    label: str
    unit: str
    effect: Interval  # `to` less `from`, mean of `to`, people's share less equipment's, or a rank correlation
    relative: Interval | None
    before: float  # mean of `from`, the bound, or the equipment's share
    after: float
    margin: float  # the smallest effect that matters, in the unit of the effect
    verdict: str
    stability: Stability | None = None  # of two arms


def judged(effect: Interval, sign: int, margin: float) -> str:
    """The verdict of one test: where the interval of the expected effect lies beside the smallest that matters."""
    low, high = sorted((sign * effect.low, sign * effect.high))
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNDECIDED
    return SUPPORTED if low > margin else NOT_SUPPORTED if high < margin else UNDECIDED


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


def finding(claim: Claim, test: Comparison, results: Results) -> ClaimFinding:
    """The result of a test from the runs of a study."""
    label, unit = _label(test.measure)
    if test.people:
        return _shares(test, results, label)
    if test.factor:
        return _correlation(claim, test, results, label)
    assert test.to is not None, "a test of arms has `to`"
    arm = _arm(claim, results, {**test.at, **test.to})
    if test.from_ is None:
        assert test.bound is not None, "a test of one arm has a bound"
        (after,) = paired(test.measure, results, arm)
        effect = _level(after, set(values_of(test.measure, results, arm).dropna().unique()) <= {0.0, 1.0})
        margin = test.sign * test.bound
        return ClaimFinding(test, label, unit, effect, None, test.bound, effect.estimate, margin, judged(effect, test.sign, margin))
    one, two = (values(table) for table in paired(test.measure, results, _arm(claim, results, {**test.at, **test.from_}), arm))
    found = effects.contrast(one.to_frame().T, two.to_frame().T, test.measure, unit, "", test.from_, test.to)
    effect = Interval(found.mean, found.low, found.high, found.n, found.note)
    relative = _relative(one, two)
    verdict = judged(relative or Interval(math.nan, math.nan, math.nan, 0), test.sign, test.least) if test.least else judged(effect, test.sign, 0.0)
    signs = stability(two - one, results, claim.nuisance)
    if signs.turning:
        verdict = UNDECIDED  # an assumption decides, not the battle
    return ClaimFinding(
        test, label, unit, effect, relative, found.mean_a, found.mean_b, test.least * abs(found.mean_a), verdict, signs
    )


def _relative(before: pd.Series, after: pd.Series) -> Interval | None:
    """The effect as a share of the mean of `before`, with Fieller's interval; None where that mean may be 0."""
    ratio = intervals.of_ratio(before, after)
    if not math.isfinite(ratio.low):
        return None
    sign = 1 if before.mean() > 0 else -1
    low, high = sorted((sign * (ratio.low - 1), sign * (ratio.high - 1)))
    return Interval(sign * (ratio.estimate - 1), low, high, ratio.n, ratio.note)


def _level(table: pd.DataFrame, is_yes_or_no: bool) -> Interval:
    """The mean over units; of a ratio of totals Fieller's interval; of a yes or no the share, with an interval for as many as there are units."""
    if "per" in table:
        return intervals.of_ratio(table["per"], table["top"])
    if is_yes_or_no:
        return intervals.of_share(round(float(table["top"].sum())), len(table))
    return intervals.of_mean(table["top"])


def _correlation(claim: Claim, test: Comparison, results: Results, label: str) -> ClaimFinding:
    """Rank correlation of a factor with a measure over the points of a design, with Fisher's interval."""
    from scipy.stats import norm, spearmanr

    assert test.factor is not None
    if test.factor not in results.factors:
        raise InputError(f"claim {claim.id}: study {claim.study!r} has no factor {test.factor!r}.{did_you_mean(test.factor, results.factors)}")
    runs = results.done.assign(value=values_of(test.measure, results, results.done))
    points = runs.groupby("point")[[test.factor, "value"]].mean().dropna()
    n = len(points)
    if n < 5 or points.nunique().min() < 2:
        effect = Interval(math.nan, math.nan, math.nan, n, "too few points, or values that are all equal")
    else:
        r = float(np.clip(spearmanr(points[test.factor], points["value"]).statistic, -0.999999, 0.999999))
        ends = np.tanh(np.arctanh(r) + np.array([-1, 1]) * norm.ppf(0.975) * math.sqrt((1 + r * r / 2) / (n - 3)))  # Bonett and Wright 2000
        effect = Interval(r, float(ends[0]), float(ends[1]), n)
    return ClaimFinding(test, label, "", effect, None, 0.0, effect.estimate, test.least, judged(effect, test.sign, test.least))


def _shares(test: Comparison, results: Results, label: str) -> ClaimFinding:
    """Share of the variance of the people's factors less that of the equipment's, by a metamodel."""
    from experiments.analysis import surrogate_shares

    assert test.people and test.equipment, "a test of shares has both groups"
    people, equipment = surrogate_shares.group_shares(results, test.measure, [test.people, test.equipment], of=values_of)
    effect = surrogate_shares.difference(people, equipment)
    verdict = judged(effect, test.sign, test.least)
    return ClaimFinding(test, f"share of the variance of {label}", "", effect, None, equipment.estimate, people.estimate, test.least, verdict)
