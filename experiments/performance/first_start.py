"""The first start of all: a fresh clone whose kernels are not compiled, to the first simulated day and to the first moving picture."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from experiments.performance.battle import CLI, ROOT, print_left_out, print_row, warn_if_busy, whole_process
from experiments.runs.identity import BASELINE
from sim.view.page.benchmark import first_picture


def run(quick: bool = False) -> None:
    """Prints a row as each is measured; `quick` leaves the page out."""
    warn_if_busy()
    print_row("what", "figure", "processor", "wanted")
    with tempfile.TemporaryDirectory(prefix="pokrovsk-first-") as folder:
        _first_run(_clone(Path(folder) / "run"))
        if not quick:
            _first_page(_clone(Path(folder) / "view"))


def _clone(folder: Path) -> dict[str, str]:
    """A fresh clone of this checkout; the environment in which its code runs, with the libraries of this one."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    left_out = ("NUMBA_CACHE_DIR", "PYTHONDONTWRITEBYTECODE")
    return {**{k: v for k, v in os.environ.items() if k not in left_out}, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def _first_run(environment: dict[str, str]) -> None:
    """One day of the baseline: the whole command, twice, the second with everything compiled."""
    out = Path(environment["PYTHONPATH"]) / "out"
    for what, wanted in (("first run, kernels not compiled, whole command", "at most 40 s; 25 is the aim"), ("  the same again", "")):
        wall, spent = whole_process([CLI, "run", BASELINE, "--days", "1", "--force", "--out", str(out), "--quiet"], environment)
        print_row(what, f"{wall:.1f} s", f"{spent:.1f} s", wanted)


def _first_page(environment: dict[str, str]) -> None:
    """`pokrovsk view` until the battle moves in a browser."""
    what = "first page, kernels not compiled, to a moving picture"
    try:
        wall, words = first_picture(environment)
    except (ImportError, RuntimeError) as error:
        return print_left_out(what, str(error))
    print_row(what, f"{wall:.1f} s", "", "at most 45 s; 30 is the aim")
    for text in words[:: max(len(words) // 3, 1)]:
        print(f"  the page said: {text}", flush=True)
