"""Sweeps on a Dask cluster: a real scheduler and real workers, which are killed and come again."""

import json
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest
from helpers.processes import KILLS, ROOT, kill, wait_for
from helpers.sweeping import STUDY, plain_tables, recorded, same_as

from experiments.runs import simulation
from experiments.sweep import dask_cluster, session, study_sweep
from sim.errors import InputError

WAIT_S = 300.0


class Dask:
    """A scheduler and its workers, each a process."""

    def __init__(self, folder):
        self.file, self.log = folder / "scheduler.json", open(folder / "log", "wb")  # noqa: SIM115
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file))
        wait_for(self.file.is_file, WAIT_S)
        self.address = json.loads(self.file.read_text())["address"]
        self.workers = [self.worker(), self.worker()]

    def _start(self, what, *more):
        command = [sys.executable, "-m", f"distributed.cli.{what}", "--no-dashboard", *more]
        return subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)

    def worker(self):
        return self._start("dask_worker", self.address, "--nthreads", "1", "--no-nanny")

    def ready(self):
        """Waits until both workers are there, those that took another's place too."""
        from distributed import Client

        with Client(self.address, timeout=WAIT_S, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=WAIT_S)

    def end(self):
        for process in (*self.workers, self.scheduler):
            kill(process.pid)
            process.wait(10)
        self.log.close()


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    made = Dask(tmp_path_factory.mktemp("dask"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Forty runs."""
    path = tmp_path_factory.mktemp("study") / "forty.toml"
    path.write_text(STUDY.replace("replicates = 3", "replicates = 10").replace("days = 2", "days = 6"))
    return path


@pytest.fixture(scope="module")
def plain(study):
    return plain_tables(study)


@pytest.mark.parametrize("round_", range(KILLS))
def test_the_same_bits_though_workers_die_and_come_again(dask, study, plain, tmp_path, round_):
    """Both workers are killed with -9 on the way, one after the other, and others take their place."""
    luck = random.Random(round_)

    def killing():
        for k, n in enumerate((luck.randint(1, 8), luck.randint(9, 20))):
            wait_for(lambda n=n: len(recorded(tmp_path)) >= n, WAIT_S)
            time.sleep(luck.uniform(0, 0.2))
            kill(dask.workers[k].pid)
            dask.workers[k].wait(10)
            dask.workers[k] = dask.worker()

    helper = threading.Thread(target=killing)
    helper.start()
    done = study_sweep.sweep(study, tmp_path, scheduler=dask.address)
    helper.join(WAIT_S)
    assert (done.done, done.failed, done.made, done.code) == (40, 0, 40, 0)
    assert same_as(plain, tmp_path)
    assert study_sweep.sweep(study, tmp_path, scheduler=dask.address).made == 0


def test_a_worker_with_other_code_is_named_and_makes_nothing(dask, study, tmp_path, monkeypatch):
    dask.ready()
    monkeypatch.setattr(simulation, "code_key", ours)
    with pytest.raises(InputError, match=r"worker tcp://.* has another version of the model"):
        study_sweep.sweep(study, tmp_path, scheduler=dask.address)
    assert not recorded(tmp_path)


def ours():
    return "ours"


def test_so_is_one_that_comes_later(dask, study, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "code_key", ours)
    monkeypatch.setattr(dask_cluster.Cluster, "_check", lambda self: None)
    with pytest.raises(InputError, match=r"worker \d+ on .* has another version of the model"):
        study_sweep.sweep(study, tmp_path, scheduler=dask.address)
    assert not recorded(tmp_path)


def test_a_scheduler_that_dies_while_it_hands_on_an_answer_is_gone(dask):
    from distributed.comm.core import CommClosedError

    class Answer:
        def result(self, timeout):
            raise CommClosedError("reset by peer")

        def release(self):
            pass

    future = Future()
    with dask_cluster.Cluster(dask.address) as there:
        there._hand_on(future, Answer())
    assert isinstance(future.exception(), InputError) and "is gone; start it" in str(future.exception())


def test_a_scheduler_that_dies_costs_nothing_that_is_finished(dask, study, plain, tmp_path, monkeypatch):
    """The last test of the file: nothing answers afterwards."""
    monkeypatch.setattr(session, "LONGEST_REST_S", 0.0)  # each run is written at once, so that some are left when it dies

    def killing():
        wait_for(lambda: len(recorded(tmp_path)) >= 2, WAIT_S)
        kill(dask.scheduler.pid)

    helper = threading.Thread(target=killing)
    helper.start()
    with pytest.raises(InputError, match="is gone; start it"):
        study_sweep.sweep(study, tmp_path, scheduler=dask.address)
    helper.join(WAIT_S)
    before = recorded(tmp_path)
    assert 2 <= len(before) < 40
    done = study_sweep.sweep(study, tmp_path, workers=2)
    assert (done.done, done.made) == (40, 40 - len(before))
    assert before.items() <= recorded(tmp_path).items()
    assert same_as(plain, tmp_path)
