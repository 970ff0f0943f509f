"""Sensitivity indices of Sobol and Morris designs, by SALib, each beside the floor that luck alone makes.

Points' means over their seeds are analyzed. A factor that does nothing but disturb the luck of a run would still seem to
have an index: `noise` is what it would have on average, `noise_high` what the largest of all factors would stay under in
95 % of such studies. An index that does not clear the floor says nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from experiments import intervals
from experiments.intervals import LEVEL, RESAMPLES, SEED
from experiments.noise import Noise, mean_of, noise, residuals
from experiments.results import Results
from sim.quantity import InputError

LUCKS = 400  # studies made of luck alone, for the floor


def indices(results: Results, measure: str) -> pd.DataFrame:
    """The indices that the study's design gives: `sobol` or `morris`."""
    if results.design not in ("sobol", "morris"):
        raise InputError(f"{results.label}: a {results.design} design gives no indices; allowed: sobol, morris. A surrogate gives shares of any sample.")
    return (sobol if results.design == "sobol" else morris)(results, measure)


# Sobol


def sobol(results: Results, measure: str) -> pd.DataFrame:
    """Shares of the variance between points: `factor, first, first_low, first_high, total, total_low, total_high, noise, noise_high, clear`.

    `first`: by the factor alone; `total`: with all its interactions. With second-order points `attrs["pairs"]` has the
    interactions of two. `attrs` has the noise, the number of blocks, how many were left out, and a note.
    """
    from SALib.analyze import sobol as analyzer

    study, (means, luck, told) = _study(results, "sobol"), _means(results, measure)
    problem, names = study.problem(), _names(study)
    second = bool(getattr(study, "second_order", False))
    step = len(names) * (2 if second else 1) + 2
    whole = _blocks(means, step)
    y, n_blocks = means[np.repeat(whole, step)], int(whole.sum())
    attrs = {"noise": told, "blocks": n_blocks, "dropped": len(whole) - n_blocks, "unit": "", "n": told.n_seeds, "points": len(y)}
    base = {"factor": names, "n": told.n_seeds, "points": len(y)}
    if n_blocks < 2 or np.ptp(y) == 0:
        empty = pd.DataFrame(base | {c: math.nan for c in ("first", "first_low", "first_high", "total", "total_low", "total_high", "noise", "noise_high")})
        empty["clear"] = False
        empty.attrs = attrs | {"note": "all points have the same value" if n_blocks >= 2 else "fewer than two whole blocks of points"}
        return empty
    found = analyzer.analyze(problem, y, calc_second_order=second, num_resamples=RESAMPLES // 2, conf_level=LEVEL, seed=SEED)
    floor, high = _sobol_floor(problem, y, luck, second, told)
    table = pd.DataFrame(base)
    for name, key in (("first", "S1"), ("total", "ST")):
        table[name] = found[key]
        table[f"{name}_low"], table[f"{name}_high"] = found[key] - found[f"{key}_conf"], found[key] + found[f"{key}_conf"]
    table["noise"], table["noise_high"] = floor, high
    table["clear"] = table["total_low"] > high  # never with an unknown floor
    table.attrs = attrs | {"note": told.note}
    if second:
        table.attrs["pairs"] = _second(names, found)
    return table


def _second(names: list[str], found: dict[str, Any]) -> pd.DataFrame:
    rows = [
        {"factor": names[i], "by": names[j], "second": value, "low": value - found["S2_conf"][i, j], "high": value + found["S2_conf"][i, j]}
        for i, j in zip(*np.triu_indices(len(names), 1), strict=True)
        for value in [found["S2"][i, j]]
    ]
    return pd.DataFrame(rows).sort_values("second", ascending=False, ignore_index=True)


def _sobol_floor(problem: dict[str, Any], y: np.ndarray, luck: np.ndarray | None, second: bool, told: Noise) -> tuple[float, float]:
    """Total index of a factor that only disturbs luck: mean, and what the largest of all stays under."""
    from SALib.analyze.sobol import separate_output_values, total_order

    if luck is None:
        return math.nan, math.nan
    n_factors = len(set(problem.get("groups") or problem["names"]))
    n_blocks = len(y) // (n_factors * (2 if second else 1) + 2)
    a, b, _, _ = separate_output_values((y - y.mean()) / y.std(), n_factors, n_blocks, second)
    rng = np.random.default_rng(SEED)
    scale = 1 / y.std()
    largest, each = [], []
    for _ in range(LUCKS):
        # the same points run again with other luck: A less its own luck of that size, plus new luck twice over
        again = [a + scale * (_drawn(luck, n_blocks, rng) - _drawn(luck, n_blocks, rng)) for _ in range(n_factors)]
        found = [total_order(a, other, b) for other in again]
        each.append(found[0])
        largest.append(max(found))
    return float(np.mean(each)), float(np.quantile(largest, LEVEL))


# Morris


def morris(results: Results, measure: str) -> pd.DataFrame:
    """Mean elementary effects over a factor's whole range, in the measure's unit.

    Columns `factor, mu_star, low, high, mu, mu_low, mu_high, sigma, noise, noise_high, clear`: mean of the sizes, mean with
    signs, and spread (by other factors' levels, or by luck). A group's effect has no sign: its `mu` is NaN.
    """
    from SALib.analyze import morris as analyzer

    study, (means, luck, told) = _study(results, "morris"), _means(results, measure)
    problem, names = study.problem(), _names(study)
    step = len(names) + 1
    whole = _blocks(means, step)
    used, n_blocks = np.repeat(whole, step), int(whole.sum())
    if n_blocks < 2:
        raise InputError(f"{results.label}: {measure}: fewer than two whole trajectories of {len(whole)} have values.")
    x, y = study.unit_sample()[used], means[used]
    attrs = {"noise": told, "blocks": n_blocks, "dropped": len(whole) - n_blocks, "unit": results.unit(measure)}
    with np.errstate(all="ignore"):
        found = analyzer.analyze(problem, x, y, num_resamples=RESAMPLES // 2, conf_level=LEVEL, num_levels=study.morris_levels, seed=SEED)
    delta = study.morris_levels / (2 * (study.morris_levels - 1))
    is_group = "groups" in problem and pd.Series(problem["groups"]).value_counts()
    rows = []
    for k, name in enumerate(found["names"]):
        size, reach = float(found["mu_star"][k]), float(found["mu_star_conf"][k])
        single = is_group is False or is_group[name] == 1
        sigma = float(found["sigma"][k])
        signed = float(found["mu"][k]) if single else math.nan
        wide = intervals.reach(sigma, n_blocks) if single else math.nan
        rows.append(
            {"factor": name, "mu_star": size, "low": size - reach, "high": size + reach, "mu": signed}
            | {"mu_low": signed - wide, "mu_high": signed + wide, "sigma": sigma}
        )
    table = pd.DataFrame(rows)
    table["noise"], table["noise_high"] = _morris_floor(luck, delta, n_blocks, len(names))
    table["clear"] = table["mu_star"] > table["noise_high"]  # never with an unknown floor
    table["n"], table["points"], table["unit"] = told.n_seeds, len(y), results.unit(measure)
    table.attrs = attrs | {"note": told.note}
    return table


def _morris_floor(luck: np.ndarray | None, delta: float, n_blocks: int, n_factors: int) -> tuple[float, float]:
    """Mean size of an elementary effect of luck alone, and what the largest mean of all factors stays under."""
    if luck is None:
        return math.nan, math.nan
    rng = np.random.default_rng(SEED)
    sizes = np.stack([np.abs(_drawn(luck, (n_blocks, n_factors), rng) - _drawn(luck, (n_blocks, n_factors), rng)).mean(axis=0) for _ in range(LUCKS)])
    return float(sizes.mean() / delta), float(np.quantile(sizes.max(axis=1), LEVEL) / delta)


# What both need


def _study(results: Results, design: str) -> Any:
    if results.study is None or results.design != design:
        what = results.note or f"its design is {results.design}"
        raise InputError(f"{results.label}: {design} indices need a study of that design; {what}.")
    return results.study


def _names(study: Any) -> list[str]:
    """Factors, or groups of them, in SALib's order."""
    problem = study.problem()
    return list(dict.fromkeys(problem.get("groups") or problem["names"]))


def _means(results: Results, measure: str) -> tuple[np.ndarray, np.ndarray | None, Noise]:
    """Each point's mean by its number (NaN where missing), the luck of such means, and the noise told."""
    matrix = results.matrix(measure).reindex(range(results.study.n_points))
    told = noise(matrix)
    if told.n_seeds < 2:
        return mean_of(matrix.to_numpy(float), 1), None, told
    left = intervals.finite(residuals(matrix))
    spread = left.std()
    luck = left * math.sqrt(told.mean) / spread if spread > 0 else np.zeros(1)
    return mean_of(matrix.to_numpy(float), 1), luck, told


def _drawn(luck: np.ndarray, size: Any, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(luck, size)


def _blocks(means: np.ndarray, step: int) -> np.ndarray:
    """Which blocks of points (a Saltelli block, a trajectory) have all their values."""
    return np.isfinite(means).reshape(-1, step).all(axis=1)
