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
    csv: Csv = False,
) -> None:
    """List the scenarios, or copy one."""
    from experiments.cli import listing

    listing.copy_scenario(*copy) if copy else listing.print_scenarios(csv)


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
