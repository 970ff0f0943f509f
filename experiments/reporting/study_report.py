"""`pokrovsk report DIR`: the report of a study or an ensemble as one page, for screen, phone and paper.

The page loads nothing from the network. The few figures that answer the question are in view, the others folded away; all
of them also lie beside it as PNG, SVG and PDF.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.reporting.page import FORMATS, Section, draw
from experiments.reporting.page import render as render_page
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.results.results import Results
    from sim.view.charts.chart import Chart

MOST_FAILED = 20  # failed runs that are listed
MOST_FACTORS = 300  # rows of the table of factors


def report(folder: str | Path, out: str | Path | None = None, formats: Sequence[str] = FORMATS) -> tuple[Path, int]:
    """Writes the page of a results folder and its figures; returns the page and the number of figures."""
    from experiments.results.loading import load

    results = load(folder)
    if not len(results.done):
        raise InputError(f"{results.label} holds no run that ended well; column `error` of its runs says why.")
    page = Path(out) if out is not None else Path(folder) / "report.html"
    if page.is_dir():
        raise InputError(f"--out {str(page)!r} is a folder; allowed: a file.")
    from experiments.storage.files import replacing, writing

    with writing(f"--out {str(page)!r}"):
        (page.parent / "figures").mkdir(parents=True, exist_ok=True)
        text, n = render(results, page.parent / "figures", formats)
        with replacing(page) as draft:
            draft.write_text(text, encoding="utf-8")
    return page, n


def render(results: Results, figures: Path | None = None, formats: Sequence[str] = FORMATS) -> tuple[str, int]:
    """The page as text, and how many figures it has. `figures`: a folder for their files."""
    from experiments.analysis.findings import findings
    from experiments.reporting import reproduction
    from sim.view.charts.chart import Inks

    inks = Inks()
    sections = _draw(results, inks, figures, formats)
    text = render_page(
        "report.html.jinja",
        inks,
        formats,
        title=_title(results),
        question=getattr(results.study, "question", ""),
        claim=getattr(results.study, "claim", None),
        note=results.note,
        facts=_facts(results),
        answers=findings(results),
        design=_design(results),
        factors=_factors(results),
        sections=sections,
        tables=_tables(results),
        failures=_failures(results),
        versions=reproduction.versions(results),
        reproduce=reproduction.commands(results),
    )
    return text, sum(len(s.figures) + len(s.folded) for s in sections)


# Figures


@dataclass(frozen=True)
class Plan:
    """A figure to be drawn: name of its file, how to make it, and whether it answers the question or is folded away."""

    name: str
    make: Callable[[], Chart]
    is_main: bool = False


def _draw(results: Results, inks: Any, figures: Path | None, formats: Sequence[str]) -> list[Section]:
    """Every figure of the page, drawn, those that answer the question first; what an analysis cannot give is left out."""
    planned, number = plan(results), 0
    for is_main in (True, False):
        for section, plans in planned:
            for one in (p for p in plans if p.is_main == is_main):
                try:
                    chart = one.make()
                except InputError as error:
                    print(f"pokrovsk: no figure {one.name}: {error}", file=sys.stderr)
                    continue
                number += 1
                drawn = draw(chart, number, one.name, inks, figures, formats)
                (section.figures if is_main else section.folded).append(drawn)
    return [section for section, _ in planned if section.figures or section.folded]


def plan(results: Results) -> list[tuple[Section, list[Plan]]]:
    """The figures of these results by section.

    Main are those of the first two measures that answer the question of a design: the plane of two factors, the effects or
    the indices of more; and of the first measure its paired differences, days and maps.
    """
    from functools import partial

    from experiments.analysis import effects
    from experiments.analysis.findings import focus
    from experiments.figures import ensembles, factors, indices

    names = focus(results)
    first, two = names[:1], names[:2]
    shape = effects.design_shape(results)
    grouped = bool(getattr(results.study, "groups", False))  # then no factor stands for itself
    order = {m: effects.strongest(results, m) for m in names} if results.factors and not grouped else {}
    is_sampled, is_grid = shape == "sampled", shape == "factorial"
    many = len(results.factors) > 1
    planes, matters, pairs, daily, maps, enough = ([] for _ in range(6))
    for m in names:
        if _has_plane(results, shape, order, m):
            is_main = m in two if is_grid and len(results.factors) == 2 else m in first
            planes.append(Plan(f"heat-{m}", partial(factors.heat, results, m, order[m][1], order[m][0]), is_main))
        if is_sampled or (is_grid and many):
            matters.append(Plan(f"indices-{m}", partial(indices.indices, results, m), m in two and (is_sampled or len(results.factors) > 2)))
        if order and not results.plan.has_indices:
            is_main = m in (first if many and shape != "one-at-a-time" else two)
            matters.append(Plan(f"effects-{m}", partial(factors.main_effects, results, m), is_main))
        if order and shape in ("factorial", "one-at-a-time"):
            pairs.append(Plan(f"paired-{m}", partial(ensembles.twins, results, m, order[m][0]), m in first))
        if len(results.seeds) > 3:
            enough.append(Plan(f"convergence-{m}", partial(ensembles.convergence, results, m), m in first and shape == "single"))
    kept = [m for m in names if m in results.daily] if results.read_daily is not None else []
    for m in kept:
        by = order[m][0] if order else None
        daily.append(Plan(f"fan-{m}", partial(ensembles.fan, results, m, by), m == kept[0]))
    if results.read_maps is not None:
        by = order[names[0]][0] if order and shape != "single" else None
        maps.append(Plan("control-by-factor" if by else "control", partial(ensembles.control, results, by), True))
    return [
        (Section("planes", "Two factors at once", "Each field is one pair of levels, over all seeds."), planes),
        (Section("matters", "What matters most", "Factors in the order of what they do."), matters),
        (Section("paired", "Paired differences", "The same seed at two levels of the strongest factor: random variation that both share drops out."), pairs),
        (Section("days", "Day by day", "How the measures grow, and how far the runs spread."), daily),
        (Section("maps", "Where", "Ground that the attacker holds in all, some or none of the runs."), maps),
        (Section("enough", "Are these runs enough?", "The mean and its interval as seeds are added."), enough),
    ]


def _has_plane(results: Results, shape: str, order: dict[str, list[str]], measure: str) -> bool:
    """Whether two factors can be drawn at once: a grid of two or more, or a sample that a surrogate can be fitted to."""
    from experiments.analysis.surrogate import LEAST_POINTS

    many = len(order.get(measure, [])) >= 2
    return many and (shape == "factorial" or (shape == "sampled" and results.design != "morris" and len(results.points) >= LEAST_POINTS))


# Words and tables


def _title(results: Results) -> str:
    manifest, scenario = results.manifest, results.manifest.get("scenario")
    of_run = scenario.get("title") if isinstance(scenario, dict) else ""
    return getattr(results.study, "title", "") or manifest.get("title") or of_run or results.name


def _facts(results: Results) -> list[tuple[str, str]]:
    """What stands under the title: runs, points, seeds, scenario, commit."""
    from experiments.figures.captions import about
    from sim.view.numbers import number
    from sim.view.style import seeds_text

    source = about(results)
    total = results.manifest.get("n_runs") or len(results.runs)
    runs = f"{number(len(results.done))} of {number(total)}" if len(results.done) != total else number(total)
    return [
        ("runs", runs),
        ("points", number(len(results.points))),
        ("seeds", seeds_text(results.seeds).removeprefix("seeds ").removeprefix("seed ")),
        ("scenario", source.scenario),
        ("commit", source.commit),
    ]


def _design(results: Results) -> list[tuple[str, str]]:
    """The design in words."""
    from experiments.analysis.study_analysis import correlation_words
    from experiments.studies.designs import DESIGNS

    study, done = results.study, results.done
    words = f"{results.design}: {DESIGNS[results.design].doc}" if results.design in DESIGNS else "one scenario, several seeds"
    out = [("design", words + correlation_words(results))]
    if study is not None:
        out.append(("points × replicates", f"{study.n_points:,} × {study.replicates:,} = {study.n_runs:,} runs, all points with the same seeds"))
    if "start" in done and "days" in done:
        days = sorted({int(d) for d in done["days"]})
        starts = sorted({str(s)[:10] for s in done["start"]})
        out.append(("horizon", f"{days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'} days from {', '.join(starts[:4])}"))
    fixed = dict(getattr(study, "fixed", {}) or results.manifest.get("overrides", {}))
    if fixed:
        out.append(("set in all runs", ", ".join(f"{k} = {v}" for k, v in fixed.items())))
    wall = done.get("exec_wall_s")
    if wall is not None and wall.notna().any():
        size, unit = (3600, "hours") if wall.sum() > 3600 else (60, "minutes") if wall.sum() > 60 else (1, "seconds")
        whole = f"{wall.sum() / size:.1f} {unit}"
        out.append(("computing", f"{whole} of one core, {wall.mean():.2g} s a run"))
    return out


def _factors(results: Results) -> list[tuple[str, str, str, str]]:
    """Name, levels or range, unit and meaning of each factor."""
    from experiments.analysis.pairing import levels
    from experiments.results.naming import factor_of, level_text
    from sim.view.numbers import significant

    declared = {f.name: f for f in getattr(results.study, "factor_list", ())} if not results.plan.is_grid else {}
    out = []
    for name in results.factors[:MOST_FACTORS]:
        column, named = results.points[name], factor_of(results, name)
        there, factor = levels(column), declared.get(name)
        if factor is not None and factor.is_number and not factor.options:
            low, high = factor.ends
            range_ = f"{significant(float(low))} to {significant(float(high))}, {factor.scale} scale"
        elif len(there) <= 12:
            range_ = ", ".join(level_text(v) for v in there)
        else:
            range_ = f"{significant(float(column.min()))} to {significant(float(column.max()))}"
        out.append((name, range_, named.unit, named.doc))
    return out


def _tables(results: Results) -> list[tuple[str, str, Any]]:
    """Title, note and table for the measures and, where there are factors, their effects."""
    from experiments.analysis import effects
    from experiments.analysis.findings import focus
    from experiments.results.naming import factor_of, measure_of, word
    from sim.view.charts.chart import Table
    from sim.view.names import level
    from sim.view.numbers import interval, mean_text, significant

    rows = []
    for name in results.headline:
        values, named = results.done[name].astype(float).dropna(), measure_of(results, name)
        if not len(values):
            continue
        q = values.quantile([0.05, 0.5, 0.95])
        figures = (values.mean(), values.std() if len(values) > 1 else math.nan, q[0.05], q[0.5], q[0.95])
        rows.append((f"{named.title} ({name})", named.unit, str(len(values)), *(significant(float(v)) for v in figures)))
    heads = ("measure", "unit", "runs", "mean", "standard deviation", "5 %", "median", "95 %")
    out = [("Measures over all runs", "Final values: totals and states of the last day, counts of days added up.", Table(heads, tuple(rows)))]
    if results.plan.has_indices or effects.design_shape(results) == "single":
        return out  # these designs have indices instead
    note = "Seeds are the independent values of every interval. Of two factors: how much the first one’s effect changes from the first to the last level of the second."
    for name in focus(results):
        table, named = effects.effects(results, name), measure_of(results, name)
        effect_rows = tuple(
            (
                factor_of(results, r.factor).name + (f" × {factor_of(results, r.by).name}" if r.by else ""),
                *(level(word(v)) for v in (r.a, r.b)),
                mean_text(r.effect, r.low, r.high),
                interval(r.low, r.high),
                *(str(r.n), str(r.points), "clear" if r.clear else r.note or "not clear"),
            )
            for r in table.itertuples()
        )
        heads = ("factor", "from", "to", f"effect{f', {named.unit}' if named.unit else ''}", "95 % interval", "seeds", "points", "verdict")
        if effect_rows:
            out.append((f"Effects on {named.axis}", note, Table(heads, effect_rows)))
    return out


def _failures(results: Results) -> list[tuple[str, str, str, str]]:
    """Run, point, seed and last line of the error, for the first failed runs."""
    failed = results.failed
    rows = failed.head(MOST_FAILED).to_dict("records")
    last = lambda text: (str(text or "").strip().splitlines() or ["no message"])[-1]  # noqa: E731
    return [(str(r.get("run")), str(r.get("point")), str(r.get("seed")), last(r.get("error"))) for r in rows]
