"""Check of a replay: a recorded run is simulated again and compared with its record day by day."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.measures import MEASURES

DIGITS = 6  # to which final figures are written


class ReplayDiffers(InputError):
    """The run simulated again differs from its record; the text says where."""


def check_against_record(record: Any, world: Any) -> None:
    """Compares the day that has just ended with the record, to the last bit; raises ReplayDiffers at the first difference.

    `record` is a RecordedRun: its map of the day, its figures of the day, and on its last day its final figures.
    """
    journal, day = world.journal, world.day
    kept = record.journal.maps.get(day)
    if kept is not None and not np.array_equal(kept, journal.maps[day]):
        raise ReplayDiffers(_words(record, day, "control of ground", None))
    figures = {name: values[day] for name, values in record.journal.columns.items() if name in MEASURES and day < len(values)}
    finals = {n: v for n, v in record.finals.items() if MEASURES[n].kind != "daily"} if day == record.day else {}
    now = {name: float(journal.columns[name][day]) for name in (*figures, *finals)}
    pairs = [*((name, now[name], float(then)) for name, then in figures.items()),
             *((name, round(now[name], DIGITS), float(then)) for name, then in finals.items())]
    for name, here, then in pairs:
        if here != then and not (math.isnan(here) and math.isnan(then)):
            raise ReplayDiffers(_words(record, day, MEASURES[name].doc, (then, here)))


def _words(record: Any, day: int, what: str, figures: tuple[float, float] | None) -> str:
    gap = f" ({figures[0]:,.6g} recorded, {figures[1]:,.6g} now)" if figures else ""
    return f"Simulated again, this run differs from its record on day {day}: {what}{gap}. {record.instead}"
