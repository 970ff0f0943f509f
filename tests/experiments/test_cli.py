"""The command line: what a good order prints and writes, and that every bad one ends with exit code 2 and one line."""

import csv
import json
import pathlib
import subprocess
import sys
import time
import tomllib

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.processes import ROOT

import seeds
from experiments import load
from experiments.cli import app
from experiments.cli.console import wide_console
from experiments.runs import simulation
from experiments.storage import sweep_store
from experiments.studies.files import load_study
from sim.scenario import scenario_names
from sim.settings import catalog

DAYS = "3"
OBJECTIVES = """
[[objective]]
name = "West Town"
settlement = "west_twon"
[[objective]]
name = "North Hamlet"
x_km = 1
y_km = 1
"""


@pytest.fixture
def call(capsys):
    """Runs a command in this process: exit code, standard output, standard error."""

    def call(*args):
        with pytest.raises(SystemExit) as ended:
            app.main([str(a) for a in args])
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The output of two short runs."""
    out = tmp_path_factory.mktemp("runs") / "two"
    with pytest.raises(SystemExit) as ended:
        app.main(["run", "skirmish", "--days", DAYS, "--runs", "2", "--workers", "1", "--out", str(out), "--json"])
    assert ended.value.code == 0
    return out


# Good orders


def test_run_prints_a_table_and_writes_the_folder(call, tmp_path):
    code, out, err = call("run", "skirmish", "--days", DAYS, "--out", tmp_path / "o", "--quiet", "--check")
    assert (code, err) == (0, "")
    for word in ("held by the attacker", "gained / lost", "front", "price", "armor", "drone", "direct fire", "pocket"):
        assert word in out
    names = {p.name for p in (tmp_path / "o").iterdir()}
    wanted = {"daily.parquet", "captures.parquet", "events.parquet", "control.npz", "summary.json", "manifest.toml"}
    assert wanted <= names


def test_daily_has_a_row_a_day_and_says_what_its_columns_are(folder):
    table = pq.read_table(folder / "daily.parquet")
    assert table.column_names[:4] == ["run", "seed", "day", "date"]
    assert table["day"].to_pylist() == [0, 1, 2, 3] * 2
    assert table["run"].to_pylist() == [0] * 4 + [1] * 4
    assert table["seed"].to_pylist() == [1] * 4 + [2] * 4
    for name in table.column_names:
        told = table.schema.field(name).metadata
        assert told[b"doc"]
        assert told[b"kind"] in (b"index", b"total", b"daily", b"state")
    assert table.schema.field("front_km").metadata[b"unit"] == b"km"


def test_maps_are_percent_by_run_and_day(folder):
    with np.load(folder / "control.npz") as data:
        assert set(data.files) == {"run", "day", "control"}
        assert data["control"].shape == (2, 4, 12, 12)
        assert data["control"].dtype == np.uint8
        assert data["control"].max() <= 100
        held = data["control"][0].sum(axis=(1, 2)) / 100.0
    daily = pq.read_table(folder / "daily.parquet", columns=["held_km2"])["held_km2"].to_numpy()[:4]
    assert held == pytest.approx(daily, abs=1.0)


def test_summary_has_speed_ensemble_and_totals(folder):
    told = json.loads((folder / "summary.json").read_text())
    assert told["wall_s"] > 0
    assert told["steps_per_s"] > 0
    assert told["unit_steps"] == sum(r["unit_steps"] for r in told["runs"])
    figure = told["ensemble"]["held_km2"]
    assert figure["band90"][0] <= figure["band50"][0] <= figure["median"] <= figure["band50"][1] <= figure["band90"][1]
    assert told["seeds"] == [1, 2]
    assert told["failed"] == []


def test_manifest_tells_how_to_do_it_again(folder):
    told = tomllib.loads((folder / "manifest.toml").read_text())
    assert told["seeds"] == [1, 2]
    assert told["status"] == "complete"
    assert told["scenario"]["days"] == int(DAYS)
    assert told["parameters"]
    assert {"python", "numpy", "numba"} <= set(told["versions"])


def test_json_is_all_there_is_on_standard_output(call, folder):
    code, out, _ = call("run", "skirmish", "--days", DAYS, "--runs", "2", "--out", folder, "--json")
    assert code == 0
    assert json.loads(out)["n_runs"] == 2


def test_other_start_keeps_the_end_of_the_scenario(call, tmp_path):
    code, out, _ = call("run", "skirmish", "--start", "2024-08-19", "--out", tmp_path / "o", "--json", "--maps", "none")
    assert code == 0
    assert json.loads(out)["days"] == 2
    assert not (tmp_path / "o" / "control.npz").exists()


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (["scenarios"], "pokrovsk-2024"),
        (["params"], "command.manpower_ratio"),
        (["params", "rotation_interval_days"], "lever"),
        (["facts", "bomb"], "bombs"),
        (["measures"], "price_per_km2"),
        (["--version"], "pokrovsk "),
        (["run", "--help"], "--step-hours"),
    ],
)
def test_listings(call, command, word):
    code, out, err = call(*command)
    assert (code, err) == (0, "")
    assert word in out


def test_a_scenario_can_be_copied_and_run(call, tmp_path):
    assert call("scenarios", "--copy", "skirmish", tmp_path / "mine.toml")[0] == 0
    assert call("run", tmp_path / "mine.toml", "--days", "1", "--out", tmp_path / "o", "--quiet")[0] == 0
    assert call("scenarios", "--copy", "skirmish", tmp_path / "mine.toml")[0] == 2


def test_help_is_quick_and_imports_nothing_heavy():
    heavy = {"numpy", "numba", "mesa", "rich", "pydantic"}
    words = f"import sys; from experiments import cli; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", words], check=True)


def test_version_without_git(call, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code, out, err = call("--version")
    assert (code, err) == (0, "")
    assert out.startswith("pokrovsk ")


# Tables for programs and narrow terminals


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


def test_tables_as_csv(call, folder):
    code, out, err = call("run", "skirmish", "--days", DAYS, "--runs", "2", "--workers", "1", "--out", folder, "--csv")
    assert (code, err) == (0, "")
    figures = {row["figure"]: row for row in rows_of(out)}
    summary = json.loads((folder / "summary.json").read_text())
    assert float(figures["held_km2"]["median"]) == summary["ensemble"]["held_km2"]["median"]
    assert float(figures["held_km2"]["band90_high"]) == summary["ensemble"]["held_km2"]["band90"][1]
    assert figures["held_km2"]["unit"] == "km2"
    code, out, _ = call("compare", folder, folder, "--csv")
    assert (code, {row["measure"] for row in rows_of(out)}) == (0, set(load(folder).headline))
    assert {row["seeds"] for row in rows_of(out)} <= {"1-2", ""}
    keys = [row["key"] for row in rows_of(call("params", "--csv")[1])]
    assert keys == list(catalog())
    assert [row["name"] for row in rows_of(call("scenarios", "--csv")[1])] == scenario_names()
    points = rows_of(call("studies", "quick", "--csv")[1])
    assert len(points) == load_study("quick").n_points
    assert "give one of them" in call("compare", folder, folder, "--csv", "--json")[2]


def test_every_table_goes_to_the_console_that_keeps_its_columns(monkeypatch):
    """A narrow terminal or a log wraps long lines and drops no column."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert wide_console().width >= 160
    for file in (ROOT / "experiments" / "cli").glob("*.py"):
        assert file.name == "console.py" or " Console(" not in file.read_text(), file.name


