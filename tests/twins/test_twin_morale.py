"""Strain and morale: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

from plain.stirred import same_bits

from sim.forces import Cause, Stage, Task

MUST_SEE = {"rests", "tires", "deserts", "starves", "steps back", "falls back", "pocket gives up",
            "overrun gives up", "stays under shock"}


def events(kernel, old, new, result):
    u, was = new["units"], old["units"]
    if kernel == "strain":
        return {"rests": (u.fatigue < was.fatigue).sum(), "tires": (u.fatigue > was.fatigue).sum()}
    book, before = new["books"], old["books"]
    taken = (book.captured - before.captured).sum(axis=0)
    moved = (u.task != was.task) & (u.kind >= 0)
    return {"deserts": (book.deserted - before.deserted).sum(), "steps back": ((u.stage == Stage.STEPS_BACK) & moved).sum(),
            "falls back": ((u.task == Task.WITHDRAW) & moved).sum(), "pocket gives up": taken[Cause.POCKET],
            "overrun gives up": taken[Cause.DIRECT_FIRE], "starves": (u.hits > was.hits)[:, Cause.POCKET].sum(),
            "stays under shock": ((was.shock > 0) & (u.task == Task.HOLD)).sum()}


def test_morale():
    same_bits("morale", events, MUST_SEE)
