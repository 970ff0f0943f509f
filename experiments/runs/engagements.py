"""Small battles for the patterns of the literature: a division attacks, drones off, under varied circumstances.

Every battle is the scenario `division` with another size, odds, front, skill, works, shells, season and length. Rates and
rules are the baseline's, fitted ones too; only what the twentieth century did not have is switched off.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from experiments.runs.identity import BASELINE
from sim import battle as engine
from sim.forces import Cause, Kind, Side, Task, casualties
from sim.mustering import muster
from sim.scenario import Scenario, load_scenario

WON_KM = 0.1  # mean advance at which an attack counts as won: as fine as a line of the time is known
GROUP = 10  # men of a group that attacks, a squad
SHELLS_PER_MAN = 0.8  # rounds a day
BATTERY_MEN = 75  # infantrymen to a battery section, which fires up to 60 rounds a day: SHELLS_PER_MAN for each of them
BASE_SIZE, BASE_FRONT_KM = 3000, 12.0
FRONT_EXPONENT = 0.75  # how the front of a force grows with its size: battalion 2 km, division 12 km, corps 30 km
FATES = ("killed", "wounded", "captured", "missing")


@dataclass(frozen=True)
class Battle:
    """One battle to be fought. Pairs are (attacker, defender)."""

    ratio: float = 2.0
    size: int = BASE_SIZE  # the defender's infantry
    front_km: int = int(BASE_FRONT_KM)
    days: int = 5
    seed: int = 1
    month: int = 6
    quality: tuple[float, float] = (0.5, 0.5)
    leadership: tuple[float, float] = (0.5, 0.5)
    armor: tuple[float, float] = (2.5, 2.0)  # sections for 1,000 infantrymen
    shells: tuple[float, float] = (1.0, 1.0)  # beside SHELLS_PER_MAN; guns in proportion
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fought:
    """What came of a battle. `men` (2,) at the start; `lost` (days + 1, 2) casualties so far; `advance_km` mean over the front."""

    battle: Battle
    men: np.ndarray
    lost: np.ndarray
    advance_km: float
    attack_loss: float  # direct-fire casualties of the attacker, share of the men sent into attacks
    breaks: np.ndarray  # (attacks, 3) men of the group, share lost, 1 lodged or 0 failed; empty unless watched

    @property
    def is_won(self) -> bool:
        return self.advance_km >= WON_KM

    @property
    def share_lost(self) -> np.ndarray:
        """Share of each side's men lost in the whole battle, (2,)."""
        return self.lost[-1] / self.men

    @property
    def daily_share(self) -> np.ndarray:
        """Share of each side's men at the start lost on each day, (days, 2)."""
        return np.diff(self.lost, axis=0) / self.men


@cache
def _fitted() -> dict[str, Any]:
    """Parameters of the baseline that differ from their declared defaults."""
    return load_scenario(BASELINE).params


def scenario_of(fight: Battle) -> Scenario:
    """The scenario `division` changed as the battle asks."""
    base = load_scenario("division")
    start = dt.date(2024, fight.month, 1)
    men = (fight.size * fight.ratio, float(fight.size))
    formations = []
    for side in Side:
        mine = [f for f in base.formation if f.side == side.name.lower()]
        n = (
            min(max(round(men[side] / 1000), 1), len(mine))
            if fight.size < BASE_SIZE
            else max(len(mine), round(men[side] / 3000))
        )
        guns = fight.shells[side]
        for k in range(n):
            formations.append(
                mine[k % len(mine)].model_copy(
                    update={
                        "name": f"{side.name} {k}",
                        "infantry": int(men[side] / n),
                        "batteries": max(round(guns * men[side] / BATTERY_MEN / n), 1 if guns else 0),
                        "armor_sections": round(fight.armor[side] * men[side] / 1000 / n),
                        "quality": fight.quality[side],
                        "leadership": fight.leadership[side],
                    }
                )
            )
    rounds = {f"shells_{side.name.lower()}": SHELLS_PER_MAN * men[side] * fight.shells[side] for side in Side}
    schedule = [e.model_copy(update={"date": start, "value": rounds.get(e.key, e.value)}) for e in base.schedule]
    return base.model_copy(
        update={
            "start": start,
            "days": fight.days,
            "params": {**_fitted(), **base.params},
            "formation": formations,
            "schedule": schedule,
            "box": base.box.model_copy(update={"height_km": float(fight.front_km)}),
        }
    )


