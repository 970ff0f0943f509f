"""Commands that look something up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.cli.options import Csv, Plugins


def scenarios(
    copy: Annotated[
        tuple[str, Path] | None, typer.Option(metavar="NAME FILE", help="Copy a scenario to a file, to change it.")
    ] = None,
    new: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a sector of one's own to a new folder: a scenario and its tables, to change.")
    ] = None,
    check: Annotated[
        str | None, typer.Option(metavar="FILE", help="Say what a scenario is made of and what it lacks.")
    ] = None,
    csv: Csv = False,
) -> None:
    """List the scenarios, copy one, begin one on ground of one's own, or check one."""
    from experiments.cli import listing, sectors

    if sum(option is not None for option in (copy, new, check)) > 1:
        raise typer.BadParameter("one of them at a time.", param_hint="'--copy', '--new', '--check'")
    if copy:
        listing.copy_scenario(*copy)
    elif new is not None:
        sectors.write_template(new)
    elif check is not None:
        sectors.print_check(check)
    else:
        listing.print_scenarios(csv)


def params(
    pattern: Annotated[str, typer.Argument(help="Part of a key, name, meaning or source.")] = "",
    document: Annotated[
        bool, typer.Option("--document", help="Rewrite the generated tables of sim/*.md, in a checkout.")
    ] = False,
    plugin: Plugins = None,
    csv: Csv = False,
) -> None:
    """List the parameters: key, short name, value, unit, range, role, source."""
    if document and pattern:
        raise typer.BadParameter("it goes with no pattern.", param_hint="'--document'")
    if document:
        from experiments.reporting import model_documents

        model_documents.document()
        return
    from experiments.cli import listing

    listing.load_plugins(plugin)
    listing.print_params(pattern, csv)


def facts(
    pattern: Annotated[str, typer.Argument(help="Part of an id, quantity, source or theme.")] = "",
    csv: Csv = False,
) -> None:
    """List the cited facts."""
    from experiments.cli import listing

    listing.print_facts(pattern, csv)


def measures(plugin: Plugins = None, csv: Csv = False) -> None:
    """List the measures: name, unit, running total, daily value or state, meaning."""
    from experiments.cli import listing

    listing.load_plugins(plugin)

    listing.print_measures(csv)


def studies(
    name: Annotated[str | None, typer.Argument(help="Name of a study, or a TOML file.")] = None,
    csv: Csv = False,
) -> None:
    """List the studies, or show one with its factors and first points."""
    from experiments.cli import listing

    listing.print_study(name, csv) if name is not None else listing.print_studies(csv)
