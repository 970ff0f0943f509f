"""The page at every width, in a real Chromium: charts, levers and events are in sight, nothing scrolls sideways, and the credit stands."""

import pytest
from helpers.browser import PATIENCE, at_step, opened

from sim.view.page.benchmark import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def sector():
    with served("pokrovsk-2024") as url:
        yield url


IN_SIGHT = """(selector) => { const n = document.querySelector(selector); if (!n) return false; const r = n.getBoundingClientRect(), x = r.left + Math.min(r.width / 2, 20), y = r.top + r.height / 2;
  return r.width > 1 && r.height > 1 && y > 0 && y < innerHeight && x > 0 && x < innerWidth && n.contains(document.elementFromPoint(x, y)); }"""
WIDE = """() => [document.documentElement, ...document.querySelectorAll('.pk, .pk-left, .pk-left > *, .pk-right, .pk-right > *, .pk-pane, .pk-head, .pk-foot')]
  .filter(n => n.scrollWidth > n.clientWidth + 1 && (n === document.documentElement || !['hidden', 'visible'].includes(getComputedStyle(n).overflowX))).map(n => [n.className, n.scrollWidth, n.clientWidth])"""
CREDIT = """() => { const r = document.querySelector('.pk-credit').getBoundingClientRect(), o = document.querySelector('.pk-map').getBoundingClientRect(), s = document.querySelector('.pk-sheet').getBoundingClientRect();
  const inside = r.left >= o.left - 1 && r.right <= o.right + 1 && r.bottom <= o.bottom + 1 && r.height > 8, covered = s.width && r.left < s.right && s.left < r.right && r.bottom > s.top + 1 && r.top < s.bottom;
  return inside && !covered ? document.querySelector('.pk-credit').innerText : ''; }"""


@pytest.mark.parametrize(("width", "height"), [(720, 900), (1023, 768), (1024, 768), (1199, 800), (1280, 720), (1440, 900), (390, 844)])
def test_all_is_in_sight_at_every_width(chrome, sector, width, height):
    with opened(chrome, sector, width, height) as page:
        page.wait_for_timeout(600)
        assert page.evaluate(WIDE) == []
        credit = page.evaluate(CREDIT)
        assert all(word in credit for word in ("Model, not observed.", "OpenStreetMap", "GeoNames"))
        for panel, inside in (("Charts", ".pk-chart"), ("Levers", ".pk-lever"), ("Events", ".pk-events li")):
            tab = page.get_by_role("tab", name=panel)
            if tab.count() and tab.is_visible():
                tab.click()
            elif width < 720:  # the sheet of a phone is closed at first
                page.locator(".pk-grip").click()
                page.get_by_role("tab", name=panel).click()
            assert page.evaluate(IN_SIGHT, inside), f"{panel} at {width} px"
        assert page.evaluate(WIDE) == []


def test_observed_stands_after_the_number_of_the_model(chrome, sector):
    with opened(chrome, sector) as page:
        page.keyboard.press("Shift+ArrowRight")
        at_step(page, 4)
        assert page.locator(".pk-held").inner_text().split("\n")[-1].startswith("model ")
        note = page.locator(".pk-chart-note").first
        page.wait_for_function("document.querySelector('.pk-chart-note').textContent.startsWith('model ')")
        assert note.inner_text().endswith("; outline: observed")


def touch(page, kind, x=0, y=0):
    page.touches = getattr(page, "touches", None) or page.context.new_cdp_session(page)
    page.touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else [{"x": x, "y": y}]})


def test_a_finger_scrolls_over_sliders_and_a_tap_on_a_name_explains(chrome, address):
    with opened(chrome, address, 390, 844, has_touch=True, is_mobile=True) as page:
        page.locator(".pk-grip").click()
        page.get_by_role("tab", name="Levers").click()
        slider = page.locator(".pk-lever input[type=range]").nth(2)
        box, value = slider.bounding_box(), slider.input_value()
        x, y = box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2
        touch(page, "touchStart", x, y)
        for k in range(1, 9):
            touch(page, "touchMove", x, y - 12 * k)
        touch(page, "touchEnd")
        page.wait_for_timeout(600)
        assert page.locator(".pk-pane").evaluate("p => p.scrollTop") > 20, "it scrolled"
        assert slider.input_value() == value and page.locator(".pk-is-moved").count() == 0
        page.locator(".pk-pane").evaluate("p => { p.scrollTop = 0; }")
        page.locator(".pk-lever-name").nth(2).tap()
        tip = page.locator(".pk-tip")
        tip.wait_for()
        assert "Default" in tip.inner_text()
        page.locator(".pk-date").tap()
        tip.wait_for(state="hidden")
        box = slider.bounding_box()
        y = box["y"] + box["height"] / 2
        at = box["x"] + box["width"] / 2
        touch(page, "touchStart", at, y)
        for k in range(1, 9):
            touch(page, "touchMove", at + 12 * k, y)
        touch(page, "touchEnd")
        page.locator(".pk-is-moved").wait_for(timeout=PATIENCE)
