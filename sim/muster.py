"""From a scenario to a battle ready for its first step: ground, control, formations, groups, crews, works."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np

from sim import forces, front
from sim.accounting import _men, _vehicles
from sim.columns import allocate
from sim.draws import key, normal, stream, uniform, uniform_of
from sim.errors import checked_seed
from sim.fields import (
    BLOCK_COLUMNS,
    CELL_COLUMNS,
    MICRO,
    NODE_COLUMNS,
    Blocks,
    Cells,
    Nodes,
    draw_line,
    geometry,
    outline,
)
from sim.forces import Kind, Side, Task
from sim.front import empty_front, empty_orders, trace
from sim.journal import Journal
from sim.phases import command, sense, works
from sim.phases.command import line, orders
from sim.phases.decide import goals
from sim.phases.weather import Sky, Spell
from sim.scenario import SCHEDULES, Scenario, load_scenario
from sim.sector.build import build_sector
from sim.settings import Settings, by_dotted_key
from sim.unit_rows import raise_unit
from sim.world import World

SECTOR_KM2 = 6400.0  # the box to which paces of the record refer
IN_LINE = (0.22, 0.55)  # share of each side's infantry in position at the start: attacker, defender


def muster(source: str | Path | Scenario = "pokrovsk-2024", seed: int = 1, *, overrides: dict | None = None,
           record: bool = True, check: bool = False) -> World:
    """A battle of `source` under `seed`, ready for its first step.

    `overrides` are dotted keys or short names; `record` keeps a journal; `check` verifies the books after every step.
    """
    scenario = load_scenario(source)
    seed = checked_seed(seed)
    settings = Settings({**by_dotted_key(scenario.params), **by_dotted_key(overrides or {})})
    sector = build_sector(scenario)
    box = scenario.box
    geo = geometry(box.x0_km, box.y0_km, box.width_km, box.height_km, scenario.cell_km)
    n_cells = geo.nx * geo.ny
    cells = allocate(Cells, CELL_COLUMNS, n_cells)
    cells.held[:] = np.round(sector.control0 * MICRO)
    cells.control[:] = cells.held / MICRO
    draw_line(geo, cells)
    for name in ("wood", "built", "water", "road", "rail"):
        getattr(cells, name)[:] = getattr(sector, name)
    cells.high[:] = np.maximum(sector.high, sector.industry)
    cells.direction[:] = sector.direction
    cells.supply[:] = 1.0
    formations = forces.formations(len(scenario.formation))
    world = World(
        scenario, settings, sector, geo, forces.units(_capacity(scenario)), formations, cells,
        allocate(Nodes, NODE_COLUMNS, geo.node_nx * geo.node_ny), allocate(Blocks, BLOCK_COLUMNS, geo.block_nx * geo.block_ny),
        forces.books(), seed)
    _prepare(world)
    world.check = check
    world.bring = bring
    outline(geo, cells, world.blocks)
    trace(geo, cells, world.front)
    _name_formations(world)
    _assign(world)
    if settings.works.enabled:
        works.lay_belts(world, first=True)
        works.dig_in(world)
        _town_works(world)
    for row, f in enumerate(scenario.formation):
        if _here(f, scenario.start):
            _raise(world, row, in_line=True)
    refresh(world)
    world.books.start_men[:] = [_men(world, s) for s in Side]
    world.books.start_vehicles[:] = [_vehicles(world, s) for s in Side]
    cells.front_week[:] = cells.depth
    if record:
        world.journal = Journal(world)
    return world


def refresh(world: World) -> None:
    """Brings sums over units and the line up to date without moving time."""
    sense.run(world)
    line.read_line(world.geo, world.cells, world.nodes, world.front, 1.0)


def _prepare(world: World) -> None:
    """Everything a battle keeps besides its tables."""
    scenario, geo = world.scenario, world.geo
    n_cells = geo.nx * geo.ny
    world.front = empty_front(geo)
    world.orders = empty_orders(len(scenario.formation))
    world.bin_start = np.zeros(n_cells + 1, np.int32)
    world.bin_order = np.zeros(world.units.kind.shape[0], np.int32)
    world.heap_cost = np.zeros(n_cells * 4)
    world.heap_cell = np.zeros(n_cells * 4, np.int32)
    world.scratch_tally = np.zeros((2, 4), np.int64)
    world.flown = np.zeros(2, np.int64)
    world.fired = np.zeros(2, np.int64)
    world.bombs_released = 0
    world.pockets = [0, 0]
    world.deadline = False
    world.direction_of = _directions(scenario)
    world.main_direction, world.turn_left = 0, 0.0
    pulse = key(world.seed, "pulse", -1)
    axes = range(len(world.scenario.objective))
    world.axis_pulse = np.array([uniform_of(pulse, a, 0) < 0.45 for a in axes], np.int8)
    world.axis_left = np.array([1.0 + 6.0 * uniform_of(pulse, a, 1) for a in axes])
    start = key(world.seed, "campaign", -1)
    world.campaign = np.array([normal(uniform_of(start, d, 0), uniform_of(start, d, 1)) for d in range(world.direction_of.max() + 1)])
    world.gained_km2 = world.lost_km2 = world.gain_today = 0.0
    world.spell = Spell(False, False, 0.2)
    world.sky = Sky(1.0, 1.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5)
    world.objectives = np.column_stack([world.sector.objective_x, world.sector.objective_y, world.sector.objective_weight])
    world.nowhere = np.zeros(n_cells, np.int8)
    world.h32 = _h32(world)
    edge = np.zeros((geo.ny, geo.nx), bool)
    edge[[0, -1], :] = True
    edge[:, [0, -1]] = True
    held = (world.cells.square_control >= 0.5).reshape(geo.ny, geo.nx)
    world.sources = np.column_stack([(edge & held).ravel(), (edge & ~held).ravel()]).astype(np.int8)
    world.schedule = _schedules(scenario)
    world.supplies = world.supplies_on(0)
    present = [f for f in scenario.formation if _here(f, scenario.start)]
    men = {s: sum(f.infantry for f in present if f.side == s) for s in ("attacker", "defender")}
    world.manpower_mustered = men["attacker"] / max(men["defender"], 1)
    asked = world.settings.overrides.get("command.manpower_ratio")
    world.manpower_scale = 1.0 if asked is None else asked / world.manpower_mustered
    world.share_of_sector = scenario.box.width_km * scenario.box.height_km / SECTOR_KM2


def _schedules(scenario: Scenario) -> dict[str, tuple[np.ndarray, np.ndarray, bool]]:
    """Each schedule as days since the start, values, and whether it is linear between them."""
    out = {}
    for name in SCHEDULES:
        entries = sorted((e for e in scenario.schedule if e.key == name), key=lambda e: e.date)
        if entries:
            days = np.array([(e.date - scenario.start).days for e in entries], float)
            out[name] = (days, np.array([e.value for e in entries]), all(e.linear for e in entries))
        else:
            out[name] = (np.zeros(1), np.array([_DEFAULTS.get(name, 0.0)]), False)
    return out


_DEFAULTS = {"reach_attacker": 6.0, "reach_defender": 6.0, "assault_group": 6.0}


def _capacity(scenario: Scenario) -> int:
    """Rows for the units that are there at the start, with groups of five; the table grows when more are wanted."""
    present = [f for f in scenario.formation if _here(f, scenario.start)]
    return sum(f.infantry // 5 + f.fpv_teams + f.batteries + f.armor_sections for f in present) + 800


def _directions(scenario: Scenario) -> np.ndarray:
    """The direction of each objective, (o,), numbered in the order in which the scenario names them."""
    names = [o.direction or o.name for o in scenario.objective]
    return np.array([list(dict.fromkeys(names)).index(name) for name in names])


def _here(formation, date) -> bool:
    """True when a formation is in the sector on that date."""
    return (formation.arrive is None or formation.arrive <= date) and (formation.leave is None or formation.leave > date)


def _name_formations(world: World) -> None:
    f = world.formations
    names = [o.name for o in world.scenario.objective]
    for row, formation in enumerate(world.scenario.formation):
        attacker = formation.side == "attacker"
        f.side[row] = Side.ATTACKER if attacker else Side.DEFENDER
        f.tag[row] = stream(formation.name) >> 26
        f.active[row] = _here(formation, world.scenario.start)
        f.relief[row] = formation.relief
        f.axis[row] = names.index(formation.axis) if formation.axis else 0
        f.establishment[row] = round(formation.infantry * (world.manpower_scale if attacker else 1.0))
        f.claim[row] = 1.0
        f.sections[row] = formation.armor_sections
        f.quality[row] = formation.quality
        f.leadership[row] = formation.leadership
        p = world.settings.decide
        days = p.rotation_attacker_days if attacker else p.rotation_interval_days
        asked = "decide.rotation_interval_days" in world.settings.overrides and not attacker
        f.rotation_days[row] = days if asked or formation.rotation_interval_days is None else formation.rotation_interval_days
        f.main_left[row] = 3.0 + 11.0 * uniform(key(world.seed, "main left", -1), f.tag[row])
        f.tempo[row] = 1.0


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
    orders.write_orders(world.geo, world.cells, world.front, f, world.orders, world.knobs("command", command.Knobs))
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
    formation = world.scenario.formation[row]
    side = int(f.side[row])
    k = key(world.seed, "muster", 0)
    place = key(world.seed, "muster place", 0)
    group = world.group_size(side)
    men = int(f.establishment[row])
    need = men // max(group, 1) + formation.fpv_teams + formation.batteries + formation.armor_sections + 2
    world.room(need)
    u = world.units
    world.cursor[0] = 0
    while men > 0:
        size = min(group, men)
        i = raise_unit(geo, u, f, world.cursor, row, int(Kind.INFANTRY), size, 0, 2.0, k)
        men -= size
        slot = int(u.slot[i])
        if in_line and not formation.relief and uniform_of(place, slot, 0) < IN_LINE[side] and world.front.count[0] > 0:
            point = front.pick(world.orders, row, False, uniform_of(place, slot, 1))
            back = 0.15 + 1.1 * uniform_of(place, slot, 2) ** 1.5
            along = (uniform_of(place, slot, 3) - 0.5) * 1.4
            goals.at_line(geo, u, world.front, i, point, Task.HOLD, -back, along)
            _put(world, i)
            u.days[i] = math.floor(uniform_of(place, slot, 4) * min(30.0, f.rotation_days[row]))
            u.fatigue[i] = u.days[i]
    for kind, count, crew, vehicles in (
        (Kind.FPV_TEAM, formation.fpv_teams, s.fpv_team.crew, 0),
        (Kind.ARTILLERY, formation.batteries, s.artillery.crew, 0),
        (Kind.ARMOR, formation.armor_sections, s.armor.vehicles * (s.armor.crew + s.armor.dismounts), s.armor.vehicles),
    ):
        for _ in range(count):
            i = raise_unit(geo, u, f, world.cursor, row, int(kind), crew, vehicles, 2.0, k)
            if kind == Kind.ARMOR:
                continue
            slot = int(u.slot[i])
            name = "fpv_team" if kind == Kind.FPV_TEAM else "artillery"
            setback = getattr(s, name).setback_km * (0.7 + 0.6 * uniform_of(place, slot, 2))
            u.stock[i] = (2.0 * s.fpv_team.sorties_per_day if kind == Kind.FPV_TEAM else s.artillery.rounds_per_day) * 0.5
            if in_line and world.front.count[0] > 0:
                point = front.pick(world.orders, row, False, uniform_of(place, slot, 1))
                goals.at_line(geo, u, world.front, i, point, Task.SERVE, -setback, (uniform_of(place, slot, 3) - 0.5) * 2)
                _put(world, i)


def _put(world: World, i: int) -> None:
    """Moves a unit to its goal at once (only while the battle is mustered)."""
    u = world.units
    u.x[i] = u.from_x[i] = u.goal_x[i]
    u.y[i] = u.from_y[i] = u.goal_y[i]
    u.cell[i] = world.cell_of(float(u.x[i]), float(u.y[i]))
    u.place[i] = 0 if u.kind[i] == Kind.INFANTRY else 2


def bring(world: World, row: int) -> None:
    """A formation that arrives by date: in reserve behind the point of the line nearest to its axis."""
    f, b = world.formations, world.books
    side = int(f.side[row])
    f.active[row] = 1
    if world.front.count[0] > 0:
        _nearest_main(world, row)
    line.set_base(world.geo, world.cells, f, row, _base_km(world, row))
    men, vehicles = _men(world, side), _vehicles(world, side)
    _raise(world, row, in_line=False)
    b.arrived[side] += _men(world, side) - men
    b.new_vehicles[side] += _vehicles(world, side) - vehicles
    world.note("arrival", f.base_x[row], f.base_y[row], int(f.establishment[row]), f"{world.scenario.formation[row].name} arrives")


def _h32(world: World) -> np.ndarray:
    """Cells of the H-32 (T0504) road between Myrnohrad and the sector's east, for the lever that closes it."""
    out = np.zeros(world.geo.nx * world.geo.ny, np.int8)
    if world.scenario.map.synthetic:
        return out
    import seeds

    points = [(float(r["x_km"]), float(r["y_km"])) for r in seeds.table("roads") if r["line_id"].startswith("T0504")]
    g = world.geo
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        for t in np.linspace(0, 1, max(2, int(4 * math.hypot(x1 - x0, y1 - y0) / g.cell))):
            x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
            if g.x0 <= x < g.x0 + g.width and g.y0 <= y < g.y0 + g.height and x > 41.0:
                out[world.cell_of(x, y)] = 1
    return out


def _town_works(world: World) -> None:
    """A defended town is a strongpoint by itself, by its density of building."""
    c = world.cells
    share = np.minimum(c.built * 1.5, 1.0) * world.settings.works.town_works
    behind = c.depth < 0.5
    c.works[behind, 0] = np.maximum(c.works[behind, 0], share[behind])
    c.works_plan[behind, 0] = np.maximum(c.works_plan[behind, 0], share[behind])
