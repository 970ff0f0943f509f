"""Units as Mesa agents: light handles onto rows of the table of units, and the Mesa grid over the same arrays.

A handle holds its model and its slot and nothing else: attributes are read from the columns and written to them. It is found by slot, never by row: rows are reordered and reused. Phases move units; handles
are for people, for notebooks, and for trying an idea in plain Python. None is made before agents or grid are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import mesa
import numpy as np
from mesa.discrete_space import OrthogonalMooreGrid
from mesa.discrete_space.cell_agent import BasicMovement
from mesa.discrete_space.property_layer import PropertyLayer

from sim.columns import Column
from sim.errors import did_you_mean
from sim.fields import CELL_COLUMNS
from sim.forces import CAUSES, SIDES, UNIT_COLUMNS, Kind, Place, Side, Task
from sim.traits import kind_numbers
from sim.unit_rows import clear_row

SCRATCH = ("cost", "gain")  # columns of the cells that mean nothing between steps


class Value:
    """One number of a unit: reads and writes its column at the unit's row."""

    def __init__(self, column: Column):
        self.name = column.name
        self.whole = np.dtype(column.dtype).kind == "i"
        self.__doc__ = f"{column.doc} ({column.unit})" if column.unit else column.doc

    def __get__(self, handle: Handle | None, owner: type | None = None) -> Any:
        return self if handle is None else getattr(handle.model.world.units, self.name)[handle.row].item()

    def __set__(self, handle: Handle, value: Any) -> None:
        if not math.isfinite(value) or (self.whole and value != int(value)):
            raise ValueError(f"{self.name}: {value!r} is not a {'whole' if self.whole else 'finite'} number")
        getattr(handle.model.world.units, self.name)[handle.row] = value


class Coordinate(Value):
    """East or north in km. Setting it moves the unit at once and keeps its cell right."""

    def __set__(self, handle: Handle, value: float) -> None:
        g = handle.model.world.geo
        low, size = (g.x0, g.width) if self.name == "x" else (g.y0, g.height)
        if not low <= value <= low + size:
            raise ValueError(f"{self.name}: {value!r} km is outside the box, {low:g} to {low + size:g} km")
        super().__set__(handle, value)
        handle.model.world.units.cell[handle.row] = handle.model.world.cell_of(handle.x, handle.y)


class Word(Value):
    """A code of an enumeration: read as a word; set by the word, the number or the member."""

    def __init__(self, column: Column, words: type[IntEnum], fixed: bool = False):
        super().__init__(column)
        self.words = words
        self.fixed = fixed

    def __get__(self, handle: Handle | None, owner: type | None = None) -> Any:
        if handle is None:
            return self
        number = super().__get__(handle)
        if self.words is Kind and number > max(Kind):  # of a plugin
            return next(name for name, n in kind_numbers(handle.model.world.scenario).items() if n == number)
        return self.words(number).name.lower()

    def __set__(self, handle: Handle, value: str | int) -> None:
        if self.fixed:
            raise AttributeError(f"{self.name}: a unit never changes it")
        known = [w.name.lower() for w in self.words]
        if isinstance(value, str) and value not in known:
            raise ValueError(f"{self.name}: {value!r} is not one of {', '.join(known)}.{did_you_mean(value, known)}")
        super().__set__(handle, self.words[value.upper()] if isinstance(value, str) else self.words(value))


