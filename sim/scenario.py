"""Scenarios: a TOML file and its typed object.

A scenario says where (box and projection), when (start, days), who (formations, objectives, other fronts), with what
(dated schedules of shells, drones, bombs and recruits), on which works, and with which parameters. It can build on
another one with `base = "name"`: tables are merged key by key, lists of entries are replaced by the new list.
"""

from __future__ import annotations

import datetime as dt
import math
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

import seeds
from sim.errors import InputError, did_you_mean, first_error, read_toml

LAEA = "+proj=laea +lat_0=48.25 +lon_0=37.20 +x_0=36000 +y_0=34000 +datum=WGS84 +units=km"
RECORD_START = dt.date(2023, 10, 1)
RECORD_END = dt.date(2025, 8, 31)
Side = Literal["attacker", "defender"]
Grade = Literal["high", "medium", "low", "assumed"]

# Dated supplies a schedule may carry: unit. Between two dates the value is interpolated when `linear`, else it steps.
SCHEDULES = {
    "shells_attacker": "rounds a day in the box",
    "shells_defender": "rounds a day in the box",
    "fpv_attacker": "FPV drones delivered a day in the box",
    "fpv_defender": "FPV drones delivered a day in the box",
    "fibre_attacker": "share of FPV drones on fibre",
    "fibre_defender": "share of FPV drones on fibre",
    "reach_attacker": "km, reach of an FPV crew beyond its own place",
    "reach_defender": "km, reach of an FPV crew beyond its own place",
    "bombs": "glide bombs a day in the box",
    "recruits_attacker": "men a day for the box",
    "recruits_defender": "men a day for the box",
    "vehicles_attacker": "armored vehicles a day for the box",
    "vehicles_defender": "armored vehicles a day for the box",
    "engineers_defender": "km of belt the defender's engineers can build a day",
    "engineers_attacker": "km of belt the attacker's engineers can build a day",
    "assault_group": "men, mean size of the attacker's foot assault group",
}


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Box(Table):
    """The piece of ground: corner and size in km of the projection."""

    projection: str = LAEA
    x0_km: float = 0.0
    y0_km: float = 0.0
    width_km: float = Field(80.0, gt=0, le=400)
    height_km: float = Field(80.0, gt=0, le=400)


class Map(Table):
    """Which map tables of `seeds/map` the sector is built from."""

    settlements: list[str] = ["settlements"]
    lines: list[str] = ["roads", "rail", "water"]
    synthetic: bool = Field(False, description="a made-up open sector with one road, for tests and teaching")
    front_x_km: float | None = Field(None, description="synthetic sector: the attacker holds all ground east of this")


class Formation(Table):
    """A brigade-sized body: its men and means on the map, and how well it is led."""

    name: str
    side: Side
    infantry: int = Field(ge=0, le=100_000, description="men in infantry groups")
    fpv_teams: int = Field(0, ge=0, le=2000)
    batteries: int = Field(0, ge=0, le=1000)
    armor_sections: int = Field(0, ge=0, le=1000)
    quality: float = Field(0.5, ge=0, le=1)
    leadership: float = Field(0.5, ge=0, le=1)
    axis: str | None = Field(None, description="name of an objective")
    arrive: dt.date | None = None
    leave: dt.date | None = None
    rotation_interval_days: float | None = Field(None, gt=0, le=720)
    relief: bool = Field(False, description="kept in hand for counterattack and relief, not for the line")
    source: str = ""
    grade: Grade = "assumed"

    def is_here(self, date: dt.date) -> bool:
        """True when it is in the sector on that date."""
        return (self.arrive is None or self.arrive <= date) and (self.leave is None or self.leave > date)


class Objective(Table):
    """A place the attacker wants; its weight says how much."""

    name: str
    settlement: str | None = None
    x_km: float | None = None
    y_km: float | None = None
    weight: float = Field(1.0, ge=0, le=100)
    direction: str | None = Field(None, description="name of the direction it belongs to, one of which is the main one at a time; its own if none")
    source: str = ""
    grade: Grade = "assumed"


class OtherFront(Table):
    """Another front that draws reserves and recruits away for a while."""

    name: str
    start: dt.date
    end: dt.date
    defender_share: float = Field(0.0, ge=0, le=1, description="share of the defender's intake and reserves drawn away")
    attacker_share: float = Field(0.0, ge=0, le=1, description="share of the attacker's intake drawn away")
    source: str = ""
    grade: Grade = "assumed"


