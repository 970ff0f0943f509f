"""T29 to T36: the life and density of the line, the balance of forces, and whether the levers of the battle move it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.intervals import Interval
from experiments.validation.checks import LEVEL_95, Check, over_runs, row

AUTUMN = (dt.date(2024, 9, 1), dt.date(2024, 12, 31))
SPRING = (dt.date(2025, 2, 1), dt.date(2025, 8, 31))
YEAR_2025 = (dt.date(2025, 1, 1), dt.date(2025, 8, 31))
DAYS_OF_MONTH = (1, 15)  # on which positions are looked at
ROTATION = (10.0, 20.0, 45.0, 90.0, 180.0)  # days until relief
DEEPER = 1.6  # kill zone, beside the scenario's
STRAIN_DAYS = 30.0  # of strain that an odds ratio refers to
LEAST_ODDS, LEAST_BOUNDS = 1.3, 20  # the band of T34, and the bounds below which nothing is fitted
LATER_DAYS = 45  # after the deadline, when what is left of its ground is looked at
WORSE = 1.05  # ground lost at an end of the intervals by that at the best
RATIO = (2.0, 6.0)
CHANGE = 1.5  # factor of the start's strength within which that of the end is
MOST = 0.9  # share of runs
FOUNDING = "founding analysis"


@dataclass(frozen=True)
class Line:
    """A run's line and strengths by day, (n,) each: days in place (median and P90), men in positions, length of the front, infantry."""

    date: np.ndarray  # datetime64[D]
    days: np.ndarray
    days_p90: np.ndarray
    men: np.ndarray
    front_km: np.ndarray
    attacker: np.ndarray
    defender: np.ndarray

    def within(self, span: tuple[dt.date, dt.date], of_month: Sequence[int] = ()) -> np.ndarray:
        """Which days lie between two dates, both counted; those days of the month only, if any are given."""
        there = (self.date >= np.datetime64(span[0])) & (self.date <= np.datetime64(span[1]))
        if of_month:
            there &= np.isin((self.date - self.date.astype("M8[M]")).astype(int) + 1, of_month)
        return there


@row(
    "T29",
    "H",
    "Life of a position",
    source="The Economist 2024; RUSI 2025 (prior_days_on_position_2024, prior_days_on_position_2025)",
    formula="days in place of the defender's positions standing on the 1st and 15th: mean over these dates of the median, and of P90",
    band="median of runs: 20-50 in September to December 2024; 35-90 in February to August 2025, P90 70 or more",
    needs="lines",
    targets=("days_in_place",),
)
def position_life(lines: Sequence[Line]) -> list[Check]:
    """How long positions have stood."""
    mean = lambda values, span: [float(np.mean(getattr(r, values)[r.within(span, DAYS_OF_MONTH)])) for r in lines]  # noqa: E731
    return [
        over_runs("days in place, Sep-Dec 2024, median", mean("days", AUTUMN), (20, 50), "35 (30 to 40)"),
        over_runs("days in place, Feb-Aug 2025, median", mean("days", SPRING), (35, 90), "60"),
        over_runs("days in place, Feb-Aug 2025, P90", mean("days_p90", SPRING), (70, None), "tail to 180"),
        over_runs("days in place, Sep-Dec 2024, P90", mean("days_p90", AUTUMN)),
    ]


@row(
    "T30",
    "H",
    "Density of the line",
    source="RUSI, February 2025 (prior_position_density: 2-3 men, 50-200 m apart); Financial Times, October 2025: 4-7 men a km (theatre)",
    formula="the defender's infantry in positions by length of the front (0.5 contour), mean over days",
    band="median of runs: 10-40 men a km in September to December 2024, 5-25 in January to August 2025",
    needs="lines",
    targets=("density",),
)
def density(lines: Sequence[Line]) -> list[Check]:
    """How thinly the line is held."""
    mean = lambda span: [float(np.mean((r.men / r.front_km)[r.within(span)])) for r in lines]  # noqa: E731
    return [
        over_runs("men a km, Sep-Dec 2024", mean(AUTUMN), (10, 40), "10 to 60"),
        over_runs("men a km, Jan-Aug 2025", mean(YEAR_2025), (5, 25), "fewer"),
    ]


