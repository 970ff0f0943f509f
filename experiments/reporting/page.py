"""Self-contained HTML pages: a template, colors in light and dark, and figures drawn into the text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.view.charts.chart import Chart, Inks

FORMATS = ("png", "svg", "pdf")


@dataclass
class Drawn:
    """A chart as the page shows it: its number, its file, and the drawings that follow the page's colors."""

    number: int
    chart: Chart
    file: str
    drawing: str
    narrow: str = ""  # the drawing for a phone, where the figure is wide


@dataclass
class Section:
    """A part of the page: a heading, what it shows, its figures, and those that are folded away."""

    key: str
    title: str
    lead: str
    figures: list[Drawn] = field(default_factory=list)
    folded: list[Drawn] = field(default_factory=list)


def draw(chart: Chart, number: int, name: str, inks: Inks, figures: Path | None, formats: Sequence[str] = FORMATS) -> Drawn:
    """A chart drawn into the page, and written to the folder `figures` in each format."""
    import markupsafe

    from sim.view.charts.chart import themed_svg
    from sim.view.style import COLUMN_IN

    file = f"{number:02d}-{re.sub(r'[^A-Za-z0-9_.]+', '-', name).strip('-')}"
    if figures is not None:
        figures.mkdir(parents=True, exist_ok=True)
        chart.save(figures / file, formats=formats)
    narrow = themed_svg(chart, inks, f"n{number}", COLUMN_IN) if chart.wide else ""
    return Drawn(number, chart, file, markupsafe.Markup(themed_svg(chart, inks, f"f{number}")), markupsafe.Markup(narrow))


def render(template: str, inks: Inks, formats: Sequence[str] = FORMATS, **values: Any) -> str:
    """The page of a template of this folder; values are escaped."""
    import jinja2

    from sim.view import style

    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template(template).render(
        **values,
        light=style.LIGHT,
        dark=style.DARK,
        inks=(inks.css(False), inks.css(True)),
        formats=[f.upper() for f in formats],
        written=style.day_text(dt.date.today()),
    )
