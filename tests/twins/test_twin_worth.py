"""Worth of a man and pace of orders: kernels and plain twins give the same bits, and every line of the plain rules is run."""

import numpy as np
from plain import leadership as plain_leadership
from plain import worth as plain_worth
from plain.scenes import agree, every_line, on_scenes, wild

from sim import leadership, worth
from sim.phases import sense


def test_worth():
    with every_line(plain_worth):

        @on_scenes(8)
        def check(s):
            knobs = wild(sense.Params, worth.Knobs, s.rng)
            for i in s.rng.integers(0, s.n, 12).tolist():
                agree(worth.worth, plain_worth.worth, s.units, i, float(s.rng.random()), knobs)
            for rule in ("freshness", "settled"):
                agree(getattr(worth, rule), getattr(plain_worth, rule), float(s.rng.uniform(0, 90)), knobs)


def test_leadership():
    with every_line(plain_leadership):
        for led in np.linspace(0.0, 1.0, 30).tolist():
            agree(leadership.slowness, plain_leadership.slowness, led)


def test_knobs_of_worth_are_the_declared_ones():
    assert worth.Knobs._fields == tuple(sense.Params.model_fields)
