"""The battle as a normal Mesa model: agents, grid, time, data collection, batch runs, copies."""

import copy
import datetime as dt
import inspect
import pickle
import warnings

import mesa
import numpy as np
import pytest
from conftest import run, same
from mesa.discrete_space import OrthogonalMooreGrid

from sim import battle
from sim.accounting import check_books
from sim.errors import InputError
from sim.forces import UNIT_COLUMNS
from sim.handles import (
    HANDLES,
    ArmorSection,
    ArtilleryBattery,
    FpvTeam,
    GlideBombStrike,
    Handle,
    InfantryGroup,
    layer_names,
)
from sim.kinds import KINDS
from sim.measures import MEASURES
from sim.model import BattleModel, reporters


@pytest.fixture
def model():
    return BattleModel("skirmish", rng=1)


@pytest.fixture(scope="module")
def later():
    """A skirmish of two days. Look, do not touch."""
    model = BattleModel("skirmish", rng=1)
    model.run_for(8)
    return model


def bombed(seed=1):
    """A skirmish stepped until glide bombs are falling."""
    model = BattleModel("skirmish", rng=seed, overrides={"bombs_per_day": 20.0})
    model.run_for(2)
    return model


# ---- the model ----


def test_the_signature_is_what_mesa_tools_expect():
    parameters = inspect.signature(BattleModel).parameters
    assert list(parameters) == ["source", "rng", "overrides"]
    assert parameters["rng"].kind is inspect.Parameter.KEYWORD_ONLY
    assert issubclass(BattleModel, mesa.Model)


def test_making_and_running_one_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = BattleModel("skirmish", rng=3)
        model.run_for(4)
        len(model.agents), model.grid, model.daily()


def test_one_unit_of_time_is_one_step(model):
    start = model.date
    assert start == dt.date(2024, 8, 1) and model.day == 0
    model.step()
    assert (model.time, model.world.step_index, model.date) == (1, 1, start)
    model.run_for(39)
    assert (model.time, model.world.step_index, model.day) == (40, 40, 10)
    assert model.date == start + dt.timedelta(days=10)
    model.run_until(44)
    assert model.day == 11


def test_it_is_the_same_battle_as_without_mesa(later):
    assert same(later.world, run("skirmish", 1, 2)) == []


def test_seeds():
    assert BattleModel("skirmish", rng=7).seed == 7
    assert BattleModel("skirmish", rng=np.int64(7)).seed == 7
    assert BattleModel("skirmish").seed != BattleModel("skirmish").seed
    one, two = (BattleModel("skirmish", rng=np.random.default_rng(5)) for _ in range(2))
    assert one.seed == two.seed and one.world.seed == one.seed
    shared = np.random.default_rng(5)
    assert BattleModel("skirmish", rng=shared).seed != BattleModel("skirmish", rng=shared).seed


def test_running_ends_at_the_horizon(model):
    assert model.running
    model.run_model()
    assert not model.running
    assert model.world.step_index == model.world.scenario.n_steps == 80
    assert len(model.daily()) == 21


def test_a_headless_run_makes_no_mesa_object(model):
    model.run_for(8)
    assert not model._handles and not model._all_agents and model._grid is None


def test_scheduled_events_see_the_battle(model):
    seen = []
    note = Note(model, seen)
    model.schedule_event(note.look, at=6)
    model.run_for(8)
    assert seen == [6]


class Note:
    def __init__(self, model, seen):
        self.model, self.seen = model, seen

    def look(self):
        self.seen.append(self.model.world.step_index)


def test_bad_input_is_told_plainly():
    with pytest.raises(InputError, match="Did you mean 'skirmish'"):
        BattleModel("skirmsh")
    with pytest.raises(InputError, match="Did you mean"):
        BattleModel("skirmish", overrides={"manpower_rato": 2})
    with pytest.raises(InputError, match="unknown layer"):
        BattleModel("skirmish").layer("contrl")
    with pytest.raises(InputError, match="unknown measure"):
        reporters("held")


# ---- agents ----