# Bad orders


def refused(call, *args):
    """The one line on standard error of an order that must be refused."""
    code, out, err = call(*args)
    assert code == 2, err
    assert out == ""
    assert err.startswith("pokrovsk: ")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["skirmsh"], ["'skirmsh'", "Did you mean 'skirmish'?"]),
        (["skirmish", "--set", "manpower_rato=2"], ["'manpower_rato'", "Did you mean 'manpower_ratio'?"]),
        (["skirmish", "--set", "fpv_team.hit_probabilit=0.1"], ["Did you mean 'fpv_team.hit_probability'?"]),
        (["skirmish", "--set", "manpower_ratio"], ["'manpower_ratio'", "KEY=VALUE"]),
        (["skirmish", "--set", "manpower_ratio=many"], ["'many'", "not a number"]),
        (["skirmish", "--set", "manpower_ratio=nan"], ["nan", "finite"]),
        (["skirmish", "--set", "manpower_ratio=99"], ["99", "out of range", "0.5 to 12"]),
        (["skirmish", "--set", "supply.enabled=perhaps"], ["'perhaps'", "true or false"]),
        (["skirmish", "--days", "0"], ["--days 0", "1 to 731"]),
        (["skirmish", "--days", "-3"], ["--days -3"]),
        (["skirmish", "--days", "few"], ["--days few"]),
        (["skirmish", "--days", "2.5"], ["--days 2.5"]),
        (["skirmish", "--runs", "0"], ["--runs 0"]),
        (["skirmish", "--runs", "-2"], ["--runs -2"]),
        (["skirmish", "--workers", "0"], ["--workers 0"]),
        (["skirmish", "--workers", "-1"], ["--workers -1"]),
        (["skirmish", "--seed", "-1"], ["--seed -1"]),
        (["skirmish", "--seed", "x"], ["--seed x"]),
        (["skirmish", "--cell-km", "0.7"], ["0.7", "divide the box"]),
        (["skirmish", "--cell-km", "nan"], ["--cell-km nan"]),
        (["skirmish", "--step-hours", "5"], ["5", "divide the day"]),
        (["skirmish", "--step-hours", "-6"], ["--step-hours -6"]),
        (["skirmish", "--maps", "some"], ["'some'", "first, all, none"]),
        (["skirmish", "--front", "nowhere.geojson"], ["nowhere.geojson'", "not found"]),
        (["--start", "2019-01-01"], ["2019-01-01", "outside the record"]),
        (["--start", "2026-02-01"], ["2026-02-01", "outside the record"]),
        (["--start", "soon"], ["soon", "not a date"]),
        (["skirmish", "--speed", "2"], ["--speed"]),
        (["missing.toml"], ["'missing.toml'", "not found"]),
        (["skirmish", "--out", "/proc/pokrovsk"], ["/proc/pokrovsk", "cannot be written"]),
    ],
)
def test_bad_order(call, tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    line = refused(call, "run", *args)
    for word in words:
        assert word in line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("name = [", ["not a TOML file"]),
        ('base = "skirmish"\nwether = 1\n', ["wether"]),
        ('base = "skirmish"\ndays = "many"\n', ["days", "'many'"]),
        ('base = "skirmish"\ndays = nan\n', ["days", "nan"]),
        ('base = "skirmish"\ndays = -4\n', ["days", "-4"]),
        ('base = "skirmish"\nstep_hours = 7\n', ["step_hours", "7"]),
        ('base = "pokrovsk-2024"\nstart = 2031-01-01\n', ["2031-01-01", "outside the record"]),
        ('base = "pokrovks-2024"\n', ["Did you mean 'pokrovsk-2024'?"]),
        ('base = "skirmish"\n[params]\nmanpower_rato = 2\n', ["'manpower_rato'", "Did you mean"]),
        ('base = "skirmish"\n[params]\nmanpower_ratio = 99\n', ["99", "out of range"]),
        ('base = "skirmish"\n[box]\nwidth_km = inf\n', ["width_km"]),
        (f'base = "skirmish"\n{OBJECTIVES}', ["'west_twon'", "Did you mean 'west_town'?"]),
    ],
)
def test_bad_scenario_file(call, tmp_path, text, words):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    line = refused(call, "run", file, "--out", tmp_path / "o")
    for word in words:
        assert word in line
    assert not (tmp_path / "o").exists()


