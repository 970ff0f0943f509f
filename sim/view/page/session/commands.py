"""What a browser may ask of its session: one function a command, each given the session and the message."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from sim.errors import InputError
from sim.scenario import load_scenario, scenario_names
from sim.view.page.messages.export import Film, table_bytes
from sim.view.page.session.levers import FROM_START
from sim.view.page.session.outbox import Told
from sim.view.page.session.replicate_pairs import PAIRS, Spread, figures

Message = dict[str, Any]

MOST_STEPS_PER_S = 2000.0
MOST_DAYS_AT_ONCE = 8  # of one step command


def close(s: Any, m: Message) -> None:
    s.closed = True


def ping(s: Any, m: Message) -> None:
    s.tell({"type": "pong"})


def ack(s: Any, m: Message) -> None:
    s.acked = max(s.acked, min(int(m.get("seq", 0)), s.seq))


def hello(s: Any, m: Message) -> None:
    """A browser shows the page for the first time, or again: it gets everything."""
    s.welcome()


def begin(s: Any, m: Message) -> None:
    """Another scenario, start or seed."""
    name = str(m.get("scenario") or s.scenario.name)
    if name != s.scenario.name and name not in scenario_names():
        raise InputError(f"unknown scenario {name[:60]!r}.")
    if s.model is not None:
        raise InputError("this page shows a model that was made elsewhere; make another one there.")
    changes: dict[str, Any] = {}
    if m.get("start"):
        try:
            changes["start"] = dt.date.fromisoformat(str(m["start"]))
        except ValueError:
            raise InputError(f"{str(m['start'])[:20]!r} is not a date.") from None
    if m.get("days"):
        changes["days"] = min(max(int(m["days"]), 1), s.limits.days)
    seed = int(m.get("seed", s.seed))
    if not 0 <= seed < 2**53:
        raise InputError("a seed is a whole number from 0.")
    scenario = s.scenario if name == s.scenario.name else load_scenario(name)
    s.scenario = load_scenario(scenario, **changes) if changes else scenario
    s.overrides = s.overrides if m.get("keep") is True else {}
    s.seed, s.recorded, s.course = seed, None, None
    s.welcome()


def reset(s: Any, m: Message) -> None:
    """Back to the first day, with the levers as they stand."""
    if s.model is not None or s.recorded is not None:
        s.seek(0)
        return
    s.open()
    s.greet()


def play(s: Any, m: Message) -> None:
    if s.fault is not None:
        s.tell(s.fault)
        return
    s.playing, s.due, s.acked = True, time.perf_counter(), s.seq
    s.state()


def pause(s: Any, m: Message) -> None:
    s.rest()


def speed(s: Any, m: Message) -> None:
    s.speed = min(max(float(m["value"]), 0.1), MOST_STEPS_PER_S)
    s.state()


def step(s: Any, m: Message) -> None:
    """`count` steps (or days) on or back; back shows what was recorded."""
    s.playing = False
    per_day = s.scenario.steps_per_day
    count = int(m.get("count", 1)) * (per_day if m.get("days") else 1)
    if s.shown > s.course.lived:
        s.seek(s.shown + count)
    elif count < 0 or s.shown < s.course.lived:
        s.seek(s.beside(count).step)
    else:
        s.forward(min(count, MOST_DAYS_AT_ONCE * per_day))
        s.state()


def seek(s: Any, m: Message) -> None:
    if m.get("hold"):
        s.playing = False
    s.seek(int(m["step"]))


def lever(s: Any, m: Message) -> None:
    """Moves levers: at the start the battle is mustered with them, later it forks here and keeps its twin."""
    course = s.course
    course.must_live()
    wanted = {} if m.get("reset") else course.wanted(dict(m["values"]))
    playing, head = s.playing, course.lived
    _take_over(s)
    _end_spread(s, "a lever was moved.")
    old = course.overrides
    keys = {k for k in FROM_START if wanted.get(k) != old.get(k)}
    if head == 0 and course.twin is None and s.model is None:
        s.overrides = wanted
        s.open()
        s.greet()
    elif keys:
        course.begin_again(wanted, keys)
        s.overrides, s.shown, s.epoch, s.wanted = wanted, 0, s.epoch + 1, head
        s.greet()
    else:
        if course.twin is None:
            s.told.forget_twin()
        course.move(wanted)
        s.overrides = wanted
        s.tell({"type": "levers", "rows": course.table()})
        if s.shown != course.head:
            s.show(course.history.nearest(course.head))
    s.playing = playing and s.fault is None
    s.state()


def compare(s: Any, m: Message) -> None:
    """Opens a comparison (a twin from here on, if there is none yet) or lets the twin go."""
    if m.get("on"):
        s.course.must_live()
        _take_over(s)
        if s.course.fork():
            s.course.look()
        s.told = Told(days=s.told.days, events=s.told.events)
        s.show(s.course.history.nearest(s.shown))
    elif m.get("drop"):
        _end_spread(s, "the comparison ended.")
        s.course.drop_twin()
    s.state()


def spread(s: Any, m: Message) -> None:
    """Further pairs of seeds for the two arms, or no more of them."""
    course = s.course
    if not m.get("on"):
        if s.spread is not None and s.spread.state == "running":
            s.spread.stop()
            s.tell(s.spread.message())
        return
    if s.model is not None:
        raise InputError("this page shows a model that was made elsewhere: it cannot be mustered under other seeds.")
    if course.twin is None or s.wanted is not None:
        raise InputError("there are no two arms to compare yet.")
    shown = figures(course.world) - figures(course.twin)
    new = Spread(s.scenario, s.seed, course.twin_script, course.script, course.lived, shown, m.get("n", PAIRS))
    s.spread = new
    s.tell(new.message())


def _take_over(s: Any) -> None:
    """A recorded run that is made again becomes a live battle where it stands."""
    if s.recorded is None:
        return
    if s.shown > s.course.lived:
        raise InputError("this day is not made again yet; wait for its units, or go back.")
    s.course.take_over()
    s.recorded, s.epoch = None, s.epoch + 1
    s.welcome()


def _end_spread(s: Any, words: str) -> None:
    """What was found of these two arms does not hold for others."""
    if s.spread is not None:
        s.spread.stop(words)
        s.tell(s.spread.message())
        s.spread = None


def inspect(s: Any, m: Message) -> None:
    from sim.view.page.messages.inspector import tell_place, tell_story, tell_unit

    course = s.course
    course.must_live()
    if s.shown > course.lived:
        raise InputError("this day is not made again yet; its units can be asked when they are there.")
    world = course.twin if m.get("arm") == 1 and course.twin is not None else course.world
    what = tell_unit(world, int(m["uid"])) if m.get("uid") is not None else tell_place(world, float(m["x"]), float(m["y"]))
    if what is not None and m.get("story") and m.get("uid") is not None:
        what["story"] = tell_story(course, int(m["uid"]), int(m.get("arm") == 1))
    s.tell({"type": "inspected", "what": what, "asked": m.get("asked"), "now": s.shown == course.lived})


def restart(s: Any, m: Message) -> None:
    """After a fault: on from the last good copy, or from the start; a recorded run as it was recorded."""
    s.fault = None
    if s.course.record is not None and s.course.is_live:
        s.fall_back(f"The model stopped while this run was made again. {s.recorded.instead}")
        return
    if s.course.checkpoint is None or s.model is not None:
        reset(s, m)
        return
    _end_spread(s, "the run was taken up again.")
    s.course.restore()
    s.overrides = s.course.overrides
    s.shown, s.epoch = s.course.head, s.epoch + 1
    s.greet()


def frames(s: Any, m: Message) -> None:
    """Steps of the recorded frames, for an animation."""
    s.tell({"type": "steps", "steps": s.course.history.steps})


def table(s: Any, m: Message) -> None:
    name, data = table_bytes(s.course.journal, s.scenario.name, s.seed, str(m.get("format", "csv")))
    s.tell({"type": "file", "name": name}, [data])


def film(s: Any, m: Message) -> None:
    """Pictures of the page become an animation: `begin`, one message a picture, `finish`."""
    if m.get("begin"):
        s.film = Film(str(m.get("name", "battle"))[:80], float(m.get("rate", 8)))
    elif s.film is not None and m.get("finish"):
        reel, s.film = s.film, None
        name, data = reel.finish(str(m["finish"]))
        s.tell({"type": "file", "name": name}, [data])
    elif s.film is not None and m["buffers"]:
        s.film.add(bytes(m["buffers"][0]))


COMMANDS: dict[str, Callable[[Any, Message], None]] = {
    work.__name__: work
    for work in (close, ping, ack, hello, begin, reset, play, pause, speed, step, seek, lever, compare, spread, inspect,
                 restart, frames, table, film)
}  # fmt: skip
EARLY = ("hello", "begin", "close")  # those that may come before there is a battle
