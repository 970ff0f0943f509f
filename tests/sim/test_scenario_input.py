"""Wrong scenarios are refused in one line, by kind: every number has a range, every pair of dates an order, every name is one."""

import datetime as dt
import typing

import numpy as np
import pytest
from annotated_types import BaseMetadata, Ge, Gt, Interval, Le, Lt

import seeds
from sim.errors import InputError, checked_seed, read_toml
from sim.mustering import muster
from sim.scenario import LIMITS, SCHEDULES, Entry, Formation, Scenario, Table, load_scenario, scenario_names
from sim.sector.build import build_sector
from sim.settings import by_dotted_key

TABLES = [Scenario, *(t for t in Table.__subclasses__() if t is not Scenario)]


def leaves(kind, bounds=()):
    """The plain types within an annotation, each with the bounds that stand on the way to it."""
    if typing.get_origin(kind) is typing.Annotated:
        kind, *more = typing.get_args(kind)
        yield from leaves(kind, (*bounds, *(m for part in more for m in getattr(part, "metadata", [part]))))
    elif typing.get_args(kind) and typing.get_origin(kind) is not typing.Literal:
        for part in typing.get_args(kind):
            yield from leaves(part, bounds)
    else:
        yield kind, bounds


FIELDS = [
    pytest.param(kind, bounds, id=f"{table.__name__}.{name}")
    for table in TABLES
    for name, field in table.model_fields.items()
    if name != "params"  # each parameter has the range it is declared with
    for kind, bounds in leaves(typing.get_type_hints(table, include_extras=True)[name], tuple(field.metadata))
]


@pytest.mark.parametrize(("kind", "bounds"), [p for p in FIELDS if p.values[0] in (int, float, dt.date)])
def test_every_number_and_date_has_both_ends_of_a_range(kind, bounds):
    if kind is dt.date:
        for outside in ("1899-12-31", "2201-01-01", 0, True):
            with pytest.raises(ValueError, match="allowed"):
                next(b.func for b in bounds if hasattr(b, "func"))(outside)
        return
    known = [b for b in bounds if isinstance(b, BaseMetadata)]
    assert any(isinstance(b, (Ge, Gt, Interval)) for b in known), "no least value"
    assert any(isinstance(b, (Le, Lt, Interval)) for b in known), "no highest value"
    assert any(getattr(b, "func", None) is not None for b in bounds), "takes true for a number, or a number for a date"


def test_every_schedule_has_a_range_and_shipped_scenarios_keep_it():
    assert {name.split("_")[0] for name in SCHEDULES} == set(LIMITS)
    for name in scenario_names():
        load_scenario(name)
    for key in SCHEDULES:
        low, high = LIMITS[key.split("_")[0]]
        for value in (low - 1, high + 1):
            with pytest.raises(ValueError, match=f"{value}"):
                Entry(key=key, date=dt.date(2024, 8, 1), value=value)
        assert Entry(key=key, date=dt.date(2024, 8, 1), value=high).value == high


