"""Standing contact: fire between groups near one another, and the hunt for those deep in enemy ground."""

from __future__ import annotations

import math

from sim.codes import CONSOLIDATE, DIRECT, HOLD, INFANTRY, INFILTRATE
from sim.columns import kernel
from sim.draws import binomial, uniform_of
from sim.fields import at_nodes, at_squares
from sim.phases.fire.duels import dug_in

NO_FIRE = 0.02  # fire, in men, below which no hit is drawn


@kernel
def contact(geo, units, cells, nodes, n, key, dt, light, weapon, knobs):
    """Standing contact: hits at a rate of type II in the enemy's fire (Holling 1959), and the hunt for few men deep inside."""
    for i in range(n):
        if units.kind[i] != INFANTRY or units.men[i] <= 0:
            continue
        task = units.task[i]
        if task != HOLD and task != CONSOLIDATE and task != INFILTRATE:
            continue
        s = units.side[i]
        fire = at_nodes(geo, nodes.fire, 1 - s, units.x[i], units.y[i])
        depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
        inside = depth < -knobs.touch_km if s == 0 else depth > knobs.touch_km
        if fire <= NO_FIRE and not inside:
            continue
        own = at_nodes(geo, nodes.presence, s, units.x[i], units.y[i])
        hazard = knobs.contact_per_day * weapon[1 - s] * fire / (own + knobs.search_men) * (knobs.dark + (1.0 - knobs.dark) * light)
        if task == HOLD:
            hazard = hazard * dug_in(units, cells, i, knobs)
        elif task == INFILTRATE:
            hazard = hazard * knobs.hunt
        if inside and task != HOLD:
            hazard += knobs.hunted_per_day * weapon[1 - s] / (1.0 + (own / knobs.hunted_men) ** 2)
        u = uniform_of(key, units.slot[i], 0)
        if u >= 1.0 - units.men[i] * hazard * dt:  # else there are none for certain
            units.hits[i, DIRECT] += binomial(u, units.men[i], 1.0 - math.exp(-hazard * dt))
