"""`pokrovsk claims`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from experiments.claims.claims import NOT_SUPPORTED, SUPPORTED, UNDECIDED, Answer, Finding, arms_of

if TYPE_CHECKING:
    from sim.view.charts.chart import Chart

# As a figure and a page


def chart(answers: list[Answer]) -> Chart:
    """All tests of the claims as one forest of effects."""
    from sim.view.charts.chart import About
    from sim.view.charts.forest import forest_chart

    rows = [_row(a, f) for a in answers for f in a.findings]
    about = About(
        sum(a.n for a in answers),
        sorted({seed for a in answers for seed in a.seeds}),
        ", ".join(sorted({name for a in answers for name in a.scenarios})),
        ", ".join(sorted({a.commit for a in answers})),
    )
    return forest_chart(rows, about=about, title=headline(answers), what="Effect of each comparison, paired on shared seeds, with its 95 % interval")


def headline(answers: list[Answer]) -> str:
    """How many claims ended how, as a sentence."""
    count = {v: sum(a.verdict == v for a in answers) for v in (SUPPORTED, NOT_SUPPORTED, UNDECIDED)}
    return f"Of {len(answers)} claims: {count[SUPPORTED]} supported, {count[NOT_SUPPORTED]} not supported, {count[UNDECIDED]} undecided"


def _row(a: Answer, f: Finding) -> Any:
    from sim.view.charts.forest import Row

    words = f"{f.label}: {arms_of(f.test)}".replace("_", " ")
    effect, margin = f.effect, f.margin
    if f.relative is not None:
        effect, margin = f.relative, f.test.least * f.test.sign
    elif f.test.bound:
        scale = abs(f.test.bound)
        effect = dataclasses.replace(effect, estimate=effect.estimate / scale - 1, low=effect.low / scale - 1, high=effect.high / scale - 1)
        margin = 0.0
    return Row(a.claim.id, words, effect.estimate, effect.low, effect.high, margin, f.verdict, f.test.told)