@row(
    "T31",
    "P",
    "Rotation has an interior optimum",
    source=f"{FOUNDING} (slow rotations are weak points); RUSI (half of the losses fall on the way)",
    formula="net ground of days 100 to 400 at relief every 10, 20, 45, 90, 180 days: best interval on one set of seeds, both ends by it on another",
    band="at both ends 5 % more ground lost than at the best, 95 % intervals above 1; best interval longer with a kill zone x1.6",
    needs=("rotation_search", "rotation_confirmed", "rotation_deep"),
)
def optimum(search: pd.DataFrame, confirmed: pd.DataFrame, deep: pd.DataFrame) -> list[Check]:
    """Net ground of the attacker by seed (rows) and interval in days (columns): to search, to confirm (best and ends), with a deeper kill zone."""
    best, best_deep = float(search.mean().idxmin()), float(deep.mean().idxmin())
    checks = []
    for end in (min(ROTATION), max(ROTATION)):
        found = intervals.of_ratio(confirmed[best], confirmed[end])
        words = f"ground at {end:g} days by that at {best:g}"
        checks += [_figure(words, found, (WORSE, None)), _figure(f"{words}, above 1", found, (1.0, None), rule="clear")]
    checks.append(
        Check(f"best interval with a kill zone x{DEEPER:g} less that without", best_deep - best, (1.0, None), unit="days", n=len(deep))
    )
    checks += [Check(f"net ground at {days:g} days", float(search[days].mean()), unit="km2", n=len(search)) for days in ROTATION]
    return checks


def _figure(what: str, found: Interval, band, record: str = "", rule: str = "value", less: float = 0.0) -> Check:
    """A figure with its 95 % interval, `less` taken from it."""
    return Check(
        what, found.estimate - less, band, (found.low - less, found.high - less), LEVEL_95, record=record, rule=rule, n=found.n
    )


@row(
    "T32",
    "H",
    "Drones bite",
    source=f"{FOUNDING}; RUSI 2025",
    formula="pace with the defender's drones x2 and x0.5 by that without, less 1; share of attacks that are mounted, drones of both off by on; twins",
    band="x2: -0.6 to -0.1; x0.5: 0.1 to 1.0; 95 % intervals apart from 0; mounted share at least x3",
    needs=("drone_pace", "drone_mounted"),
)
def drones_bite(net: pd.DataFrame, mounted: pd.DataFrame) -> list[Check]:
    """Net ground and mounted share by seed (rows) and arm: base, double, half, off."""
    double, half, off = (intervals.of_ratio(net["base"], net[arm]) for arm in ("double", "half", "off"))
    more, fewer = "change of pace, defender's drones x2", "change of pace, defender's drones x0.5"
    return [
        _figure(more, double, (-0.6, -0.1), less=1.0),
        _figure(f"{more}, below 0", double, (None, 0.0), rule="clear", less=1.0),
        _figure(fewer, half, (0.1, 1.0), less=1.0),
        _figure(f"{fewer}, above 0", half, (0.0, None), rule="clear", less=1.0),
        _figure("mounted share, drones off by on", intervals.of_ratio(mounted["base"], mounted["off"]), (3.0, None)),
        _figure("change of pace without drones", off, None, less=1.0),
    ]


@row(
    "T33",
    "P",
    "A cut road is felt",
    source=f"{FOUNDING} (the H-32, T0504)",
    formula="supply that reaches Pokrovsk and Myrnohrad, and the defender's FPV sorties within 8 km of them, road cut by open; twins",
    band="supply falls by 0.2 or more; sorties by their 95 % interval below 1",
    needs="road_arms",
)
def cut_road(arms: pd.DataFrame) -> list[Check]:
    """By seed (rows): supply_open, supply_cut, sorties_open, sorties_cut, means of a day."""
    supply = intervals.of_ratio(arms["supply_open"], arms["supply_cut"])
    fall = Interval(1 - supply.estimate, 1 - supply.high, 1 - supply.low, supply.n)
    sorties = intervals.of_ratio(arms["sorties_open"], arms["sorties_cut"])
    return [
        _figure("fall of supply in both towns", fall, (0.2, None)),
        _figure("sorties near them, cut by open", sorties, (None, 1.0), rule="clear"),
        Check("supply with the road open", float(arms["supply_open"].mean()), n=len(arms)),
        Check("sorties a day near them, road open", float(arms["sorties_open"].mean()), n=len(arms)),
    ]


@row(
    "T34",
    "P",
    "Infiltrators find the weak",
    source=f"{FOUNDING}; RUSI 2025",
    formula="logit of getting through = a + b strain + c ln(men a km) of the positions within 1 km of the way, first bounds; errors clustered by run and 30 days",
    band="odds ratio at least 1.3 for 30 days of strain, and for half the density; 95 % intervals above 1",
    needs="bounds",
    targets=("strain_odds",),
)
def find_the_weak(bounds: pd.DataFrame) -> list[Check]:
    """One row a bound: run, day, strain (days), men (per km), through (0 or 1). Who met no position is reported and not fitted."""
    met, free = bounds[bounds["men"] > 0], bounds[bounds["men"] == 0]
    return [
        *_odds(met),
        Check("share of first bounds that get through", _mean(bounds["through"]), n=len(bounds)),
        Check("share that meet no position", _mean(bounds["men"] == 0), n=len(bounds)),
        Check("share of these that get through", _mean(free["through"]), n=len(free)),
        Check("strain of the positions met, median", float(met["strain"].median()), unit="days"),
        Check("men a km met, median", float(met["men"].median())),
    ]


