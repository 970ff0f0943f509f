"""Named measures of a run: what each means, its unit, and whether it is a running total, a daily value or a state.

A new measure is one function here. It looks at a battle at the end of a day and changes nothing; one that needs the past of
another names it and gets it as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

from sim import geometry
from sim.forces import CAUSES, PLACES, SIDES, Kind, Side, Task, casualties, manning
from sim.plugin_files import parts_of


@dataclass(frozen=True)
class Measure:
    """One measure: `kind` is "total" (running since the start), "daily" (of this day) or "state" (at the end of the day).

    `of` takes a `Look` and, for each measure named in `needs`, its values from the start to this day.
    """

    name: str
    unit: str
    kind: str
    doc: str
    of: Callable[..., float]
    needs: tuple[str, ...] = ()
    plugin: str = ""  # the name of the plugin that adds it


MEASURES: dict[str, Measure] = {}
CHIEF = 2  # objectives, in the scenario's order, about which supply and drones are measured
NEAR_KM = 8.0  # of them
RECENT_DAYS = 14  # over which what comes in single events is a rate


def measure(unit: str, kind: str, doc: str, name: str | None = None, needs: Sequence[str] = ()) -> Callable:
    """Registers a function as a measure."""

    def register(function: Callable[..., float]) -> Callable[..., float]:
        key = name or function.__name__
        MEASURES[key] = Measure(key, unit, kind, doc, function, tuple(needs))
        return function

    return register


def measures_of(scenario: Any) -> Mapping[str, Measure]:
    """The measures of a battle of this scenario: ours, and those that its plugins add or replace."""
    files = scenario.plugins
    if not files and not any(m.plugin for m in MEASURES.values()):
        return MEASURES
    own = {name: part.measure for name, part in parts_of(files, "measure").items()}
    return {name: m for name, m in MEASURES.items() if not m.plugin} | own


@dataclass(frozen=True)
class Ground:
    """What the journal adds up over the run, of ground and of the front."""

    gained: float = 0.0  # km2 gained by the attacker, gross, day against day
    lost: float = 0.0  # km2 lost by him again
    direction_start: float = 0.0  # km2 held in the scenario's direction at the start
    breakthroughs: tuple[int, int] = (0, 0)  # new ones of the day: beyond 3 km, beyond 8 km


def men_in(world: Any, side: Side, *tasks: Task) -> np.ndarray:
    """A side's infantrymen with one of these tasks, by cell, (n,) int64."""
    u, n = world.units, world.n
    task = u.task[:n]
    there = reduce(np.logical_or, [task == wanted for wanted in tasks])
    there &= (u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == side)
    return np.bincount(u.cell[:n][there], u.men[:n][there], minlength=world.cells.control.size).astype(np.int64)


def men_ahead(world: Any) -> np.ndarray:
    """The attacker's men in positions, lodged or behind the line, by cell, (n,) int64."""
    return men_in(world, Side.ATTACKER, Task.HOLD, Task.CONSOLIDATE, Task.INFILTRATE)


class Look:
    """A battle at the end of a day, with what several measures share computed once.

    `past`: the values of every measure on the days before, by name.
    """

    def __init__(self, world: Any, ground: Ground, past: Mapping[str, Sequence[float]]):
        self.world = world
        self.ground = ground
        self._past = past
        self._values: dict[str, float] = {}
        self.measures = measures_of(world.scenario)
        g, c, u, n = world.geo, world.cells, world.units, world.n
        self.area = g.cell**2
        self.rows: dict[tuple[int, bool], np.ndarray] = {}
        self.quantiles: dict[tuple[str, int], dict[float, float]] = {}
        self.km = geometry.common_grid(c.control, g.nx, g.ny, g.cell)
        kind, task, side = u.kind[:n], u.task[:n], u.side[:n]
        self.infantry = kind == Kind.INFANTRY
        self.side = side
        self.task = task
        self.men = u.men[:n]
        self.holding = self.infantry & (task == Task.HOLD)

    def value(self, name: str) -> float:
        """A measure's value of this day."""
        if name not in self._values:
            m = self.measures[name]
            self._values[name] = m.of(self, *([*self._past.get(need, ()), self.value(need)] for need in m.needs))
        return self._values[name]

    @cached_property
    def front_km(self) -> float:
        """Length of the front."""
        return geometry.front_length(self.km)

    @cached_property
    def chief(self) -> np.ndarray:
        """The first CHIEF objectives of the scenario, (k, 2) km east and north; none where it names no place."""
        return self.world.objectives[:CHIEF, :2]

    def city(self, number: int) -> tuple[float, float, int] | None:
        """Position and cell of a city of interest of the scenario (0 the first); None when it has none in the box."""
        s = self.world.sector
        k = int(s.cities[number]) if number < len(s.cities) else -1
        return None if k < 0 else (float(s.settlement_x[k]), float(s.settlement_y[k]), int(s.settlement_cell[k]))


