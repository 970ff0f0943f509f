"""The command line: `pokrovsk`. One file of this folder a command.

Imports are made where they are used, so that `--help` answers at once. Bad input of any kind ends with exit code 2 and
one line on standard error.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from typing import Annotated, TextIO

import typer

from experiments.cli import (
    analyse,
    bench,
    calibrate,
    claims,
    compare,
    excerpt,
    export,
    forecast,
    lookup,
    mission,
    report,
    run,
    score,
    sweep,
    validate,
    view,
)

_show_warning = warnings.showwarning
app = typer.Typer(
    name="pokrovsk",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="An open simulation of drone-era land war: the battle for the Pokrovsk sector.",
)
for command in (
    *(run.run, view.view, export.export, bench.bench),
    *(sweep.sweep, analyse.analyse, compare.compare, report.report, claims.claims, excerpt.excerpt),
    *(validate.validate, calibrate.calibrate, forecast.forecast, score.score, mission.mission),
    *(lookup.scenarios, lookup.params, lookup.facts, lookup.measures, lookup.studies),
):
    app.command()(command)


def main(args: list[str] | None = None) -> None:
    """Entry point: runs a command and turns bad input into one line and exit code 2."""
    status = _status(args)
    if status == 130:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending already
    sys.exit(status)


def _status(args: list[str] | None) -> int:
    words = sys.argv[1:] if args is None else args
    try:
        for word in words:
            if word.encode(errors="replace").decode() != word:  # bytes of another encoding
                raise typer.BadParameter(f"{word!r} is not UTF-8.")
        with warnings.catch_warnings():
            warnings.showwarning = _note
            return app(args=words, prog_name="pokrovsk", standalone_mode=False) or 0
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


def _note(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
) -> None:
    """A note on the input as one line; other warnings as Python shows them."""
    if category.__name__ == "InputNote":
        print(f"pokrovsk: {message}", file=sys.stderr)
    else:
        _show_warning(message, category, filename, lineno, file, line)


def _one_line(error: Exception) -> str | None:
    """Bad input, and what the system refuses of a named file, as one line; None for anything that is our own mistake."""
    if hasattr(error, "format_message"):  # wrong use of an option or command
        text = error.format_message()
    elif "sim.errors" in sys.modules and isinstance(error, sys.modules["sim.errors"].InputError):
        text = str(error)
    elif type(error).__name__ == "Abort":
        text = "stopped."
    elif isinstance(error, OSError) and error.filename is not None:
        text = f"{os.fspath(error.filename)!r}: {error.strerror}."
    elif isinstance(error, ModuleNotFoundError):
        from experiments.cli.extras import missing_extra

        text = missing_extra(error.name or "")
    else:
        return None
    return " ".join(text.split()) if text else None


def _version(wanted: bool) -> None:
    if wanted:
        from experiments.runs.provenance import versions
        from sim.identity import git_commit

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


if __name__ == "__main__":
    main()
