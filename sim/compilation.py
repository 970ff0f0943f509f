"""Compiles the kernels before the first battle: in several processes at once, and counted, so that the wait is short and one sees how long it is.

`kernels.toml` lists which kernels a battle needs, for arguments of which types, and what each costs to compile. It is written by
`python -m sim.kernel_list` and only saves time: what it does not name is compiled when it is first called.

One process compiles a kernel, after the kernels that it calls, the longest chain of work first. Everything is left in numba's
cache, from which this process and all later ones load it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher

from sim.columns import Kernel, columns_of

LIST = Path(__file__).with_name("kernels.toml")
MOST_PROCESSES = 4  # more would wait for one another: kernels call kernels
PATIENCE_S = 600.0  # how long to wait for another process that compiles
LOOK_S = 0.1  # between two looks at how far it is
QUIET_S = 1.0  # nothing is said of a shorter wait
LINE_S = 10.0  # between two lines where there is no terminal

COMPILED = re.compile(r"^@(array_)?kernel|\bnjit\b", re.MULTILINE)  # what a file with kernels holds

Show = Callable[[int, int, float], None]  # takes how many kernels of how many are compiled, and the share of the work


@dataclass(frozen=True)
class Job:
    """One kernel: `inner` as other kernels call it, else as Python does; the types of arguments that are needed; seconds it takes."""

    name: str
    inner: bool
    signatures: tuple[str, ...]
    seconds: float

    @property
    def key(self) -> str:
        return f"{self.name} inner" if self.inner else self.name


# Types as words


def word_of(kind: types.Type) -> str:
    """A type of an argument as a word: `int64`, `float64[1C]`, `(int64,int64)`, `sim.forces.Units`, `sim.phases.bombs.Knobs(float64*)`.

    A table is its class alone, which declares its columns; `*` is as many as the class has fields. ValueError for a type that no
    kernel here takes.
    """
    if isinstance(kind, types.Boolean | types.Integer | types.Float):
        return str(kind.name)
    if isinstance(kind, types.Array) and kind == types.Array(kind.dtype, kind.ndim, kind.layout):
        return f"{word_of(kind.dtype)}[{kind.ndim}{kind.layout}]"
    if isinstance(kind, types.NamedTuple | types.NamedUniTuple):
        of = f"{kind.instance_class.__module__}.{kind.instance_class.__qualname__}"
        if hasattr(kind.instance_class, "_columns"):
            return of
        inside = [word_of(field) for field in kind]
        return f"{of}({inside[0]}*)" if len(set(inside)) == 1 else f"{of}({','.join(inside)})"
    if isinstance(kind, types.UniTuple | types.Tuple):
        return f"({','.join(map(word_of, kind))})"
    raise ValueError(f"no word for {kind}")


@cache
def type_of(word: str) -> types.Type:
    """The type that a word stands for."""
    if word.endswith("]"):
        of, _, form = word[:-1].rpartition("[")
        return types.Array(type_of(of), int(form[:-1]), form[-1])  # type: ignore[call-overload]
    if word.isidentifier():
        return getattr(types, word)
    if word.startswith("("):
        return types.BaseTuple.from_types([type_of(field) for field in word[1:-1].split(",")])
    name, _, fields = word.partition("(")
    kind = named(name)
    if fields.endswith("*)"):
        return types.NamedUniTuple(type_of(fields[:-2]), len(kind._fields), kind)
    inside = [type_of(field) for field in fields[:-1].split(",")] if fields else _column_types(kind)
    return types.NamedUniTuple(inside[0], len(inside), kind) if len(set(inside)) == 1 else types.NamedTuple(inside, kind)


def _column_types(kind: type) -> list[types.Type]:
    """The types of the columns of a table."""
    return [types.Array(numba.from_dtype(np.dtype(c.dtype)), 2 if c.width > 1 else 1, "C") for c in columns_of(kind)]


def named(name: str) -> Any:
    """What a dotted name stands for: `sim.phases.decide.decide`."""
    module, _, what = name.rpartition(".")
    return getattr(import_module(module), what)


def kernel_list() -> list[Job]:
    """The kernels that a battle needs."""
    data = tomllib.loads(LIST.read_text("utf-8"))
    short = data["types"]
    return [
        Job(k["name"], k["inner"], tuple(" ".join(short.get(w, w) for w in line.split()) for line in k["signatures"]), k["seconds"])
        for k in data["kernel"]
    ]


# In a process that compiles


def compile_job(job: Job) -> None:
    """Compiles a kernel, or finds it in the cache."""
    made = dispatcher(named(job.name), job.inner)
    for signature in job.signatures:
        made.compile(tuple(type_of(word) for word in signature.split()))


def dispatcher(kernel: Any, inner: bool) -> Dispatcher:
    """Numba's own object behind a kernel."""
    return kernel if isinstance(kernel, Dispatcher) else kernel.inner if inner else kernel._compiled


