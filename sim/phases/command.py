"""Both commands, once a day: where the line is, where the effort goes, what is wanted where, who is sent elsewhere.

The attacker gives each formation an axis (an objective), renews its main point on that axis every two weeks, puts the weight
on one direction (a few axes) at a time, runs its operations in pulses, pulls a worn formation out, attacks less where its men crowd, reinforces lodgements and thin salients,
and raises tempo before a deadline. The defender rates every point of the line by what presses on it against what holds it,
and lends reserves to other fronts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.columns import array_kernel, kernel
from sim.draws import binomial, key, normal, uniform, uniform_of
from sim.enlist import clear_row
from sim.fields import at_nodes, at_squares, cell_at, mean_of_square, outline
from sim.forces import Kind, Task
from sim.front import N_CHOICES, points_near, trace
from sim.quantity import Parameters, quantity

READS = ("units", "cells", "nodes")
WRITES = ("formations", "cells", "blocks", "front", "orders", "units", "counters", "campaign")

FAR_KM = 300.0  # a main point is not sought farther away than this: its weight would be below 1e-8
RELIEF_KM, LODGEMENT_KM = 30.0, 15.0  # how far relief formations look for a salient, and a formation for a lodgement to follow
INSIDE_KM = 0.5  # how far behind the line of a salient its follow-on stands
INFANTRY = int(Kind.INFANTRY)
RESERVE, HOLD, CONSOLIDATE = int(Task.RESERVE), int(Task.HOLD), int(Task.CONSOLIDATE)


class Params(Parameters):
    manpower_ratio: float = quantity(4.0, "", low=0.5, high=12.0, doc="attacker's infantry to the defender's; scales the attacker's infantry and recruits. Unset: as the scenario musters", fact="prior_local_ratio", role="lever", short="manpower_ratio")
    main_days: float = quantity(14.0, "days", low=3.0, high=60.0, doc="how long a formation keeps its main point", fact="modelling assumption")
    main_width_km: float = quantity(4.0, "km", low=1.0, high=15.0, doc="half-width of a formation's attacks about its main point", fact="modelling assumption")
    axis_km: float = quantity(14.0, "km", low=4.0, high=60.0, doc="how far from its objective a formation still seeks a main point", fact="modelling assumption")
    weakness: float = quantity(1.0, "", low=0.0, high=3.0, doc="how strongly attacks prefer thinly held ground", fact="modelling assumption")
    built_aversion: float = quantity(0.75, "", low=0.0, high=1.0, doc="how strongly attacks avoid built-up ground", fact="modelling assumption")
    works_aversion: float = quantity(0.4, "", low=0.0, high=1.0, doc="how strongly attacks avoid works", fact="modelling assumption")
    pulses: bool = quantity(True, "switch", doc="operations come and go in pulses", fact="modelling assumption")
    pulse_on_days: float = quantity(7.0, "days", low=1.0, high=40.0, doc="mean length of an operation", fact="modelling assumption")
    pulse_off_days: float = quantity(9.0, "days", low=1.0, high=60.0, doc="mean pause between operations", fact="modelling assumption")
    pulse_on: float = quantity(1.6, "", low=1.0, high=4.0, doc="attacks in an operation beside the mean", fact="modelling assumption")
    pulse_off: float = quantity(0.5, "", low=0.0, high=1.0, doc="attacks between operations beside the mean", fact="modelling assumption")
    pull_out: float = quantity(0.70, "", low=0.3, high=0.95, doc="strength, of establishment, at which an attacking formation is pulled out", fact="prior_pull_out")
    rebuild_days: float = quantity(25.0, "days", low=5.0, high=90.0, doc="how long a pulled-out formation rebuilds", fact="modelling assumption")
    turn_days: float = quantity(60.0, "days", low=10.0, high=150.0, doc="mean time for which one direction is the main one", fact="net_box_2024_10")
    turn_others: float = quantity(0.15, "", low=0.02, high=1.0, doc="attacks on the axes of the other directions, and their claim on recruits, beside those of the main one", fact="net_box_2024_10")
    campaign_sd: float = quantity(0.55, "", low=0.0, high=1.0, doc="how much the tempo of a direction's offensive comes and goes (standard deviation of its logarithm)", fact="cv_month_box")
    campaign_days: float = quantity(35.0, "days", low=7.0, high=120.0, doc="how long a surge or a lull of a direction's offensive lasts", fact="weekly_ac1_box")
    order_days: float = quantity(2.0, "days", low=0.0, high=14.0, doc="pause between the choice of a new main point and the first attack there", fact="modelling assumption")
    mud_tempo: float = quantity(0.4, "", low=0.0, high=0.9, doc="share of attacks that deep mud stops", fact="modelling assumption")
    deadline: bool = quantity(True, "switch", doc="dated deadlines raise tempo", fact="modelling assumption", role="lever", short="deadline")
    deadline_tempo: float = quantity(1.7, "", low=1.0, high=4.0, doc="tempo before a deadline beside the mean", fact="modelling assumption", role="lever")
    deadline_follow: float = quantity(0.5, "", low=0.0, high=1.0, doc="follow-on and consolidation before a deadline beside the mean", fact="modelling assumption", role="lever")
    room_men_km: float = quantity(100.0, "soldiers/km", low=20.0, high=1000.0, doc="attacker's infantry to a km of line of which half finds room to attack", fact="modelling assumption")
    base_km: float = quantity(7.0, "km", low=3.0, high=25.0, doc="how far behind the line the attacker's reserves stand", fact="modelling assumption")
    base_defender_km: float = quantity(4.5, "km", low=2.0, high=25.0, doc="how far behind the line the defender's reserves stand", fact="modelling assumption")
    salient: float = quantity(0.36, "", low=0.1, high=0.5, doc="share of the ground within 3 km below which the attacker's ground is a salient that relief formations go for", fact="dobro_villages")
    area_km: float = quantity(9.0, "km", low=3.0, high=40.0, doc="half-width of the defender's look for places in need", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields])
@kernel
def read_line(geo, cells, nodes, front, memory):
    """What both sides know of each point of the line; `memory` is the weight of today in what is known."""
    for k in range(front.count[0]):
        c = front.cell[k]
        x = front.x[k]
        y = front.y[k]
        holding = at_nodes(geo, nodes.fire, 1, x - 0.4 * front.east[k], y - 0.4 * front.north[k])
        pressing = at_nodes(geo, nodes.presence, 0, x + 0.4 * front.east[k], y + 0.4 * front.north[k])
        front.fire[k] = holding
        front.presence[k] = pressing
        front.wide[k] = at_squares(geo, cells.wide, x, y)
        works = mean_of_square(geo, cells.works[:, 0], c)
        want = (0.5 + 0.25 * pressing + 0.5 * works + 1.5 * mean_of_square(geo, cells.built, c)) / (1.0 + holding)
        cells.need[c] += memory * (want - cells.need[c])
        front.need[k] = cells.need[c]


@kernel
def set_base(geo, cells, formations, f, base_km):
    """The reserve of formation `f` stands `base_km` behind its main point, on own ground."""
    sign = 1.0 if formations.side[f] == 0 else -1.0
    x = formations.main_x[f]
    y = formations.main_y[f]
    for _ in range(int(base_km / 0.5)):
        c = cell_at(geo, x, y)
        ax = x + sign * 0.5 * cells.east[c]
        ay = y + sign * 0.5 * cells.north[c]
        if ax < geo.x0 + 0.5 or ax > geo.x0 + geo.width - 0.5 or ay < geo.y0 + 0.5 or ay > geo.y0 + geo.height - 0.5:
            break
        x = ax
        y = ay
        if sign * at_squares(geo, cells.depth, x, y) >= base_km:
            break
    formations.base_x[f] = x
    formations.base_y[f] = y


@kernel
def least_far(geo, front, x, y, reach, in_need):
    """The point of the line least far from (x, y), the first of equals; -1 when there is no line.

    `in_need`: distance is divided by 0.3 + need (at most 1). Looked for within `reach` km, then twice as far, and so on,
    until no point farther away can be better.
    """
    while True:
        first, last = points_near(geo, front, y, reach)
        best = 1e18
        found = -1
        for k in range(first, last):
            d = math.hypot(front.x[k] - x, front.y[k] - y)
            if in_need:
                d = d / (0.3 + min(front.need[k], 1.0))
            if d < best:
                best = d
                found = k
        if best <= (reach / 1.3 if in_need else reach) or last - first == front.count[0]:
            return found
        reach *= 2.0


@kernel
def nearest_point(geo, front, x, y):
    """The point of the line nearest to (x, y); -1 when there is no line."""
    return least_far(geo, front, x, y, 8.0, False)


@kernel
def neediest_point(geo, front, x, y):
    """The point of the line that is near (x, y) and in need; -1 when there is no line."""
    return least_far(geo, front, x, y, 12.0, True)


@kernel
def distance_to_line(geo, front, x, y):
    """Distance in km from (x, y) to the nearest point of the line."""
    k = nearest_point(geo, front, x, y)
    return math.hypot(front.x[k] - x, front.y[k] - y) if k >= 0 else 1e9


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
        if formations.state[f] == 0 and strength < knobs.pull_out:
            formations.state[f] = 1
            formations.rebuild_left[f] = knobs.rebuild_days
        elif formations.state[f] == 1 and formations.rebuild_left[f] <= 0.0 and strength > knobs.pull_out:
            formations.state[f] = 0
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
        if formations.state[f] == 1:
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
def thinnest_salient(front, narrow, x, y, reach):
    """The point within `reach` km of (x, y) where the attacker's ground is thinnest, if it is a salient (`narrow`); else -1."""
    found = -1
    least = narrow
    for k in range(front.count[0]):
        if front.wide[k] < least and math.hypot(front.x[k] - x, front.y[k] - y) < reach:
            least = front.wide[k]
            found = k
    return found


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
            sx[f] += units.men[i] * int(units.x[i] * 1024.0)
            sy[f] += units.men[i] * int(units.y[i] * 1024.0)
            men[f] += units.men[i]
    for f in range(nf):
        if formations.side[f] != 1 or formations.active[f] == 0:
            continue
        formations.tempo[f] = 1.0
        x = formations.main_x[f]
        y = formations.main_y[f]
        if men[f] > 0 and formations.relief[f] == 0:
            x = sx[f] / men[f] / 1024.0
            y = sy[f] / men[f] / 1024.0
        if formations.relief[f] == 1:
            k = thinnest_salient(front, knobs.salient, x, y, RELIEF_KM)
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
        first, last = points_near(geo, front, formations.main_y[f], 3.5 * width)  # beyond, `near` is below 0.003
        for k in range(first, last):
            d = math.hypot(front.x[k] - formations.main_x[f], front.y[k] - formations.main_y[f])
            near = math.exp(-0.5 * (d / width) ** 2)
            if near < 0.003 or k_out >= N_CHOICES:
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


