"""Geometry of a front by one stated estimator, on the common 1 km grid: for the model's control and for any raster."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.fields import blur

FRONT_SD_KM = 0.6  # smoothing of control before its 0.5 contour is measured


def common_grid(control: np.ndarray, nx: int, ny: int, cell: float) -> np.ndarray:
    """Control on 1 km cells, (NY, NX): the mean of smaller cells, linear between the centers of larger ones."""
    field = control.reshape(ny, nx)
    if cell == 1.0:
        return field
    if cell < 1.0:
        k = round(1.0 / cell)
        if abs(k * cell - 1.0) < 1e-9 and nx % k == 0 and ny % k == 0:
            return field.reshape(ny // k, k, nx // k, k).mean(axis=(1, 3))
    from scipy.ndimage import map_coordinates

    width, height = round(nx * cell), round(ny * cell)
    at = [np.clip((np.arange(n) + 0.5) / cell - 0.5, 0, m - 1) for n, m in ((height, ny), (width, nx))]
    return map_coordinates(field, np.meshgrid(*at, indexing="ij"), order=1, mode="nearest")


@njit(cache=True, nogil=True)
def _contour_length(f, nx, ny):
    """Length in cells of the 0.5 contour of a field on cell centers (marching squares, linear between centers)."""
    total = 0.0
    px = np.empty(4)
    py = np.empty(4)
    for j in range(ny - 1):
        for i in range(nx - 1):
            a = f[j * nx + i] - 0.5
            b = f[j * nx + i + 1] - 0.5
            c = f[(j + 1) * nx + i + 1] - 0.5
            d = f[(j + 1) * nx + i] - 0.5
            k = 0
            if (a > 0) != (b > 0):
                px[k] = a / (a - b)
                py[k] = 0.0
                k += 1
            if (b > 0) != (c > 0):
                px[k] = 1.0
                py[k] = b / (b - c)
                k += 1
            if (d > 0) != (c > 0):
                px[k] = d / (d - c)
                py[k] = 1.0
                k += 1
            if (a > 0) != (d > 0):
                px[k] = 0.0
                py[k] = a / (a - d)
                k += 1
            if k >= 2:
                total += math.hypot(px[0] - px[1], py[0] - py[1])
            if k == 4:
                total += math.hypot(px[2] - px[3], py[2] - py[3])
    return total


def smoothed(control_km: np.ndarray) -> np.ndarray:
    """Control of the common grid, smoothed as all geometry is."""
    ny, nx = control_km.shape
    out = np.empty(nx * ny)
    blur(nx, ny, np.ascontiguousarray(control_km, dtype=np.float64).ravel(), FRONT_SD_KM, np.empty(nx * ny), out)
    return out.reshape(ny, nx)


def front_length(control_km: np.ndarray) -> float:
    """Length of the front in km: the 0.5 contour of control smoothed over 0.6 km on the common 1 km grid.

    `control_km`: (ny, nx) share 0..1 held by the attacker, row 0 southern (the length does not depend on the order).
    """
    ny, nx = control_km.shape
    return float(_contour_length(smoothed(control_km).ravel(), nx, ny))


@njit(cache=True, nogil=True)
def _enveloped(control, nx, ny, x0, y0, x, y, rays, reach):
    met = 0
    for r in range(rays):
        a = 2.0 * math.pi * r / rays
        dx = math.cos(a)
        dy = math.sin(a)
        for k in range(int(reach / 0.25) + 1):
            i = int(math.floor(x + dx * 0.25 * k - x0))
            j = int(math.floor(y + dy * 0.25 * k - y0))
            if i < 0 or i >= nx or j < 0 or j >= ny:
                break
            if control[j, i] >= 0.5:
                met += 1
                break
    return met / rays


def envelopment(control_km: np.ndarray, x0: float, y0: float, x: float, y: float) -> float:
    """Share of 120 rays of 15 km from a point that meet ground held by the attacker (the evidence's index)."""
    ny, nx = control_km.shape
    return float(_enveloped(np.ascontiguousarray(control_km), nx, ny, x0, y0, x, y, 120, 15.0))


@njit(cache=True, nogil=True)
def nearest_held(control, nx, ny, x0, y0, x, y):
    """Distance in km from a point to the nearest cell held by the attacker (its near edge); 99 when there is none."""
    best = 99.0
    for j in range(ny):
        for i in range(nx):
            if control[j, i] >= 0.5:
                dx = max(abs(x0 + i + 0.5 - x) - 0.5, 0.0)
                dy = max(abs(y0 + j + 0.5 - y) - 0.5, 0.0)
                d = math.sqrt(dx * dx + dy * dy)
                if d < best:
                    best = d
    return best
