"""Simulations of a calibration: the study of given points, and the summary statistics of its runs, computed once and kept.

Targets of auxiliary battles have theirs from `experiments.calibration.auxiliary`, run by run beside the long battle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.calibration.auxiliary import Auxiliary
from experiments.calibration.auxiliary_summaries import Job, all_summarized
from experiments.calibration.config import Calibration
from experiments.observation import publication
from experiments.observation.publication import direction_of
from experiments.results.maps import maps_of
from sim.identity import code_key

if TYPE_CHECKING:
    from experiments.studies.study import Study
    from experiments.sweep.runner import SweepRunner

FILE = "summaries.parquet"
APART = 1_000_000  # seeds of one wave and of the next


def study_of(plan: Calibration, name: str, values: dict[str, list[float]], replicates: int, number: int) -> Study:
    """The study of given points over the fit window. Each run has random variation of its own: seeds of wave `number`."""
    from experiments.observation.observed import MEASURES, STATES
    from experiments.studies.files import study_of as made

    n = len(next(iter(values.values())))
    first = plan.seed + number * APART
    fields = {
        "name": name,
        "title": f"{plan.title or plan.name}: {name}",
        "scenario": plan.scenario,
        "design": "given",
        "replicates": replicates,
        "point_seeds": list(range(first, first + n * replicates, replicates)),
        "start": plan.first,
        "days": plan.days,
        "measures": list(MEASURES + STATES),
        "daily": True,
        "maps": list(range(plan.days + 1)),
        "factors": {key: list(column) for key, column in values.items()},
    }
    return made(fields, name).checked()


# What the runs show


@dataclass(frozen=True)
class SummaryTable:
    """Summary statistics of runs as they are compared: `point` (r,), `seed` (r,), `values` (r, targets), NaN where one has none.

    `unit_points` (points, parameters) in the unit cube of the ranges; `seconds` of one core that the runs took.
    """

    point: np.ndarray
    seed: np.ndarray
    values: np.ndarray
    unit_points: np.ndarray
    seconds: float = 0.0

    @property
    def n_points(self) -> int:
        return len(self.unit_points)

    def runs_of(self) -> np.ndarray:
        """Runs with a value, (points, targets)."""
        out = np.zeros((self.n_points, self.values.shape[1]))
        np.add.at(out, self.point, np.isfinite(self.values))
        return out

    def means(self) -> np.ndarray:
        """Means over the runs of each point, (points, targets); NaN without any."""
        total = np.zeros((self.n_points, self.values.shape[1]))
        np.add.at(total, self.point, np.nan_to_num(self.values))
        with np.errstate(invalid="ignore", divide="ignore"):
            return total / np.where(self.runs_of() > 0, self.runs_of(), np.nan)

    def residuals(self) -> np.ndarray:
        """What runs differ by from their point's mean, scaled so that their variance is that of a single run."""
        count = self.runs_of()[self.point]
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.values - self.means()[self.point]) * np.sqrt(count / np.where(count > 1, count - 1, np.nan))

    def part(self, points: np.ndarray) -> SummaryTable:
        """Some points with their runs, numbered anew in their order."""
        number = np.full(self.n_points, -1)
        number[points] = np.arange(len(points))
        runs = number[self.point] >= 0
        return SummaryTable(
            number[self.point[runs]], self.seed[runs], self.values[runs], self.unit_points[points], self.seconds
        )

    @staticmethod
    def joined(tables: list[SummaryTable]) -> SummaryTable:
        """Several tables as one; their points are numbered on."""
        shift = np.cumsum([0, *(t.n_points for t in tables[:-1])])
        seed, values, unit_points = (
            np.concatenate([getattr(t, name) for t in tables]) for name in ("seed", "values", "unit_points")
        )
        return SummaryTable(
            np.concatenate([t.point + s for t, s in zip(tables, shift)]),
            seed,
            values,
            unit_points,
            sum(t.seconds for t in tables),
        )


