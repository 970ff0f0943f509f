"""A front file means what it says: edges, dates, status, projections, parts, and its limits."""

import json
import warnings

import numpy as np
import pytest

from sim.errors import InputError, InputNote
from sim.scenario import load_scenario
from sim.sector.build import build_sector
from sim.sector.front_file import front_from_file
from sim.sector.grid import Grid

EAST = [[36.805, 47.935], [36.892, 47.935], [36.892, 48.06], [36.805, 48.06], [36.805, 47.935]]
WEST = [[36.72, 47.95], [36.755, 47.95], [36.755, 48.04], [36.72, 48.04], [36.72, 47.95]]


def area(ring, **properties):
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def collection(*features, **more):
    return {"type": "FeatureCollection", "features": list(features), **more}


@pytest.fixture
def read(tmp_path):
    """The starting control that a GeoJSON gives, of the skirmish or of another scenario."""

    def read(data, name="skirmish", notes="error", **changes):
        file = tmp_path / "front.geojson"
        file.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
        scenario = load_scenario(name, front=str(file), **changes)
        with warnings.catch_warnings():
            warnings.simplefilter(notes)
            return front_from_file(scenario.front, scenario, Grid.of(scenario))

    return read


def refused(read, data, *words, **more):
    with pytest.raises(InputError) as e:
        read(data, **more)
    line = str(e.value)
    assert "\n" not in line and len(line) < 500
    assert [word for word in words if word not in line] == [], line


def test_edges_are_straight_in_longitude_and_latitude(read):
    """A parallel is no straight line on the ground: between corners 14 degrees apart it bulges by 25 km."""
    corners = [[30, 44], [44.4, 44], [44.4, 48.25], [30, 48.25], [30, 44]]
    dense = [[30 + 0.02 * k, 44] for k in range(721)] + [[44.4 - 0.02 * k, 48.25] for k in range(721)] + [[30, 44]]
    few, many = (read({"type": "Polygon", "coordinates": [ring]}, "pokrovsk-2024") for ring in (corners, dense))
    assert np.array_equal(few, many)
    assert few.sum() == pytest.approx(2722, abs=1)


def test_the_whole_world_is_no_trouble(read):
    world = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    assert read({"type": "Polygon", "coordinates": [world]}).mean() == 1.0


def test_several_dates_need_a_choice(read):
    data = collection(area(EAST, date="2024-08-01"), area(WEST, date="2025-08-01"))
    refused(read, data, "2 dates", "2024-08-01, 2025-08-01", "front_date", "front.geojson@2025-08-01")
    first, last = read(data, front_date="2024-08-01"), read(data, front_date="2025-08-01")
    assert not (first * last).any()
    assert np.array_equal(first, read(collection(area(EAST))))
    refused(read, data, "2024-09-01", "2024-08-01, 2025-08-01", front_date="2024-09-01")
    refused(read, collection(area(EAST)), "no property date", front_date="2024-09-01")
    refused(read, collection(area(EAST, date="2024-08-01"), area(WEST)), "without a date")
    refused(read, collection(area(EAST, date="1 August")), "'1 August'", "YYYY-MM-DD")
    refused(read, collection(area(EAST, date=20240801)), "YYYY-MM-DD")
    assert np.array_equal(first, read(collection(area(EAST, Date="2024-08-01T09:00:00Z"))))


def test_a_date_may_stand_behind_the_name_of_the_file(tmp_path):
    file = tmp_path / "front.geojson"
    file.write_text(json.dumps(collection(area(EAST, date="2024-08-01"), area(WEST, date="2025-08-01"))), "utf-8")
    held = [build_sector(load_scenario("skirmish", front=f"{file}@{date}")).control0.sum() for date in ("2024-08-01", "2025-08-01")]
    assert held[0] > 2 * held[1] > 0


STATUS = ["Liberated", "a /// Liberated", "Звільнено", "unknown status", "Grey zone", "Contested", "unoccupied", "de-occupied"]


