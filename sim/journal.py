"""The record of a run: measures by day, captures of settlements, events in words, and the map by day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np

from sim.forces import Side, Task
from sim.local_records import Field, LocalRecords
from sim.measures import Ground, Look, measures_of, men_in
from sim.reasons import explain
from sim.turning_points import TurningPoints

CAPTURE_DAYS = 7  # a settlement counts as captured when it stays so for a week, as in the record


class Journal:
    """The record of one battle. Day 0 is the start; one row more for every day that has passed."""

    def __init__(self, world: Any) -> None:
        c = world.cells
        self.start = world.scenario.start
        self.columns: dict[str, list[float]] = {name: [] for name in measures_of(world.scenario)}
        self.maps: list[np.ndarray] = []
        self.town_days: list[np.ndarray] = []
        self.events: list[dict[str, Any]] = []
        self.ground = Ground(direction_start=float(c.control[c.direction == 1].sum()) * world.geo.cell**2)
        self._before = c.control.copy()
        self._depths: list[np.ndarray] = []
        self._points = TurningPoints(world)
        self._local = LocalRecords(world)
        self._held_towns = c.control[world.sector.settlement_cell] >= 0.5
        self._record(world)

    @property
    def n_days(self) -> int:
        """Days recorded after the start."""
        return len(self.maps) - 1

    def look(self, world: Any) -> None:
        """Called after every step: keeps its notes, and the day's figures when a day is over."""
        self._local.step(world)
        for kind, x, y, number, words in world.notes:
            self._event(world, kind, x, y, number, words)
        if not world.new_day:
            return
        c = world.cells
        change = c.control - self._before
        area = world.geo.cell**2
        self.ground = replace(
            self.ground, gained=self.ground.gained + float(change[change > 0].sum()) * area,
            lost=self.ground.lost - float(change[change < 0].sum()) * area)
        self._before[:] = c.control
        self._record(world)
        self._note_changes(world)
        self._local.end_day(world)  # last: the reasons of an event are those of the days before

    def _record(self, world: Any) -> None:
        self._depths.append(world.cells.depth.astype(np.float32))
        if len(self._depths) > 8:
            self._depths.pop(0)
        world.cells.front_week[:] = self._depths[0]
        self.ground = replace(self.ground, breakthroughs=self._breakthroughs(world))
        look = Look(world, self.ground, self.columns)
        values = {name: look.value(name) for name in look.measures}  # all of them before the first becomes past
        for name, value in values.items():
            self.columns[name].append(value)
        g = world.geo
        self.maps.append(np.round(world.cells.control * 100).astype(np.uint8).reshape(g.ny, g.nx))
        self.town_days.append(world.cells.control[world.sector.settlement_cell] >= 0.5)

    def _breakthroughs(self, world: Any) -> tuple[int, int]:
        """New breakthroughs of the day and deep ones among them, each with an event where it is deepest."""
        near_ones, deep = self._points.breakthroughs(world)
        kinds = (("breakthrough", "Penetration", near_ones), ("deep breakthrough", "Breakthrough", deep))  # what a reader means by the word is deep
        for kind, word, found in kinds:
            for cells in found:
                k = cells[np.argmin(world.cells.front_week[cells])]
                x, y = _middle(world, np.array([k]))
                far = -float(world.cells.front_week[k])
                self._event(world, kind, x, y, far, f"{word} {far:.0f} km past the line of a week ago, {near(world, x, y)}", Side.DEFENDER)
        return len(near_ones), len(deep)

    def _note_changes(self, world: Any) -> None:
        """Events of the day: settlements that changed hands, pockets that closed, belts broken, ground won back."""
        s = world.sector
        held, area = self.town_days[-1], world.geo.cell**2
        for k in np.flatnonzero(held != self._held_towns):
            if s.settlement_kind[k] in ("city", "town") or world.scenario.map.synthetic:
                words = f"{s.settlement_name[k]} {'taken by the attacker' if held[k] else 'back with the defender'}"
                self._event(world, "capture" if held[k] else "recapture", s.settlement_x[k], s.settlement_y[k], 1, words, Side.DEFENDER if held[k] else Side.ATTACKER)
        self._held_towns = held
        for side, cells in self._points.pockets(world):
            x, y = _middle(world, cells)
            size = cells.size * area
            men = int(men_in(world, side, Task.HOLD, Task.CONSOLIDATE)[cells].sum())
            self._event(world, "pocket", x, y, size, f"Pocket of the {side.name.lower()} closed, {men:,} men on {size:.0f} km², {near(world, x, y)}", side)
        for name, cells in self._points.belts(world):
            x, y = _middle(world, cells)
            self._event(world, "belt", x, y, cells.size * area, f"Belt broken: {name}, {near(world, x, y)}", Side.DEFENDER)
        for cells in self._points.counterattacks(world, lambda cells: self._local.count(Field.SENT, Side.DEFENDER, cells, world.geo)):
            x, y = _middle(world, cells)
            self._event(world, "counterattack", x, y, cells.size * area, f"Counterattack takes back {cells.size * area:.0f} km², {near(world, x, y)}", Side.ATTACKER)

    def _event(self, world: Any, kind: str, x: float, y: float, number: float, words: str, loser: Side | None = None) -> None:
        """Adds an event; one with a loser gets its reasons."""
        day = max((world.step_index - 1) // world.scenario.steps_per_day, 0)
        why = None if loser is None else explain(self._local, world, loser, x, y)
        self.events.append({"step": world.step_index, "day": day, "date": self.start + dt.timedelta(days=day), "kind": kind,
                            "x_km": float(x), "y_km": float(y), "number": float(number), "words": words, "because": why.because if why else "", "figures": why.figures if why else "",
                            "at_x_km": why.x if why else float("nan"), "at_y_km": why.y if why else float("nan")})

    def daily(self) -> dict[str, np.ndarray]:
        """Columns by day: `day` (0 the start), `date`, and every measure."""
        n = len(self.maps)
        dates = np.array([np.datetime64(self.start + dt.timedelta(days=d), "D") for d in range(n)])
        return {"day": np.arange(n), "date": dates, **{name: np.asarray(values) for name, values in self.columns.items()}}

    def control(self) -> np.ndarray:
        """Share held by the attacker in percent, (days + 1, ny, nx) uint8, row 0 southern."""
        return np.stack(self.maps)

    def captures(self, world: Any) -> list[dict[str, Any]]:
        """Dates at which settlements changed hands for at least a week (or to the end of the run)."""
        days = np.stack(self.town_days)
        rows = []
        for k, name in enumerate(world.sector.settlement_id):
            changes = _lasting_changes(days[:, k])
            if not changes:
                continue
            dates = [self.start + dt.timedelta(days=int(d)) for d, _ in changes]
            taken = [d for d, (_, now) in zip(dates, changes) if now]
            back = [d for d, (_, now) in zip(dates, changes) if not now]
            rows.append({"settlement": name, "name": world.sector.settlement_name[k], "captured": taken[0] if taken else None,
                         "recaptured": next((b for b in back if not taken or b > taken[0] or days[0, k]), None)})
        return rows


def _lasting_changes(held: np.ndarray) -> list[tuple[int, bool]]:
    """Days on which a state changed and stayed for CAPTURE_DAYS days or to the end, with the new state."""
    state, out = bool(held[0]), []
    for d in np.flatnonzero(held[1:] != held[:-1]) + 1:
        now = bool(held[d])
        if now != state and (held[d : d + CAPTURE_DAYS] == now).all():
            out.append((int(d), now))
            state = now
    return out


def _middle(world: Any, cells: np.ndarray) -> tuple[float, float]:
    """Mean of the centers of cells, km east and north."""
    g = world.geo
    return float(g.x0 + (cells % g.nx + 0.5).mean() * g.cell), float(g.y0 + (cells // g.nx + 0.5).mean() * g.cell)


def near(world: Any, x: float, y: float) -> str:
    """'near NAME': the nearest settlement."""
    s = world.sector
    if not len(s.settlement_name):
        return f"at {x:.0f}, {y:.0f} km"
    k = int(np.argmin(np.hypot(s.settlement_x - x, s.settlement_y - y)))
    return f"near {s.settlement_name[k]}"
