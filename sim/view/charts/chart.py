"""A chart before it is drawn: title (its finding), caption, the same numbers as a table, and a drawing for any width.

One chart makes a file for print (title, caption and all) and a bare drawing for a page that sets the words itself.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.view import style
from sim.view.style import COLUMN_IN, LIGHT, PAGE_IN, Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGE_IN = 0.08  # margin of a figure
SUB_PT = 8.5  # the line under the title
LEADING = 1.28  # line height of titles, in type sizes
SAFE = 0.98  # of a line's width that words fill: hinting makes them a little wider on a coarse screen
MOST_LINES = 4  # of a title
SCREEN_DPI = 160  # pictures in notebooks


@dataclass(frozen=True)
class About:
    """Provenance of the numbers of a figure, for its caption."""

    runs: int
    seeds: Sequence[int]
    scenario: str
    commit: str
    more: str = ""

    def caption(self, bands: str = "", record: str = "", more: str = "") -> str:
        """The caption, with what the bands are and whatever this figure adds."""
        added = " ".join(part for part in (more, self.more) if part)
        return style.caption_text(
            runs=self.runs,
            seeds=self.seeds,
            scenario=self.scenario,
            commit=self.commit,
            bands=bands,
            record=record,
            more=added,
        )


@dataclass(frozen=True)
class Table:
    """The numbers of a chart as text: headings with units, and rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass
