"""The map: the same ground at every cell size, starting control that agrees with the record, front files checked."""

import datetime as dt
import json
import time
from pathlib import Path

import numpy as np
import pytest

import seeds
from sim.errors import InputError
from sim.scenario import load_scenario, scenario_names
from sim.sector.build import build_sector
from sim.sector.front_file import front_from_file
from sim.sector.grid import Grid
from sim.sector.starting_control import starting_control

EVIDENCE = Path(__file__).resolve().parents[3] / "shared" / "evidence"
FRONTS = sorted(EVIDENCE.glob("front_*.csv")) if EVIDENCE.is_dir() else []
SHARES = ("control0", "wood", "built", "high", "industry", "water")
SQUARE = {"type": "Polygon", "coordinates": [[[37.5, 48.1], [37.7, 48.1], [37.7, 48.4], [37.5, 48.4], [37.5, 48.1]]]}


@pytest.fixture(scope="module")
def baseline():
    return load_scenario("pokrovsk-2024")


@pytest.mark.skipif(not FRONTS, reason="the evidence package is not beside the repository")
@pytest.mark.parametrize("file", FRONTS, ids=lambda f: f.stem)
def test_starting_control_agrees_with_the_record(file, baseline):
    """At least 97 % of the 1 km cells, on every date, from settlement dates alone."""
    date = dt.datetime.strptime(file.stem[6:], "%Y%m%d").date()
    record = np.loadtxt(file, delimiter=",")[::-1]
    s = baseline.with_(start=date)
    share = starting_control(s, Grid.of(s))
    assert ((share >= 0.5) == record).mean() >= 0.97
    assert abs(share.sum() / record.sum() - 1) < 0.07


def test_starting_control_does_not_look_ahead(baseline, monkeypatch):
    """Dates after the first day change nothing."""
    grid = Grid.of(baseline)
    before = starting_control(baseline, grid)
    table = seeds.table

    def without_future(name):
        rows = table(name)
        if not name.startswith("control"):
            return rows
        first = baseline.start.isoformat()
        return [{k: "" if v[:2] == "20" and v[4:5] == "-" and v > first else v for k, v in r.items()} for r in rows]

    monkeypatch.setattr(seeds, "table", without_future)
    assert np.array_equal(before, starting_control(baseline, grid))


@pytest.mark.parametrize("name", scenario_names())
def test_all_scenarios_have_a_sector(name):
    s = load_scenario(name)
    sector = build_sector(s)
    n = sector.n
    for column in SHARES:
        value = getattr(sector, column)
        assert value.shape == (n,) and value.dtype == np.float64
        assert np.isfinite(value).all() and value.min() >= 0 and value.max() <= 1, column
    assert sector.road.dtype == np.int8 and sector.road.max() <= 4
    assert 0.02 < sector.control0.mean() < 0.98
    assert len(sector.objective_name) == len(s.objective)
    assert ((sector.settlement_cell >= 0) & (sector.settlement_cell < n)).all()
    x, y = sector.grid.centers()
    assert np.array_equal(sector.grid.cell_of(x, y), np.arange(n))


def test_cell_sizes_see_the_same_ground(baseline):
    sectors = {cell: build_sector(baseline.with_(cell_km=cell)) for cell in (0.5, 1.0, 2.0)}
    for column in SHARES:
        means = [getattr(s, column).mean() for s in sectors.values()]
        assert max(means) - min(means) <= 1e-9 + 0.01 * max(means), column
    fine, coarse = sectors[0.5].control0.reshape(80, 2, 80, 2), sectors[1.0].control0.reshape(80, 80)
    assert np.allclose(fine.mean(axis=(1, 3)), coarse)
    assert 0.03 < sectors[1.0].wood.mean() < 0.06
    assert np.mean([s.direction.mean() for s in sectors.values()]) * 6400 == pytest.approx(2550, rel=0.01)
    length = [np.count_nonzero(s.road >= 2) * c for c, s in sectors.items()]
    assert max(length) / min(length) < 1.3


def test_known_places(baseline):
    sector = build_sector(baseline)
    for name, built in (("pokrovsk", 0.5), ("prohres", 0.1)):
        cell = sector.settlement_cell[sector.settlement_id.index(name)]
        assert sector.built[cell] > built
        assert sector.control0[cell] == 0
        assert sector.road[cell] > 0
    held = sector.settlement_cell[sector.settlement_id.index("avdiivka")]
    assert sector.control0[held] == 1


def test_a_sector_is_quick(baseline):
    build_sector(baseline)
    best = min(_seconds(baseline) for _ in range(3))
    assert best < 0.6  # about 0.1 s alone; the bound leaves room for a busy machine


