"""The page without a browser: what is sent, recorded, forked and refused, and that a session lets go of everything."""

import gc
import shutil
import subprocess
import threading
import time

import numpy as np
import pytest
from helpers.listening import Ear, skirmish

from sim import battle, levers
from sim.errors import InputError
from sim.model import BattleModel
from sim.mustering import muster
from sim.view.page.messages import frame_history, frames, inspector
from sim.view.page.session import levers as session_levers
from sim.view.page.session.branches import Limits
from sim.view.page.session.divergence import Divergence
from sim.view.page.session.session import Session


@pytest.fixture
def page():
    return skirmish()


def units(data):
    n = len(data) // frames.UNIT_BYTES
    return np.frombuffer(data, "<u4", n), np.frombuffer(data, "<u2", n, 4 * n), np.frombuffer(data, "u1", n, 8 * n)


# Encoding


def test_a_frame_tells_what_the_world_holds():
    world = battle.run(muster("skirmish", 2), 3)
    made = frames.layers(world)
    live = world.live()
    rows = live[world.units.kind[live] != frames.BOMB]
    ids, x, men = units(made["units"])
    assert len(ids) == rows.size and (np.diff(ids.astype(np.int64)) > 0).all(), "sorted by id, and ids are unique"
    order = np.argsort(frames.unit_ids(world.units.slot[rows]))
    assert np.abs(x / 65535 * 12 - world.units.x[rows][order]).max() < 0.001
    assert (men == np.clip(world.units.men[rows][order], 0, 255)).all()
    control = np.frombuffer(made["control"], "u1") / 250
    assert np.abs(control - world.cells.control).max() <= 0.0021
    assert len(made["threat"]) == 2 * 36 and len(made["works"]) == 2 * 144


def test_layers_that_did_not_change_are_handed_on_and_not_sent_again(page):
    session, ear = page
    world = session.branches.world
    first = frames.layers(world)
    again = frames.layers(world, first)
    assert all(again[name] is first[name] for name in first)
    for _ in range(2):  # belts and supply move in the first step of a day only
        session.execute({"do": "step", "count": 1})
    names = {name for _, name in ear.last("frame")["layers"]}
    assert "units" in names and "works" not in names


def test_units_keep_their_id_from_frame_to_frame(page):
    session, ear = page
    before = set(units(ear.layers[0]["units"])[0].tolist())
    session.execute({"do": "step", "count": 1})
    after = set(units(ear.layers[0]["units"])[0].tolist())
    assert len(before & after) > 0.9 * len(before)


# Transport


def test_step_back_and_scrub_show_what_was_recorded(page):
    session, ear = page
    seen = [dict(ear.layers[0])]
    for _ in range(9):
        session.execute({"do": "step", "count": 1})
        seen.append(dict(ear.layers[0]))
    assert ear.last("frame")["step"] == 9 and ear.last("frame")["head"] == 9
    session.execute({"do": "seek", "step": 4})
    assert ear.last("frame")["step"] == 4 and ear.layers[0] == seen[4]
    session.execute({"do": "step", "count": -1})
    assert ear.last("frame")["step"] == 3 and ear.layers[0]["units"] == seen[3]["units"]
    assert session.branches.world.step_index == 9, "looking back does not run anything again"
    session.execute({"do": "step", "count": 1})
    assert ear.last("frame")["step"] == 4
    session.execute({"do": "seek", "step": 10**9})
    assert ear.last("frame")["step"] == 9


def test_the_page_steps_the_same_battle_as_anybody(page):
    session, _ = page
    for _ in range(12):
        session.execute({"do": "step", "count": 1})
    other = battle.run(muster("skirmish", 1), 3)
    assert (session.branches.world.cells.held == other.cells.held).all()
    assert session.branches.world.journal.columns["held_km2"] == other.journal.columns["held_km2"]


