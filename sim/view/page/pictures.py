"""Pictures of the page for the README: taken in a headless Chromium by `pokrovsk view --pictures DIR`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from sim.quantity import InputError
from sim.view.page.bench import SWITCHES, chromium, served

SIZE = {"width": 1440, "height": 900}
DAY, FORK_DAY, PARTED_DAY = 372, 330, 372  # of the scenario's days, or the share of it when it is shorter
PATIENCE_MS = 900_000
FILM_WIDTH = 900


def take(folder: Path, scenario: str, seed: int | str = 1) -> None:
    """Writes page-light, page-dark, page-compare and page-phone (PNG) and page.gif to a folder."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise InputError("--pictures needs playwright: it comes with the tests.") from None
    if chromium() is None:
        raise InputError("--pictures needs Chromium; set CHROME_BIN, or install it.")
    folder.mkdir(parents=True, exist_ok=True)
    with served(scenario, "--seed", str(seed)) as url, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        try:
            _film(browser, url, folder / "page.gif")
            _stills(browser, url, folder)
            _phone(browser, url, folder)
        finally:
            browser.close()
    print(f"written to {folder}: {', '.join(sorted(f.name for f in folder.glob('page*')))}")


def _page(browser: Any, url: str, size: dict[str, int], scale: float = 1.0) -> Any:
    page = browser.new_page(viewport=size, device_scale_factor=scale, color_scheme="light")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.wait_for_function("window.__frames >= 1 && !!window.__page.debug.now")
    return page


def _run_to(page: Any, day: int) -> None:
    """Plays as fast as it goes until a day is over."""
    step = f"Math.min({day} * window.__page.ground.scenario.steps_per_day, window.__page.debug.now.n_steps)"
    page.evaluate("(() => { const r = document.querySelector('[aria-label=Speed]'); r.value = 5; r.dispatchEvent(new Event('input')); })()")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"window.__page.debug.now.step >= {step}")
    if page.get_by_role("button", name="Pause", exact=True).count():
        page.get_by_role("button", name="Pause", exact=True).click()
    page.mouse.move(SIZE["width"] - 200, SIZE["height"] - 40)
    page.wait_for_timeout(2500)


def _stills(browser: Any, url: str, folder: Path) -> None:
    page = _page(browser, url, SIZE, 2.0)
    _run_to(page, FORK_DAY)
    page.locator("[data-key='decide.deploy_delay_days'] input").evaluate(
        "r => { r.value = 8; r.dispatchEvent(new Event('input')); r.dispatchEvent(new Event('change')); }"
    )
    _run_to(page, DAY)
    page.screenshot(path=folder / "page-light.png")
    page.keyboard.press("t")
    page.wait_for_timeout(1500)
    page.screenshot(path=folder / "page-dark.png")
    page.keyboard.press("t")
    page.keyboard.press("c")
    page.wait_for_timeout(2500)
    page.screenshot(path=folder / "page-compare.png")
    page.close()


def _phone(browser: Any, url: str, folder: Path) -> None:
    page = _page(browser, url, {"width": 390, "height": 844}, 2.0)
    _run_to(page, 60)
    page.screenshot(path=folder / "page-phone.png")
    page.close()


def _film(browser: Any, url: str, file: Path) -> None:
    """Some of the battle as an animation: one picture every few days."""
    from sim.view.page.export import Film

    page = _page(browser, url, SIZE, FILM_WIDTH / SIZE["width"])
    _run_to(page, DAY)
    film = Film(file.stem, 8)
    steps = page.evaluate("window.__page.debug.now.step")
    per_day = page.evaluate("window.__page.ground.scenario.steps_per_day")
    for day in range(1, steps // per_day + 1, max(1, steps // per_day // 48)):
        page.locator("[aria-label='Time line']").evaluate("(r, v) => { r.value = v; r.dispatchEvent(new Event('input')); r.dispatchEvent(new Event('change')); }", day * per_day)
        page.wait_for_function(f"Math.abs(window.__page.debug.now.step - {day * per_day}) < {per_day}")
        page.wait_for_timeout(500)
        film.add(_png(page.screenshot()))
    file.write_bytes(film.finish("gif")[1])
    page.close()


def _png(data: bytes) -> bytes:
    """A screenshot as plain RGB, small."""
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(out, "PNG", compress_level=1)
    return out.getvalue()
