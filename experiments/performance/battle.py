"""Speed and memory of the battle, all in one run and as ratios, since one number from one machine says little.

Rounds are interleaved, so that a slow spell of the machine affects all alike, and medians are printed. Rows on one core are
processor time, which does not count time given to other programs; rows on several are wall time.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from experiments.performance.tiling import tiled
from experiments.runs.identity import BASELINE
from experiments.runs.simulation import compilation, simulate
from sim import battle
from sim.columns import bytes_per_row
from sim.errors import InputError
from sim.mustering import muster

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROOT = Path(__file__).resolve().parents[2]
CLI = "import sys; from experiments.cli import main; main(sys.argv[1:])"


def run(what: str = "battle", peers: Path | None = None, quick: bool = False) -> None:
    """Prints every row as it is measured. `quick` shortens horizons and leaves the million out."""
    if what != "battle":
        raise InputError(f"bench {what!r}: allowed: battle, sweep, view, start.")
    if peers is not None and not (peers / "skirmish.c").is_file():
        raise InputError(f"--peers {str(peers)!r}: no skirmish.c in it.")
    warn_if_busy()
    print_row("what", "figure", "ratio", "wanted")
    start(quick)
    whole_commands(quick)
    own = baseline(quick)
    plain(quick)
    peer(peers, quick)
    sizes(quick)
    two_workers(own, quick)


def warn_if_busy() -> None:
    """Prints a warning when other programs are at work."""
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.7:
        print(f"other programs keep {os.getloadavg()[0]:.1f} cores busy: rows of wall time mean little\n", flush=True)


def print_row(what: str, figure: str, ratio: str = "", wanted: str = "") -> None:
    print(f"{what:<52} {figure:>18}  {ratio:>14}  {wanted}".rstrip(), flush=True)


def print_left_out(what: str, why: str) -> None:
    print_row(what, "-", "", f"left out: {why}")


def _spent(work: Callable[[], object]) -> float:
    """Processor seconds that `work` takes."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def start(quick: bool) -> None:
    """A new interpreter to the first step, kernels and byte code from their caches."""
    words = f"from sim.mustering import muster; from sim import battle; battle.step(muster({BASELINE!r}))"
    walls, seconds = _whole([words], 2 if quick else 4)
    wall = f"wall {statistics.median(walls[1:]):.2f} s"
    print_row("cached start to the first step, baseline", f"{statistics.median(seconds[1:]):.2f} s", wall, "at most 2 s")


def whole_commands(quick: bool) -> None:
    """Commands of which a person waits for the whole, kernels and byte code from their caches."""
    with tempfile.TemporaryDirectory(prefix="pokrovsk-bench-") as folder:
        out = str(Path(folder) / "run")
        for what, words, wanted in (
            ("a run of 2 days, whole command", [CLI, "run", BASELINE, "--days", "2", "--force", "--quiet", "--out", out], "at most 4 s; 2.5 is the aim"),
            ("import sim", ["import sim"], "at most 0.1 s"),
            ("pokrovsk --help", [CLI, "--help"], "at most 0.3 s"),
        ):
            walls, seconds = _whole(words, 2 if quick else 4)
            print_row(what, f"{statistics.median(seconds[1:]):.2f} s", f"wall {statistics.median(walls[1:]):.2f} s", wanted)


