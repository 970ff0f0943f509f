"""T6 to T9: odds and losses of a division's attack, over battles under varied circumstances, drones off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.analysis import intervals
from experiments.validation.checks import LEVEL_95, Check, row
from experiments.validation.engagements import Fought
from experiments.validation.rows.combat_patterns import span

SIDES = ("attacker", "defender")
THREE = 3.0  # the odds of the rule of thumb


@row(
    "T6",
    "P",
    "Chance of success by force ratio",
    source="672 division engagements 1904-1991, The Dupuy Institute (check_success_1 to _5)",
    formula="logit P(attacker wins) = a + b ln(force ratio), drones off; won: mean advance of 0.1 km or more",
    band="b in 0.5-1.5, P(1) in 0.30-0.65, monotone over quartiles of the ratio",
    needs="engagements",
)
def success(fought: Sequence[Fought]) -> list[Check]:
    """Logistic regression of success on odds, over battles under varied circumstances."""
    import statsmodels.api as sm

    odds, won = _odds(fought)
    if won.all() or not won.any():
        return [Check("share of attacks won", float(won.mean()), (0.05, 0.95), n=len(won))]
    fit = sm.Logit(won, sm.add_constant(odds)).fit(disp=0)
    limits = fit.conf_int(0.05)
    quarter = np.searchsorted(np.quantile(odds, (0.25, 0.5, 0.75)), odds)
    steps = np.diff([won[quarter == k].mean() for k in range(4)])
    even = fit.get_prediction(np.array([[1.0, 0.0]])).summary_frame(alpha=0.05)
    checks = [
        Check(
            "slope b on ln odds",
            float(fit.params[1]),
            (0.5, 1.5),
            tuple(limits[1]),
            LEVEL_95,
            record="0.94",
            n=len(won),
        ),
        Check(
            "chance at 1 : 1",
            float(even["predicted"].iloc[0]),
            (0.30, 0.65),
            (float(even["ci_lower"].iloc[0]), float(even["ci_upper"].iloc[0])),
            LEVEL_95,
            record="0.48",
        ),
        Check("least rise of success between quartiles of the odds", float(steps.min()), (0.0, None)),
    ]
    for ratio, record in ((2, "0.64"), (3, "0.72"), (5, "0.81")):
        chance = 1 / (1 + np.exp(-fit.params[0] - fit.params[1] * np.log(ratio)))
        checks.append(Check(f"chance at {ratio} : 1", float(chance), record=record))
    return checks


def _odds(fought: Sequence[Fought]) -> tuple[np.ndarray, np.ndarray]:
    """ln of the force ratio, all men of both sides at the start, and success (0 or 1)."""
    odds = np.array([np.log(f.men[0] / f.men[1]) for f in fought])
    return odds, np.array([float(f.is_won) for f in fought])


@row(
    "T7",
    "P",
    "Three to one is no step",
    source="the same table",
    formula="likelihood-ratio test of a step at 3 : 1 added to the logistic curve of T6",
    band="p of a change point above 0.05",
    needs="engagements",
)
def no_step(fought: Sequence[Fought]) -> list[Check]:
    """Whether the chance of success jumps at odds of 3 : 1 beyond what the smooth curve says."""
    import statsmodels.api as sm
    from scipy.stats import chi2

    odds, won = _odds(fought)
    beyond = (odds >= np.log(THREE)).astype(float)
    smooth = sm.GLM(won, sm.add_constant(odds), family=sm.families.Binomial()).fit()
    stepped = sm.GLM(won, sm.add_constant(np.column_stack([odds, beyond])), family=sm.families.Binomial()).fit()
    p = float(chi2.sf(max(smooth.deviance - stepped.deviance, 0.0), 1))
    return [Check("p of a step at 3 : 1", p, (0.05, None), n=len(won))]


@row(
    "T8",
    "P",
    "Daily losses of a division",
    source="The Dupuy Institute: 0.69 %/day attacker, 1.85 % defender in campaigns, 1-3 % in WWII (check_qjm_attacker, _defender)",
    formula="casualties a day by men at the start, drones off",
    band="means in 0.3-4 %/day; never above 15 %",
    needs="engagements",
)
def daily_losses(fought: Sequence[Fought]) -> list[Check]:
    """Mean daily loss rate of both sides, and the greatest of any day."""
    checks = []
    for side, record in zip(range(2), ("0.69; WWII 1 to 3", "1.85; WWII 1 to 3")):
        rates = np.array([100 * f.daily_share[:, side].mean() for f in fought])
        checks.append(
            Check(
                f"mean daily loss of the {SIDES[side]}",
                float(rates.mean()),
                (0.3, 4.0),
                span(rates),
                "90 % of battles",
                "%/day",
                record,
                n=len(rates),
            )
        )
    worst = max(float(f.daily_share.max()) for f in fought)
    return [*checks, Check("greatest loss of a day", 100 * worst, (None, 15.0), unit="%/day")]


@row(
    "T9",
    "P",
    "Loss rates fall with force size",
    source="T. N. Dupuy, Numbers, Predictions and War",
    formula="slope of ln(daily loss rate of both sides together) on ln(men), battalion to corps, front growing as size^0.75; mean over seeds",
    band="slope below 0 by its 95 % interval",
    needs="sizes",
)
def smaller_rates(fought: Sequence[Fought]) -> list[Check]:
    """Log-log slope of the loss rate on size, for each seed by itself: the tempo of its days is the same at all sizes."""
    seeds = sorted({f.battle.seed for f in fought})
    slope = intervals.of_mean([_slope([f for f in fought if f.battle.seed == seed]) for seed in seeds])
    return [
        Check(
            "log-log slope of the loss rate on size",
            slope.estimate,
            (None, 0.0),
            (slope.low, slope.high),
            LEVEL_95,
            record="negative",
            rule="clear",
            n=slope.n,
        )
    ]


def _slope(fought: Sequence[Fought]) -> float:
    """Log-log slope of the daily loss rate on the men who fight."""
    from scipy.stats import linregress

    men = np.array([f.men.sum() for f in fought])
    rate = np.array([f.lost[-1].sum() / f.men.sum() / f.battle.days for f in fought])
    there = rate > 0
    return float(linregress(np.log(men[there]), np.log(rate[there])).slope)
