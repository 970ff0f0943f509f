"""The line is drawn on squares of 1 km: cells of half that side know the same of it, and share what their square gains."""

import numpy as np
import pytest

from sim import battle
from sim.errors import InputError
from sim.fields import MICRO, draw_line, geometry, square_of
from sim.mustering import muster
from sim.phases import control, supply
from sim.scenario import load_scenario


def two(scenario):
    """The same battle on cells of 1 km and of 0.5 km."""
    return [muster(load_scenario(scenario, cell_km=size), 1) for size in (1.0, 0.5)]


def by_square(world, column):
    """A column of the cells, one row for each square: its cells."""
    g = world.geo
    values = column.reshape(g.square_ny, g.per, g.square_nx, g.per)
    return values.transpose(0, 2, 1, 3).reshape(g.square_ny * g.square_nx, g.per**2)


@pytest.mark.parametrize("scenario", ["skirmish", "pokrovsk-2024"])
def test_finer_cells_know_the_same_line(scenario):
    coarse, fine = two(scenario)
    for name in ("square_control", "smooth", "wide", "depth", "east", "north"):
        told = by_square(fine, getattr(fine.cells, name))
        assert (told == told[:, :1]).all(), name
        assert told[:, 0] == pytest.approx(getattr(coarse.cells, name), abs=2e-4), name
    count = coarse.front.count[0]
    assert fine.front.count[0] == count > 5
    for name in ("x", "y", "weight"):
        assert getattr(fine.front, name)[:count] == pytest.approx(getattr(coarse.front, name)[:count], abs=2e-3), name


def test_a_square_is_one_kind_of_ground_to_supply():
    _, world = two("skirmish")
    g, c = world.geo, world.cells
    kinds = []
    for side in range(2):
        net, ground = world.network, np.empty(g.nx * g.ny, np.int8)
        knobs = world.knobs("supply", supply.Knobs, mud_slows=0.0)
        threat, slow, squeeze = np.empty((3, g.nx * g.ny))
        supply.survey(g, c, world.nodes, world.blocks, net.load, net.closable, side, 0.0, knobs, ground, threat, slow, squeeze)
        told = by_square(world, ground)
        assert (told == told[:, :1]).all()
        kinds += told[:, 0].tolist()
    assert set(kinds) == {supply.OWN, supply.GREY, supply.COVERED}


def test_finer_cells_gain_the_same_of_a_square():
    """On open ground without works: what all groups take in a day, once full cells have handed on what they cannot take."""
    coarse, fine = two("skirmish")
    battle.run(coarse, 3)
    for world in (coarse, fine):
        world.cells.works[:] = world.cells.built[:] = 0.0
    # the same ground, units and fire on both
    for name in ("held", "control", "square_control", "smooth", "wide", "depth"):
        getattr(fine.cells, name)[:] = getattr(coarse.cells, name)[fine_to_coarse(fine.geo)]
    units = coarse.units._replace(cell=np.array([fine.cell_of(x, y) for x, y in zip(coarse.units.x, coarse.units.y)], "i4"))
    taken = []
    for world, table in ((coarse, coarse.units), (fine, units)):
        g, c = world.geo, world.cells
        c.gain[:] = 0
        control.consolidate(g, table, c, coarse.nodes, coarse.n, 1.0, 0.0, coarse.knobs("control", control.Knobs))
        control.spill(g, c)
        assert (c.held + c.gain <= MICRO).all()
        taken.append(by_square(world, c.gain).sum(1) * g.cell**2 / MICRO)
    assert taken[0].sum() > 0.2
    assert taken[1] == pytest.approx(taken[0], abs=2e-5)


def fine_to_coarse(geo):
    """The cell of 1 km that each cell lies in."""
    k = np.arange(geo.nx * geo.ny)
    return k // geo.nx // 2 * (geo.nx // 2) + k % geo.nx // 2


def test_ground_within_a_square_falls_from_the_attackers_side():
    _, world = two("skirmish")
    c = world.cells
    part = by_square(world, control.parts(world.geo, c))
    split = by_square(world, c.square_control)[:, 0] < 1.0
    assert part[split].mean(1) == pytest.approx(1.0)
    east = by_square(world, np.tile(np.arange(world.geo.nx) % 2, world.geo.ny))[0]
    ahead = np.flatnonzero(split & (np.abs(by_square(world, c.depth)[:, 0] + 0.5) < 1e-9))  # squares at the line, attacker in the east
    assert len(ahead) > 3
    assert (part[ahead][:, east == 1].sum(1) > part[ahead][:, east == 0].sum(1)).all()


def test_every_cell_names_its_square():
    _, world = two("skirmish")
    g = world.geo
    mine = by_square(world, np.arange(g.nx * g.ny))
    assert all(square_of(g, int(k)) == row[0] for row in mine for k in row)
    world.cells.held[:] = np.arange(g.nx * g.ny)
    draw_line(g, world.cells)
    assert by_square(world, world.cells.square_control)[:, 0] == pytest.approx(by_square(world, world.cells.held).mean(1) / MICRO)


def test_cells_must_divide_squares_and_squares_the_box():
    with pytest.raises(InputError, match="does not divide a square of 1 km"):
        load_scenario("skirmish", cell_km=0.3)
    with pytest.raises(ValueError, match="do not divide a box"):
        geometry(0.0, 0.0, 12.5, 12.0, 0.5)
