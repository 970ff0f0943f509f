"""One battle of one browser session: stepped, recorded and told about by one thread, and freed on closing.

Whoever shows the page gives `send(message, buffers)` and passes on what the browser says with `submit`. The browser
acknowledges every frame it has drawn; the session never runs more than `AHEAD` frames ahead of the picture.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from sim.errors import InputError
from sim.scenario import Scenario, load_scenario
from sim.view.page.messages.export import Film, has_ffmpeg
from sim.view.page.messages.frame_history import Recorded
from sim.view.page.messages.map_message import ground_buffers, ground_message, shelf
from sim.view.page.session.branches import Course, Limits, start_control
from sim.view.page.session.commands import COMMANDS, EARLY
from sim.view.page.session.outbox import Told, fault_message
from sim.view.page.session.recorded_run import MISSING
from sim.view.page.session.replay_check import OtherRun
from sim.view.page.session.replicate_pairs import Spread

Send = Callable[[dict[str, Any], list[bytes]], None]

AHEAD = 2  # frames sent and not yet drawn
FRAMES_PER_S = 20.0  # at higher speeds a frame holds several steps
BUSY_S = 0.06  # work before the browser is listened to again: a machine that is slower plays slower, and frames keep coming
NEWS_S = 0.25  # between two words on work that goes on in the background


class Session:
    """The battle behind one page. All of it but `submit` and `close` happens on its own thread."""

    def __init__(self, send: Send, source: str | Scenario | Any = "pokrovsk-2024", seed: int = 1,
                 overrides: dict[str, Any] | None = None, limits: Limits | None = None, model: Any = None, recorded: Any = None):
        self._send = send
        self._commands: queue.Queue = queue.Queue()
        self._thread: threading.Thread | None = None
        self.closed = False
        self.limits = limits or Limits()
        self.scenario: Scenario = load_scenario(source)
        self.seed, self.overrides = int(seed), dict(overrides or {})
        self.model = model  # a model somebody else owns: it is stepped here, and never mustered anew
        self.recorded = recorded  # a run from a folder: made again beside its record, or shown as it is
        self.course: Course | None = None
        self.told = Told()
        self.film: Film | None = None
        self.spread: Spread | None = None
        self.fault: dict[str, Any] | None = None
        self.playing, self.speed = False, 12.0
        self.epoch = self.seq = self.acked = 0
        self.shown = 0  # the step on the screen
        self.wanted: int | None = None  # a step that is not simulated yet; it is shown when it is
        self.due = 0.0  # when the next frame is, while playing
        self._news = 0.0

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
                self.guard(self.go_on)
                continue
            self.guard(self.obey, message, buffers)
        self.course = self.model = self.recorded = self.film = self.spread = None
        self.told = Told()

    def guard(self, work: Callable[..., None], *words: Any) -> None:
        """Whatever goes wrong becomes words on the page; the last good frame stays."""
        if self.closed:
            return
        try:
            work(*words)
        except OtherRun as error:
            self.fall_back(str(error))
        except InputError as error:
            self.tell({"type": "notice", "words": str(error)})
            if work == self.go_on:  # it would only be said again
                self.rest()
        except Exception as error:
            self.playing, self.wanted = False, None
            self.fault = fault_message(error, self.course, self.scenario.name, self.seed, self.overrides)
            with contextlib.suppress(Exception):
                self.tell(self.fault)

    def tell(self, message: dict[str, Any], buffers: list[bytes] = ()) -> None:
        if not self.closed:
            self._send({"epoch": self.epoch, **message}, list(buffers))

    def _patience(self) -> float | None:
        """How long to wait for a command before going on; None when only the browser's next word is awaited."""
        if self.course is None or self.fault is not None:
            return None
        if self.wanted is not None:
            return 0.0
        if self.playing:
            return max(self.due - time.perf_counter(), 0.0001) if self.seq - self.acked < AHEAD else None
        return 0.0 if self.spread is not None and self.spread.state == "running" else None

    def obey(self, m: dict[str, Any], buffers: Any = ()) -> None:
        """Carries out one command now; `submit` has the thread do it."""
        do = m.get("do")
        work = COMMANDS.get(do) if isinstance(do, str) else None
        if work is None:
            raise InputError(f"unknown command {str(do)[:40]!r}.")
        if self.course is not None or do in EARLY:
            work(self, {**m, "buffers": buffers})

    def go_on(self) -> None:
        """A little of what is to be done without being asked: a wanted step, the next frame, a further pair of seeds."""
        if self.wanted is not None:
            self._catch_up()
        elif self.playing:
            self._advance()
        elif self.spread is not None:
            self._sound_out()

    # ---- the battle ----

    def open(self) -> None:
        """A battle at its first step."""
        self.playing, self.fault, self.wanted, self.spread = False, None, None, None
        self.epoch += 1
        words = (self.scenario, self.seed, self.overrides, self.limits, self.model)
        if self.recorded is not None and self.recorded.other and not self.recorded.journal.maps:
            self._give_up_record(self.recorded.other)
        try:
            self.course = Course(*words, self.recorded)
        except InputError as error:
            if self.recorded is None or self.recorded.other:
                raise
            self._give_up_record(str(error) if isinstance(error, OtherRun) else f"{error} {self.recorded.instead}")
            self.course = Course(*words, self.recorded)
        self.shown = 0 if self.recorded is not None else self.course.head

    def _give_up_record(self, words: str) -> None:
        """The run is not made again: what was recorded is shown, or nothing was, and the battle is a live one."""
        record = self.recorded.differing(words)
        self.recorded = record if record.journal.maps else None
        self.tell({"type": "notice", "words": words})

    def fall_back(self, words: str) -> None:
        """What was made again is not the run of the record: the page says so and shows what was recorded."""
        self._give_up_record(words)
        shown = self.shown
        if self.recorded is None:
            self.course.take_over()
            self.rest()
        else:
            self.open()
            self.shown = self.course.history.nearest(shown).step
        self.welcome()

    def welcome(self) -> None:
        """Everything a page needs, the land first."""
        more = {"shelf": shelf(), "ffmpeg": has_ffmpeg()}
        run = self.recorded
        if run is not None:
            more |= {"replay": run.told, "relived": not run.other, "missing": MISSING if run.other else ()}
        self.tell(ground_message(self.scenario, self.seed) | more, ground_buffers(self.scenario, start_control(self.scenario, self.model, run)))
        if self.course is None:
            self.open()
            if self.recorded is not run:  # it could not be made again
                return self.welcome()
            if run is not None and run.other:
                self.tell({"type": "notice", "words": run.other})
        self.acked = self.seq
        self.greet()

    def beside(self, count: int) -> Recorded:
        """The recorded frame `count` steps from the one on the screen, or the next one on that side."""
        history, target = self.course.history, max(self.shown + count, 0)
        frame = history.nearest(target)
        if (frame.step - self.shown) * count <= 0:
            frame = history.beside(self.shown, count) or frame
        return frame

    def seek(self, step: int) -> None:
        """Shows a step as it is recorded; one that is still to be made again is worked on while the page goes on."""
        course = self.course
        step = min(max(step, 0), course.head)
        self.wanted = step if step > course.lived and self.fault is None else None
        frame = course.history.nearest(step)
        if frame.step != self.shown:
            self.show(frame)
        self.state()

    def forward(self, count: int, at_most_s: float = 60.0) -> None:
        """Steps the battle on, for `at_most_s` seconds, and shows where it is."""
        course, before = self.course, self.course.lived
        course.go(before + count, at_most_s)
        if course.lived > before:
            course.look()
            self.show(course.history.nearest(course.lived))
        if course.over:
            self.rest()

    def rest(self) -> None:
        """Neither plays nor works towards a step."""
        self.playing, self.wanted = False, None
        self.state()

    def _catch_up(self) -> None:
        """A little nearer to the wanted step; there, it is shown whole."""
        course = self.course
        course.go(self.wanted, BUSY_S)
        if course.lived >= self.wanted or course.over:
            course.look()
            self.wanted = None
            self.show(course.history.nearest(course.lived))
            self.state()
        elif self._is_news():
            self.state()

    def _advance(self) -> None:
        """The next frame while playing: recorded ones first, when the screen shows the past."""
        now, course = time.perf_counter(), self.course
        if course.lived < self.shown:  # a recorded day that is not made again yet
            self.wanted = self.shown
            return
        count = max(1, round(self.speed / FRAMES_PER_S))
        frame = self.beside(count)
        if self.shown < frame.step <= course.lived:
            self.due = max(self.due + (frame.step - self.shown) / self.speed, now - 0.25)
            self.show(frame)
            if course.over and frame.step == course.lived:
                self.rest()
            return
        self.due = max(self.due + count / self.speed, now - 0.25)
        self.forward(count, BUSY_S)

    def _sound_out(self) -> None:
        """A little more of the further pairs of seeds."""
        if self.spread.work(BUSY_S) or self._is_news():
            self.tell(self.spread.message())

    def _is_news(self) -> bool:
        """True when the last word on work in the background is old enough for another."""
        now = time.perf_counter()
        if now - self._news < NEWS_S:
            return False
        self._news = now
        return True

    # ---- telling ----

    def greet(self) -> None:
        """Everything a page needs besides the ground: levers, series, events, a whole frame."""
        self.told = Told()
        self.tell({"type": "levers", "rows": self.course.table()})
        self.show(self.course.history.nearest(self.shown))
        self.state()
        for words in (self.spread.message() if self.spread is not None else None, self.fault):
            if words is not None:
                self.tell(words)

    def show(self, frame: Recorded) -> None:
        message, buffers = self.told.frame(self.course, frame)
        self.seq += 1
        self.shown = frame.step
        self.tell(message | {"seq": self.seq}, buffers)

    def state(self) -> None:
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
            "ahead": {"lived": course.lived, "wanted": self.wanted} if course.record or self.wanted is not None else None,
        })
