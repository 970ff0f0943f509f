"""A small calibration whose runs are never made: summaries are a formula of places, and luck is drawn here."""

import datetime as dt

import numpy as np

from experiments.calibration.config import plan_of
from experiments.calibration.simulations import SummaryTable

KEYS = ("decide.attacks_per_group", "control.area_per_day", "morale.rest_gain")


def plan(**more):
    """A small calibration of three parameters, the last of which nothing depends on in `formula`."""
    days = {"first": dt.date(2024, 8, 1), "last": dt.date(2024, 8, 21)}
    target = [
        {"id": "a", "of": "net", "part": "box", **days},
        {"id": "b", "of": "weekly_sd", "part": "box"},
        {"id": "c", "of": "drone_share", **days},
    ]
    return plan_of(
        {
            "name": "made-up",
            "scenario": "skirmish",
            **days,
            "budget": {
                **{"first_points": 60, "first_replicates": 2, "waves": 2, "most_waves": 2, "points": 40, "replicates": 3},
                **{"sample": 60, "sample_replicates": 3, "aim": 40},
            },
            "parameter": [
                {"key": KEYS[0], "low": 0.06, "high": 1.0},
                {"key": KEYS[1], "low": 0.03},
                {"key": KEYS[2]},
            ],
            "target": target,
            **more,
        }
    )


def formula(x):
    """Three summaries of three places, of which the last has no part in any."""
    return np.column_stack([2 * x[:, 0] + np.sin(3 * x[:, 1]), x[:, 0] - x[:, 1], 1.5 * x[:, 1] + x[:, 0] * x[:, 1]])


LUCK = 0.15


def table(x, replicates=3, seed=0, luck=LUCK):
    """Runs of the formula at places."""
    point = np.repeat(np.arange(len(x)), replicates)
    y = formula(x)[point] + luck * np.random.default_rng(seed).standard_normal((len(point), 3))
    return SummaryTable(point, seed * 10_000 + np.arange(len(point)), y, x, float(len(point)))
