"""T24, T26, T27: the shape of the front of this battle, the city that is bypassed, and the order in which places fall."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from experiments.analysis import intervals
from experiments.observation.observed import ObservedRun
from experiments.observation.record import START, Places, Rasters
from experiments.observation.series import contour_dimension
from experiments.validation.checks import EVIDENCE, LEVEL_90, LEVEL_95, RUNS_90, Check, over_runs, row

GROWTH = (1.5, 3.3)  # of the front: the record's 2.2 by 1.5, and times it
ENVELOPED = 0.4
BY_DISTANCE = 0.46  # rank correlation of capture with the distance from the front of the start alone
DATES = (dt.date(2024, 8, 31), dt.date(2024, 12, 31), dt.date(2025, 5, 31), dt.date(2025, 8, 31))


@row(
    "T24",
    "H",
    "The front lengthens and stays smooth",
    source=EVIDENCE + " (front_km_*): 89 to 198 km; box-counting dimension 1.08",
    formula="length at the end by length at the start, 0.5 contour on the 1 km grid; box-counting dimension of the last map",
    band="median of runs x1.5 to x3.3; 1.03-1.15",
    needs=("seen", "rasters_or_none"),
    targets=("front_growth",),
    sharper="An upper bound, 3.3: as far above the record's 2.2 as the lower bound is below it, since a front in tatters lengthens too.",
)
def front(runs: Sequence[ObservedRun], rasters: Rasters | None) -> list[Check]:
    """Growth of the front and its roughness; the record by the same estimator when its rasters are given."""
    from sim.geometry import front_length

    growth, dimension = "2.2 (own estimator)", "1.08"
    if rasters is not None:
        first, last = (rasters.control(d).astype(float) for d in (START, DATES[-1]))
        growth, dimension = f"{front_length(last) / front_length(first):.2f}", f"{contour_dimension(last):.2f}"
    return [
        over_runs("growth of the front", [r.front_km(DATES[-1]) / r.front_km(START) for r in runs], GROWTH, growth),
        over_runs("box-counting dimension", [r.dimension for r in runs], (1.03, 1.15), dimension),
    ]


@row(
    "T26",
    "H",
    "Bypass, not storm",
    source=EVIDENCE + " (encircled_*): 0.00, 0.07, 0.39, 0.46, 0.67; no nearer for 195 days",
    formula="envelopment of Pokrovsk (share of 120 rays of 15 km that meet held ground) passes 0.4 before the center is taken",
    band="in more than half of the runs",
    needs=("seen", "states"),
    targets=("enveloped", "distance"),
)
def bypass(runs: Sequence[ObservedRun], states: dict[str, np.ndarray]) -> list[Check]:
    """Runs in which the city is enveloped first."""
    first = np.array([_first_day(r) for r in runs])
    center = np.array([r.center_day for r in runs])
    share = intervals.of_share(int((first < center).sum()), len(runs))
    checks = [
        Check(
            "runs enveloped before the center falls",
            share.estimate,
            (0.5, None),
            (share.low, share.high),
            LEVEL_95,
            record="1",
            n=share.n,
        ),
        Check("runs in which the center falls", float(np.isfinite(center).mean()), record="0", n=len(runs)),
    ]
    for date in DATES:
        k = int(np.searchsorted(states["date"], np.datetime64(date), side="right")) - 1
        values = [r.envelopment(date) for r in runs]
        checks.append(over_runs(f"envelopment on {date}", values, None, f"{states['envelopment'][k]:.2f}"))
    return checks


def _first_day(run: ObservedRun) -> float:
    """Day on which envelopment first passes ENVELOPED; infinite when it never does."""
    above = run.envelopments > ENVELOPED
    if not above.any():
        return np.inf
    return float((run.box.date[int(np.argmax(above))] - run.box.date[0]).astype(int))


@row(
    "T27",
    "H",
    "Sequence of captures",
    source=EVIDENCE + ": dates of control by settlement; distance from the front of 2024-07-08 alone gives 0.46",
    formula="Kendall's tau-b of the median day of capture over runs (not taken: last) with the record, captured places of verified position",
    band="90 % interval over places above 0.46",
    needs=("seen", "places"),
    targets=("order_tau", "places_taken"),
)
def sequence(runs: Sequence[ObservedRun], places: Places) -> list[Check]:
    """Rank correlation of the order in which places fall."""
    from scipy.stats import bootstrap, kendalltau

    taken = places.taken
    day = places.day[taken]
    by_run = np.stack([np.where(np.isfinite(r.captured[taken]), r.captured[taken], 1e6) for r in runs])
    ours = np.median(by_run, axis=0)
    tau = lambda a, b: float(kendalltau(a, b).statistic)  # noqa: E731
    limits = bootstrap(
        (ours, day),
        tau,
        paired=True,
        vectorized=False,
        n_resamples=999,
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(intervals.SEED),
    ).confidence_interval
    singly = over_runs("tau-b of single runs", [tau(row, day) for row in by_run], None, "1")
    return [
        Check(
            "tau-b of the median run",
            tau(ours, day),
            (BY_DISTANCE, None),
            (float(limits.low), float(limits.high)),
            LEVEL_90,
            record="1",
            rule="clear",
            n=int(taken.sum()),
        ),
        singly,
        Check(
            "places taken, median run",
            float(np.median(np.isfinite(np.stack([r.captured for r in runs])).sum(axis=1))),
            record=str(int(taken.sum())),
            level=RUNS_90,
        ),
    ]