def test_playing_waits_for_the_picture():
    ear = Ear()
    session = Session(ear, "skirmish", 1)
    session.submit({"do": "hello"})
    session.submit({"do": "speed", "value": 2000})
    session.submit({"do": "play"})
    deadline = time.monotonic() + 20
    while ear.count("frame") < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    assert 1 <= ear.count("frame") <= 4, "never more than two frames ahead of what was drawn"
    while session.branches.head < 80 and time.monotonic() < deadline:
        session.submit({"do": "ack", "seq": ear.last("frame")["seq"]})
        time.sleep(0.005)
    while session.playing and time.monotonic() < deadline:
        time.sleep(0.01)
    assert session.branches.head == 80 and not session.playing, "stops at the horizon"
    session.close()
    session._thread.join(5)
    assert not session._thread.is_alive() and session.branches is None


def test_history_stays_within_its_budget():
    book = frame_history.History(per_day=4, most_bytes=40_000)
    for step in range(400):
        book.add(frame_history.RecordedFrame({"step": step}, [{"units": bytes(1000) if step % 2 else bytes([1]) * 1000}]))
    assert book.n_bytes <= 40_000 and len(book.frames) < 60
    assert book.steps[-1] == 399 and book.steps[0] == 0
    assert book.nearest(200).step <= 200
    assert book.every > 1


def layers_held(book):
    """Bytes of all layers that the frames of a history hold, shared ones once."""
    return sum({id(d): len(d) for f in book.frames.values() for arm in f.arms for d in arm.values()}.values())


def test_history_counts_what_it_holds_wherever_a_frame_is_put():
    rng = np.random.default_rng(3)
    shared = [bytes(10 * k) for k in range(1, 9)]

    def frame(step):
        arms = [{"units": bytes(rng.integers(0, 300)), "works": shared[rng.integers(8)]} for _ in range(rng.integers(1, 3))]
        return frame_history.RecordedFrame({"step": int(step)}, arms)

    book = frame_history.History(per_day=4, most_bytes=30_000)
    for day in range(60):
        book.add(frame(4 * day))
    for step in rng.integers(0, 300, 400):
        book.add(frame(step))
        assert book.n_bytes == layers_held(book) and book.steps == sorted(book.frames)
        assert book.n_bytes <= 30_000 or len(book.frames) <= frame_history.TAIL + 8
    book.forget_after(100)
    assert book.n_bytes == layers_held(book) and book.steps[-1] <= 100
    book.forget_after(-1)
    assert book.n_bytes == 0 and not book._uses


def test_steps_before_the_newest_frame_are_kept_in_the_middle_of_a_record_too():
    book = frame_history.History(per_day=4)
    for day in range(30):
        book.add(frame_history.RecordedFrame({"step": 4 * day}, [{"control": bytes(9)}]))
    for step in range(41):
        book.add(frame_history.RecordedFrame({"step": step}, [{"control": bytes(9), "units": bytes(5)}]))
    assert book.steps == [*range(0, 16, 4), *range(16, 41), *range(44, 120, 4)]
    assert [s for s, f in book.frames.items() if "units" not in f.arms[0]] == list(range(44, 120, 4))


def test_starting_over_at_the_horizon_keeps_memory_flat(page):
    session, _ = page
    sizes = []
    for _ in range(4):
        session.execute({"do": "reset"})
        for _ in range(20):
            session.execute({"do": "step", "days": True})
        gc.collect()
        sizes.append(session.branches.history.n_bytes)
    assert session.branches.world.step_index == 80
    assert max(sizes) - min(sizes) <= 0.01 * max(sizes)


# Levers and comparison


def test_a_lever_at_the_start_is_a_new_muster(page):
    session, ear = page
    session.execute({"do": "lever", "values": {"manpower_ratio": 6.0}})
    assert session.branches.world.step_index == 0 and session.branches.twin is None
    other = muster("skirmish", 1, overrides={"manpower_ratio": 6.0})
    assert (session.branches.world.units.slot == other.units.slot).all()
    row = next(r for r in ear.last("levers")["rows"] if r["key"] == "command.manpower_ratio")
    assert row["value"] == 6.0 and row["default"] != 6.0