def serve() -> None:
    """Compiles what standard input names, a line a kernel, and answers with the seconds that it took, or the error."""
    import gc

    gc.set_threshold(100_000)  # a tenth of the time would go into looking for garbage
    jobs = {job.key: job for job in kernel_list()}
    for line in sys.stdin:
        begin = time.process_time()
        try:
            compile_job(jobs[line.strip()])
            answer: dict[str, Any] = {"seconds": time.process_time() - begin}
        except Exception as error:  # it is compiled when it is called, and the error then seen by whom it concerns
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            print(json.dumps(answer), flush=True)
        except BrokenPipeError:  # nobody waits any more
            os._exit(1)


# In the process that waits


class Plan:
    """Which kernel is compiled next: one whose own calls are ready, at the head of the longest chain."""

    def __init__(self, jobs: list[Job]):
        self.jobs = {job.key: job for job in jobs}
        self.calls = {key: {c for c in called(job.name) if c in self.jobs and c != key} for key, job in self.jobs.items()}
        callers: dict[str, list[str]] = {key: [] for key in self.jobs}
        for key, found in self.calls.items():
            for one in found:
                callers[one].append(key)

        @cache
        def chain(key: str) -> float:
            return self.jobs[key].seconds + max(map(chain, callers[key]), default=0.0)

        self._waiting = sorted(self.jobs, key=chain, reverse=True)
        self._turn = threading.Condition()
        self.seconds: dict[str, float] = {}  # by kernel that is ready
        self.problems: dict[str, str] = {}

    def take(self) -> Job | None:
        """The next kernel, as soon as there is one; None when all are given out."""
        with self._turn:
            while self._waiting:
                for key in self._waiting:
                    if not self.calls[key] - self.seconds.keys():
                        self._waiting.remove(key)
                        return self.jobs[key]
                self._turn.wait()
            return None

    def ended(self, job: Job, answer: dict[str, Any]) -> None:
        """A kernel is compiled, or could not be."""
        with self._turn:
            self.seconds[job.key] = answer.get("seconds", 0.0)
            if "error" in answer:
                self.problems[job.key] = answer["error"]
            self._turn.notify_all()

    def give_up(self) -> None:
        """Nothing more is given out."""
        with self._turn:
            self._waiting.clear()
            self._turn.notify_all()

    def progress(self) -> tuple[int, int, float]:
        """How many kernels of how many are ready, and the share of the work."""
        done = list(self.seconds)
        return len(done), len(self.jobs), sum(self.jobs[k].seconds for k in done) / max(sum(j.seconds for j in self.jobs.values()), 1e-9)


def called(name: str) -> set[str]:
    """The kernels that a kernel calls, by way of inlined functions too, as keys of jobs; none of one that is no longer there."""
    out: set[str] = set()
    seen: set[int] = set()

    def look(function: Callable) -> None:
        for word in function.__code__.co_names:
            value = function.__globals__.get(word)
            if isinstance(value, Kernel):
                out.add(f"{value.py_func.__module__}.{value.py_func.__name__} inner")
            elif isinstance(value, Dispatcher) and id(value) not in seen:
                seen.add(id(value))
                look(value.py_func)

    with contextlib.suppress(ImportError, AttributeError):
        look(named(name).py_func)
    return out


_ready: set[str] = set()  # marks that this process has seen


