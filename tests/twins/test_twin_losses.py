"""Losses: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

from plain.stirred import same_bits

from sim.forces import Kind, Stage, Task

MUST_SEE = {"killed", "missing", "wounded", "in the direction", "died waiting", "carried back", "returns",
            "discharged", "destroyed", "abandoned", "towed", "damaged", "set down", "stays aboard", "gone",
            "wounded alone"}


def events(kernel, old, new, result):
    u, was = new["units"], old["units"]
    if kernel == "bury":
        alone = (u.task != was.task) & (u.task == Task.WITHDRAW)
        return {"gone": ((u.kind < 0) & (was.kind >= 0)).sum(), "wounded alone": alone.sum()}
    if kernel == "set_down":
        left = (was.kind == Kind.ARMOR) & (was.stage == Stage.SETS_DOWN)
        return {"set down": (u.kind >= 0).sum() - (was.kind >= 0).sum(),
                "stays aboard": (left & (u.men == was.men)).sum()}
    book, before = new["books"], old["books"]
    if kernel == "carry_back":
        return {"died waiting": (book.killed - before.killed).sum(), "carried back": (was.hurt - u.hurt).sum(),
                "returns": (new["formations"].hospital - old["formations"].hospital).sum(),
                "discharged": (book.discharged - before.discharged).sum()}
    names = {
        "apply_hits": {"killed": "killed", "missing": "missing", "wounded": "wounded", "direction": "in the direction"},
        "wreck": {"destroyed": "destroyed", "abandoned": "abandoned", "recovered": "towed", "damaged": "damaged"},
    }
    return {word: (getattr(book, c) - getattr(before, c)).sum() for c, word in names[kernel].items()}


def test_losses():
    same_bits("losses", events, MUST_SEE)
