"""Labels that do not collide: greedy by rank over eight places around a point, the least busy free place wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.view.typesetting import text_width

PLACES = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))  # right first, then left, above, below
HEIGHT = 1.02  # height of a line of text in type sizes, with a little air


@dataclass(frozen=True)
class Box:
    """A rectangle in points from the lower left corner of the map."""

    x0: float
    y0: float
    x1: float
    y1: float

    def meets(self, other: Box, apart: float = 0.0) -> bool:
        """True when the two overlap or come closer than `apart` points."""
        return (
            self.x0 - apart < other.x1
            and other.x0 - apart < self.x1
            and self.y0 - apart < other.y1
            and other.y0 - apart < self.y1
        )

    def inside(self, other: Box) -> bool:
        return self.x0 >= other.x0 and self.x1 <= other.x1 and self.y0 >= other.y0 and self.y1 <= other.y1


@dataclass(frozen=True)
class Wish:
    """A label somebody would like: words at a point (points), lower rank first, `gap` points off the point."""

    text: str
    x: float
    y: float
    size: float
    rank: float = 0.0
    bold: bool = False
    gap: float = 2.4
    apart: float = 1.0  # least distance to other labels
    centered: bool = False  # sits on its point (line labels) instead of beside it
    tone: str = "place"  # what it names: place, line (a date), danger (a contour), water
    group: str = ""  # of the wishes of one named group only the one that covers least is placed

    @property
    def width(self) -> float:
        return text_width(self.text, self.size, self.bold)

    @property
    def height(self) -> float:
        return self.size * HEIGHT


@dataclass(frozen=True)
class Label:
    """A wish that found a place: draw it centered in `box`."""

    wish: Wish
    box: Box

    @property
    def center(self) -> tuple[float, float]:
        return (self.box.x0 + self.box.x1) / 2, (self.box.y0 + self.box.y1) / 2


def candidates(wish: Wish) -> list[Box]:
    """The eight places of a label around its point, best first; one place when it sits on the point."""
    w, h = wish.width, wish.height
    if wish.centered:
        return [Box(wish.x - w / 2, wish.y - h / 2, wish.x + w / 2, wish.y + h / 2)]
    boxes = []
    for dx, dy in PLACES:
        g = wish.gap if dx == 0 or dy == 0 else wish.gap * 0.6
        x = wish.x + (g if dx > 0 else -g - w if dx < 0 else -w / 2)
        y = wish.y + (g if dy > 0 else -g - h if dy < 0 else -h / 2)
        boxes.append(Box(x, y, x + w, y + h))
    return boxes


def place(
    wishes: Sequence[Wish], bounds: Box, reserved: Sequence[Box] = (), busy: np.ndarray | None = None
) -> list[Label]:
    """Labels that fit inside `bounds` and overlap neither one another nor `reserved`; the others are left out.

    `busy`: (m, 2) points of ink under the labels; of the free places the one covering least ink is taken.
    """
    taken: list[Box] = list(reserved)
    out: list[Label] = []
    groups: dict[str, list[Wish]] = {}
    for wish in wishes:
        if wish.group:
            groups.setdefault(wish.group, []).append(wish)
    done: set[str] = set()
    for first in sorted(wishes, key=lambda w: w.rank):
        if first.group in done:
            continue
        best, least = None, np.inf
        for wish in groups.get(first.group, [first]):
            for order, box in enumerate(candidates(wish)):
                if not box.inside(bounds) or any(box.meets(t, wish.apart) for t in taken):
                    continue
                cost = 0.6 * order + 10 * (wish.rank - first.rank) + _covered(box, busy)
                if cost < least:
                    best, least = Label(wish, box), cost
        if first.group:
            done.add(first.group)
        if best is not None:
            taken.append(best.box)
            if not best.wish.centered:
                x, y = best.wish.x, best.wish.y
                taken.append(Box(x - 1.6, y - 1.6, x + 1.6, y + 1.6))
            out.append(best)
    return out


def _covered(box: Box, points: np.ndarray | None) -> float:
    if points is None or not len(points):
        return 0.0
    x, y = points[:, 0], points[:, 1]
    return float(((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).sum())
