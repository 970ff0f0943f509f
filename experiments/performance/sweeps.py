"""Speed of sweeps, all in one run: against a plain loop, against Mesa's `batch_run`, on a local Dask cluster; and memory.

Rounds are interleaved and medians printed. Rows with "start" run each side in a new process and count all of it. Processor
time is printed where it can be measured: on a busy machine it means more than the clock.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from experiments.performance.battle import ROOT, print_left_out, print_row, warn_if_busy
from experiments.runs import simulation
from experiments.runs.task import RunOutput, RunTask
from experiments.studies.files import study_of
from experiments.studies.study import Study
from experiments.sweep import pool, workers
from experiments.sweep.study_sweep import sweep
from experiments.sweep.workers import Workers

LONG, SHORT = "pokrovsk-2024", "skirmish"
LONG_S, SHORT_S = 1.0, 0.15  # what a run of each is to take
SHORT_RUNS = 32


def run(quick: bool = False) -> None:
    """Prints every row as it is measured."""
    warn_if_busy()
    print_row("what", "figure", "ratio", "wanted")
    with tempfile.TemporaryDirectory(prefix="pokrovsk-bench-") as folder:
        home = Path(folder)
        with workers.Workers(1) as one:
            long = one.submit(days_for, LONG, LONG_S).result()
            short = one.submit(days_for, SHORT, SHORT_S).result()
        against_loop(home, long, quick)
        against_mesa(home, SHORT, short, SHORT_RUNS, 1 if quick else 3, f"{SHORT_RUNS} runs of {SHORT_S} s", "at least 3 x")
        against_mesa(home, LONG, long, 8 if quick else 16, 1, "runs of a second", "at least 1 x")
        on_dask(home, long, quick)
        memory(home, 1_000 if quick else 10_000)


def days_for(scenario: str, seconds: float) -> int:
    """How many days of a scenario take about so long (measured in a worker, kernels loaded)."""

    def took(days: int) -> float:
        return statistics.median(loop(scenario, days, [seed])[1] for seed in (1, 2, 3))

    took(1)
    ten, forty = took(10), took(40)
    day = max((forty - ten) / 30, 1e-4)
    return min(max(math.ceil((seconds - ten) / day) + 10, 2), 420)


def study(scenario: str, days: int, n: int, **more: Any) -> Study:
    fields = {"name": "bench", "scenario": scenario, "design": "factorial", "days": days, "replicates": n, **more}
    return study_of({**fields, "factors": {"manpower_ratio": [2.0]}})


# Against a plain loop


def loop(scenario: str, days: int, seeds: list[int]) -> tuple[float, float]:
    """Wall and processor seconds of plain runs, one after the other."""
    begin, cpu = time.perf_counter(), time.process_time()
    for seed in seeds:
        simulation.simulate(scenario, seed, {"manpower_ratio": 2.0}, days=days, maps=False)
    return time.perf_counter() - begin, time.process_time() - cpu


def against_loop(home: Path, days: int, quick: bool) -> None:
    """Store and runner, start left out: warm workers that make plain runs, and the same workers in a sweep."""
    n = 4 if quick else 12  # runs a worker
    plain: dict[int, list[float]] = {1: [], 2: []}
    swept: dict[int, list[float]] = {1: [], 2: []}
    share: dict[int, list[float]] = {1: [], 2: []}
    made = study(LONG, days, 2 * n)
    sweep(study(SHORT, 2, 1), home / "first", executor=pool.Here(), quiet=True)  # loads what a sweep takes
    for k in range(1 if quick else 3):
        for workers in plain:  # noqa: F402
            with warmed(workers) as executor:
                begin = time.perf_counter()
                tasks = [list(range(1 + w, 1 + n * workers, workers)) for w in range(workers)]
                cpu = sum(f.result()[1] for f in [executor.submit(loop, LONG, days, seeds) for seeds in tasks])
                plain[workers].append(n * workers / (time.perf_counter() - begin) * 60)
                begin, own = time.perf_counter(), time.process_time()
                done = sweep(made, home / f"loop-{k}-{workers}", executor=kept(executor), limit=n * workers, quiet=True)
                swept[workers].append(n * workers / (time.perf_counter() - begin) * 60)
                share[workers].append((time.process_time() - own) / cpu)
                assert done.made == n * workers
    for workers in plain:
        a, b = statistics.median(plain[workers]), statistics.median(swept[workers])
        print_row(f"plain loop, {workers} process{'es' * (workers > 1)}, runs of {days} days of {LONG}", f"{a:.1f} runs/min")
        print_row(f"  sweep, {workers} worker{'s' * (workers > 1)}, start left out", f"{b:.1f} runs/min", f"{a / b - 1:+.1%} time", "at most +5 %")
        print_row("  processor time of runner and store", f"{statistics.median(share[workers]):.1%}", "of the runs'", "at most 5 %")


@contextlib.contextmanager
def warmed(workers: int) -> Iterator[Workers]:
    """Workers that have all started."""
    executor = Workers(workers)
    try:
        for future in [executor.submit(loop, LONG, 2, [1]) for _ in range(workers)]:
            future.result()
        yield executor
    finally:
        executor.shutdown(wait=False)


class kept:
    """An executor that a sweep may use and not close; `work` replaces what makes a run."""

    def __init__(self, executor: Any, work: Callable[[Any], Any] | None = None):
        self.submit, self.ahead, self.work = executor.submit, executor.ahead, work

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


# Against Mesa

MESA = """
import mesa
from sim.model import BattleModel
from sim.scenario import load_scenario
if __name__ == "__main__":
    scenario = load_scenario({scenario!r}, days={days})
    rows = mesa.batch_run(BattleModel, {{"source": [scenario], "overrides": [{{"manpower_ratio": 2.0}}]}}, rng=list(range(1, {n} + 1)),
                          number_processes=2, max_steps=scenario.n_steps, data_collection_period=-1, display_progress=False)
    assert len(rows) == {n}
