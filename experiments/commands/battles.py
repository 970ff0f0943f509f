"""Commands about battles: make one, watch one, measure their speed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.options import Quiet

app = typer.Typer()


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
