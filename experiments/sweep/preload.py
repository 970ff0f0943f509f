"""Loads everything that a run needs, kernels included; for the server that worker processes are forked from.

Importing it takes a second or two (the first time ever, while kernels are compiled, half a minute).
"""

import gc
import os
import signal
import warnings

from sim.errors import InputNote

warnings.simplefilter("ignore", InputNote)  # the parent shows what was left out of a file


def _load() -> None:
    """One day of the smallest battle. If that fails, a run will say why."""
    import contextlib

    from experiments.runs import task  # noqa: F401
    from experiments.runs.simulation import code_key, simulate
    from sim import compilation

    code_key()  # of the source as it is loaded now: a sweep sees when it is changed on the way

    compilation.prepare(compilation.nobody)  # the parent tells
    with contextlib.suppress(Exception):
        simulate("skirmish", 1, days=1)


def _with_parent(parent: int):
    """A clock that ends this process when its parent ends: until it serves, nothing else would."""

    def look(_signal, _frame) -> None:
        if os.getppid() != parent:
            os._exit(1)

    return look


if hasattr(signal, "setitimer"):
    signal.signal(signal.SIGALRM, _with_parent(os.getppid()))
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
    gc.disable()  # a tenth of the time here goes into looking for garbage that is not there
    try:
        _load()
        gc.freeze()  # nor do the workers look at what they share with the server
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
else:
    _load()
