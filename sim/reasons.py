"""Why a place fell: what differed most there from the line as a whole in the days before, in a sentence with numbers.

The rule. An event has a loser and a winner. It is laid to the point of the line nearest to it at the beginning of the week that ends
on the day before. Each of FIGURES is taken over the ground within NEAR_KM of that point and within NEAR_KM of every other point of
the line. Figures are skewed and none is negative, so their logarithms are compared, after a small amount was added that means
nothing (`least`): half as many men weigh as much as twice as many attacks. The distance from the line's median is told in robust
standard units: 1.4826 times the median absolute deviation, at least ALIKE (Rousseeuw and Croux 1993, JASA 88, 1273). Only what is to
the loser's disadvantage counts. At most MOST figures are named, the greatest distance first, none under UNITS. What is named went with
the loss: whether the loss would have come without it, a twin run tells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from sim.fields import BLOCK_KM
from sim.forces import SIDES, Side
from sim.local_records import Field, LocalRecords

NEAR_KM = 4.0
UNITS = 1.0  # robust standard units from which on a figure differs
MOST = 3
MAD_TO_SD = 1.4826  # of a normal distribution
ALIKE = 0.15  # least standard unit of a logarithm: differences of 15 % are common everywhere
CHANCE = "nothing near it differed much from the line as a whole"
REACH = int(NEAR_KM // BLOCK_KM)
AROUND = np.array([(j, i) for j in range(-REACH, REACH + 1) for i in range(-REACH, REACH + 1) if np.hypot(i, j) * BLOCK_KM <= NEAR_KM])
Sums = Callable[[Field, int], np.ndarray]  # of a field and a side, over days and blocks near each point of the line


@dataclass(frozen=True)
class Figure:
    """One thing that may have made the difference.

    `of`: its values from sums, loser and winner; `sign` +1 when more of it is the loser's disadvantage; `least`: an amount of it that
    means nothing; `words`: with `{here}` and `{line}`, times `scale`, to so many `digits`, and the names of `{loser}` and `{winner}`.
    """

    name: str
    of: Callable[[Sums, int, int], np.ndarray]
    sign: int
    least: float
    words: str
    scale: float = 1.0
    digits: int = 0


def _per_km(field: Field, whose: int) -> Callable[[Sums, int, int], np.ndarray]:
    """A count over the days, or men on the mean of the days, by km of line; `whose` 0: the loser's."""
    return lambda s, *sides: s(field, sides[whose]) / s(Field.LINE, 0)


def _mean(field: Field, of: Field, whose: int = 0) -> Callable[[Sums, int, int], np.ndarray]:
    return lambda s, *sides: s(field, sides[whose]) / s(of, sides[whose])


FIGURES = (
    Figure("men", _per_km(Field.MEN, 0), -1, 1.0, "{loser} has {here} men a km (line {line})"),
    Figure("supply", _mean(Field.FED, Field.MEN), -1, 0.05, "supply at {here} % (line {line} %)", 100.0),
    Figure("strain", _mean(Field.WORN, Field.MEN), 1, 2.0, "{here} days of strain (line {line})"),
    Figure("works", _mean(Field.WORKS, Field.OWN), -1, 0.05, "works at {here} % of a full belt (line {line} %)", 100.0),
    Figure("ground", lambda s, a, b: s(Field.OWN, b) / (s(Field.OWN, a) + s(Field.OWN, b)), 1, 0.05,
           "{here} % of the ground around is the {winner}'s (line {line} %)", 100.0),
    Figure("pressed", _per_km(Field.MEN, 1), 1, 1.0, "{winner} has {here} men a km (line {line})"),
    Figure("attacks", _per_km(Field.SENT, 1), 1, 0.1, "{winner} sent {here} groups in {days} (line {line})"),
    Figure("reliefs", _per_km(Field.LOST, 0), 1, 0.02, "{here} groups of the {loser} lost on the way in {days} (line {line})"),
    Figure("shells", _per_km(Field.SHELLS, 0), 1, 1.0, "{here} shells in {days} (line {line})"),
    Figure("bombs", _per_km(Field.BOMBS, 0), 1, 0.1, "{here} glide bombs in {days} (line {line})"),
    Figure("drones", _mean(Field.STRUCK, Field.MEN), 1, 0.0005, "drones hit {here} of 1,000 men in positions a day (line {line})", 1000.0, 1),
    Figure("roads", _mean(Field.THREAT, Field.OWN), 1, 0.1, "{here} hits per km on the {loser}'s ways (line {line})", digits=1),
)
COUNTS = {"attacks": 1.0, "reliefs": 1.0, "bombs": 1.0, "shells": BLOCK_KM**2}  # told as sums over the stretch of line near the place


