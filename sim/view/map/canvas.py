"""What the layers of a map share: axes, data, colors, scale, and the room that labels must leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sim.frame import Frame
from sim.view.label_placement import Box
from sim.view.map.terrain import Terrain
from sim.view.palette import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


@dataclass
class MapCanvas:
    """What all layers share: axes, data, colors, points per km, and the boxes that labels must leave free."""

    ax: Axes
    frame: Frame
    ground: Terrain
    p: Palette
    extent: tuple[float, float, float, float]
    scale: float
    smooth: np.ndarray  # smoothed control, 1 km
    threat: np.ndarray  # hits per km on whoever moves, blocks
    reserved: list[Box] = field(default_factory=list)
    busy: list[np.ndarray] = field(default_factory=list)
    n_months: int = 0  # earlier fronts that were drawn

    @property
    def cell(self) -> float:
        return self.frame.scenario.cell_km

    def points(self, xy: ArrayLike) -> np.ndarray:
        """Places in km as points from the lower left corner of the map."""
        return (np.asarray(xy, float) - (self.extent[0], self.extent[2])) * self.scale

    def km(self, x: float, y: float) -> tuple[float, float]:
        return self.extent[0] + x / self.scale, self.extent[2] + y / self.scale

    def inside(self, xy: np.ndarray) -> np.ndarray:
        """Which places (m, 2) in km lie on the map."""
        w, e, s, n = self.extent
        return (xy[:, 0] > w) & (xy[:, 0] < e) & (xy[:, 1] > s) & (xy[:, 1] < n)

    @property
    def bounds(self) -> Box:
        w, e, s, n = self.extent
        return Box(2, 2, (e - w) * self.scale - 2, (n - s) * self.scale - 2)
