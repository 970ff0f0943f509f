"""Fonts in use, and the width of text in them: lines are broken and cut where they would be too long."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

SANS = (
    "Inter",
    "Source Sans 3",
    "Helvetica Neue",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "Liberation Sans",
    "Arial",
    "DejaVu Sans Condensed",
    "DejaVu Sans",
)
SERIF = ("Charter", "Charis SIL", "Georgia", "Noto Serif", "Source Serif 4", "DejaVu Serif Condensed", "DejaVu Serif")


@cache
def font(serif: bool = False) -> str:
    """The first of the preferred families that is installed; one that comes with matplotlib always is."""
    from matplotlib.font_manager import fontManager

    installed = {f.name for f in fontManager.ttflist}
    return next((name for name in (SERIF if serif else SANS) if name in installed), "DejaVu Sans")


@cache
def plain_weight(serif: bool = False, italic: bool = False) -> int:
    """The weight of the plain face of the family in use: 400 in most, 380 in some, and nothing has to be guessed."""
    from matplotlib.font_manager import fontManager, weight_dict

    faces = [f.weight for f in fontManager.ttflist if f.name == font(serif) and (f.style != "normal") == italic]
    return min((w if isinstance(w, int) else weight_dict[w] for w in faces), key=lambda w: abs(w - 400), default=400)


def wrap(text: str, width_in: float, size_pt: float, bold: bool = False) -> str:
    """Text broken at spaces (not at hard ones) into lines of a width in inches; a word longer than that is cut."""
    lines, line = [], ""
    words = re.split(r"[ \n\t]+", text.strip().replace(" %", "\u00a0%"))
    for word in (fitted(word, width_in * 72, size_pt, bold) for word in words):
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size_pt, bold) > width_in * 72:
            lines.append(line)
            longer = word
        line = longer
    return "\n".join([*lines, line])


def fitted(text: str, width_pt: float, size_pt: float, bold: bool = False) -> str:
    """One line of text, cut with an ellipsis where it is longer than so many points."""
    if text_width(text, size_pt, bold) <= width_pt:
        return text
    keep = max(1, int(len(text) * width_pt / text_width(text, size_pt, bold)))
    while keep > 1 and text_width(text[:keep].rstrip() + "…", size_pt, bold) > width_pt:
        keep -= 1
    return text[:keep].rstrip() + "…"


def text_width(text: str, size_pt: float, bold: bool = False, serif: bool = False) -> float:
    """Width of one line of text in points."""
    return _unit_width(text, bold, serif) * size_pt


@cache
def _unit_width(text: str, bold: bool, serif: bool) -> float:
    from matplotlib.ft2font import LoadFlags

    face = _face(bold, serif)
    face.set_size(100, 72)
    face.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return face.get_width_height()[0] / 64 / 100


@cache
def _face(bold: bool, serif: bool) -> FT2Font:
    """A face of our own: those that matplotlib keeps change their size with every text it draws."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    return FT2Font(findfont(FontProperties(family=font(serif), weight="bold" if bold else plain_weight(serif))))
