"""What the rows are given: small battles, paired runs, the ensemble as the record would have it, the record; each made once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.observation import publication, record
from experiments.observation.ensembles import checked_ensemble, observed_runs, publish_ensemble
from experiments.sweep.ensemble import make_ensemble
from experiments.validation import catalog, checks
from experiments.validation.line_battles import LineBattles
from experiments.validation.small_battles import SmallBattles
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.observation.observed import ObservedRun
    from experiments.results.results import Results


@dataclass(frozen=True)
class Effort:
    """How much is run for each row: seeds, battles and days."""

    duels: int
    losses: int
    engagements: int
    watched: int
    repeats: int
    ensemble: int
    salients: int
    twins: int
    twin_days: int
    belt_days: int
    arms: int  # seeds of T14, 0: the row is not run
    levels: int  # of the rotation interval
    search: int  # seeds of T31, to find the best interval
    confirm: int  # and to confirm it
    levers: int  # of T32 and T35
    lever_days: int  # of T32
    roads: int  # of T33
    infiltrated: int  # runs of T34


# T14: 50 seeds leave an interval of 4 % about the net gain of half the step, too wide for a bound of 5 %; 150 leave 2.5 %
FULL = Effort(200, 192, 672, 60, 16, 16, 16, 16, 120, 200, 150, 4, 20, 40, 40, 300, 12, 16)
QUICK = Effort(100, 96, 160, 16, 6, 4, 4, 3, 60, 60, 0, 2, 1, 2, 3, 60, 2, 2)


@dataclass
class RowInputs(SmallBattles, LineBattles):
    """Makes what rows need, each thing once. `out` is where runs are kept, so that a stopped card goes on."""

    out: Path
    effort: Effort = FULL
    ensemble: Path | None = None
    record_folder: Path | None = None
    open_folder: Path | None = None
    workers: int = 1
    quiet: bool = False
    made: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rasters_found = record.rasters(self.record_folder)
        for name, folder in (("--ensemble", self.ensemble), ("--open", self.open_folder)):
            if folder is not None and not Path(folder).is_dir():
                raise InputError(f"{name}: folder {str(folder)!r} not found.")

    def get(self, name: str) -> Any:
        """What goes by that name, made now if it is not there yet."""
        if name not in self.made:
            self.made[name] = getattr(self, name)()
        return self.made[name]

    # Paired runs

    def base_arm(self) -> Any:
        return self._arm("base")

    def step_arm(self) -> Any:
        return self._arm("step", step_hours=3.0)

    def cell_arm(self) -> Any:
        return self._arm("cell", cell_km=0.5)

    def _arm(self, name: str, **changes: float) -> Any:
        """Measures of the last day by seed, for one step and cell."""
        from experiments.validation.rows.limit_cases import INVARIANT
        from experiments.validation.rows.paired_runs import study

        if not self.effort.arms:
            raise checks.CannotJudge(checks.NOT_RUN, "three arms of 120 days: left out of a quick card")
        wanted = study(
            f"t14-{name}",
            {},
            120,
            self.effort.arms,
            [m for m in INVARIANT.values() if m != "net"],
            changes=changes,
        )
        done = self._swept(wanted).done.set_index("seed").sort_index()
        return done.assign(net=done["held_km2"] - done["held_start_km2"])

    @property
    def runs_folder(self) -> Path:
        """Where runs of this version of the model are kept."""
        from experiments.runs.simulation import code_key

        return self.out / f"runs-{code_key()[:8]}"

    def many(self, function: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
        """The function of each job, in their order, by `workers` processes; kept on disk, batch by batch."""
        from experiments.sweep.batches import kept

        return kept(function, jobs, self.runs_folder / "battles", catalog.rows_key(), self.workers)

    def _swept(self, wanted: Any) -> Results:
        """The runs of a study, those that are missing made now."""
        from experiments.results.loading import load
        from experiments.sweep.study_sweep import sweep

        folder = self.runs_folder / f"{wanted.name}-{wanted.key[:8]}"
        outcome = sweep(wanted, folder, workers=self.workers, quiet=self.quiet)
        if outcome.stopped:
            raise KeyboardInterrupt
        if outcome.problem:
            raise InputError(outcome.problem)
        return load(folder)

    def kill_zones(self) -> dict[float, np.ndarray]:
        from experiments.validation.rows.paired_runs import ARMOR, KILL_ZONES, study

        wanted = study(
            "t20",
            {"kill_zone_scale": list(KILL_ZONES)},
            self.effort.twin_days,
            self.effort.twins,
            [*ARMOR, "casualties_attacker"],
        )
        found = self._swept(wanted)
        lost = sum(found.matrix(name) for name in ARMOR)
        table = 1000 * lost / found.matrix("casualties_attacker")
        return dict(zip(KILL_ZONES, table.to_numpy(float)))

    def dated_rules(self) -> list[str]:
        from experiments.validation.rows.paired_runs import dated_rules

        return dated_rules()

    def works_arms(self) -> dict[tuple[bool, bool], np.ndarray]:
        from experiments.validation.rows.paired_runs import study

        factors = {"works.enabled": [True, False], "arrive.feedback": [True, False] if self.effort.arms else [True]}
        if not self.effort.arms:
            del factors["arrive.feedback"]
        found = self._swept(study("t23", factors, self.effort.belt_days, self.effort.twins, ["held_km2"]))
        net = found.matrix("held_km2") - found.matrix("held_start_km2")
        arms = {}
        for point, levels in found.points.iterrows():
            arms[bool(levels["works.enabled"]), bool(levels.get("arrive.feedback", True))] = net.loc[point].to_numpy(
                float
            )
        return arms

    def rotation_arms(self) -> Any:
        from experiments.validation.rows.paired_runs import INTERVALS, study

        chosen = INTERVALS if self.effort.levels == len(INTERVALS) else (INTERVALS[0], INTERVALS[-1])
        wanted = study(
            "t25",
            {"decide.rotation_interval_days": list(chosen)},
            self.effort.twin_days,
            self.effort.twins,
            ["infiltrations_through"],
        )
        found = self._swept(wanted)
        table = found.matrix("infiltrations_through").T
        table.columns = [float(v) for v in found.points["decide.rotation_interval_days"]]
        return table

    def salient_alone(self) -> np.ndarray:
        return self._salients(0.0)

    def salient_fed(self) -> np.ndarray:
        from experiments.validation.rows.paired_runs import FOLLOW

        return self._salients(FOLLOW)

    def _salients(self, follow: float) -> np.ndarray:
        seeds = range(1, self.effort.salients + 1)
        return np.array(self.many(held_after, [(seed, follow) for seed in seeds]))

    # The ensemble and the record

    @cached_property
    def ensemble_folder(self) -> Path:
        """The folder of the ensemble: the one given, or one of our own with the runs that are asked for."""
        if self.ensemble is not None:
            return Path(self.ensemble)
        folder = self.runs_folder / "ensemble"
        make_ensemble(folder, self.effort.ensemble, self.workers, self.quiet)
        return folder

    def results(self) -> Results:
        from experiments.results.loading import load

        return checked_ensemble(load(self.ensemble_folder), record.START, record.SPAN_END)

    def strengths(self) -> list[Any]:
        from experiments.validation.rows.combat_patterns import Strengths

        out = []
        for _, daily in self.get("results").daily.groupby("run"):
            columns = [
                daily.sort_values("day")[[f"{name}_attacker", f"{name}_defender"]].to_numpy(float)
                for name in ("casualties", "infantry")
            ]
            out.append(Strengths(np.diff(columns[0], axis=0), columns[1][:-1]))
        return out

    def seen(self) -> list[ObservedRun]:
        return observed_runs(self.get("results"))

    def areas(self) -> dict[str, Any]:
        return {name: record.areas(name, record.SPAN_END) for name in ("box", "direction")}

    def states(self) -> dict[str, np.ndarray]:
        return record.states()

    def losses(self) -> dict[str, np.ndarray]:
        return record.losses()

    def places(self) -> record.Places:
        return record.places(record.SPAN_END)

    def rasters_or_none(self) -> record.Rasters | None:
        return self.rasters_found

    def validation(self) -> Any:
        from experiments.results.loading import load
        from experiments.validation.rows import forecast_skill

        sights = None
        if self.open_folder is not None:
            begun = forecast_skill.OPEN - dt.timedelta(days=publication.lag_days())
            sights = publish_ensemble(checked_ensemble(load(self.open_folder), begun, record.SPAN_END), forecast_skill.OPEN)
        return forecast_skill.validation(sights, self.rasters_found)


def held_after(job: tuple[int, float]) -> float:
    """Share of a salient still held. `job`: seed, groups a day that follow on."""
    from experiments.validation import salient

    return salient.held_after(job[0], follow=job[1])


def effort(quick: bool, runs: int | None) -> Effort:
    """How much to run; `runs` sets the size of an ensemble that has to be made."""
    chosen = QUICK if quick else FULL
    return replace(chosen, ensemble=runs) if runs else chosen