class Deadline(Table):
    """A date by which ground is wanted: tempo up and consolidation down for a while before it."""

    name: str
    start: dt.date
    end: dt.date
    source: str = ""
    grade: Grade = "assumed"


class Belt(Table):
    """A line of works: corners in km, condition at `built` and km of depth."""

    name: str
    side: Side = "defender"
    points: list[tuple[float, float]] = Field(min_length=2)
    condition: float = Field(0.8, ge=0, le=1, description="condition when complete")
    built_from: dt.date | None = Field(None, description="start of building; none: it stands at the start")
    built_to: dt.date | None = None
    depth_km: float = Field(1.0, gt=0, le=10)
    source: str = ""
    grade: Grade = "assumed"


class Breach(Table):
    """A designed experiment: a thin salient is opened in front of the line, and a reserve may be sent against it."""

    day: int = Field(10, ge=0, le=730, description="day of the battle on which it is opened")
    width_km: float = Field(3.0, gt=0, le=20)
    depth_km: float = Field(10.0, gt=0, le=30)
    groups: int = Field(36, ge=1, le=500, description="groups of the attacker put into it")
    men: int = Field(4, ge=1, le=30, description="men a group has at least")
    reserve_days: int | None = Field(None, ge=0, le=365, description="days until a relief formation of the defender arrives; none: never")


class Entry(Table):
    """One dated value of a schedule."""

    key: str
    date: dt.date
    value: float = Field(ge=0)
    linear: bool = True
    source: str = ""
    grade: Grade = "assumed"

    @field_validator("key")
    @classmethod
    def _known(cls, key: str) -> str:
        if key not in SCHEDULES:
            raise ValueError(f"unknown schedule {key!r}{did_you_mean(key, SCHEDULES) or '; known: ' + ', '.join(SCHEDULES)}")
        return key


class Climate(Table):
    """Weather of the sector by calendar month (12 values, January first)."""

    fog_share: list[float] = Field([0.16, 0.13, 0.09, 0.04, 0.03, 0.02, 0.02, 0.02, 0.04, 0.10, 0.18, 0.20], min_length=12, max_length=12)
    rain_share: list[float] = Field([0.22, 0.20, 0.18, 0.16, 0.16, 0.16, 0.14, 0.11, 0.13, 0.15, 0.20, 0.24], min_length=12, max_length=12)
    mud: list[float] = Field([0.35, 0.45, 0.55, 0.25, 0.10, 0.05, 0.03, 0.02, 0.08, 0.30, 0.50, 0.45], min_length=12, max_length=12)
    leaf: list[float] = Field([0.0, 0.0, 0.05, 0.35, 0.9, 1.0, 1.0, 1.0, 0.9, 0.55, 0.15, 0.0], min_length=12, max_length=12)
    daylight_h: list[float] = Field([8.8, 10.2, 11.9, 13.7, 15.3, 16.1, 15.7, 14.3, 12.6, 10.8, 9.3, 8.4], min_length=12, max_length=12)
    source: str = ""
    grade: Grade = "assumed"


