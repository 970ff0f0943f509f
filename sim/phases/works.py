"""Works: belts and strongpoints that engineers build behind the line, and that shells and bombs wear down, and time what is overrun.

The plan of a belt is laid over the cells within its depth; behind both lines field works are planned as well. Engineers raise
condition towards plan with a dated budget (km of belt 1 km deep a day), shared by what is missing, never close to the line.
"""

from __future__ import annotations

import math

import numpy as np

from sim.columns import kernel
from sim.quantity import Parameters, quantity

READS = ("cells",)
WRITES = ("cells",)


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="works stand and are built", fact="prior_belt", role="lever", short="belts")
    strength: float = quantity(0.94, "", low=0.0, high=1.5, doc="multiplies the planned condition of belts", fact="prior_belt", role="lever", short="belt_strength")
    budget_scale: float = quantity(1.0, "", low=0.0, high=4.0, doc="multiplies the engineers' dated budget", fact="modelling assumption", role="lever")
    field_plan: float = quantity(0.4, "", low=0.0, high=1.0, doc="condition of the field works that both sides mean to have behind their own line", fact="prior_belt", role="lever", short="field_works")
    field_ready: float = quantity(0.7, "", low=0.0, high=1.0, doc="share of the planned field works that stands at the start", fact="modelling assumption", role="lever")
    field_full_km: float = quantity(1.0, "km", low=0.1, high=5.0, doc="how far behind the line field works reach their plan", fact="modelling assumption")
    field_to_km: float = quantity(5.0, "km", low=1.0, high=20.0, doc="farthest field works are planned behind the line", fact="modelling assumption")
    safe_km: float = quantity(1.0, "km", low=0.5, high=10.0, doc="how far from the line engineers still work", fact="modelling assumption")
    town_works: float = quantity(0.25, "", low=0.0, high=1.0, doc="condition of works that a defended town has by itself", fact="modelling assumption")
    town_scale: float = quantity(1.5, "", low=0.5, high=5.0, doc="density of building times this, at most 1, is how much of a place counts as a town", fact="modelling assumption")
    lost_behind: float = quantity(0.1, "1/day", low=0.0, high=1.0, doc="rate at which works that the enemy has overrun fall out of use", fact="modelling assumption")


@kernel
def plan_line(geo, plan, side, x0, y0, x1, y1, half_depth, condition):
    """Lays one straight piece of a belt over the cells: the share of the cell that the belt crosses, times condition.

    A belt narrower than a cell gives the cell less; a wider one fills the cells within its depth.
    """
    length = math.hypot(x1 - x0, y1 - y0)
    for j in range(geo.ny):
        y = geo.y0 + (j + 0.5) * geo.cell
        if y < min(y0, y1) - half_depth - geo.cell or y > max(y0, y1) + half_depth + geo.cell:
            continue
        for i in range(geo.nx):
            x = geo.x0 + (i + 0.5) * geo.cell
            t = 0.0
            if length > 0.0:
                t = min(max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / (length * length), 0.0), 1.0)
            d = math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0))
            share = min(max((half_depth + 0.5 * geo.cell - d) / geo.cell, 0.0), 1.0) * min(2.0 * half_depth / geo.cell, 1.0)
            c = j * geo.nx + i
            plan[c, side] = max(plan[c, side], share * condition)


@kernel
def build(geo, cells, facing, budget_km2, safe_km):
    """Engineers spend `budget_km2` of full works on the cells that lack most of their plan, behind the line.

    `facing` is the side the works face: the builders' enemy. The budget is shared in proportion to what is missing.
    """
    sign = -1.0 if facing == 0 else 1.0
    lacking = 0.0
    area = geo.cell * geo.cell
    for c in range(cells.works.shape[0]):
        if sign * cells.depth[c] > safe_km:
            lacking += max(cells.works_plan[c, facing] - cells.works[c, facing], 0.0) * area
    if lacking <= 0.0:
        return
    share = min(budget_km2 / lacking, 1.0)
    for c in range(cells.works.shape[0]):
        if sign * cells.depth[c] > safe_km:
            lack = cells.works_plan[c, facing] - cells.works[c, facing]
            if lack > 0.0:
                cells.works[c, facing] += lack * share


@kernel
def plan_field(cells, plan, full, far):
    """Plans field works in a band behind each side's own line: trenches, wire and mines parallel to the front.

    They thicken from nothing at the line to `plan` at `full` km behind it, so that the cell's size does not matter.
    """
    for c in range(cells.works.shape[0]):
        depth = cells.depth[c]
        if abs(depth) < far:
            facing = 0 if depth < 0.0 else 1
            cells.works_plan[c, facing] = max(cells.works_plan[c, facing], plan * min(abs(depth) / full, 1.0))


@kernel
def fall_out(cells, rate, dt):
    """Exponential decay of works behind the enemy's line, where nothing is planned any more."""
    keep = math.exp(-rate * dt)
    for c in range(cells.works.shape[0]):
        if cells.depth[c] > 1.0:
            cells.works[c, 0] = cells.works[c, 0] * keep
            cells.works_plan[c, 0] = 0.0
        elif cells.depth[c] < -1.0:
            cells.works[c, 1] = cells.works[c, 1] * keep
            cells.works_plan[c, 1] = 0.0


def lay_belts(world, first: bool) -> None:
    """Writes the plan of the belts that are due on this date; at the start, those that stand already."""
    p = world.settings.works
    for belt in world.scenario.belt:
        if first:
            due = belt.built_from is None or belt.built_from <= world.date
        else:
            due = belt.built_from == world.date
        if not due:
            continue
        facing = 0 if belt.side == "defender" else 1
        plan = np.zeros_like(world.cells.works_plan)
        for (x0, y0), (x1, y1) in zip(belt.points[:-1], belt.points[1:]):
            plan_line(world.geo, plan, facing, x0, y0, x1, y1, belt.depth_km / 2, min(belt.condition * p.strength, 1.0))
        behind = world.cells.depth < 1.0 if facing == 0 else world.cells.depth > -1.0
        plan[~behind] = 0.0
        world.cells.works_plan[:] = np.maximum(world.cells.works_plan, plan)
        if first:
            done = 1.0
            if belt.built_from is not None and belt.built_to is not None and belt.built_to > world.date:
                done = (world.date - belt.built_from).days / max((belt.built_to - belt.built_from).days, 1)
            world.cells.works[:] = np.maximum(world.cells.works, plan * done)


def dig_in(world) -> None:
    """Field works that stand when the battle begins: `field_ready` of their plan."""
    p, c = world.settings.works, world.cells
    plan_field(c, p.field_plan * min(p.strength, 1.0), p.field_full_km, p.field_to_km)
    for facing in range(2):
        behind = (-c.depth if facing == 0 else c.depth) > 0.0
        ready = np.where(behind, c.works_plan[:, facing] * p.field_ready, 0.0)
        near = np.abs(c.depth) < p.field_to_km
        c.works[near, facing] = np.maximum(c.works[near, facing], ready[near])


def run(world) -> None:
    p = world.settings.works
    if not p.enabled or not world.new_day:
        return
    lay_belts(world, first=False)
    plan_field(world.cells, p.field_plan * min(p.strength, 1.0), p.field_full_km, p.field_to_km)
    for facing, name in ((0, "engineers_defender"), (1, "engineers_attacker")):
        build(world.geo, world.cells, facing, world.supplies[name] * p.budget_scale, p.safe_km)
    fall_out(world.cells, p.lost_behind, 1.0)
