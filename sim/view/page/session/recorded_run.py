"""A run read from its folder: its record as frames, and what is needed to simulate it again."""

from __future__ import annotations

import dataclasses
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sim import run_files
from sim.errors import InputError
from sim.forces import Kind
from sim.frame import FRAME_FILE, Frame, frame_from_run
from sim.identity import code_key
from sim.scenario import Scenario
from sim.settings import Settings
from sim.view.page.messages.daily_series import CHARTED
from sim.view.page.messages.frame_history import History, RecordedFrame
from sim.view.page.messages.frames import COUNTED, Layers, counts, flag_bytes, places, unit_bytes
from sim.view.page.messages.map_message import share

MISSING = ("grey", "danger", "supply", "works", "bombs", "pockets", "units")  # layers that a folder has for the last day only
BY = "held_km2"  # what runs of an ensemble are ordered by


@dataclasses.dataclass(frozen=True, eq=False)
class Diary:
    """A journal read from files: figures by day, control by day in percent (ny, nx), events."""

    columns: dict[str, np.ndarray]
    maps: dict[int, np.ndarray]
    events: list[dict[str, Any]]

    @property
    def n_days(self) -> int:
        """Days of which there are figures, after the start."""
        return max((len(values) - 1 for values in self.columns.values()), default=0)

    def daily(self) -> dict[str, np.ndarray]:
        return self.columns


@dataclasses.dataclass(frozen=True, eq=False)
class RecordedRun:
    """One run of a folder, with the attributes of a world that a session reads. `other`: why it cannot be simulated again, empty if it can."""

    scenario: Scenario
    seed: int
    overrides: dict[str, Any]
    label: str  # which of how many
    journal: Diary
    frame: Frame | None = None
    finals: dict[str, float] = dataclasses.field(default_factory=dict)  # figures of the last day
    other: str = ""

    @cached_property
    def settings(self) -> Settings:
        return Settings({**self.scenario.params, **self.overrides})

    @property
    def day(self) -> int:
        """The last day of the record."""
        return max(self.journal.n_days, *self.journal.maps, self.scenario.days if self.finals else 0, 0)

    @property
    def step_index(self) -> int:
        return self.day * self.scenario.steps_per_day

    @property
    def is_daily(self) -> bool:
        """True when there is a map for every day, and a row of all figures that the page draws."""
        drawn = set(CHARTED) <= set(self.journal.columns)
        return drawn and len(self.journal.maps) == self.journal.n_days + 1 == self.day + 1

    @property
    def instead(self) -> str:
        """What is shown when the run cannot be simulated again, as a sentence."""
        if not self.journal.maps:
            return "No ground was recorded, so this is the present model under the same scenario, seed and levers."
        return "The recorded ground is shown, without units."

    def differing(self, words: str) -> RecordedRun:
        """The same record, not to be simulated again."""
        return dataclasses.replace(self, other=words)

    def history(self, most_bytes: int) -> History:
        """All its days with maps as recorded frames."""
        per_day = self.scenario.steps_per_day
        book = History(per_day, most_bytes)
        c = self.journal.columns
        for day, control in sorted(self.journal.maps.items()):
            of_day = lambda name, day=day: c[name][day] if name in c else None  # noqa: E731
            units, held = of_day("units"), of_day("held_km2")
            held_km2 = float(control.sum()) / 100.0 * self.scenario.cell_km**2 if held is None else float(held)
            book.add(RecordedFrame(
                {
                    "step": day * per_day, "day": max(day - 1, 0), "part": 3, "sky": None, "counts": [["–"] * COUNTED] * 2,
                    "units": None if units is None else int(units), "held": round(held_km2, 1),
                },
                [_nobody(control)],
            ))  # fmt: skip
        if self.frame is not None and self.frame.step in book.frames:
            last = book.frames[self.frame.step]
            book.add(RecordedFrame(last.moment | {"counts": _counts(self.frame)}, [_layers(self.frame)]))
        return book


def made_elsewhere(code: str, commit: str, record: RecordedRun) -> RecordedRun:
    """The record, marked when another version of the model made it."""
    if code == code_key():
        return record
    return record.differing(f"This run was made by another version of the model (commit {commit}). {record.instead}")


@lru_cache(maxsize=4)
def read_run(folder: Path, member: str = "median") -> RecordedRun:
    """One run of an output folder: `member` is median, low, high (ground held at the end) or a seed."""
    try:
        table = run_files.daily_columns(folder)
        runs, _, control = run_files.control_maps(folder)
        scenario = run_files.scenario_of(folder, run_files.manifest(folder))
    except run_files.DAMAGE as error:
        raise InputError(f"--run {str(folder)!r}: not the output of `pokrovsk run` with maps ({first_line(error)}).") from None
    try:
        return _one_run(folder, scenario, table, control, runs, member)
    except InputError:
        raise
    except run_files.DAMAGE as error:
        raise InputError(f"--run {str(folder)!r}: its files do not belong together ({first_line(error)}).") from None


