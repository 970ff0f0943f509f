"""Artillery in plain Python: rounds shared out over blocks, men hit and suppressed, works worn."""

from __future__ import annotations

import math

from plain.draws import poisson, uniform_of
from plain.drones import GROUND, blocks_in_reach
from plain.fields import BLOCK_KM, block_at, center_of
from plain.rows import Row, rows
from sim.forces import Cause, Kind, Task


def fire_guns(geo, units, blocks, n, dt, knobs):
    """Rounds per km2 by block and the side they fall on, and what they suppress; returns rounds fired by side, in thousandths.

    A battery spreads its rounds over the enemy's men in range, most where he moves.
    """
    n_blocks = len(blocks.depth)
    rounds = [[0, 0] for _ in range(n_blocks)]  # in millionths of a round a km2
    fired = [0, 0]

    def worth(b: int, enemy: int) -> float:
        """What there is to shoot at in a block: men in positions, and men on the move."""
        return blocks.targets[b, enemy].item() + knobs.aim * 0.001 * blocks.traffic[b, enemy].item() / dt

    for gun in rows(units, n):
        away = abs(gun.goal_x - gun.x) + abs(gun.goal_y - gun.y)
        if gun.kind != Kind.ARTILLERY or gun.men < 2 or away > 0.5:
            continue
        enemy = 1 - gun.side
        most = min(knobs.rounds * dt * (1.0 - gun.suppression), gun.stock)
        if most <= 0.0:
            continue
        in_range = [(b, worth(b, enemy)) for b, _ in blocks_in_reach(geo, gun.x, gun.y, knobs.range_km)]
        everything = 0.0
        for _, value in in_range:
            everything += value
        if everything < 1.0:
            continue
        used = most * everything / (everything + knobs.half_targets)
        gun.stock -= used
        fired[gun.side] += int(used * 1000.0)
        scale = used / everything / (BLOCK_KM * BLOCK_KM) * 1e6
        for b, value in in_range:
            rounds[b][enemy] += int(scale * value)
    for b in range(n_blocks):
        for side in (0, 1):
            density = rounds[b][side] * 1e-6
            blocks.rounds[b, side] = density
            blocks.quiet[b, side] = 1.0 - math.exp(-density / dt * 0.25 * knobs.suppress)
    return fired


def exposure(unit, cell, knobs) -> float:
    """Share of a man that lies open to shells: less in town, under trees, in works and in a position dug for some days."""
    share = (1.0 - knobs.town * min(cell.built, 1.0)) * (1.0 - 0.2 * cell.wood)
    if unit.task == Task.HOLD:
        works = cell.works[1 - unit.side].item()
        return share * (1.0 - knobs.works * works) * (1.0 - knobs.dug * unit.dug / (unit.dug + knobs.dig_days))
    if unit.task in (Task.RESERVE, Task.SERVE):
        return share * 0.4
    return share


def burst(geo, units, cells, blocks, n, key, dt, knobs) -> None:
    """Draws men hit by shells and sets suppression."""
    keep = math.exp(-dt / knobs.calm)
    for unit in rows(units, n):
        if unit.kind not in GROUND:
            continue
        block = Row(blocks, block_at(geo, unit.x, unit.y))
        density = block.rounds[unit.side].item()
        unit.suppression = unit.suppression * keep + block.quiet[unit.side].item() * (1.0 - keep)
        parked = unit.kind == Kind.ARMOR and unit.task == Task.RESERVE
        if density > 0.0 and not parked:
            mean = density * knobs.lethal * exposure(unit, Row(cells, unit.cell), knobs) * unit.men
            unit.hits[Cause.SHELL] += poisson(uniform_of(key, unit.slot, 0), mean)


def wear(geo, cells, blocks, per_round) -> None:
    """Shells wear works down where they fall: works that face one side belong to the other, who is shelled."""
    for cell in rows(cells):
        for facing in (0, 1):
            works = cell.works[facing].item()
            if works > 0.0:
                rounds = blocks.rounds[block_at(geo, *center_of(geo, cell.row)), 1 - facing].item()
                cell.works[facing] = works * math.exp(-rounds * per_round)
