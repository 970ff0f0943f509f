"""What `pokrovsk view` is to show: a scenario, the recorded run of a folder, or a run of a sweep, made again from its order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from sim.view.page.session.recorded_run import RecordedRun

BY = "held_km2"  # what the runs of a sweep are ordered by
WORDS = ("low", "median", "high")


def member_of(folder: Path, member: str) -> RecordedRun:
    """One run of a sweep: the median or an extreme by ground held, or one by its number.

    A sweep keeps no units, and few maps or none; the page makes the run again and holds it against what was kept.
    """
    from experiments.results.loading import load
    from sim.view.page.session.recorded_run import RecordedRun, made_elsewhere, number_of

    results = load(folder)
    study, runs = results.study, results.runs
    if study is None:
        raise InputError(f"--run {str(folder)!r}: {results.note}.")
    done = runs[runs["status"] == "done"].reset_index(drop=True)
    if (chosen := number_of(member)) is not None:
        rows = done[done["run"] == chosen]
    elif member in WORDS and len(done) and BY in done:
        ordered = done.sort_values(BY, kind="stable")
        rows = ordered.iloc[[{"low": 0, "median": (len(ordered) - 1) // 2, "high": -1}[member]]]
    else:
        rows = done.iloc[:0]
    if not len(rows):
        raise InputError(f"--member {member!r}: allowed: {', '.join(WORDS)}, or the number of a run that is done.")
    row = rows.iloc[0]
    number, seed = int(row["run"]), int(row["seed"])
    point = study.point(int(row["point"]))
    levels = ", ".join(f"{name} {level}" for name, level in point.levels.items())
    record = RecordedRun(
        scenario=study.scenario_of(point),
        seed=seed,
        overrides=point.overrides,
        label=f"Run {number} of {study.name} ({levels}), seed {seed}",
        journal=_kept(folder, number),
        finals=_finals(row),
    )
    return made_elsewhere(str(row["code"]), str(row["commit"] or "not recorded"), record)


def _finals(row: Any) -> dict[str, float]:
    """The final value of every measure that the row has."""
    from sim.measures import MEASURES

    return {name: float(row[name]) for name in MEASURES if name in row and row[name] is not None}


def _kept(folder: Path, number: int) -> Any:
    """Figures by day and maps that a sweep kept of one run; either may be none at all."""
    from sim.measures import MEASURES
    from sim.run_files import DAMAGE
    from sim.view.page.session.recorded_run import Diary, first_line

    try:
        daily, maps = (_rows(folder, name, number) for name in ("daily", "maps"))
        columns = {} if daily is None else {n: daily[n].to_numpy() for n in daily.column_names if n in MEASURES}
        drawn = {} if maps is None else {r["day"]: _map(r) for r in maps.to_pylist()}
    except DAMAGE as error:
        raise InputError(f"--run {str(folder)!r}: what it kept of run {number} cannot be read ({first_line(error)}).") from None
    return Diary(columns, drawn, [])


def _map(row: dict[str, Any]) -> np.ndarray:
    """One day's control in percent, (ny, nx)."""
    import numpy as np

    return np.frombuffer(row["control"], np.uint8).reshape(row["ny"], row["nx"])


def _rows(folder: Path, name: str, number: int) -> pa.Table | None:
    """The rows of one run in a table of a sweep, by day; None when the sweep keeps no such table."""
    from experiments.storage.sweep_store import RowsByRun

    rows = RowsByRun([folder], name).rows(number)
    return None if rows is None else rows.sort_by("day")