def test_a_skirmish_starts_with_four_classes(model):
    assert model.agent_types == [InfantryGroup, ArmorSection, FpvTeam, ArtilleryBattery]
    assert all(isinstance(a, mesa.Agent) and isinstance(a, Handle) for a in model.agents)
    assert sum(len(s) for s in model.agents_by_type.values()) == len(model.agents) == len(model.world.live())
    assert len(model.agents_by_type[GlideBombStrike]) == 0
    assert [HANDLES[k] for k in range(len(KINDS))] == list(HANDLES.values())


def test_glide_bombs_come_and_go():
    model = bombed()
    strikes = model.agents_by_type[GlideBombStrike]
    assert len(strikes) > 0 and {a.task for a in strikes} == {"fall"}
    old = list(strikes)
    model.step()
    assert not any(a.is_alive for a in old)
    assert not set(old) & set(model.agents)
    with pytest.raises(LookupError, match="no longer on the map"):
        _ = old[0].men


def test_agents_are_who_is_on_the_map(model):
    for _ in range(12):
        model.step()
        u, rows = model.world.units, model.world.live()
        assert [a.unique_id for a in model.agents] == sorted(u.slot[rows].tolist())
        assert all(u.slot[a.row] == a.slot for a in model.agents)


def test_it_does_not_matter_when_somebody_looked(model):
    for _ in range(8):
        model.step()
        len(model.agents)
    fresh = BattleModel("skirmish", rng=1)
    fresh.run_for(8)
    assert [(a.unique_id, type(a)) for a in fresh.agents] == [(a.unique_id, type(a)) for a in model.agents]
    assert list(fresh.agents_by_type) == list(model.agents_by_type)
    assert same(fresh.world, model.world) == []


def test_a_handle_survives_other_rows_and_a_bigger_table(model):
    agent = model.agents_by_type[FpvTeam][3]
    before = (agent.x, agent.men, agent.stock)
    world, n = model.world, model.world.n
    world.units.partner[:] = -1
    for column in world.units:
        column[:n] = column[:n][::-1].copy()
    world.room(10_000)
    assert (agent.x, agent.men, agent.stock) == before
    assert model.agents_by_type[FpvTeam][3] is agent


def test_columns_are_read_and_written(model):
    agent = model.agents_by_type[InfantryGroup][0]
    u, row = model.world.units, agent.row
    for column in UNIT_COLUMNS:
        if column.width == 1 and column.name not in ("kind", "side", "task", "place", "formation", "partner", "cell"):
            assert getattr(agent, column.name) == getattr(u, column.name)[row]
    assert (agent.kind, agent.side) == ("infantry", "defender" if u.side[row] else "attacker")
    assert agent.formation in [f.name for f in model.world.scenario.formation]
    assert sum(agent.hits.values()) == 0 and agent.partner is None
    agent.morale, agent.men, agent.task = 0.5, 4, "withdraw"
    assert (u.morale[row], u.men[row], u.task[row]) == (0.5, 4, 6)
    agent.x, agent.y = 3.5, 7.25
    assert agent.pos == (3.5, 7.25) and u.cell[row] == model.world.cell_of(3.5, 7.25)
    assert "4 men, withdraw" in repr(agent)
    for name, value in (("men", 2.5), ("morale", float("nan")), ("x", 99.0), ("task", "sleep")):
        with pytest.raises(ValueError, match=name):
            setattr(agent, name, value)
    for name in ("side", "kind"):
        with pytest.raises(AttributeError):
            setattr(agent, name, 0)


def test_agent_sets_work(model):
    attackers = model.agents.select(lambda a: a.side == "attacker")
    assert 0 < len(attackers) < len(model.agents)
    assert model.agents.agg("men", sum) == model.units_frame().men.sum()
    assert len(model.agents.select(agent_type=ArmorSection)) == len(model.agents_by_type[ArmorSection])
    assert set(model.agents.groupby("side").groups) == {"attacker", "defender"}
    model.agents_by_type[InfantryGroup].set("morale", 0.25)
    assert set(model.units_frame().query("kind == 'infantry'").morale) == {0.25}
    model.agents.shuffle_do("step")


