"""Commands about studies: from the runs that a question takes to the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.options import Measures, Quiet, Scheduler, Workers

app = typer.Typer()


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
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the studies' runs and of the answers; else runs/claims, with --sets runs/claims-fitted."),
    ] = None,
    sets: Annotated[str | None, typer.Option(metavar="N", help="Ask N sets of the posterior instead of the defaults.")] = None,
    posterior: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of another posterior than the shipped one.")] = None,
    beside: Annotated[Path | None, typer.Option(metavar="FILE", help="Earlier answers (claims.json), told beside the new ones.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    made_only: Annotated[bool, typer.Option("--made-only", help="Answer from the runs that are there; make none.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the answers as JSON and nothing else.")] = False,
    quiet: Quiet = False,
) -> int:
    """Answer the claims of the founding analysis: effect, interval, verdict."""
    from experiments.verdicts import carry_out

    folder = out or Path("runs/claims-fitted" if sets else "runs/claims")
    return carry_out(names or [], folder, workers, scheduler, made_only, json_, quiet, sets, posterior, beside)


@app.command()
def excerpt(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep.")],
    to: Annotated[Path, typer.Argument(metavar="TO", help="Folder of the small copy.")],
) -> None:
    """Copy a sweep's final figures to a small folder, to be kept with the code."""
    from experiments.excerpt import excerpt as made

    print(made(folder, to))
