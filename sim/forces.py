"""The tables of who fights: units on the map, formations behind them, and the books of both sides."""

from __future__ import annotations

from enum import IntEnum

from sim.columns import Column, allocate, table_type


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

UNIT_COLUMNS = (
    Column("slot", "i8", "", "identity for draws; never reused"),
    Column("kind", "i1", "", "infantry, armor, FPV team, artillery, glide bomb; -1 is a free row"),
    Column("side", "i1", "", "attacker 0, defender 1"),
    Column("task", "i1", "", "what it is doing (Task)"),
    Column("stage", "i1", "", "how far it is in its task (Stage)"),
    Column("place", "i1", "", "where losses now would count: front, way, rear"),
    Column("formation", "i2", "", "row of its formation"),
    Column("men", "i2", "soldiers", "fit men"),
    Column("hurt", "i2", "soldiers", "wounded not yet evacuated"),
    Column("vehicles", "i2", "vehicles", "armored vehicles that run"),
    Column("x", "f8", "km", "east"),
    Column("y", "f8", "km", "north"),
    Column("from_x", "f8", "km", "east, at the start of the step"),
    Column("from_y", "f8", "km", "north, at the start of the step"),
    Column("goal_x", "f8", "km", "where it is going, east"),
    Column("goal_y", "f8", "km", "where it is going, north"),
    Column("cell", "i4", "", "cell it stands in"),
    Column("quality", "f8", "", "training and leadership, 0..1"),
    Column("morale", "f8", "", "will to go on, 0..1"),
    Column("fatigue", "f8", "days", "days of strain not yet rested"),
    Column("supply", "f8", "", "share of its need that reaches it, 0..1"),
    Column("suppression", "f8", "", "share of its fire suppressed, 0..1"),
    Column("days", "f8", "days", "days in place (line), in reserve (rest)"),
    Column("stock", "f8", "rounds", "FPV drones or shells in hand"),
    Column("partner", "i4", "", "row it goes to relieve, or -1"),
    Column("hits", "i2", "soldiers", "men hit in this step, by cause", N_CAUSES),
    Column("burst", "i2", "vehicles", "vehicles hit in this step"),
    Column("shock", "f8", "", "chance-weight that a position gives way to what it met in this step"),
)
Units = table_type("Units", UNIT_COLUMNS, __name__)

FORMATION_COLUMNS = (
    Column("side", "i1", "", "attacker 0, defender 1"),
    Column("tag", "i8", "", "identity for draws: a hash of its name"),
    Column("active", "i1", "", "1 while in the sector"),
    Column("relief", "i1", "", "1: kept for counterattack and relief"),
    Column("axis", "i4", "", "objective it works toward"),
    Column("state", "i1", "", "fighting, or pulled out and rebuilding (FormationState)"),
    Column("main_left", "f8", "days", "days until a new main point is chosen"),
    Column("order_left", "f8", "days", "days until orders for a new main point have come through"),
    Column("rebuild_left", "f8", "days", "days until a pulled-out formation returns"),
    Column("main_x", "f8", "km", "its main point at the front, east"),
    Column("main_y", "f8", "km", "its main point at the front, north"),
    Column("base_x", "f8", "km", "where its reserve stands, east"),
    Column("base_y", "f8", "km", "where its reserve stands, north"),
    Column("establishment", "f8", "soldiers", "infantry it should have"),
    Column("sections", "i8", "sections", "armor sections it should have"),
    Column("quality", "f8", "", "training, 0..1"),
    Column("leadership", "f8", "", "0..1"),
    Column("rotation_days", "f8", "days", "days a group stays before relief"),
    Column("recruits", "i8", "soldiers", "men waiting to be formed into groups"),
    Column("hospital", "i8", "soldiers", "wounded who may return"),
    Column("away", "i8", "soldiers", "men lent to other fronts"),
    Column("vehicle_pool", "i8", "vehicles", "vehicles waiting for a section"),
    Column("repair", "i8", "vehicles", "vehicles in repair"),
    Column("sequence", "i8", "", "slots handed out so far"),
    Column("infantry", "i8", "soldiers", "fit infantry on the map now (recounted each step)"),
    Column("ready", "i8", "groups", "groups in reserve now (recounted each step)"),
    Column("tempo", "f8", "", "multiplier of its attacks now"),
    Column("claim", "f8", "", "its claim on recruits beside that of others who lack as many"),
    Column("follow_x", "f8", "km", "lodgement it reinforces, east"),
    Column("follow_y", "f8", "km", "lodgement it reinforces, north"),
    Column("follow", "f8", "km", "how far ahead of the line that lodgement lies; 0 when there is none"),
)
Formations = table_type("Formations", FORMATION_COLUMNS, __name__)

