"""Serves the page on this machine: our own headers, no telemetry, nothing fetched from elsewhere."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import threading
import time
import warnings
import webbrowser
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.view.page.messages.guide import OWN, read_guide

DEFAULT = "pokrovsk-2024"
PORTS = range(8765, 8865)  # tried in order when none is requested
MOST_PORT = 65_535
FIRST_VIEW: dict[str, Any] = {}  # what every page of this server shows first, as arguments of BattleMap
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss: blob: data:; worker-src 'self' blob:; "
        "frame-ancestors 'self'; base-uri 'self'; form-action 'self'"
    ),
}


class Guard:
    """ASGI: adds headers, and refuses hosts and origins that are not this server (a page elsewhere must not steer it)."""

    def __init__(self, app: Any, hosts: set[str] | None):
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = {k.decode().lower(): v.decode("latin1") for k, v in scope["headers"]}
        host = given.get("host", "")
        origin = given.get("origin", "")
        foreign = self.hosts is not None and _name(host) not in self.hosts
        if foreign or (origin and origin.split("://")[-1] != host):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"This page answers to its own address only."})
            return

        async def with_headers(message: dict) -> None:
            if message["type"] == "http.response.start":
                own = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        await self.app(scope, receive, with_headers)


def _name(host: str) -> str:
    """The host without its port."""
    return host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")


def is_loopback(host: str) -> bool:
    """True when only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def free_port(host: str, port: int | None) -> int:
    """The requested port, or the first free one from 8765 on; 0 is any free one. InputError where none can be had."""
    if port is not None and not 0 <= port <= MOST_PORT:
        raise InputError(f"--port {port}: allowed: 1 to {MOST_PORT}, or 0 for any free port.")
    reason = ""
    for number in [port] if port is not None else PORTS:
        try:
            with socket.socket(family(host)) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((host, number))
                return s.getsockname()[1]
        except (socket.gaierror, UnicodeError, TypeError):  # the last two: text that is no name at all
            raise InputError(f"--host {host!r}: no address of that name; allowed: an IP address or a host name of this machine.") from None
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise InputError(f"--host {host!r}: this machine does not have that address.") from None
            reason = (error.strerror or "not allowed").lower()
    raise InputError(f"--port {port if port is not None else f'{PORTS[0]} to {PORTS[-1]}'} on {host}: {reason}; give another --port.")


def family(host: str) -> socket.AddressFamily:
    """IPv6 for an address with colons, else IPv4."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def url_of(host: str, port: int) -> str:
    """The address that a browser on this machine opens; an IPv6 address stands in brackets."""
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


def check(source: Any, run: Path | None, member: str, seed: int | str) -> None:
    """InputError for what cannot be shown, before anything is served."""
    from sim.scenario import load_scenario
    from sim.view.page.session.commands import whole_seed
    from sim.view.page.session.recorded_run import RecordedRun, read_run

    try:
        whole_seed(seed)
    except InputError as error:
        raise InputError(f"--{error}") from None
    if run is not None and source is not None:
        raise InputError("give a scenario or --run, not both.")
    if run is not None:
        read_run(Path(run).resolve(), member)
    elif not isinstance(source, RecordedRun):
        load_scenario(source or DEFAULT)


def prepare() -> None:
    """Settings of Solara; before it is first imported."""
    os.environ["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] = "False"
    os.environ["SOLARA_APP"] = "sim.view.page.app"
    os.environ["SOLARA_MODE"] = "production"
    os.environ.setdefault("SOLARA_ASSETS_FONTAWESOME_ENABLED", "False")
    os.environ.setdefault("SOLARA_THEME_LOADER", "plain")
    os.environ.setdefault("SOLARA_THEME_SHOW_BANNER", "False")
    os.environ.setdefault("SOLARA_KERNEL_CULL_TIMEOUT", "60s")
    warnings.filterwarnings("ignore", "Cookies with samesite=none")  # of Solara, on every visit by another name than localhost; it then does as we want


def serve(source: Any = None, *, run: Path | None = None, member: str = "median", seed: int | str = 1,
          overrides: dict[str, Any] | None = None, host: str = "127.0.0.1", port: int | None = None, browser: bool = True, guide: Path | None = None) -> None:
    """Serves until it is stopped: a scenario, a RecordedRun, or the recorded `run` of a folder. Says where, and who else can reach it.

    `guide` is the file of a guide that goes before those of the package.
    """
    check(source, run, member, seed)
    if guide is not None:
        OWN[:] = [read_guide(guide)]
    host = host.strip().removeprefix("[").removesuffix("]")
    if not host:
        raise InputError("--host '': allowed: an IP address or a host name of this machine.")
    port = free_port(host, port)
    prepare()
    shown = {"source": str(Path(run).resolve()), "member": member} if run is not None else {"source": source or DEFAULT}
    FIRST_VIEW.update(shown, seed=int(seed), overrides=overrides)
    threading.Thread(target=_compile, daemon=True).start()  # while the server starts and the browser opens
    import uvicorn
    from solara.server.starlette import app

    url = url_of(host, port)
    print(f"The battle is at {url}   (Ctrl-C stops it)", flush=True)
    if not is_loopback(host):
        print(f"Listening on {host}: everybody who can reach this machine can open pages and use its processor; "
              "there is no password.", flush=True)
    if browser:
        threading.Thread(target=_open_when_up, args=(host, port, url), daemon=True).start()
    hosts = {"localhost", "127.0.0.1", "::1", host} if is_loopback(host) else None
    uvicorn.run(Guard(app, hosts), host=host, port=port, log_level="warning", ws_max_size=2**24)


def _compile() -> None:
    """Compiles what is missing of the kernels; the page tells how far it is."""
    from sim import compilation

    compilation.prepare(compilation.nobody)


def _open_when_up(host: str, port: int, url: str) -> None:
    for _ in range(100):
        with socket.socket(family(host)) as s:
            if s.connect_ex((host, port)) == 0:
                webbrowser.open(url)
                return
        time.sleep(0.1)
