"""Plugins in studies: on two worker processes, on a Dask cluster, read again from the folder alone, and in the analysis."""

import shutil

import pytest
from distributed import LocalCluster

import experiments
from experiments.analysis.study_analysis import analysis
from experiments.cli import app
from experiments.studies.files import load_study
from experiments.sweep.study_sweep import sweep
from sim import plugin_files
from sim.errors import InputError

PLUGIN = '''
import numpy as np
from sim.plugins import design, measure, rule
from sim.quantity import Parameters, quantity

class Params(Parameters):
    men: int = quantity(1, "soldiers", low=0, high=9, doc="men a step", fact="modelling assumption")

@rule("give", params=Params, start=lambda world: world.own.update(give=0))
def give(world):
    world.own["give"] += world.settings.give.men

@measure("soldiers", "total", "men given")
def given(look):
    return look.world.own["give"]

@design("diagonal", "all factors from low to high together")
def diagonal(n, k, seed):
    return np.repeat(np.linspace(0.0, 1.0, n)[:, None], k, axis=1)
'''
STUDY = """
scenario = "skirmish"
plugins = ["own.py"]
design = "diagonal"
points = 3
replicates = 2
days = 2
daily = true
measures = ["given", "held_km2"]
[factors]
"give.men" = { low = 0, high = 8 }
"""


@pytest.fixture
def study(tmp_path):
    (tmp_path / "own.py").write_text(PLUGIN)
    (tmp_path / "own-study.toml").write_text(STUDY)
    return tmp_path / "own-study.toml"


def figures(folder):
    runs = experiments.load(folder).runs
    return runs[["run", "run_key", "give.men", "given", "held_km2"]].to_dict("records")


@pytest.mark.slow
def test_the_same_on_workers_and_on_a_cluster_and_from_the_folder_alone(study, tmp_path):
    assert sweep(study, tmp_path / "here", workers=2, quiet=True).code == 0
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        assert sweep(study, tmp_path / "there", scheduler=cluster.scheduler_address, quiet=True).code == 0
    assert figures(tmp_path / "here") == figures(tmp_path / "there")
    (tmp_path / "own.py").unlink()
    shutil.move(tmp_path / "here", tmp_path / "moved")
    plugin_files.forget()
    found = experiments.load(tmp_path / "moved")
    assert found.runs["given"].tolist() == [0, 0, 32, 32, 64, 64] and found.measures.count("given") == 1
    assert found.daily["given"].max() == 64 and found.unit("give.men") == "soldiers"
    outcome = analysis(found, ["given"])
    assert outcome.measures[0].mean.estimate == pytest.approx(32.0)
    assert sweep(tmp_path / "moved" / "study.toml", tmp_path / "moved", quiet=True).made == 0, "nothing is missing"


def test_an_edited_plugin_is_another_study(study, tmp_path):
    key = load_study(study).key
    (tmp_path / "own.py").write_text(PLUGIN + "# more\n")
    assert load_study(study).key != key


def test_a_plugin_of_the_scenario_gives_factors_and_designs_too(study, tmp_path):
    (tmp_path / "mine.toml").write_text('name = "mine"\nbase = "skirmish"\nplugins = ["own.py"]\n')
    study.write_text(STUDY.replace('"skirmish"', '"mine.toml"').replace('plugins = ["own.py"]\n', ""))
    assert load_study(study).points()[2].overrides == {"give.men": 8}


def test_designs_of_plugins_are_checked(study, tmp_path):
    for text, line in (('@design("lhs", "x")', "design 'lhs' is taken"), ("np.linspace(0.0, 2.0, n)", r"numbers from 0 to 1"), ("k + 1, axis", r"array \(points, 1\)")):
        old = {"@": '@design("diagonal", "all factors from low to high together")', "n": "np.linspace(0.0, 1.0, n)", "k": "k, axis"}[text[0]]
        (tmp_path / "own.py").write_text(PLUGIN.replace(old, text))
        with pytest.raises(InputError, match=line):
            load_study(study)


def test_the_command_line(study, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as done:
        app.main(["run", "skirmish", "--days", "1", "--plugin", "own.py", "--set", "give.men=4", "--out", "a", "--quiet", "--csv"])
    assert done.value.code == 0 and "given,soldiers,16.0" in capsys.readouterr().out
    assert (tmp_path / "a" / "plugins" / "own.py").read_text() == PLUGIN
    plugin_files.forget()
    (tmp_path / "own.py").unlink()
    with pytest.raises(SystemExit) as done:
        app.main(["run", "a/manifest.toml", "--out", "b", "--quiet", "--csv"])
    assert done.value.code == 0 and "given,soldiers,16.0" in capsys.readouterr().out
    with pytest.raises(SystemExit) as done:
        app.main(["run", "skirmish", "--plugin", "own.py"])
    assert done.value.code == 2 and capsys.readouterr().err == "pokrovsk: plugin 'own.py' not found.\n"
