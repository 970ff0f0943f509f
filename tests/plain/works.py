"""Works in plain Python: belts and field works are planned, built, and fall out of use behind the enemy's line."""

from __future__ import annotations

import math

from plain.fields import center_of
from plain.rows import clamp, length_of, rows


def plan_line(geo, plan, side, x0, y0, x1, y1, half_depth, condition) -> None:
    """Lays one straight piece of a belt over the cells: the share of the cell that the belt crosses, times condition.

    A belt narrower than a cell gives the cell less; a wider one fills the cells within its depth. Cells more than its
    half-depth and a cell's width north or south of the piece are not looked at.
    """
    length = length_of(x1 - x0, y1 - y0)
    margin_low, margin_high = min(y0, y1) - half_depth - geo.cell, max(y0, y1) + half_depth + geo.cell
    for c in range(geo.nx * geo.ny):
        x, y = center_of(geo, c)
        if not margin_low <= y <= margin_high:
            continue
        t = 0.0  # how far along the piece its nearest point lies
        if length > 0.0:
            t = clamp(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / (length * length), 0.0, 1.0)
        off = length_of(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0))
        within = clamp((half_depth + 0.5 * geo.cell - off) / geo.cell, 0.0, 1.0)
        fills = min(2.0 * half_depth / geo.cell, 1.0)
        plan[c, side] = max(plan[c, side].item(), within * fills * condition)


def build(geo, cells, facing, budget_km2, safe_km) -> None:
    """Engineers share `budget_km2` of full works over the cells behind the line, in proportion to what each lacks."""
    sign = -1.0 if facing == 0 else 1.0
    area = geo.cell * geo.cell
    lacks = [
        (cell, max(cell.works_plan[facing].item() - cell.works[facing].item(), 0.0))
        for cell in rows(cells) if sign * cell.depth > safe_km
    ]
    missing = 0.0
    for _, lack in lacks:
        missing += lack * area
    if missing <= 0.0:
        return
    share = min(budget_km2 / missing, 1.0)
    for cell, lack in lacks:
        if lack > 0.0:
            cell.works[facing] = cell.works[facing].item() + lack * share


def plan_field(cells, plan, full, far) -> None:
    """Plans field works up to `far` km behind each side's own line, growing to `plan` over the first `full` km."""
    for cell in rows(cells):
        behind = abs(cell.depth)
        if behind < far:
            facing = 0 if cell.depth < 0.0 else 1
            cell.works_plan[facing] = max(cell.works_plan[facing].item(), plan * min(behind / full, 1.0))


def fall_out(cells, rate, dt) -> None:
    """Works more than 1 km behind the enemy's line decay, and nothing is planned there any more."""
    keep = math.exp(-rate * dt)
    for cell in rows(cells):
        for facing, overrun in ((0, cell.depth), (1, -cell.depth)):
            if overrun > 1.0:
                cell.works[facing] = cell.works[facing].item() * keep
                cell.works_plan[facing] = 0.0
