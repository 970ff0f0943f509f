from __future__ import annotations

import math

import numpy as np

from sim.codes import CONSOLIDATE, FIGHTING, INFANTRY, REBUILDING
from sim.columns import kernel
from sim.draws import key, normal, uniform, uniform_of
from sim.fields import at_nodes, at_squares, mean_of_square
from sim.front import points_near
from sim.phases.command.line import distance_to_line, nearest_point, set_base, thinnest_salient

FAR_KM = 300.0  # a main point is not sought farther away than this: its weight would be below 1e-8
LODGEMENT_KM = 15.0  # how far a formation looks for a lodgement to follow
INSIDE_KM = 0.5  # how far behind the line of a salient its follow-on stands


@kernel
def choose_axis(formations, f, objectives, u):
    """Draws an objective for formation `f`: heavier and nearer ones more often. `objectives`: (n, 4) x, y, weight, open."""
    total = 0.0
    for o in range(objectives.shape[0]):
        d = math.hypot(objectives[o, 0] - formations.main_x[f], objectives[o, 1] - formations.main_y[f])
        total += objectives[o, 2] * objectives[o, 3] * math.exp(-d / 15.0)
    run_sum = 0.0
    for o in range(objectives.shape[0]):
        d = math.hypot(objectives[o, 0] - formations.main_x[f], objectives[o, 1] - formations.main_y[f])
        run_sum += objectives[o, 2] * objectives[o, 3] * math.exp(-d / 15.0)
        if run_sum > u * total:
            return o
    return formations.axis[f]


@kernel
def attack_worth(geo, cells, front, k, knobs):
    """How inviting a point of the line is to attack: thinly held, unbuilt, without works."""
    c = front.cell[k]
    built = mean_of_square(geo, cells.built, c)
    works = mean_of_square(geo, cells.works[:, 0], c)
    thin = math.exp(-knobs.weakness * math.log(1.0 + 0.15 * front.fire[k]))
    return (front.weight[k] * thin * (1.0 - knobs.built_aversion * min(built * 1.5, 1.0))
            * (1.0 - knobs.works_aversion * works))


@kernel
def direct_attacker(geo, cells, front, formations, objectives, knobs, tempo_of_side, swing, turn, mud, keys):
    """The attacker's formations: state, axis, main point, base, tempo and claim on recruits for the day.

    `swing`, `turn` (o,): tempo of each axis, and its claim on recruits, beside the mean.
    """
    for f in range(formations.side.shape[0]):
        if formations.side[f] != 0 or formations.active[f] == 0:
            continue
        tag = formations.tag[f]
        strength = (formations.infantry[f] + formations.recruits[f]) / max(formations.establishment[f], 1.0)
        formations.rebuild_left[f] -= 1.0
        if formations.state[f] == FIGHTING and strength < knobs.pull_out:
            formations.state[f] = REBUILDING
            formations.rebuild_left[f] = knobs.rebuild_days
        elif formations.state[f] == REBUILDING and formations.rebuild_left[f] <= 0.0 and strength > knobs.pull_out:
            formations.state[f] = FIGHTING
            formations.axis[f] = choose_axis(formations, f, objectives, uniform(keys[0], tag))
            formations.main_left[f] = 0.0
        if objectives[formations.axis[f], 3] < 0.5:
            formations.axis[f] = choose_axis(formations, f, objectives, uniform(keys[0], tag))
        formations.main_left[f] -= 1.0
        if formations.main_left[f] <= 0.0 and front.count[0] > 0:
            ox = objectives[formations.axis[f], 0]
            oy = objectives[formations.axis[f], 1]
            nearest = distance_to_line(geo, front, ox, oy)
            first, last = points_near(geo, front, formations.main_y[f], FAR_KM)
            total = 0.0
            for k in range(first, last):
                d = math.hypot(front.x[k] - ox, front.y[k] - oy) - nearest
                stay = math.hypot(front.x[k] - formations.main_x[f], front.y[k] - formations.main_y[f])
                total += attack_worth(geo, cells, front, k, knobs) * math.exp(-d / knobs.axis_km - stay / 15.0)
            run_sum = 0.0
            u = uniform(keys[1], tag)
            for k in range(first, last):
                d = math.hypot(front.x[k] - ox, front.y[k] - oy) - nearest
                stay = math.hypot(front.x[k] - formations.main_x[f], front.y[k] - formations.main_y[f])
                run_sum += attack_worth(geo, cells, front, k, knobs) * math.exp(-d / knobs.axis_km - stay / 15.0)
                if run_sum > u * total:
                    formations.main_x[f] = front.x[k]
                    formations.main_y[f] = front.y[k]
                    break
            formations.main_left[f] = knobs.main_days * (0.5 + uniform(keys[2], tag))
            formations.order_left[f] = knobs.order_days
        else:
            k = nearest_point(geo, front, formations.main_x[f], formations.main_y[f])
            if k >= 0:
                formations.main_x[f] = front.x[k]
                formations.main_y[f] = front.y[k]
        set_base(geo, cells, formations, f, knobs.base_km)
        tempo = tempo_of_side * (1.0 - knobs.mud_tempo * mud) * swing[formations.axis[f]]
        formations.claim[f] = turn[formations.axis[f]]
        if formations.state[f] == REBUILDING:
            tempo *= 0.1
        tempo *= min(max((strength - 0.55) / 0.4, 0.0), 1.25)
        if formations.order_left[f] > 0.0:
            tempo = 0.0
        formations.order_left[f] -= 1.0
        formations.tempo[f] = tempo


