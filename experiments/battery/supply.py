"""What the rows are given: small battles, twins, the ensemble as the record would have it, the record. Made once, when asked."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import record
from experiments.battery import card
from sim.quantity import InputError

if TYPE_CHECKING:
    from experiments.battery.history import Seen
    from experiments.results import Results

BASELINE = "pokrovsk-2024"
LEAST_RUNS = 16  # of an ensemble whose rows are more than a look


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


FULL = Effort(200, 192, 672, 60, 16, 16, 16, 8, 120, 200, 50, 4)
QUICK = Effort(100, 96, 160, 16, 6, 4, 4, 3, 60, 60, 0, 2)


@dataclass
class Supply:
    """Makes what rows need, each thing once. `out` is where runs are kept, so that a stopped card goes on."""

    out: Path
    effort: Effort = FULL
    ensemble: Path | None = None
    record_folder: Path | None = None
    open_folder: Path | None = None
    workers: int = 1
    quiet: bool = False
    tell: Callable[[str], None] = lambda words: None
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

    # Limit cases

    def aimed(self) -> np.ndarray:
        from experiments.sandbox import fight

        return np.array([fight(200, 100, seed)[-1][0] for seed in range(1, self.effort.duels + 1)])

    def area(self) -> np.ndarray:
        from experiments.sandbox import fight

        return np.array([fight(200, 100, seed, aimed=False)[-1][0] for seed in range(1, self.effort.duels + 1)])

    def halves(self) -> np.ndarray:
        from experiments.sandbox import fight

        left = (int(fight(200, 100, seed)[-1][0]) for seed in range(1, self.effort.duels + 1))
        return np.array([fight(men, 100, 1000 + k)[-1][0] / 200 for k, men in enumerate(left, start=1)])

    def losses_aimed(self) -> Any:
        return self._losses(aimed=True)

    def losses_area(self) -> Any:
        return self._losses(aimed=False)

    def _losses(self, aimed: bool) -> Any:
        """A day's losses of fights of unlike sizes: so few that the forces are as they were."""
        from experiments.battery.limits import Losses
        from experiments.sandbox import fight

        rows, sizes = [], (120, 240, 480, 960)
        for k in range(self.effort.losses):
            men = fight(sizes[k % 4], sizes[(k // 4) % 4], 500 + k, aimed=aimed, steps=4, rate=0.02 if aimed else 0.01)
            rows.append((men[:, 0].mean(), men[:, 1].mean(), men[0, 0] - men[-1, 0]))
        return Losses(*np.array(rows).T)

    def laws_hold(self) -> bool:
        """Whether T1 to T4 pass in this engine."""
        return all(card.judge(r, self.get).is_pass for r in card.rows()[:4])

    # Battles

    def engagements(self) -> Any:
        from experiments.battery import battles

        return battles.fight_all(battles.circumstances(self.effort.engagements), self.workers)

    def sizes(self) -> Any:
        from experiments.battery import battles

        return battles.fight_all(battles.sizes(self.effort.repeats), self.workers)

    def watched(self) -> Any:
        from experiments.battery import battles

        return battles.fight_all(battles.attacks(self.effort.watched), self.workers, watched=True)

    def long_fights(self) -> Any:
        from experiments.battery import battles

        return battles.fight_all(battles.long_fights(2 * self.effort.repeats), self.workers)

    def sandbox_steps(self) -> list[np.ndarray]:
        from experiments.sandbox import fight

        return [-np.diff(fight(2000, 2000, seed, rate=0.002, steps=80)[:, 0]) for seed in range(1, 4 * self.effort.repeats + 1)]

    def weapons_defender(self) -> np.ndarray:
        return self._weapons("defender", 0)

    def weapons_attacker(self) -> np.ndarray:
        return self._weapons("attacker", 1)

    def _weapons(self, side: str, sufferer: int) -> np.ndarray:
        from experiments.battery import battles

        fought = battles.fight_all(battles.weapons(self.effort.repeats, side), self.workers)
        return np.array([f.lost[-1][sufferer] for f in fought]).reshape(len(battles.WEAPONS), -1)

    def weapons_sandbox(self) -> np.ndarray:
        from experiments.battery.battles import WEAPONS
        from experiments.sandbox import fight

        def lost(weapon: float, seed: int) -> float:
            men = fight(2000, 2000, seed, rate=0.004, steps=8, weapon=(1.0, weapon))
            return float(men[0, 0] - men[-1, 0])

        return np.array([[lost(w, 100 * k + r) for r in range(self.effort.repeats)] for k, w in enumerate(WEAPONS)])

    def employment(self) -> Any:
        from experiments.battery import battles

        orders = battles.employment(self.effort.repeats)
        return {k: np.array([f.attack_loss for f in battles.fight_all(v, self.workers)]) for k, v in orders.items()}

    # Twins

    def base_arm(self) -> Any:
        return self._arm("base")

    def step_arm(self) -> Any:
        return self._arm("step", step_hours=3.0)

    def cell_arm(self) -> Any:
        return self._arm("cell", cell_km=0.5)

    def _arm(self, name: str, **changes: float) -> Any:
        """Measures of the last day by seed, for one step and cell."""
        from experiments.battery.limits import INVARIANT
        from experiments.battery.twins import study

        if not self.effort.arms:
            raise card.Absent(card.NOT_RUN, "150 runs of 120 days: left out of a quick card")
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

    def _swept(self, wanted: Any) -> Results:
        """The runs of a study, those that are missing made now."""
        from experiments.results import load
        from experiments.runs import code_key
        from experiments.sweep import sweep

        folder = self.out / f"runs-{code_key()[:8]}" / f"{wanted.name}-{wanted.key[:8]}"
        told = sweep(wanted, folder, workers=self.workers, quiet=self.quiet)
        if told.stopped:
            raise KeyboardInterrupt
        if told.problem:
            raise InputError(told.problem)
        return load(folder)

    def kill_zones(self) -> dict[float, np.ndarray]:
        from experiments.battery.twins import ARMOR, KILL_ZONES, study

        wanted = study("t20", {"kill_zone_scale": list(KILL_ZONES)}, self.effort.twin_days, self.effort.twins, [*ARMOR, "casualties_attacker"])
        found = self._swept(wanted)
        lost = sum(found.matrix(name) for name in ARMOR)
        table = 1000 * lost / found.matrix("casualties_attacker")
        return dict(zip(KILL_ZONES, table.to_numpy(float)))

    def dated_rules(self) -> list[str]:
        from experiments.battery.twins import dated_rules

        return dated_rules()

    def works_arms(self) -> dict[tuple[bool, bool], np.ndarray]:
        from experiments.battery.twins import study

        factors = {"works.enabled": [True, False], "arrive.feedback": [True, False] if self.effort.arms else [True]}
        if not self.effort.arms:
            del factors["arrive.feedback"]
        found = self._swept(study("t23", factors, self.effort.belt_days, self.effort.twins, ["held_km2"]))
        net = found.matrix("held_km2") - found.matrix("held_start_km2")
        arms = {}
        for point, levels in found.points.iterrows():
            arms[bool(levels["works.enabled"]), bool(levels.get("arrive.feedback", True))] = net.loc[point].to_numpy(float)
        return arms

    def rotation_arms(self) -> Any:
        from experiments.battery.twins import INTERVALS, study

        chosen = INTERVALS if self.effort.levels == len(INTERVALS) else (INTERVALS[0], INTERVALS[-1])
        wanted = study("t25", {"decide.rotation_interval_days": list(chosen)}, self.effort.twin_days, self.effort.twins, ["infiltrations_through"])
        found = self._swept(wanted)
        table = found.matrix("infiltrations_through").T
        table.columns = [float(v) for v in found.points["decide.rotation_interval_days"]]
        return table

    def salient_alone(self) -> np.ndarray:
        return self._salients(0.0)

    def salient_fed(self) -> np.ndarray:
        from experiments.battery.twins import FOLLOW

        return self._salients(FOLLOW)

    def _salients(self, follow: float) -> np.ndarray:
        from experiments.battery.battles import many

        seeds = range(1, self.effort.salients + 1)
        return np.array(many(_held_after, [(seed, follow) for seed in seeds], self.workers))

    # The ensemble and the record

    @cached_property
    def ensemble_folder(self) -> Path:
        """The folder of the ensemble: the one given, or one of our own with the runs that are asked for."""
        from experiments.runs import code_key

        if self.ensemble is not None:
            return Path(self.ensemble)
        folder = self.out / f"runs-{code_key()[:8]}" / "ensemble"
        make_ensemble(folder, self.effort.ensemble, self.workers, self.quiet)
        return folder

    def results(self) -> Results:
        from experiments.results import load

        return checked_ensemble(load(self.ensemble_folder), record.START, record.END)

    def strengths(self) -> list[Any]:
        from experiments.battery.patterns import Strengths

        out = []
        for _, daily in self.get("results").daily.groupby("run"):
            columns = [daily.sort_values("day")[[f"{name}_attacker", f"{name}_defender"]].to_numpy(float) for name in ("casualties", "infantry")]
            out.append(Strengths(np.diff(columns[0], axis=0), columns[1][:-1]))
        return out

    def seen(self) -> list[Seen]:
        return seen_of(self.get("results"))

    def areas(self) -> dict[str, Any]:
        return {name: record.areas(name) for name in ("box", "direction")}

    def states(self) -> dict[str, np.ndarray]:
        return record.states()

    def losses(self) -> dict[str, np.ndarray]:
        return record.losses()

    def places(self) -> record.Places:
        return record.places()

    def rasters_or_none(self) -> record.Rasters | None:
        return self.rasters_found

    def validation(self) -> Any:
        from experiments.results import load
        from experiments.battery import skill

        sights = None
        if self.open_folder is not None:
            sights = sights_of(checked_ensemble(load(self.open_folder), skill.OPEN, record.END))
        return skill.validation(sights, self.rasters_found)


def _held_after(job: tuple[int, float]) -> float:
    from experiments.salient import held_after

    return held_after(job[0], follow=job[1])


def make_ensemble(folder: Path, runs: int, workers: int, quiet: bool) -> None:
    """`pokrovsk run` of the baseline with the maps of every run; what is there already is kept."""
    from experiments.command import carry_out
    from experiments.order import Order

    with contextlib.redirect_stdout(io.StringIO()):
        code = carry_out(Order(scenario=BASELINE, runs=runs, workers=workers, maps="all", out=folder, quiet=quiet))
    if code == 130:
        raise KeyboardInterrupt
    if code == 2:
        raise InputError(f"--out: the ensemble could not be written to {str(folder)!r}.")


def checked_ensemble(found: Results, start: Any, end: Any) -> Results:
    """The same results, or InputError when they are not runs of the baseline's box over these dates with daily rows and maps."""
    import datetime as dt

    done = found.done
    if len(done) < 2:
        raise InputError(f"{found.label}: {len(done)} finished run(s); an ensemble needs two or more ({LEAST_RUNS} for a verdict).")
    first = {str(v)[:10] for v in done["start"]}
    days = int(done["days"].min())
    if first != {start.isoformat()} or start + dt.timedelta(days=days) < end:
        told = f"{min(first)} and {days} days"
        raise InputError(f"{found.label}: runs from {told}; needed: from {start} to {end} or later.")
    if found.read_daily is None or found.read_maps is None:
        raise InputError(f"{found.label}: no daily rows or no maps; make it with `pokrovsk run --maps all`.")
    return found


def sights_of(found: Results) -> list[Any]:
    """Every run that has maps, as the record would have shown it."""
    from experiments import observe
    from sim.scenario import load_scenario
    from sim.sector import build_sector

    maps = found.read_maps()
    ny, nx = maps["control"].shape[-2:]
    scenario = load_scenario(BASELINE)
    start = str(found.done["start"].iloc[0])[:10]
    import datetime as dt

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
            out.append(observe.sight(maps["control"][k].to_numpy(), scenario, luck, direction, record.END))
    return out


BOOKS = {
    "attacker": ("casualties_attacker",),
    "casualties_defender": ("casualties_defender",),
    "defender_rear": ("casualties_defender_way", "casualties_defender_rear"),
    "drone": ("casualties_attacker_drone",),
    "armor": ("armor_destroyed_attacker", "armor_abandoned_attacker"),
    "groups": ("attacks", "mounted_attacks", "infiltrations"),
}


def seen_of(found: Results) -> list[Seen]:
    """Runs of an ensemble as the rows of this battle read them."""
    import datetime as dt

    from experiments.battery.fronts import contour_dimension
    from experiments.battery.history import Seen
    from experiments.observe import claimed
    from sim.geometry import envelopment, front_length

    city = next(r for r in record.seeds.table("settlements") if r["id"] == "pokrovsk")
    at = float(city["x_km"]), float(city["y_km"])
    places = record.places()
    daily = dict(iter(found.daily.sort_values("day").groupby("run")))
    runs = [int(r) for r in found.read_maps()["run"].to_numpy() if int(r) in daily]
    out = []
    for run, s in zip(runs, sights_of(found), strict=True):
        table = daily[run]
        total = lambda names: table[list(names)].to_numpy(float).sum(axis=1)  # noqa: B023, E731
        books = {name: total(names) for name, names in BOOKS.items()}
        books["casualties"] = claimed(books["attacker"])
        books["casualties_direction"] = claimed(table["casualties_attacker_direction"].to_numpy(float))
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


def effort(quick: bool, runs: int | None) -> Effort:
    """How much to run; `runs` sets the size of an ensemble that has to be made."""
    chosen = QUICK if quick else FULL
    return replace(chosen, ensemble=runs) if runs else chosen


def needed(rows: Sequence[card.Row]) -> bool:
    """True when some row reads the ensemble."""
    return any({"seen", "strengths"} & set(r.needs) for r in rows)
