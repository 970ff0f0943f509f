"""Glide bombs: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

import copy
from collections import Counter

import numpy as np
from plain.stirred import lively, run_beside, same_bits, stir

from sim.forces import Cause, Kind

MUST_SEE = {"men hit", "stunned", "works broken", "rubble", "without an aim", "on the map", "off the map"}


def events(kernel, old, new, result):
    if kernel == "clear_fallen":
        return {"off the map": (new["units"].kind != old["units"].kind).sum()}
    if kernel != "fall":
        return {}
    u, c = new["units"], new["cells"]
    return {"men hit": (u.hits - old["units"].hits)[:, Cause.BOMB].sum(), "without an aim": new["count"] - result,
            "stunned": ((u.suppression == 1.0) & (old["units"].suppression < 1.0)).sum(),
            "works broken": (c.works < old["cells"].works).sum(), "rubble": (c.rubble > old["cells"].rubble).sum(),
            "on the map": (u.kind == Kind.GLIDE_BOMB).sum()}


def test_bombs():
    same_bits("bombs", events, MUST_SEE)


def test_a_full_table_shows_no_strike():
    """When no row is free a bomb still falls and hits, but cannot be seen; the twin agrees."""
    world = copy.deepcopy(lively(1.0))
    stir(world, np.random.default_rng(1))
    n = world.n
    world.units = u = type(world.units)(*(column[:n].copy() for column in world.units))
    u.kind[(u.kind < 0) | (u.kind == Kind.GLIDE_BOMB)] = Kind.ARTILLERY
    counts = Counter()
    run_beside("bombs", world, lambda kernel, old, new, result: counts.update({kernel: int(result or 0)}))
    assert counts["fall"] > 0 and not (u.kind == Kind.GLIDE_BOMB).any()
