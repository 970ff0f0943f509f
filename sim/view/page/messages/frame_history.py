"""Recorded frames of one session: one a day and the last few steps, within a budget of bytes."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import Any

from sim.view.page.messages.frames import Layers

TAIL = 24  # newest steps that are all kept
MOST_BYTES = 96_000_000  # of recorded layers in one session


@dataclass
class RecordedFrame:
    """One moment as it was shown: words about it and the layers of each arm (one, or two in a comparison)."""

    moment: dict[str, Any]
    arms: list[Layers]

    @property
    def step(self) -> int:
        return self.moment["step"]


@dataclass
class History:
    """Frames by step. Days are kept, and all steps shortly before the newest frame; over budget, every second day goes."""

    per_day: int
    most_bytes: int = MOST_BYTES
    frames: dict[int, RecordedFrame] = field(default_factory=dict)
    every: int = 1  # days between the frames that are kept
    n_bytes: int = 0  # a layer that several frames share counts once
    _steps: list[int] = field(default_factory=list)
    _uses: dict[int, int] = field(default_factory=dict)  # frames that use a layer, by its id

    def add(self, frame: RecordedFrame) -> None:
        """Keeps a frame in place of the one of its step, if any, and drops what is no longer wanted."""
        old = self.frames.get(frame.step)
        self._count(frame, 1)
        if old is None:
            bisect.insort(self._steps, frame.step)
        else:
            self._count(old, -1)
        self.frames[frame.step] = frame
        at = bisect.bisect_left(self._steps, frame.step)
        left = self._steps[at - TAIL] if at >= TAIL else None  # it leaves the tail now
        if left is not None and left % (self.per_day * self.every):
            self._drop(left)
        while self.n_bytes > self.most_bytes and len(self._steps) > TAIL + 8:
            self._thin(frame.step)

    def nearest(self, step: int) -> RecordedFrame:
        """The last recorded frame at or before a step, or the first there is; IndexError when there is none."""
        k = bisect.bisect_right(self._steps, step)
        return self.frames[self._steps[max(k - 1, 0)]]

    def beside(self, step: int, direction: int) -> RecordedFrame | None:
        """The recorded frame next to a step, before or after it; None at the ends."""
        k = bisect.bisect_left(self._steps, step) - 1 if direction < 0 else bisect.bisect_right(self._steps, step)
        return self.frames[self._steps[k]] if 0 <= k < len(self._steps) else None

    def forget_after(self, step: int) -> None:
        """Drops the frames of later steps."""
        for later in [s for s in self._steps if s > step]:
            self._drop(later)

    @property
    def steps(self) -> list[int]:
        return list(self._steps)

    def _count(self, frame: RecordedFrame, one: int) -> None:
        """Books the layers of a frame that comes (1) or goes (-1)."""
        for data in {id(d): d for arm in frame.arms for d in arm.values()}.values():
            uses = self._uses.get(id(data), 0) + one
            if uses == max(one, 0):  # the first frame with it, or the last
                self.n_bytes += one * len(data)
            if uses:
                self._uses[id(data)] = uses
            else:
                del self._uses[id(data)]

    def _thin(self, newest: int) -> None:
        self.every *= 2
        at = bisect.bisect_right(self._steps, newest)
        tail = set(self._steps[max(at - TAIL, 0) : at])
        for step in self.steps:
            if step not in tail and step % (self.per_day * self.every):
                self._drop(step)

    def _drop(self, step: int) -> None:
        self._count(self.frames.pop(step), -1)
        self._steps.remove(step)
