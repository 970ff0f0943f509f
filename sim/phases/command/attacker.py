"""The attacker's command: state, axis, main point and tempo of each formation, turns of directions, lodgements to follow."""

from __future__ import annotations

import math

import numpy as np

from sim.codes import CONSOLIDATE, FIGHTING, INFANTRY, REBUILDING
from sim.columns import kernel
from sim.draws import key, normal, uniform, uniform_of
from sim.fields import at_nodes, at_squares, mean_of_square
from sim.front import points_near
from sim.leadership import slowness
from sim.phases.command.line import WIDTHS, distance_to_line, nearest_point, set_base, thinnest_salient

LEAST_RETURN = 0.1  # of a direction beside the mean; the most is its inverse
FAR_KM = 300.0  # a main point is not sought farther away than this: its weight would be below 1e-8


@kernel
def choose_axis(formations, f, objectives, u, knobs):
    """Random choice of an objective for formation `f`, in proportion to weight and nearness. `objectives`: (n, 4) x, y, weight, open."""
    total = 0.0
    for o in range(objectives.shape[0]):
        d = math.hypot(objectives[o, 0] - formations.main_x[f], objectives[o, 1] - formations.main_y[f])
        total += objectives[o, 2] * objectives[o, 3] * math.exp(-d / knobs.objective_km)
    run_sum = 0.0
    for o in range(objectives.shape[0]):
        d = math.hypot(objectives[o, 0] - formations.main_x[f], objectives[o, 1] - formations.main_y[f])
        run_sum += objectives[o, 2] * objectives[o, 3] * math.exp(-d / knobs.objective_km)
        if run_sum > u * total:
            return o
    return formations.axis[f]


@kernel
def attack_worth(geo, cells, front, k, knobs):
    """Utility of attacking a point of the line, in km of line: thinly held, unbuilt, without works."""
    c = front.cell[k]
    built = mean_of_square(geo, cells.built, c)
    works = mean_of_square(geo, cells.works[:, 0], c)
    thin = math.exp(-knobs.weakness * math.log(1.0 + knobs.fire_deters * front.fire[k]))
    return (front.weight[k] * thin * (1.0 - knobs.built_aversion * min(built * knobs.town_scale, 1.0))
            * (1.0 - knobs.works_aversion * works))


@kernel
def pull_out(formations, f, objectives, strength, u, knobs):
    """State of formation `f`: pulled out below `pull_out`, back after its rebuilding with a new axis."""
    formations.rebuild_left[f] -= 1.0
    if formations.state[f] == FIGHTING and strength < knobs.pull_out:
        formations.state[f] = REBUILDING
        formations.rebuild_left[f] = knobs.rebuild_days
    elif formations.state[f] == REBUILDING and formations.rebuild_left[f] <= 0.0 and strength > knobs.pull_out:
        formations.state[f] = FIGHTING
        formations.axis[f] = choose_axis(formations, f, objectives, u, knobs)
        formations.main_left[f] = 0.0


@kernel
def main_weight(geo, cells, front, formations, f, k, ox, oy, nearest, knobs):
    """Weight of point `k` as the new main point of formation `f`: worth, nearness to its objective and to the old one."""
    d = math.hypot(front.x[k] - ox, front.y[k] - oy) - nearest
    stay = math.hypot(front.x[k] - formations.main_x[f], front.y[k] - formations.main_y[f])
    return attack_worth(geo, cells, front, k, knobs) * math.exp(-d / knobs.axis_km - stay / knobs.stay_km)


@kernel
def choose_main(geo, cells, front, formations, f, ox, oy, u, knobs):
    """Random choice of a new main point for formation `f` on its axis, whose objective lies at (ox, oy)."""
    nearest = distance_to_line(geo, front, ox, oy)
    first, last = points_near(geo, front, formations.main_y[f], FAR_KM)
    total = 0.0
    for k in range(first, last):
        total += main_weight(geo, cells, front, formations, f, k, ox, oy, nearest, knobs)
    run_sum = 0.0
    for k in range(first, last):
        run_sum += main_weight(geo, cells, front, formations, f, k, ox, oy, nearest, knobs)
        if run_sum > u * total:
            formations.main_x[f] = front.x[k]
            formations.main_y[f] = front.y[k]
            break


