"""Figures of studies: declared size, words inside and apart, fonts embedded, and no data that breaks them."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pytest
from helpers.drawings import check_drawing, check_words, words_of
from PIL import Image

from sim.view import color_ramps, names, style
from sim.view.charts import (
    bars,
    control_probability,
    convergence,
    daily_fans,
    heatmap,
    heatmap_data,
    main_effects,
    marks,
    paired_differences,
)
from sim.view.charts.chart import About, Chart, Inks, themed_svg
from sim.view.names import Named, factor_named, measure_named

ABOUT = About(420, range(1, 21), "pokrovsk-2024", "abc1234")
HELD, DEEP = measure_named("held_km2"), measure_named("deep_breakthroughs")
ROTATION, RATIO = factor_named("rotation_interval_days"), factor_named("manpower_ratio")
LONG = Named("a factor whose name goes on and on for longer than any figure is wide, by quite a bit " * 2, "soldiers")
START = dt.date(2024, 7, 8)
NAN = float("nan")


def rng():
    return np.random.default_rng(7)


def a_heat(n=7, m=7, **more):
    x, y = np.geomspace(10, 180, n).round(), np.linspace(1, 8, m).round(2)
    z = 0.3 * y[:, None] * (1 + np.log(x[None] / (30 + 5 * y[:, None])) ** 2) + rng().normal(0, 0.02, (m, n))
    given = {"noise": 0.15, "best": "low", "default": (60.0, 4.5), "x_named": ROTATION, "y_named": RATIO, "measure": DEEP}
    return heatmap.heatmap_chart(x.tolist(), y.tolist(), z, about=ABOUT, **{**given, **more})


def some_indices(n=8, floor=NAN, rise=0.0):
    """Falling indices; their floors are the same, or rise from one to the next."""
    return [bars.Index(f"factor {k}", *(a / (k + 1) for a in (0.4, 0.3, 0.5, 0.25)), floor + k * rise) for k in range(n)]


def an_effect(name, levels, slope=1.0):
    mean = 100 + slope * np.arange(len(levels))
    return main_effects.Effect(factor_named(name), levels, mean, mean - 2, mean + 2)


def some_fans(levels=(1.0, 2.0, 4.0), runs=12, days=60):
    walk = lambda k: 680 + np.cumsum(rng().normal(k, 1, (runs, days + 1)), axis=1)  # noqa: E731
    return daily_fans.fans_chart({k: walk(k) for k in levels}, START, measure=HELD, about=ABOUT, factor=RATIO)


def some_twins(n=30, **more):
    gap = rng().normal(-70, 40, n)
    given = {"mean": float(gap.mean()), "low": -85.0, "high": -55.0, "noise": 9.0, **more}
    return paired_differences.paired_differences_chart(gap, range(1, n + 1), measure=HELD, change="rotation interval at 180 days minus at 10 days", about=ABOUT, **given)


def some_settling(n=20):
    values = rng().normal(100, 20, n)
    count = np.arange(2, n + 1)
    mean = np.array([values[:k].mean() for k in count])
    half = 2 * 20 / np.sqrt(count)
    return convergence.convergence_chart(convergence.RunningMean(count, mean, mean - half, mean + half), measure=HELD, about=ABOUT)


def some_maps(n=6, record=True):
    x = np.linspace(0, 1, 40)[None] + 0.1 * np.sin(np.linspace(0, 6, 40))[:, None]
    maps = []
    for k in range(n):
        p = 1 / (1 + np.exp(-(x - 0.7 + 0.05 * k) * 20 / (1 + k)))
        maps.append(control_probability.ControlMap(f"{k + 1} Sep 2024", p, (p > 0.6).astype(float) if record else None))
    return control_probability.control_maps_chart(maps, extent=(0, 80, 0, 80), cell_km=2.0, about=ABOUT, places=[("Pokrovsk", 30, 40), ("Kurakhove", 50, 20)])


def a_tornado(n=6):
    swings = [bars.Swing(f"factor {k}", (1, 10 * k + 5), (100 - 30 / (k + 1), 100 + 40 / (k + 1)), (98 - 30 / (k + 1), 97 + 40 / (k + 1)), (102 - 30 / (k + 1), 104 + 40 / (k + 1))) for k in range(n)]
    return bars.tornado_chart(swings, 100.0, measure=HELD, about=ABOUT, noise=3.0)


CHARTS = {
    "heat": a_heat,
    "tiles": lambda: a_heat(3, 2),
    "indices": lambda: bars.index_chart(some_indices(floor=0.06), what="Share of the variance", measure=HELD, about=ABOUT),
    "tornado": a_tornado,
    "effects": lambda: main_effects.main_effects_chart([an_effect("manpower_ratio", [1, 2, 4], 9), an_effect("belts", [False, True], 5), an_effect("bombs_scale", [0, 1, 2], 3)], measure=HELD, about=ABOUT),
    "fans": some_fans,
    "one fan": lambda: daily_fans.fans_chart({"all": some_walk()}, START, measure=HELD, about=ABOUT),
    "twins": some_twins,
    "convergence": some_settling,
    "maps": some_maps,
}  # fmt: skip


def some_walk():
    return 680 + np.cumsum(rng().normal(2, 3, (20, 200)), axis=1)


@pytest.mark.parametrize("name", CHARTS)
def test_words_are_inside_and_apart(name, quiet):
    chart = CHARTS[name]()
    check_drawing(chart.figure())
    check_drawing(chart.figure(style.DARK, style.COLUMN_IN, words=False))


@pytest.mark.parametrize("name", CHARTS)
def test_says_what_a_figure_must(name):
    chart = CHARTS[name]()
    assert "420 runs, seeds 1 to 20, scenario pokrovsk-2024, commit abc1234." in chart.caption
    assert chart.title and chart.what and chart.alt.endswith(".")
    assert chart.table.rows and all(len(row) == len(chart.table.columns) for row in chart.table.rows)
    assert "nan" not in f"{chart.title} {chart.what} {chart.caption} {chart.alt}".split()


@pytest.mark.parametrize("name", ["heat", "fans", "maps"])
def test_files(name, tmp_path, quiet):
    chart = CHARTS[name]()
    png, svg, pdf = chart.save(tmp_path / name)
    with Image.open(png) as image:
        assert image.size[0] == pytest.approx(chart.width_in * 300, abs=1)
        assert image.info["dpi"][0] == pytest.approx(300, abs=1)
        assert len(np.unique(np.asarray(image.convert("L")))) > 30
    assert b"FontFile2" in pdf.read_bytes()
    assert "<text" not in svg.read_text("utf-8")  # letters are outlines, so that no font is needed


def test_widths_are_a_column_and_a_page():
    assert CHARTS["heat"]().width_in == pytest.approx(90 / 25.4)
    assert CHARTS["fans"]().width_in == pytest.approx(183 / 25.4)


@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_follows_the_page(name):
    """Inline it has no color of its own, and no name that another drawing could have."""
    inks = Inks()
    text = themed_svg(CHARTS[name](), inks, "f1")
    bare = re.sub(r'href="data:[^"]*"', "", text)
    assert not re.search(r"(fill|stroke): ?#", bare) and "<metadata" not in text and text.startswith("<svg viewBox")
    assert all(i.startswith("f1-") for i in re.findall(r'\bid="([^"]+)"', text))
    assert inks.css(False).count("--k") == len(inks.pairs) == inks.css(True).count("--k")


def test_the_same_chart_is_the_same_file(tmp_path):
    one, two = (CHARTS["twins"]().save(tmp_path / name, formats=("svg",))[0].read_bytes() for name in ("a", "b"))
    assert one == two


# Data at its worst


def many_factors():
    return bars.index_chart(some_indices(30, 0.02, 0.001), what="Share", measure=HELD, about=ABOUT)


EXTREME = {
    "constant plane": lambda: a_heat_of(np.full((6, 6), 3.0)),
    "constant tiles": lambda: a_heat_of(np.zeros((2, 2))),
    "plane of nothing": lambda: a_heat_of(np.full((5, 5), NAN)),
    "plane with holes": lambda: a_heat_of(np.where(np.eye(6) > 0, NAN, 1.0)),
    "one tile": lambda: a_heat_of(np.array([[7.0]])),
    "one row": lambda: a_heat_of(np.arange(6.0)[None]),
    "large and small": lambda: a_heat_of(10.0 ** np.arange(-3, 9).reshape(2, 6)),
    "long names of a plane": lambda: a_heat(x_named=LONG, y_named=LONG, measure=LONG),
    "words for levels": lambda: heatmap.heatmap_chart([True, False, "a level with a long name"], ["x" * 60, "y"], np.ones((2, 3)), x_named=LONG, y_named=LONG, measure=HELD, about=ABOUT),
    "thirty factors": many_factors,
    "no factor": lambda: bars.index_chart([], what="Share", measure=HELD, about=ABOUT),
    "unknown index": lambda: bars.index_chart([bars.Index("a", NAN), bars.Index("b", 0.0)], what="Share", measure=HELD, about=ABOUT),
    "negative index": lambda: bars.index_chart([bars.Index("a", -0.02, -0.3, 0.2, 0.1, 1.2), bars.Index("b", 0.9, 0.7, 1.3, 0.8, 1.2)], what="Share", measure=HELD, about=ABOUT),
    "long name of a factor": lambda: bars.index_chart([bars.Index(LONG.name, 0.5, 0.4, 0.6, 0.49)], what=LONG.name, measure=LONG, about=ABOUT),
    "no swing": lambda: bars.tornado_chart([bars.Swing("a", (1, 2), (5.0, 5.0))], 5.0, measure=HELD, about=ABOUT),
    "unknown swing": lambda: bars.tornado_chart([bars.Swing("a", (1, 2), (NAN, 5.0)), bars.Swing(LONG.name, ("x" * 50, "y"), (4.0, 6.0), (3.0, 5.0), (5.0, 8.0))], 5.0, measure=LONG, about=ABOUT),
    "one run": lambda: daily_fans.fans_chart({"all": np.arange(30.0)[None]}, START, measure=HELD, about=ABOUT),
    "one day": lambda: daily_fans.fans_chart({"all": np.full((9, 1), 3.0)}, START, measure=HELD, about=ABOUT),
    "no run": lambda: daily_fans.fans_chart({}, START, measure=HELD, about=ABOUT),
    "runs of nothing": lambda: daily_fans.fans_chart({1: np.zeros((12, 5)), 2: np.full((2, 5), NAN)}, START, measure=DEEP, about=ABOUT, factor=LONG),
    "many levels": lambda: some_fans(tuple(float(k) for k in range(20)), 3, 5),
    "two days": lambda: some_fans((1.0, 2.0), 4, 2),
    "one pair": lambda: paired_differences.paired_differences_chart([3.0], [1], measure=HELD, change="a minus b", about=ABOUT, mean=3.0, low=NAN, high=NAN),
    "no pair": lambda: paired_differences.paired_differences_chart([NAN], [1], measure=HELD, change="a minus b", about=ABOUT, mean=NAN, low=NAN, high=NAN),
    "equal pairs": lambda: paired_differences.paired_differences_chart(np.zeros(9), range(9), measure=LONG, change=LONG.name, about=ABOUT, mean=0.0, low=0.0, high=0.0),
    "five hundred pairs": lambda: some_twins(500),
    "one replicate": lambda: convergence.convergence_chart(convergence.RunningMean([1], [5.0], [NAN], [NAN]), measure=HELD, about=ABOUT),
    "constant replicates": lambda: convergence.convergence_chart(convergence.RunningMean([1, 2, 3], [0.0] * 3, [NAN, 0, 0], [NAN, 0, 0]), measure=LONG, about=ABOUT),
    "a single map": lambda: some_maps(1, False),
    "twenty maps": lambda: some_maps(20),
    "effects of one level": lambda: main_effects.main_effects_chart([main_effects.Effect(LONG, ["x" * 40], np.array([1.0]), np.array([NAN]), np.array([NAN]))], measure=LONG, about=ABOUT),
    "thirty effects": lambda: main_effects.main_effects_chart([an_effect(f"f{k}", ["a level", "another level"], k) for k in range(30)], measure=HELD, about=ABOUT),
    "no effect": lambda: main_effects.main_effects_chart([], measure=HELD, about=ABOUT),
}  # fmt: skip


def a_heat_of(z):
    x, y = list(range(1, z.shape[1] + 1)), list(range(1, z.shape[0] + 1))
    return heatmap.heatmap_chart(x, y, z, x_named=ROTATION, y_named=RATIO, measure=HELD, about=ABOUT, noise=0.1, best="low")


@pytest.mark.parametrize("name", EXTREME)
def test_nothing_breaks_a_figure(name, quiet):
    chart = EXTREME[name]()
    check_drawing(chart.figure())
    check_drawing(chart.figure(width_in=style.COLUMN_IN))
    assert len(chart.title) > 5


def test_no_seed_and_dollars_are_only_words(quiet):
    chart = bars.index_chart(some_indices(2), what="Cost in $ and $x^2$", measure=HELD, about=About(0, [], "my $cenario$", "none"))
    assert "0 runs, no seed, scenario my $cenario$" in chart.caption
    check_words(chart.figure())


# What the numbers say


def test_the_best_of_a_row_is_hatched_and_told():
    x, y = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0]
    z = np.array([[5.0, 3.0, 1.0, 3.0, 5.0], [9.0, 7.0, 5.0, 3.0, 5.0]])
    p = heatmap_data.Plane(tuple(x), tuple(y), z, np.full(z.shape, 1.0), "low", None)
    assert p.settled().all() and np.argmin(p.away(), axis=1).tolist() == [2, 3]
    assert not heatmap_data.Plane(tuple(x), tuple(y), z, np.full(z.shape, 7.0), "low", None).settled().any()
    high = heatmap_data.Plane(tuple(x), tuple(y), z, None, "high", None)
    assert np.argmin(high.away(), axis=1).tolist() == [0, 0]


def test_the_line_of_the_best_goes_between_points():
    x = (0.0, 1.0, 2.0, 3.0, 4.0)
    z = np.array([[(v - 1.6) ** 2 for v in x]] * 5)
    p = heatmap_data.Plane(x, x, z, None, "low", None)
    assert p.smooth and p.best_x() == pytest.approx([1.6] * 5)
    edge = heatmap_data.Plane(x, x, np.array([x] * 5), None, "low", None)
    assert edge.best_x() == pytest.approx([0.0] * 5)


def test_steps_of_color_hold_all_values():
    for values in (np.array([0.0, 1.0]), np.r_[np.full(50, 0.1), 9.7], np.array([3.0]), np.array([-5.0, 12.0]), np.array([])):
        steps = heatmap_data.boundaries(values)
        assert 1 < len(steps) < 14 and (np.diff(steps) > 0).all()
        if len(values):
            assert steps[0] <= values.min() and steps[-1] >= values.max()


def test_maps_are_scored():
    p = np.array([[0.0, 0.5], [1.0, 1.0]])
    assert control_probability.ControlMap("a", p, np.array([[0.0, 1.0], [1.0, 0.0]])).brier == pytest.approx((0.25 + 1) / 4)
    assert control_probability.ControlMap("a", p).brier is None


def test_enough_replicates():
    s = convergence.RunningMean([2, 3, 4, 5], [100.0] * 4, [80, 97, 90, 96], [120, 103, 110, 104])
    assert s.enough() == 5 and s.enough(0.01) is None
    assert convergence.finding(s, HELD) == "After 5 replicates ground held by the attacker is known to ±\u00a04\u00a0%"


def test_levels_are_told_by_medians_or_where_these_agree_by_means():
    rare = {1.0: np.zeros((10, 5)), 4.0: np.r_[np.zeros((8, 5)), np.ones((2, 5))]}
    assert daily_fans.finding(rare, DEEP, RATIO) == "Deep breakthroughs, mean: 0 with manpower ratio at 1, 0.2 at 4"
    many = {1.0: np.full((9, 5), 700.0), 4.0: np.full((9, 5), 900.0)}
    assert daily_fans.finding(many, HELD, RATIO) == "Ground held by the attacker: 700\u00a0km² with manpower ratio at 1, 900\u00a0km² at 4"


def test_a_fan_stands_beside_the_record(quiet):
    from sim.view.public_record import Area

    days = np.arange(61)
    date = np.datetime64(START) + days
    held = 680.0 + 3 * days
    record = Area(date, held, np.zeros(61), np.zeros(61))
    runs = 680 + np.linspace(1, 2, 20)[:, None] * days
    chart = daily_fans.fans_chart({"all": runs}, START, measure=HELD, about=ABOUT, record=record)
    assert chart.title == "The record ends 90 km² above the median run, outside the middle 90 %"
    assert "Record: DeepState" in chart.caption
    assert "record" in [words for words, *_ in words_of(chart.figure())]
    check_words(chart.figure())


def test_twins_say_how_many_pairs():
    chart = some_twins()
    gap = rng().normal(-70, 40, 30)
    assert chart.title == f"Ground held by the attacker: lower in {(gap < 0).sum()} of 30 pairs"
    unsure = some_twins(low=-5.0, high=2.0)
    assert unsure.title.endswith("the sign is not settled")


def test_sorted_bars_and_pale_noise():
    chart = bars.index_chart(some_indices(floor=0.5)[::-1], what="Share", measure=HELD, about=ABOUT)
    assert [row[0] for row in chart.table.rows] == [f"factor {k}" for k in range(8)]


def test_each_bar_has_the_floor_of_its_own_factor():
    """Where floors differ there is a mark a bar and no common line, and a bar is pale by its own floor."""

    def drawn(**floors):
        chart = bars.index_chart(some_indices(4, **floors), what="Share", measure=HELD, about=ABOUT)
        ax = chart.figure().axes[0]
        dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
        return chart, dots, [bar.get_facecolor() for bar in ax.patches], [words for words, *_ in words_of(chart.figure())]

    chart, dots, colors, words = drawn(floor=0.05, rise=0.05)
    assert dots == pytest.approx([0.05, 0.10, 0.15, 0.20]) and not any("noise floor" in w for w in words)
    assert "Rings:" in chart.caption
    assert colors[0] == colors[1] != colors[2] == colors[3]
    chart, dots, _, words = drawn(floor=0.05)
    assert not dots and any("noise floor" in w for w in words) and "Dashed:" in chart.caption
    chart, dots, colors, words = drawn()
    assert not dots and len(set(colors)) == 1 and "paler" not in chart.caption


# Words and colors


def test_names():
    assert measure_named("casualties_attacker").axis == "casualties of the attacker, soldiers"
    assert measure_named("held_km2").unit == "km²" and measure_named("breakthroughs").tone == "danger"
    assert factor_named("recruits_attacker").name == "recruits of the attacker"
    assert measure_named("no_such_measure").name == "no such measure"
    assert ROTATION.axis == "rotation interval, days" and ROTATION.value_text(1) == "1\u00a0day" and ROTATION.value_text("x") == "x"
    assert factor_named("decide.rotation_interval_days").name == "rotation interval"
    assert names.level(True) == "on" and names.level(0.25) == "0.25" and names.level(1200) == "1,200"


def test_digits_of_a_step():
    assert marks.digits_of(0.25) == 2 and marks.digits_of(20) == 0


def test_labels_are_spread_apart():
    at = marks.spread_apart(np.array([5.0, 5.0, 5.0, 40.0]), 9.0, low=0.0)
    assert np.diff(np.sort(at)).min() > 8.9 and at.min() >= 0
    assert marks.fitting(np.array([0.0, 10.0, 30.0]), np.array([12.0, 12.0, 12.0])) == [0, 2]
    name = marks.middle_cut("fpv_team parameter of number 27", 60, 7.5)
    assert "…" in name and name.endswith("27") and style.text_width(name, 7.5) <= 60


@pytest.mark.parametrize("palette", [style.LIGHT, style.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("tone", color_ramps.LIGHT)
def test_ramps_rise_evenly(palette, tone):
    colors = color_ramps.ramp(palette, tone, 9)
    steps = np.diff([color_ramps.luminance(c) for c in colors])
    assert ((steps > 0).all() or (steps < 0).all()) and len(set(colors)) == 9
    assert all(color_ramps.contrast(color_ramps.readable(c), c) >= 4.0 for c in colors)
    assert color_ramps.ramp(palette, tone, 1)


@pytest.mark.parametrize("p", [style.LIGHT, style.DARK], ids=["light", "dark"])
def test_words_stand_out_from_paper(p):
    assert all(color_ramps.contrast(c, p.paper) >= 4.5 for c in (p.ink, p.secondary, p.tertiary, *p.side_text))


def test_a_chart_shows_itself():
    chart = CHARTS["convergence"]()
    assert isinstance(chart, Chart) and chart._repr_png_().startswith(b"\x89PNG")
    assert chart.titled("Other").title == "Other"
