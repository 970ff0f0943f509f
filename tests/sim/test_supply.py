"""Supply is a flow: roads share a load, a closed one leaves it to the others, and drones and mud leave them less."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim import battle
from sim.columns import allocate
from sim.errors import InputError
from sim.fields import Blocks, Cells, Nodes, draw_line, geometry, outline
from sim.forces import Kind, Units
from sim.mustering import muster
from sim.phases import supply
from sim.scenario import load_scenario

DAYS = 60
ROAD = 1000.0  # soldiers whose needs a road carries


def land(men=3000, shells=0.0, roads=(2, 7), closed=(), **changes):
    """Two roads of 10 km from the west edge to a garrison of `men` on a third between their ends; hardly a way beside them."""
    geo = geometry(0.0, 0.0, 12.0, 10.0, 1.0)
    cells, nodes = allocate(Cells, geo.nx * geo.ny), allocate(Nodes, geo.node_nx * geo.node_ny)
    blocks, units = allocate(Blocks, geo.block_nx * geo.block_ny), allocate(Units, 7)
    draw_line(geo, cells)
    outline(geo, cells, blocks)
    road, source = (a.reshape(geo.ny, geo.nx) for a in (cells.road, np.zeros(len(cells.road), "i1")))
    for j in roads:
        road[j, :11] = 4
        source[j, 0] = 1
    road[2:8, 10] = 4
    shut = np.zeros((len(cells.road), 2), "i1")
    for j in closed:
        shut[j * geo.nx + 3: j * geo.nx + 8, 1] = supply.CLOSED
    units.kind[:], units.side[:], units.men[:6] = Kind.ARTILLERY if shells else Kind.INFANTRY, 1, men // 6
    units.kind[6] = Kind.FREE
    units.cell[:6] = np.arange(2, 8) * geo.nx + 10
    knobs = {**supply.Params().model_dump(), "road_men": ROAD, "rough_men": 1.0, "rough_cost": 3.0, "closed_threat": 0.0, "mud_slows": 0.35, **changes}
    return SimpleNamespace(geo=geo, cells=cells, nodes=nodes, blocks=blocks, units=units, source=np.column_stack([source.ravel()] * 2), shut=shut,
                           knobs=supply.Knobs(**{k: float(v) for k, v in knobs.items()}), shells=shells, load=np.zeros(shut.shape))


def settle(s, mud=0.0):
    """So many days; what arrives at the garrison in the mean of the last 20, and the loads of both roads."""
    parent, heap = np.empty(len(s.load), np.int32), (np.zeros(4 * len(s.load)), np.zeros(4 * len(s.load), np.int32))
    arrived, loads = [], []
    for _ in range(DAYS):
        supply.search(s.geo, s.cells, s.nodes, s.blocks, s.source, s.load, s.shut, 1, mud, s.knobs, parent, *heap)
        arrived.append(s.cells.supply[s.units.cell[:6], 1].mean())
        supply.send(s.units, 7, s.load, 1, s.shells, 0.1, s.knobs.shell_men, parent, heap[1])
        loads.append([float(s.load[j * s.geo.nx + 5, 1]) for j in (2, 7)])
    return np.mean(arrived[-20:]), np.mean(loads[-20:], axis=0)


def test_what_roads_can_carry_arrives():
    arrived, loads = settle(land(men=900))
    assert arrived > 0.95 and loads.sum() == pytest.approx(900, rel=0.02)


def test_roads_share_a_load_and_what_is_too_much_stays_behind():
    """Two roads for 1,000 and 3,000 soldiers: two of three get what they need, and both roads are as full."""
    arrived, loads = settle(land())
    assert arrived == pytest.approx(2 / 3, rel=0.06)
    assert loads == pytest.approx([1500, 1500], rel=0.06)


def test_a_closed_road_leaves_its_load_to_the_other():
    arrived, loads = settle(land(closed=(7,)))
    assert arrived == pytest.approx(1 / 3, rel=0.06)
    assert loads[1] < 0.05 * loads[0]


def test_shells_weigh_on_roads():
    """700 shells weigh as much as 2,100 soldiers need."""
    assert settle(land(men=900, shells=700.0))[0] == pytest.approx(2 / 3, rel=0.06)


def test_drones_and_mud_leave_roads_less():
    watched = land(threat_cost=0.0)
    watched.blocks.threat[:] = watched.knobs.halving_hits
    assert settle(watched)[0] == pytest.approx(1 / 3, rel=0.06)
    soft = land(men=600)
    soft.cells.road[soft.cells.road > 0] = 1
    dry, wet = settle(soft)[0], settle(soft, mud=1.0)[0]
    assert wet < 0.8 * dry  # a country road: a quarter of 0.35 is paved


def test_rows_of_units_do_not_matter():
    world = muster("skirmish", 3, record=False)
    battle.run(world, 3)
    n, parent = world.n, np.arange(-1, len(world.cells.road) - 1, dtype=np.int32)
    turned = type(world.units)(*(column.copy() for column in world.units))
    order = np.random.default_rng(1).permutation(n)
    for column in turned:
        column[:n] = column[:n][order]
    loads = []
    for units in (world.units, turned):
        load = np.zeros((len(parent), 2))
        supply.send(units, n, load, 0, 333.3, 0.3, 2.7, parent, np.zeros(len(parent), np.int32))
        loads.append(load)
    assert loads[0].tobytes() == loads[1].tobytes() and loads[0].any()


def test_the_lever_closes_what_the_scenario_names():
    """And nothing that it does not name; where it names nothing, the lever is refused."""
    scenario = load_scenario("skirmish")
    net = muster(scenario, 1, record=False).network
    assert not net.closable[:, 0].any() and set(net.closable[:, 1].tolist()) == {0, supply.WATCHED, supply.CLOSED}
    a, b = (battle.run(muster(scenario, 1, overrides={"cut_h32": cut}, record=False), 2) for cut in (False, True))
    closed = net.closable[:, 1] == supply.CLOSED
    assert (b.cells.supply[closed, 1] < a.cells.supply[closed, 1]).all()
    bare = scenario.with_(road=[])
    with pytest.raises(InputError, match="names no road"):
        muster(bare, 1, overrides={"cut_h32": True})


def test_a_battle_begins_with_the_loads_and_stocks_that_it_settles_to():
    world = muster("skirmish", 1, record=False)
    battle.step(world)
    live = world.live()
    u, first = world.units, world.network.load.copy()
    assert np.isclose(u.supply[live], world.cells.supply[u.cell[live], u.side[live]]).mean() > 0.8  # who has not moved since
    assert first.sum() > 0.0
