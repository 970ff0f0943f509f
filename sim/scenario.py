"""Scenarios: a TOML file and its typed object.

A scenario says where (box and projection), when (start, days), who (formations, objectives, other fronts), with what
(dated schedules of shells, drones, bombs and recruits), on which works, and with which parameters. It can build on
another one with `base = "name"`: tables are merged key by key, lists of entries are replaced by the new list.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    field_validator,
    model_validator,
)

import seeds
from sim import sector_files
from sim.errors import InputError, did_you_mean, first_error, no_file, read_toml
from sim.plugin_files import PluginFile, check_together, found, loaded, parts_of

LAEA = "+proj=laea +lat_0=48.25 +lon_0=37.20 +x_0=36000 +y_0=34000 +datum=WGS84 +units=km"
RECORD_START = dt.date(2023, 10, 1)
RECORD_END = dt.date(2026, 1, 31)
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2200, 12, 31)  # tables of results hold dates of 1678 to 2262 only
MOST_KINDS = 3  # that plugins add: a unit's code on the page has room for eight in all
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
# Least and highest value of a schedule, by the first word of its name.
LIMITS = {
    "shells": (0, 100_000), "fpv": (0, 100_000), "fibre": (0, 1), "reach": (0, 100), "bombs": (0, 10_000), "recruits": (0, 100_000),
    "vehicles": (0, 10_000), "engineers": (0, 1000), "assault": (2, 12),
}  # fmt: skip


# Kinds of fields: what pydantic would read as a number, date or text without being one is refused


def _number(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise ValueError(f"allowed: a number, no {'switch' if isinstance(value, bool) else 'text'}")
    return value.item() if hasattr(value, "item") else value


def _setting(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, bool | int | float) or value != value:
        raise ValueError("allowed: a number, true or false")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = dt.date.fromisoformat(value)
    if not isinstance(value, dt.date):
        raise ValueError("allowed: a date, YYYY-MM-DD")
    if not FIRST_DAY <= dt.date(value.year, value.month, value.day) <= LAST_DAY:
        raise ValueError(f"allowed: {FIRST_DAY} to {LAST_DAY}")
    return value


def _text(text: str) -> str:
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text):
        raise ValueError("control characters are not allowed")
    return text


def _label(text: str) -> str:
    if not text.strip() or "\n" in text or "\t" in text:
        raise ValueError("a name of one line is needed")
    return _text(text)


def _file_name(text: str) -> str:
    if not re.fullmatch(r"\w[\w .,()+-]*", text) or text[-1] in " .":
        raise ValueError("results go to a folder of this name; allowed: letters, digits, spaces and . , ( ) + - _, the first a letter or digit")
    return text


def _projection(text: str) -> str:
    if text != LAEA:
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            crs = CRS.from_user_input(text)
        except CRSError:
            raise ValueError("not a projection that PROJ knows") from None
        if not crs.is_projected or any(axis.unit_name not in ("kilometre", "km") for axis in crs.axis_info):
            raise ValueError("a projection in kilometers is needed (+units=km)")
    return text


Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_number)]
Share = Annotated[Number, Field(ge=0, le=1)]
Place = Annotated[Number, Field(ge=-20_000, le=20_000)]  # km from the origin of the projection; half the girth of the Earth
Switch = Annotated[bool, Strict()]
Day = Annotated[dt.date, BeforeValidator(_day)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_text)]
Label = Annotated[str, Field(max_length=200), AfterValidator(_label)]
FileName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_file_name)]


def _ordered(first: str, a: dt.date | None, last: str, b: dt.date | None, *, apart: bool = False) -> None:
    """ValueError when `b` is before `a` (or, `apart`, the same day)."""
    if a is not None and b is not None and (b < a or (apart and a == b)):
        raise ValueError(f"{last} {b} is {'not after' if apart else 'before'} {first} {a}, so no day lies between them")


def _distinct(what: str, names: Iterable[Any]) -> None:
    """ValueError for the first name that is there twice."""
    name, count = next(iter(Counter(names).most_common(1)), ("", 0))
    if count > 1:
        raise ValueError(f"{what} {name!r} is there {count} times; each needs a name of its own")


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Box(Table):
    """The piece of ground: corner and size in km of the projection."""

    projection: Annotated[str, Field(max_length=2000), AfterValidator(_projection)] = LAEA
    x0_km: Place = 0.0
    y0_km: Place = 0.0
    width_km: Number = Field(gt=0, le=400)
    height_km: Number = Field(gt=0, le=400)

    def __contains__(self, place: tuple[float, float]) -> bool:
        """True for a place (x, y) in km within the box, its edges included."""
        return 0 <= place[0] - self.x0_km <= self.width_km and 0 <= place[1] - self.y0_km <= self.height_km

    def __str__(self) -> str:
        x, y = self.x0_km, self.y0_km
        return f"the box (x {x:g} to {x + self.width_km:g} km, y {y:g} to {y + self.height_km:g} km)"


class Map(Table):
    """Which tables the sector is built from: some of `seeds/map`, those of a folder of the user's own, or none at all."""

    settlements: list[Label] = Field(["settlements"], max_length=100)
    lines: list[Label] = Field(["roads", "rail", "water"], max_length=100)
    synthetic: Switch = Field(False, description="a made-up open sector with one road, for tests and teaching")
    front_x_km: Place | None = Field(None, description="synthetic sector or own tables: the attacker holds all ground east of this")
    tables: dict[str, str] = Field({}, exclude_if=lambda tables: not tables, description="own tables by name, as text; `folder` in a file names the folder that they are read from")
    direction: Label | None = Field(None, exclude_if=lambda name: name is None, description="map table with the corners of the direction whose gains are counted apart; all ground if none")
    cities: list[Label] = Field([], max_length=2, exclude_if=lambda cities: not cities, description="ids of the settlements whose supply is measured, the first one's envelopment too; those of the first objectives if none")

    @model_validator(mode="after")
    def _consistent(self) -> Map:
        _distinct("table", [*self.settlements, *self.lines])
        if self.tables:
            if self.synthetic:
                raise ValueError("a synthetic sector has no tables of its own")
            sector_files.check(self.tables, "map")
        elif self.front_x_km is not None and not self.synthetic:
            raise ValueError("front_x_km is for a synthetic sector and for own tables; on our mapped ground give a front file (front)")
        return self

    @property
    def is_ours(self) -> bool:
        """True for the mapped ground of the record."""
        return not self.synthetic and not self.tables


