"""Both commands in plain Python: the line, main points, bases, tempo, orders, lodgements, reserves lent."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import accumulate

from plain.draws import binomial, uniform
from plain.fields import at_nodes, at_squares, cell_at, mean_of_square
from plain.front import points, points_near
from plain.leadership import slowness
from plain.rows import Row, clamp, length_of, rows, square, total
from plain.unit_rows import clear_row
from sim.forces import Kind, Task
from sim.front import N_CHOICES

STRIDE_KM = 0.5
FAR_KM = 300.0  # a main point is not sought farther north or south than this
EDGE_KM = 0.5
MEN_UNITS = 1024.0  # positions are averaged in whole units of 1/1024 km
LEAST_NEAR = 0.003
LEAST_NEED = 0.3  # added to need where distance is divided by it


def infantry(units, n: int, side: int, task: int) -> list[Row]:
    """A side's groups of infantry with this task."""
    return [u for u in rows(units, n) if u.kind == Kind.INFANTRY and u.side == side and u.task == task]


def far_from(point: Row, x: float, y: float) -> float:
    """Distance of a point of the line from a place, km."""
    return length_of(point.x - x, point.y - y)


def first_above(weights: list[float], u: float) -> int | None:
    """The first entry at which the running sum of weights exceeds the share `u` of them all, if any."""
    everything = total(weights)
    return next((k for k, running in enumerate(accumulate(weights)) if running > u * everything), None)


def read_line(geo, cells, nodes, front, memory: float, knobs) -> None:
    """State of each point as both sides know it: fire behind it, presence before it, and the need for men."""
    for p in points(front):
        cell = Row(cells, p.cell)
        dx, dy = knobs.look_km * p.east, knobs.look_km * p.north
        p.fire = at_nodes(geo, nodes.fire, 1, p.x - dx, p.y - dy)
        p.presence = at_nodes(geo, nodes.presence, 0, p.x + dx, p.y + dy)
        p.wide = at_squares(geo, cells.wide, p.x, p.y)
        works, built = (mean_of_square(geo, field, p.cell) for field in (cells.works[:, 0], cells.built))
        want = knobs.need_base + knobs.need_pressure * p.presence + knobs.need_works * works + knobs.need_built * built
        cell.need += memory * (want / (1.0 + p.fire) - cell.need)
        p.need = cell.need


def set_base(geo, cells, formations, f: int, base_km: float) -> None:
    """The base lies `base_km` behind the main point: by strides of 0.5 km towards the own rear, not off the map."""
    home = Row(formations, f)
    sign = 1.0 if home.side == 0 else -1.0
    x, y = home.main_x, home.main_y
    for _ in range(int(base_km / STRIDE_KM)):
        here = Row(cells, cell_at(geo, x, y))
        next_x = x + sign * STRIDE_KM * here.east
        next_y = y + sign * STRIDE_KM * here.north
        in_x = geo.x0 + EDGE_KM <= next_x <= geo.x0 + geo.width - EDGE_KM
        in_y = geo.y0 + EDGE_KM <= next_y <= geo.y0 + geo.height - EDGE_KM
        if not (in_x and in_y):
            break
        x, y = next_x, next_y
        if sign * at_squares(geo, cells.depth, x, y) >= base_km:
            break
    home.base_x, home.base_y = x, y


def choose_axis(formations, f: int, objectives, u: float, knobs) -> int:
    """Draws an open objective, heavier and nearer ones more often; keeps the axis when none is open."""
    home = Row(formations, f)
    weights = [
        weight * is_open * math.exp(-length_of(x - home.main_x, y - home.main_y) / knobs.objective_km)
        for x, y, weight, is_open in objectives.tolist()
    ]
    chosen = first_above(weights, u)
    return home.axis if chosen is None else chosen


