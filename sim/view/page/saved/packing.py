"""Frames packed for a file: differences from frame to frame, column by column, which deflate makes small.

A segment holds the layers of some frames one after another and can be read without the others. Of a field (one byte a cell)
and of each column of the units it holds the first frame and then the difference of each to the one before it; units have a
place each, in order of their id, as long as they are in any frame of the segment. `static/app/saved.js` reads it.

Places of units are rounded to 1/8192 of the box (10 m of 80 km), supply, works and kill zone as in `ROUNDED`; control and
flags are exact.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from sim.view.page.messages.frame_history import RecordedFrame
from sim.view.page.messages.frames import UNIT_BYTES, Layers

SMALL, QUICK = 9, 7  # levels of deflate: 6.0 MB of the baseline year in 12 s, or 6.4 MB in 2 s
MOST_FRAMES = 30  # of a segment: what the browser unpacks at once
PLACE, SUPPLY = 8, 13  # what places (u2) and supply (u1) of units are rounded to: 10 m of 80 km, 5 %
ROUNDED = {"works": 4, "supply": 5, "threat": 2}  # bytes of fields: 1.6 %, 2 %, 0.02 hits per km
NOBODY = 255  # code of a unit that is not on the map in a frame; no unit has it
COLUMNS = (("x", "<u2", 4), ("y", "<u2", 6), ("men", "u1", 8), ("code", "u1", 9), ("supply", "u1", 10))  # of the layer `units`: type, place


def rounding() -> dict[str, int]:
    """What the reader multiplies by, by name."""
    return {"place": PLACE, "unit_supply": SUPPLY, **ROUNDED}


def segments(frames: Sequence[RecordedFrame], level: int = SMALL) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Frames in order as segments: what each holds, as JSON, and its bytes, deflated at `level`. Frames of one segment have the same layers."""
    first = 0
    for _, alike in groupby(frames, lambda f: [sorted(arm) for arm in f.arms]):
        run = list(alike)
        for k in range(0, len(run), MOST_FRAMES):
            part = run[k : k + MOST_FRAMES]
            arms, data = [], []
            for arm in range(len(part[0].arms)):
                packed = [_packed(name, [f.arms[arm] for f in part]) for name in sorted(part[0].arms[arm])]
                arms.append([head for head, _ in packed])
                data += [b for _, b in packed]
            yield {"first": first, "n": len(part), "arms": arms}, zlib.compress(b"".join(data), level)
            first += len(part)


def _packed(name: str, frames: list[Layers]) -> tuple[list[Any], bytes]:
    """One layer of all frames: its name and size (places of units, bytes of a field, bytes of each frame's bombs), and its bytes."""
    data = [f[name] for f in frames]
    if name == "units":
        return _units(data)
    if name == "bombs":
        return [name, [len(d) for d in data]], b"".join(data)
    field = np.stack([np.frombuffer(d, np.uint8) for d in data])
    return [name, field.shape[1]], _steps(_rounded(field, ROUNDED.get(name, 1))).astype(np.uint8).tobytes()


def _units(data: list[bytes]) -> tuple[list[Any], bytes]:
    """Ids, then by column all frames: places as zigzag differences in two planes (low bytes, high bytes), the others in one."""
    sizes = [len(d) // UNIT_BYTES for d in data]
    ids = [np.frombuffer(d, "<u4", n) for d, n in zip(data, sizes)]
    everybody = np.unique(np.concatenate(ids))
    rows = [np.searchsorted(everybody, of_frame) for of_frame in ids]
    here = np.zeros((len(data), everybody.size), bool)
    for k, at in enumerate(rows):
        here[k, at] = True
    out = [everybody.astype("<u4").tobytes()]
    for name, kind, offset in COLUMNS:
        values = np.zeros(here.shape, np.int64)
        for k, at in enumerate(rows):
            values[k, at] = np.frombuffer(data[k], kind, sizes[k], offset * sizes[k])
        values = np.where(here, values, NOBODY) if name == "code" else _held(values, here)
        if kind == "u1":
            out.append(_steps(_rounded(values, SUPPLY if name == "supply" else 1)).astype(np.uint8).tobytes())
        else:
            step = _steps(_rounded(values, PLACE))
            zigzag = (step << 1) ^ (step >> 63)
            out += [(zigzag & 255).astype(np.uint8).tobytes(), (zigzag >> 8).astype(np.uint8).tobytes()]
    return ["units", int(everybody.size)], b"".join(out)


def _held(values: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Values (frames, units) in which whoever is away has the value of the frame before, or of his first one."""
    k = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(here, k, -1), axis=0)
    return np.take_along_axis(values, np.where(last < 0, here.argmax(axis=0), last), axis=0)


def _rounded(values: np.ndarray, by: int) -> np.ndarray:
    return (values.astype(np.int64) + by // 2) // by


def _steps(values: np.ndarray) -> np.ndarray:
    """The first row, and of each later one the difference to the one before it."""
    return np.diff(values, axis=0, prepend=0)
