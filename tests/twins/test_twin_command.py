"""Both commands: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from collections import Counter

import numpy as np
from plain import command as plain_command
from plain.scenes import KEY, TOUCH, TOWN, agree, every_line, on_scenes, wild

from sim.phases import command
from sim.phases.command import attacker, defender, line, orders


def test_command():
    seen = Counter()
    with every_line(plain_command):

        @on_scenes(40)
        def check(s):
            knobs = wild(command.Params, command.Knobs, s.rng, **TOUCH, **TOWN)
            g, u, c, f, n = s.geo, s.units, s.cells, s.formations, s.n
            points = int(s.front.count[0])
            f.infantry[f.active == 0] *= s.rng.integers(0, 2)
            agree(line.read_line, plain_command.read_line, g, c, s.nodes, s.front, 0.4, knobs)
            for row in range(len(f.side)):
                agree(line.set_base, plain_command.set_base, g, c, f, row, float(s.rng.uniform(3, 15)))
                agree(attacker.choose_axis, plain_command.choose_axis, f, row, s.objectives, float(s.rng.random()),
                      knobs)
            for k in range(0, points, 5):
                agree(attacker.attack_worth, plain_command.attack_worth, s.geo, c, s.front, k, knobs)
            for x, y in s.rng.uniform(-20.0, 40.0, (6, 2)).tolist():
                for name in ("nearest_point", "neediest_point", "distance_to_line"):
                    agree(getattr(line, name), getattr(plain_command, name), g, s.front, x, y)
            swing, turn = s.rng.uniform(0.2, 2.0, (2, len(s.objectives)))
            a = agree(attacker.direct_attacker, plain_command.direct_attacker, g, c, s.front, f, s.objectives, knobs,
                      1.2, swing, turn, 0.3, np.array([KEY, KEY + 1, KEY + 2], np.uint64)).formations
            mine = (f.side == 0) & (f.active == 1)
            seen["pulled out"] += np.sum(mine & (a.state > f.state))
            seen["back"] += np.sum(mine & (a.state < f.state))
            seen["new axis"] += np.sum(mine & (a.axis != f.axis))
            seen["new main point"] += np.sum(mine & (a.main_left > f.main_left))
            seen["no line"] += points == 0
            agree(attacker.make_room, plain_command.make_room, g, s.front, f, knobs)
            for row in range(len(f.side)):
                agree(attacker.men_per_km, plain_command.men_per_km, g, s.front, f, row, float(s.rng.uniform(1, 8)))
            agree(defender.direct_defender, plain_command.direct_defender, g, u, c, s.front, f, n, knobs)
            agree(orders.write_orders, plain_command.write_orders, g, c, s.front, f, s.orders, knobs)
            a = agree(attacker.find_lodgements, plain_command.find_lodgements, g, u, c, s.nodes, s.front, f, n, knobs).formations
            seen["lodgement"] += np.sum(a.follow > 0)
            a = agree(defender.lend, plain_command.lend, u, f, n, 0.5, KEY).formations
            seen["lent"] += np.sum(a.away > f.away)
            a = agree(defender.take_back, plain_command.take_back, f, 0.5, KEY).formations
            seen["taken back"] += np.sum(a.away < f.away)

    assert all(seen.values()) and len(seen) == 8, seen
