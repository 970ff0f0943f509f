"""Messages to one browser: only layers that changed, and only days and events that it does not have yet."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.identity import git_commit
from sim.view.page.messages import daily_series
from sim.view.page.messages.frame_history import RecordedFrame
from sim.view.page.messages.frames import Layers
from sim.view.page.session.branches import Branches


@dataclass
class Outbox:
    """Layers by arm, days, days of the twin and events that the browser has."""

    layers: list[Layers] = field(default_factory=lambda: [{}, {}])
    days: int = 0
    twin_days: int = 0
    events: int = 0

    def forget_twin(self) -> None:
        self.twin_days = 0

    def frame(self, branches: Branches, frame: RecordedFrame) -> tuple[dict[str, Any], list[bytes]]:
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
            "head": branches.head,
            "n_steps": branches.scenario.n_steps,
            **frame.moment,
        }
        return message | self._days(branches) | self._events(branches) | self._twin(branches), buffers

    def _days(self, branches: Branches) -> dict[str, Any]:
        journal, first = branches.journal, self.days
        self.days = journal.n_days + 1
        return {"days": {"from": first, "columns": daily_series.rows(journal.columns, first)}} if self.days > first else {}

    def _events(self, branches: Branches) -> dict[str, Any]:
        events, first = branches.journal.events, self.events
        self.events = len(events)
        if self.events <= first:
            return {}
        return {"events": [daily_series.event_message(e) for e in events[first:]], "events_from": first}

    def _twin(self, branches: Branches) -> dict[str, Any]:
        if branches.twin is None or branches.divergence is None:
            return {}
        journal, first = branches.twin.journal, min(self.twin_days, len(branches.twin.journal.maps))
        self.twin_days = len(journal.maps)
        return {"twin": {"from": first, "columns": daily_series.rows(journal.columns, first), "divergence": branches.divergence.message()}}


def fault_message(error: Exception, branches: Branches | None, scenario: str, seed: int, overrides: dict[str, Any]) -> dict[str, Any]:
    """An error of the program as a message: where, why, and what is needed to reproduce it."""
    frames = traceback.extract_tb(error.__traceback__)
    phases = [Path(f.filename).stem for f in frames if Path(f.filename).parent.name == "phases"]
    kept = branches.checkpoint if branches is not None else None
    return {
        "type": "fault",
        "step": branches.head if branches is not None else 0,
        "phase": phases[-1] if phases else "",
        "reason": f"{type(error).__name__}: {error}"[:400],
        "details": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-6:]],
        "scenario": scenario,
        "seed": seed,
        "levers": dict(overrides),
        "commit": git_commit() or "unversioned",
        "restart_day": kept.day if kept is not None else 0,
    }
