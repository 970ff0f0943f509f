"""Stops and kills: `kill -9` of anything at any moment loses no finished run and makes none twice."""

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest
from helpers.processes import KILLS, ROOT, family, gone, kill, wait_for
from helpers.sweeping import STUDY, plain_tables, recorded, same_as

from experiments.storage import sweep_store


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    """A study of sixty runs, some seconds for two workers."""
    path = tmp_path_factory.mktemp("longer") / "longer.toml"
    path.write_text(STUDY.replace("replicates = 3", "replicates = 15").replace("days = 2", "days = 8"))
    return path


@pytest.fixture(scope="module")
def longest(tmp_path_factory):
    """A study of 240 runs, not to be done before it can be stopped."""
    path = tmp_path_factory.mktemp("longest") / "longest.toml"
    path.write_text(STUDY.replace("replicates = 3", "replicates = 60").replace("days = 2", "days = 20"))
    return path


@pytest.fixture
def begin():
    """Starts a sweep as a process of its own, in a group of its own; what is left of it at the end is killed."""
    begun = []

    def begin(study, out):
        command = [sys.executable, "-m", "experiments.cli", "sweep", str(study), "--out", str(out), "--workers", "2"]
        pipe = subprocess.PIPE
        begun.append(subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=pipe, stderr=pipe, text=True))
        return begun[-1]

    yield begin
    for process in begun:
        for pid in family(process) if process.poll() is None else ():
            kill(pid)
        process.communicate()


def wait_for_runs(process, folder, n):
    wait_for(lambda: process.poll() is not None or len(recorded(folder)) >= n)


@pytest.fixture(scope="module")
def whole(longer):
    return plain_tables(longer)


@pytest.mark.parametrize("round_", range(KILLS))
def test_kill_nine_of_anything_at_any_moment(begin, longer, whole, tmp_path, round_):
    """Workers, their server, the sweep alone and the whole tree are killed; each run is there once, with the same bits."""
    luck = random.Random(round_)
    inner, outer = luck.sample(["worker", "server"], 2), luck.sample(["sweep", "tree"], 2)
    for within, last in (*zip(inner, outer), (None, None)):
        before = recorded(tmp_path)
        process = begin(longer, tmp_path)
        wait_for_runs(process, tmp_path, len(before) + luck.randint(1, 6) if last else 60)
        time.sleep(luck.uniform(0, 0.2))
        pids = family(process)
        if within and len(pids) > 2:
            kill(server_of(process) if within == "server" else luck.choice(pids[1:]))
            wait_for_runs(process, tmp_path, len(before) + luck.randint(7, 14))
            pids = family(process)
        if last:
            for pid in luck.sample(pids, len(pids)) if last == "tree" else ():
                kill(pid)
            kill(process.pid)
        code = process.wait(600)
        after = recorded(tmp_path)
        assert {run: after.get(run) for run in before} == before
        wait_for(lambda pids=pids: all(gone(pid) for pid in pids))
    assert code == 0, process.stderr.read()
    assert same_as(whole, tmp_path)
    assert len(list((tmp_path / "runs").iterdir())) == 1


def server_of(process):
    """The process that workers are forked from."""
    return next((c.pid for c in psutil.Process(process.pid).children() if "forkserver" in " ".join(c.cmdline())), process.pid)


def test_control_c_finishes_what_is_begun(begin, longest, tmp_path):
    process = begin(longest, tmp_path)
    wait_for_runs(process, tmp_path, 3)
    before = recorded(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=600)
    after = recorded(tmp_path)
    assert process.returncode == 130, err
    assert before.items() <= after.items()
    assert len(after) < 240
    assert f"{len(after)} of 240 runs done" in out
    assert "Traceback" not in err
    assert err.strip().endswith("stopped; the same command goes on.")


def at_work(process):
    """True when both workers have been at their runs for a while."""
    try:
        workers = [c for c in psutil.Process(process.pid).children(recursive=True) if c.ppid() != process.pid]
        return sum(sum(c.cpu_times()[:2]) > 1.0 for c in workers) == 2
    except psutil.NoSuchProcess:
        return False


def test_control_c_twice_stops_at_once(begin, tmp_path):
    """Runs of many seconds in flight are left; the same command would make them again."""
    (tmp_path / "long.toml").write_text('design = "factorial"\nreplicates = 4\n[factors]\nmanpower_ratio = [2.0]\n')
    process = begin(tmp_path / "long.toml", tmp_path / "o")
    wait_for(lambda: at_work(process))
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    pids = family(process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Ctrl-C again stops at once" in err
    assert "Traceback" not in err
    wait_for(lambda: all(gone(pid) for pid in pids))
    assert sweep_store.read_manifest(tmp_path / "o")["n_runs"] == 4


@pytest.mark.parametrize("more", [[], ["--runs", "2", "--workers", "2"]])
def test_control_c_before_the_first_run_is_over(tmp_path, more):
    """A command of `run` stops at once; nothing is hidden by tables that cannot be written without a run."""
    command = [sys.executable, "-m", "experiments.cli", "run", "pokrovsk-2024", "--step-hours", "0.5", "--out", str(tmp_path / "o"), *more]
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where the tests run in the background of a shell
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    wait_for(lambda: process.poll() is not None or (tmp_path / "o" / "manifest.toml").is_file())
    time.sleep(2.0)
    pids = family(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, ""), err
    assert err == f"pokrovsk: stopped; 0 of {2 if more else 1} runs are done, and the same command goes on.\n"
    wait_for(lambda: all(gone(pid) for pid in pids))
