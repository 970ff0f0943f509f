"""Who comes and goes: recruits, drafts, returning wounded, new vehicles, formations by date; and new groups from them.

Intake goes where strength is missing. The defender's intake can answer to lost ground (`feedback`), late: that steadies
the front and hides the levers, so it has a switch. Other fronts take a share of intake while they last.
"""

from __future__ import annotations

import math

import numpy as np

from sim.codes import ARMOR, ARTILLERY, FPV, INFANTRY, RESERVE, SERVE
from sim.columns import array_kernel, kernel
from sim.draws import binomial, key, uniform
from sim.forces import Side, manning
from sim.quantity import Parameters, quantity
from sim.unit_rows import clear_row, raise_unit

READS = ("formations", "units")
WRITES = ("units", "formations", "books", "cursor", "totals.short")


class Params(Parameters):
    recruits: bool = quantity(True, "switch", doc="recruits, drafts and returning wounded reach the formations", fact="prior_recruits", role="lever")
    recruits_attacker: float = quantity(1.0, "", low=0.0, high=4.0, doc="multiplies the attacker's dated intake", fact="prior_recruits", role="lever", short="recruits_attacker")
    recruits_defender: float = quantity(1.0, "", low=0.0, high=4.0, doc="multiplies the defender's dated intake", fact="modelling assumption", role="lever", short="recruits_defender")
    feedback: bool = quantity(True, "switch", doc="the defender's intake answers to what his formations lack", fact="modelling assumption", role="lever", short="reserves_feedback")
    draft_most: float = quantity(3.0, "", low=1.5, high=6.0, doc="factor on the defender's scheduled intake that a shortage far above `draft_half` would bring", fact="modelling assumption")
    draft_half: float = quantity(0.5, "", low=0.05, high=2.0, doc="shortage, share of establishment, at which that factor is half of `draft_most`", fact="modelling assumption")
    draft_days: float = quantity(21.0, "days", low=3.0, high=90.0, doc="how long a shortage takes to be known, decided and answered by men at the front", fact="modelling assumption")
    other_fronts: bool = quantity(True, "switch", doc="other fronts draw reserves and intake away", fact="modelling assumption", role="lever", short="other_fronts")
    return_days: float = quantity(45.0, "days", low=10.0, high=180.0, doc="mean time of a wounded man until he returns", fact="modelling assumption")
    return_share: float = quantity(0.5, "", low=0.1, high=0.8, doc="share of evacuated wounded who return to duty in the sector", fact="prior_killed_to_wounded")
    vehicles: bool = quantity(True, "switch", doc="new armored vehicles reach the sections", fact="modelling assumption", role="lever")
    away_most: float = quantity(0.9, "", low=0.0, high=1.0, doc="most of a side's intake that all other fronts together take", fact="modelling assumption")
    base_share: float = quantity(0.03, "", low=0.001, high=0.5, doc="share of its full strength that a formation counts as short of besides what it lacks, when intake is allotted", fact="modelling assumption")
    groups_per_day: float = quantity(32.0, "groups/day", low=4.0, high=400.0, doc="most groups that a formation forms from its pool a day", fact="modelling assumption")
    base_spread_km: float = quantity(2.0, "km", low=0.0, high=8.0, doc="standard deviation, each way, of the places of new units about the base of their formation", fact="modelling assumption")


@array_kernel
def allocation(formations, side, amount, short, full, base_share, key):
    """Allocation of `amount` among a side's formations, in proportion to shortage times claim: whole numbers, (formations,).

    `base_share` of full strength counts as short in any case. Rests are rounded up or down by a keyed draw, without bias.
    """
    out = np.zeros(formations.side.shape[0], np.int64)
    weight = np.zeros(formations.side.shape[0])
    total = 0.0
    for f in range(out.shape[0]):
        if formations.active[f] == 1 and formations.side[f] == side:
            weight[f] = (max(short[f], 0.0) + base_share * full[f]) * formations.claim[f]
            total += weight[f]
    if total <= 0.0:
        return out
    for f in range(out.shape[0]):
        if weight[f] > 0.0:
            part = amount * weight[f] / total
            out[f] = math.floor(part)
            if uniform(key, formations.tag[f]) < part - out[f]:
                out[f] += 1
    return out


