"""What the rows of limits and patterns are given: small battles, each set made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.runs import engagements
from experiments.validation import catalog, checks
from experiments.validation.rows.combat_patterns import Strengths
from experiments.validation.rows.limit_cases import Losses
from experiments.validation.sandbox import fight

if TYPE_CHECKING:
    from experiments.runs.engagements import Fought


DUEL = (4000, 3000)  # men of the duels by which the estimator of T5 is tried
STEPS_A_DAY = 4


class SmallBattles:
    """Makes sandbox fights and division battles, `self.effort` of them, by `self.workers` processes."""

    effort: Any

    def get(self, name: str) -> Any:
        raise NotImplementedError

    def many(self, function: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
        """The function of each job, in their order."""
        raise NotImplementedError

    # Limit cases

    def aimed(self) -> np.ndarray:
        return np.array([fight(200, 100, seed)[-1][0] for seed in range(1, self.effort.duels + 1)])

    def area(self) -> np.ndarray:
        return np.array([fight(200, 100, seed, aimed=False)[-1][0] for seed in range(1, self.effort.duels + 1)])

    def halves(self) -> np.ndarray:
        left = (int(fight(200, 100, seed)[-1][0]) for seed in range(1, self.effort.duels + 1))
        return np.array([fight(men, 100, 1000 + k)[-1][0] / 200 for k, men in enumerate(left, start=1)])

    def losses_aimed(self) -> Losses:
        return self._losses(aimed=True)

    def losses_area(self) -> Losses:
        return self._losses(aimed=False)

    def _losses(self, aimed: bool) -> Losses:
        """A day's losses of fights of unlike sizes: so few that the forces are as they were."""
        rows, sizes = [], (120, 240, 480, 960)
        for k in range(self.effort.losses):
            men = fight(sizes[k % 4], sizes[(k // 4) % 4], 500 + k, aimed=aimed, steps=4, rate=0.02 if aimed else 0.01)
            rows.append((men[:, 0].mean(), men[:, 1].mean(), men[0, 0] - men[-1, 0]))
        return Losses(*np.array(rows).T)

    def laws_hold(self) -> bool:
        """Whether T1 to T4 pass in this engine."""
        return all(checks.judge(r, self.get).is_pass for r in catalog.rows()[:4])

    # Battles

    def engagements(self) -> list[Fought]:
        return self.many(engagements.fight, engagements.circumstances(self.effort.engagements))

    def sizes(self) -> list[Fought]:
        return self.many(engagements.fight, engagements.sizes(self.effort.repeats))

    def watched(self) -> list[Fought]:
        return self.many(engagements.fight_watched, engagements.attacks(self.effort.watched))

    def long_fights(self) -> list[Fought]:
        return self.many(engagements.fight, engagements.long_fights(2 * self.effort.repeats))

    def even_fights(self) -> list[Fought]:
        return self.many(engagements.fight, engagements.long_fights(2 * self.effort.repeats, even=True))

    def sandbox_strengths(self) -> list[Strengths]:
        """Duels of the sandbox day by day, for as long as the weaker side has a tenth of its men."""
        out = []
        for seed in range(1, 2 * self.effort.repeats + 1):
            men = fight(*DUEL, seed, until=0.1)[::STEPS_A_DAY]
            out.append(Strengths(-np.diff(men, axis=0), men[:-1]))
        return out

    def sandbox_steps(self) -> list[np.ndarray]:
        return [
            -np.diff(fight(2000, 2000, seed, rate=0.002, steps=80)[:, 0])
            for seed in range(1, 4 * self.effort.repeats + 1)
        ]

    def weapons_defender(self) -> np.ndarray:
        return self._weapons("defender", 0)

    def weapons_attacker(self) -> np.ndarray:
        return self._weapons("attacker", 1)

    def _weapons(self, side: str, sufferer: int) -> np.ndarray:
        fought = self.many(engagements.fight, engagements.weapons(self.effort.repeats, side))
        return np.array([f.lost[-1][sufferer] for f in fought]).reshape(len(engagements.WEAPONS), -1)

    def weapons_sandbox(self) -> np.ndarray:
        def lost(weapon: float, seed: int) -> float:
            men = fight(2000, 2000, seed, rate=0.004, steps=8, weapon=(1.0, weapon))
            return float(men[0, 0] - men[-1, 0])

        return np.array(
            [[lost(w, 100 * k + r) for r in range(self.effort.repeats)] for k, w in enumerate(engagements.WEAPONS)]
        )

    def employment(self) -> dict[tuple[str, float], np.ndarray]:
        orders = engagements.employment(self.effort.repeats)
        fought = iter(self.many(engagements.fight, [order for some in orders.values() for order in some]))
        return {way: np.array([next(fought).attack_loss for _ in some]) for way, some in orders.items()}
