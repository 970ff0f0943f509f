from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sim.scenario import Scenario


@dataclass(frozen=True)
class Grid:
    """The cells: south-west corner, edge in km, number of columns (nx) and rows (ny)."""

    x0_km: float
    y0_km: float
    cell_km: float
    nx: int
    ny: int

    @classmethod
    def of(cls, scenario: Scenario) -> Grid:
        """The grid of a scenario's box and cell size."""
        box, cell = scenario.box, scenario.cell_km
        return cls(box.x0_km, box.y0_km, cell, round(box.width_km / cell), round(box.height_km / cell))

    @property
    def n(self) -> int:
        return self.nx * self.ny

    @property
    def shape(self) -> tuple[int, int]:
        return self.ny, self.nx

    def centers(self) -> tuple[np.ndarray, np.ndarray]:
        """Centers of all cells in km: x (n,), y (n,)."""
        x = self.x0_km + (np.arange(self.nx) + 0.5) * self.cell_km
        y = self.y0_km + (np.arange(self.ny) + 0.5) * self.cell_km
        return np.tile(x, self.ny), np.repeat(y, self.nx)

    def cell_of(self, x: Any, y: Any) -> np.ndarray:
        """The cell of each point in km, -1 outside the grid. Accepts numbers and arrays."""
        i = np.floor((np.asarray(x, float) - self.x0_km) / self.cell_km).astype(np.int64)
        j = np.floor((np.asarray(y, float) - self.y0_km) / self.cell_km).astype(np.int64)
        inside = (i >= 0) & (i < self.nx) & (j >= 0) & (j < self.ny)
        return np.where(inside, j * self.nx + i, -1)
