"""InputError, and bad input in one line: file, key, value, what is allowed, what was meant."""

from __future__ import annotations

import datetime as dt
import difflib
import operator
import os
import reprlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

# What is allowed, by the kind of a pydantic error; its own words do for the others.
ALLOWED = {
    "greater_than_equal": "allowed: at least {ge}",
    "greater_than": "allowed: above {gt}",
    "less_than_equal": "allowed: at most {le}",
    "less_than": "allowed: below {lt}",
    "int_from_float": "allowed: a whole number",
    "float_type": "allowed: a number",
    "int_type": "allowed: a whole number",
    "literal_error": "allowed: {expected}",
    "missing": "is missing",
    "string_too_long": "allowed: at most {max_length} characters",
    "too_long": "allowed: at most {max_length} entries, not {actual_length}",
    "too_short": "allowed: at least {min_length} entries, not {actual_length}",
    "bool_type": "allowed: true or false",
    "string_type": "allowed: text in quotation marks",
    "list_type": "allowed: a list",
    "dict_type": "allowed: a table",
    "model_type": "allowed: a table",
    "finite_number": "allowed: a finite number",
}


class InputError(ValueError):
    """Something the user gave is wrong: one clear line, exit code 2 on the command line."""


class InputNote(UserWarning):
    """Something in the input was left out or taken as meant: one line on the command line, and the run goes on."""


def did_you_mean(word: str, known) -> str:
    """' Did you mean X?' for the closest known word, or an empty string."""
    words = {k.lower(): k for k in known if k != word}
    close = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return f" Did you mean {words[close[0]]!r}?" if close else ""


def checked_seed(seed: Any) -> int:
    """The seed of a battle as an integer; InputError unless it is a whole number from 0 to 2**53."""
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number <= 2**53:
        raise InputError(f"seed {reprlib.repr(seed)}: allowed: a whole number from 0 to {2**53}.")
    return number


def no_file(path: str | Path) -> str:
    """Why a path is no file that can be read: `not found`, `is a folder`, `is no file`."""
    return "is a folder" if os.path.isdir(path) else "is no file" if os.path.exists(path) else "not found"


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds, with or without a byte order mark; InputError when it cannot be read or is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as e:
        raise InputError(f"{path}: cannot be read: {e.strerror}.") from None
    except RecursionError:
        raise InputError(f"{path}: not a TOML file: nested too deeply.") from None
    except ValueError as e:  # no TOML, no UTF-8, or a number of thousands of digits
        raise InputError(f"{path}: not a TOML file: {e}.") from None


def first_error(error: ValidationError, where: str, known: Iterable[str] = (), data: Any = None) -> InputError:
    """A pydantic error as one line: file, key, value, what is allowed.

    `known` keys are for hints; with the `data` that were checked, an entry of a list is named as well as counted.
    """
    errors = error.errors(include_url=False)
    e = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])  # a misspelled key before a missing one
    key = ".".join(_steps(e["loc"], data))
    if e["type"] == "extra_forbidden":
        return InputError(f"{where}: unknown key {key!r}.{did_you_mean(str(e['loc'][-1]), known)}")
    given, context = e.get("input"), e.get("ctx", {})
    shown = str(given) if isinstance(given, dt.date) else reprlib.repr(given)
    value = "" if e["type"] == "missing" or isinstance(given, dict | list) else f" {shown}:"
    message = ALLOWED[e["type"]].format(**context) if e["type"] in ALLOWED else e["msg"].removeprefix("Value error, ").removesuffix(".")
    place = f" {key}:{value}" if key else ""
    return InputError(f"{where}:{place} {message[0].lower()}{message[1:]}.")


def _steps(path: tuple[int | str, ...], data: Any) -> list[str]:
    """The words of a key: `formation`, `2 ('East 1')`, `infantry`."""
    words = []
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        name = data.get("name", data.get("key")) if isinstance(step, int) and isinstance(data, dict) else None
        words.append(f"{step} ({name!r})" if isinstance(name, str) else str(step))
    return words
