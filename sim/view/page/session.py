"""One battle of one browser session: it is stepped, recorded, forked and told about by one thread, and freed on closing.

Whoever shows the page gives `send(message, buffers)` and passes on what the browser says with `submit`. The browser
acknowledges every frame it has drawn; the session never runs more than `AHEAD` frames ahead of the picture.
"""

from __future__ import annotations

import contextlib
import copy
import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim import battle
from sim.muster import muster
from sim.quantity import InputError
from sim.scenario import Scenario, load_scenario, scenario_names
from sim.view.page import encode, levers, series
from sim.view.page.export import Film, has_ffmpeg
from sim.view.page.ground import ground_buffers, ground_message, shelf
from sim.view.page.history import MOST_BYTES, History, Recorded
from sim.view.page.parting import Parting
from sim.view.page.replay import MISSING

Send = Callable[[dict[str, Any], list[bytes]], None]

AHEAD = 2  # frames sent and not yet drawn
FRAMES_PER_S = 20.0  # at higher speeds a frame holds several steps
BUSY_S = 0.06  # stepping for one frame: a machine that is slower plays slower, and frames keep coming
SPEEDS = (1.0, 4.0, 12.0, 40.0, 120.0, 400.0)  # steps a second, for steps of six hours
PATIENCE_S = 30.0  # a browser that does not draw for so long is paused
KEPT_DAYS = 10  # days between the copies from which a stopped run can be taken up again


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
        self.world: Any = None
        self.twin: Any = None  # the course without the moved levers
        self.parting: Parting | None = None
        self.playing, self.speed = False, 12.0
        self.epoch = self.seq = self.acked = 0
        self.shown = 0  # the step on the screen
        self.fault: dict[str, Any] | None = None
        self.film: Film | None = None
        self.history: History | None = None
        self.checkpoint: Any = None

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
                self._guard(self._advance)
                continue
            self._guard(lambda m=message, b=buffers: self.obey(m, b))
        self.world = self.twin = self.model = self.parting = None
        self.history = self.checkpoint = self.film = None

    def _guard(self, work: Callable[[], None]) -> None:
        """Whatever goes wrong becomes words on the page; the last good frame stays."""
        if self.closed:
            return
        try:
            work()
        except InputError as error:
            self.tell({"type": "notice", "words": str(error)})
        except Exception as error:
            self.playing = False
            self.fault = self._fault(error)
            with contextlib.suppress(Exception):
                self.tell(self.fault)

    def _fault(self, error: Exception) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        places = [Path(f.filename).stem for f in frames if Path(f.filename).parent.name == "phases"]
        from sim.view.style import commit

        return {
            "type": "fault",
            "step": self.world.step_index if self.world is not None else 0,
            "phase": places[-1] if places else "",
            "reason": f"{type(error).__name__}: {error}"[:400],
            "details": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-6:]],
            "scenario": self.scenario.name,
            "seed": self.seed,
            "levers": {k: v for k, v in self.overrides.items()},
            "commit": commit(),
            "restart_day": self.checkpoint.day if self.checkpoint is not None else 0,
        }

    def tell(self, message: dict[str, Any], buffers: list[bytes] = ()) -> None:
        if not self.closed:
            self._send(message, list(buffers))

    def _patience(self) -> float | None:
        """How long to wait for a command before the next frame; None when nothing is to be done."""
        if not self.playing or self.world is None:
            return None
        if self.seq - self.acked >= AHEAD:
            return None  # the next word of the browser wakes the thread
        return max(self._due - time.perf_counter(), 0.0) if self._due > time.perf_counter() else 0.0001

    # ---- commands ----

    def obey(self, m: dict[str, Any], buffers: Any = ()) -> None:
        """Carries out one command now; `submit` has the thread do it."""
        do = m.get("do")
        if do == "ack":
            self.acked = max(self.acked, min(int(m.get("seq", 0)), self.seq))
            return
        work = getattr(self, f"_do_{do}", None) if isinstance(do, str) and do.isidentifier() else None
        if work is None:
            raise InputError(f"unknown command {str(do)[:40]!r}.")
        if self.world is None and do not in ("hello", "begin", "close"):
            return
        work(m, buffers) if do == "film" else work(m)

    def _do_close(self, m: dict[str, Any]) -> None:
        self.closed = True

    def _do_hello(self, m: dict[str, Any]) -> None:
        """A browser shows the page for the first time, or again: it gets everything."""
        more = {"epoch": self.epoch, "shelf": shelf(), "ffmpeg": has_ffmpeg()}
        if self.recorded is not None:
            more |= {"replay": self.recorded.told, "missing": MISSING}
        self.tell(ground_message(self.scenario, self.seed) | more,
                  ground_buffers(self.scenario, self._start_control()))
        if self.world is None:
            self._muster()
        self.acked = self.seq
        self._greet()

    def _do_begin(self, m: dict[str, Any]) -> None:
        """Another scenario, start or seed."""
        name = str(m.get("scenario") or self.scenario.name)
        if name != self.scenario.name and name not in scenario_names():
            raise InputError(f"unknown scenario {name[:60]!r}.")
        changes: dict[str, Any] = {}
        if m.get("start"):
            from datetime import date

            try:
                changes["start"] = date.fromisoformat(str(m["start"]))
            except ValueError:
                raise InputError(f"{str(m['start'])[:20]!r} is not a date.") from None
        if m.get("days"):
            changes["days"] = min(max(int(m["days"]), 1), self.limits.days)
        seed = int(m.get("seed", self.seed))
        if not 0 <= seed < 2**53:
            raise InputError("a seed is a whole number from 0.")
        scenario = self.scenario if name == self.scenario.name else load_scenario(name)
        scenario = load_scenario(scenario, **changes) if changes else scenario
        if self.model is not None:
            raise InputError("this page shows a model that was made elsewhere; make another one there.")
        if m.get("keep") is not True:
            self.overrides = {}
        self.recorded = None
        self.scenario, self.seed, self.world = scenario, seed, None
        self._do_hello(m)

    def _do_reset(self, m: dict[str, Any]) -> None:
        """Back to the first day, with the levers as they stand."""
        if self.model is not None or self.recorded is not None:
            self._seek_to(0)
            return
        self._muster()
        self._greet()

    def _do_play(self, m: dict[str, Any]) -> None:
        if self.fault is not None:
            self.tell(self.fault)
            return
        self.playing, self._due = True, time.perf_counter()
        self.acked = self.seq
        self._state()

    def _do_pause(self, m: dict[str, Any]) -> None:
        self.playing = False
        self._state()

    def _do_speed(self, m: dict[str, Any]) -> None:
        self.speed = min(max(float(m["value"]), 0.1), 2000.0)
        self._state()

    def _do_step(self, m: dict[str, Any]) -> None:
        """One step forth or back, or `days` of them; back shows what was recorded."""
        self.playing = False
        count = int(m.get("count", 1))
        if m.get("days"):
            count *= self.scenario.steps_per_day
        if count < 0:
            target = max(self.shown + count, 0)
            frame = self.history.nearest(target)
            if frame.step >= self.shown:
                frame = self.history.beside(self.shown, -1) or frame
            self._show(frame)
        elif self.shown < self.world.step_index:
            frame = self.history.nearest(self.shown + count)
            if frame.step <= self.shown:
                frame = self.history.beside(self.shown, 1)
            self._show(frame)
        else:
            self._forward(min(count, 8 * self.scenario.steps_per_day))
        self._state()

    def _do_seek(self, m: dict[str, Any]) -> None:
        if m.get("hold"):
            self.playing = False
        self._seek_to(int(m["step"]))

    def _seek_to(self, step: int) -> None:
        frame = self.history.nearest(step)
        if frame is not None and frame.step != self.shown:
            self._show(frame)
        self._state()

    def _do_lever(self, m: dict[str, Any]) -> None:
        """Moves levers: at the start the battle is mustered with them, later it forks here and keeps its twin."""
        self._must_live()
        if m.get("reset"):
            wanted = {}
        else:
            wanted = dict(self.overrides)
            for key, value in dict(m["values"]).items():
                from sim.settings import resolve

                d = resolve(str(key))
                value = d.parse(value)
                base = self._given.get(d.key, d.default)
                wanted.pop(d.key, None)
                if value != base:
                    wanted[d.key] = value
        was_playing = self.playing
        if self.world.step_index == 0 and self.twin is None and self.model is None:
            self.overrides = wanted
            self._muster()
            self._greet()
        else:
            self._fork()
            levers.move_levers(self.world, wanted)
            self.overrides = wanted
            self._mark(wanted)
            self.tell(self._levers())
            if self.shown != self.world.step_index:
                self._show(self.history.nearest(self.world.step_index))
            self._state()
        self.playing = was_playing and self.fault is None

    def _do_compare(self, m: dict[str, Any]) -> None:
        """Opens a comparison (a twin from here on, if there is none yet) or lets the twin go."""
        self._must_live()
        if m.get("on"):
            fresh = self.twin is None
            self._fork()
            if fresh:
                self._record()
            self._show(self.history.nearest(self.shown), full=True)
        elif m.get("drop"):
            self.twin = self.parting = None
        self._state()

    def _do_inspect(self, m: dict[str, Any]) -> None:
        from sim.view.page.inspector import tell_place, tell_unit

        self._must_live()
        world = self.twin if m.get("arm") == 1 and self.twin is not None else self.world
        now = self.shown == self.world.step_index
        what = tell_unit(world, int(m["uid"])) if m.get("uid") is not None else tell_place(world, float(m["x"]), float(m["y"]))
        self.tell({"type": "inspected", "what": what, "asked": m.get("asked"), "now": now, "date": world.date.isoformat()})

    def _do_restart(self, m: dict[str, Any]) -> None:
        """After a fault: on from the last good copy, or from the start."""
        self.fault = None
        if self.checkpoint is None or m.get("start") or self.model is not None:
            self._do_reset(m)
            return
        self.world, self.twin, self.parting = copy.deepcopy(self.checkpoint), None, None
        for step in [s for s in self.history.steps if s > self.world.step_index]:
            self.history._drop(step)
        self._record()
        self._greet()

    def _do_frames(self, m: dict[str, Any]) -> None:
        """Steps of the recorded frames, for an animation."""
        self.tell({"type": "steps", "steps": self.history.steps})

    def _do_table(self, m: dict[str, Any]) -> None:
        from sim.view.page.export import table_bytes

        name, data = table_bytes(self.world.journal, self.scenario.name, self.seed, str(m.get("format", "csv")))
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

    def _do_ping(self, m: dict[str, Any]) -> None:
        self.tell({"type": "pong"})

    # ---- the battle ----

    def _muster(self) -> None:
        self.playing, self.fault = False, None
        self.twin = self.parting = None
        self.epoch += 1
        if self.recorded is not None:
            self.world = self.recorded
        elif self.model is not None:
            self.world = self.model.world
        else:
            self.world = muster(self.scenario, self.seed, overrides=self.overrides)
        self._given = levers.scenario_values(self.world)
        self.history = History(self.scenario.steps_per_day, self.limits.bytes)
        self.marks: list[dict[str, Any]] = []
        self.checkpoint = None
        self._due = time.perf_counter()
        self._sent: list[encode.Layers] = [{}, {}]
        self._told_days = self._told_twin = self._told_events = 0
        if self.recorded is not None:
            self.history = self.recorded.history(self.limits.bytes)
            self.shown = 0
            return
        self._record()
        self.shown = self.world.step_index

    def _must_live(self) -> None:
        if self.recorded is not None:
            raise InputError("this is a recorded run: it can be watched, not changed. Run it live to move levers or look closer.")

    def _start_control(self) -> Any:
        if self.recorded is not None:
            return self.recorded.journal.maps[0] / 100.0
        from sim.sector import build_sector

        return build_sector(self.scenario).control0 if self.world is None else self.world.sector.control0

    def _greet(self) -> None:
        """Everything a page needs besides the ground: levers, series, events, a whole frame."""
        self._told_days = self._told_twin = self._told_events = 0
        self.tell(self._levers())
        self._show(self.history.nearest(self.shown), full=True)
        self._state()
        if self.fault is not None:
            self.tell(self.fault)

    def _levers(self) -> dict[str, Any]:
        return {"type": "levers", "rows": levers.lever_table(self.world.settings, self._given), "speeds": list(SPEEDS)}

    def _fork(self) -> None:
        """Keeps the course as it is, if that was not done before."""
        if self.twin is None:
            self.twin = self._copy(self.world)
            self.parting = Parting(self.world.step_index)
            self._told_twin = 0

    @staticmethod
    def _copy(world: Any) -> Any:
        shared = {id(world.sector): world.sector, id(world.scenario): world.scenario, id(world.settings): world.settings}
        return copy.deepcopy(world, shared)

    def _mark(self, wanted: dict[str, Any]) -> None:
        self.marks.append({"step": self.world.step_index, "words": "Lever moved"})

    def _step(self) -> None:
        (battle.step(self.world) if self.model is None else self.model.step())
        if self.twin is not None:
            battle.step(self.twin)
            self.parting.look(self.twin, self.world)
        if self.world.new_day:
            self._record()
            if self.world.day % KEPT_DAYS == 0 and self.model is None:
                self.checkpoint = self._copy(self.world)
        if self.world.live().size > self.limits.units:
            raise InputError(f"more than {self.limits.units:,} units: a session may not have more.")

    def _forward(self, count: int, at_most_s: float = 60.0) -> None:
        """Steps the battle on, for `at_most_s` seconds, and shows where it is."""
        if self.recorded is not None:
            self.playing = False
            self._state()
            return
        left = self.scenario.n_steps - self.world.step_index
        count = min(count, left)
        begin = time.perf_counter()
        for _ in range(count):
            self._step()
            if time.perf_counter() - begin > at_most_s:
                break
        if count:
            self._record()
            self._show(self.history.nearest(self.world.step_index))
        if self.world.step_index >= self.scenario.n_steps:
            self.playing = False
            self._state()

    def _advance(self) -> None:
        """The next frame while playing: recorded ones first, when the screen shows the past."""
        now = time.perf_counter()
        count = max(1, round(self.speed / FRAMES_PER_S))
        if self.shown < self.world.step_index:
            frame = self.history.nearest(self.shown + count)
            frame = frame if frame.step > self.shown else self.history.beside(self.shown, 1)
            self._due = max(self._due + (frame.step - self.shown) / self.speed, now - 0.25)
            self._show(frame)
            return
        self._due = max(self._due + count / self.speed, now - 0.25)
        self._forward(count, BUSY_S)

    def _record(self) -> None:
        """Keeps the present moment of all arms."""
        worlds = [self.world] if self.twin is None else [self.world, self.twin]
        before = self.history.nearest(self.world.step_index)
        arms = [
            encode.layers(w, before.arms[k] if before is not None and k < len(before.arms) else None)
            for k, w in enumerate(worlds)
        ]
        told = encode.moment(self.world)
        if self.twin is not None:
            told["twin_held"] = encode.moment(self.twin)["held"]
        self.history.add(Recorded(told, arms))

    # ---- telling ----

    def _show(self, frame: Recorded, full: bool = False) -> None:
        """Sends a frame: layers the browser does not have, and what is new in series and events."""
        if full:
            self._sent = [{}, {}]
            self._told_twin = 0
        parts, buffers, gone = [], [], []
        for arm, have in enumerate(frame.arms):
            gone += [[arm, name] for name in self._sent[arm] if name not in have]
            for name, data in have.items():
                if self._sent[arm].get(name) is not data:
                    parts.append([arm, name])
                    buffers.append(data)
            self._sent[arm] = dict(have)
        self.seq += 1
        self.shown = frame.step
        journal = self.world.journal
        message = {
            "type": "frame",
            "epoch": self.epoch,
            "seq": self.seq,
            "arms": len(frame.arms),
            "layers": parts,
            "gone": gone,
            "head": self.world.step_index,
            "n_steps": self.scenario.n_steps,
            **frame.moment,
        }
        if len(journal.maps) > self._told_days:
            message["days"] = {"from": self._told_days, "columns": series.rows(journal.columns, self._told_days)}
            self._told_days = len(journal.maps)
        if len(journal.events) > self._told_events:
            message["events"] = [series.told(e) for e in journal.events[self._told_events :]]
            message["events_from"] = self._told_events
            self._told_events = len(journal.events)
        if self.twin is not None:
            other = self.twin.journal
            first = min(self._told_twin, len(other.maps))
            message["twin"] = {"from": first, "columns": series.rows(other.columns, first), "parting": self.parting.told()}
            self._told_twin = len(other.maps)
        self.tell(message, buffers)

    def _state(self) -> None:
        """Whether it plays, how fast it really is, and where the record of frames begins and ends."""
        self.tell({
            "type": "state",
            "epoch": self.epoch,
            "playing": self.playing,
            "speed": self.speed,
            "shown": self.shown,
            "head": self.world.step_index,
            "n_steps": self.scenario.n_steps,
            "twin": self.twin is not None,
            "marks": self.marks,
            "bytes": self.history.n_bytes,
        })