def attack_worth(geo, cells, front, k: int, knobs) -> float:
    """How inviting a point of the line is to attack: thinly held, unbuilt, without works."""
    point = Row(front, k)
    thin = math.exp(-knobs.weakness * math.log(1.0 + knobs.fire_deters * point.fire))
    unbuilt = 1.0 - knobs.built_aversion * min(mean_of_square(geo, cells.built, point.cell) * knobs.town_scale, 1.0)
    without_works = 1.0 - knobs.works_aversion * mean_of_square(geo, cells.works[:, 0], point.cell)
    return point.weight * thin * unbuilt * without_works


def main_weight(geo, cells, front, formations, f: int, k: int, ox: float, oy: float, nearest: float, knobs) -> float:
    """Weight of a point as a formation's new main point: inviting, near its objective, not too far from the old one."""
    home, p = Row(formations, f), Row(front, k)
    d, stay = far_from(p, ox, oy) - nearest, far_from(p, home.main_x, home.main_y)
    return attack_worth(geo, cells, front, k, knobs) * math.exp(-d / knobs.axis_km - stay / knobs.stay_km)


def choose_main(geo, cells, front, formations, f: int, ox: float, oy: float, u: float, knobs) -> None:
    """Draws a new main point by weight; the old one stays where nothing has any."""
    home = Row(formations, f)
    line = points(front)[slice(*points_near(geo, front, home.main_y, FAR_KM))]
    nearest = distance_to_line(geo, front, ox, oy)
    chosen = first_above([main_weight(geo, cells, front, formations, f, p.row, ox, oy, nearest, knobs) for p in line], u)
    if chosen is not None:
        move_main(front, home, line[chosen].row)


def first_least(front, far) -> int:
    """The point of the line with the least `far`, the first of equals; -1 when there is no line."""
    best = min(points(front), key=far, default=None)
    return -1 if best is None else best.row


def least_far(geo, front, x: float, y: float, reach: float, in_need: bool) -> int:
    """The point of the line least far from a place, where points in need may count as nearer; every point is looked at."""
    return first_least(front, lambda p: far_from(p, x, y) / (LEAST_NEED + min(p.need, 1.0) if in_need else 1.0))


def nearest_point(geo, front, x: float, y: float) -> int:
    """The point of the line nearest to a place."""
    return least_far(geo, front, x, y, 8.0, False)


def neediest_point(geo, front, x: float, y: float) -> int:
    """The point of the line nearest to a place, where points in need count as nearer."""
    return least_far(geo, front, x, y, 12.0, True)


def distance_to_line(geo, front, x: float, y: float) -> float:
    """Distance from a place to the nearest point of the line, km."""
    return min((far_from(p, x, y) for p in points(front)), default=1e9)


def thinnest_salient(front, narrow: float, x: float, y: float, reach: float) -> int:
    """The point near by with the least of the attacker's ground about it, if less than `narrow`; -1 if there is none."""
    near = [p for p in points(front) if p.wide < narrow and length_of(p.x - x, p.y - y) < reach]
    return min(near, key=lambda p: (p.wide, p.row)).row if near else -1


def move_main(front, home: Row, k: int) -> None:
    """Moves a formation's main point to point `k` of the line, if there is one."""
    if k >= 0:
        home.main_x, home.main_y = front.x[k], front.y[k]


def strength_of(home: Row) -> float:
    """Infantry and recruits beside the establishment."""
    return (home.infantry + home.recruits) / max(home.establishment, 1.0)


def tempo_of(formations, f: int, strength: float, tempo_of_side: float, swing, mud: float, knobs) -> float:
    """A formation's tempo: mud, what its axis has beside the mean, rebuilding, strength, the pause after a new choice."""
    home = Row(formations, f)
    factors = [1.0 - knobs.mud_tempo * mud, swing[home.axis].item()]
    if home.state == 1:
        factors.append(knobs.rebuild_tempo)
    factors.append(clamp((strength - knobs.worn_out) / knobs.strength_span, 0.0, knobs.strength_most))
    return math.prod(factors, start=float(tempo_of_side)) if home.order_left <= 0.0 else 0.0


