"""Runs and ensembles: same seed same bits, whoever computes it; nothing done is lost to a stop, a kill or a failure."""

import json
import multiprocessing
import os
import pickle
import signal

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from experiments import load
from experiments.cli.run import run_request
from experiments.reporting import run_pictures
from experiments.runs import simulation
from experiments.runs.identity import run_key, settings_key
from experiments.runs.simulation import simulate
from experiments.sweep import pool, session, study_sweep
from experiments.sweep.ensemble import EnsembleRun, RunRequest
from sim.errors import InputError
from sim.scenario import load_scenario

DAYS = 3


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Pictures take longer than the runs, and have tests of their own."""
    monkeypatch.setattr(run_pictures, "draw_pictures", lambda folder, n: None)


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("skirmish", days=DAYS)


def same(a, b):
    """True when two runs tell the same to the last bit."""
    return (
        a.key == b.key
        and a.events == b.events
        and a.captures == b.captures
        and a.unit_steps == b.unit_steps
        and (a.control == b.control).all()
        and all(np.array_equal(a.daily[k], b.daily[k], equal_nan=a.daily[k].dtype.kind == "f") for k in a.daily)
    )


def test_a_run_is_its_seed(scenario):
    first, again, other = simulate(scenario, 5), simulate(scenario, 5), simulate(scenario, 6)
    assert same(first, again)
    assert not np.array_equal(first.daily["casualties_attacker"], other.daily["casualties_attacker"])
    assert same(first, pickle.loads(pickle.dumps(first)))


def test_changes_and_overrides(scenario):
    result = simulate("skirmish", 1, {"manpower_ratio": 2.0}, days=1, maps=False)
    assert result.control is None
    assert len(result.daily["day"]) == 2
    with pytest.raises(InputError):
        simulate("skirmish", 1, {"manpower_rato": 2.0})


def test_keys_follow_what_decides_a_run(scenario):
    assert run_key(scenario, {}, 1) == run_key(load_scenario("skirmish", days=DAYS), None, 1)
    assert run_key(scenario, {}, 1) != run_key(scenario, {}, 2)
    lever = {"manpower_ratio": 2}
    assert settings_key(scenario, lever) == settings_key(scenario, {"command.manpower_ratio": 2.0})
    assert settings_key(scenario, lever) == settings_key(scenario.with_(params=lever), {})
    assert (
        len({settings_key(s, o) for s, o in ((scenario, {}), (scenario, lever), (load_scenario("skirmish"), {}))}) == 3
    )


def request(out, **more):
    return RunRequest(**{"scenario": "skirmish", "days": 1, "runs": 1, "workers": 1, "out": out, "quiet": True, **more})


@pytest.fixture
def made(monkeypatch):
    """The seeds that are simulated in this process, in their order."""
    whole, seeds = simulation.simulate, []
    monkeypatch.setattr(simulation, "simulate", lambda s, seed, *a, **k: seeds.append(seed) or whole(s, seed, *a, **k))
    return seeds


def tables(folder):
    """The tables and maps of a run folder, to the bit."""
    with np.load(folder / "control.npz") as maps:
        control = {name: maps[name].tobytes() for name in maps.files}
    return {name: str(pq.read_table(folder / f"{name}.parquet").to_pylist()) for name in ("daily", "captures", "events")} | control


def test_the_folder_holds_the_runs_as_they_are(scenario, tmp_path):
    """What comes back from the files is what `simulate` gives, to the last bit and with its types."""
    assert run_request(request(tmp_path / "o", days=DAYS, runs=2)) == 0
    daily = pq.read_table(tmp_path / "o" / "daily.parquet")
    totals = json.loads((tmp_path / "o" / "summary.json").read_text())["runs"]
    for k, seed in enumerate((1, 2)):
        result = simulate(scenario, seed)
        rows = daily.filter(pc.equal(daily["run"], k))
        for name, values in result.daily.items():
            column = rows[name].to_numpy()
            assert np.array_equal(column, values, equal_nan=values.dtype.kind == "f"), name
            if name not in ("day", "date"):
                assert column.dtype.kind == ("i" if values.dtype.kind in "iub" else "f"), name
        with np.load(tmp_path / "o" / "control.npz") as maps:
            assert (maps["control"][k] == result.control).all()
        events = [row for row in pq.read_table(tmp_path / "o" / "events.parquet").to_pylist() if row["run"] == k]
        assert [{name: row[name] for name in result.events[0]} for row in events] == result.events if result.events else not events
        assert totals[k]["unit_steps"] == result.unit_steps
        assert isinstance(totals[k]["casualties_attacker"], int)
    with np.load(tmp_path / "o" / "frame.npz") as frame:
        first = simulate(scenario, 1).frame
        assert set(frame.files) == set(first)
        assert all(np.array_equal(frame[name], first[name]) for name in first)


def test_two_workers_same_bits_and_a_killed_one_is_replaced(tmp_path, monkeypatch):
    """Runs of one process and of two agree to the bit, though one worker is killed on the way."""
    assert run_request(request(tmp_path / "one", days=DAYS, runs=4)) == 0
    killed, pulse = [], session.Session.pulse

    def kill_once(self):
        children = multiprocessing.active_children()
        if self.progress.amount > 0 and children and not killed:
            killed.append(children[0].pid)
            os.kill(children[0].pid, signal.SIGKILL)
        pulse(self)

    monkeypatch.setattr(session.Session, "pulse", kill_once)
    assert run_request(request(tmp_path / "two", days=DAYS, runs=4, workers=2)) == 0
    assert killed
    assert tables(tmp_path / "one") == tables(tmp_path / "two")


def test_a_run_that_raises_is_recorded_and_the_rest_goes_on(tmp_path, monkeypatch, made):
    whole = simulation.simulate
    with monkeypatch.context() as patched:
        patched.setattr(simulation, "simulate", lambda s, seed, *a, **k: 1 / 0 if seed == 2 else whole(s, seed, *a, **k))
        assert run_request(request(tmp_path / "o", runs=3)) == 1
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert summary["seeds"] == [1, 3]
    assert summary["failed"] == [{"seed": 2, "error": "ZeroDivisionError: division by zero"}]
    assert pq.read_table(tmp_path / "o" / "daily.parquet")["seed"].to_pylist() == [1, 1, 3, 3]
    assert load(tmp_path / "o").runs["status"].tolist() == ["done", "done", "failed"]
    assert run_request(request(tmp_path / "o", runs=3)) == 0
    assert made == [1, 3, 2]


def test_a_run_that_cannot_be_begun_is_bad_input(tmp_path, monkeypatch):
    """The first cause is what is said, not that there is no table to write."""

    def refuse(*_args, **_more):
        raise InputError("reach_attacker: allowed: more than 0.")

    monkeypatch.setattr(simulation, "simulate", refuse)
    with pytest.raises(InputError, match=r"^reach_attacker: allowed: more than 0\.$"):
        run_request(request(tmp_path / "o"))


def test_when_every_run_fails_the_cause_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(simulation, "simulate", lambda *a, **k: {}["reach"])
    assert run_request(request(tmp_path / "o", runs=2)) == 1
    assert capsys.readouterr().err.splitlines() == [f"pokrovsk: run with seed {k} failed: KeyError: 'reach'" for k in (1, 2)]


def test_a_stop_keeps_what_is_done_and_the_same_command_goes_on(tmp_path, monkeypatch, made):
    whole = simulation.simulate

    def stopped(s, seed, *a, **k):
        if seed == 3:
            raise KeyboardInterrupt
        return whole(s, seed, *a, **k)

    with monkeypatch.context() as patched:
        patched.setattr(simulation, "simulate", stopped)
        assert run_request(request(tmp_path / "o", runs=4)) == 130
    assert made == [1, 2]
    assert run_request(request(tmp_path / "o", runs=4)) == 0
    assert made == [1, 2, 3, 4]


def test_a_stop_before_the_first_run_is_done(tmp_path, monkeypatch, capsys, made):
    def stop(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(simulation, "simulate", stop)
        assert run_request(request(tmp_path / "o")) == 130
    assert capsys.readouterr().err == "pokrovsk: stopped; 0 of 1 runs are done, and the same command goes on.\n"
    with pytest.raises(InputError, match="no finished run"):
        load(tmp_path / "o")
    assert run_request(request(tmp_path / "o")) == 0
    assert made == [1]


def seeds_of(folder):
    return load(folder).runs["seed"].tolist()


def test_more_runs_extend_a_folder(tmp_path, made):
    for n in (1, 3, 2):
        assert run_request(request(tmp_path / "o", runs=n)) == 0
    assert made == [1, 2, 3]
    assert seeds_of(tmp_path / "o") == [1, 2, 3]
    assert run_request(request(tmp_path / "o", seed=7)) == 0
    assert made == [1, 2, 3, 7]
    assert seeds_of(tmp_path / "o") == [1, 2, 3, 7]
    assert run_request(request(tmp_path / "o", force=True)) == 0
    assert seeds_of(tmp_path / "o") == [1]


def test_maps_that_are_wanted_later_are_made_later(tmp_path, made):
    assert run_request(request(tmp_path / "o", maps="none")) == 0
    assert not (tmp_path / "o" / "control.npz").exists()
    assert run_request(request(tmp_path / "o")) == 0
    assert made == [1, 1]
    assert (tmp_path / "o" / "control.npz").is_file()
    assert run_request(request(tmp_path / "o", maps="none")) == 0
    assert made == [1, 1]
    assert len(load(tmp_path / "o").daily) == 2


def test_one_folder_has_one_writer(tmp_path, scenario):
    one = EnsembleRun(request(tmp_path / "o"), scenario, {}, tmp_path / "o", [1])
    for more in ({}, {"seed": 7}, {"force": True}):
        with pytest.raises(InputError, match="another command is writing there"):
            run_request(request(tmp_path / "o", days=DAYS, **more))
    one.close()
    assert run_request(request(tmp_path / "o", days=DAYS)) == 0


@pytest.mark.parametrize("force", [False, True])
def test_a_sweep_is_left_alone(tmp_path, force):
    (tmp_path / "one.toml").write_text('scenario = "skirmish"\ndesign = "factorial"\nreplicates = 1\ndays = 1\n[factors]\nmorale = [0.5]\n')
    study_sweep.sweep(tmp_path / "one.toml", tmp_path / "o", executor=pool.Here())
    before = {path: path.read_bytes() for path in (tmp_path / "o").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="holds a sweep; give another --out"):
        run_request(request(tmp_path / "o", force=force))
    assert {path: path.read_bytes() for path in (tmp_path / "o").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("seed", [1.5, -1, "3", True, None, 2**53 + 1, np.float64(2)])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="allowed: a whole number from 0 to"):
        simulate("skirmish", seed, days=1)


def test_a_parameter_is_given_once():
    assert simulate("skirmish", np.int64(2), days=1).seed == 2
    with pytest.raises(InputError, match=r"command\.manpower_ratio: given twice"):
        simulate("skirmish", 1, {"manpower_ratio": 2, "command.manpower_ratio": 3}, days=1)


def test_a_worker_imports_neither_mesa_nor_anything_that_draws():
    import subprocess
    import sys

    words = (
        "import sys; from experiments.runs import simulate; simulate('skirmish', 1, days=1); "
        "import experiments.storage.run_folder; bad = {'mesa', 'solara', 'matplotlib', 'PIL'} & set(sys.modules); "
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", words], check=True)


def test_a_tiled_battle_keeps_units_per_cell_and_its_books():
    from experiments.performance.tiling import tiled
    from sim import battle
    from sim.accounting import check_books

    small, large = tiled(150), tiled(1200)
    density = [len(w.live()) / w.sector.n for w in (small, large)]
    assert density[0] == pytest.approx(density[1])
    assert len(np.unique(large.units.slot[: large.n])) == large.n
    battle.run(large, 3)
    check_books(large)
    tiles = large.sector.n // small.sector.n
    men = [large.formations.infantry[k::4].sum() for k in range(4)]
    assert min(men) > 0
    y = large.units.y[large.live()]
    assert len(np.unique(y // small.geo.height)) == tiles