class Formation(Table):
    """A brigade-sized body: its men and means on the map, and how well it is led."""

    name: Label
    side: Side
    infantry: Whole = Field(ge=0, le=100_000, description="men in infantry groups")
    fpv_teams: Whole = Field(0, ge=0, le=2000)
    batteries: Whole = Field(0, ge=0, le=1000)
    armor_sections: Whole = Field(0, ge=0, le=1000)
    units: dict[str, Annotated[Whole, Field(ge=0, le=1000)]] = Field({}, exclude_if=lambda units: not units, description="units of kinds that plugins add, by kind")
    quality: Share = 0.5
    leadership: Share = 0.5
    axis: Label | None = Field(None, description="name of an objective")
    arrive: Day | None = None
    leave: Day | None = None
    rotation_interval_days: Number | None = Field(None, gt=0, le=720)
    relief: Switch = Field(False, description="kept in hand for counterattack and relief, not for the line")
    source: Text = ""
    grade: Grade = "assumed"

    def is_here(self, date: dt.date) -> bool:
        """True when it is in the sector on that date."""
        return (self.arrive is None or self.arrive <= date) and (self.leave is None or self.leave > date)

    @model_validator(mode="after")
    def _consistent(self) -> Formation:
        _ordered("arrive", self.arrive, "leave", self.leave, apart=True)
        return self


