"""What `pokrovsk calibrate` does: tells the budget, makes the waves, and writes the posterior with what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Quiet, Scheduler, Workers

if TYPE_CHECKING:
    from experiments.calibration.config import Calibration
    from experiments.calibration.fitting import Fit
    from experiments.calibration.recovery import Recovery
    from experiments.sweep.runner import SweepRunner

POSTERIOR = "posterior"  # folder of what comes out, within that of the calibration
FILES = (
    "sample.csv",
    "manifest.toml",
    "identifiability.csv",
    "identifiability.png",
    "identifiability.svg",
    "targets.csv",
    "informative.csv",
)


# The calibration


def _calibrate(plan: Calibration, folder: Path, runner: SweepRunner, ship: bool, only_budget: bool) -> int:
    import seeds
    from experiments.calibration import fitting
    from experiments.calibration.implausibility import ObservedTargets
    from experiments.calibration.wave_tables import FOLDER
    from experiments.storage.files import copied
    from experiments.sweep.runner import log
    from sim.errors import InputError

    if any(t.observed is None for t in plan.target):
        raise InputError(f"{plan.name}: its targets have no observed values; allowed for it: --recover.")
    b = plan.budget
    weigh = sum(t.weigh for t in plan.target)
    print(
        f"{plan.title or plan.name}: {plan.space.k} parameters, {weigh} targets that weigh and {len(plan.target) - weigh} that only rule out, "
        f"{plan.first} to {plan.last}\n"
        f"{b.first_points} points x {b.first_replicates}, {b.waves - 1} waves of {b.points} points x {b.replicates} (up to "
        f"{max(b.most_waves, b.waves) - 1}, until emulators predict), then {b.sample} sets x {b.sample_replicates}: "
        f"{_cost(plan, b.runs, b.points_in_all, runner)}"
    )
    if only_budget:
        return 0
    fitting.checked_folder(plan, folder)
    home = seeds.path(POSTERIOR)
    shipped = (lambda file: copied(file, home / FOLDER / file.name)) if ship else (lambda file: None)
    found = fitting.calibrate(plan, ObservedTargets.of(plan), folder, runner, log, done=shipped)
    write(found, folder / POSTERIOR)
    print_fit(found)
    print(f"\n{folder / POSTERIOR}: {', '.join(FILES)}")
    if ship:
        for name in FILES:
            copied(folder / POSTERIOR / name, home / name)
        for file in (home / FOLDER).glob("*-*.*"):
            if file.stem not in {w.name for w in found.fitting.waves}:
                file.unlink()  # of an earlier calibration with more waves
        print(f"shipped to {home}")
    return 0


def _cost(plan: Calibration, runs: int, points: int, runner: SweepRunner) -> str:
    """Long and auxiliary battles in words, by a few that are timed now."""
    from experiments.calibration import auxiliary
    from experiments.runs.pace import seconds_a_run
    from experiments.sweep.runner import cost

    watched = any(t.battle == "watched" for t in plan.target)
    small, watch = auxiliary.seconds(plan.engagement_odds, plan.budget.engagements, watched, plan.scenario)
    more = runs * small + points * watch
    long = cost(runs, seconds_a_run(plan.scenario, plan.days), runner.workers)
    return f"{long}, and {more / 3600:.1f} core-hours of auxiliary battles; emulators take minutes a wave"


def write(found: Fit, folder: Path) -> None:
    """The posterior's files: sample, manifest, what each parameter and each target came to, and a figure."""
    from experiments.calibration import identifiability, informative
    from experiments.calibration.fitting import fit_table
    from experiments.figures.posterior import prior_posterior
    from experiments.storage.files import replacing

    found.posterior.write(folder)
    table = identifiability.table(found.plan.space, found.posterior)
    of_runs = informative.table(found.plan, found.fitting.waves[0].table)
    for name, rows in (("identifiability.csv", table), ("targets.csv", fit_table(found)), ("informative.csv", of_runs)):
        with replacing(folder / name) as draft:
            rows.to_csv(draft, index=False, float_format="%.6g")
    prior_posterior(found.posterior, table).save(folder / "identifiability", formats=("png", "svg"))


