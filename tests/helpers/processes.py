"""What tests with processes share: waiting for something, killing, and who is gone."""

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

KILLS = int(os.environ.get("POKROVSK_KILLS", "1"))  # rounds of the kill test: 20 before a release
ROOT = Path(__file__).resolve().parents[2]


def wait_for(true, seconds=300.0):
    """Waits until `true()`; the limit is generous, since the machine may be busy or compile."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def gone(pid):
    """True when there is no such process, or it is dead and its parent has not looked yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def family(process):
    """Process ids of a process and all that come from it, itself first."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    return []