class Objective(Table):
    """A place the attacker wants; its weight says how much."""

    name: Label
    settlement: Label | None = None
    x_km: Place | None = None
    y_km: Place | None = None
    weight: Number = Field(1.0, ge=0, le=100)
    direction: Label | None = Field(None, description="name of the direction it belongs to, one of which is the main one at a time; its own if none")
    source: Text = ""
    grade: Grade = "assumed"

    @model_validator(mode="after")
    def _consistent(self) -> Objective:
        if [self.settlement is None, self.x_km is None, self.y_km is None] not in ([False, True, True], [True, False, False]):
            raise ValueError("needs either a settlement, or x_km and y_km")
        return self


class OtherFront(Table):
    """Another front that draws reserves and recruits away for a while."""

    name: Label
    start: Day
    end: Day
    defender_share: Share = Field(0.0, description="share of the defender's intake and reserves drawn away")
    attacker_share: Share = Field(0.0, description="share of the attacker's intake drawn away")
    source: Text = ""
    grade: Grade = "assumed"

    @model_validator(mode="after")
    def _consistent(self) -> OtherFront:
        _ordered("start", self.start, "end", self.end)
        return self


class Deadline(Table):
    """A date by which ground is wanted: tempo up and consolidation down for a while before it."""

    name: Label
    start: Day
    end: Day
    source: Text = ""
    grade: Grade = "assumed"

    @model_validator(mode="after")
    def _consistent(self) -> Deadline:
        _ordered("start", self.start, "end", self.end)
        return self


class Belt(Table):
    """A line of works: corners in km, condition at `built` and km of depth."""

    name: Label
    side: Side = "defender"
    points: list[tuple[Place, Place]] = Field(min_length=2, max_length=1000)
    condition: Share = Field(0.8, description="condition when complete")
    built_from: Day | None = Field(None, description="start of building; none: it stands at the start")
    built_to: Day | None = None
    depth_km: Number = Field(1.0, gt=0, le=10)
    source: Text = ""
    grade: Grade = "assumed"

    @model_validator(mode="after")
    def _consistent(self) -> Belt:
        if self.built_to is not None and self.built_from is None:
            raise ValueError("built_to needs built_from: a belt without it stands at the start")
        _ordered("built_from", self.built_from, "built_to", self.built_to)
        return self


class Road(Table):
    """A stretch of road that the lever `supply.cut_road` closes to one side: its corners in km."""

    name: Label
    side: Side = "defender"
    points: list[tuple[Place, Place]] = Field(min_length=2, max_length=1000)
    source: Text = ""
    grade: Grade = "assumed"


class Breach(Table):
    """A designed experiment: a thin salient is opened in front of the line, and a reserve may be sent against it."""

    day: Whole = Field(10, ge=0, le=730, description="day of the battle on which it is opened")
    width_km: Number = Field(3.0, gt=0, le=20)
    depth_km: Number = Field(10.0, gt=0, le=30)
    groups: Whole = Field(36, ge=1, le=500, description="groups of the attacker put into it")
    men: Whole = Field(4, ge=1, le=30, description="men a group has at least")
    reserve_days: Whole | None = Field(None, ge=0, le=365, description="days until a relief formation of the defender arrives; none: never")


class Entry(Table):
    """One dated value of a schedule."""

    key: str
    date: Day
    value: Number = Field(ge=0, le=100_000)
    linear: Switch = True
    source: Text = ""
    grade: Grade = "assumed"

    @field_validator("key")
    @classmethod
    def _known(cls, key: str) -> str:
        if key not in SCHEDULES:
            raise ValueError(f"unknown schedule {key!r}{did_you_mean(key, SCHEDULES) or '; known: ' + ', '.join(SCHEDULES)}")
        return key

    @model_validator(mode="after")
    def _in_range(self) -> Entry:
        low, high = LIMITS[self.key.split("_")[0]]
        if not low <= self.value <= high:
            raise ValueError(f"{self.key} on {self.date}: value {self.value:g} is out of range; allowed: {low} to {high} ({SCHEDULES[self.key]})")
        return self