def deadline_now(world) -> bool:
    """True while a dated deadline presses."""
    return world.settings.command.deadline and any(d.start <= world.date <= d.end for d in world.scenario.deadline)


def pulse_axes(world) -> None:
    """Operations come and go by axis: on for a while, off for a while, each with a mean length."""
    p = world.settings.command
    k = key(world.seed, "pulse", world.day)
    world.axis_left -= 1.0
    for axis in np.flatnonzero(world.axis_left <= 0.0):
        world.axis_pulse[axis] = 1 - world.axis_pulse[axis]
        mean = p.pulse_on_days if world.axis_pulse[axis] else p.pulse_off_days
        world.axis_left[axis] = max(mean * -math.log(1.0 - uniform(k, axis)), 1.0)


def come_and_go(world) -> None:
    """A day passes for the surge of each direction's offensive (`world.campaign`): first-order autoregressions, a draw a day.

    By direction, since each is a grouping's own: it surges and lulls as that gathers and spends men and shells.
    """
    p = world.settings.command
    keep = math.exp(-1.0 / p.campaign_days)
    k = key(world.seed, "campaign", world.day)
    for d in range(world.campaign.size):
        world.campaign[d] = world.campaign[d] * keep + math.sqrt(1.0 - keep * keep) * normal(uniform_of(k, d, 0), uniform_of(k, d, 1))


