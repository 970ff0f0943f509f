"""The command line: `pokrovsk run`, and what there is to look up.

Imports are made where they are used, so that `--help` answers at once. Bad input of any kind ends with exit code 2 and
one line on standard error.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="pokrovsk",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="An open simulation of drone-era land war: the battle for the Pokrovsk sector.",
)

# Options that several commands have
Workers = Annotated[str | None, typer.Option(metavar="N", help="Processes; else one a core.")]
Scheduler = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Dask cluster that computes: tcp://HOST:PORT.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Measures = Annotated[
    list[str] | None, typer.Option("--measure", metavar="M", help="A measure; may be repeated. Else a few.")
]
OtherPosterior = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of another posterior than the shipped one.")
]


def main(args: list[str] | None = None) -> None:
    """Entry point: runs a command and turns bad input into one line and exit code 2."""
    status = _status(args)
    if status == 130:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending already
    sys.exit(status)


def _status(args: list[str] | None) -> int:
    try:
        return app(args=args, prog_name="pokrovsk", standalone_mode=False) or 0
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        line = _one_line(error)
        if line is None:
            raise
        print(f"pokrovsk: {line}", file=sys.stderr)
        return 2


def _one_line(error: Exception) -> str | None:
    """Bad input as one line; None for anything that is our own mistake."""
    if hasattr(error, "format_message"):  # wrong use of an option or command
        text = error.format_message()
    elif "sim.quantity" in sys.modules and isinstance(error, sys.modules["sim.quantity"].InputError):
        text = str(error)
    elif type(error).__name__ == "Abort":
        text = "stopped."
    else:
        return None
    return " ".join(text.split())


def _version(wanted: bool) -> None:
    if wanted:
        from experiments.outputs import git_commit, versions

        commit = git_commit()
        print(f"pokrovsk {versions().get('pokrovsk', 'unknown')}" + (f" ({commit})" if commit else ""))
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Version, and commit in a checkout.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or a TOML file.")] = "pokrovsk-2024",
    start: Annotated[str | None, typer.Option(metavar="DATE", help="First day (2024-07-08).")] = None,
    days: Annotated[str | None, typer.Option(metavar="N", help="How many days; else to the scenario's end.")] = None,
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the first run.")] = "1",
    runs: Annotated[str, typer.Option(metavar="N", help="Runs, with seeds SEED, SEED+1, ...")] = "1",
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; else one a core, at most one a run.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A parameter by key or short name; may be repeated."),
    ] = None,
    cell_km: Annotated[str | None, typer.Option(metavar="X", help="Edge of a cell in km.")] = None,
    step_hours: Annotated[str | None, typer.Option(metavar="H", help="Length of a step in hours.")] = None,
    front: Annotated[
        str | None, typer.Option(metavar="FILE", help="Ground held at the start: GeoJSON or 0/1 raster.")
    ] = None,
    maps: Annotated[str, typer.Option(help="Runs whose daily maps are kept: first (16), all or none.")] = "first",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the results; else runs/SCENARIO-SEED.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what the folder holds.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")] = False,
    quiet: Quiet = False,
    check: Annotated[
        bool, typer.Option("--check", help="Verify the books of men and vehicles after every step.")
    ] = False,
) -> int:
    """Run a battle; print a short table and write its results to a folder."""
    from experiments.command import carry_out
    from experiments.order import Order

    return carry_out(
        Order(
            scenario=scenario,
            start=start,
            days=days,
            seed=seed,
            runs=runs,
            workers=workers,
            settings=set_ or [],
            cell_km=cell_km,
            step_hours=step_hours,
            front=front,
            maps=maps,
            out=out,
            force=force,
            json=json_,
            quiet=quiet,
            check=check,
        )
    )


@app.command()
def sweep(
    study: Annotated[str, typer.Argument(help="Name of a study, or a TOML file.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the results; else runs/STUDY.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    limit: Annotated[str | None, typer.Option(metavar="N", help="Make at most so many runs now.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sweep even if the study needs very many runs.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Make runs again that failed.")] = False,
    quiet: Quiet = False,
) -> int:
    """Make the runs of a study that its folder does not hold yet; the same command resumes."""
    if not scheduler:
        from experiments.workers import warm

        warm()  # kernels are loaded while the rest is
    from experiments.sweep import carry_out

    return carry_out(
        study,
        out=out,
        workers=workers,
        scheduler=scheduler,
        limit=limit,
        yes=yes,
        retry_failed=retry_failed,
        quiet=quiet,
    )


@app.command()
def analyse(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep or a run.")],
    measure: Measures = None,
    box: Annotated[
        str | None, typer.Option(metavar="CONDITION", help='Where does this happen: "held_km2 > 900".')
    ] = None,
    precision: Annotated[str | None, typer.Option(metavar="X", help="Of a mean, as a share of it (5%).")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> int:
    """Tell what the factors do, with intervals: effects, indices, shares, and how many seeds it takes."""
    from experiments.analyse import carry_out

    return carry_out(folder, measure, json_, box, precision)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Folder of a sweep or a run.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    measure: Measures = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> int:
    """Tell two folders apart: differences on shared seeds, with intervals, and what was set differently."""
    from experiments.compare import carry_out

    return carry_out(a, b, measure, json_)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep or a run.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The page; else DIR/report.html.")] = None,
) -> int:
    """Write a page that tells the results, with all figures in it; and the figures beside it."""
    from experiments.report import carry_out

    return carry_out(folder, out)


@app.command()
def claims(
    names: Annotated[list[str] | None, typer.Argument(metavar="[C1 ...]", help="Claims by id; all when none is given.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the studies' runs and of the answers.")] = Path("runs/claims"),
    workers: Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes; else one a core.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler instead of local processes.")] = None,
    made_only: Annotated[bool, typer.Option("--made-only", help="Answer from the runs that are there; make none.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the answers as JSON and nothing else.")] = False,
    quiet: Quiet = False,
) -> int:
    """Answer the claims of the founding analysis: effect, interval, verdict."""
    from experiments.verdicts import carry_out

    return carry_out(names or [], out, workers, scheduler, made_only, json_, quiet)


@app.command()
def excerpt(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep.")],
    to: Annotated[Path, typer.Argument(metavar="TO", help="Folder of the small copy.")],
) -> None:
    """Copy a sweep's final figures to a small folder, to be kept with the code."""
    from experiments.excerpt import excerpt as made

    print(made(folder, to))


