"""The record of the battle as figures: areas by map, losses by month, days of capture; rasters only from a folder given.

Series come with the project (`seeds`). Rasters of control are nobody's to redistribute: who has the evidence package
gives its folder (`--record DIR`), and nothing of it is copied.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

import seeds
from experiments.observation.areas import Areas
from sim.errors import InputError
from sim.record import area_columns, recorded_areas
from sim.scenario import RECORD_END

START = dt.date(2024, 7, 8)
END = RECORD_END
SPAN_END = dt.date(2025, 8, 31)  # the baseline ends here: what scorecards and the mission compare runs with
FIT_END = dt.date(2025, 4, 30)  # parameters are fitted to here; what follows is open validation
SIDE = 80  # cells of 1 km along an edge of the box
DAYS_FILE, BACK_FILE = "cell_capture_day.csv", "cell_recapture_day.csv"


@cache
def areas(part: str = "box", last: dt.date = END) -> Areas:
    """Occupied ground of the "box" or the "direction" on every published map up to a date."""
    found = recorded_areas(part).between(START, last)
    return Areas(found.date, found.held, found.gained, found.lost)


@cache
def states() -> dict[str, np.ndarray]:
    """Other figures by map: `date`, `front_km` (smoothed), `distance_km` and `envelopment` of Pokrovsk."""
    found = area_columns("front_km_smooth", "dist_pokrovsk_km", "encircled_fraction_pokrovsk")
    return dict(zip(("date", "front_km", "distance_km", "envelopment"), found.values()))


@cache
def losses() -> dict[str, np.ndarray]:
    """Claims for the whole theatre by month: `month` datetime64[M], `casualties`, `armor` (tanks and fighting vehicles)."""
    rows = seeds.table("losses_monthly")
    number = lambda name: np.array([float(r[name]) for r in rows])  # noqa: E731
    month = np.array([r["month"] for r in rows], "M8[M]")
    return {
        "month": month,
        "casualties": number("ru_personnel_gs"),
        "armor": number("ru_tanks_gs") + number("ru_afv_gs"),
    }


@dataclass(frozen=True)
class Places:
    """Settlements that were not held at the start: id, place in km, day of capture (infinite: never), (s,) each."""

    id: list[str]
    x: np.ndarray
    y: np.ndarray
    day: np.ndarray

    @property
    def taken(self) -> np.ndarray:
        return np.isfinite(self.day)


@cache
def places(last: dt.date = END) -> Places:
    """Places free at the start, with the day on which their center was captured up to a date; unverified positions are left out."""
    control = {r["id"]: r for r in seeds.table("control")}
    rows = [
        r
        for r in seeds.table("settlements")
        if "unverified" not in r["coord_source"] and control[r["id"]]["held_at_start"] == "0"
    ]
    dates = [control[r["id"]]["captured"] for r in rows]
    day = [float((dt.date.fromisoformat(d) - START).days) if d and d <= last.isoformat() else math.inf for d in dates]
    x, y = (np.array([float(r[name]) for r in rows]) for name in ("x_km", "y_km"))
    return Places([r["id"] for r in rows], x, y, np.array(day))


# Rasters


@dataclass(frozen=True)
class Rasters:
    """Control by 1 km cell from an evidence folder: (80, 80) arrays, row 0 southern."""

    folder: Path

    @cached_property
    def captured(self) -> np.ndarray:
        """Day of first stable capture: 0 held at the start, -1 not captured."""
        return _raster(self.folder / DAYS_FILE, -1, (END - START).days)

    @cached_property
    def recaptured(self) -> np.ndarray:
        """Day of recapture, -1 where there was none."""
        return _raster(self.folder / BACK_FILE, -1, (END - START).days)

    @property
    def dates(self) -> list[dt.date]:
        """Dates of the maps that the folder holds as they are."""
        return sorted(_date_of(f) for f in self.folder.glob("front_*.csv"))

    def control(self, date: dt.date) -> np.ndarray:
        """Ground held on a date, bool: the map of that date, else what the days of capture and recapture say."""
        file = self.folder / f"front_{date:%Y%m%d}.csv"
        if file.is_file():
            return _raster(file, 0, 1) == 1
        day = (date - START).days
        taken = (self.captured >= 0) & (self.captured <= day)
        return taken & ~((self.recaptured > 0) & (self.recaptured <= day))

    def write_front(self, date: dt.date, file: Path) -> None:
        """Writes the control of a date as a raster that `--front` takes."""
        np.savetxt(file, self.control(date)[::-1].astype(int), fmt="%d", delimiter=",")


def rasters(folder: str | Path | None) -> Rasters | None:
    """The rasters of an evidence folder, all of them read and checked once; None without one."""
    if folder is None:
        return None
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"--record: folder {str(folder)!r} not found.")
    found = Rasters(folder)
    for name in (DAYS_FILE, BACK_FILE):
        if not (folder / name).is_file():
            raise InputError(
                f"--record {str(folder)!r}: no {name} in it; allowed: a folder in the form of the evidence package."
            )
    if not found.dates:
        raise InputError(f"--record {str(folder)!r}: no front_YYYYMMDD.csv in it.")
    late = [d for d in found.dates if d > END]
    if late:
        raise InputError(f"--record {str(folder)!r}: a map of {late[0]}; nothing after {END} is read.")
    for date in found.dates:
        found.control(date)
    _ = found.captured, found.recaptured
    return found


def _date_of(file: Path) -> dt.date:
    try:
        return dt.datetime.strptime(file.stem.removeprefix("front_"), "%Y%m%d").date()
    except ValueError:
        raise InputError(f"{file}: not a name of the form front_YYYYMMDD.csv.") from None


def _raster(file: Path, low: int, high: int) -> np.ndarray:
    """A raster CSV of whole numbers, first line the northern row; InputError says what is wrong with it."""
    try:
        lines = [line.split(",") for line in file.read_text(encoding="utf-8-sig").split()]
        values = np.array(lines, float)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}.") from None
    except ValueError:
        raise InputError(f"{file}: not a raster: a line of another length, or a value that is no number.") from None
    if values.shape != (SIDE, SIDE):
        wide = values.shape[1] if values.ndim == 2 else 0
        raise InputError(f"{file}: raster of {len(values)} lines by {wide} values; needed: {SIDE} by {SIDE} (1 km).")
    wrong = values[(values != np.round(values)) | (values < low) | (values > high)]
    if wrong.size:
        raise InputError(f"{file}: value {wrong[0]:g}; allowed: whole numbers from {low} to {high}.")
    return values[::-1].astype(int)