def take_turns(world, objectives) -> None:
    """Which direction is the attacker's main one: kept for weeks, then drawn anew among those that have formations."""
    world.turn_left -= 1.0
    open_axes = objectives[:, 3] > 0.5
    if world.turn_left > 0.0 and open_axes[world.direction_of == world.main_direction].any():
        return
    f = world.formations
    mine = (f.side == 0) & (f.active == 1)
    men = np.bincount(f.axis[mine], f.infantry[mine], minlength=len(objectives))
    weight = np.bincount(world.direction_of, objectives[:, 2] * open_axes) * (np.bincount(world.direction_of, men) > 0)
    if not weight.any():
        weight[:] = 1.0
    u = uniform(key(world.seed, "main direction", world.day), 0)
    world.main_direction = int(np.searchsorted(np.cumsum(weight) / weight.sum(), u, side="right"))
    world.turn_left = world.settings.command.turn_days * (0.4 + 1.2 * uniform(key(world.seed, "turn days", world.day), 0))


def effort(world) -> tuple[np.ndarray, np.ndarray]:
    """Tempo of each axis and its claim on recruits beside the mean, (o,) each.

    Both by the turn of its direction, with a mean of 1 over the infantry there is: effort is shifted, not made. Tempo by the
    surge of the direction and by the operations on the axis as well.
    """
    p, f = world.settings.command, world.formations
    turn = np.where(world.direction_of == world.main_direction, 1.0, p.turn_others)
    mine = (f.side == 0) & (f.active == 1) & (f.infantry > 0)
    turn = turn / (np.average(turn[f.axis[mine]], weights=f.infantry[mine]) if mine.any() else 1.0)
    surge = np.exp(p.campaign_sd * world.campaign[world.direction_of] - 0.5 * p.campaign_sd**2)
    pulse = np.where(world.axis_pulse == 1, p.pulse_on, p.pulse_off) if p.pulses else 1.0
    return turn * surge * pulse, turn


