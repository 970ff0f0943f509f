"""Calibration as a whole: whether parameters that made a record are found again, the command, screening, adoption, the posterior."""

import datetime as dt
import json
import math
import re
import shutil
import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.made_up import made_up
from helpers.made_up_fit import KEYS, formula, plan, table

import seeds
from experiments.calibration import (
    adoption,
    emulators,
    fitting,
    identifiability,
    posterior,
    recovery,
    screening,
    wave_tables,
    waves,
)
from experiments.calibration.config import load_plan
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.posterior import Posterior
from experiments.cli import app
from experiments.studies.files import load_study
from experiments.sweep.runner import SweepRunner
from sim.errors import InputError
from sim.scenario import load_scenario

RUNNER = SweepRunner(1, quiet=True)


@pytest.fixture
def no_runs(monkeypatch):
    """Runs are made by the formula, and samples of points are small."""
    monkeypatch.setattr(waves, "CANDIDATES", 500)
    monkeypatch.setattr(waves, "PARTICLES", 500)
    monkeypatch.setattr(recovery, "BANK", 3000)
    monkeypatch.setattr(wave_tables, "made", lambda plan, folder, name, number, points, replicates, runner: table(points(), replicates, number))


def record_of(mine, place):
    """A record without error or discrepancy whose truth is the formula at a place."""
    return replace(ObservedTargets.of(mine), z=formula(place)[0])


# The whole


def test_a_calibration_finds_what_made_the_record_and_not_what_had_no_part_in_it(no_runs, tmp_path):
    mine = plan()
    place = np.array([[0.35, 0.7, 0.2]])
    told = []
    found = fitting.calibrate(mine, record_of(mine, place), tmp_path, RUNNER, told.append)
    learned = identifiability.table(mine.space, found.posterior).set_index("key")
    true = {key: values[0] for key, values in mine.space.from_unit(place).items()}
    for key in KEYS[:2]:
        assert learned.loc[key, "low"] < true[key] < learned.loc[key, "high"]
        assert learned.loc[key, "narrower"] > 0.4 and learned.loc[key, "clear"] and learned.loc[key, "overlap"] < 0.7
    assert learned.loc[KEYS[2], "overlap"] > 0.75 and abs(learned.loc[KEYS[2], "narrower"]) < 0.3
    m = found.posterior.manifest
    assert m["effective_sets"] > 40 and m["pareto_k"] < 0.7 and m["acceptance"] > 0.8
    assert m["runs"] == 60 * 2 + 40 * 3 + 60 * 3 and m["wave"][1]["prior_left"] < 0.8 and len(told) == 5
    assert all(v > 0.5 for v in m["wave"][2]["emulator_r2"].values())
    rows = fitting.fit_table(found)
    assert rows["inside"].all() and (rows["distance"] < 2).all()
    again = fitting.calibrate(mine, record_of(mine, place), tmp_path, RUNNER, told.append)
    assert np.array_equal(again.posterior.weight, found.posterior.weight)


def test_a_record_that_the_model_cannot_make_is_told_as_such(no_runs, tmp_path):
    mine = plan()
    impossible = replace(ObservedTargets.of(mine), z=np.array([9.0, 9.0, 9.0]))
    found = fitting.calibrate(mine, impossible, tmp_path, RUNNER, lambda words: None)
    assert found.posterior.manifest["wave"][1]["cutoff_used"] > 3
    assert found.posterior.manifest["acceptance"] == 0
    assert not fitting.fit_table(found)["inside"].any()


def test_made_up_records_are_recovered_as_often_as_said(no_runs, tmp_path):
    whole = recovery.recover(plan(), tmp_path, 30, RUNNER, lambda words: None)
    assert whole.levels == ["simulator", "emulator"] and len(whole.table) == 3 * 30 * (1 + recovery.EMULATED)
    for level in whole.levels:
        found = whole.of(level)
        assert found.coverage(0.9).estimate == pytest.approx(0.9, abs=0.08)
        assert found.coverage(0.5).estimate == pytest.approx(0.5, abs=0.13)
        assert found.kept.estimate > 0.9
        by = found.by_parameter().set_index("key")
        assert by.loc[KEYS[0], "narrower"] > 0.4 > 0.1 > by.loc[KEYS[2], "narrower"] and (by["p_uniform"] > 0.001).all()


