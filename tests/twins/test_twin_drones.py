"""Drones: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

from plain.stirred import same_bits

from sim.forces import Cause, Stage

MUST_SEE = {"flown", "men hit on the move", "men hit in place", "relief hit", "vehicle hit", "threat grows",
            "threat fades"}


def events(kernel, old, new, result):
    if kernel == "fly":
        return {"flown": sum(result)}
    if kernel == "average_threat":
        grown = new["blocks"].threat - old["blocks"].threat
        return {"threat grows": (grown > 0).sum(), "threat fades": (grown < 0).sum()}
    if kernel == "strike":
        hits = (new["units"].hits - old["units"].hits)[:, Cause.DRONE]
        u = new["units"]
        still = (u.x == u.from_x) & (u.y == u.from_y) & (u.stage != 1)
        return {"men hit on the move": hits[~still].sum(), "men hit in place": hits[still].sum(),
                "relief hit": hits[~still & ((u.partner >= 0) | (u.stage == Stage.IN_RELIEF))].sum(),
                "vehicle hit": (u.burst - old["units"].burst).sum()}
    return {}


def test_drones():
    same_bits("drones", events, MUST_SEE)
