"""The defender's command: areas and bases of his formations, reserves lent to other fronts."""

from __future__ import annotations

import numpy as np

from sim.codes import HOLD, INFANTRY, RESERVE
from sim.columns import array_kernel, kernel
from sim.draws import binomial, key, uniform
from sim.phases.command.line import neediest_point, set_base, thinnest_salient
from sim.unit_rows import clear_row

TO_WHOLE = 1024.0  # positions are averaged in whole units of 1/1024 km, so that the order of rows does not matter


@array_kernel
def direct_defender(geo, units, cells, front, formations, n, knobs):
    """The defender's formations: each one's area is where its men are; its base lies behind that."""
    nf = formations.side.shape[0]
    sx = np.zeros(nf, np.int64)
    sy = np.zeros(nf, np.int64)
    men = np.zeros(nf, np.int64)
    for i in range(n):
        if units.kind[i] == INFANTRY and units.side[i] == 1 and units.task[i] == HOLD:
            f = units.formation[i]
            sx[f] += units.men[i] * int(units.x[i] * TO_WHOLE)
            sy[f] += units.men[i] * int(units.y[i] * TO_WHOLE)
            men[f] += units.men[i]
    for f in range(nf):
        if formations.side[f] != 1 or formations.active[f] == 0:
            continue
        formations.tempo[f] = 1.0
        x = formations.main_x[f]
        y = formations.main_y[f]
        if men[f] > 0 and formations.relief[f] == 0:
            x = sx[f] / men[f] / TO_WHOLE
            y = sy[f] / men[f] / TO_WHOLE
        if formations.relief[f] == 1:
            k = thinnest_salient(front, knobs.salient, x, y, knobs.relief_km)
            if k >= 0:
                formations.main_x[f] = front.x[k]
                formations.main_y[f] = front.y[k]
                set_base(geo, cells, formations, f, knobs.base_defender_km)
                continue
        k = neediest_point(geo, front, x, y)
        if k >= 0:
            formations.main_x[f] = front.x[k]
            formations.main_y[f] = front.y[k]
        set_base(geo, cells, formations, f, knobs.base_defender_km)


@kernel
def lend(units, formations, n, share, key):
    """Sends that share of the defender's reserve groups to another front; their men wait in the formation's books."""
    for i in range(n):
        if units.kind[i] == INFANTRY and units.side[i] == 1 and units.task[i] == RESERVE and units.hurt[i] == 0:
            if uniform(key, units.slot[i]) < share:
                formations.away[units.formation[i]] += units.men[i]
                clear_row(units, i)


@kernel
def take_back(formations, share, key):
    """Men lent to a front that has ended come back as drafts to their formations."""
    for f in range(formations.side.shape[0]):
        back = binomial(uniform(key, formations.tag[f]), formations.away[f], share)
        formations.away[f] -= back
        formations.recruits[f] += back


def other_fronts(world) -> None:
    """Lends reserves when another front opens and takes them back when it closes."""
    if not world.settings.arrive.other_fronts:
        return
    lent = sum(o.defender_share for o in world.scenario.other_front if o.start < world.date <= o.end)
    for k, o in enumerate(world.scenario.other_front):
        if o.start == world.date and o.defender_share > 0:
            lend(world.units, world.formations, world.n, o.defender_share, key(world.seed, f"lend {k}", world.day))
            lent += o.defender_share
        if o.end == world.date and o.defender_share > 0 and lent > 0:
            take_back(world.formations, min(1.0, o.defender_share / lent), key(world.seed, f"take back {k}", world.day))
