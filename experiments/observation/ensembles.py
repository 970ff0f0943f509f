"""The ensemble of this battle: made when it is absent, checked, and each run turned into what the record would have shown."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

import seeds
from experiments.observation import publication, record
from experiments.observation.observed import BOOKS
from experiments.runs.identity import BASELINE
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.observation.observed import Seen
    from experiments.observation.publication import Sight
    from experiments.results.results import Results

LEAST_RUNS = 16  # of an ensemble whose rows are more than a look


def checked_ensemble(found: Results, start: dt.date, end: dt.date) -> Results:
    """The same results, or InputError when they are not runs of the baseline's box over these dates with daily rows and maps."""
    done = found.done
    if len(done) < 2:
        raise InputError(
            f"{found.label}: {len(done)} finished run(s); an ensemble needs two or more ({LEAST_RUNS} for a verdict)."
        )
    first = {str(v)[:10] for v in done["start"]}
    days = int(done["days"].min())
    if first != {start.isoformat()} or start + dt.timedelta(days=days) < end:
        told = f"{min(first)} and {days} days"
        raise InputError(f"{found.label}: runs from {told}; needed: from {start} to {end} or later.")
    if found.read_daily is None or found.read_maps is None:
        raise InputError(f"{found.label}: no daily rows or no maps; make it with `pokrovsk run --maps all`.")
    return found


def sights_of(found: Results, first: dt.date | None = None) -> list[Sight]:
    """Every run that has maps, as the record would have shown it; `first` as `observe.sight` takes it."""
    from sim.scenario import load_scenario
    from sim.sector.build import build_sector

    maps = found.read_maps()
    ny, nx = maps["control"].shape[-2:]
    scenario = load_scenario(BASELINE)
    start = str(found.done["start"].iloc[0])[:10]
    scenario = scenario.with_(start=dt.date.fromisoformat(start), cell_km=scenario.box.width_km / nx)
    if scenario.box.height_km / ny != scenario.cell_km:
        raise InputError(f"{found.label}: maps of {ny} by {nx} cells; needed: the box of {BASELINE}.")
    direction = build_sector(scenario).direction.reshape(ny, nx)
    seed = found.done.set_index("run")["seed"]
    out = []
    for k, run in enumerate(maps["run"].to_numpy()):
        if int(run) in seed.index:
            # a run of a sweep has its own luck of publication, whatever seeds its points share
            luck = int(seed[int(run)]) if found.study is None else int(run) + 1
            out.append(publication.sight(maps["control"][k].to_numpy(), scenario, luck, direction, record.END, first))
    return out


def seen_of(found: Results) -> list[Seen]:
    """Runs of an ensemble as the rows of this battle read them."""
    from experiments.observation.observed import Seen
    from experiments.observation.series import contour_dimension
    from sim.geometry import envelopment, front_length

    city = next(r for r in seeds.table("settlements") if r["id"] == "pokrovsk")
    at = float(city["x_km"]), float(city["y_km"])
    places = record.places()
    needed = {name for names in BOOKS.values() for name in names} | {
        "casualties_attacker_direction",
        "deep_breakthroughs",
    }
    missing = sorted(needed - set(found.daily.columns))
    if missing:
        raise InputError(f"{found.label}: its daily rows have no {missing[0]!r}; keep all measures.")
    daily = dict(iter(found.daily.sort_values("day").groupby("run")))
    runs = [int(r) for r in found.read_maps()["run"].to_numpy() if int(r) in daily]
    out = []
    for run, s in zip(runs, sights_of(found), strict=True):
        table = daily[run]
        total = lambda names: table[list(names)].to_numpy(float).sum(axis=1)  # noqa: B023, E731
        books = {name: total(names) for name, names in BOOKS.items()}
        books["casualties"] = publication.claimed(books["attacker"])
        books["casualties_direction"] = publication.claimed(table["casualties_attacker_direction"].to_numpy(float))
        km = [m.astype(float) for m in (s.maps[0], s.maps[-1])]
        center = s.captured(np.array([at[0]]), np.array([at[1]]))[0]
        out.append(
            Seen(
                s.seed,
                s.date[0].astype(dt.date),
                s.box,
                s.direction,
                books,
                s.captured(places.x, places.y),
                np.array([envelopment(m.astype(float), *s.corner, *at) for m in s.maps]),
                float(center),
                (front_length(km[0]), front_length(km[1])),
                contour_dimension(km[1]),
                int(table["deep_breakthroughs"].sum()),
            )
        )
    return out
