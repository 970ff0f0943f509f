"""A run that was written to a folder, as frames by day: control, figures and events, and units on the last day."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.forces import Kind, Side, Task
from sim.frame import FRAME_FILE, Frame, frame_from_run
from sim.quantity import InputError
from sim.scenario import Scenario
from sim.settings import Settings
from sim.view.page.encode import WAITING, Layers
from sim.view.page.ground import share
from sim.view.page.history import History, Recorded

MISSING = ("grey", "danger", "supply", "works", "bombs", "pockets", "units")  # layers that a folder has for the last day only
BY = "held_km2"  # what runs of an ensemble are ordered by


@dataclasses.dataclass(frozen=True)
class Diary:
    """What a journal tells, read from a folder."""

    columns: dict[str, np.ndarray]
    maps: np.ndarray
    events: list[dict[str, Any]]

    def daily(self) -> dict[str, np.ndarray]:
        return self.columns


@dataclasses.dataclass
class RecordedRun:
    """One run of a folder, with what a session asks of a world."""

    scenario: Scenario
    seed: int
    overrides: dict[str, Any]
    commit: str
    told: str  # which of how many
    journal: Diary
    frame: Frame | None
    mustered: float  # attacker's men to the defender's at the start

    def __post_init__(self):
        self.settings = Settings({**self.scenario.params, **self.overrides})
        self.step_index = (len(self.journal.maps) - 1) * self.scenario.steps_per_day
        self.manpower_mustered = self.mustered

    @property
    def day(self) -> int:
        return len(self.journal.maps) - 1

    def history(self, most_bytes: int) -> History:
        """All its days as recorded frames."""
        per_day = self.scenario.steps_per_day
        book = History(per_day, most_bytes)
        c = self.journal.columns
        for day, control in enumerate(self.journal.maps):
            book.add(Recorded(
                {
                    "step": day * per_day, "day": max(day - 1, 0), "part": 3, "sky": None, "counts": [["–"] * 5] * 2,
                    "units": int(c["units"][day]) if "units" in c else None, "held": round(float(c["held_km2"][day]), 1),
                },
                [_nobody(control)],
            ))  # fmt: skip
        if self.frame is not None and self.frame.step == self.step_index:
            last = book.frames[self.step_index]
            book.frames[self.step_index] = Recorded(last.moment | {"counts": _counts(self.frame)}, [_layers(self.frame)])
        return book


@lru_cache(maxsize=4)
def read_run(folder: Path, member: str = "median") -> RecordedRun:
    """One run of an output folder: `member` is median, low, high (ground held at the end) or a seed."""
    from sim.view.story import changes_of, commit_of, daily_columns, manifest

    try:
        table, told = daily_columns(folder), manifest(folder)
        with np.load(folder / "control.npz") as data:
            control, runs = data["control"], data["run"] if "run" in data else np.zeros(1, int)
        scenario = Scenario.model_validate(told["scenario"])
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"--run {str(folder)!r}: not the output of `pokrovsk run` with maps ({error}).") from None
    control = control[None] if control.ndim == 3 else control
    run = _choose(table, runs, member)
    rows = np.flatnonzero(table["run"] == run)
    rows = rows[np.argsort(table["day"][rows])]
    columns = {name: values[rows] for name, values in table.items() if name not in ("run", "seed")}
    seed = int(table["seed"][rows[0]]) if "seed" in table else 1
    frame = frame_from_run(folder) if (folder / FRAME_FILE).is_file() else None
    men = {s: sum(f.infantry for f in scenario.formation if f.side == s and _at_start(f, scenario)) for s in ("attacker", "defender")}
    return RecordedRun(
        scenario=scenario, seed=seed, overrides=changes_of(folder), commit=commit_of(folder),
        told=f"Recorded run, seed {seed}, {member if len(runs) > 1 else 'the only one'} of {len(runs)}",
        journal=Diary(columns, control[int(np.flatnonzero(runs == run)[0])], _events(folder, run)),
        frame=frame if frame is not None and frame.seed == seed else None,
        mustered=men["attacker"] / max(men["defender"], 1),
    )  # fmt: skip


def _at_start(f: Any, scenario: Scenario) -> bool:
    return (f.arrive is None or f.arrive <= scenario.start) and (f.leave is None or f.leave > scenario.start)


def _choose(table: dict[str, np.ndarray], runs: np.ndarray, member: str) -> int:
    """The number of the run that is meant, among those with maps."""
    if member.lstrip("-").isdigit():
        found = np.unique(table["run"][table["seed"] == int(member)]) if "seed" in table else []
        found = [r for r in found if r in runs]
        if not len(found):
            raise InputError(f"--member {member}: no run with maps has that seed.")
        return int(found[0])
    if member not in ("median", "low", "high"):
        raise InputError(f"--member {member!r}: allowed: median, low, high, or a seed.")
    ends = [float(table[BY][table["run"] == r][-1]) for r in runs]
    order = np.argsort(ends)
    return int(runs[order[{"low": 0, "high": -1, "median": (len(runs) - 1) // 2}[member]]])


def _events(folder: Path, run: int) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    file = folder / "events.parquet"
    if not file.is_file():
        return []
    rows = pq.read_table(file).to_pylist()
    return [r for r in rows if r.get("run", run) == run]


def _nobody(control: np.ndarray) -> Layers:
    """A day of which only control is recorded."""
    return {"control": np.round(control.astype(float) * 2.5).astype(np.uint8).tobytes(), "units": b"", "bombs": b""}


def _layers(frame: Frame) -> Layers:
    """All layers of a moment that was written in full."""
    w, e, s, n = frame.extent
    place = lambda v, low, high: np.round(np.clip((v - low) / (high - low), 0, 1) * 65535).astype("<u2").tobytes()  # noqa: E731
    bomb = frame.kind == Kind.GLIDE_BOMB
    rows = np.flatnonzero(~bomb)
    code = frame.kind[rows].astype(np.uint8) | frame.side[rows].astype(np.uint8) << 3
    code |= (frame.task[rows] == Task.INFILTRATE).astype(np.uint8) << 4 | np.isin(frame.task[rows], WAITING).astype(np.uint8) << 5
    flags = frame.grey.astype(np.uint8) | (frame.cut[..., 0] > 0).astype(np.uint8) << 1 | (frame.cut[..., 1] > 0).astype(np.uint8) << 2
    by_side = lambda a: np.moveaxis(a, -1, 0)  # noqa: E731
    return {
        "units": b"".join((
            np.arange(len(rows), dtype="<u4").tobytes(), place(frame.x[rows], w, e), place(frame.y[rows], s, n),
            np.clip(frame.men[rows], 0, 255).astype(np.uint8).tobytes(), code.tobytes(), bytes(len(rows)))),
        "control": share(frame.control, 250.0),
        "works": share(by_side(frame.works)),
        "supply": share(by_side(frame.supply)),
        "flags": flags.tobytes(),
        "threat": share(by_side(frame.threat) / 2.55),
        "bombs": place(frame.x[bomb], w, e) + place(frame.y[bomb], s, n),
    }  # fmt: skip


def _counts(frame: Frame) -> list[list[int]]:
    ring = frame.task == Task.INFILTRATE
    foot = frame.kind == Kind.INFANTRY
    kinds = (foot & ~ring, foot & ring, *(frame.kind == k for k in (Kind.FPV_TEAM, Kind.ARTILLERY, Kind.ARMOR)))
    return [[int((k & (frame.side == s)).sum()) for k in kinds] for s in Side]