def fight(order: Battle, watched: bool = False) -> Fought:
    """Fights one battle; `watched` looks at every attacking group as well."""
    scenario = scenario_of(order)
    world = muster(scenario, order.seed, overrides=order.overrides, record=False)
    u, n = world.units, world.n
    men = np.array([u.men[:n][(u.side[:n] == s) & (u.kind[:n] >= 0)].sum() for s in Side], float)
    held = float(world.cells.control.sum())
    lost, breaks = [np.zeros(2)], []
    for _ in range(order.days):
        for _ in range(scenario.steps_per_day):
            before = _groups(world) if watched else {}
            engine.step(world)
            if watched:
                breaks += _ends(before, _groups(world))
        lost.append(np.array([casualties(world.books, s) for s in Side], float))
    b = world.books
    direct = sum(int(getattr(b, fate)[Side.ATTACKER, Cause.DIRECT_FIRE]) for fate in FATES)
    sent = GROUP * int(b.attacks[Side.ATTACKER] + b.infiltrations[Side.ATTACKER])
    advance = (float(world.cells.control.sum()) - held) * world.geo.cell**2 / order.front_km
    return Fought(order, men, np.array(lost), advance, direct / max(sent, 1), np.array(breaks, float).reshape(-1, 3))


def _groups(world) -> dict[int, tuple[int, int]]:
    """Task and men of the attacker's infantry groups by slot."""
    u, n = world.units, world.n
    mine = (u.kind[:n] == Kind.INFANTRY) & (u.side[:n] == Side.ATTACKER)
    pairs = zip(u.task[:n][mine].tolist(), u.men[:n][mine].tolist())
    return dict(zip(u.slot[:n][mine].tolist(), pairs))


def _ends(before: dict[int, tuple[int, int]], after: dict[int, tuple[int, int]]) -> list[tuple[float, float, float]]:
    """Attacks that were set out on and decided within a step: (men, share lost, lodged). Small remnants are left out."""
    out: list[tuple[float, float, float]] = []
    for slot, (task, men) in before.items():
        if task not in (Task.RESERVE, Task.ASSAULT) or 2 * men <= GROUP:
            continue
        now, left = after.get(slot, (-1, 0))
        if now == -1 or left == 0:
            out.append((men, 1.0, 0.0))
        elif now in (Task.WITHDRAW, Task.CONSOLIDATE):
            out.append((men, (men - left) / men, float(now == Task.CONSOLIDATE)))
    return out


# Sets of battles


def circumstances(n: int, seed: int = 1) -> list[Battle]:
    """Battles that differ in everything that is not the rule itself, by a Latin hypercube (McKay et al. 1979).

    Odds 0.5 to 6 (even in the logarithm); 1,500 to 4,500 defenders on 6 to 18 km; 2 to 10 days; skill and leadership 0.1 to
    0.9; shells by a factor of 2 either way; up to 8 armored sections for 1,000 men; works from none to full; any month;
    attacks 0.35 to 1.35 a day and group that finds room.
    """
    from scipy.stats import qmc

    columns = qmc.LatinHypercube(17, rng=seed).random(n).T
    between = lambda k, low, high: low + (high - low) * columns[k]  # noqa: E731
    pair = lambda j, low, high: list(zip(between(j, low, high), between(j + 1, low, high)))  # noqa: E731
    ratio, size = 0.5 * 12 ** columns[0], 1500 * 3 ** columns[1]
    front, days, month = between(2, 6, 18), between(3, 2, 10.99), between(4, 1, 12.99)
    ready, plan, tempo = between(5, 0, 1), between(6, 0, 0.8), between(7, 0.35, 1.35)
    quality, leadership, armor = pair(8, 0.1, 0.9), pair(10, 0.1, 0.9), pair(12, 0, 8)
    shells = [(2.0**a, 2.0**b) for a, b in pair(14, -1, 1)]
    light = between(16, 0.2, 0.6)
    return [
        Battle(
            float(ratio[k]),
            int(size[k]),
            round(front[k]),
            int(days[k]),
            1 + k,
            int(month[k]),
            quality[k],
            leadership[k],
            armor[k],
            shells[k],
            overrides={
                "works.field_ready": float(ready[k]),
                "works.field_plan": float(plan[k]),
                "decide.attacks_per_group": float(tempo[k]),
                "fire.dark": float(light[k]),
            },
        )
        for k in range(n)
    ]