def test_recovery_with_error_and_discrepancy_is_as_often_right_and_less_sure(no_runs, tmp_path):
    errors = {"error": 0.1, "discrepancy": 0.4}
    unsure = plan(target=[t.model_dump(exclude_none=True) | errors for t in plan().target])
    sure, found = (recovery.recover(p, tmp_path, 30, RUNNER, lambda words: None).of("simulator") for p in (plan(), unsure))
    assert found.coverage(0.9).estimate == pytest.approx(0.9, abs=0.08)
    assert found.by_parameter()["narrower"][0] < 0.8 * sure.by_parameter()["narrower"][0]


def test_each_record_can_have_a_calibration_of_its_own(no_runs, tmp_path):
    told = []
    found = recovery.recover(plan(), tmp_path, 2, RUNNER, told.append, deep=True)
    assert found.levels == ["waves"] and len(found.table) == 6 and len(told) == 2
    assert found.effective > 20 and found.coverage(0.9).estimate > 0.6


def test_recovery_would_notice_a_method_that_is_too_sure(no_runs, monkeypatch, tmp_path):
    """Were luck taken for a tenth of what it is, intervals would miss the truth."""
    honest = emulators.Emulator.variance
    monkeypatch.setattr(emulators.Emulator, "variance", lambda self, x: 0.01 * honest(self, x))
    found = recovery.recover(plan(), tmp_path, 15, RUNNER, lambda words: None).of("simulator")
    assert found.coverage(0.9).high < 0.9


def test_identifiability_of_a_sample_of_the_prior_is_nothing():
    space = plan().space
    x = space.from_prior(np.random.default_rng(5).random((150, 3)))
    same = identifiability.table(space, Posterior(np.full(150, 1 / 150), pd.DataFrame(space.from_unit(x))))
    assert same["clear"].sum() <= 1 and (same["overlap"] > 0.85).all()
    narrow = x.copy()
    narrow[:, 1] = 0.4 + 0.05 * (x[:, 1] - 0.5)
    one = identifiability.table(space, Posterior(np.full(150, 1 / 150), pd.DataFrame(space.from_unit(narrow))))
    assert one["clear"].tolist()[1] and one["narrower"][1] > 0.8 and one["overlap"][1] < 0.4


# On the skirmish, by command


@pytest.fixture(scope="module")
def skirmish(tmp_path_factory):
    """A tiny calibration on a skirmish that was run by command."""
    folder = tmp_path_factory.mktemp("calibrate")
    data = tomllib.loads(seeds.path("calibration-skirmish.toml").read_text(encoding="utf-8"))
    data["budget"] = {
        **{"first_points": 12, "first_replicates": 2, "waves": 1, "most_waves": 1, "points": 12, "replicates": 2},
        **{"sample": 8, "sample_replicates": 2, "engagements": 2},
    }
    data["last"] = dt.date(2024, 8, 9)
    data["target"] = [t for t in data["target"] if t["id"] not in ("net", "drone-share")]
    observed = {"net-first-week": 0.0, "losses-attacker": 6.0, "losses-defender": 2.5, "attack-cost": 6.0}
    for t in data["target"]:
        t |= {"observed": observed[t["id"]], "error": 0.2, "discrepancy": 0.2}
        if "last" in t:
            t["last"] = dt.date(2024, 8, 8)
    import tomli_w

    file = folder / "small.toml"
    file.write_text(tomli_w.dumps(data), encoding="utf-8")
    order = ["calibrate", "--scenario", str(file), "--out", str(folder / "out"), "--workers", "2", "--quiet"]
    assert app._status(order) == 0
    return folder, order


def test_the_command_leaves_a_posterior_with_its_manifest(skirmish):
    folder, _ = skirmish
    place = folder / "out" / "posterior"
    found = posterior.load(place)
    assert (
        8 <= found.n <= 20
        and (place.parent / "tables" / "wave-1.parquet").stat().st_size < 50_000
        and math.isclose(found.weight.sum(), 1.0)
        and set(found.keys) == {p["key"] for p in found.manifest["parameter"]}
    )
    assert found.manifest["runs"] == 40 and found.manifest["core_hours"] >= 0 and 1 <= found.effective <= found.n
    assert (place / "identifiability.png").stat().st_size > 5000
    assert len(pd.read_csv(place / "identifiability.csv")) == 5 and len(pd.read_csv(place / "targets.csv")) == 4
    assert set(found.medoid) == set(found.keys)
    sets = posterior.draw(20, seed=3, folder=place)
    assert len(sets) == 20 and sets == posterior.draw(20, seed=3, folder=place) != posterior.draw(
        20, seed=4, folder=place
    )


