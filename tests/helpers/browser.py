"""What tests of the page in a browser share: a page that is opened and watched, and hands."""

import contextlib

PATIENCE = 120_000
STEP = "() => window.__page.debug.now.step"
NAME_OF_FOCUS = "(document.activeElement.ariaLabel || document.activeElement.textContent).trim()"
DISTINCT = """() => [...document.querySelectorAll('.pk-map canvas')].map(c => {
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, seen = new Set();
  for (let k = 0; k < d.length; k += 4 * 37) seen.add(d[k] << 16 | d[k + 1] << 8 | d[k + 2]);
  return seen.size; })"""


@contextlib.contextmanager
def opened(chrome, url, width=1440, height=900, **more):
    """A page that has drawn its first frame; at the end nothing may have gone wrong or left the server."""
    context = chrome.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **more)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    bad = []
    page.on("console", lambda m: bad.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: bad.append(str(e)))
    page.on("response", lambda r: bad.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    own = (url, url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: bad.append(f"outside: {r.url}") if not r.url.startswith(own) else None)
    page.goto(url)
    page.wait_for_function("window.__frames >= 1 && !!window.__page.debug.now", timeout=PATIENCE)
    try:
        yield page
        assert bad == []
    finally:
        context.close()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def at_step(page, step):
    page.wait_for_function(f"window.__page.debug.now.step === {step}", timeout=PATIENCE)


def go_on(page, first, last):
    """Goes on day by day, from the end of the day before `first` to the end of `last`, and waits for each."""
    for day in range(first, last + 1):
        page.keyboard.press("Shift+ArrowRight")
        at_step(page, 4 * day)


def slide(page, selector, value):
    """Moves a slider as a hand does: input while it moves, change when it is let go."""
    page.locator(selector).evaluate(
        "(r, v) => { r.value = v; r.dispatchEvent(new Event('input')); r.dispatchEvent(new Event('change')); }", value
    )