def test_a_lever_later_forks_and_keeps_the_twin(page):
    session, ear = page
    for _ in range(8):
        session.execute({"do": "step", "count": 1})
    session.execute({"do": "lever", "values": {"fpv_team.reach_scale": 2.0}})
    assert session.branches.world.step_index == 8 and session.branches.twin.step_index == 8
    for _ in range(40):
        session.execute({"do": "step", "count": 1})
    unmoved = battle.run(muster("skirmish", 1), 12)
    assert (session.branches.twin.cells.held == unmoved.cells.held).all(), "the twin is the course as it would have been"
    assert not (session.branches.world.units.x == session.branches.twin.units.x).all()
    message = ear.last("frame")
    assert message["arms"] == 2 and message["twin"]["divergence"]["fork"] == 8
    assert message["twin"]["divergence"]["books"][0] > 8
    assert set(ear.layers[1]) == set(ear.layers[0])


def test_levers_that_are_not_moved_part_nothing():
    one, other = (battle.run(muster("skirmish", 3), 1) for _ in range(2))
    levers.move_levers(other, {})
    divergence = Divergence(4)
    for _ in range(12):
        battle.step(one)
        battle.step(other)
        divergence.compare(one, other)
    assert divergence.message() == {"fork": 4, "books": None, "ground": None, "event": None}


@pytest.mark.parametrize("values", [{"command.manpower_ratio": 99}, {"no_such_lever": 1}, {"belts": "perhaps"}, {"fire.params": {}}])
def test_a_wrong_lever_is_refused_in_words(page, values):
    session, _ = page
    with pytest.raises(InputError):
        session.execute({"do": "lever", "values": values})
    assert session.overrides == {} and session.branches.world.step_index == 0


def test_every_slider_comes_from_a_declaration(page):
    _, ear = page
    from sim.settings import catalog

    rows = {r["key"]: r for r in ear.last("levers")["rows"]}
    assert set(rows) == {k for k, d in catalog().items() if d.role != "numeric"}
    assert next(iter(rows)) == "command.manpower_ratio" and set(session_levers.FIRST) <= set(rows)
    assert all(r["doc"] and r["source"] for r in rows.values())
    assert all(r["switch"] or r["step"] > 0 for r in rows.values())


# Looking closer


def test_units_and_places_are_told_in_words(page):
    session, ear = page
    ids = units(ear.layers[0]["units"])[0]
    session.execute({"do": "inspect", "uid": int(ids[3]), "request": 1})
    what = ear.last("inspected")["what"]
    assert what["title"].split()[0] in ("Infantry", "FPV", "Artillery", "Armor") and dict(what["lines"])["Men"]
    session.execute({"do": "inspect", "x": 3.0, "y": 5.0, "request": 2})
    assert "hits/km" in dict(ear.last("inspected")["what"]["lines"])["Threat to the defender"]
    session.execute({"do": "inspect", "uid": 12345, "request": 3})
    assert ear.last("inspected")["what"] is None
    assert inspector.describe_place(session.branches.world, -5.0, 3.0) is None


# What goes wrong


def test_a_raising_model_becomes_a_card_and_the_run_can_go_on(page, monkeypatch):
    session, ear = page
    for _ in range(41):
        session.execute({"do": "step", "count": 1})
    from sim.phases import PHASES

    def broken(world):
        raise ValueError("flow is negative")

    monkeypatch.setitem(PHASES, "supply", type("Broken", (), {"run": staticmethod(broken)}))
    session.guard(session.execute, {"do": "step", "count": 1})
    fault = ear.last("fault")
    assert fault["step"] == 41 and "flow is negative" in fault["reason"] and fault["scenario"] == "skirmish"
    assert fault["restart_day"] == 10
    session.guard(session.execute, {"do": "play"})
    assert not session.playing
    monkeypatch.undo()
    session.guard(session.execute, {"do": "restart"})
    assert session.branches.world.step_index == 40 and session.fault is None
    session.execute({"do": "step", "count": 1})
    assert ear.last("frame")["step"] == 41


