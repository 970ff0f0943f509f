"""What rows T29 to T36 are given: the line of the ensemble's runs, twins that differ in one lever, battles watched from within."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.runs import watching
from experiments.runs.identity import BASELINE
from experiments.validation.rows.line_and_levers import DEEPER, LATER_DAYS, ROTATION, Line
from experiments.validation.rows.paired_runs import study
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.results.results import Results

FIRST_DAY, LAST_DAY = 100, 400  # of T31: before them the interval of relief has not come to bear
CONFIRMED_FROM = 1001  # first seed of the runs that confirm
ARMS: dict[str, dict[str, Any]] = {  # of T32
    "base": {"drones_defender": 1.0},
    "double": {"drones_defender": 2.0},
    "half": {"drones_defender": 0.5},
    "off": {"drones.enabled": False},
}
ROAD_SCENARIO, ROAD_DAYS = "summer-2025", 60  # of T33: the road is near the front
BEFORE_DAYS = 20  # of T35: days before the deadline at which its runs begin
LINE = {  # of a `Line`, the daily measures
    "days": "days_in_place_defender",
    "days_p90": "days_in_place_p90_defender",
    "men": "in_line_defender",
    "front_km": "front_km",
    "attacker": "infantry_attacker",
    "defender": "infantry_defender",
}


class LineBattles:
    """Makes the runs of T29 to T36, `self.effort` of them."""

    effort: Any

    def get(self, name: str) -> Any:
        raise NotImplementedError

    def _swept(self, wanted: Any) -> Results:
        raise NotImplementedError

    def many(self, function: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
        """The function of each job, in their order."""
        raise NotImplementedError

    def lines(self) -> list[Line]:
        found = self.get("results")
        missing = sorted(set(LINE.values()) - set(found.daily.columns))
        if missing:
            raise InputError(f"{found.label}: its daily rows have no {missing[0]!r}; keep all measures.")
        out = []
        for _, daily in found.daily.sort_values("day").groupby("run"):
            columns = {name: daily[measure].to_numpy(float) for name, measure in LINE.items()}
            out.append(Line(daily["date"].to_numpy("M8[D]"), **columns))
        return out

    # T31

    def rotation_search(self) -> pd.DataFrame:
        return self._rotations("t31-search", self.effort.search, 1)

    def rotation_confirmed(self) -> pd.DataFrame:
        asked = sorted({ROTATION[0], self.best_interval(), ROTATION[-1]})
        return self._rotations("t31-confirm", self.effort.confirm, CONFIRMED_FROM, asked)

    def best_interval(self) -> float:
        """Interval with the least net ground in the search, days."""
        return float(self.get("rotation_search").mean().idxmin())

    def rotation_deep(self) -> pd.DataFrame:
        return self._rotations("t31-deep", self.effort.search, 1, set={"kill_zone_scale": DEEPER})

    def _rotations(self, name: str, seeds: int, first: int, days: Sequence[float] = ROTATION, **more: Any) -> pd.DataFrame:
        """Net ground from FIRST_DAY to LAST_DAY by seed (rows) and interval (columns)."""
        factors = {"rotation_interval_days": list(days)}
        found = self._swept(study(name, factors, LAST_DAY, seeds, ["held_km2"], daily=True, seed=first, **more))
        held = _on_days(found, "held_km2", (FIRST_DAY, LAST_DAY))
        net = (held[LAST_DAY] - held[FIRST_DAY]).unstack("point")
        return net.rename(columns=found.points["rotation_interval_days"].astype(float))

    # T32

    def drone_arms(self) -> Results:
        measures = ["held_km2", "attacks", "mounted_attacks"]
        return self._swept(study("t32", {"drones": {"bundles": ARMS}}, self.effort.lever_days, self.effort.levers, measures))

    def drone_pace(self) -> pd.DataFrame:
        found = self.get("drone_arms")
        return _by_arm(found, found.matrix("held_km2") - found.matrix("held_start_km2"))

    def drone_mounted(self) -> pd.DataFrame:
        found = self.get("drone_arms")
        foot, ridden = found.matrix("attacks"), found.matrix("mounted_attacks")
        return _by_arm(found, ridden / (foot + ridden))

    # T33, T34

    def road_arms(self) -> pd.DataFrame:
        seeds = range(1, self.effort.roads + 1)
        jobs = [(seed, ROAD_SCENARIO, {"cut_road": cut}, ROAD_DAYS) for cut in (False, True) for seed in seeds]
        table = np.array(self.many(watching.near_towns, jobs)).reshape(2, len(seeds), 2)
        names = ("supply_open", "sorties_open", "supply_cut", "sorties_cut")
        return pd.DataFrame(np.concatenate(table, axis=1), columns=names, index=seeds)

    def bounds(self) -> pd.DataFrame:
        jobs = [(seed, self.effort.twin_days) for seed in range(1, self.effort.infiltrated + 1)]
        parts = []
        for (seed, _), rows in zip(jobs, self.many(watching.infiltrations, jobs)):
            parts.append(pd.DataFrame(rows, columns=["day", "strain", "men", "through"]).assign(run=seed))
        return pd.concat(parts, ignore_index=True)

    # T35

    def deadline_arms(self) -> pd.DataFrame:
        from sim.scenario import load_scenario

        window = load_scenario(BASELINE).deadline[0]
        start = window.start - dt.timedelta(days=BEFORE_DAYS)
        days = [(date - start).days for date in (window.start, window.end, window.end + dt.timedelta(days=LATER_DAYS))]
        measures = ["held_km2", "casualties_attacker"]
        wanted = study("t35", {"deadline": [False, True]}, days[-1], self.effort.levers, measures, daily=True, start=start.isoformat())
        found = self._swept(wanted)
        held, lost = (_on_days(found, name, days) for name in measures)
        first, end, later = days
        table = {"ground": held[end] - held[first], "losses": lost[end] - lost[first], "later": held[later] - held[first]}
        words = {point: "on" if on else "off" for point, on in found.points["deadline"].items()}
        return pd.concat(
            [part.unstack("point").rename(columns=lambda point, name=name: f"{name}_{words[point]}") for name, part in table.items()], axis=1
        )


def _on_days(found: Results, measure: str, days: Any) -> pd.DataFrame:
    """A daily measure on some days (columns), by seed and point."""
    daily = found.daily[found.daily["day"].isin(list(days))]
    return daily.pivot_table(index=["seed", "point"], columns="day", values=measure)


def _by_arm(found: Results, table: pd.DataFrame) -> pd.DataFrame:
    """A table by point and seed as one by seed (rows) and arm."""
    return table.T.rename(columns=found.points["drones"])
