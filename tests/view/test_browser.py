"""The page in a real headless Chromium: it loads without outside requests, and every control does what it says."""

import re

import pytest
from helpers.browser import DISTINCT, NAME_OF_FOCUS, PATIENCE, STEP, at_step, go_on, opened, press, slide

import seeds
from sim.view.page.benchmark import served

pytestmark = pytest.mark.browser


def picture(page):
    """A fingerprint of what is drawn on the map."""
    page.mouse.move(700, 870)
    page.wait_for_timeout(1100)  # glides and rings of hits are over
    return page.evaluate("""() => { let h = 0; for (const c of document.querySelectorAll('.pk-b canvas')) {
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; for (let k = 0; k < d.length; k += 13) h = (h * 31 + d[k]) | 0; } return h; }""")


def test_step_play_pause_reset(chrome, address):
    with opened(chrome, address) as page:
        assert "dawn" in page.locator(".pk-date").inner_text()
        page.wait_for_timeout(500)
        assert max(page.evaluate(DISTINCT)) > 50, "a map is drawn"
        press(page, "Step")
        at_step(page, 1)
        press(page, "Back")
        at_step(page, 0)
        press(page, "Play")
        page.wait_for_function("window.__frames > 8", timeout=PATIENCE)
        press(page, "Pause")
        page.wait_for_function("!window.__page.debug.state.playing", timeout=PATIENCE)  # the session has heard it
        stopped = page.evaluate(STEP)
        page.wait_for_timeout(500)
        assert page.evaluate(STEP) == stopped > 2
        press(page, "First day")
        at_step(page, 0)
        assert page.evaluate("window.__page.debug.now.head") == stopped, "nothing is lost"


def test_scrubbing_shows_the_past_and_returns(chrome, address):
    with opened(chrome, address) as page:
        go_on(page, 1, 3)
        slide(page, "[aria-label='Time line']", 4)
        at_step(page, 4)
        assert page.get_by_text("Recorded, 1 Aug").is_visible()
        assert page.evaluate("window.__page.debug.now.head") == 12
        page.get_by_text("To the newest").click()
        at_step(page, 12)


def test_layers_keys_and_zoom_change_the_picture(chrome, address):
    with opened(chrome, address) as page:
        go_on(page, 1, 1)
        first = picture(page)
        page.get_by_role("switch", name="Units").click()
        assert picture(page) != first
        page.keyboard.press("u")
        assert picture(page) == first
        page.keyboard.press("1")
        assert not page.get_by_role("switch", name="Control and front").is_checked()
        assert picture(page) != first
        page.keyboard.press("1")
        scale = page.evaluate("window.__page.debug.view.scale")
        page.mouse.move(600, 400)
        page.mouse.wheel(0, -300)
        page.wait_for_function(f"window.__page.debug.view.scale > {scale * 1.2}")
        page.keyboard.press("0")
        page.wait_for_function(f"window.__page.debug.view.scale < {scale * 1.2}")
        x = page.evaluate("window.__page.debug.view.x")
        page.keyboard.press("+")
        page.mouse.move(600, 400)
        page.mouse.down()
        page.mouse.move(500, 400, steps=4)
        page.mouse.up()
        assert page.evaluate("window.__page.debug.view.x") > x


def test_hover_and_click_tell_of_a_unit(chrome, address):
    with opened(chrome, address) as page:
        x, y = page.evaluate("""() => { const m = window.__page.debug.mapB, u = m.scene.units(), r = m.top.getBoundingClientRect();
          for (let i = 0; i < u.n; i++) { const x = m.toX(u.x[i]), y = m.toY(u.y[i]);
            if (u.men[i] && x > 320 && x < 600 && y > 90 && y < 500) return [r.left + x, r.top + y]; } }""")
        page.mouse.move(x, y)
        page.locator(".pk-hover").wait_for()
        assert re.search(r"\d+ men", page.locator(".pk-hover").inner_text())
        page.mouse.click(x, y)
        card = page.locator(".pk-inspector")
        card.wait_for()
        assert "Supply" in card.inner_text() and "hits/km" in card.inner_text()
        go_on(page, 1, 3)
        page.keyboard.press("s")
        story = page.locator(".pk-story")
        story.get_by_text("Recorded from 1 Aug").wait_for()
        assert story.locator("li").count() >= 2 and story.locator("li").last.locator("time").inner_text() == "now"
        page.keyboard.press("s")
        story.wait_for(state="hidden")
        page.keyboard.press("Escape")
        card.wait_for(state="hidden")


