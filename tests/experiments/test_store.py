"""The store: a crash at any step loses nothing and doubles nothing, and a folder that does not fit is refused."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.storage import sweep_store
from experiments.storage.sweep_folder import open_store, write_manifest, write_study
from experiments.storage.sweep_store import Commit, commits, files, read
from sim.errors import InputError

MANIFEST = {"schema": 1, "kind": "sweep", "name": "made-up"}


class Crash(BaseException):
    """The power goes."""


def opened(folder, check=lambda old: None):
    store = open_store(folder, check)
    write_study(folder, {"study.toml": b""})
    write_manifest(folder, MANIFEST)
    return store


def tables(*runs, status="done"):
    """Rows of some runs: one in `runs`, three in `daily`."""
    daily = [r for r in runs for _ in range(3)]
    return {"daily": pa.table({"run": daily, "day": [0, 1, 2] * len(runs)}), "runs": pa.table({"run": runs, "status": [status] * len(runs), "run_key": [f"key {run}" for run in runs]})}


def runs_in(folder, table="runs"):
    return sorted(run for file in files(folder, table) for run in read(file)["run"].to_pylist())


def test_what_is_committed_is_there_and_the_next_opening_goes_on(tmp_path):
    one = opened(tmp_path / "o")
    one.commit(tables(3, 1))
    one.commit(tables(2, status="failed"))
    one.close()
    two = opened(tmp_path / "o")
    assert two.recorded() == ({1, 3}, {2})
    two.commit(tables(4))
    assert runs_in(tmp_path / "o") == [1, 2, 3, 4]
    assert runs_in(tmp_path / "o", "daily") == sorted([1, 2, 3, 4] * 3)
    two.forget_failed()
    assert two.recorded() == ({1, 3, 4}, set())
    two.close()


def crashing(monkeypatch, at):
    """Lets the `at`-th change of the folder from now on fail as a power cut would: nothing after it happens."""
    count = 0
    real = {name: getattr(os, name) for name in ("replace", "fsync")} | {"unlink": Path.unlink}

    def guarded(name):
        def call(*args, **more):
            nonlocal count
            count += 1
            if count >= at:
                raise Crash
            return real[name](*args, **more)

        return call

    monkeypatch.setattr(os, "replace", guarded("replace"))
    monkeypatch.setattr(os, "fsync", guarded("fsync"))
    monkeypatch.setattr(Path, "unlink", guarded("unlink"))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("at", range(1, 30))
def test_a_crash_at_any_step_loses_and_doubles_nothing(tmp_path, monkeypatch, at, whole):
    """Commits and mergers of both kinds, cut off after each of their changes to the folder."""
    monkeypatch.setattr(sweep_store, "GROUP", 3)
    folder, finished = tmp_path / "o", []
    first = opened(folder)
    for run in range(2):
        first.commit(tables(run))
        finished.append(run)
    with monkeypatch.context() as patched, pytest.raises(Crash):
        crashing(patched, at)
        for run in range(2, 8):
            first.commit(tables(run))
            finished.append(run)
            first.compact(whole)
            seen(folder, finished, run + 1)
        raise Crash
    first.close()
    seen(folder, finished, len(finished) + 1)
    again = opened(folder)
    seen(folder, finished, len(finished) + 1)
    done, _ = again.recorded()
    for run in set(range(8)) - done:
        again.commit(tables(run))
    again.compact(whole=True)
    again.close()
    assert runs_in(folder) == list(range(8))
    assert runs_in(folder, "daily") == sorted(list(range(8)) * 3)
    assert not [p for p in folder.rglob(".*.tmp")]
    assert len(list((folder / "runs").iterdir())) == len(list((folder / "daily").iterdir())) == 1


def seen(folder, finished, most):
    """A reader sees every finished run once, with its days, and at most the one beyond that was being written."""
    rows = runs_in(folder)
    assert rows in (finished, list(range(most)))
    assert runs_in(folder, "daily") == sorted(rows * 3)


def test_days_without_their_run_belong_to_nobody(tmp_path, monkeypatch):
    one = opened(tmp_path)
    one.commit(tables(1))
    pq.write_table(tables(2)["daily"], tmp_path / "daily" / "00000002.parquet")
    one.close()
    assert runs_in(tmp_path, "daily") == [1, 1, 1]
    opened(tmp_path).close()
    assert [p.name for p in (tmp_path / "daily").iterdir()] == ["00000001.parquet"]


@pytest.mark.parametrize("table", ["runs", "daily"])
@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"PAR1" + bytes(len(b))])
def test_a_torn_file_is_set_aside_and_its_runs_are_missing(tmp_path, table, harm):
    one = opened(tmp_path)
    one.commit(tables(1, 2))
    one.commit(tables(3))
    one.close()
    file = tmp_path / table / "00000001.parquet"
    file.write_bytes(harm(file.read_bytes()))
    two = opened(tmp_path)
    assert two.broken == ["00000001.parquet"]
    assert two.recorded() == ({3}, set())
    two.commit(tables(1, 2))
    two.close()
    assert runs_in(tmp_path, "daily") == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_merged_files_stay_of_a_readable_size(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_store, "BIG_BYTES", 3000)
    one = opened(tmp_path)
    for run in range(12):
        one.commit(tables(run))
    one.compact(whole=True)
    assert 1 < len(commits(tmp_path)) < 12
    one.compact(whole=True)
    one.close()
    assert runs_in(tmp_path) == list(range(12))


def test_names_tell_what_a_merged_file_stands_for(tmp_path):
    (tmp_path / "runs").mkdir()
    for name in ("00000001.parquet", "00000002.parquet", "00000001-00000003.parquet", "00000004.parquet", "notes.parquet", ".5.tmp"):
        (tmp_path / "runs" / name).touch()
    assert commits(tmp_path) == [Commit(1, 3), Commit(4, 4)]


# Folders that do not fit


def test_two_writers_at_once(tmp_path):
    one = opened(tmp_path)
    with pytest.raises(InputError, match="another command is writing there"):
        opened(tmp_path)
    one.close()
    opened(tmp_path).close()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("thesis.txt", "mine", "holds other files"),
        ("manifest.toml", "schema = [", "cannot be read"),
        ("manifest.toml", "schema = 1\nname = 'skirmish'", "something other than a sweep"),
        ("manifest.toml", "schema = 99\nkind = 'sweep'", "newer version"),
    ],
)
def test_folders_with_something_else(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        opened(tmp_path)
    assert (tmp_path / name).read_text() == text
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_folder_that_a_kill_left_half_made_is_taken(tmp_path):
    for name in ("runs", "daily"):
        (tmp_path / name).mkdir()
    (tmp_path / ".lock").touch()
    (tmp_path / ".manifest.toml.77.tmp").touch()
    (tmp_path / "study.toml").write_text("half")
    one = opened(tmp_path)
    one.close()
    assert (tmp_path / "study.toml").read_text() == ""
    assert sweep_store.read_manifest(tmp_path)["name"] == "made-up"


def test_runs_without_a_manifest_are_half_a_sweep(tmp_path):
    one = opened(tmp_path)
    one.commit(tables(1))
    one.close()
    (tmp_path / "manifest.toml").unlink()
    with pytest.raises(InputError, match=r"no manifest\.toml"):
        opened(tmp_path)
    assert runs_in(tmp_path) == [1]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "o").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        opened(tmp_path / "o")


def test_runs_written_elsewhere_come_home_once(tmp_path):
    home, spare = tmp_path / "home", tmp_path / "spare"
    one = opened(home)
    one.commit(tables(1))
    sweep_store.write_commit(spare, one.next, tables(2, 3))
    one.commit(tables(3))
    one.take_in(spare)
    assert one.recorded() == ({1, 2, 3}, set())
    one.close()
    assert not spare.exists()
    assert runs_in(home) == [1, 2, 3]
    assert runs_in(home, "daily") == [1, 1, 1, 2, 2, 2, 3, 3, 3]
