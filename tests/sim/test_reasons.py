"""Why a place fell: made-up battles in which the cause is known, and the records by block beside the books."""

import copy

import numpy as np
import pytest
from conftest import run, same

from sim import battle
from sim.fields import BLOCK_KM
from sim.forces import Kind, Side, Task
from sim.local_records import DAYS, Field, LocalRecords
from sim.mustering import muster
from sim.reasons import CHANCE, FIGURES, MOST, UNITS, explain

HARM_KM = 7.0  # around the place: all that lies near it, and near its neighbors


@pytest.fixture(scope="module")
def baseline():
    """The baseline after three days. Look, do not touch."""
    return run("pokrovsk-2024", 1, 3)


@pytest.fixture
def scene(baseline):
    """A copy of the baseline without fire, the middle of its line as x and y, and the defender's positions around it."""
    world = copy.deepcopy(baseline)
    for field in (world.blocks.rounds, world.blocks.static_hits, world.blocks.threat):
        field[:] = 0.0
    k = int(world.front.count[0]) // 2
    x, y = float(world.front.x[k]), float(world.front.y[k])
    u, n = world.units, world.n
    near = np.hypot(u.x[:n] - x, u.y[:n] - y) < HARM_KM
    return world, x, y, np.flatnonzero(near & (u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == Side.DEFENDER) & (u.task[:n] == Task.HOLD))


def men(world, x, y, rows):
    world.units.men[rows] = 0


def supply(world, x, y, rows):
    world.units.supply[rows] = 0.05


def strain(world, x, y, rows):
    world.units.fatigue[rows] = 300.0


def works(world, x, y, rows):
    world.cells.works[around(world, x, y, world.geo.nx, world.geo.cell), 0] = 0.0


def shells(world, x, y, rows):
    world.blocks.rounds[around(world, x, y, world.geo.block_nx, BLOCK_KM), Side.DEFENDER] = 200.0


def drones(world, x, y, rows):
    world.blocks.static_hits[around(world, x, y, world.geo.block_nx, BLOCK_KM), Side.DEFENDER] = 0.1


def roads(world, x, y, rows):
    world.blocks.threat[around(world, x, y, world.geo.block_nx, BLOCK_KM), Side.DEFENDER] = 20.0


def bombs(world, x, y, rows):
    put(world, rows[:40], Kind.GLIDE_BOMB, Side.ATTACKER, Task.FALL, x, y)


def attacks(world, x, y, rows):
    """As if groups had been formed and had set out in this step."""
    world.units.slot[rows] += 1 << 40
    put(world, rows, Kind.INFANTRY, Side.ATTACKER, Task.ASSAULT, x, y)


def reliefs(world, x, y, rows):
    """Groups on the way to the place that are gone in the next step."""
    u = world.units
    gone = rows[u.task[rows] == Task.MARCH]
    put(world, rows, Kind.INFANTRY, Side.DEFENDER, Task.MARCH, x, y)
    u.kind[gone] = Kind.FREE


def put(world, rows, kind, side, task, x, y):
    u = world.units
    u.kind[rows], u.side[rows], u.task[rows], u.goal_x[rows], u.goal_y[rows] = kind, side, task, x, y


