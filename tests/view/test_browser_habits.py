"""What a reader does by habit, in a real Chromium: nothing is lost by it, and nothing untrue is said."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import ClassVar

import pytest
from helpers.browser import DISTINCT, PATIENCE, at_step, go_on, opened, slide

from sim.view.page.benchmark import served

pytestmark = pytest.mark.browser
GROUND = """() => { const n = window.__page.debug.now; return [n.step, n.head, n.held, window.__page.debug.state.twin, n.counts.flat().join()]; }"""


def test_reload_and_back_bring_the_battle_back(chrome, address):
    """The same battle, with its levers and its twin, at the day that was shown."""
    with opened(chrome, address) as page:
        go_on(page, 1, 1)
        slide(page, "[data-key='fpv_team.reach_scale'] input", 2)
        page.locator(".pk-is-moved").wait_for()
        go_on(page, 2, 4)
        assert "step=16" not in page.evaluate("window.location.hash"), "it is left before the address has followed"
        before = page.evaluate(GROUND)
        for way in (page.reload, lambda: (page.goto("about:blank"), page.go_back())):
            way()
            page.wait_for_function("window.__page?.debug.now?.step === 16", timeout=PATIENCE)
            assert page.evaluate(GROUND) == before
            page.locator(".pk-is-moved[data-key='fpv_team.reach_scale']").wait_for()
            assert "simulated again" in page.locator(".pk-toast").inner_text()


def test_a_link_that_cannot_be_followed_gets_a_sentence(chrome, address):
    link = f"{address}#scenario=relieved&seed=1&head=8"
    with opened(chrome, link.split("#")[0]) as page:
        page.goto("about:blank")
        page.goto(link)
        page.locator(".pk-toast", has_text="pokrovsk view relieved.toml").wait_for()
        page.wait_for_function("window.__page?.ground.scenario.name === 'skirmish'")


def test_a_click_on_the_future_runs_to_there(chrome, address):
    with opened(chrome, address) as page:
        slide(page, "[aria-label='Time line']", 12)
        at_step(page, 12)
        assert page.evaluate("window.__page.debug.now.head") == 12


def test_a_lost_server_is_said_within_three_seconds_and_what_became_of_the_battle(chrome):
    with served("skirmish") as url:
        port = int(url.rstrip("/").rsplit(":", 1)[1])
        context = chrome.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(url)
        page.wait_for_function("window.__frames >= 1 && !!window.__page.debug.now", timeout=PATIENCE)
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_function("window.location.hash.includes('head=4')", timeout=PATIENCE)
    begin = time.monotonic()
    page.get_by_text("The connection is gone").wait_for(timeout=10_000)
    assert time.monotonic() - begin < 3
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -300)  # the map still zooms
    assert page.evaluate("window.__page.debug.view.scale") > 0
    with served("skirmish", port=port):
        page.locator(".pk-toast", has_text="The battle ended with its server. The same battle is simulated again").wait_for(timeout=PATIENCE)
        page.wait_for_function("window.__page?.debug.now?.step === 4", timeout=PATIENCE)
        assert page.locator("[data-card=lost]").count() == 0
        context.close()


@pytest.fixture
def empty_cache(tmp_path):
    """A folder of compiled kernels in which another process seems to compile; tells how far, and ends it."""
    from filelock import FileLock

    from sim import compilation

    here = Path(os.environ["NUMBA_CACHE_DIR"])
    compilation.prepare(compilation.nobody)
    own = tmp_path / here.name
    shutil.copytree(here, own)
    for mark in own.glob("ready-*"):
        mark.unlink()

    class Cache:
        environment: ClassVar = {**os.environ, "NUMBA_CACHE_DIR": str(own)}

        def tell(self, done, total, share):
            (own / "compiling.json").write_text(json.dumps([done, total, share]))

        def end(self):
            shutil.copy(next(here.glob("ready-*")), own)
            lock.release()

    lock = FileLock(own / "compiling.lock")
    lock.acquire()
    cache = Cache()
    cache.tell(0, 40, 0.0)
    yield cache
    if lock.is_locked:
        cache.end()


def test_while_kernels_compile_nothing_untrue_is_said(chrome, empty_cache):
    """Land and names stand at once, a bar counts what compiles, the connection lives, and Play waits its turn."""
    with served("skirmish", environment=empty_cache.environment) as url:
        page = chrome.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        page.wait_for_function(f"window.__page && Math.max(...({DISTINCT})()) > 50")
        card = page.locator("[data-card=loading]")
        for done in (3, 20):
            empty_cache.tell(done, 40, done / 50)
            card.get_by_text(f"{done} of 40 kernels are compiled, {2 * done} % of the work").wait_for()
            assert page.locator("[data-card=loading] progress").evaluate("b => b.value") == done / 50
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_timeout(4000)  # longer than a lost server needs to be found out
        assert page.locator("[data-card=lost]").count() == 0 and page.evaluate("window.__frames") == 0
        empty_cache.end()
        page.wait_for_function("window.__frames > 3")
        card.wait_for(state="detached")
        assert page.evaluate("window.__page.debug.now.step") > 0, "it plays"
        page.close()


def test_a_battle_that_ended_while_the_page_slept_is_simulated_again(chrome, address):
    """The server is there and the battle is not, as after a laptop was closed for long."""
    with opened(chrome, address) as page:
        go_on(page, 1, 1)
        page.wait_for_function("window.location.hash.includes('head=4')")
        page.evaluate("void setTimeout(() => fetch(`/_solara/api/close/${solara.debug.kernel().id}?session_id=${solara.debug.kernel().clientId}`, {method: 'POST'}))")
        page.locator(".pk-toast", has_text="The battle ended with its server. The same battle is simulated again").wait_for(timeout=PATIENCE)
        at_step(page, 4)
