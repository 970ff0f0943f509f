"""A user's own file of occupied ground: GeoJSON in longitude and latitude, or a raster of 0 and 1 on 1 km cells.

Which properties of a feature are understood is in seeds/README.md: `date`, and `status` or `name` for what is not occupied.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, InputNote, no_file
from sim.sector.places import SAMPLE_KM

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.sector.grid import Grid

MOST_BYTES = 200_000_000
FREE = re.compile(r"\b(liberated|unoccupied|de-?occupied|звільнен\w*|деокупован\w*|освобожд[её]н\w*)", re.IGNORECASE)
UNKNOWN = re.compile(r"\b(unknown|contested|gr[ae]y|невідом\w*|неизвестн\w*|сір\w+ зон\w+)", re.IGNORECASE)
OCCUPIED = re.compile(r"\b(occupied|окупован\w*|оккупирован\w*)", re.IGNORECASE)
AREAS = ("Polygon", "MultiPolygon")
OTHERS = ("Point", "MultiPoint", "LineString", "MultiLineString")  # legal, and no ground


def front_from_file(path: str | Path, scenario: Scenario, grid: Grid) -> np.ndarray:
    """Starting control from a GeoJSON of occupied ground (lon/lat, WGS84) or a 0/1 raster CSV on 1 km cells.

    Returns shares (ny, nx), row 0 southern. `scenario.front_date` picks the features of a date. The CSV's first line is the
    northernmost row. Anything wrong with the file is an InputError of one line; what is left out, an InputNote.
    """
    file = Path(path)
    if not os.path.isfile(file):
        raise InputError(f"front file {str(path)!r} {no_file(file)}.")
    if file.stat().st_size > MOST_BYTES:
        raise InputError(f"{file}: {file.stat().st_size:,} bytes; allowed: {MOST_BYTES:,}.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{file}: cannot be read as text: {getattr(e, 'strerror', None) or 'not UTF-8'}.") from None
    if not text.strip():
        raise InputError(f"{file}: the file is empty.")
    if text.lstrip()[0] in "{[" or file.suffix.lower() in (".json", ".geojson"):
        try:
            ground = _occupied(_read(text, file), file, scenario.front_date)
        except RecursionError:
            raise InputError(f"{file}: not GeoJSON: nested too deeply.") from None
        return _area_share(ground, file, scenario, grid)
    if scenario.front_date is not None:
        raise InputError(f"{file}: a raster has no dates; front_date {scenario.front_date} needs a GeoJSON.")
    return _from_raster(text, file, scenario, grid)


def _from_raster(text: str, file: Path, scenario: Scenario, grid: Grid) -> np.ndarray:
    width, height = round(scenario.box.width_km), round(scenario.box.height_km)
    lines = [line.split(",") for line in text.split()]
    if len(lines) != height or any(len(line) != width for line in lines):
        wide = "/".join(map(str, sorted({len(line) for line in lines})[:4]))
        raise InputError(f"{file}: raster of {len(lines)} lines by {wide} values; needed: {height} by {width} (1 km).")
    strange = next((v for line in lines for v in line if v.strip() not in ("0", "1")), None)
    if strange is not None:
        raise InputError(f"{file}: value {strange!r}; allowed: 0 (defender) or 1 (attacker).")
    km = np.array(lines, dtype=float)[::-1]
    k = max(1, round(grid.cell_km / SAMPLE_KM))
    east = np.minimum(((np.arange(grid.nx * k) + 0.5) * grid.cell_km / k).astype(int), width - 1)
    north = np.minimum(((np.arange(grid.ny * k) + 0.5) * grid.cell_km / k).astype(int), height - 1)
    return km[np.ix_(north, east)].reshape(grid.ny, k, grid.nx, k).mean(axis=(1, 3))


def _read(text: str, file: Path) -> dict[str, Any]:
    """The object in a GeoJSON file; every number as a float, since a whole number may have any length."""
    try:
        data = json.loads(text, parse_int=float)
    except json.JSONDecodeError as e:
        raise InputError(f"{file}: not valid JSON: {e.msg} in line {e.lineno}.") from None
    kind = data.get("type") if isinstance(data, dict) else None
    if kind not in ("FeatureCollection", "Feature", "GeometryCollection", *AREAS):
        given = f"type {kind!r}" if isinstance(data, dict) else "no object"
        raise InputError(f"{file}: {given}; allowed: FeatureCollection, Feature, GeometryCollection, Polygon or MultiPolygon.")
    if data.get("crs") is not None:
        _check_crs(data["crs"], file)
    return data


def _check_crs(crs: Any, file: Path) -> None:
    """Only longitude and latitude of WGS84 are read; an old-style `crs` member that says otherwise is refused."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    stated = crs.get("properties") if isinstance(crs, dict) else crs
    if isinstance(stated, dict):
        stated = stated.get("name", stated.get("code"))
    name = f"EPSG:{stated:.0f}" if isinstance(stated, float) and stated.is_integer() else str(stated or "without a name").strip()
    try:
        known = CRS.from_user_input({"CRS84": "OGC:CRS84", "EPSG::4326": "EPSG:4326"}.get(name.upper(), name))
        if known.to_2d().equals(CRS(4326), ignore_axis_order=True):
            return
    except CRSError:
        pass
    raise InputError(f"{file}: crs {name[:80]!r}; allowed: longitude and latitude of WGS84 (EPSG:4326, OGC:CRS84), or no crs.")


