"""`pokrovsk run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Csv, Plugins, Quiet

if TYPE_CHECKING:
    from typing import Any

    from rich.console import Console

    from experiments.sweep.ensemble import EnsembleOutcome, RunRequest

PICTURE_DAYS = 7  # pictures are drawn of runs so long: on fewer days little moves, and drawing takes longer than the run


def run(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, a TOML file, or the manifest.toml of a run.")] = "pokrovsk-2024",
    start: Annotated[str | None, typer.Option(metavar="DATE", help="First day (2024-07-08).")] = None,
    days: Annotated[str | None, typer.Option(metavar="N", help="How many days; else to the scenario's end.")] = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Seed of the first run; else 1.")] = None,
    runs: Annotated[str | None, typer.Option(metavar="N", help="Runs, with seeds SEED, SEED+1, ...; else 1.")] = None,
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
        str | None, typer.Option(metavar="FILE", help="Ground held at the start: GeoJSON (FILE@DATE picks a date in it) or 0/1 raster.")
    ] = None,
    plugin: Plugins = None,
    stop_when: Annotated[
        str | None, typer.Option("--stop-when", metavar="CONDITION", help='A run ends on the first day on which this holds: "held_km2 > 900".')
    ] = None,
    maps: Annotated[str, typer.Option(help="Runs whose daily maps are kept: first (16), all or none.")] = "first",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the results; else runs/SCENARIO-SEED.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what the folder holds.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")] = False,
    csv: Csv = False,
    quiet: Quiet = False,
    check: Annotated[
        bool, typer.Option("--check", help="Verify the books of men and vehicles after every step.")
    ] = False,
) -> int:
    """Run a battle; print a short table and write its results to a folder."""
    from experiments.sweep.ensemble import RunRequest

    return run_request(
        RunRequest(
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
            plugins=plugin or [],
            stop_when=stop_when,
            maps=maps,
            out=out,
            force=force,
            json=json_,
            csv=csv,
            quiet=quiet,
            check=check,
        )
    )


def run_request(request: RunRequest) -> int:
    """Makes the runs that are asked for and their files, prints a summary, and draws pictures; returns the exit code."""
    from experiments.cli.arguments import checked
    from experiments.cli.console import check_one_form
    from experiments.reporting.run_pictures import draw_pictures
    from experiments.sweep.ensemble import EnsembleRun

    check_one_form(request.json, request.csv)
    scenario, overrides, seeds = checked(request)
    folder = request.out or Path("runs") / f"{scenario.name}-{seeds[0]}"
    ensemble = EnsembleRun(request, scenario, overrides, folder, seeds)
    try:
        outcome = ensemble.make()
        code = print_outcome(outcome, request.json, request.csv)
        sys.stdout.flush()
        n = outcome.summary.get("n_runs")
        if n and scenario.days >= PICTURE_DAYS:
            draw_pictures(outcome.home, n)
    finally:
        ensemble.close()
    return code


def print_outcome(outcome: EnsembleOutcome, as_json: bool, as_csv: bool) -> int:
    """Prints the summary of an ensemble and what to know of it; returns the exit code."""
    def warn(text: str) -> None:
        print(f"pokrovsk: {text}", file=sys.stderr)

    summary = outcome.summary
    if as_json:
        import json

        print(json.dumps(summary, indent=1, allow_nan=False))
    elif as_csv:
        from experiments.cli.console import print_csv

        print_csv(_figures(summary))
    elif summary.get("n_runs"):
        from experiments.cli.console import wide_console

        console = wide_console()
        print_summary(summary, console)
        console.print(
            f"\n{outcome.home}  ({summary['wall_s']:.1f} s stepping, {summary['ns_per_unit_step']:,.0f} ns per unit-step)",
            style="dim",
            highlight=False,
        )
    for fail in outcome.failed:
        warn(f"run with seed {fail['seed']} failed: {fail['error']}")
    done = f"{summary.get('n_runs', 0)} of {len(outcome.seeds)} runs are done"
    if outcome.problem:
        warn(f"{outcome.folder} could not be written: {outcome.problem}; {done}, and what was computed is in {outcome.home}")
        return 2
    if outcome.stopped:
        warn(f"stopped; {done}, and the same command goes on.")
        return 130
    return 1 if outcome.failed else 0


def _figures(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Median and bands of every figure, a row each."""
    from sim.measures import MEASURES

    rows = []
    for name, figure in summary["ensemble"].items():
        row = {"figure": name, "unit": MEASURES[name].unit if name in MEASURES else "", "median": figure["median"]}
        for band in ("band50", "band90"):
            low, high = figure[band] or (None, None)
            row |= {f"{band}_low": low, f"{band}_high": high}
        rows.append(row)
    return rows


