"""Progress of runs: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

FIRST_LINE_S, NEXT_LINES_S = 30.0, 60.0  # when lines are written where there is no terminal


class Progress:
    """How far a command is: `done` of `total` runs, `failed` of them, and the days that runs under way have behind them."""

    def __init__(self, label: str, total: int, days: int):
        self.label, self.total, self.days = label, total, max(days, 1)
        self.done = self.failed = 0
        self._under_way: dict[int, int] = {}
        self._begin = time.monotonic()

    def day(self, run: int, day: int) -> None:
        """A run under way has so many days behind it."""
        self._under_way[run] = day
        self.update()

    def ended(self, runs: list[int], failed: int) -> None:
        """Runs have ended."""
        self.done += len(runs)
        self.failed += failed
        for run in runs:
            self._under_way.pop(run, None)
        self.update()

    @property
    def amount(self) -> float:
        """Runs that are done, with the parts of those under way."""
        return min(self.done + sum(self._under_way.values()) / self.days, float(self.total))

    @property
    def speed(self) -> float:
        """Runs a minute so far."""
        return self.amount / max(time.monotonic() - self._begin, 1e-9) * 60

    def update(self) -> None:
        """Shows it; here to nobody."""


class Lines(Progress):
    """Lines on standard error, the first after half a minute."""

    _next = FIRST_LINE_S

    def update(self) -> None:
        passed = time.monotonic() - self._begin
        if passed < self._next:
            return
        self._next = passed + NEXT_LINES_S
        print(f"pokrovsk: {self.label}: {self.text()}", file=sys.stderr, flush=True)

    def text(self) -> str:
        """How many runs are done, and how many days of those under way; how many a minute, and the time left."""
        words = [f"{self.done:,} of {self.total:,} runs done"]
        if self.failed:
            words.append(f"{self.failed:,} failed")
        if self.done < self.total and self.amount >= self.total:
            return ", ".join([*words, "the last ones are being written"])
        if days := sum(self._under_way.values()):
            words.append(f"{days:,} of {self.days * len(self._under_way):,} days of those under way")
        if self.speed > 0:
            words += [f"{self.speed:.3g} a minute", f"{time_left((self.total - self.amount) / self.speed * 60)} left"]
        return ", ".join(words)


class Bar(Progress):
    """A bar on a terminal."""

    def __init__(self, label: str, total: int, days: int):
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        super().__init__(label, total, days)
        columns = [
            *(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[runs]} runs"), TextColumn("{task.fields[speed]}")),
            *(TextColumn("left"), TimeRemainingColumn(), TextColumn("so far"), TimeElapsedColumn(), TextColumn("{task.fields[failed]}")),
        ]
        self.bars = Bars(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=900.0)
        self._task = self.bars.add_task(f"{label}: making ready", total=total, runs=f"0/{total:,}", speed="", failed="")

    def update(self) -> None:
        self.bars.update(
            self._task,
            completed=self.amount,
            runs=f"{self.done:,}/{self.total:,}",
            speed=f"{self.speed:,.0f} a minute," if self.done else "",
            failed=f"{self.failed:,} failed" if self.failed else "",
            description=self.label if self.amount else None,
        )


@contextmanager
def shown(label: str, total: int, days: int, quiet: bool) -> Iterator[Progress]:
    """The progress of so many runs of about so many days, shown while the context lasts."""
    if quiet or not total:
        yield Progress(label, total, days)
    elif not sys.stderr.isatty():
        yield Lines(label, total, days)
    else:
        bar = Bar(label, total, days)
        with bar.bars:
            yield bar
            bar.bars.refresh()


def time_left(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"