"""
OURS = """
from experiments.sweep import sweep
if __name__ == "__main__":
    assert sweep({study!r}, {out!r}, workers=2, quiet=True).made == {n}
"""


def against_mesa(home: Path, scenario: str, days: int, n: int, rounds: int, what: str, wanted: str) -> None:
    """The same runs by `mesa.batch_run` with two processes and by a sweep with two workers, each a program of its own."""
    walls: dict[str, list[float]] = {"mesa": [], "ours": []}
    asked = home / f"mesa-{scenario}.toml"
    asked.write_text(study(scenario, days, n).to_toml())
    for k in range(rounds):
        for name, text in (("mesa", MESA), ("ours", OURS)):
            script, out = home / f"by_{name}.py", home / f"mesa-{scenario}-{k}"
            script.write_text(text.format(scenario=scenario, days=days, n=n, study=str(asked), out=str(out)))
            begin = time.perf_counter()
            subprocess.run([sys.executable, str(script)], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
            walls[name].append(time.perf_counter() - begin)
    a, b = (statistics.median(walls[name]) for name in ("mesa", "ours"))
    print_row(f"mesa.batch_run, 2 processes, {n} runs of {days} days, start too", f"{a:.1f} s")
    print_row(f"  sweep, 2 workers, {what}, start too", f"{b:.1f} s", f"{a / b:.2f} x", wanted)


# Dask


def on_dask(home: Path, days: int, quick: bool) -> None:
    """The same runs through a Dask cluster of this machine, two workers of one thread."""
    n = 4 if quick else 16
    try:
        from distributed import LocalCluster
    except ImportError:
        return print_left_out("local Dask cluster", "no distributed")
    begin = time.perf_counter()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        started = time.perf_counter() - begin
        walls = []
        for k in range(2):  # kernels are loaded in the first
            begin = time.perf_counter()
            sweep(study(LONG, days, n), home / f"dask-{k}", scheduler=cluster.scheduler_address, quiet=True)
            walls.append(time.perf_counter() - begin)
    print_row("local Dask cluster, 2 workers, same runs", f"{n / walls[1] * 60:.1f} runs/min", "", f"start {started:.1f} s")


# Memory


def stub(task: RunTask) -> RunOutput:
    """A run that costs nothing and has as many totals as any."""
    from sim.measures import MEASURES

    return RunOutput(task.run, f"{task.run:024d}", totals=dict.fromkeys(MEASURES, float(task.seed)))


def memory(home: Path, n: int) -> None:
    """Memory of this process while it hands out and writes many short runs: a tenth on the way, and at the end."""
    import psutil

    process, seen, over = psutil.Process(), [], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append(process.memory_info().rss / 2**20)

    watcher = threading.Thread(target=watch)
    with warmed(2) as executor:
        watcher.start()
        begin = time.perf_counter()
        done = sweep(study(SHORT, 2, n), home / "memory", executor=kept(executor, stub), quiet=True)
        wall = time.perf_counter() - begin
        over.set()
        watcher.join()
    assert done.made == n
    early, late = seen[len(seen) // 10], max(seen[len(seen) // 2 :])
    print_row(f"memory of the parent, {n:,} stub runs", f"{late:.0f} MiB", f"{late - early:+.0f} MiB", "flat since the first tenth")
    print_row("  runs handed out and written", f"{n / wall * 60:,.0f} runs/min")
    size = sum(p.stat().st_size for p in (home / "memory").rglob("*") if p.is_file())
    print_row("  on disk", f"{size / n:.0f} bytes a run", f"{len(list((home / 'memory' / 'runs').iterdir()))} file(s)")
    shutil.rmtree(home / "memory")