class Handle(mesa.Agent, BasicMovement):
    """A unit of any kind. Its columns are attributes: `men`, `x`, `y`, `morale`, `task`, ...; `unique_id` is its slot.

    Men or vehicles written here are not entered in the books: a battle that checks its books will fail at the next step.
    """

    def __init__(self, model: Any, slot: int, row: int):
        self.slot = int(slot)
        self._row = int(row)  # where it was last seen; only a hint
        super().__init__(model)

    @property
    def unique_id(self) -> int:
        """The unit's slot: the same in every run of the same scenario, whenever agents are first read."""
        return self.slot

    @unique_id.setter
    def unique_id(self, number: int | None) -> None:
        """Mesa numbers agents as they register; here the slot is the number."""

    @property
    def row(self) -> int:
        """Its row now; LookupError when the unit is gone."""
        u = self.model.world.units
        if self._row >= len(u.slot) or u.slot[self._row] != self.slot or u.kind[self._row] < 0:
            self._row = self.model.row_of(self.slot)
        return self._row

    @property
    def is_alive(self) -> bool:
        """True while the unit is on the map."""
        try:
            return self.row >= 0
        except LookupError:
            return False

    @property
    def formation(self) -> str:
        """Name of the formation it belongs to."""
        world = self.model.world
        return world.scenario.formation[world.units.formation[self.row]].name

    @property
    def partner(self) -> Handle | None:
        """The unit it goes to relieve."""
        u = self.model.world.units
        other = int(u.partner[self.row])
        return None if other < 0 or u.kind[other] < 0 else self.model.handles([other])[0]

    @property
    def hits(self) -> dict[str, int]:
        """Men hit in the step so far, by cause; between steps they have been taken off already."""
        return dict(zip(CAUSES, self.model.world.units.hits[self.row].tolist()))

    @property
    def pos(self) -> tuple[float, float]:
        """Where it stands: east and north in km."""
        return self.x, self.y

    @pos.setter
    def pos(self, place: tuple[float, float] | None) -> None:
        if place is not None:  # Mesa sets None when an agent is made
            self.x, self.y = place

    @property
    def cell(self) -> Any:
        """The cell of `model.grid` it stands in. Setting it moves the unit to the middle of that cell."""
        g, c = self.model.world.geo, int(self.model.world.units.cell[self.row])
        return self.model.grid[c % g.nx, c // g.nx]

    @cell.setter
    def cell(self, cell: Any) -> None:
        g, (i, j) = self.model.world.geo, cell.coordinate
        self.pos = g.x0 + (i + 0.5) * g.cell, g.y0 + (j + 0.5) * g.cell

    def distance_km(self, other: Handle) -> float:
        """Distance to another unit."""
        return math.hypot(self.x - other.x, self.y - other.y)

    def remove(self) -> None:
        """Takes the unit out of the sector: its men and vehicles leave by the books."""
        if self.is_alive:
            u, b, row = self.model.world.units, self.model.world.books, self.row
            side = int(u.side[row])
            b.left[side] += int(u.men[row]) + int(u.hurt[row])
            b.left_vehicles[side] += int(u.vehicles[row])
            clear_row(u, row)
        self.model.forget(self)
        super().remove()

    def __repr__(self) -> str:
        if not self.is_alive:
            return f"<{type(self).__name__} {self.slot}, gone>"
        where = f"{self.x:.1f}, {self.y:.1f} km"
        return f"<{type(self).__name__} of the {self.side}, {self.men} men, {self.task}, at {where}>"


def _columns() -> Iterator[tuple[str, Value]]:
    """The attributes of a handle, from the table of columns."""
    words = {"kind": (Kind, True), "side": (Side, True), "task": (Task, False), "place": (Place, False)}
    own = {"slot", "formation", "partner", "cell", "hits"}
    for column in UNIT_COLUMNS:
        if column.name in words:
            yield column.name, Word(column, *words[column.name])
        elif column.name in ("x", "y"):
            yield column.name, Coordinate(column)
        elif column.name not in own and column.width == 1:
            yield column.name, Value(column)


for _name, _value in _columns():
    setattr(Handle, _name, _value)


class InfantryGroup(Handle):
    """A few men with one task."""


class ArmorSection(Handle):
    """A few vehicles with their crews and the infantry they carry."""


class FpvTeam(Handle):
    """A crew with FPV drones; `stock` is the drones in hand."""


class ArtilleryBattery(Handle):
    """Guns with their crew; `stock` is the rounds in hand."""


class GlideBombStrike(Handle):
    """One sortie, on the map for the step in which its bomb falls; `goal_x`, `goal_y` is what it was aimed at."""


HANDLES = {
    Kind.INFANTRY: InfantryGroup,
    Kind.ARMOR: ArmorSection,
    Kind.FPV_TEAM: FpvTeam,
    Kind.ARTILLERY: ArtilleryBattery,
    Kind.GLIDE_BOMB: GlideBombStrike,
}


class Occupants(Sequence):
    """The agents in one cell: units by their columns, found when read, and agents of your own placed there."""

    __slots__ = ("model", "number", "others")

    def __init__(self, model: Any, number: int):
        self.model = model
        self.number = number  # of the cell
        self.others: list[mesa.Agent] = []

    def rows(self) -> np.ndarray:
        """Rows of the units in the cell."""
        u, n = self.model.world.units, self.model.world.n
        return np.flatnonzero((u.cell[:n] == self.number) & (u.kind[:n] >= 0))

    def __len__(self) -> int:
        return len(self.rows()) + len(self.others)

    def __iter__(self) -> Iterator[mesa.Agent]:
        return iter([*self.model.handles(self.rows()), *self.others])

    def __getitem__(self, k: Any) -> Any:
        return list(self)[k]

    def copy(self) -> list[mesa.Agent]:
        """The agents in the cell as a list."""
        return list(self)

    def append(self, agent: mesa.Agent) -> None:
        """Places an agent of your own; a unit stands where its x and y say."""
        if isinstance(agent, Handle):
            raise TypeError("a unit stands where its x and y say: set its cell or its pos")
        self.others.append(agent)

    def remove(self, agent: mesa.Agent) -> None:
        """Takes away an agent of your own."""
        self.others.remove(agent)


class EmptyLayer(PropertyLayer):
    """Property layer: True where nobody stands; counted when read."""

    def __init__(self, grid: OrthogonalMooreGrid):
        super().__init__("empty", grid.dimensions, True, bool)
        self.grid = grid

    @property
    def data(self) -> np.ndarray:
        """(nx, ny) True where a cell is empty."""
        for cell in self.grid:
            self._data[cell.coordinate] = cell.is_empty
        return self._data


def shared_layer(name: str, data: np.ndarray) -> PropertyLayer:
    """A property layer over `data` itself (`PropertyLayer.from_data` copies): the one place that knows of layers."""
    layer = PropertyLayer(name, data.shape, data.dtype.type(0), data.dtype.type)
    layer._data = data
    return layer


def layer_names() -> dict[str, tuple[str, str | None]]:
    """The layers of the grid: column of the cells and, where a column has a number for each side, whose."""
    out: dict[str, tuple[str, str | None]] = {}
    for column in CELL_COLUMNS:
        if column.name not in SCRATCH:
            sides = (None,) if column.width == 1 else SIDES
            out |= {column.name if side is None else f"{column.name}_{side}": (column.name, side) for side in sides}
    return out


def build_grid(model: Any) -> OrthogonalMooreGrid:
    """The cells of the map as a Mesa grid: cell (i, j) is i-th from the west, j-th from the south.

    Its layers share the model's arrays, transposed to (nx, ny). Ground changes hands by `held`, in millionths;
    `control` and `square_control` repeat it and are overwritten from it.
    """
    g = model.world.geo
    grid = OrthogonalMooreGrid((g.nx, g.ny), torus=False, random=model.random)
    for cell in grid:
        i, j = cell.coordinate
        cell._agents = Occupants(model, j * g.nx + i)
    grid.__dict__.pop("all_cells", None)  # Mesa keeps the lists it saw first
    grid.remove_property_layer("empty")
    grid.add_property_layer(EmptyLayer(grid))
    grid.cell_klass.empty = property(lambda cell: cell.is_empty, lambda cell, value: None)
    for name, (column, side) in layer_names().items():
        grid.add_property_layer(shared_layer(name, model.layer(column, side).T))
    return grid