def run(world) -> None:
    if not world.new_day:
        return
    p = world.settings.command
    knobs = world.knobs("command", Knobs)
    g, u, f, c = world.geo, world.units, world.formations, world.cells
    outline(g, c, world.blocks)
    trace(g, c, world.front)
    read_line(g, c, world.nodes, world.front, 0.4 if world.step_index else 1.0)
    other_fronts(world)
    held = world.objectives_held()
    objectives = np.column_stack([world.objectives, np.where(held, 0.0, 1.0)])
    if not objectives[:, 3].any():
        objectives[:, 3] = 1.0
    pressing = deadline_now(world)
    world.deadline = pressing
    take_turns(world, objectives)
    come_and_go(world)
    pulse_axes(world)
    tempo = p.deadline_tempo if pressing else 1.0
    keys = np.array([key(world.seed, name, world.day) for name in ("axis", "main point", "main days")], np.uint64)
    direct_attacker(g, c, world.front, f, objectives, knobs, tempo, *effort(world), world.sky.mud, keys)
    make_room(g, world.front, f, knobs)
    direct_defender(g, u, c, world.front, f, world.n, knobs)
    write_orders(g, c, world.front, f, world.orders, knobs)
    find_lodgements(g, u, c, world.nodes, world.front, f, world.n, knobs)