def test_unknown_side(call, tmp_path):
    text = seeds.path("scenarios", "skirmish.toml").read_text().replace('side = "attacker"', 'side = "atacker"', 1)
    (tmp_path / "mine.toml").write_text(text)
    line = refused(call, "run", tmp_path / "mine.toml", "--out", tmp_path / "o")
    assert "'atacker'" in line
    assert "'attacker' or 'defender'" in line


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "JSON"),
        ("\n", "empty"),
        ('{"type": "FeatureCollection", "features": []}', "no polygon"),
        ('{"type": "Polygon", "coordinates": [[[4e6, 5e6], [4.1e6, 5e6], [4e6, 5.1e6], [4e6, 5e6]]]}', "degrees"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 1], [0, 0]]]}', "elsewhere"),
    ],
)
def test_bad_front_file(call, tmp_path, text, word):
    (tmp_path / "front.geojson").write_text(text)
    line = refused(call, "run", "skirmish", "--front", tmp_path / "front.geojson", "--out", tmp_path / "o")
    assert "front.geojson" in line
    assert word in line


def test_output_folder_that_is_a_file(call, tmp_path):
    (tmp_path / "o").write_text("mine")
    assert "is a file" in refused(call, "run", "skirmish", "--days", "1", "--out", tmp_path / "o")
    assert (tmp_path / "o").read_text() == "mine"


