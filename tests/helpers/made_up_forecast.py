"""Forecasts that nobody ran: fronts that move as told, and folders as the command would have written them."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.calibration.posterior import Posterior
from experiments.forecasting import files, forecast, published_forecast
from experiments.observation.areas import areas_of
from experiments.observation.publication import PublishedMaps
from experiments.results import loading

SETS = Posterior(np.array([1.0]), pd.DataFrame({"decide.attacks_per_group": [0.2]}), {"name": "made-up", "key": "abc"})


def sight(columns, seed=1, start=dt.date(2025, 8, 31)):
    """A run on 12 by 12 km whose front moves west by so many columns each day (east below 0), as it would be shown."""
    held = np.zeros((len(columns) + 1, 12, 12), bool)
    west = np.concatenate([[9], 9 - np.cumsum(columns)])
    for day, w in enumerate(west):
        held[day, :, w:] = True
        held[day, 0, :] = day > 2  # the southern row is taken on day 3 whatever happens
    date = np.datetime64(start) + np.arange(len(held))
    part = np.zeros((12, 12), bool)
    part[:, 6:] = True
    return PublishedMaps(
        seed,
        date,
        held,
        areas_of(held, date, np.ones((12, 12), bool), 1.0),
        areas_of(held, date, part, 1.0),
        (0.0, 0.0),
    )


def written(folder, first, last, runs=20, scenario="pokrovsk-2024"):
    """A folder of a forecast: run k gains 10 k km2 each month in the box, half of it in the direction, and loses 2.

    The attacker holds what lies east of 40 km for sure, between 20 and 40 km with a chance of a half, in the southern row
    never. Place j of the first ten is captured in the first j runs, in run k on day k + 1; the others in none.
    """
    from sim.sector.places import settlement_rows

    window = forecast.forecast_window(first, last)
    battle, left = forecast.scenario_for(window, scenario, None)
    monthly = pd.DataFrame(
        {"run": run, "month": name, "gained_box_km2": 10.0 * run + 2}
        for run in range(runs)
        for name, _, _ in window.months
    )
    monthly = monthly.assign(
        lost_box_km2=2.0, net_box_km2=10.0 * monthly["run"], net_direction_km2=5.0 * monthly["run"]
    )
    captures = {"run": [], "settlement": [], "captured": []}
    for j, row in enumerate(settlement_rows(battle)):
        captures["run"] += range(runs)
        captures["settlement"] += [row["id"]] * runs
        captures["captured"] += [window.first + dt.timedelta(days=k + 1) if k < j < 10 else None for k in range(runs)]
    edge = int(battle.box.width_km)
    chance = np.zeros((edge, edge))
    chance[:, edge // 4 : edge // 2], chance[:, edge // 2 :], chance[0] = 0.5, 1.0, 0.0
    found = published_forecast.PublishedForecast(monthly.to_dict("list"), captures, dict.fromkeys(window.maps, chance), 3000.0, runs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load", lambda _: SimpleNamespace(seeds=range(1_000_001, 1_000_001 + runs)))
        told = files.manifest_of(window, battle, left, SETS, found, 1, None, Path("runs"))
    files.write(folder, told, found)
    return folder
