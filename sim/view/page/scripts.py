"""The scripts of the page as one module: for the widget, and for a file that needs no server."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).with_name("static")
SCRIPTS = (
    *("app/tools", "app/link", "map/theme", "map/fields", "map/scene", "map/overlays", "map/land", "map/map", "map/units", "map/labels", "map/reasons"),
    *("panels/plot", "panels/charts", "panels/compare", "panels/timeline", "panels/panels", "panels/inspector", "map/camera"),
    *("app/hands", "panels/head", "app/layout", "panels/files", "panels/saved", "panels/guide", "panels/dialogs", "app/stage", "app/page"),
)
SAVED = ("app/unpack", "app/saved")  # of a file: what answers in place of a session


def bundle(*more: str) -> str:
    """The page's scripts, and `more`, as one module: plain functions in one scope, `app/page` exports `render`."""
    return "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in (*SCRIPTS, *more))
