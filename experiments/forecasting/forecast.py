"""Forecasts from a date on: the window, and the scenario as it was known on the day.

Nothing dated after that day is used: dated entries of the scenario that lie later are left out, and every schedule keeps its last
value. The runs are a sweep in a folder of their own; what is published of them is four kinds of small files.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.forecasting.published_forecast import ForecastWindow, PublishedForecast, publish_forecast, publish_runs
from experiments.observation import publication
from sim.errors import InputError
from sim.scenario import Scenario, load_scenario
from sim.sector.grid import Grid
from sim.sector.starting_control import starting_control

if TYPE_CHECKING:
    from experiments.calibration.posterior import Posterior
    from experiments.sweep.runner import SweepRunner

RUNS = 200
MOST_RUNS = 20_000
MAP_DATES = (dt.date(2025, 11, 1), dt.date(2026, 1, 15), dt.date(2026, 4, 1), dt.date(2026, 8, 22))
MEASURES = (
    "held_km2",
    "casualties_attacker",
    "casualties_defender",
    "intake_attacker",
    "returned_attacker",
    "culminated",
    "strength_attacker",
    "attacks_per_day",
)


def forecast_window(first: str, last: str) -> ForecastWindow:
    """The window of the command line."""
    dates = []
    for name, text in (("--from", first), ("--to", last)):
        try:
            dates.append(dt.date.fromisoformat(text))
        except ValueError:
            raise InputError(f"{name} {text}: not a date; allowed: YYYY-MM-DD.") from None
    a, b = dates
    if not 1 <= (b - a).days <= 731:
        raise InputError(f"--to {b}: {(b - a).days} days after --from {a}; allowed: 1 to 731.")
    maps = tuple(d for d in MAP_DATES if a < d <= b)
    return ForecastWindow(a, b, maps if b in maps else (*maps, b))


# The scenario as it was known on the day


def known_on(scenario: Scenario, date: dt.date, last: dt.date) -> tuple[Scenario, list[str]]:
    """The scenario without what is dated later than a date, and what was left out of it, in words.

    Fighting elsewhere that is under way on the day goes on to `last`: its end is not known yet, or is only that of the record.
    """
    left: list[str] = []

    def kept(what: str, entries: list[Any], dated: str) -> list[Any]:
        out = []
        for e in entries:
            when = getattr(e, dated)
            if when is not None and when > date:
                left.append(f"{what} {getattr(e, 'name', getattr(e, 'key', ''))} ({when})")
            else:
                out.append(e)
        return out

    formations = kept("formation", scenario.formation, "arrive")
    later = [f for f in formations if f.leave is not None and f.leave > date]
    left += [f"departure of {f.name} ({f.leave})" for f in later]
    formations = [f.model_copy(update={"leave": None}) if f in later else f for f in formations]
    fronts = [
        o.model_copy(update={"end": max(last, o.end)}) if o.end >= date else o
        for o in kept("other front", scenario.other_front, "start")
    ]
    return (
        scenario.with_(
            formation=[f.model_dump() for f in formations],
            schedule=[e.model_dump() for e in kept("schedule", scenario.schedule, "date")],
            other_front=[o.model_dump() for o in fronts],
            deadline=[d.model_dump() for d in kept("deadline", scenario.deadline, "start")],
            belt=[b.model_dump() for b in kept("belt", scenario.belt, "built_from")],
        ),
        left,
    )


def scenario_for(window: ForecastWindow, source: str, front: Path | None) -> tuple[Scenario, list[str]]:
    """The scenario of a forecast: from the date, over its days, from a map of the day where one is given.

    A published map shows the ground as it was some days before: with one, the battle is begun so many days earlier.
    """
    base = load_scenario(source)
    if base.map.is_ours and front is None and window.first < base.start:
        raise InputError(f"--from {window.first}: before the scenario's first day, {base.start}.")
    known, left = known_on(base, window.first, window.last)
    if front is None:
        return known.with_(start=window.first, days=window.days), left
    lead = publication.lag_days()
    start = window.first - dt.timedelta(days=lead)
    battle = known.with_(start=start, days=window.days + lead, front=str(front.absolute()))
    starting_control(battle, Grid.of(battle))  # a map that is no good is refused before anything is run
    return battle, left


def forecast(window: ForecastWindow, battle: Scenario, sets: Posterior, n: int, seed: int, place: Path, runner: SweepRunner) -> PublishedForecast:
    """Runs of `n` sets of a posterior as the record would publish them; those that `place` has not are made.

    InputError or SweepStopped when they could not be.
    """
    study = sets.study("forecast", n, seed=seed, scenario=str(written(battle, place).absolute()), measures=MEASURES)
    runner.sweep(study, place / "runs")
    found = publish_forecast(publish_runs(place / "runs", battle, window.first), window, battle)
    if found.n < 2:
        raise InputError(f"{place / 'runs'}: {found.n} finished run(s); column `error` of its runs says why.")
    return found


def written(scenario: Scenario, folder: Path) -> Path:
    """The scenario as a file that a study can name."""
    import tomli_w

    from experiments.storage.files import replacing, writing

    file = folder / "scenario.toml"
    text = tomli_w.dumps(scenario.model_dump(exclude_none=True))
    with writing(repr(str(folder))):
        folder.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            with replacing(file) as draft:
                draft.write_text(text, encoding="utf-8")
    return file
