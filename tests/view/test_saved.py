"""A recorded run as one HTML file: what is packed is what the browser unpacks, nothing is asked of a server, and wrong input is one line."""

import base64
import contextlib
import dataclasses
import json
import re
import shutil
import zlib

import numpy as np
import pytest

from experiments.cli.app import _status
from sim import run_files
from sim.errors import InputError
from sim.view.page.benchmark import SWITCHES, chromium
from sim.view.page.messages.frame_history import RecordedFrame
from sim.view.page.messages.frames import UNIT_BYTES
from sim.view.page.saved import packing
from sim.view.page.saved.document import page_of
from sim.view.page.saved.recording import Recording, of_pair, of_run, of_session, steps_of
from sim.view.page.session.branches import Branches
from sim.view.page.session.recorded_run import read_run

DAYS, PATIENCE_S = 6, 60
in_browser = [pytest.mark.browser, pytest.mark.skipif(chromium() is None, reason="no Chromium: set CHROME_BIN, or install chromium")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two runs of a skirmish with one seed, the second with fewer drones."""
    place = tmp_path_factory.mktemp("runs")
    for name, more in (("one", []), ("two", ["--set", "fpv_team.production_defender=0.2"])):
        words = ["run", "skirmish", "--days", str(DAYS), "--workers", "1", "--quiet", "--out", str(place / name), *more]
        assert _status(words) == 0
    return place


def recorded(folder):
    return read_run(folder, "median")


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


# ---- the file in a browser ----


@pytest.fixture(scope="module")
def chrome():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(chrome, recording: Recording, folder, width=1440, height=900, **more):
    """The file from disk, its own policy in force; at the end nothing but the file was asked for, and nothing went wrong."""
    file = folder / "battle.html"
    file.write_bytes(page_of(recording))
    context = chrome.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **more)
    page, bad, asked = context.new_page(), [], []
    page.on("console", lambda m: bad.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: bad.append(str(e)))
    page.on("request", lambda r: asked.append(r.url))
    page.goto(file.as_uri())
    until(page, "window.__frames >= 1 && !!window.__page.debug.now")
    try:
        yield page
        assert bad == [] and asked == [file.as_uri()]
    finally:
        context.close()


def until(page, words):
    """Waits for what the page's own policy lets nobody wait for inside it."""
    for _ in range(20 * PATIENCE_S):
        if page.evaluate(f"!!({words})"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not within {PATIENCE_S} s: {words}")


def at_step(page, step):
    until(page, f"window.__page.debug.now.step === {step}")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def seek(page, step):
    page.locator("[aria-label='Time line']").evaluate(
        "(r, v) => { r.value = v; r.dispatchEvent(new Event('input')); r.dispatchEvent(new Event('change')); }", step
    )
    at_step(page, step)


def layers_on(page, arm=0):
    """The layers as the page has them."""
    words = f"Object.entries(window.__page.debug.scenes[{arm}].raw).filter(([, b]) => b).map(([n, b]) => [n, btoa(String.fromCharCode(...b))])"
    return {name: base64.b64decode(data) for name, data in page.evaluate(words)}


def assert_alike(have, wanted):
    """The same layers: those that are rounded within half of what they are rounded by, the others to the bit."""
    assert set(have) - {"control_start"} == set(wanted)
    for name, data in wanted.items():
        mine = have[name]
        assert len(mine) == len(data)
        if name == "units":
            n = len(data) // UNIT_BYTES
            assert mine[: 4 * n] == data[: 4 * n] and mine[8 * n : 10 * n] == data[8 * n : 10 * n], "ids, men and codes"
            near(np.frombuffer(mine, "<u2", 2 * n, 4 * n), np.frombuffer(data, "<u2", 2 * n, 4 * n), packing.PLACE)
            near(np.frombuffer(mine, "u1", n, 10 * n), np.frombuffer(data, "u1", n, 10 * n), packing.SUPPLY)
        elif name in packing.ROUNDED:
            near(np.frombuffer(mine, "u1"), np.frombuffer(data, "u1"), packing.ROUNDED[name])
        else:
            assert mine == data, name


def near(mine, wanted, by):
    assert np.abs(mine.astype(int) - wanted.astype(int)).max(initial=0) <= by // 2 + by % 2


class TestInTheBrowser:
    pytestmark = in_browser

    def test_it_shows_what_was_recorded(self, chrome, folders, tmp_path):
        recording = of_run(recorded(folders / "one"), 6)
        with opened(chrome, recording, tmp_path) as page:
            for k in (0, 1, 7, 24, 3, 12):  # forward, to the end, and back
                seek(page, recording.frames[k].step)
                assert_alike(layers_on(page), recording.frames[k].arms[0])

    def test_it_plays_seeks_and_tells_events(self, chrome, folders, tmp_path):
        event = {"step": 12, "day": 2, "kind": "capture", "x": 5.0, "y": 6.0, "number": 0.0, "words": "A made-up village taken by the attacker"}
        recording = dataclasses.replace(of_run(recorded(folders / "one")), events=[event])
        with opened(chrome, recording, tmp_path) as page:
            assert "day 0 of 6" in page.locator(".pk-when").inner_text()
            assert page.get_by_role("button", name="Run it live").is_hidden() and page.get_by_role("button", name="Compare C").is_hidden()
            assert "Modeled" in page.locator("meta[name=description]").get_attribute("content")
            press(page, "Play")
            at_step(page, 4 * DAYS)
            page.get_by_role("button", name="Play", exact=True).wait_for()
            assert page.evaluate("window.__frames") >= DAYS + 1, "every frame was shown"
            told = f"document.querySelector('.pk-events').innerText.includes({json.dumps(event['words'])})"
            until(page, told)
            assert page.locator(".pk-mark").get_attribute("title").startswith(event["words"])
            press(page, "Play")  # at the end it starts again
            until(page, f"window.__page.debug.now.step < {4 * DAYS}")
            press(page, "Pause")
            seek(page, 8)
            press(page, "Step")
            at_step(page, 12)
            press(page, "Back")
            at_step(page, 8)
            press(page, "Reset")
            at_step(page, 0)
            until(page, f"!{told}")
            page.keyboard.press("]")
            at_step(page, 12)

    def test_a_click_tells_of_a_unit_and_of_a_place(self, chrome, folders, tmp_path):
        with opened(chrome, of_run(recorded(folders / "one")), tmp_path) as page:
            box = page.locator(".pk-b .pk-top").bounding_box()
            where = page.evaluate("(() => { const d = window.__page.debug, u = d.scenes[0].units(), k = u.code.findIndex((c) => (c & 7) === 2); return [d.mapB.toX(u.x[k]), d.mapB.toY(u.y[k])]; })()")
            page.mouse.click(box["x"] + where[0], box["y"] + where[1])
            card = page.locator(".pk-inspector")
            card.wait_for()
            assert "Supply" in card.inner_text() and "men" in card.inner_text().lower()
            page.keyboard.press("Escape")
            page.locator(".pk-b .pk-top").focus()
            page.keyboard.press("Enter")
            until(page, "!document.querySelector('.pk-inspector').hidden")

    def test_files_can_be_saved(self, chrome, folders, tmp_path):
        recording = of_run(recorded(folders / "one"))
        with opened(chrome, recording, tmp_path) as page:
            press(page, "Save")
            with page.expect_download() as got:
                press(page, "Figures by day, CSV")
            lines = got.value.path().read_text("utf-8").splitlines()
            assert len(lines) == DAYS + 2 and lines[0].startswith("day,held_km2")
            assert float(lines[-1].split(",")[1]) == recording.days["held_km2"][-1]
            press(page, "Save")
            with page.expect_download() as got:
                press(page, "Picture, PNG")
            assert got.value.suggested_filename.endswith(".png")

    def test_two_runs_open_as_a_comparison(self, chrome, folders, tmp_path):
        recording = of_pair(recorded(folders / "two"), recorded(folders / "one"))
        with opened(chrome, recording, tmp_path) as page:
            page.locator(".pk-place.pk-a").wait_for()
            seek(page, 4 * DAYS)
            for arm in (0, 1):
                assert_alike(layers_on(page, arm), recording.frames[-1].arms[arm])
            until(page, "document.querySelector('.pk-divergence').innerText.includes('In the books')")
            assert page.locator(".pk-replicates").is_hidden()

    def test_ground_alone_can_be_watched(self, chrome, folders, tmp_path):
        recording = of_run(recorded(folders / "one").differing("Another version."))
        with opened(chrome, recording, tmp_path) as page:
            assert page.locator(".pk-toast").inner_text() == "Another version."
            seek(page, 4 * DAYS)
            seek(page, 8)
            assert layers_on(page)["control"] == recording.frames[2].arms[0]["control"]

    def test_it_fits_a_phone_and_the_theme_turns(self, chrome, folders, tmp_path):
        with opened(chrome, of_run(recorded(folders / "one")), tmp_path, 390, 844, color_scheme="dark", has_touch=True) as page:
            assert page.evaluate("document.querySelector('.pk').dataset.size") == "phone"
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert page.evaluate("document.querySelector('.pk').dataset.theme") == "dark"
            press(page, "Layers")
            page.locator("[data-tab=levers]").click()
            assert "A run of a model, not observed" in page.locator(".pk-file-words").inner_text()
            press(page, "Menu")
            press(page, "Light or dark")
            until(page, "document.querySelector('.pk').dataset.theme === 'light'")

    def test_a_file_that_was_cut_off_says_so(self, chrome, folders, tmp_path):
        text = page_of(of_run(recorded(folders / "one"))).decode()
        file = tmp_path / "cut.html"
        file.write_text(re.sub(r'(class="pk-chunk">[^<]{400})[^<]*', r"\1", text, count=1), encoding="utf-8")
        page = chrome.new_page()
        page.goto(file.as_uri())
        until(page, "document.body.innerText.includes('cannot be read')")
        page.close()