def at_odds(ratio: float, n: int, seed: int, overrides: dict[str, Any]) -> list[Battle]:
    """Battles of `circumstances` at one force ratio, with other parameters than the baseline's: what a circumstance sets goes before them."""
    return [
        replace(b, ratio=ratio, seed=(seed * 100 + k) % 2**31, overrides={**overrides, **b.overrides})
        for k, b in enumerate(circumstances(n, seed))
    ]


def sizes(runs: int) -> list[Battle]:
    """The same odds and seeds at sizes from a battalion to a corps, on a front that grows with size to the power FRONT_EXPONENT."""
    out = []
    for size in (375, 750, 1500, 3000, 6000, 12000):
        front = max(round(BASE_FRONT_KM * (size / BASE_SIZE) ** FRONT_EXPONENT), 2)
        out += [Battle(size=size, front_km=front, seed=r, armor=(0.0, 0.0)) for r in range(1, runs + 1)]
    return out


def long_fights(runs: int, days: int = 14, even: bool = False) -> list[Battle]:
    """Battles long enough to see whether losses cluster; `even`: without the tempo that comes and goes at random."""
    return [Battle(days=days, seed=r, overrides={"command.campaign_sd": 0.0} if even else {}) for r in range(1, runs + 1)]


def attacks(n: int) -> list[Battle]:
    """Battles whose attacking groups are watched: the circumstances of `circumstances`, nobody slips through."""
    return [replace(b, overrides={**b.overrides, "decide.infiltration_share": 0.0}) for b in circumstances(n, seed=2)]


WEAPONS = (0.5, 1.0, 2.0, 4.0, 8.0)


def weapons(runs: int, side: str) -> list[Battle]:
    """Twins with the close-combat weapons of one side 0.5 to 8 times as good; the same seeds in all."""
    return [
        Battle(days=10, seed=r, armor=(0.0, 0.0), overrides={f"fire.weapon_{side}": w})
        for w in WEAPONS
        for r in range(1, runs + 1)
    ]


# Force employment (Biddle 2004): a limited attack under heavy suppressive fire at the thinnest place, and one without.
EMPLOYMENT = {
    "coordinated": {"shells": 8.0, "decide.depth_km": 0.2, "command.weakness": 3.0, "fire.support": 6.0},
    "uncoordinated": {"shells": 0.0, "decide.depth_km": 0.8, "command.weakness": 0.0, "fire.support": 1.0},
}
LETHALITY = (1.0, 3.0)  # the defender's weapons


def employment(runs: int) -> dict[tuple[str, float], list[Battle]]:
    """Attacks by two ways of force employment against two lethalities of the defender, the same seeds in all."""
    out = {}
    for way, how in EMPLOYMENT.items():
        more = {k: v for k, v in how.items() if "." in k}
        for weapon in LETHALITY:
            overrides = {**more, "decide.infiltration_share": 0.0, "fire.weapon_defender": weapon}
            out[way, weapon] = [
                Battle(
                    ratio=3.0,
                    days=8,
                    seed=r,
                    armor=(0.0, 0.0),
                    shells=(how["shells"], 1.0),
                    overrides=overrides,
                )
                for r in range(1, runs + 1)
            ]
    return out


def fight_watched(order: Battle) -> Fought:
    """Fights one battle and looks at every attacking group as well."""
    return fight(order, watched=True)
