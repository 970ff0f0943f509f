"""What a run costs on this machine, measured before many are made."""

from __future__ import annotations

import time

from experiments.runs.simulation import simulate
from sim.scenario import Scenario, load_scenario

MEASURED_DAYS = 30
TRIES = 2  # of which the quicker one counts: another process can only slow a run down
_measured: dict[str, tuple[float, float]] = {}  # seconds to muster and seconds a day, by battle


def seconds_a_run(source: str | Scenario, days: int | None = None) -> float:
    """Processor seconds of one core for a run of so many days (the scenario's, unless given), mustering and records included.

    Runs of a day and of MEASURED_DAYS days are made and the line through both is drawn on: a battle of another length than a month is
    estimated to some 30 %, since the number of units changes on the way.
    """
    scenario = load_scenario(source)
    days = days or scenario.days
    if days <= MEASURED_DAYS:
        simulate(scenario, days=1, maps=False)  # loads the kernels
        return _spent(scenario, days)
    key = f"{scenario.name} {scenario.cell_km} {scenario.step_hours}"
    if key not in _measured:
        simulate(scenario, days=1, maps=False)
        one, more = _spent(scenario, 1), _spent(scenario, MEASURED_DAYS)
        a_day = max(more - one, 0.0) / (MEASURED_DAYS - 1)
        _measured[key] = (max(one - a_day, 0.0), a_day)
    start, a_day = _measured[key]
    return start + a_day * days


def _spent(scenario: Scenario, days: int) -> float:
    def once() -> float:
        begin = time.process_time()
        simulate(scenario, days=days, maps=False)
        return time.process_time() - begin

    return min(once() for _ in range(TRIES))