def _mean(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else np.nan


def _odds(met: pd.DataFrame) -> list[Check]:
    """Odds ratios of getting through for more strain and for less density, from bounds that met positions."""
    import statsmodels.api as sm

    names = ("30 days of strain", "half the density")
    through = met["through"].to_numpy(float)
    if len(through) < LEAST_BOUNDS or through.all() or not through.any():
        return [Check(f"odds ratio of {name}", np.nan, (LEAST_ODDS, None), n=len(through)) for name in names]
    known = np.column_stack([met["strain"] / STRAIN_DAYS, -np.log2(met["men"])])
    stretch = met["run"].to_numpy(int) * 1000 + met["day"].to_numpy(int) // 30
    fit = sm.Logit(through, sm.add_constant(known)).fit(disp=0, cov_type="cluster", cov_kwds={"groups": stretch})
    checks = []
    for name, ratio, (low, high) in zip(names, np.exp(fit.params[1:]), np.exp(fit.conf_int(0.05)[1:])):
        found = Interval(float(ratio), float(low), float(high), len(through))
        checks.append(_figure(f"odds ratio of {name}", found, (LEAST_ODDS, None)))
        checks.append(_figure(f"odds ratio of {name}, above 1", found, (1.0, None), rule="clear"))
    return checks


@row(
    "T35",
    "H",
    "A deadline buys ground at a price",
    source=f"{FOUNDING} (the August summit, the inauguration); claim C9",
    formula="ground and attacker's casualties in the window of the first deadline, on by off, less 1; extra ground 45 days later by that at its end; twins",
    band="0.03-0.4 both; less than half of the extra ground is left",
    needs="deadline_arms",
)
def deadline(arms: pd.DataFrame) -> list[Check]:
    """By seed (rows), with _on and _off: ground and losses in the window, `later` ground since the window began, 45 days after it."""
    more = intervals.of_ratio(arms["ground_off"], arms["ground_on"])
    losses = intervals.of_ratio(arms["losses_off"], arms["losses_on"])
    extra, later = arms["ground_on"] - arms["ground_off"], arms["later_on"] - arms["later_off"]
    left = intervals.of_ratio(extra, later)
    is_more = float(extra.mean()) > 0  # without extra ground there is nothing that could be left
    return [
        _figure("extra ground in the window", more, (0.03, 0.4), less=1.0),
        _figure("extra casualties in the window", losses, (0.03, 0.4), less=1.0),
        _figure("extra ground left 45 days later, share", left if is_more else Interval(np.nan, np.nan, np.nan, left.n), (None, 0.5)),
        Check("extra ground in the window", float(extra.mean()), unit="km2", n=len(arms)),
    ]


@row(
    "T36",
    "H",
    "Balance of forces",
    source=f"RUSI; The Economist, August 2024 (prior_local_ratio); force_ratio_2024_09; force_ru_2025_06, force_ru_2025_08; {FOUNDING} (4-5 : 1)",
    formula="attacker's by defender's fit infantry on the map, every day; infantry of each side at the end by that at the start",
    band="0.9 of runs within 2 to 6 on all days; 0.9 of runs end within a factor of 1.5 of the start, each side",
    needs="lines",
    targets=("infantry_ratio", "infantry_change", "intake"),
)
def balance(lines: Sequence[Line]) -> list[Check]:
    """Whether the balance of infantry stays where it was published to be."""
    ratios = [r.attacker / np.maximum(r.defender, 1.0) for r in lines]
    checks = [_share("runs with a ratio of 2 to 6 throughout", [RATIO[0] <= q.min() and q.max() <= RATIO[1] for q in ratios], "4")]
    for side in ("attacker", "defender"):
        change = [float(getattr(r, side)[-1] / max(getattr(r, side)[0], 1.0)) for r in lines]
        checks.append(_share(f"runs in which the {side} ends within x1.5", [1 / CHANGE <= q <= CHANGE for q in change], ""))
        checks.append(over_runs(f"infantry of the {side}, end by start", change))
    checks += [
        over_runs(f"infantry ratio, {words}", [float(of(q)) for q in ratios])
        for words, of in (("least", np.min), ("median", np.median), ("greatest", np.max))
    ]
    for date, total in ((dt.date(2025, 6, 27), "111,000"), (dt.date(2025, 8, 30), "100,000")):
        men = [float(r.attacker[r.within((date, date))].sum()) for r in lines]
        checks.append(over_runs(f"attacker's infantry on {date}", men, None, f"{total} of all arms", "soldiers"))
    return checks


def _share(what: str, holds: Sequence[bool], record: str) -> Check:
    """Share of runs for which something holds, at least MOST."""
    return _figure(what, intervals.of_share(int(np.sum(holds)), len(holds)), (MOST, None), record)
