"""Random draws in plain Python: whole numbers of 64 bits by hand, and the distributions made from one or two uniforms."""

from __future__ import annotations

import math

from sim.draws import mix

WORD = (1 << 64) - 1
GOLD = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio, odd
SECOND = 0x94D049BB133111EB
STEP = 2.0**-53


def mix64(z: int) -> int:
    """The splitmix64 finalizer."""
    return mix(int(z) & WORD)


def hashed(key: int, slot: int) -> int:
    """The 64-bit word of a key and a slot."""
    return mix64(mix64(int(slot) * GOLD + int(key)))


def uniform(key: int, slot: int) -> float:
    """A uniform number in [0, 1): the upper 53 bits of the word of this key and slot."""
    return (hashed(key, slot) >> 11) * STEP


def uniform_of(key: int, slot: int, k: int) -> float:
    """The k-th uniform number of this key and slot: the counter goes in between the two rounds of mixing."""
    return (mix64(mix64(int(slot) * GOLD + int(key)) + (int(k) + 1) * SECOND) >> 11) * STEP


def poisson(u: float, mean: float) -> int:
    """The smallest n whose cumulative Poisson chance exceeds `u`, for means up to 600."""
    mean = min(float(mean), 600.0)
    if mean <= 0.0:
        return 0
    n, chance = 0, math.exp(-mean)
    below = chance
    while u >= below and n < 1000:
        n += 1
        chance = chance * mean / n
        below += chance
        if chance < 1e-300:
            break
    return n


def binomial(u: float, n: int, chance: float) -> int:
    """The smallest k whose cumulative binomial chance exceeds `u`: how many of `n` with this chance each."""
    n, chance = int(n), float(chance)
    if n <= 0 or chance <= 0.0:
        return 0
    if chance >= 1.0:
        return n
    miss = 1.0 - chance
    exactly = math.prod([miss] * n, start=1.0)
    ratio = chance / miss
    below = exactly
    for k in range(n):
        if u < below:
            return k
        exactly = exactly * ratio * (n - k) / (k + 1)
        below += exactly
    return n


def normal(u: float, v: float) -> float:
    """A standard normal number from two uniforms: a radius and an angle (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - u))
    return radius * math.cos(6.283185307179586 * v)


def exponential(u: float) -> float:
    """An exponential number of mean 1 from one uniform."""
    return -math.log(1.0 - u)
