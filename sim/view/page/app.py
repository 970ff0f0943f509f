"""The Solara page: one widget that fills the window, one session behind it for each browser."""

from __future__ import annotations

import os

import solara

from sim.view.page.widget import BattleMap


def wanted() -> dict:
    """What the command line asked for."""
    return {
        "source": os.environ.get("POKROVSK_RUN") or os.environ.get("POKROVSK_SCENARIO") or "pokrovsk-2024",
        "seed": int(os.environ.get("POKROVSK_SEED") or 1),
        "member": os.environ.get("POKROVSK_MEMBER") or "median",
    }


@solara.component
def Page():
    """The battle of this browser session; the widget is closed with the page, and its thread ends."""
    solara.Title("Pokrovsk sector")
    BattleMap.element(**solara.use_memo(wanted, []), height=0)


@solara.component
def Layout(children=[]):  # noqa: B006 - the name and form that Solara looks for
    """Nothing around the page: no app bar, no padding."""
    return solara.Column(children=children, gap="0px", margin=0, style={"height": "100vh", "overflow": "hidden"})