@measure("km2", "state", "ground held by the attacker in the box")
def held_km2(look: Look) -> float:
    return float(look.world.cells.control.sum()) * look.area


@measure("", "state", "share of an opened breach (a designed experiment) that the attacker holds")
def breach_held(look: Look) -> float:
    strip = look.world.breach
    return float("nan") if strip is None else float(look.world.cells.control[strip].mean())


@measure("km2", "total", "net ground gained by the attacker in the direction that the scenario names; on all ground where it names none")
def net_direction_km2(look: Look) -> float:
    c = look.world.cells
    return float(c.control[c.direction == 1].sum()) * look.area - look.ground.direction_start


@measure("km2", "total", "ground gained by the attacker, gross, day against day")
def gained_km2(look: Look) -> float:
    return look.ground.gained


@measure("km2", "total", "ground lost again by the attacker, gross, day against day")
def lost_km2(look: Look) -> float:
    return look.ground.lost


@measure("km2", "state", "grey zone: cells where the attacker has men but holds less than half")
def grey_km2(look: Look) -> float:
    return float(((men_ahead(look.world) > 0) & (look.world.cells.control < 0.5)).sum()) * look.area


@measure("km", "state", "length of the front: 0.5 contour of control smoothed over 0.6 km, common 1 km grid")
def front_km(look: Look) -> float:
    return look.front_km


def _books(name: str, row: int) -> Callable:
    return lambda look: int(getattr(look.world.books, name)[row].sum())


def _cause(row: int, k: int) -> Callable:
    return lambda look: int(sum(getattr(look.world.books, name)[row, k] for name in ("killed", "wounded", "captured", "missing")))


def _register_books() -> None:
    for row, side in enumerate(SIDES):
        measure("soldiers", "total", f"killed, wounded, captured and missing of the {side}", f"casualties_{side}")(
            lambda look, row=row: casualties(look.world.books, row))
        for name in ("killed", "wounded", "captured", "missing"):
            measure("soldiers", "total", f"{name} of the {side}", f"{name}_{side}")(_books(name, row))
        for k, cause in enumerate(CAUSES):
            measure("soldiers", "total", f"casualties of the {side} by {cause.replace('_', ' ')}", f"casualties_{side}_{cause}")(_cause(row, k))
        for k, place in enumerate(PLACES):
            words = {"front": "at the front", "way": "on the way", "rear": "in the rear"}[place]
            measure("soldiers", "total", f"casualties of the {side} {words}", f"casualties_{side}_{place}")(
                lambda look, row=row, k=k: int(look.world.books.by_place[row, k]))
        measure("soldiers", "total", f"casualties of the {side} in the direction that the scenario names", f"casualties_{side}_direction")(_books("direction", row))
        measure("soldiers", "total", f"recruits and drafts of the {side}", f"intake_{side}")(_books("intake", row))
        measure("soldiers", "total", f"men of the {side} who left without leave", f"deserted_{side}")(_books("deserted", row))
        measure("soldiers", "total", f"wounded of the {side} who returned to duty", f"returned_{side}")(_books("returned", row))
        for what in ("destroyed", "abandoned", "damaged"):
            measure("vehicles", "total", f"armored vehicles of the {side} {what}", f"armor_{what}_{side}")(_books(what, row))
        measure("groups", "total", f"positions of the {side} relieved", f"reliefs_{side}")(_books("reliefs", row))
        measure("groups", "total", f"groups of the {side} that broke", f"broken_{side}")(_books("broken", row))
        measure("groups", "total", f"groups of the {side} that gave up", f"surrendered_{side}")(_books("surrendered", row))
        measure("drones", "total", f"FPV sorties of the {side}", f"drones_flown_{side}")(_books("drones_flown", row))
        measure("rounds", "total", f"artillery rounds of the {side}", f"shells_fired_{side}")(_books("shells_fired", row))
    measure("bombs", "total", "glide bombs of the attacker", "bombs_fallen")(_books("bombs_fallen", 0))
    measure("groups", "total", "foot attacks of the attacker", "attacks")(_books("attacks", 0))
    measure("sections", "total", "mounted attacks of the attacker", "mounted_attacks")(_books("mounted", 0))
    measure("groups", "total", "infiltrations begun by the attacker", "infiltrations")(_books("infiltrations", 0))
    measure("groups", "total", "infiltrations of the attacker that got through", "infiltrations_through")(_books("slipped", 0))
    measure("groups", "total", "attacks of the attacker that ended in a lodgement", "lodgements")(_books("lodged", 0))
    measure("groups", "total", "counterattacks of the defender", "counterattacks")(_books("counterattacks", 1))


