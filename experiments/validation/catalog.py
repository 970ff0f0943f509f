"""All rows T1 to T36: imports the files of rows/."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from experiments.validation.checks import ROWS, Row
from sim.errors import InputError, did_you_mean


def rows() -> list[Row]:
    """Every row, T1 first."""
    from experiments.validation.rows import (  # noqa: F401  (they register)
        combat_patterns,
        force_ratios,
        forecast_skill,
        front_shape,
        limit_cases,
        line_and_levers,
        pace_and_losses,
        paired_runs,
    )

    return sorted(ROWS.values(), key=lambda r: r.number)


def chosen(only: Iterable[str] | None) -> list[Row]:
    """The rows of that name, in order; InputError names one that there is not."""
    known = {r.id: r for r in rows()}
    if only is None:
        return list(known.values())
    wanted = [name.strip().upper() for name in only if name.strip()]
    for name in wanted:
        if name not in known:
            raise InputError(f"--only: no row {name!r}; allowed: T1 to T{len(known)}.{did_you_mean(name, known)}")
    if not wanted:
        raise InputError(f"--only: no row given; allowed: T1 to T{len(known)}.")
    return [r for r in known.values() if r.id in wanted]


def rows_key() -> str:
    """Hash of the rows' own code, the observation model and the facts behind it."""
    import experiments
    import seeds

    home = Path(experiments.__file__).parent
    folders = ("validation", "observation", "forecasting")
    files = [file for folder in folders for file in sorted((home / folder).rglob("*.py"))]
    files += [home / "analysis" / "intervals.py", home / "runs" / "engagements.py", home / "runs" / "watching.py"]
    digest = hashlib.sha256()
    for file in [*files, seeds.path("facts", "observation.toml"), seeds.path("scenarios", "division.toml")]:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]
