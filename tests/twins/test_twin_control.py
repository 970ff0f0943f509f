"""Ground: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

from unittest.mock import patch

import numpy as np
from plain import control as plain_control
from plain.fields import at_squares
from plain.stirred import same_bits

from sim import fields
from sim.forces import Kind, Task

MUST_SEE = {"gained", "regained", "cleared for the attacker", "cleared for the defender", "wholly held",
            "wholly lost", "lonely lodgement", "lost on balance", "spilled"}


def events(kernel, old, new, result):
    c = new["cells"]
    if kernel == "consolidate":
        u, n, reach = new["units"], new["n"], new["knobs"].reach_km
        deep = [i for i in range(n) if u.kind[i] == Kind.INFANTRY and u.side[i] == 0 and u.task[i] == Task.CONSOLIDATE
                and at_squares(new["geo"], c.depth, u.x[i].item(), u.y[i].item()) < -reach]
        return {"lonely lodgement": (c.gain[u.cell[deep]] > 0).sum()}
    if kernel == "spill":
        before = old["cells"]
        return {"spilled": c.gain.sum() > np.minimum(before.gain, fields.MICRO - before.held).sum()}
    if kernel != "settle":
        return {}
    held, was = c.held, old["cells"].held
    return {"gained": (held > was).sum(), "lost on balance": (held < was).sum()}


def watch_reversion(seen):
    """A stand-in for the twin's reversion of one cell that records which way it went."""
    settled = plain_control.settled

    def record(new, cell, men, defenders, dt, knobs):
        out = settled(new, cell, men, defenders, dt, knobs)
        back = "regained" if men < knobs.outnumbered * defenders else "cleared for the defender"
        seen[back] += out < new
        seen["cleared for the attacker"] += out > new
        seen["wholly held"] += out == fields.MICRO > new
        seen["wholly lost"] += out == 0 < new
        return out

    return patch.object(plain_control, "settled", record)


def test_control():
    same_bits("control", events, MUST_SEE, watch_reversion)
