"""What the public record would have shown of a battle: the observation model between a run and the evidence.

A mapping group draws ground as occupied when the attacker has held it for most of some days; contested ground, the grey
zone, is not in it. It redraws the front in pieces of some kilometers, each on some maps only, and now and then
nothing at all: published ground lags and comes in batches. A month's area has a measurement error. Losses and attacks
are claims, with a claimant and a bias. Every number is a fact (`seeds/facts/observation.toml`).
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import seeds
from experiments.observation.areas import Areas, areas_of, days_after
from sim.draws import key, normal, uniform, uniform_of
from sim.record import missing_maps

if TYPE_CHECKING:
    from sim.scenario import Scenario


def direction_of(scenario: Scenario) -> np.ndarray:
    """Cells of the Pokrovsk direction, (ny, nx) bool."""
    from sim.sector.build import build_sector

    sector = build_sector(scenario)
    return sector.direction.reshape(sector.grid.shape)


STAY_DAYS = 7  # a place counts as captured when it stays so on all maps of a week


@dataclass(frozen=True)
class ObservationParameters:
    """How the front is published: see the facts `obs_*`."""

    idle: float
    tile_km: float
    redraw: float
    settle_days: int
    area_error: float
    claim: float
    groups_per_attack: float


@cache
def observation_parameters() -> ObservationParameters:
    """The parameters of the observation model, from the facts."""
    value = lambda name: seeds.facts()[f"obs_{name}"].number  # noqa: E731
    return ObservationParameters(
        value("idle_maps"), value("tile_km"), value("redraw"), int(value("settle_days")), value("area_error"),
        value("claim_attacker"), value("groups_per_attack"),
    )  # fmt: skip


# Maps


def settled(held: np.ndarray, days: int) -> np.ndarray:
    """Ground that was held for most of the last `days` days: (n, ny, nx) bool from the same."""
    before = np.concatenate([np.repeat(held[:1], days, axis=0), held])
    total = np.cumsum(before, axis=0, dtype=np.int32)
    return 2 * (total[days:] - total[:-days]) > days


def published_control(held: np.ndarray, seed: int, by: ObservationParameters | None = None, cell_km: float = 1.0) -> np.ndarray:
    """Daily maps as the record would have them: (n, ny, nx) bool from what the attacker held, day 0 the start.

    The first map is right. Afterwards a tile takes the settled state on the days on which it is redrawn and keeps its old
    one on the others. The lattice of tiles is shifted by run, so that no line of the ground is a seam in all of them.
    """
    by = by or observation_parameters()
    drawn = settled(held, int(by.settle_days))
    n, ny, nx = held.shape
    shift = key(seed, "published tiles", 0)
    row, column = (
        np.floor((np.arange(m) + 0.5) * cell_km / by.tile_km + uniform_of(shift, 0, k)).astype(int)
        for k, m in ((0, ny), (1, nx))
    )
    wide = int(column.max()) + 1
    tile = row[:, None] * wide + column
    out = np.empty_like(held)
    out[0] = held[0]
    for day in range(1, n):
        out[day] = out[day - 1]
        k = key(seed, "published", day)
        if uniform(k, -1) < by.idle:
            continue
        redrawn = np.array([uniform(k, t) < by.redraw for t in range(int(tile.max()) + 1)])
        out[day] = np.where(redrawn[tile], drawn[day], out[day])
    return out


def lag_days(by: ObservationParameters | None = None) -> int:
    """Mean days between a change of ground and the first map with it: until it counts as settled, then until it is redrawn."""
    by = by or observation_parameters()
    shown = (1.0 - by.idle) * by.redraw
    return round(int(by.settle_days) // 2 + (1.0 - shown) / shown)


def first_held(maps: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Day of the first map from which each place stays held for a week of maps (or to the last): (places,) float.

    `maps`: (n, places) bool, `day`: (n,) of each map. 0 for places held at the start, infinite for those never held.
    """
    n, places = maps.shape
    last = np.searchsorted(day, day + STAY_DAYS, side="right")
    gone = np.concatenate([np.zeros((1, places), int), np.cumsum(~maps, axis=0)])
    stays = maps & (gone[last] == gone[:n])
    found = np.where(stays.any(axis=0), day[np.argmax(stays, axis=0)].astype(float), math.inf)
    return np.where(maps[0], 0.0, found)


