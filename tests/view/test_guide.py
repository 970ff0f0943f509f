"""Guides and About: data that is checked, with terms, places and measures that there are."""

import json

import pytest

from sim.errors import InputError
from sim.scenario import load_scenario
from sim.view.page.messages import guide
from sim.view.page.messages.about import about, forecast_score
from sim.view.page.messages.map_message import ground_message

STEP = '[[step]]\ntitle = "One"\ntext = "Words."\n'


def written(folder, text):
    file = folder / "mine.toml"
    file.write_text(text, "utf-8")
    return file


def test_the_shipped_guide_speaks_of_what_there_is():
    (one,) = guide.shipped()
    assert one.name == "slow-front" and 6 <= len(one.step) <= 8
    for name in one.scenarios:
        ground = ground_message(load_scenario(name), 1)
        assert {step.place for step in one.step if step.place} <= {place["name"] for place in ground["places"]}
        assert max(step.day or 0 for step in one.step) <= ground["scenario"]["days"]
    words = " ".join(step.text for step in one.step)
    assert "Russian" in words and "Ukraine" in words, "the armies are named"
    days = [step.day for step in one.step if step.day is not None]
    assert days == sorted(days), "the battle goes forward"
    guessed = [step.guess for step in one.step if step.guess]
    assert len(guessed) == 1 and one.step[-1].day == guessed[0].days + days[-2]
    assert json.loads(json.dumps(one.message()))["step"][0]["title"] == "Who is who"


def test_a_guide_goes_with_its_scenarios_and_an_own_one_first(tmp_path):
    assert guide.guide_for("pokrovsk-2024")["name"] == "slow-front" and guide.guide_for("skirmish") is None
    guide.OWN.append(guide.read_guide(written(tmp_path, f'name = "mine"\ntitle = "Mine"\n{STEP}')))
    try:
        assert guide.guide_for("skirmish")["name"] == guide.guide_for("pokrovsk-2024")["name"] == "mine"
    finally:
        guide.OWN.clear()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'name = "Mine"\ntitle = "Mine"\n{STEP}', "name"),
        ('name = "mine"\ntitle = "Mine"\n', "step"),
        (f'name = "mine"\ntitel = "Mine"\n{STEP}', "title"),
        (f'name = "mine"\ntitle = "Mine"\n{STEP}layers = ["contrl"]\n', "control"),
        (f'name = "mine"\ntitle = "Mine"\n{STEP}mark = "tierd"\n', "mark"),
        ('name = "mine"\ntitle = "Mine"\n[[step]]\ntitle = "One"\ntext = "A [[kil zone]]."\n', "kill zone"),
        ('name = "mine"\ntitle = "Mine"\n[[step]]\ntitle = "One"\ntext = "{held_km} km"\n', "held_km2"),
        (f'name = "mine"\ntitle = "Mine"\n{STEP}[step.guess]\nlever = "drones_defendr"\nvalue = 2\ndays = 7\n', "drones_defender"),
        ("name = ", "TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_gets_one_line_with_the_file(tmp_path, text, words):
    with pytest.raises(InputError) as error:
        guide.read_guide(written(tmp_path, text))
    assert "mine.toml" in str(error.value) and words in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_gets_one_line(tmp_path):
    with pytest.raises(InputError, match=r"gone\.toml"):
        guide.read_guide(tmp_path / "gone.toml")


def test_about_has_sources_limits_the_score_and_a_citation():
    words = about()
    assert any("OpenStreetMap" in source for source in words["sources"]) and len(words["limits"]) >= 3
    assert "Version" in words["cite"]
    score = forecast_score()
    assert score["from"] == "2025-08-31" and any("CRPS" in finding for finding in score["findings"])


def test_about_without_a_scored_forecast_says_nothing_of_one(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.view.page.messages.about.seeds.path", lambda *parts: tmp_path)
    assert forecast_score() is None
