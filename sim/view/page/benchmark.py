"""How fast the page is: time by stage of a frame, bytes of a frame, and frames a second that reach a browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from sim.view.page.messages import frames
from sim.view.page.messages.frame_history import RecordedFrame
from sim.view.page.session.session import Session

SCENARIO = "pokrovsk-2024"
PATIENCE_S = 300.0  # for a server to start
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync")  # fmt: skip


def measure(quick: bool = False) -> None:
    """Prints every row as it is measured."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.7:
        print(f"other programs keep {load:.1f} cores busy: figures of wall time mean little\n", flush=True)
    for name, value in stages(60 if quick else 200).items():
        print(f"{name:<44} {value}", flush=True)
    for name, value in in_a_browser(6 if quick else 15).items():
        print(f"{name:<44} {value}", flush=True)


def stages(steps: int, settle_days: int = 60) -> dict[str, str]:
    """Milliseconds by stage of one frame and kilobytes of what is sent, without a browser."""
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    s = Session(lambda m, b: sent.append((m, b)), SCENARIO, 1)
    s.open()
    branches = s.battle
    for _ in range(settle_days * s.scenario.steps_per_day):
        branches.step()
    spent: dict[str, list[float]] = {"step": [], "encode": [], "record": [], "tell": []}
    sizes, heads = [], []
    for _ in range(steps):
        _timed(spent["step"], branches.step)
        before = branches.history.nearest(branches.world.step_index).arms[0]
        made: list[Any] = []
        _timed(spent["encode"], lambda b=before, made=made: made.append((frames.layers(branches.world, b), frames.moment(branches.world))))
        layers, about = made[0]
        _timed(spent["record"], lambda layers=layers, about=about: branches.history.add(RecordedFrame(about, [layers])))
        sent.clear()
        _timed(spent["tell"], lambda: s.show(branches.history.nearest(branches.world.step_index)))
        message, buffers = sent[-1]
        sizes.append(sum(map(len, buffers)))
        heads.append(len(json.dumps(message)))
    out = {f"{name}, ms a frame": f"{1000 * statistics.median(v):.2f}" for name, v in spent.items()}
    out["units"] = f"{branches.history.nearest(branches.world.step_index).moment['units']:,}"
    out["binary, kB a frame"] = f"{statistics.mean(sizes) / 1000:.0f}"
    out["words, kB a frame"] = f"{statistics.mean(heads) / 1000:.1f}"
    out["recorded, MB a year"] = f"{365 * statistics.mean(sizes) / 1e6:.0f}"
    return out


def _timed(into: list[float], work: Any) -> None:
    begin = time.perf_counter()
    work()
    into.append(time.perf_counter() - begin)


@contextlib.contextmanager
def served(scenario: str | None = None, *words: str, host: str = "127.0.0.1", port: int = 0,
           environment: dict[str, str] | None = None) -> Iterator[str]:
    """The page on this port or a free one, in a process of its own, with this environment; yields its address."""
    from sim.view.page.serve import free_port, url_of

    port = free_port(host, port)
    code = "import sys; from experiments.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "view", *([scenario] if scenario else []), "--no-open", "--host", host, "--port", str(port), *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as server:
        try:
            _wait_for(host, port, server)
            yield url_of(host, port)
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(host: str, port: int, server: subprocess.Popen) -> None:
    import socket

    from sim.view.page.serve import family

    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        with socket.socket(family(host)) as s:
            if s.connect_ex((host, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the page did not start")


def chromium() -> str | None:
    """The browser to use: CHROME_BIN, or what the system has."""
    return os.environ.get("CHROME_BIN") or shutil.which("chromium") or shutil.which("google-chrome")


def _spent() -> tuple[float, float]:
    """Processor seconds so far of the server and of the browser: what other programs do hardly changes them."""
    import psutil

    server = browser = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            used = sum(process.cpu_times()[:2])
            if "chrom" in process.name():
                browser += used
            elif "view" in process.cmdline():
                server += used
    return server, browser


def first_picture(environment: dict[str, str]) -> tuple[float, list[str]]:
    """Seconds from the start of a server to a battle that moves in a browser, and what the page said meanwhile.

    ImportError without playwright, RuntimeError without a browser.
    """
    from playwright.sync_api import sync_playwright

    if chromium() is None:
        raise RuntimeError("no Chromium")
    words: list[str] = []
    begin = time.perf_counter()
    with served(SCENARIO, environment=environment) as url, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        while not page.evaluate("window.__frames >= 1"):
            said = page.evaluate("[...document.querySelectorAll('.pk-card p')].map(p => p.textContent).join(' ')")
            if said and said not in words:
                words.append(said)
            page.wait_for_timeout(500)
            if time.perf_counter() - begin > PATIENCE_S:
                raise RuntimeError("no picture came")
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function("window.__frames >= 3", timeout=60_000)
        wall = time.perf_counter() - begin
        browser.close()
    return wall, words


def in_a_browser(seconds: float) -> dict[str, str]:
    """Frames and steps a second in a headless Chromium at 1440 x 900, playing fast."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {"in a browser": "left out: playwright is not installed"}
    if chromium() is None:
        return {"in a browser": "left out: no Chromium"}
    with served(SCENARIO) as url, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_function("window.__frames >= 1", timeout=120_000)
        out = {}
        for name, index, window_s in (("10 days/s", 3, seconds / 2), ("100 days/s", 5, seconds / 5)):
            page.get_by_role("button", name="Reset", exact=True).click()  # a fast battle is over in some seconds
            page.wait_for_function("window.__page.debug.now.step === 0", timeout=60_000)
            page.evaluate(f"(() => {{ const r = document.querySelector('[aria-label=Speed]'); r.value = {index}; r.dispatchEvent(new Event('input')); }})()")
            page.get_by_role("button", name="Play", exact=True).click()
            page.wait_for_timeout(1000)
            record_frame = "[window.__frames, window.__page.debug.now.step, performance.now(), window.__page.debug.now.units, window.__spent.take, window.__spent.paint]"
            a, before = page.evaluate(record_frame), _spent()
            page.wait_for_timeout(1000 * window_s)
            b, after = page.evaluate(record_frame), _spent()
            pause = page.get_by_role("button", name="Pause", exact=True)
            if pause.count():  # else the horizon has come
                pause.click()
            page.get_by_role("button", name="Play", exact=True).wait_for()
            wall = (b[2] - a[2]) / 1000
            out[f"frames a second, {name}, {b[3]:,} units"] = f"{(b[0] - a[0]) / wall:.1f}"
            out[f"steps a second, {name}"] = f"{(b[1] - a[1]) / wall:.1f}"
            of = [(b[k] - a[k]) / max(b[0] - a[0], 1) for k in (4, 5)]
            out[f"script ms a frame, {name}"] = f"{of[0]:.0f} taking it in, {of[1]:.0f} painting"
            cost = [1000 * (q - p) / max(b[0] - a[0], 1) for p, q in zip(before, after, strict=True)]
            out[f"processor ms a frame, {name}"] = f"{cost[0]:.0f} server, {cost[1]:.0f} browser"
        browser.close()
    return out
