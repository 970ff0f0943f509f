"""What each unit sets out to do, in plain Python: a function for each sort of unit, and the pairing of reliefs."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from plain.draws import exponential, normal, uniform_of
from plain.fields import at_nodes, at_squares, block_at, cell_at
from plain.front import pick
from plain.leadership import slowness
from plain.rows import Row, clamp, length_of, rows, square, total
from plain.unit_rows import send_home
from sim.forces import Kind, Task

WANTS_RELIEF = -2
NOBODY = -1
EDGE_KM = 0.05
SEEN_FIRE = 2.5  # enemy fire, in men, under which an infiltrating group does not stir


def chance(rate: float, dt: float) -> float:
    """Chance that something of this rate a day happens within `dt` days."""
    return 1.0 - math.exp(-rate * dt)


def sign_of(side: int) -> float:
    """1 for the attacker, -1 for the defender: the side of the line on which own ground lies."""
    return 1.0 if side == 0 else -1.0


def inside(geo, x: float, margin: float) -> float:
    """The nearest x inside the box, `margin` km from its edge."""
    return clamp(x, geo.x0 + margin, geo.x0 + geo.width - margin)


def inside_y(geo, y: float, margin: float) -> float:
    """The nearest y inside the box, `margin` km from its edge."""
    return clamp(y, geo.y0 + margin, geo.y0 + geo.height - margin)


def set_goal(geo, units, i: int, task: int, x: float, y: float) -> None:
    """Gives a unit a task and a goal inside the box, and starts it on its way."""
    unit = Row(units, i)
    unit.task, unit.stage, unit.sent = task, 0, unit.men
    unit.goal_x, unit.goal_y = inside(geo, x, EDGE_KM), inside_y(geo, y, EDGE_KM)


def at_line(geo, units, front, i: int, k: int, task: int, beyond: float, a: float) -> None:
    """Sends a unit `beyond` km past point `k` as its side sees it (negative: short of it), `a` km along the line."""
    point = Row(front, k)
    ahead = -sign_of(units.side[i])
    x = point.x + ahead * point.east * beyond + point.north * a
    y = point.y + ahead * point.north * beyond - point.east * a
    set_goal(geo, units, i, task, x, y)


def draws_of(units, i: int, key):
    """The uniforms of one unit, by their number."""
    slot = units.slot[i].item()
    return lambda k: uniform_of(key, slot, k)


def sideways(u: float, knobs) -> float:
    """How far along the line, at most `along_km` to either side."""
    return (u - 0.5) * 2.0 * knobs.along_km


def thinnest(front, picks: list[int], below: float) -> int:
    """Of the picked points the one with the fewest attackers, if fewer than `below`; -1 if there is none."""
    best = min((k for k in picks if k >= 0), key=lambda k: front.presence[k], default=-1)
    return best if best >= 0 and front.presence[best] < below else -1


def follow_rate(formations, f: int, scale: float, knobs) -> float:
    """Rate at which one reserve group is sent after a lodgement: so many groups a day among all that are ready."""
    home = Row(formations, f)
    return knobs.follow_per_day * scale / max(home.ready, knobs.follow_groups) if home.follow > 0.0 else 0.0


def attack_rate(formations, f: int, knobs) -> float:
    """Attacks that one reserve group begins a day."""
    return knobs.attacks_per_group * formations.tempo[f].item()


def counter_rate(formations, f: int, knobs) -> float:
    """Counterattacks that one reserve group begins a day; more from a formation kept for them."""
    return knobs.counter_per_day * (knobs.relief_counter if formations.relief[f] == 1 else 1.0)


def deploy_rate(leadership: float, light: float, knobs) -> float:
    """How often a day a reserve group of the defender answers a need: rather by night, and sooner when well led."""
    delay = knobs.deploy_delay_days * slowness(leadership)
    return (knobs.deploy_night - knobs.deploy_light * light) / delay


def attacker_reserve(geo, units, formations, orders, front, i, key, dt, leafy, follow_scale, ready, knobs, tally) -> None:
    """A rested reserve group of the attacker: attacks, slips through, follows a lodgement or mends the line.

    It mends the line where few stand, but not on a thin salient.
    """
    f = units.formation[i].item()
    u = draws_of(units, i, key)
    attack, follow = attack_rate(formations, f, knobs), follow_rate(formations, f, follow_scale, knobs)
    which = u(1) * ready[f].item()
    if which < chance(attack, dt):
        slips = u(3) < knobs.infiltration_share * leafy
        first, mean, task = (
            (knobs.infiltration_first_km, knobs.infiltration_depth_km, Task.INFILTRATE) if slips
            else (knobs.first_km, knobs.depth_km, Task.ASSAULT))
        k = pick(orders, f, slips, u(4))
        if k >= 0:
            at_line(geo, units, front, i, k, task, first + mean * exponential(u(5)), sideways(u(2), knobs))
            tally[0, 1 if slips else 0] += 1
    elif which < chance(attack + follow, dt):
        east, north = normal(u(2), u(3)) * knobs.follow_spread_km, normal(u(4), u(5)) * knobs.follow_spread_km
        home = Row(formations, f)
        set_goal(geo, units, i, Task.MARCH, home.follow_x + east, home.follow_y + north)
    else:
        picks = [pick(orders, f, False, u(4 + d)) for d in range(3)]
        k = thinnest(front, [k for k in picks if k >= 0 and front.wide[k] > knobs.narrow], knobs.line_men)
        if k >= 0:
            at_line(geo, units, front, i, k, Task.MARCH, -(0.2 + 0.8 * u(7)), sideways(u(2), knobs))


def defender_reserve(geo, units, formations, orders, front, i, key, day_key, dt, ready, knobs, tally) -> None:
    """A rested reserve group of the defender: counterattacks where the attacker is thin, or goes where it is needed.

    Groups of one formation that counterattack on the same day go to the same place. A group goes to a need that is
    urgent, else with a chance: the share of its formation's groups beyond those that it wants to keep.
    """
    unit = Row(units, i)
    home = Row(formations, unit.formation)
    u = draws_of(units, i, key)
    if u(1) * ready[home.row].item() < chance(counter_rate(formations, home.row, knobs), dt):
        together = [uniform_of(day_key, home.tag, d) for d in range(6)]
        k = thinnest(front, [pick(orders, home.row, True, v) for v in together], 1e9)
        if k >= 0:
            at_line(geo, units, front, i, k, Task.ASSAULT, knobs.first_km + knobs.counter_depth_km * exponential(u(10)), sideways(u(2), knobs))
            tally[1, 2] += 1
        return
    picks = [pick(orders, home.row, d >= 2, u(3 + d)) for d in range(4)]
    best = max((k for k in picks if k >= 0), key=lambda k: front.need[k], default=-1)
    if best < 0 or front.need[best] <= 0.0:
        return
    keep = knobs.reserve_share * home.infantry / max(unit.men, 1)
    if front.need[best] > knobs.urgent_need or u(10) * home.ready < home.ready - keep:
        at_line(geo, units, front, i, best, Task.MARCH, -(0.15 + 1.2 * square(u(9))), sideways(u(2), knobs))


def infiltrator(geo, units, cells, nodes, formations, i, key, hop: float, knobs) -> None:
    """A group behind the line: gathers and holds when enough men are there, else now and then moves on.

    On ground that has become own it holds too. It stays where the other side's fire reaches it, and moves rather
    towards its formation's lodgement than farther on.
    """
    unit = Row(units, i)
    side = unit.side
    u = draws_of(units, i, key)
    if at_nodes(geo, nodes.presence, side, unit.x, unit.y) >= knobs.gather_men:
        unit.task, unit.days = Task.CONSOLIDATE, 0.0
        return
    here = Row(cells, cell_at(geo, unit.x, unit.y))
    if own_share(here, side) >= 0.5:
        unit.task, unit.days = Task.HOLD, 0.0
        return
    if u(0) >= hop or at_nodes(geo, nodes.fire, 1 - side, unit.x, unit.y) > SEEN_FIRE:
        return
    home = Row(formations, unit.formation)
    if home.follow > 0.0 and u(1) < 0.6:
        x, y = home.follow_x, home.follow_y
    else:
        far = knobs.hop_first_km + knobs.infiltration_depth_km * exponential(u(2))
        ahead, turn = -sign_of(side), (u(3) - 0.5) * 2.0
        east = ahead * here.east - turn * here.north
        north = ahead * here.north + turn * here.east
        size = math.sqrt(east * east + north * north)
        x, y = unit.x + far * east / size, unit.y + far * north / size
    set_goal(geo, units, i, Task.INFILTRATE, x, y)
    unit.stage = 1


def own_share(cell: Row, side: int) -> float:
    """Share of a square that a side holds."""
    return cell.square_control if side == 0 else 1.0 - cell.square_control


def own_depth(geo, cells, unit: Row) -> float:
    """How far behind its own line a unit stands, km; negative in the other side's ground."""
    return sign_of(unit.side) * at_squares(geo, cells.depth, unit.x, unit.y)


