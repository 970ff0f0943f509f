"""Decisions: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from collections import Counter

import numpy as np
from plain import decide as plain_decide
from plain.scenes import DAY_KEY, KEY, TOUCH, agree, changes, every_line, on_scenes, wild

from sim.forces import Kind, Task
from sim.phases import decide
from sim.phases.decide import crews, goals, infiltrators, reliefs, reserves


def test_decide():
    seen, tallies = Counter(), np.zeros((2, 4), int)
    with every_line(plain_decide):

        @on_scenes(60)
        def check(s):
            g, u, f, o, line, c, b = s.geo, s.units, s.formations, s.orders, s.front, s.cells, s.blocks
            knobs = wild(decide.Params, decide.Knobs, s.rng, **TOUCH)._replace(armor=1.0)
            armor = decide.ArmorKnobs(float(s.rng.uniform(1, 15)), 0.45, float(s.rng.uniform(0.25, 10)), 0.5, 3, 6)
            setback = np.array([0.0, 0.0, 3.0, 8.0, 0.0])
            dt, light, leafy, mud = (float(s.rng.choice(v)) for v in ([0.25, 3.0], [0.0, 1.0], [0.5, 1.3], [0.0, 1.0]))
            tally = np.zeros((2, 4), np.int64)
            f.follow[f.side == 0] = s.rng.choice([0.0, 2.0])  # a lodgement to go for, or none
            ready = agree(reserves.readiness, plain_decide.readiness, f, dt, light, 0.5, knobs).result
            a = agree(decide.decide, plain_decide.decide, g, u, f, o, line, c, s.nodes, b, s.n, KEY, DAY_KEY, dt, light, leafy,
                      0.5, mud, knobs, armor, setback, ready, tally)
            tallies[:] += a.tally
            changes(u, a.units, seen)
            seen["asks for relief"] += np.sum((u.partner != -2) & (a.units.partner == -2))
            crews = (u.kind == Kind.FPV_TEAM) | (u.kind == Kind.ARTILLERY)
            seen["resited"] += np.sum(crews & (a.units.goal_x != u.goal_x))
            seen["hops"] += np.sum((u.task == Task.INFILTRATE) & (u.stage == 2) & (a.units.stage == 1))
            pairs = agree(reliefs.match_reliefs, plain_decide.match_reliefs, u, s.n, 4.0, 20.0)
            seen["reliefs matched"] += pairs.result
            some = s.rng.permutation(np.flatnonzero(u.kind[: s.n] == Kind.INFANTRY))
            worth = np.round(u.days[some] / 20.0)  # many have the same
            agree(reliefs.in_turn, plain_decide.in_turn, some, u.slot, worth)
            seen["reliefs with a partner"] += np.sum((u.partner < 0) & (pairs.units.partner >= 0))

    attacker, defender = ("INFANTRY", "attacker"), ("INFANTRY", "defender")
    for who, was, becomes in (
        (attacker, "RESERVE", "ASSAULT"), (attacker, "RESERVE", "INFILTRATE"), (attacker, "RESERVE", "MARCH"),
        (defender, "RESERVE", "ASSAULT"), (defender, "RESERVE", "MARCH"), (("ARMOR", "attacker"), "RESERVE", "DASH"),
        (attacker, "HOLD", "WITHDRAW"), (defender, "HOLD", "WITHDRAW"), (attacker, "INFILTRATE", "CONSOLIDATE"),
        (attacker, "INFILTRATE", "HOLD"), (attacker, "CONSOLIDATE", "HOLD"), (attacker, "CONSOLIDATE", "WITHDRAW"),
        (defender, "CONSOLIDATE", "HOLD"), (defender, "CONSOLIDATE", "WITHDRAW"),
    ):
        assert seen[*who, was, becomes], (who, was, becomes)
    for what in ("asks for relief", "resited", "hops", "reliefs matched", "reliefs with a partner"):
        assert seen[what], what
    assert (tallies[0, [0, 1, 3]] > 0).all() and tallies[1, 2] > 0, "attacks, infiltrations, dashes; counterattacks"


def test_the_rules_decide_is_made_of():
    @on_scenes(5)
    def check(s):
        g, u, f, o, line, rng = s.geo, s.units, s.formations, s.orders, s.front, s.rng
        knobs = wild(decide.Params, decide.Knobs, rng, **TOUCH)
        rows = {side: np.flatnonzero((u.kind[: s.n] == 0) & (u.side[: s.n] == side))[:4].tolist() for side in (0, 1)}
        tally = np.zeros((2, 4), np.int64)
        ready = agree(reserves.readiness, plain_decide.readiness, f, 0.25, 0.5, 0.5, knobs).result
        agree(reserves.follow_rate, plain_decide.follow_rate, f, 0, 0.5, knobs)
        for margin in (0.05, 0.5):
            x = float(rng.uniform(-3, 15))
            agree(goals.inside, plain_decide.inside, g, x, margin)
            agree(goals.inside_y, plain_decide.inside_y, g, x, margin)
        for i in rows[0]:
            agree(reserves.attacker_reserve, plain_decide.attacker_reserve, g, u, f, o, line, i, KEY, 0.25, 1.1, 0.5,
                  ready, knobs, tally)
        for i in rows[1]:
            agree(reserves.defender_reserve, plain_decide.defender_reserve, g, u, f, o, line, i, KEY, DAY_KEY, 0.25,
                  ready, knobs, tally)
        for i in rows[0] + rows[1]:
            agree(infiltrators.infiltrator, plain_decide.infiltrator, g, u, s.cells, s.nodes, f, i, KEY, 0.7, knobs)
            agree(crews.resite, plain_decide.resite, g, u, o, line, i, KEY, 3.0)
            agree(goals.set_goal, plain_decide.set_goal, g, u, i, int(Task.MARCH), 13.0, 4.0)
            if line.count[0]:
                agree(goals.at_line, plain_decide.at_line, g, u, line, i, 0, int(Task.ASSAULT), 0.7, -0.3)
        way = rng.uniform(0.0, 12.0, 4).tolist()
        agree(crews.expected_burst, plain_decide.expected_burst, g, s.blocks, 0, *way)
