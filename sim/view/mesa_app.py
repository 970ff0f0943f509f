"""The skirmish in Mesa's own browser view, for people who know Mesa: `solara run sim/view/mesa_app.py`.

Small on purpose: one map, two charts, Mesa's controls. `pokrovsk view` is the page for everything else.
"""

from __future__ import annotations

import os

import solara
from mesa.visualization import SolaraViz, make_plot_component
from mesa.visualization.utils import update_counter

from sim.frame import frame_of
from sim.model import BattleModel
from sim.view import style
from sim.view.map import battle_map

os.environ.setdefault("SOLARA_TELEMETRY_MIXPANEL_ENABLE", "False")

PARAMETERS = {
    "source": "skirmish",
    "rng": {"type": "SliderInt", "value": 1, "label": "Seed", "min": 1, "max": 50, "step": 1},
}


@solara.component
def Sector(model: BattleModel):
    """The map of the model as it is now."""
    update_counter.get()
    with style.styled() as palette:
        figure = style.figure(5.2, 5.2)
        axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
        battle_map.draw_map(axes, frame_of(model.world), palette=palette)
    solara.FigureMatplotlib(figure)


@solara.component
def Page():
    """Mesa's page around a model of this browser session (a model of the module would be shared by all of them)."""
    model = solara.use_memo(lambda: solara.reactive(BattleModel("skirmish", rng=1)), [])
    SolaraViz(
        model,
        components=[
            Sector,
            make_plot_component("held_km2", backend="matplotlib"),
            make_plot_component({"casualties_attacker": "#A0490A", "casualties_defender": "#0F5F66"}, backend="matplotlib"),
        ],
        model_params=PARAMETERS,
        name="Skirmish",
        play_interval=200,
    )