def resite(geo, units, orders, front, i, key, setback: float) -> None:
    """A drone crew or battery packs up for a new site about `setback` km behind the line."""
    u = draws_of(units, i, key)
    k = pick(orders, units.formation[i].item(), False, u(1))
    if k >= 0:
        at_line(geo, units, front, i, k, Task.SERVE, -(setback * (0.7 + 0.6 * u(2))), (u(3) - 0.5) * 2.0)


def expected_burst(geo, blocks, side: int, x: float, y: float, gx: float, gy: float) -> float:
    """Expected drone hits on one vehicle that dashes from (x, y) to (gx, gy), by pieces of about one km."""
    length = length_of(gx - x, gy - y)
    pieces = max(1, int(length + 0.5))
    parts = [(k + 0.5) / pieces for k in range(pieces)]
    way = [block_at(geo, x + part * (gx - x), y + part * (gy - y)) for part in parts]
    return total(blocks.burst[b, side].item() for b in way) * length / pieces


def armor_section(geo, units, formations, orders, front, blocks, i, key, dt, mud, knobs, armor, tally) -> None:
    """A section in reserve: mounts an attack where it is likely to come back from, when it carries men to lose.

    A vehicle that is hit goes and comes the same way, and is lost by every hit with the chance `lost_per_hit`.
    """
    unit = Row(units, i)
    if unit.vehicles < 1 or unit.men < unit.vehicles * (armor.crew + 1):
        return
    u = draws_of(units, i, key)
    k = pick(orders, unit.formation, False, u(0))
    if k < 0:
        return
    goal = Row(front, k)
    hits = expected_burst(geo, blocks, unit.side, unit.x, unit.y, goal.x, goal.y)
    comes_back = math.exp(-2.0 * armor.lost_per_hit * hits)
    push = 2.0 * (armor.value * comes_back - 2.0 - 1.2 * mud)
    share = 1.0 if unit.side == 0 else knobs.mounted_counter
    rate = share * armor.mount_max * formations.tempo[unit.formation].item() / (1.0 + math.exp(-push))
    if u(1) < chance(rate, dt):
        at_line(geo, units, front, i, k, Task.DASH, knobs.first_km + knobs.depth_km * exponential(u(2)), 0.0)
        tally[unit.side, 3] += 1


