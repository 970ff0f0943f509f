"""A run as one row."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from experiments.runs.simulation import RunResult


def totals_of(run: int, result: RunResult) -> dict[str, Any]:
    """One run as one row: last values of totals and states; daily counts added up, daily shares averaged."""
    from sim.measures import MEASURES

    row: dict[str, Any] = {
        "run": run,
        "seed": result.seed,
        "wall_s": round(result.wall_s, 4),
        "compile_s": round(result.compile_s, 3),
        "unit_steps": result.unit_steps,
        "steps": result.steps,
        "held_start_km2": _plain(result.daily["held_km2"][0]),
        "front_start_km": _plain(result.daily["front_km"][0]),
    }
    for name, values in result.daily.items():
        if name in ("day", "date"):
            continue
        if name in MEASURES and MEASURES[name].kind == "daily":
            row[name] = _plain(values[1:].sum() if values.dtype.kind in "iub" else values[1:].mean())
        else:
            row[name] = _plain(values[-1])
    row["captures"] = [
        {
            k: c[k] and (c[k].isoformat() if isinstance(c[k], dt.date) else c[k])
            for k in ("settlement", "name", "captured", "recaptured")
        }
        for c in result.captures
    ]
    return row


def _plain(value: Any) -> int | float | None:
    """A number as JSON knows it: NaN and infinity become None."""
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float):
        return round(number, 6) if math.isfinite(number) else None
    return int(number)
