"""What the rows of a card cost before they are made: every run that they would ask for, counted by asking."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any

from experiments.runs import engagements, watching
from experiments.runs.identity import BASELINE
from experiments.runs.pace import seconds_a_run
from experiments.sweep.runner import cost
from experiments.validation import checks
from experiments.validation.checks import Row
from experiments.validation.inputs import RowInputs, held_after
from experiments.validation.rows.line_and_levers import ROTATION
from experiments.validation.salient import OPENED

LIGHT = {  # inputs that take no battle of minutes: duels of the sandbox, and the record
    *("aimed", "area", "halves", "losses_aimed", "losses_area", "laws_hold", "sandbox_steps", "sandbox_strengths", "weapons_sandbox"),
    *("areas", "states", "losses", "places", "rasters_or_none", "validation", "dated_rules"),
}
SALIENT_DAYS = OPENED + 20
TYPICAL = engagements.Battle()  # that is timed for all battles of divisions, by men and days


class _Counted(Exception):
    """The runs of an input are counted; it is not made."""


class Planned(RowInputs):
    """Inputs of rows that count their runs and make none. `asked`: runs and core-seconds of each set of runs."""

    asked: dict[str, tuple[int, float]]

    def count(self, rows: Iterable[Row]) -> dict[str, tuple[int, float]]:
        """Runs and core-seconds of each set of runs that some rows need."""
        self.asked = {}
        for need in dict.fromkeys(name for row in rows for name in row.needs if name not in LIGHT):
            with contextlib.suppress(_Counted, checks.CannotJudge):
                self.get(need)
        return self.asked

    def _swept(self, wanted: Any) -> Any:
        seconds = sum(seconds_a_run(scenario) for scenario in wanted.scenarios.values()) / len(wanted.scenarios)
        self.asked[wanted.name] = wanted.n_runs, wanted.n_runs * seconds
        raise _Counted

    def results(self) -> Any:
        if self.ensemble is None:
            self.asked["ensemble"] = self.effort.ensemble, self.effort.ensemble * seconds_a_run(BASELINE)
        raise _Counted

    def best_interval(self) -> float:
        return ROTATION[len(ROTATION) // 2]  # any that is not an end: as many runs

    def many(self, function: Callable[[Any], Any], jobs: Sequence[Any]) -> Any:
        name = f"{function.__name__} {hash(repr(jobs))}"
        self.asked[name] = len(jobs), _seconds(function, jobs)
        raise _Counted


def _seconds(function: Callable[[Any], Any], jobs: Sequence[Any]) -> float:
    """Core-seconds of small or watched battles."""
    if function is watching.near_towns:
        return sum(seconds_a_run(source, days) for _, source, _, days in jobs)
    if function is watching.infiltrations:
        return sum(seconds_a_run(BASELINE, days) for _, days in jobs)
    if function is held_after:
        return len(jobs) * seconds_a_run(BASELINE, SALIENT_DAYS)
    return sum(_size(order) for order in jobs) / _size(TYPICAL) * _typical_seconds()


def _size(order: engagements.Battle) -> float:
    """Men times days of a battle."""
    return order.size * (1 + order.ratio) * order.days


def _typical_seconds() -> float:
    if not _timed:
        engagements.fight(TYPICAL)  # loads the kernels
        begin = time.process_time()
        engagements.fight(TYPICAL)
        _timed.append(time.process_time() - begin)
    return _timed[0]


_timed: list[float] = []  # seconds of the typical battle, once measured


def stated(rows: Sequence[Row], given: RowInputs) -> str:
    """Runs and core-hours of some rows in words, "" when they need none. What is kept already is counted too."""
    same = {f.name: getattr(given, f.name) for f in fields(RowInputs) if f.name != "made"}
    asked = Planned(**same).count(rows)
    runs, seconds = (sum(part) for part in zip(*asked.values())) if asked else (0, 0.0)
    return cost(int(runs), seconds / runs, given.workers) if runs else ""
