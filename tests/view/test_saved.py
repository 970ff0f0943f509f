"""A recorded run as one HTML file: what is packed, of which runs, and that wrong input is one line."""

import base64
import html
import json
import re
import shutil
import zlib

import pytest
from helpers.listening import ask, skirmish
from helpers.saved import DAYS, recorded, two_runs

from experiments.cli.app import _status
from sim import BattleModel, run_files
from sim.errors import InputError
from sim.view.page.messages.frame_history import RecordedFrame
from sim.view.page.messages.frames import UNIT_BYTES
from sim.view.page.saved import packing
from sim.view.page.saved.document import page_of
from sim.view.page.saved.recording import of_pair, of_run, of_session, steps_of
from sim.view.page.session.branches import Branches
from sim.view.page.widget import BattleMap


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return two_runs(tmp_path_factory.mktemp("runs"))


def exported(*words):
    """Exit code of `pokrovsk export`."""
    return _status(["export", "--quiet", *map(str, words)])


# ---- what is in the file ----


def test_a_run_is_recorded_with_its_units(folders):
    recording = of_run(recorded(folders / "one"))
    assert [f.step for f in recording.frames] == list(range(0, 4 * DAYS + 1, 4)) and recording.every_hours == 24
    assert all(len(f.arms[0]["units"]) > UNIT_BYTES for f in recording.frames)
    assert len(recording.days["held_km2"]) == DAYS + 1 and recording.note == "" and recording.missing == ()
    finer = of_run(recorded(folders / "one"), 6)
    assert [f.step for f in finer.frames] == list(range(4 * DAYS + 1)) and finer.frames[8].arms == recording.frames[2].arms
    coarser = of_run(recorded(folders / "one"), 96)
    assert [f.step for f in coarser.frames] == [0, 16, 24], "the last day is always there"


def test_a_run_of_another_version_is_ground_by_day_and_says_so(folders):
    recording = of_run(recorded(folders / "one").differing("Another version."))
    assert len(recording.frames) == DAYS + 1 and recording.note == "Another version." and "units" in recording.missing
    assert not any(f.arms[0]["units"] for f in recording.frames[:-1]) and page_of(recording)


def test_a_record_that_cannot_be_met_again_is_ground_by_day_too(folders):
    run = recorded(folders / "one")
    columns = {**run.journal.columns, "held_km2": run.journal.columns["held_km2"] + 1.0}
    spoiled = type(run)(run.scenario, run.seed, run.overrides, run.label, type(run.journal)(columns, run.journal.maps, run.journal.events))
    assert "differs from its record" in of_run(spoiled).note


def test_two_runs_are_a_comparison(folders):
    one, two = recorded(folders / "one"), recorded(folders / "two")
    recording = of_pair(two, one)
    last = recording.frames[-1]
    assert last.arms[0] == of_run(two).frames[-1].arms[0] and last.arms[1] == of_run(one).frames[-1].arms[0]
    assert recording.twin["columns"]["held_km2"] == of_run(one).days["held_km2"] and recording.twin["divergence"]["books"]
    moved = [(r["key"], r["default"], r["value"]) for r in recording.levers if r["value"] != r["default"]]
    assert [key for key, _, _ in moved] == ["fpv_team.production_defender"] and moved[0][2] == 0.2 < moved[0][1]


def test_what_cannot_be_compared_is_refused(folders):
    one = recorded(folders / "one")
    for other, words in ((recorded(folders / "two").differing("Another version."), "simulated again. Another version"),
                         (type(one)(one.scenario, 7, {}, "", one.journal), "same seed: these have 1 and 7"),
                         (type(one)(one.scenario.model_copy(update={"step_hours": 12}), 1, {}, "", one.journal), "one scenario")):  # fmt: skip
        with pytest.raises(InputError, match=re.escape(words)):
            of_pair(one, other)


@pytest.mark.parametrize("hours", [0, 5, 9, 36])
def test_hours_that_are_no_steps_are_refused(folders, hours):
    with pytest.raises(InputError, match=f"--every {hours}: allowed: a multiple of the step of 6 hours"):
        steps_of(recorded(folders / "one").scenario, hours)


def test_a_battle_under_way_is_recorded_as_far_as_it_is(folders):
    scenario = recorded(folders / "one").scenario
    branches = Branches(scenario, 1, {})
    branches.go(10, 60.0)
    branches.record_frame()
    branches.move({"fpv_team.production_defender": 0.2})
    branches.go(18, 60.0)
    branches.record_frame()
    recording = of_session(branches, 1)
    assert [f.step for f in recording.frames] == [0, 4, 8, 12, 16, 18]
    assert [len(f.arms) for f in recording.frames] == [1, 1, 1, 2, 2, 2] and recording.twin["divergence"]["fork"] == 10
    assert page_of(recording).count(b'class="pk-chunk"') == 2 + 2, "head, land, and frames of one and of two arms"


