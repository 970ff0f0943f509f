"""`pokrovsk export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Quiet

if TYPE_CHECKING:
    from sim.view.page.session.recorded_run import RecordedRun

PAGE = "battle.html"


def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of a sweep.")],
    out: Annotated[Path | None, typer.Argument(metavar="FILE", help=f"The file; else {PAGE} in the folder.")] = None,
    member: Annotated[
        str, typer.Option(metavar="WHICH", help="Of several runs: median, low or high by ground held, or a seed (of a sweep: a number).")
    ] = "median",
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DIR", help="Another run, of the same scenario and seed: the file compares both, RUN as B.")
    ] = None,
    every: Annotated[str, typer.Option(metavar="H", help="Hours between frames: a multiple of the step up to 24, or whole days.")] = "24",
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write a recorded run, or two, as one HTML file that plays in a browser and needs no server."""
    from experiments.cli.arguments import whole
    from experiments.cli.extras import require
    from experiments.storage.files import replacing, writing
    from experiments.sweep.progress import shown
    from sim import compilation
    from sim.errors import InputError

    require("anywidget")
    hours = whole("--every", every, 1, 24 * 731)
    run = recorded(folder, member)
    other = recorded(against, member if is_sweep(against) else str(run.seed), "--against") if against is not None else None
    file = out if out is not None else folder / PAGE
    if file.is_dir():
        raise InputError(f"{str(file)!r} is a folder; name the file to be written.")
    if file.exists() and not force:
        raise InputError(f"{str(file)!r} exists; give another name, or --force to replace it.")
    if not file.parent.is_dir():
        raise InputError(f"{str(file)!r}: there is no folder {str(file.parent)!r}.")

    from sim.view.page.saved.document import page_of
    from sim.view.page.saved.recording import of_pair, of_run, steps_of

    steps_of(run.scenario, hours)
    compilation.prepare(compilation.nobody if quiet else None)
    with shown("export", 1, max(run.day, 1), quiet) as progress:
        told = lambda done, _total: progress.day(0, done)  # noqa: E731
        recording = of_run(run, hours, told) if other is None else of_pair(run, other, hours, told)
    page = page_of(recording)
    with writing(str(file)), replacing(file) as draft:
        draft.write_bytes(page)
    if recording.note:
        typer.echo(f"pokrovsk: {recording.note}", err=True)
    n = len(recording.frames)
    print(f"{file} ({len(page) / 1e6:.1f} MB, {n:,} frame{'s' * (n != 1)}, one every {recording.every_hours:g} hours; it opens from disk)")


def recorded(folder: Path, member: str, name: str = "") -> RecordedRun:
    """The recorded run of a folder; InputError, after the `name` of an option, for what is none, or has no frames."""
    from experiments.results.sweep_member import member_of
    from sim import run_files
    from sim.errors import InputError
    from sim.view.page.session.recorded_run import read_run

    place = f"{name} {str(folder)!r}".strip()
    if not folder.exists():
        raise InputError(f"{place}: no such folder.")
    read = member_of if is_sweep(folder) else read_run
    if read is read_run and not all((folder / file).is_file() for file in (run_files.MANIFEST, run_files.DAILY)):
        raise InputError(f"{place} is not the folder of a run: `pokrovsk run` writes one, with {run_files.MANIFEST} and {run_files.DAILY}.")
    if read is read_run and not (folder / run_files.CONTROL).is_file():
        raise InputError(f"{place}: no frames were recorded; run it again without `--maps none`.")
    try:
        return read(folder.resolve(), member)
    except InputError as error:
        words = str(error).replace("--run ", f"{name} ".lstrip(), 1)
        raise InputError(words.replace(f"--member {member}:", f"{place}, seed {member}:") if name else words) from None


def is_sweep(folder: Path) -> bool:
    """True for the folder of a sweep."""
    return (folder / "study.toml").is_file()
