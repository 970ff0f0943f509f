"""Parts of the page that compute, run in Chromium without a page: turning points, and the battle in an address."""

import pytest

from sim.view.page.scripts import STATIC

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def blank(chrome):
    page = chrome.new_page()
    yield page
    page.close()


def call(page, file, expression, value):
    """The value of an expression of `x` in the scope of some scripts."""
    text = "\n".join((STATIC / f"{name}.js").read_text("utf-8") for name in ("app/tools", file))
    return page.evaluate(f"(x) => {{ {text}\n return {expression}; }}", value)


def event(day, kind, number, words, x=0.0, y=0.0):
    return {"step": 4 * day, "day": day, "kind": kind, "number": number, "words": words, "x": x, "y": y}


def turning(page, events, days=365, synthetic=False):
    ground = {"scenario": {"days": days, "synthetic": synthetic}, "places": [{"name": "Large", "people": 60_000}, {"name": "Small", "people": 900}]}
    found = call(page, "panels/timeline", "[...turningPoints(x[0], x[1])].map(e => e.words)", [events, ground])
    return found


def test_turning_points_are_ranked_and_few(blank):
    """Towns by their people, then deep breakthroughs and pockets; ten a year, and one for several of a kind at one place and time."""
    towns = [event(200, "capture", 1, "Small taken by the attacker"), event(300, "capture", 1, "Large taken by the attacker", 30)]
    breaks = [event(10 * k, "breakthrough", 6.0 + k / 10, f"Breakthrough {k}", 0, 20 * k) for k in range(20)]
    small = [event(5 * k, "pocket", 1.0, f"Pocket {k}", 50, 20 * k) for k in range(30)]
    found = turning(blank, breaks + small + towns)
    assert found[:2] == ["Large taken by the attacker", "Small taken by the attacker"] and len(found) == 10
    assert not [w for w in found if w.startswith("Pocket")], "a pocket of 1 km² is none"
    assert len(turning(blank, breaks + towns, days=90)) == 5
    assert turning(blank, [event(10, "pocket", 20, "a"), event(12, "pocket", 9, "b", 3, 3), event(40, "pocket", 9, "c", 3, 3)]) == ["a", "c"]
    assert turning(blank, [event(10, "arrival", 1, "A brigade arrives")]) == []
    large, few = (f"Pocket of the defender closed, {men} men on 2 km², near A" for men in ("1,200", "30"))
    assert turning(blank, [event(10, "pocket", 2, few), event(60, "pocket", 2, large, 50)]) == [large], "a pocket is its men"
    belt, back = event(10, "belt", 2, "Belt broken: A line, near B"), event(10, "counterattack", 4, "Counterattack takes back 4 km², near B")
    assert turning(blank, [belt, back]) == [back["words"], belt["words"]]


def test_an_address_holds_a_course(blank):
    course = {"scenario": "pokrovsk-2024", "start": "2024-07-08", "days": 420, "seed": 7, "model": "0.1.0-ab", "fork": 8, "head": 80, "step": 12,
              "levers": [[0, {"a.b": 1}], [8, {"a.b": 2.5, "c.d_e": True, "f.g": "x y,&;="}]], "was": [[0, {"a.b": 1}]], "view": "3,4,9.5", "tab": "charts"}  # fmt: skip
    assert call(blank, "app/link", "readLink(linkText(x))", course) == course
    assert call(blank, "app/link", "linkText(x)", {"scenario": "s", "seed": 1, "levers": [[0, {}]], "was": None, "fork": 0}) == "#scenario=s&seed=1"
    assert call(blank, "app/link", "readLink('#scenario=s&levers=nonsense&seed=x&bad=%E0%A4%A')", None) == {
        "scenario": "s", "levers": "nonsense", "seed": "x", "bad": "%E0%A4%A"}  # fmt: skip
    assert call(blank, "app/link", "readLink('#top')", None) is None
    assert call(blank, "panels/files", "fileName({name: 'pokrovsk-2024', seed: 3}, x)", [["fpv_team.reach_scale", 2.5], ["a.b_c", 1], ["d.e", 2]]) == (
        "pokrovsk-2024-3-reach-scale-2.5-b-c-1-and-1-more")
