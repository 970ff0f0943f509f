"""What a figure needs to know of a run or an ensemble: figures by day, maps by day, the last moment, the public record.

Reads an output folder (daily.parquet, control.npz, frame.npz, manifest.toml) or takes a live world with its journal.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import seeds
from sim.frame import FRAME_FILE, Frame, frame_from_maps, frame_from_run, frame_of
from sim.view import style

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.world import World

RECORD = "DeepState areas, computed from the public daily archive"
PRICES = ("derived_cas_2024_12", "derived_cas_2025_01", "isw_cas_2025_summer")  # claimed casualties per km2


@dataclass(frozen=True)
class Story:
    """One run to be drawn. `daily` holds columns by day, day 0 the start; `maps` (days + 1, ny, nx) shares 0..1."""

    scenario: Scenario
    seed: int
    runs: int  # runs in the folder this one comes from
    commit: str
    daily: dict[str, np.ndarray]
    maps: np.ndarray
    frame: Frame

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


def story_of(source: str | Path | World) -> Story:
    """The run of a live world, or the first run of an output folder."""
    if isinstance(source, (str, Path)):
        return _from_folder(Path(source))
    journal = source.journal
    if journal is None:
        raise ValueError("this world keeps no journal; muster it with record=True")
    return Story(
        source.scenario, source.seed, 1, style.commit(), journal.daily(), journal.control() / 100.0, frame_of(source)
    )


def _from_folder(folder: Path) -> Story:
    for name in ("daily.parquet", "control.npz"):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder} holds no {name}; it is not the output of a run, or of a run without maps"
            )
    table = daily_columns(folder)
    rows = table["run"] == table["run"][0]
    order = np.argsort(table["day"][rows])
    daily = {name: values[rows][order] for name, values in table.items()}
    with np.load(folder / "control.npz") as data:
        control = data["control"]
        if control.ndim == 4:
            control = control[0]
        elif "run" in data and np.shape(data["run"]) == (len(control),):
            control = control[data["run"] == data["run"][0]]
    if (folder / FRAME_FILE).is_file():
        frame = frame_from_run(folder)
    else:
        frame = frame_from_maps(_scenario(folder), seeds_of(daily)[0], control / 100.0)
    return Story(
        frame.scenario, frame.seed, len(np.unique(table["run"])), commit_of(folder), daily, control / 100.0, frame
    )


def _scenario(folder: Path) -> Scenario:
    from sim.scenario import Scenario

    told = manifest(folder).get("scenario")
    if told is None:
        raise FileNotFoundError(f"{folder} holds neither {FRAME_FILE} nor a manifest.toml with its scenario")
    return Scenario.model_validate(told)


def daily_columns(folder: str | Path) -> dict[str, np.ndarray]:
    """All runs of a folder by day as columns, `run` and `day` among them whatever wrote it."""
    import pyarrow.parquet as pq

    table = pq.read_table(Path(folder) / "daily.parquet")
    columns = {name: table[name].to_numpy() for name in table.column_names}
    columns.setdefault("run", columns.get("seed", np.zeros(len(columns["day"]), int)))
    return columns


def seeds_of(columns: dict[str, np.ndarray], fallback: int = 0) -> list[int]:
    """The seeds of the runs in a table."""
    return [int(s) for s in np.unique(columns["seed"])] if "seed" in columns else [fallback]


def manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of an output folder, empty when there is none."""
    file = Path(folder) / "manifest.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def commit_of(folder: Path) -> str:
    data = manifest(folder)
    for table in (data, *(v for v in data.values() if isinstance(v, dict))):
        for key in ("commit", "code_commit", "git_commit"):
            if table.get(key):
                return str(table[key])[:12]
    return style.commit()


# The public record


@dataclass(frozen=True)
class Area:
    """Occupied ground in the box by day, from the record. `gained` and `lost` since the map before, km2."""

    date: np.ndarray  # datetime64[D]
    held: np.ndarray  # km2
    gained: np.ndarray
    lost: np.ndarray

    def between(self, start: dt.date, end: dt.date) -> Area:
        """The part from `start` to `end`, both included."""
        part = (self.date >= np.datetime64(start)) & (self.date <= np.datetime64(end))
        return Area(self.date[part], self.held[part], self.gained[part], self.lost[part])


def recorded(scenario: Scenario) -> Area | None:
    """The record for a scenario's box; None for made-up ground, another box, or dates without a record."""
    box = scenario.box
    if scenario.map.synthetic or (box.x0_km, box.y0_km, box.width_km, box.height_km) != (0.0, 0.0, 80.0, 80.0):
        return None
    rows = [r for r in seeds.table("area_daily") if r["occ_box_km2"]]
    column = lambda name: np.array([float(r[name] or 0) for r in rows])  # noqa: E731
    date = np.array([np.datetime64(r["date"]) for r in rows])
    area = Area(date, column("occ_box_km2"), column("gained_box"), column("lost_box"))
    end = scenario.start + dt.timedelta(days=scenario.days)
    area = area.between(scenario.start, end)
    return area if len(area.date) > 7 else None


def claimed_prices(start: dt.date, end: dt.date) -> list[tuple[dt.date, float, str]]:
    """Claimed casualties per km2 with the middle of their period, for periods that meet these dates."""
    found = []
    for name in PRICES:
        fact = seeds.facts().get(name)
        if fact is None or fact.value is None:
            continue
        first, last = dt.date.fromisoformat(fact.period_start), dt.date.fromisoformat(fact.period_end)
        middle = first + (last - first) / 2
        if start <= middle <= end:
            found.append((middle, float(fact.value), "theatre" if "theatre" in fact.quantity.lower() else ""))
    return found