class Scenario(Table):
    """Everything a battle starts from, validated and frozen."""

    name: str
    title: str
    about: str = ""
    base: str | None = None
    start: dt.date
    days: int = Field(ge=1, le=731)
    step_hours: float = 6.0
    cell_km: float = Field(1.0, ge=0.25, le=5)
    box: Box = Box()
    map: Map = Map()
    climate: Climate = Climate()
    formation: list[Formation] = Field(min_length=2)
    objective: list[Objective] = Field(min_length=1)
    other_front: list[OtherFront] = []
    deadline: list[Deadline] = []
    belt: list[Belt] = []
    schedule: list[Entry] = []
    breach: list[Breach] = []
    params: dict[str, float | bool | int] = {}
    front: str | None = Field(None, description="a file of occupied ground that replaces the computed starting control")

    @field_validator("step_hours")
    @classmethod
    def _divides_day(cls, hours: float) -> float:
        if not math.isfinite(hours) or hours <= 0 or abs(24 / hours - round(24 / hours)) > 1e-9 or hours > 24:
            raise ValueError("a step must divide the day of 24 hours (3, 6, 12 or 24, for example)")
        return hours

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        for size in (self.box.width_km, self.box.height_km):
            if abs(size / self.cell_km - round(size / self.cell_km)) > 1e-9:
                raise ValueError(f"a cell of {self.cell_km:g} km does not divide the box of {size:g} km")
            if self.cell_km < 1.0 and abs(size - round(size)) > 1e-9:
                raise ValueError(f"a box of {size:g} km is not made of the squares of 1 km that cells of {self.cell_km:g} km need")
        if self.cell_km < 1.0 and abs(1.0 / self.cell_km - round(1.0 / self.cell_km)) > 1e-9:
            raise ValueError(f"a cell of {self.cell_km:g} km does not divide a square of 1 km (0.5 or 0.25, for example)")
        if not self.map.synthetic:
            if not RECORD_START <= self.start <= RECORD_END:
                raise ValueError(f"start {self.start} is outside the record, {RECORD_START} to {RECORD_END}")
        names = {o.name for o in self.objective}
        for f in self.formation:
            if f.axis is not None and f.axis not in names:
                raise ValueError(f"formation {f.name!r}: unknown axis {f.axis!r}.{did_you_mean(f.axis, names)}")
        if {f.side for f in self.formation} != {"attacker", "defender"}:
            raise ValueError("both sides need at least one formation")
        return self

    @property
    def steps_per_day(self) -> int:
        return round(24 / self.step_hours)

    @property
    def n_steps(self) -> int:
        return self.days * self.steps_per_day

    def date_of(self, step: int) -> dt.date:
        """Calendar date of a step."""
        return self.start + dt.timedelta(days=step // self.steps_per_day)

    def with_(self, **changes: Any) -> Scenario:
        """A copy with some fields replaced and checked again; `params` are merged into the present ones."""
        data = self.model_dump()
        changes = {k: v for k, v in changes.items() if v is not None}
        params = changes.pop("params", None)
        data.update(changes)
        if params:
            data["params"] = {**data["params"], **params}
        return _checked(data, self.name)


def known_keys() -> list[str]:
    """Every key a scenario file may use (for hints)."""
    tables = (Scenario, Box, Map, Climate, Formation, Objective, OtherFront, Deadline, Belt, Breach, Entry)
    return [key for table in tables for key in table.model_fields]


def scenario_names() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(p.stem for p in seeds.path("scenarios").glob("*.toml"))


def load_scenario(source: str | Path | Scenario = "pokrovsk-2024", **changes: Any) -> Scenario:
    """The scenario of that name or TOML path, with fields changed (`start`, `days`, `cell_km`, `params`, ...).

    Raises InputError with file, key, value and what is allowed.
    """
    if isinstance(source, Scenario):
        return source.with_(**changes) if changes else source
    path = _find(source)
    scenario = _checked(_merged(path, ()), str(source) if path.parent == seeds.path("scenarios") else str(path))
    return scenario.with_(**changes) if changes else scenario


@cache
def _shipped() -> dict[str, Path]:
    return {p.stem: p for p in seeds.path("scenarios").glob("*.toml")}


def _find(source: str | Path) -> Path:
    text = str(source)
    if text in _shipped():
        return _shipped()[text]
    path = Path(text)
    if path.suffix == ".toml" or path.exists():
        if not path.is_file():
            raise InputError(f"scenario file {text!r} not found.")
        return path
    raise InputError(f"unknown scenario {text!r}; known: {', '.join(scenario_names())}.{did_you_mean(text, _shipped())}")


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise InputError(f"{path.name}: base scenarios form a circle.")
    data = read_toml(path)
    if not data:
        raise InputError(f"{path}: the file is empty.")
    base = data.get("base")
    if base is None:
        return data
    if not isinstance(base, str):
        raise InputError(f"{path}: base: {base!r} is not a scenario's name or path.")
    local = path.parent / base
    return _merge(_merged(local if local.is_file() else _find(base), (*seen, path)), data)


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    out = dict(old)
    for key, value in new.items():
        out[key] = _merge(old[key], value) if isinstance(value, dict) and isinstance(old.get(key), dict) else value
    return out


def _checked(data: dict[str, Any], where: str) -> Scenario:
    try:
        return Scenario.model_validate(data)
    except ValidationError as e:
        raise first_error(e, where, known_keys()) from None
