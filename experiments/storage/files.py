"""Writing and reading files, so that what goes wrong is one line that names the place."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sim.errors import InputError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; on success it is flushed and takes the place of `path` at once, else it is removed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield draft
        with open(draft, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def filed(path: Path, place: str = "") -> Iterator[Path]:
    """As `replacing`, in a folder that is made where it is missing; InputError that names `place`, else the file, when it cannot be written."""
    with writing(place or repr(str(path))):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:
            yield draft


def copied(source: Path, target: Path) -> None:
    """Copies a file (`filed`)."""
    with filed(target) as draft:
        shutil.copyfile(source, draft)


@contextlib.contextmanager
def writing(place: str) -> Iterator[None]:
    """What the system says against writing within this context becomes an InputError that names the place."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{place} cannot be written: {error.strerror or error}.") from None


@contextlib.contextmanager
def reading(place: str) -> Iterator[None]:
    """A file that is missing or no good becomes, within this context, an InputError that names the place."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise InputError(f"{place} cannot be read: {' '.join(str(error).split())}.") from None


def known_schema(place: str, schema: object, most: int) -> None:
    """InputError for what no version wrote, or a newer one."""
    if type(schema) is not int or schema < 1:
        raise InputError(f"{place} does not say its schema; it was not written by `pokrovsk`.")
    if schema > most:
        raise InputError(f"{place} was written by a newer version (schema {schema}; this one reads up to {most}).")