class Reason(NamedTuple):
    """One figure that differed: by how many robust standard units, and in words."""

    name: str
    units: float
    words: str


class Explanation(NamedTuple):
    """Why a place fell: reasons, the greatest first, and the point of the line (km) around which they were looked for."""

    reasons: list[Reason]
    x: float
    y: float

    @property
    def because(self) -> str:
        """A sentence without a capital and a full stop."""
        return ", ".join(reason.words for reason in self.reasons) or CHANCE

    @property
    def figures(self) -> str:
        """Names of the figures."""
        return " ".join(reason.name for reason in self.reasons)


def explain(records: LocalRecords, world: Any, loser: Side, x: float, y: float) -> Explanation | None:
    """What differed most near a place (km) to the loser's disadvantage, in the days that `records` holds; None where they hold no line."""
    line = np.flatnonzero(records.days[0][Field.LINE, 0] > 0) if records.days else np.zeros(0, int)
    if line.size < 2:
        return None
    g, winner, days = world.geo, 1 - loser, len(records.days)
    at_x, at_y = g.x0 + (line % g.block_nx + 0.5) * BLOCK_KM, g.y0 + (line // g.block_nx + 0.5) * BLOCK_KM
    here = int(np.argmin(np.hypot(at_x - x, at_y - y)))
    near = _near(reduce(np.add, records.days), line, g.block_nx, g.block_ny)
    names = {"loser": SIDES[loser], "winner": SIDES[winner], "days": f"{days} days" if days > 1 else "a day"}
    found = []
    for figure in FIGURES:
        with np.errstate(invalid="ignore", divide="ignore"):
            values = figure.of(lambda field, side: near[field, side], loser, winner)
        known = values[np.isfinite(values)]
        if not np.isfinite(values[here]) or known.size < 2:
            continue
        logs = np.log(known + figure.least)
        middle = np.median(logs)
        gap = figure.sign * (np.log(values[here] + figure.least) - middle)
        if gap < UNITS * ALIKE:
            continue
        units = float(gap / max(MAD_TO_SD * np.median(np.abs(logs - middle)), ALIKE))
        scale = near[Field.LINE, 0, here] * COUNTS[figure.name] if figure.name in COUNTS else figure.scale
        numbers = {name: f"{abs(value) * scale:,.{figure.digits}f}" for name, value in (("here", values[here]), ("line", np.exp(middle) - figure.least))}
        if units >= UNITS and numbers["here"] != numbers["line"]:  # a difference that a reader can see
            found.append(Reason(figure.name, units, figure.words.format(**numbers, **names)))
    return Explanation(sorted(found, key=lambda reason: -reason.units)[:MOST], float(at_x[here]), float(at_y[here]))


def _near(total: np.ndarray, line: np.ndarray, nx: int, ny: int) -> np.ndarray:
    """Sums of (fields, sides, blocks) over the blocks near each of `line`, (fields, sides, len(line))."""
    j = line // nx + AROUND[:, :1]
    i = line % nx + AROUND[:, 1:]
    inside = (j >= 0) & (j < ny) & (i >= 0) & (i < nx)
    return (total[:, :, np.where(inside, j * nx + i, 0)] * inside).sum(axis=2, dtype=float)