@pytest.mark.parametrize("message", [{"do": "rm"}, {"do": 7}, {}, {"do": "__init__"}, {"do": "seek"}, {"do": "seek", "step": "x"},
                                     {"do": "begin", "scenario": "../../etc/passwd"}, {"do": "begin", "seed": -1},
                                     {"do": "begin", "start": "yesterday"}, {"do": "table", "format": "exe"}])  # fmt: skip
def test_nonsense_from_the_wire_does_no_harm(page, message):
    session, ear = page
    session.guard(session.execute, message)
    assert ear.last("notice") or ear.last("fault")
    session.fault = None
    session.guard(session.execute, {"do": "step", "count": 1})
    assert ear.last("frame")["step"] == 1


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("message", [
    {"do": "speed"}, {"do": "speed", "value": NAN}, {"do": "speed", "value": "fast"}, {"do": "speed", "value": [1]}, {"do": "speed", "value": 10**400},
    {"do": "seek", "step": INF}, {"do": "seek", "step": None}, {"do": "step", "count": NAN}, {"do": "step", "count": "9" * 5000}, {"do": "step", "count": {}},
    {"do": "inspect"}, {"do": "inspect", "x": 1}, {"do": "inspect", "x": "a", "y": "b"}, {"do": "inspect", "x": 10**400, "y": 1}, {"do": "inspect", "uid": "x"},
    {"do": "lever", "values": None}, {"do": "lever", "values": [1]}, {"do": "lever", "values": "abc"}, {"do": "lever", "values": {"": 1}},
    {"do": "lever", "values": {"morale.level": NAN}}, {"do": "lever", "values": {"morale.level": None}}, {"do": "lever", "values": {"morale.level": "9" * 5000}},
    {"do": "begin", "days": "x"}, {"do": "begin", "days": NAN}, {"do": "begin", "seed": "9" * 5000}, {"do": "begin", "seed": NAN}, {"do": "begin", "seed": []},
    {"do": "begin", "start": "9999-12-31"}, {"do": "begin", "start": "\0"}, {"do": "begin", "scenario": ["skirmish"]}, {"do": "begin", "scenario": "a" * 10**6},
    {"do": "table", "format": []}, {"do": "film", "begin": 1, "rate": "x"}, {"do": "ack", "seq": "x"}, {"do": None}, {"do": ["seek"]},
], ids=lambda m: str(m)[:50])  # fmt: skip
def test_a_wrong_message_is_a_notice_and_no_fault_of_the_model(page, message):
    session, ear = page
    session.guard(session.execute, {"do": "step", "count": 1})
    session.guard(session.execute, message)
    assert ear.last("fault") is None and session.fault is None
    assert len(ear.last("notice")["words"]) < 300
    session.guard(session.execute, {"do": "step", "count": 1})
    assert ear.last("frame")["step"] == 2


@pytest.mark.parametrize("message", [
    {"do": "seek", "step": 10**30}, {"do": "seek", "step": -(10**30)}, {"do": "step", "count": -(10**30)}, {"do": "inspect", "uid": -1},
    {"do": "inspect", "uid": 10**30, "story": 1}, {"do": "inspect", "x": 1e300, "y": -1e300}, {"do": "ack", "seq": 10**30}, {"do": "compare", "on": 1, "drop": 1},
    {"do": "hello", "x": "y"}, {"do": "begin", "days": -5},
], ids=lambda m: str(m)[:50])  # fmt: skip
def test_numbers_out_of_range_are_taken_as_the_nearest_or_find_nothing(page, message):
    session, ear = page
    session.guard(session.execute, message)
    assert ear.last("fault") is None and ear.last("notice") is None
    session.guard(session.execute, {"do": "step", "count": 1})
    assert ear.last("frame")["step"] >= 1


