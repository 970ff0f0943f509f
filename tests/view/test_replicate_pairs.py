"""How sure a comparison is: further pairs of seeds of both arms; and levers that are played from the first day."""

import numpy as np
import pytest
from helpers.listening import Ear, ask, settle, skirmish

from sim import battle, levers
from sim.mustering import muster
from sim.view.page.session import levers as session_levers
from sim.view.page.session import replicate_pairs, session
from sim.view.page.session.lever_history import LeverHistory, first_difference, pair
from sim.view.page.session.session import Session

MOVED = {"fpv_team.reach_scale": 2.0}


@pytest.fixture
def page(monkeypatch):
    """A skirmish of five days, and what it says; news are told at once."""
    monkeypatch.setattr(session, "NEWS_S", 0.0)
    return skirmish()


def days(made, n):
    for _ in range(n):
        ask(made, do="step", days=True)


def gap(seed, fork, until):
    """B less A of one pair, by plain stepping."""
    one, other = (battle.run(muster("skirmish", seed), fork) for _ in range(2))
    levers.move_levers(other, MOVED)
    return replicate_pairs.figures(battle.run(other, until - fork)) - replicate_pairs.figures(battle.run(one, until - fork))


def test_further_pairs_are_the_same_two_courses_under_other_seeds(page):
    made, ear = page
    days(made, 2)
    ask(made, do="lever", values=MOVED)
    days(made, 3)
    ask(made, do="replicates", on=True, n=3)
    first = ear.last("replicates")
    assert (first["state"], first["n"], first["of"], first["day"]) == ("running", 0, 3, 5) and first["measures"][0]["mean"] is None
    settle(made)
    message = ear.last("replicates")
    gaps = np.array([gap(seed, 2, 5) for seed in (2, 3, 4)])
    assert (message["state"], message["n"], message["seeds"]) == ("done", 3, [2, 3, 4])
    assert [m["name"] for m in message["measures"]] == ["net_km2", "casualties_attacker", "casualties_defender"]
    assert [m["mean"] for m in message["measures"]] == pytest.approx(gaps.mean(axis=0))
    half = 4.302652729911275 * gaps.std(axis=0, ddof=1) / np.sqrt(3)  # Student's t, two degrees of freedom
    assert [m["high"] - m["low"] for m in message["measures"]] == pytest.approx(2 * half)
    assert [m["shown"] for m in message["measures"]] == pytest.approx(gap(1, 2, 5))
    for k, m in enumerate(message["measures"]):  # by day: the courses are alike up to the fork, and end where the table stands
        by_day = m["by_day"]
        assert len(by_day["mean"]) == 6 and by_day["mean"][:3] == by_day["low"][:3] == [0.0, 0.0, 0.0]
        assert [by_day[name][-1] for name in ("mean", "low", "high")] == pytest.approx([m["mean"], m["low"], m["high"]])
        assert by_day["mean"][4] == pytest.approx(np.mean([gap(seed, 2, 4)[k] for seed in (2, 3, 4)]))
    counts = [m["n"] for m in ear.heard if m["type"] == "replicates"]
    assert counts == sorted(counts) and set(counts) == {0, 1, 2, 3}, "told after every pair"


def test_an_interval_needs_two_pairs_and_covers_the_truth():
    assert replicate_pairs.interval(np.array([3.0])) is None and replicate_pairs.interval(np.array([2.0, 2.0])) == (2.0, 2.0)
    rng = np.random.default_rng(5)
    hits = [low <= 1.0 <= high for low, high in (replicate_pairs.interval(rng.normal(1.0, 2.0, 6)) for _ in range(600))]
    assert 0.93 < np.mean(hits) < 0.97


def test_pairs_wait_while_the_battle_plays_and_can_be_stopped(page):
    made, ear = page
    ask(made, do="compare", on=True)
    days(made, 1)
    ask(made, do="replicates", on=True)
    assert ear.last("replicates")["of"] == 8
    made.guard(made.continue_work)
    before = made.replicates.part
    ask(made, do="play")
    made.guard(made.continue_work)
    assert made.branches.head == 5 and made.replicates.part == before, "playing comes first"
    ask(made, do="pause")
    made.guard(made.continue_work)
    assert made.replicates.part > before or made.replicates.gaps
    ask(made, do="replicates", on=False)
    assert ear.last("replicates")["state"] == "stopped" and settle(made) == 0


