"""Random numbers as a pure function of (seed, stream, step, slot): common random numbers for paired runs.

A stream is named after the decision it decides; a slot is a unit's identity, never its row. So one more unit changes
nobody else's draws, rows may be stored in any order, and any number of threads draws the same numbers. The generator is
the splitmix64 finalizer used as a counter-based hash (Steele, Lea and Flood 2014; Salmon et al. 2011 for the idea).
"""

from __future__ import annotations

import math
from functools import cache
from hashlib import blake2b

import numpy as np
from numba import njit, uint64

GOLD = np.uint64(0x9E3779B97F4A7C15)
M1 = np.uint64(0xBF58476D1CE4E5B9)
M2 = np.uint64(0x94D049BB133111EB)
MASK = (1 << 64) - 1
TO_UNIT = 1.0 / 9007199254740992.0


@cache
def stream(name: str) -> int:
    """The number of a named stream: the same on every machine, whatever other streams exist."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def mix(z: int) -> int:
    """The splitmix64 finalizer on a Python integer."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def key(seed: int, name: str, step: int) -> np.uint64:
    """The 64-bit key of one named decision in one step of one run."""
    k = mix((seed + 0x9E3779B97F4A7C15) & MASK)
    k = mix(k ^ ((step * 0x9E3779B97F4A7C15) & MASK))
    return np.uint64(mix(k ^ stream(name)))


@njit(inline="always", cache=True)
def mix64(z):
    z = (z ^ (z >> uint64(30))) * M1
    z = (z ^ (z >> uint64(27))) * M2
    return z ^ (z >> uint64(31))


@njit(inline="always", cache=True)
def uniform(key, slot):
    """A uniform number in [0, 1) for this key and slot."""
    return np.float64(mix64(mix64(uint64(slot) * GOLD + key)) >> uint64(11)) * TO_UNIT


@njit(inline="always", cache=True)
def uniform_of(key, slot, k):
    """The k-th uniform number in [0, 1) of this key and slot."""
    return np.float64(mix64(mix64(uint64(slot) * GOLD + key) + uint64(k + 1) * M2) >> uint64(11)) * TO_UNIT


@njit(cache=True)
def poisson(u, mean):
    """A Poisson number by inversion of one uniform `u`, for means up to 600 (a greater mean counts as 600)."""
    mean = min(mean, 600.0)
    if mean <= 0.0 or u < 1.0 - mean:  # exp(-mean) >= 1 - mean, so it is 0: saves the exponential
        return 0
    p = math.exp(-mean)
    total = p
    n = 0
    while u >= total and n < 1000:
        n += 1
        p = p * mean / n
        total = total + p
        if p < 1e-300:
            break
    return n


@njit(cache=True)
def binomial(u, n, chance):
    """A binomial number by inversion of one uniform `u`: how many of `n` with this chance each."""
    if n <= 0 or chance <= 0.0 or u < 1.0 - n * chance:  # (1 - p)^n >= 1 - n p, so it is 0: saves the power
        return 0
    if chance >= 1.0:
        return n
    q = 1.0 - chance
    p = 1.0
    for _ in range(n):
        p = p * q
    total = p
    ratio = chance / q
    k = 0
    while u >= total and k < n:
        p = p * ratio * (n - k) / (k + 1)
        k += 1
        total = total + p
    return k


@njit(cache=True)
def normal(u, v):
    """A standard normal number from two uniforms (Box and Muller 1958)."""
    return math.sqrt(-2.0 * math.log(1.0 - u)) * math.cos(6.283185307179586 * v)


@njit(cache=True)
def exponential(u):
    """An exponential number of mean 1 from one uniform."""
    return -math.log(1.0 - u)
