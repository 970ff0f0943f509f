"""Colors by role, for light and dark paper. Colors have fixed meanings.

Ink carries facts, color carries sides and danger, grey and tan carry the model's spread and what is uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colors by role. Tuples run from the first-named meaning to the last."""

    paper: str
    ink: str
    secondary: str
    tertiary: str
    hairline: str
    control_line: str
    side_text: tuple[str, str]  # glyphs and words: attacker, defender
    side_bar: tuple[str, str]  # areas in charts
    ribbon: tuple[str, str]  # supply
    danger: str  # kill zone, "outside": only ever an area or a contour
    held: tuple[str, float]  # tint of the attacker's ground and its strength
    causes: tuple[str, str, str, str, str]  # drone, shell, direct fire, bomb, pocket
    land: str
    wood: str
    built: str
    water: str
    bands: tuple[str, str, str]  # 95 (or 90), 80 and 50 % of an ensemble
    median: str
    multiply: bool  # whether tints darken the ground (light paper) or are laid over it


LIGHT = Palette(
    paper="#FBF9F4",
    ink="#22211E",
    secondary="#57534B",
    tertiary="#6E685D",
    hairline="#DED8CB",
    control_line="#C9C1B1",
    side_text=("#A0490A", "#0F5F66"),
    side_bar=("#C07A38", "#5E9A9B"),
    ribbon=("#C27A35", "#4F8D8F"),
    danger="#6A2F7C",
    held=("#D4863A", 0.20),
    causes=("#3B3A36", "#77716A", "#A59D90", "#CFC7B8", "#6A2F7C"),
    land="#F6F2E8",
    wood="#D3DDBF",
    built="#CFC5B5",
    water="#8FB6C4",
    bands=("#EAE2D3", "#DACEB8", "#C3B294"),
    median="#7A6A4C",
    multiply=True,
)
DARK = Palette(
    paper="#17191B",
    ink="#ECE7DC",
    secondary="#B9B3A7",
    tertiary="#9C968B",
    hairline="#2F3234",
    control_line="#45484A",
    side_text=("#E59B52", "#6CC5C0"),
    side_bar=("#A86F37", "#3F8583"),
    ribbon=("#A86F37", "#3F8583"),
    danger="#C996DE",
    held=("#D6843A", 0.17),
    causes=("#E4DED2", "#A9A398", "#75716A", "#4A4947", "#C996DE"),
    land="#1D2022",
    wood="#27322B",
    built="#43454A",
    water="#3E6573",
    bands=("#2C2A26", "#3B372F", "#524B3D"),
    median="#B7A582",
    multiply=False,
)
