"""The page by axe-core 4 (Deque Systems, MPL-2.0, as axe-playwright-python carries it): no violation of WCAG 2.1 A and AA that it can find."""

import pytest
from helpers.browser import at_step, opened

from sim.view.page.benchmark import served

pytestmark = pytest.mark.browser
RULES = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def violations(page):
    """What axe-core finds: rule, and the first places of it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    found = axe.run(page, options=RULES).response["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"][:3]]) for rule in found]


@pytest.fixture(scope="module")
def sector():
    with served("pokrovsk-2024") as url:
        yield url


@pytest.mark.parametrize(("width", "height", "scheme"), [(1440, 900, "light"), (1440, 900, "dark"), (900, 800, "light"), (390, 844, "light")])
def test_the_page_has_no_violation(chrome, address, width, height, scheme):
    with opened(chrome, address, width, height, color_scheme=scheme) as page:
        page.keyboard.press("Shift+ArrowRight")
        at_step(page, 4)
        assert violations(page) == []


def test_cards_levers_and_a_comparison_have_none(chrome, address):
    with opened(chrome, address) as page:
        page.keyboard.press("Shift+ArrowRight")
        at_step(page, 4)
        page.get_by_role("button", name="all levers").click()
        for key in ("g", "?"):
            page.keyboard.press("Escape")
            page.locator(".pk-top").last.focus()
            page.keyboard.press(key)
            page.locator(".pk-dialog").wait_for()
            assert violations(page) == [], key
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Compare").click()
        page.wait_for_timeout(600)
        assert violations(page) == []


def test_the_guide_has_none(chrome, sector):
    with opened(chrome, sector) as page:
        page.locator(".pk-offer").click()
        page.locator(".pk-now-step").wait_for()
        page.wait_for_timeout(500)
        assert violations(page) == []
