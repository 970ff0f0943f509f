"""The state of one battle: tables, fields, clock and books. Phases change it; everything else looks."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sim import forces
from sim.columns import allocate, grown
from sim.errors import InputError, did_you_mean
from sim.fields import Blocks, Cells, Geo, Nodes, geometry
from sim.forces import Books, Formations, Kind, Units
from sim.front import Front, Orders, empty_front, empty_orders
from sim.journal import Journal
from sim.phases import supply
from sim.phases.command.campaign import Campaign
from sim.phases.sense import Bins
from sim.phases.weather import Weather
from sim.scenario import SCHEDULES, Scenario
from sim.sector.build import Sector
from sim.settings import Settings
from sim.traits import Traits, kind_numbers, traits_of

_UNSCHEDULED = {"reach_attacker": 6.0, "reach_defender": 6.0, "assault_group": 6.0}  # supplies without entries; others 0


class Note(NamedTuple):
    """Something that happened in a step, for the journal."""

    kind: str
    x: float  # km
    y: float
    number: float
    words: str


class Series(NamedTuple):
    """A dated supply: days since the start and values; interpolated when `linear`, else each value stays until the next."""

    days: np.ndarray
    values: np.ndarray
    linear: bool

    def on(self, day: int) -> float:
        """The value on a day."""
        if self.linear:
            return float(np.interp(day, self.days, self.values))
        return float(self.values[max(int(np.searchsorted(self.days, day, side="right")) - 1, 0)])


@dataclass(slots=True)
class Totals:
    """Sums over the run that the books do not hold."""

    flown: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))  # thousandths of a sortie, by side
    fired: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))  # thousandths of a round, by side
    bombs_released: int = 0  # serial number of the next glide bomb
    short: float = 0.0  # what the defender's formations lack, share of establishment, as his higher command knows it


@dataclass(slots=True)
class Scratch:
    """Memory that kernels write over: it means nothing between two calls."""

    heap_cost: np.ndarray
    heap_cell: np.ndarray
    tally: np.ndarray  # (2, 4)

    @classmethod
    def of(cls, geo: Geo) -> Scratch:
        n = geo.nx * geo.ny * 4
        return cls(np.zeros(n), np.zeros(n, np.int32), np.zeros((2, 4), np.int64))


@dataclass(init=False, slots=True, eq=False, repr=False)
class World:
    """One battle. `mustering.muster` makes it, `battle.step` moves it on by one step.

    All that it holds is declared here; no other attribute can be set.
    """

    scenario: Scenario
    settings: Settings
    sector: Sector
    seed: int
    geo: Geo
    units: Units
    formations: Formations
    cells: Cells
    nodes: Nodes
    blocks: Blocks
    books: Books
    front: Front
    orders: Orders
    bins: Bins
    campaign: Campaign
    weather: Weather
    network: supply.SupplyNetwork
    totals: Totals
    scratch: Scratch
    schedule: dict[str, Series]
    supplies: dict[str, float]  # what the schedule gives today
    manpower_scale: float  # multiplies the attacker's infantry and intake (sim.levers)
    breach: np.ndarray | None  # cells of a salient that was opened as an experiment, (n,) bool
    cursor: np.ndarray  # where to look for a free row of units; rows in use
    step_index: int  # steps since the start; below 0 while the battle burns in
    first_step: int  # the step it began with: below 0 when it burned in
    unit_steps: int  # steps of all units together
    check: bool  # the books are checked after every step
    journal: Journal | None
    notes: list[Note]  # events of this step
    own: dict[str, Any]  # what rules of plugins keep of this battle, by rule
    _knobs: dict[str, Any]

    def __init__(self, scenario: Scenario, settings: Settings, sector: Sector, cells: Cells, formations: Formations, rows: int, seed: int):
        """A battle with empty tables but for ground and formations, and room for `rows` units."""
        supply.check(scenario, settings)
        box = scenario.box
        geo = geometry(box.x0_km, box.y0_km, box.width_km, box.height_km, scenario.cell_km)
        self.scenario, self.settings, self.sector, self.seed, self.geo = scenario, settings, sector, int(seed), geo
        self.units = forces.units(rows)
        self.formations, self.cells = formations, cells
        self.nodes = allocate(Nodes, geo.node_nx * geo.node_ny)
        self.blocks = allocate(Blocks, geo.block_nx * geo.block_ny)
        self.books = forces.books()
        self.front, self.orders = empty_front(geo), empty_orders(len(scenario.formation))
        self.bins = Bins.of(geo, rows)
        self.campaign = Campaign.of(scenario, geo, cells, self.objectives, self.seed)
        self.weather = Weather()
        self.network = supply.SupplyNetwork.of(geo, cells, sector.closable)
        self.totals, self.scratch = Totals(), Scratch.of(geo)
        self.schedule = _schedule(scenario)
        self.supplies = self.supplies_on(0)
        self.manpower_scale = 1.0
        self.breach = None
        self.cursor = np.zeros(2, np.int64)
        self.step_index = self.first_step = self.unit_steps = 0
        self.check = False
        self.journal = None
        self.notes = []
        self.own = {}
        self._knobs = {}

    @property
    def dt(self) -> float:
        """Length of a step in days."""
        return self.scenario.step_hours / 24.0

    @property
    def day(self) -> int:
        """Days since the start."""
        return self.step_index // self.scenario.steps_per_day

    @property
    def new_day(self) -> bool:
        """True in the first step of a day, when slow things are done."""
        return self.step_index % self.scenario.steps_per_day == 0

    @property
    def is_first(self) -> bool:
        """True in the first step of all, that of the burn-in where there is one."""
        return self.step_index == self.first_step

    @property
    def hour(self) -> float:
        """Hour of the day at which the step begins; days go from 3 to 27."""
        return 3.0 + self.step_index % self.scenario.steps_per_day * self.scenario.step_hours

    @property
    def date(self) -> datetime.date:
        """The calendar date."""
        return self.scenario.start + datetime.timedelta(days=self.day)

    @property
    def n(self) -> int:
        """Rows of units in use, free ones among them."""
        return int(self.cursor[1])

    @property
    def objectives(self) -> np.ndarray:
        """Places that the attacker wants, (o, 3): km east, km north, weight."""
        s = self.sector
        return np.column_stack([s.objective_x, s.objective_y, s.objective_weight])

    @property
    def pockets(self) -> tuple[int, int]:
        """Pockets of (attacker, defender): connected pieces of cut-off ground with men in them."""
        cut = self.cells.cut
        return int(cut[:, 0].max()), int(cut[:, 1].max())  # over both axes at once it takes ten times as long

    def kind(self, name: str) -> int:
        """The number of a kind of unit by its name, that of a plugin too; InputError for one that this battle has not."""
        numbers = kind_numbers(self.scenario)
        if name not in numbers:
            raise InputError(f"{self.scenario.name}: unknown kind of unit {name!r}.{did_you_mean(name, numbers)}")
        return numbers[name]

    def live(self) -> np.ndarray:
        """Rows of units that are on the map."""
        return np.flatnonzero(self.units.kind[: self.n] >= 0)

    def supplies_on(self, day: int) -> dict[str, float]:
        """What the dated schedules give on that day."""
        return {name: series.on(day) for name, series in self.schedule.items()}

    def use(self, settings: Settings) -> None:
        """Takes other parameters from here on. InputError when the scenario cannot do what they ask."""
        supply.check(self.scenario, settings)
        self.settings = settings
        self._knobs.clear()

    def knobs(self, prefix: str, kind: type, **more: float) -> Any:
        """The numbers of a parameter group as the flat NamedTuple of floats that a kernel takes. Kept once made."""
        if prefix not in self._knobs:
            group = getattr(self.settings, prefix)
            names = kind._fields  # type: ignore[attr-defined]
            self._knobs[prefix] = kind(*(float(more[k]) if k in more else float(getattr(group, k)) for k in names))
        return self._knobs[prefix]

    @property
    def traits(self) -> Traits:
        """The traits of every kind of unit under the parameters of now. Kept once made."""
        if "by kind" not in self._knobs:
            self._knobs["by kind"] = traits_of(self.scenario, self.settings)
        return self._knobs["by kind"]

    def group_size(self, side: int) -> int:
        """Men of a newly formed group of a side."""
        if side == 0:
            return min(max(round(self.supplies["assault_group"]), 2), 12)
        return self.settings.infantry.group_defender

    def cell_of(self, x: float, y: float) -> int:
        """The cell at a point in km."""
        g = self.geo
        i = min(max(int((x - g.x0) / g.cell), 0), g.nx - 1)
        j = min(max(int((y - g.y0) / g.cell), 0), g.ny - 1)
        return j * g.nx + i

    def objectives_held(self) -> np.ndarray:
        """Which objectives the attacker holds now, (o,) bool."""
        cells = [self.cell_of(x, y) for x, y in self.objectives[:, :2]]
        return self.cells.square_control[cells] >= 0.5

    def room(self, rows: int) -> None:
        """Grows the table of units when fewer than `rows` rows are free."""
        free = int(np.count_nonzero(self.units.kind < 0))
        if free >= rows:
            return
        old = self.units.kind.shape[0]
        new = old + max(rows, old // 5)
        self.units = grown(self.units, new)
        self.units.kind[old:] = Kind.FREE
        self.units.partner[old:] = -1
        self.bins.order = np.zeros(new, np.int32)

    def note(self, kind: str, x: float, y: float, number: float, words: str) -> None:
        """Leaves the journal a note of something that happened in this step."""
        self.notes.append(Note(kind, float(x), float(y), float(number), words))


def _schedule(scenario: Scenario) -> dict[str, Series]:
    """The dated supplies of a scenario by name; one without entries keeps its value of `_UNSCHEDULED`."""
    out = {}
    for name in SCHEDULES:
        entries = sorted((e for e in scenario.schedule if e.key == name), key=lambda e: e.date)
        if entries:
            days = np.array([(e.date - scenario.start).days for e in entries], float)
            out[name] = Series(days, np.array([e.value for e in entries]), all(e.linear for e in entries))
        else:
            out[name] = Series(np.zeros(1), np.array([_UNSCHEDULED.get(name, 0.0)]), False)
    return out
