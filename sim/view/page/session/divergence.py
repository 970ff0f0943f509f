"""When and why two branches with common random numbers diverge: the first difference in the books, on the ground, in the events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.forces import BOOK_COLUMNS, SIDES
from sim.journal import near

WORDS = {c.name: c.doc.split(",")[0] for c in BOOK_COLUMNS} | {
    "killed": "killed",
    "wounded": "wounded",
    "attacks": "foot attacks begun",
    "intake": "recruits",
}
LATE = ("by_place", "direction", "start_men", "start_vehicles")  # follow from others
LEAST_KM2 = 1.0  # of ground that must differ before the fronts count as different


@dataclass
class Divergence:
    """First differences of two branches found so far, each as (step, words, x, y) or None."""

    fork: int
    books: tuple[int, str] | None = None
    ground: tuple[int, str, float, float] | None = None
    event: tuple[int, str, float, float] | None = None
    _events: int = field(default=0)

    def compare(self, one: Any, other: Any) -> None:
        """Compares the branches at the same step; `one` is the branch as it was, `other` the one with the lever moved."""
        if self.books is None:
            self.books = _books(one, other)
        if self.ground is None:
            self.ground = _ground(one, other)
        if self.event is None and other.new_day:
            self.event = _event(one, other, self.fork)

    def message(self) -> dict[str, Any]:
        return {"fork": self.fork, "books": self.books, "ground": self.ground, "event": self.event}


def _books(one: Any, other: Any) -> tuple[int, str] | None:
    for column in BOOK_COLUMNS:
        if column.name in LATE:
            continue
        a, b = getattr(one.books, column.name), getattr(other.books, column.name)
        gap = (b - a).reshape(2, -1).sum(axis=1)
        if gap.any():
            side = int(np.argmax(np.abs(gap)))
            more = "more" if gap[side] > 0 else "fewer"
            return other.step_index, f"{SIDES[side]}: {abs(int(gap[side])):,} {more} in B, {WORDS[column.name]}"
    return None


def _ground(one: Any, other: Any) -> tuple[int, str, float, float] | None:
    gap = other.cells.control - one.cells.control
    area = float(np.abs(gap).sum()) * one.geo.cell**2
    if area < LEAST_KM2:
        return None
    k, g = int(np.argmax(np.abs(gap))), one.geo
    x, y = g.x0 + (k % g.nx + 0.5) * g.cell, g.y0 + (k // g.nx + 0.5) * g.cell
    who = "B" if gap[k] > 0 else "A"
    return other.step_index, f"{area:.1f} km² differ, most {near(other, x, y)}, where the attacker holds more in {who}", x, y


def _event(one: Any, other: Any, fork: int) -> tuple[int, str, float, float] | None:
    """The earliest event since the fork that only one of the arms has."""
    key = lambda e: (e["day"], e["kind"], e["words"])  # noqa: E731
    a, b = ({key(e): e for e in w.journal.events if e["step"] > fork} for w in (one, other))
    only = [(e["step"], arm, e) for arm, mine, theirs in (("A", a, b), ("B", b, a)) for k, e in mine.items() if k not in theirs]
    if not only:
        return None
    step, arm, e = min(only, key=lambda o: (o[0], o[1]))
    return step, f"Only in {arm}: {e['words']}", float(e["x_km"]), float(e["y_km"])
