"""Files of a forecast, written and read: monthly gains, days of capture and probabilities of control, beside the record.

`read(seeds.path("forecasts", "2025-08-31"))` reads the one that is shipped; `pokrovsk forecast` writes others.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.analysis import intervals
from experiments.forecasting.published_forecast import ForecastWindow, PublishedForecast
from experiments.observation import publication, record
from experiments.storage.files import known_schema, reading
from sim.errors import InputError
from sim.scenario import SCHEDULES, Scenario
from sim.view.numbers import QUANTILES

if TYPE_CHECKING:
    from experiments.calibration.posterior import Posterior

MANIFEST = "forecast.json"
NEEDED = {
    "from", "to", "runs", "seeds", "scenario", "git_commit", "posterior", "months", "maps", "assumptions",
}  # of the manifest  # fmt: skip
COLUMNS = {
    "monthly": {"run", "month", "net_box_km2", "net_direction_km2"},
    "captures": {"run", "settlement", "captured"},
}
PARTS = ("box", "direction")


@dataclass(frozen=True)
class SavedForecast:
    """The files of a forecast. `monthly` and `captures` as they were written; `chance` by date (ny, nx), row 0 southern."""

    manifest: dict[str, Any]
    monthly: pd.DataFrame
    captures: pd.DataFrame
    chance: dict[dt.date, np.ndarray]

    @property
    def first(self) -> dt.date:
        return dt.date.fromisoformat(self.manifest["from"])

    @property
    def last(self) -> dt.date:
        return dt.date.fromisoformat(self.manifest["to"])

    @property
    def n(self) -> int:
        return int(self.manifest["runs"])

    @property
    def seeds(self) -> list[int]:
        """Seeds of the runs."""
        return intervals.parse_seeds(self.manifest["seeds"])

    @property
    def months(self) -> list[str]:
        """Names of the months, "2025-09"."""
        return [m["month"] for m in self.manifest["months"]]

    @property
    def edges(self) -> np.ndarray:
        """Dates of the first map and of each month's last one, (months + 1,) datetime64[D]."""
        months = self.manifest["months"]
        return np.array([months[0]["first_map"], *(m["last_map"] for m in months)], "M8[D]")

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario that it was made of, for its ground and the names of places."""
        from sim.scenario import load_scenario

        return load_scenario(self.manifest["scenario"])

    def net(self, part: str = "box") -> np.ndarray:
        """Net gain of the "box" or the "direction" (runs, months), km2."""
        if part not in PARTS:
            raise InputError(f"part {part!r}; allowed: {', '.join(PARTS)}.")
        table = self.monthly.pivot(index="run", columns="month", values=f"net_{part}_km2")
        return table[self.months].to_numpy(float)

    def recorded(self, part: str = "box") -> np.ndarray:
        """What the record shows of the same months (months,), km2; NaN for months that it does not reach."""
        if not self.scenario.map.is_ours:
            return np.full(len(self.months), np.nan)
        gain = np.diff(record.areas(part).held_on(self.edges))
        return np.where(self.edges[1:] <= np.datetime64(record.END), gain, np.nan)

    def likely(self, most: int = 10) -> pd.DataFrame:
        """Places by their chance of capture, the likeliest first: `place, chance, low, high` (shares, 95 %), `middle`.

        `middle` is the day of capture in the middle run of those that have one.
        """
        from sim.sector.places import settlement_rows

        name = {r["id"]: r["name"] for r in settlement_rows(self.scenario)}
        rows = []
        for settlement, dates in self.captures.groupby("settlement")["captured"]:
            taken = dates.dropna().sort_values()
            share = intervals.of_share(len(taken), len(dates))
            middle = taken.iloc[(len(taken) - 1) // 2].date() if len(taken) else None
            rows.append((settlement, name.get(settlement, settlement), share.estimate, share.low, share.high, middle))
        table = pd.DataFrame(rows, columns=["settlement", "place", "chance", "low", "high", "middle"])
        return table.sort_values(["chance", "place"], ascending=[False, True]).set_index("settlement").head(most)

    @property
    def note(self) -> str:
        """What to know of its bands; empty when there are runs enough."""
        return intervals.few_runs(self.n)

    @property
    def assumed(self) -> list[str]:
        """What is taken to go on after the date, in sentences."""
        from sim.view.numbers import significant

        known = self.manifest["assumptions"]
        out = [known["rule"], f"Parameters: {known['parameters']}."]
        out += [
            f"{key.replace('_', ' ')}: {significant(s['value'])} {s['unit']}, as of {s['dated']}, {s['then']}."
            for key, s in known["schedules"].items()
        ]
        out += [f"{side}: {f['number']} formations, {f['infantry']:,} men." for side, f in known["formations"].items()]
        for name, words in (
            ("other_fronts", "Other fronts that go on"),
            ("deadlines", "Deadlines that are set"),
            ("left_out_as_later", "Left out as dated later"),
        ):
            out.append(f"{words}: {'; '.join(known[name]) or 'none'}.")
        return out


def read(folder: str | Path) -> SavedForecast:
    """The forecast of a folder; InputError says in one line what is missing or broken."""
    place = Path(folder)
    if not (place / MANIFEST).is_file():
        raise InputError(f"{str(place)!r} holds no forecast ({MANIFEST}); `pokrovsk forecast` makes one.")
    manifest = _manifest(place / MANIFEST)
    monthly, captures = (_table(place / f"{name}.parquet", COLUMNS[name]) for name in COLUMNS)
    captures["captured"] = pd.to_datetime(captures["captured"])
    months = [m["month"] for m in manifest["months"]]
    if len(monthly) != manifest["runs"] * len(months) or set(monthly["month"]) != set(months):
        raise InputError(f"{str(place)!r}: monthly.parquet and {MANIFEST} are not of the same runs and months.")
    dates = [dt.date.fromisoformat(d) for d in manifest["maps"]]
    return SavedForecast(manifest, monthly, captures, {d: _chances(place / f"control_{d}.csv") for d in dates})


def _manifest(file: Path) -> dict[str, Any]:
    with reading(repr(str(file))):
        manifest = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(manifest, dict) or manifest.get("kind") != "forecast" or not isinstance(manifest.get("schema"), int):
        raise InputError(f"{str(file)!r} is not that of a forecast.")
    known_schema(repr(str(file)), manifest["schema"], SCHEMA)
    lost = sorted(NEEDED - set(manifest))
    if lost:
        raise InputError(f"{str(file)!r}: no {lost[0]!r} in it.")
    return manifest


def _table(file: Path, columns: set[str]) -> pd.DataFrame:
    with reading(repr(str(file))):
        table = pd.read_parquet(file, partitioning=None)  # a folder `month=9` is no column
    lost = sorted(columns - set(table))
    if lost:
        raise InputError(f"{str(file)!r}: no column {lost[0]!r}.")
    return table


def _chances(file: Path) -> np.ndarray:
    """Chances of control (ny, nx), row 0 southern, of a file with the northern row first."""
    with reading(repr(str(file))):
        values = np.loadtxt(file, delimiter=",", ndmin=2)
    if not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"{str(file)!r}: a value that is no chance; allowed: 0 to 1.")
    return values[::-1]


SCHEMA = 1


# Writing


def write(out: Path, manifest: dict[str, Any], found: PublishedForecast) -> list[Path]:
    """The files of a forecast."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from experiments.storage.files import replacing, writing

    number, text = pa.float64(), pa.string()
    kinds = {"run": pa.int64(), "month": text, "settlement": text, "captured": pa.date32()}
    files = []
    with writing(f"--out {str(out)!r}"):
        out.mkdir(parents=True, exist_ok=True)
        for name, columns in (("monthly", found.monthly), ("captures", found.captures)):
            table = pa.table({k: pa.array(v, kinds.get(k, number)) for k, v in columns.items()}).sort_by(
                [("run", "ascending")]
            )
            with replacing(out / f"{name}.parquet") as draft:
                pq.write_table(table, draft, compression="zstd")
            files.append(out / f"{name}.parquet")
        for date, chance in found.chance.items():
            with replacing(out / f"control_{date}.csv") as draft:
                np.savetxt(draft, chance[::-1], fmt="%.4g", delimiter=",")  # the northern row first
            files.append(out / f"control_{date}.csv")
        with replacing(out / "forecast.json") as draft:
            draft.write_text(
                json.dumps(manifest, indent=1, allow_nan=False, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
            )
    return [out / "forecast.json", *files]


def manifest_of(
    window: ForecastWindow,
    scenario: Scenario,
    left: list[str],
    posterior: Posterior,
    found: PublishedForecast,
    seed: int,
    front: Path | None,
    runs: Path,
) -> dict[str, Any]:
    """Everything that a reader must know to judge a forecast, and nothing of where it was made."""
    from experiments.analysis.intervals import seeds_text
    from experiments.results.loading import load
    from experiments.runs import provenance
    from experiments.runs.identity import settings_key
    from sim.identity import code_key, git_commit

    source = posterior.manifest
    return {
        "schema": SCHEMA,
        "kind": "forecast",
        "from": window.first,
        "to": window.last,
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "runs": found.n,
        "seeds": seeds_text(load(runs).seeds),
        "scenario": scenario.name,
        "scenario_key": settings_key(scenario, {}),
        "code": code_key(),
        "git_commit": git_commit() or "",
        "versions": provenance.versions(),
        "posterior": {
            "drawn_with_seed": seed,
            **{
                k: source.get(k)
                for k in ("name", "key", "code", "git_commit", "first", "last", "sets", "effective_sets", "written")
            },
        },
        "start": {
            "front_file_sha256": hashlib.sha256(Path(scenario.front).read_bytes()).hexdigest() if scenario.front else None,
            "control": "the given map of occupied ground" if front else "computed from dated settlements",
            "held_box_km2": found.start_km2,
            "begun_days_before": (window.first - scenario.start).days,
        },
        "months": [{"month": name, "first_map": a, "last_map": b, "days": (b - a).days} for name, a, b in window.months],
        "maps": list(window.maps),
        "observation": asdict(publication.observation_parameters()),
        "assumptions": assumptions(scenario, window, left),
        "summary": summary_of(found),
    }


def assumptions(scenario: Scenario, window: ForecastWindow, left: list[str]) -> dict[str, Any]:
    """What is taken to go on after the date: every dated input with its last value."""
    last: dict[str, Any] = {}
    for key in SCHEDULES:
        entries = sorted((e for e in scenario.schedule if e.key == key), key=lambda e: e.date)
        if entries:
            last[key] = {
                "value": entries[-1].value,
                "unit": SCHEDULES[key],
                "dated": entries[-1].date,
                "then": "held constant",
            }
    there = [
        f
        for f in scenario.formation
        if (f.arrive is None or f.arrive <= window.first) and (f.leave is None or f.leave > window.first)
    ]
    return {
        "rule": f"Nothing dated after {window.first} is used. Schedules keep their last value; no formation arrives or leaves by date; fighting on other "
        "fronts that is under way goes on, no new one begins; no order or truce is foreseen; recruits answer to what formations lack as before; weather is drawn from monthly normals.",
        "schedules": last,
        "formations": {
            side: {
                "number": sum(f.side == side for f in there),
                "infantry": sum(f.infantry for f in there if f.side == side),
            }
            for side in ("attacker", "defender")
        },
        "other_fronts": [f"{o.name}, since {o.start}" for o in scenario.other_front if o.end > window.first],
        "deadlines": [f"{d.name}, {d.start} to {d.end}" for d in scenario.deadline if d.end > window.first],
        "left_out_as_later": left,
        "parameters": "drawn from the posterior, one set a run, constant in time",
    }


def summary_of(found: PublishedForecast) -> list[dict[str, Any]]:
    """Quantiles over runs by month, for a reader in a hurry; the tables have all runs."""
    out = []
    month = np.array(found.monthly["month"])
    for name in dict.fromkeys(found.monthly["month"]):
        row: dict[str, Any] = {"month": name}
        for what in ("net_box_km2", "net_direction_km2"):
            values = np.array(found.monthly[what])[month == name]
            row[what] = {f"{s:.0%}": round(float(q), 1) for s, q in zip(QUANTILES, np.quantile(values, QUANTILES))}
        out.append(row)
    return out
