"""Fire, presence and strength: kernels and plain twins give the same bits, and every line of the plain rule is run."""

import numpy as np
from plain import sense as plain_sense
from plain.scenes import agree, every_line, on_scenes, wild

from sim.fields import CONTACT
from sim.phases import sense


def test_sense():
    with every_line(plain_sense):

        @on_scenes(8)
        def check(s):
            knobs = wild(sense.Params, sense.Knobs, s.rng)
            agree(sense.spread, plain_sense.spread, s.geo, s.units, s.nodes, s.n, CONTACT, knobs)
            agree(sense.bin_contact, plain_sense.bin_contact, s.geo, s.units, s.n,
                  np.zeros(len(s.cells.control) + 1, np.int32), np.zeros(len(s.units.kind), np.int32))
            agree(sense.count_strength, plain_sense.count_strength, s.units, s.formations, s.n)
