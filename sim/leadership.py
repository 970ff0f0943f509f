"""What poor leadership costs: time, until an order has become deeds."""

from __future__ import annotations

from numba import njit


@njit(inline="always")
def slowness(leadership):
    """How much longer orders take than under leadership of a half: from 2 without any to 2/3 under the best."""
    return 2.0 / (1.0 + 2.0 * leadership)
