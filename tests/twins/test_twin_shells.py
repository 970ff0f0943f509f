"""Artillery: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

from plain.stirred import same_bits

from sim.forces import Cause

MUST_SEE = {"fired", "men hit", "suppressed", "calmer", "works worn"}


def events(kernel, old, new, result):
    if kernel == "fire_guns":
        return {"fired": sum(result)}
    if kernel == "wear":
        return {"works worn": (new["cells"].works < old["cells"].works).sum()}
    change = new["units"].suppression - old["units"].suppression
    hits = (new["units"].hits - old["units"].hits)[:, Cause.SHELL]
    return {"men hit": hits.sum(), "suppressed": (change > 0).sum(), "calmer": (change < 0).sum()}


def test_shells():
    same_bits("shells", events, MUST_SEE)
