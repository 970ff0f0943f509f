"""T15, T16, T18, T19, T21, T22: the pace and the price of this battle, each run as the record would have shown it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from experiments.observation import publication
from experiments.observation.areas import Areas
from experiments.observation.observed import ObservedRun
from experiments.observation.series import gained_to_lost, lag_one, pace, tail, top_share, variation
from experiments.validation.checks import EVIDENCE, FACTOR, Check, over_runs, row

RECORD_R = (-0.6, 0.5)  # interval of the record's correlation of losses with gain


def _rounded(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}"


@row(
    "T15",
    "H",
    "Pace in the box",
    source=EVIDENCE + " (total_net_box, cv_month_box, cv_month_pd, weekly_ac1_box)",
    formula="net gain by days; standard deviation by mean of monthly net gain; lag-1 correlation of weekly gross gain",
    band="median of runs: 3.9-7.3 km2/day; CV within 0.15 of 0.41 (box), 0.72 (direction); lag-1 0.2-0.6",
    needs=("seen", "areas"),
    targets=("pace", "net", "monthly_cv", "weekly_sd", "weekly_lag"),
)
def paces(runs: Sequence[ObservedRun], areas: dict[str, Areas]) -> list[Check]:
    """Pace and its unevenness, month by month and week by week; months with the measurement error of published areas."""
    box, part = areas["box"], areas["direction"]
    uneven = lambda part: [variation(r.monthly_gain(part)) for r in runs]  # noqa: E731
    weekly = [r.box.weekly() for r in runs]
    return [
        over_runs("net pace", [pace(r.box) for r in runs], (3.9, 7.3), _rounded(pace(box), 1), "km2/day"),
        over_runs(
            "monthly CV, box", uneven("box"), (0.26, 0.56), _rounded(variation(box.monthly()))
        ),
        over_runs(
            "monthly CV, direction",
            uneven("direction"),
            (0.57, 0.87),
            _rounded(variation(part.monthly())),
        ),
        over_runs("weekly gross gain, lag-1", [lag_one(w) for w in weekly], (0.2, 0.6), _rounded(lag_one(box.weekly()))),
        over_runs("weekly gross gain, mean", [w.mean() for w in weekly], None, _rounded(box.weekly().mean(), 1), "km2"),
        over_runs("weekly gross gain, sd", [w.std() for w in weekly], None, _rounded(box.weekly().std(), 1), "km2"),
        over_runs(
            "net pace in the direction", [pace(r.direction) for r in runs], None, _rounded(pace(part), 1), "km2/day"
        ),
    ]


@row(
    "T16",
    "H",
    "Skewed gains, no power law",
    source=EVIDENCE + " (daily_p50_box, daily_p90_box, daily_top10_box, gain_loss_ratio_box)",
    formula="gross gains of maps that show one: quantiles, share of the top tenth, exponential against power-law tail",
    band="median, P90 and top share within x1.7 of 5.2, 16.6, 35 %; gained to lost 20-90; exponential tail likelier",
    needs=("seen", "areas"),
    targets=("gain_ratio", "recaptured_share"),
)
def skew(runs: Sequence[ObservedRun], areas: dict[str, Areas]) -> list[Check]:
    """How gains are spread over maps."""
    box = areas["box"]
    within = lambda value: (value / FACTOR, value * FACTOR)  # noqa: E731
    quantile = lambda a, q: float(np.quantile(a.on_days_with_gain(), q)) if a.on_days_with_gain().size else np.nan  # noqa: E731
    return [
        over_runs(
            "median of gains of a map",
            [quantile(r.box, 0.5) for r in runs],
            within(5.2),
            _rounded(quantile(box, 0.5), 1),
            "km2",
        ),
        over_runs(
            "P90 of gains of a map",
            [quantile(r.box, 0.9) for r in runs],
            within(16.6),
            _rounded(quantile(box, 0.9), 1),
            "km2",
        ),
        over_runs("share of the top tenth", [top_share(r.box) for r in runs], within(0.35), _rounded(top_share(box))),
        over_runs("gained to lost", [gained_to_lost(r.box) for r in runs], (20, 90), _rounded(gained_to_lost(box), 0)),
        over_runs(
            "exponential less power-law tail, log-likelihood",
            [tail(r.box) for r in runs],
            (0.0, None),
            _rounded(tail(box)),
        ),
    ]


PERIODS = {
    "2024": (dt.date(2024, 7, 8), dt.date(2024, 12, 31), "102, theatre"),
    "January to April 2025": (dt.date(2024, 12, 31), dt.date(2025, 4, 30), "99, theatre"),
    "May to August 2025": (dt.date(2025, 4, 30), dt.date(2025, 8, 31), "68, theatre"),
}


@row(
    "T18",
    "H",
    "Price of ground",
    source="ISW: theatre 102 (2024), 96-99 (January-April 2025), 68 (May-August 2025); sector about 103 and 223 (derived_cas_*)",
    formula="claimed casualties of the attacker by published net gain, box, whole battle",
    band="median of runs 60-150 casualties/km2",
    needs="seen",
    targets=("price", "losses"),
)
def price(runs: Sequence[ObservedRun]) -> list[Check]:
    """Casualties, as claimed, for each km2 that the maps gain."""

    def by(r: ObservedRun, name: str, area: Areas, first: dt.date, last: dt.date) -> float:
        gain = float(np.diff(area.held_on(np.array([first, last], "M8[D]")))[0])
        return r.between(name, first, last) / gain if gain > 1 else np.inf

    first, last = r_ends(runs)
    unit = "casualties/km2"
    checks = [
        over_runs(
            "claimed casualties by net gain",
            [by(r, "casualties", r.box, first, last) for r in runs],
            (60, 150),
            "68 to 102 (theatre)",
            unit,
        ),
        over_runs(
            "claimed casualties by net gain, direction",
            [by(r, "casualties_direction", r.direction, first, last) for r in runs],
            None,
            "103, 223 (claims)",
            unit,
        ),
    ]
    for name, (a, b, record) in PERIODS.items():
        checks.append(
            over_runs(
                f"claimed casualties by net gain, {name}",
                [by(r, "casualties", r.box, a, b) for r in runs],
                None,
                record,
                unit,
            )
        )
    return checks


def r_ends(runs: Sequence[ObservedRun]) -> tuple[dt.date, dt.date]:
    """First and last date of the maps of all runs."""
    dates = runs[0].box.date
    return dates[0].astype(dt.date), dates[-1].astype(dt.date)


@row(
    "T19",
    "H",
    "Losses barely buy ground, month to month",
    source=EVIDENCE + ": theatre losses and box gain, r = -0.11 (13 months; about -0.6 to 0.5); a weak test",
    formula="Pearson r of monthly claimed casualties in the box with published monthly net gain",
    band="median of runs between -0.6 and 0.5",
    needs=("seen", "areas", "losses"),
    sharper="The record's own interval, -0.6 to 0.5, in place of below 0.8, which no record of 13 months could have failed.",
)
def losses_and_ground(runs: Sequence[ObservedRun], areas: dict[str, Areas], losses: dict[str, np.ndarray]) -> list[Check]:
    """Whether months of many losses are months of much ground."""
    from scipy.stats import pearsonr

    r = [pearsonr(run.monthly("casualties"), run.monthly_gain("box")).statistic for run in runs]
    there = np.isin(losses["month"], areas["box"].months())
    record = pearsonr(losses["casualties"][there], areas["box"].monthly()).statistic
    return [over_runs("r of monthly losses with gain", r, RECORD_R, _rounded(record))]


@row(
    "T21",
    "H",
    "Yield of a reported attack",
    source=EVIDENCE + "; reported attacks in the direction (assaults_*)",
    formula="claimed casualties, and published gross gain, by reported attacks (groups by obs_groups_per_attack)",
    band="5-20 casualties; 0.03-0.2 km2",
    needs="seen",
    targets=("attack_cost",),
)
def attack_yield(runs: Sequence[ObservedRun]) -> list[Check]:
    """What one reported attack costs and takes."""
    attacks = [float(publication.reported_attacks(r.books["groups"][-1] - r.books["groups"][0])) for r in runs]
    cost = [(r.books["casualties"][-1] - r.books["casualties"][0]) / max(n, 1) for r, n in zip(runs, attacks)]
    ground = [float(r.box.gained.sum()) / max(n, 1) for r, n in zip(runs, attacks)]
    days = [len(r.books["groups"]) - 1 for r in runs]
    return [
        over_runs("casualties a reported attack", cost, (5, 20), "about 10"),
        over_runs("ground a reported attack", ground, (0.03, 0.2), "about 0.1", "km2"),
        over_runs(
            "reported attacks a day in the box",
            [n / d for n, d in zip(attacks, days)],
            None,
            "31 to 98 in the direction",
        ),
    ]


@row(
    "T22",
    "H",
    "Where and by what men are lost",
    source="RUSI, Watling and Reynolds 2025 (prior_rear_share, drone_share_rusi)",
    formula="defender's casualties on the way and in the rear by all; attacker's casualties by drones by all, 2025",
    band="0.35-0.65; 0.55-0.85",
    needs="seen",
    targets=("drone_share", "rear_share"),
)
def where_and_by_what(runs: Sequence[ObservedRun]) -> list[Check]:
    """Shares of losses by place and by cause."""
    rear = [(r.books["defender_rear"][-1]) / max(r.books["casualties_defender"][-1], 1) for r in runs]
    new_year, end = dt.date(2024, 12, 31), r_ends(runs)[1]
    drones = [r.between("drone", new_year, end) / max(r.between("attacker", new_year, end), 1) for r in runs]
    return [
        over_runs("defender's losses on the way and in the rear", rear, (0.35, 0.65), "about half"),
        over_runs("attacker's losses by drones, 2025", drones, (0.55, 0.85), "0.6 to 0.7"),
    ]
