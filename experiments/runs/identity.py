"""Schema, keys of a run, the name of the baseline."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario import Scenario

BASELINE = "pokrovsk-2024"

SCHEMA = 1  # of everything that is written: raised when a reader of old files would misread new ones


# Identity


def settings_key(scenario: Scenario, overrides: dict[str, Any] | None) -> str:
    """Hash of everything that decides a run but its seed: scenario, front file, and every parameter's value."""
    from sim.settings import Settings

    data = scenario.model_dump(mode="json")
    settings = Settings({**data.pop("params"), **(overrides or {})})
    front = hashlib.sha256(Path(scenario.front).read_bytes()).hexdigest() if scenario.front else None
    told = {**data, "front": front, "given": settings.overrides, "values": settings.flat(), "schema": SCHEMA}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:24]


def run_key(scenario: Scenario, overrides: dict[str, Any] | None, seed: int) -> str:
    """Hash of scenario, parameters, seed and schema: equal keys, equal results (for the same code, see `code_key`)."""
    return hashlib.sha256(f"{settings_key(scenario, overrides)} {int(seed)}".encode()).hexdigest()[:24]
