"""Studies: what a file says is what is run, every point follows from it alone, and every mistake in it has one clear line."""

import datetime as dt
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import seeds
from experiments.cli import app
from experiments.runs.columns import RESERVED
from experiments.studies.files import load_study, study_names, study_of
from experiments.studies.study import Point
from sim.errors import InputError
from sim.measures import MEASURES
from sim.settings import catalog, short_names

BASE = """
scenario = "skirmish"
design = "factorial"
replicates = 2
days = 5
"""


@pytest.fixture
def study(tmp_path):
    """A study from TOML text in a file of its own."""

    def write(text, name="mine", **options):
        file = tmp_path / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        return load_study(file, **options)

    return write


def values(study, factor):
    return [p.levels[factor] for p in study.points()]


# Forms of factors


def test_levels_and_range_by_factorial(study):
    s = study(BASE + "[factors]\nmanpower_ratio = [1.0, 2.0, 4]\nrotation_interval_days = { low = 10, high = 180 }\n")
    assert (s.name, s.n_points, s.n_runs, list(s.seeds)) == ("mine", 9, 18, [1, 2])
    assert s.point(1) == Point(
        1,
        "skirmish",
        {"command.manpower_ratio": 1.0, "decide.rotation_interval_days": 95.0},
        {"manpower_ratio": 1.0, "rotation_interval_days": 95.0},
    )
    assert values(s, "manpower_ratio") == [1.0] * 3 + [2.0] * 3 + [4.0] * 3  # the last factor runs fastest
    assert values(s, "rotation_interval_days")[:3] == [10.0, 95.0, 180.0]
    assert [p.index for p in s.points()] == list(range(9)) and s.unit_sample() is None
    assert s.parameters == ["command.manpower_ratio", "decide.rotation_interval_days"]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "rotation_interval_days = { low = 10, high = 160, levels = 5, scale = 'log' }",
            [10.0, 20.0, 40.0, 80.0, 160.0],
        ),
        ("rotation_interval_days = { low = 10, high = 40, levels = 4 }", [10.0, 20.0, 30.0, 40.0]),
        ("shells_attacker = {}", [0.1, 2.55, 5.0]),
        ("shells_attacker = 'declared'", [0.1, 2.55, 5.0]),
        ("shells_attacker = { levels = 2 }", [0.1, 5.0]),
        ("shells_attacker = { low = 1 }", [1.0, 3.0, 5.0]),
        ("infantry.group_defender = { low = 2, high = 5, levels = 9 }", [2, 3, 4, 5]),  # a whole number: no level twice
        ("belts = {}", [False, True]),
        ("belts = [true, false]", [True, False]),
        ("'works.enabled' = ['off']", [False]),
        ("works.enabled = [false]", [False]),  # a bare dotted key
        ("scenario = ['stalemate-2025', 'skirmish']", ["stalemate-2025", "skirmish"]),
    ],
)
def test_a_line_gives_these_levels(study, line, wanted):
    s = study(BASE + "[factors]\n" + line)
    assert values(s, s.factor_list[0].name) == wanted
    assert [type(v) for v in values(s, s.factor_list[0].name)] == [type(v) for v in wanted]


def test_bundles_and_what_is_set_for_all(study):
    s = study(
        BASE
        + "[set]\nmorale = 0.8\nworks.safe_km = 2\n[factors]\n"
        + "ditches = { bundles = { with = {}, without = { belts = false, works.field_plan = 0.0 } } }\n"
    )
    common = {"morale.level": 0.8, "works.safe_km": 2.0}
    assert [p.overrides for p in s.points()] == [common, common | {"works.enabled": False, "works.field_plan": 0.0}]
    assert values(s, "ditches") == ["with", "without"]


def test_a_whole_scenario_is_a_factor_and_keeps_the_horizon(study, tmp_path):
    (tmp_path / "other.toml").write_text('base = "skirmish"\nname = "other"\ntitle = "T"\n', "utf-8")
    s = study(
        BASE + "changes = { step_hours = 12 }\nstart = 2024-08-05\n[factors]\nscenario = ['skirmish', 'other.toml']\n"
    )
    assert values(s, "scenario") == ["skirmish", "other"]
    for p in s.points():
        scenario = s.scenario_of(p)
        assert (scenario.days, scenario.step_hours, scenario.start) == (5, 12.0, dt.date(2024, 8, 5))
    assert s.point(1).scenario == str(tmp_path / "other.toml")


