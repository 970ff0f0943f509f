"""`pokrovsk forecast`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import OtherPosterior, Quiet, Scheduler, Workers

if TYPE_CHECKING:
    from experiments.forecasting.published_forecast import ForecastWindow, PublishedForecast


def forecast(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="Day whose map it starts from.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the forecast.")],
    runs: Annotated[str | None, typer.Option(metavar="N", help="Runs, one parameter set each; else 200.")] = None,
    front: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ground held on that day: GeoJSON (FILE@DATE picks a date in it) or 0/1 raster.")
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
    from experiments.calibration import posterior as calibration_posterior
    from experiments.cli.arguments import whole
    from experiments.forecasting.files import manifest_of, write
    from experiments.forecasting.forecast import MOST_RUNS, RUNS, forecast_window, scenario_for
    from experiments.forecasting.forecast import forecast as made
    from experiments.runs import identity
    from experiments.sweep.runner import SweepRunner, SweepStopped, log
    from sim.errors import InputError

    window = forecast_window(first, last)
    n = whole("--runs", runs, 2, MOST_RUNS) or RUNS
    luck = whole("--seed", seed, 1, 2**31)
    cores = whole("--workers", workers, 1, 1024)
    sets = calibration_posterior.load(posterior)
    battle, left = scenario_for(window, scenario or sets.manifest.get("scenario", identity.BASELINE), front)
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {str(out)!r} is a file; allowed: a folder.")
    place = work or Path("runs") / f"forecast-{window.first}-{window.last}"
    try:
        found = made(window, battle, sets, n, luck, place, SweepRunner(cores, scheduler, quiet))
    except SweepStopped:
        log("stopped; the same command goes on.")
        return 130
    files = write(out, manifest_of(window, battle, left, sets, found, luck, front, place / "runs"), found)
    print_forecast(found, window)
    print(f"\n{out}: {', '.join(f.name for f in files)} (runs in {place})")
    if found.n < n:
        log(f"{n - found.n} runs failed and are left out.")
        return 1
    return 0


def print_forecast(found: PublishedForecast, window: ForecastWindow) -> None:
    """Prints the forecast of monthly gains."""
    from rich.table import Table

    from experiments.analysis.intervals import few_runs
    from experiments.cli.console import wide_console
    from experiments.forecasting.files import summary_of
    from sim.view.numbers import significant

    console = wide_console()
    console.print(
        f"[bold]{window.first} to {window.last}[/], {found.n} runs, as the record would publish it; median (middle 90 %), km2",
        highlight=False,
    )
    if few_runs(found.n):
        console.print(f"{few_runs(found.n)}.", style="yellow", highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for head in ("month", "net, box", "net, Pokrovsk direction"):
        table.add_column(head, justify="left" if head == "month" else "right")
    for row in summary_of(found):
        cells = [
            f"{significant(row[w]['50%'])} ({significant(row[w]['5%'])} to {significant(row[w]['95%'])})"
            for w in ("net_box_km2", "net_direction_km2")
        ]
        table.add_row(row["month"], *cells)
    console.print(table, highlight=False)
