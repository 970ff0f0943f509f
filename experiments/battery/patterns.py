"""T5 to T13: patterns that hold across battles, in battles of the full engine with drones off (T5: in the whole battle)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments import intervals
from experiments.battery.battles import LETHALITY, WEAPONS, Fought
from experiments.battery.card import Check, row
from experiments.battery.limits import LEVEL_95

SIDES = ("attacker", "defender")
RUNS_90 = "90 % of runs"
THREE = 3.0  # the odds of the rule of thumb


@dataclass(frozen=True)
class Strengths:
    """Daily losses and men of both sides in one run, (days, 2) each."""

    lost: np.ndarray
    men: np.ndarray


@row(
    "T5",
    "P",
    "The full model fits Lanchester poorly",
    source="refit of the Ardennes series (form of Bracken 1995)",
    formula="R2 of ln loss = ln k + p ln enemy + q ln own over days and both sides, within sides",
    band="R2 below 0.6 while T1 to T4 hold; Ardennes 0.11 to 0.21",
    needs=("strengths", "laws_hold"),
)
def poor_lanchester(runs: Sequence[Strengths], laws_hold: bool) -> list[Check]:
    """How much of the daily losses strengths explain, run by run; and whether the limit cases hold in the same engine."""
    r2 = np.array([lanchester_r2(run) for run in runs])
    return [
        Check("R2 of daily losses on strengths", float(np.median(r2)), (None, 0.6), _span(r2), RUNS_90, record="0.11 to 0.21", n=len(r2)),
        Check("T1 to T4 hold (1 yes, 0 no)", float(laws_hold), (1.0, None)),
    ]


def lanchester_r2(run: Strengths) -> float:
    """Share of the variance of ln daily losses within each side that the strengths of both explain."""
    import statsmodels.api as sm

    there = (run.lost > 0) & (run.men > 0) & (run.men[:, ::-1] > 0)
    parts = []
    for side in range(2):
        k = there[:, side]
        part = np.column_stack([np.log(run.lost[k, side]), np.log(run.men[k, 1 - side]), np.log(run.men[k, side])])
        parts.append(part - part.mean(axis=0))
    table = np.concatenate(parts)
    return float(sm.OLS(table[:, 0], table[:, 1:]).fit().rsquared)


def _span(values: np.ndarray) -> tuple[float, float]:
    """The middle 90 % of runs."""
    low, high = np.quantile(values, (0.05, 0.95))
    return float(low), float(high)


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
        Check("slope b on ln odds", float(fit.params[1]), (0.5, 1.5), tuple(limits[1]), LEVEL_95, record="0.94", n=len(won)),
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
            Check(f"mean daily loss of the {SIDES[side]}", float(rates.mean()), (0.3, 4.0), _span(rates), "90 % of battles", "%/day", record, n=len(rates))
        )
    worst = max(float(f.daily_share.max()) for f in fought)
    return [*checks, Check("greatest loss of a day", 100 * worst, (None, 15.0), unit="%/day")]


@row(
    "T9",
    "P",
    "Loss rates fall with force size",
    source="T. N. Dupuy, Numbers, Predictions and War",
    formula="slope of ln(daily loss rate of both sides together) on ln(men), battalion to corps, front growing as size^0.75",
    band="slope below 0 by its 95 % interval",
    needs="sizes",
)
def smaller_rates(fought: Sequence[Fought]) -> list[Check]:
    """Log-log slope of the loss rate on size."""
    from scipy.stats import linregress, t

    men = np.array([f.men.sum() for f in fought])
    rate = np.array([f.lost[-1].sum() / f.men.sum() / f.battle.days for f in fought])
    there = rate > 0
    fit = linregress(np.log(men[there]), np.log(rate[there]))
    wide = float(t.ppf(0.975, there.sum() - 2) * fit.stderr)
    return [
        Check(
            "log-log slope of the loss rate on size",
            float(fit.slope),
            (None, 0.0),
            (float(fit.slope) - wide, float(fit.slope) + wide),
            LEVEL_95,
            record="negative",
            rule="clear",
            n=int(there.sum()),
        )
    ]


@row(
    "T10",
    "P",
    "Breakpoints are a distribution",
    source="Helmbold 1971; RUSI 2025 (check_break_median, check_break_rare)",
    formula="share lost by attacking groups that fail (divisions fight as long as they are told: theirs is told); r2 of loss with failing",
    band="median 10-30 %, P90 below 45 %; losses explain less than half of the variance",
    needs=("engagements", "watched"),
)
def breakpoints(fought: Sequence[Fought], watched: Sequence[Fought]) -> list[Check]:
    """Share lost by those who break: squads in the attack. What losing divisions lose has no band: nobody breaks there."""
    from scipy.stats import pointbiserialr

    groups = np.concatenate([f.breaks for f in watched])
    failed = 100 * groups[groups[:, 2] == 0, 1]
    sides = np.array([100 * f.share_lost[int(f.is_won)] for f in fought])  # the defender has lost a battle that was won
    winners = np.array([100 * f.share_lost[1 - int(f.is_won)] for f in fought])
    r = pointbiserialr(groups[:, 2], groups[:, 1]).statistic if groups[:, 2].any() and not groups[:, 2].all() else np.nan
    return [
        Check("median share lost, groups that fail", float(np.median(failed)), (10, 30), unit="%", record="20 %", n=len(failed)),
        Check("P90 of share lost, groups that fail", float(np.quantile(failed, 0.9)), (None, 45), unit="%", record="rarely above 45 %"),
        Check("variance of failing explained by losses", float(r**2), (None, 0.5), n=len(groups)),
        Check("median share lost, losing divisions", float(np.median(sides)), unit="%", record="20 %", n=len(sides)),
        Check("P90 of share lost, losing divisions", float(np.quantile(sides, 0.9)), unit="%", record="under 40 % in 90 % of cases"),
        Check("P90 of share lost, winning divisions", float(np.quantile(winners, 0.9)), unit="%", record="up to 20 % in 90 % of cases"),
    ]


@row(
    "T11",
    "P",
    "Losses cluster",
    source="Lauren 1999",
    formula="Fano factor and lag-1 correlation of losses: by day about a line in battles, by step in the sandbox",
    band="above 1.5 and above 0 with behavior on; 1 and 0 (within 0.1) in the sandbox",
    needs=("long_fights", "sandbox_steps"),
)
def clustering(fought: Sequence[Fought], sandbox: Sequence[np.ndarray]) -> list[Check]:
    """`sandbox`: losses of one side by step, one array a fight between large forces."""
    alive = np.array([fano_and_lag(np.diff(f.lost, axis=0).sum(axis=1)) for f in fought])
    plain = np.array([fano_and_lag(steps, trend=False) for steps in sandbox])
    checks = []
    for values, where, bands in (
        (alive, "battles", ((1.5, None), (0.0, None))),
        (plain, "sandbox", ((0.9, 1.1), (-0.1, 0.1))),
    ):
        for k, what in enumerate(("Fano factor", "lag-1 correlation")):
            mean = intervals.of_mean(values[:, k])
            rule = "clear" if where == "battles" else "value"
            checks.append(Check(f"{what}, {where}", mean.estimate, bands[k], (mean.low, mean.high), LEVEL_95, rule=rule, n=mean.n))
    return checks


def fano_and_lag(losses: np.ndarray, trend: bool = True) -> tuple[float, float]:
    """Variance by mean, and correlation with the value before, of losses about their straight line (or their mean)."""
    from scipy.signal import detrend

    losses = np.asarray(losses, float)
    rest = detrend(losses, type="linear" if trend else "constant")
    free = len(losses) - (2 if trend else 1)
    if not rest.any():
        return 0.0, 0.0
    return float((rest**2).sum() / free / losses.mean()), float(np.corrcoef(rest[1:], rest[:-1])[0, 1])


@row(
    "T12",
    "P",
    "Concave payoff of weapon performance",
    source="Lauren 1999; DSTO-TR-1822",
    formula="losses ~ p^g with weapons 0.5 to 8 times as good; g by regression of ln losses on ln p",
    band="g below 1 by its 95 % interval, with agents that disperse",
    needs=("weapons_defender", "weapons_attacker", "weapons_sandbox"),
)
def concave(defender: np.ndarray, attacker: np.ndarray, sandbox: np.ndarray) -> list[Check]:
    """Losses of the side that is shot at, (weapons, runs), with the weapons of `WEAPONS`; `sandbox` without behavior."""
    checks = []
    for what, losses, band in (
        ("attacker's losses on the defender's weapons", defender, (None, 1.0)),
        ("defender's losses on the attacker's weapons", attacker, (None, 1.0)),
        ("the same in the sandbox, without behavior", sandbox, None),
    ):
        fit, (low, high) = _power(np.asarray(losses, float))
        checks.append(Check(f"g, {what}", fit, band, (low, high), LEVEL_95, rule="clear" if band else "value", n=int(np.size(losses))))
    return checks


def _power(losses: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Exponent of losses (weapons, runs) on weapon performance, with its 95 % interval."""
    from scipy.stats import linregress, t

    x = np.repeat(np.log(WEAPONS), losses.shape[1])
    fit = linregress(x, np.log(np.maximum(losses, 0.5)).ravel())
    wide = float(t.ppf(0.975, losses.size - 2) * fit.stderr)
    return float(fit.slope), (float(fit.slope) - wide, float(fit.slope) + wide)


