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
            rows.append({"name": name, "label": label, "unit": unit, "shown": float(self.shown[k]), "mean": mean, "low": low, "high": high})
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
            for one, other in pair(self.scenario, seed, self.a, self.b, self.until):
                self.part = (one.step_index + other.step_index) / (2 * self.until)
                yield
            self.gaps.append(figures(other) - figures(one))
            self.part = 0.0
            if len(self.gaps) == len(self.seeds):
                self.state = "done"
            yield
