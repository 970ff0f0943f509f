"""An evidence folder as a record of its own: areas by map, dates of control and rasters, up to the day on which it ends.

What is scored against a folder is scored against that folder's tables, not against those that come with the project.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from experiments.observation import record
from experiments.observation.areas import Areas
from experiments.observation.record import Rasters
from experiments.storage.files import reading
from sim.errors import InputError
from sim.record import PARTS

AREAS_FILE, CONTROL_FILE = "area_daily.csv", "control.csv"
CHANGES = ("captured", "recaptured", "captured_2", "recaptured_2")  # of hand, in their order
HELD = "held_by_russia_at_start"


@dataclass(frozen=True)
class Evidence:
    """The record of a folder. `maps`: its published maps, a row each; `control`: its settlements; dates are datetime64."""

    rasters: Rasters
    maps: pd.DataFrame
    control: pd.DataFrame

    @property
    def end(self) -> dt.date:
        """The day of the last map."""
        return self.maps["date"].iloc[-1].date()

    def areas(self, part: str = "box") -> Areas:
        """Occupied ground of the "box" or the "direction" on every published map."""
        held, gained, lost = (self.maps[name].fillna(0.0).to_numpy(float) for name in _columns(PARTS[part]))
        return Areas(self.maps["date"].to_numpy("M8[D]"), held, gained, lost)

    @cached_property
    def _events(self) -> dict[str, list[tuple[pd.Timestamp, bool]]]:
        """Changes of hand of each settlement in their order: date, and whether the attacker holds it from then on."""
        return {
            row["id"]: [(row[name], name.startswith("captured")) for name in CHANGES if pd.notna(row[name])]
            for _, row in self.control.iterrows()
        }

    def captured_after(self, date: dt.date) -> dict[str, float]:
        """Days from a date to the first capture after it, of places that are free on it; infinite for none."""
        since, out = pd.Timestamp(date), {}
        for place, at_start in zip(self.control["id"], self.control[HELD]):
            before = [held for day, held in self._events[place] if day <= since]
            if before[-1] if before else at_start:
                continue
            later = [day for day, held in self._events[place] if day > since and held]
            out[place] = float((later[0] - since).days) if later else math.inf
        return out


def read(folder: str | Path) -> Evidence:
    """The evidence of a folder, all of it read and checked once; InputError says in one line what is missing or wrong."""
    rasters = record.rasters(folder)
    assert rasters is not None, "a folder is given"
    names = [name for suffix in PARTS.values() for name in _columns(suffix)]
    maps = _table(rasters.folder / AREAS_FILE, dates=("date",), numbers=("map_available", *names))
    maps = maps[maps["map_available"] == 1].reset_index(drop=True)
    place = repr(str(rasters.folder / AREAS_FILE))
    if maps.empty or not maps["date"].is_monotonic_increasing:
        raise InputError(f"{place}: {'no map' if maps.empty else 'dates out of order'}; needed: a row a day, in order.")
    if maps["date"].iloc[-1].date() > record.END:
        raise InputError(f"{place}: a map of {maps['date'].iloc[-1].date()}; nothing after {record.END} is read.")
    blank = [name for name in names if name.startswith("occ") and maps[name].isna().any()]
    if blank:
        raise InputError(f"{place}: column {blank[0]!r} is blank on a day with a map.")
    control = _table(rasters.folder / CONTROL_FILE, dates=CHANGES, numbers=(HELD,), texts=("id",))
    return Evidence(rasters, maps, control)


def _columns(suffix: str) -> tuple[str, str, str]:
    return f"occ_{suffix}_km2", f"gained_{suffix}", f"lost_{suffix}"


def _table(file: Path, dates: tuple[str, ...], numbers: tuple[str, ...], texts: tuple[str, ...] = ()) -> pd.DataFrame:
    """Columns of a CSV by kind; blanks are NaN or NaT. InputError names a column that lacks or a value that is no such thing."""
    with reading(repr(str(file))):
        table = pd.read_csv(file, dtype=str, encoding="utf-8-sig")
    for name in (*texts, *dates, *numbers):
        if name not in table:
            raise InputError(f"{str(file)!r}: no column {name!r}.")
    out = table[[*texts, *dates, *numbers]].copy()
    for kind, names, parse in (
        ("date", dates, lambda c: pd.to_datetime(c, format="%Y-%m-%d", errors="coerce")),
        ("number", numbers, lambda c: pd.to_numeric(c, errors="coerce")),
    ):
        for name in names:
            found = parse(table[name])
            wrong = table[name][found.isna() & table[name].notna()]
            if len(wrong):
                raise InputError(f"{str(file)!r}, column {name!r}: {wrong.iloc[0]!r} is no {kind}.")
            out[name] = found
    if out[[*texts]].isna().any(axis=None) or (len(dates) == 1 and out[dates[0]].isna().any()):
        raise InputError(f"{str(file)!r}: a row without {(*texts, *dates)[0]!r}.")
    return out
