"""Sensitivity indices of Sobol and Morris designs, by SALib, each beside the noise floor.

Points' means over their seeds are analyzed. A factor that only disturbs the random draws of a run would still seem to have an
index: `noise` is what its steps would have on average by random variation alone, `noise_high` what no factor of such a study would
exceed in 95 % of cases. An index that does not clear the floor says nothing. How much random variation a factor's steps carry is seen
in how they differ from seed to seed, so that seeds which two points share count for what they are worth.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.analysis.cross_validation import block_size
from experiments.analysis.intervals import BOOTSTRAP_LEAST, LEVEL, RESAMPLES, SEED
from experiments.analysis.noise import Noise, mean_of, noise
from experiments.results.results import Results
from sim.errors import InputError

DRAWS = 100_000  # draws of random variation alone, for the floor
BELOW = "not above the noise floor"
UNKNOWN = "noise floor unknown"
FEW = f"fewer than {BOOTSTRAP_LEAST} {{}}: no intervals"


def indices(results: Results, measure: str) -> pd.DataFrame:
    """The indices that the study's design gives: `sobol` or `morris`."""
    if not results.plan.has_indices:
        raise InputError(
            f"{results.label}: a {results.design} design gives no indices; allowed: sobol, morris. A surrogate gives shares of any sample."
        )
    return (sobol if results.design == "sobol" else morris)(results, measure)


# Sobol


def sobol(results: Results, measure: str) -> pd.DataFrame:
    """Shares of the variance between points: `factor, first, first_low, first_high, total, total_low, total_high, noise, noise_high, clear`.

    `clear` where the total is above `noise_high`, else `verdict` says why not; the interval allows for the blocks of points, of which a few
    leave it wide. `first`: by the factor alone; `total`: with all its interactions. With second-order points `attrs["pairs"]` has the
    interactions of two. `attrs` has the noise, the number of blocks, how many were left out, and a note.
    """
    from SALib.analyze import sobol as analyzer

    study, (values, means, floor) = _study(results, "sobol"), _values(results, measure)
    problem, names = study.problem(), _names(study)
    second = bool(getattr(study, "second_order", False))
    step = block_size(study)
    whole = _blocks(means, step)
    used, n_blocks = np.repeat(whole, step), int(whole.sum())
    y = means[used]
    attrs = {
        "noise": floor,
        "blocks": n_blocks,
        "dropped": len(whole) - n_blocks,
        "unit": "",
        "n": floor.n_seeds,
        "points": len(y),
    }
    base = {"factor": names, "n": floor.n_seeds, "points": len(y)}
    if n_blocks < 2 or np.ptp(y) == 0:
        empty = pd.DataFrame(
            base
            | {
                c: math.nan
                for c in ("first", "first_low", "first_high", "total", "total_low", "total_high", "noise", "noise_high")
            }
        )
        empty = empty.assign(clear=False, verdict="no index")
        empty.attrs = attrs | {
            "note": "all points have the same value" if n_blocks >= 2 else "fewer than two whole blocks of points"
        }
        return empty
    found = analyzer.analyze(
        problem, y, calc_second_order=second, num_resamples=RESAMPLES // 2, conf_level=LEVEL, seed=SEED
    )
    table = pd.DataFrame(base)
    for name, key in (("first", "S1"), ("total", "ST")):
        table[name] = found[key]
        table[f"{name}_low"], table[f"{name}_high"] = (
            found[key] - found[f"{key}_conf"],
            found[key] + found[f"{key}_conf"],
        )
    note = _without_few(table, n_blocks, "blocks", ("first_low", "first_high", "total_low", "total_high")) or floor.note
    runs = values[used].reshape(n_blocks, step, -1)
    steps = [runs[:, 0] - runs[:, 1 + k] for k in range(len(names))]
    table["noise"], table["noise_high"] = _sobol_floor(steps, float(y.reshape(n_blocks, step)[:, [0, -1]].var()))
    _judge(table, "total")
    table.attrs = attrs | {"note": note}
    if second:
        table.attrs["pairs"] = _second(names, found)
        _without_few(table.attrs["pairs"], n_blocks, "blocks", ("low", "high"))
    return table


def _second(names: list[str], found: dict[str, Any]) -> pd.DataFrame:
    rows = [
        {
            "factor": names[i],
            "by": names[j],
            "second": value,
            "low": value - found["S2_conf"][i, j],
            "high": value + found["S2_conf"][i, j],
        }
        for i, j in zip(*np.triu_indices(len(names), 1), strict=True)
        for value in [found["S2"][i, j]]
    ]
    return pd.DataFrame(rows).sort_values("second", ascending=False, ignore_index=True)


def _sobol_floor(steps: list[np.ndarray], whole: float) -> tuple[np.ndarray, np.ndarray]:
    """Total index that the random variation of each factor's steps (blocks, seeds) makes: mean, and what it stays under.

    `whole` is the variance of the two base samples, by which the index itself is divided.
    """
    from scipy import stats

    variance = np.array([_step_variance(s) for s in steps])
    n_blocks, n_seeds = steps[0].shape
    if n_seeds < 2:
        return variance, variance
    limit = stats.f.ppf(1 - (1 - LEVEL) / len(steps), n_blocks, n_blocks * (n_seeds - 1))
    return variance / (2 * whole), limit * variance / (2 * whole)