def _occupied(data: dict[str, Any], file: Path, date: dt.date | None) -> Any:
    """The union of all polygons of occupied ground of a date, in longitude and latitude; every defect is named."""
    import shapely

    areas: list[Any] = []
    left: Counter[str] = Counter()
    for feature in _features(data, file):
        properties = _properties(feature, file)
        outside = _not_occupied(properties, file)
        for kind, polygon in _polygons(feature.get("geometry"), file):
            if polygon is None or outside:
                left[kind if polygon is None else f"area {outside!r}"] += 1
            else:
                areas.append((_date_of(properties, file), polygon))
    chosen = _of_date(areas, date, file)
    listed = ", ".join(f"{n} {what}" for what, n in left.most_common(5))
    if not chosen:
        raise InputError(f"{file}: no polygon of occupied ground in it{f'; what is there: {listed}' if left else ''}.")
    if left:
        warnings.warn(f"{file}: left out, being no occupied ground: {listed}.", InputNote, stacklevel=2)
    return shapely.unary_union(chosen)


def _features(data: dict[str, Any], file: Path) -> list[dict[str, Any]]:
    """The features of a file; a bare geometry is one without properties."""
    if data["type"] == "Feature":
        return [data]
    if data["type"] != "FeatureCollection":
        return [{"geometry": data}]
    features = data.get("features")
    if not isinstance(features, list):
        raise InputError(f"{file}: a FeatureCollection without a list of features.")
    if not all(isinstance(f, dict) for f in features):
        raise InputError(f"{file}: a feature that is no object.")
    return features


def _properties(feature: dict[str, Any], file: Path) -> dict[str, Any]:
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise InputError(f"{file}: properties of a feature that are no object.")
    return {str(key).lower(): value for key, value in properties.items() if value is not None}


def _not_occupied(properties: dict[str, Any], file: Path) -> str | None:
    """What a feature says it is, if that is not occupied ground. A status must be understood, a name may be any."""
    for key in ("status", "name"):
        text = str(properties.get(key, ""))
        if FREE.search(text) or UNKNOWN.search(text):
            return text[:60]
        if key in properties and OCCUPIED.search(text):
            return None
        if key == "status" and text:
            raise InputError(f"{file}: status {text[:60]!r} of a feature; allowed: occupied, liberated, unoccupied, unknown, contested or gray.")
    return None


