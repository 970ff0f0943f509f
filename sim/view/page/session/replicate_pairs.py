"""Paired differences of a comparison: both branches under further seeds, pair by pair, with 95 % intervals."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.forces import Side, casualties
from sim.scenario import Scenario
from sim.view.page.session.lever_history import LeverHistory, pair

PAIRS, MOST_PAIRS = 8, 30
LEVEL = 0.95
MEASURES = (("net_km2", "Net ground", "km2"), ("casualties_attacker", "Casualties, attacker", "soldiers"),
            ("casualties_defender", "Casualties, defender", "soldiers"))  # fmt: skip


def figures(world: Any) -> np.ndarray:
    """The measures that are compared, at the present moment, in the order of MEASURES."""
    gained = world.cells.control - world.sector.control0
    return np.array([gained.sum() * world.geo.cell**2, *(casualties(world.books, int(s)) for s in Side)], float)


def interval(gaps: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval of a mean (Student's t); None for fewer than two values."""
    from scipy.stats import ttest_1samp

    if len(gaps) < 2:
        return None
    if np.ptp(gaps) == 0:
        return float(gaps[0]), float(gaps[0])
    limits = ttest_1samp(gaps, 0.0).confidence_interval(LEVEL)
    return float(limits.low), float(limits.high)


def bands(courses: np.ndarray) -> dict[str, list[float]]:
    """Mean by day of differences (pairs, days), with the same interval; without limits for fewer than two pairs."""
    from scipy.stats import t

    n, mean = len(courses), courses.mean(axis=0)
    if n < 2:
        return {"mean": mean.tolist()}
    half = t.ppf((1.0 + LEVEL) / 2.0, n - 1) * courses.std(axis=0, ddof=1) / np.sqrt(n)
    return {"mean": mean.tolist(), "low": (mean - half).tolist(), "high": (mean + half).tolist()}


class ReplicatePairs:
    """Pairs of runs of two branches up to one step, each pair under a seed of its own; `shown` is B less A on the screen."""

    def __init__(self, scenario: Scenario, seed: int, a: LeverHistory, b: LeverHistory, until: int, shown: np.ndarray, pairs: Any = PAIRS):
        if not isinstance(pairs, int) or not 1 <= pairs <= MOST_PAIRS:
            raise InputError(f"further pairs of seeds: allowed: 1 to {MOST_PAIRS}.")
        if until < 1:
            raise InputError("there is nothing to compare on the first day; play on first.")
        self.scenario, self.a, self.b, self.until, self.shown = scenario, a, b, until, shown
        self.seeds = [(seed + 1 + k) % 2**53 for k in range(pairs)]
        self.gaps: list[np.ndarray] = []
        self.courses: list[np.ndarray] = []  # of each pair, the differences at the end of every day, (days + 1, measures)
        self.state, self.words, self.part = "running", "", 0.0
        self._run = self._pairs()

    def work(self, seconds: float) -> bool:
        """Simulates for that long; True when a pair was finished."""
        done, end = len(self.gaps), time.perf_counter() + seconds
        while self.state == "running" and len(self.gaps) == done and time.perf_counter() < end:
            if next(self._run, self) is self:
                self.state = "done"
        return len(self.gaps) > done

    def stop(self, words: str = "") -> None:
        """Stops, with a reason if the pairs no longer hold, and frees the battles; the results so far stay."""
        self.state, self.words = "stopped", words
        self._run.close()

    def message(self) -> dict[str, Any]:
        """The results so far, as JSON."""
        gaps = np.array(self.gaps).reshape(-1, len(MEASURES))
        rows = []
        for k, (name, label, unit) in enumerate(MEASURES):
            low, high = interval(gaps[:, k]) or (None, None)
            mean = float(gaps[:, k].mean()) if len(gaps) else None
            rows.append({"name": name, "label": label, "unit": unit, "shown": float(self.shown[k]), "mean": mean, "low": low, "high": high,
                         "by_day": bands(np.array(self.courses)[:, :, k]) if self.courses else None})
        return {
            "type": "replicates",
            "state": self.state,
            "n": len(gaps),
            "of": len(self.seeds),
            "part": round(self.part, 3),
            "day": self.until / self.scenario.steps_per_day,
            "seeds": self.seeds[: len(gaps)],
            "words": self.words,
            "measures": rows,
        }

    def _pairs(self) -> Generator[None]:
        for seed in self.seeds:
            one = other = None
            course: dict[int, np.ndarray] = {}
            for one, other in pair(self.scenario, seed, self.a, self.b, self.until):
                if one.step_index == other.step_index and one.new_day:
                    course[one.day] = figures(other) - figures(one)
                self.part = (one.step_index + other.step_index) / (2 * self.until)
                yield
            self.gaps.append(figures(other) - figures(one))
            self.courses.append(np.array([course[day] for day in sorted(course)]))
            self.part = 0.0
            if len(self.gaps) == len(self.seeds):
                self.state = "done"
            yield
