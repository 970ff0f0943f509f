"""A sector of the user's own as a folder of plain tables: which there are, what each needs, and what is wrong with one, in a line.

A scenario holds the text of the tables, so that workers, clusters and folders of results have them wherever they are.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.errors import InputError, did_you_mean, no_file

Row = dict[str, str]
MOST_CHARACTERS = 5_000_000  # of one table
WORDS = {
    "settlement": ("city", "town", "village", "hamlet"),
    "road": ("international", "national", "regional", "local"),
    "water": ("river", "stream", "reservoir"),
    "side": ("attacker", "defender"),
    "held": ("0", "1"),
}


@dataclass(frozen=True)
class Spec:
    """A table: what it holds, its columns beside the place, and of which kind they are; all but those in `may` must be filled."""

    doc: str
    columns: dict[str, str]  # name -> text, number, positive, whole, date, or a key of WORDS
    may: dict[str, str] = field(default_factory=dict)
    has_place: bool = True  # x_km and y_km of the box's projection, or lon and lat
    needed: bool = False


TABLES = {
    "settlements": Spec("places, with the radius of the ground that is built over", {"id": "text", "name": "text", "kind": "settlement", "footprint_radius_km": "positive"},
                        {"population": "number"}, needed=True),
    "roads": Spec("roads, a row a corner", {"line_id": "text", "seq": "whole", "class": "road"}, {"name": "text"}),
    "rail": Spec("railways, a row a corner", {"line_id": "text", "seq": "whole"}, {"name": "text", "class": "text"}),
    "water": Spec("rivers, streams and reservoirs, a row a corner", {"line_id": "text", "seq": "whole", "class": "water"}, {"name": "text"}),
    "industry": Spec("heaps, mines and plants, as discs", {"radius_km": "positive"}, {"id": "text", "name": "text"}),
    "works": Spec("belts of fortification, a row a corner", {"line_id": "text", "seq": "whole"},
                  {"name": "text", "side": "side", "condition": "number", "depth_km": "positive", "built_from": "date", "built_to": "date"}),
    "control": Spec("who holds each settlement, and dates on which it changed hands", {"id": "text", "held_at_start": "held"},
                    {"captured": "date", "recaptured": "date", "captured_2": "date", "recaptured_2": "date"}, has_place=False),
    "direction": Spec("corners of the part of the ground whose gains are counted apart", {}),
}  # fmt: skip
PLACES = (("x_km", "y_km"), ("lon", "lat"))


def read_folder(folder: str | os.PathLike) -> dict[str, str]:
    """The tables of a folder as text by name, each checked; InputError for one that is missing, unknown or wrong."""
    home = Path(folder)
    if not home.is_dir():
        raise InputError(f"map.folder {str(folder)!r} {no_file(home) if not home.exists() else 'is no folder'}.")
    out = {}
    for file in sorted(home.glob("*.csv")):
        if file.stem not in TABLES:
            raise InputError(f"{file}: unknown table {file.stem!r}; allowed: {', '.join(TABLES)}.{did_you_mean(file.stem, TABLES)}")
        try:
            out[file.stem] = file.read_text("utf-8-sig")
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise InputError(f"{file} is not UTF-8.") from None
    check(out, str(folder))
    return out


def check(tables: Mapping[str, str], where: str) -> None:
    """InputError for the first thing in these tables that is missing or wrong: table, line, column, value, what is allowed."""
    for name, spec in TABLES.items():
        if spec.needed and name not in tables:
            raise InputError(f"{where}: {name}.csv is missing; a sector needs it.")
    for name, text in tables.items():
        if name not in TABLES:
            raise InputError(f"{where}: unknown table {name!r}; allowed: {', '.join(TABLES)}.{did_you_mean(name, TABLES)}")
        _check_table(name, text, f"{where}/{name}.csv")
    ids = [r["id"] for r in rows(tables["settlements"])]
    for r in rows(tables.get("control", "")):
        if r["id"] not in ids:
            raise InputError(f"{where}/control.csv: id {r['id']!r} is no settlement of settlements.csv.{did_you_mean(r['id'], ids)}")


@lru_cache(maxsize=64)
def _parsed(text: str) -> tuple[Row, ...]:
    return tuple(csv.DictReader(io.StringIO(text)))


def rows(text: str) -> list[Row]:
    """The rows of a table."""
    return [dict(row) for row in _parsed(text)]


def _check_table(name: str, text: str, where: str) -> None:
    spec = TABLES[name]
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"{where}: allowed: at most {MOST_CHARACTERS:,} characters.")
    reader = csv.reader(io.StringIO(text))
    head = next(reader, [])
    for column in spec.columns:
        if column not in head:
            raise InputError(f"{where}: column {column!r} is missing.{did_you_mean(column, set(head) - set(spec.columns))}")
    place = next((pair for pair in PLACES if {*pair} <= {*head}), None)
    if spec.has_place and place is None:
        raise InputError(f"{where}: columns x_km and y_km are missing; allowed: these in km, or lon and lat in degrees.")
    if len({*head}) < len(head):
        raise InputError(f"{where}: a column is there twice.")
    kinds = {**spec.may, **spec.columns, **(dict.fromkeys(place, "number") if spec.has_place and place else {})}
    seen: set[Any] = set()
    count = 0
    for values in reader:
        if not values:
            continue
        count += 1
        line = f"{where}: line {reader.line_num}"
        if len(values) != len(head):
            raise InputError(f"{line}: {len(values)} values; the head has {len(head)} columns.")
        row = dict(zip(head, values, strict=True))
        for column, kind in kinds.items():
            value = row.get(column, "").strip()
            if not value and column in spec.may:
                continue
            if (problem := _wrong(value, kind)) is not None:
                raise InputError(f"{line}: {column} {value!r}: allowed: {problem}.{did_you_mean(value, WORDS[kind]) if kind in WORDS and value else ''}")
        key = (row["line_id"], row["seq"]) if "line_id" in spec.columns else row["id"] if "id" in spec.columns else None
        if key is not None and key in seen:
            raise InputError(f"{line}: {' '.join(key) if isinstance(key, tuple) else key!r} is there twice.")
        seen.add(key)
    least = {"direction": 3, "settlements": 1}.get(name, 0)
    if count < least:
        raise InputError(f"{where}: {count} rows; allowed: {least} at least.")
    if "line_id" in spec.columns:
        corners = [r["line_id"] for r in rows(text)]
        for line_id in dict.fromkeys(corners):
            if corners.count(line_id) < 2:
                raise InputError(f"{where}: line {line_id!r} has one corner; allowed: 2 at least.")


def _wrong(value: str, kind: str) -> str | None:
    """What is allowed where this value is not; None when it is."""
    if kind in WORDS:
        return None if value in WORDS[kind] else ", ".join(WORDS[kind])
    if kind == "text":
        return None if value else "a text"
    if kind == "date":
        try:
            dt.date.fromisoformat(value)
        except ValueError:
            return "a date, YYYY-MM-DD"
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if kind == "whole":
        return None if number == number and number == int(number) else "a whole number"
    if not math.isfinite(number) or (kind == "positive" and number <= 0):
        return "a number above 0" if kind == "positive" else "a number"
    return None


def is_in_degrees(text: str) -> bool:
    """True for a table whose places are longitudes and latitudes only."""
    head = next(csv.reader(io.StringIO(text)), [])
    return not {*PLACES[0]} <= {*head} and {*PLACES[1]} <= {*head}


def lines(table: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The corners of each line, in order, by its id."""
    out: dict[str, list[dict[str, Any]]] = {}
    for row in table:
        out.setdefault(row["line_id"], []).append(row)
    return {name: sorted(corners, key=lambda r: int(float(r["seq"]))) for name, corners in out.items()}


