"""Charts of the mission's answers: the price of ground, the rest of the oblast, culmination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.claims import mission
from experiments.claims.mission import Level, Price, Rest
from experiments.results.results import Results
from sim.view.charts.chart import About, Chart
from sim.view.charts.projections import CitedComparison, Projection, cited_comparison_chart, projections_chart
from sim.view.numbers import significant


def about_of(results: Results) -> About:
    from experiments.figures.captions import about

    return about(results)


# Charts


def price_chart(prices: Sequence[Price], about: About) -> Chart:
    """The price of ground in each period beside what is cited of it."""
    rows = []
    for p in prices:
        cited = tuple(
            (f.number, *f.bounds, f"{significant(f.number)} ({f.id})") for f in p.cited
        )
        rows.append(CitedComparison(p.period.name, p.five, cited))
    inside = sum(any(r.model[0] <= c[0] <= r.model[4] for c in r.cited) for r in rows)
    return cited_comparison_chart(
        rows,
        axis="casualties per km²",
        about=about,
        title=f"The cited price lies in the middle 90 % of the runs in {inside} of {len(rows)} periods",
        what="Claimed casualties of the attacker by km² of published net gain. Figures for the box are cited for the theatre",
        log=True,
    )


def rest_chart(rests: Sequence[Rest], about: About) -> Chart:
    """What is left of the oblast by year, one fan an assumption of pace."""
    medians = " and ".join(f"{significant(float(np.median(r.years)), 2)} years at the {r.name}" for r in rests)
    ends = [float(np.quantile(r.years, 0.97, method="nearest")) for r in rests]
    shown = int(365.25 * min(max(ends), mission.MOST_YEARS))
    courses = [
        Projection(
            r.name,
            np.arange(r.left.shape[1])[:shown:15] / 365.25,
            r.left[:, :shown:15],
            (span_text(r.years), span_text(r.men_claimed / 1e6)),
        )
        for r in rests
    ]
    return projections_chart(
        courses,
        axis="years from 31 August 2025",
        heads=("years, median (middle 90 %)", "claimed casualties, million"),
        about=about,
        title=f"The rest of the oblast takes {medians} (medians)",
        what="Area of the oblast that the defender holds, km²",
        more="One pace stands for the whole oblast. Months of May to August 2025 go on in any order; nothing gets dearer or slower.",
    )


def culmination_chart(levels: Sequence[Level], about: About) -> Chart:
    """Strength of the attacker at the end under each level of recruitment."""
    rows = [
        CitedComparison(
            f"recruits × {significant(x.level)}, {x.culminated.estimate:.0%} of runs culminated".replace("%", " %"),
            x.strength,
        )
        for x in levels
    ]
    worn = [x.level for x in levels if x.culminated.estimate > 0.5]
    title = (
        f"The attacker is worn out in most runs with {significant(max(worn))} times his recruits"
        if worn
        else "At no level of recruitment is the attacker worn out in most runs"
    )
    return cited_comparison_chart(
        rows,
        axis="strength, share of establishment",
        about=about,
        title=title,
        what="Attacker's infantry and recruits by establishment at the end of winter",
    )


def span_text(values: np.ndarray) -> str:
    low, middle, high = (float(q) for q in np.quantile(values, (0.05, 0.5, 0.95), method="nearest"))
    top = significant(high, 2) if np.isfinite(high) else f"more than {mission.MOST_YEARS}"
    return f"{significant(middle, 2) if np.isfinite(middle) else f'more than {mission.MOST_YEARS}'} ({significant(low, 2)} to {top})"


def share_text(share: Any) -> str:
    return f"{share.estimate:.0%}".replace("%", " %")