def test_pattern_takes_every_parameter_that_matches_over_its_declared_range(study):
    s = study(BASE.replace("factorial", "one-at-a-time") + "skip = ['drones.enabled']\n[factors]\n'drones.*' = {}\n")
    keys = [k for k in catalog() if k.startswith("drones.") and k != "drones.enabled"]
    assert s.factor_names == keys and s.n_points == 1 + 2 * len(keys)
    for f in s.factor_list:
        assert (f.low, f.high) == (catalog()[f.name].low, catalog()[f.name].high)
    levers = study(BASE.replace("factorial", "one-at-a-time") + "[factors]\n'shells.*' = { role = 'uncertainty' }\n")
    assert levers.factor_names == [
        d.key for d in catalog().values() if d.key.startswith("shells.") and d.role == "uncertainty"
    ]
    logs = study(
        BASE.replace("factorial", "one-at-a-time")
        + "[factors]\n'infantry.*' = { scale = 'log' }\n'drones.*' = { scale = 'log' }"
    )
    assert all((f.scale == "log") == (f.low is not None and f.low > 0) for f in logs.factor_list)


def test_one_at_a_time_is_the_baseline_and_every_other_level_alone(study):
    text = (
        BASE.replace("factorial", "one-at-a-time")
        + """
[factors]
rotation_interval_days = [10, 45]
morale = [0.5, 0.75, 1.0]
belts = {}
ditches = { bundles = { built = { "works.safe_km" = 3 }, none = { "works.field_plan" = 0.0 } } }
scenario = ["skirmish", "stalemate-2025"]
"""
    )
    points = study(text).points()
    base = points[0]
    assert base.overrides == {"works.safe_km": 3.0} and base.scenario == "skirmish"
    # formations have intervals of their own while none is asked for; the other defaults are in force
    assert base.levels == {
        "rotation_interval_days": None, "morale": 0.75, "belts": True, "ditches": "built", "scenario": "skirmish",
    }  # fmt: skip
    moved = [{k: v for k, v in p.levels.items() if v != base.levels[k]} for p in points[1:]]
    assert moved == [
        {"rotation_interval_days": 10.0}, {"rotation_interval_days": 45.0}, {"morale": 0.5}, {"morale": 1.0},
        {"belts": False}, {"ditches": "none"}, {"scenario": "stalemate-2025"},
    ]  # fmt: skip
    assert points[6].overrides == {"works.field_plan": 0.0} and points[7].scenario == "stalemate-2025"


# The typed object


def test_toml_round_trips_and_the_key_forgets_only_what_is_told(study, tmp_path):
    text = BASE + (
        'question = "Why?"\nmeasures = ["held_km2"]\ndaily = true\nmaps = [5, 0]\nstart = 2024-08-02\nseed = 7\n'
        "[set]\nmorale = 0.8\n[factors]\nditches = { bundles = { 'a b' = {}, b = { belts = false } } }\n"
        "manpower_ratio = [1.0, 2.0]\nshells = { dug_in = {}, aim = [1] }\nscenario = ['skirmish']\n'move.*' = { levels = 2 }\n"
    )
    s = study(text)
    again = study(s.to_toml(), name="study")
    assert (
        again == s and again.key == s.key and again.points() == s.points() and again.name == "mine" and s.maps == [0, 5]
    )
    assert study(text.replace("Why?", "How?"), name="other").key == s.key
    for old, new in [
        ("seed = 7", "seed = 8"), ("days = 5", "days = 6"), ("2.0]", "3.0]"), ("0.8", "0.9"), ("replicates = 2", "replicates = 3"),
        ("belts = false", "belts = true"), ('"held_km2"', '"lost_km2"'), ("daily = true", "daily = false"), ("[5, 0]", "[5]"),
        ("08-02", "08-03"),
    ]:  # fmt: skip
        assert study(text.replace(old, new), name="other").key != s.key, new


def test_a_study_travels_between_processes_and_is_frozen(study):
    s = study(BASE.replace("factorial", "lhs") + "points = 6\n[factors]\nmanpower_ratio = {}\nbelts = {}\n")
    other = pickle.loads(pickle.dumps(s))
    assert other.points() == s.points() and other.key == s.key
    with pytest.raises(ValueError, match="frozen"):
        s.replicates = 3


def test_a_dictionary_makes_a_study_too():
    s = study_of(
        {"name": "n", "scenario": "skirmish", "design": "factorial", "replicates": 1, "factors": {"morale": [0.5]}}
    )
    assert s.checked().n_runs == 1


def test_reading_without_check_does_not_ask_for_what_is_gone(study):
    text = BASE.replace('"skirmish"', '"gone.toml"') + 'measures = ["no_more"]\n[factors]\nmorale = [0.5]\n'
    assert study(text, check=False).n_points == 1
    with pytest.raises(InputError, match=r"no_more"):
        study(text)


