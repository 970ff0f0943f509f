"""One battle of one browser session: stepped, recorded and told about by one thread, and freed on closing.

Whoever shows the page gives `send(message, buffers)` and passes on what the browser says with `submit`. The browser
acknowledges every frame it has drawn; the session never runs more than `AHEAD` frames ahead of the picture.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.quantity import InputError
from sim.scenario import Scenario, load_scenario, scenario_names
from sim.view.page.course import Course
from sim.view.page.export import Film, has_ffmpeg, table_bytes
from sim.view.page.ground import ground_buffers, ground_message, shelf
from sim.view.page.history import MOST_BYTES, Recorded
from sim.view.page.replay import MISSING
from sim.view.page.telling import Told, fault_message

Send = Callable[[dict[str, Any], list[bytes]], None]

AHEAD = 2  # frames sent and not yet drawn
FRAMES_PER_S = 20.0  # at higher speeds a frame holds several steps
BUSY_S = 0.06  # stepping for one frame: a machine that is slower plays slower, and frames keep coming
MOST_STEPS_PER_S = 2000.0


@dataclass(frozen=True)
class Limits:
    """What one session may use."""

    units: int = 60_000
    days: int = 731
    bytes: int = MOST_BYTES
    waiting: int = 200  # commands


class Session:
    """The battle behind one page. All of it but `submit` and `close` happens on its own thread."""

    def __init__(self, send: Send, source: str | Scenario | Any = "pokrovsk-2024", seed: int = 1,
                 overrides: dict[str, Any] | None = None, limits: Limits = Limits(), model: Any = None, recorded: Any = None):
        self._send = send
        self._commands: queue.Queue = queue.Queue()
        self._thread: threading.Thread | None = None
        self.closed = False
        self.limits = limits
        self.scenario: Scenario = load_scenario(source)
        self.seed, self.overrides = int(seed), dict(overrides or {})
        self.model = model  # a model somebody else owns: it is stepped here, and never mustered anew
        self.recorded = recorded  # a run from a folder: shown, not stepped
        self.course: Course | None = None
        self.told = Told()
        self.film: Film | None = None
        self.fault: dict[str, Any] | None = None
        self.playing, self.speed = False, 12.0
        self.epoch = self.seq = self.acked = 0
        self.shown = 0  # the step on the screen
        self._due = 0.0

    # ---- from outside ----

    def submit(self, message: dict[str, Any], buffers: Any = ()) -> None:
        """Takes a command of the browser; too many at once are dropped."""
        if self.closed or not isinstance(message, dict) or self._commands.qsize() > self.limits.waiting:
            return
        self._commands.put((message, buffers))
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, daemon=True, name="battle of a page")
            self._thread.start()

    def close(self) -> None:
        """Stops and lets go of everything."""
        self.closed = True
        self._commands.put(({"do": "close"}, ()))

    # ---- the thread ----

    def _live(self) -> None:
        while not self.closed:
            try:
                message, buffers = self._commands.get(timeout=self._patience())
            except queue.Empty:
                self.guard(self._advance)
                continue
            self.guard(self.obey, message, buffers)
        self.course = self.model = self.recorded = self.film = None
        self.told = Told()

    def guard(self, work: Callable[..., None], *words: Any) -> None:
        """Whatever goes wrong becomes words on the page; the last good frame stays."""
        if self.closed:
            return
        try:
            work(*words)
        except InputError as error:
            self.tell({"type": "notice", "words": str(error)})
            if work == self._advance:  # it would only be said again
                self.playing = False
                self._state()
        except Exception as error:
            self.playing = False
            self.fault = fault_message(error, self.course, self.scenario.name, self.seed, self.overrides)
            with contextlib.suppress(Exception):
                self.tell(self.fault)

    def tell(self, message: dict[str, Any], buffers: list[bytes] = ()) -> None:
        if not self.closed:
            self._send({"epoch": self.epoch, **message}, list(buffers))

    def _patience(self) -> float | None:
        """How long to wait for a command before the next frame; None when the next word of the browser is awaited."""
        if not self.playing or self.course is None or self.seq - self.acked >= AHEAD:
            return None
        return max(self._due - time.perf_counter(), 0.0001)

    # ---- commands ----

    def obey(self, m: dict[str, Any], buffers: Any = ()) -> None:
        """Carries out one command now; `submit` has the thread do it."""
        do = m.get("do")
        work = getattr(self, f"_do_{do}", None) if isinstance(do, str) and do.isidentifier() else None
        if work is None:
            raise InputError(f"unknown command {str(do)[:40]!r}.")
        if self.course is not None or do in ("hello", "begin", "close"):
            work(m, buffers) if do == "film" else work(m)

    def _do_close(self, m: dict[str, Any]) -> None:
        self.closed = True

    def _do_ping(self, m: dict[str, Any]) -> None:
        self.tell({"type": "pong"})

    def _do_ack(self, m: dict[str, Any]) -> None:
        self.acked = max(self.acked, min(int(m.get("seq", 0)), self.seq))

    def _do_hello(self, m: dict[str, Any]) -> None:
        """A browser shows the page for the first time, or again: it gets everything, the land first."""
        more = {"shelf": shelf(), "ffmpeg": has_ffmpeg()}
        if self.recorded is not None:
            more |= {"replay": self.recorded.told, "missing": MISSING}
        self.tell(ground_message(self.scenario, self.seed) | more, ground_buffers(self.scenario, self._start_control()))
        if self.course is None:
            self._open()
        self.acked = self.seq
        self._greet()

    def _do_begin(self, m: dict[str, Any]) -> None:
        """Another scenario, start or seed."""
        name = str(m.get("scenario") or self.scenario.name)
        if name != self.scenario.name and name not in scenario_names():
            raise InputError(f"unknown scenario {name[:60]!r}.")
        if self.model is not None:
            raise InputError("this page shows a model that was made elsewhere; make another one there.")
        changes: dict[str, Any] = {}
        if m.get("start"):
            try:
                changes["start"] = dt.date.fromisoformat(str(m["start"]))
            except ValueError:
                raise InputError(f"{str(m['start'])[:20]!r} is not a date.") from None
        if m.get("days"):
            changes["days"] = min(max(int(m["days"]), 1), self.limits.days)
        seed = int(m.get("seed", self.seed))
        if not 0 <= seed < 2**53:
            raise InputError("a seed is a whole number from 0.")
        scenario = self.scenario if name == self.scenario.name else load_scenario(name)
        self.scenario = load_scenario(scenario, **changes) if changes else scenario
        self.overrides = self.overrides if m.get("keep") is True else {}
        self.seed, self.recorded, self.course = seed, None, None
        self._do_hello(m)

    def _do_reset(self, m: dict[str, Any]) -> None:
        """Back to the first day, with the levers as they stand."""
        if self.model is not None or self.recorded is not None:
            self._seek(0)
            return
        self._open()
        self._greet()

    def _do_play(self, m: dict[str, Any]) -> None:
        if self.fault is not None:
            self.tell(self.fault)
            return
        self.playing, self._due, self.acked = True, time.perf_counter(), self.seq
        self._state()

    def _do_pause(self, m: dict[str, Any]) -> None:
        self.playing = False
        self._state()

    def _do_speed(self, m: dict[str, Any]) -> None:
        self.speed = min(max(float(m["value"]), 0.1), MOST_STEPS_PER_S)
        self._state()

    def _do_step(self, m: dict[str, Any]) -> None:
        """`count` steps (or days) on or back; back shows what was recorded."""
        self.playing = False
        count = int(m.get("count", 1)) * (self.scenario.steps_per_day if m.get("days") else 1)
        if count < 0 or self.shown < self.course.head:
            self._show(self._beside(count))
        else:
            self._forward(min(count, 8 * self.scenario.steps_per_day))
        self._state()

    def _do_seek(self, m: dict[str, Any]) -> None:
        if m.get("hold"):
            self.playing = False
        self._seek(int(m["step"]))

    def _do_lever(self, m: dict[str, Any]) -> None:
        """Moves levers: at the start the battle is mustered with them, later it forks here and keeps its twin."""
        course = self.course
        course.must_live()
        wanted = {} if m.get("reset") else course.wanted(dict(m["values"]))
        playing = self.playing
        if course.head == 0 and course.twin is None and self.model is None:
            self.overrides = wanted
            self._open()
            self._greet()
        else:
            if course.twin is None:
                self.told.forget_twin()
            course.move(wanted)
            self.overrides = wanted
            self.tell({"type": "levers", "rows": course.table()})
            if self.shown != course.head:
                self._show(course.history.nearest(course.head))
        self.playing = playing and self.fault is None
        self._state()

    def _do_compare(self, m: dict[str, Any]) -> None:
        """Opens a comparison (a twin from here on, if there is none yet) or lets the twin go."""
        if m.get("on"):
            if self.course.fork():
                self.course.record()
            self.told = Told(days=self.told.days, events=self.told.events)
            self._show(self.course.history.nearest(self.shown))
        elif m.get("drop"):
            self.course.drop_twin()
        self._state()

    def _do_inspect(self, m: dict[str, Any]) -> None:
        from sim.view.page.inspector import tell_place, tell_unit

        course = self.course
        course.must_live()
        world = course.twin if m.get("arm") == 1 and course.twin is not None else course.world
        what = tell_unit(world, int(m["uid"])) if m.get("uid") is not None else tell_place(world, float(m["x"]), float(m["y"]))
        self.tell({"type": "inspected", "what": what, "asked": m.get("asked"), "now": self.shown == course.head})

    def _do_restart(self, m: dict[str, Any]) -> None:
        """After a fault: on from the last good copy, or from the start."""
        self.fault = None
        if self.course.checkpoint is None or self.model is not None:
            self._do_reset(m)
            return
        self.course.restore()
        self.shown, self.epoch = self.course.head, self.epoch + 1
        self._greet()

    def _do_frames(self, m: dict[str, Any]) -> None:
        """Steps of the recorded frames, for an animation."""
        self.tell({"type": "steps", "steps": self.course.history.steps})

    def _do_table(self, m: dict[str, Any]) -> None:
        name, data = table_bytes(self.course.world.journal, self.scenario.name, self.seed, str(m.get("format", "csv")))
        self.tell({"type": "file", "name": name}, [data])

    def _do_film(self, m: dict[str, Any], buffers: Any) -> None:
        """Pictures of the page become an animation: `begin`, one message a picture, `finish`."""
        if m.get("begin"):
            self.film = Film(str(m.get("name", "battle"))[:80], float(m.get("rate", 8)))
        elif self.film is not None and m.get("finish"):
            film, self.film = self.film, None
            name, data = film.finish(str(m["finish"]))
            self.tell({"type": "file", "name": name}, [data])
        elif self.film is not None and buffers:
            self.film.add(bytes(buffers[0]))

    # ---- the battle ----

    def _open(self) -> None:
        """A battle at its first step."""
        self.playing, self.fault = False, None
        self.epoch += 1
        limits = self.limits
        self.course = Course(self.scenario, self.seed, self.overrides, limits.units, limits.bytes, self.model, self.recorded)
        self.shown = 0 if self.recorded is not None else self.course.head

    def _start_control(self) -> Any:
        from sim.sector import build_sector

        if self.recorded is not None:
            return self.recorded.journal.maps[0] / 100.0
        return build_sector(self.scenario).control0 if self.course is None else self.course.world.sector.control0

    def _beside(self, count: int) -> Recorded:
        """The recorded frame `count` steps from the one on the screen, or the next one on that side."""
        history, target = self.course.history, max(self.shown + count, 0)
        frame = history.nearest(target)
        if (frame.step - self.shown) * count <= 0:
            frame = history.beside(self.shown, count) or frame
        return frame

    def _seek(self, step: int) -> None:
        frame = self.course.history.nearest(step)
        if frame.step != self.shown:
            self._show(frame)
        self._state()

    def _forward(self, count: int, at_most_s: float = 60.0) -> None:
        """Steps the battle on, for `at_most_s` seconds, and shows where it is."""
        course, begin = self.course, time.perf_counter()
        before = course.head
        while course.head < before + count and not course.over and time.perf_counter() - begin < at_most_s:
            course.step()
        if course.head > before:
            course.record()
            self._show(course.history.nearest(course.head))
        if course.over:
            self.playing = False
            self._state()

    def _advance(self) -> None:
        """The next frame while playing: recorded ones first, when the screen shows the past."""
        now = time.perf_counter()
        count = max(1, round(self.speed / FRAMES_PER_S))
        frame = self._beside(count)
        if frame.step > self.shown:
            self._due = max(self._due + (frame.step - self.shown) / self.speed, now - 0.25)
            self._show(frame)
            return
        self._due = max(self._due + count / self.speed, now - 0.25)
        self._forward(count, BUSY_S)

    # ---- telling ----

    def _greet(self) -> None:
        """Everything a page needs besides the ground: levers, series, events, a whole frame."""
        self.told = Told()
        self.tell({"type": "levers", "rows": self.course.table()})
        self._show(self.course.history.nearest(self.shown))
        self._state()
        if self.fault is not None:
            self.tell(self.fault)

    def _show(self, frame: Recorded) -> None:
        message, buffers = self.told.frame(self.course, frame)
        self.seq += 1
        self.shown = frame.step
        self.tell(message | {"seq": self.seq}, buffers)

    def _state(self) -> None:
        """Whether it plays, how fast it is meant to, and what there is."""
        course = self.course
        self.tell({
            "type": "state",
            "playing": self.playing,
            "speed": self.speed,
            "shown": self.shown,
            "head": course.head,
            "n_steps": course.scenario.n_steps,
            "twin": course.twin is not None,
            "marks": course.marks,
            "bytes": course.history.n_bytes,
        })