@app.command()
def validate(
    quick: Annotated[bool, typer.Option("--quick", help="Some minutes: fewer battles, no T14.")] = False,
    only: Annotated[str | None, typer.Option(metavar="T1,...", help="These rows only; others stay as they are.")] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Evidence folder with the rasters of control.")
    ] = None,
    ensemble: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs of the baseline with all maps; else they are made.")
    ] = None,
    open_: Annotated[
        Path | None, typer.Option("--open", metavar="DIR", help="Runs of the fitted model from 2025-05-01, for T28.")
    ] = None,
    runs: Annotated[str | None, typer.Option(metavar="N", help="Runs of an ensemble that is made (16; quick: 4).")] = None,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the card; else runs/scorecard.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the card as JSON and nothing else.")] = False,
    quiet: Quiet = False,
) -> int:
    """Judge the model by the rows T1 to T28 and write the scorecard; the same command resumes."""
    from experiments.validate import carry_out

    return carry_out(
        only=only,
        quick=quick,
        record=record,
        ensemble=ensemble,
        open_=open_,
        runs=runs,
        workers=workers,
        out=out,
        json_=json_,
        quiet=quiet,
    )


@app.command()
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
    budget: Annotated[bool, typer.Option("--budget", help="Tell runs and core-hours, and make none.")] = False,
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
    from experiments.calibration.command import carry_out

    return carry_out(
        scenario,
        out=out,
        waves=waves,
        points=points,
        workers=workers,
        scheduler=scheduler,
        budget=budget,
        screen=screen,
        recover=recover,
        deep=deep,
        ship=ship,
        adopt=adopt,
        quiet=quiet,
    )


