"""Who holds what on the first day: built from dated settlement facts, or read from a user's own file.

No map polygon is shipped, and nothing dated after the first day is used. Each settlement tells for how many days it
has been held, or (below zero) not; a surface through these signed days crosses zero where the front ran. Its form is
ordinary radial basis interpolation with the kernel -distance, exact at every settlement.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import seeds
from sim.quantity import InputError, did_you_mean
from sim.scenario import LAEA

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.sector import Grid

FRESH_DAYS = 10.0  # least weight of a change of hands just seen: modelling assumption
CAP_DAYS = 45.0  # a settlement taken longer ago than this is simply held: modelling assumption, see seeds/README.md
LATTICE_KM = 0.5  # the surface is solved on this lattice, whatever the cell
SAMPLE_KM = 0.25  # and sampled on this one, so that all cell sizes see the same ground
# Share of the footprint (percent) reached by that date -> factor on the signed days: the front runs through the place.
CONTESTED_HELD = {0: 0.05, 5: 0.05, 50: 0.2, 80: 0.5, 95: 1.0}
CONTESTED_FREE = {0: 1.0, 5: 0.5, 50: 0.05, 80: 0.05, 95: 0.05}


def starting_control(scenario: Scenario, grid: Grid) -> np.ndarray:
    """Share of each cell that the attacker holds at the scenario's start: (ny, nx), 0..1, row 0 southern."""
    if scenario.front:
        return front_from_file(scenario.front, scenario, grid)
    if scenario.map.synthetic:
        return _straight_front(scenario, grid)
    x, y, days = settlement_days(scenario, scenario.start)
    if not len(x):
        raise InputError(f"{scenario.name}: map.settlements: no settlement with dates of control; give a front file.")
    return _share_from_surface(x, y, days, grid)


