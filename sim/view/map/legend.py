"""The key of a map: one strip of two rows, its layers in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.patches import Rectangle

from sim.view import style
from sim.view.map import unit_glyphs
from sim.view.map.battle_map import STEPS, danger_color
from sim.view.map.overlays import RIBBON_PT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = 7.0  # points
GAP = 9.0


def draw_key(ax: Axes, p: style.Palette) -> None:
    """Draws the key over a whole Axes: zones and lines above, units and supply below."""
    width, height = style.size_pt(ax)
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    _zones(ax, p, height * 0.70)
    _units(ax, p, height * 0.18)


def _word(ax: Axes, x: float, y: float, words: str, color: str) -> float:
    """Writes at x; returns where the next entry begins."""
    ax.text(x, y, words, fontsize=SIZE, color=color, va="center_baseline")
    return x + style.text_width(words, SIZE) + GAP


def _patch(ax: Axes, x: float, y: float, width: float, **kw: Any) -> None:
    ax.add_patch(Rectangle((x, y - 3), width, 6, lw=0, **kw))


def _zones(ax: Axes, p: style.Palette, y: float) -> None:
    _patch(ax, 0, y, 12, facecolor=unit_glyphs.mixed(p.held[0], p.land, p.held[1] + 0.08))
    ax.plot([12, 12], [y - 3.6, y + 3.6], color=p.ink, lw=1.4)
    x = _word(ax, 16, y, "held by the attacker", p.ink)
    ax.plot([x, x + 14], [y, y], color=p.ink, lw=1.0, ls=(0, (0.1, 2.1)), dash_capstyle="round")
    x = _word(ax, x + 17, y, "front at the start", p.ink)
    _patch(ax, x, y, 14, facecolor="none", edgecolor=p.tertiary, hatch="///////")
    x = _word(ax, x + 17, y, "grey zone", p.ink)
    for k, level in enumerate(STEPS):
        _patch(ax, x + k * 17, y, 17, facecolor=danger_color(p, k + 1))
        ax.text(x + k * 17 + 8.5, y, f"{level:g}", fontsize=6.2, color=p.ink, ha="center", va="center_baseline")
    x = _word(ax, x + 17 * len(STEPS) + 3, y, "hits per km on a mover", p.ink)
    ax.plot([x, x + 16], [y, y], color=p.ink, lw=0.7)
    for k in range(4):
        ax.plot([x + 2 + 4 * k] * 2, [y, y + 2.2], color=p.ink, lw=0.6)
    x = _word(ax, x + 19, y, "works", p.ink)
    ax.add_patch(Rectangle((x, y - 2.6), 13, 5.2, fill=False, ec=p.side_text[1], lw=0.8, ls=(0, (2.2, 1.6))))
    _word(ax, x + 16, y, "pocket", p.ink)


def _units(ax: Axes, p: style.Palette, y: float) -> None:
    x = 0.0
    for side, name in enumerate(("attacker", "defender")):
        for shift, color in ((3, p.side_text[side]), (9, unit_glyphs.mixed(p.side_text[side], p.land, 0.42))):
            ax.plot(x + shift, y, marker="os"[side], ms=3.2, color=color, mew=0)
        x = _word(ax, x + 14, y, f"{name}: line, reserve", p.side_text[side])
    color = p.side_text[0]
    for marker, ms, words, fill, edge in (
        ("o", 3.0, "infiltrators", p.paper, 0.7),
        (unit_glyphs.CHEVRON, 3.6, "FPV team", "none", 0.6),
        ("o", 3.4, "battery", p.paper, 0.5),
        (unit_glyphs.HEXAGON, 4.2, "armor", color, 0.0),
        (unit_glyphs.RAYS, 5.0, "glide bomb", "none", 0.7),
    ):
        ax.plot(x + 3, y, marker=marker, ms=ms, mfc=fill, mec=p.ink if words == "glide bomb" else color, mew=edge)
        if words == "battery":
            ax.plot(x + 3, y, marker="o", ms=1.0, color=color, mew=0, zorder=3)
        x = _word(ax, x + 8, y, words, p.ink)
    for side in (1, 0):
        ax.plot([x, x + 8], [y, y], color=p.ribbon[side], lw=RIBBON_PT, solid_capstyle="butt")
        ax.plot([x + 8, x + 14], [y, y], color=p.ribbon[side], lw=RIBBON_PT * 0.4, solid_capstyle="butt")
        x += 17
    _word(ax, x, y, "supply", p.ink)
