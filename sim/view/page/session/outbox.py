"""What one browser has been told, and the messages that tell it the rest: changed layers only, new days and events only."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.view.page.messages import daily_series
from sim.view.page.messages.frame_history import Recorded
from sim.view.page.messages.frames import Layers
from sim.view.page.session.branches import Course


@dataclass
class Told:
    """Layers by arm, days, days of the twin and events that the browser has."""

    layers: list[Layers] = field(default_factory=lambda: [{}, {}])
    days: int = 0
    twin_days: int = 0
    events: int = 0

    def forget_twin(self) -> None:
        self.twin_days = 0

    def frame(self, course: Course, frame: Recorded) -> tuple[dict[str, Any], list[bytes]]:
        """A recorded frame as message and buffers."""
        parts, buffers, gone = [], [], []
        for arm, have in enumerate(frame.arms):
            gone += [[arm, name] for name in self.layers[arm] if name not in have]
            for name, data in have.items():
                if self.layers[arm].get(name) is not data:
                    parts.append([arm, name])
                    buffers.append(data)
            self.layers[arm] = dict(have)
        message = {
            "type": "frame",
            "arms": len(frame.arms),
            "layers": parts,
            "gone": gone,
            "head": course.head,
            "n_steps": course.scenario.n_steps,
            **frame.moment,
        }
        return message | self._days(course) | self._events(course) | self._twin(course), buffers

    def _days(self, course: Course) -> dict[str, Any]:
        journal, first = course.journal, self.days
        self.days = journal.n_days + 1
        return {"days": {"from": first, "columns": daily_series.rows(journal.columns, first)}} if self.days > first else {}

    def _events(self, course: Course) -> dict[str, Any]:
        events, first = course.journal.events, self.events
        self.events = len(events)
        if self.events <= first:
            return {}
        return {"events": [daily_series.told(e) for e in events[first:]], "events_from": first}

    def _twin(self, course: Course) -> dict[str, Any]:
        if course.twin is None:
            return {}
        journal, first = course.twin.journal, min(self.twin_days, len(course.twin.journal.maps))
        self.twin_days = len(journal.maps)
        return {"twin": {"from": first, "columns": daily_series.rows(journal.columns, first), "parting": course.parting.told()}}


def fault_message(error: Exception, course: Course | None, scenario: str, seed: int, overrides: dict[str, Any]) -> dict[str, Any]:
    """What the page says of a mistake of ours: where and why, and with what it can be repeated."""
    from sim.view.style import commit

    frames = traceback.extract_tb(error.__traceback__)
    phases = [Path(f.filename).stem for f in frames if Path(f.filename).parent.name == "phases"]
    kept = course.checkpoint if course is not None else None
    return {
        "type": "fault",
        "step": course.head if course is not None else 0,
        "phase": phases[-1] if phases else "",
        "reason": f"{type(error).__name__}: {error}"[:400],
        "details": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-6:]],
        "scenario": scenario,
        "seed": seed,
        "levers": dict(overrides),
        "commit": commit(),
        "restart_day": kept.day if kept is not None else 0,
    }
