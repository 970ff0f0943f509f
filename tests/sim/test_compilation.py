"""The first start: which kernels are compiled beforehand, in which order, by whom, and that what is told of it is true."""

import json
import subprocess
import sys
import threading

import numba
import numpy as np
import pytest

from sim import compilation, forces
from sim.columns import Kernel
from sim.compilation import Job, Plan, called, dispatcher, kernel_list, named, type_of, word_of
from sim.fields import geometry

STALE = 0.1  # share of the list that may be out of date before `python -m sim.kernel_list` is due


@pytest.mark.parametrize("value", [
    1, 1.5, True, np.uint64(1), np.zeros(2), np.zeros((2, 2), "i2"), (1, 2.0), (1, 2), forces.units(3), geometry(0, 0, 10, 10, 0.5),
    np.zeros((2, 3))[:, 0],
], ids=lambda v: type(v).__name__)  # fmt: skip
def test_a_type_is_the_same_by_its_word(value):
    kind = numba.typeof(value)
    assert type_of(word_of(kind)) == kind and " " not in word_of(kind)


def test_a_type_without_a_word_is_refused():
    with pytest.raises(ValueError, match="no word"):
        word_of(numba.typeof("text"))


def test_the_list_names_kernels_that_there_are():
    jobs = kernel_list()
    assert len({job.key for job in jobs}) == len(jobs) > 100
    for job in jobs:
        made = dispatcher(named(job.name), job.inner)
        arguments = made.py_func.__code__.co_argcount
        assert all(len(line.split()) == arguments for line in job.signatures), job.key
        assert all(type_of(word) for line in job.signatures for word in line.split())


CALLS = """
import json
from sim import battle
from sim.kernel_list import all_dispatchers, needed
from sim.mustering import muster

battle.run(muster("skirmish", 1), 2)
from_python = {key: made for key, made in all_dispatchers().items() if not key[1] and key[0].startswith("sim.phases")}
print(json.dumps([(name, line) for (name, _), found in needed(from_python).items() for line in found]))
"""


def test_the_list_holds_what_a_battle_calls():
    """All but a few: what it lacks is compiled when it is called, alone and unannounced. In a process in which nothing else was called."""
    listed = {(job.name, line) for job in kernel_list() if not job.inner for line in job.signatures}
    lines = set(map(tuple, json.loads(subprocess.run([sys.executable, "-c", CALLS], check=True, capture_output=True, text=True).stdout)))
    assert lines
    missing = {(name, line) for name, line in lines - listed if named(name).py_func.__module__ == name.rpartition(".")[0]}
    assert len(missing) <= STALE * len(listed), f"due: python -m sim.kernel_list; missing: {sorted(missing)}"


def test_calls_are_found_through_inlined_functions():
    found = called("sim.phases.decide.decide")
    assert "sim.phases.decide.goals.set_goal inner" in found | called("sim.phases.decide.goals.at_line")
    assert all(isinstance(named(key.removesuffix(" inner")), Kernel) for key in found)


@pytest.fixture
def plan(monkeypatch):
    """Three kernels, of which the first calls the second."""
    calls = {"a.top": {"a.leaf inner"}}
    monkeypatch.setattr(compilation, "called", lambda name: calls.get(name, set()))
    return Plan([Job("a.top", False, (), 1.0), Job("a.leaf", True, (), 0.1), Job("a.alone", False, (), 1.05)])


def test_what_is_called_comes_first_and_the_longest_chain_before_others(plan):
    first, second = plan.take(), plan.take()
    assert [first.name, second.name] == ["a.leaf", "a.alone"], "1.1 s of chain before 1.05 s alone"
    late = []
    waiting = threading.Thread(target=lambda: late.append(plan.take()))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive(), "its callee is not compiled yet"
    plan.ended(first, {"seconds": 0.1})
    waiting.join(5)
    assert late[0].name == "a.top" and plan.take() is None


def test_progress_counts_what_is_done(plan):
    assert plan.progress() == (0, 3, 0.0)
    plan.ended(plan.take(), {"seconds": 0.2})
    plan.ended(plan.take(), {"error": "TypeError: no"})
    assert plan.progress()[:2] == (2, 3) and plan.progress()[2] == pytest.approx(1.15 / 2.15)
    assert plan.problems == {"a.alone": "TypeError: no"}


@pytest.fixture
def cold(monkeypatch, tmp_path):
    """An empty folder for kernels, and two small kernels to compile into it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    keys = ("sim.unit_rows.clear_row inner", "sim.draws.exponential")
    monkeypatch.setattr(compilation, "kernel_list", lambda: [job for job in kernel_list() if job.key in keys])
    monkeypatch.setattr(compilation, "_ready", set())
    return tmp_path / "kernels"


def test_a_list_that_is_out_of_date_does_no_harm(cold, monkeypatch):
    old = [Job("sim.unit_rows.gone", True, ("int64",), 1.0), Job("sim.gone.gone", False, ("sim.gone.Units",), 1.0),
           Job("sim.unit_rows.clear_row", True, ("sim.forces.Units",), 1.0)]  # fmt: skip
    listed = compilation.kernel_list()
    monkeypatch.setattr(compilation, "kernel_list", lambda: [*old, *listed])
    shown = []
    compilation.prepare(lambda *told: shown.append(told[1]))
    assert shown and list(cold.glob("ready-*")), "what could be compiled is"


def test_processes_compile_into_the_cache_and_the_next_start_finds_it(cold):
    shown = []
    compilation.prepare(lambda *told: shown.append(told))
    assert shown[0] == (0, 2, 0.0)
    assert list(cold.rglob("inner-unit_rows.clear_row*.nbc")), "compiled"
    assert set(json.loads((cold / "seconds.json").read_text())) == {"sim.unit_rows.clear_row inner", "sim.draws.exponential"}
    compilation._ready.clear()
    shown.clear()
    compilation.prepare(lambda *told: shown.append(told))
    assert shown == [], "nothing to do"


def test_a_process_that_is_not_the_first_waits_and_tells_the_same(cold, monkeypatch):
    from filelock import FileLock

    cold.mkdir()
    (cold / "compiling.json").write_text("[1, 2, 0.5]")
    monkeypatch.setattr(compilation, "PATIENCE_S", 0.5)
    shown = []
    with FileLock(cold / "compiling.lock"):
        compilation.prepare(lambda *told: shown.append(told))
    assert set(shown) == {(1, 2, 0.5)} and not list(cold.glob("ready-*"))


def test_lines_tell_of_a_long_wait_only(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(compilation.time, "monotonic", lambda: clock[0])
    with compilation.shown_progress() as tell:
        for now, done in ((0.0, 0), (0.5, 1), (2.0, 7), (5.0, 20), (13.0, 60)):
            clock[0] = now
            tell(done, 100, done / 100)
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in lines] == ["7 of 100", "60 of 100"]
