"""What the page says about the model: sources, limits, how well it forecast, and how to cite it."""

from __future__ import annotations

import json
from functools import cache
from importlib import metadata
from typing import Any

import seeds
from sim.identity import git_commit

SOURCES = (
    "Settlements, roads, railways, water: © OpenStreetMap contributors (ODbL). Populations and names: GeoNames (CC BY 4.0).",
    "Starting line, belts, formations, drones, shells, bombs, weather: dated public facts, each with source, date and grade: the command pokrovsk facts lists them.",
    "Ground in the record: DeepState's public map by day; the parameters are fitted to what it shows up to 30 April 2025.",
)
LIMITS = (
    "A model for explanation and teaching, not a planning tool: the aggregate level of published literature, on public data.",
    "Formations have round strengths from public reports; where a group stands on the map is the model's doing, never a report.",
    "One run is one course of chance. An effect is a mean over many pairs of seeds, with its interval (Compare, How sure?).",
    "Many parameters are assumptions within stated ranges; the scorecard lists the patterns that the model fails.",
)


@cache
def about() -> dict[str, Any]:
    """Sources, limits, findings on the newest forecast that was scored (none where none is shipped), and a citation."""
    try:
        version = metadata.version("pokrovsk")
    except metadata.PackageNotFoundError:
        version = "0"
    commit = git_commit()
    return {
        "sources": list(SOURCES),
        "limits": list(LIMITS),
        "forecast": forecast_score(),
        "cite": f"Pokrovsk: an open agent-based model of the battle for the Pokrovsk sector, July 2024 onward. Version {version}{f', commit {commit}' if commit else ''}.",
    }


def forecast_score() -> dict[str, Any] | None:
    """First day, end of the record and findings of the newest scored forecast; None when there is none."""
    scored = sorted(seeds.path("forecasts").glob("*/score.json"))
    if not scored:
        return None
    data = json.loads(scored[-1].read_text(encoding="utf-8"))
    words = [str(finding).replace("km2", "km²") for finding in data.get("findings", ())]
    return {"from": data["forecast"]["from"], "to": data["record"]["scored_to"], "findings": words} if words else None