def around(world, x, y, nx, size):
    """Which cells or blocks lie around the place."""
    g = world.geo
    k = np.arange(nx * round(g.height / size))
    return np.hypot(g.x0 + (k % nx + 0.5) * size - x, g.y0 + (k // nx + 0.5) * size - y) < HARM_KM


@pytest.mark.parametrize("harm", [men, supply, strain, works, shells, drones, roads, bombs, attacks, reliefs])
def test_a_known_harm_is_the_first_reason(scene, harm):
    world, x, y, rows = scene
    before = LocalRecords(world)
    before.end_day(world)
    untouched = {reason.name: reason.units for reason in explain(before, world, Side.DEFENDER, x, y).reasons}
    records = LocalRecords(world)
    for _ in range(2):
        for _ in range(world.scenario.steps_per_day):
            harm(world, x, y, rows)
            records.step(world)
        records.end_day(world)
    found = explain(records, world, Side.DEFENDER, x, y).reasons
    assert found[0].name == harm.__name__ and found[0].units > untouched.get(harm.__name__, UNITS)
    assert {f.name for f in FIGURES} >= {reason.name for reason in found} and len(found) <= MOST


def test_numbers_are_those_of_the_place_and_of_the_line(scene):
    world, x, y, rows = scene
    world.units.supply[rows] = 0.05
    records = LocalRecords(world)
    records.end_day(world)
    words = next(r.words for r in explain(records, world, Side.DEFENDER, x, y).reasons if r.name == "supply")
    here, line = (int(part) for part in words.replace("supply at ", "").replace(" %)", "").split(" % (line "))
    u, n = world.units, world.n
    holding = np.isin(u.task[:n], (Task.HOLD, Task.CONSOLIDATE)) & (u.side[:n] == Side.DEFENDER) & (u.kind[:n] == Kind.INFANTRY)
    assert here == 5 and abs(line - 100 * np.average(u.supply[:n][holding], weights=u.men[:n][holding])) < 15


def test_harm_to_one_side_is_no_reason_for_the_loss_of_the_other(scene):
    world, x, y, rows = scene
    records = LocalRecords(world)
    supply(world, x, y, rows)
    records.end_day(world)
    assert "supply" not in {reason.name for reason in explain(records, world, Side.ATTACKER, x, y).reasons}


def test_a_line_that_is_alike_everywhere_gives_no_reason(scene):
    world, x, y, _ = scene
    records = LocalRecords(world)
    records.end_day(world)
    g = world.geo
    alike = np.zeros_like(records.days[0])
    alike[Field.LINE, :, 20 :: g.block_nx] = 2.0  # a straight line from south to north
    alike[Field.MEN, :, 20 :: g.block_nx] = 50.0
    alike[Field.FED, :, 20 :: g.block_nx] = 25.0
    alike[Field.OWN] = 0.5
    records.days = [alike]
    nothing = explain(records, world, Side.DEFENDER, x, y)
    assert (nothing.reasons, nothing.because, nothing.figures) == ([], CHANCE, "")


def test_a_stretch_that_was_emptied_in_a_battle_is_lost_for_want_of_men():
    """A battle that is fought: positions around one point of the line are taken out of it, and reserves are slow to come."""
    world = muster("pokrovsk-2024", 2, overrides={"reserve_delay_days": 15})
    battle.run(world, 1)
    k = int(world.front.count[0]) // 2
    x, y = float(world.front.x[k]), float(world.front.y[k])
    u, n = world.units, world.n
    rows = np.flatnonzero((u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == Side.DEFENDER) & (np.hypot(u.x[:n] - x, u.y[:n] - y) < HARM_KM))
    u.kind[rows], u.men[rows], u.hurt[rows] = Kind.FREE, 0, 0
    battle.run(world, 4)
    found = explain(world.journal._local, world, Side.DEFENDER, x, y).reasons
    assert "men" in {reason.name for reason in found}, found


def test_a_counterattack_of_the_breach_is_laid_to_the_groups_that_were_sent():
    """Dobropillia: the reserve against the salient takes ground back, and its groups are the reason."""
    events = run("breach-2025", 1, 24).journal.events
    won_back = [e for e in events if e["kind"] == "counterattack"]
    assert won_back and all(e["number"] >= 2 for e in won_back)
    assert any("attacks" in e["figures"].split() for e in won_back)


def test_what_is_counted_by_block_agrees_with_the_books(baseline):
    world = copy.deepcopy(baseline)
    records, b = LocalRecords(world), world.books
    sent = lambda side: int(b.attacks[side] + b.infiltrations[side] + b.mounted[side] + b.counterattacks[side])  # noqa: E731
    before = np.array([sent(Side.ATTACKER), sent(Side.DEFENDER), b.bombs_fallen[0], *b.shells_fired])
    for _ in range(DAYS):
        for _ in range(world.scenario.steps_per_day):
            battle.step(world)
            records.step(world)
        records.end_day(world)
    attacks, counterattacks, bombs_, fired, fired_back = np.array([sent(Side.ATTACKER), sent(Side.DEFENDER), b.bombs_fallen[0], *b.shells_fired]) - before
    total = np.sum(records.days, axis=(0, 3))
    assert total[Field.BOMBS, Side.DEFENDER] == bombs_
    assert total[Field.SHELLS] * BLOCK_KM**2 == pytest.approx([fired_back, fired], rel=0.01)
    # groups that join a lodgement are counted too; some that were formed and spent within a step are not
    assert 0.97 * attacks < total[Field.SENT, Side.ATTACKER] < 1.12 * attacks
    assert 0.8 * counterattacks < total[Field.SENT, Side.DEFENDER] < 1.3 * counterattacks + 10
    assert len(records.days) == DAYS


def test_a_battle_without_a_journal_is_the_same():
    """Looking changes nothing: the same battle to the last bit with nobody who records."""
    watched, alone = (muster("skirmish", 3) for _ in range(2))
    alone.journal = None
    for _ in range(16):
        battle.step(watched)
        alone.cells.front_week[:] = watched.cells.front_week  # the one field that the journal writes
        battle.step(alone)
    alone.cells.front_week[:] = watched.cells.front_week
    assert same(watched, alone) == []


def test_every_event_with_a_loser_says_why(baseline):
    world = copy.deepcopy(baseline)
    battle.run(world, 40)
    told = [e for e in world.journal.events if e["kind"] != "arrival"]
    assert len(told) > 3
    for event in told:
        assert event["because"] and len(event["figures"].split()) <= MOST
        assert (event["because"] == CHANCE) == (event["figures"] == "")
    assert all(e["because"] == "" for e in world.journal.events if e["kind"] == "arrival")
