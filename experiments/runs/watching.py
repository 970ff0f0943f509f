"""Battles watched from within, phase by phase: what infiltrators meet and what crews fly. No rule is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from experiments.runs.identity import BASELINE
from sim import battle
from sim.forces import Kind, Side, Stage, Task
from sim.measures import CHIEF, near_objectives
from sim.mustering import muster
from sim.phases import PHASES

ASIDE_KM = 1.0  # to either side of an infiltrator's way: the front whose positions he meets
AHEAD_KM = 1.5  # along his way: the first positions
OWN_KM = 0.5  # past the line at most, where a bound begins that is the first
SETTLE_DAYS = 10  # until a closed road is felt, of which nothing is counted


@contextmanager
def around(name: str, before: Callable[[Any], None], after: Callable[[Any], None]) -> Iterator[None]:
    """Has a battle of this process looked at before and after each run of a phase."""
    phase = PHASES[name]

    def run(world: Any) -> None:
        before(world)
        phase.run(world)
        after(world)

    PHASES[name] = SimpleNamespace(**(vars(phase) | {"run": run}))  # type: ignore[assignment]
    try:
        yield
    finally:
        PHASES[name] = phase


class Bounds:
    """First bounds of the attacker's infiltrating groups, from the line: what each met, and whether it got through.

    `rows`: day, strain of the positions met (days, mean over men; 0 when there are none), men in them per km of front, 1 when it
    got through.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float, float]] = []
        self._groups = np.zeros(0, np.int64)
        self._met = np.zeros((0, 2))

    def before(self, world: Any) -> None:
        """Who is about to go, and the positions on his way."""
        u, n = world.units, world.n
        foot = (u.kind[:n] == Kind.INFANTRY) & (u.men[:n] > 0)
        mine = foot & (u.side[:n] == Side.ATTACKER) & (u.task[:n] == Task.INFILTRATE) & (u.stage[:n] == Stage.AT_LINE)
        mine &= world.cells.depth[u.cell[:n]] > -OWN_KM
        line = np.flatnonzero(foot & (u.side[:n] == Side.DEFENDER) & (u.task[:n] == Task.HOLD))
        self._groups = np.flatnonzero(mine)
        self._met = np.array([_met(u, i, line) for i in self._groups]).reshape(-1, 2)

    def after(self, world: Any) -> None:
        """Who got through: alive, and behind the line."""
        u = world.units
        for i, (strain, men) in zip(self._groups, self._met):
            through = u.stage[i] == Stage.BEHIND_LINE and u.hits[i].sum() < u.men[i]
            self.rows.append((world.day, strain, men, float(through)))


def _met(u: Any, i: np.int64, line: np.ndarray) -> tuple[float, float]:
    """Strain of the positions that group `i` meets, mean over their men, and men per km of front."""
    way = np.array([u.goal_x[i] - u.x[i], u.goal_y[i] - u.y[i]])
    way /= max(float(np.hypot(*way)), 1e-9)
    dx, dy = u.x[line] - u.x[i], u.y[line] - u.y[i]
    along, aside = dx * way[0] + dy * way[1], dy * way[0] - dx * way[1]
    near = line[(np.abs(aside) <= ASIDE_KM) & (along >= -OWN_KM) & (along <= AHEAD_KM)]
    men = float(u.men[near].sum())
    return (float(np.average(u.fatigue[near], weights=u.men[near])) if men else 0.0), men / (2 * ASIDE_KM)


def infiltrations(job: tuple[int, int], source: str = BASELINE, overrides: dict[str, Any] | None = None) -> np.ndarray:
    """First bounds in a battle, (n, 4) as `Bounds.rows`. `job`: seed and days."""
    seed, days = job
    watch = Bounds()
    with around("fire", watch.before, watch.after):
        battle.run(muster(source, seed, overrides=overrides, record=False), days)
    return np.array(watch.rows).reshape(-1, 4)


class Sorties:
    """FPV sorties of the defender's crews near the first objectives: what the phase takes from their stock."""

    def __init__(self) -> None:
        self.flown = 0.0
        self._crews = np.zeros(0, np.int64)
        self._stock = np.zeros(0)

    def before(self, world: Any) -> None:
        u, n = world.units, world.n
        crews = np.flatnonzero((u.kind[:n] == Kind.FPV_TEAM) & (u.side[:n] == Side.DEFENDER))
        self._crews = crews[near_objectives(world.objectives[:CHIEF, :2], u.x[crews], u.y[crews])]
        self._stock = u.stock[self._crews].copy()

    def after(self, world: Any) -> None:
        if world.day >= SETTLE_DAYS:
            self.flown += float((self._stock - world.units.stock[self._crews]).sum())


def near_towns(job: tuple[int, str, dict[str, Any], int]) -> tuple[float, float]:
    """Supply that reaches the first objectives and sorties near them, each a day's mean. `job`: seed, scenario, overrides, days."""
    seed, source, overrides, days = job
    watch = Sorties()
    world = muster(source, seed, overrides=overrides)
    with around("drones", watch.before, watch.after):
        battle.run(world, days)
    assert world.journal is not None, "a battle that is recorded"
    supply = world.journal.columns["supply_objectives"][SETTLE_DAYS + 1 :]
    return float(np.mean(supply)), watch.flown / (days - SETTLE_DAYS)
