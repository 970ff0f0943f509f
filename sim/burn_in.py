"""Burn-in: days of battle before the first one, over a line that stays, so that a battle starts from a state that lasts.

Groups that have just been mustered are rested, fed and fully manned, stand where they were put, and nobody knows of anybody: the
first days of such a battle are like no later ones. So it is fought for some days (`burn_in_days` of the scenario) before the first;
every step ends with the line and the works of the start. Then the books are opened, and strengths are those of the scenario again.
"""

from __future__ import annotations

import numpy as np

from sim import battle
from sim.accounting import open_books
from sim.fields import MICRO, draw_line
from sim.forces import Kind, Place, Side, Stage, Task
from sim.raising import put
from sim.unit_rows import clear_row, send_home
from sim.world import World


def burn_in(world: World, days: int) -> None:
    """Fights `days` days before the start over the line of the start. Dated inputs keep their first value; nothing is recorded."""
    held, works = world.cells.held.copy(), world.cells.works.copy()
    world.first_step = world.step_index = -days * world.scenario.steps_per_day
    while world.step_index < 0:
        battle.step(world)
        _restore(world, held, works)
    _recall(world)
    _restore_strength(world)
    open_books(world)
    world.campaign.gained[:] = world.campaign.spent[:] = 0.0
    world.notes.clear()


def _restore(world: World, held: np.ndarray, works: np.ndarray) -> None:
    """The line and the works of the start; what groups have dug since stays."""
    c = world.cells
    c.held[:] = held
    c.control[:] = held / MICRO
    np.maximum(c.works, works, out=c.works)
    draw_line(world.geo, c)


def _recall(world: World) -> None:
    """The attacker's groups that lodged farther beyond the line than they hold ground are in reserve: their ground was given back."""
    u, f, n = world.units, world.formations, world.n
    ahead = (u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == Side.ATTACKER) & (u.task[:n] == Task.CONSOLIDATE)
    far = world.cells.depth[u.cell[:n]] < -world.settings.control.reach_km
    for i in np.flatnonzero(ahead & far):
        send_home(u, f, i)
        put(world, int(i))
        u.task[i], u.stage[i], u.days[i], u.place[i] = Task.RESERVE, Stage.NONE, 0.0, Place.REAR


def _restore_strength(world: World) -> None:
    """Strengths of the start: pools take in what a formation lost; what it gained leaves them, then its reserve groups."""
    f, u, n = world.formations, world.units, world.n
    section = world.settings.armor.vehicles
    for row, formation in enumerate(world.scenario.formation):
        if not f.active[row]:
            continue
        mine = u.formation[:n] == row
        infantry = mine & (u.kind[:n] == Kind.INFANTRY)
        lack = int(f.establishment[row] - u.men[:n][infantry].sum() - f.recruits[row] - f.away[row])
        left = f.recruits[row] + lack
        f.recruits[row] = max(left, 0)
        reserve = np.flatnonzero(infantry & (u.task[:n] == Task.RESERVE) & (u.hurt[:n] == 0))
        for i in reserve[np.argsort(u.slot[reserve])]:
            left += u.men[i]
            if left <= 0:
                clear_row(u, i)
                continue
            u.men[i] = min(u.men[i], left)
            break
        vehicles = int(u.vehicles[:n][mine & (u.kind[:n] == Kind.ARMOR)].sum() + f.vehicle_pool[row] + f.repair[row])
        f.vehicle_pool[row] = max(f.vehicle_pool[row] + formation.armor_sections * section - vehicles, 0)