# Morris


def morris(results: Results, measure: str) -> pd.DataFrame:
    """Mean elementary effects over a factor's whole range, in the measure's unit.

    Columns `factor, mu_star, low, high, mu, mu_low, mu_high, sigma, noise, noise_high, clear`: mean of the sizes, mean with
    signs, and spread (by other factors' levels, or by random variation). A group's effect has no sign: its `mu` is NaN.
    """
    from SALib.analyze import morris as analyzer

    study, (values, means, floor) = _study(results, "morris"), _values(results, measure)
    problem, step = study.problem(), block_size(study)
    whole = _blocks(means, step)
    used, n_blocks = np.repeat(whole, step), int(whole.sum())
    if n_blocks < 2:
        raise InputError(f"{results.label}: {measure}: fewer than two whole trajectories of {len(whole)} have values.")
    x, y = study.unit_sample()[used], means[used]
    attrs = {"noise": floor, "blocks": n_blocks, "dropped": len(whole) - n_blocks, "unit": results.unit(measure)}
    with np.errstate(all="ignore"):
        found = analyzer.analyze(
            problem, x, y, num_resamples=RESAMPLES // 2, conf_level=LEVEL, num_levels=study.morris_levels, seed=SEED
        )
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
    note = _without_few(table, n_blocks, "trajectories", ("low", "high", "mu_low", "mu_high")) or floor.note
    table["noise"], table["noise_high"] = _morris_floor(_steps(problem, found["names"], x, values[used], step), delta)
    _judge(table, "mu_star")
    table["n"], table["points"], table["unit"] = floor.n_seeds, len(y), results.unit(measure)
    table.attrs = attrs | {"note": note}
    return table


def _steps(problem: dict[str, Any], names: list[str], x: np.ndarray, values: np.ndarray, step: int) -> list[np.ndarray]:
    """The step of each factor or group in each trajectory (trajectories, seeds)."""
    owner = np.array(problem.get("groups") or problem["names"])
    places, runs = x.reshape(-1, step, x.shape[1]), values.reshape(-1, step, values.shape[1])
    moved = np.abs(np.diff(places, axis=1)) > 1e-9
    gaps = np.diff(runs, axis=1)
    return [gaps[moved[:, :, owner == name].any(axis=2)] for name in names]


def _morris_floor(steps: list[np.ndarray], delta: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean size of the effects that the random variation of each factor's steps makes, and what it stays under."""
    spread = np.sqrt([_step_variance(s) for s in steps]) / delta
    n, n_seeds = steps[0].shape
    if n_seeds < 2:
        return spread, spread
    rng = np.random.default_rng(SEED)
    sizes = sum(np.abs(rng.standard_normal(DRAWS)) for _ in range(n)) / n
    free = n * (n_seeds - 1)  # of the spread, which is estimated too
    limit = np.quantile(sizes / np.sqrt(rng.chisquare(free, DRAWS) / free), 1 - (1 - LEVEL) / len(steps))
    return math.sqrt(2 / math.pi) * spread, limit * spread


def _step_variance(steps: np.ndarray) -> float:
    """Variance of a step's mean over seeds by random variation, the mean of all steps (n, seeds); NaN with one seed."""
    n = np.isfinite(steps).sum(axis=1)
    enough = n > 1
    return float((np.nanvar(steps[enough], axis=1, ddof=1) / n[enough]).mean()) if enough.any() else math.nan


# What both need


def _judge(table: pd.DataFrame, size: str) -> None:
    """Adds `clear` and `verdict`: an index is clear above what random variation of that factor's steps stays under."""
    table["clear"] = table[size] > table["noise_high"]  # never with an unknown floor
    table["verdict"] = np.where(table["clear"], "", np.where(table["noise_high"].isna(), UNKNOWN, BELOW))


def _without_few(table: pd.DataFrame, n: int, what: str, limits: tuple[str, ...]) -> str:
    """Takes intervals away that would rest on a handful of blocks; the note says so."""
    if n >= BOOTSTRAP_LEAST:
        return ""
    table[list(limits)] = math.nan
    return FEW.format(what)


def _study(results: Results, design: str) -> Any:
    if results.study is None or results.design != design:
        what = results.note or f"its design is {results.design}"
        raise InputError(f"{results.label}: {design} indices need a study of that design; {what}.")
    return results.study


def _names(study: Any) -> list[str]:
    """Factors, or groups of them, in SALib's order."""
    problem = study.problem()
    return list(dict.fromkeys(problem.get("groups") or problem["names"]))


def _values(results: Results, measure: str) -> tuple[np.ndarray, np.ndarray, Noise]:
    """The runs of all points of the design (points, seeds), their means (NaN where missing), and the noise."""
    matrix = results.matrix(measure).reindex(range(results.study.n_points))
    values = matrix.to_numpy(float)
    return values, mean_of(values, 1), noise(matrix)


def _blocks(means: np.ndarray, step: int) -> np.ndarray:
    """Which blocks of points (a Saltelli block, a trajectory) have all their values."""
    return np.isfinite(means).reshape(-1, step).all(axis=1)
