"""The session behind one page: one thread steps a battle, records it and sends messages; closing frees everything.

The caller gives `send(message, buffers)` and hands commands of the browser to `submit`. The browser
acknowledges every frame it has drawn; the session never runs more than `AHEAD` frames ahead of the picture.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sim import compilation
from sim.errors import InputError
from sim.scenario import Scenario, load_scenario
from sim.view.page.messages.about import about
from sim.view.page.messages.export import Film, has_ffmpeg
from sim.view.page.messages.frame_history import RecordedFrame
from sim.view.page.messages.glossary import glossary
from sim.view.page.messages.guide import guide_for
from sim.view.page.messages.map_message import ground_buffers, ground_message, shelf
from sim.view.page.session import course
from sim.view.page.session.branches import Branches, Limits, start_control
from sim.view.page.session.commands import COMMANDS, EARLY
from sim.view.page.session.course import Course
from sim.view.page.session.outbox import Outbox, fault_message
from sim.view.page.session.recorded_run import MISSING
from sim.view.page.session.replay_check import ReplayDiffers
from sim.view.page.session.replicate_pairs import ReplicatePairs

Send = Callable[[dict[str, Any], list[bytes]], None]

AHEAD = 2  # frames sent and not yet drawn
FRAMES_PER_S = 20.0  # at higher speeds a frame holds several steps
BUSY_S = 0.06  # work between two looks at the commands: a slower machine plays slower, and frames keep coming
NEWS_S = 0.25  # between two progress messages of background work


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
        self.model = model  # a model of the caller: it is stepped here, and never mustered anew
        self.recorded = recorded  # a run from a folder: run again beside its record, or shown as it is
        self.branches: Branches | None = None
        self.outbox = Outbox()
        self.film: Film | None = None
        self.replicates: ReplicatePairs | None = None
        self.fault: dict[str, Any] | None = None
        self.playing, self.speed = False, 12.0
        self.epoch = self.seq = self.acked = 0
        self.shown = 0  # the step on the screen
        self.wanted: int | None = None  # a step that is not simulated yet; it is shown when it is
        self.course: Course | None = None  # of a link that is opened: its levers are moved again at their steps
        self.due = 0.0  # when the next frame is, while playing
        self._news = 0.0

    # ---- from outside ----

    def submit(self, message: dict[str, Any], buffers: Any = ()) -> None:
        """Takes a command of the browser; too many at once are dropped."""
        if self.closed or not isinstance(message, dict):
            return
        if message.get("do") == "ping":  # answered at once, also while a battle is built or a step takes long
            self.send({"type": "pong"})
            return
        if self._commands.qsize() > self.limits.waiting:
            return
        self._commands.put((message, buffers))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="battle of a page")
            self._thread.start()

    def close(self) -> None:
        """Stops and frees everything."""
        self.closed = True
        self._commands.put(({"do": "close"}, ()))

    # ---- the thread ----

    def _work(self) -> None:
        while not self.closed:
            try:
                message, buffers = self._commands.get(timeout=self._patience())
            except queue.Empty:
                self.guard(self.continue_work)
                continue
            self.guard(self.execute, message, buffers)
        self.branches = self.model = self.recorded = self.film = self.replicates = None
        self.outbox = Outbox()

    def guard(self, work: Callable[..., None], *words: Any) -> None:
        """Does some work; an error becomes a message on the page, and the last good frame stays."""
        if self.closed:
            return
        try:
            work(*words)
        except ReplayDiffers as error:
            self.fall_back(str(error))
        except InputError as error:
            self.send({"type": "notice", "words": str(error)})
            if work == self.continue_work:  # the same error would only come again
                self.rest()
        except Exception as error:
            self.playing, self.wanted = False, None
            self.fault = fault_message(error, self.branches, self.scenario.name, self.seed, self.overrides)
            with contextlib.suppress(Exception):
                self.send(self.fault)

    def send(self, message: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        if not self.closed:
            self._send({"epoch": self.epoch, **message}, list(buffers))

    def _patience(self) -> float | None:
        """Seconds to wait for a command before other work; None when there is no other work."""
        if self.branches is None or self.fault is not None:
            return None
        if self.wanted is not None:
            return 0.0
        if self.playing:
            return max(self.due - time.perf_counter(), 0.0001) if self.seq - self.acked < AHEAD else None
        return 0.0 if self.replicates is not None and self.replicates.state == "running" else None

    def execute(self, m: dict[str, Any], buffers: Any = ()) -> None:
        """Executes one command now; `submit` leaves it to the thread."""
        do = m.get("do")
        work = COMMANDS.get(do) if isinstance(do, str) else None
        if work is None:
            raise InputError(f"unknown command {str(do)[:40]!r}.")
        if self.branches is not None or do in EARLY:
            work(self, {**m, "buffers": buffers})

    def continue_work(self) -> None:
        """A short piece of background work: towards a wanted step, the next frame, a further pair of seeds."""
        if self.wanted is not None:
            self._catch_up(self.wanted)
        elif self.playing:
            self._advance()
        elif self.replicates is not None:
            self._run_replicates(self.replicates)

    # ---- the battle ----

    @property
    def battle(self) -> Branches:
        """The branches of the battle that is open."""
        if self.branches is None:
            raise RuntimeError("no battle is open")
        return self.branches

    def open(self) -> None:
        """A battle at its first step."""
        self.playing, self.fault, self.wanted, self.replicates = False, None, None, None
        self.epoch += 1
        compilation.prepare(self._tell_compiled)
        words = (self.scenario, self.seed, self.overrides, self.limits, self.model)
        if self.recorded is not None and self.recorded.other and not self.recorded.journal.maps:
            self._give_up_record(self.recorded.other)
        try:
            self.branches = Branches(*words, self.recorded)
        except InputError as error:
            if self.recorded is None or self.recorded.other:
                raise
            self._give_up_record(str(error) if isinstance(error, ReplayDiffers) else f"{error} {self.recorded.instead}")
            self.branches = Branches(*words, self.recorded)
        self.shown = 0 if self.recorded is not None else self.battle.head
        if self.course is not None:
            self.battle.follow(self.course)
            self.wanted = self.course.head if self.course.head > self.battle.simulated else None

    def _tell_compiled(self, done: int, total: int, share: float) -> None:
        """Tells the page how far the kernels are compiled, now and then."""
        if self._is_news():
            self.send({"type": "compiling", "done": done, "total": total, "share": share})

    def _give_up_record(self, words: str) -> None:
        """The run is not run again: its recorded ground is shown, or a live battle when no ground was recorded."""
        record = self.recorded.differing(words)
        self.recorded = record if record.journal.maps else None
        self.send({"type": "notice", "words": words})

    def fall_back(self, words: str) -> None:
        """The new run differs from its record: the page gets a notice and shows the recorded ground."""
        self._give_up_record(words)
        shown = self.shown
        if self.recorded is None:
            self.battle.take_over()
            self.rest()
        else:
            self.open()
            self.shown = self.battle.history.nearest(shown).step
        self.send_page()

    def send_page(self) -> None:
        """Sends everything a page needs, the land first."""
        more = {"shelf": shelf(), "ffmpeg": has_ffmpeg(), "glossary": glossary(), "guide": guide_for(self.scenario.name), "about": about()}
        run = self.recorded
        if run is not None:
            more |= {"replay": run.label, "rerun": not run.other, "missing": MISSING if run.other else ()}
        self.send(ground_message(self.scenario, self.seed) | more, ground_buffers(self.scenario, start_control(self.scenario, self.model, run)))
        if self.branches is None:
            self.open()
            if self.recorded is not run:  # it could not be run again
                return self.send_page()
            if run is not None and run.other:
                self.send({"type": "notice", "words": run.other})
        self.acked = self.seq
        self.send_battle()

    def beside(self, count: int) -> RecordedFrame:
        """The recorded frame `count` steps from the one on the screen, or the next one on that side."""
        history, target = self.battle.history, max(self.shown + count, 0)
        frame = history.nearest(target)
        if (frame.step - self.shown) * count <= 0:
            frame = history.beside(self.shown, count) or frame
        return frame

    def seek(self, step: int, ahead: bool = False) -> None:
        """Shows a step as recorded; one that is not simulated yet is simulated in the background (of a live battle: with `ahead` only)."""
        branches = self.battle
        step = min(max(step, 0), branches.scenario.n_steps if ahead and branches.record is None else branches.head)
        self.wanted = step if step > branches.simulated and self.fault is None else None
        frame = branches.history.nearest(step)
        if frame.step != self.shown:
            self.show(frame)
        self.state()

    def forward(self, count: int, at_most_s: float = 60.0) -> None:
        """Steps the battle for at most `at_most_s` seconds and shows the result."""
        branches, before = self.battle, self.battle.simulated
        branches.go(before + count, at_most_s)
        if branches.simulated > before:
            branches.record_frame()
            self.show(branches.history.nearest(branches.simulated))
        if branches.over:
            self.rest()

    def rest(self) -> None:
        """Stops playing and background work towards a step."""
        self.playing, self.wanted = False, None
        self.state()

    def _catch_up(self, wanted: int) -> None:
        """A little nearer to the wanted step, which is shown once it is reached."""
        branches = self.battle
        branches.go(wanted, BUSY_S)
        if branches.simulated >= wanted or branches.over:
            branches.settle()
            branches.record_frame()
            self.wanted = None
            self.show(branches.history.nearest(branches.simulated))
            if self.course is not None:
                self._arrive(self.course)
            self.state()
        elif self._is_news():
            if branches.record is None and self.seq - self.acked < AHEAD:
                self.show(branches.history.nearest(branches.simulated))
            self.state()

    def _arrive(self, followed: Course) -> None:
        """The battle of a link has come as far as it was: levers as they stand, and the day that the link shows."""
        self.course, self.overrides = None, self.battle.overrides
        self.send({"type": "levers", "rows": self.battle.table()})
        if followed.shown < self.battle.simulated:
            self.show(self.battle.history.nearest(followed.shown))

    def _advance(self) -> None:
        """The next frame while playing: recorded ones first, when the screen shows the past."""
        now, branches = time.perf_counter(), self.battle
        if branches.simulated < self.shown:  # a recorded day that is not simulated yet
            self.wanted = self.shown
            return
        count = max(1, round(self.speed / FRAMES_PER_S))
        frame = self.beside(count)
        if self.shown < frame.step <= branches.simulated:
            self.due = max(self.due + (frame.step - self.shown) / self.speed, now - 0.25)
            self.show(frame)
            if branches.over and frame.step == branches.simulated:
                self.rest()
            return
        self.due = max(self.due + count / self.speed, now - 0.25)
        self.forward(count, BUSY_S)

    def _run_replicates(self, replicates: ReplicatePairs) -> None:
        """A little more of the replicate pairs."""
        if replicates.work(BUSY_S) or self._is_news():
            self.send(replicates.message())

    def _is_news(self) -> bool:
        """True when it is time for the next progress message."""
        now = time.perf_counter()
        if now - self._news < NEWS_S:
            return False
        self._news = now
        return True

    # ---- messages ----

    def send_battle(self) -> None:
        """Sends everything a page needs besides the ground: levers, series, events, a whole frame."""
        self.outbox = Outbox()
        self.send({"type": "levers", "rows": self.battle.table()})
        self.show(self.battle.history.nearest(self.shown))
        self.state()
        for words in (self.replicates.message() if self.replicates is not None else None, self.fault):
            if words is not None:
                self.send(words)

    def show(self, frame: RecordedFrame) -> None:
        message, buffers = self.outbox.frame(self.battle, frame)
        self.seq += 1
        self.shown = frame.step
        self.send(message | {"seq": self.seq}, buffers)

    def state(self) -> None:
        """Sends the state of playing, its speed, and the steps there are."""
        branches = self.battle
        self.send({
            "type": "state",
            "playing": self.playing,
            "speed": self.speed,
            "shown": self.shown,
            "head": branches.head,
            "n_steps": branches.scenario.n_steps,
            "twin": branches.twin is not None,
            "marks": branches.marks,
            "bytes": branches.history.n_bytes,
            "course": course.message(branches) if self.recorded is None and self.model is None else None,
            "again": self.recorded is not None or self.course is not None,
            "ahead": {"simulated": branches.simulated, "wanted": self.wanted} if branches.record or self.wanted is not None else None,
        })
