"""FPV drones in plain Python: what each crew sees, flies and hits, one crew and one target at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator

from plain.draws import poisson, uniform_of
from plain.fields import BLOCK_KM, block_at
from plain.rows import Row, length_of, rows, square
from plain.visibility import visibility
from sim.forces import Cause, Kind, Task

IN_PLACE = (Task.HOLD, Task.CONSOLIDATE, Task.INFILTRATE)
GROUND = (Kind.INFANTRY, Kind.ARMOR, Kind.FPV_TEAM, Kind.ARTILLERY)
BILLION = 1e9  # expected hits are summed in whole billionths, so that the order of crews does not matter


def count_targets(geo, units, blocks, n) -> None:
    """Men in positions, lodged or behind the line, by block and side."""
    blocks.targets[:] = 0
    for unit in rows(units, n):
        if unit.kind == Kind.INFANTRY and unit.men > 0 and unit.task in IN_PLACE:
            blocks.targets[block_at(geo, unit.x, unit.y), unit.side] += unit.men


def blocks_in_reach(geo, x: float, y: float, reach: float) -> Iterator[tuple[int, float]]:
    """Blocks with their centers within `reach` km of a point, each with squared distance by squared reach."""
    u, v = (x - geo.x0) / BLOCK_KM, (y - geo.y0) / BLOCK_KM
    span = int(reach / BLOCK_KM) + 1
    scale = BLOCK_KM * BLOCK_KM / (reach * reach)
    for j in range(max(int(v) - span, 0), min(int(v) + span, geo.block_ny - 1) + 1):
        for i in range(max(int(u) - span, 0), min(int(u) + span, geo.block_nx - 1) + 1):
            share = (square(i + 0.5 - u) + square(j + 0.5 - v)) * scale
            if share < 1.0:
                yield j * geo.block_nx + i, share


def seen_at(depth: float, side: int, fade_km: float) -> float:
    """Share of what moves that a side detects in a block: all of it up to the line, less and less behind it."""
    behind = -depth if side == 0 else depth
    return math.exp(-max(behind, 0.0) / fade_km)


def at_work(unit) -> bool:
    """True for a drone crew of two or more that serves at its site."""
    away = abs(unit.goal_x - unit.x) + abs(unit.goal_y - unit.y)
    return unit.kind == Kind.FPV_TEAM and unit.men >= 2 and unit.task == Task.SERVE and away <= 0.5


def average_traffic(blocks, dt, share) -> None:
    """The usual traffic of a block moves by `share` towards that of this step, km a day."""
    for block in rows(blocks):
        for side in (0, 1):
            usual = block.usual[side].item()
            block.usual[side] = usual + (block.traffic[side].item() * 0.001 / dt - usual) * share


def fly(geo, units, blocks, n, dt, flying, sorties, reach, chance, knobs):
    """Every crew's sorties of this step, as expected hits on movers, on men in positions and on lone columns.

    Returns the sorties flown by (attacker, defender) in thousandths.
    """
    n_blocks = len(blocks.depth)
    moving_hits, still_hits, burst_hits = ([[0, 0] for _ in range(n_blocks)] for _ in range(3))
    flown = [0, 0]
    for crew in rows(units, n):
        if not at_work(crew):
            continue
        side, enemy = crew.side, 1 - crew.side
        a_day = sorties[side].item()
        wish = a_day * dt * flying * (1.0 - knobs.from_morale + knobs.from_morale * crew.morale) * (1.0 - crew.suppression)
        most = min(wish, crew.stock)
        if most <= 0.0:
            continue
        radius, hit = float(reach[side]), float(chance[side])
        if radius < 0.001:
            continue  # with no reach it does not fly
        view = []  # (block, weight): detection, falling to nothing at the edge of the crew's reach
        traffic = usual = men = 0.0
        for b, share in blocks_in_reach(geo, crew.x, crew.y, radius):
            depth = blocks.depth[b].item()
            weight = (1.0 - share * share) * seen_at(depth, side, knobs.depth_share * radius)
            traffic += weight * blocks.traffic[b, enemy].item()
            usual += weight * blocks.usual[b, enemy].item()
            men += weight * blocks.targets[b, enemy].item()
            view.append((b, weight))
        km = traffic * 0.001
        room = (usual + knobs.idle) * dt  # km among which the sorties are shared
        found = min(km / room, crew.stock / most)
        short = found * room < km  # the stock does not reach for all that moves
        reserve = knobs.keep_days * a_day  # of the stock, for what moves
        left = min(most * max(1.0 - found, 0.0), max(crew.stock - reserve, 0.0))  # the rest goes to men in positions
        per_km = most * hit * (found / km if short else 1.0 / room)
        per_man = left * hit * knobs.static / (men + knobs.position_men)
        per_km_of_dash = knobs.burst_per_hour * flying * hit / knobs.dash
        used = most * found + left * men / (men + knobs.position_men)
        crew.stock -= used
        flown[side] += int(used * 1000.0)
        for b, weight in view:
            weight *= BILLION
            moving_hits[b][enemy] += int(weight * per_km)
            still_hits[b][enemy] += int(weight * per_man)
            burst_hits[b][enemy] += int(weight * per_km_of_dash)
    for b in range(n_blocks):
        for side in (0, 1):
            blocks.hits[b, side] = moving_hits[b][side] * 1e-9
            blocks.static_hits[b, side] = still_hits[b][side] * 1e-9
            blocks.burst[b, side] = burst_hits[b][side] * 1e-9
    return flown


def path_hits(geo, blocks, side, x, y, gx, gy, field) -> float:
    """Expected hits of full visibility on the way from (x, y) to (gx, gy), cover of the ground counted."""
    length = length_of(gx - x, gy - y)
    if length < 0.01:
        return 0.0
    pieces = int(length) + 1
    hits = 0.0
    for k in range(pieces):
        part = (k + 0.5) / pieces
        b = block_at(geo, x + part * (gx - x), y + part * (gy - y))
        hits += field[b, side].item() * (1.0 - blocks.cover[b].item())
    return hits * length / pieces


def strike_column(geo, blocks, unit, gx, gy, key, knobs) -> None:
    """Drone hits on a section under way: some kill a vehicle, all may hurt men."""
    way = (geo, blocks, unit.side, unit.from_x, unit.from_y, gx, gy)
    seen = visibility(unit.table, unit.row, unit.men, knobs.exposure, knobs.infiltrator, knobs.relief)
    mean = max(seen * path_hits(*way, blocks.hits), unit.vehicles * path_hits(*way, blocks.burst))
    lost = men = 0
    for k in range(min(poisson(uniform_of(key, unit.slot, 0), mean), 12)):
        kills = lost < unit.vehicles and uniform_of(key, unit.slot, 1 + 2 * k) < knobs.lost_per_hit
        lost += kills
        men += poisson(uniform_of(key, unit.slot, 2 + 2 * k), knobs.men_per_loss if kills else 0.4)
    unit.burst += lost
    unit.hits[Cause.DRONE] += min(men, 100)


def strike_on_foot(geo, blocks, unit, gx, gy, key, knobs) -> None:
    """Drone hits on men under way, by quarters of it: a hit among more men takes more of them."""
    hits = path_hits(geo, blocks, unit.side, unit.from_x, unit.from_y, gx, gy, blocks.hits)
    left = unit.men
    for quarter in range(4):
        seen = visibility(unit.table, unit.row, left, knobs.exposure, knobs.infiltrator, knobs.relief)
        mean = seen * hits / 4 * knobs.men_per_hit * math.sqrt(0.25 * left)
        lost = min(poisson(uniform_of(key, unit.slot, quarter), mean), left)
        unit.hits[Cause.DRONE] += lost
        left -= lost


def strike_in_place(geo, cells, blocks, unit, key, knobs) -> None:
    """Drone hits on men in a position (works, buildings and trees cover them), lodged or behind the line."""
    cell = Row(cells, unit.cell)
    works = cell.works[1 - unit.side].item() if unit.task == Task.HOLD else 0.0
    cover = (1.0 - knobs.works * works) * (1.0 - knobs.town * min(cell.built, 1.0)) * (1.0 - 0.3 * cell.wood)
    mean = blocks.static_hits[block_at(geo, unit.x, unit.y), unit.side].item() * unit.men * cover
    if unit.task != Task.HOLD:
        mean *= 1.5
    unit.hits[Cause.DRONE] += poisson(uniform_of(key, unit.slot, 40), mean)


def strike(geo, units, cells, blocks, n, key, knobs) -> None:
    """Draws the hits of this step on movers (along their path) and on men in positions."""
    for unit in rows(units, n):
        if unit.kind not in GROUND:
            continue
        goes_in = unit.stage == 1  # its way of this step ends at its goal
        moved = abs(unit.x - unit.from_x) + abs(unit.y - unit.from_y) > 0.01 or goes_in
        if moved and (unit.task != Task.RESERVE or unit.days == 0.0):
            gx, gy = (unit.goal_x, unit.goal_y) if goes_in else (unit.x, unit.y)
            hit = strike_column if unit.kind == Kind.ARMOR else strike_on_foot
            hit(geo, blocks, unit, gx, gy, key, knobs)
        hidden = unit.task == Task.INFILTRATE and unit.stage == 2
        if unit.kind == Kind.INFANTRY and (hidden or unit.task in (Task.HOLD, Task.CONSOLIDATE)):
            strike_in_place(geo, cells, blocks, unit, key, knobs)


def average_threat(blocks, share) -> None:
    """The threat of a block moves by `share` towards the expected hits per km of now, cover of the ground counted."""
    for block in rows(blocks):
        for side in (0, 1):
            now = block.hits[side].item() * (1.0 - block.cover)
            threat = block.threat[side].item()
            block.threat[side] = threat + (now - threat) * share
