"""Units as glyphs: one shape a kind, one color a side, three sizes of men; at far zoom, men of a place as one grain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.path import Path as Shape

from sim.forces import Kind, Task
from sim.frame import Frame
from sim.view.palette import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAR, NEAR = 8.3, 30.0  # points per km: below FAR grains, above NEAR full glyphs (11 and 40 screen pixels)
GRAIN_KM = 0.8  # at far zoom infantry of one side within such a square is one grain
CLASSES = (8, 30)  # men: up to the first small, up to the second middle, above large
_C, _S = 0.5, 0.8660254
HEXAGON = Shape(
    [(-1.0, 0), (-0.55, 0.48), (0.55, 0.48), (1.0, 0), (0.55, -0.48), (-0.55, -0.48), (-1.0, 0)], closed=True
)
CHEVRON = Shape([(-1, -0.45), (0, 0.5), (1, -0.45)], [1, 2, 2])
CHEVRON_DOWN = Shape([(-1, 0.45), (0, -0.5), (1, 0.45)], [1, 2, 2])
RAYS = Shape(
    [
        (0, 0.3),
        (0, 1),
        (0, -0.3),
        (0, -1),
        (0.3 * _S, 0.3 * _C),
        (_S, _C),
        (-0.3 * _S, -0.3 * _C),
        (-_S, -_C),
        (0.3 * _S, -0.3 * _C),
        (_S, -_C),
        (-0.3 * _S, 0.3 * _C),
        (-_S, _C),
    ],
    [1, 2] * 6,
)


def mixed(color: str, ground: str, share: float) -> tuple[float, float, float]:
    """`share` of a color over the ground, as an opaque color."""
    a, b = np.array(to_rgb(color)), np.array(to_rgb(ground))
    return tuple(share * a + (1 - share) * b)


def draw_impacts(ax: Axes, frame: Frame, p: Palette, scale: float) -> None:
    """Six-ray marks where glide bombs fell in the last step. `scale` is points per km."""
    here = frame.kind == Kind.GLIDE_BOMB
    size = 4.5 if scale < FAR else 7.0
    for width, color in ((1.8, p.paper), (0.7, p.ink)):
        ax.plot(frame.x[here], frame.y[here], ls="", marker=RAYS, ms=size, mfc="none", mec=color, mew=width, zorder=13)


def draw_units(ax: Axes, frame: Frame, p: Palette, scale: float) -> None:
    """All units, rare kinds on top: infantry, infiltrators, batteries, FPV teams, armor. Reserves are paler."""
    far, near = scale < FAR, scale >= NEAR
    size = 1.0 if far else 2.0 if near else 1.35
    _infantry(ax, frame, p, far, size)
    if near:
        _bars(ax, frame, p, scale)
    _infiltrators(ax, frame, p, far, size)
    for side in (0, 1):
        _rare_kinds(ax, frame, p, side, far, size)


def _glyphs(ax: Axes, x: np.ndarray, y: np.ndarray, marker: Any, ms: float, **how: Any) -> None:
    """One mark a place; `how` are properties of matplotlib's markers."""
    ax.plot(x, y, ls="", marker=marker, ms=ms, **{"zorder": 14, **how})


def _infantry(ax: Axes, frame: Frame, p: Palette, far: bool, size: float) -> None:
    """Infantry by side and size, those that wait first and paler; at far zoom as grains."""
    reserve = np.isin(frame.task, (Task.RESERVE, Task.MARCH, Task.WITHDRAW))
    foot = (frame.kind == Kind.INFANTRY) & (frame.task != Task.INFILTRATE) & (frame.men > 0)
    classes, sizes = (CLASSES, (1.15, 1.8, 2.7)) if far else ((4, 8), (1.9, 2.5, 3.1))
    for waiting in (True, False):
        for side in (0, 1):
            rows = foot & (reserve == waiting) & (frame.side == side)
            x, y, men = grains(frame, rows) if far else (frame.x[rows], frame.y[rows], frame.men[rows])
            color = mixed(p.side_text[side], p.land, 0.42) if waiting else p.side_text[side]
            level = np.digitize(men, np.array(classes) + 0.5)
            for k, ms in enumerate(sizes):
                here, how = level == k, {"mfc": color, "mec": p.paper, "mew": 0 if far else 0.35}
                _glyphs(ax, x[here], y[here], "os"[side], ms * size * (1.0, 0.9)[side], zorder=11.8 if waiting else 14, **how)


