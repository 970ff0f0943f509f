"""The page through its server: sessions that come and go over the wire, without a browser."""

import contextlib
import json
import time
import uuid

import psutil
import pytest

from sim.view.page.benchmark import served

SESSIONS = 20


class Visitor:
    """A browser's part of the connection: the page is opened, and commands go to its widget."""

    def __init__(self, socket):
        self.socket, self.widget, self.heard = socket, None, []
        self.send("comm_open", comm_id="control", target_name="solara.control", data={})
        run = {"path": "/", "appName": None, "themes": None, "dark": False}
        self.send("comm_msg", comm_id="control", data={"method": "run", "args": run})
        while self.widget is None:
            self.listen()

    def send(self, kind, **content):
        header = {"msg_type": kind, "msg_id": uuid.uuid4().hex}
        message = {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [], "content": content}
        self.socket.send(json.dumps(message))

    def listen(self):
        from solara.server.kernel import deserialize_binary_message

        data = self.socket.recv(timeout=60)
        message = json.loads(data) if isinstance(data, str) else deserialize_binary_message(data)
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "comm_open" and "_esm" in content["data"].get("state", {}):
            self.widget = content["comm_id"]
        if kind == "comm_msg" and content["comm_id"] == self.widget and content["data"]["method"] == "custom":
            self.heard.append(content["data"]["content"])

    def ask(self, until, **command):
        """Sends a command and listens until a message of that type comes back."""
        first = len(self.heard)
        self.send("comm_msg", comm_id=self.widget, data={"method": "custom", "content": command})
        while not any(m["type"] == until for m in self.heard[first:]):
            self.listen()
        return self.heard[-1]


@contextlib.contextmanager
def visit(url):
    """A connection that ends without a word, as when a tab is closed."""
    from websockets.sync.client import connect

    where = f"{url.replace('http', 'ws')}jupyter/api/kernels/{uuid.uuid4()}/channels?session_id={uuid.uuid4()}"
    with connect(where, max_size=None, origin=url.rstrip("/"), additional_headers={"Cookie": "solara-session-id=visitor"}) as socket:
        yield Visitor(socket)


def server():
    """The process that serves."""
    return next(p for p in psutil.Process().children() if "view" in p.cmdline())


def round_trip(url):
    with visit(url) as page:
        page.ask("state", do="hello")
        page.ask("state", do="step", count=2, days=True)
        page.ask("state", do="compare", on=True)
        page.ask("state", do="step", count=2, days=True)
        assert page.heard[-1]["shown"] == 16 and page.heard[-1]["twin"]
        page.ask("replicates", do="replicates", on=True, n=30)  # still at work when the tab closes


def calm(process, threads):
    """Waits until the sessions' threads are gone; their number."""
    deadline = time.monotonic() + 20
    while process.num_threads() > threads and time.monotonic() < deadline:
        time.sleep(0.1)
    return process.num_threads()


@pytest.fixture(scope="module")
def url():
    """A server that lets go of a closed tab after a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOLARA_KERNEL_CULL_TIMEOUT", "1s")
        with served("skirmish") as address:
            yield address


def test_two_visitors_have_battles_of_their_own(url):
    with visit(url) as one, visit(url) as other:
        for page in (one, other):
            page.ask("state", do="hello")
        one.ask("state", do="step", count=3)
        other.ask("state", do="step", count=1)
        assert one.heard[-1]["head"] == 3 and other.heard[-1]["head"] == 1


def test_the_page_answers_on_an_ipv6_address():
    import socket
    import urllib.request

    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    with served("skirmish", host="::1") as address:
        assert address.startswith("http://[::1]:")
        with urllib.request.urlopen(address) as answer:
            assert answer.status == 200 and "script-src" in answer.headers["content-security-policy"]


def test_twenty_sessions_of_the_server_give_their_memory_back(url):
    for _ in range(3):
        round_trip(url)
    process = server()
    time.sleep(2)
    before, threads = process.memory_info().rss, process.num_threads() + 2  # the pool of the server may grow a little
    for _ in range(SESSIONS):
        round_trip(url)
    assert calm(process, threads) <= threads
    assert process.memory_info().rss < 1.1 * before


def test_no_library_warns_on_the_terminal():
    """Whatever name of this machine a browser calls, nothing but the address is printed."""
    import subprocess
    import sys
    import urllib.request

    from sim.view.page.serve import free_port

    port = free_port("127.0.0.1", 0)
    code = "import sys; from experiments.cli import main; main(sys.argv[1:])"
    with subprocess.Popen([sys.executable, "-c", code, "view", "skirmish", "--no-open", "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "http://localhost" in process.stdout.readline()
        for name in ("127.0.0.1", "localhost"):
            for _ in range(100):
                with contextlib.suppress(OSError):
                    assert urllib.request.urlopen(f"http://{name}:{port}/", timeout=30).status == 200
                    break
                time.sleep(0.2)
        process.terminate()
        assert process.stderr.read() == ""