@array_kernel
def draft(formations, books, side, men, base_share, key):
    """Allocates `men` recruits (of this step) among a side's formations."""
    got = allocation(formations, side, men, formations.establishment - formations.infantry - formations.recruits, formations.establishment,
                base_share, key)
    formations.recruits[:] += got
    books.intake[side] += got.sum()


@array_kernel
def equip(units, formations, books, n, side, vehicles, section, base_share, key):
    """Allocates new vehicles among a side's formations; `section`: vehicles of a full section."""
    full = (section * formations.sections).astype(np.float64)
    short = full - formations.vehicle_pool - formations.repair
    for i in range(n):
        if units.kind[i] == ARMOR:
            short[units.formation[i]] -= units.vehicles[i]
    got = allocation(formations, side, vehicles, short, full, base_share, key)
    formations.vehicle_pool[:] += got
    books.new_vehicles[side] += got.sum()


@kernel
def heal(formations, books, leaving, mended, key, key_repair):
    """Binomial returns to each formation's pools: wounded with chance `leaving`, damaged vehicles with `mended`, a step."""
    for f in range(formations.side.shape[0]):
        back = binomial(uniform(key, formations.tag[f]), formations.hospital[f], leaving)
        formations.hospital[f] -= back
        formations.recruits[f] += back
        books.returned[formations.side[f]] += back
        fixed = binomial(uniform(key_repair, formations.tag[f]), formations.repair[f], mended)
        formations.repair[f] -= fixed
        formations.vehicle_pool[f] += fixed


@array_kernel
def regroup(geo, units, formations, cursor, n, group, most_new, crew_vehicle, section, spread_km, spirits, key):
    """Dissolves worn-out reserve groups into their formation's pool and forms new groups and lost armor sections from the pools.

    `group`: (2,) men of a new group by side; `section`: vehicles of a section; `most_new`: new groups a formation and step at most, so that a large
    draft is absorbed over a few days; `spread_km`: of new units about the base; `spirits`: their morale, (2,) by side.
    """
    needy = np.empty(n, np.int64)
    sections = np.zeros(formations.side.shape[0], np.int64)
    count = 0
    for i in range(n):
        kind = units.kind[i]
        if kind == ARMOR:
            sections[units.formation[i]] += 1
        if kind == INFANTRY and units.task[i] == RESERVE and units.hurt[i] == 0:
            if 2 * units.men[i] <= group[units.side[i]]:
                formations.recruits[units.formation[i]] += units.men[i]
                clear_row(units, i)
        elif (kind == ARMOR and units.task[i] == RESERVE) or ((kind == FPV or kind == ARTILLERY) and units.men[i] <= 1):
            needy[count] = i
            count += 1
    for k in np.argsort(units.slot[needy[:count]]):  # by slot, so that the order of rows does not decide who is served
        i = needy[k]
        f = units.formation[i]
        if units.kind[i] == ARMOR:
            lack = section - units.vehicles[i]
            if lack > 0 and formations.vehicle_pool[f] > 0:
                take = min(lack, formations.vehicle_pool[f])
                units.vehicles[i] += take
                formations.vehicle_pool[f] -= take
            want = units.vehicles[i] * crew_vehicle - units.men[i]
            if want > 0:
                take = min(want, formations.recruits[f])
                units.men[i] += take
                formations.recruits[f] -= take
        else:
            take = min(3, formations.recruits[f])
            units.men[i] += take
            formations.recruits[f] -= take
    cursor[0] = 0
    for f in range(formations.side.shape[0]):
        if formations.active[f] == 0:
            continue
        crew = section * crew_vehicle
        while sections[f] < formations.sections[f] and formations.vehicle_pool[f] >= section and formations.recruits[f] >= crew:
            if raise_unit(geo, units, formations, cursor, f, ARMOR, crew, section, spread_km, spirits[formations.side[f]], key) < 0:
                break
            formations.vehicle_pool[f] -= section
            formations.recruits[f] -= crew
            sections[f] += 1
        size = group[formations.side[f]]
        made = 0
        while formations.recruits[f] >= size and made < most_new:
            if raise_unit(geo, units, formations, cursor, f, INFANTRY, size, 0, spread_km, spirits[formations.side[f]], key) < 0:
                break
            formations.recruits[f] -= size
            made += 1


