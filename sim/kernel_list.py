"""Writes `kernels.toml`: which kernels battles need and what they cost to compile. `python -m sim.kernel_list`."""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import tomli_w
from numba.core import event
from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher

from sim import battle
from sim.columns import Kernel
from sim.compilation import LIST, dispatcher, word_of
from sim.mustering import muster

Key = tuple[str, bool]  # of a kernel: its dotted name, and whether kernels call it or Python does
BATTLES = {"skirmish": 3, "pokrovsk-2024": 60, "avdiivka-2024": 20, "dobropillia-2025": 20}  # days of each
HEAD = "# Kernels that battles need, and seconds to compile them. Written by `python -m sim.kernel_list`; see sim/compilation.py.\n\n"


def needed(dispatchers: dict[Key, Any]) -> dict[Key, list[str]]:
    """The types with which each kernel was called so far in this process."""
    out = {}
    for key, made in dispatchers.items():
        found = []
        for types in made.overloads:
            with contextlib.suppress(ValueError):  # such a one is compiled when it is called
                found.append(" ".join(map(word_of, types)))
        if found:
            out[key] = sorted(found)
    return out


def all_dispatchers() -> dict[Key, Any]:
    """Numba's objects behind all kernels, as Python and as other kernels call them."""
    out = {}
    for kernel in kernels():
        name = f"{kernel.py_func.__module__}.{kernel.py_func.__name__}"
        for inner in (False, True) if isinstance(kernel, Kernel) else (False,):
            out[name, inner] = dispatcher(kernel, inner)
    return out


@contextlib.contextmanager
def timed(dispatchers: dict[Key, Any]) -> Iterator[dict[Key, float]]:
    """Seconds that go into each kernel meanwhile, without those of the kernels that it calls."""
    keys = {id(made): key for key, made in dispatchers.items()}
    seconds: defaultdict[Key, float] = defaultdict(float)
    within: list[float] = []

    class Clock(event.Listener):
        def on_start(self, _event: Any) -> None:
            within.append(-time.process_time())

        def on_end(self, ended: Any) -> None:
            spent = within.pop() + time.process_time()
            key = keys.get(id(ended.data["dispatcher"]))
            if key:
                seconds[key] += spent
            if within:
                within[-1] -= spent if key else 0.0

    with event.install_listener("numba:compile", Clock()):
        yield seconds


def kernels() -> Iterator[Any]:
    """All kernels of the rules, and the compiled functions that Python calls."""
    here, seen = Path(__file__).parent, set()
    for file in sorted([*here.glob("*.py"), *here.glob("phases/**/*.py")]):
        if file.stem in ("compilation", "kernel_list", "model", "handles"):
            continue
        parts = file.relative_to(here.parent).with_suffix("").parts
        module = import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        for value in vars(module).values():
            if isinstance(value, Kernel | Dispatcher) and value.py_func.__module__ == module.__name__ and id(value) not in seen:
                seen.add(id(value))
                yield value


def write() -> None:
    """Fights battles without the cache, and writes down what they called."""
    os.environ["NUMBA_CACHE_DIR"] = ""  # nothing is compiled beforehand
    dispatchers = all_dispatchers()
    for made in dispatchers.values():
        made._cache = NullCache()
    with timed(dispatchers) as seconds:
        for name, days in BATTLES.items():
            battle.run(muster(name, 1), days)
    lines = needed(dispatchers)
    long = sorted({word for found in lines.values() for line in found for word in line.split() if "." in word})
    short = {word: word.partition("(")[0].removeprefix("sim.").removeprefix("phases.") for word in long}
    rows = [
        {
            "name": name, "inner": inner, "seconds": round(seconds[name, inner], 2),
            "signatures": [" ".join(short.get(word, word) for word in line.split()) for line in found],
        }
        for (name, inner), found in sorted(lines.items())
    ]  # fmt: skip
    LIST.write_text(HEAD + tomli_w.dumps({"types": {v: k for k, v in short.items()}, "kernel": rows}), "utf-8")


if __name__ == "__main__":
    write()
