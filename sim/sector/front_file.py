from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.sector.places import SAMPLE_KM

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.sector.grid import Grid

# A user's own file of occupied ground


def front_from_file(path: str | Path, scenario: Scenario, grid: Grid) -> np.ndarray:
    """Starting control from a GeoJSON of occupied ground (lon/lat, WGS84) or a 0/1 raster CSV on 1 km cells.

    The CSV's first line is the northernmost row. Anything wrong with the file is an InputError of one line.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"front file {str(path)!r} not found.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{file}: cannot be read as text: {getattr(e, 'strerror', None) or 'not UTF-8'}.") from None
    if not text.strip():
        raise InputError(f"{file}: the file is empty.")
    if text.lstrip()[0] in "{[" or file.suffix.lower() in (".json", ".geojson"):
        return _from_geojson(text, file, scenario, grid)
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


def _from_geojson(text: str, file: Path, scenario: Scenario, grid: Grid) -> np.ndarray:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as e:
        raise InputError(f"{file}: not valid JSON: {e.msg} in line {e.lineno}.") from None
    _check_crs(data, file)
    ground = _occupied(data, file)
    return _area_share(ground, file, scenario, grid)


def _check_crs(data: Any, file: Path) -> None:
    """Only longitude and latitude of WGS84 are read; an old-style `crs` member that says otherwise is refused."""
    crs = data.get("crs") if isinstance(data, dict) else None
    if crs is None:
        return
    name = str(crs.get("properties", {}).get("name", crs)) if isinstance(crs, dict) else str(crs)
    if not any(good in name.upper().replace(" ", "") for good in ("CRS84", "EPSG::4326", "EPSG:4326", "WGS84")):
        raise InputError(f"{file}: projection {name!r}; allowed: longitude and latitude of WGS84 (EPSG:4326).")


def _occupied(data: Any, file: Path) -> Any:
    """The union of all polygons of a FeatureCollection, Feature or geometry, in lon/lat; every defect is named."""
    import shapely
    from shapely.geometry import shape

    parts = []
    for geometry in _geometries(data, file):
        try:
            part = shape(geometry)
        except Exception:
            raise InputError(f"{file}: a geometry of type {geometry.get('type')!r} cannot be read.") from None
        if part.is_empty:
            continue
        if not part.geom_type.endswith("Polygon"):
            raise InputError(f"{file}: geometry of type {part.geom_type!r}; allowed: Polygon or MultiPolygon.")
        west, south, east, north = part.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            most = max(map(abs, part.bounds))
            raise InputError(f"{file}: coordinates up to {most:.6g} are not longitude and latitude in degrees (WGS84).")
        if not part.is_valid:
            raise InputError(f"{file}: invalid geometry: {shapely.is_valid_reason(part)}.")
        parts.append(part)
    if not parts:
        raise InputError(f"{file}: no polygon of occupied ground in it.")
    return shapely.unary_union(parts)


def _geometries(data: Any, file: Path) -> list[dict]:
    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "FeatureCollection":
        features = data.get("features")
        if not isinstance(features, list):
            raise InputError(f"{file}: a FeatureCollection without a list of features.")
        found = [f.get("geometry") if isinstance(f, dict) else f for f in features]
    elif kind == "Feature":
        found = [data.get("geometry")]
    elif kind == "GeometryCollection":
        found = data.get("geometries")
    elif kind in ("Polygon", "MultiPolygon"):
        found = [data]
    else:
        raise InputError(f"{file}: type {kind!r}; allowed: FeatureCollection, Feature, Polygon or MultiPolygon.")
    if not isinstance(found, list) or not all(g is None or isinstance(g, dict) for g in found):
        raise InputError(f"{file}: a feature without a readable geometry.")
    return [g for g in found if g is not None]


def _area_share(ground: Any, file: Path, scenario: Scenario, grid: Grid) -> np.ndarray:
    """Share of each cell inside the polygons, judged on the sampling lattice after projection to the box."""
    import shapely
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    try:
        to_km = Transformer.from_crs(4326, CRS.from_user_input(scenario.box.projection), always_xy=True)
    except CRSError:
        raise InputError(f"{scenario.name}: box.projection: {scenario.box.projection!r} is not a projection.") from None
    ground = shapely.transform(ground, lambda p: np.column_stack(to_km.transform(p[:, 0], p[:, 1])))
    x1, y1 = grid.x0_km + grid.nx * grid.cell_km, grid.y0_km + grid.ny * grid.cell_km
    ground = shapely.make_valid(ground).intersection(shapely.box(grid.x0_km, grid.y0_km, x1, y1))
    if ground.is_empty or ground.area <= 0:
        raise InputError(f"{file}: the occupied ground lies elsewhere, outside the box of scenario {scenario.name!r}.")
    k = max(1, round(grid.cell_km / SAMPLE_KM))
    x = grid.x0_km + (np.arange(grid.nx * k) + 0.5) * grid.cell_km / k
    y = grid.y0_km + (np.arange(grid.ny * k) + 0.5) * grid.cell_km / k
    shapely.prepare(ground)
    inside = shapely.contains_xy(ground, *np.meshgrid(x, y))
    return inside.reshape(grid.ny, k, grid.nx, k).mean(axis=(1, 3))