ByMonth = Annotated[list[Share], Field(min_length=12, max_length=12)]


class Climate(Table):
    """Weather of the sector by calendar month (12 values, January first)."""

    fog_share: ByMonth = [0.16, 0.13, 0.09, 0.04, 0.03, 0.02, 0.02, 0.02, 0.04, 0.10, 0.18, 0.20]
    rain_share: ByMonth = [0.22, 0.20, 0.18, 0.16, 0.16, 0.16, 0.14, 0.11, 0.13, 0.15, 0.20, 0.24]
    mud: ByMonth = [0.35, 0.45, 0.55, 0.25, 0.10, 0.05, 0.03, 0.02, 0.08, 0.30, 0.50, 0.45]
    leaf: ByMonth = [0.0, 0.0, 0.05, 0.35, 0.9, 1.0, 1.0, 1.0, 0.9, 0.55, 0.15, 0.0]
    daylight_h: list[Annotated[Number, Field(ge=0, le=24)]] = Field([8.8, 10.2, 11.9, 13.7, 15.3, 16.1, 15.7, 14.3, 12.6, 10.8, 9.3, 8.4], min_length=12, max_length=12)
    source: Text = ""
    grade: Grade = "assumed"


class Scenario(Table):
    """Everything a battle starts from, validated and frozen."""

    name: FileName
    title: Label
    about: Text = ""
    base: str | None = None
    start: Day
    days: Whole = Field(ge=1, le=731)
    burn_in_days: Whole = Field(0, ge=0, le=120, description="days of battle over a line that stays, before the first day")
    step_hours: Number = Field(6.0, ge=0.1, le=24)
    cell_km: Number = Field(1.0, ge=0.25, le=5)
    box: Box
    map: Map = Map()
    climate: Climate = Climate()
    formation: list[Formation] = Field(min_length=2, max_length=10_000)
    objective: list[Objective] = Field(min_length=1, max_length=10_000)
    other_front: list[OtherFront] = []
    deadline: list[Deadline] = []
    belt: list[Belt] = []
    road: list[Road] = Field([], description="roads that the lever `supply.cut_road` closes")
    schedule: list[Entry] = []
    breach: list[Breach] = []
    params: dict[str, Annotated[Any, AfterValidator(_setting)]] = {}
    front: str | None = Field(None, description="a file of occupied ground that replaces the computed starting control; FILE@DATE picks a date of a file of several")
    plugins: list[PluginFile] = Field([], max_length=50, exclude_if=lambda plugins: not plugins, description="Python files that add rules, measures, kinds, designs or layers")
    front_date: Day | None = Field(None, exclude_if=lambda date: date is None, description="which date of a front file that holds several")

    @model_validator(mode="before")
    @classmethod
    def _own_ground(cls, data: Any) -> Any:
        """The tables of `map.folder` as text, their works as belts."""
        ground = data.get("map") if isinstance(data, dict) else None
        if not isinstance(ground, dict) or ground.get("folder") is None:
            return data
        folder, box = ground["folder"], data.get("box")
        if not isinstance(folder, str | os.PathLike):
            raise ValueError("map.folder: allowed: the name of a folder")
        tables = sector_files.read_folder(folder)
        projection = box.get("projection", LAEA) if isinstance(box, dict) else LAEA
        degrees = next((name for name, text in tables.items() if sector_files.is_in_degrees(text)), None)
        if degrees and projection == LAEA:
            raise ValueError(f"{folder}/{degrees}.csv has lon and lat, so box.projection is needed: a projection in km, such as +proj=laea +lat_0=50 +lon_0=30 +units=km")
        works = sector_files.projected(sector_files.rows(tables.pop("works", "")), _projection(projection))
        more = {"belt": [*data.get("belt", []), *sector_files.belts(works)]} if works else {}
        return {**data, **more, "map": {**{k: v for k, v in ground.items() if k != "folder"}, "tables": tables}}

    @model_validator(mode="before")
    @classmethod
    def _dated_front(cls, data: Any) -> Any:
        """`front = "FILE@YYYY-MM-DD"` as a file and a date."""
        front = data.get("front") if isinstance(data, dict) else None
        if not isinstance(front, str | os.PathLike):
            return data
        front = os.fspath(front)
        file, at, date = str(front).rpartition("@")
        if at and re.fullmatch(r"\d{4}-\d\d-\d\d", date) and not os.path.exists(front):
            return {**data, "front": file, "front_date": date}
        return {**data, "front": front}

    @field_validator("plugins", mode="before")
    @classmethod
    def _found(cls, plugins: Any) -> Any:
        return found(plugins) if isinstance(plugins, list | tuple) else plugins

    @field_validator("plugins")
    @classmethod
    def _loaded(cls, plugins: list[PluginFile]) -> list[PluginFile]:
        _distinct("plugin", [p.name for p in plugins])
        check_together(plugins)
        return plugins

    @field_validator("step_hours")
    @classmethod
    def _divides_day(cls, hours: float) -> float:
        if abs(24 / hours - round(24 / hours)) > 1e-9:
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
        if self.map.is_ours and not RECORD_START <= self.start <= RECORD_END:
            raise ValueError(f"start {self.start} is outside the record, {RECORD_START} to {RECORD_END}")
        if self.front_date is not None and self.front is None:
            raise ValueError("front_date needs front, the file it picks a date of")
        for table in ("formation", "objective", "other_front", "deadline", "belt", "road"):
            _distinct(table, [entry.name for entry in getattr(self, table)])
        _distinct("schedule", [f"{e.key} of {e.date}" for e in self.schedule])
        names = {o.name for o in self.objective}
        for f in self.formation:
            if f.axis is not None and f.axis not in names:
                raise ValueError(f"formation {f.name!r}: unknown axis {f.axis!r}.{did_you_mean(f.axis, names)}")
        kinds = parts_of(self.plugins, "kind")
        if len(kinds) > MOST_KINDS:
            raise ValueError(f"plugins: {len(kinds)} kinds of unit; allowed: {MOST_KINDS} at most")
        for f in self.formation:
            for kind in f.units:
                if kind not in kinds:
                    raise ValueError(f"formation {f.name!r}: units: unknown kind {kind!r}; allowed: a kind that a plugin adds ({', '.join(kinds) or 'there is none'}).{did_you_mean(kind, kinds)}")
        if {f.side for f in self.formation} != {"attacker", "defender"}:
            raise ValueError("both sides need at least one formation")
        self._places_in_box()
        return self

    def _places_in_box(self) -> None:
        """ValueError for a place in km that lies outside the box."""
        places = [(f"objective {o.name!r}", (o.x_km, o.y_km)) for o in self.objective
                  if o.settlement is None and o.x_km is not None and o.y_km is not None]
        places += [(f"belt {b.name!r}", point) for b in self.belt for point in b.points]
        places += [(f"road {r.name!r}", point) for r in self.road for point in r.points]
        if self.map.front_x_km is not None:
            places.append(("map.front_x_km", (self.map.front_x_km, self.box.y0_km)))
        for what, (x, y) in places:
            if (x, y) not in self.box:
                raise ValueError(f"{what}: ({x:g}, {y:g}) lies outside {self.box}")

    def __repr__(self) -> str:
        more = "".join(f", plugin {p.name}" for p in self.plugins)
        return f"<Scenario {self.name!r}: {self.start}, {self.days} days, {self.box}, {len(self.formation)} formations{more}>"

    def __str__(self) -> str:
        return repr(self)

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
        if isinstance(changes.get("params"), dict):
            changes["params"] = {**data["params"], **changes["params"]}
        if changes.get("plugins"):  # added to those that are there, and in place of those of their names
            more = found(changes["plugins"])
            names = {p.name for p in more if isinstance(p, PluginFile)}
            changes["plugins"] = [*(p for p in self.plugins if p.name not in names), *more]
        if "front" in changes:
            data.pop("front_date", None)  # that of the file before
        return _checked({**data, **changes}, self.name)