def test_a_removed_unit_leaves_by_the_books(model):
    agent = next(a for a in model.agents if a.vehicles)
    other = model.agents_by_type[InfantryGroup][5]
    n = len(model.agents)
    for a in (agent, other):
        a.remove()
        assert not a.is_alive and a not in model.agents
    assert len(model.agents) == n - 2
    check_books(model.world)
    model.world.check = True
    model.run_for(2)
    for a in list(model.agents):
        a.remove()
    assert len(model.agents) == 0 and len(model.world.live()) == 0
    check_books(model.world)


def test_agents_of_your_own_live_beside_the_units(model):
    own = mesa.discrete_space.FixedAgent(model)
    own.cell = model.grid[0, 0]
    model.run_for(4)
    assert own in model.agents and own in model.grid[0, 0].agents and not model.grid[0, 0].is_empty
    own.remove()
    assert own not in model.agents and own not in model.grid[0, 0].agents


# ---- the map ----


def test_layers_share_memory(later):
    control = later.layer("control")
    assert control.shape == (12, 12) and np.shares_memory(control, later.world.cells.control)
    assert later.layer("supply").shape == (12, 12, 2)
    assert np.array_equal(later.layer("supply", "defender"), later.layer("supply")[..., 1])
    assert np.array_equal(later.layer("works", "defender").ravel(), later.world.cells.works[:, 0])
    assert later.layer("threat", "attacker").shape == (6, 6)
    assert control[:, -1].mean() > control[:, 0].mean(), "the attacker stands in the east"


def test_the_grid_is_the_map(later):
    grid = later.grid
    assert isinstance(grid, OrthogonalMooreGrid) and grid is later.grid and grid.dimensions == (12, 12)
    for name, (column, _) in layer_names().items():
        layer = getattr(grid, name)
        assert np.shares_memory(layer.data, getattr(later.world.cells, column)), name
    assert {"control", "works_defender", "supply_attacker", "wood", "built", "road"} <= set(layer_names())
    assert grid[11, 2].control == later.layer("control")[2, 11]
    assert grid.control.data[11, 2] == later.layer("control")[2, 11]
    held = grid.select_cells(conditions={"control": lambda c: c >= 0.5})
    assert len(held) == (later.layer("control") >= 0.5).sum()
    assert not (grid.empty.data & (occupation(later) > 0)).any()


def occupation(model):
    """Units by cell, (nx, ny)."""
    u, rows = model.world.units, model.world.live()
    return np.bincount(u.cell[rows], minlength=144).reshape(12, 12).T


def test_cells_know_their_agents(model):
    grid = model.grid
    around = grid[6, 6].get_neighborhood(radius=2)
    for _ in range(5):
        model.step()
        assert sorted(a.slot for a in grid.agents) == [a.slot for a in model.agents]
        count = occupation(model)
        assert all(len(cell.agents) == count[cell.coordinate] for cell in grid)
        assert all(cell.is_empty == cell.empty for cell in grid)
        assert len(list(around.agents)) == sum(count[cell.coordinate] for cell in around)
    agent = model.agents_by_type[InfantryGroup][0]
    assert agent in agent.cell.agents
    g, (i, j) = model.world.geo, agent.cell.coordinate
    assert i * g.cell <= agent.x - g.x0 < (i + 1) * g.cell and j * g.cell <= agent.y - g.y0 < (j + 1) * g.cell
    agent.move_to(grid[2, 9])
    assert agent.pos == (2.5, 9.5) and agent in grid[2, 9].agents and agent.cell is grid[2, 9]
    with pytest.raises(TypeError):
        grid[0, 0].add_agent(agent)


# ---- what the run gave ----