def prepare(show: Show | None = None) -> None:
    """Compiles the kernels that are not in the cache; returns at once when all are.

    `show` takes how far it is; without it, a bar or lines on standard error show that. When another process compiles already,
    this one waits and shows the same.
    """
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", ""))
    if numba.config.DISABLE_JIT or not folder.name or str(folder) in _ready:
        return
    mark = folder / f"ready-{_state()}"
    if not mark.is_file():
        with contextlib.nullcontext(show) if show else shown_progress() as shown, contextlib.suppress(OSError):  # a folder that takes no files
            _compile_or_wait(folder, mark, shown)
    _ready.add(str(folder))


def _state() -> str:
    """What compiled kernels are good for: compiler, processor, and the files with kernels as they are now."""
    from llvmlite import binding

    digest = blake2b(f"{numba.__version__} {sys.version} {binding.get_host_cpu_name()} {numba.config.CPU_NAME}".encode(), digest_size=6)
    here = Path(__file__).parent
    for file in sorted([LIST, *here.glob("*.py"), *here.glob("phases/**/*.py")]):
        if file == LIST or COMPILED.search(file.read_text("utf-8")):
            digest.update(f"{file.name} {(found := file.stat()).st_mtime_ns} {found.st_size}".encode())
    return digest.hexdigest()


def _compile_or_wait(folder: Path, mark: Path, show: Show) -> None:
    """Compiles all, or waits while another process does."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    news = folder / "compiling.json"
    end = time.monotonic() + PATIENCE_S
    lock = FileLock(folder / "compiling.lock")
    while time.monotonic() < end:
        try:
            with lock.acquire(timeout=2 * LOOK_S):
                if not mark.is_file():
                    plan = Plan(kernel_list())
                    _compile(plan, show, news)
                    if len(plan.seconds) == len(plan.jobs):
                        (folder / "seconds.json").write_text(json.dumps(plan.seconds), "utf-8")
                        mark.touch()
                return
        except Timeout:
            with contextlib.suppress(OSError, ValueError):
                show(*json.loads(news.read_text("utf-8")))


def _compile(plan: Plan, show: Show, news: Path) -> None:
    """Has all kernels compiled by as many processes as there are cores to use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = [threading.Thread(target=_feed, args=(plan,), daemon=True) for _ in range(min(cores, MOST_PROCESSES))]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads):
            show(*plan.progress())
            draft = news.with_suffix(".draft")
            draft.write_text(json.dumps(plan.progress()), "utf-8")
            os.replace(draft, news)
            for thread in threads:
                thread.join(LOOK_S / len(threads))
    finally:
        plan.give_up()


def _feed(plan: Plan) -> None:
    """Starts a process that compiles and hands it kernel after kernel; it ends with us, for its input does."""
    home = str(Path(__file__).resolve().parents[1])
    code = f"import sys; {home!r} in sys.path or sys.path.insert(0, {home!r}); from sim.compilation import serve; serve()"
    command = [sys.executable, "-P", "-c", code]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
            assert process.stdin and process.stdout
            while job := plan.take():
                process.stdin.write(f"{job.key}\n")
                process.stdin.flush()
                plan.ended(job, json.loads(process.stdout.readline()))
    except (OSError, ValueError):  # it was killed, or could not start: what is missing is compiled when it is called
        plan.give_up()


def nobody(_done: int, _total: int, _share: float) -> None:
    """Shows nobody how far it is."""


@contextlib.contextmanager
def shown_progress() -> Iterator[Show]:
    """Shows on standard error how far it is: a bar on a terminal, else a line now and then; nothing of a short wait."""
    label = "compiling kernels, once for this machine"
    begin = time.monotonic()
    if not sys.stderr.isatty():
        spoken = begin + QUIET_S - LINE_S

        def line(done: int, total: int, share: float) -> None:
            nonlocal spoken
            if time.monotonic() - spoken >= LINE_S:
                spoken = time.monotonic()
                print(f"pokrovsk: {label}: {done} of {total}", file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=1.0, count="", visible=False)
        yield lambda done, total, share: bars.update(
            task, completed=share, count=f"{done} of {total}", visible=time.monotonic() - begin > QUIET_S)
