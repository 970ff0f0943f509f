"""What `pokrovsk view` is to show: a scenario, the recorded run of a folder, or a run of a sweep, made again from its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.quantity import InputError

BY = "held_km2"  # what the runs of a sweep are ordered by
WORDS = ("low", "median", "high")


def view(scenario: str | None, run: Path | None, member: str, **words: Any) -> None:
    """Serves the page. A sweep keeps no units and no maps by day, so its run is stepped again: the same to the last bit."""
    from sim.view.page.serve import serve

    if run is not None and (Path(run) / "study.toml").is_file():
        if scenario is not None:
            raise InputError("give a scenario or --run, not both.")
        source, overrides, seed, told = member_of(Path(run), member)
        print(told)
        serve(source, overrides=overrides, **{**words, "seed": seed})
    else:
        serve(scenario, run=run, member=member, **words)


def member_of(folder: Path, member: str) -> tuple[Any, dict[str, Any], int, str]:
    """Scenario, overrides and seed of one run of a sweep: the median or an extreme by ground held, or one by its number."""
    from experiments.results import load

    results = load(folder)
    study, runs = results.study, results.runs
    if study is None:
        raise InputError(f"--run {str(folder)!r}: {results.note}.")
    done = runs[runs["status"] == "done"].reset_index(drop=True)
    if member.isdigit():
        rows = done[done["run"] == int(member)]
    elif member in WORDS and len(done) and BY in done:
        ordered = done.sort_values(BY, kind="stable")
        rows = ordered.iloc[[{"low": 0, "median": (len(ordered) - 1) // 2, "high": -1}[member]]]
    else:
        rows = done.iloc[:0]
    if not len(rows):
        raise InputError(f"--member {member!r}: allowed: {', '.join(WORDS)}, or the number of a run that is done.")
    number, seed = int(rows["run"].iloc[0]), int(rows["seed"].iloc[0])
    point = study.point(int(rows["point"].iloc[0]))
    levels = ", ".join(f"{name} {level}" for name, level in point.levels.items())
    return study.scenario_of(point), point.overrides, seed, f"Run {number} of {study.name} ({levels}), seed {seed}, made again."
