"""Pictures of the page for the README: taken in a headless Chromium by `pokrovsk view --pictures DIR`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.view.page.benchmark import SWITCHES, chromium, served

SIZE = {"width": 1440, "height": 900}
FORK_DAY, DAY = 330, 372  # when a lever is moved, and when the pictures are taken
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
    page.mouse.move(700, 8)  # where there is nothing to describe
    page.wait_for_timeout(2500)


def _stills(browser: Any, url: str, folder: Path) -> None:
    page = _page(browser, url, SIZE, 1.5)
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
    _film(page, folder / "page.gif")
    page.keyboard.press("c")
    page.wait_for_timeout(4000)
    page.screenshot(path=folder / "page-compare.png")
    page.close()
    for file in folder.glob("page-*.png"):
        _shrink(file)


def _phone(browser: Any, url: str, folder: Path) -> None:
    page = _page(browser, url, {"width": 390, "height": 844}, 2.0)
    _run_to(page, 60)
    page.screenshot(path=folder / "page-phone.png")
    page.close()


def _film(page: Any, file: Path) -> None:
    """The recorded days as an animation, one picture every week or so; ends on the newest."""
    from sim.view.page.messages.export import Film

    film = Film(file.stem, 8)
    head, per_day = page.evaluate("[window.__page.debug.now.head, window.__page.ground.scenario.steps_per_day]")
    every = per_day * max(1, head // per_day // 48)
    for step in [*range(0, head, every), head]:
        page.locator("[aria-label='Time line']").evaluate(
            "(r, v) => { r.value = v; r.dispatchEvent(new Event('input')); r.dispatchEvent(new Event('change')); }", step
        )
        page.wait_for_function(f"Math.abs(window.__page.debug.now.step - {step}) < {per_day}")
        page.wait_for_timeout(700)
        film.add(_png(page.screenshot()))
    file.write_bytes(film.finish("gif")[1])


def _shrink(file: Path) -> None:
    """The same picture with 64 tones a channel: half the size, and nothing that can be seen is lost."""
    from PIL import Image

    picture = Image.open(file).convert("RGB").point(lambda v: min((v + 2) // 4 * 4, 255))
    picture.save(file, optimize=True)


def _png(data: bytes) -> bytes:
    """A screenshot as plain RGB at the width of the animation."""
    from PIL import Image

    out, picture = io.BytesIO(), Image.open(io.BytesIO(data)).convert("RGB")
    size = (FILM_WIDTH, round(picture.height * FILM_WIDTH / picture.width))
    picture.resize(size, Image.Resampling.LANCZOS).save(out, "PNG", compress_level=1)
    return out.getvalue()
