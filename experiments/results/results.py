"""What a sweep or a run left behind, as tidy frames: `experiments.load(DIR)`.

`runs` has one row a run (factors, parameters, seed, final measures), `daily` one a run and day. Analysis reads two tables
made of them: `points` (which levels) and `matrix` (a measure by point and seed).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs import columns
from experiments.studies.designs import ONE_POINT, Design
from sim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


HEADLINES = (
    *("held_km2", "gained_km2", "lost_km2", "net_direction_km2", "casualties_attacker", "casualties_defender"),
    *("breakthroughs", "deep_breakthroughs", "price_per_km2"),
)


RATIOS = {"price_per_km2": ("casualties_attacker", "gained_km2")}  # measures that are one total by another
LEAST_GAIN = 0.5  # km2 a run, at or below which a run, or the runs of a point, have no price


def pseudovalues(top: pd.DataFrame, bottom: pd.DataFrame) -> pd.DataFrame:
    """Jackknife pseudo-values of the ratio of sums, by point (rows) and seed (columns).

    Their mean over seeds is the sum of `top` by the sum of `bottom`, and their spread that of the ratio (Tukey 1958), so that means,
    pairs and intervals over seeds hold for the ratio. A run that gained nothing has its cost counted and no price of its own left
    out, which would leave the dear runs out. A point is NaN where without one of its seeds the rest gained next to nothing.
    """
    import numpy as np
    import pandas as pd

    there = top.notna().to_numpy() & bottom.notna().to_numpy()
    cost, gain = (np.where(there, side.to_numpy(float), 0.0) for side in (top, bottom))
    n, costs, gains = (v.sum(axis=1, keepdims=True) for v in (there, cost, gain))
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = costs / gains
        without = np.where(n == 1, whole, (costs - cost) / (gains - gain))
        middle = np.where(there, without, 0.0).sum(axis=1, keepdims=True) / n
        values = whole + (n - 1) * (middle - without)
    fewest = np.where(there, gains - gain, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    known = (gains > LEAST_GAIN * n) & ((n == 1) | (fewest > LEAST_GAIN * (n - 1)))
    return pd.DataFrame(np.where(there & known, values, np.nan), index=top.index, columns=top.columns)


@dataclass(frozen=True, eq=False)
class Results:
    """Runs of a study (or of one scenario), with the units of their columns. Made by `load`, or from frames by hand."""

    runs: pd.DataFrame
    factors: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    study: Any = None
    folder: Path | None = None
    note: str = ""  # what a reader must know of these results
    kept: list[str] = field(default_factory=list)  # measures that the study asked for; all when empty
    read_daily: Callable[[], pd.DataFrame] | None = None
    read_maps: Callable[[], xr.Dataset] | None = None
    read_table: Callable[[str], pd.DataFrame | None] = lambda name: None  # "events" or "captures"; None when they are not kept

    def __repr__(self) -> str:
        factors = ", ".join(self.factors) or "none"
        return f"<Results {self.name!r}: {len(self.runs)} runs, {len(self.failed)} failed, factors {factors}, {len(self.seeds)} seeds>"

    def _repr_html_(self) -> str:
        """What there is and the first runs, in a notebook."""
        from html import escape

        shown = [c for c in ("run", "seed", *self.factors, *self.measures[:4]) if c in self.runs]
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.runs[list(dict.fromkeys(shown))].head()._repr_html_()}"

    # What is there

    @cached_property
    def done(self) -> pd.DataFrame:
        """The runs that ended well."""
        return self.runs[self.runs["status"] == "done"]

    @cached_property
    def failed(self) -> pd.DataFrame:
        """The runs that raised, with their seed and traceback (`error`)."""
        return self.runs[self.runs["status"] != "done"]

    @cached_property
    def daily(self) -> pd.DataFrame:
        """One row a run and day, day 0 the start, with the run's point, seed and factor levels."""
        if self.read_daily is None:
            raise InputError(f"{self.label} keeps no daily rows; set `daily = true` in the study and sweep again.")
        daily = self.read_daily()
        daily = daily[daily["run"].isin(self.runs["run"])]  # a sweep under way may have written more since
        known = [f for f in ["point", "seed", *self.factors] if f in self.runs and f not in daily]
        return daily.merge(self.runs[["run", *known]], on="run", how="left") if known else daily

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row an event: run, seed, step, day, date, kind, place, size and words."""
        return self._happened("events")

    @cached_property
    def captures(self) -> pd.DataFrame:
        """One row a settlement that changed hands for a week or to the end: run, seed, settlement, name, captured, recaptured."""
        return self._happened("captures")

    def _happened(self, name: str) -> pd.DataFrame:
        rows = self.read_table(name)
        if rows is None:
            raise InputError(f"{self.label} keeps no {name}; set `events = true` in the study and sweep again.")
        return rows[rows["run"].isin(self.runs["run"])].reset_index(drop=True)

    @property
    def label(self) -> str:
        """What to call these results in a message."""
        return str(self.folder) if self.folder else self.name

    @property
    def name(self) -> str:
        return str(getattr(self.study, "name", None) or self.manifest.get("name") or "results")

    @property
    def design(self) -> str:
        """How the points were chosen; "run" when there is one point only and no study."""
        return self.plan.name

    @cached_property
    def plan(self) -> Design:
        """What can be made of the points of the design; one point when there is no study."""
        return self.study.plan if self.study is not None else ONE_POINT

    @cached_property
    def seeds(self) -> list[int]:
        """Seeds of the runs that ended well."""
        return sorted(int(s) for s in self.done["seed"].unique())

    @cached_property
    def measures(self) -> list[str]:
        """Names of the measures that the runs have."""
        from sim.measures import MEASURES

        return [c for c in self.runs.columns if c in MEASURES or c in ("held_start_km2", "front_start_km")]

    @cached_property
    def headline(self) -> list[str]:
        """The measures to look at first: those the study keeps if they are few, else a short list."""
        kept = [m for m in self.kept if m in self.measures]
        return (
            kept
            if 0 < len(kept) <= len(HEADLINES)
            else [m for m in HEADLINES if m in self.measures] or self.measures[:9]
        )

    @cached_property
    def parameters(self) -> list[str]:
        """Dotted keys of the parameters that the runs carry."""
        from sim.settings import catalog

        return [c for c in self.runs.columns if c in catalog()]

    @cached_property
    def moved(self) -> set[str]:
        """Columns that the factors change from point to point: parameters by dotted key, scenario."""
        from sim.settings import short_names

        return {short_names().get(f, f) for f in self.factors} | set(getattr(self.study, "parameters", []))

    def unit(self, name: str) -> str:
        """Unit of a measure, a parameter or a factor; "" for a pure number."""
        if name in self.units:
            return self.units[name]
        from sim.settings import catalog, short_names

        key = short_names().get(name, name)
        return catalog()[key].unit if key in catalog() else ""

    # What the analysis reads

    @cached_property
    def points(self) -> pd.DataFrame:
        """The level of every factor, one row a point."""
        return (
            self.runs.groupby("point", sort=True)[list(self.factors)].first()
            if self.factors
            else self.runs[["point"]].drop_duplicates().set_index("point").sort_index()
        )

    def matrix(self, measure: str) -> pd.DataFrame:
        """A measure by point (rows) and seed (columns); NaN where a run failed or the measure has no value.

        A ratio of totals (RATIOS) is that of the sums over a point's seeds, as jackknife pseudo-values: see `pseudovalues`.
        """
        self.known_measure(measure)
        if measure in RATIOS and {*RATIOS[measure]} <= {*self.done}:
            return pseudovalues(*(self._by_seed(name) for name in RATIOS[measure]))
        return self._by_seed(measure)

    def _by_seed(self, name: str) -> pd.DataFrame:
        values = self.done[["point", "seed"]].assign(value=self.done[name].astype(float))
        table = values.pivot_table(index="point", columns="seed", values="value", aggfunc="first", dropna=False)
        return table.reindex(index=self.points.index).sort_index(axis=1)

    def without_value(self, measure: str) -> str:
        """What to say of runs that have no value of a measure; empty when all have one."""
        n, gone = len(self.done), int(self.done[measure].isna().sum())
        if not gone:
            return ""
        if measure in RATIOS:
            return f"{gone} of {n} runs gained too little ground for a price of their own; the price of a point is the cost of all its runs by the ground of all"
        return f"{gone} of {n} runs have no value of {measure} and are left out, with their pairs"

    def with_measure(self, name: str, values: pd.Series, unit: str = "") -> Results:
        """The same results with another figure of each run, by the index of `runs`."""
        return replace(self, runs=self.runs.assign(**{name: values}), units={**self.units, name: unit})

    def known_measure(self, measure: str) -> str:
        """The name again, or InputError with a hint."""
        names = self.measures
        if measure not in self.runs or measure in columns.OWN:
            raise InputError(f"{self.label} has no measure {measure!r}.{did_you_mean(measure, names) or _some(names)}")
        if self.runs[measure].dtype.kind not in "iufb":
            raise InputError(f"{measure!r} is not a number in {self.label}; take a measure.{_some(names)}")
        return measure

    def known_factor(self, factor: str) -> str:
        """The name of a factor by its name, short name or dotted key, or InputError with a hint."""
        if factor in self.factors:
            return factor
        from sim.settings import short_names

        keys = {short_names().get(f, f): f for f in self.factors}
        found = keys.get(short_names().get(factor, factor))
        if found is None:
            raise InputError(
                f"{self.label} has no factor {factor!r}.{did_you_mean(factor, self.factors) or _some(self.factors)}"
            )
        return found

    # Other ways to read

    def sql(self, query: str) -> pd.DataFrame:
        """The answer of DuckDB to a query over the tables `runs` and (when kept) `daily`; InputError when it cannot be answered.

        Examples:
            >>> import seeds
            >>> from experiments import load
            >>> results = load(seeds.path("answers", "rotation-manpower"))
            >>> results.sql("select count(*) as n from runs where status = 'done'")["n"].item() == len(results.done)
            True
        """
        import duckdb

        with duckdb.connect() as db:
            db.register("runs", self.runs)
            if self.read_daily is not None and "daily" in query.lower():
                db.register("daily", self.daily)
            try:
                return db.sql(query).df()
            except duckdb.Error as error:
                raise InputError(f"the query failed: {str(error).splitlines()[0]}") from None

    def to_xarray(self) -> xr.Dataset:
        """Maps of control in percent as (run, day, y, x), with the runs' points, seeds and factor levels as coordinates."""
        if self.read_maps is None:
            raise InputError(
                f"{self.label} keeps no maps; ask for them with `maps` in the study (or `pokrovsk run --maps`)."
            )
        maps = self.read_maps()
        maps = maps.sel(run=maps["run"].isin(self.runs["run"]))  # those of damaged or unfinished rows are left out
        rows = self.runs.set_index("run").loc[maps["run"].values]
        return maps.assign_coords({c: ("run", rows[c].to_numpy()) for c in ["point", "seed", *self.factors] if c in rows})


def _some(names: list[str]) -> str:
    """' Known: a, b, c ...' for an error line."""
    return f" Known: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}." if names else " There is none."
