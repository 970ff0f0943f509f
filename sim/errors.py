"""InputError and its hints (out of quantity.py)."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError


class InputError(ValueError):
    """Something the user gave is wrong: one clear line, exit code 2 on the command line."""


def did_you_mean(word: str, known) -> str:
    """' Did you mean X?' for the closest known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds; InputError when it cannot be read or is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise InputError(f"{path}: not a TOML file: {e}.") from None
    except OSError as e:
        raise InputError(f"{path}: cannot be read: {e.strerror}.") from None


def first_error(error: ValidationError, where: str, known: Iterable[str] = ()) -> InputError:
    """A pydantic error as one line: file, key, value, what is allowed. `known` keys are for hints."""
    errors = error.errors()
    e = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])  # a misspelled key before a missing one
    key = ".".join(str(part) for part in e["loc"])
    value = "" if isinstance(e.get("input"), dict | list) else f" {e.get('input')!r}:"
    told = e["msg"].removeprefix("Value error, ").removesuffix(".")
    place = f" {key}:{value}" if key else ""
    if e["type"] == "extra_forbidden":
        hint = did_you_mean(key.rsplit(".", 1)[-1], known)
        return InputError(f"{where}: unknown key {key!r}.{hint}")
    return InputError(f"{where}:{place} {told[0].lower()}{told[1:]}.")