@kernel
def men_per_km(geo, front, formations, f, width):
    """The attacker's infantrymen to a km of line about the main point of formation `f`; 0 where there is no line."""
    x = formations.main_x[f]
    y = formations.main_y[f]
    men = 0.0
    for g in range(formations.side.shape[0]):
        if formations.side[g] == 0 and formations.active[g] == 1:
            d2 = (formations.main_x[g] - x) ** 2 + (formations.main_y[g] - y) ** 2
            men += formations.infantry[g] * math.exp(-0.5 * d2 / (width * width))
    length = 0.0
    first, last = points_near(geo, front, y, 3.5 * width)
    for k in range(first, last):
        d2 = (front.x[k] - x) ** 2 + (front.y[k] - y) ** 2
        length += front.weight[k] * math.exp(-0.5 * d2 / (width * width))
    return men / max(length, 1.0) if length > 0.0 else 0.0


@kernel
def make_room(geo, front, formations, knobs):
    """Lowers each attacking formation's tempo where more men crowd than the line has room for.

    A larger force brings a smaller share of itself to bear (the inefficiency of scale in Helmbold 1965).
    """
    for f in range(formations.side.shape[0]):
        if formations.side[f] == 0 and formations.active[f] == 1:
            formations.tempo[f] *= 1.0 / (1.0 + men_per_km(geo, front, formations, f, knobs.main_width_km) / knobs.room_men_km)


@kernel
def find_lodgements(geo, units, cells, nodes, front, formations, n, knobs):
    """Where each attacking formation's follow-on goes: its deepest lodgement of at least eight men, else a salient that is thin."""
    for f in range(formations.side.shape[0]):
        formations.follow[f] = 0.0
    for i in range(n):
        if units.kind[i] != INFANTRY or units.side[i] != 0:
            continue
        if units.task[i] != CONSOLIDATE:
            continue
        depth = -at_squares(geo, cells.depth, units.x[i], units.y[i])
        f = units.formation[i]
        if math.hypot(units.x[i] - formations.main_x[f], units.y[i] - formations.main_y[f]) > LODGEMENT_KM:
            continue
        if depth < 1.2 or at_nodes(geo, nodes.presence, 0, units.x[i], units.y[i]) < 8.0:
            continue
        if depth > formations.follow[f]:
            formations.follow[f] = depth
            formations.follow_x[f] = units.x[i]
            formations.follow_y[f] = units.y[i]
    for f in range(formations.side.shape[0]):
        if formations.side[f] == 0 and formations.active[f] == 1 and formations.follow[f] == 0.0:
            k = thinnest_salient(front, knobs.salient, formations.main_x[f], formations.main_y[f], LODGEMENT_KM)
            if k >= 0:
                formations.follow[f] = INSIDE_KM
                formations.follow_x[f] = front.x[k] + INSIDE_KM * front.east[k]
                formations.follow_y[f] = front.y[k] + INSIDE_KM * front.north[k]