_register_books()


def _tanks(what: str, tanks: bool) -> Callable:
    def of(look: Look) -> int:
        share = look.world.settings.armor.tank_share
        total = int(getattr(look.world.books, what)[0])
        return round(total * share) if tanks else total - round(total * share)

    return of


measure("vehicles", "total", "tanks of the attacker destroyed", "tanks_destroyed_attacker")(_tanks("destroyed", True))
measure("vehicles", "total", "tanks of the attacker abandoned", "tanks_abandoned_attacker")(_tanks("abandoned", True))
measure("vehicles", "total", "fighting vehicles of the attacker destroyed", "afvs_destroyed_attacker")(_tanks("destroyed", False))


@measure("", "state", "pockets: connected pieces of cut-off ground with at least four men, both sides")
def pockets(look: Look) -> int:
    return int(sum(look.world.pockets))


@measure("soldiers", "state", "men of both sides in pockets")
def pocket_men(look: Look) -> int:
    w = look.world
    cut = w.cells.cut[w.units.cell[: w.n], np.maximum(look.side, 0)] > 0
    return int(look.men[look.infantry & cut].sum())


@measure("casualties/km2", "state", "attacker's casualties by km2 gained, both since the start (gross)")
def price_per_km2(look: Look) -> float:
    gained = look.ground.gained
    return casualties(look.world.books, 0) / gained if gained > 0.5 else float("nan")


def _recent(total: list[float]) -> tuple[float, int]:
    """What a running total grew by in the last RECENT_DAYS, and in how many days that was."""
    days = min(len(total) - 1, RECENT_DAYS)
    return total[-1] - total[-1 - days], days


@measure("attacks/day", "state", "attacks of the attacker a day, on foot and mounted, over the last 14 days",
         needs=("attacks", "mounted_attacks"))
def attacks_per_day(look: Look, attacks: list[float], mounted: list[float]) -> float:
    (foot, days), (ridden, _) = _recent(attacks), _recent(mounted)
    return (foot + ridden) / days if days else 0.0


@measure("", "state", "share of the attacker's attacks that are mounted, over the last 14 days", needs=("attacks", "mounted_attacks"))
def mounted_share(look: Look, attacks: list[float], mounted: list[float]) -> float:
    (foot, _), (ridden, _) = _recent(attacks), _recent(mounted)
    return ridden / (foot + ridden) if foot + ridden else float("nan")


@measure("", "state", "bounds of infiltrators that got through (those behind the line among them) by infiltrations begun, over the last 14 days",
         needs=("infiltrations", "infiltrations_through"))
def infiltrations_share(look: Look, begun: list[float], through: list[float]) -> float:
    (tried, _), (passed, _) = _recent(begun), _recent(through)
    return passed / tried if tried else float("nan")


@measure("groups/day", "state", "positions of the defender relieved a day, over the last 14 days", needs=("reliefs_defender",))
def reliefs_per_day_defender(look: Look, reliefs: list[float]) -> float:
    done, days = _recent(reliefs)
    return done / days if days else 0.0


@measure("", "state", "fit infantry of the attacker by that of the defender, on the map", needs=("infantry_attacker", "infantry_defender"))
def infantry_ratio(look: Look, attacker: list[float], defender: list[float]) -> float:
    return attacker[-1] / defender[-1] if defender[-1] else float("nan")


@measure("soldiers/km", "state", "infantry of the defender in positions by length of the front", needs=("in_line_defender", "front_km"))
def line_density_defender(look: Look, men: list[float], front: list[float]) -> float:
    return men[-1] / front[-1] if front[-1] else float("nan")