def print_fit(found: Fit) -> None:
    """Prints what came of each target."""
    from rich.table import Table

    from experiments.calibration.fitting import fit_table
    from experiments.calibration.importance import GOOD_K
    from experiments.cli.console import wide_console
    from sim.view.numbers import significant

    rows = fit_table(found)
    manifest = found.posterior.manifest
    console = wide_console()
    console.print(
        f"[bold]{found.weights}[/]; {manifest['acceptance']:.0%} of the weight within the cutoff; "
        f"{found.runs:,} runs, {manifest['core_hours']:g} core-hours",
        highlight=False,
    )
    if found.weights.effective < found.plan.budget.aim or not found.weights.is_good:
        console.print(
            f"Aimed at: effective size {found.plan.budget.aim}, Pareto k at most {GOOD_K:g}. With --samples {found.plan.budget.samples + 1} the same "
            "command draws another sample.",
            highlight=False,
        )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("target", "unit", "record", "runs", "middle 90 %", "distance, sd", "R2", "of", ""):
        table.add_column(head, justify="left" if head in ("target", "unit", "") else "right")
    for r in rows.itertuples():
        band = f"{significant(r.runs_low)} to {significant(r.runs_high)}"
        table.add_row(
            r.target,
            r.unit,
            significant(r.observed),
            significant(r.runs_median),
            band,
            f"{r.distance:.1f}",
            f"{r.emulator_r2:.2f}",
            f"{r.emulator_most:.2f}",
            "" if r.inside else "outside",
        )
    console.print(table, highlight=False)


# Recovery, screening, adoption


def _recover(plan: Calibration, n: int, deep: bool, folder: Path, runner: SweepRunner, only_budget: bool) -> int:
    from experiments.calibration import fitting, recovery

    b = plan.budget
    first, points = b.first_points * b.first_replicates, b.first_points
    if deep:
        first, points = first + n * (b.runs - first), points + n * (b.points_in_all - points)
    words = "with waves of its own for each" if deep else "by the first wave alone"
    print(f"{n} made-up records of {plan.scenario}, {words}: at most {_cost(plan, first, points, runner)}; runs that the folder has are not made again")
    if only_budget:
        return 0
    fitting.checked_folder(plan, folder)
    found = recovery.recover(plan, folder, n, runner, deep=deep)
    _write_recovery(found, folder / ("recovery-waves.csv" if deep else "recovery.csv"))
    return 0


