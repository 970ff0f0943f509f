"""A Chromium and a served skirmish for tests of the page."""

import pytest

from sim.view.page.benchmark import SWITCHES, chromium, served


@pytest.fixture(scope="module")
def chrome():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if chromium() is None:
        pytest.skip("no Chromium: set CHROME_BIN, or install chromium")
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address():
    with served("skirmish") as url:
        yield url