def test_factor_names_never_hide_another_column():
    columns = {*MEASURES, *RESERVED}
    assert not columns & {*catalog(), *short_names()}


# Shipped studies


@pytest.mark.parametrize("name", study_names())
def test_shipped_study_loads_and_says_what_it_asks(name, study):
    s = load_study(name)
    again = study(s.to_toml(), name="study")
    assert (again.key, again.factor_names) == (s.key, s.factor_names), "a copy is another study"
    assert s.title and s.question and s.n_runs >= 2
    for k in (0, s.n_points - 1):
        assert {*s.point(k).levels} == {*s.factor_names}
    assert len({repr(sorted(p.overrides.items())) + p.scenario for p in s.points()}) == s.n_points, (
        "two points are the same"
    )


def test_screening_moves_every_lever_and_uncertainty_but_whole_phases():
    s = load_study("screening")
    wanted = {
        d.key for d in catalog().values() if d.role in ("lever", "uncertainty") and not d.key.endswith(".enabled")
    }
    assert {*s.parameters} == wanted
    assert {*s.problem()["groups"]} == {key.split(".")[0] for key in wanted}
    assert (s.replicates, s.days, s.design) == (2, 120, "morris")
    assert {*load_study("switches").parameters} == {k for k in catalog() if k.endswith(".enabled")}


def test_rotation_and_manpower_is_the_headline_study():
    s = load_study("rotation-manpower")
    assert (s.n_points, s.replicates, s.days) == (49, 20, None)
    assert [(f.grid()[0], f.grid()[-1]) for f in s.factor_list] == [(10.0, 180.0), (1.0, 8.0)]


# Bad input: one line each

