"""T1 to T4 and T14: limit cases with an exact answer, out of the fire of the full engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.analysis import intervals
from experiments.validation.checks import LEVEL_90, LEVEL_95, Check, ninety, row
from experiments.validation.sandbox import linear_law, square_law

if TYPE_CHECKING:
    import pandas as pd

MEN = (200, 100)
INVARIANT = {
    "net gain": "net",
    "attacker's casualties": "casualties_attacker",
    "defender's casualties": "casualties_defender",
    "front length": "front_km",
    "price": "price_per_km2",
}


def _mean_of(what: str, left: np.ndarray, exact: float, slack: float) -> list[Check]:
    """The mean of runs beside an exact answer."""
    mean = intervals.of_mean(left)
    band = ((1 - slack) * exact, (1 + slack) * exact)
    return [
        Check(what, mean.estimate, band, (mean.low, mean.high), LEVEL_95, record=f"{exact:.4g}", exact=exact, n=mean.n)
    ]


@row(
    "T1",
    "L",
    "Square law of aimed fire",
    source="Lanchester 1916; Johnson and MacKay 2011",
    formula="survivors sqrt(R0^2 - (a/b) B0^2): 200 against 100 equal men leave 173.2",
    band="mean of 200 runs within 4 %",
    needs="aimed",
)
def square(left: np.ndarray) -> list[Check]:
    """Men that the stronger side has left under aimed fire, one number a run."""
    return _mean_of("survivors of 200 against 100, aimed fire", left, square_law(*MEN), 0.04)


@row(
    "T2",
    "L",
    "Linear law of fire at an area",
    source="Lanchester 1916",
    formula="survivors R0 - (a/b) B0: 200 against 100 leave 100",
    band="mean of 200 runs within 5 %",
    needs="area",
)
def linear(left: np.ndarray) -> list[Check]:
    """Men that the stronger side has left under fire at an area, one number a run."""
    return _mean_of("survivors of 200 against 100, fire at an area", left, linear_law(*MEN), 0.05)


@row(
    "T3",
    "L",
    "Concentration pays",
    source="Johnson and MacKay 2011",
    formula="N men against two halves of an equal enemy in turn keep N sqrt(1/2)",
    band="mean share within 4 % of 0.707",
    needs="halves",
)
def concentration(share: np.ndarray) -> list[Check]:
    """Share of the men that are left after both halves, one number a run."""
    return _mean_of("share that is left after both halves", share, float(np.sqrt(0.5)), 0.04)


@dataclass(frozen=True)
class Losses:
    """Losses of one side in the first steps of fights of unlike sizes: mean men of both sides, men lost, (fights,)."""

    own: np.ndarray
    enemy: np.ndarray
    lost: np.ndarray


@row(
    "T4",
    "L",
    "Exponents of losses",
    source="form of Bracken 1995",
    formula="ln E[loss] = ln k + p ln enemy + q ln own, by quasi-Poisson regression with a log link",
    band="95 % interval covers (1, 0) for aimed and (1, 1) for area fire, width below 0.3",
    needs=("losses_aimed", "losses_area"),
)
def exponents(aimed: Losses, area: Losses) -> list[Check]:
    """Exponents with their intervals, for both kinds of fire."""
    checks = []
    for name, losses, exact in (("aimed", aimed, (1.0, 0.0)), ("area", area, (1.0, 1.0))):
        values, limits = bracken(losses)
        for k, letter in enumerate("pq"):
            checks.append(
                Check(
                    f"{letter} of {name} fire",
                    values[k],
                    (None, 0.3),
                    limits[k],
                    LEVEL_95,
                    record=f"{exact[k]:g}",
                    rule="covers",
                    exact=exact[k],
                    n=len(losses.lost),
                )
            )
    return checks


def bracken(losses: Losses) -> tuple[list[float], list[tuple[float, float]]]:
    """Exponents (p, q) and their 95 % intervals."""
    import statsmodels.api as sm

    design = sm.add_constant(np.column_stack([np.log(losses.enemy), np.log(losses.own)]))
    fit = sm.GLM(losses.lost, design, family=sm.families.Poisson()).fit(scale="X2")
    limits = fit.conf_int(0.05)
    return [float(v) for v in fit.params[1:]], [(float(a), float(b)) for a, b in limits[1:]]


@row(
    "T14",
    "L",
    "Step and cell do not change the story",
    source="Al Rowaei et al., WSC 2011",
    formula="ratio of means over paired seeds, 120 days, step of 3 h or cell of 0.5 km beside the default",
    band="90 % interval of the ratio inside 5 % (step), 10 % (cell)",
    needs=("base_arm", "step_arm", "cell_arm"),
)
def invariance(base: pd.DataFrame, step: pd.DataFrame, cell: pd.DataFrame) -> list[Check]:
    """`base`, `step`, `cell`: measures of the last day by seed (rows, the same in all), with `net` gain."""
    checks = []
    for name, arm, slack in (("step", step, 0.05), ("cell", cell, 0.10)):
        shared = base.index.intersection(arm.index)
        for words, column in INVARIANT.items():
            a, b = base.loc[shared, column].to_numpy(float), arm.loc[shared, column].to_numpy(float)

            def ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
                return np.mean(y, axis=axis) / np.mean(x, axis=axis)

            limits = (1.0, 1.0) if np.array_equal(a, b) else ninety(ratio, a, b)
            checks.append(
                Check(
                    f"half the {name}: {words}",
                    float(ratio(a, b)),
                    (1 - slack, 1 + slack),
                    limits,
                    LEVEL_90,
                    record="1",
                    rule="interval",
                    n=len(shared),
                )
            )
    return checks
