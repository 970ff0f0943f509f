"""Conservation of men and vehicles: the books against the tables."""

from __future__ import annotations

from sim import forces
from sim.fields import MICRO
from sim.forces import Side
from sim.phases import arrive
from sim.world import Totals, World


def men_of(world: World, side: int) -> int:
    """All men of a side: on the map, waiting wounded, and in the formations' pools."""
    u, f, n = world.units, world.formations, world.n
    mine = (u.side[:n] == side) & (u.kind[:n] >= 0)
    pools = f.side == side
    return int(u.men[:n][mine].sum() + u.hurt[:n][mine].sum() + (f.recruits + f.hospital + f.away)[pools].sum())


def vehicles_of(world: World, side: int) -> int:
    """All vehicles of a side: with sections, in pools and in repair."""
    u, f, n = world.units, world.formations, world.n
    mine = (u.side[:n] == side) & (u.kind[:n] >= 0)
    return int(u.vehicles[:n][mine].sum() + (f.vehicle_pool + f.repair)[f.side == side].sum())


def open_books(world: World) -> None:
    """Begins the books and the sums of a run anew, with the men and vehicles that are there."""
    world.books = forces.books()
    world.totals = Totals(short=arrive.scheduled_shortage(world.settings.arrive))
    world.books.start_men[:] = [men_of(world, s) for s in Side]
    world.books.start_vehicles[:] = [vehicles_of(world, s) for s in Side]
    world.unit_steps = 0


def check_books(world: World) -> None:
    """Raises AssertionError when men or vehicles of a side do not balance, or anything is negative."""
    b, u = world.books, world.units
    for side in Side:
        s = int(side)
        there = men_of(world, s)
        due = int(b.start_men[s] + b.intake[s] + b.arrived[s] - b.left[s] - b.deserted[s] - b.discharged[s]
                  - b.killed[s].sum() - b.captured[s].sum() - b.missing[s].sum())
        assert there == due, f"step {world.step_index}: {side.name.lower()} has {there} men, the books say {due}"
        have = vehicles_of(world, s)
        want = int(b.start_vehicles[s] + b.new_vehicles[s] - b.left_vehicles[s] - b.destroyed[s] - b.abandoned[s])
        assert have == want, f"step {world.step_index}: {side.name.lower()} has {have} vehicles, the books say {want}"
        assert int(b.by_place[s].sum()) == forces.casualties(b, s), f"step {world.step_index}: places do not add up to causes"
    for name in ("men", "hurt", "vehicles"):
        assert (getattr(u, name)[: world.n] >= 0).all(), f"step {world.step_index}: negative {name}"
    assert ((world.cells.held >= 0) & (world.cells.held <= MICRO)).all(), f"step {world.step_index}: control outside 0..1"
