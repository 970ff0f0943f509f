"""Kind, Task, Stage, Place, Cause and FormationState as plain integers: the compiler takes constants, not enumerations.

The one place from which kernels take them. Where two enumerations share a word, the kind has the longer name.
"""

from __future__ import annotations

from sim.forces import N_CAUSES, Cause, FormationState, Kind, Place, Stage, Task

FREE, INFANTRY, ARMOR = int(Kind.FREE), int(Kind.INFANTRY), int(Kind.ARMOR)
FPV, ARTILLERY, GLIDE_BOMB = int(Kind.FPV_TEAM), int(Kind.ARTILLERY), int(Kind.GLIDE_BOMB)

RESERVE, MARCH, HOLD, ASSAULT = int(Task.RESERVE), int(Task.MARCH), int(Task.HOLD), int(Task.ASSAULT)
INFILTRATE, CONSOLIDATE, WITHDRAW = int(Task.INFILTRATE), int(Task.CONSOLIDATE), int(Task.WITHDRAW)
DASH, SERVE, FALL = int(Task.DASH), int(Task.SERVE), int(Task.FALL)

NO_STAGE, AT_LINE, BEHIND_LINE = int(Stage.NONE), int(Stage.AT_LINE), int(Stage.BEHIND_LINE)
SETS_DOWN, STEPS_BACK, IN_RELIEF = int(Stage.SETS_DOWN), int(Stage.STEPS_BACK), int(Stage.IN_RELIEF)

FRONT, WAY, REAR = int(Place.FRONT), int(Place.WAY), int(Place.REAR)

DRONE, SHELL, BOMB = int(Cause.DRONE), int(Cause.SHELL), int(Cause.BOMB)
DIRECT, POCKET = int(Cause.DIRECT_FIRE), int(Cause.POCKET)

FIGHTING, REBUILDING = int(FormationState.FIGHTING), int(FormationState.REBUILDING)

__all__ = [
    "ARMOR", "ARTILLERY", "ASSAULT", "AT_LINE", "BEHIND_LINE", "BOMB", "CONSOLIDATE", "DASH", "DIRECT", "DRONE", "FALL",
    "FIGHTING", "FPV", "FREE", "FRONT", "GLIDE_BOMB", "HOLD", "INFANTRY", "INFILTRATE", "IN_RELIEF", "MARCH", "NO_STAGE",
    "N_CAUSES", "POCKET", "REAR", "REBUILDING", "RESERVE", "SERVE", "SETS_DOWN", "SHELL", "STEPS_BACK", "WAY", "WITHDRAW",
]
