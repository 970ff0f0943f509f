"""Who comes and goes: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from collections import Counter

import numpy as np
from plain import arrive as plain_arrive
from plain.scenes import KEY, agree, every_line, on_scenes

from sim.phases import arrive


def test_arrive():
    seen = Counter()
    with every_line(plain_arrive):

        @on_scenes(8)
        def check(s):
            for side in (0, 1):
                agree(arrive.draft, plain_arrive.draft, s.formations, s.books, side, float(s.rng.uniform(0, 40)), 0.03, KEY)
                agree(arrive.equip, plain_arrive.equip, s.units, s.formations, s.books, s.n, side, float(s.rng.uniform(0, 5)), 2, 0.03,
                      KEY)
                lone = s.formations._replace(active=(s.formations.active * (s.formations.side != side)).astype("i1"))
                agree(arrive.draft, plain_arrive.draft, lone, s.books, side, 5.0, 0.03, KEY)
                agree(arrive.equip, plain_arrive.equip, s.units, lone, s.books, s.n, side, 5.0, 2, 0.03, KEY)
            leaving, mended = s.rng.random(2).tolist()
            agree(arrive.heal, plain_arrive.heal, s.formations, s.books, leaving, mended, KEY, KEY)
            group = s.rng.integers(2, 9, 2)
            a = agree(arrive.regroup, plain_arrive.regroup, s.geo, s.units, s.formations, s.cursor, s.n, group, 4, 9, 2,
                      2.0, np.array([0.6, 0.7]), KEY)
            before, after = s.units, a.units
            seen["dissolved"] += np.sum((before.kind == 0) & (after.kind != 0))
            formed = after.slot != before.slot
            seen["formed"] += np.sum(formed & (after.kind == 0))
            seen["section formed"] += np.sum(formed & (after.kind == 1))
            for name, kind in (("section", 1), ("crew", 2), ("battery", 3)):
                seen[f"men for a {name}"] += np.sum((after.kind == kind) & (after.men > before.men))
            seen["vehicles"] += np.sum(after.vehicles > before.vehicles)
            for f in range(len(s.formations.side)):
                agree(arrive.depart, plain_arrive.depart, s.units, s.formations, s.books, s.n, f)

    assert all(seen.values()), seen