@kernel
def tempo_of(formations, f, strength, tempo_of_side, swing, mud, knobs):
    """Tempo of formation `f` beside the mean: season, axis, rebuilding, strength; none while its orders are on the way."""
    if formations.order_left[f] > 0.0:
        return 0.0
    tempo = tempo_of_side * (1.0 - knobs.mud_tempo * mud) * swing[formations.axis[f]]
    if formations.state[f] == REBUILDING:
        tempo *= knobs.rebuild_tempo
    return tempo * min(max((strength - knobs.worn_out) / knobs.strength_span, 0.0), knobs.strength_most)


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
        pull_out(formations, f, objectives, strength, uniform(keys[0], tag), knobs)
        if objectives[formations.axis[f], 3] < 0.5:
            formations.axis[f] = choose_axis(formations, f, objectives, uniform(keys[0], tag), knobs)
        axis = formations.axis[f]
        formations.main_left[f] -= 1.0
        if formations.main_left[f] <= 0.0 and front.count[0] > 0:
            choose_main(geo, cells, front, formations, f, objectives[axis, 0], objectives[axis, 1], uniform(keys[1], tag), knobs)
            formations.main_left[f] = knobs.main_days * (0.5 + uniform(keys[2], tag))
            formations.order_left[f] = knobs.order_days * slowness(formations.leadership[f])
        else:
            k = nearest_point(geo, front, formations.main_x[f], formations.main_y[f])
            if k >= 0:
                formations.main_x[f] = front.x[k]
                formations.main_y[f] = front.y[k]
        set_base(geo, cells, formations, f, knobs.base_km)
        formations.claim[f] = turn[axis]
        formations.tempo[f] = tempo_of(formations, f, strength, tempo_of_side, swing, mud, knobs)
        formations.order_left[f] -= 1.0


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
    first, last = points_near(geo, front, y, WIDTHS * width)
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
    """Where each attacking formation's follow-on goes: its deepest lodgement out of touch, else a thin salient."""
    for f in range(formations.side.shape[0]):
        formations.follow[f] = 0.0
    for i in range(n):
        if units.kind[i] != INFANTRY or units.side[i] != 0:
            continue
        if units.task[i] != CONSOLIDATE:
            continue
        depth = -at_squares(geo, cells.depth, units.x[i], units.y[i])
        f = units.formation[i]
        if math.hypot(units.x[i] - formations.main_x[f], units.y[i] - formations.main_y[f]) > knobs.lodgement_km:
            continue
        if depth < knobs.touch_km or at_nodes(geo, nodes.presence, 0, units.x[i], units.y[i]) < knobs.lodgement_men:
            continue
        if depth > formations.follow[f]:
            formations.follow[f] = depth
            formations.follow_x[f] = units.x[i]
            formations.follow_y[f] = units.y[i]
    for f in range(formations.side.shape[0]):
        if formations.side[f] == 0 and formations.active[f] == 1 and formations.follow[f] == 0.0:
            k = thinnest_salient(front, knobs.salient, formations.main_x[f], formations.main_y[f], knobs.lodgement_km)
            if k >= 0:
                formations.follow[f] = knobs.inside_km
                formations.follow_x[f] = front.x[k] + knobs.inside_km * front.east[k]
                formations.follow_y[f] = front.y[k] + knobs.inside_km * front.north[k]


def deadline_now(world) -> bool:
    """True while a dated deadline presses."""
    return world.settings.command.deadline and any(d.start <= world.date <= d.end for d in world.scenario.deadline)


def pulse_axes(world) -> None:
    """Alternating renewal process of operations by axis: on and off, each for an exponential time with its mean."""
    p, c = world.settings.command, world.campaign
    k = key(world.seed, "pulse", world.day)
    c.axis_left -= 1.0
    for axis in np.flatnonzero(c.axis_left <= 0.0):
        c.axis_pulse[axis] = 1 - c.axis_pulse[axis]
        mean = p.pulse_on_days if c.axis_pulse[axis] else p.pulse_off_days
        c.axis_left[axis] = max(mean * -math.log(1.0 - uniform(k, axis)), 1.0)


def come_and_go(world) -> None:
    """First-order autoregression of each direction's campaign tempo (`Campaign.surge`): one day.

    By direction, since each is a grouping's own: it surges and lulls as that gathers and spends men and shells.
    """
    p, c = world.settings.command, world.campaign
    keep = math.exp(-1.0 / p.campaign_days)
    k = key(world.seed, "campaign", world.day)
    for d in range(c.surge.size):
        c.surge[d] = c.surge[d] * keep + math.sqrt(1.0 - keep * keep) * normal(uniform_of(k, d, 0), uniform_of(k, d, 1))


def learn_returns(world) -> None:
    """Ground gained per attacking man and day by direction, beside the mean of all, from exponential averages: once a day.

    A direction without record counts as a mean one; none counts less than a tenth of the mean, or more than ten times it.
    """
    c, f, p = world.campaign, world.formations, world.settings.command
    area = world.geo.cell**2
    held = np.bincount(c.direction_at, world.cells.control, minlength=c.surge.size) * area
    gain, c.held = held - c.held, held
    mine = (f.side == 0) & (f.active == 1)
    effort = np.bincount(c.direction_of[f.axis[mine]], f.tempo[mine] * f.infantry[mine], minlength=c.surge.size)
    share = 1.0 - math.exp(-1.0 / p.returns_days)
    c.gained += (gain - c.gained) * share
    c.spent += (effort - c.spent) * share
    mean = c.gained.sum() / max(c.spent.sum(), 1.0)
    known = mean * c.spent > 0.0
    c.returns = np.where(known, np.clip(c.gained / np.where(known, mean * c.spent, 1.0), LEAST_RETURN, 1.0 / LEAST_RETURN), 1.0)


def take_turns(world, objectives) -> None:
    """The attacker's main direction: kept for weeks, the longer the more it brings, then drawn anew among those that have formations.

    A direction's weight is that of its open objectives times `Campaign.returns` to the power of `returns`.
    """
    c, p = world.campaign, world.settings.command
    fed = c.returns ** p.returns
    c.turn_left -= min(max(1.0 / fed[c.main_direction], 0.5), 2.0)
    open_axes = objectives[:, 3] > 0.5
    if c.turn_left > 0.0 and open_axes[c.direction_of == c.main_direction].any():
        return
    f = world.formations
    mine = (f.side == 0) & (f.active == 1)
    men = np.bincount(f.axis[mine], f.infantry[mine], minlength=len(objectives))
    weight = fed * np.bincount(c.direction_of, objectives[:, 2] * open_axes) * (np.bincount(c.direction_of, men) > 0)
    if not weight.any():
        weight[:] = 1.0
    u = uniform(key(world.seed, "main direction", world.day), 0)
    c.main_direction = int(np.searchsorted(np.cumsum(weight) / weight.sum(), u, side="right"))
    c.turn_left = p.turn_days * (0.4 + 1.2 * uniform(key(world.seed, "turn days", world.day), 0))


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
