"""What is read from the checkout is found in it, wherever the file that looks for it lies."""

import subprocess
import sys

import pytest

from experiments.performance import battle, first_start
from experiments.runs import pace
from experiments.runs.provenance import git_commit
from experiments.studies.files import load_study
from experiments.sweep.runner import stated_cost


def test_the_bench_finds_the_plain_twin():
    assert (battle.ROOT / "tests" / "plain" / "battle.py").is_file()
    assert (battle.ROOT / "sim" / "battle.py").is_file()


def test_the_commit_of_a_run_is_that_of_the_checkout():
    if not (battle.ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    head = subprocess.run(["git", "-C", str(battle.ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    assert head.startswith((git_commit() or "none").removesuffix("+"))


def test_a_fresh_clone_has_no_kernels_and_runs_its_own_code(tmp_path, monkeypatch):
    if not (battle.ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    environment = first_start._clone(tmp_path / "clone")
    assert not list((tmp_path / "clone").rglob("kernels-*"))
    where = [sys.executable, "-c", "import os, sim; print(sim.__file__, os.environ['NUMBA_CACHE_DIR'])"]
    told = subprocess.run(where, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert all(path.startswith(str(tmp_path / "clone")) for path in told.split())


def test_the_cost_of_a_run_is_measured_and_drawn_on(monkeypatch):
    spent = {1: 0.5, pace.MEASURED_DAYS: 0.5 + 0.1 * (pace.MEASURED_DAYS - 1)}
    monkeypatch.setattr(pace, "_measured", {})
    monkeypatch.setattr(pace, "simulate", lambda *_, **__: None)
    monkeypatch.setattr(pace, "_spent", lambda scenario, days: spent[days])
    assert pace.seconds_a_run("skirmish", 101) == pytest.approx(0.4 + 10.1)
    study = load_study("quick")
    monkeypatch.setattr("experiments.sweep.runner.seconds_a_run", lambda scenario: 36.0)
    assert stated_cost([study], 2).startswith(f"{study.n_runs:,} runs, about {study.n_runs / 100:.1f} core-hours at 36 s a run")


def test_a_run_costs_what_it_takes():
    assert 0.0 < pace.seconds_a_run("skirmish", 2) < 5.0