def test_limits_of_a_session():
    ear = Ear()
    session = Session(ear, "skirmish", 1, limits=Limits(units=20, days=5))
    session.execute({"do": "hello"})
    session.guard(session.execute, {"do": "step", "count": 1})
    assert "20 units" in ear.last("notice")["words"]
    session.playing = True
    session.guard(session.continue_work)
    assert not session.playing and ear.last("state")["playing"] is False
    session.execute({"do": "begin", "days": 10_000})
    assert session.scenario.days == 5


def test_twenty_sessions_give_their_memory_back():
    import psutil

    def round_trip():
        session = Session(Ear(), "skirmish", 1)
        for message in ({"do": "hello"}, {"do": "step", "days": True}, {"do": "compare", "on": True}, {"do": "step", "days": True}):
            session.submit(message)
        session.submit({"do": "frames"})
        deadline = time.monotonic() + 30
        while not session._send.last("steps") and time.monotonic() < deadline:
            time.sleep(0.01)
        thread = session._thread
        session.close()
        thread.join(10)
        assert not thread.is_alive()

    for _ in range(3):
        round_trip()
    gc.collect()
    before, threads = psutil.Process().memory_info().rss, threading.active_count()
    for _ in range(20):
        round_trip()
    gc.collect()
    assert psutil.Process().memory_info().rss < 1.1 * before
    assert threading.active_count() <= threads


# The widget


def test_the_page_is_told_how_far_the_kernels_are_compiled(monkeypatch):
    def prepare(show):
        for done in range(3):
            show(done, 100, done / 100)

    monkeypatch.setattr("sim.compilation.prepare", lambda show=None: prepare(show) if show else None)
    _, ear = skirmish()
    kinds = [message["type"] for message in ear.heard]
    assert ear.last("compiling") == {"epoch": 1, "type": "compiling", "done": 0, "total": 100, "share": 0.0}, "not more often than is news"
    assert kinds.index("ground") < kinds.index("compiling") < kinds.index("frame")


def test_a_model_of_ones_own_is_stepped_by_the_page():
    from sim.view.page.widget import BattleMap

    model = BattleModel("skirmish", rng=4)
    surface = BattleMap(model)
    ear = Ear()
    surface.session._send = ear
    surface.session.execute({"do": "hello"})
    surface.session.execute({"do": "step", "days": True})
    assert model.day == 1 and ear.last("frame")["step"] == 4
    assert surface.session.scenario.name == "skirmish" and surface.session.seed == model.seed
    surface.close()


def test_the_page_renders_in_solara(monkeypatch):
    import solara

    from sim.view.page import app, serve, widget

    monkeypatch.setitem(serve.FIRST_VIEW, "source", "skirmish")
    _box, rc = solara.render(app.Page(), handle_error=False)
    surface = rc.find(widget.BattleMap).widget
    assert "export default { render }" in surface._esm and ".pk-body" in surface._css
    session = surface.session
    rc.close()
    assert session.closed


def test_scripts_of_the_page_ask_nothing_of_the_net():
    from sim.view.page.scripts import STATIC, bundle

    text = bundle() + (STATIC / "page.css").read_text("utf-8")
    assert "innerHTML" not in text and "insertAdjacentHTML" not in text and "eval(" not in text
    assert [w for w in text.split() if "://" in w and "www.w3.org" not in w] == []