def test_the_same_command_goes_on_without_a_run_and_gives_the_same(skirmish, capsys):
    folder, order = skirmish
    before = posterior.load(folder / "out" / "posterior")
    commits = {p: p.stat().st_mtime_ns for p in (folder / "out").rglob("runs/*.parquet")}
    assert app._status(order) == 0
    assert {p: p.stat().st_mtime_ns for p in (folder / "out").rglob("runs/*.parquet")} == commits
    assert np.array_equal(posterior.load(folder / "out" / "posterior").weight, before.weight)
    assert "12 points x 2" in capsys.readouterr().out


def test_runs_that_are_lost_are_made_again(skirmish, tmp_path):
    """A calibration that was stopped in a wave goes on there: here its last commit is gone, and the table that is written at its end."""
    folder, order = skirmish
    shutil.copytree(folder / "out", tmp_path / "out")
    (tmp_path / "out" / "tables" / "sample-1-1.parquet").unlink()
    for file in (tmp_path / "out" / "sample-1-1" / "runs").glob("*.parquet"):
        file.unlink()
    order = [str(tmp_path / "out") if word == str(folder / "out") else word for word in order]
    assert app._status(order) == 0
    again, before = (posterior.load(p / "out" / "posterior") for p in (tmp_path, folder))
    assert again.sets.equals(before.sets) and np.allclose(again.weight, before.weight)


def test_the_tables_of_the_waves_are_enough(skirmish, tmp_path, capsys):
    """Who has them makes the posterior without a run; a damaged one gives one line."""
    folder, order = skirmish
    shutil.copytree(folder / "out" / "tables", tmp_path / "out" / "tables")
    order = [str(tmp_path / "out") if word == str(folder / "out") else word for word in order]
    assert app._status(order) == 0
    again, before = (posterior.load(p / "out" / "posterior") for p in (tmp_path, folder))
    assert again.sets.equals(before.sets) and np.allclose(again.weight, before.weight)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"calibration.toml", "tables", "posterior"}
    assert sum(p.stat().st_size for p in (tmp_path / "out" / "tables").iterdir()) < 50_000
    (tmp_path / "out" / "tables" / "wave-1.parquet").write_bytes(b"no table")
    capsys.readouterr()
    assert app._status(order) == 2
    error = capsys.readouterr().err
    assert "wave-1.parquet' cannot be read" in error and error.count("\n") == 1