# The printed table


def print_summary(summary: dict[str, Any], console: Console) -> None:
    """Prints the short table of a battle to a rich console."""
    from rich.markup import escape
    from rich.table import Table

    from experiments.analysis.intervals import seeds_text
    from experiments.storage.run_summary import CAUSES, FATES

    many = summary["n_runs"] > 1
    get = summary["ensemble"]

    def cell(name: str, digits: int = 0) -> str:
        return _figure(get.get(name), digits, many)

    seeds = summary["seeds"]
    runs = f"{len(seeds)} runs, seeds {seeds_text(seeds)}" if many else f"seed {seeds[0]}"
    console.print(
        f"[bold]{escape(summary['title'])}[/]  {summary['start']} to {summary['end']}, {summary['days']} days, {runs}", highlight=False
    )
    if many:
        console.print("median \\[50 % of runs] (90 % of runs)", style="dim", highlight=False)
    ground = Table(box=None, pad_edge=False, show_header=False, padding=(0, 3, 0, 0))
    ground.add_row("held by the attacker", f"{cell('held_start_km2')} -> {cell('held_km2')} km2")
    ground.add_row("gained / lost (gross)", f"{cell('gained_km2')} / {cell('lost_km2')} km2")
    ground.add_row("net, in the direction", f"{cell('net_direction_km2')} km2")
    ground.add_row("front", f"{cell('front_start_km')} -> {cell('front_km')} km; grey zone {cell('grey_km2')} km2")
    ground.add_row("price", f"{cell('price_per_km2', 1)} casualties of the attacker per km2 gained")
    ground.add_row(
        "pockets / breakthroughs",
        f"{cell('pockets')} now / {cell('breakthroughs')} (deep {cell('deep_breakthroughs')})",
    )
    for side in ("attacker", "defender"):
        ground.add_row(
            f"armor of the {side}",
            f"{cell(f'armor_destroyed_{side}')} destroyed, {cell(f'armor_abandoned_{side}')} abandoned, "
            f"{cell(f'armor_damaged_{side}')} damaged",
        )
    ground.add_row(
        "tanks of the attacker",
        f"{cell('tanks_destroyed_attacker')} destroyed, {cell('tanks_abandoned_attacker')} abandoned",
    )
    console.print(ground, highlight=False)
    losses = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    losses.add_column("casualties")
    losses.add_column("attacker", justify="right")
    losses.add_column("defender", justify="right")
    for label, name in [
        ("all", "casualties_{}"),
        *((c.replace("_", " "), f"casualties_{{}}_{c}") for c in CAUSES),
        *((f, f"{f}_{{}}") for f in FATES),
    ]:
        losses.add_row(
            label,
            cell(name.format("attacker")),
            cell(name.format("defender")),
            style="bold" if label == "all" else None,
        )
    console.print()
    console.print(losses, highlight=False)
    _print_places(summary, console, many)


def _print_places(summary: dict[str, Any], console: Console, many: bool) -> None:
    """Cities and towns taken with their dates, and how many smaller places."""
    big = [p for p in summary["places"] if p["kind"] in ("city", "town")]
    small = len(summary["places"]) - len(big)
    console.print()
    if not summary["places"]:
        console.print("no settlement taken", highlight=False)
        return
    words = []
    for p in big:
        words.append(f"{p['name']} {p['captured']}" + (f" ({p['runs']} of {summary['n_runs']} runs)" if many else ""))
    rest = f"{small} smaller place{'s' if small > 1 else ''}" if small else ""
    console.print("[bold]taken[/]  " + "; ".join([*words, *([rest] if rest else [])]), highlight=False)


def _figure(figure: dict[str, Any] | None, digits: int, many: bool) -> str:
    if figure is None or figure["median"] is None:
        return "-"
    text = f"{figure['median']:,.{digits}f}"
    if many:
        (a, b), (c, d) = figure["band50"], figure["band90"]
        text += f" \\[{a:,.{digits}f}-{b:,.{digits}f}] ({c:,.{digits}f}-{d:,.{digits}f})"
    return text