def _date_of(properties: dict[str, Any], file: Path) -> dt.date | None:
    if "date" not in properties:
        return None
    try:
        return dt.date.fromisoformat(properties["date"][:10])
    except (TypeError, ValueError):
        raise InputError(f"{file}: date {str(properties['date'])[:40]!r} of a feature; allowed: YYYY-MM-DD.") from None


def _of_date(areas: list[tuple[dt.date | None, Any]], date: dt.date | None, file: Path) -> list[Any]:
    """The polygons of the date, which must be named when there are several."""
    dates = sorted({d for d, _ in areas if d is not None})
    some = f"{', '.join(map(str, dates[:6]))}{', ...' if len(dates) > 6 else ''}"
    if dates and len(dates) < len({d for d, _ in areas}):
        raise InputError(f"{file}: areas without a date beside those of {some}; each needs one, or none.")
    if date is None and len(dates) > 1:
        raise InputError(f"{file}: areas of {len(dates)} dates ({some}); choose one: {file.name}@{dates[-1]}, or front_date in the scenario.")
    if date is not None and date not in dates:
        raise InputError(f"{file}: no area of {date}; {f'dates in it: {some}' if dates else 'its features have no property date'}.")
    return [polygon for _, polygon in areas] if date is None else [polygon for d, polygon in areas if d == date]


def _polygons(geometry: Any, file: Path) -> Iterator[tuple[str, Any]]:
    """The polygons of a geometry, one by one: parts may share an edge. For points and lines, their type and None."""
    if geometry is None:
        return
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        for part in geometry["geometries"]:
            yield from _polygons(part, file)
    elif kind in OTHERS:
        yield kind, None
    elif kind in AREAS:
        parts = geometry.get("coordinates")
        for rings in [parts] if kind == "Polygon" else parts if isinstance(parts, list) else [None]:
            if rings != []:
                yield kind, _polygon(rings, file)
    else:
        raise InputError(f"{file}: geometry of type {kind!r}; allowed: Polygon or MultiPolygon.")


def _polygon(rings: Any, file: Path) -> Any:
    """A valid polygon in degrees; heights are dropped."""
    import shapely

    try:
        corners = [np.array([(x + 0.0, y + 0.0) for x, y, *_ in ring], dtype=float) for ring in rings]  # no text
        most = np.max([np.abs(ring).max(axis=0) for ring in corners], axis=0)
        if not (most <= (180, 90)).all():  # NaN among them
            raise InputError(f"{file}: coordinates up to {most.max():.6g} are not longitude and latitude in degrees (WGS84).")
        polygon = shapely.Polygon(corners[0], corners[1:])
    except InputError:
        raise
    except (TypeError, ValueError, IndexError):
        raise InputError(f"{file}: a polygon cannot be read; needed: rings of four or more [longitude, latitude].") from None
    if not polygon.is_valid:
        raise InputError(f"{file}: invalid geometry: {shapely.is_valid_reason(polygon)}.")
    return polygon


def _area_share(ground: Any, file: Path, scenario: Scenario, grid: Grid) -> np.ndarray:
    """Share of each cell inside the polygons, whose edges are straight in longitude and latitude.

    So the sampling lattice is taken to degrees, and not the corners to kilometers: between two distant corners a line that
    is straight in degrees is bent on the ground.
    """
    import shapely
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(scenario.box.projection, 4326, always_xy=True)
    k = max(1, round(grid.cell_km / SAMPLE_KM))
    x = grid.x0_km + (np.arange(grid.nx * k) + 0.5) * grid.cell_km / k
    y = grid.y0_km + (np.arange(grid.ny * k) + 0.5) * grid.cell_km / k
    lon, lat = to_degrees.transform(*np.meshgrid(x, y))
    shapely.prepare(ground)
    inside = shapely.contains_xy(ground, lon, lat)
    if not inside.any():
        raise InputError(f"{file}: the occupied ground lies elsewhere or is tiny: none of it in the box of scenario {scenario.name!r}.")
    return inside.reshape(grid.ny, k, grid.nx, k).mean(axis=(1, 3))
