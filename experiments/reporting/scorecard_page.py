"""The scorecard as one page that needs nothing else: the picture, and every row with its formula, source and figures."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from sim.view import style
from sim.view.charts.chart import Inks, themed_svg
from sim.view.charts.scorecard import about, apart, figures_of, finding, named, null_of, remarks, scorecard_chart

SCREEN_IN = 10.0  # width at which the picture is drawn for the page

CSS = """
body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1080px;margin:0 auto;padding:24px 20px 48px}
h1{font:bold 24px/1.25 Charter,Georgia,"Noto Serif",serif;margin:0 0 4px}
p.about,td.small,p.small{color:var(--secondary);font-size:12.5px}
figure{margin:16px 0 28px}figure svg{width:100%;height:auto;display:block}
figure div{overflow-x:auto}figure svg{min-width:760px}
section{border-top:1px solid var(--hairline);padding:14px 0 10px}
h2{font-size:15px;margin:0 0 2px}h2 .id{display:inline-block;min-width:2.6em}h2 .kind{color:var(--tertiary);font-weight:400;margin-left:.5em}
.verdict{float:right;font-weight:400;color:var(--secondary)}.fail .verdict,td.fail{color:var(--danger);font-weight:600}
table{border-collapse:collapse;width:100%;margin-top:6px;font-size:13px}th{font-weight:400;color:var(--tertiary);text-align:left}
th,td{padding:2px 10px 2px 0;vertical-align:top}td.n{white-space:nowrap}tr.reported td{color:var(--secondary)}
.wide{overflow-x:auto}
"""
NAMES = ("paper", "ink", "secondary", "tertiary", "hairline", "danger")


def scorecard_page(card: dict[str, Any]) -> str:
    """The page as HTML. Colors follow the reader's setting of light or dark."""
    inks = Inks()
    picture = themed_svg(scorecard_chart(card), inks, "card", SCREEN_IN)
    sheet = "".join(
        f"{media}{{:root{{color-scheme:{scheme};{_colors(palette)}{inks.css(dark)}}}}}"
        if media
        else f":root{{color-scheme:{scheme};{_colors(palette)}{inks.css(dark)}}}"
        for media, scheme, palette, dark in (
            ("", "light", style.LIGHT, False),
            ("@media (prefers-color-scheme: dark)", "dark", style.DARK, True),
        )
    )
    title = escape(finding(card))
    sections = "".join(_section(row) for row in card["rows"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{sheet}{CSS}</style></head><body><main>"
        f'<h1>{title}</h1><p>{escape(apart(card))}</p><p class="about">{escape(about(card))}</p>'
        f'<figure aria-label="{title}. Every figure is in the tables below."><div>{picture}</div></figure>'
        f"{sections}</main></body></html>\n"
    )


def _colors(palette: style.Palette) -> str:
    return "".join(f"--{name}:{getattr(palette, name)};" for name in NAMES)


def _section(row: dict[str, Any]) -> str:
    """One row of the scorecard: what it asks, where it comes from, and its figures."""
    notes = [row["note"], *remarks(row)] if row["note"] else remarks(row)
    note = f'<p class="small">{escape(" ".join(notes))}</p>' if notes else ""
    figures = "".join(_line(check) for check in row["checks"])
    heads = "".join(
        f"<th scope=col>{h}</th>" for h in ("figure", "record or law", "model", "interval", "band", "verdict", "null model")
    )
    table = (
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{figures}</tbody></table></div>'
        if figures
        else ""
    )
    return (
        f'<section class="{escape(row["verdict"].replace(" ", "-"))}" id="{row["id"]}"><h2><span class="id">{row["id"]}</span>'
        f'{escape(row["title"])}<span class="kind">{row["kind"]}</span><span class="verdict">{escape(row["verdict"])}</span></h2>'
        f'<p class="small">{_text(row["formula"])}. Band: {_text(row["band"])}. Source: {_text(row["source"])}.</p>{note}{table}</section>'
    )


def _text(words: str) -> str:
    """Plain words as HTML, with squares as people write them."""
    return escape(words.replace("km2", "km²").replace("R2", "R²").replace("r2", "r²"))


def _line(check: dict[str, Any]) -> str:
    record, model, span, band = figures_of(check)
    kind = f" ({check['interval']})" if span and check["interval"] else ""
    count = f", n = {check['n']:,}" if check["n"] else ""
    is_informational = check["verdict"] == "reported"
    cells = (
        f"<td>{escape(named(check))}</td><td>{escape(record)}</td><td class=n>{escape(model)}</td>"
        f'<td class="small">{escape(span + kind + count).lstrip(", ")}</td><td class=n>{"" if is_informational else escape(band)}</td>'
        f'<td class="n {escape(check["verdict"])}">{escape(check["verdict"])}</td><td class="small n">{escape(null_of(check))}</td>'
    )
    return f'<tr class="{"reported" if is_informational else ""}">{cells}</tr>'


def draw(folder: Path, card: dict[str, Any]) -> list[Path]:
    """The page and the figure of a card, written beside it."""
    from experiments.storage.files import replacing
    from sim.view.charts.scorecard import scorecard_chart

    with replacing(folder / "scorecard.html") as draft:
        draft.write_text(scorecard_page(card), encoding="utf-8")
    return [folder / "scorecard.html", *scorecard_chart(card).save(folder / "scorecard", formats=("png",))]