def pull_out(formations, f: int, objectives, strength: float, u: float, knobs) -> None:
    """A weak formation is pulled out; one that has rebuilt returns, to a new axis and main point."""
    home = Row(formations, f)
    home.rebuild_left -= 1.0
    if home.state == 0 and strength < knobs.pull_out:
        home.state, home.rebuild_left = 1, knobs.rebuild_days
    elif home.state == 1 and home.rebuild_left <= 0.0 and strength > knobs.pull_out:
        home.state, home.main_left = 0, 0.0
        home.axis = choose_axis(formations, f, objectives, u, knobs)


def direct_attacker(geo, cells, front, formations, objectives, knobs, tempo_of_side, swing, turn, mud,
                    keys) -> None:
    """The attacker's formations: pulled out or back, axis, main point, base and tempo for the day.

    `swing`, `turn`: tempo of each axis, and its claim on recruits, beside the mean.
    """
    key_axis, key_main, key_days = (int(k) for k in keys)
    for home in rows(formations):
        if home.side != 0 or home.active == 0:
            continue
        strength = strength_of(home)
        pull_out(formations, home.row, objectives, strength, uniform(key_axis, home.tag), knobs)
        if objectives[home.axis, 3] < 0.5:
            home.axis = choose_axis(formations, home.row, objectives, uniform(key_axis, home.tag), knobs)
        home.main_left -= 1.0
        if home.main_left <= 0.0 and front.count[0] > 0:
            ox, oy = objectives[home.axis, :2].tolist()
            choose_main(geo, cells, front, formations, home.row, ox, oy, uniform(key_main, home.tag), knobs)
            home.main_left = knobs.main_days * (0.5 + uniform(key_days, home.tag))
            home.order_left = knobs.order_days * slowness(home.leadership)
        else:
            move_main(front, home, nearest_point(geo, front, home.main_x, home.main_y))
        set_base(geo, cells, formations, home.row, knobs.base_km)
        home.claim = turn[home.axis]
        home.tempo = tempo_of(formations, home.row, strength, tempo_of_side, swing, mud, knobs)
        home.order_left -= 1.0


def men_per_km(geo, front, formations, f: int, width: float) -> float:
    """The attacker's infantrymen to a km of line about the main point of a formation, both weighed by nearness."""
    home = Row(formations, f)

    def near(x: float, y: float) -> float:
        return math.exp(-0.5 * (square(x - home.main_x) + square(y - home.main_y)) / (width * width))

    attackers = [g for g in rows(formations) if g.side == 0 and g.active == 1]
    line = points(front)[slice(*points_near(geo, front, home.main_y, 3.5 * width))]
    length = total(p.weight * near(p.x, p.y) for p in line)
    return total(g.infantry * near(g.main_x, g.main_y) for g in attackers) / max(length, 1.0) if length > 0.0 else 0.0


def make_room(geo, front, formations, knobs) -> None:
    """Lowers each attacking formation's tempo by the crowd at its main point: half at `room_men_km`."""
    for home in rows(formations):
        if home.side == 0 and home.active == 1:
            crowd = men_per_km(geo, front, formations, home.row, knobs.main_width_km)
            home.tempo *= 1.0 / (1.0 + crowd / knobs.room_men_km)


def direct_defender(geo, units, cells, front, formations, n: int, knobs) -> None:
    """The defender's formations: each one's area is where its men hold the line; a relief formation's is where it was.

    The main point is the point of the line nearest to it, where points in need count as nearer; a relief formation's is
    where the attacker's ground is a salient, if it is one near by.
    """
    held = defaultdict(list)
    for unit in infantry(units, n, 1, Task.HOLD):
        held[unit.formation].append(unit)
    for home in rows(formations):
        if home.side != 1 or home.active == 0:
            continue
        home.tempo = 1.0
        x, y = home.main_x, home.main_y
        groups = held[home.row]
        men = sum(unit.men for unit in groups)
        if men > 0 and home.relief == 0:
            x = sum(unit.men * int(unit.x * MEN_UNITS) for unit in groups) / men / MEN_UNITS
            y = sum(unit.men * int(unit.y * MEN_UNITS) for unit in groups) / men / MEN_UNITS
        salient = thinnest_salient(front, knobs.salient, x, y, knobs.relief_km) if home.relief == 1 else -1
        move_main(front, home, salient if salient >= 0 else neediest_point(geo, front, x, y))
        set_base(geo, cells, formations, home.row, knobs.base_defender_km)


