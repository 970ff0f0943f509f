"""Visibility: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from plain import visibility as plain_visibility
from plain.scenes import agree, every_line, on_scenes

from sim import visibility


def test_visibility():
    with every_line(plain_visibility):

        @on_scenes(6)
        def check(s):
            for i in s.rng.integers(0, s.n, 40).tolist():
                shares = s.rng.uniform(0.1, 2.0, 3).tolist()
                agree(visibility.visibility, plain_visibility.visibility, s.units, i, 5, *shares)