def _one_run(folder: Path, scenario: Scenario, table: dict[str, np.ndarray], control: np.ndarray, runs: np.ndarray, member: str) -> RecordedRun:
    from sim.view.run_data import changes_of, commit_of

    run = _choose(table, runs, member)
    rows = np.flatnonzero(table["run"] == run)
    rows = rows[np.argsort(table["day"][rows])]
    columns = {name: values[rows] for name, values in table.items() if name not in ("run", "seed")}
    seed = int(table["seed"][rows[0]]) if "seed" in table else 1
    maps = control[int(np.flatnonzero(runs == run)[0])][: len(rows)]
    days = np.arange(len(rows))
    if maps.shape != (len(rows), *_shape(scenario)) or not np.array_equal(columns["day"], days):
        raise ValueError(f"{len(rows)} days of figures, and maps of shape {maps.shape}")
    frame = frame_from_run(folder) if (folder / FRAME_FILE).is_file() else None
    record = RecordedRun(
        scenario=scenario, seed=seed, overrides=changes_of(folder),
        label=f"Recorded run, seed {seed}{f', {member} of {len(runs)}' if len(runs) > 1 else ''}",
        journal=Diary(columns, dict(enumerate(maps)), run_files.events(folder, run)),
        frame=frame if frame is not None and frame.seed == seed else None,
    )  # fmt: skip
    return made_elsewhere(str(run_files.manifest(folder).get("code")), commit_of(folder), record)


def first_line(error: Exception) -> str:
    """The first line of the text of an error."""
    return str(error).partition("\n")[0][:200] or type(error).__name__


def number_of(member: str) -> int | None:
    """The number that selects a run; None for words."""
    return int(member) if member.isascii() and member.isdigit() and len(member) < 19 else None


def _shape(scenario: Scenario) -> tuple[int, int]:
    """Rows and columns of the maps of a scenario."""
    return round(scenario.box.height_km / scenario.cell_km), round(scenario.box.width_km / scenario.cell_km)


def _choose(table: dict[str, np.ndarray], runs: np.ndarray, member: str) -> int:
    """The number of the run that `member` selects, among those with maps."""
    if (seed := number_of(member)) is not None:
        found = [r for r in np.unique(table["run"][table["seed"] == seed]) if r in runs] if "seed" in table else []
        if not len(found):
            raise InputError(f"--member {member}: no run with maps has that seed.")
        return int(found[0])
    if member not in ("median", "low", "high"):
        raise InputError(f"--member {member!r}: allowed: median, low, high, or a seed.")
    ends = [float(table[BY][table["run"] == r][-1]) for r in runs]
    order = np.argsort(ends)
    return int(runs[order[{"low": 0, "high": -1, "median": (len(runs) - 1) // 2}[member]]])


def _nobody(control: np.ndarray) -> Layers:
    """A day of which only control is recorded."""
    return {"control": np.round(control.astype(float) * 2.5).astype(np.uint8).tobytes(), "units": b"", "bombs": b""}


def _layers(frame: Frame) -> Layers:
    """All layers of a moment that was written in full, without strain and supply of units, which were not."""
    bomb = frame.kind == Kind.GLIDE_BOMB
    x, y, men, kind, side, task = (column[~bomb] for column in (frame.x, frame.y, frame.men, frame.kind, frame.side, frame.task))
    by_side = lambda a: np.moveaxis(a, -1, 0)  # noqa: E731
    ids, unknown = np.arange(len(x)), np.zeros(len(x), bool)
    return {
        "units": unit_bytes(ids, places(x, y, frame.extent), men, kind, side, task, unknown, bytes(len(x))),
        "control": share(frame.control, 250.0),
        "works": share(by_side(frame.works)),
        "supply": share(by_side(frame.supply)),
        "flags": flag_bytes(frame.grey, frame.cut),
        "threat": share(by_side(frame.threat) / 2.55),
        "bombs": places(frame.x[bomb], frame.y[bomb], frame.extent),
    }


def _counts(frame: Frame) -> list[list[int | str]]:
    """Groups by side; how many are tired was not written."""
    found = counts(frame.kind, frame.side, frame.task, np.zeros(len(frame.kind), bool))
    return [[*row[:5], "–", *row[6:]] for row in found]