def test_output_folder_with_other_files(call, tmp_path):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "thesis.txt").write_text("mine")
    assert "--force" in refused(call, "run", "skirmish", "--days", "1", "--out", tmp_path / "o")
    assert call("run", "skirmish", "--days", "1", "--out", tmp_path / "o", "--force", "--quiet")[0] == 0
    assert (tmp_path / "o" / "thesis.txt").read_text() == "mine"


def test_output_folder_with_another_run(call, folder, tmp_path):
    before = (folder / "summary.json").read_bytes()
    assert "another run" in refused(call, "run", "skirmish", "--days", "2", "--out", folder)
    lever = ["--set", "manpower_ratio=3"]
    assert "another run" in refused(call, "run", "skirmish", "--days", DAYS, *lever, "--out", folder)
    assert (folder / "summary.json").read_bytes() == before


def full_disk(*_args):
    raise OSError(28, "No space left on device")


def test_full_disk_while_a_run_is_written(call, tmp_path, monkeypatch):
    """The run is kept elsewhere, whole, and the line says where."""
    write, home = sweep_store.write_commit, tmp_path / "o"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(sweep_store, "write_commit", lambda f, *more: full_disk() if home in f.parents else write(f, *more))
        code, _, err = call("run", "skirmish", "--days", "1", "--out", home, "--quiet")
    assert code == 2
    assert err.count("\n") == 1
    assert "No space left on device" in err
    elsewhere = pathlib.Path(err.rsplit(" ", 1)[1].strip())
    assert pq.read_table(elsewhere / "daily.parquet").num_rows == 2
    monkeypatch.setattr(simulation, "simulate", None)
    assert call("run", "skirmish", "--days", "1", "--out", home, "--quiet")[0] == 0
    assert pq.read_table(home / "daily.parquet").num_rows == 2


def test_full_disk_while_tables_are_written(call, tmp_path, monkeypatch):
    from experiments.storage import run_tables

    write, home = run_tables.assemble, tmp_path / "o"
    monkeypatch.setattr(run_tables, "assemble", lambda f, *more: full_disk() if f == home else write(f, *more))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _, err = call("run", "skirmish", "--days", "1", "--out", home, "--quiet")
    assert code == 2
    assert (pathlib.Path(err.rsplit(" ", 1)[1].strip()) / "summary.json").is_file()


def test_help_answers_in_time():
    """A generous limit: what it guards against is an import of several seconds."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "experiments.cli", "--help"], check=True, capture_output=True)
    assert time.perf_counter() - begin < 5.0


# The bench


@pytest.mark.parametrize(
    ("args", "word"), [(["battles"], "'battles'"), (["battle", "--peers", "nowhere"], "'nowhere'")]
)
def test_bad_bench(call, args, word):
    assert word in refused(call, "bench", *args)