@pytest.mark.parametrize("status", STATUS)
@pytest.mark.parametrize("key", ["status", "name", "Status"])
def test_what_is_not_occupied_is_left_out_with_a_note(read, tmp_path, key, status):
    data = collection(area(EAST, **{key: "b /// Occupied"}), area(WEST, **{key: status}))
    with pytest.raises(InputNote, match=r"left out.*1 area"):
        read(data)
    scenario = load_scenario("skirmish")
    with pytest.warns(InputNote) as notes:
        held = front_from_file(tmp_path / "front.geojson", scenario, Grid.of(scenario))
    assert len(notes) == 1 and "\n" not in str(notes[0].message)
    assert np.array_equal(held, read(collection(area(EAST))))


def test_a_status_must_be_understood_and_a_name_need_not(read):
    refused(read, collection(area(EAST, status="blue")), "'blue'", "occupied", "liberated")
    refused(read, collection(area(EAST, status=3)), "status")
    assert read(collection(area(EAST, name="Occupied Crimea"), area(WEST, name="ОРДЛО"))).sum() > 0
    refused(read, collection(area(EAST, status="liberated")), "no polygon of occupied ground", "liberated")


def test_points_and_lines_are_left_out_with_a_note(read, tmp_path):
    others = [{"type": "Feature", "properties": {}, "geometry": g} for g in (
        {"type": "Point", "coordinates": [36.8, 48]}, {"type": "Point", "coordinates": [36.8, 48]},
        {"type": "LineString", "coordinates": [[36.8, 48], [36.9, 48]]})]  # fmt: skip
    with pytest.raises(InputNote, match="2 Point, 1 LineString"):
        read(collection(area(EAST), *others))
    with pytest.raises(InputNote):
        read({"type": "GeometryCollection", "geometries": [area(EAST)["geometry"], others[0]["geometry"]]})


def test_parts_that_share_an_edge_are_one_area(read):
    middle = 36.84
    left = [[36.805, 47.935], [middle, 47.935], [middle, 48.06], [36.805, 48.06], [36.805, 47.935]]
    right = [[middle, 47.935], [36.892, 47.935], [36.892, 48.06], [middle, 48.06], [middle, 47.935]]
    parts = {"type": "MultiPolygon", "coordinates": [[left], [right]]}
    assert np.array_equal(read(parts), read(collection(area(EAST))))
    assert np.array_equal(read({"type": "MultiPolygon", "coordinates": [[EAST], [left], []]}), read(collection(area(EAST))))


def test_heights_are_dropped(read):
    mixed = [[*EAST[0], 0.0], EAST[1], [*EAST[2], 120.0], EAST[3], [*EAST[0], 0.0]]
    assert np.array_equal(read(collection(area(mixed))), read(collection(area(EAST))))


NAMES = ["EPSG:4326", "epsg:4326", "EPSG::4326", "urn:ogc:def:crs:EPSG::4326", "urn:ogc:def:crs:EPSG:6.9:4326", "urn:ogc:def:crs:OGC:1.3:CRS84",
         "urn:ogc:def:crs:OGC::CRS84", "OGC:CRS84", "CRS84", "http://www.opengis.net/def/crs/EPSG/0/4326", "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
         "WGS84", "WGS 84", " EPSG:4326 "]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_usual_spellings_of_wgs84_are_read(read, name):
    assert np.array_equal(read(collection(area(EAST), crs={"type": "name", "properties": {"name": name}})), read(collection(area(EAST))))


@pytest.mark.parametrize("crs", [None, "EPSG:4326", {"type": "EPSG", "properties": {"code": 4326}}])
def test_other_forms_of_crs(read, crs):
    assert read(collection(area(EAST), crs=crs)).any()


WRONG_CRS = ["EPSG:3857", "EPSG:4267", "EPSG:999999", "urn:ogc:def:crs:EPSG::32637", "WGS84 / UTM zone 37N", "", "x" * 5000, 4326.5, [], {}, True]


@pytest.mark.parametrize("name", WRONG_CRS, ids=lambda n: str(n)[:20])
def test_other_projections_are_refused(read, name):
    for crs in ({"type": "name", "properties": {"name": name}}, name or 0):
        refused(read, collection(area(EAST), crs=crs), "WGS84")