@pytest.mark.parametrize("message", [{"do": "lever", "values": {"morale": 0.9}}, {"do": "compare", "drop": True}])
def test_pairs_end_with_the_comparison_they_are_of(page, message):
    made, ear = page
    days(made, 1)
    ask(made, do="lever", values=MOVED)
    days(made, 1)
    ask(made, do="replicates", on=True)
    ask(made, **message)
    assert ear.last("replicates")["state"] == "stopped" and ear.last("replicates")["words"] and settle(made) == 0
    ask(made, do="reset")
    assert made.replicates is None


def test_levers_that_part_nothing_differ_by_nothing(page):
    made, ear = page
    ask(made, do="compare", on=True)
    days(made, 2)
    ask(made, do="replicates", on=True, n=2)
    settle(made)
    assert all(m["mean"] == m["low"] == m["high"] == m["shown"] == 0.0 for m in ear.last("replicates")["measures"])


@pytest.mark.parametrize("n", [0, 31, "x", -1])
def test_a_wrong_number_of_pairs_is_refused(page, n):
    made, ear = page
    ask(made, do="compare", on=True)
    days(made, 1)
    ask(made, do="replicates", on=True, n=n)
    assert "1 to 30" in ear.last("notice")["words"] and made.replicates is None and made.fault is None


def test_there_must_be_two_arms_and_a_first_step(page):
    made, ear = page
    ask(made, do="replicates", on=True)
    assert "no two courses" in ear.last("notice")["words"]
    ask(made, do="compare", on=True)
    ask(made, do="replicates", on=True)
    assert "first day" in ear.last("notice")["words"] and made.replicates is None


def test_a_model_of_ones_own_has_no_further_seeds():
    from sim.model import BattleModel

    ear, model = Ear(), BattleModel("skirmish", rng=1)
    made = Session(ear, model.world.scenario, 1, model=model)
    for message in ({"do": "hello"}, {"do": "compare", "on": True}, {"do": "step"}, {"do": "replicates", "on": True}):
        ask(made, **message)
    assert "created elsewhere" in ear.last("notice")["words"] and made.replicates is None
    ask(made, do="lever", values={"works.field_ready": 0.0})
    assert "created elsewhere" in ear.last("notice")["words"] and made.branches.head == 1


# Scripts


def test_scripts_part_where_their_moves_do():
    a = LeverHistory({}, ((4, {"x": 1}),))
    assert first_difference(a, a) == 10**9 and first_difference(a, a.with_move(8, {"x": 2})) == 8 and first_difference(a, LeverHistory({"y": 1}, a.moves)) == 0
    assert a.with_move(8, {"x": 2}).until(7) == a and a.now == {"x": 1}
    assert a.from_start({"y"}, {"y": 3, "x": 9}) == LeverHistory({"y": 3}, ((4, {"x": 1, "y": 3}),))


def test_a_script_is_the_battle_that_was_played(page):
    made, _ = page
    ask(made, do="lever", values={"morale": 0.8})
    days(made, 1)
    ask(made, do="lever", values=MOVED)
    days(made, 1)
    ask(made, do="lever", values={"morale": 0.6})
    days(made, 1)
    branches = made.branches
    *_, (one, other) = pair(made.scenario, 1, branches.twin_lever_history, branches.lever_history, 12)
    assert (one.cells.held == branches.twin.cells.held).all() and (other.cells.held == branches.world.cells.held).all()
    assert (other.units.x[: other.n] == branches.world.units.x[: branches.world.n]).all()


# Levers from the start only


