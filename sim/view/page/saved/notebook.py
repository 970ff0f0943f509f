"""What a notebook keeps of a battle when its kernel is gone: a picture, and on request the whole file in a frame."""

from __future__ import annotations

import html
import io
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.frame import Frame, frame_from_maps, frame_of
from sim.view.page.saved.document import page_of
from sim.view.page.saved.packing import QUICK
from sim.view.page.saved.recording import Recording, of_run, of_session
from sim.view.page.session.branches import Branches, start_control

SIDE_IN, DPI = 6.0, 110


class SavedPage:
    """A recorded battle as one HTML file; as the value of a cell it stays in the notebook and plays there without a kernel."""

    def __init__(self, recording: Recording, height: int = 640):
        self.recording, self.height = recording, height or 640

    @cached_property
    def html(self) -> bytes:
        """The file."""
        return page_of(self.recording, QUICK)

    def write(self, path: str | Path) -> Path:
        """Writes the file; an earlier one of this name is replaced."""
        path = Path(path)
        path.write_bytes(self.html)
        return path

    def _repr_html_(self) -> str:
        page = html.escape(self.html.decode("utf-8"))
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts allow-downloads" style="width: 100%; height: {self.height}px; border: 0" title="A recorded battle"></iframe>'


def recording_of(session: Any, every_hours: int) -> Recording:
    """What is recorded of the battle behind a page; a run of a folder whole. InputError while it plays."""
    if session.playing or session.wanted is not None:
        raise InputError("the battle is playing: pause it first.")
    if session.recorded is not None:
        return of_run(session.recorded, every_hours)
    if session.branches is not None:
        return of_session(session.branches, session.seed)
    return of_session(Branches(session.scenario, session.seed, session.overrides, session.limits, session.model), session.seed)


def picture_of(session: Any) -> bytes | None:
    """A PNG of the map as it stands; of a battle that has not begun, the front on its first day. None while it plays."""
    if session.playing:
        return None
    from sim.view import style
    from sim.view.map.battle_map import draw_map
    from sim.view.style import day_text

    frame = _frame(session)
    w, e, s, n = frame.extent
    with style.styled() as palette:
        fig = style.figure(SIDE_IN, SIDE_IN * (n - s) / (e - w) + 0.3)
        ax = fig.add_axes((0.0, 0.0, 1.0, 1.0 - 0.3 / fig.get_figheight()))
        draw_map(ax, frame, palette=palette)
        fig.text(0.01, 1.0 - 0.15 / fig.get_figheight(), f"{frame.scenario.title}, seed {frame.seed}: {day_text(frame.date)}. Modeled, not observed.", va="center")
        file = io.BytesIO()
        fig.savefig(file, format="png", dpi=DPI, facecolor=fig.get_facecolor())
    return file.getvalue()


def _frame(session: Any) -> Frame:
    """The moment to be drawn."""
    run, model = session.recorded, session.model
    if run is not None:
        if run.frame is not None:
            return run.frame
        maps = run.journal.maps
        return frame_from_maps(run.scenario, run.seed, np.stack([maps[k] for k in sorted(maps)]) / 100.0) if maps else _first(session)
    if session.branches is not None:
        return frame_of(session.branches.world)
    return frame_of(model.world) if model is not None else _first(session)


def _first(session: Any) -> Frame:
    """The first day of a battle that is not mustered: its front, without units."""
    box, cell = session.scenario.box, session.scenario.cell_km
    control = start_control(session.scenario).reshape(round(box.height_km / cell), round(box.width_km / cell))
    return frame_from_maps(session.scenario, session.seed, control[None])