def test_tables(later):
    daily = later.daily()
    assert list(daily.index) == [np.datetime64(dt.date(2024, 8, 1 + d), "s") for d in range(3)]
    assert set(MEASURES) < set(daily.columns) and daily.held_km2.iloc[0] == later.world.sector.control0.sum()
    units = later.units_frame()
    assert len(units) == len(later.agents) and list(units.index) == [a.slot for a in later.agents]
    assert units.men.sum() == later.agents.agg("men", sum)
    assert set(units.side) == {"attacker", "defender"} and "hold" in set(units.task)
    units.men = 0
    assert later.agents.agg("men", sum) > 0
    formations = later.formations_frame()
    assert list(formations.index) == [f.name for f in later.world.scenario.formation]
    assert list(later.events().columns) == ["step", "day", "date", "kind", "x_km", "y_km", "number", "words", "because", "figures", "at_x_km", "at_y_km"]
    assert list(later.captures().columns) == ["settlement", "name", "captured", "recaptured"]


def test_the_data_collector_has_every_measure_by_day(later):
    frame = later.datacollector.get_model_vars_dataframe()
    daily = later.daily()
    assert list(frame.columns) == list(MEASURES)
    np.testing.assert_array_equal(frame.to_numpy(float), daily[list(MEASURES)].to_numpy(float))


def test_a_data_collector_of_your_own(model):
    collector = mesa.DataCollector(
        model_reporters={"units": lambda m: len(m.agents), **reporters("held_km2")},
        agent_reporters={"men": "men", "task": "task"},
        agenttype_reporters={FpvTeam: {"stock": "stock"}, GlideBombStrike: {"x": "x"}})
    for _ in range(4):
        model.step()
        collector.collect(model)
    assert len(collector.get_model_vars_dataframe()) == 4
    agents = collector.get_agent_vars_dataframe()
    assert agents.loc[4.0].men.sum() == model.units_frame().men.sum()
    assert len(collector.get_agenttype_vars_dataframe(FpvTeam)) == 4 * 15


@pytest.mark.filterwarnings("ignore:The `iterations` keyword:DeprecationWarning")
def test_batch_run():
    import multiprocessing

    method = multiprocessing.get_start_method(allow_none=True)
    try:
        rows = mesa.batch_run(
            BattleModel, parameters={"source": ["skirmish"], "overrides": [{"bombs_per_day": 5.0}]}, iterations=2,
            max_steps=8, number_processes=1, data_collection_period=-1, display_progress=False)
        assert [row["Step"] for row in rows] == [8, 8]
        assert set(MEASURES) < set(rows[0])
        rows = mesa.batch_run(
            BattleModel, parameters={"source": "skirmish"}, rng=[1, 2], max_steps=8, number_processes=1,
            data_collection_period=1, display_progress=False)
        assert [row["Step"] for row in rows] == [0, 4, 8] * 2
        assert rows[2]["held_km2"] == run("skirmish", 1, 2).journal.columns["held_km2"][-1]
    finally:
        multiprocessing.set_start_method(method, force=True)  # Mesa forces it on everybody


# ---- copies ----


@pytest.mark.parametrize("how", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy], ids=["pickle", "deepcopy"])
@pytest.mark.parametrize("looked", [False, True])
def test_a_copy_goes_on_the_same_way_and_apart(model, how, looked):
    model.run_for(6)
    if looked:
        len(model.agents), model.grid
    twin = how(model)
    assert twin.world is not model.world
    twin.run_for(10)
    assert (model.time, model.world.step_index) == (6, 6), "the original has not moved"
    model.run_for(10)
    assert same(model.world, twin.world) == []
    assert twin.daily().equals(model.daily())
    assert [(type(a), a.slot, a.men) for a in twin.agents] == [(type(a), a.slot, a.men) for a in model.agents]
    assert all(a.model is twin for a in twin.agents)
    assert np.shares_memory(twin.grid.control.data, twin.world.cells.control)


def test_two_models_in_one_process():
    one, two = BattleModel("skirmish", rng=1), BattleModel("skirmish", rng=2, overrides={"manpower_ratio": 2.0})
    for _ in range(12):
        one.step()
        two.step()
        len(two.agents), two.grid
    for model, overrides in ((one, {}), (two, {"manpower_ratio": 2.0})):
        alone = battle.run(BattleModel("skirmish", rng=model.seed, overrides=overrides).world, 3)
        assert same(model.world, alone) == []
    assert not {id(a) for a in one.agents} & {id(a) for a in two.agents}
