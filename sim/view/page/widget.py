"""`BattleMap`: the whole page as one widget, for the browser page and for notebooks alike.

    from sim.view.page.widget import BattleMap
    BattleMap("skirmish", seed=1)        # a battle of its own
    BattleMap(model)                     # a BattleModel: its steps are taken here
    BattleMap("runs/pokrovsk-2024-1")    # what a run has written
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from sim.errors import InputError, did_you_mean
from sim.scenario import load_scenario, scenario_names
from sim.settings import Settings
from sim.view.page.session.branches import Limits
from sim.view.page.session.commands import whole_seed
from sim.view.page.session.recorded_run import RecordedRun, read_run
from sim.view.page.session.session import Session

THEMES = ("auto", "light", "dark")
STATIC = Path(__file__).with_name("static")
SCRIPTS = (
    *("app/tools", "app/link", "map/theme", "map/fields", "map/scene", "map/overlays", "map/land", "map/map", "map/units", "map/labels"),
    *("panels/plot", "panels/charts", "panels/compare", "panels/timeline", "panels/panels", "panels/inspector", "map/camera"),
    *("app/hands", "panels/head", "app/layout", "panels/files", "panels/dialogs", "app/stage", "app/page"),
)


def bundle() -> str:
    """The page's scripts as one module: plain functions in one scope, the last file exports `render`."""
    return "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)


class BattleMap(anywidget.AnyWidget):
    """A battle to look at. `height` is in px; 0 fills the window."""

    _esm = bundle()
    _css = STATIC / "page.css"
    height = traitlets.Int(640).tag(sync=True)
    theme = traitlets.Unicode("auto").tag(sync=True)
    layout_class = traitlets.Unicode("").tag(sync=True)

    def __init__(self, source: Any = "skirmish", seed: int = 1, *, overrides: dict[str, Any] | None = None,
                 member: str = "median", height: int = 640, theme: str = "auto", limits: Limits | None = None):
        if theme not in THEMES:
            raise InputError(f"theme {theme!r}: allowed: {', '.join(THEMES)}.{did_you_mean(str(theme), THEMES)}")
        if isinstance(height, bool) or not isinstance(height, int) or height < 0:
            raise InputError(f"height {height!r}: allowed: a whole number of px from 0 (fills the window).")
        session = _session(self._push, source, seed, overrides, limits or Limits(), member)
        super().__init__(height=height, theme=theme)
        self.session = session
        self.on_msg(self._receive)

    def _push(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        if self.comm is not None:
            self.send(message, buffers)

    def _receive(self, _widget: Any, message: Any, buffers: Any) -> None:
        self.session.submit(message, buffers)

    def close(self) -> None:
        """Ends the battle's thread and frees what it holds."""
        session = getattr(self, "session", None)
        if session is not None:
            session.close()
        super().close()


def _session(send: Any, source: Any, seed: int, overrides: dict[str, Any] | None, limits: Limits, member: str) -> Session:
    """The session behind the page for a scenario, a model, or the folder of a run; InputError for anything else."""
    if not isinstance(overrides, Mapping | None):
        raise InputError(f"overrides {overrides!r}: allowed: a dictionary of parameters and values.")
    if isinstance(source, (str, Path)) and _is_folder(source):
        source = read_run(Path(source).resolve(), member)
    if isinstance(source, RecordedRun):
        run = source
        return Session(send, run.scenario, run.seed, run.overrides, limits, recorded=run)
    world = getattr(source, "world", None)
    if world is not None:
        return Session(send, world.scenario, world.seed, dict(world.settings.overrides), limits, model=source)
    scenario = load_scenario(source)
    Settings({**scenario.params, **(overrides or {})})
    return Session(send, scenario, whole_seed(seed), overrides, limits)


def _is_folder(source: str | Path) -> bool:
    """True for a folder of a run; a scenario of the same name goes before a folder that holds no run."""
    return (Path(source) / "manifest.toml").is_file() or (Path(source).is_dir() and str(source) not in scenario_names())
