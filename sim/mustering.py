"""Initialization: from a scenario to a battle ready for its first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sim import compilation, forces, order
from sim.accounting import open_books
from sim.burn_in import burn_in
from sim.columns import allocate
from sim.draws import key, stream, uniform
from sim.errors import InputError, checked_seed
from sim.fields import MICRO, Cells, draw_line, geometry, outline
from sim.forces import Side
from sim.front import trace
from sim.journal import Journal
from sim.levers import apply
from sim.phases import command, sense, works
from sim.phases.command import line, orders
from sim.plugin_files import own_values
from sim.raising import base_km, nearest_main, raise_formation
from sim.scenario import Scenario, load_scenario
from sim.sector.build import build_sector
from sim.settings import Settings, by_dotted_key
from sim.world import World


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
            raise_formation(world, row, in_line=True)
    refresh(world)
    open_books(world)
    order.start(world)
    if scenario.burn_in_days:
        burn_in(world, scenario.burn_in_days)
        refresh(world)
    cells.front_week[:] = cells.depth
    if record:
        world.journal = Journal(world)
    return world


def _refuse_foreign(scenario: Scenario, settings: Settings) -> None:
    """InputError for a parameter of a plugin that the scenario does not name."""
    own = own_values(settings.overrides, scenario.plugins)
    for name in settings.overrides:
        if name not in own:
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
            nearest_main(world, r)
        line.set_base(world.geo, world.cells, f, r, base_km(world, r))
    active = f.active.copy()
    f.active[:] = 1
    f.infantry[:] = 1
    orders.write_orders(world.geo, world.cells, world.front, f, world.orders, command.knobs_of(world))
    f.active[:] = active
    f.infantry[:] = 0


def _town_works(world: World) -> None:
    """A defended town is a strongpoint by itself, by its density of building."""
    c = world.cells
    share = np.minimum(c.built * world.settings.works.town_scale, 1.0) * world.settings.works.town_works
    behind = c.depth < 0.5
    c.works[behind, 0] = np.maximum(c.works[behind, 0], share[behind])
    c.works_plan[behind, 0] = np.maximum(c.works_plan[behind, 0], share[behind])