def readiness(formations, dt: float, light: float, follow_scale: float, knobs) -> np.ndarray:
    """Chance that a rested reserve group of each formation sets out in this step."""

    def rate(home: Row) -> float:
        f = home.row
        if home.side == 0:
            return attack_rate(formations, f, knobs) + knobs.upkeep_per_day + follow_rate(
                formations, f, follow_scale, knobs)
        return counter_rate(formations, f, knobs) + deploy_rate(home.leadership, light, knobs)

    return np.array([chance(rate(home), dt) for home in rows(formations)])


def decide(geo, units, formations, orders, front, cells, nodes, blocks, n, key, day_key, dt, light, leafy, follow_scale, mud,
           knobs, armor, setback, ready, tally) -> None:
    """Every unit's decision for this step. `tally`: (2, 4) attacks, infiltrations, counterattacks, mounted attacks."""
    ask, hop, recall = chance(1.0, dt / knobs.ask_days), chance(knobs.hop_per_day, dt), chance(knobs.recall_per_day, dt)

    def reserve(unit: Row) -> None:
        rested = unit.days >= knobs.rest_days and unit.men >= 2 and unit.partner < 0
        strained = unit.side == 1 and unit.fatigue > knobs.rested_days
        if not rested or strained or draws_of(units, unit.row, key)(0) >= ready[unit.formation]:
            return
        if unit.side == 0:
            attacker_reserve(geo, units, formations, orders, front, unit.row, key, dt, leafy, follow_scale, ready, knobs, tally)
        else:
            defender_reserve(geo, units, formations, orders, front, unit.row, key, day_key, dt, ready, knobs, tally)

    for unit in rows(units, n):
        i = unit.row
        match unit.kind, unit.task:
            case Kind.INFANTRY, Task.RESERVE:
                reserve(unit)
            case Kind.INFANTRY, Task.HOLD:
                position(geo, units, formations, cells, i, key, ask, knobs)
            case Kind.INFANTRY, Task.INFILTRATE if unit.stage == 2:
                infiltrator(geo, units, cells, nodes, formations, i, key, hop, knobs)
            case Kind.INFANTRY, Task.CONSOLIDATE:
                lodgement(geo, units, formations, cells, nodes, i, key, recall, knobs)
            case Kind.ARMOR, Task.RESERVE if knobs.armor > 0.5 and unit.days >= armor.turnaround_days:
                armor_section(geo, units, formations, orders, front, blocks, i, key, dt, mud, knobs, armor, tally)
            case kind, _ if kind >= 0 and setback[kind] > 0.0:
                site = setback[kind].item()
                crew(geo, units, orders, front, cells, i, key, chance(1.0, dt), chance(6.0, dt), site)


