"""What `pokrovsk run` does: checks the order, makes the runs that are missing, writes the folder and tells of it."""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments import outputs
from experiments.runs import Job, RunResult, execute, run_key, settings_key
from sim.quantity import InputError
from sim.scenario import RECORD_END, RECORD_START, Scenario, load_scenario

MAPS = ("first", "all", "none")


@dataclass
class Order:
    """The command line of `pokrovsk run` as it was given."""

    scenario: str = "pokrovsk-2024"
    start: str | None = None
    days: int | None = None
    seed: int = 1
    runs: int = 1
    workers: int | None = None
    settings: list[str] | None = None
    cell_km: float | None = None
    step_hours: float | None = None
    front: str | None = None
    maps: str = "first"
    out: Path | None = None
    force: bool = False
    json: bool = False
    quiet: bool = False
    check: bool = False


def carry_out(order: Order) -> int:
    """Runs a battle as ordered; returns the exit code."""
    scenario, overrides = checked(order)
    folder = order.out or Path("runs") / f"{scenario.name}-{order.seed}"
    outputs.open_folder(folder, scenario, overrides, order.force)
    battle = _Battle(order, scenario, overrides, folder)
    battle.make()
    return battle.tell()


# Checking the order


def checked(order: Order) -> tuple[Scenario, dict[str, Any]]:
    """The scenario and overrides of an order; InputError for anything that cannot be."""
    for name, value, least, most in (("--days", order.days, 1, 731), ("--runs", order.runs, 1, 100_000), ("--seed", order.seed, 0, 2**53),
                                     ("--workers", order.workers, 1, 1024)):  # fmt: skip
        if value is not None and not least <= value <= most:
            raise InputError(f"{name} {value}: allowed: a whole number from {least} to {most}.")
    if order.maps not in MAPS:
        raise InputError(f"--maps {order.maps!r}: allowed: {', '.join(MAPS)}.")
    scenario = load_scenario(order.scenario)
    start = _date(order.start) if order.start is not None else None
    days = order.days
    if start is not None and days is None:
        days = (scenario.start + dt.timedelta(days=scenario.days) - start).days
        if days < 1:
            raise InputError(f"--start {start}: after the scenario's last day; give --days too.")
    front = str(Path(order.front).absolute()) if order.front is not None else None
    if front is not None and not Path(front).is_file():
        raise InputError(f"--front: file {order.front!r} not found.")
    scenario = load_scenario(scenario, start=start, days=days, cell_km=order.cell_km, step_hours=order.step_hours, front=front)
    overrides = parsed(order.settings or [])
    from sim.sector import build_sector
    from sim.settings import Settings

    overrides = Settings(overrides).overrides
    Settings({**scenario.params, **overrides})
    build_sector(scenario)
    return scenario, overrides


def parsed(settings: list[str]) -> dict[str, str]:
    """KEY=VALUE words as a dictionary; the last one of a key counts."""
    out = {}
    for word in settings:
        key, equals, value = word.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise InputError(f"--set {word!r}: allowed: KEY=VALUE.")
        out[key.strip()] = value.strip()
    return out


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--start {text!r}: not a date; allowed: YYYY-MM-DD from {RECORD_START} to {RECORD_END}.") from None


# Making it


