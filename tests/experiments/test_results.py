"""Folders of results as frames: what a sweep and a run left behind is read whole, and what is broken is told in a line."""

import os
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tomli_w

from experiments import load
from experiments.cli import app
from experiments.storage import sweep_store
from experiments.studies.files import study_of
from experiments.sweep import pool
from experiments.sweep.study_sweep import sweep
from sim import phases
from sim.errors import InputError

STUDY = """
title = "Two by two"
scenario = "skirmish"
design = "factorial"
replicates = 2
days = 2
daily = true
measures = ["held_km2", "casualties_attacker"]
maps = [0, 2]
[factors]
manpower_ratio = [1.0, 2.0]
works = { bundles = { with = {}, without = { belts = false } } }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sweep of eight short runs."""
    home = tmp_path_factory.mktemp("results")
    (home / "small.toml").write_text(STUDY)
    sweep(home / "small.toml", home / "o", workers=1, quiet=True)
    return home / "o"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """Two short runs of one scenario."""
    out = tmp_path_factory.mktemp("runs") / "two"
    with pytest.raises(SystemExit) as ended:
        app.main(["run", "skirmish", "--days", "2", "--runs", "2", "--workers", "1", "--out", str(out), "--json"])
    assert ended.value.code == 0
    return out


@pytest.fixture
def copy(folder, tmp_path):
    """A copy of the sweep that may be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "o"))


# What is there


def test_a_sweep_has_a_row_a_run_and_a_row_a_day(folder):
    r = load(folder)
    assert len(r.runs) == len(r.done) == 8
    assert len(r.failed) == 0
    assert r.factors == ["manpower_ratio", "works"]
    assert (r.name, r.design, r.seeds) == ("small", "factorial", [1, 2])
    assert len(r.daily) == 8 * 3
    assert {"run", "point", "seed", "day", "date", "held_km2", "manpower_ratio", "works"} <= set(r.daily)
    last = r.daily[r.daily["day"] == 2].set_index("run")["held_km2"]
    assert last.to_numpy() == pytest.approx(r.runs["held_km2"].to_numpy(), abs=1e-5)


def test_columns_know_their_units(folder, run_folder):
    for r in (load(folder), load(run_folder)):
        assert r.unit("held_km2") == "km2"
        assert r.unit("casualties_attacker") == "soldiers"
        assert r.unit("command.manpower_ratio") == r.unit("manpower_ratio")
        assert r.unit("decide.rotation_interval_days") == "days"


def test_points_and_matrix_are_what_the_runs_say(folder):
    r = load(folder)
    assert r.points["manpower_ratio"].tolist() == [1.0, 1.0, 2.0, 2.0]
    assert r.points["works"].tolist() == ["with", "without"] * 2
    table = r.matrix("held_km2")
    assert table.shape == (4, 2)
    for row in r.runs.itertuples():
        assert table.loc[row.point, row.seed] == row.held_km2


def test_a_run_reads_like_a_sweep_of_one_point(run_folder):
    r = load(run_folder)
    assert len(r.runs) == 2
    assert (r.factors, r.study, r.design, r.seeds) == ([], None, "run", [1, 2])
    assert r.runs["status"].eq("done").all()
    assert r.runs["run_key"].tolist() == r.manifest["run_keys"]
    assert r.runs["command.manpower_ratio"].notna().all()
    last = r.daily[r.daily["day"] == 2]["held_km2"].to_numpy()
    assert r.runs["held_km2"].to_numpy() == pytest.approx(last, abs=1e-5)


def test_headline_is_what_the_study_keeps_else_a_short_list(folder, run_folder):
    assert load(folder).headline == ["held_km2", "casualties_attacker"]
    assert load(run_folder).headline[:3] == ["held_km2", "gained_km2", "lost_km2"]


def test_maps_lie_on_the_ground_with_their_levels(folder, run_folder):
    maps = load(folder).to_xarray()
    assert dict(maps.sizes) == {"run": 8, "day": 2, "y": 12, "x": 12}
    assert maps["day"].values.tolist() == [0, 2]
    assert maps["there"].all()
    assert (maps["x"][0], maps["x"][-1]) == (0.5, 11.5)
    assert maps["control"].attrs["units"] == "percent"
    assert maps["works"].values.tolist()[:2] == ["with", "with"]
    held = maps["control"].sel(day=2).sum(["x", "y"]) / 100
    assert held.values == pytest.approx(load(folder).runs["held_km2"].to_numpy(), abs=1)
    alone = load(run_folder).to_xarray()
    assert dict(alone.sizes) == {"run": 2, "day": 3, "y": 12, "x": 12}


def test_duckdb_answers_over_both_tables(folder):
    r = load(folder)
    found = r.sql("select manpower_ratio, avg(held_km2) as held from runs group by all order by 1")
    assert found["held"].to_numpy() == pytest.approx(r.runs.groupby("manpower_ratio")["held_km2"].mean().to_numpy())
    assert r.sql("select count(*) as n from daily where day = 1")["n"][0] == 8
    with pytest.raises(InputError, match="the query failed"):
        r.sql("select nothing from runs")


def test_pandas_and_duckdb_read_the_files_themselves(folder):
    import duckdb

    assert len(pd.read_parquet(folder / "runs")) == 8
    assert duckdb.sql(f"select count(*) from '{folder}/runs/*.parquet'").fetchall() == [(8,)]


# What went wrong


def rewritten(folder, table, change):
    """The files of a table with their rows changed."""
    for path in sweep_store.files(folder, table):
        pq.write_table(change(pq.read_table(path, partitioning=None)), path)


def test_failed_runs_are_told_apart_with_their_traceback(copy):
    def fail(table):
        status = ["failed" if run == 3 else "done" for run in table["run"].to_pylist()]
        error = ["Traceback: it broke" if s == "failed" else None for s in status]
        table = table.set_column(table.column_names.index("status"), "status", pa.array(status))
        return table.set_column(table.column_names.index("error"), "error", pa.array(error, pa.string()))

    rewritten(copy, "runs", fail)
    r = load(copy)
    assert (len(r.done), len(r.failed)) == (7, 1)
    assert r.failed["error"].tolist() == ["Traceback: it broke"]
    assert np.isnan(r.matrix("held_km2").loc[1, 2])


def test_a_run_that_is_there_twice_is_read_once(copy):
    rewritten(copy, "runs", lambda table: pa.concat_tables([table, table.slice(0, 3)]))
    rewritten(copy, "daily", lambda table: pa.concat_tables([table, table]))
    r = load(copy)
    assert len(r.runs) == 8
    assert len(r.daily) == 24


def test_rows_without_their_commit_belong_to_nobody(copy):
    shutil.copy(sweep_store.files(copy, "daily")[0], copy / "daily" / "00000099.parquet")
    (copy / "runs" / ".00000100.parquet.1.tmp").write_bytes(b"half")
    assert len(load(copy).daily) == 24


def test_a_torn_table_is_told_in_a_line(copy):
    path = sweep_store.files(copy, "runs")[0]
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="is damaged"):
        load(copy)


def test_a_newer_layout_is_told_in_a_line(copy):
    told = tomllib.loads((copy / "manifest.toml").read_text())
    (copy / "manifest.toml").write_text(tomli_w.dumps({**told, "schema": 99}))
    with pytest.raises(InputError, match="newer version"):
        load(copy)


def test_a_study_that_this_version_does_not_know_leaves_the_runs_readable(copy):
    (copy / "study.toml").write_text((copy / "study.toml").read_text().replace("belts", "moats"))
    r = load(copy)
    assert r.study is None
    assert "moats" in r.note
    assert r.factors == ["manpower_ratio", "works"]
    assert len(r.done) == 8


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda p: shutil.rmtree(p), "no folder"),
        (lambda p: (p / "manifest.toml").unlink(), "no manifest.toml"),
        (lambda p: (p / "manifest.toml").write_text("schema = "), "not a TOML file"),
        (lambda p: (p / "manifest.toml").write_text("a = 1"), "does not say its schema"),
        (lambda p: [f.unlink() for f in (p / "runs").iterdir()], "no finished run"),
    ],
)
def test_what_is_no_folder_of_results_is_told_in_a_line(copy, damage, word):
    damage(copy)
    with pytest.raises(InputError, match=word) as told:
        load(copy)
    assert "\n" not in str(told.value)


def test_a_half_written_run_is_told_in_a_line(run_folder, tmp_path):
    half = Path(shutil.copytree(run_folder, tmp_path / "half"))
    (half / "summary.json").unlink()
    with pytest.raises(InputError, match="half-written"):
        load(half)
    (half / "summary.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        load(half)


def test_unknown_names_come_with_a_hint(folder, run_folder):
    r = load(folder)
    with pytest.raises(InputError, match="held_km2"):
        r.matrix("hold_km2")
    with pytest.raises(InputError, match="not a number"):
        r.matrix("works")
    with pytest.raises(InputError, match="manpower_ratio"):
        r.known_factor("manpower_ration")
    assert r.known_factor("command.manpower_ratio") == "manpower_ratio"
    with pytest.raises(InputError, match="no maps"):
        shutil.rmtree(folder.parent / "bare", ignore_errors=True)
        bare = Path(shutil.copytree(folder, folder.parent / "bare"))
        shutil.rmtree(bare / "maps")
        load(bare).to_xarray()


# The commands


@pytest.fixture
def call(capsys):
    def call(*args):
        with pytest.raises(SystemExit) as ended:
            app.main([str(a) for a in args])
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return call


def test_analyse_prints_and_gives_json(call, folder, run_folder):
    import json

    code, out, err = call("analyse", folder)
    assert (code, err) == (0, "")
    for words in (
        "Two by two",
        "factorial over",
        "seeds 1-2",
        "8 runs",
        "held_km2",
        "manpower_ratio",
        "random variation",
        "seeds that a point's mean takes",
    ):
        assert words in out
    code, out, _ = call("analyse", folder, "--measure", "held_km2", "--json", "--precision", "10%")
    told = json.loads(out)
    assert list(told["measures"]) == ["held_km2"]
    assert told["measures"]["held_km2"]["convergence"]["share"] == 0.1
    assert {row["unit"] for row in told["measures"]["held_km2"]["effects"]} == {"km2"}
    code, out, _ = call("analyse", run_folder)
    assert code == 0
    assert "one point" in out


def test_compare_prints_and_gives_json(call, folder, run_folder):
    import json

    code, out, err = call("compare", folder, folder, "--measure", "held_km2")
    assert (code, err) == (0, "")
    assert "paired on 2 shared seeds, 4 settings" in out
    assert "are the same" in out
    code, out, _ = call("compare", run_folder, run_folder, "--json")
    told = json.loads(out)
    assert told["is_paired"] is True
    assert all(c["mean"] in (0, None) for c in told["contrasts"])


@pytest.mark.parametrize(
    ("changes", "what"), [({"cell_km": 2}, "cell_km"), ({"step_hours": 12}, "step_hours"), ({"days": 1}, "days"), ({"set": {"morale": 0.6}}, "morale.level")]
)
def test_runs_of_different_rules_are_never_called_the_same(call, folder, tmp_path, changes, what):
    """What no column shows (the cell, the step) is found by the keys of the runs."""
    data = tomllib.loads(STUDY)
    data.update({"changes": changes} if what in ("cell_km", "step_hours") else changes)
    sweep(study_of({"name": "small", "replicates": 2, "maps": "none", **{k: v for k, v in data.items() if k not in ("replicates", "maps")}}), tmp_path / "b", executor=pool.Here())
    code, out, err = call("compare", folder, tmp_path / "b", "--measure", "held_km2")
    assert (code, err) == (0, "")
    assert "are the same" not in out
    assert what in out


def test_a_replaced_rule_shows_in_compare(call, folder, tmp_path, monkeypatch):
    whole = phases.fire.run
    monkeypatch.setattr(phases.fire, "run", lambda world: whole(world))
    (tmp_path / "small.toml").write_text(STUDY)
    sweep(tmp_path / "small.toml", tmp_path / "b", executor=pool.Here())
    assert "code" in call("compare", folder, tmp_path / "b")[1]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("analyse", "{none}"), "no folder"),
        (("analyse", "{sweep}", "--measure", "hold_km2"), "held_km2"),
        (("analyse", "{sweep}", "--precision", "often"), "between 0 and 1"),
        (("analyse", "{sweep}", "--box", "held_km2 >"), "condition"),
        (("compare", "{sweep}", "{run}"), "compare two single runs"),
        (("compare", "{sweep}", "{none}"), "no folder"),
    ],
)
def test_bad_orders_end_with_one_line(call, folder, run_folder, words, part):
    places = {"none": folder.parent / "none", "sweep": folder, "run": run_folder}
    code, out, err = call(*(w.format(**places) for w in words))
    assert (code, out) == (2, "")
    assert part in err
    assert err.count("\n") == 1


def test_an_excerpt_is_read_as_the_sweep_and_goes_to_a_folder_only(call, folder, tmp_path):
    assert call("excerpt", folder, tmp_path / "small") == (0, f"{tmp_path / 'small'}\n", "")
    assert load(tmp_path / "small").matrix("held_km2").equals(load(folder).matrix("held_km2"))
    (tmp_path / "file").write_text("")
    code, _, line = call("excerpt", folder, tmp_path / "file")
    assert (code, line) == (2, f"pokrovsk: {tmp_path / 'file'} is a file; give a folder.\n")


# Damage


def without_column(name):
    return lambda table: table.drop_columns([name])


def as_text(name):
    """A column that holds text in place of numbers."""
    return lambda table: table.set_column(table.column_names.index(name), name, pa.array([f"{v}x" for v in table[name].to_pylist()]))


def as_null(name):
    return lambda table: table.set_column(table.column_names.index(name), name, pa.nulls(table.num_rows, table[name].type))


def in_place(harm):
    """Does something to the first file of the runs of a sweep, or to the days of a run."""

    def damage(folder):
        path = next(iter(sweep_store.files(folder)), folder / "daily.parquet")
        path.unlink()
        harm(path)

    return damage


NO_RUN = "holds no finished run"
SWEEP_DAMAGE = {
    "a folder in place of a file": (in_place(lambda path: path.mkdir()), NO_RUN),
    "a link to itself": (in_place(lambda path: path.symlink_to(path.name)), NO_RUN),
    "a pipe": (in_place(os.mkfifo), NO_RUN),
    "an empty file": (in_place(lambda path: path.touch()), "is damaged"),
    "a file in place of the folder": (lambda p: (shutil.rmtree(p / "runs"), (p / "runs").touch()), NO_RUN),
    "no rows": (lambda p: rewritten(p, "runs", lambda table: table.slice(0, 0)), NO_RUN),
    "no numbers of runs": (lambda p: rewritten(p, "runs", without_column("run")), "no column 'run'"),
    "no state of runs": (lambda p: rewritten(p, "runs", without_column("status")), "no column 'status'"),
    "no levels": (lambda p: rewritten(p, "runs", without_column("works")), "no column 'works'"),
    "seeds as text": (lambda p: rewritten(p, "runs", as_text("seed")), "'seed' of its table 'runs' does not hold whole numbers"),
    "no seeds": (lambda p: rewritten(p, "runs", as_null("seed")), "'seed' of its table 'runs' does not hold whole numbers"),
    "no points": (lambda p: rewritten(p, "runs", as_null("point")), "'point' of its table 'runs' does not hold whole numbers"),
    "a measure as text": (lambda p: rewritten(p, "runs", as_text("held_km2")), "'held_km2' of its table 'runs' does not hold numbers"),
    "a manifest that is empty": (lambda p: (p / "manifest.toml").write_text(""), "does not say its schema"),
    "a manifest of schema true": (lambda p: (p / "manifest.toml").write_text("schema = true"), "does not say its schema"),
    "a manifest that is deep": (lambda p: (p / "manifest.toml").write_text(f"a = {'[' * 5000}"), "nested too deeply"),
}


@pytest.mark.parametrize("case", SWEEP_DAMAGE)
@pytest.mark.parametrize("words", [("analyse", "{}"), ("compare", "{}", "{whole}"), ("report", "{}"), ("view", "--no-open", "--run", "{}")])
def test_a_damaged_sweep_is_refused_in_one_line_by_every_command(call, folder, copy, case, words):
    damage, part = SWEEP_DAMAGE[case]
    damage(copy)
    code, out, err = call(*(word.format(copy, whole=folder) for word in words))
    assert (code, out) == (2, "")
    assert part in err and err.count("\n") == 1


def test_damage_beside_the_runs_spoils_only_what_is_asked_of_it(copy):
    rewritten(copy, "daily", without_column("day"))
    rewritten(copy, "maps", lambda t: t.set_column(t.column_names.index("control"), "control", pa.array([b"abc"] * t.num_rows)))
    r = load(copy)
    assert len(r.done) == 8
    with pytest.raises(InputError, match="table 'daily' has no column 'day'"):
        _ = r.daily
    with pytest.raises(InputError, match="a map of 3 bytes where 12 x 12 cells are said"):
        r.to_xarray()


def test_maps_of_runs_that_are_gone_are_left_out(copy):
    rewritten(copy, "runs", lambda table: table.slice(0, 3))
    assert dict(load(copy).to_xarray().sizes)["run"] == 3


def test_values_that_are_missing_everywhere_are_said(call, copy):
    rewritten(copy, "runs", as_null("held_km2"))
    code, out, err = call("analyse", copy, "--measure", "held_km2")
    assert (code, err) == (0, "")
    assert "has a value at 0 of 4 points" in " ".join(out.split())


def test_levels_in_words_and_in_numbers_are_compared(call, folder, copy):
    rewritten(copy, "runs", as_text("manpower_ratio"))
    code, _, err = call("compare", folder, copy)
    assert code == 2 and "no setting of manpower_ratio, works in common" in err
    rewritten(copy, "runs", as_null("run_key"))
    assert call("compare", copy, copy)[0] == 0


@pytest.mark.parametrize("change", [without_column("run"), as_text("run"), without_column("run_key"), without_column("status")], ids=range(4))
def test_rows_that_do_not_say_whose_they_are_are_set_aside_and_made_again(copy, change):
    rewritten(copy, "runs", change)
    done = sweep(copy, copy, executor=pool.Here(), quiet=True)
    assert (done.made, done.done) == (8, 8)
    assert list((copy / "runs").glob("*.broken"))
    assert len(load(copy).done) == 8


def test_a_record_of_what_is_kept_that_is_damaged_makes_the_run_again(copy):
    rewritten(copy, "runs", as_text("kept"))
    assert sweep(copy, copy, executor=pool.Here(), quiet=True).made == 8
    assert sweep(copy, copy, executor=pool.Here(), quiet=True).made == 0


def with_manifest(**entries):
    def damage(folder):
        data = tomllib.loads((folder / "manifest.toml").read_text()) | entries
        (folder / "manifest.toml").write_text(tomli_w.dumps(data))

    return damage


def with_summary(text):
    return lambda folder: (folder / "summary.json").write_text(text)


RUN_DAMAGE = {
    "seeds that are no list": (with_manifest(seeds=7), "'seeds' of its manifest.toml is no list"),
    "parameters that are no table": (with_manifest(parameters=7), "'parameters' of its manifest.toml is no table"),
    "a summary of numbers": (with_summary('{"runs": [1], "failed": []}'), "cannot be read"),
    "a summary of nothing": (with_summary('{"runs": null, "failed": null}'), "cannot be read"),
    "a summary without seeds": (with_summary('{"runs": [{"held_km2": 1}], "failed": []}'), "cannot be read"),
    "a summary that is deep": (with_summary("[" * 100_000), "cannot be read"),
    "a measure as text": (with_summary('{"runs": [{"seed": 1, "held_km2": "much"}], "failed": []}'), "'held_km2' of its table 'runs' does not hold numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", RUN_DAMAGE)
def test_a_damaged_run_is_refused_in_one_line(call, run_folder, tmp_path, case):
    damage, part = RUN_DAMAGE[case]
    copy = Path(shutil.copytree(run_folder, tmp_path / "r"))
    damage(copy)
    for words in (("analyse", copy), ("compare", run_folder, copy), ("report", copy)):
        code, out, err = call(*words)
        assert (code, out) == (2, "")
        assert part in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "damage",
    [in_place(os.mkfifo), in_place(lambda path: path.symlink_to("/dev/zero")), in_place(lambda path: path.mkdir()),
     lambda p: (p / "control.npz").write_bytes(b"PK\x03\x04"), lambda p: (p / "manifest.toml").write_text(f"a = {'[' * 5000}"),
     with_manifest(scenario={"name": 5})],
    ids=["pipe", "endless", "folder", "maps", "deep", "scenario"],
)  # fmt: skip
def test_a_damaged_run_is_not_shown_and_never_waited_for(call, run_folder, tmp_path, damage):
    copy = Path(shutil.copytree(run_folder, tmp_path / "r"))
    damage(copy)
    code, out, err = call("view", "--no-open", "--run", copy)
    assert (code, out) == (2, "")
    assert err.startswith(f"pokrovsk: --run '{copy}'") and err.count("\n") == 1


def test_a_damaged_excerpt_is_refused_in_one_line(call, folder, tmp_path):
    assert call("excerpt", folder, tmp_path / "e")[0] == 0
    for k, (damage, part) in enumerate(SWEEP_DAMAGE.values()):
        copy = Path(shutil.copytree(tmp_path / "e", tmp_path / f"e{k}"))
        damage(copy)
        code, out, err = call("analyse", copy)
        assert (code, out) == (2, "")
        assert part in err and err.count("\n") == 1


@pytest.mark.parametrize("member", ["²", "9" * 5000, "-1", "best", "", "1.0"])
def test_a_member_that_is_not_there_is_refused_in_one_line(call, folder, run_folder, member):
    for place in (folder, run_folder):
        code, out, err = call("view", "--no-open", "--run", place, "--member", member)
        assert (code, out) == (2, "")
        assert "--member" in err and err.count("\n") == 1
