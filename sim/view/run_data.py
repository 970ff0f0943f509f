"""Data that a figure of a run is drawn from: measures by day, maps by day, the last moment, provenance.

Reads an output folder (daily.parquet, control.npz, frame.npz, manifest.toml) or takes a live world with its journal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import run_files
from sim.frame import FRAME_FILE, Frame, frame_from_maps, frame_from_run, frame_of
from sim.identity import git_commit
from sim.run_files import daily_columns as daily_columns
from sim.run_files import manifest as manifest

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.world import World


@dataclass(frozen=True)
class RunData:
    """One run to be drawn. `daily` holds columns by day, day 0 the start; `maps` (days + 1, ny, nx) shares 0..1."""

    scenario: Scenario
    seed: int
    runs: int  # runs in the folder this one comes from
    commit: str
    daily: dict[str, np.ndarray]
    maps: np.ndarray
    frame: Frame
    changes: dict[str, Any] = field(default_factory=dict)  # parameters changed against the scenario

    @property
    def start(self) -> dt.date:
        return self.scenario.start

    @property
    def days(self) -> int:
        return len(self.maps) - 1

    @property
    def end(self) -> dt.date:
        return self.start + dt.timedelta(days=self.days)

    def rate(self, name: str, width: int) -> np.ndarray:
        """A running total as a daily rate over the last `width` days (fewer at the start), for days 1 to the last."""
        total = np.asarray(self.daily[name], float)
        day = np.arange(1, len(total))
        back = np.maximum(day - width, 0)
        return np.maximum(total[day] - total[back], 0.0) / (day - back)


def run_data_of(source: str | Path | World) -> RunData:
    """The run of a live world, or the first run of an output folder."""
    if isinstance(source, (str, Path)):
        return _from_folder(Path(source))
    journal = source.journal
    if journal is None:
        raise ValueError("this world keeps no journal; muster it with record=True")
    given = source.scenario.params
    changes = {k: v for k, v in source.settings.overrides.items() if given.get(k) != v}
    maps = journal.control() / 100.0
    return RunData(source.scenario, source.seed, 1, git_commit() or "unversioned", journal.daily(), maps, frame_of(source), changes)


def _from_folder(folder: Path) -> RunData:
    for name in (run_files.DAILY, run_files.CONTROL):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder} holds no {name}; it is not the output of a run, or of a run without maps"
            )
    table = daily_columns(folder)
    run, _, control = run_files.control_maps(folder)
    first = table["run"][0] if table["run"][0] in run else run[0]
    rows = table["run"] == first
    order = np.argsort(table["day"][rows])
    daily = {name: values[rows][order] for name, values in table.items()}
    maps = (control[int(np.flatnonzero(run == first)[0])] if first in run else control[0])[: len(daily["day"])]
    if (folder / FRAME_FILE).is_file():
        frame = frame_from_run(folder)
    else:
        frame = frame_from_maps(_scenario(folder), seeds_of(daily)[0], maps / 100.0)
    runs = len(np.unique(table["run"]))
    commit, changes = commit_of(folder), changes_of(folder)
    return RunData(frame.scenario, frame.seed, runs, commit, daily, maps / 100.0, frame, changes)


def _scenario(folder: Path) -> Scenario:
    try:
        return run_files.scenario_of(folder, manifest(folder))
    except KeyError:
        raise FileNotFoundError(f"{folder} holds neither {FRAME_FILE} nor a manifest.toml with its scenario") from None


def seeds_of(columns: dict[str, np.ndarray]) -> list[int]:
    """The seeds of the runs in a table; 0 where it has none."""
    return [int(s) for s in np.unique(columns["seed"])] if "seed" in columns else [0]


def commit_of(folder: str | Path) -> str:
    """The commit that the runs were made with, as the manifest has it."""
    return commit_text(manifest(folder))


def commit_text(header: Mapping[str, Any]) -> str:
    """The commit named in a manifest, as text of a caption."""
    return str(header.get("git_commit") or header.get("commit") or "not recorded")[:13]


def changes_of(folder: str | Path) -> dict[str, Any]:
    """Parameters that were changed against the scenario, from the manifest."""
    return dict(manifest(folder).get("overrides", {}))


def changes_text(changes: dict[str, Any]) -> str:
    """Changed parameters as a sentence of a caption; empty when there are none."""
    if not changes:
        return ""
    shown = [
        f"{k} {v:g}" if isinstance(v, (int, float)) and not isinstance(v, bool) else f"{k} {v}"
        for k, v in changes.items()
    ]
    rest = f" and {len(shown) - 4} more" if len(shown) > 4 else ""
    return f"Changed: {', '.join(shown[:4])}{rest}."
