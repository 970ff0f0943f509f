"""One look for all figures: palette, type, widths, number formats, captions and saving. Colors have fixed meanings.

Ink carries facts, color carries sides and danger, grey and tan carry the model's spread and what is uncertain.
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from sim.view.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ft2font import FT2Font

COLUMN_IN = 90 / 25.4  # width of a column figure, inches
PAGE_IN = 183 / 25.4  # width of a page figure, inches
TEXT_PT, TICK_PT, TITLE_PT, CAPTION_PT = 8.0, 7.5, 10.5, 6.8
DPI = 300

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


def rc(palette: Palette = LIGHT) -> dict[str, object]:
    """The settings of matplotlib that make the style."""
    p = palette
    return {
        "font.family": [font()],
        "font.weight": plain_weight(),
        "axes.labelweight": plain_weight(),
        "font.size": TEXT_PT,
        "figure.dpi": 100,
        "savefig.dpi": DPI,
        "axes.titlesize": TITLE_PT,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": TEXT_PT,
        "xtick.labelsize": TICK_PT,
        "ytick.labelsize": TICK_PT,
        "figure.facecolor": p.paper,
        "axes.facecolor": p.paper,
        "savefig.facecolor": p.paper,
        "text.color": p.ink,
        "axes.labelcolor": p.secondary,
        "axes.edgecolor": p.control_line,
        "xtick.color": p.control_line,
        "ytick.color": p.control_line,
        "xtick.labelcolor": p.secondary,
        "ytick.labelcolor": p.secondary,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.linewidth": 0.6,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "grid.color": p.hairline,
        "grid.linewidth": 0.5,
        "axes.axisbelow": True,
        "xtick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 0,
        "ytick.major.pad": 3,
        "lines.linewidth": 1.1,
        "lines.solid_capstyle": "round",
        "lines.solid_joinstyle": "round",
        "hatch.linewidth": 0.3,
        "hatch.color": p.tertiary,
        "pdf.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "pokrovsk",
        "axes.unicode_minus": True,
        "text.parse_math": False,  # a dollar sign in somebody's name is a dollar sign
        "path.simplify": True,
        "legend.frameon": False,
    }


@contextmanager
def styled(palette: Palette = LIGHT) -> Iterator[Palette]:
    """A block in which every new figure has the style; yields the palette."""
    with mpl.rc_context(rc(palette)):
        yield palette


def figure(width_in: float, height_in: float) -> Figure:
    """An empty figure that needs no screen. Make it inside `styled()`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(fig)
    return fig


# Numbers and dates


def day_text(date: dt.date) -> str:
    """ "14 Aug 2025" whatever the locale."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ticks_of_numbers(axis: object, digits: int = 0) -> None:
    """Tick labels of an axis as "1,611" and "−20"."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda v, _: number(v, digits)))


def time_axis(ax: Axes, start: dt.date, end: dt.date, labels: bool = True, most: int = 6) -> None:
    """Dates on the x axis: month names on the firsts of months (the year with each January), or days in a short run."""
    days = max((end - start).days, 1)
    ax.set_xlim(mpl.dates.date2num(start), mpl.dates.date2num(start) + days)
    marks = date_ticks(start, end, most)
    ax.set_xticks([mpl.dates.date2num(d) for d, _ in marks], [t for _, t in marks] if labels else [""] * len(marks))