def test_a_lever_that_acts_on_the_muster_is_played_from_the_first_day(page, monkeypatch):
    made, ear = page
    rows = {r["key"]: r["from_start"] for r in ear.last("levers")["rows"]}
    assert {k for k, only in rows.items() if only} == set(session_levers.FROM_START)
    monkeypatch.setattr(session, "BUSY_S", 0.0)
    ask(made, do="lever", values={"morale": 0.8})
    days(made, 2)
    ask(made, do="lever", values=MOVED)
    days(made, 1)
    before = made.branches.twin.cells.held.copy()
    ask(made, do="lever", values={"works.town_works": 1.0})
    assert ear.last("state")["ahead"] == {"simulated": 0, "wanted": 12} and ear.last("frame")["step"] == 0
    made.guard(made.continue_work)
    assert made.branches.simulated == 1, "a little at a time"
    settle(made)
    frame = ear.last("frame")
    assert frame["step"] == frame["head"] == 12 and frame["arms"] == 2 and ear.last("state")["ahead"] is None
    assert (made.branches.twin.cells.held == before).all(), "A is as it was"
    other = muster("skirmish", 1, overrides={"morale": 0.8, "works.town_works": 1.0})
    battle.run(other, 2)
    levers.move_levers(other, {"morale": 0.8, "works.town_works": 1.0, **MOVED})
    battle.run(other, 1)
    assert (made.branches.world.cells.held == other.cells.held).all() and (made.branches.world.cells.works == other.cells.works).all()
    assert made.overrides == made.branches.overrides == {"morale.level": 0.8, "works.town_works": 1.0, **MOVED}
    assert ear.last("frame")["twin"]["divergence"]["fork"] == 0


def test_reset_of_a_lever_from_the_start(page):
    made, _ = page
    ask(made, do="lever", values={"works.town_works": 1.0})
    days(made, 1)
    ask(made, do="lever", reset=True)
    settle(made)
    plain = battle.run(muster("skirmish", 1), 1)
    assert (made.branches.world.cells.works == plain.cells.works).all() and made.branches.overrides == {}
    assert not (made.branches.twin.cells.works == plain.cells.works).all()


@pytest.mark.parametrize("key", sorted(session_levers.FROM_START - {"works.enabled", "works.strength"}))
def test_levers_from_the_start_do_nothing_when_moved_later(key):
    """The reason for the mark; and they do act on the muster."""
    from sim.settings import catalog

    d = catalog()[key]
    one, other = (battle.run(muster("skirmish", 2), 2) for _ in range(2))
    levers.move_levers(other, {key: d.high})
    battle.run(one, 2)
    battle.run(other, 2)
    assert (one.cells.held == other.cells.held).all() and (one.units.men[: one.n] == other.units.men[: other.n]).all()
    acts_on_the_muster(key, d.high)


@pytest.mark.parametrize(("key", "value"), [("works.enabled", False), ("works.strength", 0.0)])
def test_belts_that_stand_stay_when_their_levers_are_moved_later(key, value):
    one, other = (battle.run(muster("skirmish", 2), 2) for _ in range(2))
    before = one.cells.works.copy()
    levers.move_levers(other, {key: value})
    battle.run(one, 1)
    battle.run(other, 1)
    assert before.any() and np.abs(one.cells.works - other.cells.works).max() < 0.2 * before.max()
    acts_on_the_muster(key, value)


def acts_on_the_muster(key, value):
    plain, moved = muster("skirmish", 2), muster("skirmish", 2, overrides={key: value})
    assert not (plain.cells.works == moved.cells.works).all() or not (plain.units.men[: plain.n] == moved.units.men[: moved.n]).all()


def test_more_men_moved_later_make_the_attacker_stronger():
    """Recruits follow at once; an establishment that grew without its men would have every formation pulled out."""
    one, other = (battle.run(muster("skirmish", 2), 5) for _ in range(2))
    levers.move_levers(other, {"command.manpower_ratio": 12.0})
    assert (other.formations.establishment == one.formations.establishment).all()
    battle.run(one, 10)
    battle.run(other, 10)
    assert other.books.intake[0] > 1.5 * one.books.intake[0]
    assert other.journal.columns["strength_attacker"][-1] > one.journal.columns["strength_attacker"][-1]
