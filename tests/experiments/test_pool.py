"""The pool: answers come back, deaths cost one job, nothing is left behind, and only so much is in flight."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from helpers.processes import ROOT, gone, wait_for

from experiments.sweep import pool
from experiments.sweep.workers import WorkerDied, Workers
from sim.errors import InputError


@pytest.fixture
def workers():
    made = Workers(2)
    yield made
    made.shutdown(wait=False, cancel_futures=True)


def die_until(path, deaths):
    """A job that kills its process so many times, counted in a file."""
    with open(path, "a") as file:
        file.write(".")
    if len(Path(path).read_text()) <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def fail(_job):
    raise KeyError("no")


def test_answers_and_exceptions_come_back(workers):
    assert [workers.submit(pow, k, 2).result(300) for k in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(KeyError, match="no"):
        workers.submit(fail, 0).result(300)
    with pytest.raises(InputError):
        workers.submit(refuse).result(300)
    big = os.urandom(3 << 20)
    assert workers.submit(bytes, big).result(300) == big


def refuse():
    raise InputError("not so")


def test_very_many_jobs_may_wait(workers):
    futures = [workers.submit(abs, -k) for k in range(20_000)]
    assert [f.result(300) for f in futures] == list(range(20_000))


def test_drive_gives_every_answer_once_whatever_the_executor(workers):
    for executor in (workers, pool.Here(), ThreadPoolExecutor(2)):
        got = dict(pool.drive(executor, abs, range(-20, 0)))
        assert got == {k: -k for k in range(-20, 0)}


def test_a_killed_worker_costs_its_own_job_only(workers, tmp_path):
    marks = [(str(tmp_path / str(k)), 1 if k == 2 else 0) for k in range(6)]
    assert dict(pool.drive(workers, _die, marks)) == {mark: "alive" for mark in marks}
    begun = [len(Path(path).read_text()) for path, _ in marks]
    assert begun == [1, 1, 2, 1, 1, 1]


def _die(mark):
    return die_until(*mark)


def test_a_job_that_always_kills_its_worker_is_given_up(workers, tmp_path):
    marks = [(str(tmp_path / "bad"), 99), (str(tmp_path / "good"), 0)]
    got = dict(pool.drive(workers, _die, marks))
    assert got[marks[1]] == "alive"
    assert isinstance(got[marks[0]], WorkerDied)
    assert "3 times" in str(got[marks[0]])
    assert len((tmp_path / "bad").read_text()) == pool.MOST_DEATHS


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked from a server on Linux only")
def test_the_server_that_workers_come_from_may_be_killed(workers):
    from multiprocessing import forkserver

    assert workers.submit(abs, -1).result(300) == 1
    server = forkserver._forkserver._forkserver_pid
    os.kill(server, signal.SIGKILL)
    assert dict(pool.drive(workers, abs, range(-8, 0))) == {k: -k for k in range(-8, 0)}


def test_only_so_many_jobs_are_in_flight():
    given, most = 0, 0

    def jobs():
        nonlocal given
        for k in range(200):
            given += 1
            yield k

    executor = ThreadPoolExecutor(2)
    executor.ahead = 6
    for done, _ in enumerate(pool.drive(executor, abs, jobs())):
        most = max(most, given - done)
    assert most <= 7


def test_a_stop_finishes_what_is_begun_and_begins_nothing():
    begun, got = [], []

    def work(k):
        begun.append(k)
        return k

    for job, _ in pool.drive(pool.Here(), work, range(100), stopped=lambda: len(got) >= 3):
        got.append(job)
    assert got == begun == [0, 1, 2]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_when_their_parent_is_killed(how, tmp_path):
    code = (
        "import time; from experiments.sweep import workers; from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    made = workers.Workers(2)\n"
        "    futures = [made.submit(time.sleep, 60) for _ in range(2)]\n"
        "    while len(made.pids()) < 2: time.sleep(0.01)\n"
        "    print(*made.pids(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    pids = [int(word) for word in parent.stdout.readline().split()]
    family = [*pids, *(child.pid for child in psutil.Process(parent.pid).children(recursive=True))]
    assert len(pids) == 2
    assert not any(gone(pid) for pid in pids)
    parent.send_signal(how)
    parent.wait(60)
    wait_for(lambda: all(gone(pid) for pid in family))


def test_a_script_without_its_guard_gets_a_word_and_no_failed_runs(tmp_path):
    """Workers import the script again; without the guard they would start workers in turn."""
    script = tmp_path / "careless.py"
    script.write_text("from experiments.sweep import workers\nprint(workers.Workers(1).submit(abs, -1).result())\n")
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode != 0
    assert "if __name__ == '__main__':" in done.stderr.splitlines()[-1]


def test_workers_load_nothing_that_draws(workers):
    bad = {"mesa", "matplotlib", "solara", "distributed", "dask"}
    assert not bad & set(workers.submit(loaded).result(300))


def loaded():
    return list(sys.modules)