def deadline_now(world) -> bool:
    """True while a dated deadline presses."""
    return world.settings.command.deadline and any(d.start <= world.date <= d.end for d in world.scenario.deadline)


def pulse_axes(world) -> None:
    """Operations come and go by axis: on for a while, off for a while, each with a mean length."""
    p, c = world.settings.command, world.campaign
    k = key(world.seed, "pulse", world.day)
    c.axis_left -= 1.0
    for axis in np.flatnonzero(c.axis_left <= 0.0):
        c.axis_pulse[axis] = 1 - c.axis_pulse[axis]
        mean = p.pulse_on_days if c.axis_pulse[axis] else p.pulse_off_days
        c.axis_left[axis] = max(mean * -math.log(1.0 - uniform(k, axis)), 1.0)


def come_and_go(world) -> None:
    """A day passes for the surge of each direction's offensive (`Campaign.surge`): first-order autoregressions, a draw a day.

    By direction, since each is a grouping's own: it surges and lulls as that gathers and spends men and shells.
    """
    p, c = world.settings.command, world.campaign
    keep = math.exp(-1.0 / p.campaign_days)
    k = key(world.seed, "campaign", world.day)
    for d in range(c.surge.size):
        c.surge[d] = c.surge[d] * keep + math.sqrt(1.0 - keep * keep) * normal(uniform_of(k, d, 0), uniform_of(k, d, 1))


def take_turns(world, objectives) -> None:
    """Which direction is the attacker's main one: kept for weeks, then drawn anew among those that have formations."""
    c = world.campaign
    c.turn_left -= 1.0
    open_axes = objectives[:, 3] > 0.5
    if c.turn_left > 0.0 and open_axes[c.direction_of == c.main_direction].any():
        return
    f = world.formations
    mine = (f.side == 0) & (f.active == 1)
    men = np.bincount(f.axis[mine], f.infantry[mine], minlength=len(objectives))
    weight = np.bincount(c.direction_of, objectives[:, 2] * open_axes) * (np.bincount(c.direction_of, men) > 0)
    if not weight.any():
        weight[:] = 1.0
    u = uniform(key(world.seed, "main direction", world.day), 0)
    c.main_direction = int(np.searchsorted(np.cumsum(weight) / weight.sum(), u, side="right"))
    c.turn_left = world.settings.command.turn_days * (0.4 + 1.2 * uniform(key(world.seed, "turn days", world.day), 0))


def effort(world) -> tuple[np.ndarray, np.ndarray]:
    """Tempo of each axis and its claim on recruits beside the mean, (o,) each.

    Both by the turn of its direction, with a mean of 1 over the infantry there is: effort is shifted, not made. Tempo by the
    surge of the direction and by the operations on the axis as well.
    """
    p, f, c = world.settings.command, world.formations, world.campaign
    turn = np.where(c.direction_of == c.main_direction, 1.0, p.turn_others)
    mine = (f.side == 0) & (f.active == 1) & (f.infantry > 0)
    turn = turn / (np.average(turn[f.axis[mine]], weights=f.infantry[mine]) if mine.any() else 1.0)
    surge = np.exp(p.campaign_sd * c.surge[c.direction_of] - 0.5 * p.campaign_sd**2)
    pulse = np.where(c.axis_pulse == 1, p.pulse_on, p.pulse_off) if p.pulses else 1.0
    return turn * surge * pulse, turn
