"""The story of a unit: read from recorded frames, and no more than they know."""

import datetime as dt
from types import SimpleNamespace

import numpy as np

from sim.view.page.messages import frames
from sim.view.page.messages.frame_history import History, RecordedFrame
from sim.view.page.messages.inspector import sightings, unit_story

UID = 7
RESERVE, MARCH, LINE = 8 | frames.WAITS, 8 | frames.WAITS | frames.MOVES, 8  # a defender's infantry group


def layer(men: int | None, code: int, x_km: float) -> bytes:
    """A units layer with two others, and unit 7 between them when `men` is given."""
    rows = [(3, 1.0, 5, 0), *([(UID, x_km, men, code)] if men is not None else []), (9, 2.0, 5, 0)]
    ids, x, men_, codes = zip(*rows, strict=True)
    n = len(rows)
    place = np.round(np.array(x) / 10 * 65535).astype("<u2").tobytes()
    return b"".join((np.array(ids, "<u4").tobytes(), place, place, bytes(men_), bytes(codes), bytes(n)))


def branches(days: list[tuple[int | None, int, float]], twin: list | None = None, events: tuple = ()) -> SimpleNamespace:
    """A battle of which one frame a day is recorded: (men, code, x) of unit 7, of which a twin may have seen other things."""
    history = History(4)
    for day, seen in enumerate(days):
        arms = [{"units": layer(*seen)}] + ([{"units": layer(*twin[day])}] if twin and twin[day] else [])
        history.add(RecordedFrame({"step": 4 * day}, arms))
    sector = SimpleNamespace(settlement_name=["Westdorf", "Eastdorf"], settlement_x=np.array([1.0, 9.0]), settlement_y=np.array([1.0, 9.0]))
    geo = SimpleNamespace(x0=0.0, y0=0.0, width=10.0, height=10.0)
    world = SimpleNamespace(geo=geo, sector=sector, journal=SimpleNamespace(events=list(events)))
    return SimpleNamespace(world=world, twin=None, history=history, simulated=history.steps[-1], scenario=SimpleNamespace(steps_per_day=4, start=dt.date(2024, 8, 1)))


def test_spells_men_and_tiredness_are_told_with_their_dates():
    days = [(None, 0, 0), (9, RESERVE, 1), (9, RESERVE, 1), (9, MARCH, 4), (9, LINE, 8.5), (6, LINE, 8.5), (5, LINE | frames.TIRED, 8.5)]
    event = {"kind": "capture", "step": 20, "x_km": 9.0, "y_km": 9.0, "words": "Eastdorf taken by the attacker"}
    story = unit_story(branches(days, events=(event,)), UID)
    assert story["lines"] == [
        ("1 Aug", "comes onto the map with 9 men; in reserve near Westdorf"),
        ("3 Aug", "on the way near Westdorf"),
        ("4 Aug", "in the line near Eastdorf, from 9 to 5 men, tired from 6 Aug. Eastdorf taken by the attacker, 5 Aug"),
        ("now", "5 men, tired, in the line"),
    ]
    assert "from 1 Aug, once a day; 4 men fewer" in story["since"]


def test_a_unit_that_is_gone_was_last_seen_and_an_unknown_one_has_no_story():
    days = [(4, LINE, 2), (4, LINE, 2), (None, 0, 0)]
    assert unit_story(branches(days), UID)["lines"][-1] == ("1 Aug", "last seen")
    assert unit_story(branches(days), 12345)["lines"] == []


def test_both_arms_share_the_past_before_the_fork():
    both = branches([(9, LINE, 2)] * 4, twin=[None, None, (9, LINE, 2), (2, LINE, 2)])
    assert [s.men for s in sightings(both.history, both.world.geo, UID, arm=0)] == [9, 9, 9, 9]
    assert [s.men for s in sightings(both.history, both.world.geo, UID, arm=1)] == [9, 9, 9, 2]


def test_a_long_story_keeps_its_end():
    days = [(9, LINE if day % 2 else RESERVE, 2.0) for day in range(30)]
    lines = unit_story(branches(days), UID)["lines"]
    assert len(lines) == 11 and lines[0][1] == "21 earlier spells, 10 of them not in reserve" and lines[-1][0] == "now"