def test_the_map_shows_who_is_tired_on_the_move_and_where_the_line_is_thin(chrome, address):
    with opened(chrome, address) as page:
        go_on(page, 1, 5)
        counts_drawn, counted = page.evaluate("""() => { const u = window.__page.debug.scenes[0].units(), n = [[0, 0], [0, 0]];
          for (let i = 0; i < u.n; i++) { const c = u.code[i], s = (c >> 3) & 1; if (c & 64) n[s][0] += 1; if (c & 128) n[s][1] += 1; }
          return [window.__page.debug.now.counts.map(c => c.slice(5)), n]; }""")
        assert counts_drawn == counted and counted[0][1] + counted[1][1] > 0
        shown = page.locator(".pk-counts b").all_inner_texts()
        assert shown[-4:] == [str(counts_drawn[s][k]) for k in (0, 1) for s in (0, 1)]
        before = picture(page)
        page.keyboard.press("l")
        assert picture(page) != before, "some of a line of so few men is thin"


def test_a_lever_a_fork_and_a_comparison(chrome, address):
    with opened(chrome, address) as page:
        go_on(page, 1, 1)
        slide(page, "[data-key='fpv_team.reach_scale'] input", 2)
        page.locator(".pk-is-moved[data-key='fpv_team.reach_scale']").wait_for()
        page.locator(".pk-mark", has_text="Lever moved").wait_for()
        press(page, "Compare C")
        page.locator(".pk-a canvas").first.wait_for()
        go_on(page, 2, 5)
        page.locator(".pk-divergence", has_text="In the books").wait_for()
        assert "× 2" in page.locator(".pk-compare").inner_text()
        press(page, "How sure?")
        page.get_by_text(re.compile(r"8 of 8 pairs over \d+ days")).wait_for()
        assert page.locator(".pk-whisker").count() == 3
        assert re.search(r"in B|sign not clear", page.locator(".pk-whisker").first.inner_text())
        page.keyboard.press("w")
        assert page.locator(".pk-swipe").is_visible()
        page.keyboard.press("c")
        page.locator(".pk-a").wait_for(state="hidden")
        page.get_by_text("reset all").click()
        page.locator(".pk-is-moved").wait_for(state="detached")


ARRIVAL = """
[[formation]]
name = "West 3"
side = "defender"
infantry = 60
arrive = 2024-08-06
source = "made up"
grade = "assumed"
"""


def test_events_and_charts_lead_to_their_time(chrome, tmp_path):
    path = tmp_path / "relieved.toml"  # a skirmish in which something happens
    path.write_text(seeds.path("scenarios/skirmish.toml").read_text().replace('name = "skirmish"', 'name = "relieved"') + ARRIVAL)
    with served(str(path)) as address, opened(chrome, address) as page:
        page.keyboard.press("Space")
        slide(page, "[aria-label=Speed]", 5)
        page.wait_for_function("window.__page.debug.now.step >= 80", timeout=PATIENCE)
        page.wait_for_timeout(1500)  # the list follows a few times a second
        event = page.locator(".pk-events li button").last
        event.click()
        page.wait_for_function("window.__page.debug.now.step < 80", timeout=PATIENCE)
        press(page, "Close")  # the card of the last day
        chart = page.locator(".pk-chart canvas").first.bounding_box()
        page.mouse.click(chart["x"] + chart["width"] * 0.5, chart["y"] + 20)
        page.wait_for_function("Math.abs(window.__page.debug.now.step - 38) < 9", timeout=PATIENCE)


@pytest.mark.parametrize(("entry", "suffix", "head"), [
    ("Picture, PNG", ".png", b"\x89PNG"), ("Figures by day, CSV", ".csv", b"day,"), ("Figures by day, Parquet", ".parquet", b"PAR1"),
    ("Battle so far, GIF", ".gif", b"GIF89a"),
])  # fmt: skip
def test_export(chrome, address, entry, suffix, head, tmp_path):
    with opened(chrome, address) as page:
        go_on(page, 1, 3)
        press(page, "Save")
        with page.expect_download(timeout=PATIENCE) as waiting:
            press(page, entry)
        file = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(file)
        assert file.suffix == suffix and file.read_bytes().startswith(head) and file.stat().st_size > 300


