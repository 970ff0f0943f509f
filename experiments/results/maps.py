"""Daily maps run by run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np


def maps_of(folder: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Number and daily maps (days, ny, nx) in percent of every run that keeps them, one run at a time."""
    import pyarrow.parquet as pq

    from experiments.storage import sweep_store

    for path in sweep_store.files(folder, "maps"):
        maps: list[np.ndarray] = []
        run, shape = -1, (0, 0)
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=512, columns=["run", "day", "ny", "nx", "control"]):
                columns = (batch.column(k).to_pylist() for k in range(5))
                for number, _, ny, nx, data in zip(*columns, strict=True):
                    if number != run and maps:
                        yield run, np.stack(maps).reshape(-1, *shape)
                        maps = []
                    run, shape = number, (ny, nx)
                    maps.append(np.frombuffer(data, np.uint8))
        if maps:
            yield run, np.stack(maps).reshape(-1, *shape)
