"""The file of a recorded run in a real headless Chromium, from disk: it asks nothing of anybody, and shows what was recorded."""

import base64
import contextlib
import dataclasses
import json
import re

import numpy as np
import pytest
from helpers.saved import DAYS, recorded, two_runs

from sim.view.page.benchmark import served
from sim.view.page.messages.frames import UNIT_BYTES
from sim.view.page.saved import packing
from sim.view.page.saved.document import page_of
from sim.view.page.saved.notebook import SavedPage
from sim.view.page.saved.recording import Recording, of_pair, of_run

pytestmark = pytest.mark.browser
PATIENCE_S = 60


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return two_runs(tmp_path_factory.mktemp("runs"))


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


def test_it_shows_what_was_recorded(chrome, folders, tmp_path):
    recording = of_run(recorded(folders / "one"), 6)
    with opened(chrome, recording, tmp_path) as page:
        for k in (0, 1, 7, 24, 3, 12):  # forward, to the end, and back
            seek(page, recording.frames[k].step)
            assert_alike(layers_on(page), recording.frames[k].arms[0])


def test_it_plays_seeks_and_tells_events(chrome, folders, tmp_path):
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
        press(page, "First day")
        at_step(page, 0)
        until(page, f"!{told}")
        page.keyboard.press("]")
        at_step(page, 12)


def test_a_click_tells_of_a_unit_and_of_a_place(chrome, folders, tmp_path):
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


def test_files_can_be_saved(chrome, folders, tmp_path):
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


def test_two_runs_open_as_a_comparison(chrome, folders, tmp_path):
    recording = of_pair(recorded(folders / "two"), recorded(folders / "one"))
    with opened(chrome, recording, tmp_path) as page:
        page.locator(".pk-place.pk-a").wait_for()
        seek(page, 4 * DAYS)
        for arm in (0, 1):
            assert_alike(layers_on(page, arm), recording.frames[-1].arms[arm])
        until(page, "document.querySelector('.pk-divergence').innerText.includes('In the books')")
        assert page.locator(".pk-replicates").is_hidden()


def test_ground_alone_can_be_watched(chrome, folders, tmp_path):
    recording = of_run(recorded(folders / "one").differing("Another version."))
    with opened(chrome, recording, tmp_path) as page:
        assert page.locator(".pk-toast").inner_text() == "Another version."
        seek(page, 4 * DAYS)
        seek(page, 8)
        assert layers_on(page)["control"] == recording.frames[2].arms[0]["control"]
        ink = "(() => { const c = document.createElement('canvas').getContext('2d'); c.stroke(window.__page.debug.scenes[0].thin()); return c.getImageData(0, 0, 300, 150).data.some(Boolean); })()"
        assert page.evaluate(ink) is False, "where no units are known no stretch is thin"


def test_it_fits_a_phone_and_the_theme_turns(chrome, folders, tmp_path):
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


def test_a_file_that_was_cut_off_says_so(chrome, folders, tmp_path):
    text = page_of(of_run(recorded(folders / "one"))).decode()
    file = tmp_path / "cut.html"
    file.write_text(re.sub(r'(class="pk-chunk">[^<]{400})[^<]*', r"\1", text, count=1), encoding="utf-8")
    page = chrome.new_page()
    page.goto(file.as_uri())
    until(page, "document.body.innerText.includes('cannot be read')")
    page.close()


def test_it_plays_in_a_frame_of_a_notebook(chrome, folders, tmp_path):
    file = tmp_path / "notebook.html"
    file.write_text(f"<!DOCTYPE html><p>A cell</p>{SavedPage(of_run(recorded(folders / 'one')))._repr_html_()}", encoding="utf-8")
    page, asked = chrome.new_page(), []
    page.on("request", lambda r: asked.append(r.url))
    page.goto(file.as_uri())
    inner = page.frames[1]
    until(inner, "window.__frames >= 1 && !!window.__page.debug.now")
    inner.get_by_role("button", name="Play", exact=True).click()
    until(inner, f"window.__page.debug.now.step === {4 * DAYS}")
    assert [url for url in asked if url != "about:srcdoc"] == [file.as_uri()]
    page.close()


def test_the_live_page_saves_a_file_that_plays(chrome, tmp_path):
    with served("skirmish") as url:
        page = chrome.new_page(accept_downloads=True)
        page.goto(url)
        until(page, "window.__frames >= 1 && !!window.__page.debug.now")
        for day in (1, 2):
            page.keyboard.press("Shift+ArrowRight")
            at_step(page, 4 * day)
        shown = layers_on(page)
        press(page, "Save")
        with page.expect_download() as got:
            press(page, "Battle so far, one HTML file")
        got.value.save_as(tmp_path / "saved.html")
        until(page, "!document.querySelector('[data-card=film]') && window.__page.busy === false")
        page.goto((tmp_path / "saved.html").as_uri())
        until(page, "window.__frames >= 1 && !!window.__page.debug.now")
        seek(page, 8)
        assert_alike(layers_on(page), {name: data for name, data in shown.items() if name != "control_start"})
        page.close()


def test_a_picked_event_says_why_and_lights_the_ground(chrome, folders, tmp_path):
    why = "defender has 9 men a km (line 1,031), attacker sent 38 groups in 7 days (line 12)"
    event = {"step": 8, "day": 1, "kind": "capture", "x": 6.0, "y": 6.0, "number": 1.0, "words": "West Town taken by the attacker",
             "because": why, "figures": ["men", "attacks"], "at": [5.0, 7.0]}  # fmt: skip
    recording = dataclasses.replace(of_run(recorded(folders / "one")), events=[event])
    lit = "(() => { const { lit, notes } = window.__page.debug.mapB.extras; return lit && [lit.x, lit.y, lit.loser, lit.figures.join(), notes[0].lines.join('|')]; })()"
    with opened(chrome, recording, tmp_path) as page:
        page.get_by_label("Time line").evaluate("(r) => { r.value = 16; r.dispatchEvent(new Event('input')); r.dispatchEvent(new Event('change')); }")
        at_step(page, 16)
        row = page.locator(".pk-events li button")
        assert f"Why: {why}." in row.get_attribute("title")
        row.click()
        at_step(page, 8)  # it goes to the day
        assert page.evaluate(lit) == [5, 7, 1, "men,attacks", "defender has 9 men a km (line 1,031)|attacker sent 38 groups in 7 days (line 12)"]
        assert f"Why: {why}." in page.locator(".pk-events").inner_text() and row.get_attribute("aria-current") == "true"
        assert row.locator("small").evaluate("e => getComputedStyle(e).display") == "block"  # on a line of its own
        page.wait_for_timeout(400)
        with_ring = page.evaluate("window.__page.debug.mapB.top.toDataURL()")
        page.keyboard.press("Escape")
        page.wait_for_timeout(400)
        assert page.evaluate(lit) is None and page.evaluate("window.__page.debug.mapB.top.toDataURL()") != with_ring
