"""Who comes and goes, in plain Python: drafts, vehicles, the mended, new groups, and formations that leave."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from plain.draws import binomial, uniform
from plain.rows import Row, rows, total
from plain.unit_rows import clear_row, raise_unit
from sim.forces import Kind, Task

CREWS = (Kind.FPV_TEAM, Kind.ARTILLERY)
CREW_DRAFT = 3


def active(formations, side: int) -> list[Row]:
    """A side's formations in the sector."""
    return [f for f in rows(formations) if f.active == 1 and f.side == side]


def whole(part: float, key, tag: int) -> int:
    """A whole number whose mean is `part`: rounded down, and one more with the chance of the rest."""
    down = math.floor(part)
    return down + (uniform(key, tag) < part - down)


def allocation(formations, side: int, amount: float, short, full, base_share: float, key) -> np.ndarray:
    """A side's formations share `amount` by what they are short of, a little by what is full strength, and by their claim."""
    out = np.zeros(len(formations.side), np.int64)
    weights = {f.row: (max(short[f.row].item(), 0.0) + base_share * full[f.row].item()) * f.claim for f in active(formations, side)}
    everything = total(weights.values())
    if everything > 0.0:
        for row, weight in weights.items():
            out[row] = whole(amount * weight / everything, key, formations.tag[row])
    return out


def draft(formations, books, side: int, men: float, base_share: float, key) -> None:
    """Recruits for a side's formations."""
    lack = [float(f.establishment - f.infantry - f.recruits) for f in rows(formations)]
    got = allocation(formations, side, men, np.array(lack), formations.establishment, base_share, key)
    hand_out(formations.recruits, books.intake, side, got)


def equip(units, formations, books, n: int, side: int, vehicles: float, section: int, base_share: float, key) -> None:
    """New vehicles for a side's formations."""
    running = Counter()
    for unit in rows(units, n):
        if unit.kind == Kind.ARMOR:
            running[unit.formation] += unit.vehicles
    lack = [float(f.sections * section - f.vehicle_pool - f.repair - running[f.row]) for f in rows(formations)]
    full = np.array([float(f.sections * section) for f in rows(formations)])
    got = allocation(formations, side, vehicles, np.array(lack), full, base_share, key)
    hand_out(formations.vehicle_pool, books.new_vehicles, side, got)


def hand_out(pool, booked, side: int, got) -> None:
    """What formations got goes into their pools and into the books."""
    pool[:] = pool + got
    booked[side] += int(got.sum())


def heal(formations, books, leaving: float, mended: float, key, key_repair) -> None:
    """Each wounded man and each damaged vehicle returns to its formation's pool with its chance."""
    for f in rows(formations):
        back = binomial(uniform(key, f.tag), f.hospital, leaving)
        f.hospital -= back
        f.recruits += back
        books.returned[f.side] += back
        fixed = binomial(uniform(key_repair, f.tag), f.repair, mended)
        f.repair -= fixed
        f.vehicle_pool += fixed


def regroup(geo, units, formations, cursor, n: int, group, most_new: int, crew_vehicle: int, section: int, spread_km: float,
            spirits, key) -> None:
    """Groups in reserve at half strength or less dissolve; sections and crews are made up; lost sections and new groups are formed.

    Sections and crews are served in the order of their slots; then formations in the order of their rows.
    """
    needy = []
    sections = Counter(unit.formation for unit in rows(units, n) if unit.kind == Kind.ARMOR)
    for unit in rows(units, n):
        rests = unit.task == Task.RESERVE
        if unit.kind == Kind.INFANTRY and rests:
            if unit.hurt == 0 and 2 * unit.men <= group[unit.side]:
                Row(formations, unit.formation).recruits += unit.men
                clear_row(units, unit.row)
        elif (unit.kind == Kind.ARMOR and rests) or (unit.kind in CREWS and unit.men <= 1):
            needy.append(unit)
    for unit in sorted(needy, key=lambda unit: unit.slot):
        if unit.kind == Kind.ARMOR:
            fit_out(unit, Row(formations, unit.formation), crew_vehicle, section)
        else:
            hand(unit, "men", Row(formations, unit.formation), "recruits", CREW_DRAFT)
    cursor[0] = 0
    for home in rows(formations):
        if home.active == 0:
            continue
        crew = section * crew_vehicle
        for _ in range(home.sections - sections[home.row]):
            if home.vehicle_pool < section or home.recruits < crew or raise_unit(
                geo, units, formations, cursor, home.row, Kind.ARMOR, crew, section, spread_km, spirits[home.side].item(), key,
            ) < 0:
                break
            home.vehicle_pool -= section
            home.recruits -= crew
        size = group[home.side].item()
        for _ in range(most_new):
            if home.recruits < size or raise_unit(
                geo, units, formations, cursor, home.row, Kind.INFANTRY, size, 0, spread_km, spirits[home.side].item(), key,
            ) < 0:
                break
            home.recruits -= size


def fit_out(unit: Row, home: Row, crew_vehicle: int, section: int) -> None:
    """Makes up a section: first its vehicles, then men for those that run."""
    hand(unit, "vehicles", home, "vehicle_pool", section - unit.vehicles)
    hand(unit, "men", home, "recruits", unit.vehicles * crew_vehicle - unit.men)


def hand(unit: Row, has: str, home: Row, pool: str, want: int) -> None:
    """Hands a unit what it wants from a pool of its formation, as far as there is any."""
    take = max(min(want, getattr(home, pool)), 0)
    setattr(unit, has, getattr(unit, has) + take)
    setattr(home, pool, getattr(home, pool) - take)


def depart(units, formations, books, n: int, f: int) -> None:
    """A formation on its way out: its reserves, crews and pools leave. Its men in the line stay for now."""
    home = Row(formations, f)
    men = home.recruits + home.hospital
    vehicles = home.vehicle_pool + home.repair
    home.recruits = home.hospital = home.vehicle_pool = home.repair = 0
    for unit in rows(units, n):
        if unit.kind != Kind.FREE and unit.formation == f and unit.task in (Task.RESERVE, Task.SERVE):
            men += unit.men + unit.hurt
            vehicles += unit.vehicles
            clear_row(units, unit.row)
    books.left[home.side] += men
    books.left_vehicles[home.side] += vehicles
