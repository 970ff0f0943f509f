"""The public record that is drawn beside a run: occupied ground by day, and claimed prices."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import seeds
from sim.record import RecordedAreas as Area
from sim.record import has_record, recorded_areas

if TYPE_CHECKING:
    from sim.scenario import Scenario

RECORD = "DeepState areas, computed from the public daily archive"
PRICES = ("derived_cas_2024_12", "derived_cas_2025_01", "isw_cas_2025_summer")  # claimed casualties per km2


def recorded(scenario: Scenario) -> Area | None:
    """The record for a scenario's box; None for made-up ground, another box, or dates without a record."""
    if not has_record(scenario):
        return None
    area = recorded_areas().between(scenario.start, scenario.start + dt.timedelta(days=scenario.days))
    return area if len(area.date) > 7 else None


def claimed_prices(start: dt.date, end: dt.date) -> list[tuple[dt.date, float, str]]:
    """Claimed casualties per km2 with the middle of their period, for periods that meet these dates."""
    found = []
    for name in PRICES:
        fact = seeds.facts().get(name)
        if fact is None or fact.value is None:
            continue
        first, last = dt.date.fromisoformat(fact.period_start), dt.date.fromisoformat(fact.period_end)
        middle = first + (last - first) / 2
        if start <= middle <= end:
            found.append((middle, float(fact.value), "theatre" if "theatre" in fact.quantity.lower() else ""))
    return found
