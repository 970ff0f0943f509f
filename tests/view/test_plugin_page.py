"""A plugin on the page: its layer, its lever, its kind of unit; forward, back and in a recorded run."""

import numpy as np
import pytest
from helpers.browser import at_step, go_on, opened

from sim import BattleModel, load_scenario
from sim.errors import InputError
from sim.view.page.benchmark import served
from sim.view.page.messages import frames
from sim.view.page.messages.map_message import ground_message
from sim.view.page.session.levers import lever_table

PLUGIN = '''
import numpy as np
from sim.plugins import kind, layer, rule
from sim.quantity import Parameters, quantity

class Params(Parameters):
    share: float = quantity(0.5, "", low=0.0, high=1.0, doc="share that is laid", fact="modelling assumption", role="lever", short="mine_share")

def lay(world):
    world.own["mines"] = world.settings.mines.share * (world.cells.control < 0.5)

@rule("mines", params=Params, start=lay)
def clear(world):
    world.own["mines"] *= 0.99

@layer("mines", "Minefields", color="#b3261e", doc="Share of the mines")
def mines(world):
    return world.own["mines"]

@kind("jammer", "electronic-warfare unit")
class Jammer(Parameters):
    crew: int = quantity(3, "soldiers", low=1, high=9, doc="men", fact="modelling assumption")
    setback_km: float = quantity(2.0, "km", low=0.5, high=9.0, doc="setback", fact="modelling assumption")
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    import tomli_w

    folder = tmp_path_factory.mktemp("plugin")
    (folder / "mines.py").write_text(PLUGIN)
    formation = [f.model_dump(exclude_none=True) | {"units": {"jammer": 2}} for f in load_scenario("skirmish").formation]
    data = {"name": "mined", "base": "skirmish", "plugins": ["mines.py"], "formation": formation}
    (folder / "mined.toml").write_text(tomli_w.dumps(data))
    return folder / "mined.toml"


def test_messages_have_what_it_adds(file):
    scenario = load_scenario(file)
    world = BattleModel(scenario, rng=1).world
    assert ground_message(scenario, 1)["added"] == {
        "layers": [{"name": "layer mines", "title": "Minefields", "color": "#b3261e", "doc": "Share of the mines"}], "kinds": ["electronic-warfare unit"]}
    layer = np.frombuffer(frames.layers(world)["layer mines"], np.uint8)
    assert layer.size == world.cells.control.size and set(layer.tolist()) == {0, 128}
    assert [row[-1] for row in frames.moment(world)["counts"]] == [4, 4]
    assert any(row["key"] == "mines.share" and row["role"] == "lever" for row in lever_table(world.settings, {}))
    plain = load_scenario("skirmish")
    assert ground_message(plain, 1)["added"] == {"layers": [], "kinds": []}
    assert "layer mines" not in frames.layers(BattleModel(plain, rng=1).world)


def test_a_layer_that_is_none_is_refused(file, tmp_path):
    (tmp_path / "bad.py").write_text(PLUGIN.replace('return world.own["mines"]', "return [1.0, 2.0]"))
    world = BattleModel(load_scenario("skirmish", plugins=[str(tmp_path / "bad.py")]), rng=1).world
    with pytest.raises(InputError, match=r"layer 'mines' of a plugin: allowed: a finite share for each of 144 cells, not \(2,\)"):
        frames.layers(world)


REDS = """() => [...document.querySelectorAll('.pk-base')].map(c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
  for (let k = 0; k < d.length; k += 4 * 17) if (d[k] - d[k + 1] > 45 && d[k] - d[k + 2] > 45) n += 1; return n; }).reduce((a, b) => a + b, 0)"""


@pytest.mark.browser
def test_it_is_drawn_and_can_be_switched(chrome, file):
    with served(str(file)) as url, opened(chrome, url) as page:
        go_on(page, 1, 2)
        switch = page.get_by_role("switch", name="Minefields")
        page.wait_for_timeout(600)
        with_mines = page.evaluate(REDS)
        switch.click()
        page.wait_for_timeout(600)
        assert page.evaluate(REDS) < 0.5 * with_mines
        row = page.locator(".pk-counts").inner_text()
        assert "Electronic-warfare unit" in row
        page.keyboard.press("Shift+ArrowLeft")
        at_step(page, 4)
