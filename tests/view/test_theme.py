"""Colors of the page: words and marks can be told from their ground in both themes, and the two lists of colors agree."""

import re
from itertools import pairwise

import pytest

from sim.view.page.scripts import STATIC

THEMES = ("light", "dark")
WORDS = ("ink", "secondary", "tertiary", "attacker", "defender", "danger")
GROUNDS = ("paper", "card")
MARKS = ("attacker", "defender", "danger", "tertiary", "ink")  # lines and shapes that carry meaning
VARIABLE = {"attacker": "side[0]", "defender": "side[1]", "ribbon-d": "ribbon[1]"}  # of page.css, as theme.js calls it
CAUSES = 5


def luminance(color: str) -> float:
    """Relative luminance of #RRGGBB, as in WCAG 2.2."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def css(theme: str) -> dict[str, str]:
    """The colors by name that page.css declares for a theme."""
    text = (STATIC / "page.css").read_text(encoding="utf-8")
    start = text.index(".pk {" if theme == "light" else ".pk[data-theme=dark] {")
    return dict(re.findall(r"--([\w-]+):(#[0-9A-Fa-f]{6})", text[start : text.index("}", start)]))


def script(theme: str) -> dict[str, str]:
    """The colors by name that theme.js declares for a theme; lists by index."""
    text = (STATIC / "map" / "theme.js").read_text(encoding="utf-8")
    part = text[text.index(f"const {theme.upper()} = ") :]
    part = part[: part.index("};")]
    out = dict(re.findall(r'(\w+): "(#[0-9A-Fa-f]{6})"', part))
    for name, values in re.findall(r'(\w+): \[("#[^\]]*)\]', part):
        out |= {f"{name}[{k}]": v for k, v in enumerate(re.findall(r"#[0-9A-Fa-f]{6}", values))}
    return out


@pytest.mark.parametrize("theme", THEMES)
def test_words_reach_four_and_a_half_to_one(theme):
    colors = css(theme)
    low = {(w, g): round(contrast(colors[w], colors[g]), 2) for w in WORDS for g in GROUNDS if contrast(colors[w], colors[g]) < 4.5}
    assert not low


@pytest.mark.parametrize("theme", THEMES)
def test_marks_reach_three_to_one_on_paper_and_on_land(theme):
    colors = css(theme)
    low = {(m, g): round(contrast(colors[m], colors[g]), 2) for m in MARKS for g in ("paper", "land") if contrast(colors[m], colors[g]) < 3}
    assert not low


@pytest.mark.parametrize("theme", THEMES)
def test_neighboring_causes_of_loss_can_be_told_apart(theme):
    tones = [script(theme)[f"causes[{k}]"] for k in range(CAUSES)]
    assert min(contrast(a, b) for a, b in pairwise(tones)) > 1.25


@pytest.mark.parametrize("theme", THEMES)
def test_canvas_and_style_sheet_use_the_same_colors(theme):
    drawn, styled = script(theme), css(theme)
    shared = {name: VARIABLE.get(name, name) for name in styled if VARIABLE.get(name, name) in drawn}
    shared |= {f"c{k}": f"causes[{k}]" for k in range(CAUSES)}
    assert len(shared) >= 13
    assert {n: styled[n].lower() for n in shared} == {n: drawn[d].lower() for n, d in shared.items()}