def write_orders(geo, cells, front, formations, orders, knobs) -> None:
    """For each formation the points about its main point, at most so many, with running weights for both choices."""
    for home in rows(formations):
        orders.count[home.row] = 0
        if home.active == 0 and home.infantry == 0:
            continue
        width = knobs.main_width_km if home.side == 0 else knobs.area_km
        choices = []
        for p in points(front):
            near = math.exp(-0.5 * square(far_from(p, home.main_x, home.main_y) / width))
            if near >= LEAST_NEAR:
                choices.append((p, near))
        del choices[N_CHOICES:]
        weigh = attacker_weights if home.side == 0 else defender_weights
        weights = [weigh(geo, cells, front, p, near, knobs) for p, near in choices]
        m = len(choices)
        orders.point[home.row, :m] = [p.row for p, _ in choices]
        orders.strong[home.row, :m] = list(accumulate(strong for strong, _ in weights))
        orders.weak[home.row, :m] = list(accumulate(weak for _, weak in weights))
        orders.count[home.row] = m


def attacker_weights(geo, cells, front, p: Row, near: float, knobs) -> tuple[float, float]:
    """Weight of a point for attacks, and for infiltration: where fire is thin, rather under trees."""
    thin = 1.0 / (1.0 + 0.25 * p.fire)
    leafy = 0.4 + 0.6 * mean_of_square(geo, cells.wood, p.cell)
    return near * attack_worth(geo, cells, front, p.row, knobs), near * p.weight * thin * thin * leafy


def defender_weights(geo, cells, front, p: Row, near: float, knobs) -> tuple[float, float]:
    """Weight of a point by its length of line, and by its need for men besides."""
    return near * p.weight, near * p.weight * p.need


def find_lodgements(geo, units, cells, nodes, front, formations, n: int, knobs) -> None:
    """For each formation its deepest lodgement in company and out of touch; the first of equals.

    Where there is none, a little behind the line of the thinnest salient near by.
    """
    best = {}
    for unit in infantry(units, n, 0, Task.CONSOLIDATE):
        home = Row(formations, unit.formation)
        near = length_of(unit.x - home.main_x, unit.y - home.main_y) <= knobs.lodgement_km
        depth = -at_squares(geo, cells.depth, unit.x, unit.y)
        men = at_nodes(geo, nodes.presence, 0, unit.x, unit.y)
        if near and depth >= knobs.touch_km and men >= knobs.lodgement_men and depth > best.get(unit.formation, (0.0,))[0]:
            best[unit.formation] = depth, unit.x, unit.y
    for home in rows(formations):
        home.follow = 0.0
        if home.row in best:
            home.follow, home.follow_x, home.follow_y = best[home.row]
        elif home.side == 0 and home.active == 1:
            k = thinnest_salient(front, knobs.salient, home.main_x, home.main_y, knobs.lodgement_km)
            if k >= 0:
                home.follow = knobs.inside_km
                home.follow_x = front.x[k] + knobs.inside_km * front.east[k]
                home.follow_y = front.y[k] + knobs.inside_km * front.north[k]


def lend(units, formations, n: int, share: float, key) -> None:
    """Each of the defender's unhurt reserve groups goes to another front with that chance; the formation counts."""
    for unit in infantry(units, n, 1, Task.RESERVE):
        if unit.hurt == 0 and uniform(key, unit.slot) < share:
            Row(formations, unit.formation).away += unit.men
            clear_row(units, unit.row)


def take_back(formations, share: float, key) -> None:
    """Each man away comes back to his formation as a recruit with that chance."""
    for home in rows(formations):
        back = binomial(uniform(key, home.tag), home.away, share)
        home.away -= back
        home.recruits += back
