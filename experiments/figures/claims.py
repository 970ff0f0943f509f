"""The claims as a forest plot: one panel for changes between arms, one for arms beside a bound, one for shares of variance."""

from __future__ import annotations

import math
from dataclasses import replace

from experiments.claims.claims import ClaimAnswer, ClaimFinding, arms_of
from experiments.claims.findings import NOT_SUPPORTED, NOT_TESTABLE, SUPPORTED, UNDECIDED
from sim.view.charts.chart import About, Chart
from sim.view.charts.forest import Row, Scale, forest_chart
from sim.view.numbers import NONE, interval, mean_text, significant

CHANGE = Scale("Two arms of a study", "change in % of the first arm", factor=100, low=-1.0, high=2.0)
DIFFERENCE = Scale("Two arms of a study, the first of mean 0", "difference in the unit of the row")
SHARE = Scale(
    "Two groups of factors", "share of the variance by people less that by equipment, percentage points", factor=100, low=-1.0, high=1.0
)
BOUND = Scale("One arm beside a bound", "mean in multiples of the bound (line)", reference=1.0, high=3.0, signed=False)
NEGATIVE_BOUND = replace(BOUND, reference=-1.0, low=-3.0, high=math.inf)
ZERO_BOUND = Scale("One arm beside a bound of zero", "mean in the unit of the row")


def chart(answers: list[ClaimAnswer]) -> Chart:
    """All tests of the claims as one forest plot."""
    about = About(
        sum(a.n for a in answers),
        sorted({seed for a in answers for seed in a.seeds}),
        ", ".join(sorted({name for a in answers for name in a.scenarios})),
        ", ".join(sorted({a.commit for a in answers})),
    )
    return forest_chart(
        [_row(a, f) for a in answers for f in a.findings],
        about=about,
        title=headline(answers),
        what="Effect of each comparison, paired on shared seeds, with its 95 % interval",
    )


def headline(answers: list[ClaimAnswer]) -> str:
    """How many claims ended how, as a sentence."""
    count = {v: sum(a.verdict == v for a in answers) for v in (SUPPORTED, NOT_SUPPORTED, UNDECIDED, NOT_TESTABLE)}
    rest = f", {count[NOT_TESTABLE]} {NOT_TESTABLE}" if count[NOT_TESTABLE] else ""
    return f"Of {len(answers)} claims: {count[SUPPORTED]} supported, {count[NOT_SUPPORTED]} not supported, {count[UNDECIDED]} undecided{rest}"


def _row(a: ClaimAnswer, f: ClaimFinding) -> Row:
    """A finding on the scale of its kind; its value is printed in the unit that the scale or the words name."""
    test, effect, margin, size = f.test, f.effect, f.margin, 1.0
    words = f"{f.label}: {arms_of(test)}".replace("_", " ")
    if f.relative is not None:
        scale, effect, margin = CHANGE, f.relative, test.least * test.sign
    elif test.people:
        scale, margin = SHARE, test.least * test.sign
    else:
        words += f", {f.unit}" if f.unit else ""
        scale = DIFFERENCE
        if test.bound is not None:
            words += f" (bound {significant(test.bound)})"
            size, margin = abs(test.bound) or 1.0, math.nan
            scale = BOUND if test.bound > 0 else NEGATIVE_BOUND if test.bound else ZERO_BOUND
    estimate, low, high = (scale.factor * v for v in (effect.estimate, effect.low, effect.high))
    mean = mean_text(estimate, low, high)
    value = f"{mean if scale.signed else mean.removeprefix('+')} ({interval(low, high)})" if math.isfinite(estimate) else NONE
    middle, left, right = (v / size for v in (effect.estimate, effect.low, effect.high))
    is_minor = test.informational or a.verdict == NOT_TESTABLE  # a lever that moves nothing decides nothing
    return Row(scale, a.claim.id, words, middle, left, right, margin, f.verdict, value, is_minor)
