"""Runs and ensembles: same seed same bits, whoever computes it; nothing done is lost to a stop, a kill or a failure."""

import os
import pickle
import signal

import numpy as np
import pytest

from experiments.cli.run import run_request
from experiments.runs import simulation
from experiments.runs.identity import run_key, settings_key
from experiments.runs.simulation import simulate
from experiments.storage import run_folder
from experiments.sweep import ensemble
from experiments.sweep.ensemble import Job, RunRequest, execute
from sim.errors import InputError
from sim.scenario import load_scenario

DAYS = 3


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("skirmish", days=DAYS)


def jobs(scenario, folder, seeds, **more):
    return [Job(scenario, {}, s, run_folder.piece_path(folder, s), **more) for s in seeds]


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


def test_a_piece_comes_back_as_it_was(scenario, tmp_path):
    result = simulate(scenario, 1)
    run_folder.write_piece(tmp_path / "p.npz", result)
    assert same(result, run_folder.read_piece(tmp_path / "p.npz"))
    assert list(tmp_path.iterdir()) == [tmp_path / "p.npz"]


@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"not a zip"])
def test_a_damaged_piece_is_no_piece(scenario, tmp_path, harm):
    path = run_folder.piece_path(tmp_path, 1)
    run_folder.write_piece(path, simulate(scenario, 1))
    path.write_bytes(harm(path.read_bytes()))
    assert run_folder.read_piece(path) is None
    assert not run_folder.has_piece(tmp_path, run_key(scenario, {}, 1), 1, maps=False)


def test_two_workers_same_bits_and_a_killed_one_is_replaced(scenario, tmp_path):
    """Runs of one process and of two agree to the bit, though one worker is killed on the way."""
    seeds = [1, 2, 3, 4]
    assert all(o.written for o in execute(jobs(scenario, tmp_path / "one", seeds), 1))
    killed = False

    def kill_once(days_done):
        nonlocal killed
        children = runs_children()
        if days_done > 0 and children and not killed:
            killed = True
            os.kill(children[0].pid, signal.SIGKILL)

    outcomes = list(execute(jobs(scenario, tmp_path / "two", seeds), 2, kill_once))
    assert sorted(o.seed for o in outcomes) == seeds
    assert all(o.written for o in outcomes)
    for seed in seeds:
        one, two = (run_folder.read_piece(run_folder.piece_path(tmp_path / name, seed)) for name in ("one", "two"))
        assert same(one, two)


def runs_children():
    import multiprocessing

    return multiprocessing.active_children()


def test_a_run_that_raises_is_recorded_and_the_rest_goes_on(scenario, tmp_path, monkeypatch):
    whole = simulation.simulate
    monkeypatch.setattr(ensemble, "simulate", lambda s, seed, *a, **k: 1 / 0 if seed == 2 else whole(s, seed, *a, **k))
    order = RunRequest(scenario="skirmish", days=1, runs=3, workers=1, out=tmp_path / "o", quiet=True)
    assert run_request(order) == 1
    import json

    told = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert told["seeds"] == [1, 3]
    assert told["failed"] == [{"seed": 2, "error": "ZeroDivisionError: division by zero"}]


def test_a_stop_keeps_what_is_done_and_the_same_command_goes_on(tmp_path, monkeypatch):
    whole, made = simulation.simulate, []

    def stopped(s, seed, *a, **k):
        if seed == 3:
            raise KeyboardInterrupt
        made.append(seed)
        return whole(s, seed, *a, **k)

    monkeypatch.setattr(ensemble, "simulate", stopped)
    order = RunRequest(scenario="skirmish", days=1, runs=4, workers=1, out=tmp_path / "o", quiet=True)
    assert run_request(order) == 130
    assert made == [1, 2]
    monkeypatch.setattr(ensemble, "simulate", lambda s, seed, *a, **k: made.append(seed) or whole(s, seed, *a, **k))
    assert run_request(order) == 0
    assert made == [1, 2, 3, 4]


def test_more_runs_extend_a_folder(tmp_path, monkeypatch):
    whole, made = simulation.simulate, []
    monkeypatch.setattr(ensemble, "simulate", lambda s, seed, *a, **k: made.append(seed) or whole(s, seed, *a, **k))
    for n in (1, 3, 2):
        assert run_request(RunRequest(scenario="skirmish", days=1, runs=n, workers=1, out=tmp_path / "o", quiet=True)) == 0
    assert made == [1, 2, 3]
    assert run_folder.known_seeds(tmp_path / "o") == [1, 2, 3]
    assert run_request(RunRequest(scenario="skirmish", days=1, out=tmp_path / "o", quiet=True, force=True)) == 0
    assert run_folder.known_seeds(tmp_path / "o") == [1]


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