FACTORS = "[factors]\nmanpower_ratio = [1.0, 2.0]\n"
WRONG = {
    "misspelled factor": (BASE + "[factors]\nmanpowr_ratio = [1.0]", ["manpowr_ratio", "Did you mean 'manpower_ratio'"]),
    "unknown factor": (BASE + "[factors]\nzzz = [1.0]", ["unknown parameter 'zzz'", "pokrovsk params"]),
    "group as factor": (BASE + "[factors]\nworks = {}", ["works", '"works.*"']),
    "no factors": (BASE, ["factors", "at least one"]),
    "empty levels": (BASE + "[factors]\nmanpower_ratio = []", ["manpower_ratio", "no levels"]),
    "empty scenarios": (BASE + "[factors]\nscenario = []", ["scenario", "no levels"]),
    "empty bundles": (BASE + "[factors]\nw = { bundles = {} }", ["w: no bundles"]),
    "empty bundle": (BASE + "[factors]\nw = { bundles = { a = {} } }", ["none of the bundles sets anything"]),
    "bundle of no table": (BASE + "[factors]\nw = { bundles = { a = 3 } }", ["w: a: 3"]),
    "bundle named as a parameter": (BASE + "[factors]\nbelts = { bundles = { a = { morale = 0.5 } } }", ["'belts' is taken"]),
    "bundle named as a measure": (BASE + "[factors]\nheld_km2 = { bundles = { a = { morale = 0.5 } } }", ["'held_km2' is taken"]),
    "bundle with a misspelled key": (BASE + "[factors]\nw = { bundles = { a = { belt = false } } }", ["w: a", "'belts'"]),
    "level twice": (BASE + "[factors]\nmanpower_ratio = [1, 2, 1.0]", ["manpower_ratio", "1.0", "twice"]),
    "level outside": (BASE + "[factors]\nmanpower_ratio = [1, 99]", ["manpower_ratio", "99", "0.5 to 12"]),
    "level of another kind": (BASE + "[factors]\nmanpower_ratio = ['many']", ["manpower_ratio", "'many'", "0.5 to 12"]),
    "range outside": (BASE + "[factors]\nmanpower_ratio = { low = 0.1, high = 2 }", ["manpower_ratio", "low", "0.1", "0.5 to 12"]),
    "low above high": (BASE + "[factors]\nmanpower_ratio = { low = 3, high = 2 }", ["low 3, high 2", "low below high"]),
    "low is high": (BASE + "[factors]\nmanpower_ratio = { low = 3, high = 3 }", ["low below high"]),
    "unknown key of a range": (BASE + "[factors]\nmanpower_ratio = { low = 1, hihg = 2 }", ["'hihg'", "Did you mean 'high'"]),
    "one level of a range": (BASE + "[factors]\nmanpower_ratio = { levels = 1 }", ["levels: 1", "from 2"]),
    "unknown scale": (BASE + "[factors]\nmanpower_ratio = { scale = 'lgo' }", ["scale", "'lgo'", "linear, log"]),
    "log from zero": (BASE + "[factors]\n'glide_bomb.per_day_scale' = { scale = 'log' }", ["log scale from 0", "low above 0"]),
    "range of a switch": (BASE + "[factors]\nbelts = { low = 0 }", ["belts", "switch", "[true, false]"]),
    "factor of no form": (BASE + "[factors]\nmanpower_ratio = 3", ["manpower_ratio: 3", "list of levels"]),
    "pattern of nothing": (BASE + "[factors]\n'dornes.*' = {}", ["dornes.*", "'drones.*'"]),
    "pattern with levels": (BASE + "[factors]\n'drones.*' = [1]", ["levels for a pattern"]),
    "pattern of an unknown role": (BASE + "[factors]\n'drones.*' = { role = 'leve' }", ["'leve'", "Did you mean 'lever'"]),
    "skip of nothing": (BASE + "skip = ['moral.*']\n[factors]\n'morale.*' = {}", ["skip", "'moral.*'"]),
    "overlap by short name": (
        BASE + "[factors]\nmanpower_ratio = [1]\n'command.manpower_ratio' = [2]",
        ["command.manpower_ratio is moved by 'manpower_ratio' and 'command.manpower_ratio'"],
    ),
    "overlap by pattern": (BASE + "[factors]\nbelts = {}\n'works.*' = {}", ["works.enabled is moved by 'belts' and"]),
    "overlap by patterns": (BASE + "[factors]\n'works.e*' = {}\n'works.*' = {}", ["works.enabled", "twice"]),
    "overlap by bundle": (
        BASE + "[factors]\nbelts = {}\nw = { bundles = { a = { belts = false } } }",
        ["works.enabled is moved by 'belts' and 'w'"],
    ),
    "overlap with set": (BASE + "[set]\ncommand.manpower_ratio = 2\n" + FACTORS, ["command.manpower_ratio is in [set]"]),
    "set twice": (BASE + "[set]\nmanpower_ratio = 2\ncommand.manpower_ratio = 2\n[factors]\nbelts = {}", ["set", "twice"]),
    "set misspelled": (BASE + "[set]\nmorle = 2\n" + FACTORS, ["set", "'morle'", "'morale'"]),
    "set outside": (BASE + "[set]\nmorale = 2\n" + FACTORS, ["morale.level", "0.3 to 1"]),
    "zero replicates": (BASE.replace("replicates = 2", "replicates = 0") + FACTORS, ["replicates: 0", "allowed: at least 1"]),
    "no replicates": (BASE.replace("replicates = 2", "") + FACTORS, ["replicates", "is missing"]),
    "replicates of another kind": (BASE.replace("replicates = 2", "replicates = '2'") + FACTORS, ["replicates: '2'", "a whole number"]),
    "zero days": (BASE.replace("days = 5", "days = 0") + FACTORS, ["days: 0", "allowed: at least 1"]),
    "unknown design": (BASE.replace("factorial", "factoral") + FACTORS, ["'factoral'", "Did you mean 'factorial'"]),
    "unknown scenario": (BASE.replace("skirmish", "skirmsh") + FACTORS, ["'skirmsh'", "Did you mean 'skirmish'"]),
    "unknown scenario as a level": (BASE + "[factors]\nscenario = ['skirmish', 'sumer-2025']", ["'summer-2025'"]),
    "scenario twice": (BASE + "[factors]\nscenario = ['skirmish', 'sub/skirmish.toml']", ["scenario", "'skirmish'", "twice"]),
    "scenario of another kind": (BASE + "[factors]\nscenario = [3]", ["scenario", "3"]),
    "scenario over a range": (BASE + "[factors]\nscenario = {}", ["scenario", "a list"]),
    "unknown key": (BASE + "replicate = 3\n" + FACTORS, ["unknown key 'replicate'", "'replicates'"]),
    "unknown change": (BASE + "changes = { cel_km = 2 }\n" + FACTORS, ["unknown key 'changes.cel_km'"]),
    "change that does not fit": (BASE + "changes = { cell_km = 0.7 }\n" + FACTORS, ["cell", "0.7"]),
    "broken TOML": (BASE + "[factors\n", ["not a TOML file"]),
    "empty file": ("", ["the file is empty"]),
    "unknown measure": (BASE + "measures = ['held_km']\n" + FACTORS, ["'held_km'", "Did you mean 'held_km2'"]),
    "measure twice": (BASE + "measures = ['held_km2', 'front_km', 'held_km2']\n" + FACTORS, ["'held_km2' is there twice"]),
    "maps of no kind": (BASE + "maps = 'some'\n" + FACTORS, ["maps", "'some'", '"none", "last", "all"']),
    "maps after the end": (BASE + "maps = [3, 9]\n" + FACTORS, ["maps: day 9", "0 to 5"]),
    "start after the end": (BASE.replace("days = 5", "start = 2025-01-01") + FACTORS, ["start: 2025-01-01", "give days too"]),
    "no points": (BASE.replace("factorial", "lhs") + FACTORS, ["points: missing", "lhs"]),
    "points of a factorial": (BASE + "points = 4\n" + FACTORS, ["points: not for design factorial"]),
    "levels of an lhs": (BASE.replace("factorial", "lhs") + "points = 4\nlevels = 4\n" + FACTORS, ["levels: not for design lhs", "morris"]),
    "groups of a factorial": (BASE + "groups = true\n" + FACTORS, ["groups: not for design factorial"]),
    "odd levels of morris": (BASE.replace("factorial", "morris") + "points = 4\nlevels = 3\n" + FACTORS, ["levels: 3", "even"]),
    "sobol of no power of two": (BASE.replace("factorial", "sobol") + "points = 6\n" + FACTORS, ["points: 6", "power of 2"]),
    "more factors than columns": (BASE.replace("factorial", "nolh") + "[factors]\n'*' = {}", ["factors are more than the 29 columns"]),
    "more factors than columns of a size": (
        BASE.replace("factorial", "nolh") + "points = 17\n[factors]\n'works.*' = {}",
        ["11 factors are more than the 7 columns of a nolh of 17 points", "11 factors in 33 points"],
    ),
    "points that no nolh has": (BASE.replace("factorial", "nolh") + "points = 18\n" + FACTORS, ["points: 18", "17, 33, 65, 129, 257"]),
    "too many points": (BASE + "[factors]\n'fire.*' = { levels = 9 }", ["points; allowed"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_bad_study_is_one_clear_line(study, case):
    text, words = WRONG[case]
    with pytest.raises(InputError) as caught:
        study(text)
    line = str(caught.value)
    assert "\n" not in line and line.endswith((".", "?")) and "mine" in line
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("quik", ["unknown study 'quik'", "Did you mean 'quick'"]),
        ("gone.toml", ["study file 'gone.toml' not found"]),
        (seeds.path("studies"), ["is a folder"]),
        ("x" * 300, ["unknown study"]),
        ("x" * 300 + ".toml", ["not found"]),
    ],
)
def test_a_study_that_is_not_there(source, words):
    with pytest.raises(InputError) as caught:
        load_study(source)
    assert all(word in str(caught.value) for word in words)


# The command


def call(*args, capsys):
    with pytest.raises(SystemExit) as ended:
        app.main([*args])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_command_lists_and_shows(capsys):
    code, out, err = call("studies", capsys=capsys)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["name", "scenario", "design", "points", "runs", "days", "question"]
    assert [line.split()[0] for line in lines[1:]] == study_names()
    code, out, _ = call("studies", "quick", capsys=capsys)
    assert code == 0 and "25 points x 8 seeds (1-8) = 200" in out and "13 more points" in out
    code, out, err = call("studies", "quik", capsys=capsys)
    assert (code, out, len(err.splitlines())) == (2, "", 1) and "quick" in err


def test_levels_of_a_sample_are_inside_their_ranges(study):
    s = study(
        BASE.replace("factorial", "lhs") + "points = 40\n[factors]\nmanpower_ratio = { scale = 'log' }\nbelts = {}\n"
        "infantry.group_defender = { low = 2, high = 5 }\nscenario = ['skirmish', 'stalemate-2025']\nmorale = [0.5, 0.7, 0.9]\n"
    )
    assert all(0.5 <= v <= 12 for v in values(s, "manpower_ratio")) and np.median(values(s, "manpower_ratio")) < 4
    counts = {name: np.unique(values(s, name), return_counts=True) for name in s.factor_names[1:]}
    assert [list(v) for v, _ in counts.values()] == [
        [False, True],
        [2, 3, 4, 5],
        ["skirmish", "stalemate-2025"],
        [0.5, 0.7, 0.9],
    ]
    assert all(n.max() - n.min() <= 1 for _, n in counts.values())  # equal bins


def test_examples_of_the_readme_are_studies(study):
    text = (Path(__file__).parents[2] / "experiments" / "README.md").read_text("utf-8")
    examples = re.findall(r"```toml\n(scenario.*?|title.*?)```", text, re.DOTALL)
    assert len(examples) >= 3
    assert [study(example).n_points for example in examples[:3]] == [9, 3 * 5 * 3 * 2 * 2 * 2, 10 * 4]
