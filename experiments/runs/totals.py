"""A run as one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments.runs.json_values import plain

if TYPE_CHECKING:
    from experiments.runs.simulation import RunResult


def totals_of(result: RunResult) -> dict[str, Any]:
    """The figures of one run: last values of totals and states; daily counts added up, daily shares averaged."""
    from sim.measures import MEASURES

    row: dict[str, Any] = {
        "unit_steps": result.unit_steps,
        "steps": result.steps,
        "held_start_km2": result.daily["held_km2"][0],
        "front_start_km": result.daily["front_km"][0],
    }
    for name, values in result.daily.items():
        if name in ("day", "date"):
            continue
        if name in MEASURES and MEASURES[name].kind == "daily":
            row[name] = values[1:].sum() if values.dtype.kind in "iub" else values[1:].mean()
        else:
            row[name] = values[-1]
    return plain(row, decimals=6)
