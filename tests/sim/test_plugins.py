"""What a user's own file adds to the model, and what is refused in one line."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import simulate
from experiments.runs.identity import run_key
from sim import battle, plugin_files
from sim.errors import InputError
from sim.forces import Kind, Side
from sim.identity import code_key
from sim.mustering import muster
from sim.order import rules_of
from sim.phases import PHASES
from sim.scenario import load_scenario

HEAD = "from sim.plugins import design, kind, layer, measure, rule\nfrom sim.quantity import Parameters, quantity\n"
GIVE = HEAD + '''
class Params(Parameters):
    men: int = quantity(1, "soldiers", low=0, high=9, doc="men a step", fact="modelling assumption", short="gift")

def begin(world):
    world.own["give"] = 0

@rule("give", params=Params, before="supply", start=begin)
def give(world):
    world.own["give"] += world.settings.give.men
    world.formations.recruits[0] += world.settings.give.men
    world.books.intake[0] += world.settings.give.men

@measure("soldiers", "total", "men given")
def given(look):
    return look.world.own["give"]

@measure("soldiers", "total", "twice that", needs=("given",))
def twice(look, given):
    return 2 * given[-1]
'''
JAM = HEAD + '''
@kind("jammer")
class Params(Parameters):
    crew: int = quantity(3, "soldiers", low=1, high=9, doc="men of a jammer", fact="modelling assumption")
    setback_km: float = quantity(2.0, "km", low=0.5, high=9.0, doc="how far behind its line it works", fact="modelling assumption")
'''


def written(folder: Path, text: str, name: str = "own") -> str:
    (folder / f"{name}.py").write_text(text)
    return str(folder / f"{name}.py")


def test_a_rule_with_parameters_and_measures_acts_where_it_is_named_only(tmp_path):
    plain, code = simulate("skirmish", 3, days=3), code_key()
    own = load_scenario("skirmish", days=3, plugins=[written(tmp_path, GIVE)])
    none, some = (simulate(own, 3, {"gift": men}, check=True) for men in (0, 5))
    assert none.daily["given"].tolist() == [0] * 4 and some.daily["given"].tolist() == [0, 20, 40, 60]
    assert some.daily["twice"].tolist() == [0, 40, 80, 120]
    assert (some.daily["intake_attacker"] - none.daily["intake_attacker"]).tolist() == [0, 20, 40, 60]
    assert set(none.daily) - set(plain.daily) == {"given", "twice"}
    assert all(np.array_equal(none.daily[k], plain.daily[k], equal_nan=k != "date") for k in plain.daily), "and its draws disturb nobody's"
    again = simulate("skirmish", 3, days=3)
    assert set(again.daily) == set(plain.daily) and again.key == plain.key and code_key() == code
    assert len({plain.key, none.key, some.key}) == 3


def test_versions_and_namesakes_in_one_process(tmp_path):
    """An edited file, and another file with the same names, act in their battles; the first scenario goes on as it was."""
    first = load_scenario("skirmish", days=1, plugins=[written(tmp_path, GIVE)])
    edited = load_scenario("skirmish", days=1, plugins=[written(tmp_path, GIVE.replace("quantity(1,", "quantity(2,"))])
    other = load_scenario("skirmish", days=1, plugins=[written(tmp_path, GIVE.replace("quantity(1,", "quantity(3,"), "other")])
    assert [simulate(s).daily["given"][-1] for s in (first, edited, other, first)] == [4, 8, 12, 4]
    assert len({run_key(s, {}, 1) for s in (first, edited, other)}) == 3
    with pytest.raises(InputError, match="rule 'supply' is taken"):
        load_scenario("skirmish", plugins=[written(tmp_path, GIVE + RULE.format("supply", ""))])
    assert simulate(other, overrides={"gift": 5}).daily["given"][-1] == 20


def test_the_source_is_part_of_the_key(tmp_path):
    keys = [run_key(load_scenario("skirmish", plugins=[written(tmp_path, GIVE + more)]), {}, 1) for more in ("", "\n# other words\n", "")]
    assert keys[0] == keys[2] != keys[1]


def test_order_of_rules(tmp_path):
    text = HEAD + "\n".join(
        f"@rule({name!r}, {where})\ndef f{k}(world): pass" for k, (name, where) in enumerate(
            [("one", "after='move'"), ("two", "before='arrive'"), ("three", "after='one'"), ("fire", "replace=True"), ("last", "")]))
    order = rules_of(load_scenario("skirmish", plugins=[written(tmp_path, text)]))
    names = list(order)
    assert names[0] == "two" and names[-1] == "last" and names[names.index("move") + 1 :][:2] == ["one", "three"]
    assert order["fire"] is not PHASES["fire"] and order["move"] is PHASES["move"]
    assert rules_of(load_scenario("skirmish")) is PHASES


def test_a_replaced_rule_replaces_it(tmp_path):
    quiet = load_scenario("skirmish", days=4, plugins=[written(tmp_path, HEAD + "@rule('fire', replace=True)\ndef run(world): pass\n")])
    assert simulate(quiet).daily["casualties_attacker_direct_fire"][-1] == 0 < simulate("skirmish", days=4).daily["casualties_attacker_direct_fire"][-1]


def test_a_measure_that_is_replaced_is_so_for_its_battles(tmp_path):
    text = HEAD + "@measure('km2', 'state', 'none', name='held_km2', replace=True)\ndef none(look):\n    return -1.0\n"
    own = load_scenario("skirmish", days=1, plugins=[written(tmp_path, text)])
    assert simulate(own).daily["held_km2"].tolist() == [-1.0, -1.0] and simulate("skirmish", days=1).daily["held_km2"][0] > 0


def with_jammers(tmp_path, n=4):
    base = load_scenario("skirmish")
    formation = [f.model_dump() | ({"units": {"jammer": n}} if f.name == "West 1" else {}) for f in base.formation]
    return load_scenario("skirmish", days=8, plugins=[written(tmp_path, JAM)], formation=formation)


def test_a_kind_is_mustered_at_its_place_and_follows_the_line(tmp_path):
    world = muster(with_jammers(tmp_path), 2, check=True)
    assert world.kind("jammer") == max(Kind) + 1

    def rows():
        return np.flatnonzero(world.units.kind[: world.n] == world.kind("jammer"))

    depths = []
    for _ in range(8):
        assert len(rows()) <= 4
        depths.append(-world.cells.depth[world.units.cell[rows()]])
        battle.run(world, 1)
    assert len(depths[0]) == 4 and (world.units.men[rows()] <= 3).all() and (world.units.side[rows()] == Side.DEFENDER).all()
    assert 1.0 < np.mean(np.concatenate(depths)) < 3.5, "about its setback"
    line = world.front.x[: int(world.front.count[0])]
    assert len(line) > 0
    # the line comes: crews go
    world.units.x[rows()] = world.units.goal_x[rows()] = 11.0
    battle.run(world, 3)
    assert (world.units.x[rows()] < 9.0).all()


def test_agents_know_the_kind_by_its_name(tmp_path):
    from sim import BattleModel

    model = BattleModel(with_jammers(tmp_path), rng=1)
    own = [a for a in model.agents if a.kind == "jammer"]
    assert len(own) == 4 and own[0].men == 3


def test_a_scenario_and_a_world_travel(tmp_path):
    scenario = load_scenario("skirmish", days=2, plugins=[written(tmp_path, GIVE)])
    (tmp_path / "own.py").unlink()
    code = "import pickle, sys; from experiments import simulate; print(simulate(pickle.load(sys.stdin.buffer), 1, {'gift': 2}).daily['given'].tolist())"
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(scenario), capture_output=True, cwd=Path(__file__).parents[2], check=True)
    assert done.stdout.decode().split("\n")[0] == "[0, 8, 16]"
    world = muster(scenario)
    twin = copy.deepcopy(world)
    battle.run(twin, 1)
    assert (world.own["give"], twin.own["give"]) == (0, 4)


def test_a_relative_name_is_beside_the_scenario(tmp_path, monkeypatch):
    written(tmp_path, GIVE)
    (tmp_path / "mine.toml").write_text('name = "mine"\nbase = "skirmish"\nplugins = ["own.py"]\n')
    monkeypatch.chdir("/")
    assert [p.name for p in load_scenario(tmp_path / "mine.toml").plugins] == ["own"]


def test_an_entry_point_is_found_by_its_name(tmp_path, monkeypatch):
    written(tmp_path, GIVE, "giving")
    info = tmp_path / "giving-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: giving\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pokrovsk.plugins]\ngive = giving\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert simulate(load_scenario("skirmish", days=1, plugins=["give"])).daily["given"][-1] == 4
    with pytest.raises(InputError, match=r"plugin 'giv': allowed: .*\(give\).* Did you mean 'give'"):
        load_scenario("skirmish", plugins=["giv"])


def test_a_kernel_of_a_plugin_is_compiled_and_kept(tmp_path):
    text = HEAD + '''
from sim.columns import kernel
@kernel
def count(units, n):
    found = 0
    for i in range(n):
        found += units.kind[i] == 0
    return found
@measure("groups", "state", "groups on foot")
def groups(look):
    return count(look.world.units, look.world.n)
'''
    run = simulate(load_scenario("skirmish", days=1, plugins=[written(tmp_path, text)]))
    assert run.daily["groups"][0] > 10


RULE = "@rule({!r}, {})\ndef run(world): pass\n"
BAD = [
    (RULE.format("supply", ""), r"plugin 'own': rule 'supply' is taken; replace=True replaces it"),
    (RULE.format("suply", "replace=True"), r"no rule 'suply' to replace. Did you mean 'supply'"),
    (RULE.format("mines", "after='sense', before='move'"), r"allowed: one of before, after and replace"),
    ("@measure('', 'state', 'x')\ndef held_km2(look): return 0\n", r"measure 'held_km2' is taken; replace=True"),
    ("@measure('', 'state', 'x')\ndef seed(look): return 0\n", r"measure 'seed' is taken; take another name"),
    ("@measure('', 'sum', 'x')\ndef own(look): return 0\n", r"kind 'sum'; allowed: total, daily, state"),
    ("@measure('', 'state', 'x', needs=('held',))\ndef own(look, h): return 0\n", r"needs the unknown measure 'held'. Did you mean"),
    ("@kind('armor')\nclass P(Parameters):\n    crew: int = quantity(1, '', doc='', fact='')\n", r"the name 'armor' is taken"),
    ("@kind('jammer')\nclass P(Parameters):\n    men: int = quantity(1, '', doc='', fact='')\n", r"lack `crew`"),
    ("class P(Parameters):\n    x: int = 3\n@rule('mine', params=P)\ndef run(world): pass\n", r"parameter mine.x: declare it with"),
    ("class P(Parameters):\n    x: float = quantity(1.0, '', doc='', fact='', short='tempo')\n@rule('mine', params=P)\ndef run(world): pass\n", r"short name 'tempo' is taken by decide"),
    ("@layer('a', 'A', color='red')\ndef a(world): pass\n", r"color 'red'; allowed: #rrggbb"),
    (RULE.format("a", "") * 2, r"rule 'a' is there twice"),
    ("x = 1\n", r"plugin 'own' adds nothing"),
    ("x = \n", r"plugin 'own', line 3: SyntaxError"),
    ("\n1 / 0\n", r"plugin 'own', line 4: ZeroDivisionError"),
    ("import not_there\n", r"plugin 'own', line 3: ModuleNotFoundError"),
]


@pytest.mark.parametrize(("text", "line"), BAD, ids=[line[:30] for _, line in BAD])
def test_what_is_wrong_is_told_in_one_line(tmp_path, text, line):
    from sim.measures import MEASURES
    from sim.settings import catalog

    before = set(MEASURES), set(catalog())
    with pytest.raises(InputError, match=line) as found:
        load_scenario("skirmish", plugins=[written(tmp_path, HEAD + text)])
    assert "\n" not in str(found.value) and not plugin_files.CURRENT
    from sim import settings

    settings.forget()
    assert (set(MEASURES), set(catalog())) == before


def test_other_wrong_input(tmp_path):
    for words, line in ((["x.py"], "plugin 'x.py' not found"), ([str(tmp_path / "a-b.py")], "not found"), ([3], "plugins")):
        with pytest.raises(InputError, match=line):
            load_scenario("skirmish", plugins=words)
    with pytest.raises(InputError, match="plugin 'own' is there 2 times"):
        own = plugin_files.find(written(tmp_path, GIVE))
        load_scenario(load_scenario("skirmish").with_(plugins=[own, own]))
    with pytest.raises(InputError, match=r"after 'mve': there is no such rule.*Did you mean 'move'"):
        muster(load_scenario("skirmish", plugins=[written(tmp_path, HEAD + RULE.format("a", "after='mve'"))]))
    with pytest.raises(InputError, match=r"give\.men is a parameter of a plugin that it does not name"):
        load_scenario("skirmish", plugins=[written(tmp_path, GIVE)])
        simulate("skirmish", overrides={"gift": 2})
    with pytest.raises(InputError, match=r"unknown kind 'jamer'.*Did you mean 'jammer'"):
        formation = [f.model_dump() | {"units": {"jamer": 1}} for f in load_scenario("skirmish").formation]
        load_scenario("skirmish", plugins=[written(tmp_path, JAM, "jam")], formation=formation)
    with pytest.raises(InputError, match=r"plugin .other.: .* is taken by plugin 'own'"):
        load_scenario("skirmish", plugins=[written(tmp_path, GIVE), written(tmp_path, GIVE, "other")])
