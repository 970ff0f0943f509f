"""Orders: the points of the line that each formation may choose from, weighted."""

from __future__ import annotations

import math

from sim.columns import kernel
from sim.fields import mean_of_square
from sim.front import N_CHOICES, points_near
from sim.phases.command.attacker import attack_worth
from sim.phases.command.line import WIDTHS

LEAST_NEAR = 0.003  # points that count less than this are left out


@kernel
def write_orders(geo, cells, front, formations, orders, knobs):
    """For each formation the points it may choose from, with running weights."""
    for f in range(formations.side.shape[0]):
        orders.count[f] = 0
        if formations.active[f] == 0 and formations.infantry[f] == 0:
            continue
        attacker = formations.side[f] == 0
        width = knobs.main_width_km if attacker else knobs.area_km
        strong = 0.0
        weak = 0.0
        k_out = 0
        first, last = points_near(geo, front, formations.main_y[f], WIDTHS * width)
        for k in range(first, last):
            d = math.hypot(front.x[k] - formations.main_x[f], front.y[k] - formations.main_y[f])
            near = math.exp(-0.5 * (d / width) ** 2)
            if near < LEAST_NEAR or k_out >= N_CHOICES:
                continue
            if attacker:
                strong += near * attack_worth(geo, cells, front, k, knobs)
                thin = 1.0 / (1.0 + 0.25 * front.fire[k])
                weak += near * front.weight[k] * thin * thin * (0.4 + 0.6 * mean_of_square(geo, cells.wood, front.cell[k]))
            else:
                strong += near * front.weight[k]
                weak += near * front.weight[k] * front.need[k]
            orders.point[f, k_out] = k
            orders.strong[f, k_out] = strong
            orders.weak[f, k_out] = weak
            k_out += 1
        orders.count[f] = k_out