@kernel
def depart(units, formations, books, n, f):
    """Formation `f` leaves the sector: reserves, crews and pools at once, groups in the line as they come back."""
    side = formations.side[f]
    for i in range(n):
        if units.kind[i] >= 0 and units.formation[i] == f and (units.task[i] == RESERVE or units.task[i] == SERVE):
            books.left[side] += units.men[i] + units.hurt[i]
            books.left_vehicles[side] += units.vehicles[i]
            clear_row(units, i)
    books.left[side] += formations.recruits[f] + formations.hospital[f]
    books.left_vehicles[side] += formations.vehicle_pool[f] + formations.repair[f]
    formations.recruits[f] = 0
    formations.hospital[f] = 0
    formations.vehicle_pool[f] = 0
    formations.repair[f] = 0


def scheduled_shortage(p: Params) -> float:
    """The shortage at which the defender's intake is as scheduled, share of establishment."""
    return min(p.draft_half / (p.draft_most - 1.0), 1.0)


def feedback(world) -> float:
    """Factor on the defender's scheduled intake by what his formations lack, as the higher command knew it `draft_days` ago.

    Fronts compete for drafts by their shortages, the others' together being `draft_half`: `draft_most` x / (x + `draft_half`), Herrnstein's
    hyperbola (1970). It begins where the factor is 1 (`scheduled_shortage`).
    """
    p = world.settings.arrive
    if not p.feedback:
        return 1.0
    short = world.totals.short
    return p.draft_most * short / (short + p.draft_half)


def note_shortage(world) -> None:
    """The shortage of the defender's active formations, share of establishment, as it becomes known: once a day."""
    t = world.totals
    men, full = manning(world.formations, Side.DEFENDER)
    if full <= 0.0:
        return
    short = max(1.0 - men / full, 0.0)
    t.short += (short - t.short) * (1.0 - math.exp(-1.0 / world.settings.arrive.draft_days))


def drawn_away(world, side: Side) -> float:
    """Share of a side's intake that other fronts take today, at most `away_most`."""
    if not world.settings.arrive.other_fronts:
        return 0.0
    attacker, date = side == Side.ATTACKER, world.date
    return min(world.settings.arrive.away_most, sum(
        (o.attacker_share if attacker else o.defender_share)
        for o in world.scenario.other_front if o.start <= date <= o.end
    ))


def run(world) -> None:
    p = world.settings.arrive
    f, u, b = world.formations, world.units, world.books
    seed, step, dt = world.seed, world.step_index, world.dt
    if world.new_day:
        note_shortage(world)
        date = world.date
        for row, formation in enumerate(world.scenario.formation):
            if formation.leave is not None and formation.leave <= date:
                f.active[row] = 0
                depart(u, f, b, world.n, row)
    if p.recruits:
        for side in Side:
            name = side.name.lower()
            rate = world.supplies[f"recruits_{name}"] * (p.recruits_attacker if side == Side.ATTACKER else p.recruits_defender)
            rate *= 1.0 - drawn_away(world, side)
            rate *= world.manpower_scale if side == Side.ATTACKER else feedback(world)
            draft(f, b, int(side), rate * dt, p.base_share, key(seed, f"draft {name}", step))
            if p.vehicles:
                equip(world.units, f, b, world.n, int(side), world.supplies[f"vehicles_{name}"] * dt, world.settings.armor.vehicles,
                      p.base_share, key(seed, f"equip {name}", step))
        heal(f, b, 1.0 - math.exp(-dt / p.return_days), 1.0 - math.exp(-dt / world.settings.armor.repair_days),
             key(seed, "heal", step), key(seed, "repair", step))
    group = np.array([world.group_size(0), world.group_size(1)], np.int64)
    world.room(400)
    u = world.units
    regroup(world.geo, u, f, world.cursor, world.n, group, max(1, round(p.groups_per_day * dt)), world.settings.armor.crew + world.settings.armor.dismounts,
            world.settings.armor.vehicles, p.base_spread_km, world.settings.morale.at_start(), key(seed, "form groups", step))
