"""Swapped sides and mirrored ground where the rules are the same for both: fire, presence and standing contact."""

import copy

import numpy as np
import pytest

from sim.draws import key
from sim.fields import CONTACT
from sim.phases import fire, sense
from sim.phases.fire.standing_contact import contact


@pytest.fixture
def world(skirmish_days):
    """A busy skirmish of one's own, on ground that is nobody's rear."""
    world = copy.deepcopy(skirmish_days)
    world.cells.depth[:] = 0.0
    world.cells.works[:] = 0.0
    return world


def spread(world):
    sense.spread(world.geo, world.units, world.nodes, world.n, CONTACT, world.knobs("sense", sense.Knobs))
    return world.nodes


def swap(world):
    other = copy.deepcopy(world)
    other.units.side[:] = 1 - world.units.side
    return other


def test_swapped_sides_swap_fire_and_presence(world):
    one, two = spread(world), spread(swap(world))
    assert np.array_equal(one.fire, two.fire[:, ::-1])
    assert np.array_equal(one.presence, two.presence[:, ::-1])
    assert one.fire.sum() > 0


def test_swapped_sides_swap_losses_in_contact(world):
    other = swap(world)
    for w in (world, other):
        spread(w)
        w.units.hits[:] = 0
        contact(w.geo, w.units, w.cells, w.nodes, w.n, key(1, "contact", 1), 5.0, 1.0, (1.0, 1.0),
                     fire.knobs_of(w)._replace(contact_per_day=2.0))
    assert np.array_equal(world.units.hits, other.units.hits)
    assert world.units.hits.sum() > 0


def test_a_mirrored_map_mirrors_presence(world):
    """North and south exchanged, to the nearest sixteenth of a node's spacing."""
    other = copy.deepcopy(world)
    g = world.geo
    sixteenth = 0.5 / 16
    for w in (world, other):
        w.units.y[:] = np.round(world.units.y / sixteenth) * sixteenth
    other.units.y[:] = 2 * g.y0 + g.height - other.units.y
    one, two = (spread(w).presence.reshape(g.node_ny, g.node_nx, 2).astype(float) for w in (world, other))
    inside = slice(8, -8)
    assert np.abs(one[inside] - two[::-1][inside]).max() <= 0.06 * one.max()
