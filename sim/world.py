"""The state of one battle: tables, fields, clock and books. Phases change it; everything else looks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from sim.columns import grown
from sim.fields import Blocks, Cells, Geo, Nodes
from sim.forces import Books, Formations, Kind, Units


class World:
    """One battle. `muster.muster` makes it, `battle.step` moves it on by one step."""

    scenario: Any  # sim.scenario.Scenario
    settings: Any  # sim.settings.Settings
    sector: Any  # sim.sector.Sector: the ground and its places
    journal: Any  # sim.journal.Journal or None: what is recorded

    def __init__(self, scenario, settings, sector, geo: Geo, units: Units, formations: Formations, cells: Cells,
                 nodes: Nodes, blocks: Blocks, books: Books, seed: int):
        self.scenario = scenario
        self.settings = settings
        self.sector = sector
        self.geo = geo
        self.units = units
        self.formations = formations
        self.cells = cells
        self.nodes = nodes
        self.blocks = blocks
        self.books = books
        self.seed = int(seed)
        self.step_index = 0
        self.cursor = np.zeros(2, np.int64)  # where to look for a free row; rows in use
        self.unit_steps = 0
        self.check = False
        self.journal = None
        self.gains = []  # ground gained by the attacker, km2, each of the last days
        self.breach = None  # cells of a salient that was opened as an experiment, (n,) bool
        self.notes = []  # events of this step: (kind, x, y, number, words)

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
    def hour(self) -> float:
        """Hour of the day at which the step begins; days go from 3 to 27."""
        return 3.0 + self.step_index % self.scenario.steps_per_day * self.scenario.step_hours

    @property
    def date(self) -> dt.date:
        return self.scenario.start + dt.timedelta(days=self.day)

    @property
    def n(self) -> int:
        """Rows in use, free ones among them."""
        return int(self.cursor[1])

    def live(self) -> np.ndarray:
        """Rows of units that are on the map."""
        return np.flatnonzero(self.units.kind[: self.n] >= 0)

    def supplies_on(self, day: int) -> dict[str, float]:
        """What the dated schedules give on that day."""
        out = {}
        for name, (days, values, linear) in self.schedule.items():
            if linear:
                out[name] = float(np.interp(day, days, values))
            else:
                out[name] = float(values[max(int(np.searchsorted(days, day, side="right")) - 1, 0)])
        return out

    def knobs(self, prefix: str, kind: type, **more: float):
        """The numbers of a parameter group as the flat NamedTuple of floats that a kernel takes. Kept once made."""
        cache = self.__dict__.setdefault("_knobs", {})
        if prefix not in cache:
            group = getattr(self.settings, prefix)
            cache[prefix] = kind(*(float(more[k]) if k in more else float(getattr(group, k)) for k in kind._fields))
        return cache[prefix]

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
        """Which objectives the attacker holds now."""
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
        self.bin_order = np.zeros(new, np.int32)

    def note(self, kind: str, x: float, y: float, number: float, words: str) -> None:
        """Tells the journal of something that happened in this step."""
        self.notes.append((kind, float(x), float(y), float(number), words))
