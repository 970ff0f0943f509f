"""Initialization: from a scenario to a battle ready for its first step, and formations that arrive later."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from sim import compilation, forces, front, order
from sim.accounting import men_of, vehicles_of
from sim.columns import allocate
from sim.draws import key, stream, uniform, uniform_of
from sim.errors import InputError, checked_seed
from sim.fields import MICRO, Cells, draw_line, geometry, outline
from sim.forces import Kind, Place, Side, Task
from sim.front import trace
from sim.journal import Journal
from sim.levers import apply
from sim.phases import arrive, command, sense, works
from sim.phases.command import line, orders
from sim.phases.decide import goals
from sim.plugin_files import foreign_groups
from sim.scenario import Scenario, load_scenario
from sim.sector.build import build_sector
from sim.settings import Settings, by_dotted_key
from sim.unit_rows import raise_unit
from sim.world import World

IN_LINE = 0.22  # share of the attacker's infantry in position at the start


def muster(source: str | Path | Scenario = "pokrovsk-2024", seed: int = 1, *, overrides: dict[str, Any] | None = None,
           record: bool = True, check: bool = False) -> World:
    """A battle of `source` under `seed`, ready for its first step.

    `overrides` are dotted keys or short names; `record` keeps a journal; `check` verifies the books after every step. The first `n`
    rows of `units` are in use. InputError for a scenario, seed or override that is not allowed.

    Examples:
        >>> world = muster("skirmish", seed=1, overrides={"drones_defender": 2})
        >>> world.day, world.date.isoformat(), world.units.men[: world.n].min() >= 0
        (0, '2024-08-01', np.True_)
    """
    scenario = load_scenario(source)
    seed = checked_seed(seed)
    compilation.prepare()
    settings = Settings({**by_dotted_key(scenario.params), **by_dotted_key(overrides or {})})
    _refuse_foreign(scenario, settings)
    sector = build_sector(scenario)
    box = scenario.box
    geo = geometry(box.x0_km, box.y0_km, box.width_km, box.height_km, scenario.cell_km)
    cells = allocate(Cells, geo.nx * geo.ny)
    cells.held[:] = np.round(sector.control0 * MICRO)
    cells.control[:] = cells.held / MICRO
    draw_line(geo, cells)
    for name in ("wood", "built", "water", "road", "rail"):
        getattr(cells, name)[:] = getattr(sector, name)
    cells.high[:] = np.maximum(sector.high, sector.industry)
    cells.direction[:] = sector.direction
    cells.supply[:] = 1.0
    world = World(scenario, settings, sector, cells, forces.formations(len(scenario.formation)), _capacity(scenario), seed)
    world.check = check
    outline(geo, cells, world.blocks)
    trace(geo, cells, world.front)
    _name_formations(world)
    _assign(world)
    if settings.works.enabled:
        works.lay_belts(world, first=True)
        works.dig_in(world)
        _town_works(world)
    for row, f in enumerate(scenario.formation):
        if f.is_here(scenario.start):
            _raise(world, row, in_line=True)
    refresh(world)
    world.totals.short = arrive.scheduled_shortage(settings.arrive)
    world.books.start_men[:] = [men_of(world, s) for s in Side]
    world.books.start_vehicles[:] = [vehicles_of(world, s) for s in Side]
    cells.front_week[:] = cells.depth
    order.start(world)
    if record:
        world.journal = Journal(world)
    return world


def _refuse_foreign(scenario: Scenario, settings: Settings) -> None:
    """InputError for a parameter of a plugin that the scenario does not name."""
    others = foreign_groups(scenario.plugins)
    for name in settings.overrides:
        if name.split(".")[0] in others:
            raise InputError(f"{scenario.name}: {name} is a parameter of a plugin that it does not name (plugins).")


def refresh(world: World) -> None:
    """Recounts sums over units and reads the line, without a step of time."""
    sense.run(world)
    line.read_line(world.geo, world.cells, world.nodes, world.front, 1.0, command.knobs_of(world))


def _capacity(scenario: Scenario) -> int:
    """Rows for the units that are there at the start, with groups of five; the table grows when more are wanted."""
    present = [f for f in scenario.formation if f.is_here(scenario.start)]
    return sum(f.infantry // 5 + f.fpv_teams + f.batteries + f.armor_sections + sum(f.units.values()) for f in present) + 800


def _name_formations(world: World) -> None:
    f = world.formations
    names = [o.name for o in world.scenario.objective]
    for row, formation in enumerate(world.scenario.formation):
        attacker = formation.side == "attacker"
        f.side[row] = Side.ATTACKER if attacker else Side.DEFENDER
        f.tag[row] = stream(formation.name) >> 26
        f.active[row] = formation.is_here(world.scenario.start)
        f.relief[row] = formation.relief
        f.axis[row] = names.index(formation.axis) if formation.axis else 0
        f.claim[row] = 1.0
        f.sections[row] = formation.armor_sections
        f.quality[row] = formation.quality
        f.main_left[row] = 3.0 + 11.0 * uniform(key(world.seed, "main left", -1), f.tag[row])
        f.tempo[row] = 1.0
    apply(world, at_start=True)


def _sites(x: np.ndarray, y: np.ndarray, n: int) -> list[int]:
    """`n` points of the line far from one another: each next one the farthest from those before (Gonzalez 1985)."""
    chosen = [int(np.argmin(x + 1e-3 * y))]
    d = np.hypot(x - x[chosen[0]], y - y[chosen[0]])
    while len(chosen) < n:
        k = int(np.argmax(d))
        chosen.append(k)
        d = np.minimum(d, np.hypot(x - x[k], y - y[k]))
    return chosen


def _assign(world: World) -> None:
    """Gives every formation of each side its first piece of the line, as near to its axis as the others leave it."""
    n = int(world.front.count[0])
    f = world.formations
    if n == 0:
        f.main_x[:] = world.geo.x0 + world.geo.width / 2
        f.main_y[:] = world.geo.y0 + world.geo.height / 2
        f.base_x[:], f.base_y[:] = f.main_x, f.main_y
        return
    x, y = world.front.x[:n], world.front.y[:n]
    for side in Side:
        rows = [r for r in range(len(f.side)) if f.side[r] == side and f.active[r] and not f.relief[r]]
        sites = _sites(x, y, len(rows))
        axis = world.objectives[f.axis[rows], :2]
        cost = np.hypot(axis[:, :1] - x[sites], axis[:, 1:2] - y[sites])
        from scipy.optimize import linear_sum_assignment

        for r, s in zip(*linear_sum_assignment(cost)):
            f.main_x[rows[r]], f.main_y[rows[r]] = x[sites[s]], y[sites[s]]
    for r in range(len(f.side)):
        if not f.active[r] or f.relief[r]:
            _nearest_main(world, r)
        line.set_base(world.geo, world.cells, f, r, _base_km(world, r))
    active = f.active.copy()
    f.active[:] = 1
    f.infantry[:] = 1
    orders.write_orders(world.geo, world.cells, world.front, f, world.orders, command.knobs_of(world))
    f.active[:] = active
    f.infantry[:] = 0


def _base_km(world: World, row: int) -> float:
    """How far behind the line the reserve of a formation stands."""
    p = world.settings.command
    return p.base_km if world.formations.side[row] == Side.ATTACKER else p.base_defender_km


def _nearest_main(world: World, row: int) -> None:
    """The main point of a formation that comes later: the point of the line nearest to its axis."""
    n = int(world.front.count[0])
    f = world.formations
    ox, oy = world.objectives[f.axis[row], :2]
    k = int(np.argmin(np.hypot(world.front.x[:n] - ox, world.front.y[:n] - oy)))
    f.main_x[row], f.main_y[row] = world.front.x[k], world.front.y[k]


def _raise(world: World, row: int, in_line: bool) -> None:
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
            _put(world, i)
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
            slot = int(u.slot[i])
            name = "fpv_team" if kind == Kind.FPV_TEAM else "artillery"
            setback = getattr(s, name).setback_km * (0.7 + 0.6 * uniform_of(place, slot, 2))
            u.stock[i] = s.fpv_team.most_sorties()[f.side[row]] if kind == Kind.FPV_TEAM else 0.5 * s.artillery.rounds_per_day
            if in_line and world.front.count[0] > 0:
                point = front.pick(world.orders, row, False, uniform_of(place, slot, 1))
                goals.at_line(geo, u, world.front, i, point, int(Task.SERVE), -setback, (uniform_of(place, slot, 3) - 0.5) * 2)
                _put(world, i)
    _raise_added(world, row, in_line, k, place)


def _raise_added(world: World, row: int, in_line: bool, k: Any, place: Any) -> None:
    """Raises the units of one formation whose kinds plugins add; those with a setback at work behind the line if it starts there."""
    s, f, u, geo = world.settings, world.formations, world.units, world.geo
    spirits = float(s.morale.at_start()[f.side[row]])
    for name, count in world.scenario.formation[row].units.items():
        p = getattr(s, name)
        for _ in range(count):
            i = raise_unit(geo, u, f, world.cursor, row, world.kind(name), int(p.crew), 0, s.arrive.base_spread_km, spirits, k)
            setback = float(getattr(p, "setback_km", 0.0))
            if in_line and setback > 0.0 and world.front.count[0] > 0:
                slot = int(u.slot[i])
                point = front.pick(world.orders, row, False, uniform_of(place, slot, 1))
                wide = -setback * (0.7 + 0.6 * uniform_of(place, slot, 2))
                goals.at_line(geo, u, world.front, i, point, int(Task.SERVE), wide, (uniform_of(place, slot, 3) - 0.5) * 2)
                _put(world, i)


def _put(world: World, i: int) -> None:
    """Moves a unit to its goal at once (only while the battle is mustered)."""
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
        _nearest_main(world, row)
    line.set_base(world.geo, world.cells, f, row, _base_km(world, row))
    men, vehicles = men_of(world, side), vehicles_of(world, side)
    _raise(world, row, in_line=False)
    b.arrived[side] += men_of(world, side) - men
    b.new_vehicles[side] += vehicles_of(world, side) - vehicles
    world.note("arrival", f.base_x[row], f.base_y[row], int(f.establishment[row]), f"{world.scenario.formation[row].name} arrives")


def _town_works(world: World) -> None:
    """A defended town is a strongpoint by itself, by its density of building."""
    c = world.cells
    share = np.minimum(c.built * world.settings.works.town_scale, 1.0) * world.settings.works.town_works
    behind = c.depth < 0.5
    c.works[behind, 0] = np.maximum(c.works[behind, 0], share[behind])
    c.works_plan[behind, 0] = np.maximum(c.works_plan[behind, 0], share[behind])
