"""One look for all figures: palette, type, widths, dates on axes, captions and saving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from sim.view.numbers import number, seeds_text
from sim.view.palette import DARK as DARK
from sim.view.palette import LIGHT, Palette
from sim.view.typesetting import fitted as fitted
from sim.view.typesetting import font, plain_weight, wrap
from sim.view.typesetting import text_width as text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

COLUMN_IN = 90 / 25.4  # width of a column figure, inches
PAGE_IN = 183 / 25.4  # width of a page figure, inches
TEXT_PT, TICK_PT, TITLE_PT, CAPTION_PT = 8.0, 7.5, 10.5, 6.8
DPI = 300


def rc(palette: Palette = LIGHT) -> dict[RcKeyType, Any]:
    """The settings of matplotlib that make the style."""
    p = palette
    return {
        "font.family": [font()],
        "font.weight": plain_weight(),
        "axes.labelweight": plain_weight(),
        "font.size": TEXT_PT,
        "text.hinting": "none",  # else letters grow by up to a tenth on a coarse screen, and words touch
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


def size_pt(ax: Axes) -> tuple[float, float]:
    """Width and height of an Axes, points."""
    fig, box = ax.get_figure(root=True), ax.get_position()
    assert fig is not None, "an Axes without a figure"
    return box.width * fig.get_figwidth() * 72, box.height * fig.get_figheight() * 72


# Numbers and dates


def day_text(date: dt.date) -> str:
    """ "14 Aug 2025" whatever the locale."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ticks_of_numbers(axis: Axis, digits: int = 0) -> None:
    """Tick labels of an axis as "1,611" and "−20"."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda v, _: number(v, digits)))


def time_axis(ax: Axes, start: dt.date, end: dt.date, labels: bool = True, most: int = 6) -> None:
    """Dates on the x axis: month names on the firsts of months (the year with each January), or days in a short run."""
    from matplotlib.dates import date2num

    days = max((end - start).days, 1)
    ax.set_xlim(date2num(start), date2num(start) + days)
    marks = date_ticks(start, end, most)
    ax.set_xticks([date2num(d) for d, _ in marks], [t for _, t in marks] if labels else [""] * len(marks))


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


def caption_text(
    *, runs: int, seeds: Sequence[int], scenario: str, commit: str, bands: str = "", record: str = "", more: str = ""
) -> str:
    """The caption of a figure: runs, seeds, scenario, commit, bands, record."""
    first = f"{number(runs)} run{'s' if runs != 1 else ''}, {seeds_text(seeds)}, scenario {scenario}, commit {commit}."
    parts = [first, bands and f"Bands: {bands}.", record and f"Record: {record}.", more]
    return " ".join(p for p in parts if p)


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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    assert isinstance(fig.canvas, FigureCanvasAgg), "a figure that `figure` made"
    fig.set_dpi(DPI)
    fig.canvas.draw()
    page = np.asarray(fig.canvas.buffer_rgba())[..., :3]
    step = 256 // levels
    page = np.minimum((page.astype(np.uint16) + step // 2) // step * step, 255).astype(np.uint8)
    Image.fromarray(page).save(file, dpi=(DPI, DPI), compress_level=5)