@row(
    "T13",
    "P",
    "Force employment: lethality times exposure",
    source="Biddle 2004; RUSI 2025: coordinated attacks 5-10 % casualties, uncoordinated about 50 %",
    formula="direct-fire casualties by men sent into attacks, two ways of attacking by two lethalities of the defender",
    band="ratio uncoordinated to coordinated 3-10; the extra cost of lethality is greater for the uncoordinated",
    needs="employment",
)
def employment(shares: dict[tuple[str, float], np.ndarray]) -> list[Check]:
    """`shares`: casualty share an attack by (way, lethality), (runs,) with the same seeds in all."""
    weak, strong = LETHALITY
    bad, good = shares["uncoordinated", weak], shares["coordinated", weak]

    def ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.mean(x, axis=axis) / np.mean(y, axis=axis)

    found = intervals.of_statistic(ratio, bad, good, paired=True)
    extra = (shares["uncoordinated", strong] - bad) - (shares["coordinated", strong] - good)
    both = intervals.of_mean(extra)
    return [
        Check("uncoordinated to coordinated casualties", found.estimate, (3, 10), (found.low, found.high), LEVEL_95, record="5 to 10", n=found.n),
        Check("extra cost of lethality, uncoordinated less coordinated", 100 * both.estimate, (0.0, None), (100 * both.low, 100 * both.high), LEVEL_95, "%", rule="clear", n=both.n),
        Check("casualties of a coordinated attack", 100 * float(np.mean(good)), unit="%", record="5-10 %"),
        Check("casualties of an uncoordinated attack", 100 * float(np.mean(bad)), unit="%", record="about 50 %"),
    ]