@measure("", "state", "1 when the attacker has culminated: under a quarter of the attacks a day of his first 30 days, over 14 days",
         needs=("attacks_per_day",))
def culminated(look: Look, pace: list[float]) -> int:
    return int(len(pace) > 44 and pace[-1] < 0.25 * max(pace[14:44]))


@measure("", "state", "strength of the attacker's active formations, infantry and recruits by establishment")
def strength_attacker(look: Look) -> float:
    return _strength(look, 0)


@measure("", "state", "strength of the defender's active formations, infantry and recruits by establishment")
def strength_defender(look: Look) -> float:
    return _strength(look, 1)


def _strength(look: Look, side: int) -> float:
    men, full = manning(look.world.formations, side)
    return float(men / max(full, 1.0))


@measure("", "daily", "new breakthroughs: 1 km2 held, or 10 men in positions or lodged, 3 km past the line of 7 days ago, on two days running")
def breakthroughs(look: Look) -> int:
    return look.ground.breakthroughs[0]


@measure("", "daily", "new deep breakthroughs: the same 8 km past that line")
def deep_breakthroughs(look: Look) -> int:
    return look.ground.breakthroughs[1]


@measure("km", "state", "deepest ground held by the attacker past the line of 7 days ago")
def penetration_km(look: Look) -> float:
    week, control = look.world.cells.front_week, look.world.cells.control
    beyond = week[control >= 0.5]
    return float(max(-beyond.min(), 0.0)) if beyond.size else 0.0


QUANTILES = {"days": (0.5, 0.9), "fatigue": (0.5,)}  # of positions, by column of the units: those that are measured


def _register_strength() -> None:
    for row, side in enumerate(SIDES):
        measure("soldiers", "state", f"fit infantry of the {side} on the map", f"infantry_{side}")(
            lambda look, row=row: int(look.men[look.infantry & (look.side == row)].sum()))
        measure("soldiers", "state", f"infantry of the {side} in positions", f"in_line_{side}")(
            lambda look, row=row: int(look.men[look.holding & (look.side == row)].sum()))
        measure("vehicles", "state", f"armored vehicles of the {side} that run", f"armor_{side}")(
            lambda look, row=row: int(look.world.units.vehicles[: look.world.n][look.side == row].sum()))
        measure("days", "state", f"median days in place of the {side}'s positions", f"days_in_place_{side}")(
            lambda look, row=row: _quantile(look, "days", row, 0.5))
        measure("days", "state", f"90th percentile of days in place of the {side}'s positions", f"days_in_place_p90_{side}")(
            lambda look, row=row: _quantile(look, "days", row, 0.9))
        measure("", "state", f"mean morale of the {side}'s infantry", f"morale_{side}")(lambda look, row=row: _mean(look, "morale", row))
        measure("days", "state", f"mean strain of the {side}'s positions", f"strain_{side}")(
            lambda look, row=row: _mean(look, "fatigue", row, holding=True))
        measure("days", "state", f"median strain of the {side}'s positions", f"strain_median_{side}")(
            lambda look, row=row: _quantile(look, "fatigue", row, 0.5))
        measure("", "state", f"mean supply of the {side}'s positions", f"supply_{side}")(
            lambda look, row=row: _mean(look, "supply", row, holding=True))
        measure("km", "state", f"depth of the kill zone over the {side}'s ground: blocks with 0.1 expected hits per km or more", f"kill_zone_km_{side}")(
            lambda look, row=row: _kill_zone(look, row))


def _rows(look: Look, row: int, holding: bool) -> np.ndarray:
    """Rows of a side's infantry with men, of those in position only if `holding`; kept for the other measures of the day."""
    if (row, holding) not in look.rows:
        look.rows[row, holding] = np.flatnonzero((look.holding if holding else look.infantry) & (look.side == row) & (look.men > 0))
    return look.rows[row, holding]


def _quantile(look: Look, column: str, row: int, q: float) -> float:
    """A quantile of a column over a side's positions; those of QUANTILES are found together."""
    if (column, row) not in look.quantiles:
        values = getattr(look.world.units, column)[: look.world.n][_rows(look, row, True)]
        found = np.quantile(values, QUANTILES[column]).tolist() if values.size else [0.0] * len(QUANTILES[column])
        look.quantiles[column, row] = dict(zip(QUANTILES[column], found))
    return look.quantiles[column, row][q]


