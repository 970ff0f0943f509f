"""Statistics of gains and of the line."""

from __future__ import annotations

import numpy as np

from experiments.observation.areas import Areas

BOXES_KM = (1, 2, 4, 8)
FINE = 8  # points a km of the contour that is counted


def contour_dimension(control_km: np.ndarray) -> float:
    """Box-counting dimension of the front: boxes of 1 to 8 km that its 0.5 contour touches, mean over shifts of the lattice.

    The contour is that of control (ny, nx) on the 1 km grid, linear between the centers of cells. A straight front has 1
    exactly; the ten maps of the record have 1.08 to 1.11, near the 1.08 of the evidence.
    """
    from scipy.ndimage import zoom

    held = zoom(np.asarray(control_km, float), FINE, order=1, grid_mode=True, mode="nearest") >= 0.5
    edge = np.zeros_like(held)
    edge[:, :-1] |= held[:, :-1] != held[:, 1:]
    edge[:-1] |= held[:-1] != held[1:]
    counts = []
    for box in (FINE * km for km in BOXES_KM):
        shifts = range(0, box, box // 4)
        counts.append(np.mean([_touched(edge, box, down, right) for down in shifts for right in shifts]))
    return float(-np.polyfit(np.log(BOXES_KM), np.log(np.maximum(counts, 1.0)), 1)[0])


def _touched(edge: np.ndarray, box: int, down: int, right: int) -> float:
    """Boxes of a shifted lattice with a point of the contour in them, scaled up from those that lie wholly in the grid."""
    ny, nx = ((n - shift) // box * box for n, shift in zip(edge.shape, (down, right)))
    part = edge[down : down + ny, right : right + nx]
    if not part.any():
        return 0.0
    return float(part.reshape(ny // box, box, -1, box).any(axis=(1, 3)).sum()) * edge.sum() / part.sum()


TOP = 0.1  # the top tenth of days


def lag_one(series: np.ndarray) -> float:
    """Correlation of a series with itself one step before."""
    return float(np.corrcoef(series[1:], series[:-1])[0, 1]) if np.std(series) > 0 else np.nan


def variation(series: np.ndarray) -> float:
    """Standard deviation by mean."""
    from scipy.stats import variation as of

    return float(of(series))


def pace(areas: Areas) -> float:
    return areas.net / areas.days


def gained_to_lost(areas: Areas) -> float:
    lost = float(areas.lost.sum())
    return float(areas.gained.sum()) / lost if lost else np.inf


def top_share(areas: Areas) -> float:
    """Share of all gain that is made on the top tenth of the days with a gain."""
    gains = np.sort(areas.on_days_with_gain())[::-1]
    return float(gains[: round(TOP * len(gains))].sum() / gains.sum()) if gains.size else np.nan


def tail(areas: Areas) -> float:
    """Mean log-likelihood a day of an exponential tail above the median, less that of a power law there."""
    from scipy.stats import expon, pareto

    gains = areas.on_days_with_gain()
    if gains.size < 10:
        return np.nan
    least = float(np.median(gains))
    upper = gains[gains > least]
    straight = expon.logpdf(upper, loc=least, scale=upper.mean() - least).mean()
    power = pareto.logpdf(upper, len(upper) / np.log(upper / least).sum(), scale=least).mean()
    return float(straight - power)
