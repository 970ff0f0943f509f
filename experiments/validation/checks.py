"""Rows of the scorecard: checks with acceptance bands, and verdicts.

A row is a function from measured data to checks. It passes when all its checks do. An informational check has no band: its
figure is reported and decides nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.analysis import intervals

PASS, FAIL, NO_RECORD, NO_POSTERIOR, NOT_RUN = VERDICTS = ("pass", "fail", "no record", "no posterior", "not run")
REPORTED = "reported"  # of a check without a band
KINDS = {"L": "limit case with an exact answer", "P": "pattern across battles", "H": "this battle"}
Band = tuple[float | None, float | None]


@dataclass(frozen=True)
class Check:
    """One figure of a row beside its band, with its interval; `level` names what kind of interval that is.

    `rule` says how the band judges: "value" (the figure lies in it), "interval" (the whole interval does), "covers" (the
    interval holds `exact`), "clear" (the interval lies beyond the band's one limit).
    """

    what: str
    value: float
    band: Band | None = None
    interval: tuple[float, float] = (math.nan, math.nan)
    level: str = ""
    unit: str = ""
    record: str = ""
    rule: str = "value"
    exact: float | None = None
    n: int | None = None

    @property
    def is_informational(self) -> bool:
        """True when it has no band: it is reported and decides nothing."""
        return self.band is None and self.rule != "covers"

    @property
    def verdict(self) -> str:
        return REPORTED if self.is_informational else PASS if self.passed else FAIL

    @property
    def passed(self) -> bool:
        if self.is_informational:
            return True
        low, high = self.interval
        if self.rule == "covers":
            return self.exact is not None and low <= self.exact <= high and _within(high - low, self.band)
        if self.rule in ("interval", "clear"):
            return _within(low, self.band) and _within(high, self.band)
        return _within(self.value, self.band)


def _within(value: float, band: Band | None) -> bool:
    """True when a number lies in a band; what is no number does not."""
    low, high = band or (None, None)
    return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True)
class Row:
    """One row of the scorecard. `needs` names what its function is given: methods of `inputs.RowInputs`.

    `targets`: summaries of the calibration that are figures of this row, beside those of targets that cite a fact of its source;
    `sharper`: what the row asks beyond the band of the battery, and why; never less.
    """

    id: str
    kind: str
    title: str
    source: str
    formula: str
    band: str
    needs: tuple[str, ...]
    of: Callable[..., list[Check]]
    targets: tuple[str, ...] = ()
    sharper: str = ""

    @property
    def number(self) -> int:
        return int(self.id[1:])


@dataclass(frozen=True)
class Result:
    """What came of a row: its checks and its verdict in words."""

    row: Row
    verdict: str
    checks: list[Check] = field(default_factory=list)
    note: str = ""
    seconds: float = 0.0

    @property
    def is_pass(self) -> bool:
        return self.verdict == PASS


class CannotJudge(Exception):
    """A row cannot be judged: `verdict` and the reason."""

    def __init__(self, verdict: str, note: str = ""):
        super().__init__(note)
        self.verdict, self.note = verdict, note


ROWS: dict[str, Row] = {}


def row(
    id: str,
    kind: str,
    title: str,
    *,
    source: str,
    formula: str,
    band: str,
    needs: str | tuple[str, ...],
    targets: tuple[str, ...] = (),
    sharper: str = "",
):
    """Registers a function as a row of the scorecard."""

    def register(function: Callable[..., list[Check]]) -> Callable[..., list[Check]]:
        wanted = (needs,) if isinstance(needs, str) else needs
        ROWS[id] = Row(id, kind, title, source, formula, band, wanted, function, targets, sharper)
        return function

    return register


def judge(which: Row, get: Callable[[str], Any]) -> Result:
    """Applies a row to what it needs, as `get` hands it over."""
    begin = time.perf_counter()
    try:
        checks = which.of(*(get(name) for name in which.needs))
    except CannotJudge as reason:
        return Result(which, reason.verdict, note=reason.note)
    return Result(which, verdict(checks), checks, seconds=time.perf_counter() - begin)


def verdict(checks: Iterable[Check]) -> str:
    return PASS if all(c.passed for c in checks) else FAIL


RUNS_90 = "90 % of runs"
FACTOR = 1.7  # by which figures may differ from the record where it gives one number, either way
EVIDENCE = "evidence: areas after DeepState, losses after the General Staff of Ukraine"


ENDLESS = 1e300  # stands for an infinite value where quantiles are taken: 0 times infinity is no number


def over_runs(what: str, values: Sequence[float], band=None, record: str = "", unit: str = "") -> Check:
    """The median of runs beside its band, with the middle 90 % of runs. A run without end (a price without gain) counts as the largest."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if not known.size:
        return Check(what, np.nan, band, unit=unit, record=record, level=RUNS_90, n=0)
    ends = np.quantile(np.clip(known, -ENDLESS, ENDLESS), (0.05, 0.5, 0.95))
    low, middle, high = np.where(np.abs(ends) > 1e-9 * ENDLESS, np.copysign(np.inf, ends), ends)
    return Check(what, float(middle), band, (float(low), float(high)), RUNS_90, unit, record, n=known.size)


LEVEL_95 = "95 % interval"
LEVEL_90 = "90 % interval"


def ninety(statistic, *samples: np.ndarray) -> tuple[float, float]:
    """The 90 % bootstrap interval (BCa) of a statistic of paired samples."""
    from scipy.stats import bootstrap

    limits = bootstrap(
        samples, statistic, paired=True, confidence_level=0.9, method="BCa", rng=np.random.default_rng(intervals.SEED)
    ).confidence_interval
    return float(limits.low), float(limits.high)
