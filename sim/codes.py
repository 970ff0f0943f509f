"""Kind, Task, Stage, Place and Cause as plain integers: the compiler takes constants, not enumerations."""

from __future__ import annotations

from sim.forces import Cause, Kind, Task

INFANTRY, ARMOR, FPV, ARTILLERY = (int(k) for k in (Kind.INFANTRY, Kind.ARMOR, Kind.FPV_TEAM, Kind.ARTILLERY))
RESERVE, MARCH, HOLD, ASSAULT, INFILTRATE, CONSOLIDATE, DASH, SERVE = (
    int(t) for t in (Task.RESERVE, Task.MARCH, Task.HOLD, Task.ASSAULT, Task.INFILTRATE, Task.CONSOLIDATE, Task.DASH,
                     Task.SERVE))
DIRECT = int(Cause.DIRECT_FIRE)
