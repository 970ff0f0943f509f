"""The Solara page: one widget that fills the window, one session behind it for each browser."""

from __future__ import annotations

import solara

from sim.view.page.serve import DEFAULT, FIRST_VIEW
from sim.view.page.widget import BattleMap


@solara.component
def Page():
    """The battle of this browser session; the widget is closed with the page, and its thread ends."""
    solara.Title("Pokrovsk sector")
    BattleMap.element(**(FIRST_VIEW or {"source": DEFAULT}), height=0)


@solara.component
def Layout(children=[]):  # noqa: B006 - the name and form that Solara looks for
    """Nothing around the page: no app bar, no padding."""
    return solara.Column(children=children, gap="0px", margin=0, style={"height": "100vh", "overflow": "hidden"})
