"""`pokrovsk view`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.cli.options import Plugins


def view(
    scenario: Annotated[str | None, typer.Argument(help="Name of a scenario, or a TOML file.")] = None,
    run_: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="Replay what `pokrovsk run` or `sweep` wrote to this folder.")
    ] = None,
    member: Annotated[
        str, typer.Option(metavar="WHICH", help="Of several runs: median, low or high by ground held, or a seed (of a sweep: a number).")
    ] = "median",
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the battle.")] = "1",
    plugin: Plugins = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="Port; else the first free one from 8765.")] = None,
    host: Annotated[str, typer.Option(metavar="H", help="Address to listen on; else this machine only.")] = "127.0.0.1",
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    guide: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A guide of your own: steps on the live map (TOML).")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write pictures of the page to this folder and stop (Chromium).")
    ] = None,
) -> None:
    """Watch a battle in the browser: step it, move levers, compare two courses, replay a run."""
    if pictures is not None:
        from sim.view.page.screenshots import take

        return take(pictures, scenario or "pokrovsk-2024", seed)

    from experiments.cli.extras import require
    from experiments.results.sweep_member import member_of
    from sim.errors import InputError
    from sim.view.page.serve import serve

    require("solara")
    source: Any = scenario
    if plugin:
        from sim.scenario import load_scenario
        from sim.view.page.serve import DEFAULT

        source = load_scenario(scenario or DEFAULT, plugins=plugin)
    if run_ is not None and os.path.isfile(Path(run_) / "study.toml"):
        if scenario is not None:
            raise InputError("give a scenario or --run, not both.")
        record = member_of(Path(run_), member)
        print(f"{record.label}.")
        serve(record, seed=record.seed, host=host, port=port, browser=open_, guide=guide)
    else:
        serve(source, run=run_, member=member, seed=seed, host=host, port=port, browser=open_, guide=guide)