def _seconds(scenario):
    start = time.perf_counter()
    build_sector(scenario)
    return time.perf_counter() - start


def collection(*geometries, **more):
    features = [{"type": "Feature", "properties": {}, "geometry": g} for g in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features, **more})


def test_a_front_file_replaces_the_computed_start(baseline, tmp_path):
    file = tmp_path / "front.geojson"
    file.write_text(collection(SQUARE), "utf-8")
    grid = Grid.of(baseline)
    share = front_from_file(file, baseline, grid)
    assert share.shape == (80, 80)
    km = 0.2 * 111.32 * np.cos(np.radians(48.25)) * 0.3 * 111.2
    assert share.sum() == pytest.approx(km, rel=0.02)
    sector = build_sector(baseline.with_(front=str(file)))
    assert np.array_equal(sector.control0, share.ravel())
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps(SQUARE), "utf-8")
    assert np.array_equal(front_from_file(bare, baseline, grid), share)


def test_a_front_raster_is_read_north_first(baseline, tmp_path):
    raster = np.zeros((80, 80), int)
    raster[0, 79] = 1  # the north-eastern corner
    file = tmp_path / "front.csv"
    np.savetxt(file, raster, fmt="%d", delimiter=",")
    for cell in (0.5, 1.0, 2.0):
        s = baseline.with_(cell_km=cell)
        share = front_from_file(file, s, Grid.of(s))
        assert share[-1, -1] == min(1.0, 1 / cell**2)
        assert share.sum() * cell**2 == pytest.approx(1.0)


def moved(by):
    ring = [[x + by, y] for x, y in SQUARE["coordinates"][0]]
    return {"type": "Polygon", "coordinates": [ring]}


BOW = {"type": "Polygon", "coordinates": [[[37.4, 48.1], [37.6, 48.3], [37.6, 48.1], [37.4, 48.3], [37.4, 48.1]]]}
METERS = {"type": "Polygon", "coordinates": [[[4.1e6, 6e6], [4.2e6, 6e6], [4.2e6, 6.1e6], [4.1e6, 6e6]]]}
CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
BAD = {
    "empty.geojson": ("", "empty"),
    "broken.geojson": ('{"type": ', "not valid JSON"),
    "type.geojson": ('{"type": "Topology"}', "allowed"),
    "list.geojson": ("[1, 2]", "allowed"),
    "none.geojson": (collection(), "no polygon"),
    "features.geojson": ('{"type": "FeatureCollection"}', "list of features"),
    "point.geojson": (collection({"type": "Point", "coordinates": [37.5, 48.2]}), "no polygon"),
    "ring.geojson": (collection({"type": "Polygon", "coordinates": [[["a", 1]]]}), "cannot be read"),
    "nothing.geojson": (collection({"type": "Polygon"}), "cannot be read"),
    "meters.geojson": (collection(METERS), "longitude and latitude"),
    "crs.geojson": (collection(SQUARE, crs=CRS), "EPSG:4326"),
    "elsewhere.geojson": (collection(moved(20)), "elsewhere"),
    "bow.geojson": (collection(BOW), "invalid geometry"),
    "small.csv": ("0,1\n1,0\n", "80 by 80"),
    "ragged.csv": ("0,1\n1\n", "80 by 80"),
    "values.csv": ("\n".join([",".join(["2"] * 80)] * 80), "allowed: 0"),
    "nan.csv": ("\n".join([",".join(["nan"] * 80)] * 80), "allowed: 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_front_files_give_one_clear_line(name, baseline, tmp_path):
    text, word = BAD[name]
    file = tmp_path / name
    file.write_text(text, "utf-8")
    with pytest.raises(InputError) as e:
        front_from_file(file, baseline, Grid.of(baseline))
    assert word in str(e.value)
    assert "\n" not in str(e.value)


def test_missing_or_binary_front_file(baseline, tmp_path):
    grid = Grid.of(baseline)
    with pytest.raises(InputError, match="not found"):
        front_from_file(tmp_path / "gone.geojson", baseline, grid)
    (tmp_path / "bytes.geojson").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="cannot be read"):
        front_from_file(tmp_path / "bytes.geojson", baseline, grid)


def test_wrong_objective_and_table(baseline):
    objective = [{"name": o.name, "settlement": "pokrovks"} for o in baseline.objective]
    with pytest.raises(InputError, match="Did you mean 'pokrovsk'"):
        build_sector(baseline.with_(objective=objective))
    with pytest.raises(InputError, match="unknown table"):
        build_sector(baseline.with_(map={"settlements": ["setlements"]}))
