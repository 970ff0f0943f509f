"""Formations come onto the map: the units of one that is there at the start, and of one that arrives later."""

from __future__ import annotations

import math

import numpy as np

from sim import front
from sim.accounting import men_of, vehicles_of
from sim.draws import key, uniform_of
from sim.forces import Kind, Place, Side, Task
from sim.phases.command import line
from sim.phases.decide import goals
from sim.unit_rows import raise_unit
from sim.world import World

IN_LINE = 0.22  # share of the attacker's infantry in position at the start


def base_km(world: World, row: int) -> float:
    """How far behind the line the reserve of a formation stands."""
    p = world.settings.command
    return p.base_km if world.formations.side[row] == Side.ATTACKER else p.base_defender_km


def nearest_main(world: World, row: int) -> None:
    """The main point of a formation that comes later: the point of the line nearest to its axis."""
    n = int(world.front.count[0])
    f = world.formations
    ox, oy = world.objectives[f.axis[row], :2]
    k = int(np.argmin(np.hypot(world.front.x[:n] - ox, world.front.y[:n] - oy)))
    f.main_x[row], f.main_y[row] = world.front.x[k], world.front.y[k]


def raise_formation(world: World, row: int, in_line: bool) -> None:
    """Raises the units of one formation, part of its infantry in the line when the battle starts with it."""
    s, f, u, geo = world.settings, world.formations, world.units, world.geo
    spirits = float(s.morale.at_start()[f.side[row]])
    formation = world.scenario.formation[row]
    side = int(f.side[row])
    k = key(world.seed, "muster", 0)
    place = key(world.seed, "muster place", 0)
    group = world.group_size(side)
    in_line_share = IN_LINE if side == Side.ATTACKER else 1.0 - s.decide.reserve_share
    men = int(f.establishment[row])
    need = men // max(group, 1) + formation.fpv_teams + formation.batteries + formation.armor_sections + sum(formation.units.values()) + 2
    world.room(need)
    u = world.units
    world.cursor[0] = 0
    while men > 0:
        size = min(group, men)
        i = raise_unit(geo, u, f, world.cursor, row, int(Kind.INFANTRY), size, 0, s.arrive.base_spread_km, spirits, k)
        men -= size
        slot = int(u.slot[i])
        if in_line and not formation.relief and uniform_of(place, slot, 0) < in_line_share and world.front.count[0] > 0:
            point = front.pick(world.orders, row, False, uniform_of(place, slot, 1))
            back = 0.15 + 1.1 * uniform_of(place, slot, 2) ** 1.5
            along = (uniform_of(place, slot, 3) - 0.5) * 1.4
            goals.at_line(geo, u, world.front, i, point, int(Task.HOLD), -back, along)
            put(world, i)
            u.days[i] = math.floor(uniform_of(place, slot, 4) * min(30.0, f.rotation_days[row]))
            u.fatigue[i] = u.days[i]
            u.dug[i] = 30.0
    for kind, count, crew, vehicles in (
        (Kind.FPV_TEAM, formation.fpv_teams, s.fpv_team.crew, 0),
        (Kind.ARTILLERY, formation.batteries, s.artillery.crew, 0),
        (Kind.ARMOR, formation.armor_sections, s.armor.vehicles * (s.armor.crew + s.armor.dismounts), s.armor.vehicles),
    ):
        for _ in range(count):
            i = raise_unit(geo, u, f, world.cursor, row, int(kind), crew, vehicles, s.arrive.base_spread_km, spirits, k)
            if kind == Kind.ARMOR:
                continue
            u.stock[i] = s.fpv_team.most_sorties()[f.side[row]] if kind == Kind.FPV_TEAM else 0.5 * s.artillery.rounds_per_day
            if in_line:
                _serve(world, row, i, s.fpv_team.setback_km if kind == Kind.FPV_TEAM else s.artillery.setback_km, place)
    for name, count in formation.units.items():  # of kinds that plugins add
        p = getattr(s, name)
        for _ in range(count):
            i = raise_unit(geo, u, f, world.cursor, row, world.kind(name), int(p.crew), 0, s.arrive.base_spread_km, spirits, k)
            if in_line and getattr(p, "setback_km", 0.0) > 0.0:
                _serve(world, row, i, float(p.setback_km), place)


def _serve(world: World, row: int, i: int, setback: float, place: np.uint64) -> None:
    """Puts a crew of formation `row` to work about `setback` km behind the line, where there is one."""
    if world.front.count[0] == 0:
        return
    slot = int(world.units.slot[i])
    point = front.pick(world.orders, row, False, uniform_of(place, slot, 1))
    back = setback * (0.7 + 0.6 * uniform_of(place, slot, 2))
    goals.at_line(world.geo, world.units, world.front, i, point, int(Task.SERVE), -back, (uniform_of(place, slot, 3) - 0.5) * 2)
    put(world, i)


def put(world: World, i: int) -> None:
    """Moves a unit to its goal at once (only before a battle begins)."""
    u = world.units
    u.x[i] = u.from_x[i] = u.goal_x[i]
    u.y[i] = u.from_y[i] = u.goal_y[i]
    u.cell[i] = world.cell_of(float(u.x[i]), float(u.y[i]))
    u.place[i] = Place.FRONT if u.kind[i] == Kind.INFANTRY else Place.REAR


def reinforce(world: World, reserves: list[int]) -> None:
    """The start of a day: formations arrive whose date it is, after those `reserves` (rows) that are sent into a breach."""
    due = [row for row, formation in enumerate(world.scenario.formation) if formation.arrive == world.date]
    for row in dict.fromkeys([*reserves, *due]):
        if not world.formations.active[row]:
            _bring(world, row)


def _bring(world: World, row: int) -> None:
    """A formation arrives: in reserve behind the point of the line nearest to its axis."""
    f, b = world.formations, world.books
    side = int(f.side[row])
    f.active[row] = 1
    if world.front.count[0] > 0:
        nearest_main(world, row)
    line.set_base(world.geo, world.cells, f, row, base_km(world, row))
    men, vehicles = men_of(world, side), vehicles_of(world, side)
    raise_formation(world, row, in_line=False)
    b.arrived[side] += men_of(world, side) - men
    b.new_vehicles[side] += vehicles_of(world, side) - vehicles
    world.note("arrival", f.base_x[row], f.base_y[row], int(f.establishment[row]), f"{world.scenario.formation[row].name} arrives")
