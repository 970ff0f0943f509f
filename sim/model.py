"""The battle as a Mesa model: time, agents, grid, data collection, and the results of a run as tables.

The state is `model.world`; a step is `battle.step(model.world)`. One unit of Mesa's time is one step of the battle, so
at 6 hours a step `model.run_for(40)` is ten days. Agents and grid are made when they are first read, and agents come and go
with the units; a run in which they are not read never makes one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pandas as pd
from mesa.discrete_space import OrthogonalMooreGrid

from sim import battle
from sim.columns import Column
from sim.errors import InputError, did_you_mean
from sim.fields import BLOCK_COLUMNS, CELL_COLUMNS
from sim.forces import FORMATION_COLUMNS, SIDES, UNIT_COLUMNS, Place, Side, Task
from sim.handles import HANDLES, Handle, build_grid
from sim.journal import Journal
from sim.measures import MEASURES, measures_of
from sim.mustering import muster
from sim.scenario import Scenario
from sim.traits import kind_numbers


def latest(model: BattleModel, name: str) -> float:
    """A measure at the end of the last day that is over."""
    return model.journal.columns[name][-1]


def reporters(*names: str, scenario: Scenario | None = None) -> dict[str, partial]:
    """Model reporters for a Mesa DataCollector: measures by name (all when none is named), those of a scenario's plugins too."""
    known = MEASURES if scenario is None else measures_of(scenario)
    for name in names:
        if name not in known:
            raise InputError(f"unknown measure {name!r}.{did_you_mean(name, known)}")
    return {name: partial(latest, name=name) for name in names or known}


class TypeIndex(dict):
    """Agents by class; a class of which no unit is on the map now has an empty set."""

    def __init__(self, sets: dict[type, Any], random: Any):
        order = [*HANDLES.values(), *(kind for kind in sets if kind not in HANDLES.values())]
        super().__init__({kind: sets[kind] for kind in order if kind in sets and len(sets[kind])})
        self.random = random

    def __missing__(self, kind: type) -> mesa.agent.AgentSet:
        return mesa.agent.AgentSet([], random=self.random)


