"""The guided opening in a real Chromium: a link opens a step, it goes forward and back, a term is explained, and it leaves nothing behind."""

import pytest
from helpers.browser import PATIENCE, opened, press

from sim.view.page.benchmark import served

pytestmark = pytest.mark.browser
STEP = ".pk-guide section.pk-now-step h3"


@pytest.fixture(scope="module")
def sector():
    with served("pokrovsk-2024") as url:
        yield url


def titled(page, start):
    page.wait_for_function(f"document.querySelector('{STEP}')?.textContent.startsWith('{start}')", timeout=PATIENCE)


def test_it_is_offered_goes_through_its_steps_and_can_be_skipped(chrome, sector):
    with opened(chrome, sector) as page:
        layers = "() => [...document.querySelectorAll('.pk-layers input')].map((b) => b.checked).join()"
        before = page.evaluate(layers)
        page.locator(".pk-offer").click()
        titled(page, "1.")
        page.wait_for_function("window.__page.debug.now.step === 4")
        assert page.evaluate(layers) != before
        press(page, "Next")
        titled(page, "2.")
        page.wait_for_function("window.__page.debug.now.step === 8")
        assert "km behind" in page.locator(".pk-now-step p").first.inner_text() and "{" not in page.locator(".pk-now-step p").first.inner_text()
        page.get_by_role("button", name="kill zone: what it means").first.click()
        page.locator(".pk-tip", has_text="must expect").wait_for()
        page.locator(".pk-guide").press("PageUp")
        titled(page, "1.")
        page.wait_for_function("window.location.hash.includes('guide=slow-front') && window.location.hash.includes('at=1')")
        page.keyboard.press("Escape")
        assert page.locator(".pk-guide").is_hidden() and page.evaluate(layers) == before
        page.wait_for_function("!window.location.hash.includes('guide=')")


def test_a_link_opens_a_step_and_a_guess_is_answered(chrome, sector):
    with opened(chrome, sector, 390, 844) as page:
        page.goto("about:blank")
        page.goto(f"{sector}#guide=slow-front&at=7")
        titled(page, "7.")
        page.wait_for_function("window.__page.debug.now.step === 180", timeout=PATIENCE)
        see = page.get_by_role("button", name="Move the lever and see")
        assert see.is_disabled(), "first the guess"
        page.get_by_label("Clearly less ground").check()
        see.click()
        page.locator(".pk-guide [aria-live]", has_text="after 21 days, in this one pair of battles").wait_for(timeout=PATIENCE)
        assert page.evaluate("window.__page.debug.now.step") == 4 * 66
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
