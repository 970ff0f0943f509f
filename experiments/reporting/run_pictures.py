"""The pictures beside a run folder."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from sim.run_files import CONTROL


def draw_pictures(folder: Path, n: int) -> None:
    """The pictures of a folder. One that fails costs a warning, not the run."""
    from sim.view.battle_picture import battle_picture
    from sim.view.charts.ensemble_fan import fan_chart

    drawn = [(battle_picture, "battle.png")] if (folder / CONTROL).is_file() else []
    for draw, name in [*drawn, *([(fan_chart, "fan.png")] if n > 1 else [])]:
        try:
            with tempfile.TemporaryDirectory(prefix=".draw-", dir=folder) as drafts:
                draw(folder, Path(drafts) / name)
                for file in Path(drafts).iterdir():
                    os.replace(file, folder / file.name)
        except Exception as error:
            print(f"pokrovsk: {name} was not drawn: {type(error).__name__}: {error}", file=sys.stderr)
