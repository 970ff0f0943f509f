"""What is known: facts, series, maps, scenarios and studies, and what came out. Data files and the way to them."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent


@dataclass(frozen=True)
class Fact:
    """One cited figure: what was claimed, by whom, for when, how sure, and what is wrong with it.

    `value`, `low` and `high` are numbers, text (a date, a word) or None; `unit` is "ratio" for pure numbers. `grade` is
    high, medium, low or assumed (a modelling assumption). `theme` is the name of the file that holds it.
    """

    id: str
    quantity: str
    unit: str
    source: str
    grade: str
    theme: str
    value: float | str | None = None
    low: float | str | None = None
    high: float | str | None = None
    period_start: str = ""
    period_end: str = ""
    side: str = ""
    defect: str = ""

    @property
    def number(self) -> float:
        """`value` of a fact that is a number; TypeError for text or none."""
        if isinstance(self.value, (int, float)):
            return self.value
        raise TypeError(f"fact {self.id!r}: value {self.value!r} is no number")

    @property
    def bounds(self) -> tuple[float, float]:
        """`low` and `high` of a fact that is a number; `value` in place of one that is missing."""
        low, high = (v if isinstance(v, (int, float)) and v else self.number for v in (self.low, self.high))
        return low, high


def path(*parts: str) -> Path:
    """A file or folder of the seeds.

    Examples:
        >>> path("map", "roads.csv").name
        'roads.csv'
    """
    return ROOT.joinpath(*parts)


@cache
def facts() -> dict[str, Fact]:
    """Every fact of `seeds/facts`, by id; ValueError for an id that occurs twice.

    Examples:
        >>> fact = facts()["prior_days_on_position_2024"]
        >>> fact.number, fact.unit, fact.bounds, fact.grade
        (35, 'days', (30, 40), 'low')
    """
    found: dict[str, Fact] = {}
    for file in sorted(path("facts").glob("*.toml")):
        for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("fact", []):
            fact = Fact(theme=file.stem, **entry)
            if fact.id in found:
                raise ValueError(f"fact {fact.id!r} is in {found[fact.id].theme}.toml and in {file.name}")
            found[fact.id] = fact
    return found


@cache
def table(name: str) -> list[dict[str, str]]:
    """The rows of a table of `seeds/map` or `seeds/series`, as text by column name. Do not change them in place.

    FileNotFoundError for a name that neither folder has.

    Examples:
        >>> row = table("area_daily")[0]
        >>> row["date"], row["occ_box_km2"]
        ('2024-07-08', '683.393')
    """
    for folder in ("map", "series"):
        if (file := path(folder, f"{name}.csv")) in path(folder).iterdir():  # a name, and no way out of the folder
            with file.open(encoding="utf-8", newline="") as text:
                return list(csv.DictReader(text))
    raise FileNotFoundError(f"no table {name!r} in seeds/map or seeds/series")