SKIRMISH = seeds.path("scenarios", "skirmish.toml").read_text("utf-8")
FIBRE = 'key = "fibre_attacker"\ndate = 2024-08-01\nvalue = 0.1'
POINTS = "points = [[3.6, 3.5], [3.4, 6.0], [3.8, 8.5]]"
TOWN = 'name = "West Town"\nsettlement = "west_town"'
SPAN = '\nname = "K"\nstart = 2024-08-10\nend = 2024-08-01\n'
# old text, new text (None: the old is the whole addition), words that must be in the one line
WRONG = {
    "share above one": (FIBRE, FIBRE.replace("0.1", "10"), ("fibre_attacker", "10", "0 to 1")),
    "share below zero": (FIBRE, FIBRE.replace("0.1", "-0.1"), ("value", "-0.1", "at least 0")),
    "reach": ('key = "reach_attacker"\ndate = 2024-08-01\nvalue = 7', 'key = "reach_attacker"\ndate = 2024-08-01\nvalue = 700', ("700", "0 to 100")),
    "group": ('"assault_group"\ndate = 2024-08-01\nvalue = 6', '"assault_group"\ndate = 2024-08-01\nvalue = 60', ("assault_group", "60", "2 to 12")),
    "weather": ("[map]", f"[climate]\nmud = [{', '.join(['1.5'] * 12)}]\n[map]", ("climate.mud.0", "1.5", "at most 1")),
    "hours": ("[map]", f"[climate]\ndaylight_h = [{', '.join(['25'] * 12)}]\n[map]", ("daylight_h", "25", "at most 24")),
    "switch for a number": ("infantry = 230", "infantry = true", ("East 1", "infantry", "True", "a number")),
    "text for a number": ("infantry = 230", 'infantry = "230"', ("infantry", "'230'", "a number")),
    "number for a switch": ("synthetic = true", "synthetic = 1", ("map.synthetic", "1", "true or false")),
    "half a man": ("infantry = 230", "infantry = 230.5", ("infantry", "230.5", "whole number")),
    "nan": ("quality = 0.5\n", "quality = nan\n", ("quality", "nan")),
    "many digits": ("infantry = 230", f"infantry = {'9' * 5000}", ("not a TOML file",)),
    "nested": ("days = 20", f"days = {'[' * 5000}", ("not a TOML file",)),
    "number for a date": ("start = 2024-08-01", "start = 20240801", ("start", "20240801", "YYYY-MM-DD")),
    "switch for a date": ("start = 2024-08-01", "start = true", ("start", "YYYY-MM-DD")),
    "last day of the calendar": ("start = 2024-08-01", "start = 9999-12-25", ("start", "9999-12-25", "2200-12-31")),
    "first day of the calendar": ("start = 2024-08-01", "start = 0001-01-01", ("start", "0001-01-01", "1900-01-01")),
    "far date elsewhere": (FIBRE, FIBRE.replace("2024-08-01", "9999-12-31"), ("date", "9999-12-31", "2200-12-31")),
    "deadline reversed": (None, "[[deadline]]" + SPAN, ("deadline", "'K'", "2024-08-01", "before", "2024-08-10")),
    "other front reversed": (None, "[[other_front]]" + SPAN, ("other_front", "'K'", "before")),
    "belt reversed": (POINTS, POINTS + "\nbuilt_from = 2024-08-10\nbuilt_to = 2024-08-01", ("belt", "built_to", "before")),
    "belt without a beginning": (POINTS, POINTS + "\nbuilt_to = 2024-08-01", ("belt", "built_to needs built_from")),
    "formation that leaves first": ("infantry = 230", "infantry = 230\narrive = 2024-08-05\nleave = 2024-08-05", ("East 1", "leave", "arrive")),
    "belt outside": (POINTS, "points = [[300, 300], [400, 400]]", ("West Town belt", "(300, 300)", "x 0 to 12 km")),
    "belt partly outside": (POINTS, "points = [[3, 3], [3, 40]]", ("(3, 40)", "outside")),
    "objective outside": (TOWN, 'name = "West Town"\nx_km = 500\ny_km = 500', ("West Town", "(500, 500)", "outside")),
    "line outside": ("front_x_km = 6.5", "front_x_km = 65", ("front_x_km", "outside")),
    "beyond the Earth": ("x0_km = 0.0", "x0_km = 1e300", ("box.x0_km", "20000")),
    "objective in two places": (TOWN, TOWN + "\nx_km = 5\ny_km = 5", ("West Town", "either")),
    "objective nowhere": (TOWN, 'name = "West Town"', ("West Town", "settlement")),
    "objective with half a place": (TOWN, 'name = "West Town"\nx_km = 5', ("West Town", "x_km and y_km")),
    "formation twice": ('name = "East 2"', 'name = "East 1"', ("formation", "East 1", "2 times")),
    "objective twice": ('name = "North Hamlet"', 'name = "West Town"', ("objective", "West Town")),
    "deadline twice": (None, ("[[deadline]]" + SPAN.replace("08-01", "08-20")) * 2, ("deadline", "'K'", "2 times")),
    "front twice": (None, ("[[other_front]]" + SPAN.replace("08-01", "08-20")) * 2, ("other_front", "'K'")),
    "belt twice": (None, '[[belt]]\nname = "West Town belt"\npoints = [[1, 1], [2, 2]]\n', ("belt", "West Town belt")),
    "schedule twice": (None, f"[[schedule]]\n{FIBRE}\n", ("schedule", "fibre_attacker of 2024-08-01")),
    "table twice": ("synthetic = true", 'synthetic = true\nlines = ["roads", "roads"]', ("map", "roads")),
    "name that escapes": ('name = "skirmish"', 'name = "../../etc/x"', ("name", "../../etc/x", "letters")),
    "name of a parent": ('name = "skirmish"', 'name = ".."', ("name", "letters")),
    "name of a partition": ('name = "skirmish"', 'name = "seed=9"', ("name", "seed=9")),
    "name with a zero": ('name = "skirmish"', 'name = "a\\u0000b"', ("name", "letters")),
    "name without end": ('name = "skirmish"', f'name = "{"a" * 300}"', ("name", "100")),
    "no name": ('name = "skirmish"', 'name = ""', ("name",)),
    "formation without a name": ('name = "East 2"', 'name = " "', ("formation", "name")),
    "control characters": ('title = "A made-up', 'title = "\\u001b[2J made-up', ("title", "control characters")),
    "projection": ("[box]", '[box]\nprojection = "elsewhere"', ("box.projection", "elsewhere", "PROJ")),
    "projection in meters": ("[box]", '[box]\nprojection = "EPSG:32637"', ("box.projection", "EPSG:32637", "kilometers")),
    "projection in degrees": ("[box]", '[box]\nprojection = "EPSG:4326"', ("box.projection", "kilometers")),
    "date without a front": ("days = 20", "days = 20\nfront_date = 2024-08-01", ("front_date", "front")),
    "misspelled": ("infantry = 230", "infantery = 230", ("unknown key", "infantery", "Did you mean 'infantry'")),
    "table for a list": (None, "[breach]\nday = 3\n", ("breach", "a list")),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_scenario_is_refused_in_one_line(name, tmp_path):
    old, new, words = WRONG[name]
    assert old is None or old in SKIRMISH
    file = tmp_path / "mine.toml"
    file.write_text(SKIRMISH + "\n" + new if old is None else SKIRMISH.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError) as refused:
        load_scenario(file)
    line = str(refused.value)
    assert line.startswith(str(file)) and "\n" not in line and len(line) < 600
    assert [word for word in words if word not in line] == [], line


def test_a_byte_order_mark_is_no_fault(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SKIRMISH.encode())
    assert load_scenario(file) == load_scenario("skirmish")


def test_bases_in_a_circle_are_seen_through_any_path(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.toml").write_text('base = "../d/a.toml"', "utf-8")
    with pytest.raises(InputError, match="circle"):
        load_scenario(tmp_path / "d" / "a.toml")


def test_a_front_is_looked_for_beside_the_scenario(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text('base = "skirmish"\nfront = "front.csv@2024-08-01"', "utf-8")
    monkeypatch.chdir("/")
    scenario = load_scenario(tmp_path / "mine.toml")
    assert (scenario.front, scenario.front_date) == (str(tmp_path / "front.csv"), dt.date(2024, 8, 1))
    assert scenario.with_(front="other.csv").front_date is None
    assert "front_date" not in load_scenario("skirmish").model_dump()


@pytest.mark.parametrize("source", ["a" * 300, "a" * 300 + ".toml", "a\0b", "a\0b.toml", "\udcff", ".", "/dev/null/x.toml"])
def test_a_name_that_no_file_can_have_is_unknown(source):
    with pytest.raises(InputError):
        load_scenario(source)


def test_what_is_no_text_is_no_toml(tmp_path):
    file = tmp_path / "x.toml"
    file.write_bytes(b"a = '\xff'")
    with pytest.raises(InputError, match="not a TOML file"):
        read_toml(file)
    with pytest.raises(InputError, match="cannot be read"):
        read_toml(tmp_path)


@pytest.mark.parametrize("tables", [{"settlements": ["roads"], "lines": []}, {"lines": ["settlements"], "settlements": []}, {"settlements": ["../series/area_daily"]}, {"lines": ["nowhere"]}])
def test_a_map_table_must_be_one_of_its_kind(tables):
    with pytest.raises(InputError, match=f"table '{next(v[0] for v in tables.values() if v)}'.*allowed"):
        build_sector(load_scenario("pokrovsk-2024", map=tables))


def test_seeds_reads_no_table_outside_its_folders():
    with pytest.raises(FileNotFoundError):
        seeds.table("../map/roads")


def test_python_numbers_of_numpy_are_numbers():
    assert load_scenario("skirmish", days=np.int64(3), cell_km=np.float32(0.5)).days == 3
    assert Formation(name="x", side="attacker", infantry=np.int32(5)).infantry == 5


@pytest.mark.parametrize("seed", [1.5, -1, True, "1", None, 2**53 + 1, np.float64(1)])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="allowed: a whole number"):
        muster("skirmish", seed)


def test_seeds_of_numpy_will_do():
    assert checked_seed(np.int64(7)) == 7


@pytest.mark.parametrize("overrides", [{"manpower_ratio": 2, "command.manpower_ratio": 3}, {"drones.enabled": 1}, {"nothing": 1}])
def test_overrides_are_refused_in_python_too(overrides):
    with pytest.raises(InputError):
        by_dotted_key(overrides)
    with pytest.raises(InputError):
        muster("skirmish", 1, overrides=overrides)


def test_scenario_overrides_of_the_same_parameter_by_two_names():
    with pytest.raises(InputError, match="given twice"):
        muster(load_scenario("skirmish", params={"manpower_ratio": 2.0, "command.manpower_ratio": 3.0}), 1)
