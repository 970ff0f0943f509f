"""Close combat: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

import copy

import numpy as np
from plain.fields import at_squares
from plain.fire import nearest_position
from plain.stirred import lively, same_bits

from sim.forces import Kind, Stage, Task
from sim.phases import sense
from sim.phases.fire import attacks

MUST_SEE = {"duel won", "duel stopped", "duel broken", "lodged", "broken", "broken on its way", "stopped", "shot down", "set down",
             "without vehicles", "slipped through", "slipped short", "turned back", "hit in contact", "hunted", "met",
             "alone"}


def events(kernel, old, new, result):
    if kernel == "duel":
        return {{1: "duel won", 0: "duel stopped", -1: "duel broken"}[result[1]]: 1}
    if kernel == "nearest_position":
        return {"met" if result >= 0 else "alone": 1}
    u = new["units"]
    if kernel == "contact":
        hit = np.flatnonzero((u.hits > old["units"].hits).any(axis=1))
        depth = [at_squares(new["geo"], new["cells"].depth, u.x[i].item(), u.y[i].item()) for i in hit]
        inside = np.where(u.side[hit] == 0, -1.0, 1.0) * depth > new["knobs"].touch_km
        return {"hit in contact": len(hit), "hunted": (inside & (u.task[hit] != Task.HOLD)).sum()}
    if kernel == "engage":
        dashed = (old["units"].task == Task.DASH) & (old["units"].stage == 1)
        return {"set down": (dashed & (u.stage == Stage.SETS_DOWN)).sum(),
                "without vehicles": (dashed & (old["units"].vehicles <= old["units"].burst)).sum()}
    i = new["i"]
    counted = new["tally"] - old["tally"]
    if kernel == "attack":
        home = u.task[i] == Task.WITHDRAW
        before = old["units"]
        whole = before.hits[i].sum() == 0
        untouched = (u.hits == before.hits).all()  # it was not hit since it came to the line
        return {"broken on its way": counted[:, 1].sum() > 0 and untouched and not whole, "lodged": counted[:, 0].sum(), "broken": counted[:, 1].sum(), "stopped": home - counted[:, 1].sum(),
                "shot down": not home and not counted.any()}
    far = counted[:, 2].sum() > 0
    short = far and np.hypot(u.x[i] - old["units"].goal_x[i], u.y[i] - old["units"].goal_y[i]) > 1e-9
    return {"slipped short": short, "slipped through": far and not short, "turned back": u.task[i] == Task.WITHDRAW}


def test_fire():
    same_bits("fire", events, MUST_SEE)


def test_ties_between_positions_go_by_slot():
    """Two positions at the same place: the lower slot is met first, then the other, then nobody."""
    world = copy.deepcopy(lively(1.0))
    u = world.units
    pair = np.flatnonzero((u.kind == Kind.INFANTRY) & (u.side == 1))[:2]
    u.task[pair], u.x[pair], u.y[pair], u.men[pair], u.hits[pair] = Task.HOLD, 5.0, 5.0, 3, 0
    sense.run(world)
    pair = pair[np.argsort(u.slot[pair])]
    for met, found in (([], pair[0]), ([pair[0]], pair[1]), (list(pair), None)):
        places = (world.geo, u, world.bins.start, world.bins.order, 0, 5.0, 5.0, 0.01)
        got = attacks.nearest_position(*places, np.array([*met, -1]), len(met))
        assert got == nearest_position(*places, met, len(met)) == (-1 if found is None else found)