def position(geo, units, formations, cells, i: int, key, ask: float, knobs) -> None:
    """A group in position leaves a useless place, or asks for relief, with that chance, once its days are over.

    Poor leadership makes it ask later; on lost ground it does not ask.
    """
    unit = Row(units, i)
    home, depth = Row(formations, unit.formation), own_depth(geo, cells, unit)
    useless = depth > knobs.drop_back_km or (home.active == 0 and depth > 0.8)
    overdue = knobs.rotation > 0.5 and unit.partner == NOBODY and unit.days > home.rotation_days and depth >= 0.0
    if useless:
        fall_back(units, formations, unit)
        unit.partner = NOBODY
    elif overdue and draws_of(units, i, key)(0) < 1.0 - (1.0 - ask) ** (1.0 / slowness(home.leadership)):
        unit.partner = WANTS_RELIEF


def lodgement(geo, units, formations, cells, nodes, i: int, key, recall: float, knobs) -> None:
    """A lodged group holds what has become its own side's, or falls back, with that chance, when alone and out of touch."""
    unit = Row(units, i)
    if own_share(Row(cells, unit.cell), unit.side) >= knobs.settle_share and unit.days >= knobs.settle_days:
        unit.task = Task.HOLD
    elif (own_depth(geo, cells, unit) < -knobs.touch_km and unit.days > 2.0 and draws_of(units, i, key)(0) < recall
          and at_nodes(geo, nodes.presence, unit.side, unit.x, unit.y) < knobs.gather_men):
        fall_back(units, formations, unit)


def fall_back(units, formations, unit: Row) -> None:
    """A group gives up where it is and goes to its formation's reserve."""
    unit.stage = 0
    send_home(units, formations, unit.row)


def crew(geo, units, orders, front, cells, i: int, key, pack: float, flee: float, setback: float) -> None:
    """A crew at its site moves when it is half its setback too near to the line or too far: in haste when too near."""
    unit = Row(units, i)
    at_work = unit.goal_x == unit.x and unit.goal_y == unit.y
    depth = own_depth(geo, cells, unit)
    if at_work and abs(depth - setback) > 0.5 * setback and draws_of(units, i, key)(0) < (pack if depth > 0.5 else flee):
        resite(geo, units, orders, front, i, key, setback)


def in_turn(rows, slot, rank):
    """Rows by formation, of each those of low `rank` first, those of the same rank by slot."""
    order = sorted(range(len(rows)), key=lambda k: (slot[rows[k]] >> 24, rank[k], slot[rows[k]]))
    return rows[order]


def match_reliefs(units, n: int, rest_days: float, rested: float) -> int:
    """Pairs positions that want relief with rested reserve groups of their formation. Returns how many were paired.

    The position longest in place comes first, and gets the group with the least strain.
    """
    wants, spare = defaultdict(list), defaultdict(list)
    for unit in rows(units, n):
        if unit.kind != Kind.INFANTRY:
            continue
        if unit.task == Task.HOLD and unit.partner == WANTS_RELIEF:
            wants[unit.formation].append(unit)
        able = unit.men >= 2 and unit.days >= rest_days and unit.fatigue <= rested
        if able and unit.task == Task.RESERVE and unit.partner == NOBODY:
            spare[unit.formation].append(unit)
    pairs = [
        pair for f in wants
        for pair in zip(sorted(wants[f], key=lambda unit: (-unit.days, unit.slot)), sorted(spare[f], key=lambda unit: (unit.fatigue, unit.slot)), strict=False)
    ]
    for position, relief in pairs:
        relief.partner, relief.task, relief.stage = position.row, Task.MARCH, 0
        relief.goal_x, relief.goal_y = position.x, position.y
        position.partner = NOBODY
    return len(pairs)
