"""Draws: kernels and plain twins give the same bits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import draws as plain_draws
from plain.scenes import agree

from sim import draws

SLOTS = st.integers(0, 2**62)
UNIFORMS = st.floats(0.0, 1.0, exclude_max=True)
KEYS = st.integers(0, 2**64 - 1).map(np.uint64)


@given(key=KEYS, slot=SLOTS, k=st.integers(0, 20))
def test_uniforms(key, slot, k):
    agree(draws.uniform, plain_draws.uniform, key, slot)
    agree(draws.uniform_of, plain_draws.uniform_of, key, slot, k)


@settings(max_examples=100)
@given(u=UNIFORMS, v=UNIFORMS, mean=st.floats(0.0, 900.0), n=st.integers(0, 60), chance=st.floats(0.0, 1.0))
def test_distributions(u, v, mean, n, chance):
    agree(draws.poisson, plain_draws.poisson, u, mean)
    agree(draws.poisson, plain_draws.poisson, u, 20.0 * v)
    agree(draws.binomial, plain_draws.binomial, u, n, chance)
    agree(draws.binomial, plain_draws.binomial, u, n, 0.1 * v)
    agree(draws.normal, plain_draws.normal, u, v)
    agree(draws.exponential, plain_draws.exponential, u)
