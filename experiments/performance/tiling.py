"""A battle of any size: the skirmish repeated from south to north, so that units per cell stay the same.

The tiles lie side by side along one long front. Ground, formations and units of one mustered skirmish are copied, each
copy with formations and slots of its own, so that the copies live different lives. Nothing is recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim import forces
from sim.accounting import men_of, vehicles_of
from sim.columns import allocate
from sim.draws import stream
from sim.fields import outline
from sim.front import trace
from sim.mustering import muster, refresh
from sim.scenario import Scenario, load_scenario
from sim.sector.build import Sector
from sim.sector.grid import Grid
from sim.settings import Settings
from sim.world import World

BY_RATE = ("shells_", "fpv_", "bombs", "recruits_", "vehicles_", "engineers_")  # schedules that grow with the sector


def tiled_scenario(scenario: Scenario, tiles: int) -> Scenario:
    """The scenario with a box so many times as high, its formations, objectives and supplies as many times. Not checked again.

    A direction reaches through all tiles.
    """
    box = scenario.box.model_copy(update={"height_km": scenario.box.height_km * tiles})
    formations = [f.model_copy(update={"name": f"{f.name} {t}"}) for t in range(tiles) for f in scenario.formation]
    objectives = [
        o.model_copy(update={"name": f"{o.name} {t}", "direction": o.direction or o.name})
        for t in range(tiles)
        for o in scenario.objective
    ]
    schedule = [
        e.model_copy(update={"value": e.value * tiles}) if e.key.startswith(BY_RATE) else e for e in scenario.schedule
    ]
    return scenario.model_copy(update={"box": box, "formation": formations, "objective": objectives, "schedule": schedule})


def tiled(units: int, seed: int = 1, source: str = "skirmish") -> World:
    """A battle of about so many units, ready for its first step."""
    small = load_scenario(source)
    one = muster(small, seed, record=False)
    live = one.live()
    tiles = max(1, round(units / len(live)))
    scenario, settings = tiled_scenario(small, tiles), Settings(small.params)
    ground = _tiled_sector(one.sector, scenario, tiles)
    cells = _tiled(one.cells, tiles)
    rows = len(live) * tiles * 5 // 4 + 500
    world = World(scenario, settings, ground, cells, _tiled_formations(one, tiles), rows, seed)
    world.manpower_scale = one.manpower_scale
    _fill_units(world, one, live, tiles, len(small.formation))
    outline(world.geo, cells, world.blocks)
    trace(world.geo, cells, world.front)
    refresh(world)
    world.books.start_men[:] = [men_of(world, s) for s in forces.Side]
    world.books.start_vehicles[:] = [vehicles_of(world, s) for s in forces.Side]
    return world


def _tiled(table, tiles: int):
    """A table of the cells of so many tiles: stacked northward, a row-major column simply repeats."""
    n = table[0].shape[0]
    out = allocate(type(table), n * tiles)
    for old, new in zip(table, out, strict=True):
        new.reshape(tiles, *old.shape)[:] = old
    return out


def _tiled_sector(one: Sector, scenario: Scenario, tiles: int) -> Sector:
    """The ground of so many tiles. Settlements are those of the first tile, objectives those of all."""
    fields: dict[str, Any] = {}
    for name, value in vars(one).items():
        is_field = isinstance(value, np.ndarray) and len(value) == one.n
        fields[name] = np.concatenate([value] * tiles) if is_field else value
    north = np.repeat(np.arange(tiles) * one.grid.ny * one.grid.cell_km, len(one.objective_name))
    fields["grid"] = Grid.of(scenario)
    fields["objective_name"] = [f"{name} {t}" for t in range(tiles) for name in one.objective_name]
    fields["objective_x"] = np.tile(one.objective_x, tiles)
    fields["objective_y"] = np.tile(one.objective_y, tiles) + north
    fields["objective_weight"] = np.tile(one.objective_weight, tiles)
    return Sector(**fields)


def _tiled_formations(one: World, tiles: int):
    """Each tile's formations: the same men and means, an own tag, places moved north."""
    n = one.formations.side.shape[0]
    out = _tiled(one.formations, tiles)
    tile = np.repeat(np.arange(tiles), n)
    for name in ("main_y", "base_y", "follow_y"):
        getattr(out, name)[:] += tile * one.geo.height
    out.axis[:] += (tile * len(one.sector.objective_name)).astype(out.axis.dtype)
    names = [f.name for f in one.scenario.formation]
    out.tag[:] = [stream(f"{name} {t}") >> 26 for t in range(tiles) for name in names]
    return out


def _fill_units(world: World, one: World, live: np.ndarray, tiles: int, n_formations: int) -> None:
    """Copies the units of one tile to all, with slots of their new formations."""
    u, n = world.units, len(live)
    rows = slice(0, n * tiles)
    row_of = np.full(one.units.kind.shape[0], -1)
    row_of[live] = np.arange(n)
    tile = np.repeat(np.arange(tiles), n)
    for old, new in zip(one.units, u, strict=True):
        new[rows].reshape(tiles, n, *old.shape[1:])[:] = old[live]
    for name in ("y", "from_y", "goal_y"):
        getattr(u, name)[rows] += tile * one.geo.height
    u.cell[rows] += (tile * one.sector.n).astype(u.cell.dtype)
    u.formation[rows] += (tile * n_formations).astype(u.formation.dtype)
    partner = u.partner[rows]
    partner[:] = np.where(partner >= 0, row_of[partner] + tile * n, -1)
    u.slot[rows] = (world.formations.tag[u.formation[rows]] << 24) | (u.slot[rows] & 0xFFFFFF)
    world.cursor[:] = 0, n * tiles
