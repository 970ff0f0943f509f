"""T6 to T9: odds and losses of a division's attack, over battles under varied circumstances, drones off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.analysis import intervals
from experiments.runs.engagements import Fought
from experiments.validation.checks import FACTOR, LEVEL_95, Check, row
from experiments.validation.rows.combat_patterns import span

SIDES = ("attacker", "defender")
THREE = 3.0  # the odds of the rule of thumb
JUMP = 0.2  # of the chance of success at these odds
RATES = (0.69, 1.85)  # %/day of attacker and defender in campaigns
LEAST_SLOPE = -0.05  # of ln rate on ln men: a tenth less at ten times the men


@row(
    "T6",
    "P",
    "Chance of success by force ratio",
    source="672 division engagements 1904-1991, The Dupuy Institute (check_success_1 to _5)",
    formula="logit P(attacker wins) = a + b ln(force ratio), drones off; won: mean advance of 0.1 km or more",
    band="b in 0.5-1.5, P(1) in 0.30-0.65, monotone over quartiles of the ratio",
    needs="engagements",
    targets=("success",),
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
    formula="likelihood-ratio test of a step at 3 : 1 added to the logistic curve of T6; the step in the chance of success at these odds, and the slope beside it",
    band="p of a change point above 0.05; the step within 0.2 and the slope above 0, both by their 95 % intervals",
    needs="engagements",
    sharper="A large p is also what few battles give, or odds that do not matter. So the step must be shown to be small, within 0.2 (the rule of thumb asks "
    "for about twice that: from under half to nine in ten), and success must rise with the odds on either side of it.",
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
    jump, reach = _jump(np.asarray(stepped.params), np.asarray(stepped.cov_params()))
    slope = stepped.conf_int(0.05)[1]
    return [
        Check("p of a step at 3 : 1", p, (0.05, None), n=len(won)),
        Check("step in the chance at 3 : 1", jump, (-JUMP, JUMP), (jump - reach, jump + reach), LEVEL_95, record="0", rule="interval", n=len(won)),
        Check("slope on ln odds beside the step", float(stepped.params[1]), (0.0, None), tuple(slope), LEVEL_95, rule="clear", n=len(won)),
    ]


def _jump(b: np.ndarray, covariance: np.ndarray) -> tuple[float, float]:
    """The step in the chance of success at THREE and half of its 95 % interval (delta method), from a logit with a step."""
    from scipy.special import expit
    from scipy.stats import norm

    before, after = expit(b[0] + b[1] * np.log(THREE)), expit(b[0] + b[1] * np.log(THREE) + b[2])
    steep = after * (1 - after)  # derivative of the chance by the logit
    common = steep - before * (1 - before)
    gradient = np.array([common, common * np.log(THREE), steep])
    return float(after - before), float(norm.ppf(0.975) * np.sqrt(gradient @ covariance @ gradient))


@row(
    "T8",
    "P",
    "Daily losses of a division",
    source="The Dupuy Institute: 0.69 %/day attacker, 1.85 % defender in campaigns, 1-3 % in WWII (check_qjm_attacker, _defender)",
    formula="casualties a day by men at the start, drones off",
    band="means in 0.3-4 %/day; never above 15 %; the defender's rate by the attacker's 1.6-4.6",
    needs="engagements",
    targets=("engagement_loss",),
    sharper="Both rates could be met with the sides changed round. The record's own ratio, 1.85 by 0.69, is asked for within x1.7, the tolerance of T16: "
    "the smaller side loses more of itself.",
)
def daily_losses(fought: Sequence[Fought]) -> list[Check]:
    """Mean daily loss rate of both sides, and the greatest of any day."""
    checks = []
    by_side = np.array([100 * f.daily_share.mean(axis=0) for f in fought])
    for side, rates in enumerate(by_side.T):
        record = f"{RATES[side]}; WWII 1 to 3"
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
    ratio, known = intervals.of_ratio(*by_side.T), RATES[1] / RATES[0]
    band = (known / FACTOR, known * FACTOR)
    return [
        *checks,
        Check("greatest loss of a day", 100 * worst, (None, 15.0), unit="%/day"),
        Check("rate of the defender by that of the attacker", ratio.estimate, band, (ratio.low, ratio.high), LEVEL_95, record=f"{known:.1f}", n=ratio.n),
    ]


@row(
    "T9",
    "P",
    "Loss rates fall with force size",
    source="T. N. Dupuy, Numbers, Predictions and War",
    formula="slope of ln(daily loss rate) on ln(men), both sides together and each by itself, battalion to corps, front growing as size^0.75; mean over seeds",
    band="slopes below -0.05 by their 95 % intervals",
    needs="sizes",
    sharper="Below 0 by however little is no pattern: a tenth less at ten times the men (a slope of -0.05) is the least that counts. And each side must show it, "
    "since the sum of two sides falls when their mixture changes.",
)
def smaller_rates(fought: Sequence[Fought]) -> list[Check]:
    """Log-log slope of the loss rate on size, for each seed by itself: the tempo of its days is the same at all sizes."""
    seeds = sorted({f.battle.seed for f in fought})
    checks = []
    for words, sides in (("", (0, 1)), (", attacker", (0,)), (", defender", (1,))):
        slope = intervals.of_mean([_slope([f for f in fought if f.battle.seed == seed], sides) for seed in seeds])
        what = f"log-log slope of the loss rate on size{words}"
        checks.append(
            Check(what, slope.estimate, (None, LEAST_SLOPE), (slope.low, slope.high), LEVEL_95, record="negative", rule="clear", n=slope.n)
        )
    return checks


def _slope(fought: Sequence[Fought], sides: Sequence[int]) -> float:
    """Log-log slope of the daily loss rate of some sides on the men who fight."""
    from scipy.stats import linregress

    sides = list(sides)
    men = np.array([f.men.sum() for f in fought])
    rate = np.array([f.lost[-1][sides].sum() / f.men[sides].sum() / f.battle.days for f in fought])
    there = rate > 0
    return float(linregress(np.log(men[there]), np.log(rate[there])).slope)
