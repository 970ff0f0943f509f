"""Commands of the browser: one function a command, each given the session and the message."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable
from typing import Any

from sim.errors import InputError
from sim.scenario import load_scenario, scenario_names
from sim.view.page.messages.export import Film, stem_of, table_bytes
from sim.view.page.session import course
from sim.view.page.session.levers import FROM_START
from sim.view.page.session.outbox import Outbox
from sim.view.page.session.replicate_pairs import PAIRS, ReplicatePairs, figures

Message = dict[str, Any]

MOST_STEPS_PER_S = 2000.0
MOST_DAYS_AT_ONCE = 8  # of one step command
MOST_SEED = 2**53 - 1  # the largest whole number that a browser holds without rounding
MOST_UNIT = 2**31 - 1


def whole_seed(value: Any) -> int:
    """A seed as a number; InputError for what is none."""
    text = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) > MOST_SEED:
        raise InputError(f"seed {str(value)[:40]}: allowed: a whole number from 0 to {MOST_SEED}.")
    return int(text)


def _number(m: Message, name: str, default: float | None = None) -> float:
    """A number of a message; InputError when it is none, or not finite."""
    value = m.get(name, default)
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name} {str(value)[:40]!r}: allowed: a number.")
    return number


def _whole(m: Message, name: str, default: int | None = None) -> int:
    """A number of a message without its fraction."""
    return int(_number(m, name, default))


def close(s: Any, m: Message) -> None:
    s.closed = True


def ping(s: Any, m: Message) -> None:
    s.send({"type": "pong"})


def ack(s: Any, m: Message) -> None:
    s.acked = max(s.acked, min(_whole(m, "seq", 0), s.seq))


def hello(s: Any, m: Message) -> None:
    """A browser shows the page for the first time, or again: it gets everything. With a `link`, the battle that the link holds."""
    link = m.get("link")
    if s.branches is None and isinstance(link, dict) and s.model is None:
        before = s.scenario, s.seed, s.overrides, s.recorded
        try:
            _follow(s, link)
            s.send_page()
        except InputError as error:
            s.scenario, s.seed, s.overrides, s.recorded = before
            s.course = s.branches = None
            s.send_page()
            s.send({"type": "notice", "words": f"{error} Another battle is shown instead."})
        return
    s.send_page()


def _follow(s: Any, link: Message) -> None:
    """Takes scenario, seed and course from a link. InputError leaves the session as it was."""
    scenario = course.scenario_of(link, s.scenario, s.limits.days)
    seed = whole_seed(link.get("seed", s.seed))
    followed = course.read(link, scenario)
    s.scenario, s.seed, s.course, s.recorded = scenario, seed, followed, None
    s.overrides = dict(followed.levers.start)
    if str(link.get("model", "")) != course.model_id():
        s.send({"type": "notice", "words": f"This link was made with another version of the model ({str(link.get('model', 'unknown'))[:40]}, here "
                                           f"{course.model_id()}): the battle may take another course."})


def begin(s: Any, m: Message) -> None:
    """Another scenario, start or seed."""
    name = str(m.get("scenario") or s.scenario.name)
    if name != s.scenario.name and name not in scenario_names():
        raise InputError(f"unknown scenario {name[:60]!r}.")
    if s.model is not None:
        raise InputError("this page shows a model created elsewhere; create another one there.")
    changes: dict[str, Any] = {}
    if m.get("start"):
        try:
            changes["start"] = dt.date.fromisoformat(str(m["start"]))
        except ValueError:
            raise InputError(f"{str(m['start'])[:20]!r} is not a date.") from None
    if m.get("days"):
        changes["days"] = min(max(_whole(m, "days"), 1), s.limits.days)
    seed = whole_seed(m.get("seed", s.seed))
    scenario = s.scenario if name == s.scenario.name else load_scenario(name)
    s.scenario = load_scenario(scenario, **changes) if changes else scenario
    s.overrides = s.overrides if m.get("keep") is True else {}
    s.seed, s.recorded, s.branches, s.course = seed, None, None, None
    s.send_page()


def reset(s: Any, m: Message) -> None:
    """Back to the first day, with the levers as they stand."""
    if s.model is not None or s.recorded is not None:
        s.seek(0)
        return
    s.course = None
    s.open()
    s.send_battle()


def play(s: Any, m: Message) -> None:
    if s.fault is not None:
        s.send(s.fault)
        return
    s.playing, s.due, s.acked = True, time.perf_counter(), s.seq
    s.state()


def pause(s: Any, m: Message) -> None:
    s.rest()


def speed(s: Any, m: Message) -> None:
    s.speed = min(max(_number(m, "value"), 0.1), MOST_STEPS_PER_S)
    s.state()


def step(s: Any, m: Message) -> None:
    """`count` steps (or days) on or back; back shows what was recorded."""
    s.playing = False
    per_day = s.scenario.steps_per_day
    count = _whole(m, "count", 1) * (per_day if m.get("days") else 1)
    if s.shown > s.branches.simulated:
        s.seek(s.shown + count)
    elif count < 0 or s.shown < s.branches.simulated:
        s.seek(s.beside(count).step)
    else:
        s.forward(min(count, MOST_DAYS_AT_ONCE * per_day))
        s.state()


def seek(s: Any, m: Message) -> None:
    if m.get("hold"):
        s.playing = False
    s.seek(_whole(m, "step"), m.get("ahead") is True)


def lever(s: Any, m: Message) -> None:
    """Moves levers: at the start the battle is mustered with them, later it forks here and keeps its twin."""
    branches, values = s.branches, m.get("values", {})
    branches.require_live()
    s.course = None
    branches.forget_plan()
    if not isinstance(values, dict):
        raise InputError(f"values {str(values)[:40]!r}: allowed: parameters by key.")
    wanted = {} if m.get("reset") else branches.wanted(values)
    playing, head = s.playing, branches.simulated
    _take_over(s)
    _end_replicates(s, "a lever was moved.")
    old = branches.overrides
    keys = {k for k in FROM_START if wanted.get(k) != old.get(k)}
    if head == 0 and branches.twin is None and s.model is None:
        s.overrides = wanted
        s.open()
        s.send_battle()
    elif keys:
        branches.rerun_from_start(wanted, keys)
        s.overrides, s.shown, s.epoch, s.wanted = wanted, 0, s.epoch + 1, head
        s.send_battle()
    else:
        if branches.twin is None:
            s.outbox.forget_twin()
        branches.move(wanted)
        s.overrides = wanted
        s.send({"type": "levers", "rows": branches.table()})
        if s.shown != branches.head:
            s.show(branches.history.nearest(branches.head))
    s.playing = playing and s.fault is None
    s.state()


def compare(s: Any, m: Message) -> None:
    """Opens a comparison (a twin from here on, if there is none yet) or drops the twin."""
    if m.get("on"):
        s.branches.require_live()
        _take_over(s)
        if s.branches.fork():
            s.branches.record_frame()
        s.outbox = Outbox(days=s.outbox.days, events=s.outbox.events)
        s.show(s.branches.history.nearest(s.shown))
    elif m.get("drop"):
        _end_replicates(s, "the comparison ended.")
        s.branches.drop_twin()
    s.state()


def replicates(s: Any, m: Message) -> None:
    """Starts or stops further pairs of seeds for the two branches."""
    branches = s.branches
    if not m.get("on"):
        if s.replicates is not None and s.replicates.state == "running":
            s.replicates.stop()
            s.send(s.replicates.message())
        return
    if s.model is not None:
        raise InputError("this page shows a model created elsewhere: it cannot be mustered under other seeds.")
    if branches.twin is None or s.wanted is not None:
        raise InputError("there are no two courses to compare yet.")
    shown = figures(branches.world) - figures(branches.twin)
    new = ReplicatePairs(s.scenario, s.seed, branches.twin_lever_history, branches.lever_history, branches.simulated, shown, m.get("n", PAIRS))
    s.replicates = new
    s.send(new.message())


def _take_over(s: Any) -> None:
    """A recorded run that is run again becomes a live battle where it stands."""
    if s.recorded is None:
        return
    if s.shown > s.branches.simulated:
        raise InputError("this day has not been simulated again yet; wait for its units, or go back.")
    s.branches.take_over()
    s.recorded, s.epoch = None, s.epoch + 1
    s.send_page()


def _end_replicates(s: Any, words: str) -> None:
    """Results for these two branches do not hold for others."""
    if s.replicates is not None:
        s.replicates.stop(words)
        s.send(s.replicates.message())
        s.replicates = None


def inspect(s: Any, m: Message) -> None:
    from sim.view.page.messages.inspector import describe_place, describe_unit, unit_story

    branches = s.branches
    branches.require_live()
    if s.shown > branches.simulated:
        raise InputError("this day has not been simulated again yet; wait for its units to inspect them.")
    world = branches.twin if m.get("arm") == 1 and branches.twin is not None else branches.world
    if m.get("uid") is None:
        what = describe_place(world, _number(m, "x"), _number(m, "y"))
    else:
        uid = _whole(m, "uid")
        what = describe_unit(world, uid) if 0 <= uid <= MOST_UNIT else None
        if what is not None and m.get("story"):
            what["story"] = unit_story(branches, uid, int(m.get("arm") == 1))
    s.send({"type": "inspected", "what": what, "request": m.get("request"), "now": s.shown == branches.simulated})


def restart(s: Any, m: Message) -> None:
    """After a fault: from the checkpoint, or from the start; a recorded run as it was recorded."""
    s.fault = None
    if s.branches.record is not None and s.branches.is_live:
        s.fall_back(f"The model stopped while this run was simulated again. {s.recorded.instead}")
        return
    if s.branches.checkpoint is None or s.model is not None:
        reset(s, m)
        return
    _end_replicates(s, "the run was resumed from its checkpoint.")
    s.branches.restore()
    s.overrides = s.branches.overrides
    s.shown, s.epoch = s.branches.head, s.epoch + 1
    s.send_battle()


def frames(s: Any, m: Message) -> None:
    """Steps of the recorded frames, for an animation."""
    s.send({"type": "steps", "steps": s.branches.history.steps})


def table(s: Any, m: Message) -> None:
    name, data = table_bytes(s.branches.journal, str(m.get("name") or f"{s.scenario.name}-{s.seed}"), str(m.get("format", "csv")))
    s.send({"type": "file", "name": name}, [data])


def page(s: Any, m: Message) -> None:
    """The battle as far as it is recorded, as one HTML file that needs no server."""
    from sim.view.page.saved.document import page_of
    from sim.view.page.saved.packing import QUICK
    from sim.view.page.saved.recording import of_session

    s.rest()
    s.send({"type": "file", "name": f"{stem_of(str(m.get('name') or f'{s.scenario.name}-{s.seed}'))}.html"}, [page_of(of_session(s.branches, s.seed), QUICK)])


def film(s: Any, m: Message) -> None:
    """Pictures of the page become an animation: `begin`, one message a picture, `finish`."""
    if m.get("begin"):
        s.film = Film(str(m.get("name", "battle")), _number(m, "rate", 8))
    elif s.film is not None and m.get("finish"):
        reel, s.film = s.film, None
        name, data = reel.finish(str(m["finish"]))
        s.send({"type": "file", "name": name}, [data])
    elif s.film is not None and m["buffers"]:
        s.film.add(bytes(m["buffers"][0]))


COMMANDS: dict[str, Callable[[Any, Message], None]] = {
    work.__name__: work
    for work in (close, ping, ack, hello, begin, reset, play, pause, speed, step, seek, lever, compare, replicates, inspect,
                 restart, frames, table, page, film)
}  # fmt: skip
EARLY = ("hello", "begin", "close")  # those that may come before there is a battle