class BattleModel(mesa.Model):
    """One battle: `BattleModel("pokrovsk-2024", rng=1).run_for(40)`.

    `source` is a scenario's name, TOML path or object; `rng` an integer (the seed itself), a generator (a seed is drawn
    from it) or None (a new seed); `overrides` are parameters by dotted key or short name. `running` turns False at the
    scenario's horizon; steps beyond it keep the last dated supplies. `datacollector` gets all measures at the start and at
    the end of every day. InputError for a scenario, seed or override that is not allowed.

    Examples:
        >>> model = BattleModel("skirmish", rng=1)
        >>> model.run_for(8)  # two days
        >>> model.day, len(model.daily())
        (2, 3)
    """

    def __init__(self, source: str | Path | Scenario = "pokrovsk-2024", *, rng: Any = None,
                 overrides: dict[str, Any] | None = None):
        rng = int(rng) if isinstance(rng, np.integer) else rng  # `random.Random` knows no numpy integers
        super().__init__(rng=rng)
        self.seed = rng if isinstance(rng, int) else int(self.rng.integers(2**31))
        self.world = muster(source, self.seed, overrides=overrides)
        self._handles: dict[int, Handle] = {}
        self._seen: np.ndarray | None = np.zeros(0, np.int64)  # slots on the map when agents were last read
        self._grid: OrthogonalMooreGrid | None = None
        self.datacollector = mesa.DataCollector(model_reporters=reporters(scenario=self.world.scenario))
        self.datacollector.collect(self)

    def step(self) -> None:
        """Moves the battle on by one step."""
        battle.step(self.world)
        if self.world.new_day:
            self.datacollector.collect(self)
        self.running = self.world.step_index < self.world.scenario.n_steps

    # ---- time ----

    @property
    def date(self) -> dt.date:
        """Calendar date."""
        return self.world.date

    @property
    def day(self) -> int:
        """Days since the start."""
        return self.world.day

    @property
    def journal(self) -> Journal:
        """What is recorded of the battle."""
        assert self.world.journal is not None
        return self.world.journal

    # ---- agents: handles, in the order of their slots, so that it does not matter when they were read before ----

    @property
    def agents(self) -> Any:
        """All units on the map now, and agents of your own."""
        self._sync()
        return self._all_agents

    @property
    def agents_by_type(self) -> TypeIndex:
        """Units on the map now by class: `model.agents_by_type[InfantryGroup]`."""
        self._sync()
        return TypeIndex(self._agents_by_type, self.random)

    @property
    def agent_types(self) -> list[type]:
        """Classes of the units on the map now."""
        return list(self.agents_by_type)

    def handles(self, rows: np.ndarray | list[int]) -> list[Handle]:
        """The handles of some rows of the table of units, by slot."""
        self._sync()
        return [self._handles[slot] for slot in sorted(self.world.units.slot[rows].tolist())]

    def row_of(self, slot: int) -> int:
        """The row of the unit with this slot; LookupError when it is not on the map."""
        u, n = self.world.units, self.world.n
        found = np.flatnonzero((u.slot[:n] == slot) & (u.kind[:n] >= 0))
        if not found.size:
            raise LookupError(f"unit {slot} is no longer on the map")
        return int(found[0])

    def forget(self, handle: Handle) -> None:
        """Drops a handle (see `Handle.remove`)."""
        self._handles.pop(handle.slot, None)
        self._seen = None

    def _sync(self) -> None:
        """Registers units that have come and deregisters those that are gone since agents were last read."""
        u, live = self.world.units, self.world.live()
        slots = u.slot[live]
        if self._seen is not None and np.array_equal(slots, self._seen):
            return
        self._seen = slots.copy()
        here = dict(zip(slots.tolist(), zip(u.kind[live].tolist(), live.tolist())))
        for slot in [slot for slot in self._handles if slot not in here]:
            mesa.Agent.remove(self._handles.pop(slot))
        for slot, (kind, row) in here.items():
            if slot not in self._handles:
                self._handles[slot] = HANDLES.get(kind, Handle)(self, slot, row)
        self._handles = dict(sorted(self._handles.items()))
        units = list(self._handles.values())
        self._all_agents._update([*units, *(a for a in self._all_agents if not isinstance(a, Handle))])
        for kind in [t for t in self._agents_by_type if issubclass(t, Handle)]:
            self._agents_by_type[kind]._update(a for a in units if type(a) is kind)

    # ---- the map ----

    @property
    def grid(self) -> OrthogonalMooreGrid:
        """The map as a Mesa grid whose property layers are the model's own arrays; made when first read."""
        if self._grid is None:
            self._grid = build_grid(self)
        return self._grid

    def layer(self, name: str, side: str | None = None) -> np.ndarray:
        """A field of the map as a view (ny, nx), row 0 the southern: of the cells, or else of the 2 km blocks.

        Fields with a number for each side come as (ny, nx, 2); `side` picks one: whose supply, whose works.
        """
        g = self.world.geo
        cells, blocks = {c.name for c in CELL_COLUMNS}, {c.name for c in BLOCK_COLUMNS}
        if name not in cells | blocks:
            raise InputError(f"unknown layer {name!r}.{did_you_mean(name, cells | blocks)}")
        if side is not None and side not in SIDES:
            raise InputError(f"unknown side {side!r}; known: {', '.join(SIDES)}.")
        field = getattr(self.world.cells if name in cells else self.world.blocks, name)
        field = field.reshape(*((g.ny, g.nx) if name in cells else (g.block_ny, g.block_nx)), *field.shape[1:])
        if side is None or field.ndim == 2:
            return field
        k = SIDES.index(side)
        return field[..., 1 - k if name.startswith("works") else k]  # works are stored by the side they face

    # ---- results ----

    def daily(self) -> pd.DataFrame:
        """All measures by date; the first row is the start."""
        return pd.DataFrame(self.journal.daily()).set_index("date")

    def units_frame(self) -> pd.DataFrame:
        """The units on the map now, one row each by slot, with words for kind, side, task and place."""
        rows = self.world.live()
        frame = _frame(self.world.units, UNIT_COLUMNS, rows)
        frame["kind"] = _named(frame["kind"], kind_numbers(self.world.scenario))
        for name, words in (("side", Side), ("task", Task), ("place", Place)):
            frame[name] = _named(frame[name], [w.name.lower() for w in words if w >= 0])
        frame["formation"] = _named(frame["formation"], [f.name for f in self.world.scenario.formation])
        return frame.set_index("slot").sort_index().drop(columns="partner")

    def formations_frame(self) -> pd.DataFrame:
        """The formations, one row each by name, with those not in the sector now (`active` 0)."""
        scenario = self.world.scenario
        frame = _frame(self.world.formations, FORMATION_COLUMNS, slice(None))
        frame["side"] = _named(frame["side"], SIDES)
        frame["axis"] = _named(frame["axis"], [o.name for o in scenario.objective])
        return frame.set_index(pd.Index([f.name for f in scenario.formation], name="formation")).drop(columns="tag")

    def events(self) -> pd.DataFrame:
        """Events of the run: when, where, and in words."""
        names = ["step", "day", "date", "kind", "x_km", "y_km", "number", "words", "because", "figures", "at_x_km", "at_y_km"]
        return pd.DataFrame(self.journal.events, columns=names)

    def captures(self) -> pd.DataFrame:
        """Dates at which settlements changed hands for at least a week, or to the end of the run."""
        names = ["settlement", "name", "captured", "recaptured"]
        return pd.DataFrame(self.journal.captures(self.world), columns=names)

    def __repr__(self) -> str:
        s = self.world.scenario
        return f"<BattleModel {s.name!r}, seed {self.seed}: {self.date}, day {self.day} of {s.days}, {len(self.world.live())} units>"

    def _repr_html_(self) -> str:
        """The latest figures as a small table, in a notebook."""
        from html import escape

        names = ("held_km2", "front_km", *(f"{what}_{side}" for what in ("infantry", "casualties") for side in SIDES))
        known, columns = measures_of(self.world.scenario), self.journal.columns
        rows = "".join(f"<tr><td>{escape(known[n].doc)}</td><td>{columns[n][-1]:,.0f} {known[n].unit}</td></tr>" for n in names if n in columns)
        return f"<p>{escape(repr(self)[1:-1])}</p><table>{rows}</table>"

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the grid, which is made again when it is next read."""
        return {**self.__dict__, "_grid": None}


def _frame(table: Any, columns: tuple[Column, ...], rows: Any) -> pd.DataFrame:
    """The single-number columns of a table as a data frame of copies."""
    return pd.DataFrame({c.name: getattr(table, c.name)[rows].copy() for c in columns if c.width == 1})


def _named(codes: pd.Series, names: Iterable[str]) -> pd.Categorical:
    """Numbers as words."""
    return pd.Categorical.from_codes(codes.to_numpy(), list(names))
