"""Confidence intervals (95 %) of means, differences, ratios and shares.

A single value has none: its limits are NaN, and a note says so. Values that do not differ have an interval of no width and a note.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from sim.view.numbers import ranges_text

LEVEL = 0.95
RESAMPLES = 2000
SEED = 20240708  # of every resampling, so that the same runs give the same figures
FEW_RUNS = 20  # runs below which the ends of a 90 % band are single runs
BOOTSTRAP_LEAST = 5  # values below which a bootstrap has too few different samples to mean anything
METHODS = ("t", "bootstrap")

Five = tuple[float, float, float, float, float]  # the quantiles at `numbers.QUANTILES`


def five(quantiles: Iterable[float]) -> Five:
    """Five quantiles as a tuple of floats."""
    a, b, c, d, e = map(float, quantiles)
    return a, b, c, d, e


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval. Without one (too few values) `low` and `high` are NaN and `note` says why."""

    estimate: float
    low: float
    high: float
    n: int
    note: str = ""

    @property
    def is_clear(self) -> bool:
        """True when the interval leaves out zero."""
        return bool(self.low > 0 or self.high < 0)


def finite(values) -> np.ndarray:
    """The values that are numbers, as a flat array."""
    flat = np.asarray(values, float).ravel()
    return flat[np.isfinite(flat)]


def of_mean(values, method: str = "t") -> Interval:
    """The mean of independent values with its 95 % interval.

    `method` "t" is Student's; "bootstrap" the bias-corrected accelerated one (Efron 1987). NaN among the `values` is left out.
    With fewer than two values the ends are NaN and `note` says why.

    Examples:
        >>> mean = of_mean([1.0, 2.0, 3.0, 4.0])
        >>> mean.estimate, round(mean.low, 2), round(mean.high, 2), mean.n
        (2.5, 0.45, 4.55, 4)
    """
    values = finite(values)
    n = len(values)
    middle = float(values.mean()) if n else math.nan
    if n < 2:
        return Interval(middle, math.nan, math.nan, n, "no value" if n == 0 else "a single value: no interval")
    if np.ptp(values) == 0:
        return Interval(middle, middle, middle, n, "all values equal")
    if method == "bootstrap":
        return of_statistic(np.mean, values)
    wide = reach(float(values.std(ddof=1)), n)
    return Interval(middle, middle - wide, middle + wide, n)


def reach(spread: float, n: int) -> float:
    """Half the width of the t interval of a mean of n values with that standard deviation."""
    from scipy import stats

    return float(stats.t.ppf(0.5 + LEVEL / 2, n - 1) * spread / math.sqrt(n))


def of_difference(a, b) -> Interval:
    """Mean of b less mean of a for two independent samples of unequal spread (Welch 1947); `n` is that of the smaller one.

    Samples that share their seeds are pairs: `of_mean` of their differences is narrower.

    Examples:
        >>> gap = of_difference([1.0, 2.0, 3.0], [4.0, 6.0, 8.0])
        >>> gap.estimate, gap.n, gap.low < 0 < gap.high
        (4.0, 3, True)
    """
    from scipy import stats

    a, b = finite(a), finite(b)
    n = min(len(a), len(b))
    gap = float(b.mean() - a.mean()) if n else math.nan
    if n < 2:
        return Interval(gap, math.nan, math.nan, n, "no value" if n == 0 else "a single value: no interval")
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return Interval(gap, gap, gap, n, "all values equal")
    limits = stats.ttest_ind(b, a, equal_var=False).confidence_interval(LEVEL)
    return Interval(gap, float(limits.low), float(limits.high), n)


def of_ratio(a, b) -> Interval:
    """Mean of b by mean of a, for pairs (n,) each, with Fieller's interval: the denominator is as uncertain as the numerator.

    It holds every ratio r for which the mean of b - r a does not differ from 0 by a t test (Fieller 1954). Where the mean of a does
    not clearly differ from 0 there are no such two ends, and a note instead.
    """
    from scipy import stats

    pairs = np.column_stack([np.asarray(a, float).ravel(), np.asarray(b, float).ravel()])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    n = len(pairs)
    one, two = pairs.mean(axis=0) if n else (math.nan, math.nan)
    ratio = float(two / one) if one else math.nan
    if n < 2 or not math.isfinite(ratio):
        return Interval(ratio, math.nan, math.nan, n, "no value" if n == 0 else "a single value: no interval" if n < 2 else "a mean of 0: no ratio")
    cover = np.cov(pairs.T, ddof=1) / n * float(stats.t.ppf(0.5 + LEVEL / 2, n - 1)) ** 2
    square, middle, rest = one * one - cover[0, 0], one * two - cover[0, 1], two * two - cover[1, 1]
    if square <= 0:
        return Interval(ratio, math.nan, math.nan, n, "the denominator may be 0: no interval")
    wide = math.sqrt(max(middle * middle - square * rest, 0.0))
    return Interval(ratio, float((middle - wide) / square), float((middle + wide) / square), n)


def few_runs(n: int) -> str:
    """What to say of a band of so few runs; empty when there are enough."""
    return f"{n} run{'s are' if n != 1 else ' is'} too few for a band: its ends are single runs (at least {FEW_RUNS})" if n < FEW_RUNS else ""


def of_share(k: int, n: int) -> Interval:
    """The share k of n with its 95 % interval (Wilson 1927), which stays within 0 and 1 and is of use at both ends.

    Examples:
        >>> share = of_share(0, 20)
        >>> share.estimate, round(share.high, 3)
        (0.0, 0.161)
    """
    from scipy import stats

    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0, "no value")
    limits = stats.binomtest(int(k), int(n)).proportion_ci(LEVEL, method="wilson")
    return Interval(k / n, float(limits.low), float(limits.high), int(n))


def of_statistic(statistic: Callable, *samples: np.ndarray, paired: bool = False) -> Interval:
    """Any statistic of samples by bootstrap (bias-corrected and accelerated; percentiles where that is not defined)."""
    import warnings

    from scipy import stats

    n = min(len(s) for s in samples)
    estimate = float(statistic(*samples))
    if n < BOOTSTRAP_LEAST:
        return Interval(estimate, math.nan, math.nan, n, f"fewer than {BOOTSTRAP_LEAST} values: no bootstrap interval")
    limits = None
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # scipy warns of a degenerate sample; the next method is tried then
            limits = stats.bootstrap(
                samples,
                statistic,
                n_resamples=RESAMPLES,
                paired=paired,
                confidence_level=LEVEL,
                method=method,
                rng=np.random.default_rng(SEED),
            ).confidence_interval
        if math.isfinite(limits.low) and math.isfinite(limits.high):
            return Interval(estimate, float(limits.low), float(limits.high), n)
    return Interval(estimate, math.nan, math.nan, n, "the bootstrap gives no interval")


seeds_text = ranges_text  # seeds as people write them: "1-20", or "1, 2, 5-9"


def parse_seeds(text: str) -> list[int]:
    """The seeds of a text by `seeds_text`: "1-20", or "1, 2, 5-9".

    Examples:
        >>> parse_seeds("1, 2, 5-9")
        [1, 2, 5, 6, 7, 8, 9]
    """
    ends = (part.partition("-") for part in text.split(", "))
    return [seed for a, _, b in ends for seed in range(int(a), int(b or a) + 1)]