def belts(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Belts of a scenario from rows of `works` with places `x`, `y` in km; the first corner of each says the rest."""
    out = []
    for name, corners in lines(table).items():
        first = corners[0]
        given = {key: first[key] for key in ("side", "built_from", "built_to") if first.get(key)}
        given |= {key: float(first[key]) for key in ("condition", "depth_km") if first.get(key)}
        out.append({"name": first.get("name") or name, "points": [(c["x"], c["y"]) for c in corners], "source": "works.csv", **given})
    return out


def projected(table: list[dict[str, Any]], projection: str) -> list[dict[str, Any]]:
    """Rows with numbers `x`, `y` in km: the table's own, or its lon and lat in this projection."""
    if table and "x_km" in table[0]:
        return [{**r, "x": float(r["x_km"]), "y": float(r["y_km"])} for r in table]
    from pyproj import Transformer

    to_km = Transformer.from_crs(4326, projection, always_xy=True)
    east, north = to_km.transform([float(r["lon"]) for r in table], [float(r["lat"]) for r in table])
    return [{**r, "x": a, "y": b} for r, a, b in zip(table, east, north, strict=True)]


def as_files(tables: Mapping[str, str], folder: str) -> dict[str, bytes]:
    """The tables as files of a folder of results, by relative path."""
    return {f"{folder}/{name}.csv": text.encode() for name, text in tables.items()}
