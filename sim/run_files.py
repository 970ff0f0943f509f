"""The files of a folder that `pokrovsk run` wrote: their names, and what is in them.

Tables are read file by file, so that a folder named `seed=9` is a folder and no column.
"""

from __future__ import annotations

import errno
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from sim.errors import first_error, read_toml
from sim.plugin_files import find, found, load
from sim.scenario import Scenario, known_keys

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST, SUMMARY = "manifest.toml", "summary.json"
DAILY, EVENTS, CAPTURES = "daily.parquet", "events.parquet", "captures.parquet"
CONTROL, FRAME = "control.npz", "frame.npz"
NO_MAP = 255  # in a map of a day that a run has not, since it ended before others
DAMAGE = (OSError, KeyError, IndexError, TypeError, ValueError, EOFError, RecursionError, zipfile.BadZipFile, zlib.error)  # what damaged files raise


def manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of an output folder, empty when there is none."""
    file = Path(folder) / MANIFEST
    return read_toml(file) if file.is_file() else {}


def scenario_of(folder: str | Path, data: dict[str, Any]) -> Scenario:
    """The scenario that a manifest holds in full; a front file, plugins and tables of the ground are files of the folder. KeyError when there is none, InputError when it does not hold."""
    fields = dict(data["scenario"])
    if fields.get("front"):
        fields["front"] = str(Path(folder).absolute() / fields["front"])
    if isinstance(fields.get("plugins"), list):
        fields["plugins"] = found(fields["plugins"], Path(folder))
    if isinstance(fields.get("map"), dict) and isinstance(fields["map"].get("folder"), str):
        fields["map"] = {**fields["map"], "folder": str(Path(folder).absolute() / fields["map"]["folder"])}
    try:
        return Scenario.model_validate(fields)
    except ValidationError as error:
        raise first_error(error, str(Path(folder) / MANIFEST), known_keys(), fields) from None


def load_plugins(folder: str | Path, data: dict[str, Any]) -> None:
    """Loads the plugins that lie in a folder with this manifest: their measures and parameters are then known by name."""
    scenario = data.get("scenario")
    for name in scenario.get("plugins", []) if isinstance(scenario, dict) else ():
        load(find(name, Path(folder)))


def table(file: str | Path) -> pa.Table:
    """A Parquet table of the folder."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(_regular(file)) as source:
        return source.read()


def _regular(path: str | Path) -> Path:
    """The path again; FileNotFoundError unless it is a file, since reading a pipe would never end."""
    if not Path(path).is_file():
        raise FileNotFoundError(errno.ENOENT, "not a file", str(path))
    return Path(path)


def daily_columns(folder: str | Path) -> dict[str, np.ndarray]:
    """All runs of a folder by day as columns, `run` and `day` among them."""
    daily = table(Path(folder) / DAILY)
    columns = {name: daily[name].to_numpy() for name in daily.column_names}
    columns.setdefault("run", columns.get("seed", np.zeros(len(columns["day"]), int)))
    return columns


def control_maps(folder: str | Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of the runs that have maps (r,), days (d,), and percent held by the attacker (r, d, ny, nx) uint8, row 0 southern; NO_MAP where a run had ended."""
    with np.load(_regular(Path(folder) / CONTROL), allow_pickle=False) as data:
        control = data["control"]
        control = control[None] if control.ndim == 3 else control
        run = data["run"] if "run" in data else np.zeros(1, int)
        day = data["day"] if "day" in data else np.arange(control.shape[1])
    return run, day, control


def events(folder: str | Path, run: int) -> list[dict[str, Any]]:
    """The events of one run; none when the folder has no such table."""
    file = Path(folder) / EVENTS
    return [row for row in table(file).to_pylist() if row.get("run", run) == run] if file.is_file() else []