def _whole(words: list[str], times: int) -> tuple[list[float], list[float]]:
    """Wall and processor seconds of some Python in new interpreters; the first one fills the caches."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    found = [whole_process(words, environment) for _ in range(times)]
    return [wall for wall, _ in found], [seconds for _, seconds in found]


def whole_process(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of some Python in a new interpreter, with this environment."""
    begin, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", *words], check=True, env=environment, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begin, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def baseline(quick: bool) -> float:
    """The baseline with recording: seconds, ns per unit-step, share of each phase. Returns wall seconds per day."""
    days = 42 if quick else 420
    for _ in range(2):  # once more, if kernels had to be compiled on the way
        world = muster(BASELINE, 1)
        timings: dict[str, float] = {}
        battle.step(world)
        begin, before = time.perf_counter(), world.unit_steps
        with compilation() as compiled:
            seconds = _spent(partial(battle.run, world, days, timings))
        wall = time.perf_counter() - begin
        if not compiled():
            break
    done = world.unit_steps - before
    n = done / (world.step_index - 1)
    print_row(
        f"baseline, {days} days, {n:,.0f} units, recorded",
        f"{seconds:.2f} s",
        f"wall {wall:.2f} s",
        "at most 10 s for 420 days",
    )
    print_row("  per unit-step", f"{seconds / done * 1e9:.0f} ns")
    total = sum(timings.values())
    for name, part in sorted(timings.items(), key=lambda item: -item[1]):
        print_row(f"  {name}", f"{part / done * 1e9:.0f} ns", f"{part / total:.1%}")
    _memory(world)
    return wall / days


def _memory(world) -> None:
    """Bytes of the unit tables by unit on the map, and of all arrays of the battle."""
    live = max(len(world.live()), 1)
    row = bytes_per_row(world.units) + world.bins.order.itemsize
    print_row("memory per unit: its row", f"{row} bytes", "", "at most 300 bytes")
    rows = world.units.kind.shape[0]
    print_row("  rows kept for units to come included", f"{row * rows / live:.0f} bytes", f"{rows / live:.2f} rows")


def plain(quick: bool) -> None:
    """The same battle by the plain Python twin: how many times slower, and whether it gives the same bits."""
    what = "plain Python twin, same battle"
    with _importable(ROOT):
        try:
            kernels = importlib.import_module("tests.plain.battle").plain_kernels
        except (ImportError, AttributeError):
            return print_left_out(what, "tests/plain is not at hand (it is in a checkout)")
    name, steps = ("skirmish", 4) if quick else (BASELINE, 2)
    fast, slow = muster(name, 1), muster(name, 1)
    _steps(fast, steps)
    with kernels():
        twin = _spent(lambda: _steps(slow, steps))
    same = "same bits" if _print_of(fast) == _print_of(slow) else "OTHER BITS"
    compiled = _compiled_seconds(name, steps)
    print_row(
        f"{what}, {name}, {steps} steps",
        f"{twin:.1f} s, {same}",
        f"{twin / compiled:,.0f} x",
        "at least 300 x, same bits",
    )


def _compiled_seconds(name: str, steps: int) -> float:
    """Median processor seconds of the same steps compiled, over five battles."""
    seconds = []
    for _ in range(5):
        world = muster(name, 1)
        seconds.append(_spent(partial(_steps, world, steps)))
    return statistics.median(seconds)


def _steps(world, n: int) -> None:
    for _ in range(n):
        battle.step(world)


def _print_of(world) -> list[int]:
    """Check sums of everything that a battle's state is."""
    tables = (world.units, world.formations, world.cells, world.books)
    return [zlib.crc32(np.ascontiguousarray(column).tobytes()) for table in tables for column in table]


