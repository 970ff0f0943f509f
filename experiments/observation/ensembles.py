"""Ensembles through the observation model: the folder checked, and each run turned into what the record would have shown."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from experiments.observation import publication, record
from experiments.runs.identity import BASELINE
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.observation.observed import ObservedRun
    from experiments.observation.publication import PublishedMaps
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
        raise InputError(f"{found.label}: runs from {min(first)} and {days} days; needed: from {start} to {end} or later.")
    if found.read_daily is None or found.read_maps is None:
        raise InputError(f"{found.label}: no daily rows or no maps; make it with `pokrovsk run --maps all`.")
    return found


def publish_ensemble(found: Results, first: dt.date | None = None) -> list[PublishedMaps]:
    """Every run that has maps, as the record would have shown it; `first` as `publication.publish_maps` takes it."""
    from sim.scenario import load_scenario
    from sim.sector.build import build_sector

    assert found.read_maps is not None, "an ensemble has maps"
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
            # a run of a sweep has its own random variation of publication, whatever seeds its points share
            own = int(seed[int(run)]) if found.study is None else int(run) + 1
            out.append(publication.publish_maps(maps["control"][k].to_numpy(), scenario, own, direction, record.SPAN_END, first))
    return out


def observed_runs(found: Results) -> list[ObservedRun]:
    """Runs of an ensemble as the rows of this battle read them."""
    from experiments.observation.observed import MEASURES, ObservedRun, Places, books_of
    from sim.scenario import load_scenario

    missing = sorted({*MEASURES, "deep_breakthroughs"} - set(found.daily.columns))
    if missing:
        raise InputError(f"{found.label}: its daily rows have no {missing[0]!r}; keep all measures.")
    assert found.read_maps is not None, "an ensemble has maps"
    places = Places.of(load_scenario(BASELINE))
    daily = dict(iter(found.daily.sort_values("day").groupby("run")))
    runs = [int(r) for r in found.read_maps()["run"].to_numpy() if int(r) in daily]
    return [
        ObservedRun(maps, books_of(daily[run]), places, int(daily[run]["deep_breakthroughs"].sum()))
        for run, maps in zip(runs, publish_ensemble(found), strict=True)
    ]
