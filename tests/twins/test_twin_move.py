"""Movement: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from collections import Counter

import numpy as np
from plain import move as plain_move
from plain.scenes import agree, changes, every_line, on_scenes

from sim.forces import Kind, Task
from sim.phases import move

PACES = {"foot": 2.5, "truck": 12.0, "dash": 15.0, "exposure": 0.7}


def test_move():
    seen = Counter()
    with every_line(plain_move):

        @on_scenes(40)
        def check(s):
            g, u, f, c, b, n = s.geo, s.units, s.formations, s.cells, s.blocks, s.n
            declared = move.Params(safe_km=s.rng.uniform(3, 12)).model_dump() | PACES
            knobs = move.Knobs(*(float(declared[name]) for name in move.Knobs._fields))
            light, leaf = s.rng.random(2).tolist()
            agree(move.hide, plain_move.hide, g, c, b, leaf, light, 0.5, 0.5, 0.4)
            hours = float(s.rng.choice([1.0, 6.0]))
            a = agree(move.move, plain_move.move, g, u, f, c, b, n, hours, float(s.rng.random()), knobs)
            changes(u, a.units, seen)
            went = (a.units.x != u.x) | (a.units.y != u.y)
            seen["dash"] += np.sum(went & (u.kind == Kind.ARMOR) & (u.task == Task.DASH))
            seen["at the line"] += np.sum(went & (u.stage == 0) & (a.units.stage == 1))
            seen["seen"] += np.sum(a.blocks.traffic > 0)
            for place in range(3):
                seen["place", place] += np.sum(went & (a.units.place == place)) if place else np.sum(a.units.place == 0)
            a = agree(move.hand_over, plain_move.hand_over, g, u, f, c, b, n, hours, 0.3, knobs)
            seen["reliefs"] += a.result.sum()
            seen["carried back"] += np.sum((u.task == Task.HOLD) & (u.hurt > 0) & (u.partner >= 0) & (a.units.task == Task.WITHDRAW))
            seen["taken over"] += np.sum(a.units.dug != u.dug)
            for i in s.rng.integers(0, n, 5).tolist():
                agree(move.arrive_at_goal, plain_move.arrive_at_goal, g, u, c, i)
                way = s.rng.uniform(0, 12, 4).tolist()
                agree(move.count_traffic, plain_move.count_traffic, g, b, 1, *way, 0.6, 16.0)
                agree(move.count_traffic, plain_move.count_traffic, g, b, 1, *way[:2], *way[:2], 0.6, 16.0)

    for who in ("attacker", "defender"):
        for was, becomes in (("MARCH", "HOLD"), ("MARCH", "CONSOLIDATE"), ("WITHDRAW", "RESERVE")):
            assert seen["INFANTRY", who, was, becomes], (who, was, becomes)
    assert all(seen.values()) and seen["reliefs"] and seen["dash"], seen