def test_numbers_that_json_has_not_are_no_numbers_in_the_file(folders):
    recording = of_run(recorded(folders / "one"))
    recording.days["held_km2"][1] = float("nan")
    head = re.search(rb'class="pk-chunk">([^<]*)<', page_of(recording))[1]
    assert json.loads(zlib.decompress(base64.b64decode(head)))["days"]["held_km2"][1] is None


def test_segments_can_be_read_alone():
    """Made-up fields: the differences begin anew with every segment, and layers that come or go begin another."""
    field = lambda k: {"control": bytes([k % 251, 3])}  # noqa: E731
    frames = [RecordedFrame({"step": k}, [field(k) if k < 70 else field(k) | {"flags": b"\0\0"}]) for k in range(75)]
    found = [(words["first"], words["n"]) for words, _ in packing.segments(frames)]
    assert found == [(0, 30), (30, 30), (60, 10), (70, 5)]


# ---- the command ----


def test_bad_input_is_one_line(folders, tmp_path, capsys):
    bare, file = tmp_path / "bare", tmp_path / "out.html"
    shutil.copytree(folders / "one", bare)
    (bare / run_files.CONTROL).unlink()
    empty = tmp_path / "empty"
    empty.mkdir()
    taken = tmp_path / "taken.html"
    taken.write_text("mine", encoding="utf-8")
    run = folders / "one"
    for words, said in (
        ([tmp_path / "nowhere", file], "no such folder"),
        ([empty, file], "is not the folder of a run"),
        ([run / "manifest.toml", file], "is not the folder of a run"),
        ([bare, file], "no frames were recorded"),
        ([run, taken], "exists; give another name, or --force"),
        ([run, empty], "is a folder; name the file"),
        ([run, tmp_path / "no" / "out.html"], "there is no folder"),
        ([run, file, "--every", "x"], "--every x: allowed: a whole number"),
        ([run, file, "--every", "7"], "a multiple of the step of 6 hours"),
        ([run, file, "--member", "9"], "--member 9: no run with maps has that seed"),
        ([run, file, "--against", empty], "--against"),
    ):
        assert exported(*words) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("pokrovsk: ") and err.count("\n") == 1 and said in err and "--run" not in err, err
    assert not file.exists() and taken.read_text("utf-8") == "mine"


def test_the_file_is_written_where_it_is_wanted(folders, tmp_path, capsys):
    file = tmp_path / "out.html"
    assert exported(folders / "one", file) == 0
    assert str(file) in (said := capsys.readouterr().out) and f"{DAYS + 1} frames, one every 24 hours" in said
    first = file.read_bytes()
    assert exported(folders / "one", file, "--force") == 0 and file.read_bytes() == first, "the same run is the same file"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.html"]


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "days", "every", "most_mb"), [("pokrovsk-2024", 420, 24, 15), ("summer-2025", 60, 6, 6)])
def test_files_stay_small_enough_to_be_sent(tmp_path, scenario, days, every, most_mb):
    assert _status(["run", scenario, "--days", str(days), "--quiet", "--out", str(tmp_path / "run")]) == 0
    assert exported(tmp_path / "run", tmp_path / "out.html", "--every", every) == 0
    assert (tmp_path / "out.html").stat().st_size <= most_mb * 1_000_000


# ---- on the page and in notebooks ----


def test_the_page_hands_out_the_battle_so_far():
    session, _ = skirmish()
    said = []
    session._send = lambda message, buffers: said.append((message, buffers))
    ask(session, do="step", count=2, days=True)
    ask(session, do="page")
    (message, buffers), = [(m, b) for m, b in said if m["type"] == "file"]
    assert message["name"] == "skirmish-1.html" and buffers[0].startswith(b"<!DOCTYPE html>")
    head = json.loads(zlib.decompress(base64.b64decode(re.search(rb'class="pk-chunk">([^<]*)<', buffers[0])[1])))
    assert [m["step"] for m in head["moments"]] == [0, 4, 8] and len(head["days"]["held_km2"]) == 3


def test_a_notebook_keeps_a_picture(folders):
    model = BattleModel("skirmish", rng=3)
    pictures = set()
    for source in ("skirmish", model, str(folders / "one")):
        data, _ = BattleMap(source)._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in data
        png = base64.b64decode(data["image/png"])
        assert png.startswith(b"\x89PNG")
        pictures.add(png)
    assert len(pictures) == 3, "each its own"


def test_a_notebook_keeps_the_whole_file_on_request(folders, tmp_path):
    page = BattleMap(str(folders / "one"), height=500).page(every_hours=12)
    assert [f.step for f in page.recording.frames] == list(range(0, 4 * DAYS + 1, 2))
    assert page.write(tmp_path / "out.html").read_bytes() == page.html
    frame = page._repr_html_()
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == page.html.decode() and "height: 500px" in frame
    surface = BattleMap("skirmish")
    surface.session.playing = True
    with pytest.raises(InputError, match="pause it first"):
        surface.page()
    assert "image/png" not in surface._repr_mimebundle_()[0]
