"""Parameter screening by elementary effects (Morris): groups first, then one by one those of the groups that matter.

Both studies are Morris designs. What counts is the size of a parameter's effect on the measures that targets are made of, in
units of the noise floor; what does not clear that floor on any measure cannot be fitted by these targets. The list goes into the
calibration's file.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.calibration.config import Calibration, plan_file, plan_of
from experiments.calibration.plan_tables import Parameter
from experiments.sweep.runner import Log, SweepRunner, log
from sim.errors import InputError
from sim.settings import resolve, short_names

if TYPE_CHECKING:
    from experiments.results.results import Results
    from experiments.studies.study import Study

MEASURES = (
    *(
        "held_km2",
        "net_direction_km2",
        "lost_km2",
        "casualties_attacker",
        "casualties_attacker_direction",
        "casualties_defender",
    ),
    *(
        "armor_destroyed_attacker",
        "casualties_attacker_drone",
        "casualties_defender_rear",
        "distance_pokrovsk_km",
        "front_km",
    ),
)
NAME = "screening-parameters"
KEPT = ("low", "high", "mode", "weight")  # of a parameter that was in the list before
BEGIN, END = "# parameters: begin", "# parameters: end"


@dataclass(frozen=True)
class Ranking:
    """Factors in the order of what they do: `factor, measure` (the one it moves most), `times` (the noise floor), `clear`."""

    table: pd.DataFrame

    @property
    def clear(self) -> list[str]:
        return self.table[self.table["clear"]]["factor"].tolist()


def ranked(results: Results, measures: tuple[str, ...]) -> Ranking:
    """Factors or groups of a Morris design by their largest effect over measures, in units of the noise floor."""
    from experiments.analysis.sensitivity import morris

    rows = []
    for measure in measures:
        if measure not in results.measures:
            continue
        found = morris(results, measure)
        floor = found["noise_high"].where(found["noise_high"] > 0)
        rows.append(
            pd.DataFrame(
                {"factor": found["factor"], "measure": measure, "times": (found["mu_star"] / floor).fillna(0.0)}
            )
        )
    if not rows:
        raise InputError(f"{results.label}: none of the measures that targets are made of is in it.")
    every = pd.concat(rows)
    best = every.sort_values("times", ascending=False).drop_duplicates("factor").reset_index(drop=True)
    return Ranking(best.assign(clear=best["times"] > 1))


def one_by_one(plan: Calibration, groups: Study, matter: list[str]) -> Study:
    """The study of single parameters: those of the groups that matter, without levers that are known."""
    from experiments.studies.files import study_of

    unknown = {resolve(name).key for name in plan.screening.levers}
    own = {resolve(p.key).key: p for p in plan.parameter}
    factors: dict[str, Any] = {}
    for factor in groups.factor_list:
        d = factor.declared
        if (
            (factor.group or factor.name) not in matter
            or d is None
            or d.is_switch
            or (d.role == "lever" and d.key not in unknown)
            or d.role == "numeric"
        ):
            continue
        low, high = (getattr(own.get(d.key), end, None) for end in ("low", "high"))
        low, high = (factor.low if low is None else low), (factor.high if high is None else high)
        assert low is not None and high is not None, "numbers that are screened have a range"
        factors[d.key] = {"low": low, "high": high, "scale": "log" if low > 0 else "linear"}
    if not factors:
        raise InputError(
            f"{plan.name}: screening: no parameter is left in the groups that matter ({', '.join(matter) or 'none'})."
        )
    fields = {
        "name": NAME,
        "title": "Which parameters matter, one by one",
        "scenario": plan.scenario,
        "design": "morris",
        "points": plan.screening.trajectories,
        "replicates": plan.screening.replicates,
        "start": plan.first,
        "days": min(plan.screening.days, plan.days),
        "factors": factors,
    }
    return study_of(fields, NAME).checked()


def screen(
    plan: Calibration, source: str | Path, folder: Path, runner: SweepRunner, report: Log = log
) -> list[Parameter]:
    """Runs both studies in a folder, and writes the parameters that matter into the calibration's file."""
    from experiments.results.loading import load
    from experiments.studies.files import load_study

    wanted = tuple(plan.screening.measures) or MEASURES
    groups = load_study(plan.screening.groups)
    report(f"groups: {groups.n_runs} runs of {groups.days} days")
    runner.sweep(groups, folder / groups.name)
    matter = ranked(load(folder / groups.name), wanted)
    report(f"groups that clear the noise floor: {', '.join(matter.clear) or 'none'}")
    single = one_by_one(plan, groups, matter.clear)
    report(f"one by one: {len(single.factor_list)} parameters, {single.n_runs} runs of {single.days} days")
    runner.sweep(single, folder / NAME)
    order = ranked(load(folder / NAME), wanted)
    chosen = chosen_of(plan, order)
    write_list(plan_file(source), chosen)
    report(f"{len(chosen)} parameters written to {plan_file(source)}.")
    return chosen


def chosen_of(plan: Calibration, order: Ranking) -> list[Parameter]:
    """The parameters that are kept: those that clear the floor, at most as many as the plan wants, the strongest first."""
    own = {resolve(p.key).key: p for p in plan.parameter}
    out = []
    for row in order.table[order.table["clear"]].head(plan.screening.most).itertuples():
        key = short_names().get(row.factor, row.factor)
        old = own.get(key)
        why = f"{row.times:.1f} times the noise floor on {row.measure}"
        kept = {name: getattr(old, name) for name in KEPT} if old else {}
        out.append(Parameter(key=key, **kept, why=why))
    if not out:
        raise InputError(
            f"{plan.name}: screening: no parameter clears the noise floor; more trajectories or replicates would lower it."
        )
    return out


def write_list(file: Path, chosen: list[Parameter]) -> None:
    """Writes a list of parameters between the marks of a calibration's file; the rest of the file stays as it is."""
    from experiments.storage.files import replacing, writing

    text = file.read_text(encoding="utf-8")
    found = re.search(rf"(?ms)^{BEGIN}.*?^{END}[^\n]*$", text)
    if found is None:
        raise InputError(f"{file}: the marks {BEGIN!r} and {END!r} are missing; the list cannot be written.")
    lines = [f"{BEGIN} (screened on {dt.date.today()} by `pokrovsk calibrate --screen`)"]
    for p in chosen:
        lines += ["", "[[parameter]]", f'key = "{p.key}"']
        lines += [f"{end} = {_number(value)}" for end in KEPT if (value := getattr(p, end)) is not None]
        lines += [f'why = "{p.why}"']
    new = text[: found.start()] + "\n".join([*lines, "", END]) + text[found.end() :]
    new = re.sub(r'(?m)^how = "judged"', 'how = "screened"', new)
    plan_of({"name": file.stem, **tomllib.loads(new)}, file.name)
    with writing(f"{file}:"), replacing(file) as draft:
        draft.write_text(new, encoding="utf-8")


def _number(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else "nan"
