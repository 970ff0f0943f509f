"""The tables of who fights: units on the map, formations behind them, and the books of both sides."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.columns import allocate, column, columns_of, table


class Side(IntEnum):
    ATTACKER = 0
    DEFENDER = 1


class Kind(IntEnum):
    FREE = -1
    INFANTRY = 0
    ARMOR = 1
    FPV_TEAM = 2
    ARTILLERY = 3
    GLIDE_BOMB = 4


class Task(IntEnum):
    RESERVE = 0  # behind the line, at the call of its formation
    MARCH = 1  # on the way to a place in the line
    HOLD = 2  # in a position on own ground
    ASSAULT = 3  # on the way to, or in, an attack on foot
    INFILTRATE = 4  # between or behind enemy positions, holding nothing
    CONSOLIDATE = 5  # lodged on ground that is not yet own
    WITHDRAW = 6  # falling back
    DASH = 7  # a mounted attack
    SERVE = 8  # a crew or battery at its work
    FALL = 9  # a glide bomb between release and impact


class Stage(IntEnum):
    """How far a unit is in its task."""

    NONE = 0
    AT_LINE = 1  # an attack that goes in, in this step
    BEHIND_LINE = 2  # an infiltrating group that has got through
    SETS_DOWN = 4  # a section that lets its carried infantry dismount
    STEPS_BACK = 5  # on its way to the next position; it keeps its days in the line
    IN_RELIEF = 6  # part of a relief: seen with the other half of it


class FormationState(IntEnum):
    FIGHTING = 0
    REBUILDING = 1  # pulled out of the line


class Cause(IntEnum):
    DRONE = 0
    SHELL = 1
    BOMB = 2
    DIRECT_FIRE = 3
    POCKET = 4


class Place(IntEnum):
    FRONT = 0
    WAY = 1
    REAR = 2


N_CAUSES = len(Cause)
N_PLACES = len(Place)
CAUSES = tuple(c.name.lower() for c in Cause)
PLACES = tuple(p.name.lower() for p in Place)
SIDES = tuple(s.name.lower() for s in Side)


@table
class Units(NamedTuple):
    """Units on the map, one a row."""

    slot: np.ndarray = column("i8", "", "identity for draws; never reused")
    kind: np.ndarray = column("i1", "", "infantry, armor, FPV team, artillery, glide bomb; -1 is a free row")
    side: np.ndarray = column("i1", "", "attacker 0, defender 1")
    task: np.ndarray = column("i1", "", "what it is doing (Task)")
    stage: np.ndarray = column("i1", "", "how far it is in its task (Stage)")
    place: np.ndarray = column("i1", "", "where losses now would count: front, way, rear")
    formation: np.ndarray = column("i2", "", "row of its formation")
    men: np.ndarray = column("i2", "soldiers", "fit men")
    sent: np.ndarray = column("i2", "soldiers", "fit men when it set out for its goal")
    hurt: np.ndarray = column("i2", "soldiers", "wounded not yet evacuated")
    vehicles: np.ndarray = column("i2", "vehicles", "armored vehicles that run")
    x: np.ndarray = column("f8", "km", "east")
    y: np.ndarray = column("f8", "km", "north")
    from_x: np.ndarray = column("f8", "km", "east, at the start of the step")
    from_y: np.ndarray = column("f8", "km", "north, at the start of the step")
    goal_x: np.ndarray = column("f8", "km", "where it is going, east")
    goal_y: np.ndarray = column("f8", "km", "where it is going, north")
    cell: np.ndarray = column("i4", "", "cell it stands in")
    quality: np.ndarray = column("f8", "", "training, 0..1")
    morale: np.ndarray = column("f8", "", "will to go on, 0..1")
    fatigue: np.ndarray = column("f8", "days", "days of strain not yet rested")
    supply: np.ndarray = column("f8", "", "share of its need that reaches it, 0..1")
    suppression: np.ndarray = column("f8", "", "share of its fire suppressed, 0..1")
    days: np.ndarray = column("f8", "days", "days in place (line), in reserve (rest)")
    dug: np.ndarray = column("f8", "days", "days dug at its position, those of the groups it relieved there included")
    stock: np.ndarray = column("f8", "rounds", "FPV drones or shells in hand")
    partner: np.ndarray = column("i4", "", "row it goes to relieve, -1 none, -2 it asks for relief itself")
    hits: np.ndarray = column("i2", "soldiers", "men hit in this step, by cause", N_CAUSES)
    burst: np.ndarray = column("i2", "vehicles", "vehicles hit in this step")
    shock: np.ndarray = column("f8", "", "chance-weight that a position gives way to what it met in this step")


UNIT_COLUMNS = columns_of(Units)


@table
class Formations(NamedTuple):
    """Formations behind the units, one a row."""

    side: np.ndarray = column("i1", "", "attacker 0, defender 1")
    tag: np.ndarray = column("i8", "", "identity for draws: a hash of its name")
    active: np.ndarray = column("i1", "", "1 while in the sector")
    relief: np.ndarray = column("i1", "", "1: kept for counterattack and relief")
    axis: np.ndarray = column("i4", "", "objective it works toward")
    state: np.ndarray = column("i1", "", "fighting, or pulled out and rebuilding (FormationState)")
    main_left: np.ndarray = column("f8", "days", "days until a new main point is chosen")
    order_left: np.ndarray = column("f8", "days", "days until orders for a new main point have come through")
    rebuild_left: np.ndarray = column("f8", "days", "days until a pulled-out formation returns")
    main_x: np.ndarray = column("f8", "km", "its main point at the front, east")
    main_y: np.ndarray = column("f8", "km", "its main point at the front, north")
    base_x: np.ndarray = column("f8", "km", "where its reserve stands, east")
    base_y: np.ndarray = column("f8", "km", "where its reserve stands, north")
    establishment: np.ndarray = column("f8", "soldiers", "infantry it should have")
    sections: np.ndarray = column("i8", "sections", "armor sections it should have")
    quality: np.ndarray = column("f8", "", "training, 0..1")
    leadership: np.ndarray = column("f8", "", "0..1")
    rotation_days: np.ndarray = column("f8", "days", "days a group stays before relief")
    recruits: np.ndarray = column("i8", "soldiers", "men waiting to be formed into groups")
    hospital: np.ndarray = column("i8", "soldiers", "wounded who may return")
    away: np.ndarray = column("i8", "soldiers", "men lent to other fronts")
    vehicle_pool: np.ndarray = column("i8", "vehicles", "vehicles waiting for a section")
    repair: np.ndarray = column("i8", "vehicles", "vehicles in repair")
    sequence: np.ndarray = column("i8", "", "slots handed out so far")
    infantry: np.ndarray = column("i8", "soldiers", "fit infantry on the map now (recounted each step)")
    ready: np.ndarray = column("i8", "groups", "groups in reserve or on their way there (recounted each step)")
    tempo: np.ndarray = column("f8", "", "multiplier of its attacks now")
    claim: np.ndarray = column("f8", "", "its claim on recruits beside that of others who lack as many")
    follow_x: np.ndarray = column("f8", "km", "lodgement it reinforces, east")
    follow_y: np.ndarray = column("f8", "km", "lodgement it reinforces, north")
    follow: np.ndarray = column("f8", "km", "how far ahead of the line that lodgement lies; 0 when there is none")


FORMATION_COLUMNS = columns_of(Formations)


@table
class Books(NamedTuple):
    """What has been counted since the start, one row a side."""

    killed: np.ndarray = column("i8", "soldiers", "by cause", N_CAUSES)
    wounded: np.ndarray = column("i8", "soldiers", "by cause", N_CAUSES)
    captured: np.ndarray = column("i8", "soldiers", "by cause", N_CAUSES)
    missing: np.ndarray = column("i8", "soldiers", "by cause", N_CAUSES)
    by_place: np.ndarray = column("i8", "soldiers", "casualties of all kinds by place", N_PLACES)
    direction: np.ndarray = column("i8", "soldiers", "casualties of all kinds inside the direction's polygon")
    start_men: np.ndarray = column("i8", "soldiers", "mustered at the start")
    intake: np.ndarray = column("i8", "soldiers", "recruits and drafts received")
    arrived: np.ndarray = column("i8", "soldiers", "came with a formation")
    left: np.ndarray = column("i8", "soldiers", "went away with a formation")
    deserted: np.ndarray = column("i8", "soldiers", "absent without leave")
    discharged: np.ndarray = column("i8", "soldiers", "wounded who will not return")
    returned: np.ndarray = column("i8", "soldiers", "wounded who returned to duty")
    start_vehicles: np.ndarray = column("i8", "vehicles", "mustered at the start")
    new_vehicles: np.ndarray = column("i8", "vehicles", "received, or came with a formation")
    left_vehicles: np.ndarray = column("i8", "vehicles", "went away with a formation")
    destroyed: np.ndarray = column("i8", "vehicles", "destroyed")
    abandoned: np.ndarray = column("i8", "vehicles", "abandoned and not recovered")
    damaged: np.ndarray = column("i8", "vehicles", "damaged, sent to repair")
    recovered: np.ndarray = column("i8", "vehicles", "abandoned and towed home")
    attacks: np.ndarray = column("i8", "groups", "foot attacks begun")
    mounted: np.ndarray = column("i8", "sections", "mounted attacks begun")
    infiltrations: np.ndarray = column("i8", "groups", "infiltrations begun")
    slipped: np.ndarray = column("i8", "groups", "infiltrating groups that got through")
    lodged: np.ndarray = column("i8", "groups", "attacks that ended in a lodgement")
    counterattacks: np.ndarray = column("i8", "groups", "counterattacks begun")
    reliefs: np.ndarray = column("i8", "groups", "positions relieved")
    broken: np.ndarray = column("i8", "groups", "groups that broke")
    surrendered: np.ndarray = column("i8", "groups", "groups that gave up")
    drones_flown: np.ndarray = column("i8", "drones", "FPV sorties")
    shells_fired: np.ndarray = column("i8", "rounds", "artillery rounds")
    bombs_fallen: np.ndarray = column("i8", "bombs", "glide bombs")


BOOK_COLUMNS = columns_of(Books)


def units(capacity: int) -> Units:
    """An empty table of units: every row free."""
    table = allocate(Units, capacity)
    table.kind[:] = Kind.FREE
    table.partner[:] = -1
    return table


def formations(n: int) -> Formations:
    """An empty table of formations."""
    return allocate(Formations, n)


def books() -> Books:
    """Empty books, one row a side."""
    return allocate(Books, len(Side))


def casualties(book: Books, side: int) -> int:
    """Killed, wounded, captured and missing of one side so far."""
    return int(book.killed[side].sum() + book.wounded[side].sum() + book.captured[side].sum() + book.missing[side].sum())


def manning(table: Formations, side: int) -> tuple[float, float]:
    """Men of a side's active formations, fit infantry and recruits, and those that they should have."""
    mine = (table.side == side) & (table.active == 1)
    return (table.infantry + table.recruits)[mine].sum(), table.establishment[mine].sum()