def test_another_calibration_does_not_go_into_the_folder(skirmish, tmp_path, capsys):
    folder, order = skirmish
    text = (folder / "small.toml").read_text(encoding="utf-8").replace("discrepancy = 0.2", "discrepancy = 0.3")
    other = tmp_path / "small.toml"
    other.write_text(text, encoding="utf-8")
    assert app._status([str(other) if word == str(folder / "small.toml") else word for word in order]) == 2
    assert "holds another calibration" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scenario", "skirmsh"], "Did you mean 'skirmish'"),
        (["--scenario", "none.toml"], "not found"),
        (["--scenario", "skirmish"], "no observed values"),
        (["--waves", "0"], "--waves 0"),
        (["--recover", "3", "--adopt"], "one at a time"),
        (["--deep"], "--recover only"),
    ],
)
def test_bad_orders(words, said, capsys):
    assert app._status(["calibrate", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_the_budget_is_told_before_anything_is_run(capsys, tmp_path):
    assert app._status(["calibrate", "--budget", "--out", str(tmp_path / "none")]) == 0
    told = capsys.readouterr().out
    assert "5,000 runs" in told and "core-hours" in told and not (tmp_path / "none").exists()


# Screening and adoption


def test_screening_ranks_by_the_floor_of_luck_and_keeps_what_clears_it():
    keys = list(KEYS)
    truth = lambda u, levels: 20 * u[:, 0] + 2 * u[:, 1]  # noqa: E731
    found = made_up("morris", truth, factors={k: {} for k in keys}, points=12, levels=4, replicates=3, noise=0.5)
    order = screening.ranked(found, ("held_km2", "none_such"))
    assert order.table["factor"].tolist()[:2] == keys[:2] and keys[2] not in order.clear and keys[0] in order.clear
    chosen = screening.chosen_of(plan(), order)
    assert chosen[0].key == keys[0] and chosen[0].low == 0.06 and "noise floor" in chosen[0].why


def test_single_parameters_are_those_of_the_groups_that_matter_without_known_levers():
    groups = load_study("screening")
    single = screening.one_by_one(load_plan(), groups, ["control", "decide"])
    assert all(k.startswith(("control.", "decide.")) for k in single.factor_names)
    assert (
        "decide.attacks_per_group" in single.factor_names and "decide.rotation_interval_days" not in single.factor_names
    )
    assert single.factors["decide.attacks_per_group"]["low"] == 0.08
    with pytest.raises(InputError, match="no parameter is left"):
        screening.one_by_one(load_plan(), groups, [])


def test_the_list_is_written_and_the_rest_of_the_file_stays(tmp_path):
    file = tmp_path / "calibration.toml"
    shutil.copyfile(seeds.path("calibration.toml"), file)
    screening.write_list(file, list(load_plan().parameter[3:6]))
    new = load_plan(str(file))
    assert new.parameter == load_plan().parameter[3:6] and new.parameter[0].weight == 0
    assert new.target == load_plan().target and new.screening.how == "screened"
    file.write_text(file.read_text(encoding="utf-8").replace(screening.END, ""), encoding="utf-8")
    with pytest.raises(InputError, match="marks"):
        screening.write_list(file, list(new.parameter))


def test_the_medoid_becomes_the_defaults_of_a_scenario_and_nothing_else_changes(tmp_path):
    file = tmp_path / "pokrovsk-2024.toml"
    shutil.copyfile(seeds.path("scenarios", "pokrovsk-2024.toml"), file)
    before = load_scenario(file)
    sets = pd.DataFrame({KEYS[0]: [0.05, 0.06, 0.2], "infantry.group_defender": [3, 3, 5]})
    found = Posterior(np.array([0.4, 0.4, 0.2]), sets, {"name": "calibration", "key": "abc", "git_commit": "f00"})
    adoption.adopt(found, file)
    after = load_scenario(file)
    assert after.params.pop(KEYS[0]) in (0.05, 0.06)
    kept = {k: v for k, v in before.params.items() if k != KEYS[0]}
    assert after.params == {**kept, "infantry.group_defender": 3}
    assert after.model_dump(exclude={"params", "name"}) == before.model_dump(exclude={"params", "name"})
    assert (before.name, after.name) == ("pokrovsk-2024", "pokrovsk-2024-changed")  # it is not the shipped one any more
    text = file.read_text(encoding="utf-8")
    assert "commit f00" in text and "calibrate --adopt" in text
    adoption.adopt(Posterior(np.ones(1), pd.DataFrame({KEYS[0]: [0.09]})), file)
    assert load_scenario(file).params[KEYS[0]] == 0.09 and load_scenario(file).params["infantry.group_defender"] == 3
    assert (
        file.read_text(encoding="utf-8").count("[params]") == 1
        and file.read_text(encoding="utf-8").count("# Adopted") == 1
    )


def test_parameters_that_a_scenario_sets_itself_stay():
    text = '[params]\n"works.field_ready" = 0.0  # as reported\n\n[box]\nx0_km = 30.0\n'
    new = adoption.adopted(text, Posterior(np.ones(1), pd.DataFrame({KEYS[0]: [0.09]})), dt.date(2025, 1, 1))
    assert tomllib.loads(new) == {"params": {"works.field_ready": 0.0, KEYS[0]: 0.09}, "box": {"x0_km": 30.0}}


# The posterior as it is shipped


@pytest.mark.parametrize(
    ("csv", "manifest", "words"),
    [
        ("weight,tempo\n1,0.1\n", 'schema = 1\nkind = "sweep"\n', "not that of a posterior"),
        ("weight,tempo\n1,0.1\n", 'schema = 9\nkind = "posterior"\n', "newer version"),
        ("weight,tempo\n1,9\n", 'schema = 1\nkind = "posterior"\n', "out of range"),
        ("weight,temp\n1,0.1\n", 'schema = 1\nkind = "posterior"\n', "Did you mean"),
        ("weight,tempo\n-1,0.1\n", 'schema = 1\nkind = "posterior"\n', "weights must be"),
        ("tempo\n0.1\n", 'schema = 1\nkind = "posterior"\n', "a column `weight`"),
        ("weight,tempo\n1,0.1\n", "schema = = 1\n", "cannot be read"),
    ],
)
def test_broken_posteriors_give_one_clear_line(csv, manifest, words, tmp_path):
    (tmp_path / "sample.csv").write_text(csv, encoding="utf-8")
    (tmp_path / "manifest.toml").write_text(manifest, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(words)) as error:
        posterior.load(tmp_path)
    assert "\n" not in str(error.value)


def test_draws_are_in_proportion_to_weights():
    found = Posterior(np.array([0.7, 0.2, 0.1]), pd.DataFrame({KEYS[0]: [0.1, 0.2, 0.3]}))
    drawn = found.draw(1000, 1)[KEYS[0]]
    assert [drawn.count(v) for v in (0.1, 0.2, 0.3)] == pytest.approx([700, 200, 100], abs=1)
    assert found.medoid == {KEYS[0]: 0.1} and json.dumps(found.medoid)