def known_keys() -> list[str]:
    """Every key a scenario file may use (for hints)."""
    tables = (Scenario, Box, Map, Climate, Formation, Objective, OtherFront, Deadline, Belt, Road, Breach, Entry)
    return [*(key for table in tables for key in table.model_fields), "folder"]


def scenario_names() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(p.stem for p in seeds.path("scenarios").glob("*.toml"))


def load_scenario(source: str | Path | Scenario = "pokrovsk-2024", **changes: Any) -> Scenario:
    """The scenario of that name or TOML path, with fields changed (`start`, `days`, `cell_km`, `params`, ...).

    `start` is a date or its text, `days` a number of days, `cell_km` in km, `step_hours` in hours, `params` overrides by dotted
    key. Raises InputError with file, key, value and what is allowed.

    Examples:
        >>> short = load_scenario("skirmish", days=3)
        >>> short.days, short.n_steps, short.box.width_km
        (3, 12, 12.0)
    """
    if isinstance(source, Scenario):
        loaded(source.plugins)  # it may come from another process
        return source.with_(**changes) if changes else source
    path = _find(source)
    is_shipped = path.parent == seeds.path("scenarios")
    scenario = _checked(_merged(path, ()), str(source) if is_shipped else str(path))
    if not is_shipped:
        scenario = _with_own_name(scenario, path)
    return scenario.with_(**changes) if changes else scenario


