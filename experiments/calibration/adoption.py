"""The medoid of a posterior as the defaults of a scenario, with where it comes from. Declared defaults and priors stay."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path

from experiments.calibration.posterior import Posterior
from sim.errors import InputError
from sim.scenario import load_scenario

NOTE = "# Adopted"
HEAD = "[params]"


def adopted(text: str, posterior: Posterior, date: dt.date) -> str:
    """The text of a scenario with the medoid as its parameters; others that it sets stay, and so does all the rest."""
    old = tomllib.loads(text).get("params", {})
    params = {**old, **posterior.medoid}
    manifest = posterior.manifest
    lines = [
        f"{NOTE} on {date} by `pokrovsk calibrate --adopt`: the medoid of a posterior of {posterior.n} sets (effective {posterior.effective:.0f}),",
        f"# calibration {manifest.get('name', 'unknown')} {str(manifest.get('key', ''))[:12]}, record {manifest.get('first', '?')} to {manifest.get('last', '?')}, commit {manifest.get('git_commit') or 'unknown'}.",
        HEAD,
        *(f'"{key}" = {_toml(value)}' for key, value in params.items()),
    ]
    return _without_params(text).rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"


def _toml(value: float | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _without_params(text: str) -> str:
    """The text without its table of parameters and the note over it."""
    lines = text.splitlines()
    start = next((k for k, line in enumerate(lines) if line.strip() == HEAD), None)
    if start is None:
        return text
    end = next((k for k in range(start + 1, len(lines)) if re.match(r"\s*\[", lines[k])), len(lines))
    note = next((k for k in range(start - 1, -1, -1) if not lines[k].startswith("#")), -1) + 1
    first = next((k for k in range(note, start) if lines[k].startswith(NOTE)), start)
    return "\n".join([*lines[:first], *lines[end:]]) + "\n"


def adopt(posterior: Posterior, file: Path) -> None:
    """Writes the medoid into a scenario's file; InputError, and the old file, when it would not be a scenario any more."""
    from experiments.storage.files import replacing, writing

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}.") from None
    with writing(f"{file}:"), replacing(file) as draft:
        draft.write_text(adopted(text, posterior, dt.date.today()), encoding="utf-8")
        load_scenario(draft)
