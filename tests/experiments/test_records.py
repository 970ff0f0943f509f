"""The record of a run is true and complete: what acted is what is written, and a folder holds all that its runs need."""

import dataclasses
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import tomli_w
from helpers.processes import ROOT

import seeds
from experiments import load
from experiments.cli import app
from experiments.reporting import run_pictures
from experiments.results.sweep_member import member_of
from experiments.runs.identity import settings_key
from experiments.runs.simulation import simulate
from experiments.runs.task import run_task
from experiments.storage.sweep_tables import RunTables
from experiments.studies.files import load_study
from experiments.sweep import dask_cluster, pool
from experiments.sweep.study_sweep import sweep
from sim import identity, measures, phases, run_files
from sim.errors import InputError
from sim.scenario import load_scenario

STUDY = """
scenario = "{scenario}"
design = "one-at-a-time"
replicates = 2
days = 2
daily = true
measures = ["held_km2", "casualties_attacker"]
[factors]
manpower_ratio = [1.0, 3.0]
"""


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Pictures take longer than the runs, and have tests of their own."""
    monkeypatch.setattr(run_pictures, "draw_pictures", lambda folder, n: None)


@pytest.fixture
def call(capsys):
    def call(*args):
        with pytest.raises(SystemExit) as ended:
            app.main([str(a) for a in args])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return call


def figures(result):
    return {name: values.tobytes() for name, values in result.daily.items()}


def daily(folder):
    return str(pq.read_table(folder / "daily.parquet").to_pylist())


# What acted is what is recorded


def test_an_unset_ratio_is_recorded_as_mustered_and_makes_the_same_run(tmp_path):
    (tmp_path / "s.toml").write_text(STUDY.format(scenario="skirmish"))
    sweep(tmp_path / "s.toml", tmp_path / "o", executor=pool.Here())
    runs = load(tmp_path / "o").runs
    unset, three = runs[runs["manpower_ratio"].isna()].iloc[0], runs[runs["manpower_ratio"] == 3.0].iloc[0]
    assert unset["command.manpower_ratio"] == pytest.approx(380 / 150)
    assert "command.manpower_ratio" in unset["as_mustered"]
    assert three["command.manpower_ratio"] == 3.0
    assert "command.manpower_ratio" not in three["as_mustered"]
    plain = simulate("skirmish", 1, days=2)
    again = simulate("skirmish", 1, {"command.manpower_ratio": float(unset["command.manpower_ratio"])}, days=2)
    assert figures(plain) == figures(again)


def test_the_parameters_of_a_manifest_make_the_same_run(call, tmp_path):
    assert call("run", "skirmish", "--days", "3", "--set", "morale=0.6", "--out", tmp_path / "o", "--quiet", "--json")[0] == 0
    manifest = tomllib.loads((tmp_path / "o" / "manifest.toml").read_text())
    assert manifest["as_mustered"] == ["command.manpower_ratio", "decide.rotation_interval_days"]
    assert manifest["parameters"]["command.manpower_ratio"] == 380 / 150
    assert "decide.rotation_interval_days" not in manifest["parameters"]  # West 1 has its own
    scenario = run_files.scenario_of(tmp_path / "o", manifest)
    again = simulate(scenario, 1, manifest["parameters"])
    table = pq.read_table(tmp_path / "o" / "daily.parquet")
    assert all(np.array_equal(table[name].to_numpy(), values, equal_nan=values.dtype.kind == "f") for name, values in again.daily.items())


def test_a_manifest_is_run_again_bit_for_bit(call, tmp_path):
    (tmp_path / "front.geojson").write_text(
        '{"type": "Polygon", "coordinates": [[[36.8, 47.9], [36.86, 47.9], [36.86, 48.1], [36.8, 48.1], [36.8, 47.9]]]}'
    )
    order = ["run", "skirmish", "--days", "3", "--runs", "2", "--seed", "4", "--set", "morale=0.6", "--step-hours", "12", "--workers", "1"]
    assert call(*order, "--front", tmp_path / "front.geojson", "--out", tmp_path / "a", "--quiet", "--json")[0] == 0
    (tmp_path / "front.geojson").unlink()
    shutil.move(tmp_path / "a", tmp_path / "moved")
    code, _, err = call("run", tmp_path / "moved" / "manifest.toml", "--out", tmp_path / "b", "--workers", "1", "--quiet", "--json")
    assert (code, err) == (0, "")
    assert daily(tmp_path / "moved") == daily(tmp_path / "b")
    one, two = (tomllib.loads((tmp_path / name / "manifest.toml").read_text()) for name in ("moved", "b"))
    assert (one["key"], one["run_keys"], one["parameters"], one["scenario"]) == (two["key"], two["run_keys"], two["parameters"], two["scenario"])


def changed(folder, to, **changes):
    manifest = tomllib.loads((folder / "manifest.toml").read_text())
    for name, value in changes.items():
        manifest[name] = manifest[name] | value if isinstance(value, dict) else value
    to.write_text(tomli_w.dumps(manifest))
    return to


def test_a_manifest_of_other_code_is_announced_or_refused(call, tmp_path):
    call("run", "skirmish", "--days", "1", "--out", tmp_path / "a", "--quiet", "--json")
    other = changed(tmp_path / "a", tmp_path / "other.toml", code="another")
    code, _, err = call("run", other, "--out", tmp_path / "b", "--quiet", "--json")
    assert code == 0
    assert "was made by other code" in err
    gone = changed(tmp_path / "a", tmp_path / "gone.toml", code="another", parameters={"command.courage": 2.0})
    code, _, err = call("run", gone, "--out", tmp_path / "c", "--quiet", "--json")
    assert (code, err.count("\n")) == (2, 1)
    assert "this one has no parameter 'command.courage'" in err
    half = changed(tmp_path / "a", tmp_path / "half.toml", seeds="all")
    assert "not a whole manifest" in call("run", half, "--out", tmp_path / "d")[2]
    (tmp_path / "s.toml").write_text(STUDY.format(scenario="skirmish"))
    sweep(tmp_path / "s.toml", tmp_path / "o", executor=pool.Here(), limit=1)
    assert "manifest of a sweep" in call("run", tmp_path / "o" / "manifest.toml")[2]


# A folder holds all that its runs need


@pytest.fixture
def own(tmp_path):
    """A study of a scenario of one's own, with a base of one's own and a front file beside it, in a folder of its own."""
    home = tmp_path / "own"
    home.mkdir()
    (home / "front.geojson").write_text(
        '{"type": "Polygon", "coordinates": [[[36.8, 47.9], [36.86, 47.9], [36.86, 48.1], [36.8, 48.1], [36.8, 47.9]]]}'
    )
    (home / "ground.toml").write_text('base = "skirmish"\nname = "ground"\nfront = "front.geojson"\n')
    (home / "mine.toml").write_text('base = "ground.toml"\nname = "mine"\n[params]\nmorale = 0.6\n')
    (home / "study.toml").write_text('name = "ours"\n' + STUDY.format(scenario="mine.toml"))
    return home


def test_a_front_file_lies_beside_its_scenario(own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_scenario("own/mine.toml").front == str(own / "front.geojson")
    monkeypatch.chdir(own)
    assert load_scenario("mine.toml").front == str(own / "front.geojson")


def test_a_sweep_that_was_moved_resumes_grows_and_is_made_again(own, tmp_path):
    whole = sweep(own / "study.toml", tmp_path / "whole", executor=pool.Here())
    assert whole.done == 6
    sweep(own / "study.toml", tmp_path / "o", executor=pool.Here(), limit=2)
    shutil.rmtree(own)
    moved = tmp_path / "elsewhere" / "o"
    moved.parent.mkdir()
    shutil.move(tmp_path / "o", moved)
    done = sweep(moved, moved, executor=pool.Here())
    assert (done.made, done.done) == (4, 6)
    assert load(moved).runs["run_key"].tolist() == load(tmp_path / "whole").runs["run_key"].tolist()
    assert load(moved).runs["held_km2"].tolist() == load(tmp_path / "whole").runs["held_km2"].tolist()
    record = member_of(moved, "3")
    assert Path(record.scenario.front).parent == moved / "scenarios"
    again = simulate(record.scenario, record.seed, record.overrides)
    assert again.daily["held_km2"][-1] == pytest.approx(record.finals["held_km2"], abs=1e-6)
    study = (moved / "study.toml").read_text().replace("replicates = 2", "replicates = 3")
    (moved / "more.toml").write_text(study)
    assert sweep(moved / "more.toml", moved, executor=pool.Here()).made == 3


def test_a_worker_elsewhere_is_sent_the_front_file(own, monkeypatch):
    """A worker of a cluster sees no file of ours."""
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(address="tcp://elsewhere"))
    task = RunTables(load_study(own / "study.toml"), "", identity.code_key(), {}).task(0)
    here, content = run_task(task), (own / "front.geojson").read_bytes()
    (own / "front.geojson").unlink()
    there = dask_cluster.run_there(task, content)
    assert (there.error, there.run_key, there.totals) == (None, here.run_key, here.totals)
    assert "front" in dask_cluster.run_there(task, None).error


def test_a_sweep_is_named_by_its_folder(call, own, tmp_path):
    sweep(own / "study.toml", tmp_path / "o", executor=pool.Here(), limit=1)
    code, out, _ = call("sweep", tmp_path / "o", "--quiet", "--workers", "1")
    assert code == 0
    assert f"{tmp_path / 'o'}: 6 of 6 runs done" in out


def test_an_excerpt_holds_its_scenarios(call, own, tmp_path):
    sweep(own / "study.toml", tmp_path / "o", executor=pool.Here(), limit=1)
    assert call("excerpt", tmp_path / "o", tmp_path / "e")[0] == 0
    shutil.rmtree(own)
    assert load_study(tmp_path / "e" / "study.toml").scenarios


def test_a_key_names_no_place(own, tmp_path):
    copy = Path(shutil.copytree(own, tmp_path / "copy"))
    one, two = (load_study(home / "study.toml") for home in (own, copy))
    assert one.key == two.key
    assert one.numbers_by_key == two.numbers_by_key
    (copy / "front.geojson").write_text((copy / "front.geojson").read_text().replace("48.1", "48.05"))
    assert load_study(copy / "study.toml").key != one.key


def test_a_changed_copy_does_not_pass_under_the_old_name(call, tmp_path):
    text = seeds.path("scenarios", "skirmish.toml").read_text()
    (tmp_path / "mine.toml").write_text(text)
    assert load_scenario(tmp_path / "mine.toml") == load_scenario("skirmish")
    (tmp_path / "mine.toml").write_text(text.replace("infantry = 230", "infantry = 231"))
    assert load_scenario(tmp_path / "mine.toml").name == "mine"
    (tmp_path / "skirmish.toml").write_text(text.replace("infantry = 230", "infantry = 231"))
    assert load_scenario(tmp_path / "skirmish.toml").name == "skirmish-changed"
    (tmp_path / "based.toml").write_text('base = "skirmish"\ndays = 2\n')
    assert load_scenario(tmp_path / "based.toml").name == "based"
    (tmp_path / "s.toml").write_text(STUDY.format(scenario="skirmish.toml").replace("manpower_ratio = [1.0, 3.0]", 'scenario = ["skirmish.toml", "skirmish"]'))
    sweep(tmp_path / "s.toml", tmp_path / "o", executor=pool.Here())
    assert sorted(load(tmp_path / "o").runs["scenario"].unique()) == ["skirmish", "skirmish-changed"]


def test_a_key_does_not_depend_on_how_a_scenario_was_put_together(tmp_path):
    (tmp_path / "based.toml").write_text('base = "skirmish"\nname = "based"\n')
    whole = load_scenario(tmp_path / "based.toml").model_dump(exclude_none=True, exclude={"base"})
    (tmp_path / "whole.toml").write_text(tomli_w.dumps(whole))
    assert settings_key(load_scenario(tmp_path / "based.toml"), {}) == settings_key(load_scenario(tmp_path / "whole.toml"), {})


# What changes the result changes the key


def test_the_key_of_the_code_follows_rules_and_measures(monkeypatch):
    before = identity.code_key()
    assert identity.code_key() == before == identity.source_key()

    def run(world):
        pass

    def other(world):
        return None or world

    keys = set()
    for change in (
        lambda m: m.setattr(phases.fire, "run", run),
        lambda m: m.setattr(phases.fire, "run", other),
        lambda m: m.setattr(phases.decide, "run", run),
        lambda m: m.setattr(phases.drones, "my_range_km", 3.0, raising=False),
        lambda m: m.setitem(phases.PHASES, "storm", phases.fire),
        lambda m: m.setattr(phases, "PHASES", {name: phase for name, phase in phases.PHASES.items() if name != "bombs"}),
        lambda m: m.setitem(measures.MEASURES, "held_km2", dataclasses.replace(measures.MEASURES["held_km2"], of=lambda look: 1.0)),
        lambda m: m.setitem(measures.MEASURES, "mine", measures.Measure("mine", "", "state", "", lambda look: 2.0)),
    ):
        with monkeypatch.context() as patched:
            change(patched)
            keys.add(identity.code_key())
    assert len(keys) == 8
    assert before not in keys
    assert identity.code_key() == before


def test_a_sweep_with_a_replaced_rule_is_not_continued_without_it(tmp_path, monkeypatch):
    (tmp_path / "s.toml").write_text(STUDY.format(scenario="skirmish"))
    whole = phases.fire.run
    with monkeypatch.context() as patched:
        patched.setattr(phases.fire, "run", lambda world: whole(world))
        sweep(tmp_path / "s.toml", tmp_path / "o", executor=pool.Here(), limit=1)
    with pytest.raises(InputError, match="another version of the model"):
        sweep(tmp_path / "s.toml", tmp_path / "o", executor=pool.Here())


# Workers run the code of the parent


@pytest.mark.parametrize("name", ["sim.py", "experiments/__init__.py", "types.py", "logging.py", "seeds/__init__.py"])
def test_nothing_from_the_working_folder_is_run(tmp_path, name):
    file = tmp_path / "here" / name
    file.parent.mkdir(parents=True)
    file.write_text("x = 1\n")
    script = tmp_path / "program.py"
    script.write_text("from experiments.cli import main\nif __name__ == '__main__':\n    main()\n")
    command = [sys.executable, str(script), "run", "skirmish", "--days", "1", "--runs", "2", "--workers", "2", "--out", "o", "--quiet"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path / "here", env=environment, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")


# Folders are folders


@pytest.fixture(scope="module")
def plain_folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("plain")
    (home / "s.toml").write_text(STUDY.format(scenario="skirmish").replace('measures = ', 'maps = "last"\nevents = true\nmeasures = '))
    sweep(home / "s.toml", home / "sweep", executor=pool.Here())
    with pytest.raises(SystemExit):
        app.main(["run", "skirmish", "--days", "2", "--runs", "2", "--workers", "1", "--out", str(home / "run"), "--json"])
    return home


@pytest.mark.parametrize("name", ["seed=9", "held_km2=1", "run=3", "point=0", "status=failed", "day=1", "~t", "[a]", "*", "with space"])
@pytest.mark.parametrize("kind", ["sweep", "run"])
def test_a_folder_with_an_odd_name_is_read_as_any(plain_folder, tmp_path, monkeypatch, name, kind):
    from sim.view.page.session.recorded_run import read_run

    (tmp_path / name).mkdir()
    shutil.copytree(plain_folder / kind, tmp_path / name / "r")
    want, monkey = load(plain_folder / kind), monkeypatch.chdir(tmp_path)
    assert monkey is None
    got = load(f"{name}/r")
    assert got.runs.equals(want.runs)
    assert got.daily.equals(want.daily)
    assert got.to_xarray().equals(want.to_xarray())
    of = (lambda folder: member_of(folder, "1")) if kind == "sweep" else (lambda folder: read_run(folder, "2"))
    one, two = of(Path(name) / "r"), of(plain_folder / kind)
    assert one.seed == two.seed
    assert {k: v.tobytes() for k, v in one.journal.columns.items()} == {k: v.tobytes() for k, v in two.journal.columns.items()}


def test_out_is_what_it_says(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("run", "skirmish", "--days", "1", "--out", "./~t", "--json", "--quiet")[0] == 0
    assert (tmp_path / "~t" / "daily.parquet").is_file()
    assert len(load("~t").daily) == 2
