"""A link is an experiment: the course of a battle, read again, gives the same battle bit by bit; what cannot be followed is said."""

import json

import numpy as np
import pytest
from helpers.listening import Ear, skirmish

from sim.columns import columns_of
from sim.view.page.session import course
from sim.view.page.session.session import Session

REACH, SORTIES = "fpv_team.reach_scale", "fpv_team.sorties_per_day"


def do(session, name, **more):
    session.execute({"do": name, **more})


def link_of(ear, **more):
    """What a browser keeps of the battle, as text and back."""
    state = ear.last("state")
    return json.loads(json.dumps(state["course"] | {"head": state["head"], "step": state["shown"]} | more))


def opened(link, source="skirmish"):
    """Another session, that follows a link to its end."""
    ear = Ear()
    session = Session(ear, source)
    do(session, "hello", link=link)
    while session.wanted is not None:
        session.continue_work()
    return session, ear


def same(a, b):
    """True when two worlds hold the same bits."""
    return all(
        np.array_equal(getattr(getattr(a, table), c.name), getattr(getattr(b, table), c.name))
        for table in ("units", "cells", "books")
        for c in columns_of(type(getattr(a, table)))
    )


def moved():
    """A battle in which levers were moved on two days; it forked."""
    session, ear = skirmish()
    do(session, "step", count=2, days=True)
    do(session, "lever", values={REACH: 2.0})
    do(session, "step", count=3)
    do(session, "lever", values={REACH: 1.5, SORTIES: 1.0})
    do(session, "step", count=6)
    return session, ear


def test_a_link_gives_the_same_battle_and_the_same_twin():
    session, ear = moved()
    other, heard = opened(link_of(ear))
    assert other.branches.simulated == session.branches.simulated == 17
    assert same(other.branches.world, session.branches.world)
    assert same(other.branches.twin, session.branches.twin) and not same(other.branches.twin, other.branches.world)
    assert other.branches.divergence.message() == session.branches.divergence.message()
    assert heard.last("state")["course"] == ear.last("state")["course"]
    assert [m["step"] for m in heard.last("state")["marks"]] == [8, 11]
    rows = {r["key"]: r["value"] for r in heard.last("levers")["rows"]}
    assert rows[REACH] == 1.5
    for s in (session, other):
        do(s, "step", count=4)
    assert same(other.branches.world, session.branches.world), "and it goes on as the other does"


def test_a_link_shows_its_day_and_a_lever_moved_last_is_in_force():
    session, ear = skirmish()
    do(session, "step", count=2, days=True)
    do(session, "lever", values={REACH: 2.0})
    other, _ = opened(link_of(ear, step=4))
    assert other.shown == 4 and other.branches.simulated == 8
    for s in (session, other):
        do(s, "seek", step=8)
        do(s, "step", count=4)
    assert same(other.branches.world, session.branches.world)


def test_a_lever_of_the_muster_has_two_first_days():
    session, ear = skirmish()
    do(session, "step", count=1, days=True)
    key = next(iter(course_keys(session)))
    do(session, "lever", values=key)
    while session.wanted is not None:
        session.continue_work()
    other, _ = opened(link_of(ear))
    assert same(other.branches.world, session.branches.world) and same(other.branches.twin, session.branches.twin)


def course_keys(session):
    """A lever that acts from the start only, with another value than its own."""
    for row in session.branches.table():
        if row["from_start"] and not row["switch"] and not isinstance(row["value"], (str, bool)):
            low, high = row["low"], row["high"]
            value = high if row["value"] != high else low
            yield {row["key"]: value}


def test_a_comparison_on_the_way_waits_for_the_twin_of_the_link():
    session, ear = moved()
    heard = Ear()
    other = Session(heard, "skirmish")
    do(other, "hello", link=link_of(ear))
    do(other, "compare", on=True)
    while other.wanted is not None:
        other.continue_work()
    assert other.branches.divergence.fork == 8 and same(other.branches.twin, session.branches.twin)


def test_a_lever_moved_on_the_way_ends_the_plan():
    _, ear = moved()
    heard = Ear()
    session = Session(heard, "skirmish")
    do(session, "hello", link=link_of(ear))
    do(session, "lever", values={SORTIES: 2.0})
    while session.wanted is not None:
        session.continue_work()
    assert session.branches.overrides == {SORTIES: 2.0}


@pytest.mark.parametrize(("change", "words"), [
    ({"scenario": "relieved"}, "pokrovsk view relieved.toml"), ({"levers": [[0, {"no.such": 1}]]}, "no.such"), ({"levers": "x"}, "cannot be read"),
    ({"levers": [[0, {}], [9, {}], [3, {}]]}, "order"), ({"start": "yesterday"}, "first day"), ({"seed": -1}, "seed"), ({"head": "far"}, "step"),
])  # fmt: skip
def test_a_bad_link_gets_a_sentence_and_a_battle(change, words):
    _, ear = skirmish()
    session, heard = opened(link_of(ear, **change))
    assert words in heard.last("notice")["words"] and session.branches is not None and session.scenario.name == "skirmish"


def test_another_version_of_the_model_is_announced():
    _, ear = skirmish()
    _, heard = opened(link_of(ear))
    assert not heard.last("notice")
    _, heard = opened(link_of(ear, model="0.0.1-abcdef"))
    assert "another version of the model (0.0.1-abcdef" in heard.last("notice")["words"] and course.model_id() in heard.last("notice")["words"]


def test_a_step_ahead_is_simulated_when_it_is_asked_for():
    session, _ = skirmish()
    do(session, "seek", step=9)
    assert session.wanted is None and session.shown == 0
    do(session, "seek", step=9, ahead=True)
    while session.wanted is not None:
        session.continue_work()
    assert session.shown == session.branches.simulated == 9


def test_a_ping_is_answered_at_once_while_a_battle_is_built():
    ear = Ear()
    session = Session(ear, "skirmish")
    session.submit({"do": "ping"})
    assert ear.last("pong") and session._thread is None
