"""Commands about the record: how well the model meets it, what fits it, and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.options import OtherPosterior, Quiet, Scheduler, Workers

app = typer.Typer()


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
        Path | None, typer.Option("--open", metavar="DIR", help="Runs of `pokrovsk forecast --from 2025-05-01`, for T28.")
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
