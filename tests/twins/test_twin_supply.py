"""Supply: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import supply as plain_supply
from plain.scenes import agree, every_line, long_map, on_scenes, unlike, wild

from sim.phases import move, supply


def search_both(geo, cells, nodes, blocks, source, load, closed, mud, knobs, seen, units=None, n=0):
    """Search, flow and pockets of both sides, by kernel and twin."""
    m = geo.nx * geo.ny
    for side in (0, 1):
        a = agree(supply.search, plain_supply.search, geo, cells, nodes, blocks, source, load, closed, side, mud, knobs,
                  np.zeros(m, np.int32), np.zeros(4 * m), np.zeros(4 * m, np.int32))
        seen["cut off"] += np.sum(a.cells.cost[:, side] == supply.FAR)
        seen["overloaded"] += np.sum(a.cells.supply[:, side] < 0.2)
        if units is not None:
            b = agree(supply.send, plain_supply.send, units, n, load, side, 250.0, 0.3, 3.0, a.parent, np.zeros(4 * m, np.int32))
            own = (units.kind[:n] >= 0) & (units.side[:n] == side)
            sources = b.load[a.parent < 0, side] - load[a.parent < 0, side] * 0.7
            needs = units.men[:n][own].sum() + int(250.0 / max((units.kind[:n][own] == 3).sum(), 1) * 3.0) * (units.kind[:n][own] == 3).sum()
            np.testing.assert_allclose(sources.sum(), 0.3 * needs)  # all that is needed passes where ways begin
        a = agree(supply.label_pockets, plain_supply.label_pockets, geo, a.cells, nodes, side, 4.0,
                  np.zeros(4 * m, np.int32))
        seen[f"pockets of side {side}"] += a.result
        seen["two pockets"] += a.result > 1


def test_supply():
    seen = Counter()
    with every_line(plain_supply):

        @on_scenes(8)
        def check(s):
            m = len(s.cells.control)
            closed = s.rng.integers(0, 3, (m, 2)).astype("i1")
            load = s.rng.exponential(1000.0, (m, 2)) * s.rng.integers(0, 3, (m, 2))
            knobs = wild(supply.Params, supply.Knobs, s.rng, mud_slows=(move.Params, "mud_slows"))
            search_both(s.geo, s.cells, s.nodes, s.blocks, s.world.network.sources, load, closed, s.rng.random(), knobs, seen, s.units, s.n)
            for enabled in (True, False):
                agree(supply.distribute, plain_supply.distribute, s.units, s.cells, s.n, 0.08,
                      s.rng.uniform(0, 30, (2, 2)), np.array([[40.0, 300.0], [20.0, 500.0]]), enabled)

        search_both(*long_map(), seen)  # in strips
    assert all(seen.values()), seen


@settings(max_examples=20)
@given(costs=st.lists(st.integers(0, 9).map(float), min_size=1, max_size=20))
def test_the_heap(costs):
    one, two = ((np.zeros(32), np.zeros(32, np.int32)) for _ in range(2))
    for size, cost in enumerate(costs):
        assert supply.push(*one, size, cost, size) == plain_supply.push(*two, size, cost, size) == size + 1
    out = []
    for size in range(len(costs), 0, -1):
        assert unlike(tuple(c[:size] for c in one), tuple(c[:size] for c in two)) == []
        entry = supply.pop(*one, size)
        assert unlike(entry, plain_supply.pop(*two, size)) == []
        out.append(entry[0])
    assert out == sorted(costs)