def date_ticks(start: dt.date, end: dt.date, most: int = 6) -> list[tuple[dt.date, str]]:
    """At most about `most` dates with their labels, evenly apart."""
    days = max((end - start).days, 1)
    if days <= 75:
        step = next((s for s in (1, 2, 5, 7, 14) if days / s <= most), 14)
        dates = [start + dt.timedelta(days=d) for d in range(0, days + 1, step)]
        return [(d, f"{d.day} {MONTHS[d.month - 1]}") for d in dates]
    months = [dt.date(start.year + m // 12, m % 12 + 1, 1) for m in range(start.month, start.month + days // 28 + 1)]
    months = [m for m in months if m <= end]
    steps = ([m for m in months if (m.month - 1) % step == 0] for step in (1, 2, 3, 6, 12))
    kept = next((some for some in steps if len(some) <= most), months[:1]) or months[:1]
    return [(m, str(m.year) if m.month == 1 else MONTHS[m.month - 1]) for m in kept]


# Captions and files


@cache
def commit() -> str:
    """The short commit of the code in use, "+" behind it after changes; "unversioned" outside a repository."""

    def git(*words: str) -> str:
        folder = str(Path(__file__).parent)
        return subprocess.run(
            ["git", "-C", folder, *words], capture_output=True, text=True, timeout=5, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return "unversioned"


def seeds_text(seeds: Sequence[int]) -> str:
    """ "seed 3", "seeds 1 to 64" or "seeds 1, 4, 9"."""
    given = sorted(set(int(s) for s in seeds))
    if not given:
        return "no seed"
    if len(given) == 1:
        return f"seed {given[0]}"
    if len(given) == given[-1] - given[0] + 1:
        return f"seeds {given[0]} to {given[-1]}"
    shown = ", ".join(map(str, given[:6]))
    return f"seeds {shown}" + (f" and {len(given) - 6} more" if len(given) > 6 else "")


def caption_text(
    *, runs: int, seeds: Sequence[int], scenario: str, commit: str, bands: str = "", record: str = "", more: str = ""
) -> str:
    """What every figure must say about itself, as sentences."""
    first = f"{number(runs)} run{'s' if runs != 1 else ''}, {seeds_text(seeds)}, scenario {scenario}, commit {commit}."
    parts = [first, bands and f"Bands: {bands}.", record and f"Record: {record}.", more]
    return " ".join(p for p in parts if p)


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
    face = _face(bold, serif)
    face.set_size(100, 72)
    face.set_text(text, 0.0)
    return face.get_width_height()[0] / 64 / 100


@cache
def _face(bold: bool, serif: bool) -> FT2Font:
    """A face of our own: those that matplotlib keeps change their size with every text it draws."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    return FT2Font(findfont(FontProperties(family=font(serif), weight="bold" if bold else plain_weight(serif))))


def caption(
    fig: Figure, text: str, *, left_in: float, bottom_in: float, width_in: float, palette: Palette = LIGHT
) -> None:
    """Writes a caption at the foot of a figure, broken to the width (inches)."""
    w, h = fig.get_size_inches()
    fig.text(
        left_in / w,
        bottom_in / h,
        wrap(text, width_in, CAPTION_PT),
        fontsize=CAPTION_PT,
        color=palette.secondary,
        va="bottom",
        ha="left",
        linespacing=1.35,
    )


def save(fig: Figure, path: str | Path, formats: Sequence[str] = ("png", "svg", "pdf"), levels: int = 0) -> list[Path]:
    """Writes a figure beside `path` in each format: PNG at 300 dpi, SVG, PDF with fonts embedded.

    `levels` > 0 rounds the PNG to that many tones a channel (128 look like 256), which keeps a large map small.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    with mpl.rc_context({"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "pokrovsk"}):
        for kind in formats:
            file = path.with_suffix(f".{kind}")
            if kind == "png" and levels:
                _save_small(fig, file, levels)
            else:
                meta = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
                fig.savefig(file, dpi=DPI, facecolor=fig.get_facecolor(), metadata=meta)
            written.append(file)
    return written


def _save_small(fig: Figure, file: Path, levels: int) -> None:
    import numpy as np
    from PIL import Image

    fig.set_dpi(DPI)
    fig.canvas.draw()
    page = np.asarray(fig.canvas.buffer_rgba())[..., :3]
    step = 256 // levels
    page = np.minimum((page.astype(np.uint16) + step // 2) // step * step, 255).astype(np.uint8)
    Image.fromarray(page).save(file, dpi=(DPI, DPI), compress_level=5)
