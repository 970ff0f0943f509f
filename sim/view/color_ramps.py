"""Ramps from little to much, one for each meaning: a side's hue, danger's plum, the model's tan. Never a rainbow.

Each rises evenly in lightness from just off the paper, so that a gray print still reads.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex, to_rgb

from sim.view.palette import Palette

LIGHT = {
    "attacker": ("#F7EEDF", "#E9CBA2", "#D09455", "#A45C17", "#6A3507"),
    "defender": ("#EDF3F0", "#BDD7D4", "#7BAEAE", "#3A7F84", "#0C4A50"),
    "danger": ("#F5F0F6", "#D5BEDD", "#A77FB6", "#743F87", "#3C1749"),
    "model": ("#F3EDE0", "#DACEB8", "#B7A37F", "#86734F", "#4F4327"),
}
DARK = {
    "attacker": ("#241E18", "#4B3520", "#825326", "#BE7E3B", "#F2BC80"),
    "defender": ("#182223", "#1F3F40", "#2E6665", "#4C9B97", "#98DFD9"),
    "danger": ("#221D28", "#41304C", "#6A4A7D", "#9C70B2", "#D7B0E8"),
    "model": ("#232120", "#3E3A31", "#645B4A", "#968A6D", "#DACDAC"),
}


def ramp(p: Palette, tone: str, steps: int) -> list[str]:
    """So many colors of a tone from little to much; a single step is the middle."""
    anchors = np.array([to_rgb(c) for c in (LIGHT if p.multiply else DARK)[tone]])
    where = np.linspace(0, 1, steps) if steps > 1 else np.array([0.35])
    at = np.linspace(0, 1, len(anchors))
    red, green, blue = (np.interp(where, at, anchors[:, k]) for k in range(3))
    return [to_hex(color) for color in zip(red, green, blue)]


def readable(color: str) -> str:
    """Ink or paper, whichever stands out on a color."""
    return "#22211E" if luminance(color) > 0.21 else "#FBF9F4"


def luminance(color: str) -> float:
    """Relative luminance after WCAG, 0 black to 1 white."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(a: str, b: str) -> float:
    """Contrast of two colors after WCAG: 1 none, 4.5 enough for text."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