def _write_recovery(found: Recovery, file: Path) -> None:
    from experiments.storage.files import replacing

    with replacing(file) as draft:
        found.table.to_csv(draft, index=False, float_format="%.6g")
    for level in found.levels:
        of = found.of(level)
        print(f"\nlevel {level}: {of.kept.n} records, effective size {of.effective:.0f} (median)")
        for band in (0.5, 0.9):
            share = of.coverage(band)
            print(f"true values inside the {band:.0%} interval: {share.estimate:.1%} (95 % {share.low:.1%} to {share.high:.1%}, n = {share.n})")
        print(f"truths not ruled out: {of.kept.estimate:.0%} of {of.kept.n}")
        print(of.by_parameter().to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    print(f"\n{file}")


def _screen(plan: Calibration, source: str, folder: Path, runner: SweepRunner, only_budget: bool) -> int:
    from experiments.calibration import screening
    from experiments.runs.pace import seconds_a_run
    from experiments.studies.files import load_study
    from experiments.sweep.runner import cost

    groups = load_study(plan.screening.groups)
    group = seconds_a_run(plan.scenario, groups.days or plan.days)
    print(f"groups of parameters: {cost(groups.n_runs, group, runner.workers)}")
    numbers = [f for f in groups.factor_list if f.declared and not f.declared.is_switch]
    at_most = plan.screening.trajectories * (len(numbers) + 1) * plan.screening.replicates
    print(
        f"then one by one, if every group matters: at most {cost(at_most, seconds_a_run(plan.scenario, plan.screening.days), runner.workers)}"
    )
    if only_budget:
        return 0
    screening.screen(plan, source, folder, runner)
    return 0


def _adopt(plan: Calibration, folder: Path | None) -> int:
    from pathlib import Path

    import seeds
    from experiments.calibration import posterior
    from experiments.calibration.adoption import adopt
    from sim.errors import InputError

    found = posterior.load(folder / POSTERIOR if folder is not None else None)
    if found.manifest.get("scenario") != plan.scenario:
        raise InputError(
            f"the posterior is one of scenario {found.manifest.get('scenario')!r}; it cannot be adopted by {plan.scenario!r}."
        )
    file = (
        seeds.path("scenarios", f"{plan.scenario}.toml") if not plan.scenario.endswith(".toml") else Path(plan.scenario)
    )
    adopt(found, file)
    print(f"{file}: {len(found.keys)} parameters are the medoid of the posterior now")
    return 0


def calibrate(
    scenario: Annotated[
        str, typer.Option(metavar="NAME", help="Scenario whose calibration is meant, or the calibration's TOML file.")
    ] = "pokrovsk-2024",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the waves; else runs/calibration-SCENARIO.")
    ] = None,
    waves: Annotated[str | None, typer.Option(metavar="N", help="Waves at least; else as the calibration says.")] = None,
    points: Annotated[str | None, typer.Option(metavar="N", help="Points of each later wave; else as it says.")] = None,
    samples: Annotated[str | None, typer.Option(metavar="N", help="Samples at most, until the effective size is reached; else as it says.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    budget: Annotated[bool, typer.Option("--budget", help="Print runs and core-hours, and make none.")] = False,
    screen: Annotated[
        bool, typer.Option("--screen", help="Find the parameters that matter and write them into the calibration's file.")
    ] = False,
    recover: Annotated[
        str | None, typer.Option(metavar="N", help="Fit made-up records of N runs with known parameters instead of the record; by the first wave, whose runs they are.")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="With --recover: waves and a sample of its own for each of them (the cost of N calibrations).")
    ] = False,
    ship: Annotated[bool, typer.Option("--ship", help="Put the table of each wave into seeds/posterior/tables as it is done, and the posterior into seeds/posterior at the end.")] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Make the posterior's medoid the defaults of the scenario.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Fit the model to the record in waves of runs, ending with weighted parameter sets; the same command resumes, with more --samples too."""
    import sys

    from experiments.calibration.config import load_plan
    from experiments.cli.arguments import whole
    from experiments.cli.extras import require
    from experiments.sweep.runner import SweepRunner, SweepStopped
    from sim.errors import InputError

    plan = load_plan(scenario)
    changed = {"waves": whole("--waves", waves, 1, 20), "points": whole("--points", points, 8, 20_000), "samples": whole("--samples", samples, 1, 20)}
    plan = plan.model_copy(
        update={"budget": plan.budget.model_copy(update={k: v for k, v in changed.items() if v is not None})}
    )
    n = whole("--recover", recover, 1, 1000)
    many = [name for name, asked in (("--recover", n), ("--screen", screen), ("--adopt", adopt)) if asked]
    if len(many) > 1:
        raise InputError(f"{' and '.join(many)}: one at a time.")
    if deep and not n:
        raise InputError("--deep: for --recover only.")
    if not (budget or adopt):
        require("sklearn", "SALib", "statsmodels", "arviz_stats")
    cores = whole("--workers", workers, 1, 1024)
    runner = SweepRunner(cores, scheduler, quiet)
    try:
        if adopt:
            return _adopt(plan, out)
        folder = out or Path("runs") / f"calibration-{plan.scenario}"
        if n:
            return _recover(plan, n, deep, folder, runner, budget)
        if screen:
            return _screen(plan, scenario, out or Path("runs") / "calibration-screening", runner, budget)
        return _calibrate(plan, folder, runner, ship, budget)
    except (SweepStopped, KeyboardInterrupt):
        print("pokrovsk: stopped; the same command goes on.", file=sys.stderr)
        return 130
