"""The figures by day that the charts draw, and the events in words."""

from __future__ import annotations

import math
from typing import Any

from sim.forces import CAUSES, SIDES

CHARTED = (
    *("held_km2", "gained_km2", "lost_km2", "front_km"),
    *(f"casualties_{s}" for s in SIDES),
    *(f"casualties_{s}_{c}" for s in SIDES for c in CAUSES),
    *(f"infantry_{s}" for s in SIDES),
    *("days_in_place_defender", "days_in_place_p90_defender"),
    *(f"kill_zone_km_{s}" for s in SIDES),
    *("supply_city", "supply_defender", "supply_attacker", "flying"),
)


def rows(columns: dict[str, list], first: int) -> dict[str, list]:
    """The charted figures from day `first` on; a figure that does not exist on that day is None."""
    return {name: [_number(v) for v in columns[name][first:]] for name in CHARTED if name in columns}


def _number(value: Any) -> float | None:
    value = float(value)
    return round(value, 4) if math.isfinite(value) else None


def event_message(event: dict[str, Any]) -> dict[str, Any]:
    """An event of the journal as JSON."""
    return {
        "step": int(event["step"]),
        "day": int(event["day"]),
        "kind": str(event["kind"]),
        "x": round(float(event["x_km"]), 2),
        "y": round(float(event["y_km"]), 2),
        "number": round(float(event["number"]), 2),
        "words": str(event["words"]),
        **_why(event),
    }


def _why(event: dict[str, Any]) -> dict[str, Any]:
    """Why it happened, and where the reasons were looked for; nothing where nobody lost, and of a run recorded before there were reasons."""
    if not event.get("because"):
        return {}
    at = [round(float(event[name]), 2) for name in ("at_x_km", "at_y_km")]
    return {"because": str(event["because"]), "figures": str(event["figures"]).split(), "at": at}
