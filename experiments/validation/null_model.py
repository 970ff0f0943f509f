"""A null model of the front: a belt that rolls on without a battle, published as the record is. A row it passes says little.

The front moves at a speed that varies smoothly over the ground, at random, and with a tempo that persists for weeks; its mean is
the pace of the record. Nobody fights, there are no lines and no levers, and ground is never lost again. The attacker's casualties are the
record's mean with a tempo of their own, which knows nothing of the front's; armor is a fixed share of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.observation import publication, record
from experiments.observation.observed import ObservedRun, Places
from experiments.observation.publication import publish_maps
from experiments.runs.identity import BASELINE
from experiments.validation.checks import NOT_RUN, CannotJudge

RUNS = 16
MONTH_DAYS = 365.25 / 12
PACE_SD = 0.2  # of the logarithm of the mean pace, between runs
SPEED_SD, SPEED_KM = 1.0, 6.0  # of the logarithm of the speed over the ground, and how far it is alike
TEMPO_SD, TEMPO_DAYS = 0.6, 30.0  # of the logarithm of the day's tempo, and how long it persists
BOX, DIRECTION = 0.4, 0.31  # of the theatre's casualties: what the calibration's targets of losses take for the box, and for the direction
ARMOR_A_MAN = 0.0276  # armored vehicles by casualties, the theatre's in May to October 2024


class NoBooks(dict):
    """The books of a run in which nobody fights: who asks for one that is not there cannot be judged."""

    def __missing__(self, book: str) -> None:
        raise CannotJudge(NOT_RUN, "the null model has nothing of the kind")


def books(days: int, seed: int) -> NoBooks:
    """Running totals by day: the attacker's casualties, as claimed and true, and armor."""
    r = np.random.default_rng([seed, 1])
    known = record.losses()
    months = known["month"]
    inside = (months >= np.datetime64(record.START, "M")) & (months <= np.datetime64(record.SPAN_END, "M"))
    a_day = known["casualties"][inside].sum() / inside.sum() / MONTH_DAYS
    claimed = np.concatenate([[0.0], np.cumsum(a_day * np.exp(r.normal(0, PACE_SD)) * _tempo(days, r))])
    true = claimed / float(publication.claimed(1.0))
    totals = {"casualties": BOX * claimed, "casualties_direction": DIRECTION * claimed, "attacker": BOX * true, "armor": ARMOR_A_MAN * BOX * true}
    return NoBooks(totals)


def null_runs(n: int = RUNS) -> list[ObservedRun]:
    """Runs of the null model over the record's dates, as the record would have shown them."""
    from sim.scenario import load_scenario
    from sim.sector.build import build_sector

    scenario = load_scenario(BASELINE)
    sector = build_sector(scenario)
    shape = round(scenario.box.height_km / scenario.cell_km), round(scenario.box.width_km / scenario.cell_km)
    start = sector.control0.reshape(shape) >= 0.5
    direction, places = sector.direction.reshape(shape) == 1, Places.of(scenario)
    out = []
    for seed in range(1, n + 1):
        days = (record.SPAN_END - record.START).days
        maps = publish_maps(belt(start, days, seed), scenario, seed, direction, record.SPAN_END)
        out.append(ObservedRun(maps, books(days, seed), places))
    return out


def belt(start: np.ndarray, days: int, seed: int) -> np.ndarray:
    """Control in percent by day, (days + 1, ny, nx), from ground held at the start (ny, nx); cells of 1 km."""
    r = np.random.default_rng(seed)
    known = record.areas(last=record.SPAN_END)
    pace = known.net / known.days * np.exp(r.normal(0, PACE_SD))
    growth = np.concatenate([[0.0], np.cumsum(pace * _tempo(days, r))])
    effort = _effort(start, _speed(start.shape, r))
    turn = np.full(start.size, -1.0)  # km2 of gain at which a cell is taken
    free = np.flatnonzero(~start.ravel())
    turn[free[np.argsort(effort[free], kind="stable")]] = np.arange(1, len(free) + 1)
    held = turn.reshape(start.shape) <= growth[:, None, None]
    return (100 * held).astype(np.uint8)


def _tempo(days: int, r: np.random.Generator) -> np.ndarray:
    """The tempo of each day, mean 1 over the days: lognormal, an autoregression of its logarithm."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / TEMPO_DAYS)
    first = r.normal()
    level = lfilter([np.sqrt(1 - keep**2)], [1, -keep], r.normal(size=days), zi=[keep * first])[0]
    tempo = np.exp(TEMPO_SD * level)
    return tempo / tempo.mean()


def _speed(shape: Sequence[int], r: np.random.Generator) -> np.ndarray:
    """A smooth lognormal speed over the ground."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(r.normal(size=shape), SPEED_KM / 2, mode="nearest")
    return np.exp(SPEED_SD * field / field.std())


def _effort(start: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Time at which the front comes to each cell, (n,): the shortest way from held ground, by Dijkstra over eight neighbors."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    ny, nx = start.shape
    number = np.arange(ny * nx).reshape(ny, nx)
    slow = (1 / speed).ravel()
    links = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = number[: ny - down, max(-right, 0) : nx - max(right, 0)].ravel()
        b = number[down:, max(right, 0) : nx + min(right, 0)].ravel()
        links.append((a, b, np.hypot(down, right) * (slow[a] + slow[b]) / 2))
    a, b, cost = (np.concatenate(part) for part in zip(*links))
    graph = coo_array((cost, (a, b)), shape=(ny * nx, ny * nx)).tocsr()
    return dijkstra(graph, directed=False, indices=np.flatnonzero(start.ravel()), min_only=True)