class _Battle:
    """One command under way: which runs are there, which are missing, what went wrong."""

    def __init__(self, order: Order, scenario: Scenario, overrides: dict[str, Any], folder: Path):
        self.order, self.scenario, self.overrides, self.folder = order, scenario, overrides, folder
        self.failed: list[dict[str, Any]] = []
        self.stray: dict[int, RunResult] = {}  # computed, but not written where they belong
        self.problem: str | None = None
        self.stopped = False
        self.summary: dict[str, Any] = {}
        asked = range(order.seed, order.seed + order.runs)
        self.seeds = sorted({*asked, *(s for s in outputs.known_seeds(folder) if self._there(s, False))})

    def _there(self, seed: int, maps: bool) -> bool:
        return outputs.has_piece(self.folder, run_key(self.scenario, self.overrides, seed), seed, maps)

    def _with_maps(self, seed: int) -> bool:
        return self.order.maps == "all" or (self.order.maps == "first" and self.seeds.index(seed) < outputs.FIRST_MAPS)

    def make(self) -> None:
        """Makes the missing runs and writes the folder; a stop or a full disk loses nothing that was computed."""
        missing = [s for s in self.seeds if not self._there(s, self._with_maps(s))]
        jobs = [Job(self.scenario, self.overrides, s, outputs.piece_path(self.folder.absolute(), s), self._with_maps(s),
                    self.order.check) for s in missing]  # fmt: skip
        workers = self.order.workers or min(len(jobs), os.cpu_count() or 1) or 1
        self._manifest("running")
        try:
            with _progress(self.order.quiet, len(jobs) * self.scenario.days, self._label(len(jobs))) as tell:
                for outcome in execute(jobs, workers, tell):
                    if outcome.error:
                        self.failed.append({"seed": outcome.seed, "error": outcome.error})
                    elif not outcome.written:
                        self.problem = outcome.problem
                        self.stray[outcome.seed] = outcome.result
        except KeyboardInterrupt:
            self.stopped = True
        self._write()

    def _label(self, n: int) -> str:
        return self.scenario.name + (f", {n} runs" if n > 1 else "")

    def _manifest(self, status: str) -> None:
        try:
            outputs.write_manifest(self.folder, self.scenario, self.overrides, self.seeds, status)
        except OSError as error:
            self.problem = error.strerror or str(error)

    def _write(self) -> None:
        """Writes tables, maps, summary and pictures; into another folder when this one does not take them."""
        if not self.problem:
            try:
                self._write_to(self.folder)
                return
            except OSError as error:
                self.problem = error.strerror or str(error)
        elsewhere = Path(tempfile.mkdtemp(prefix=f"pokrovsk-{self.scenario.name}-"))
        try:
            for seed, result in self.stray.items():
                outputs.write_piece(outputs.piece_path(elsewhere, seed), result)
            self._write_to(elsewhere)
        except OSError as error:
            raise InputError(f"{self.folder} could not be written ({self.problem}), nor could {elsewhere} ({error.strerror}); "
                             f"runs finished before stand in {self.folder / outputs.PARTS}.") from None  # fmt: skip
        self.home = elsewhere

    def _pieces(self) -> Iterator[tuple[int, RunResult]]:
        for run, seed in enumerate(self.seeds):
            result = self.stray.get(seed) or outputs.read_piece(outputs.piece_path(self.folder, seed))
            if result is not None and result.key == run_key(self.scenario, self.overrides, seed):
                yield run, result

    def _write_to(self, folder: Path) -> None:
        from experiments.summary import summarize, write_summary

        self.home = folder
        totals = outputs.assemble(folder, self._pieces(), self.order.maps)
        self.summary = summarize(self.scenario, self.overrides, totals, self.failed, settings_key(self.scenario, self.overrides))
        write_summary(folder, self.summary)
        status = "stopped" if self.stopped else "failed" if self.failed else "complete"
        outputs.write_manifest(folder, self.scenario, self.overrides, self.seeds, status)
        if totals:
            self.pictures = _draw(folder, len(totals))

    # Telling of it

    def tell(self) -> int:
        """Prints the summary and what to know of it; returns the exit code."""
        if self.order.json:
            import json

            print(json.dumps(self.summary, indent=1, allow_nan=False))
        elif self.summary.get("n_runs"):
            from rich.console import Console

            from experiments.summary import show

            console = Console(soft_wrap=True)
            show(self.summary, console)
            speed = self.summary
            console.print(f"\n{self.home}  ({speed['wall_s']:.1f} s of stepping, {speed['ns_per_unit_step']:,.0f} ns per unit-step)",
                          style="dim", highlight=False)  # fmt: skip
        say = lambda text: print(f"pokrovsk: {text}", file=sys.stderr)  # noqa: E731
        for fail in self.failed:
            say(f"run with seed {fail['seed']} failed: {fail['error']}")
        if self.problem:
            say(f"{self.folder} could not be written: {self.problem}; what was computed is in {self.home}")
            return 2
        if self.stopped:
            say(f"stopped; {self.summary.get('n_runs', 0)} of {len(self.seeds)} runs are done, and the same command goes on.")
            return 130
        return 1 if self.failed else 0


def _draw(folder: Path, n: int) -> list[str]:
    """The pictures of a folder: names of those that were drawn. A picture that fails costs a warning, not the run."""
    drawn = []
    wanted = [("sim.view.picture", "battle_picture", "battle.png"), *([("sim.view.fan", "fan_chart", "fan.png")] if n > 1 else [])]
    for module, function, name in wanted:
        try:
            import importlib

            draw = getattr(importlib.import_module(module), function)
        except ModuleNotFoundError:
            continue
        try:
            with outputs.replacing(folder / name) as draft:
                named = draft.with_suffix(".png")
                draw(folder, named)
                os.replace(named, draft)
            drawn.append(name)
        except OSError:
            raise
        except Exception as error:
            print(f"pokrovsk: {name} was not drawn: {type(error).__name__}: {error}", file=sys.stderr)
    return drawn


@contextmanager
def _progress(quiet: bool, total: int, label: str) -> Iterator[Any]:
    """A bar with the time left on standard error; yields the function that is told how many days are done."""
    if quiet or not total or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    bar = Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("left"), TimeRemainingColumn(),
                   TextColumn("so far"), TimeElapsedColumn(), console=Console(stderr=True), transient=True)  # fmt: skip
    with bar:
        task = bar.add_task(f"{label}: making ready (compiles once)", total=total)

        def tell(done: int) -> None:
            bar.update(task, completed=done, **({"description": label} if done else {}))

        yield tell