BOOK_COLUMNS = (
    Column("killed", "i8", "soldiers", "by cause", N_CAUSES),
    Column("wounded", "i8", "soldiers", "by cause", N_CAUSES),
    Column("captured", "i8", "soldiers", "by cause", N_CAUSES),
    Column("missing", "i8", "soldiers", "by cause", N_CAUSES),
    Column("by_place", "i8", "soldiers", "casualties of all kinds by place", N_PLACES),
    Column("direction", "i8", "soldiers", "casualties of all kinds inside the direction's polygon"),
    Column("start_men", "i8", "soldiers", "mustered at the start"),
    Column("intake", "i8", "soldiers", "recruits and drafts received"),
    Column("arrived", "i8", "soldiers", "came with a formation"),
    Column("left", "i8", "soldiers", "went away with a formation"),
    Column("deserted", "i8", "soldiers", "absent without leave"),
    Column("discharged", "i8", "soldiers", "wounded who will not return"),
    Column("returned", "i8", "soldiers", "wounded who returned to duty"),
    Column("start_vehicles", "i8", "vehicles", "mustered at the start"),
    Column("new_vehicles", "i8", "vehicles", "received, or came with a formation"),
    Column("left_vehicles", "i8", "vehicles", "went away with a formation"),
    Column("destroyed", "i8", "vehicles", "destroyed"),
    Column("abandoned", "i8", "vehicles", "abandoned and not recovered"),
    Column("damaged", "i8", "vehicles", "damaged, sent to repair"),
    Column("recovered", "i8", "vehicles", "abandoned and towed home"),
    Column("attacks", "i8", "groups", "foot attacks begun"),
    Column("mounted", "i8", "sections", "mounted attacks begun"),
    Column("infiltrations", "i8", "groups", "infiltrations begun"),
    Column("slipped", "i8", "groups", "infiltrating groups that got through"),
    Column("lodged", "i8", "groups", "attacks that ended in a lodgement"),
    Column("counterattacks", "i8", "groups", "counterattacks begun"),
    Column("reliefs", "i8", "groups", "positions relieved"),
    Column("broken", "i8", "groups", "groups that broke"),
    Column("surrendered", "i8", "groups", "groups that gave up"),
    Column("drones_flown", "i8", "drones", "FPV sorties"),
    Column("shells_fired", "i8", "rounds", "artillery rounds"),
    Column("bombs_fallen", "i8", "bombs", "glide bombs"),
)
Books = table_type("Books", BOOK_COLUMNS, __name__)


def units(capacity: int):
    """An empty table of units: every row free."""
    table = allocate(Units, UNIT_COLUMNS, capacity)
    table.kind[:] = Kind.FREE
    table.partner[:] = -1
    return table


def formations(n: int):
    """An empty table of formations."""
    return allocate(Formations, FORMATION_COLUMNS, n)


def books():
    """Empty books, one row a side."""
    return allocate(Books, BOOK_COLUMNS, len(Side))


def casualties(book, side: int) -> int:
    """Killed, wounded, captured and missing of one side so far."""
    return int(book.killed[side].sum() + book.wounded[side].sum() + book.captured[side].sum() + book.missing[side].sum())
