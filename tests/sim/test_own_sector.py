"""A sector of the user's own, as a folder of plain tables: built, checked, carried, and fought over."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import seeds
from experiments import simulate
from experiments.cli import app
from experiments.runs.identity import run_key
from sim import sector_files
from sim.errors import InputError
from sim.record import has_record
from sim.scenario import load_scenario
from sim.sector.build import build_sector


@pytest.fixture
def own(tmp_path) -> Path:
    shutil.copytree(seeds.path("template"), tmp_path / "own")
    return tmp_path / "own"


def cli(*words):
    with pytest.raises(SystemExit) as done:
        app.main([*map(str, words)])
    return done.value.code


def test_the_template_of_the_command_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("scenarios", "--new", "valley") == 0
    assert cli("scenarios", "--check", "valley/scenario.toml") == 0
    told = capsys.readouterr().out
    assert "valley: A sector of one's own" in told and "24 x 24 km" in told and "cities of interest  Ford" in told and "note: no [[schedule]] of fibre_attacker" in told
    run = simulate("valley/scenario.toml", 1, days=4)
    assert run.daily["supply_city"][-1] > 0 and run.daily["front_km"][-1] > 10 and np.isnan(run.daily["supply_pokrovsk"][-1])
    assert run.daily["casualties_attacker"][-1] > 0
    assert cli("scenarios", "--new", "valley") == 2
    assert "is there already" in capsys.readouterr().err


def test_the_ground_is_that_of_the_tables(own):
    scenario = load_scenario(own / "scenario.toml")
    sector, grid = build_sector(scenario), build_sector(scenario).grid
    at = lambda x, y: int(grid.cell_of(x, y))  # noqa: E731
    assert sector.road[at(3.2, 12.2)] == 2 and sector.road[at(3.2, 20.2)] <= 1
    assert sector.water[at(8.5, 15.5)] > 0 and sector.built[at(6.0, 12.0)] > 0.3
    assert sector.control0[at(17.5, 13.0)] == 1 and sector.control0[at(6.0, 12.0)] == 0
    assert 0.25 < sector.control0.mean() < 0.5 and sector.direction.all() and not sector.rail.any()
    assert [sector.settlement_name[k] for k in sector.cities] == ["Ford"]
    assert [b.name for b in scenario.belt] == ["Ford belt"] and scenario.belt[0].condition == 0.6
    assert not has_record(scenario)


def rewritten(file: Path, places) -> None:
    """A table with other columns of places: `places(x, y)` is their names and values."""
    rows = sector_files.rows(file.read_text())
    if "x_km" not in rows[0]:
        return
    kept = [name for name in rows[0] if name not in ("x_km", "y_km")]
    names, values = places([float(r["x_km"]) for r in rows], [float(r["y_km"]) for r in rows])
    lines = [",".join([*kept, *names]), *(",".join([*(r[name] for name in kept), *map("{:.9f}".format, place)]) for r, place in zip(rows, zip(*values)))]
    file.write_text("\n".join(lines) + "\n")


def test_degrees_in_a_projection_give_the_same_ground(own):
    from pyproj import Transformer

    projection = "+proj=laea +lat_0=50 +lon_0=30 +x_0=12 +y_0=12 +units=km"
    to_degrees = Transformer.from_crs(projection, 4326, always_xy=True)
    for file in (own / "map").glob("*.csv"):  # off the edges of cells
        rewritten(file, lambda x, y: (("x_km", "y_km"), (np.array(x) + 0.137, np.array(y) + 0.137)))
    before = build_sector(load_scenario(own / "scenario.toml"))
    for file in (own / "map").glob("*.csv"):
        rewritten(file, lambda x, y: (("lon", "lat"), to_degrees.transform(x, y)))
    with pytest.raises(InputError, match=r"has lon and lat, so box.projection is needed"):
        load_scenario(own / "scenario.toml")
    text = (own / "scenario.toml").read_text()
    (own / "scenario.toml").write_text(text.replace("height_km = 24.0", f'height_km = 24.0\nprojection = "{projection}"'))
    after = build_sector(load_scenario(own / "scenario.toml"))
    assert np.allclose(before.settlement_x, after.settlement_x, atol=1e-5)
    assert (before.control0 == after.control0).all() and (before.road == after.road).all() and np.allclose(before.built, after.built, atol=1e-6)


def test_it_travels_and_is_part_of_the_key(own, tmp_path):
    scenario = load_scenario(own / "scenario.toml", days=2)
    key, twin = run_key(scenario, {}, 1), pickle.loads(pickle.dumps(scenario))
    (own / "map" / "roads.csv").write_text((own / "map" / "roads.csv").read_text().replace("regional", "national"))
    assert run_key(load_scenario(own / "scenario.toml", days=2), {}, 1) != key == run_key(twin, {}, 1)


def test_a_folder_of_results_has_the_tables(own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("run", "own/scenario.toml", "--days", 2, "--out", "a", "--quiet") == 0
    shutil.rmtree(own)
    assert cli("run", "a/manifest.toml", "--out", "b", "--quiet") == 0
    assert (tmp_path / "a" / "daily.parquet").read_bytes() == (tmp_path / "b" / "daily.parquet").read_bytes()
    assert sorted(p.name for p in (tmp_path / "b" / "map").iterdir()) == ["control.csv", "roads.csv", "settlements.csv", "water.csv"]


def test_a_straight_front_and_a_direction(own):
    (own / "map" / "control.csv").unlink()
    with pytest.raises(InputError, match=r"who holds what is missing: give control.csv in map.folder, a front file \(front\), or map.front_x_km"):
        build_sector(load_scenario(own / "scenario.toml"))
    text = (own / "scenario.toml").read_text()
    (own / "scenario.toml").write_text(text.replace("# front_x_km = 14.0", "front_x_km = 14.0"))
    (own / "map" / "direction.csv").write_text("x_km,y_km\n0,0\n24,0\n24,10\n0,10\n")
    sector = build_sector(load_scenario(own / "scenario.toml"))
    control = sector.control0.reshape(24, 24)
    assert (control[:, :14] == 0).all() and (control[:, 14:] == 1).all()
    assert sector.direction.reshape(24, 24)[:10].all() and not sector.direction.reshape(24, 24)[10:].any()


WRONG = [
    ("settlements", None, "settlements.csv is missing; a sector needs it"),
    ("settlements", ("kind,population", "sort,population"), "settlements.csv: column 'kind' is missing"),
    ("settlements", ("mill,Mill,village", "mill,Mill,vilage"), "settlements.csv: line 3: kind 'vilage': allowed: city, town, village, hamlet. Did you mean 'village'?"),
    ("settlements", ("mill,Mill", "ford,Mill"), "settlements.csv: line 3: 'ford' is there twice"),
    ("settlements", ("0.7,8.0", "0,8.0"), "line 3: footprint_radius_km '0': allowed: a number above 0"),
    ("settlements", ("x_km,y_km", "x,y"), "settlements.csv: columns x_km and y_km are missing; allowed: these in km, or lon and lat"),
    ("settlements", ("0.7,8.0,18.5", "0.7,8.0"), "line 3: 6 values; the head has 7 columns"),
    ("roads", ("regional,1,6.0", "motorway,1,6.0"), "roads.csv: line 3: class 'motorway': allowed: international, national, regional, local"),
    ("roads", ("regional,1,6.0", "regional,0,6.0"), "roads.csv: line 3: 'valley 0' is there twice"),
    ("roads", ("regional,1,6.0", "regional,one,6.0"), "line 3: seq 'one': allowed: a whole number"),
    ("control", ("hill,1", "hil,1"), "control.csv: id 'hil' is no settlement of settlements.csv. Did you mean 'hill'?"),
    ("control", ("2024-05-20", "20 May"), "captured '20 May': allowed: a date, YYYY-MM-DD"),
    ("works", ("defender,0.6,1.0,0", "us,0.6,1.0,0"), "works.csv: line 2: side 'us': allowed: attacker, defender"),
    ("railway", ("", "a,b\n"), "unknown table 'railway'; allowed: settlements, roads, rail,"),
]


@pytest.mark.parametrize(("table", "change", "line"), WRONG, ids=[str(line)[:40] for *_, line in WRONG])
def test_a_wrong_table_is_told_in_one_line(own, table, change, line):
    file = own / "map" / f"{table}.csv"
    if change is None:
        file.unlink()
    else:
        before = file.read_text() if file.exists() else ""
        file.write_text(before.replace(change[0], change[1], 1) if before else change[1])
        assert file.read_text() != before
    with pytest.raises(InputError) as found:
        load_scenario(own / "scenario.toml")
    assert line in str(found.value) and "\n" not in str(found.value)


def test_other_wrong_words(own):
    text = (own / "scenario.toml").read_text()
    for old, new, line in (('folder = "map"', 'folder = "mapp"', "not found"), ('cities = ["ford"]', 'cities = ["fort"]', "map.cities: 'fort' is not in the box. Did you mean 'ford'?"),
                           ('settlement = "mill"', 'settlement = "mil"', "'mil' is not in the box. Did you mean 'mill'?"),
                           ("width_km = 24.0\n", "", "box.width_km: is missing")):
        (own / "scenario.toml").write_text(text.replace(old, new))
        with pytest.raises(InputError) as found:
            build_sector(load_scenario(own / "scenario.toml"))
        assert line in str(found.value)