def _infiltrators(ax: Axes, frame: Frame, p: Palette, far: bool, size: float) -> None:
    """Infantry behind the front, as rings."""
    for side in (0, 1):
        rows = (frame.kind == Kind.INFANTRY) & (frame.task == Task.INFILTRATE) & (frame.side == side) & (frame.men > 0)
        x, y, _ = grains(frame, rows, 0.6) if far else (frame.x[rows], frame.y[rows], None)
        _glyphs(ax, x, y, "o", 1.8 if far else 2.6 * size, mfc=p.paper, mec=p.side_text[side], mew=0.5 if far else 0.75)


def _rare_kinds(ax: Axes, frame: Frame, p: Palette, side: int, far: bool, size: float) -> None:
    """Batteries as a ring with a dot, FPV teams as chevrons with a halo, armor as hexagons."""
    color = p.side_text[side]
    of = lambda kind: (frame.kind == kind) & (frame.side == side)  # noqa: E731
    guns, teams, armor = of(Kind.ARTILLERY), of(Kind.FPV_TEAM), of(Kind.ARMOR) & (frame.men > 0)
    x, y = frame.x[guns], frame.y[guns]
    _glyphs(ax, x, y, "o", 2.3 if far else 3.3 * size, mfc=p.paper, mec=color, mew=0.35 if far else 0.6)
    _glyphs(ax, x, y, "o", 0.7 if far else 1.1 * size, mfc=color, mew=0)
    x, y, shape, ms = frame.x[teams], frame.y[teams], (CHEVRON, CHEVRON_DOWN)[side], 2.3 if far else 3.6 * size
    if not far:
        _glyphs(ax, x, y, shape, ms, mfc="none", mec=p.paper, mew=1.7)
    _glyphs(ax, x, y, shape, ms, mfc="none", mec=color, mew=0.45 if far else 0.8)
    _glyphs(ax, frame.x[armor], frame.y[armor], HEXAGON, 3.0 if far else 4.6 * size, mfc=color, mec=p.paper, mew=0.3)


def _bars(ax: Axes, frame: Frame, p: Palette, scale: float) -> None:
    """Near zoom: a short bar over each infantry group, as long as its men are many (nine men fill it)."""
    rows = (frame.kind == Kind.INFANTRY) & (frame.men > 0)
    x, y, share = frame.x[rows], frame.y[rows] + 4.6 / scale, np.minimum(frame.men[rows] / 9, 1.0)
    half = 3.2 / scale
    ends = np.stack([np.column_stack([x - half, y]), np.column_stack([x - half + 2 * half * share, y])], axis=1)
    colors = [p.side_text[s] for s in frame.side[rows]]
    for width, color in ((2.0, p.paper), (0.9, colors)):
        ax.add_collection(
            LineCollection(list(ends), colors=color, linewidths=width, zorder=14.1, capstyle="butt"), autolim=False
        )


def grains(frame: Frame, rows: np.ndarray, km: float = GRAIN_KM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units gathered by squares of `km`: mean place (km) and men of each square that has any."""
    x, y, men = frame.x[rows], frame.y[rows], frame.men[rows].astype(float)
    west, _, south, north = frame.extent
    rows_up = int((north - south) / km) + 2
    column = np.floor((x - west) / km).astype(np.int64)
    square = column * rows_up + np.floor((y - south) / km + 0.5 * (column % 2)).astype(np.int64)  # like bricks
    _, group = np.unique(square, return_inverse=True)
    total = np.bincount(group, men)
    return np.bincount(group, men * x) / total, np.bincount(group, men * y) / total, total