@pytest.mark.parametrize("crs", [{"type": "name", "properties": None}, {"type": "link", "properties": {"href": "x"}}, {}, [], 1, True])
def test_a_crs_without_a_name_is_refused(read, crs):
    refused(read, collection(area(EAST), crs=crs), "WGS84")


def nested(depth):
    return '{"type": "GeometryCollection", "geometries": [' * depth + "]}" * depth


BAD = {
    "deep list": ("[" * 100_000, "nested"),
    "deep object": ('{"type": ' * 100_000, "nested"),
    "deep collection": (nested(100_000), "nested"),
    "collection in collection": (nested(400), "no polygon"),
    "digits": ('{"type":"Polygon","coordinates":[[[' + "9" * 5000 + ",0],[1,0],[1,1]]]}", "longitude and latitude"),
    "long number": ('{"type":"Polygon","coordinates":[[[1e999,0],[1,0],[1,1]]]}', "longitude and latitude"),
    "nan": ('{"type":"Polygon","coordinates":[[[NaN,0],[1,0],[1,1]]]}', "longitude and latitude"),
    "a number": ("{5}", "not valid JSON"),
    "digits for a type": ('{"type": ' + "9" * 5000 + "}", "allowed"),
    "two corners": (collection(area([[1, 1], [2, 2]])), "four or more"),
    "words": (collection(area([["36.8", "47.9"], ["36.9", "47.9"], ["36.9", "48"], ["36.8", "47.9"]])), "longitude, latitude"),
    "one number": (collection(area([[1], [2], [3], [4]])), "longitude, latitude"),
    "no ring": (collection({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": 5}}), "rings"),
    "object for a ring": (collection({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [{}]}}), "rings"),
    "text for parts": (collection({"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": "x"}}), "rings"),
    "empty ring": (collection(area([])), "rings"),
    "empty polygon": (collection({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}}), "no polygon"),
    "no geometry": (collection({"type": "Feature", "geometry": None}), "no polygon"),
    "text for a geometry": (collection({"type": "Feature", "geometry": "x"}), "geometry of type"),
    "text for a feature": (collection("x"), "no object"),
    "list for properties": (collection({"type": "Feature", "properties": [1], "geometry": None}), "properties"),
    "curve": (collection({"type": "Feature", "geometry": {"type": "CurvePolygon", "coordinates": []}}), "CurvePolygon"),
    "latitude first": (collection(area([[y, x] for x, y in EAST])), "elsewhere"),
    "meters": (collection(area([[4e6, 6e6], [5e6, 6e6], [5e6, 7e6], [4e6, 6e6]])), "longitude and latitude"),
    "speck": (collection(area([[36.8, 48.0], [36.8001, 48.0], [36.8001, 48.0001], [36.8, 48.0]])), "tiny"),
    "bow": (collection(area([[36.8, 47.9], [36.9, 48.0], [36.9, 47.9], [36.8, 48.0], [36.8, 47.9]])), "invalid geometry"),
    "features of an object": ({"type": "FeatureCollection", "features": {}}, "list of features"),
    "topology": ({"type": "Topology", "objects": {}}, "'Topology'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line(read, name):
    data, word = BAD[name]
    refused(read, data, "front.geojson", word)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "\udcff", ".", "x@2024-08-01"])
def test_a_file_that_is_not_there(name, tmp_path):
    scenario = load_scenario("skirmish", front=f"{tmp_path}/{name}")
    with pytest.raises(InputError, match=r"not found|is a folder"):
        build_sector(scenario)


def test_a_raster_has_no_dates(tmp_path):
    file = tmp_path / "front.csv"
    np.savetxt(file, np.ones((12, 12)), fmt="%d", delimiter=",")
    assert build_sector(load_scenario("skirmish", front=str(file))).control0.all()
    with pytest.raises(InputError, match="raster has no dates"):
        build_sector(load_scenario("skirmish", front=f"{file}@2024-08-01"))


def test_a_file_of_gigabytes_is_not_read(tmp_path):
    file = tmp_path / "front.geojson"
    with open(file, "wb") as sparse:
        sparse.truncate(3_000_000_000)
    with pytest.raises(InputError, match=r"3,000,000,000 bytes"):
        build_sector(load_scenario("skirmish", front=str(file)))