def settlement_days(scenario: Scenario, date: dt.date) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Settlement positions (km) and signed days: above 0 held, below 0 not held, at most CAP_DAYS either way.

    A place whose footprint is partly taken is pulled towards zero, since the front runs through it.
    """
    rows = settlement_rows(scenario)
    early = {r["id"]: r["captured"] for r in seeds.table("control_early")}
    names = [name.replace("settlements", "control") for name in scenario.map.settlements]
    control = {r["id"]: r for name in names for r in map_table(name) if "held_at_start" in r}
    x, y, days = [], [], []
    for row in rows:
        record = control.get(row["id"])
        if record is None or "unverified" in row["coord_source"]:
            continue
        x.append(row["x"])
        y.append(row["y"])
        days.append(_signed_days(record, early.get(row["id"]), date))
    return np.array(x), np.array(y), np.array(days)


def _signed_days(record: dict[str, str], early: str | None, date: dt.date) -> float:
    """Signed days of one settlement since it last changed hands, from dates on or before `date` only.

    Recaptures are changes of hand like any other; a change just seen counts as FRESH_DAYS.
    """
    since_start = dt.date.fromisoformat(early) if early else dt.date.min
    changes = [(since_start, True)] if record["held_at_start"] == "1" else []
    for key, held in (("captured", True), ("recaptured", False), ("captured_2", True), ("recaptured_2", False)):
        if record.get(key):
            changes.append((dt.date.fromisoformat(record[key]), held))
    past = [c for c in changes if c[0] <= date]
    held = past[-1][1] if past else False
    since = (date - past[-1][0]).days + 0.5 if past else CAP_DAYS
    near = min(max(since, FRESH_DAYS), CAP_DAYS)
    reached = 0
    for percent in (5, 50, 80, 95):
        text = record.get(f"foot_{percent}")
        when = since_start if text == "start" else text and dt.date.fromisoformat(text)
        if when and when <= date:
            reached = percent
    return near * CONTESTED_HELD[reached] if held else -near * CONTESTED_FREE[reached]


def _share_from_surface(x: np.ndarray, y: np.ndarray, value: np.ndarray, grid: Grid) -> np.ndarray:
    """Share of each cell where the surface through (x, y, value) is above zero."""
    from scipy.ndimage import map_coordinates

    n = len(x)
    system = np.zeros((n + 1, n + 1))
    system[:n, :n] = -np.hypot(x[:, None] - x, y[:, None] - y)
    system[:n, n] = system[n, :n] = 1.0
    weight = np.linalg.solve(system, np.append(value, 0.0))
    lx = np.arange(grid.x0_km, grid.x0_km + grid.nx * grid.cell_km + LATTICE_KM, LATTICE_KM)
    ly = np.arange(grid.y0_km, grid.y0_km + grid.ny * grid.cell_km + LATTICE_KM, LATTICE_KM)
    surface = np.empty((len(ly), len(lx)))
    across = (lx[:, None] - x) ** 2
    for j, north in enumerate(ly):
        surface[j] = weight[n] - np.sqrt(across + (north - y) ** 2) @ weight[:n]
    k = max(1, round(grid.cell_km / SAMPLE_KM))
    offset = (np.arange(grid.nx * k) + 0.5) * grid.cell_km / k / LATTICE_KM
    up = (np.arange(grid.ny * k) + 0.5) * grid.cell_km / k / LATTICE_KM
    fine = map_coordinates(surface, np.meshgrid(up, offset, indexing="ij"), order=1) > 0
    return fine.reshape(grid.ny, k, grid.nx, k).mean(axis=(1, 3))


def _straight_front(scenario: Scenario, grid: Grid) -> np.ndarray:
    """A made-up sector: the attacker holds all ground east of `map.front_x_km` (the middle, if none is given)."""
    front = scenario.map.front_x_km
    if front is None:
        front = scenario.box.x0_km + scenario.box.width_km / 2
    east = grid.x0_km + (np.arange(grid.nx) + 1) * grid.cell_km
    return np.tile(np.clip((east - front) / grid.cell_km, 0.0, 1.0), (grid.ny, 1))


# Tables


def settlement_rows(scenario: Scenario) -> list[dict[str, Any]]:
    """Settlements of a scenario with their place `x`, `y` in km of its own projection."""
    if scenario.map.synthetic:
        return _made_up_places(scenario)
    rows = [dict(r) for name in scenario.map.settlements for r in map_table(name)]
    return placed(rows, scenario)


def map_table(name: str) -> list[dict[str, str]]:
    """Rows of a map table; an unknown name is an InputError."""
    try:
        return seeds.table(name)
    except FileNotFoundError:
        known = [p.stem for p in seeds.path("map").glob("*.csv")]
        raise InputError(f"map: unknown table {name!r}.{did_you_mean(name, known)}") from None


def placed(rows: list[dict[str, Any]], scenario: Scenario) -> list[dict[str, Any]]:
    """Rows with numbers `x`, `y`: the table's kilometres, or its lon/lat in the scenario's own projection."""
    if scenario.box.projection == LAEA:
        return [{**r, "x": float(r["x_km"]), "y": float(r["y_km"])} for r in rows]
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    try:
        to_km = Transformer.from_crs(4326, scenario.box.projection, always_xy=True)
    except ProjError:
        raise InputError(f"{scenario.name}: box.projection: {scenario.box.projection!r} is not a projection.") from None
    east, north = to_km.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])
    return [{**r, "x": a, "y": b} for r, a, b in zip(rows, east, north, strict=True)]


def _made_up_places(scenario: Scenario) -> list[dict[str, Any]]:
    """Four invented places in an open box, spread by shares of its size."""
    b = scenario.box
    kinds = (
        ("west_town", "West Town", "town", 0.22, 0.5, 1.0),
        ("mid_village", "Mid Village", "village", 0.45, 0.52, 0.6),
        ("north_hamlet", "North Hamlet", "hamlet", 0.35, 0.8, 0.4),
        ("east_village", "East Village", "village", 0.8, 0.48, 0.6),
    )
    return [
        {"id": i, "name": n, "kind": kind, "population": "", "footprint_radius_km": r, "coord_source": "made up",
         "x": b.x0_km + fx * b.width_km, "y": b.y0_km + fy * b.height_km} for i, n, kind, fx, fy, r in kinds
    ]  # fmt: skip


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