@app.command()
def forecast(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="Day whose map it starts from.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the forecast.")],
    runs: Annotated[str | None, typer.Option(metavar="N", help="Runs, one parameter set each; else 200.")] = None,
    front: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ground held on that day: GeoJSON or 0/1 raster.")
    ] = None,
    posterior: OtherPosterior = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="NAME", help="Scenario; else the one the posterior was fitted with.")
    ] = None,
    seed: Annotated[str, typer.Option(metavar="N", help="Luck of the draw and of the runs.")] = "1",
    work: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the runs; else runs/forecast-FROM-TO.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> int:
    """Forecast from the posterior, with nothing dated after the first day; the same command resumes."""
    from experiments.forecast import carry_out

    return carry_out(
        first,
        last,
        runs=runs,
        front=front,
        out=out,
        posterior=posterior,
        scenario=scenario,
        seed=seed,
        work=work,
        workers=workers,
        scheduler=scheduler,
        quiet=quiet,
    )


@app.command()
def mission(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page, an HTML file.")],
    runs: Annotated[str | None, typer.Option(metavar="N", help="Parameter sets of each ensemble; else 100.")] = None,
    ensemble: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs over the whole record; else they are made.")
    ] = None,
    recruitment: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs by level of recruitment; else they are made.")
    ] = None,
    posterior: OtherPosterior = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> int:
    """Tell the price of ground, men and years for the rest of the oblast, and culmination, from the posterior."""
    from experiments.mission_page import carry_out

    return carry_out(
        out=out,
        runs=runs,
        ensemble=ensemble,
        recruitment=recruitment,
        posterior=posterior,
        workers=workers,
        scheduler=scheduler,
        quiet=quiet,
    )


@app.command()
def scenarios(
    copy: Annotated[
        tuple[str, Path] | None, typer.Option(metavar="NAME FILE", help="Copy a scenario to a file, to change it.")
    ] = None,
) -> None:
    """List the scenarios, or copy one."""
    from experiments import listing

    listing.copy_scenario(*copy) if copy else listing.print_scenarios()


@app.command()
def params(pattern: Annotated[str, typer.Argument(help="Part of a key, name, meaning or source.")] = "") -> None:
    """List the parameters: key, short name, value, unit, range, role, source."""
    from experiments import listing

    listing.print_params(pattern)


@app.command()
def facts(pattern: Annotated[str, typer.Argument(help="Part of an id, quantity, source or theme.")] = "") -> None:
    """List the cited facts."""
    from experiments import listing

    listing.print_facts(pattern)


@app.command()
def measures() -> None:
    """List the measures: name, unit, running total, daily value or state, meaning."""
    from experiments import listing

    listing.print_measures()


@app.command()
def studies(name: Annotated[str | None, typer.Argument(help="Name of a study, or a TOML file.")] = None) -> None:
    """List the studies, or show one with its factors and first points."""
    from experiments import listing

    listing.print_study(name) if name is not None else listing.print_studies()


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="What to measure: battle, sweep, or view (the page).")] = "battle",
    peers: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the skirmish benchmark, for the C row.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Shorter rows.")] = False,
) -> None:
    """Measure speed and memory, all in one run."""
    if what == "view":
        from sim.view.page.bench import measure

        return measure(quick)
    if what == "sweep":
        from experiments.bench_sweep import run as measure

        return measure(quick)
    from experiments import bench as measured

    measured.run(what, peers, quick)


@app.command()
def view(
    scenario: Annotated[str | None, typer.Argument(help="Name of a scenario, or a TOML file.")] = None,
    run_: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="Replay what `pokrovsk run` or `sweep` wrote to this folder.")
    ] = None,
    member: Annotated[
        str, typer.Option(metavar="WHICH", help="Of several runs: median, low or high by ground held, or a seed (of a sweep: a number).")
    ] = "median",
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the battle.")] = "1",
    port: Annotated[int | None, typer.Option(metavar="N", help="Port; else the first free one from 8765.")] = None,
    host: Annotated[str, typer.Option(metavar="H", help="Address to listen on; else this machine only.")] = "127.0.0.1",
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write pictures of the page to this folder and stop (Chromium).")
    ] = None,
) -> None:
    """Watch a battle in the browser: step it, move levers, compare two courses, replay a run."""
    if pictures is not None:
        from sim.view.page.pictures import take

        return take(pictures, scenario or "pokrovsk-2024", seed)
    from experiments import watch

    watch.view(scenario, run_, member, seed=seed, host=host, port=port, browser=open_)


if __name__ == "__main__":
    main()
