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
)


# The calibration


def _calibrate(plan: Calibration, folder: Path, runner: SweepRunner, ship: bool, only_budget: bool) -> int:
    import shutil

    import seeds
    from experiments.calibration import fitting
    from experiments.calibration.implausibility import ObservedTargets
    from experiments.runs.pace import seconds_a_run
    from experiments.sweep.runner import cost
    from sim.errors import InputError

    if any(t.observed is None for t in plan.target):
        raise InputError(f"{plan.name}: its targets have no observed values; allowed for it: --recover.")
    b = plan.budget
    print(
        f"{plan.title or plan.name}: {plan.space.k} parameters, {len(plan.target)} targets, {plan.first} to {plan.last}\n"
        f"{b.waves} waves of {b.points} points x {b.replicates}, then {b.sample} sets x {b.sample_replicates}: "
        f"{cost(b.runs, seconds_a_run(plan.scenario, plan.days), runner.workers)}; emulators take minutes a wave"
    )
    if only_budget:
        return 0
    fitting.checked_folder(plan, folder)
    found = fitting.calibrate(plan, ObservedTargets.of(plan), folder, runner)
    write(found, folder / POSTERIOR)
    print_fit(found)
    print(f"\n{folder / POSTERIOR}: {', '.join(FILES)}")
    if ship:
        place = seeds.path(POSTERIOR)
        place.mkdir(exist_ok=True)
        for name in FILES:
            shutil.copyfile(folder / POSTERIOR / name, place / name)
        print(f"shipped to {place}")
    return 0


def write(found: Fit, folder: Path) -> None:
    """The posterior's files: sample, manifest, what each parameter and each target came to, and a figure."""
    from experiments.calibration import identifiability
    from experiments.calibration.fitting import fit_table
    from experiments.figures.posterior import prior_posterior
    from experiments.storage.files import replacing

    found.posterior.write(folder)
    table = identifiability.table(found.plan.space, found.posterior)
    for name, rows in (("identifiability.csv", table), ("targets.csv", fit_table(found))):
        with replacing(folder / name) as draft:
            rows.to_csv(draft, index=False, float_format="%.6g")
    prior_posterior(found.posterior, table).save(folder / "identifiability", formats=("png", "svg"))


def print_fit(found: Fit) -> None:
    """Prints what came of each target."""
    from rich.table import Table

    from experiments.calibration.fitting import fit_table
    from experiments.cli.console import wide_console
    from sim.view.numbers import significant

    rows = fit_table(found)
    manifest = found.posterior.manifest
    console = wide_console()
    console.print(
        f"[bold]{found.posterior.n} sets, effective {manifest['effective_sets']:g}; {manifest['acceptance']:.0%} of the weight within the cutoff[/]; "
        f"{found.runs:,} runs, {manifest['core_hours']:g} core-hours",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("target", "unit", "record", "runs", "middle 90 %", "distance, sd", ""):
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
            "" if r.inside else "outside",
        )
    console.print(table, highlight=False)


# Recovery, screening, adoption


def _recover(plan: Calibration, n: int, deep: bool, folder: Path, runner: SweepRunner, only_budget: bool) -> int:
    from experiments.calibration import recovery
    from experiments.runs.pace import seconds_a_run
    from experiments.sweep.runner import cost

    b = plan.budget
    each = (b.waves - 1) * b.points * b.replicates + b.sample * b.sample_replicates if deep else 0
    print(
        f"{n} made-up records of {plan.scenario}: {cost(b.points * b.replicates + n * (1 + each), seconds_a_run(plan.scenario, plan.days), runner.workers)}"
    )
    if only_budget:
        return 0
    found = recovery.recover(plan, folder, n, runner, deep=deep)
    _write_recovery(found, folder)
    return 0


def _write_recovery(found: Recovery, folder: Path) -> None:
    from experiments.storage.files import replacing

    with replacing(folder / "recovery.csv") as draft:
        found.table.to_csv(draft, index=False, float_format="%.6g")
    for band in (0.5, 0.9):
        share = found.coverage(band)
        print(
            f"true values inside the {band:.0%} interval: {share.estimate:.0%} (95 % {share.low:.0%} to {share.high:.0%}, n = {share.n})"
        )
    print(f"truths not ruled out: {found.kept.estimate:.0%} of {found.kept.n}")
    print(found.by_parameter().to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    print(f"{folder / 'recovery.csv'}")


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
    waves: Annotated[str | None, typer.Option(metavar="N", help="Waves; else as the calibration says.")] = None,
    points: Annotated[str | None, typer.Option(metavar="N", help="Points of a wave; else as it says.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    budget: Annotated[bool, typer.Option("--budget", help="Print runs and core-hours, and make none.")] = False,
    screen: Annotated[
        bool, typer.Option("--screen", help="Find the parameters that matter and write them into the calibration's file.")
    ] = False,
    recover: Annotated[
        str | None, typer.Option(metavar="N", help="Fit N made-up records with known parameters instead of the record.")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="With --recover: waves and a sample of its own for each of them.")
    ] = False,
    ship: Annotated[bool, typer.Option("--ship", help="Put the posterior into seeds/posterior when it is done.")] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Make the posterior's medoid the defaults of the scenario.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Fit the model to the record in waves of runs, ending with weighted parameter sets; the same command resumes."""
    import sys

    from experiments.calibration.config import load_plan
    from experiments.cli.arguments import whole
    from experiments.cli.extras import require
    from experiments.sweep.runner import SweepRunner, SweepStopped
    from sim.errors import InputError

    plan = load_plan(scenario)
    changed = {"waves": whole("--waves", waves, 1, 20), "points": whole("--points", points, 8, 20_000)}
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
        require("sklearn", "SALib")
    cores = whole("--workers", workers, 1, 1024)
    runner = SweepRunner(cores, scheduler, quiet)
    try:
        if adopt:
            return _adopt(plan, out)
        if n:
            return _recover(plan, n, deep, out or Path("runs") / f"recovery-{plan.scenario}", runner, budget)
        if screen:
            return _screen(plan, scenario, out or Path("runs") / "calibration-screening", runner, budget)
        return _calibrate(plan, out or Path("runs") / f"calibration-{plan.scenario}", runner, ship, budget)
    except SweepStopped:
        print("pokrovsk: stopped; the same command goes on.", file=sys.stderr)
        return 130
