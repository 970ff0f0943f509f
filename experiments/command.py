"""What `pokrovsk run` does: checks the order, makes the runs that are missing, writes the folder and tells of it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments import outputs, tables
from experiments.order import Order, checked
from experiments.runs import Job, RunResult, execute, run_key, settings_key
from sim.quantity import InputError
from sim.scenario import Scenario


def carry_out(order: Order) -> int:
    """Runs a battle as ordered; returns the exit code."""
    scenario, overrides = checked(order)
    folder = order.out or Path("runs") / f"{scenario.name}-{order.seed}"
    outputs.open_folder(folder, scenario, overrides, order.force)
    battle = _Battle(order, scenario, overrides, folder)
    battle.make()
    return battle.tell()


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
        return self.order.maps == "all" or (self.order.maps == "first" and self.seeds.index(seed) < tables.FIRST_MAPS)

    def make(self) -> None:
        """Makes the missing runs and writes the folder; a stop or a full disk loses nothing that was computed."""
        missing = [s for s in self.seeds if not self._there(s, self._with_maps(s))]
        jobs = [
            Job(
                self.scenario,
                self.overrides,
                s,
                outputs.piece_path(self.folder.absolute(), s),
                self._with_maps(s),
                self.order.check,
            )
            for s in missing
        ]
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
                self.home = self.folder
                return
            except OSError as error:
                self.problem = error.strerror or str(error)
        elsewhere = Path(tempfile.mkdtemp(prefix=f"pokrovsk-{self.scenario.name}-"))
        try:
            for seed, result in self.stray.items():
                outputs.write_piece(outputs.piece_path(elsewhere, seed), result)
            self._write_to(elsewhere)
        except OSError as error:
            raise InputError(
                f"{self.folder} could not be written ({self.problem}), nor could {elsewhere} ({error.strerror}); "
                f"runs finished before stand in {self.folder / outputs.PARTS}."
            ) from None
        self.home = elsewhere

    def _pieces(self) -> Iterator[tuple[int, RunResult]]:
        for run, seed in enumerate(self.seeds):
            result = self.stray.get(seed) or outputs.read_piece(outputs.piece_path(self.folder, seed))
            if result is not None and result.key == run_key(self.scenario, self.overrides, seed):
                yield run, result

    def _write_to(self, folder: Path) -> None:
        from experiments.summary import summarize, write_summary

        totals = tables.assemble(folder, self._pieces(), self.order.maps)
        self.summary = summarize(
            self.scenario, self.overrides, totals, self.failed, settings_key(self.scenario, self.overrides)
        )
        write_summary(folder, self.summary)
        status = "stopped" if self.stopped else "failed" if self.failed else "complete"
        outputs.write_manifest(folder, self.scenario, self.overrides, self.seeds, status)
        if totals:
            _draw(folder, len(totals))

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
            console.print(
                f"\n{self.home}  ({speed['wall_s']:.1f} s stepping, {speed['ns_per_unit_step']:,.0f} ns per unit-step)",
                style="dim",
                highlight=False,
            )
        say = lambda text: print(f"pokrovsk: {text}", file=sys.stderr)  # noqa: E731
        for fail in self.failed:
            say(f"run with seed {fail['seed']} failed: {fail['error']}")
        if self.problem:
            say(f"{self.folder} could not be written: {self.problem}; what was computed is in {self.home}")
            return 2
        if self.stopped:
            done = self.summary.get("n_runs", 0)
            say(f"stopped; {done} of {len(self.seeds)} runs are done, and the same command goes on.")
            return 130
        return 1 if self.failed else 0


def _draw(folder: Path, n: int) -> None:
    """The pictures of a folder. One that fails costs a warning, not the run."""
    import importlib

    for module, function, name in (("picture", "battle_picture", "battle.png"), ("fan", "fan_chart", "fan.png"))[
        : 2 if n > 1 else 1
    ]:
        try:
            draw = getattr(importlib.import_module(f"sim.view.{module}"), function)
        except ModuleNotFoundError:
            continue
        try:
            with tempfile.TemporaryDirectory(prefix=".draw-", dir=folder) as drafts:
                draw(folder, Path(drafts) / name)
                for file in Path(drafts).iterdir():
                    os.replace(file, folder / file.name)
        except Exception as error:
            print(f"pokrovsk: {name} was not drawn: {type(error).__name__}: {error}", file=sys.stderr)


@contextmanager
def _progress(quiet: bool, total: int, label: str) -> Iterator[Any]:
    """A bar with the time left on standard error; yields the function that is told how many days are done."""
    if quiet or not total or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("so far"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(f"{label}: making ready (compiles once)", total=total)

        def tell(done: int) -> None:
            bar.update(task, completed=done, **({"description": label} if done else {}))

        yield tell