CHECKS = """
const near = (a, b, e, what) => { if (!(Math.abs(a - b) <= e)) throw new Error(`${what}: ${a}, not ${b}`); };
const n = 40, disc = new Float32Array(n * n), half = new Float32Array(n * n), box = [0, 40, 0, 40];
for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) {
  disc[j * n + i] = clamp((10 - Math.hypot(i + 0.5 - 20, j + 0.5 - 20)) / 2 + 0.5, 0, 1);
  half[j * n + i] = i >= 25 ? 1 : 0;
}
const circle = rings(finer(disc, n, n, 3), box, 0.5), side = rings(finer(half, n, n, 3), box, 0.5);
near(circle.length, 1, 0, "one ring"); near(areaOf(circle[0]), 100 * Math.PI, 1, "area of a disc");
near(areaOf(side[0]), 600, 1e-6, "a ring is closed along the edge of the box");
const lines = openLines(side, box, 1);
near(lines.length, 1, 0, "one front"); near(lines[0][0], 25, 1e-6, "where control changes");
const before = { n: 3, id: [1, 5, 9], men: [4, 4, 4], code: [0, 0, 0], x: [1, 2, 3], y: [1, 2, 3] };
const after = { n: 2, id: [5, 9], men: [4, 2], code: [0, 0], x: [2, 3.5], y: [2, 3] };
near(lossesBetween(before, after).length, 4, 0, "one group gone, one smaller");
if (number(-1611.5, 1) !== "−1,611.5" || number(2294, 0, true) !== "+2,294" || number(NaN) !== "–") throw new Error("numbers");
if (dateTicks("2024-07-08", 420, 14).map((t) => t.text)[5] !== "Jan 25") throw new Error("dates");
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_contours_losses_and_numbers_of_the_page(tmp_path):
    """The arithmetic of the scripts, without a browser."""
    from sim.view.page.scripts import bundle

    path2d = "globalThis.Path2D = class { moveTo() {} lineTo() {} quadraticCurveTo() {} closePath() {} };"
    file = tmp_path / "check.mjs"
    file.write_text("\n".join((path2d, bundle(), f"{{{CHECKS}}}")), encoding="utf-8")
    done = subprocess.run(["node", str(file)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


# Serving


def test_other_hosts_and_origins_are_refused():
    import asyncio

    from sim.view.page.serve import Guard, is_loopback

    reason = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        reason.append(message)

    def ask(host, origin=None, kind="http"):
        reason.clear()
        headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin else [])
        asyncio.run(Guard(app, {"localhost", "127.0.0.1"})({"type": kind, "headers": headers}, None, send))
        return reason[0]

    ok = ask("localhost:8765")
    assert ok["status"] == 200 and any(k == b"content-security-policy" for k, _ in ok["headers"])
    assert ask("localhost:8765", "http://localhost:8765")["status"] == 200
    assert ask("evil.example:8765")["status"] == 403
    assert ask("localhost:8765", "http://evil.example")["status"] == 403
    assert ask("localhost:8765", "http://evil.example", "websocket")["type"] == "websocket.close"
    assert is_loopback("127.0.0.1") and is_loopback("::1") and not is_loopback("0.0.0.0") and not is_loopback("example")


@pytest.mark.parametrize("words", [["nowhere"], ["--run", "/no/such/folder"], ["--seed", "x"], ["skirmish", "--run", "."]])
def test_bad_orders_end_with_one_line(words, capsys):
    from experiments.cli.app import _status

    assert _status(["view", "--no-open", *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("pokrovsk: ") and err.count("\n") == 1


# Mesa's own view


def test_the_skirmish_in_mesas_view(monkeypatch):
    import ipyvuetify as v
    import solara

    from sim import model
    from sim.view import mesa_app

    steps = []
    real = model.BattleModel.step
    monkeypatch.setattr(model.BattleModel, "step", lambda self: (steps.append(self.world.step_index), real(self)))

    @solara.component
    def Whole():
        with solara.AppLayout():
            mesa_app.Page()

    _box, rc = solara.render(Whole(), handle_error=False)
    rc.find(v.Btn, children=["Step"]).widget.click()
    assert steps == [0]
    rc.close()
