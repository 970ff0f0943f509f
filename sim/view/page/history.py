"""Recorded frames of one session: one a day and the last few steps, within a budget of bytes."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import Any

from sim.view.page.encode import Layers

TAIL = 24  # newest steps that are all kept
MOST_BYTES = 96_000_000  # of recorded layers in one session


@dataclass
class Recorded:
    """One moment as it was shown: words about it and the layers of each arm (one, or two in a comparison)."""

    moment: dict[str, Any]
    arms: list[Layers]

    @property
    def step(self) -> int:
        return self.moment["step"]


@dataclass
class History:
    """Frames by step. Of those that are older than the tail only days are kept; over budget, every second day goes."""

    per_day: int
    most_bytes: int = MOST_BYTES
    frames: dict[int, Recorded] = field(default_factory=dict)
    every: int = 1  # days between the frames that are kept
    n_bytes: int = 0  # about: a layer shared with the frame before counts once
    _steps: list[int] = field(default_factory=list)

    def add(self, frame: Recorded) -> None:
        """Keeps a frame, and drops what is no longer wanted."""
        if frame.step not in self.frames:
            bisect.insort(self._steps, frame.step)
            self.n_bytes += self._new_bytes(frame)
        self.frames[frame.step] = frame
        old = self._steps[-TAIL - 1] if len(self._steps) > TAIL else None
        if old is not None and old % (self.per_day * self.every):
            self._drop(old)
        while self.n_bytes > self.most_bytes and len(self._steps) > TAIL + 8:
            self._thin()

    def nearest(self, step: int) -> Recorded | None:
        """The last recorded frame at or before a step, or the first there is."""
        if not self._steps:
            return None
        k = bisect.bisect_right(self._steps, step)
        return self.frames[self._steps[max(k - 1, 0)]]

    def beside(self, step: int, direction: int) -> Recorded | None:
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

    def _new_bytes(self, frame: Recorded) -> int:
        """Bytes of the layers that the frame before does not have."""
        k = bisect.bisect_left(self._steps, frame.step)
        before = self.frames[self._steps[k - 1]].arms if k else []
        seen = {id(data) for arm in before for data in arm.values()}
        return sum(len(data) for arm in frame.arms for data in arm.values() if id(data) not in seen)

    def _thin(self) -> None:
        self.every *= 2
        for step in self._steps[:-TAIL]:
            if step % (self.per_day * self.every):
                self._drop(step)

    def _drop(self, step: int) -> None:
        frame = self.frames[step]
        self.n_bytes -= self._new_bytes(frame)
        self._steps.remove(step)
        del self.frames[step]