def peer(peers: Path | None, quick: bool) -> None:
    """Our step against the C skirmish of the benchmark folder, by unit-step, at ten thousand units."""
    what = "C skirmish, 10,000 units"
    if peers is None:
        return print_left_out(what, "no --peers DIR")
    try:
        other = _c_model(peers)
    except (OSError, ImportError, subprocess.SubprocessError) as error:
        return print_left_out(what, f"it cannot be built here ({type(error).__name__}: {error})")
    rounds = 3 if quick else 7
    worlds = {  # what is run, and how many days a round
        "tiled skirmish, nothing recorded": (tiled(10_000), 1, "at most 2.5 x; 1.2 is the aim"),
        "baseline, nothing recorded": (muster(BASELINE, 1, record=False), 6 if quick else 60, "at most 2.5 x"),
        "baseline, recorded": (muster(BASELINE, 1), 6 if quick else 60, "at most 2.9 x; 2.6 is the aim"),
    }
    for world, _, _ in worlds.values():
        battle.run(world, 1)
    _steps_c(other, 50)
    cost: dict[str, list[float]] = {name: [] for name in (*worlds, "C")}
    for _ in range(rounds):
        cost["C"].append(_spent(lambda: _steps_c(other, 40)) / (40 * 10_000))
        for name, (world, days, _) in worlds.items():
            before = world.unit_steps
            seconds = _spent(partial(battle.run, world, days))
            cost[name].append(seconds / (world.unit_steps - before))
    print_row(what, f"{statistics.median(cost['C']) * 1e9:.0f} ns per unit-step")
    for name, (_, days, wanted) in worlds.items():
        ratio = statistics.median(own / c for own, c in zip(cost[name], cost["C"], strict=True))
        print_row(f"  {name}, {rounds} x {days} days", f"{statistics.median(cost[name]) * 1e9:.0f} ns", f"{ratio:.2f} x C", wanted)


def _c_model(peers: Path):
    """The C model of the benchmark folder, built in a temporary folder; nothing is written beside its sources."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with _importable(peers.resolve()):
            return importlib.import_module("impl_c").Model(10_000)
    finally:
        sys.dont_write_bytecode = before


def _steps_c(model, n: int) -> None:
    for _ in range(n):
        model.step()


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def sizes(quick: bool) -> None:
    """Cost of a unit-step in a tiled sector of a thousand to a million units."""
    chosen = SIZES[:-1] if quick else SIZES
    worlds = {n: tiled(n) for n in chosen}
    for world in worlds.values():
        battle.run(world, 1)
    cost: dict[int, list[float]] = {n: [] for n in chosen}
    for _ in range(3 if quick else 5):
        for n, world in worlds.items():
            before = world.unit_steps
            cost[n].append(_spent(partial(battle.run, world, 1)) / (world.unit_steps - before))
    median = {n: statistics.median(values) for n, values in cost.items()}
    for n in chosen:
        wanted = "at most 1.3 x; 1.1 is the aim" if n == 100_000 else ""
        print_row(
            f"tiled sector, {n:,} units, per unit-step",
            f"{median[n] * 1e9:.0f} ns",
            f"{median[n] / median[10_000]:.2f} x 10,000",
            wanted,
        )
    biggest = worlds[chosen[-1]]
    kept = sum(
        column.nbytes
        for table in (biggest.units, biggest.cells, biggest.nodes, biggest.blocks, biggest.orders)
        for column in table
    )
    print_row(f"  all tables, map included, by unit at {chosen[-1]:,}", f"{kept / len(biggest.live()):.0f} bytes")


def two_workers(day: float, quick: bool) -> None:
    """Replications on two workers against one: warm processes, interleaved pairs of runs, wall time."""
    what = "two workers against one"
    if (os.cpu_count() or 1) < 2:
        return print_left_out(what, "one core")
    pairs, seconds = (3, 1.5) if quick else (5, 5.0)
    days = min(max(round(seconds / day), 1), 420)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as one, ProcessPoolExecutor(2, mp_context=context) as two:
        for pool in (one, two):
            list(pool.map(_replicate, [(1, 3), (2, 3)]))
        ratios = []
        for pair in range(pairs):
            jobs = [(10 + 2 * pair, days), (11 + 2 * pair, days)]
            walls = []
            for pool in (one, two):
                begin = time.perf_counter()
                list(pool.map(_replicate, jobs))
                walls.append(time.perf_counter() - begin)
            ratios.append(walls[0] / walls[1])
    spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
    print_row(
        f"{what}, {pairs} pairs of runs of {days} days", spread, f"{statistics.median(ratios):.2f} x", "at least 1.8 x"
    )


def _replicate(job: tuple[int, int]) -> int:
    """One run for the clock; only a number comes back."""
    seed, days = job
    return simulate(BASELINE, seed, days=days, maps=False).unit_steps
