"""A scenario as files that need nothing else: its fields, its front file, its plugins, the tables of its ground."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario import Scenario


def portable_scenario(scenario: Scenario, ground: str = "map") -> tuple[dict[str, Any], dict[str, bytes]]:
    """The fields as a scenario file has them, and the files that it names, by path relative to it; tables of its own go to the folder `ground`."""
    from sim import plugin_files, sector_files

    data = scenario.model_dump(exclude_none=True, exclude={"base"})
    files: dict[str, bytes] = {}
    if scenario.front:
        content = Path(scenario.front).read_bytes()
        data["front"] = f"front-{hashlib.sha256(content).hexdigest()[:8]}{Path(scenario.front).suffix}"
        files[data["front"]] = content
    if scenario.plugins:
        plugins = plugin_files.as_files(scenario.plugins)
        data["plugins"] = list(plugins)
        files |= plugins
    if scenario.map.tables:
        del data["map"]["tables"]
        data["map"]["folder"] = ground
        files |= sector_files.as_files(scenario.map.tables, ground)
    return data, files