def _mean(look: Look, column: str, row: int, holding: bool = False) -> float:
    values = getattr(look.world.units, column)[: look.world.n][_rows(look, row, holding)]
    return float(values.mean()) if values.size else 0.0


def _kill_zone(look: Look, row: int) -> float:
    b = look.world.blocks
    own = b.depth >= 0 if row == 0 else b.depth < 0
    area = 4.0 * float((own & (b.threat[:, row] >= 0.1)).sum())
    return area / max(look.front_km, 10.0)


_register_strength()


def _supply_of(number: int) -> Callable:
    def of(look: Look) -> float:
        city = look.city(number)
        return float(look.world.cells.supply[city[2], 1]) if city else float("nan")

    return of


measure("", "state", "share of supply that reaches the first city of interest (map.cities)", "supply_city")(_supply_of(0))
measure("", "state", "share of supply that reaches the second city of interest", "supply_city_2")(_supply_of(1))


@measure("", "state", "share of supply that reaches the defender at the first two objectives of the scenario, mean")
def supply_objectives(look: Look) -> float:
    cells = [look.world.cell_of(x, y) for x, y in look.chief]
    return float(look.world.cells.supply[cells, 1].mean()) if cells else float("nan")


@measure("drones", "state", "FPV drones in hand of the defender's crews within 8 km of the first two objectives of the scenario")
def drones_near_objectives(look: Look) -> float:
    w = look.world
    crews = np.flatnonzero((w.units.kind[: w.n] == Kind.FPV_TEAM) & (look.side == 1))
    return float(w.units.stock[crews[near_objectives(look.chief, w.units.x[crews], w.units.y[crews])]].sum())


def near_objectives(chief: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which places lie within NEAR_KM of one of the objectives, (n,) bool."""
    return (np.hypot(x[:, None] - chief[:, 0], y[:, None] - chief[:, 1]) <= NEAR_KM).any(axis=1)


@measure("", "state", "envelopment of the first city of interest: share of 120 rays of 15 km that meet ground held by the attacker")
def envelopment_city(look: Look) -> float:
    city = look.city(0)
    g = look.world.geo
    return geometry.envelopment(look.km, g.x0, g.y0, city[0], city[1]) if city else float("nan")


@measure("km", "state", "distance from the center of the first city of interest to the nearest ground held by the attacker")
def distance_city_km(look: Look) -> float:
    city = look.city(0)
    g = look.world.geo
    if not city:
        return float("nan")
    ny, nx = look.km.shape
    return float(geometry.nearest_held(look.km, nx, ny, g.x0, g.y0, city[0], city[1]))


# Names of older files and studies, with the city that they name.
ALIASES = {
    "supply_pokrovsk": ("supply_city", 0, "pokrovsk"),
    "supply_myrnohrad": ("supply_city_2", 1, "myrnohrad"),
    "envelopment_pokrovsk": ("envelopment_city", 0, "pokrovsk"),
    "distance_pokrovsk_km": ("distance_city_km", 0, "pokrovsk"),
}


def _register_aliases() -> None:
    for name, (now, number, city) in ALIASES.items():
        def of(look: Look, now: str = now, number: int = number, city: str = city) -> float:
            s = look.world.sector
            is_it = number < len(s.cities) and s.cities[number] >= 0 and s.settlement_id[s.cities[number]] == city
            return look.value(now) if is_it else float("nan")

        measure(MEASURES[now].unit, "state", f"{now} where the city is {city}; an older name", name)(of)


_register_aliases()


@measure("", "state", "settlements held by the attacker (their center)")
def settlements_held(look: Look) -> int:
    return int((look.world.cells.control[look.world.sector.settlement_cell] >= 0.5).sum())


@measure("km2", "state", "works of the defender, area times condition")
def works_km2(look: Look) -> float:
    return float(look.world.cells.works[:, 0].sum()) * look.area


@measure("", "daily", "share of drone work that weather and light allow in the last step")
def flying(look: Look) -> float:
    return look.world.weather.sky.flying


@measure("", "state", "mud, 0 dry to 1 deep")
def mud(look: Look) -> float:
    return look.world.weather.sky.mud


@measure("", "state", "units on the map")
def units(look: Look) -> int:
    w = look.world
    return int(np.count_nonzero(w.units.kind[: w.n] >= 0))


SHIPPED = dict(MEASURES)  # as they are in the source: what a program replaces or adds later changes the key of the code
