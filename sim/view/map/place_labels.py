"""Words on the map: names of places and rivers, labels of lines, the scale bar, north and the credit."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import patheffects

from sim.view.label_placement import Box, Wish, place
from sim.view.map import unit_glyphs
from sim.view.map.canvas import MapCanvas
from sim.view.typesetting import font, plain_weight, text_width

CREDIT = "Places © OpenStreetMap contributors (ODbL), GeoNames (CC BY 4.0)"
MADE_UP = "Made-up ground and places"
OWN = "Ground and places: the scenario's own tables"
HAIR = "\u200a"  # between the capitals of large cities


def labels(v: MapCanvas, line_labels: list[Wish]) -> None:
    """Names of places by rank, then words on lines; what does not fit is left out."""
    w, e, s, n = v.extent
    wishes, kinds = [], {}
    for place_ in v.ground.places:
        x, y = v.points((place_["x"], place_["y"]))
        if not (w < place_["x"] < e and s < place_["y"] < n):
            continue
        city, town = place_["kind"] == "city", place_["kind"] == "town"
        big = city and place_["population"] >= 40_000
        village = not city and not town
        if village and v.scale < 7 and not v.frame.scenario.map.synthetic:
            continue
        name = HAIR.join(place_["name"].upper()) if big else place_["name"]
        size = 8.5 if big else 8.0 if city else 7.5 if town else 7.0
        rank = (0 if city else 1 if town else 4) - min(place_["population"], 9e4) / 1e5
        wish = Wish(
            name, float(x), float(y), size, rank, bold=city, gap=3.4 if city else 2.8, apart=14 if village else 3
        )
        kinds[wish] = place_["kind"]
        wishes.append(wish)
    busy = np.vstack(v.busy) if v.busy else None
    placed = place([*wishes, *line_labels, *_rivers(v)], v.bounds, v.reserved, busy)
    halo = [patheffects.withStroke(linewidth=2.4, foreground=v.p.paper, alpha=0.92)]
    for label in placed:
        wish = label.wish
        kind = kinds.get(wish)
        color = {"danger": v.p.danger, "line": v.p.secondary, "water": unit_glyphs.mixed(v.p.water, v.p.ink, 0.55)}.get(
            wish.tone, v.p.ink if kind in ("city", "town") else v.p.secondary
        )
        words: dict[str, Any] = {"family": font(serif=True), "style": "italic"} if wish.tone == "water" else {}
        weight = "bold" if wish.bold else plain_weight(*[wish.tone == "water"] * 2)
        v.ax.text(
            *v.km(*label.center),
            wish.text,
            fontsize=wish.size,
            weight=weight,
            color=color,
            ha="center",
            va="center_baseline",
            zorder=16,
            path_effects=halo,
            clip_on=True,
            **words,
        )
        if kind:
            v.ax.plot(
                *v.km(wish.x, wish.y),
                marker="o",
                ms=3.4 if kind == "city" else 2.6,
                mfc=v.p.paper,
                mec=v.p.ink,
                mew=0.7,
                zorder=15,
            )


def _rivers(v: MapCanvas) -> list[Wish]:
    """Names of rivers, one each, on their course."""
    wishes = []
    for line in v.ground.water:
        if line.kind != "river" or not line.name:
            continue
        inside = line.points[v.inside(line.points)]
        for k in np.linspace(0.15, 0.85, 9) * (len(inside) - 1) if len(inside) > 30 else ():
            x, y = v.points(inside[int(k)])
            wishes.append(
                Wish(
                    line.name.split(" (")[0],
                    float(x),
                    float(y) + 4.5,
                    7.0,
                    3.5,
                    apart=8,
                    centered=True,
                    tone="water",
                    group=f"water {line.name}",
                )
            )
    return wishes


def scale_bar(v: MapCanvas) -> None:
    """0, half and full length of a round number of km, lower left, with north beside it."""
    width = v.extent[1] - v.extent[0]
    length = next(k for k in (50, 20, 10, 5, 2, 1, 0.5, 0.2) if k <= width * 0.27)
    x0, y0 = v.km(9, 9)
    halo = [patheffects.withStroke(linewidth=2.4, foreground=v.p.paper, alpha=0.92)]
    v.ax.plot([x0, x0 + length], [y0, y0], color=v.p.paper, lw=3.2, zorder=20, solid_capstyle="butt")
    v.ax.plot([x0, x0 + length], [y0, y0], color=v.p.ink, lw=1.2, zorder=20.1, solid_capstyle="butt")
    for part, text in ((0, "0"), (0.5, f"{length / 2:g}"), (1, f"{length:g} km")):
        x = x0 + part * length
        v.ax.plot([x, x], [y0, y0 + 2.6 / v.scale], color=v.p.ink, lw=0.8, zorder=20.1)
        v.ax.annotate(
            text,
            (x, y0),
            (0 if part < 1 else -3, 4),
            textcoords="offset points",
            fontsize=7,
            ha="center" if part < 1 else "left",
            va="bottom",
            zorder=21,
            path_effects=halo,
        )
    right = length * v.scale + 9
    x, y = v.km(right + 30, 8)
    v.ax.annotate(
        "",
        (x, y + 13 / v.scale),
        (x, y),
        zorder=21,
        arrowprops={"arrowstyle": "-|>", "lw": 0.8, "color": v.p.ink, "mutation_scale": 6, "shrinkA": 0, "shrinkB": 0},
    )
    v.ax.annotate(
        "N",
        (x, y),
        (5, 1),
        textcoords="offset points",
        fontsize=7,
        ha="left",
        va="bottom",
        zorder=21,
        path_effects=halo,
    )
    v.reserved.append(Box(2, 2, right + 46, 24))


def credit(v: MapCanvas) -> None:
    text = MADE_UP if v.frame.scenario.map.synthetic else OWN if v.frame.scenario.map.tables else CREDIT
    size = 6.2
    right = (v.extent[1] - v.extent[0]) * v.scale - 5
    x, y = v.km(right, 5)
    v.ax.text(
        x,
        y,
        text,
        fontsize=size,
        ha="right",
        va="bottom",
        color=v.p.secondary,
        zorder=21,
        path_effects=[patheffects.withStroke(linewidth=2.2, foreground=v.p.paper, alpha=0.9)],
    )
    v.reserved.append(Box(right - text_width(text, size) - 4, 2, right + 4, 5 + size + 3))
