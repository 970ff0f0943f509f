"""What decides a run, as hashes; the schema of everything that is written; the name of the baseline."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.scenario import Scenario

BASELINE = "pokrovsk-2024"

SCHEMA = 1  # of everything that is written: raised when a reader of old files would misread new ones


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    """A scenario as plain data that names no place on this machine: its front file as a hash, its base, which it contains, left out."""
    try:
        front = hashlib.sha256(Path(scenario.front).read_bytes()).hexdigest() if scenario.front else None
    except OSError as error:
        raise InputError(f"{scenario.name}: front: {scenario.front!r} cannot be read: {error.strerror or error}.") from None
    return {**scenario.model_dump(mode="json"), "front": front, "base": None}


def settings_key(scenario: Scenario, overrides: dict[str, Any] | None, stop_when: str | None = None) -> str:
    """Hash of everything that decides a run but its seed: scenario, front file, every parameter's value, and when it stops."""
    from sim.plugin_files import own_values
    from sim.settings import Settings

    data = scenario_data(scenario)
    settings = Settings({**data.pop("params"), **(overrides or {})})
    fields = {**data, "given": settings.overrides, "values": own_values(settings.flat(), scenario.plugins), "schema": SCHEMA}
    if stop_when:
        fields["stop_when"] = " ".join(stop_when.split())
    return hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()[:24]


def key_of_seed(settings: str, seed: int) -> str:
    """The key of a run from that of its settings."""
    return hashlib.sha256(f"{settings} {int(seed)}".encode()).hexdigest()[:24]


def run_key(scenario: Scenario, overrides: dict[str, Any] | None, seed: int, stop_when: str | None = None) -> str:
    """Hash of scenario, parameters, seed and schema: equal keys, equal results (for the same code, see `code_key`)."""
    return key_of_seed(settings_key(scenario, overrides, stop_when), seed)