def with_error(monthly: np.ndarray, seed: int, name: str = "box", by: ObservationParameters | None = None) -> np.ndarray:
    """Monthly gains with the measurement error of published areas, drawn by run and month."""
    k = key(seed, f"area error {name}", 0)
    error = [normal(uniform_of(k, m, 0), uniform_of(k, m, 1)) for m in range(len(monthly))]
    return np.asarray(monthly) * (1.0 + (by or observation_parameters()).area_error * np.array(error))


# One run as the record would have it


@dataclass(frozen=True)
class PublishedMaps:
    """What the record would have shown of one run, map by map. `maps` (n, ny, nx) bool on 1 km cells, row 0 southern."""

    seed: int
    date: np.ndarray  # (n,) datetime64[D] of the maps
    maps: np.ndarray
    box: Areas
    direction: Areas
    corner: tuple[float, float]  # km of the south-west corner

    @property
    def day(self) -> np.ndarray:
        """Days since the first map."""
        return (self.date - self.date[0]).astype(int)

    def on(self, date: dt.date | np.datetime64) -> np.ndarray:
        """The last map of a date or before it."""
        at = int(np.searchsorted(self.date, np.datetime64(date, "D"), side="right")) - 1
        return self.maps[max(at, 0)]

    def captured(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Day of capture of places by their center in km: 0 held at the start, infinite never."""
        return first_held(self.at(x, y), self.day)

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What the maps show at places by their center in km: (maps, places) bool."""
        column, row = (np.floor(np.asarray(v, float) - c).astype(int) for v, c in zip((x, y), self.corner))
        return self.maps[:, row, column]


def publish_maps(
    control: np.ndarray,
    scenario: Scenario,
    seed: int,
    direction: np.ndarray,
    last: dt.date | None = None,
    first: dt.date | None = None,
) -> PublishedMaps:
    """What would have been published of a run: `control` (days + 1, ny, nx) percent by day, `direction` (ny, nx) bool.

    Maps after `last` and those of days without a published map are left out. `first`: the battle was begun before that date
    from its published map, which lags the ground (`lag_days`); that map is dated `first`, and the next ones follow.
    """
    from sim.geometry import common_grid

    cell = scenario.cell_km
    date = days_after(scenario.start, np.arange(len(control)))
    if last is not None:
        date = date[date <= np.datetime64(last)]
        control = control[: len(date)]
    if cell != 1.0:
        control = np.stack(
            [common_grid(day.astype(float).ravel(), day.shape[1], day.shape[0], cell) for day in control]
        )
        direction = common_grid(direction.astype(float).ravel(), direction.shape[1], direction.shape[0], cell) >= 0.5
    maps = published_control(control >= 50, seed)
    there = ~np.isin(date, missing_maps())
    if first is not None:
        there &= date > np.datetime64(first)
        date[0] = np.datetime64(first)
    there[0] = True
    maps, date = maps[there], date[there]
    everywhere = np.ones(maps.shape[1:], bool)
    box, part = areas_of(maps, date, everywhere, 1.0), areas_of(maps, date, direction, 1.0)
    return PublishedMaps(int(seed), date, maps, box, part, (scenario.box.x0_km, scenario.box.y0_km))


# Claims


def claimed(casualties: Any, by: ObservationParameters | None = None) -> Any:
    """The attacker's casualties as the other side claims them."""
    return (by or observation_parameters()).claim * casualties


def reported_attacks(groups: Any, by: ObservationParameters | None = None) -> Any:
    """Attacks as they are reported, from groups that attacked."""
    return groups / (by or observation_parameters()).groups_per_attack
