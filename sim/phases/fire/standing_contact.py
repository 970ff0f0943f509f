from __future__ import annotations

import math

from sim.codes import CONSOLIDATE, DIRECT, HOLD, INFANTRY, INFILTRATE
from sim.columns import kernel
from sim.draws import binomial, uniform_of
from sim.fields import at_nodes, at_squares
from sim.phases.fire.duels import dug_in


@kernel
def contact(geo, units, cells, nodes, n, key, dt, light, weapon, knobs):
    """Standing fire between groups near one another."""
    for i in range(n):
        if units.kind[i] != INFANTRY or units.men[i] <= 0:
            continue
        task = units.task[i]
        if task != HOLD and task != CONSOLIDATE and task != INFILTRATE:
            continue
        s = units.side[i]
        fire = at_nodes(geo, nodes.fire, 1 - s, units.x[i], units.y[i])
        depth = at_squares(geo, cells.depth, units.x[i], units.y[i])
        inside = depth < -1.2 if s == 0 else depth > 1.2
        if fire <= 0.02 and not inside:
            continue
        own = at_nodes(geo, nodes.presence, s, units.x[i], units.y[i])
        hazard = knobs.contact_per_day * weapon[1 - s] * fire / (own + knobs.search_men) * (knobs.dark + (1.0 - knobs.dark) * light)
        if task == HOLD:
            hazard = hazard * dug_in(units, cells, i, knobs)
        elif task == INFILTRATE:
            hazard = hazard * knobs.hunt
        if inside and task != HOLD:
            hazard += knobs.hunted_per_day * weapon[1 - s] / (1.0 + (own / 10.0) ** 2)
        u = uniform_of(key, units.slot[i], 0)
        if u >= 1.0 - units.men[i] * hazard * dt:  # else surely none
            units.hits[i, DIRECT] += binomial(u, units.men[i], 1.0 - math.exp(-hazard * dt))