class Plate:
    """The area a chart is painted in: inches, from its lower left corner."""

    fig: Figure
    p: Palette
    width: float
    height: float
    left: float = 0.0
    bottom: float = 0.0

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        w, h = self.fig.get_size_inches()
        return self.fig.add_axes(((self.left + x) / w, (self.bottom + y) / h, width / w, height / h))

    def grid(self, n: int, columns: int, *, left: float, right: float, gap: float, head: float, foot: float) -> list[Axes]:
        """`n` panels of one size in rows from the top; each has `head` above it and `foot` under it."""
        rows = -(-n // columns)
        wide = (self.width - left - right - gap * (columns - 1)) / columns
        high = self.height / rows - head - foot
        return [
            self.axes(left + (k % columns) * (wide + gap), (rows - 1 - k // columns) * self.height / rows + foot, wide, high)
            for k in range(n)
        ]

    def note(self, words: str) -> None:
        """Words in place of a drawing that has nothing to show."""
        self.text(0.0, self.height / 2, words, color=self.p.secondary, fontsize=style.TEXT_PT, va="center")

    def text(self, x: float, y: float, words: str, **more: Any) -> None:
        w, h = self.fig.get_size_inches()
        self.fig.text((self.left + x) / w, (self.bottom + y) / h, words, **more)


@dataclass(frozen=True)
class Chart:
    """One figure: `paint` fills a plate, `body_in` is the height of the plate at a width (inches)."""

    title: str  # the finding, a sentence
    what: str  # what is drawn, and its unit
    caption: str
    alt: str  # the same for those who cannot see it
    table: Table
    paint: Callable[[Plate], None]
    body_in: Callable[[float], float]
    wide: bool = False

    @property
    def width_in(self) -> float:
        return PAGE_IN if self.wide else COLUMN_IN

    def figure(self, palette: Palette = LIGHT, width_in: float | None = None, words: bool = True) -> Figure:
        """The drawn figure; without `words` only what lies between title and caption."""
        width = width_in or self.width_in
        with style.styled(palette):
            return self._with_words(palette, width) if words else self._bare(palette, width)

    def _bare(self, p: Palette, width: float) -> Figure:
        body = self.body_in(width)
        fig = style.figure(width, body)
        self.paint(Plate(fig, p, width, body))
        return fig

    def _with_words(self, p: Palette, width: float) -> Figure:
        room = width - 2 * EDGE_IN
        title = _lines(style.wrap(self.title, SAFE * room, style.TITLE_PT, bold=True))
        what = _lines(style.wrap(self.what, SAFE * room, SUB_PT))
        caption = style.wrap(self.caption, room, style.CAPTION_PT)
        high = [
            LEADING * size * text.count("\n") / 72 + LEADING * size / 72
            for text, size in ((title, style.TITLE_PT), (what, SUB_PT), (caption, style.CAPTION_PT * 1.08))
        ]
        body = self.body_in(room)
        total = 2 * EDGE_IN + sum(high) + body + 0.13
        fig = style.figure(width, total)
        y = total - EDGE_IN
        left = EDGE_IN / width
        lines: dict[str, Any] = {"va": "top", "ha": "left", "linespacing": 1.15}
        fig.text(left, y / total, title, fontsize=style.TITLE_PT, weight="bold", **lines)
        y -= high[0]
        fig.text(left, y / total, what, fontsize=SUB_PT, color=p.secondary, **lines)
        y -= high[1] + 0.06
        self.paint(Plate(fig, p, room, body, EDGE_IN, y - body))
        style.caption(fig, self.caption, left_in=EDGE_IN, bottom_in=EDGE_IN, width_in=room, palette=p)
        return fig

    def save(
        self, path: str | Path, *, dark: bool = False, formats: Sequence[str] = ("png", "svg", "pdf")
    ) -> list[Path]:
        """Writes the figure beside `path` in each format; returns the files."""
        fig = self.figure(style.DARK if dark else LIGHT)
        with style.styled(style.DARK if dark else LIGHT):
            return style.save(fig, path, formats)

    def titled(self, title: str) -> Chart:
        """The same chart under another title."""
        return replace(self, title=title)

    def svg(self, palette: Palette = LIGHT, width_in: float | None = None) -> str:
        """The bare drawing as SVG text, on no ground of its own."""
        fig = self.figure(palette, width_in, words=False)
        fig.patch.set_alpha(0)
        out = io.StringIO()
        with style.styled(palette):
            fig.savefig(out, format="svg", dpi=SCREEN_DPI, metadata={"Date": None})
        return out.getvalue()

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        with style.styled():
            self.figure().savefig(out, format="png", dpi=SCREEN_DPI)
        return out.getvalue()


def _lines(text: str) -> str:
    """At most so many lines of it; the page and the table have the whole."""
    lines = text.split("\n")
    return text if len(lines) <= MOST_LINES else "\n".join([*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][:-3].rstrip() + "…"])


# A drawing that follows the page between light and dark

_COLOR = re.compile(r"(?<=: )#[0-9a-fA-F]{6}\b")
_IDS = re.compile(r'(?<=\bid=")[^"]+|(?<=href="#)[^"]+|(?<=url\(#)[^)]+')


@dataclass
class Inks:
    """The pairs of colors (light, dark) that the drawings of one page use, each as a variable."""

    pairs: dict[tuple[str, str], str] = field(default_factory=dict)

    def name(self, light: str, dark: str) -> str:
        return self.pairs.setdefault((light.lower(), dark.lower()), f"--k{len(self.pairs)}")

    def css(self, dark: bool) -> str:
        """The variables and their colors, for a style sheet."""
        return "".join(f"{name}:{pair[dark]};" for pair, name in self.pairs.items())


def themed_svg(chart: Chart, inks: Inks, key: str, width_in: float | None = None) -> str:
    """A drawing inline in a page: colors are the page's variables, ids are its own (`key` keeps them apart).

    The drawing is made in both palettes; what differs between the two is color only, so colors pair up in order.
    """
    light, dark = chart.svg(LIGHT, width_in), chart.svg(style.DARK, width_in)
    ours, theirs = _COLOR.findall(light), _COLOR.findall(dark)
    if len(ours) != len(theirs):
        raise ValueError("a chart draws different things in light and dark")
    names = iter([inks.name(a, b) for a, b in zip(ours, theirs)])
    text = _COLOR.sub(lambda _: f"var({next(names)})", light[light.index("<svg") :])
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = _IDS.sub(lambda m: f"{key}-{m[0]}", text)
    return re.sub(r"^<svg[^>]*?(viewBox=\"[^\"]+\")[^>]*>", r'<svg \1 aria-hidden="true" focusable="false">', text)
