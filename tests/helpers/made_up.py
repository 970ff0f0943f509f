"""Results of studies that were never run: the truth is a formula, and luck is drawn here, so that answers are known."""

import numpy as np
import pandas as pd

from experiments.figures.plotting import PlottedResults
from experiments.studies.files import study_of
from sim.settings import catalog

M = "held_km2"  # the measure that has the made-up values
LEVERS = {"manpower_ratio": [1.0, 2.0, 4.0], "rotation_interval_days": [10.0, 60.0]}
NUMBERS = [d.key for d in catalog().values() if d.kind is float and d.low is not None and d.high is not None]


def made_up(design, truth, *, factors=3, replicates=4, noise=0.0, shift=0.0, seed=1, **more):
    """Results of a design: `truth(u, levels)` at each point, plus luck of each run and a shift that all points of a seed share.

    `factors` is a table, or how many parameters over their declared ranges. `truth` gets the unit sample (None in a grid)
    and the points' levels as a frame.
    """
    table = factors if isinstance(factors, dict) else {key: {} for key in NUMBERS[:factors]}
    study = study_of(
        {
            "name": "made-up",
            "scenario": "skirmish",
            "design": design,
            "replicates": replicates,
            "factors": table,
            **more,
        }
    )
    points = study.points()
    levels = pd.DataFrame([p.levels for p in points])
    y = np.broadcast_to(np.asarray(truth(study.unit_sample(), levels), float), len(points))
    rng = np.random.default_rng(seed)
    shifts = shift * rng.normal(size=replicates)
    values = y[:, None] + shifts + noise * rng.normal(size=(len(points), replicates))
    return frames(values, levels, study=study)


def frames(values, levels, study=None):
    """Results of values by point and seed, and of a frame of levels."""
    n_points, n_seeds = np.shape(values)
    runs = levels.loc[levels.index.repeat(n_seeds)].reset_index(drop=True)
    runs = runs.assign(
        run=range(len(runs)), point=np.repeat(range(n_points), n_seeds), seed=np.tile(range(1, n_seeds + 1), n_points)
    )
    runs = runs.assign(status="done", held_km2=np.ravel(values))
    return PlottedResults(runs, list(levels.columns), {"held_km2": "km2"}, study=study)


def without(results, *lost):
    """The same results with the runs of some (point, seed) failed."""
    from dataclasses import replace

    runs = results.runs.copy()
    bad = [(p, s) in lost for p, s in zip(runs["point"], runs["seed"])]
    runs.loc[bad, "status"] = "failed"
    runs.loc[bad, "held_km2"] = np.nan
    return replace(results, runs=runs)


def ishigami(u, _levels):
    """Ishigami's function of three numbers: first shares 0.314, 0.442, 0; total 0.558, 0.442, 0.244."""
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def levers(_u, levels):
    """5 km2 a unit of the ratio at rotation 10, twice that at 60."""
    return 5 * levels["manpower_ratio"] * np.where(levels["rotation_interval_days"] == 60, 2, 1)


def nothing(u, levels):
    """All points are the same."""
    return 0.0


def share_of(trials, hits):
    """Share of trials in which something was so."""
    return sum(map(bool, map(hits, trials))) / len(trials)