def table_of(folder: Path, plan: Calibration, runner: SweepRunner) -> SummaryTable:
    """What the runs of a study's folder show, as far as they have ended; computed for those that are new, auxiliary battles too."""
    from experiments.results.loading import load

    found = load(folder)
    done = found.done.set_index("run").sort_index()
    kept = _kept(folder, plan)
    missing = done.index.difference(kept.index)
    if len(missing):
        fresh = pd.DataFrame.from_dict(
            dict(_summarized(folder, plan, found, set(missing))), orient="index", columns=_ids(plan)
        )
        kept = fresh if kept.empty else pd.concat([kept, fresh])
        _keep(folder, plan, kept)
    kept = kept.loc[kept.index.intersection(done.index)].sort_index()
    unit_points = plan.space.to_unit({key: found.points[key].tolist() for key in plan.space.keys})
    rows = done.loc[kept.index]
    values = pd.concat([kept, _auxiliary(folder, plan, found.points, rows, runner)], axis=1)
    return SummaryTable(
        rows["point"].to_numpy(int),
        rows["seed"].to_numpy(int),
        values[[t.id for t in plan.target]].to_numpy(float),
        unit_points,
        float(rows["exec_wall_s"].sum()),
    )


def _ids(plan: Calibration) -> list[str]:
    """Targets of the long battle."""
    return [t.id for t in plan.target if t.battle == "long"]


def _auxiliary(
    folder: Path, plan: Calibration, points: pd.DataFrame, rows: pd.DataFrame, runner: SweepRunner
) -> pd.DataFrame:
    """Summaries of the auxiliary battles of runs: of engagements for all, of a watched battle for the first run of each point."""
    targets = [t for t in plan.target if t.battle != "long"]
    if not targets:
        return pd.DataFrame(index=rows.index)
    asked = tuple((t.of, tuple(t.arguments.items()), t.is_log) for t in targets)
    is_watched = any(t.battle == "watched" for t in targets)
    first = ~rows["point"].duplicated()
    odds, n = plan.engagement_odds, plan.budget.engagements
    jobs = []
    for row, one in zip(rows.itertuples(), first):
        overrides = tuple((key, points.at[row.point, key].item()) for key in plan.space.keys)
        jobs.append(Job(Auxiliary(overrides, int(row.seed), odds, n, bool(is_watched and one), plan.scenario), asked))
    found = all_summarized(jobs, folder / "auxiliary", code_key(), runner)
    return pd.DataFrame(found, index=rows.index, columns=[t.id for t in targets])


def summaries_key(plan: Calibration) -> str:
    """Hash of what decides the summaries of a run that was made: the targets' arguments and the observation parameters."""
    targets = [[t.id, t.of, t.arguments] for t in plan.target if t.battle == "long"]
    return hashlib.sha256(
        json.dumps([targets, asdict(publication.observation_parameters())], default=str).encode()
    ).hexdigest()[:16]


def _kept(folder: Path, plan: Calibration) -> pd.DataFrame:
    """What was computed before, by run; nothing when it was computed for other targets."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    empty = pd.DataFrame(columns=_ids(plan), dtype=float)
    try:
        with pq.ParquetFile(folder / FILE) as file:  # a folder `run=9` is no column
            table = file.read()
    except (FileNotFoundError, pa.ArrowException, OSError):
        return empty
    stamp = table.schema.metadata or {}
    if stamp.get(b"key", stamp.get(b"told")) != summaries_key(plan).encode():
        return empty
    return table.to_pandas().set_index("run")[_ids(plan)]


def _keep(folder: Path, plan: Calibration, kept: pd.DataFrame) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from experiments.storage.files import replacing, writing

    table = pa.Table.from_pandas(kept.rename_axis("run").reset_index(), preserve_index=False)
    with writing(repr(str(folder))), replacing(folder / FILE) as draft:
        pq.write_table(table.replace_schema_metadata({b"key": summaries_key(plan).encode()}), draft, compression="zstd")


def _summarized(folder: Path, plan: Calibration, found: Any, wanted: set[int]) -> Iterator[tuple[int, list[float]]]:
    """Summaries of runs, one at a time: their maps together would fill the memory."""
    from experiments.calibration.summaries import value_of
    from experiments.observation.observed import STATES, ObservedRun, Places, books_of

    scenario = plan.battle
    direction, places = direction_of(scenario), Places.of(scenario)
    daily = dict(iter(found.daily.sort_values("day").groupby("run")))
    seed = found.done.set_index("run")["seed"]
    for run, control in maps_of(folder):
        if run in wanted and len(control) == plan.days + 1:
            maps = publication.publish_maps(control, scenario, int(seed[run]), direction)
            states = {name: daily[run][name].to_numpy(float) for name in STATES}
            one = ObservedRun(maps, books_of(daily[run]), places, states=states)
            yield run, [value_of(one, t.of, t.arguments, t.is_log) for t in plan.target if t.battle == "long"]
