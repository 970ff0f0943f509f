"""Sweeps: every run once and with the same bits, whoever makes it, and a clear word for what does not fit."""

import datetime as dt
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.sweeping import STUDY, TABLES, plain_tables, read, recorded, same_as

from experiments.cli import app, sweep
from experiments.runs import identity, simulation
from experiments.storage import sweep_folder, sweep_store
from experiments.studies.files import load_study
from experiments.sweep import pool, session, study_sweep, workers
from sim.errors import InputError


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A study of twelve short runs."""
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def plain(file):
    """The same runs by a plain loop."""
    return plain_tables(file)


@pytest.fixture(scope="module")
def folder(file, tmp_path_factory):
    """The sweep by two processes."""
    out = tmp_path_factory.mktemp("sweep") / "o"
    done = study_sweep.sweep(file, out, workers=2)
    assert (done.total, done.done, done.failed, done.made, done.code) == (12, 12, 0, 12, 0)
    return out


# What a sweep writes


def test_two_processes_and_a_plain_loop_give_the_same_bits(folder, plain):
    assert same_as(plain, folder)


@pytest.mark.parametrize("executor", [lambda: workers.Workers(1), lambda: ThreadPoolExecutor(2), pool.Here])
def test_so_do_one_process_and_threads(file, plain, tmp_path, executor):
    study_sweep.sweep(file, tmp_path, executor=executor())
    assert same_as(plain, tmp_path)


def test_a_row_tells_all_of_its_run(folder):
    table = read(folder, "runs")
    first = table.to_pylist()[4]
    assert (first["run"], first["point"], first["replicate"], first["seed"], first["status"]) == (4, 1, 1, 2, "done")
    assert (first["scenario"], first["start"], first["days"]) == ("skirmish", dt.date(2024, 8, 1), 2)
    assert (first["manpower_ratio"], first["command.manpower_ratio"]) == (1.0, 1.0)
    assert first["works"] == "without"
    assert first["works.enabled"] is False
    assert first["code"] == simulation.code_key()
    assert first["version_numba"]
    assert first["exec_wall_s"] > 0
    assert first["exec_host"]
    point = load_study(folder / "study.toml").points()[1]
    assert first["run_key"] == identity.run_key(load_study(folder / "study.toml").scenario_of(point), point.overrides, 2)
    assert len(set(table["run_key"].to_pylist())) == 12


def test_columns_have_units_and_maps_their_place(folder):
    runs_, daily, maps = (read(folder, name) for name in TABLES)
    unit = lambda table, name: table.schema.field(name).metadata[b"unit"]  # noqa: E731
    assert unit(runs_, "held_km2") == unit(daily, "held_km2") == b"km2"
    assert unit(runs_, "decide.rotation_interval_days") == b"days"
    assert sweep_store.read_manifest(folder)["units"]["held_km2"] == "km2"
    assert set(daily.column_names[6:]) == {"held_km2", "casualties_attacker", "price_per_km2"}
    assert daily["day"].to_pylist() == [0, 1, 2] * 12
    last = maps.to_pylist()[0]
    assert (last["day"], last["ny"], last["nx"], len(last["control"])) == (2, 12, 12, 144)
    held = sum(last["control"]) / 100
    assert held == pytest.approx(runs_["held_km2"][0].as_py(), abs=1.0)


def test_the_same_command_goes_on_and_makes_nothing_twice(file, plain, tmp_path):
    first = study_sweep.sweep(file, tmp_path, executor=pool.Here(), limit=5)
    assert (first.made, first.done) == (5, 5)
    assert read(tmp_path, "runs")["seed"].to_pylist() == [1, 2, 1, 1, 1]  # one seed over all points, then the next
    before = read(tmp_path, "runs")["exec_finished"].to_pylist()
    assert study_sweep.sweep(file, tmp_path, executor=pool.Here()).made == 7
    assert study_sweep.sweep(file, tmp_path, executor=pool.Here()).made == 0
    assert same_as(plain, tmp_path)
    assert set(before) < set(read(tmp_path, "runs")["exec_finished"].to_pylist())


# Runs that fail


def test_a_run_that_raises_is_recorded_and_made_again_on_request_only(file, plain, tmp_path, monkeypatch):
    whole = simulation.simulate
    with monkeypatch.context() as patched:
        patched.setattr(simulation, "simulate", lambda s, seed, *a, **k: 1 / 0 if seed == 2 else whole(s, seed, *a, **k))
        done = study_sweep.sweep(file, tmp_path, executor=pool.Here())
    assert (done.done, done.failed, done.code) == (8, 4, 1)
    failed = [r for r in read(tmp_path, "runs").to_pylist() if r["status"] == "failed"]
    assert {r["seed"] for r in failed} == {2}
    assert all("ZeroDivisionError" in r["error"] and r["held_km2"] is None and r["run_key"] for r in failed)
    assert len(read(tmp_path, "daily")) == 8 * 3
    assert study_sweep.sweep(file, tmp_path, executor=pool.Here()).made == 0
    again = study_sweep.sweep(file, tmp_path, executor=pool.Here(), retry_failed=True)
    assert (again.made, again.done, again.failed, again.code) == (4, 12, 0, 0)
    assert same_as(plain, tmp_path)


def test_a_run_whose_worker_dies_again_and_again_is_recorded(file, tmp_path):
    class Deadly(pool.Here):
        def submit(self, fn, /, *args):
            future = super().submit(abs, 0) if args[0].seed == 3 else super().submit(fn, *args)
            if args[0].seed == 3:
                future._exception = workers.WorkerDied("ended with code -9")
            return future

    done = study_sweep.sweep(file, tmp_path, executor=Deadly())
    assert (done.done, done.failed) == (8, 4)
    errors = [error for error in read(tmp_path, "runs")["error"].to_pylist() if error]
    assert len(errors) == 4
    assert all("killed 3 times" in error for error in errors)


# Full disks


def full(*_args):
    raise OSError(28, "No space left on device")


def test_a_full_disk_loses_nothing(file, plain, tmp_path, monkeypatch, capsys):
    """What is finished goes elsewhere; the same command brings it home and makes the rest only."""
    home, write, count = tmp_path / "o", sweep_store.write_commit, 0

    def limited(folder, number, tables):
        nonlocal count
        count += folder == home
        return full() if folder == home and count > 2 else write(folder, number, tables)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(session, "REST", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(sweep_store, "write_commit", limited)
        patched.setattr(session, "write_commit", limited)
        assert sweep.sweep(str(file), out=home, workers="2") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "No space left on device" in err
    assert "the same command takes them in" in err
    kept = len(read(home, "runs"))
    assert 0 < kept < 12
    done = study_sweep.sweep(file, home, executor=pool.Here())
    assert done.done == 12
    assert done.made < 12 - kept
    assert same_as(plain, home)
    assert not list(tmp_path.glob("pokrovsk-*"))


def test_a_disk_that_is_full_from_the_start(file, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_folder, "write_bytes", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        study_sweep.sweep(file, tmp_path / "o", executor=pool.Here())


# Folders and orders that do not fit


def test_a_changed_study_is_not_mixed_in(file, folder, tmp_path):
    (tmp_path / "small.toml").write_text(STUDY.replace("days = 2", "days = 3"))
    with pytest.raises(InputError, match=r"before the study was changed \(days: 2 there, 3 now\), and 12 of its runs are not in the study now; give another --out"):
        study_sweep.sweep(tmp_path / "small.toml", folder)
    (tmp_path / "other.toml").write_text(STUDY)
    with pytest.raises(InputError, match=r"another study \(small\)"):
        study_sweep.sweep(tmp_path / "other.toml", folder)
    (tmp_path / "small.toml").write_text('title = "Told otherwise"\n' + STUDY)
    assert study_sweep.sweep(tmp_path / "small.toml", folder).made == 0
    assert load_study(folder / "study.toml").title == "Told otherwise"


def test_a_change_of_the_model_on_the_way_is_noticed(file, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "code_key", lambda: "as it was loaded here")
    with pytest.raises(InputError, match="has another version of the model than the sweep"):
        study_sweep.sweep(file, tmp_path, workers=2)
    assert not recorded(tmp_path)


def test_nor_are_runs_of_another_version_of_the_model(file, folder, monkeypatch):
    monkeypatch.setattr(simulation, "code_key", lambda: "other")
    with pytest.raises(InputError, match="another version of the model"):
        study_sweep.sweep(file, folder)


@pytest.fixture
def refused(capsys):
    """The one line on standard error of an order that must be refused."""

    def refused(*args):
        with pytest.raises(SystemExit) as ended:
            app.main(["sweep", *map(str, args)])
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n")) == (2, "", 1), err
        return err

    return refused


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--workers", "0"], ["--workers 0", "1 to 1024"]),
        (["--limit", "some"], ["--limit some"]),
        (["--out", "/proc/sweep"], ["/proc/sweep", "cannot be written"]),
        (["--scheduler", "tcp://127.0.0.1:9"], ["tcp://127.0.0.1:9", "no Dask scheduler answers"]),
        (["--scheduler", "tcp://127.0.0.1:99999"], ["tcp://127.0.0.1:99999", "no Dask scheduler answers"]),
        (["--scheduler", "nonsense"], ["'nonsense'", "allowed: tcp://HOST:PORT."]),
        (["--scheduler", "nonsense://x"], ["nonsense://x"]),
    ],
)
def test_bad_orders(file, refused, tmp_path, monkeypatch, more, words):
    from experiments.sweep import dask_cluster

    monkeypatch.setattr(dask_cluster, "CONNECT_S", 0.5)
    monkeypatch.chdir(tmp_path)
    line = refused(file, *more)
    assert all(word in line for word in words), line
    assert not (tmp_path / "runs").exists()


def test_very_many_runs_need_a_word(refused, tmp_path):
    (tmp_path / "large.toml").write_text(STUDY.replace("replicates = 3", "replicates = 90_000"))
    assert "360,000 runs" in refused(tmp_path / "large.toml", "--out", tmp_path / "o")
    assert study_sweep.sweep(tmp_path / "large.toml", tmp_path / "o", limit=2, executor=pool.Here()).made == 2


def test_nobody_is_hired_when_nothing_is_missing(file, tmp_path, monkeypatch):
    study_sweep.sweep(file, tmp_path, executor=pool.Here())
    monkeypatch.setattr(workers, "Workers", None)
    monkeypatch.setattr(workers, "warm", lambda: None)
    assert (study_sweep.sweep(file, tmp_path, workers=2).done, study_sweep.sweep(file, tmp_path, workers=2).made) == (12, 0)


def test_a_factor_named_as_a_column(tmp_path):
    (tmp_path / "odd.toml").write_text(STUDY.replace("works = {", "held_km2 = {"))
    with pytest.raises(InputError, match="'held_km2'"):
        study_sweep.sweep(tmp_path / "odd.toml", tmp_path / "o")


def test_progress_on_a_terminal(file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    study_sweep.sweep(file, tmp_path, executor=pool.Here())
    shown = capsys.readouterr().err
    for words in ("12/12", "runs", "a minute", "left"):
        assert words in shown
    study_sweep.sweep(file, tmp_path / "q", executor=pool.Here(), quiet=True)
    assert capsys.readouterr().err == ""
