"""What the public record would show of a forecast: monthly gains, days of capture, chances of control; and what is told of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import observe
from experiments.observe import Sight
from sim.scenario import SCHEDULES, Scenario

if TYPE_CHECKING:
    from experiments.posterior import Posterior

SCHEMA = 1
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Question:
    """What is forecast: from the end of one date to the end of another, with maps on some dates between."""

    first: dt.date
    last: dt.date
    maps: tuple[dt.date, ...]

    @property
    def days(self) -> int:
        return (self.last - self.first).days

    @property
    def months(self) -> list[tuple[str, dt.date, dt.date]]:
        """Each month's name, the date of the map before it (its own first date: `first`), and that of its last map."""
        out = []
        end = self.first
        while end < self.last:
            begin = end
            month = begin + dt.timedelta(days=1)
            following = dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)
            end = min(following - dt.timedelta(days=1), self.last)
            out.append((f"{month:%Y-%m}", begin, end))
        return out


@dataclass(frozen=True)
class Published:
    """What the record would show of all runs. `monthly` and `captures` are columns; `chance` by date (ny, nx)."""

    monthly: dict[str, list[Any]]
    captures: dict[str, list[Any]]
    chance: dict[dt.date, np.ndarray]
    start_km2: float
    n: int


def published(sights: Iterator[tuple[int, Sight]], asked: Question, scenario: Scenario) -> Published:
    """The columns of the forecast's files from runs as they are shown, one at a time."""
    from sim.starting import settlement_rows

    rows = settlement_rows(scenario)
    x, y = (np.array([float(r[k]) for r in rows]) for k in ("x", "y"))
    monthly: dict[str, list[Any]] = {
        k: [] for k in ("run", "month", "net_box_km2", "net_direction_km2", "gained_box_km2", "lost_box_km2")
    }
    captures: dict[str, list[Any]] = {k: [] for k in ("run", "settlement", "captured")}
    total: dict[dt.date, np.ndarray] = {}
    n, start = 0, 0.0
    for run, sight in sights:
        n += 1
        start = float(sight.box.held[0])
        for name, column in months_of(sight, asked).items():
            monthly[name] += column
        monthly["run"] += [run] * len(asked.months)
        for date in asked.maps:
            total[date] = total.get(date, 0) + sight.on(date)
        day = sight.captured(x, y)
        for r, d in zip(rows, day):
            if d > 0:  # free on the first map
                captures["run"].append(run)
                captures["settlement"].append(r["id"])
                captures["captured"].append(asked.first + dt.timedelta(days=int(d)) if np.isfinite(d) else None)
    return Published(monthly, captures, {d: t / n for d, t in total.items()}, start, n)


def months_of(sight: Sight, asked: Question) -> dict[str, list[Any]]:
    """Columns of one run: net gain by the error of published areas, gained and lost between the month's first and last map."""
    names = [name for name, _, _ in asked.months]
    pairs = [(sight.on(a), sight.on(b)) for _, a, b in asked.months]
    gained = np.array([float((b & ~a).sum()) for a, b in pairs])
    lost = np.array([float((a & ~b).sum()) for a, b in pairs])
    ends = np.array([asked.first, *(b for _, _, b in asked.months)], "M8[D]")
    direction = np.diff(sight.direction.held_on(ends))
    erring = lambda values, part: observe.with_error(values, sight.seed, part)  # noqa: E731
    return {
        "month": names,
        # gained and lost err as their difference does, so that net is gained less lost
        "net_box_km2": erring(gained - lost, "box").tolist(),
        "net_direction_km2": erring(direction, "direction").tolist(),
        "gained_box_km2": erring(gained, "box").tolist(),
        "lost_box_km2": erring(lost, "box").tolist(),
    }