def test_another_scenario_and_seed(chrome, address):
    with opened(chrome, address) as page:
        page.locator(".pk-title").click()
        page.locator("[data-card=begin] [aria-label=Seed]").fill("7")
        press(page, "Start over")
        page.wait_for_function("window.__page.ground.scenario.seed === 7 && !!window.__page.debug.now", timeout=PATIENCE)
        assert "Seed 7" in page.locator(".pk-seed").inner_text()


def test_two_sessions_are_separate(chrome, address):
    with opened(chrome, address) as one, opened(chrome, address) as other:
        press(one, "Step")
        at_step(one, 1)
        assert other.evaluate(STEP) == 0
        press(other, "Step")
        at_step(other, 1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone(chrome, address, theme):
    with opened(chrome, address, 390, 844, color_scheme=theme, has_touch=True) as page:
        assert page.locator(".pk").get_attribute("data-size") == "phone"
        assert page.locator(".pk").get_attribute("data-theme") == theme
        press(page, "Step")
        at_step(page, 1)
        page.locator(".pk-grip").click()
        for tab in ("Charts", "Events", "Layers", "Levers"):
            page.get_by_role("tab", name=tab).click()
        assert page.locator(".pk-lever").first.is_visible()
        small = page.evaluate("""() => [...document.querySelectorAll('.pk button, .pk [role=switch]')].filter(b => b.offsetParent)
          .map(b => [b.textContent || b.ariaLabel, b.getBoundingClientRect()]).filter(([, r]) => r.width * r.height && Math.max(r.width, r.height) < 24).length""")
        assert small == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        press(page, "Menu")
        page.get_by_role("button", name="Start another battle").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("tab", name="Compare").click()
        page.locator(".pk-a canvas").first.wait_for()
        sizes = page.evaluate("[...document.querySelectorAll('.pk-place')].map(p => [p.offsetWidth, p.offsetHeight])")
        assert all(w > 300 and h > 60 for w, h in sizes), "two maps, one over the other"


def test_contrast_of_words(chrome, address):
    """All words on the page reach 4.5 : 1 against what is behind them, in both themes."""
    with opened(chrome, address) as page:
        for _ in range(2):
            low = page.evaluate("""() => {
              const lum = c => { const v = c.map(q => { q /= 255; return q <= .03928 ? q / 12.92 : ((q + .055) / 1.055) ** 2.4; }); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
              const rgb = s => (s.match(/[\\d.]+/g) || []).map(Number);
              const behind = n => { for (; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c.length < 4 || c[3] > .9) return c; } return [255, 255, 255]; };
              return [...document.querySelectorAll('.pk *')].filter(n => n.offsetParent && !n.closest('[aria-hidden],:disabled') && [...n.childNodes].some(c => c.nodeType === 3 && c.textContent.trim()))
                .map(n => { const a = lum(rgb(getComputedStyle(n).color)), b = lum(behind(n)); return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), n.textContent.slice(0, 40)]; })
                .filter(([r]) => r < 4.5); }""")
            assert low == []
            page.keyboard.press("t")
            page.wait_for_timeout(200)


def test_every_control_is_reached_by_key_named_and_shown(chrome, address):
    """Tab visits all controls in turn; each has a name and a ring while it has the focus. Space works a switch."""
    with opened(chrome, address) as page:
        page.locator(".pk-title").focus()
        stops = set()
        for _ in range(70):
            page.keyboard.press("Tab")
            stops.add(page.evaluate(NAME_OF_FOCUS))
        bad = page.evaluate("""() => [...document.querySelectorAll('.pk button, .pk input, .pk select, .pk .pk-top')].filter(n => n.offsetParent && !n.disabled && n.tabIndex >= 0)
          .map(n => { n.focus({focusVisible: true}); const s = getComputedStyle(n.closest('.pk-timeline') && n.type === 'range' ? n.closest('.pk-timeline') : n);
            return [n.ariaLabel || n.labels?.[0]?.textContent.trim() || n.textContent.trim(), document.activeElement === n, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]; })
          .filter(([name, there, ring]) => !(name && there && ring))""")
        assert bad == []
        assert {"Control and front", "Manpower ratio", "Map of the battle", "Play", "Speed", "Time line", "Whole sector"} <= {s.split(" on ")[0] for s in stops}
        box = page.get_by_role("switch", name="Works")
        box.focus()
        page.keyboard.press("Space")
        assert not box.is_checked() and not page.evaluate("window.__page.debug.state.playing")
        page.locator(".pk-b .pk-top").focus()
        page.keyboard.press("Enter")
        page.locator(".pk-inspector").wait_for()


def test_still_for_those_who_ask_for_it_and_whole_at_twice_the_size(chrome, address):
    """Reduced motion: no flights. A window of 1440 at 200 %: nothing stands on anything else, nothing is lost sideways."""
    with opened(chrome, address, 720, 450, reduced_motion="reduce", device_scale_factor=2) as page:
        page.keyboard.press("+")
        scale = page.evaluate("window.__page.debug.view.scale")
        assert page.evaluate("window.__page.debug.fly(6, 6, 33) || window.__page.debug.view.scale") == 33 != scale
        press(page, "Step")
        at_step(page, 1)
        boxes = page.evaluate("""() => [...document.querySelectorAll('.pk-head > *, .pk-buttons-row > *')].map(n => n.getBoundingClientRect()).filter(r => r.width > 1).map(r => [r.left, r.top, r.right, r.bottom])""")
        over = [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a[0] < b[2] - 1 and b[0] < a[2] - 1 and a[1] < b[3] - 1 and b[1] < a[3] - 1]
        assert over == [] and max(b[2] for b in boxes) <= 720
        assert page.evaluate("[document.documentElement.scrollWidth, document.querySelector('.pk-left').scrollWidth <= document.querySelector('.pk-left').clientWidth]") == [720, True]


def test_a_fault_and_the_last_day_are_told(chrome, address):
    with opened(chrome, address) as page:
        page.evaluate("""window.__page.fault({step: 8, phase: 'drones', reason: 'ValueError: <b>no</b>', details: ['drones.py:1 run'], scenario: 'skirmish',
          seed: 1, levers: {}, commit: 'abc', restart_day: 0})""")
        card = page.locator("[data-card=fault]")
        assert "The run stopped at step 8" in card.inner_text() and "<b>no</b>" in card.inner_text()
        press(page, "Restart")
        card.wait_for(state="detached")
        slide(page, "[aria-label=Speed]", 5)
        press(page, "Play")
        page.locator("[data-card=over]").wait_for(timeout=PATIENCE)
        last = page.evaluate(STEP)
        assert last == page.evaluate("window.__page.debug.now.n_steps")
        page.keyboard.press("Space")  # by habit: it closes the card
        page.locator("[data-card=over]").wait_for(state="detached")
        page.keyboard.press("Space")
        page.wait_for_timeout(500)
        assert page.evaluate("[window.__page.debug.now.step, window.__page.debug.now.head]") == [last, last]
        page.evaluate("window.__page.debug.over()")
        press(page, "Start over")
        card = page.locator("[data-card=again]")
        assert "days of this battle will be gone" in card.inner_text() and page.evaluate(NAME_OF_FOCUS) == "Close"
        page.keyboard.press("Space")
        card.wait_for(state="detached")
        assert page.evaluate("window.__page.debug.now.head") == last
        page.evaluate("window.__page.debug.over()")
        press(page, "Start over")
        card.get_by_role("button", name="Start over").click()
        page.wait_for_function("window.__page.debug.now.head === 0")


def test_a_recorded_run(chrome, tmp_path_factory):
    from experiments.cli.app import _status

    out = tmp_path_factory.mktemp("run") / "skirmish"
    assert _status(["run", "skirmish", "--days", "5", "--quiet", "--out", str(out)]) == 0
    with served(None, "--run", str(out)) as url, opened(chrome, url) as other, opened(chrome, url) as page:
        press(other, "Compare C")  # simulated again, it can be taken over
        other.locator(".pk-a canvas").first.wait_for()
        assert not other.evaluate("window.__page.ground.replay")
        assert "Recorded" in page.locator(".pk-seed").inner_text()
        page.keyboard.press("Space")
        page.wait_for_function("window.__page.debug.now.step === 20", timeout=PATIENCE)
        assert page.evaluate("window.__page.debug.scenes[0].units().n") > 50, "units are there: the battle was simulated again"
        press(page, "Run it live")
        page.wait_for_function("!window.__page.ground.replay && !!window.__page.debug.now", timeout=PATIENCE)
        press(page, "Step")
        at_step(page, 1)