def _with_own_name(scenario: Scenario, path: Path) -> Scenario:
    """A file that has the name of a shipped scenario and says something else goes by the name of the file."""
    if scenario.name not in _shipped():
        return scenario
    shipped = load_scenario(scenario.name)
    if scenario.model_copy(update={"base": shipped.base}) == shipped:
        return scenario
    name = path.stem
    try:
        _file_name(name)
    except ValueError:
        name = scenario.name
    return scenario.with_(name=f"{name}-changed" if name in _shipped() else name)


@cache
def _shipped() -> dict[str, Path]:
    return {p.stem: p for p in seeds.path("scenarios").glob("*.toml")}


def _find(source: str | Path) -> Path:
    text = str(source)
    if text in _shipped():
        return _shipped()[text]
    path = Path(text)
    if path.suffix == ".toml" or (text.strip() and os.path.exists(path)):
        if not os.path.isfile(path):
            raise InputError(f"scenario file {text!r} {no_file(path)}.")
        return path
    raise InputError(f"unknown scenario {text!r}; known: {', '.join(scenario_names())}.{did_you_mean(text, _shipped())}")


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen:
        raise InputError(f"{path.name}: base scenarios form a circle.")
    data = read_toml(path)
    if not data:
        raise InputError(f"{path}: the file is empty.")
    if isinstance(data.get("front"), str):
        data["front"] = os.path.abspath(path.parent / data["front"])  # from wherever the battle is started
    if isinstance(data.get("map"), dict) and isinstance(data["map"].get("folder"), str):
        data["map"]["folder"] = os.path.abspath(path.parent / data["map"]["folder"])
    if isinstance(data.get("plugins"), list):
        data["plugins"] = found(data["plugins"], path.parent)
    base = data.get("base")
    if base is None:
        return data
    if not isinstance(base, str):
        raise InputError(f"{path}: base: {base!r} is not a scenario's name or path.")
    local = path.parent / base
    try:
        below = local if os.path.isfile(local) else _find(base)
    except InputError as e:
        raise InputError(f"{path}: base: {e}") from None
    return _merge(_merged(below, (*seen, path.resolve())), data)


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    out = dict(old)
    for key, value in new.items():
        out[key] = _merge(old[key], value) if isinstance(value, dict) and isinstance(old.get(key), dict) else value
    return out


def _checked(data: dict[str, Any], where: str) -> Scenario:
    try:
        return Scenario.model_validate(data)
    except ValidationError as e:
        raise first_error(e, where, known_keys(), data) from None