def sights_of(folder: Path, scenario: Scenario, first: dt.date) -> Iterator[tuple[int, Sight]]:
    """Every finished run of a sweep's folder as the record would show it from the map of `first` on, in the order of its maps."""
    from experiments.calibration.seeing import direction_of, maps_of
    from experiments.results import load

    seed = load(folder).done.set_index("run")["seed"]
    direction = direction_of(scenario)
    for run, control in maps_of(folder):
        if run in seed.index:
            yield run, observe.sight(control, scenario, int(seed[run]), direction, first=first)


# Writing


def write(out: Path, told: dict[str, Any], found: Published) -> list[Path]:
    """The files of a forecast."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from experiments.outputs import replacing, writing

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
                json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
            )
    return [out / "forecast.json", *files]


def manifest_of(
    asked: Question,
    scenario: Scenario,
    left: list[str],
    posterior: Posterior,
    found: Published,
    seed: int,
    front: Path | None,
    runs: Path,
) -> dict[str, Any]:
    """Everything that a reader must know to judge a forecast, and nothing of where it was made."""
    from experiments import outputs
    from experiments.intervals import seeds_text
    from experiments.results import load
    from experiments.runs import code_key, settings_key

    told = posterior.manifest
    return {
        "schema": SCHEMA,
        "kind": "forecast",
        "from": asked.first,
        "to": asked.last,
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "runs": found.n,
        "seeds": seeds_text(load(runs).seeds),
        "scenario": scenario.name,
        "scenario_key": settings_key(scenario, {}),
        "code": code_key(),
        "git_commit": outputs.git_commit() or "",
        "versions": outputs.versions(),
        "posterior": {
            "drawn_with_seed": seed,
            **{
                k: told.get(k)
                for k in ("name", "key", "code", "git_commit", "first", "last", "sets", "effective_sets", "written")
            },
        },
        "start": {
            "front_file_sha256": hashlib.sha256(front.read_bytes()).hexdigest() if front else None,
            "control": "the given map of occupied ground" if front else "computed from dated settlements",
            "held_box_km2": found.start_km2,
            "begun_days_before": (asked.first - scenario.start).days,
        },
        "months": [{"month": name, "first_map": a, "last_map": b, "days": (b - a).days} for name, a, b in asked.months],
        "maps": list(asked.maps),
        "observation": asdict(observe.editor()),
        "assumptions": assumptions(scenario, asked, left),
        "summary": summary_of(found),
    }


def assumptions(scenario: Scenario, asked: Question, left: list[str]) -> dict[str, Any]:
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
        if (f.arrive is None or f.arrive <= asked.first) and (f.leave is None or f.leave > asked.first)
    ]
    return {
        "rule": f"Nothing dated after {asked.first} is used. Schedules keep their last value; no formation arrives or leaves by date; fighting on other "
        "fronts that is under way goes on, no new one begins; no order or truce is foreseen; recruits answer to lost ground as before; weather is drawn from monthly normals.",
        "schedules": last,
        "formations": {
            side: {
                "number": sum(f.side == side for f in there),
                "infantry": sum(f.infantry for f in there if f.side == side),
            }
            for side in ("attacker", "defender")
        },
        "other_fronts": [f"{o.name}, since {o.start}" for o in scenario.other_front if o.end > asked.first],
        "deadlines": [f"{d.name}, {d.start} to {d.end}" for d in scenario.deadline if d.end > asked.first],
        "left_out_as_later": left,
        "parameters": "drawn from the posterior, one set a run, constant in time",
    }


def summary_of(found: Published) -> list[dict[str, Any]]:
    """Quantiles over runs by month, for a reader in a hurry; the tables have all runs."""
    out = []
    month = np.array(found.monthly["month"])
    for name in dict.fromkeys(found.monthly["month"]):
        row: dict[str, Any] = {"month": name}
        for what in ("net_box_km2", "net_direction_km2"):
            values = np.array(found.monthly[what])[month == name]
            row[what] = {f"{s:.0%}": round(float(q), 1) for s, q in zip(SHARES, np.quantile(values, SHARES))}
        out.append(row)
    return out
